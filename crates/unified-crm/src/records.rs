use async_trait::async_trait;
use crm_model::{ModelError, Object, ObjectKind, Record, RecordPatch, RemoteId, Schema};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::{
    Change, Collection, CollectionCapabilities, Create, Cursor, Error, ErrorKind, Fetched, FindKey, Result, Update,
    Write, Written,
};

/// One write of a batch, as field maps.
#[derive(Clone, Debug)]
pub enum RecordWrite {
    /// Create a record.
    Create {
        /// What it is to hold.
        fields: RecordPatch,
        /// See [`Create::key`].
        key: Option<String>,
    },
    /// Change a record.
    Update {
        /// Which record.
        id: RemoteId<Record>,
        /// What changes.
        patch: RecordPatch,
    },
    /// Delete a record.
    Delete {
        /// Which record.
        id: RemoteId<Record>,
    },
}

/// A [`Collection`] whose records are field maps, for code that works on any object: see
/// [`Crm::records`](trait.Crm.html#method.records). Each method means what the method of the same name of
/// [`Collection`] means.
#[async_trait]
pub trait Records: Send + Sync {
    /// Which object this is.
    fn object(&self) -> ObjectKind;

    /// See [`Collection::capabilities`].
    fn capabilities(&self) -> &CollectionCapabilities;

    /// See [`Collection::schema`].
    ///
    /// # Errors
    /// As there.
    async fn schema(&self) -> Result<Schema>;

    /// See [`Collection::get`].
    ///
    /// # Errors
    /// As there.
    async fn get(&self, ids: &[RemoteId<Record>]) -> Result<Vec<Fetched<Record>>>;

    /// See [`Collection::find`].
    ///
    /// # Errors
    /// As there.
    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Record>>>;

    /// See [`Collection::changes`].
    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Record>>>;

    /// See [`Collection::write`].
    async fn write(&self, writes: Vec<RecordWrite>) -> Vec<Result<Written<Record>>>;
}

pub(crate) struct Erased<'a, T: Object>(pub(crate) &'a dyn Collection<T>);

#[async_trait]
impl<T: Object> Records for Erased<'_, T> {
    fn object(&self) -> ObjectKind {
        T::KIND
    }

    fn capabilities(&self) -> &CollectionCapabilities {
        self.0.capabilities()
    }

    async fn schema(&self) -> Result<Schema> {
        self.0.schema().await
    }

    async fn get(&self, ids: &[RemoteId<Record>]) -> Result<Vec<Fetched<Record>>> {
        let ids: Vec<RemoteId<T>> = ids.iter().map(|id| RemoteId::new(id.as_str())).collect();
        let fetched = self.0.get(&ids).await?;
        Ok(fetched.into_iter().map(|item| item.map(|record| record.to_record())).collect())
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Record>>> {
        let found = self.0.find(keys).await?;
        Ok(found.iter().map(|records| records.iter().map(Object::to_record).collect()).collect())
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Record>>> {
        let changes = self.0.changes(since);
        changes.map(|change| change.map(|change| change.map(|record| record.to_record()))).boxed()
    }

    async fn write(&self, writes: Vec<RecordWrite>) -> Vec<Result<Written<Record>>> {
        // A write that does not fit the model is refused on its own; the others keep their places.
        let mut results: Vec<Option<Result<Written<Record>>>> = Vec::with_capacity(writes.len());
        let mut accepted = Vec::with_capacity(writes.len());
        for write in writes {
            match typed::<T>(write) {
                Ok(write) => {
                    accepted.push(write);
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(invalid(T::KIND, &error)))),
            }
        }
        let mut written = self.0.write(accepted).await.into_iter();
        let fill =
            |slot: Option<Result<Written<Record>>>| match slot {
                Some(refused) => refused,
                None => match written.next() {
                    Some(result) => result.map(|written| written.map(|record| record.to_record())),
                    None => Err(Error::new(ErrorKind::Unknown, "write")
                        .with_message("the adapter gave no result for this write")),
                },
            };
        results.into_iter().map(fill).collect()
    }
}

fn typed<T: Object>(write: RecordWrite) -> std::result::Result<Write<T>, ModelError> {
    Ok(match write {
        RecordWrite::Create { fields, key } => Write::Create(Create { new: T::new_from_patch(fields)?, key }),
        RecordWrite::Update { id, patch } => {
            Write::Update(Update { id: RemoteId::new(id.as_str()), patch: T::patch_from_record(patch)? })
        }
        RecordWrite::Delete { id } => Write::Delete(RemoteId::new(id.as_str())),
    })
}

fn invalid(object: ObjectKind, error: &ModelError) -> Error {
    Error::new(ErrorKind::Invalid, "write").with_message(format!("a {object} write does not fit the model: {error}"))
}
