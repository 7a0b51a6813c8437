//! The store in one SQLite file.

mod codec;
mod journal;
mod lease;
mod links;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use tokio::sync::Mutex;

use crate::{
    Batch, ConflictEntry, Cursor, Intent, IntentId, Lease, Link, LinkFilter, LinkId, LinkState, Page, RecordError,
    Result, Review, ReviewId, Run, RunId, Scope, Side, StateStore, StoreError,
};

/// A store in one SQLite file (write-ahead log, `synchronous = FULL`): the default.
///
/// The file belongs to the process that has it open, until the last clone and handle is dropped;
/// it is readable by its owner alone. Beside it, while it is open and after a crash, lies
/// `<file>-wal` (up to about 64 MB), which is part of it: back up or move both, or neither.
/// Dropping the last handle brings the log into the file, on the thread that drops it.
///
/// Calls run one after the other, in the order in which they were made, on the runtime's blocking
/// threads. The example `store_speed` compares it with bare SQLite.
#[derive(Clone)]
pub struct SqliteStore {
    sync_id: Arc<str>,
    path: Arc<PathBuf>,
    db: Arc<Mutex<Db>>,
}

impl SqliteStore {
    /// Opens a state file, or makes it if there is none, as a handle on the sync `default`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] at once if another process, or another store in this one, has it
    /// open · [`StoreError::Corrupt`] if it is empty, damaged or no state file ·
    /// [`StoreError::Newer`] · [`StoreError::Io`] if the directory is missing or not writable. An
    /// existing file is not changed in any of these cases.
    pub async fn open(path: impl AsRef<Path>) -> Result<SqliteStore> {
        let path = path.as_ref().to_owned();
        let shown = path.clone();
        let opened = tokio::task::spawn_blocking(move || Db::open(&path)).await;
        let (db, path) = opened.map_err(|error| StoreError::io(shown, error))??;
        Ok(SqliteStore {
            sync_id: crate::store::DEFAULT_SYNC.into(),
            path: Arc::new(path),
            db: Arc::new(Mutex::new(db)),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on a blocking thread, with the database to itself.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db, &str) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        // The lock is fair, and is held until the work is done even if this future is dropped.
        let mut db = Arc::clone(&self.db).lock_owned().await;
        let sync = Arc::clone(&self.sync_id);
        let done = tokio::task::spawn_blocking(move || work(&mut db, &sync)).await;
        done.map_err(|error| StoreError::io(&*self.path, error))?.map_err(|fault| fault.about(&self.path))
    }

    /// Reads from this sync's rows; a sync that stored nothing yet has the default to tell.
    async fn read<T: Default + Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, SyncNo) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        self.run(|db, sync| match sync_no(&db.conn, sync)? {
            Some(sync) => read(&db.conn, sync),
            None => Ok(T::default()),
        })
        .await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("sync_id", &self.sync_id).field("path", &self.path).finish_non_exhaustive()
    }
}

/// The connection, and the last number that was given out.
struct Db {
    conn: Connection,
    last_id: i64,
}

impl Db {
    fn open(path: &Path) -> Result<(Db, PathBuf)> {
        let (conn, path) = schema::open(path)?;
        let last_id = conn
            .query_row("SELECT last_id FROM meta", [], |row| row.get(0))
            .map_err(|error| Fault::Sql(error).about(&path))?;
        Ok((Db { conn, last_id }, path))
    }
}

/// The number of a sync in the file.
type SyncNo = i64;

fn sync_no(conn: &Connection, name: &str) -> Result<Option<SyncNo>, Fault> {
    let mut find = conn.prepare_cached("SELECT id FROM sync WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}

/// The number of an object of a sync in the file.
type SpaceNo = i64;

fn space_no(conn: &Connection, sync: SyncNo, object: &str) -> Result<Option<SpaceNo>, Fault> {
    let mut find = conn.prepare_cached("SELECT id FROM space WHERE sync = ?1 AND object = ?2")?;
    Ok(find.query_row((sync, object), |row| row.get(0)).optional()?)
}

/// What went wrong, before the file is named.
enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault::Other(error.into())
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Store(error)
    }
}

impl Fault {
    fn about(self, path: &Path) -> StoreError {
        let error = match self {
            Fault::Store(error) => return error,
            Fault::Other(error) => return StoreError::io(path, error),
            Fault::Sql(error) => error,
        };
        let path = path.to_owned();
        let corrupt = |detail: String, path| StoreError::Corrupt { path, detail };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
            Some(ErrorCode::NotADatabase) => corrupt("it is no SQLite database".to_owned(), path),
            Some(ErrorCode::DatabaseCorrupt) => corrupt(format!("it is damaged ({error})"), path),
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(_) => StoreError::io(path, error),
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
                | rusqlite::Error::InvalidColumnType(..) => {
                    corrupt(format!("a row in it cannot be read ({error})"), path)
                }
                error => StoreError::io(path, error),
            },
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[async_trait]
impl StateStore for SqliteStore {
    fn sync_id(&self) -> &str {
        &self.sync_id
    }

