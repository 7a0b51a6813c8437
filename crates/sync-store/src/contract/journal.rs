//! Cases about intents, cursors, runs, reviews and logs.

use std::sync::Arc;

use super::{at, commit, contact, decision, lease, one_of_each};
use crate::{
    Change, ConflictEntry, Cursor, Intent, IntentId, IntentState, LinkId, Op, Page, RecordError, Result, Review,
    ReviewId, Run, RunId, RunState, Scope, Side, StateStore, StoreError,
};

type Store = Arc<dyn StateStore>;

const STATES: [IntentState; 7] = [
    IntentState::Planned,
    IntentState::Sent,
    IntentState::Unknown,
    IntentState::Acked,
    IntentState::Settled,
    IntentState::Refused,
    IntentState::Superseded,
];

fn intent(id: i64, run: i64, link: i64, state: IntentState) -> Intent {
    let mut intent = Intent::new(IntentId(id), RunId(run), id / 3, LinkId(link), "contact", Side::B, Op::Update);
    intent.state = state;
    intent
}

fn ids(intents: &[Intent]) -> Vec<i64> {
    intents.iter().map(|intent| intent.id.0).collect()
}

pub(super) async fn keeps_intents(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let first = store.next_ids(3).await?.start;
    let mut full = intent(first, 1, 1, IntentState::Sent);
    full.op = Op::Create;
    full.side = Side::A;
    full.key = Some("k-1".to_owned());
    full.expect = Some("00ff".to_owned());
    full.wish = Some("{\"email\":\"a\"}".into());
    full.before = Some("{}".into());
    full.after = Some("{\"email\":\"A\"}".into());
    full.sent_at = Some(at(3));
    full.error = Some("Email is not unique".to_owned());
    let mut delete = intent(first + 1, 1, 2, IntentState::Planned);
    delete.op = Op::Delete;
    commit(&*store, &lease, |batch| {
        batch.put_intent(full.clone()).put_intent(delete.clone());
    })
    .await?;
    assert_eq!(store.intent(full.id).await?.as_ref(), Some(&full));
    assert_eq!(store.intent(delete.id).await?.as_ref(), Some(&delete));
    assert_eq!(store.intent(IntentId(first + 2)).await?, None);

    let bare = intent(first, 2, 3, IntentState::Superseded);
    commit(&*store, &lease, |batch| {
        batch.put_intent(bare.clone());
    })
    .await?;
    assert_eq!(store.intent(full.id).await?, Some(bare), "a put replaces all");
    Ok(())
}

pub(super) async fn pages_intents(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let first = store.next_ids(14).await?.start;
    let intents: Vec<Intent> = (first..first + 14)
        .zip(STATES.iter().cycle())
        .map(|(id, &state)| intent(id, 1 + id % 2, 1 + id % 4, state))
        .collect();
    commit(&*store, &lease, |batch| {
        for intent in intents.iter().rev() {
            batch.put_intent(intent.clone());
        }
    })
    .await?;
    let wanted = |pass: &dyn Fn(&Intent) -> bool| -> Vec<i64> {
        ids(&intents.iter().filter(|i| pass(i)).cloned().collect::<Vec<_>>())
    };
    let all = Page::first(100);
    let open = wanted(&|intent| {
        !matches!(intent.state, IntentState::Settled | IntentState::Refused | IntentState::Superseded)
    });
    assert_eq!(open.len(), 8);
    assert_eq!(ids(&store.open_intents(all).await?), open);
    let of = |scope| store.intents(scope, all);
    assert_eq!(ids(&of(Scope::All).await?), wanted(&|_| true));
    assert_eq!(ids(&of(Scope::Run(RunId(2))).await?), wanted(&|i| i.run == RunId(2)));
    assert_eq!(ids(&of(Scope::Link(LinkId(3))).await?), wanted(&|i| i.link == LinkId(3)));
    assert_eq!(ids(&of(Scope::Run(RunId(9))).await?), Vec::<i64>::new());

    let page = store.open_intents(Page::first(3)).await?;
    assert_eq!(Some(ids(&page).as_slice()), open.get(..3));
    let last = page.last().map_or(0, |intent| intent.id.0);
    let rest = store.open_intents(Page::after(last, 100)).await?;
    assert_eq!(Some(ids(&rest).as_slice()), open.get(3..));
    Ok(())
}

