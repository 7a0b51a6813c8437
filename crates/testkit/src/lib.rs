//! Contract suites and the bridge to the sandbox, for tests of crmkit and of code built on it.
//!
//! [`contract`] is the meaning of [`Crm`](unified_crm::Crm) as tests: run it on an adapter of your own and it is as
//! trustworthy as the ones here. [`SandboxTransport`] lets a vendor client talk to the [`sandbox`] in process, with no
//! socket, so that under [`paused`] time hours of a sync pass in a moment.
//!
//! ```
//! use std::sync::Arc;
//! use testkit::contract::{Subject, cases};
//! use unified_crm::MemoryCrm;
//!
//! async fn make() -> Subject {
//!     Subject::new(Arc::new(MemoryCrm::new("acme")))
//! }
//!
//! // In a test file, `testkit::contract_tests!(make);` makes a #[test] of every case. One alone:
//! testkit::paused(async { cases::changes_that_share_a_moment_are_all_seen(make().await).await });
//! assert!(testkit::contract::CASES.len() > 45);
//! ```
//!
//! # Multi-user
//! Every subject and every sandbox stands alone; tests share nothing.

pub mod contract;
pub mod sim;
mod transport;
mod vendors;

pub use transport::{SandboxClock, SandboxTransport};
pub use vendors::SandboxHuman;
#[cfg(feature = "freshsales")]
pub use vendors::{connect_freshsales, freshsales_client};
#[cfg(feature = "salesforce")]
pub use vendors::{connect_salesforce, salesforce_client};

/// Runs a test on one thread with tokio's time paused: whoever sleeps wakes at once, at the time slept for.
///
/// # Panics
/// Where the runtime cannot be built, and where the test does.
pub fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime for the test").block_on(test)
}
