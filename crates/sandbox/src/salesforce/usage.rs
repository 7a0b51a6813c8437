//! Counting API calls over the last 24 hours.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

/// Calls per hour of the last 24 hours.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    hours: VecDeque<(i64, u64)>,
    total: u64,
}

impl Usage {
    /// Calls in the 24 hours up to `now`.
    pub(crate) fn count(&mut self, now: DateTime<Utc>) -> u64 {
        let oldest = now.timestamp().div_euclid(3600) - 23;
        while let Some((_, calls)) = self.hours.front().copied().filter(|(hour, _)| *hour < oldest) {
            self.total = self.total.saturating_sub(calls);
            self.hours.pop_front();
        }
        self.total
    }

    /// Counts one call.
    pub(crate) fn add(&mut self, now: DateTime<Utc>) {
        let hour = now.timestamp().div_euclid(3600);
        match self.hours.back_mut() {
            // A clock that was set back counts into the latest hour known.
            Some((latest, calls)) if *latest >= hour => *calls += 1,
            _ => self.hours.push_back((hour, 1)),
        }
        self.total += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn calls_are_forgotten_after_a_day() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let mut usage = Usage::default();
        usage.add(start);
        usage.add(start + TimeDelta::hours(5));
        usage.add(start + TimeDelta::hours(5));
        assert_eq!(usage.count(start + TimeDelta::hours(23)), 3);
        assert_eq!(usage.count(start + TimeDelta::hours(24)), 2);
        assert_eq!(usage.count(start + TimeDelta::hours(29)), 0);
    }
}
