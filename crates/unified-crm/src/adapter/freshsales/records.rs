//! Contacts, accounts and deals as collections: everything that does not depend on which of them it is.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use crm_model::{Deleted, Instant, Object, RemoteId, Schema};
use freshsales::models::FilterRule;
use freshsales::{Entity, Listing, Loaded, Records, SideLoads, UniqueIdentifier};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use rest_core::Row;

use super::changes::feed;
use super::mapped::Mapped;
use super::{Fields, Shared, refuse};
use crate::{
    Change, ChangeSupport, Collection, CollectionCapabilities, Create, Cursor, DeleteEvidence, Error, ErrorKind,
    Fetched, FindBy, FindKey, ListQuery, Outcome, Result, Update, Write, Written,
};

/// Reads that are under way together, a few at a time; their results in their order.
pub(super) async fn in_order<T>(reads: Vec<BoxFuture<'_, Result<T>>>) -> Result<Vec<T>> {
    const AT_ONCE: usize = 4;
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

/// One of the three collections.
pub(crate) struct MappedRecords<T> {
    pub(super) shared: Arc<Shared>,
    capabilities: Arc<CollectionCapabilities>,
    object: PhantomData<fn() -> T>,
}

impl<T> Clone for MappedRecords<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), capabilities: self.capabilities.clone(), object: PhantomData }
    }
}

impl<T> fmt::Debug for MappedRecords<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedRecords").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// A row of a page as the model sees it.
pub(super) fn read_row<T: Mapped>(row: Row<T::Entity>, side: &Arc<SideLoads>, fields: &Fields) -> T {
    T::read(&Loaded::new(row, side.clone()), fields)
}

impl<T: Mapped> MappedRecords<T> {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut able = CollectionCapabilities::none();
        able.list = true;
        able.get_batch = 1;
        able.find = T::FIND.to_vec();
        able.changes = ChangeSupport::Incremental;
        able.deletes =
            if shared.options.recycle_bin.is_some() { DeleteEvidence::Feed } else { DeleteEvidence::ByIdOnly };
        able.create = true;
        able.update = true;
        able.delete = true;
        able.create_once = true;
        able.returns_record = true;
        able.tells_author = true;
        Self { shared: shared.clone(), capabilities: Arc::new(able), object: PhantomData }
    }

    pub(crate) fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    pub(super) fn api(&self) -> Records<T::Entity> {
        self.shared.client.records()
    }

    pub(super) fn listing(&self, since: Option<Instant>) -> Listing {
        let listing = Listing::new().include(T::INCLUDE);
        match since {
            Some(since) => listing.updated_since(since),
            None => listing,
        }
    }

    async fn fetch(&self, id: &RemoteId<T>, fields: &Fields) -> Result<Fetched<T>> {
        let Some(number) = entity_id::<T>(id) else {
            return Ok(Fetched::Missing);
        };
        match self.api().get(number, T::INCLUDE).await {
            Ok(record) if record.is_deleted() => {
                Ok(Fetched::Deleted(Deleted::Soft { at: record.updated_at().map(|stamp| stamp.to_utc()) }))
            }
            Ok(record) => Ok(Fetched::Found(T::read(&record, fields))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Fetched::Missing),
            Err(error) if is_bad_record(&error) => Ok(Fetched::Bad(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// The ids of the records that the vendor's index finds under a key. The index ignores case and lags.
    async fn hits(&self, key: &FindKey, fields: &Fields) -> Result<Vec<i64>> {
        let text = key.text().trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let page = match key.by() {
            FindBy::Email => self.api().lookup("email", text).await?,
            FindBy::Name => self.api().lookup("name", text).await?,
            FindBy::CreateKey => match T::key_field(fields) {
                Some(field) if field.starts_with("cf_") => self.api().lookup(field, text).await?,
                Some(field) => self.api().filtered_search(&[FilterRule::new(field, "is_in", text)], 1).await?,
                None => return Err(no_key_field::<T>()),
            },
        };
        Ok(page.rows.iter().flatten().map(|row| row.id().into()).collect())
    }

    async fn find_one(&self, key: &FindKey, fields: &Fields) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for id in self.hits(key, fields).await? {
            // Rows of a search are cut down, so the record is read by its id.
            if let Fetched::Found(record) = self.fetch(&RemoteId::new(id.to_string()), fields).await?
                && record.carries(key.by(), key.text())
            {
                found.push(record);
            }
        }
        Ok(found)
    }

    async fn write_one(&self, write: Write<T>) -> Result<Written<T>> {
        match write {
            Write::Create(create) => self.create(create).await,
            Write::Update(update) => self.update(update).await,
            Write::Delete(id) => self.delete(id).await,
        }
    }

    async fn create(&self, create: Create<T>) -> Result<Written<T>> {
        let fields = self.shared.fields::<T>().await?;
        let patch = T::new_to_patch(&create.new);
        fields.check(&patch)?;
        let patch =
            T::patch_from_record(patch).map_err(|error| refuse(ErrorKind::Invalid, "write", error.to_string()))?;
        let mut body = T::write(&patch, None, &fields)?;
        let (record, outcome) = match &create.key {
            None => (self.api().create(&body, T::INCLUDE).await?, Outcome::Created),
            Some(key) => {
                let field = T::put_key(&mut body, key, &fields)?.ok_or_else(no_key_field::<T>)?;
                let done = self.api().upsert(&UniqueIdentifier::new(field, &**key), &body, T::INCLUDE).await?;
                (done.record, if done.created { Outcome::Created } else { Outcome::Updated })
            }
        };
        Ok(written(&record, outcome, &fields))
    }

    async fn update(&self, update: Update<T>) -> Result<Written<T>> {
        let fields = self.shared.fields::<T>().await?;
        fields.check(&T::patch_to_record(&update.patch))?;
        let id = entity_id::<T>(&update.id).ok_or_else(|| missing::<T>(&update.id))?;
        let current = match T::needs_current(&update.patch) {
            true => Some(self.api().get(id, T::INCLUDE).await?),
            false => None,
        };
        let body = T::write(&update.patch, current.as_ref(), &fields)?;
        let record = if body == Default::default() {
            // Nothing to write; the answer is owed all the same.
            self.api().get(id, T::INCLUDE).await?
        } else {
            self.api().update(id, &body, T::INCLUDE).await?
        };
        if record.is_deleted() {
            return Err(missing::<T>(&update.id));
        }
        Ok(written(&record, Outcome::Updated, &fields))
    }

    async fn delete(&self, id: RemoteId<T>) -> Result<Written<T>> {
        let Some(number) = entity_id::<T>(&id) else {
            return Ok(Written::new(id, Outcome::Deleted));
        };
        match self.api().delete(number).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(Written::new(id, Outcome::Deleted)),
        }
    }
}

/// Whether the record is there and could not be read, as opposed to an answer that is no record at all.
pub(super) fn is_bad_record(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<rest_core::BadRecord>)
}