pub(super) async fn keeps_cursors(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let cursor = |text: &str| Cursor { text: text.to_owned(), saved_at: at(1) };
    commit(&*store, &lease, |batch| {
        batch
            .set_cursor("contact", Side::A, cursor("a0"))
            .set_cursor("contact", Side::B, cursor("b0"))
            .set_cursor("deal", Side::A, cursor("d0"))
            .set_cursor("contact", Side::A, cursor("a1"));
    })
    .await?;
    let read = |object, side| store.cursor(object, side);
    assert_eq!(read("contact", Side::A).await?, Some(cursor("a1")));
    assert_eq!(read("contact", Side::B).await?, Some(cursor("b0")));
    assert_eq!(read("deal", Side::A).await?, Some(cursor("d0")));
    assert_eq!(read("deal", Side::B).await?, None);
    commit(&*store, &lease, |batch| {
        batch.push(Change::SetCursor { object: "contact".to_owned(), side: Side::A, cursor: None });
    })
    .await?;
    assert_eq!(read("contact", Side::A).await?, None);
    assert_eq!(read("contact", Side::B).await?, Some(cursor("b0")));
    Ok(())
}

pub(super) async fn keeps_runs(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let states = [RunState::Running, RunState::Paused, RunState::Finished, RunState::Failed];
    let first = store.next_ids(4).await?.start;
    let mut runs: Vec<Run> = (first..)
        .zip(states)
        .map(|(id, state)| {
            let mut run = Run::new(RunId(id), "delta", at(id));
            run.state = state;
            run
        })
        .collect();
    if let Some(run) = runs.first_mut() {
        run.finished = Some(at(99));
        run.report = Some("{\"created\":1}".into());
    }
    for _ in 0..2 {
        commit(&*store, &lease, |batch| {
            for run in &runs {
                batch.put_run(run.clone());
            }
        })
        .await?;
    }
    assert_eq!(store.run(RunId(first)).await?.as_ref(), runs.first(), "with report");
    runs.reverse();
    assert_eq!(store.runs(10).await?, runs, "newest first");
    assert_eq!(Some(store.runs(2).await?.as_slice()), runs.get(..2));
    assert_eq!(store.run(RunId(first + 9)).await?, None);
    Ok(())
}

pub(super) async fn asks_and_is_answered_once(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let first = store.next_ids(3).await?.start;
    let reviews: Vec<Review> = (first..first + 3)
        .map(|id| {
            let mut review = Review::new(ReviewId(id), LinkId(id), RunId(1), "echo differs", at(1));
            review.fields = vec!["email".to_owned(), "phone".to_owned()];
            review.a = Some("{\"email\":\"a\"}".into());
            review.b = (id != first).then(|| "{\"email\":\"b\"}".into());
            review
        })
        .collect();
    commit(&*store, &lease, |batch| {
        for review in &reviews {
            batch.add_review(review.clone());
        }
    })
    .await?;
    let page = Page::first(10);
    assert_eq!(store.open_reviews(page).await?, reviews);
    commit(&*store, &lease, |batch| {
        batch.decide_review(ReviewId(first), decision());
    })
    .await?;
    let mut decided = reviews.clone();
    if let Some(review) = decided.first_mut() {
        review.decided = Some(decision());
    }
    assert_eq!(store.review(ReviewId(first)).await?.as_ref(), decided.first());
    assert_eq!(Some(store.open_reviews(page).await?.as_slice()), reviews.get(1..));
    assert_eq!(store.reviews(Scope::All, page).await?, decided);
    assert_eq!(store.reviews(Scope::Run(RunId(1)), page).await?, decided);
    let of_link = store.reviews(Scope::Link(LinkId(first + 2)), page).await?;
    assert_eq!(Some(of_link.as_slice()), reviews.get(2..));
    assert_eq!(store.reviews(Scope::All, Page::after(first + 1, 9)).await?.len(), 1);

    // Answers twice, to nothing, and the same question again are refused.
    for id in [first, first + 9] {
        let refused = commit(&*store, &lease, |batch| {
            batch.decide_review(ReviewId(id), decision());
        });
        assert!(matches!(refused.await, Err(StoreError::Invalid { .. })));
    }
    let refused = commit(&*store, &lease, |batch| {
        for review in &reviews {
            batch.add_review(review.clone());
        }
    });
    assert!(matches!(refused.await, Err(StoreError::Invalid { .. })));
    assert_eq!(store.reviews(Scope::All, page).await?, decided);
    Ok(())
}

