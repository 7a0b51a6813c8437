//! What cannot be seen from outside: how statements are carried out, and a full disk.

use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;

use super::{SqliteStore, journal, links};
use crate::{Batch, Lease, Link, LinkFilter, LinkId, LinkState, Page, RunId, Scope, Side, StateStore, StoreError};

/// A file that is removed at the end of the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> File {
        let name = format!("sync-store-{}-{name}.db", std::process::id());
        File(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn lease(store: &SqliteStore) -> Lease {
    let now = DateTime::from_timestamp(0, 0).unwrap();
    let ttl = Duration::from_secs(1);
    store.acquire("test", ttl, now).await.unwrap()
}

/// Every read finds its rows by an index in the order in which it returns them: none looks
/// at rows that are not of its page, and none sorts.
#[tokio::test]
async fn reads_search_and_never_scan_or_sort() {
    let file = File::new("plans");
    let store = SqliteStore::open(&file.0).await.unwrap();
    let db = store.db.lock().await;
    let mut reads = vec![
        (links::BY_KEY.to_owned(), "PRIMARY KEY"),
        (links::COUNT.to_owned(), "COVERING INDEX link_state"),
        (links::scan_sql(LinkFilter::All), "PRIMARY KEY"),
        (links::scan_sql(LinkFilter::Dirty), "INDEX link_dirty"),
        (links::scan_sql(LinkFilter::State(LinkState::Seen)), "INDEX link_state"),
        (journal::intents_sql(journal::OPEN_INTENT), "INDEX intent_open"),
        (journal::bodies_sql("review", journal::OPEN_REVIEW), "INDEX review_open"),
        (journal::ERRORS_OF.to_owned(), "INDEX error_record"),
    ];
    for (side, indexes) in
        Side::BOTH.into_iter().zip([["INDEX link_a", "INDEX link_gone_a"], ["INDEX link_b", "INDEX link_gone_b"]])
    {
        reads.extend(links::by_record_sql(side).into_iter().zip(indexes));
    }
    for (scope, way) in [(Scope::All, "PRIMARY KEY"), (Scope::Run(RunId(1)), "_run"), (Scope::Link(LinkId(1)), "_link")]
    {
        let (wanted, _) = journal::condition(scope);
        reads.push((journal::intents_sql(wanted), way));
        for table in ["review", "conflict", "error"] {
            reads.push((journal::bodies_sql(table, wanted), way));
        }
    }
    for (sql, way) in reads {
        let mut explain = db.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // Parameters that are not bound are null, which does not change the plan.
        let mut rows = explain.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>("detail").unwrap());
        }
        let shown = format!("{sql}\n{plan:#?}");
        assert!(plan.iter().all(|step| step.starts_with("SEARCH")), "{shown}");
        assert!(plan.iter().any(|step| step.contains(way)), "{way}: {shown}");
    }
}

#[tokio::test]
async fn a_full_disk_leaves_everything_as_it_was() {
    let file = File::new("full");
    let store = SqliteStore::open(&file.0).await.unwrap();
    let lease = lease(&store).await;
    let batch = |range: std::ops::Range<i64>| {
        let mut batch = Batch::new();
        for n in range {
            let mut link = Link::seen(LinkId(n), "contact", Side::A, n.to_string());
            link.a.base = Some("x".repeat(1_000).into());
            batch.put_link(link);
        }
        batch
    };
    store.commit(&lease, batch(1..11)).await.unwrap();
    let limit = |pages: i64| {
        let store = store.clone();
        async move {
            let db = store.db.lock().await;
            let set = format!("PRAGMA max_page_count = {pages}");
            db.conn.query_row(&set, [], |row| row.get::<_, i64>(0)).unwrap();
        }
    };
    limit(60).await;
    let error = store.commit(&lease, batch(11..1_011)).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let all = || store.scan_links("contact", LinkFilter::All, Page::first(10_000));
    assert_eq!(all().await.unwrap().len(), 10);

    // Once there is space, the same batch goes through.
    limit(1_000_000).await;
    store.commit(&lease, batch(11..1_011)).await.unwrap();
    assert_eq!(all().await.unwrap().len(), 1_010);
}

/// A row that another hand changed is an error that names the file, not a panic.
#[tokio::test]
async fn an_unreadable_row_is_reported_as_damage() {
    let file = File::new("row");
    let store = SqliteStore::open(&file.0).await.unwrap();
    let lease = lease(&store).await;
    let mut batch = Batch::new();
    batch.put_link(Link::seen(LinkId(1), "contact", Side::A, "1"));
    store.commit(&lease, batch).await.unwrap();
    for damage in [
        "base_a = 0",
        "base_b = 3",
        "seen_a = x'00', at_a = 0",
        "seen_a = 'text without a time'",
        "state = 9",
        "rare = '{'",
        "rare = '{\"parked\":{\"reason\":\"canary\"}}'",
    ] {
        {
            let db = store.db.lock().await;
            db.conn.execute_batch("SAVEPOINT damage").unwrap();
            let change = format!("UPDATE link SET {damage}");
            db.conn.execute_batch(&change).unwrap();
        }
        let error = store.link(LinkId(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{damage}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        let db = store.db.lock().await;
        db.conn.execute_batch("ROLLBACK").unwrap();
    }
    assert!(store.link(LinkId(1)).await.unwrap().is_some());
}
