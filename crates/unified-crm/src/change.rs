use std::fmt;

use crm_model::{Deleted, RemoteId};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Where a change feed was left. Opaque; only the collection that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps a cursor as an adapter wrote it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One event of a change feed: first [`Started`](Self::Started), then records and deletions in no particular order,
/// possibly repeated, and last [`Finished`](Self::Finished). A feed that ends without it, or with an error, was not
/// complete: keep the old cursor.
#[derive(Debug)]
#[non_exhaustive]
pub enum Change<R> {
    /// The feed begins.
    Started {
        /// Whether everything that is alive will be told, and not only what changed: a first read, or a vendor
        /// without an order by time. Even then, what is not told is not deleted.
        complete: bool,
    },
    /// A record that is alive, as it is now.
    Record(R),
    /// A record that is positively known to be deleted.
    Deleted {
        /// Its id.
        id: RemoteId<R>,
        /// How it went.
        deleted: Deleted,
    },
    /// A record that could not be read; the feed goes on without it.
    Bad {
        /// Its id, where that much could be read.
        id: Option<RemoteId<R>>,
        /// What is wrong with it.
        error: Error,
    },
    /// The feed is complete up to this cursor, whose upper bound was taken before the first read.
    Finished(Cursor),
}

impl<R> Change<R> {
    /// The same event about a record in another form.
    pub(crate) fn map<S>(self, f: impl FnOnce(R) -> S) -> Change<S> {
        match self {
            Self::Started { complete } => Change::Started { complete },
            Self::Record(record) => Change::Record(f(record)),
            Self::Deleted { id, deleted } => Change::Deleted { id: RemoteId::new(id.as_str()), deleted },
            Self::Bad { id, error } => Change::Bad { id: id.map(|id| RemoteId::new(id.as_str())), error },
            Self::Finished(cursor) => Change::Finished(cursor),
        }
    }
}
