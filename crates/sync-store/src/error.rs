//! What can go wrong with a store, told to the person who must act.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::{LinkId, Side};

/// Why the store could not do what was asked. Nothing was changed in any of these cases.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another store in this one, has the file open.
    #[error(
        "state file {} is in use by another process, or opened twice in this one; stop that process (on Unix `lsof {}` names it) or choose another file; nothing was changed",
        .path.display(), .path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or is no state file.
    #[error(
        "state file {} cannot be used: {detail}; nothing was changed; restore the file from a backup, or move it away to start with an empty state (records are then matched anew, none is deleted)",
        .path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file was written by a newer version.
    #[error(
        "state file {} has format {found}, this version knows formats up to {supported}; upgrade the program, or use the one that wrote the file; nothing was changed",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        supported: i64,
    },
    /// The lease was released, or another worker has taken it over.
    #[error(
        "lease {token} of sync `{sync_id}` is no longer held: another worker took over, or it was released; stop this worker, or acquire a new lease and plan anew; nothing was changed"
    )]
    StaleLease {
        /// The sync.
        sync_id: String,
        /// The token that was presented.
        token: u64,
    },
    /// Another worker holds the lease.
    #[error("sync `{sync_id}` is being run by `{by}` until {until}; wait until then, or stop that worker")]
    Held {
        /// The sync.
        sync_id: String,
        /// The owner of the lease.
        by: String,
        /// When it ends, unless it is renewed.
        until: DateTime<Utc>,
    },
    /// Two links claim one record.
    #[error(
        "link {link} cannot claim {object} `{record}` on side {side}: link {holder} has it; unlink or merge that link first; nothing was changed"
    )]
    Conflict {
        /// The kind of record.
        object: String,
        /// The side.
        side: Side,
        /// The vendor's id.
        record: String,
        /// The link that claimed it.
        link: LinkId,
        /// The link that has it.
        holder: LinkId,
    },
    /// A change contradicts what is stored: an error in the caller's code.
    #[error("change refused: {reason}; nothing was changed")]
    Invalid {
        /// What contradicts what.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "no space left for state file {}; free some space and run again; nothing was changed", .path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error(
        "state file {} could not be read or written: {source}; check that the directory exists, that file and directory are writable by this user, and that the disk is healthy",
        .path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// An [`StoreError::Io`] about `path`.
    pub fn io(path: impl AsRef<Path>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError::Io { path: path.as_ref().to_owned(), source: source.into() }
    }

    /// An [`StoreError::Invalid`].
    pub fn invalid(reason: impl Into<String>) -> StoreError {
        StoreError::Invalid { reason: reason.into() }
    }
}

/// The result of an operation of a store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
