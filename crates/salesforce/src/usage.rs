//! What the organisation has used of its API calls, as every answer tells in `Sforce-Limit-Info`.

use std::sync::{Mutex, PoisonError};

use rest_core::{Allowance, LimitFeedback};

/// Calls used of an allotment. More than the limit is possible: the vendor tolerates a short overshoot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Used {
    /// Calls made.
    pub used: u64,
    /// Calls allowed.
    pub limit: u64,
}

impl Used {
    /// Calls left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    fn allowance(self) -> Allowance {
        Allowance { remaining: self.remaining(), limit: Some(self.limit), reset_in: None }
    }
}

/// The parts of one `Sforce-Limit-Info` header.
///
/// ```
/// use salesforce::ApiUsage;
/// let usage = ApiUsage::parse("api-usage=18/5000; per-app-api-usage=17/250(appName=sample-app)").unwrap();
/// assert_eq!(usage.organization.unwrap().remaining(), 4982);
/// assert_eq!((usage.apps[0].0.as_str(), usage.apps[0].1.remaining()), ("sample-app", 233));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ApiUsage {
    /// Calls of the organisation in the last 24 hours (`api-usage`).
    pub organization: Option<Used>,
    /// Calls of connected apps that have an allotment of their own, by name (`per-app-api-usage`).
    pub apps: Vec<(String, Used)>,
    /// Further parts with a name and two numbers, such as `api-bursts`.
    pub others: Vec<(String, Used)>,
}

impl ApiUsage {
    /// Reads a header's value. Parts that cannot be read are passed over; `None` if there is no other.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut usage = Self::default();
        for part in header.split([';', ',']) {
            let Some((name, value)) = part.trim().split_once('=') else { continue };
            let (numbers, remark) = value.split_once('(').unwrap_or((value, ""));
            let Some(used) = numbers_of(numbers) else { continue };
            match name.trim() {
                "api-usage" => usage.organization = Some(used),
                "per-app-api-usage" => {
                    let remark = remark.trim_end().trim_end_matches(')');
                    let app = remark.strip_prefix("appName=").unwrap_or(remark);
                    usage.apps.push((app.to_owned(), used));
                }
                other => usage.others.push((other.to_owned(), used)),
            }
        }
        (usage != Self::default()).then_some(usage)
    }

    /// What is left of the allotments of a day: the organisation's, and the own app's if it has one.
    pub(crate) fn feedback(&self) -> LimitFeedback {
        let mut feedback = LimitFeedback::default();
        feedback.daily = self.organization.map(Used::allowance);
        // The vendor tells the caller's own app; were it several, the one with the least left counts.
        let share = self.apps.iter().map(|(_, used)| *used).min_by_key(Used::remaining);
        feedback.daily_share = share.map(Used::allowance);
        feedback
    }
}

fn numbers_of(text: &str) -> Option<Used> {
    let (used, limit) = text.split_once('/')?;
    Some(Used { used: used.trim().parse().ok()?, limit: limit.trim().parse().ok()? })
}

/// What the last answer told, shared by all clones of a client.
#[derive(Debug, Default)]
pub(crate) struct UsageBoard(Mutex<Option<ApiUsage>>);

impl UsageBoard {
    pub(crate) fn note(&self, usage: ApiUsage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    }

    pub(crate) fn last(&self) -> Option<ApiUsage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allotments_of_a_day_are_told_to_the_budget() {
        let left = |header: &str| {
            let feedback = ApiUsage::parse(header).unwrap().feedback();
            (feedback.daily.map(|left| left.remaining), feedback.daily_share.map(|left| left.remaining))
        };
        assert_eq!(left("api-usage=18/15000"), (Some(14_982), None));
        assert_eq!(left("per-app-api-usage=17/250(appName=x); api-usage=20/15000"), (Some(14_980), Some(233)));
        assert_eq!(left("api-usage=15001/15000"), (Some(0), None));
        assert_eq!(left("api-bursts=1/2"), (None, None), "a burst is not an allotment of a day");
    }

    #[test]
    fn every_part_is_kept() {
        let usage =
            ApiUsage::parse("api-usage=1/2; per-app-api-usage=3/4(appName=a b); api-bursts=5/6; x; y=z").unwrap();
        assert_eq!(usage.apps, [("a b".to_owned(), Used { used: 3, limit: 4 })]);
        assert_eq!(usage.others, [("api-bursts".to_owned(), Used { used: 5, limit: 6 })]);
        for bad in ["", "api-usage=", "api-usage=1", "api-usage=x/y", "usage"] {
            assert_eq!(ApiUsage::parse(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(text in "[a-z=/(); 0-9]{0,60}") {
            let _ = ApiUsage::parse(&text).map(|usage| usage.feedback());
        }
    }
}
