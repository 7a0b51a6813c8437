//! Opening a state file: whose it is, whether it is sound, and the tables in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Fault;
use crate::{Result, StoreError};

/// Marks a file as ours: the ASCII letters `CkSt`.
const APPLICATION_ID: i64 = 0x436b_5374;

/// The newest file format known here.
pub(super) const FORMAT: i64 = 1;

/// A space is one object of one sync. Equal texts within a link are kept once: see `links.rs`.
const TABLES: &str = "
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), last_id INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES (1, 0);

CREATE TABLE sync (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    owner TEXT, token INTEGER NOT NULL DEFAULT 0, until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE space (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, object TEXT NOT NULL, UNIQUE (sync, object)
) STRICT;

CREATE TABLE link (
    id INTEGER PRIMARY KEY, space INTEGER NOT NULL,
    state INTEGER NOT NULL, dirty INTEGER NOT NULL, version INTEGER NOT NULL,
    a TEXT, b TEXT, base_a ANY, base_b ANY, seen_a ANY, seen_b ANY,
    digest_a TEXT, digest_b TEXT, stamp_a INTEGER, stamp_b INTEGER, at_a INTEGER, at_b INTEGER,
    rare TEXT, counters TEXT, keys BLOB
) STRICT;
CREATE UNIQUE INDEX link_a ON link (space, a) WHERE a IS NOT NULL AND state <> 6;
CREATE UNIQUE INDEX link_b ON link (space, b) WHERE b IS NOT NULL AND state <> 6;
CREATE INDEX link_gone_a ON link (space, a) WHERE a IS NOT NULL AND state = 6;
CREATE INDEX link_gone_b ON link (space, b) WHERE b IS NOT NULL AND state = 6;
CREATE INDEX link_state ON link (space, state);
CREATE INDEX link_dirty ON link (space) WHERE dirty = 1;
CREATE TABLE match_key (
    space INTEGER NOT NULL, side INTEGER NOT NULL, hash INTEGER NOT NULL, link INTEGER NOT NULL,
    PRIMARY KEY (space, side, hash, link)
) STRICT, WITHOUT ROWID;

CREATE TABLE intent (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, space INTEGER NOT NULL,
    run INTEGER NOT NULL, batch INTEGER NOT NULL, link INTEGER NOT NULL,
    side INTEGER NOT NULL, op INTEGER NOT NULL, state INTEGER NOT NULL,
    create_key TEXT, expect TEXT, wish TEXT, image_before TEXT, image_after TEXT,
    sent_at INTEGER, error TEXT
) STRICT;
CREATE INDEX intent_run ON intent (run);
CREATE INDEX intent_link ON intent (link);
CREATE INDEX intent_open ON intent (sync) WHERE state < 4;

CREATE TABLE position (
    space INTEGER NOT NULL, side INTEGER NOT NULL, cursor TEXT NOT NULL, saved_at INTEGER NOT NULL,
    PRIMARY KEY (space, side)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, kind TEXT NOT NULL, state INTEGER NOT NULL,
    started INTEGER NOT NULL, finished INTEGER, report TEXT
) STRICT;
CREATE INDEX run_sync ON run (sync);

CREATE TABLE review (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, run INTEGER NOT NULL, link INTEGER,
    open INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX review_run ON review (run);
CREATE INDEX review_link ON review (link);
CREATE INDEX review_open ON review (sync) WHERE open = 1;
CREATE TABLE conflict (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, run INTEGER NOT NULL, link INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX conflict_run ON conflict (run);
CREATE INDEX conflict_link ON conflict (link);
CREATE TABLE error (
    id INTEGER PRIMARY KEY, sync INTEGER NOT NULL, run INTEGER NOT NULL, link INTEGER,
    space INTEGER NOT NULL, side INTEGER NOT NULL, record TEXT, body TEXT NOT NULL
) STRICT;
CREATE INDEX error_run ON error (run);
CREATE INDEX error_link ON error (link) WHERE link IS NOT NULL;
CREATE INDEX error_record ON error (space, side, record) WHERE record IS NOT NULL;
";

/// Held while a file is made and opened. POSIX drops all locks that a process has on a file as
/// soon as it closes any handle on it, so no handle of ours may be closed while another thread
/// opens the same file.
static OPENING: Mutex<()> = Mutex::new(());

/// Opens the state file, or makes it if there is none.
pub(super) fn open(path: &Path) -> Result<(Connection, PathBuf)> {
    // An absolute path also keeps SQLite from reading `file:…` as a URI.
    let path = std::path::absolute(path).map_err(|error| StoreError::io(path, error))?;
    let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    if !path.try_exists().map_err(|error| StoreError::io(&path, error))? {
        make(&path).map_err(|fault| fault.about(&path))?;
    }
    let conn = connect(&path).map_err(|fault| fault.about(&path))?;
    Ok((conn, path))
}

/// Makes the file complete under another name first: whoever finds it under its own name, even after
/// a kill in between, finds it whole. So an empty file is never taken for a new one.
fn make(path: &Path) -> Result<(), Fault> {
    let draft = beside(path, &format!(".{}.new", std::process::id()));
    let made = fill(&draft).and_then(|()| Ok(publish(&draft, path)?));
    let removed = remove(&draft);
    made?;
    Ok(removed?)
}

/// The path with something added to its file name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes an empty state file that only its owner may read.
fn fill(draft: &Path) -> Result<(), Fault> {
    remove(draft)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(draft)?;
    let conn = lock(draft)?;
    conn.execute_batch(TABLES)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    conn.pragma_update(None, "user_version", FORMAT)?;
    conn.execute_batch("COMMIT")?;
    conn.close().map_err(|(_, error)| error.into())
}

/// Gives the draft its name, unless another process was faster.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no links. Renaming would also replace a file that appeared now.
        Err(_) => fs::rename(draft, path),
        Ok(()) => Ok(()),
    }
}

/// Opens a database for this connection alone, within a transaction.
fn lock(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::ZERO)?;
    // Taken with the first access and kept until the connection is closed.
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.execute_batch("BEGIN EXCLUSIVE")?;
    Ok(conn)
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let conn = lock(path)?;
    check(&conn, path)?;
    conn.execute_batch("COMMIT")?;
    configure(&conn)?;
    restrict(path)?;
    Ok(conn)
}

