use async_trait::async_trait;
use crm_model::{Object, RemoteId};
use futures::TryStreamExt;

use crate::{Collection, Create, Error, ErrorKind, Fetched, FindKey, ListQuery, Result, Update, Write, Written};

/// Comfort for single records, on every [`Collection`].
#[async_trait]
pub trait CollectionExt<T: Object>: Collection<T> {
    /// Creates one record and returns its id.
    ///
    /// # Errors
    /// Whatever the vendor answers; of kind [`Unknown`](ErrorKind::Unknown) where the record may exist now.
    async fn create(&self, new: T::New) -> Result<RemoteId<T>> {
        Ok(one(self, Write::Create(Create { new, key: None })).await?.id)
    }

    /// Creates one record under a key, at most once: a second call with the same key finds the first record.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has no place for a key.
    async fn create_once(&self, key: &str, new: T::New) -> Result<Written<T>> {
        one(self, Write::Create(Create { new, key: Some(key.to_owned()) })).await
    }

    /// Changes one record.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) where it is gone, else whatever the vendor answers.
    async fn update(&self, id: &RemoteId<T>, patch: T::Patch) -> Result<()> {
        one(self, Write::Update(Update { id: id.clone(), patch })).await.map(drop)
    }

    /// Deletes one record. A record that is gone already counts as deleted.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    async fn delete(&self, id: &RemoteId<T>) -> Result<()> {
        one(self, Write::Delete(id.clone())).await.map(drop)
    }

    /// Fetches one record; `None` where it is deleted or not there.
    ///
    /// # Errors
    /// [`Decode`](ErrorKind::Decode) where the record is there and cannot be read, else whatever the vendor answers.
    async fn get_one(&self, id: &RemoteId<T>) -> Result<Option<T>> {
        match self.get(std::slice::from_ref(id)).await?.pop() {
            Some(Fetched::Found(record)) => Ok(Some(record)),
            Some(Fetched::Bad(why)) => Err(Error::new(ErrorKind::Decode, "get").with_message(why)),
            Some(Fetched::Deleted(_) | Fetched::Missing) | None => Ok(None),
        }
    }

    /// Finds a record by e-mail address, whatever its case; the first where several share it.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where records of this kind have no e-mail address.
    async fn find_by_email(&self, email: &str) -> Result<Option<T>> {
        let mut found = self.find(&[FindKey::Email(email.to_owned())]).await?;
        Ok(found.pop().and_then(|records| records.into_iter().next()))
    }

    /// Finds records by their exact name, whatever its case.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where records of this kind cannot be found by name.
    async fn find_by_name(&self, name: &str) -> Result<Vec<T>> {
        let mut found = self.find(&[FindKey::Name(name.to_owned())]).await?;
        Ok(found.pop().unwrap_or_default())
    }

    /// Reads everything that a query lists into memory. Set a [limit](ListQuery::limit) where there may be much.
    ///
    /// # Errors
    /// The first that the [list](Collection::list) tells, a record that cannot be read included.
    async fn list_all(&self, query: ListQuery) -> Result<Vec<T>> {
        self.list(query).try_collect().await
    }
}

impl<T: Object, C: Collection<T> + ?Sized> CollectionExt<T> for C {}

async fn one<T: Object, C: Collection<T> + ?Sized>(collection: &C, write: Write<T>) -> Result<Written<T>> {
    let missing =
        || Err(Error::new(ErrorKind::Unknown, "write").with_message("the adapter gave no result for this write"));
    collection.write(vec![write]).await.pop().unwrap_or_else(missing)
}
