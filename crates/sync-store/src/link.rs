//! Links: what is known about one entity on the two sides.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ReviewId;

/// One of the two systems that a sync keeps in agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The first system of the sync.
    A,
    /// The second system of the sync.
    B,
}

impl Side {
    /// Both sides, A first.
    pub const BOTH: [Side; 2] = [Side::A, Side::B];

    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::A => "A",
            Side::B => "B",
        })
    }
}

/// Text that the store keeps and never reads: JSON written by the engine.
///
/// Cloning shares the text. `Debug` shows the length alone, because blobs hold people's data.
///
/// ```
/// let blob = sync_store::Blob::from(r#"{"email":"ada@example.com"}"#);
/// assert_eq!(format!("{blob:?}"), "Blob(27 bytes)");
/// assert!(blob.contains("ada@example.com"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob(Arc<str>);

impl Blob {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Blob {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Blob {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Blob {
    fn from(text: &str) -> Blob {
        Blob(text.into())
    }
}

impl From<String> for Blob {
    fn from(text: String) -> Blob {
        Blob(text.into())
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        String::deserialize(deserializer).map(Blob::from)
    }
}

/// The number of a link: allocated by [`StateStore::next_ids`](crate::StateStore::next_ids),
/// rising in time, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LinkId(pub i64);

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a link stands. Whether it waits for a plan is the separate flag [`Link::dirty`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkState {
    /// Known on one side, no partner yet.
    Seen,
    /// A create of its partner was sent, or its outcome is unknown.
    Creating,
    /// Both sides are known.
    Linked,
    /// A person must choose; see the review queue.
    Review,
    /// Permanently refused, or tried too often; see [`Link::parked`].
    Parked,
    /// A deletion was seen on one side; see [`Link::tombstone`].
    Tombstoned,
    /// Ended. Kept, with its ids, as memory against resurrection.
    Unlinked,
}

impl LinkState {
    /// Every state, in the order of the state machine.
    pub const ALL: [LinkState; 7] = [
        LinkState::Seen,
        LinkState::Creating,
        LinkState::Linked,
        LinkState::Review,
        LinkState::Parked,
        LinkState::Tombstoned,
        LinkState::Unlinked,
    ];

    /// Whether the link claims its record ids for itself: all but [`LinkState::Unlinked`].
    #[must_use]
    pub const fn is_live(self) -> bool {
        !matches!(self, LinkState::Unlinked)
    }
}

/// What a side showed when it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The fields that were loaded, in the side's own echo form.
    pub blob: Blob,
    /// Digest of the compared fields. A short one (16 hexadecimal digits) keeps the store small.
    pub digest: String,
    /// The vendor's own modification stamp, if it gives one.
    pub stamp: Option<DateTime<Utc>>,
    /// When it was read, by the engine's clock.
    pub seen_at: DateTime<Utc>,
}

/// One end of a link: the record on one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The vendor's id of the record; `None` while there is none on this side.
    pub id: Option<String>,
    /// What this side showed when both last agreed.
    pub base: Option<Blob>,
    /// What this side showed last.
    pub seen: Option<Seen>,
}

/// Evidence that a record was deleted on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Where it was deleted.
    pub side: Side,
    /// What proves it, as delete feed or confirmed 404.
    pub evidence: String,
    /// When the evidence was seen.
    pub at: DateTime<Utc>,
}

/// Why a link waits although something should be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The vendor's words.
    pub reason: String,
    /// Attempts so far.
    pub tries: u32,
    /// When to try again; `None`: not before the record or the mapping changes.
    pub next_at: Option<DateTime<Utc>>,
}

/// A field of a link that waits for a person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewMark {
    /// The field or group; empty when the link as a whole is in review.
    pub field: String,
    /// Why it cannot be decided by policy.
    pub reason: String,
    /// The item of the review queue that asks.
    pub review: ReviewId,
}

/// One entity, as far as the sync knows it: the record on side A, the record on side B, or both.
///
/// Within one sync and object a record id belongs to at most one link that is not
/// [`LinkState::Unlinked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Link {
    /// Its number. It and `object` never change.
    pub id: LinkId,
    /// The kind of record, as `contact`.
    pub object: String,
    /// The record on side A.
    pub a: End,
    /// The record on side B.
    pub b: End,
    /// Where it stands.
    pub state: LinkState,
    /// Whether a plan is pending.
    pub dirty: bool,
    /// The deletion that was seen, if any.
    pub tombstone: Option<Tombstone>,
    /// The fields that wait for a person.
    pub review: Vec<ReviewMark>,
    /// Why it waits, if it does.
    pub parked: Option<Parked>,
    /// Write counters of the oscillation breaker.
    pub counters: Option<Blob>,
    /// How often the link was put. Counted by the store: the value given to a put is ignored.
    /// A plan that remembers it can tell whether the link moved since.
    pub version: u64,
}

impl Link {
    /// A link in state [`LinkState::Seen`] that knows no record yet: set [`Link::a`] or [`Link::b`].
    #[must_use]
    pub fn new(id: LinkId, object: impl Into<String>) -> Link {
        Link {
            id,
            object: object.into(),
            a: End::default(),
            b: End::default(),
            state: LinkState::Seen,
            dirty: false,
            tombstone: None,
            review: Vec::new(),
            parked: None,
            counters: None,
            version: 0,
        }
    }

    /// A link in state [`LinkState::Seen`] for a record that is known on one side.
    #[must_use]
    pub fn seen(id: LinkId, object: impl Into<String>, side: Side, record: impl Into<String>) -> Link {
        let mut link = Link::new(id, object);
        link.end_mut(side).id = Some(record.into());
        link
    }

    /// The end on `side`.
    #[must_use]
    pub const fn end(&self, side: Side) -> &End {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// The end on `side`, to change it.
    pub const fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    /// The record id on `side`, if the record is known there.
    #[must_use]
    pub fn record(&self, side: Side) -> Option<&str> {
        self.end(side).id.as_deref()
    }
}

/// A key by which a record may be found for matching, as `email:ada@example.com`.
///
/// `Debug` shows the side alone, because keys hold people's data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// The side whose record has the key.
    pub side: Side,
    /// The normalised key.
    pub text: String,
}

impl MatchKey {
    /// A key of the record on `side`.
    #[must_use]
    pub fn new(side: Side, text: impl Into<String>) -> MatchKey {
        MatchKey { side, text: text.into() }
    }
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchKey({}, {} bytes)", self.side, self.text.len())
    }
}
