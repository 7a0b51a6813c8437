//! How records are sent, and when those that were refused for the moment are sent again.

use std::time::Duration;

use crate::Salesforce;

/// The first wait for a record that another write holds is at most this long; the bound doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How records are written by the hundred.
///
/// Salesforce locks what it writes, and the parent with it: writes of the contacts of one account that run at the same
/// time refuse each other with `UNABLE_TO_LOCK_ROW`. Two things help. Records refused that way (and by other codes that
/// pass) are sent again, only they, after a random wait that grows. And records sorted by their parent
/// ([`sort_by`](Self::sort_by)) keep those of one parent in one call, where they do not compete.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// How often a record that was refused for the moment is sent again. Default 4.
    pub resends: u32,
    /// The field by whose value records are sorted before they are cut into calls, such as `AccountId`. The results
    /// keep the order in which the records were given. Default: none.
    pub sort_by: Option<String>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { resends: 4, sort_by: None }
    }
}

impl WriteOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a record that was refused for the moment again at most so often; 0 means never.
    #[must_use]
    pub fn resends(mut self, times: u32) -> Self {
        self.resends = times;
        self
    }

    /// Sorts records by the value of a field (the parent's id) before they are cut into calls.
    #[must_use]
    pub fn sort_by(mut self, field: impl Into<String>) -> Self {
        self.sort_by = Some(field.into());
        self
    }
}

/// Waits before the `resend`th time, counted from 0: a random part of a bound that doubles.
pub(crate) async fn wait(client: &Salesforce, resend: u32) {
    let bound = FIRST_WAIT.saturating_mul(1 << resend.min(16)).min(LONGEST_WAIT);
    tokio::time::sleep(client.jitter(bound)).await;
}
