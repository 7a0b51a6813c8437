//! The time of the emulated world.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// The one source of time of a sandbox. Clones share it.
///
/// Whatever the source, the time can be moved with [`advance`](Clock::advance) and [`set`](Clock::set).
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    /// Milliseconds added to the source by `advance` and `set`.
    offset_ms: Arc<AtomicI64>,
}

#[derive(Debug, Clone)]
enum Source {
    Manual { start: DateTime<Utc> },
    System,
    Tokio { start: DateTime<Utc>, origin: tokio::time::Instant },
}

impl Clock {
    /// Stands still at `start` until it is moved. The choice for reproducible tests.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Clock {
        Clock::new(Source::Manual { start })
    }

    /// The machine's clock.
    #[must_use]
    pub fn system() -> Clock {
        Clock::new(Source::System)
    }

    /// `start` plus the time that tokio's clock has run since this call; under a paused runtime the sandbox and
    /// its callers then share one simulated time.
    #[must_use]
    pub fn follow_tokio(start: DateTime<Utc>) -> Clock {
        Clock::new(Source::Tokio { start, origin: tokio::time::Instant::now() })
    }

    fn new(source: Source) -> Clock {
        Clock { source, offset_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let base = self.source_now();
        let offset = TimeDelta::milliseconds(self.offset_ms.load(Ordering::SeqCst));
        base.checked_add_signed(offset).unwrap_or(base)
    }

    /// Moves the time by `by` (backwards when negative).
    pub fn advance(&self, by: TimeDelta) {
        self.offset_ms.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }

    /// Makes it `time` now; a running source runs on from there.
    pub fn set(&self, time: DateTime<Utc>) {
        let offset = time.signed_duration_since(self.source_now());
        self.offset_ms.store(offset.num_milliseconds(), Ordering::SeqCst);
    }

    #[allow(clippy::disallowed_methods, reason = "the one place where the sandbox reads the machine's clock")]
    fn source_now(&self) -> DateTime<Utc> {
        match &self.source {
            Source::Manual { start } => *start,
            Source::System => Utc::now(),
            Source::Tokio { start, origin } => {
                let elapsed = TimeDelta::from_std(origin.elapsed()).unwrap_or(TimeDelta::MAX);
                start.checked_add_signed(elapsed).unwrap_or(*start)
            }
        }
    }
}
