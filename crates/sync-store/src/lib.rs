//! Where a sync remembers: links with what each side showed, the journal of intents, cursors, runs,
//! the review queue, the conflict log, and the lease that keeps two workers apart. One trait,
//! [`StateStore`], implemented by [`MemoryStore`] and by `SqliteStore` (feature `sqlite`, on by
//! default), which passes the same [`contract`] suite.
//!
//! ```
//! use std::time::Duration;
//! use chrono::DateTime;
//! use sync_store::{
//!     Batch, Cursor, Link, LinkId, MatchKey, MemoryStore, Side, StateStore, StoreError,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let now = DateTime::UNIX_EPOCH;
//! let store = MemoryStore::new().for_sync("contacts");
//! let lease = store.acquire("worker-1", Duration::from_secs(60), now).await?;
//!
//! // A record was seen on side A. It and the cursor behind it are stored together or not at all.
//! let id = LinkId(store.next_ids(1).await?.start);
//! let mut link = Link::seen(id, "contact", Side::A, "4711");
//! link.dirty = true;
//! let key = MatchKey::new(Side::A, "email:ada@example.com");
//! let cursor = Cursor { text: "2026-01-01T00:00:00Z/4711".into(), saved_at: now };
//! let mut batch = Batch::new();
//! batch.put_link_with_keys(link, vec![key]).set_cursor("contact", Side::A, cursor);
//! store.commit(&lease, batch).await?;
//! assert_eq!(store.find_by_key("contact", Side::A, "email:ada@example.com").await?, [id]);
//!
//! // Another worker has to wait, and after it took over, the first can write no more.
//! let refused = store.acquire("worker-2", Duration::from_secs(60), now).await.unwrap_err();
//! assert_eq!(
//!     refused.to_string(),
//!     "sync `contacts` is being run by `worker-1` until 1970-01-01 00:01:00 UTC; \
//!      wait until then, or stop that worker"
//! );
//! let later = now + Duration::from_secs(60);
//! store.acquire("worker-2", Duration::from_secs(60), later).await?;
//! let refused = store.commit(&lease, Batch::new()).await;
//! assert!(matches!(refused, Err(StoreError::StaleLease { .. })));
//! # Ok(()) }
//! ```
//!
//! The store knows no vendor and no field: bases, observations and wishes are [`Blob`]s, record ids
//! are text, kinds of records are names. It reads no clock. Everything is written by
//! [`StateStore::commit`], atomically, durably, and only with the latest lease.

mod batch;
pub mod contract;
mod error;
mod journal;
mod link;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use batch::{Batch, Change};
pub use error::{Result, StoreError};
pub use journal::{
    ConflictEntry, Cursor, Decision, Intent, IntentId, IntentState, Op, RecordError, Review, ReviewId, Run, RunId,
    RunState,
};
pub use link::{Blob, End, Link, LinkId, LinkState, MatchKey, Parked, ReviewMark, Seen, Side, Tombstone};
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use store::{Lease, LinkFilter, Page, Scope, StateStore};
