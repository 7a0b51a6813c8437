//! The death of a process, at a chosen instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// A countdown to the death of a simulated process.
///
/// Whatever the process awaits that matters (a request before it leaves, its answer, a commit before and after)
/// passes a [`point`](Self::point). At the chosen point the process stops: neither that future nor any later point
/// ever resumes, and the driver, who waits for [`dead`](Self::dead), drops it. Clones are one countdown; a process
/// that starts anew gets a new one.
///
/// ```
/// use testkit::sim::Crash;
/// testkit::paused(async {
///     let crash = Crash::at(2);
///     let work = async {
///         crash.point().await; // passed: 1
///         crash.point().await; // dies here
///         unreachable!("nothing happens after death");
///     };
///     tokio::select! {
///         biased;
///         () = crash.dead() => {}
///         () = work => {}
///     }
///     assert_eq!(crash.passed(), 2);
/// });
/// ```
#[derive(Debug, Clone, Default)]
pub struct Crash(Arc<Countdown>);

#[derive(Debug, Default)]
struct Countdown {
    /// The number of the deadly point, from 1; 0 is none.
    deadly: u64,
    passed: AtomicU64,
    dead: AtomicBool,
    died: Notify,
}

impl Crash {
    /// A process that lives, and whose points are counted.
    #[must_use]
    pub fn never() -> Self {
        Self::default()
    }

    /// A process that dies at its `point`-th point, counted from 1.
    #[must_use]
    pub fn at(point: u64) -> Self {
        Self(Arc::new(Countdown { deadly: point, ..Countdown::default() }))
    }

    /// How many points were reached.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.0.passed.load(Ordering::SeqCst)
    }

    /// Whether the process has died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.0.dead.load(Ordering::SeqCst)
    }

    /// Passes a point, or never returns.
    pub async fn point(&self) {
        if !self.is_dead() {
            let reached = self.0.passed.fetch_add(1, Ordering::SeqCst) + 1;
            if reached != self.0.deadly {
                return;
            }
            self.0.dead.store(true, Ordering::SeqCst);
            self.0.died.notify_waiters();
        }
        std::future::pending::<()>().await;
    }

    /// Returns once the process has died.
    pub async fn dead(&self) {
        loop {
            let died = self.0.died.notified();
            if self.is_dead() {
                return;
            }
            died.await;
        }
    }
}
