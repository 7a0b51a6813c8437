//! The trait that every store implements.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Batch, ConflictEntry, Cursor, Intent, IntentId, Link, LinkId, LinkState, RecordError, Result, Review, ReviewId,
    Run, RunId, Side,
};

/// The right to write to one sync, until someone else takes over.
///
/// The token is the fence: it is larger than that of every earlier lease of the store, and
/// [`StateStore::commit`] accepts no other than the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// The fence.
    pub token: u64,
    /// When others may take over.
    pub until: DateTime<Utc>,
}

/// The sync that a store is opened for, until [`StateStore::for_sync`] names another.
pub(crate) const DEFAULT_SYNC: &str = "default";

/// When a lease taken at `now` ends; far in the future if that cannot be told in calendar terms.
pub(crate) fn lease_end(ttl: Duration, now: DateTime<Utc>) -> DateTime<Utc> {
    TimeDelta::from_std(ttl).ok().and_then(|ttl| now.checked_add_signed(ttl)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Which links [`StateStore::scan_links`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFilter {
    /// All of the object, unlinked ones too.
    All,
    /// Those with the dirty flag.
    Dirty,
    /// Those in one state.
    State(LinkState),
}

/// Which entries of the journal a read returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of the sync.
    All,
    /// Those of one run.
    Run(RunId),
    /// Those of one link.
    Link(LinkId),
}

/// A part of a longer list in ascending order of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only entries with a larger number (`id`, or `seq` of the logs).
    pub after: i64,
    /// At most so many entries. Fewer mean the end.
    pub limit: u32,
}

impl Page {
    /// The first `limit` entries.
    #[must_use]
    pub const fn first(limit: u32) -> Page {
        Page { after: 0, limit }
    }

    /// The next `limit` entries after number `after`.
    #[must_use]
    pub const fn after(after: i64, limit: u32) -> Page {
        Page { after, limit }
    }
}

/// Where a sync remembers.
///
/// A value is a handle on *one* sync in a store; [`StateStore::for_sync`] gives the handle of
/// another. Syncs in one store see nothing of each other. What is read is what was committed
/// last. A store keeps instants to the microsecond at least. No method reads a clock.
///
/// A call whose future is dropped may or may not take effect; a [`commit`](StateStore::commit)
/// then takes effect as a whole or not at all, and before any later call on the store.
#[async_trait]
pub trait StateStore: Send + Sync + Debug {
    /// The sync this handle is for.
    fn sync_id(&self) -> &str;

    /// A handle on another sync in the same store. Cheap; nothing is written yet.
    fn for_sync(&self, sync_id: &str) -> Arc<dyn StateStore>;

    /// Takes the lease of this sync for `ttl`.
    ///
    /// It is granted if nobody holds it at `now`, and to the owner that holds it already, who gets
    /// a new token: its former self is fenced off. So an owner name must belong to one worker.
    ///
    /// # Errors
    /// [`StoreError::Held`](crate::StoreError::Held) while another owner holds it.
    async fn acquire(&self, owner: &str, ttl: Duration, now: DateTime<Utc>) -> Result<Lease>;

    /// Prolongs a lease to `now + ttl`. An expired one too, if nobody has taken over.
    ///
    /// # Errors
    /// [`StoreError::StaleLease`](crate::StoreError::StaleLease) if it is no longer held.
    async fn renew(&self, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Lease>;

    /// Gives a lease back, so that others need not wait for its end.
    ///
    /// # Errors
    /// [`StoreError::StaleLease`](crate::StoreError::StaleLease) if it is no longer held.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Allocates `n` consecutive numbers for new links, intents, runs and reviews.
    ///
    /// They start at 1, rise, and are the same for the same calls. A number that was allocated but
    /// not committed may come again after a restart; one that was committed never does, deleted or
    /// not.
    async fn next_ids(&self, n: u32) -> Result<Range<i64>>;

    /// Applies a batch in order, atomically and durably: after `Ok` it survives a crash of the
    /// process and of the machine (as far as the implementation can; memory survives neither),
    /// after `Err` nothing of it is there.
    ///
    /// # Errors
    /// [`StaleLease`](crate::StoreError::StaleLease) · [`Conflict`](crate::StoreError::Conflict) if
    /// two live links would claim one record · [`Invalid`](crate::StoreError::Invalid) if a number
    /// is not positive or belongs to another object or sync, or a review to decide is
    /// unknown or decided · `Full`, `Io`, `Corrupt`.
    async fn commit(&self, lease: &Lease, batch: Batch) -> Result<()>;

    /// A link by its number.
    async fn link(&self, id: LinkId) -> Result<Option<Link>>;

    /// The links that have one of these record ids on `side`, in the order of `records`.
    ///
    /// A live link comes before an unlinked one, and among unlinked ones the newest is taken.
    async fn links_of(&self, object: &str, side: Side, records: &[&str]) -> Result<Vec<Option<Link>>>;

    /// The link that has this record id on `side`; see [`StateStore::links_of`].
    async fn link_of(&self, object: &str, side: Side, record: &str) -> Result<Option<Link>> {
        let found = self.links_of(object, side, &[record]).await?;
        Ok(found.into_iter().flatten().next())
    }

    /// For each key, the links whose record on `side` has it, in ascending order.
    ///
    /// Candidates, not matches: a store may keep hashes of keys (64 bits or more), so compare
    /// the records.
    async fn find_by_keys(&self, object: &str, side: Side, keys: &[&str]) -> Result<Vec<Vec<LinkId>>>;

    /// The links whose record on `side` has the key; see [`StateStore::find_by_keys`].
    async fn find_by_key(&self, object: &str, side: Side, key: &str) -> Result<Vec<LinkId>> {
        let found = self.find_by_keys(object, side, &[key]).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Links of an object in ascending order of their numbers.
    async fn scan_links(&self, object: &str, filter: LinkFilter, page: Page) -> Result<Vec<Link>>;

    /// How many links of an object are in each state; states without links are absent.
    async fn count_links(&self, object: &str) -> Result<BTreeMap<LinkState, u64>>;

    /// An intent by its number.
    async fn intent(&self, id: IntentId) -> Result<Option<Intent>>;

    /// Intents in ascending order of their numbers.
    async fn intents(&self, scope: Scope, page: Page) -> Result<Vec<Intent>>;

    /// Intents that are not settled, refused or superseded, in ascending order.
    async fn open_intents(&self, page: Page) -> Result<Vec<Intent>>;

    /// The cursor of an object on a side.
    async fn cursor(&self, object: &str, side: Side) -> Result<Option<Cursor>>;

    /// A run by its number.
    async fn run(&self, id: RunId) -> Result<Option<Run>>;

    /// The latest `limit` runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<Run>>;

    /// An item of the review queue by its number.
    async fn review(&self, id: ReviewId) -> Result<Option<Review>>;

    /// Items of the review queue, decided or not, in ascending order.
    async fn reviews(&self, scope: Scope, page: Page) -> Result<Vec<Review>>;

    /// Items of the review queue that nobody decided yet, in ascending order.
    async fn open_reviews(&self, page: Page) -> Result<Vec<Review>>;

    /// The conflict log, oldest first.
    async fn conflicts(&self, scope: Scope, page: Page) -> Result<Vec<ConflictEntry>>;

    /// Record errors, oldest first.
    async fn errors(&self, scope: Scope, page: Page) -> Result<Vec<RecordError>>;

    /// Errors of one record, oldest first.
    async fn errors_of(&self, object: &str, side: Side, record: &str, page: Page) -> Result<Vec<RecordError>>;
}
