//! Cases about batches, numbers and syncs as a whole.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::{at, commit, contact, contents, decision, lease, link_id, one_of_each};
use crate::{
    Batch, Change, Cursor, Intent, IntentId, Link, LinkFilter, LinkId, Op, Page, Result, Review, ReviewId, Run, RunId,
    Scope, Side, StateStore, StoreError,
};

type Store = Arc<dyn StateStore>;

pub(super) async fn a_batch_is_all_or_nothing(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let link = contact(&*store, "1").await?;
    let ids = store.next_ids(3).await?;
    store.commit(&lease, one_of_each(&link, ids.start)).await?;
    let before = contents(&*store).await?;

    let last_straws = [
        Change::PutLink { link: Box::new(contact(&*store, "1").await?), keys: None },
        Change::DecideReview { id: ReviewId(9_999), decision: decision() },
        Change::AddReview(Review::new(ReviewId(ids.start + 2), link.id, RunId(1), "again", at(1))),
        Change::PutRun(Run::new(RunId(0), "bad number", at(1))),
    ];
    for straw in last_straws {
        let shown = format!("{straw:?}");
        let mut batch = everything_changed(&*store, &link, ids.start).await?;
        batch.push(straw);
        // What comes after the failure is not applied either.
        batch.put_run(Run::new(RunId(store.next_ids(1).await?.start), "x", at(1)));
        let done = store.commit(&lease, batch).await;
        assert!(done.is_err(), "{shown}");
        assert_eq!(contents(&*store).await?, before, "{shown}");
        let found = store.link_of("contact", Side::A, "moved").await?;
        assert_eq!(found, None, "{shown}");
    }
    let batch = everything_changed(&*store, &link, ids.start).await?;
    store.commit(&lease, batch).await?;
    assert_ne!(contents(&*store).await?, before);
    store.commit(&lease, Batch::new()).await
}

/// A batch that touches all that [`one_of_each`] put, and adds another of each.
async fn everything_changed(store: &dyn StateStore, link: &Link, first_id: i64) -> Result<Batch> {
    let mut moved = link.clone();
    moved.a.id = Some("moved".to_owned());
    let heir = contact(store, "1").await?;
    let another = contact(store, "3").await?;
    let doomed = contact(store, "4").await?;
    let ids = store.next_ids(3).await?;
    let mut batch = one_of_each(&another, ids.start);
    let mut run = Run::new(RunId(first_id), "once", at(1));
    run.finished = Some(at(2));
    batch
        .put_link_with_keys(moved, Vec::new())
        .put_link(heir)
        .put_link(doomed.clone())
        .delete_link(doomed.id)
        .put_run(run)
        .decide_review(ReviewId(first_id + 2), decision())
        .put_intent(Intent::new(IntentId(first_id + 1), RunId(first_id), 2, link.id, "contact", Side::A, Op::Delete))
        .set_cursor("contact", Side::A, Cursor { text: "later".to_owned(), saved_at: at(7) });
    Ok(batch)
}

pub(super) async fn numbers_rise_and_never_come_twice(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let some = store.next_ids(3).await?;
    let more = store.next_ids(2).await?;
    assert!(some.start > 0);
    assert_eq!((some.end - some.start, more.end - more.start), (3, 2));
    assert!(more.start >= some.end);
    assert!(store.next_ids(0).await?.is_empty());

    // A number that somebody brings along is taken from then on, deleted or not.
    let brought = LinkId(more.end + 1_000);
    commit(&*store, &lease, |batch| {
        batch.put_link(Link::seen(brought, "contact", Side::A, "1")).delete_link(brought);
    })
    .await?;
    assert!(link_id(&*store).await? > brought);
    for bad in [0, -1, i64::MIN, i64::MAX] {
        let refused = commit(&*store, &lease, |batch| {
            batch.put_link(Link::seen(LinkId(bad), "contact", Side::A, "1"));
        });
        assert!(matches!(refused.await, Err(StoreError::Invalid { .. })), "{bad}");
    }
    Ok(())
}

pub(super) async fn syncs_see_nothing_of_each_other(store: Store) -> Result<()> {
    let other = store.for_sync("other");
    assert_eq!(other.sync_id(), "other");
    let (here, there) = (lease(&*store).await?, lease(&*other).await?);
    let empty = contents(&*other).await?;
    let link = contact(&*store, "1").await?;
    let ids = store.next_ids(3).await?;
    store.commit(&here, one_of_each(&link, ids.start)).await?;
    assert_eq!(contents(&*other).await?, empty);
    assert_eq!(other.link(link.id).await?, None);
    assert_eq!(other.run(RunId(ids.start)).await?, None);
    assert_eq!(other.intent(IntentId(ids.start + 1)).await?, None);
    assert_eq!(other.review(ReviewId(ids.start + 2)).await?, None);
    assert!(other.intents(Scope::Run(RunId(ids.start)), Page::first(9)).await?.is_empty());

    // The same record in another sync is another link; the same number is refused.
    let before = contents(&*store).await?;
    let namesake = contact(&*other, "1").await?;
    let more = other.next_ids(3).await?;
    assert!(more.start >= ids.end, "numbers are unique in the store");
    other.commit(&there, one_of_each(&namesake, more.start)).await?;
    let foreign = one_of_each(&link, ids.start);
    for change in foreign.into_changes() {
        let bears_number =
            matches!(change, Change::PutLink { .. } | Change::PutRun(_) | Change::PutIntent(_) | Change::AddReview(_));
        if bears_number {
            let mut batch = Batch::new();
            batch.push(change);
            let refused = other.commit(&there, batch).await;
            assert!(matches!(refused, Err(StoreError::Invalid { .. })));
        }
    }
    for change in [
        Change::DeleteLink(link.id),
        Change::SetCursor { object: "contact".to_owned(), side: Side::A, cursor: None },
        Change::Erase,
    ] {
        let mut batch = Batch::new();
        batch.push(change);
        other.commit(&there, batch).await?;
        assert_eq!(contents(&*store).await?, before);
    }
    // A handle for the first sync from the handle of the second shows the first.
    assert_eq!(contents(&*other.for_sync(store.sync_id())).await?, before);
    Ok(())
}

