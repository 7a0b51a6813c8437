//! How fast links are stored, against bare SQLite inserts of the same bytes in the same run.
//!
//! `cargo run --release -p sync-store --example store_speed [links] [batch]`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement that is read by a person")]

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use sync_store::{
    Batch, Blob, Lease, Link, LinkFilter, LinkId, LinkState, MatchKey, Page, Seen, Side, SqliteStore, StateStore,
};
use tokio::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().unwrap());
    let count: i64 = args.next().unwrap_or(100_000);
    let batch: i64 = args.next().unwrap_or(200);
    let dir = std::env::temp_dir().join(format!("store-speed-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    println!("{count} links in batches of {batch}, one durable commit each; 15 fields a side");
    for (about, different, keys) in [
        ("both sides show the same text, no keys", false, 0),
        ("each side has its own text, no keys", true, 0),
        ("each side has its own text, 2 keys a side", true, 2),
    ] {
        let links = links(count, different);
        let floor = bare(&dir.join("bare.db"), &links, batch);
        let file = dir.join("store.db");
        println!("\n{about}");
        println!(
            "  bare SQLite      {floor:>9.0} links/s  1.00  {:>4} B a link on disk",
            size(&dir.join("bare.db")) / count
        );
        store(&file, links, batch, keys, floor).await;
        for file in [file, dir.join("bare.db")] {
            std::fs::remove_file(file).unwrap();
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// Linked pairs at rest: what each side shows is what both agreed on.
fn links(count: i64, different: bool) -> Vec<Link> {
    (1..=count)
        .map(|n| {
            // Record ids in no order, as vendors give them.
            let scattered = n.wrapping_mul(2_654_435_761) % 100_000_000_000;
            let mut link = Link::seen(LinkId(n), "contact", Side::A, scattered.to_string());
            link.b.id = Some(format!("003{scattered:012}AAA"));
            link.state = LinkState::Linked;
            for side in Side::BOTH {
                let blob = text(n, if different { side } else { Side::A });
                let end = link.end_mut(side);
                end.base = Some(blob.clone());
                end.seen = Some(Seen {
                    digest: format!("{scattered:016x}"),
                    stamp: Some(now() - Duration::from_secs(scattered.unsigned_abs() % 10_000_000)),
                    blob,
                    seen_at: now(),
                });
            }
            link
        })
        .collect()
}

/// About 400 bytes: 15 fields of a contact.
fn text(n: i64, side: Side) -> Blob {
    let plus = if side == Side::A { "" } else { "+" };
    format!(
        "{{\"first_name\":\"Ada{n}\",\"last_name\":\"Lovelace\",\"email\":\"ada.{n}@example.com\",\
         \"phone\":\"{plus}44 20 7946 {n:06}\",\"mobile\":\"{plus}44 7700 {n:06}\",\
         \"title\":\"Analyst\",\"company\":\"Engines {}\",\"street\":\"{n} Ockham Road\",\
         \"city\":\"London\",\"zip\":\"W1 {}\",\"country\":\"GB\",\"owner\":\"{}\",\
         \"status\":\"customer\",\"opt_in\":\"out\",\"tags\":[\"math\",\"vip\"],\"score\":{}}}",
        n % 5_000,
        n % 100,
        n % 40,
        n % 97
    )
    .into()
}

fn size(file: &Path) -> i64 {
    i64::try_from(std::fs::metadata(file).unwrap().len()).unwrap()
}

fn rate(count: usize, begin: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / begin.elapsed().as_secs_f64()
}

/// The same bytes and the two indexes that any such table needs, with nothing around them.
fn bare(file: &Path, links: &[Link], batch: i64) -> f64 {
    let mut conn = Connection::open(file).unwrap();
    conn.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 16000;
         CREATE TABLE link (id INTEGER PRIMARY KEY, a TEXT, b TEXT, base_a TEXT, base_b TEXT,
             digest_a TEXT, digest_b TEXT, stamp_a INTEGER, stamp_b INTEGER,
             at_a INTEGER, at_b INTEGER);
         CREATE UNIQUE INDEX link_a ON link (a);
         CREATE UNIQUE INDEX link_b ON link (b);",
    )
    .unwrap();
    let begin = Instant::now();
    for part in links.chunks(usize::try_from(batch).unwrap()) {
        let tx = conn.transaction().unwrap();
        for link in part {
            let (a, b) = (link.a.seen.as_ref(), link.b.seen.as_ref());
            let digest = |seen: Option<&Seen>| seen.map(|seen| seen.digest.clone());
            let stamp = |seen: Option<&Seen>| seen.and_then(|seen| seen.stamp).map(|at| at.timestamp_micros());
            let at = |seen: Option<&Seen>| seen.map(|seen| seen.seen_at.timestamp_micros());
            let base_b = (link.a.base != link.b.base).then_some(link.b.base.as_deref());
            tx.prepare_cached("INSERT INTO link VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
                .unwrap()
                .execute(rusqlite::params![
                    link.id.0,
                    link.a.id,
                    link.b.id,
                    link.a.base.as_deref(),
                    base_b,
                    digest(a),
                    digest(b),
                    stamp(a),
                    stamp(b),
                    at(a),
                    at(b),
                ])
                .unwrap();
        }
        tx.commit().unwrap();
    }
    rate(links.len(), begin)
}

async fn store(file: &Path, mut links: Vec<Link>, batch: i64, keys: i64, floor: f64) {
    let store = SqliteStore::open(file).await.unwrap();
    let lease = store.acquire("speed", Duration::from_secs(3_600), now()).await.unwrap();
    let tell = |what: &str, rate: f64| {
        println!("  {what:16} {rate:>9.0} links/s  {:.2}", rate / floor);
    };

    let took = put(&store, &lease, &links, batch, keys).await;
    // Closing brings the log into the file.
    drop(store);
    let bytes = size(file) / i64::try_from(links.len()).unwrap();
    println!("  insert           {took:>9.0} links/s  {:.2}  {bytes:>4} B a link on disk", took / floor);
    let store = SqliteStore::open(file).await.unwrap();
    for link in &mut links {
        link.a.base = Some(text(link.id.0 + 1, Side::A));
        if let Some(seen) = &mut link.a.seen {
            seen.blob = text(link.id.0 + 1, Side::A);
        }
    }
    let took = put(&store, &lease, &links, batch, 0).await;
    tell("new text", took);
    for link in &mut links {
        link.dirty = true;
    }
    let took = put(&store, &lease, &links, batch, 0).await;
    tell("mark dirty", took);

    let begin = Instant::now();
    let mut page = Page::first(1_000);
    let mut read = 0;
    loop {
        let part = store.scan_links("contact", LinkFilter::Dirty, page).await.unwrap();
        let Some(last) = part.last() else { break };
        page.after = last.id.0;
        read += part.len();
    }
    assert_eq!(read, links.len());
    tell("scan dirty", rate(read, begin));

    let begin = Instant::now();
    for part in links.chunks(usize::try_from(batch).unwrap()) {
        let ids: Vec<&str> = part.iter().filter_map(|link| link.record(Side::B)).collect();
        let found = store.links_of("contact", Side::B, &ids).await.unwrap();
        assert!(found.iter().all(Option::is_some));
    }
    tell("find by record", rate(links.len(), begin));
}

async fn put(store: &SqliteStore, lease: &Lease, links: &[Link], size: i64, keys: i64) -> f64 {
    let mut took = Duration::ZERO;
    for part in links.chunks(usize::try_from(size).unwrap()) {
        let mut batch = Batch::new();
        for link in part {
            if keys == 0 {
                batch.put_link(link.clone());
            } else {
                batch.put_link_with_keys(link.clone(), match_keys(link, keys));
            }
        }
        let begin = Instant::now();
        store.commit(lease, batch).await.unwrap();
        took += begin.elapsed();
    }
    f64::from(u32::try_from(links.len()).unwrap()) / took.as_secs_f64()
}

fn match_keys(link: &Link, keys: i64) -> Vec<MatchKey> {
    let key = |side| move |n| MatchKey::new(side, format!("key{n}:{}", link.id));
    let of = |side| (0..keys).map(key(side));
    Side::BOTH.into_iter().flat_map(of).collect()
}
