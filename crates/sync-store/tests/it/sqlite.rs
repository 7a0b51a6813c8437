//! What is special about a store in a file.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use sync_store::{Change, LinkFilter, LinkId, LinkState, MatchKey, Page, Side, SqliteStore, StateStore, StoreError};

use crate::support::{Dir, lease, link, links, now};

/// A closed file with a thousand links in it.
async fn filled(file: &Path) {
    let store = SqliteStore::open(file).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&lease, links(1..1_001)).await.unwrap();
}

async fn all(store: &dyn StateStore) -> Vec<sync_store::Link> {
    store.scan_links("contact", LinkFilter::All, Page::first(10_000)).await.unwrap()
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let held = lease(&store).await;
    let other = store.for_sync("other");
    let held_there = lease(&*other).await;
    let ids = store.next_ids(10).await.unwrap();
    let mut batch = links(ids.start..ids.start + 4);
    let mut gone = link(ids.start + 4);
    gone.state = LinkState::Unlinked;
    batch
        .put_link_with_keys(gone, vec![MatchKey::new(Side::B, "k")])
        .put_link(link(ids.end - 1))
        .delete_link(LinkId(ids.end - 1));
    store.commit(&held, batch).await.unwrap();
    other
        .commit(&held_there, {
            let mut batch = sync_store::Batch::new();
            batch.put_link(link(ids.end));
            batch
        })
        .await
        .unwrap();
    let (here, there) = (all(&store).await, all(&*other).await);
    drop((store, other));

    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(all(&store).await, here);
    assert_eq!(here.len(), 5);
    assert_eq!(all(&*store.for_sync("other")).await, there);
    let found = store.find_by_key("contact", Side::B, "k").await.unwrap();
    assert_eq!(found, [LinkId(ids.start + 4)]);
    // The lease is still held, and no number that was committed comes again, deleted or not.
    let refused = store.acquire("else", Duration::ZERO, now()).await;
    assert!(matches!(refused, Err(StoreError::Held { .. })));
    store.commit(&held, links(ids.start..ids.start + 1)).await.unwrap();
    assert!(store.next_ids(1).await.unwrap().start > ids.end);
}

/// A process that is killed while it makes the file leaves its draft at most.
#[tokio::test]
async fn a_draft_left_behind_is_in_nobody_s_way() {
    let dir = Dir::new();
    let file = dir.file("sync.db");
    for id in [1, std::process::id()] {
        fs::write(dir.file(&format!("sync.db.{id}.new")), "half a file").unwrap();
    }
    filled(&file).await;
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(all(&store).await.len(), 1_000);
    drop(store);
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 2, "the file and the other process's draft");
}

#[tokio::test]
async fn a_second_store_in_this_process_is_locked_out() {
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for _ in 0..3 {
        let error = SqliteStore::open(&file).await.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("sync.db"), "{error}");
    }
    let handle = store.for_sync("other");
    drop(store);
    let error = SqliteStore::open(&file).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "a handle keeps it open");
    drop(handle);
    SqliteStore::open(&file).await.unwrap();
}

/// Opening must fail as `Corrupt`, name the file, and leave it as it is.
async fn refuses_as_corrupt(file: &Path, about: &str) {
    let before = fs::read(file).unwrap();
    let error = SqliteStore::open(file).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{about}: {error}");
    let shown = error.to_string();
    for part in [file.display().to_string().as_str(), "nothing was changed", "backup"] {
        assert!(shown.contains(part), "{about}: {shown}");
    }
    assert!(fs::read(file).unwrap() == before, "{about} was changed");
}

#[tokio::test]
async fn damaged_and_foreign_files_are_refused_untouched() {
    let dir = Dir::new();
    let good = dir.file("good.db");
    filled(&good).await;
    let bytes = fs::read(&good).unwrap();
    let file = dir.file("bad.db");

    for keep in [0, 1, 50, 100, 4_096, bytes.len() / 2, bytes.len() - 4_096] {
        fs::write(&file, &bytes[..keep]).unwrap();
        refuses_as_corrupt(&file, &format!("the first {keep} bytes")).await;
    }
    for page in [1, 7, bytes.len() / 4_096 - 1] {
        let mut damaged = bytes.clone();
        damaged[page * 4_096..][..4_096].fill(0xa5);
        fs::write(&file, damaged).unwrap();
        refuses_as_corrupt(&file, &format!("page {page} overwritten")).await;
    }
    let text = b"{\"this is\": \"not a database at all\"}\n".repeat(200);
    for text in [&b"hello"[..], &text] {
        fs::write(&file, text).unwrap();
        refuses_as_corrupt(&file, "a text file").await;
    }
    fs::remove_file(&file).unwrap();
    let foreign = Connection::open(&file).unwrap();
    foreign.execute_batch("CREATE TABLE notes (t)").unwrap();
    drop(foreign);
    refuses_as_corrupt(&file, "a database of another program").await;

    // The undamaged copy is fine.
    fs::write(&file, &bytes).unwrap();
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(all(&store).await.len(), 1_000);
}

