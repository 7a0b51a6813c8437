//! The contract suite on every store.

use std::sync::Arc;

use sync_store::{MemoryStore, StateStore, contract};

#[tokio::test]
async fn memory() {
    contract::run(async || Arc::new(MemoryStore::new()) as Arc<dyn StateStore>).await;
}

/// Handles on a sync that is not the first behave the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_by_threads() {
    contract::run(async || MemoryStore::new().for_sync("second")).await;
}

#[cfg(feature = "sqlite")]
async fn sqlite_suite() {
    use std::sync::atomic::{AtomicU32, Ordering};

    let dir = crate::support::Dir::new();
    let count = AtomicU32::new(0);
    contract::run(async || {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let file = dir.file(&format!("{n}.db"));
        Arc::new(sync_store::SqliteStore::open(file).await.unwrap()) as Arc<dyn StateStore>
    })
    .await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite() {
    sqlite_suite().await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_by_threads() {
    sqlite_suite().await;
}