    fn for_sync(&self, sync_id: &str) -> Arc<dyn StateStore> {
        Arc::new(SqliteStore { sync_id: sync_id.into(), ..self.clone() })
    }

    async fn acquire(&self, owner: &str, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        let owner = owner.to_owned();
        self.run(move |db, sync| lease::acquire(db, sync, owner, ttl, now)).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Lease> {
        let lease = lease.clone();
        self.run(move |db, sync| lease::renew(&db.conn, sync, lease, ttl, now)).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let token = lease.token;
        self.run(move |db, sync| lease::release(&db.conn, sync, token)).await
    }

    async fn next_ids(&self, n: u32) -> Result<Range<i64>> {
        let mut db = self.db.lock().await;
        let first = db.last_id + 1;
        db.last_id += i64::from(n);
        Ok(first..db.last_id + 1)
    }

    async fn commit(&self, lease: &Lease, batch: Batch) -> Result<()> {
        let token = lease.token;
        self.run(move |db, sync| write::commit(db, sync, token, batch)).await
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>> {
        self.read(move |conn, sync| links::by_id(conn, sync, id)).await
    }

    async fn links_of(&self, object: &str, side: Side, records: &[&str]) -> Result<Vec<Option<Link>>> {
        let (object, records) = (object.to_owned(), owned(records));
        let len = records.len();
        let mut found = self.read(move |conn, sync| links::by_records(conn, sync, &object, side, &records)).await?;
        found.resize(len, None);
        Ok(found)
    }

    async fn find_by_keys(&self, object: &str, side: Side, keys: &[&str]) -> Result<Vec<Vec<LinkId>>> {
        let (object, keys) = (object.to_owned(), owned(keys));
        let len = keys.len();
        let mut found = self.read(move |conn, sync| links::by_keys(conn, sync, &object, side, &keys)).await?;
        found.resize(len, Vec::new());
        Ok(found)
    }

    async fn scan_links(&self, object: &str, filter: LinkFilter, page: Page) -> Result<Vec<Link>> {
        let object = object.to_owned();
        self.read(move |conn, sync| links::scan(conn, sync, &object, filter, page)).await
    }

    async fn count_links(&self, object: &str) -> Result<BTreeMap<LinkState, u64>> {
        let object = object.to_owned();
        self.read(move |conn, sync| links::count(conn, sync, &object)).await
    }

    async fn intent(&self, id: IntentId) -> Result<Option<Intent>> {
        self.read(move |conn, sync| journal::intent(conn, sync, id)).await
    }

    async fn intents(&self, scope: Scope, page: Page) -> Result<Vec<Intent>> {
        self.read(move |conn, sync| journal::intents(conn, sync, scope, page)).await
    }

    async fn open_intents(&self, page: Page) -> Result<Vec<Intent>> {
        self.read(move |conn, sync| journal::open_intents(conn, sync, page)).await
    }

    async fn cursor(&self, object: &str, side: Side) -> Result<Option<Cursor>> {
        let object = object.to_owned();
        self.read(move |conn, sync| journal::cursor(conn, sync, &object, side)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        self.read(move |conn, sync| journal::run(conn, sync, id)).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        self.read(move |conn, sync| journal::runs(conn, sync, limit)).await
    }

    async fn review(&self, id: ReviewId) -> Result<Option<Review>> {
        self.read(move |conn, sync| journal::review(conn, sync, id)).await
    }

    async fn reviews(&self, scope: Scope, page: Page) -> Result<Vec<Review>> {
        self.read(move |conn, sync| journal::reviews(conn, sync, scope, page)).await
    }

    async fn open_reviews(&self, page: Page) -> Result<Vec<Review>> {
        self.read(move |conn, sync| journal::open_reviews(conn, sync, page)).await
    }

    async fn conflicts(&self, scope: Scope, page: Page) -> Result<Vec<ConflictEntry>> {
        self.read(move |conn, sync| journal::conflicts(conn, sync, scope, page)).await
    }

    async fn errors(&self, scope: Scope, page: Page) -> Result<Vec<RecordError>> {
        self.read(move |conn, sync| journal::errors(conn, sync, scope, page)).await
    }

    async fn errors_of(&self, object: &str, side: Side, record: &str, page: Page) -> Result<Vec<RecordError>> {
        let (object, record) = (object.to_owned(), record.to_owned());
        self.read(move |conn, sync| journal::errors_of(conn, sync, &object, side, &record, page)).await
    }
}
