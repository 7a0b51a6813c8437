//! What every [`StateStore`] must do, as one suite: run it on a new implementation.
//!
//! ```
//! # use std::sync::Arc;
//! # use sync_store::{MemoryStore, StateStore};
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! sync_store::contract::run(async || Arc::new(MemoryStore::new()) as Arc<dyn StateStore>).await;
//! # }
//! ```

mod atomic;
mod journal;
mod lease;
mod links;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    Batch, ConflictEntry, Decision, Intent, IntentId, Lease, Link, LinkId, Op, Page, RecordError, Result, Review,
    ReviewId, Run, RunId, Scope, Side, StateStore, StoreError,
};

/// Runs every case, each on the empty store that `make` gives it.
///
/// # Panics
/// If the store breaks the contract; the message names the case.
pub async fn run<F: AsyncFn() -> Arc<dyn StateStore>>(make: F) {
    macro_rules! cases {
        ($($module:ident :: $case:ident),+ $(,)?) => {$(
            let store = make().await;
            if let Err(error) = $module::$case(store).await {
                panic!("{}::{}: {error}", stringify!($module), stringify!($case));
            }
        )+};
    }
    cases! {
        links::keep_every_field,
        links::count_their_versions,
        links::keep_odd_texts,
        links::are_found_by_record,
        links::claim_a_record_alone,
        links::are_remembered_when_unlinked,
        links::are_found_by_key,
        links::are_scanned_in_pages,
        links::are_forgotten_when_deleted,
        links::never_change_their_object,
        journal::keeps_intents,
        journal::pages_intents,
        journal::keeps_cursors,
        journal::keeps_runs,
        journal::asks_and_is_answered_once,
        journal::keeps_the_logs,
        lease::keeps_others_out,
        lease::fences_a_stale_worker,
        lease::is_renewed_and_released,
        lease::belongs_to_one_sync,
        atomic::a_batch_is_all_or_nothing,
        atomic::numbers_rise_and_never_come_twice,
        atomic::syncs_see_nothing_of_each_other,
        atomic::an_empty_sync_answers,
        atomic::erasing_forgets_everything,
        atomic::commits_from_many_tasks_all_land,
        atomic::a_dropped_commit_is_all_or_nothing,
    }
}

/// The instant `seconds` after the suite's beginning of time.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_790_000_000_123_456 + seconds * 1_000_000).unwrap_or_default()
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn lease(store: &dyn StateStore) -> Result<Lease> {
    store.acquire("suite", HOUR, at(0)).await
}

/// Commits what `fill` puts into a batch.
async fn commit(store: &dyn StateStore, lease: &Lease, fill: impl FnOnce(&mut Batch)) -> Result<()> {
    let mut batch = Batch::new();
    fill(&mut batch);
    store.commit(lease, batch).await
}

async fn link_id(store: &dyn StateStore) -> Result<LinkId> {
    Ok(LinkId(store.next_ids(1).await?.start))
}

/// A link of contacts that knows `record` on side A.
async fn contact(store: &dyn StateStore, record: &str) -> Result<Link> {
    Ok(Link::seen(link_id(store).await?, "contact", Side::A, record))
}

/// The link as it is read after it was put `version` times.
fn at_version(link: &Link, version: u64) -> Link {
    let mut link = link.clone();
    link.version = version;
    link
}

/// Everything that can be read about contacts, to compare before and after.
async fn contents(store: &dyn StateStore) -> Result<String> {
    let page = Page::first(1_000);
    let parts = (
        store.scan_links("contact", crate::LinkFilter::All, page).await?,
        store.count_links("contact").await?,
        store.intents(Scope::All, page).await?,
        store.runs(1_000).await?,
        store.reviews(Scope::All, page).await?,
        store.conflicts(Scope::All, page).await?,
        store.errors(Scope::All, page).await?,
        store.cursor("contact", Side::A).await?,
        store.find_by_key("contact", Side::A, "k").await?,
    );
    serde_json::to_string(&parts).map_err(|error| StoreError::invalid(error.to_string()))
}

/// One of each thing that a sync stores, about one link and one run.
fn one_of_each(link: &Link, first_id: i64) -> Batch {
    let (run, review) = (RunId(first_id), ReviewId(first_id + 2));
    let mut asked = Review::new(review, link.id, run, "both changed", at(2));
    asked.fields = vec!["email".to_owned()];
    let mut batch = Batch::new();
    batch
        .put_link_with_keys(link.clone(), vec![crate::MatchKey::new(Side::A, "k")])
        .put_run(Run::new(run, "once", at(1)))
        .put_intent(Intent::new(IntentId(first_id + 1), run, 1, link.id, link.object.clone(), Side::B, Op::Create))
        .add_review(asked)
        .add_conflict(ConflictEntry::new(run, link.id, "phone", "\"+44\"".into(), "newest", at(3)))
        .add_error(RecordError::new(run, link.object.clone(), Side::B, "400", "no", at(4)))
        .set_cursor(link.object.clone(), Side::A, crate::Cursor { text: "t0".to_owned(), saved_at: at(5) });
    batch
}

fn decision() -> Decision {
    Decision { by: "ada".to_owned(), choice: "{\"side\":\"A\"}".into(), at: at(9) }
}
