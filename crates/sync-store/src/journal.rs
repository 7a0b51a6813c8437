//! The journal: intents, runs, cursors, the review queue, the conflict log and record errors.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Blob, LinkId, Side};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        /// Allocated by [`StateStore::next_ids`](crate::StateStore::next_ids), rising in time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The number of an intent.
    IntentId
}
id! {
    /// The number of a run.
    RunId
}
id! {
    /// The number of an item of the review queue.
    ReviewId
}

/// What an intent does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Creates it.
    Create,
    /// Changes fields of it.
    Update,
    /// Deletes it, or what the delete policy says instead.
    Delete,
}

/// How far an intent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IntentState {
    /// Decided, not sent.
    Planned,
    /// Committed just before its request leaves.
    Sent,
    /// Sent, and nobody knows whether it took effect: look before repeating.
    Unknown,
    /// The vendor confirmed it; the bases have not moved yet.
    Acked,
    /// Done, and the bases show it.
    Settled,
    /// Permanently refused by the vendor.
    Refused,
    /// The world moved before it was sent; planned anew.
    Superseded,
}

impl IntentState {
    /// Whether the intent still asks for work: not settled, refused or superseded.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, IntentState::Planned | IntentState::Sent | IntentState::Unknown | IntentState::Acked)
    }
}

/// One intended effect on one record, durable before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intent {
    /// Its number.
    pub id: IntentId,
    /// The run that planned it.
    pub run: RunId,
    /// The request it travels in: intents with one number are sent together.
    pub batch: i64,
    /// The link it serves.
    pub link: LinkId,
    /// The kind of record, as `contact`.
    pub object: String,
    /// The side it writes to.
    pub side: Side,
    /// What it does.
    pub op: Op,
    /// How far it has come.
    pub state: IntentState,
    /// The create-once key, for creates.
    pub key: Option<String>,
    /// Digest of the target fields as the plan saw them.
    pub expect: Option<String>,
    /// The fields to write.
    pub wish: Option<Blob>,
    /// The target fields before the write, for undo.
    pub before: Option<Blob>,
    /// The target fields after the write, as the vendor showed them.
    pub after: Option<Blob>,
    /// When its request was committed to leave.
    pub sent_at: Option<DateTime<Utc>>,
    /// The vendor's words, if it failed.
    pub error: Option<String>,
}

impl Intent {
    /// A planned intent without fields.
    #[must_use]
    pub fn new(
        id: IntentId,
        run: RunId,
        batch: i64,
        link: LinkId,
        object: impl Into<String>,
        side: Side,
        op: Op,
    ) -> Intent {
        Intent {
            id,
            run,
            batch,
            link,
            object: object.into(),
            side,
            op,
            state: IntentState::Planned,
            key: None,
            expect: None,
            wish: None,
            before: None,
            after: None,
            sent_at: None,
            error: None,
        }
    }
}

/// How far the changes of one object on one side have been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The position: opaque here, kept monotone by the engine.
    pub text: String,
    /// When it was saved, by the engine's clock.
    pub saved_at: DateTime<Utc>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RunState {
    /// Under way, or killed: whoever takes the lease next finds out.
    Running,
    /// Stopped on request, to be resumed.
    Paused,
    /// Ended by itself.
    Finished,
    /// Gave up; the report says why.
    Failed,
}

/// One run of a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What kind of run it is, in the engine's words.
    pub kind: String,
    /// Where it stands.
    pub state: RunState,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended, if it did.
    pub finished: Option<DateTime<Utc>>,
    /// What it did.
    pub report: Option<Blob>,
}

impl Run {
    /// A run that begins now.
    #[must_use]
    pub fn new(id: RunId, kind: impl Into<String>, started: DateTime<Utc>) -> Run {
        Run { id, kind: kind.into(), state: RunState::Running, started, finished: None, report: None }
    }
}

/// What a person decided about an item of the review queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: String,
    /// What was chosen, in the engine's form.
    pub choice: Blob,
    /// When.
    pub at: DateTime<Utc>,
}

/// A question to a person: an item of the review queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Review {
    /// Its number.
    pub id: ReviewId,
    /// The link that waits.
    pub link: LinkId,
    /// The run that asked.
    pub run: RunId,
    /// The fields in question; empty when it is about the whole link.
    pub fields: Vec<String>,
    /// The values of side A.
    pub a: Option<Blob>,
    /// The values of side B.
    pub b: Option<Blob>,
    /// Why no policy could decide.
    pub reason: String,
    /// When it was asked.
    pub opened_at: DateTime<Utc>,
    /// The answer, once there is one.
    pub decided: Option<Decision>,
}

impl Review {
    /// An open question about a link.
    #[must_use]
    pub fn new(id: ReviewId, link: LinkId, run: RunId, reason: impl Into<String>, opened_at: DateTime<Utc>) -> Review {
        Review { id, link, run, fields: Vec::new(), a: None, b: None, reason: reason.into(), opened_at, decided: None }
    }
}

/// An entry of the conflict log: both sides changed a field, and a policy chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConflictEntry {
    /// Position in the log: given by the store, the value given to an add is ignored.
    pub seq: i64,
    /// The run that decided.
    pub run: RunId,
    /// The link.
    pub link: LinkId,
    /// The field or group.
    pub field: String,
    /// The side whose value stayed; `None` when the values were combined.
    pub winner: Option<Side>,
    /// The value that was given up.
    pub loser: Blob,
    /// The vendor's stamp of side A's record.
    pub stamp_a: Option<DateTime<Utc>>,
    /// The vendor's stamp of side B's record.
    pub stamp_b: Option<DateTime<Utc>>,
    /// The policy that chose.
    pub policy: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl ConflictEntry {
    /// An entry without winner and stamps.
    #[must_use]
    pub fn new(
        run: RunId,
        link: LinkId,
        field: impl Into<String>,
        loser: Blob,
        policy: impl Into<String>,
        at: DateTime<Utc>,
    ) -> ConflictEntry {
        ConflictEntry {
            seq: 0,
            run,
            link,
            field: field.into(),
            winner: None,
            loser,
            stamp_a: None,
            stamp_b: None,
            policy: policy.into(),
            at,
        }
    }
}

/// A record that could not be synced in a run, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordError {
    /// Position in the log: given by the store, the value given to an add is ignored.
    pub seq: i64,
    /// The run in which it happened.
    pub run: RunId,
    /// The kind of record.
    pub object: String,
    /// The side of the record.
    pub side: Side,
    /// The vendor's id, where the record has one.
    pub record: Option<String>,
    /// The link, where there is one.
    pub link: Option<LinkId>,
    /// The field, if one is to blame.
    pub field: Option<String>,
    /// The vendor's code, or the engine's.
    pub code: String,
    /// The vendor's words, or the engine's.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl RecordError {
    /// An error without record, link and field.
    #[must_use]
    pub fn new(
        run: RunId,
        object: impl Into<String>,
        side: Side,
        code: impl Into<String>,
        message: impl Into<String>,
        at: DateTime<Utc>,
    ) -> RecordError {
        RecordError {
            seq: 0,
            run,
            object: object.into(),
            side,
            record: None,
            link: None,
            field: None,
            code: code.into(),
            message: message.into(),
            at,
        }
    }
}
