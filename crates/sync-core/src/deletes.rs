//! What a deletion on one side does to the other.

use std::fmt;

use crm_model::Deleted;
use serde::{Deserialize, Serialize};

/// What happens to the partner of a record that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeletePolicy {
    /// The partner stays; the link ends and is remembered, so that nothing is created anew.
    #[default]
    Unlink,
    /// The partner is deleted too.
    Delete,
}

/// What to do about one deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteAction {
    /// The record is alive.
    Nothing,
    /// End the link, leave the partner alone.
    Unlink,
    /// Delete the partner.
    Delete,
    /// The record lives on under this id: move the link there.
    Repoint(Box<str>),
    /// The partner was edited since: a person decides which of the two counts.
    Review,
}

/// Decides about one record from the evidence of its deletion. Only evidence deletes: a record that a read did not
/// return is not deleted, and [`Deleted::No`] is what it has.
///
/// An edit on the other side outlives the deletion: a person decides, whatever the policy.
///
/// ```
/// use crm_model::Deleted;
/// use sync_core::deletes::{DeleteAction, DeletePolicy, decide};
/// assert_eq!(decide(&Deleted::Hard, false, DeletePolicy::Delete), DeleteAction::Delete);
/// assert_eq!(decide(&Deleted::Hard, true, DeletePolicy::Delete), DeleteAction::Review);
/// ```
#[must_use]
pub fn decide(evidence: &Deleted, other_side_edited: bool, policy: DeletePolicy) -> DeleteAction {
    match evidence {
        Deleted::MergedInto(survivor) => DeleteAction::Repoint(survivor.clone()),
        // What it became is told by that object's own feed; its partner is nobody's to delete.
        Deleted::ConvertedTo(_) => DeleteAction::Unlink,
        Deleted::Soft { .. } | Deleted::Hard if other_side_edited => DeleteAction::Review,
        Deleted::Soft { .. } | Deleted::Hard => match policy {
            DeletePolicy::Unlink => DeleteAction::Unlink,
            DeletePolicy::Delete => DeleteAction::Delete,
        },
        // Evidence of a kind that is not known here is no evidence.
        _ => DeleteAction::Nothing,
    }
}

/// How many deletions one run may send to a side that holds so many links: 2 %, but at least 10.
#[must_use]
pub fn brake_limit(links: u64) -> u64 {
    (links / 50).max(10)
}

/// Stops a run that would delete too much.
///
/// # Errors
/// [`Brake`] where the deletions exceed [`brake_limit`]; then none of them may be sent.
pub fn brake(deletes: u64, links: u64) -> Result<(), Brake> {
    let limit = brake_limit(links);
    if deletes > limit { Err(Brake { deletes, links, limit }) } else { Ok(()) }
}

/// A run would delete more than is plausible, so it deletes nothing and asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// The deletions that were planned.
    pub deletes: u64,
    /// The links of that side.
    pub links: u64,
    /// The most that would have passed.
    pub limit: u64,
}

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deletes, links, limit } = self;
        write!(
            f,
            "the run would delete {deletes} of {links} linked records; more than {limit} at once are not deleted \
             unless somebody approves them, and none was"
        )
    }
}

impl std::error::Error for Brake {}
