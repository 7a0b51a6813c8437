//! A store whose caller can die before and after every commit.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sync_store::{
    Batch, ConflictEntry, Cursor, Intent, IntentId, Lease, Link, LinkFilter, LinkId, LinkState, Page, RecordError,
    Result, Review, ReviewId, Run, RunId, Scope, Side, StateStore,
};

use super::Crash;

/// A [`StateStore`] as one simulated process sees it: the store survives, the process may die before or after each
/// commit.
#[derive(Debug, Clone)]
pub struct CrashStore {
    store: Arc<dyn StateStore>,
    crash: Crash,
}

impl CrashStore {
    /// The view of the process that dies with `crash` on a store that survives it.
    #[must_use]
    pub fn new(store: Arc<dyn StateStore>, crash: &Crash) -> Self {
        Self { store, crash: crash.clone() }
    }
}

#[async_trait]
impl StateStore for CrashStore {
    fn sync_id(&self) -> &str {
        self.store.sync_id()
    }

    fn for_sync(&self, sync_id: &str) -> Arc<dyn StateStore> {
        Arc::new(Self::new(self.store.for_sync(sync_id), &self.crash))
    }

    async fn acquire(&self, owner: &str, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        self.store.acquire(owner, ttl, now).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        self.store.renew(lease, ttl, now).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.crash.point().await;
        self.store.release(lease).await
    }

    async fn next_ids(&self, n: u32) -> Result<Range<i64>> {
        self.store.next_ids(n).await
    }

    async fn commit(&self, lease: &Lease, batch: Batch) -> Result<()> {
        self.crash.point().await;
        let result = self.store.commit(lease, batch).await;
        self.crash.point().await;
        result
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>> {
        self.store.link(id).await
    }

    async fn links_of(&self, object: &str, side: Side, records: &[&str]) -> Result<Vec<Option<Link>>> {
        self.store.links_of(object, side, records).await
    }

    async fn find_by_keys(&self, object: &str, side: Side, keys: &[&str]) -> Result<Vec<Vec<LinkId>>> {
        self.store.find_by_keys(object, side, keys).await
    }

    async fn scan_links(&self, object: &str, filter: LinkFilter, page: Page) -> Result<Vec<Link>> {
        self.store.scan_links(object, filter, page).await
    }

    async fn count_links(&self, object: &str) -> Result<BTreeMap<LinkState, u64>> {
        self.store.count_links(object).await
    }

    async fn intent(&self, id: IntentId) -> Result<Option<Intent>> {
        self.store.intent(id).await
    }

    async fn intents(&self, scope: Scope, page: Page) -> Result<Vec<Intent>> {
        self.store.intents(scope, page).await
    }

    async fn open_intents(&self, page: Page) -> Result<Vec<Intent>> {
        self.store.open_intents(page).await
    }

    async fn cursor(&self, object: &str, side: Side) -> Result<Option<Cursor>> {
        self.store.cursor(object, side).await
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.store.run(id).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        self.store.runs(limit).await
    }

    async fn review(&self, id: ReviewId) -> Result<Option<Review>> {
        self.store.review(id).await
    }

    async fn reviews(&self, scope: Scope, page: Page) -> Result<Vec<Review>> {
        self.store.reviews(scope, page).await
    }

    async fn open_reviews(&self, page: Page) -> Result<Vec<Review>> {
        self.store.open_reviews(page).await
    }

    async fn conflicts(&self, scope: Scope, page: Page) -> Result<Vec<ConflictEntry>> {
        self.store.conflicts(scope, page).await
    }

    async fn errors(&self, scope: Scope, page: Page) -> Result<Vec<RecordError>> {
        self.store.errors(scope, page).await
    }

    async fn errors_of(&self, object: &str, side: Side, record: &str, page: Page) -> Result<Vec<RecordError>> {
        self.store.errors_of(object, side, record, page).await
    }
}