pub(super) async fn an_empty_sync_answers(store: Store) -> Result<()> {
    for store in [store.for_sync("new"), store] {
        let page = Page::first(5);
        assert_eq!(store.link(LinkId(1)).await?, None);
        let none = store.links_of("contact", Side::A, &["1", "2"]).await?;
        assert_eq!(none, [None, None]);
        assert_eq!(store.link_of("contact", Side::A, "1").await?, None);
        let none = store.find_by_keys("contact", Side::A, &["k", "l"]).await?;
        assert_eq!(none, [vec![], vec![]]);
        let none = store.scan_links("contact", LinkFilter::All, page).await?;
        assert_eq!(none, []);
        assert!(store.count_links("contact").await?.is_empty());
        assert_eq!(store.open_intents(page).await?, []);
        assert_eq!(store.intents(Scope::All, page).await?, []);
        assert_eq!(store.runs(5).await?, []);
        assert_eq!(store.open_reviews(page).await?, []);
        assert_eq!(store.reviews(Scope::All, page).await?, []);
        assert_eq!(store.conflicts(Scope::All, page).await?, []);
        assert_eq!(store.errors(Scope::All, page).await?, []);
        assert_eq!(store.errors_of("contact", Side::A, "1", page).await?, []);
        assert_eq!(store.cursor("contact", Side::A).await?, None);
        assert_eq!(store.run(RunId(1)).await?, None);
        assert_eq!(store.review(ReviewId(1)).await?, None);
        assert_eq!(store.intent(IntentId(1)).await?, None);
    }
    Ok(())
}

pub(super) async fn erasing_forgets_everything(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let empty = contents(&*store).await?;
    let link = contact(&*store, "1").await?;
    let ids = store.next_ids(3).await?;
    store.commit(&lease, one_of_each(&link, ids.start)).await?;
    let full = contents(&*store).await?;

    // Not if the batch fails after it.
    let refused = commit(&*store, &lease, |batch| {
        batch.push(Change::Erase).decide_review(ReviewId(ids.start + 2), decision());
    });
    assert!(matches!(refused.await, Err(StoreError::Invalid { .. })));
    assert_eq!(contents(&*store).await?, full);

    commit(&*store, &lease, |batch| {
        batch.push(Change::Erase);
    })
    .await?;
    assert_eq!(contents(&*store).await?, empty);
    assert_eq!(store.link_of("contact", Side::A, "1").await?, None);
    // The lease is held as before, and numbers go on.
    let again = contact(&*store, "1").await?;
    assert!(again.id > link.id);
    commit(&*store, &lease, |batch| {
        batch.put_link(again);
    })
    .await
}

pub(super) async fn commits_from_many_tasks_all_land(store: Store) -> Result<()> {
    let lease = Arc::new(lease(&*store).await?);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (store, lease) = (Arc::clone(&store), Arc::clone(&lease));
        tasks.spawn(async move {
            let link = contact(&*store, &n.to_string()).await?;
            let id = link.id;
            let done = commit(&*store, &lease, |batch| {
                batch.put_link(link);
            });
            done.await.map(|()| id)
        });
    }
    let mut ids = BTreeSet::new();
    while let Some(done) = tasks.join_next().await {
        ids.insert(done.map_err(|error| StoreError::invalid(error.to_string()))??);
    }
    let found = store.scan_links("contact", LinkFilter::All, Page::first(100)).await?;
    assert_eq!(found.iter().map(|link| link.id).collect::<BTreeSet<_>>(), ids);
    assert_eq!(ids.len(), 20);
    Ok(())
}

pub(super) async fn a_dropped_commit_is_all_or_nothing(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    for round in 0..20 {
        let pair =
            [contact(&*store, &format!("{round} left")).await?, contact(&*store, &format!("{round} right")).await?];
        let mut batch = Batch::new();
        for link in &pair {
            batch.put_link(link.clone());
        }
        {
            let mut dropped = Box::pin(store.commit(&lease, batch));
            // Asked once, then dropped wherever it stands.
            poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context).is_ready())).await;
        }
        let [left, right] = pair;
        let first = store.link(left.id).await?.is_some();
        let second = store.link(right.id).await?.is_some();
        assert_eq!(first, second, "round {round}");
        // It is decided by the first read: nothing arrives later.
        tokio::task::yield_now().await;
        assert_eq!(store.link(left.id).await?.is_some(), first, "round {round}");
    }
    Ok(())
}
