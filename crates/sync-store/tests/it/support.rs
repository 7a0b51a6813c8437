//! A directory for one test, and a link to put.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sync_store::{Batch, Lease, Link, LinkId, Side, StateStore};

/// A directory that is removed at the end of the test.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Dir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sync-store-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

pub(crate) async fn lease(store: &dyn StateStore) -> Lease {
    store.acquire("test", Duration::from_secs(60), now()).await.unwrap()
}

/// A linked pair with some text, numbered `n`.
pub(crate) fn link(n: i64) -> Link {
    let mut link = Link::seen(LinkId(n), "contact", Side::A, format!("a{n}"));
    link.b.id = Some(format!("b{n}"));
    link.a.base = Some(format!("{{\"email\":\"person{n}@example.com\"}}").into());
    link
}

/// Links `range`, in one batch.
pub(crate) fn links(range: std::ops::Range<i64>) -> Batch {
    let mut batch = Batch::new();
    for n in range {
        batch.put_link(link(n));
    }
    batch
}
