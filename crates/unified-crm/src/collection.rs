use async_trait::async_trait;
use crm_model::{Deleted, Object, RemoteId, Schema};
use futures::stream::BoxStream;

use crate::{Change, CollectionCapabilities, Cursor, Error, Result, Write, Written};

/// What [`Collection::get`] found under an id.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fetched<R> {
    /// The record, alive.
    Found(R),
    /// The record is positively known to be deleted.
    Deleted(Deleted),
    /// There is no such record for this user: deleted for good, hidden, or never there.
    Missing,
    /// The record is there and could not be read.
    Bad(String),
}

impl<R> Fetched<R> {
    /// The record, if it was found.
    pub fn found(self) -> Option<R> {
        match self {
            Self::Found(record) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn map<S>(self, f: impl FnOnce(R) -> S) -> Fetched<S> {
        match self {
            Self::Found(record) => Fetched::Found(f(record)),
            Self::Deleted(deleted) => Fetched::Deleted(deleted),
            Self::Missing => Fetched::Missing,
            Self::Bad(why) => Fetched::Bad(why),
        }
    }
}

/// What to find a record by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindKey {
    /// An e-mail address, whatever its case.
    Email(String),
    /// The key under which the record was created.
    CreateKey(String),
    /// The record's name.
    Name(String),
}

impl FindKey {
    /// Which kind of key this is.
    #[must_use]
    pub fn by(&self) -> crate::FindBy {
        match self {
            Self::Email(_) => crate::FindBy::Email,
            Self::CreateKey(_) => crate::FindBy::CreateKey,
            Self::Name(_) => crate::FindBy::Name,
        }
    }

    /// The text to look for.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::CreateKey(text) | Self::Name(text) => text,
        }
    }
}

impl std::fmt::Debug for FindKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}(…)", self.by())
    }
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListQuery {
    /// Only records that changed at or after this moment.
    pub updated_since: Option<crm_model::Instant>,
    /// At most this many.
    pub limit: Option<usize>,
    /// Only records that this view shows, by its id; see [`Crm::views`](crate::Crm::views). A vendor may show no more
    /// than some thousand records through a view.
    pub view: Option<String>,
}

impl ListQuery {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only records that changed at or after a moment.
    #[must_use]
    pub fn updated_since(mut self, since: crm_model::Instant) -> Self {
        self.updated_since = Some(since);
        self
    }

    /// Only records that a view shows.
    #[must_use]
    pub fn view(mut self, id: impl Into<String>) -> Self {
        self.view = Some(id.into());
        self
    }

    /// At most this many records.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// All records of one object in one CRM.
///
/// Batches are the base case: ids, keys and writes go in as lists, and each item has its own result. Comfort for
/// single records is in [`CollectionExt`](crate::CollectionExt). A method that the vendor cannot serve answers
/// [`Unsupported`](crate::ErrorKind::Unsupported) before anything is sent; [`capabilities`](Self::capabilities) says so beforehand.
#[async_trait]
pub trait Collection<T: Object>: Send + Sync {
    /// What can be done with this object.
    fn capabilities(&self) -> &CollectionCapabilities;

    /// The fields of the object, the vendor's own included.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    async fn schema(&self) -> Result<Schema>;

    /// Fetches records by id: one result per id, in the same order. Costs one call per
    /// [`get_batch`](CollectionCapabilities::get_batch) ids.
    ///
    /// # Errors
    /// What befell the call as a whole; a record that is missing or unreadable is a result, not an error.
    async fn get(&self, ids: &[RemoteId<T>]) -> Result<Vec<Fetched<T>>>;

    /// Streams records that are alive, those that a [view](ListQuery::view) shows in the view's own order. A record that cannot be read is an `Err` item and the stream goes on; after
    /// an error of the call itself it ends.
    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<T>>;

    /// Finds records by keys: for each key, all records that carry it, in the same order.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a kind of key the vendor cannot look up.
    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<T>>>;

    /// Streams what changed since a cursor, or everything where there is none; see [`Change`].
    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<T>>>;

    /// Writes a batch by the cheapest calls the vendor has: one result per write, in the same order. A write that
    /// fails does not stop the others. An error of kind [`Unknown`](crate::ErrorKind::Unknown) means that the write may have
    /// happened: look before repeating it.
    async fn write(&self, writes: Vec<Write<T>>) -> Vec<std::result::Result<Written<T>, Error>>;
}
