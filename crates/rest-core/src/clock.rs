//! Wall time as an input. Everything that needs "now" asks a [`Clock`], so a run can be simulated and replayed.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Tells the wall time, in UTC.
///
/// Durations (timeouts, delays, rate windows) never come from here: they use tokio's clock, which a test can pause.
pub trait Clock: Send + Sync + Debug {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock, read once at construction and carried forward by tokio's monotonic time.
///
/// It therefore never jumps backwards, and it stands still in a test that pauses tokio's time.
#[derive(Debug, Clone)]
pub struct SystemClock {
    wall: DateTime<Utc>,
    since: Instant,
}

impl SystemClock {
    /// Reads the machine's clock now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the real wall clock")]
    pub fn new() -> Self {
        Self { wall: Utc::now(), since: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        later(self.wall, self.since)
    }
}

/// A clock that starts where it is told and follows tokio's (pausable) time. [`ManualClock::shift`] simulates skew.
#[derive(Debug)]
pub struct ManualClock {
    wall: DateTime<Utc>,
    since: Instant,
    offset_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that says `start` now.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self { wall: start, since: Instant::now(), offset_ms: AtomicI64::new(0) }
    }

    /// Moves the clock by `delta`, forwards or back, as an operator or a time server would.
    pub fn shift(&self, delta: TimeDelta) {
        self.offset_ms.fetch_add(delta.num_milliseconds(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::try_milliseconds(self.offset_ms.load(Ordering::Relaxed)).unwrap_or_default();
        let now = later(self.wall, self.since);
        now.checked_add_signed(offset).unwrap_or(now)
    }
}

fn later(wall: DateTime<Utc>, since: Instant) -> DateTime<Utc> {
    TimeDelta::from_std(since.elapsed()).ok().and_then(|passed| wall.checked_add_signed(passed)).unwrap_or(wall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn both_clocks_follow_paused_time() {
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let manual = ManualClock::starting_at(start);
        let system = SystemClock::new();
        let before = system.now();
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(manual.now(), start + TimeDelta::seconds(90));
        assert_eq!(system.now() - before, TimeDelta::seconds(90));
        manual.shift(TimeDelta::seconds(-60));
        assert_eq!(manual.now(), start + TimeDelta::seconds(30));
    }
}
