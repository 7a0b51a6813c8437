use std::fmt;

use crm_model::{Object, RemoteId};

/// A record to create.
#[derive(Clone, Debug)]
pub struct Create<T: Object> {
    /// What it is to hold.
    pub new: T::New,
    /// A key under which the create happens at most once: it is written into the record, and a second create with
    /// the same key finds the first. Only where [`create_once`](crate::CollectionCapabilities::create_once) says so.
    pub key: Option<String>,
}

/// A record to change.
#[derive(Clone, Debug)]
pub struct Update<T: Object> {
    /// Which record.
    pub id: RemoteId<T>,
    /// What changes.
    pub patch: T::Patch,
}

/// One write of a batch.
#[derive(Clone, Debug)]
pub enum Write<T: Object> {
    /// Create a record.
    Create(Create<T>),
    /// Change a record.
    Update(Update<T>),
    /// Delete a record, recoverably where the vendor has a recycle bin.
    Delete(RemoteId<T>),
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The record is new.
    Created,
    /// A record under the same key was already there; nothing was written.
    Existed,
    /// The record was changed.
    Updated,
    /// The record was deleted, or was gone already.
    Deleted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Existed => "existed",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        })
    }
}

/// The result of one write.
#[derive(Debug, Clone)]
pub struct Written<R> {
    /// The record that was written.
    pub id: RemoteId<R>,
    /// What was done.
    pub outcome: Outcome,
    /// The record as it is now, where the vendor's answer says so.
    pub record: Option<R>,
}

impl<R> Written<R> {
    /// A write whose answer does not say what the record looks like now.
    pub fn new(id: RemoteId<R>, outcome: Outcome) -> Self {
        Self { id, outcome, record: None }
    }

    pub(crate) fn map<S>(self, f: impl FnOnce(R) -> S) -> Written<S> {
        Written { id: RemoteId::new(self.id.as_str()), outcome: self.outcome, record: self.record.map(f) }
    }
}