fn entity_id<T: Mapped>(id: &RemoteId<T>) -> Option<<T::Entity as Entity>::Id> {
    let number: i64 = id.as_str().parse().ok()?;
    Some(number.into())
}

fn written<T: Mapped>(record: &Loaded<T::Entity>, outcome: Outcome, fields: &Fields) -> Written<T> {
    let record = T::read(record, fields);
    let mut written = Written::new(record.id(), outcome);
    written.record = Some(record);
    written
}

fn missing<T: Object>(id: &RemoteId<T>) -> Error {
    refuse(ErrorKind::NotFound, "write", format!("there is no {} {id}", T::KIND))
}

fn no_key_field<T: Object>() -> Error {
    let why = format!("a {} has no field for the key of a create at this account", T::KIND);
    refuse(ErrorKind::Unsupported, "write", why).with_hint(
        "create the unique text field `Crmkit key` (cf_crmkit_key) in Admin Settings, or name another in the options",
    )
}

/// Refuses a kind of key that a collection cannot look up.
pub(super) fn check_keys<T: Object>(able: &CollectionCapabilities, keys: &[FindKey]) -> Result<()> {
    match keys.iter().find(|key| !able.find.contains(&key.by())) {
        Some(key) => {
            Err(refuse(ErrorKind::Unsupported, "find", format!("a {} cannot be found by {:?}", T::KIND, key.by())))
        }
        None => Ok(()),
    }
}

/// At most so many records, errors of single records not counted. Ends without asking for one more, which could cost a
/// call.
pub(super) fn limited<'a, T: Send + 'a>(
    items: BoxStream<'a, Result<T>>,
    limit: Option<usize>,
) -> BoxStream<'a, Result<T>> {
    let Some(limit) = limit else { return items };
    let counted = stream::unfold((items, limit), |(mut items, left)| async move {
        if left == 0 {
            return None;
        }
        let item = items.next().await?;
        let left = left - usize::from(item.is_ok());
        Some((item, (items, left)))
    });
    counted.boxed()
}

#[async_trait]
impl<T: Mapped> Collection<T> for MappedRecords<T> {
    fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    async fn schema(&self) -> Result<Schema> {
        Ok(self.shared.fields::<T>().await?.schema.clone())
    }

    async fn get(&self, ids: &[RemoteId<T>]) -> Result<Vec<Fetched<T>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let fields = self.shared.fields::<T>().await?;
        in_order(ids.iter().map(|id| self.fetch(id, &fields).boxed()).collect()).await
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<T>> {
        if query.view.is_some() {
            return stream::iter([Err(crate::crm::cannot(
                super::VENDOR,
                "list",
                "lists no records through a view here",
            ))])
            .boxed();
        }
        let limit = query.limit;
        let pages = async move {
            let fields = self.shared.fields::<T>().await?;
            let pages = self.api().all_pages(self.listing(query.updated_since));
            let items = pages.map_ok(move |page| {
                let (fields, side) = (fields.clone(), page.side);
                let rows = page.rows.into_iter().filter(|row| !row.as_ref().is_ok_and(|row| row.is_deleted()));
                stream::iter(rows.map(move |row| match row {
                    Ok(row) => Ok(read_row::<T>(row, &side, &fields)),
                    Err(bad) => Err(bad.into_error(<T::Entity as Entity>::OPERATIONS.list)),
                }))
            });
            Ok::<_, Error>(items.try_flatten())
        };
        limited(stream::once(pages).try_flatten().boxed(), limit)
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<T>>> {
        check_keys::<T>(&self.capabilities, keys)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let fields = self.shared.fields::<T>().await?;
        in_order(keys.iter().map(|key| self.find_one(key, &fields).boxed()).collect()).await
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<T>>> {
        feed(self.clone(), since.as_ref())
    }

    async fn write(&self, writes: Vec<Write<T>>) -> Vec<Result<Written<T>>> {
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.write_one(write).await);
        }
        results
    }
}
