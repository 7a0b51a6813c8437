//! The store in memory.

mod data;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use self::data::{Data, World};
use crate::store::lease_end;
use crate::{
    Batch, ConflictEntry, Cursor, Intent, IntentId, Lease, Link, LinkFilter, LinkId, LinkState, Page, RecordError,
    Result, Review, ReviewId, Run, RunId, Scope, Side, StateStore, StoreError,
};

/// A store that lives in memory: for tests, simulations and one-off runs.
///
/// Clones and handles share their contents, which so survive the drop of an engine but not the end
/// of the process. Finding dirty links and open intents takes time in proportion to all of them.
#[derive(Clone)]
pub struct MemoryStore {
    sync_id: Arc<str>,
    world: Arc<Mutex<World>>,
}

impl MemoryStore {
    /// An empty store, as a handle on the sync `default`.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore { sync_id: crate::store::DEFAULT_SYNC.into(), world: Arc::default() }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // Every change is applied or undone as a whole, so a panic elsewhere left no half of one.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from this sync's data.
    fn read<T: Default>(&self, read: impl FnOnce(&Data) -> T) -> Result<T> {
        let world = self.world();
        Ok(world.syncs.get(&*self.sync_id).map(|sync| read(&sync.data)).unwrap_or_default())
    }

    fn stale(&self, lease: &Lease) -> StoreError {
        StoreError::StaleLease { sync_id: self.sync_id.to_string(), token: lease.token }
    }