pub(super) async fn keeps_the_logs(store: Store) -> Result<()> {
    let lease = lease(&*store).await?;
    let mut entry = ConflictEntry::new(RunId(1), LinkId(1), "phone", "\"+44\"".into(), "newest", at(1));
    entry.winner = Some(Side::B);
    entry.stamp_a = Some(at(-5));
    entry.stamp_b = Some(at(-4));
    let mut other = ConflictEntry::new(RunId(2), LinkId(2), "tags", "\"x\"".into(), "union", at(2));
    let mut error = RecordError::new(RunId(1), "contact", Side::B, "400", "no \"name\"", at(3));
    error.record = Some("17".to_owned());
    error.link = Some(LinkId(1));
    error.field = Some("name".to_owned());
    let mut lone = RecordError::new(RunId(2), "contact", Side::A, "decode", "no id", at(4));
    commit(&*store, &lease, |batch| {
        batch.add_conflict(entry.clone()).add_error(error.clone()).add_error(lone.clone()).add_conflict(other.clone());
    })
    .await?;
    let page = Page::first(10);
    let conflicts = store.conflicts(Scope::All, page).await?;
    let errors = store.errors(Scope::All, page).await?;
    // The store numbers the entries, rising; all else is as it was given.
    let numbers: Vec<i64> = conflicts.iter().map(|entry| entry.seq).collect();
    let [first, second] = numbers[..] else {
        panic!("{} conflicts instead of 2", numbers.len());
    };
    assert!(0 < first && first < second);
    (entry.seq, other.seq) = (first, second);
    assert_eq!(conflicts, [entry.clone(), other.clone()]);
    let numbers: Vec<i64> = errors.iter().map(|error| error.seq).collect();
    let [first, second] = numbers[..] else {
        panic!("{} errors instead of 2", numbers.len());
    };
    assert!(0 < first && first < second);
    (error.seq, lone.seq) = (first, second);
    assert_eq!(errors, [error.clone(), lone.clone()]);

    let rest = store.conflicts(Scope::All, Page::after(entry.seq, 10)).await?;
    assert_eq!(rest, [other.clone()]);
    let of_run = Scope::Run(RunId(2));
    assert_eq!(store.conflicts(of_run, page).await?, [other]);
    assert_eq!(store.errors(of_run, page).await?, [lone]);
    let of_link = Scope::Link(LinkId(1));
    assert_eq!(store.conflicts(of_link, page).await?, [entry]);
    assert_eq!(store.errors(of_link, page).await?, [error.clone()]);
    let of_record = |side, record| store.errors_of("contact", side, record, page);
    assert_eq!(of_record(Side::B, "17").await?, [error]);
    assert_eq!(of_record(Side::A, "17").await?, []);
    assert_eq!(of_record(Side::B, "18").await?, []);

    // What the journal says about a link outlives the link.
    let link = contact(&*store, "9").await?;
    let ids = store.next_ids(3).await?;
    store.commit(&lease, one_of_each(&link, ids.start)).await?;
    commit(&*store, &lease, |batch| {
        batch.delete_link(link.id);
    })
    .await?;
    let scope = Scope::Link(link.id);
    assert_eq!(store.intents(scope, page).await?.len(), 1);
    assert_eq!(store.reviews(scope, page).await?.len(), 1);
    assert_eq!(store.conflicts(scope, page).await?.len(), 1);
    Ok(())
}
