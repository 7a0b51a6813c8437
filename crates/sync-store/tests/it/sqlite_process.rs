//! Two processes and one file: this test binary starts itself again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sync_store::{LinkFilter, Page, SqliteStore, StateStore, StoreError};

use crate::support::{Dir, lease, links};

/// Tells the second process which file to work on.
const FILE: &str = "SYNC_STORE_TEST_FILE";

/// Runs this test once more, in a process of its own.
fn again(test: &str, file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn given_file() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

#[tokio::test]
async fn another_process_is_locked_out_at_once() {
    if let Some(file) = given_file() {
        let opened = SqliteStore::open(file).await;
        println!("second process: {}", opened.unwrap_err());
        return;
    }
    let dir = Dir::new();
    let file = dir.file("sync.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let lease = lease(&store).await;
    // Before the first commit and after one: the lock is held between calls too. A refused
    // attempt in this process must not loosen it.
    for n in 1..3 {
        let refused = SqliteStore::open(&file).await;
        assert!(matches!(refused, Err(StoreError::Locked { .. })));
        let test = "sqlite_process::another_process_is_locked_out_at_once";
        let output = again(test, &file).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("second process: state file") && said.contains("in use"), "{said}");
        store.commit(&lease, links(n..n + 1)).await.unwrap();
    }
}

/// Links in each batch of the process that is killed.
const BATCH: i64 = 40;

#[tokio::test]
async fn a_killed_process_leaves_whole_batches_and_all_that_it_reported() {
    if let Some(file) = given_file() {
        let store = SqliteStore::open(file).await.unwrap();
        let lease = lease(&store).await;
        for n in 0.. {
            let first = n * BATCH + 1;
            store.commit(&lease, links(first..first + BATCH)).await.unwrap();
            println!("committed {}", n + 1);
        }
    }
    let dir = Dir::new();
    for (round, kill_after) in [1, 7, 30].into_iter().enumerate() {
        let file = dir.file(&format!("{round}.db"));
        let test = "sqlite_process::a_killed_process_leaves_whole_batches_and_all_that_it_reported";
        let mut process = again(test, &file);
        let mut reported = 0;
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            if let Some((_, n)) = line.unwrap().rsplit_once("committed ") {
                reported = n.parse().unwrap();
            }
            if reported >= kill_after {
                break;
            }
        }
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(reported, kill_after, "the process ended early");

        let store = SqliteStore::open(&file).await.unwrap();
        let found = store.scan_links("contact", LinkFilter::All, Page::first(u32::MAX)).await.unwrap();
        let found = i64::try_from(found.len()).unwrap();
        assert_eq!(found % BATCH, 0, "half a batch");
        assert!(found >= reported * BATCH, "{found} after {reported} batches");
    }
}