    /// Changes the lease if the one presented is the one held.
    fn with_lease<T>(&self, lease: &Lease, change: impl FnOnce(&mut Option<Lease>) -> T) -> Result<T> {
        let mut world = self.world();
        let held = world.syncs.get_mut(&*self.sync_id).map(|sync| &mut sync.lease);
        match held {
            Some(held) if held.as_ref().is_some_and(|held| held.token == lease.token) => Ok(change(held)),
            _ => Err(self.stale(lease)),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("sync_id", &self.sync_id).finish_non_exhaustive()
    }
}

/// The entries of a page that pass.
fn page_of<K: Ord, V: Clone>(map: &BTreeMap<K, V>, after: K, limit: u32, pass: impl Fn(&V) -> bool) -> Vec<V> {
    map.range((Bound::Excluded(after), Bound::Unbounded))
        .map(|(_, value)| value)
        .filter(|value| pass(value))
        .take(limit as usize)
        .cloned()
        .collect()
}

fn in_scope(scope: Scope, run: RunId, link: Option<LinkId>) -> bool {
    match scope {
        Scope::All => true,
        Scope::Run(wanted) => wanted == run,
        Scope::Link(wanted) => link == Some(wanted),
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    fn sync_id(&self) -> &str {
        &self.sync_id
    }

    fn for_sync(&self, sync_id: &str) -> Arc<dyn StateStore> {
        Arc::new(MemoryStore { sync_id: sync_id.into(), world: Arc::clone(&self.world) })
    }

    async fn acquire(&self, owner: &str, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        let mut world = self.world();
        let held = world.syncs.get(&*self.sync_id).and_then(|sync| sync.lease.as_ref());
        if let Some(held) = held
            && held.owner != owner
            && held.until > now
        {
            return Err(StoreError::Held {
                sync_id: self.sync_id.to_string(),
                by: held.owner.clone(),
                until: held.until,
            });
        }
        let lease =
            Lease { owner: owner.to_owned(), token: world.next_id().unsigned_abs(), until: lease_end(ttl, now) };
        let sync = world.syncs.entry(self.sync_id.to_string()).or_default();
        sync.lease = Some(lease.clone());
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        let renewed = Lease { until: lease_end(ttl, now), ..lease.clone() };
        self.with_lease(lease, |held| *held = Some(renewed.clone()))?;
        Ok(renewed)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.with_lease(lease, |held| *held = None)
    }

    async fn next_ids(&self, n: u32) -> Result<Range<i64>> {
        let mut world = self.world();
        let first = world.last_id + 1;
        world.last_id += i64::from(n);
        Ok(first..world.last_id + 1)
    }

    async fn commit(&self, lease: &Lease, batch: Batch) -> Result<()> {
        let mut world = self.world();
        let held = world.syncs.get(&*self.sync_id).and_then(|sync| sync.lease.as_ref());
        if held.is_none_or(|held| held.token != lease.token) {
            return Err(self.stale(lease));
        }
        world.apply(&self.sync_id, batch.into_changes())
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>> {
        self.read(|data| data.links.get(&id).map(|stored| stored.link.clone()))
    }

    async fn links_of(&self, object: &str, side: Side, records: &[&str]) -> Result<Vec<Option<Link>>> {
        let found = self.read(|data| {
            let find = |record: &&str| {
                let live = data.with_record(object, side, record).find(|link| link.state.is_live());
                live.or_else(|| data.with_record(object, side, record).next_back()).cloned()
            };
            records.iter().map(find).collect::<Vec<_>>()
        })?;
        Ok(aligned(found, records.len()))
    }

    async fn find_by_keys(&self, object: &str, side: Side, keys: &[&str]) -> Result<Vec<Vec<LinkId>>> {
        let found = self.read(|data| {
            let find = |key: &&str| {
                data.by_key
                    .get(&(object.to_owned(), side, (*key).to_owned()))
                    .map(|ids| ids.iter().copied().collect())
                    .unwrap_or_default()
            };
            keys.iter().map(find).collect::<Vec<_>>()
        })?;
        Ok(aligned(found, keys.len()))
    }

    async fn scan_links(&self, object: &str, filter: LinkFilter, page: Page) -> Result<Vec<Link>> {
        self.read(|data| {
            let stored = page_of(&data.links, LinkId(page.after), page.limit, |stored| {
                stored.link.object == object
                    && match filter {
                        LinkFilter::All => true,
                        LinkFilter::Dirty => stored.link.dirty,
                        LinkFilter::State(state) => stored.link.state == state,
                    }
            });
            stored.into_iter().map(|stored| stored.link).collect()
        })
    }

    async fn count_links(&self, object: &str) -> Result<BTreeMap<LinkState, u64>> {
        self.read(|data| {
            let mut counts = BTreeMap::new();
            for stored in data.links.values().filter(|s| s.link.object == object) {
                *counts.entry(stored.link.state).or_default() += 1;
            }
            counts
        })
    }

    async fn intent(&self, id: IntentId) -> Result<Option<Intent>> {
        self.read(|data| data.intents.get(&id).cloned())
    }

    async fn intents(&self, scope: Scope, page: Page) -> Result<Vec<Intent>> {
        self.read(|data| {
            page_of(&data.intents, IntentId(page.after), page.limit, |intent| {
                in_scope(scope, intent.run, Some(intent.link))
            })
        })
    }

    async fn open_intents(&self, page: Page) -> Result<Vec<Intent>> {
        self.read(|data| page_of(&data.intents, IntentId(page.after), page.limit, |intent| intent.state.is_open()))
    }

    async fn cursor(&self, object: &str, side: Side) -> Result<Option<Cursor>> {
        self.read(|data| data.cursors.get(&(object.to_owned(), side)).cloned())
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.read(|data| data.runs.get(&id).cloned())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        self.read(|data| data.runs.values().rev().take(limit as usize).cloned().collect())
    }

    async fn review(&self, id: ReviewId) -> Result<Option<Review>> {
        self.read(|data| data.reviews.get(&id).cloned())
    }

    async fn reviews(&self, scope: Scope, page: Page) -> Result<Vec<Review>> {
        self.read(|data| {
            page_of(&data.reviews, ReviewId(page.after), page.limit, |review| {
                in_scope(scope, review.run, Some(review.link))
            })
        })
    }

    async fn open_reviews(&self, page: Page) -> Result<Vec<Review>> {
        self.read(|data| page_of(&data.reviews, ReviewId(page.after), page.limit, |review| review.decided.is_none()))
    }

    async fn conflicts(&self, scope: Scope, page: Page) -> Result<Vec<ConflictEntry>> {
        self.read(|data| {
            page_of(&data.conflicts, page.after, page.limit, |entry| in_scope(scope, entry.run, Some(entry.link)))
        })
    }

    async fn errors(&self, scope: Scope, page: Page) -> Result<Vec<RecordError>> {
        self.read(|data| page_of(&data.errors, page.after, page.limit, |error| in_scope(scope, error.run, error.link)))
    }

    async fn errors_of(&self, object: &str, side: Side, record: &str, page: Page) -> Result<Vec<RecordError>> {
        self.read(|data| {
            page_of(&data.errors, page.after, page.limit, |error| {
                error.object == object && error.side == side && error.record.as_deref() == Some(record)
            })
        })
    }
}

/// A sync that stored nothing yet has no data to look into, but answers keep their length.
fn aligned<T: Default + Clone>(mut found: Vec<T>, len: usize) -> Vec<T> {
    found.resize(len, T::default());
    found
}
