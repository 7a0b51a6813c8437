use sync_core::{Finding, Side};
use sync_store::StoreError;

/// Why a sync could not be set up, planned or applied. What befell single records is not an error: it is in the
/// [report](crate::RunReport).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// One of the two systems refused or could not be reached. Nothing that was observed or agreed is lost; run again
    /// when the cause is gone.
    #[error("{vendor} (side {side}): {source}")]
    Crm {
        /// Which of the two systems.
        side: Side,
        /// Its vendor.
        vendor: &'static str,
        /// What it said.
        source: unified_crm::Error,
    },
    /// The state could not be read or written.
    #[error("the state of the sync: {0}")]
    Store(#[from] StoreError),
    /// The mapping does not fit the two systems. Nothing was read or written.
    #[error("the mapping cannot be used:{}", list(.0))]
    Mapping(Vec<Finding>),
    /// The sync is not put together right. Nothing was read or written.
    #[error("{0}")]
    Config(String),
    /// What is stored for a link cannot be read.
    #[error("link {link} holds {what} that cannot be read ({why}); the link was left alone")]
    State {
        /// The link.
        link: i64,
        /// What cannot be read.
        what: &'static str,
        /// Why.
        why: String,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}
