//! Whatever is done to both stores, they answer the same.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::{collection::vec, option, sample::select};
use sync_store::{
    Batch, Blob, Change, ConflictEntry, Cursor, Decision, Intent, IntentId, IntentState, Lease, Link, LinkFilter,
    LinkId, LinkState, MatchKey, MemoryStore, Op, Page, Parked, RecordError, Review, ReviewId, Run, RunId, Scope, Seen,
    Side, SqliteStore, StateStore, Tombstone,
};

use crate::support::{Dir, now};

const SYNCS: [&str; 2] = ["one", "two"];
const OBJECTS: [&str; 2] = ["contact", "deal"];
const RECORDS: [&str; 3] = ["1", "2", "3"];
const KEYS: [&str; 3] = ["email:a", "email:b", "name:c"];

#[derive(Debug, Clone)]
enum Step {
    Acquire {
        sync: &'static str,
        owner: &'static str,
        at: i64,
    },
    Release(&'static str),
    /// A commit with the latest lease of the sync, or with one of any sync.
    Commit {
        sync: &'static str,
        lease: Option<prop::sample::Index>,
        changes: Vec<Change>,
    },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let acquire = (select(&SYNCS[..]), select(vec!["x", "y"]), 0..100_i64)
        .prop_map(|(sync, owner, at)| Step::Acquire { sync, owner, at });
    let commit = (select(&SYNCS[..]), option::weighted(0.1, any::<prop::sample::Index>()), vec(change(), 0..6))
        .prop_map(|(sync, lease, changes)| Step::Commit { sync, lease, changes });
    let step = prop_oneof![
        2 => acquire,
        1 => select(&SYNCS[..]).prop_map(Step::Release),
        20 => commit,
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..25)
}

fn side() -> impl Strategy<Value = Side> {
    select(&Side::BOTH[..])
}

fn blob() -> impl Strategy<Value = Option<Blob>> {
    option::of(select(vec!["", "{}", "{\"a\":1}"]).prop_map(Blob::from))
}

fn change() -> impl Strategy<Value = Change> {
    let object = || select(&OBJECTS[..]).prop_map(str::to_owned);
    let id = || 1..7_i64;
    prop_oneof![
        12 => (link(), option::of(vec((side(), select(&KEYS[..])), 0..4))).prop_map(|(link, keys)| {
            let keys = keys.map(|keys| {
                keys.into_iter().map(|(side, text)| MatchKey::new(side, text)).collect()
            });
            Change::PutLink { link: Box::new(link), keys }
        }),
        2 => id().prop_map(|id| Change::DeleteLink(LinkId(id))),
        4 => intent().prop_map(|intent| Change::PutIntent(Box::new(intent))),
        2 => (object(), side(), option::of(0..3_i64)).prop_map(|(object, side, cursor)| {
            let cursor = cursor.map(|n| Cursor { text: n.to_string(), saved_at: now() });
            Change::SetCursor { object, side, cursor }
        }),
        1 => (id(), blob()).prop_map(|(id, report)| {
            let mut run = Run::new(RunId(id), "once", now());
            run.report = report;
            Change::PutRun(run)
        }),
        1 => (id(), id(), blob()).prop_map(|(id, link, a)| {
            let mut review = Review::new(ReviewId(id), LinkId(link), RunId(1), "differ", now());
            review.a = a;
            Change::AddReview(review)
        }),
        1 => id().prop_map(|id| Change::DecideReview {
            id: ReviewId(id),
            decision: Decision { by: "ada".to_owned(), choice: "A".into(), at: now() },
        }),
        1 => (id(), option::of(side())).prop_map(|(link, winner)| {
            let mut entry =
                ConflictEntry::new(RunId(1), LinkId(link), "f", "x".into(), "newest", now());
            entry.winner = winner;
            Change::AddConflict(entry)
        }),
        1 => (object(), side(), option::of(select(&RECORDS[..])), option::of(id())).prop_map(
            |(object, side, record, link)| {
                let mut error = RecordError::new(RunId(2), object, side, "400", "no", now());
                error.record = record.map(str::to_owned);
                error.link = link.map(LinkId);
                Change::AddError(error)
            }
        ),
        1 => Just(Change::Erase),
    ]
}

prop_compose! {
    fn link()(
        id in 1..7_i64,
        object in select(&OBJECTS[..]),
        state in select(&LinkState::ALL[..]),
        dirty in any::<bool>(),
        records in [option::of(select(&RECORDS[..])), option::of(select(&RECORDS[..]))],
        bases in [blob(), blob()],
        seen in [blob(), blob()],
        rare in option::weighted(0.2, (side(), option::of(0..9_i64))),
    ) -> Link {
        let mut link = Link::new(LinkId(id), object);
        link.state = state;
        link.dirty = dirty;
        for ((side, record), (base, seen)) in
            Side::BOTH.into_iter().zip(records).zip(bases.into_iter().zip(seen))
        {
            let end = link.end_mut(side);
            end.id = record.map(str::to_owned);
            end.base = base;
            end.seen = seen.map(|blob| Seen {
                digest: blob.len().to_string(),
                stamp: (!blob.is_empty()).then(now),
                blob,
                seen_at: now(),
            });
        }
        if let Some((side, tries)) = rare {
            link.tombstone = Some(Tombstone { side, evidence: "404".to_owned(), at: now() });
            link.parked = tries.map(|tries| Parked {
                reason: "no".to_owned(),
                tries: u32::try_from(tries).unwrap_or_default(),
                next_at: None,
            });
        }
        link
    }
}

prop_compose! {
    fn intent()(
        id in 1..7_i64,
        run in 1..3_i64,
        link in 1..4_i64,
        object in select(&OBJECTS[..]),
        side in side(),
        op in select(vec![Op::Create, Op::Update, Op::Delete]),
        state in select(vec![
            IntentState::Planned, IntentState::Sent, IntentState::Unknown, IntentState::Acked,
            IntentState::Settled, IntentState::Refused, IntentState::Superseded,
        ]),
        wish in blob(),
    ) -> Intent {
        let mut intent =
            Intent::new(IntentId(id), RunId(run), 1, LinkId(link), object, side, op);
        intent.state = state;
        intent.wish = wish;
        intent
    }
}

/// Everything that can be asked, answered.
async fn answers(store: &dyn StateStore) -> Vec<String> {
    let mut told = Vec::new();
    macro_rules! ask {
        ($($question:expr),+ $(,)?) => {$({
            let answer = $question.await.unwrap();
            let answer = serde_json::to_string(&answer).unwrap();
            told.push(format!("{}: {answer}", stringify!($question)));
        })+};
    }
    let page = Page::first(100);
    for object in OBJECTS {
        let states = LinkState::ALL.map(LinkFilter::State);
        for filter in [LinkFilter::All, LinkFilter::Dirty].into_iter().chain(states) {
            ask!(store.scan_links(object, filter, page));
        }
        ask!(store.scan_links(object, LinkFilter::All, Page::after(2, 2)), store.count_links(object));
        for side in Side::BOTH {
            ask!(
                store.links_of(object, side, &RECORDS),
                store.find_by_keys(object, side, &KEYS),
                store.cursor(object, side),
                store.errors_of(object, side, "1", page),
            );
        }
    }
    for n in 0..4 {
        ask!(store.link(LinkId(n)), store.intent(IntentId(n)), store.run(RunId(n)), store.review(ReviewId(n)),);
        for scope in [Scope::All, Scope::Run(RunId(n)), Scope::Link(LinkId(n))] {
            ask!(
                store.intents(scope, page),
                store.reviews(scope, page),
                store.conflicts(scope, page),
                store.errors(scope, page),
            );
        }
    }
    ask!(store.open_intents(page), store.open_reviews(page), store.runs(3));
    told
}

async fn act(
    store: &dyn StateStore,
    step: &Step,
    leases: &BTreeMap<&'static str, Vec<Lease>>,
) -> Result<Option<Lease>, String> {
    let any_lease = |index: &prop::sample::Index| {
        let all: Vec<&Lease> = leases.values().flatten().collect();
        (!all.is_empty()).then(|| (*index.get(&all)).clone())
    };
    let last_lease = |sync: &str| leases.get(sync).and_then(|leases| leases.last()).cloned();
    let none = Lease { owner: String::new(), token: 0, until: now() };
    let done = match step {
        Step::Acquire { sync, owner, at } => {
            let now = now() + Duration::from_secs(u64::try_from(*at).unwrap());
            store.for_sync(sync).acquire(owner, Duration::from_secs(30), now).await.map(Some)
        }
        Step::Release(sync) => {
            let lease = last_lease(sync).unwrap_or(none);
            store.for_sync(sync).release(&lease).await.map(|()| None)
        }
        Step::Commit { sync, lease, changes } => {
            let lease = match lease {
                Some(index) => any_lease(index),
                None => last_lease(sync),
            };
            let mut batch = Batch::new();
            for change in changes {
                batch.push(change.clone());
            }
            let store = store.for_sync(sync);
            store.commit(&lease.unwrap_or(none), batch).await.map(|()| None)
        }
        Step::Reopen => Ok(None),
    };
    done.map_err(|error| error.to_string())
}

async fn compare(steps: Vec<Step>) {
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let memory = MemoryStore::new();
    let mut sqlite = SqliteStore::open(&file).await.unwrap();
    let mut leases: BTreeMap<&'static str, Vec<Lease>> = BTreeMap::new();
    for sync in SYNCS {
        for store in [&memory as &dyn StateStore, &sqlite] {
            let lease = store.for_sync(sync).acquire("x", Duration::from_secs(30), now()).await.unwrap();
            leases.insert(sync, vec![lease]);
        }
    }
    for step in &steps {
        if matches!(step, Step::Reopen) {
            drop(sqlite);
            sqlite = SqliteStore::open(&file).await.unwrap();
        }
        let wanted = act(&memory, step, &leases).await;
        let found = act(&sqlite, step, &leases).await;
        assert_eq!(found, wanted, "{step:?}");
        if let (Step::Acquire { sync, .. }, Ok(Some(lease))) = (step, wanted) {
            leases.entry(sync).or_default().push(lease);
        }
        for sync in SYNCS {
            let wanted = answers(&*memory.for_sync(sync)).await;
            let found = answers(&*sqlite.for_sync(sync)).await;
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found, wanted, "after {step:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_answer_the_same(steps in steps()) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(compare(steps));
    }
}