#[tokio::test]
async fn a_newer_file_is_refused_untouched() {
    let dir = Dir::new();
    let file = dir.file("sync.db");
    filled(&file).await;
    let newer = Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(&file).unwrap();
    let error = SqliteStore::open(&file).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, supported: 1, .. }), "{error}");
    assert!(error.to_string().contains("upgrade"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
}

#[tokio::test]
async fn places_where_no_file_can_be_are_refused() {
    let dir = Dir::new();
    let plain = dir.file("plain");
    fs::write(&plain, "x").unwrap();
    for place in [dir.file("missing/sync.db"), plain.join("sync.db"), dir.path().to_owned()] {
        let error = SqliteStore::open(&place).await.unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        let shown = error.to_string();
        assert!(shown.contains(&place.display().to_string()), "{shown}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_place_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    let file = dir.file("sync.db");
    filled(&file).await;
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file, 0o400);
    mode(dir.path(), 0o500);
    // The superuser may write everywhere, so for it there is nothing to refuse.
    let may_write = fs::write(dir.file("probe"), "").is_ok();
    for place in [file.clone(), dir.file("new.db")] {
        let opened = SqliteStore::open(&place).await;
        match opened {
            Ok(_) => assert!(may_write, "{} was opened", place.display()),
            Err(error) => {
                assert!(!may_write, "{error}");
                assert!(matches!(error, StoreError::Io { .. }), "{error}");
            }
        }
    }
    mode(dir.path(), 0o700);
    mode(&file, 0o600);
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(all(&store).await.len(), 1_000);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let modes = || -> Vec<u32> {
        let entries = fs::read_dir(dir.path()).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777).collect()
    };
    for _ in 0..2 {
        let store = SqliteStore::open(&file).await.unwrap();
        let lease = lease(&store).await;
        store.commit(&lease, links(1..2)).await.unwrap();
        assert_eq!(modes(), [0o600, 0o600], "the file and its log");
        drop(store);
        assert_eq!(modes(), [0o600]);
        // As if it had been copied carelessly.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    }
}

#[tokio::test]
async fn what_is_erased_is_not_in_the_file() {
    const CANARY: &[u8] = b"person7@example.com";
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let holds_canary = || {
        let entries = fs::read_dir(dir.path()).unwrap();
        entries.into_iter().any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(CANARY.len()).any(|part| part == CANARY)
        })
    };
    // Reading the file would drop SQLite's lock on it, so look only while it is closed.
    filled(&file).await;
    assert!(holds_canary());
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = lease(&store).await;
    let mut batch = sync_store::Batch::new();
    batch.push(Change::Erase);
    store.commit(&lease, batch).await.unwrap();
    drop(store);
    assert!(!holds_canary());
}

/// A simulation on a paused clock must not see time fly while the store is at work.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_stands_still_while_the_store_works() {
    let dir = Dir::new();
    let begin = tokio::time::Instant::now();
    let day = Duration::from_secs(86_400);
    let work = async {
        let store = SqliteStore::open(dir.file("sync.db")).await.unwrap();
        let lease = lease(&store).await;
        for n in 1..20 {
            store.commit(&lease, links(n..n + 50)).await.unwrap();
        }
    };
    tokio::time::timeout(day, work).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_store_is_shared_by_clones_and_shown_without_contents() {
    let dir = Dir::new();
    let store = SqliteStore::open(dir.file("sync.db")).await.unwrap();
    let lease = lease(&store).await;
    let clone: Arc<dyn StateStore> = Arc::new(store.clone());
    clone.commit(&lease, links(1..3)).await.unwrap();
    assert_eq!(all(&store).await.len(), 2);
    assert!(store.path().is_absolute());
    assert!(format!("{clone:?}").contains("sync.db"));
}