/// Whether the file is ours, of a known format, and sound.
fn check(conn: &Connection, path: &Path) -> Result<(), Fault> {
    let corrupt = |detail: String| Err(Fault::Store(StoreError::Corrupt { path: path.to_owned(), detail }));
    let pragma = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("page_count")? == 0 {
        return corrupt("it is empty, which a state file never is".to_owned());
    }
    if pragma("application_id")? != APPLICATION_ID {
        return corrupt("it is a database of another program".to_owned());
    }
    let found = pragma("user_version")?;
    if found > FORMAT {
        return Err(Fault::Store(StoreError::Newer { path: path.to_owned(), found, supported: FORMAT }));
    }
    if found < 1 {
        return corrupt(format!("its format {found} was never in use"));
    }
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return corrupt(format!("it is damaged ({})", verdict.replace('\n', " ")));
    }
    Ok(())
}

/// What SQLite does not keep in the file, and the journal mode.
fn configure(conn: &Connection) -> Result<(), Fault> {
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Other(format!("journal mode is {mode}, not wal").into()));
    }
    // Each commit reaches the disk before it is reported.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    // Match keys fall on random pages. A log of up to 64 MB lets many commits share the rewriting
    // of a page, which makes storing links with keys a third faster than the usual 4 MB.
    conn.pragma_update(None, "wal_autocheckpoint", 16_000)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Takes the rights of others from a file that was copied or restored with a wider mode, and from
/// the log beside it, which SQLite makes with the mode of the file.
#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for path in [path, &beside(path, "-wal")] {
        match fs::metadata(path) {
            Ok(file) if file.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}
