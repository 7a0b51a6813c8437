//! One object as a [`Collection`]: reads by query and retrieve, writes by collections.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use crm_model::{Deal, Deleted, FieldGroup, Object, ObjectKind, Record, RemoteId, Schema, View};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{BadRecord, Error, ErrorKind, Result, Row};
use salesforce::soql::{self, Condition, Literal, Op, Select, Soql};
use salesforce::{EmailMessage, Id, Salesforce, Writable};

use super::changes;
use super::layout::{Layout, MASTER};
use super::read::{self, Base, Fields, Roles};
use super::table::{Rows, SUBTYPE, Table};
use super::{SalesforceOptions, VENDOR, views, write};
use crate::{
    Change, ChangeSupport, Collection, CollectionCapabilities, Cursor, DeleteEvidence, Fetched, FindBy, FindKey,
    ListQuery, Write, Written,
};

/// Ids of one query: as many as a condition of 4,000 characters holds.
const QUERIED_IDS: usize = 185;
/// Characters of a condition that are not its list.
const RESERVE: usize = 100;

/// The records of an object of the model that are records of one object of the vendor.
pub(crate) struct Objects<T, R> {
    client: Salesforce,
    options: Arc<SalesforceOptions>,
    /// Which field is which.
    pub(crate) table: &'static Table,
    /// As described last; read before the first call that needs it.
    layout: tokio::sync::Mutex<Option<Arc<Layout>>>,
    assumed: CollectionCapabilities,
    exact: OnceLock<CollectionCapabilities>,
    object: PhantomData<fn() -> (T, R)>,
}

impl<T: Object, R: Writable> Objects<T, R> {
    pub(crate) fn new(client: Salesforce, options: Arc<SalesforceOptions>, table: &'static Table) -> Self {
        let assumed = capabilities(table, table.takes_keys, None);
        let layout = tokio::sync::Mutex::new(None);
        Self { client, options, table, layout, assumed, exact: OnceLock::new(), object: PhantomData }
    }

    pub(crate) fn client(&self) -> &Salesforce {
        &self.client
    }

    /// What the organisation was described as, which is asked once.
    pub(crate) async fn layout(&self) -> Result<Arc<Layout>> {
        let mut known = self.layout.lock().await;
        match &*known {
            Some(layout) => Ok(layout.clone()),
            None => Ok(known.insert(self.describe().await?).clone()),
        }
    }

    /// Whether the capabilities are those of the organisation, and not assumed.
    pub(crate) fn is_described(&self) -> bool {
        self.exact.get().is_some()
    }

    async fn describe(&self) -> Result<Arc<Layout>> {
        let described = self.client.records::<R>().describe().await?;
        let origin = self.client.connect().await?.origin().to_owned();
        let layout = Layout::new(self.table, &described, &self.options.key_field, origin);
        self.exact.get_or_init(|| capabilities(self.table, layout.key_field.is_some(), Some(&layout)));
        Ok(Arc::new(layout))
    }

    fn object(&self) -> &'static str {
        <R as salesforce::SObject>::NAME
    }

    /// Selects what every read selects.
    pub(crate) fn select(&self, layout: &Layout) -> Select {
        let mut select = Select::from(self.object()).fields(layout.select.iter().cloned());
        if let Some(condition) = self.table.rows.condition().filter(|_| layout.shows(SUBTYPE)) {
            select = select.filter(condition);
        }
        if T::KIND != ObjectKind::Deal {
            return select;
        }
        let roles = ["Id", "ContactId", "IsPrimary", "IsDeleted"];
        select.child(Select::from("OpportunityContactRoles").fields(roles).order_by(["Id"]))
    }

    /// Leaves out what was ended without being deleted: converted leads.
    pub(crate) fn living(&self, layout: &Layout, select: Select) -> Select {
        match self.table.ended.filter(|field| layout.shows(field)) {
            Some(field) => select.filter(Condition::eq(field, false)),
            None => select,
        }
    }

    /// Whether a row of the vendor's object is one of this collection.
    pub(crate) fn includes(&self, row: &std::result::Result<Row<Base>, BadRecord>) -> bool {
        match (self.table.rows, row) {
            (Rows::ToDos | Rows::Calls, Ok(row)) => {
                let subtype = row.extra(SUBTYPE).and_then(|raw| serde_json::from_str::<&str>(raw.get()).ok());
                self.table.rows.include(subtype)
            }
            _ => true,
        }
    }

    /// The tasks among these rows that are only the shadow of a message: the message itself is an engagement already.
    /// Costs a call where there are tasks of e-mails at all.
    pub(crate) async fn shadows(&self, rows: &[&Row<Base>]) -> Result<HashSet<salesforce::AnyId>> {
        let is_email = |row: &&Row<Base>| row.extra(SUBTYPE).is_some_and(|raw| raw.get() != "\"Call\"");
        let mails: Vec<salesforce::AnyId> = match self.table.rows {
            Rows::Calls => rows.iter().copied().filter(is_email).map(|row| row.id).collect(),
            _ => Vec::new(),
        };
        let mut shadows = HashSet::new();
        for chunk in mails.chunks(QUERIED_IDS) {
            let soql = Select::from("EmailMessage")
                .fields(["Id", "ActivityId"])
                .filter(Condition::is_in("ActivityId", chunk))
                .build()?;
            let mut messages = self.client.query::<EmailMessage>(soql).stream();
            loop {
                match messages.try_next().await {
                    Ok(Some(message)) => shadows.extend(message.activity_id.map(Id::any)),
                    Ok(None) => break,
                    // An organisation without messages has no shadows of them either.
                    Err(error) if error.vendor_code() == Some("INVALID_TYPE") => return Ok(HashSet::new()),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(shadows)
    }

    /// Reads a row that may be deleted; `Err` in the record's place if it cannot be understood.
    pub(crate) async fn read(
        &self,
        layout: &Layout,
        row: std::result::Result<Row<Base>, BadRecord>,
    ) -> Result<Read<T>> {
        let row = match row {
            Ok(row) => row,
            Err(bad) => return Ok(Read::Bad { id: bad.id.clone(), why: bad.to_string() }),
        };
        let deleted = Fields::of(&row).deleted();
        if !deleted.is_alive() {
            return Ok(Read::Deleted { id: row.id.as_str().into(), deleted });
        }
        let read = read::record(self.table, layout, &row, self.options.keep_raw);
        let made = match read {
            Ok((mut record, roles)) => {
                if let Some(roles) = roles {
                    self.all_roles(&mut record, roles).await?;
                }
                T::from_record(record).map_err(|error| error.to_string())
            }
            Err(why) => Err(why),
        };
        let bad = |why| Read::Bad { id: Some(row.id.as_str().to_owned()), why };
        Ok(made.map_or_else(bad, |record| Read::Alive(Box::new(record))))
    }

    /// Reads the people of a deal that its row did not hold.
    async fn all_roles(&self, record: &mut Record, roles: Roles) -> Result<()> {
        let rest: Vec<_> = self.client.rest_of(&roles).map_ok(Row::into_data).try_collect().await?;
        let here = roles.records.iter().filter_map(|role| role.as_ref().ok());
        record.set(Deal::CONTACTS, read::contacts(here.chain(&rest)));
        Ok(())
    }

    /// Reads the rows of a query one after the other.
    fn rows(
        &self,
        soql: Soql,
        also_deleted: bool,
    ) -> BoxStream<'static, Result<std::result::Result<Row<Base>, BadRecord>>> {
        let query = if also_deleted { self.client.query_all(soql) } else { self.client.query(soql) };
        let rows = query.pages();
        rows.map_ok(|page| stream::iter(page.records.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// The records that a list view shows: its query gives their ids, in its order.
    fn in_view(&self, view: String, query: &ListQuery) -> BoxStream<'_, Result<T>> {
        let limit = query.limit.unwrap_or(usize::MAX);
        if limit == 0 {
            return stream::empty().boxed();
        }
        let records = async move {
            let layout = self.layout().await?;
            let soql = views::query(&self.client, self.table.kind, self.object(), &view).await?;
            let rows = self.client.query::<Base>(soql).stream().try_ready_chunks(QUERIED_IDS);
            let records = rows.map_err(|stopped| stopped.1).and_then(move |rows| {
                let layout = layout.clone();
                async move { self.these(&layout, &rows).await }
            });
            Ok::<_, Error>(records.map_ok(|records| stream::iter(records.into_iter().map(Ok))).try_flatten())
        };
        let since = query.updated_since;
        let is_wanted = move |record: &T| since.is_none_or(|since| record.meta().updated_at >= Some(since));
        let records = stream::once(records).try_flatten();
        records.try_filter(move |record| std::future::ready(is_wanted(record))).take(limit).boxed()
    }

    /// The records of some rows, as far as they are alive, in the order of the rows.
    async fn these(&self, layout: &Layout, rows: &[Row<Base>]) -> Result<Vec<T>> {
        let ids: Vec<Id<R>> = rows.iter().filter_map(|row| row.id.cast()).collect();
        let mut found = self.fetch(layout, &ids).await?;
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            match found.remove(&id) {
                Some(Fetched::Found(record)) => records.push(record),
                Some(Fetched::Bad(why)) => return Err(unreadable::<T>("list", Some(id.as_str()), &why)),
                _ => {}
            }
        }
        Ok(records)
    }

    /// The sections of the object's pages.
    pub(crate) async fn groups(&self) -> Result<Vec<FieldGroup>> {
        let layout = self.layout().await?;
        views::groups(&self.client, self.table, self.object(), &layout.schema).await
    }

    /// The object's list views.
    pub(crate) async fn views(&self) -> Result<Vec<View>> {
        views::views(&self.client, self.table.kind, self.object()).await
    }

    /// The records with these ids: by retrieve, which takes 2,000 at once, and by query where children are read too.
    async fn fetch(&self, layout: &Layout, ids: &[Id<R>]) -> Result<HashMap<Id<R>, Fetched<T>>> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut absent = Vec::new();
        if T::KIND == ObjectKind::Deal {
            for chunk in ids.chunks(QUERIED_IDS) {
                let soql = self.select(layout).filter(Condition::is_in("Id", chunk)).build()?;
                self.collect(layout, soql, &mut found).await?;
            }
            return Ok(found);
        }
        let fields: Vec<&str> = layout.select.iter().map(String::as_str).collect();
        let rows = self.client.records::<R>().retrieve_as::<Base>(ids, &fields).await?;
        let there: Vec<_> = rows.iter().flatten().flatten().collect();
        let shadows = self.shadows(&there).await?;
        for (id, row) in ids.iter().zip(rows) {
            match row {
                Some(Ok(row)) if shadows.contains(&row.id) => {}
                Some(row) if !self.includes(&row) => {}
                Some(row) => {
                    let read = self.read(layout, row).await?;
                    found.insert(*id, read.into_fetched());
                }
                None => absent.push(*id),
            }
        }
        // Whether an absent record is deleted is known to a query of another kind only.
        for chunk in absent.chunks(QUERIED_IDS) {
            let system = ["Id", "IsDeleted", "SystemModstamp", MASTER];
            let shown = layout.select.iter().filter(|name| system.contains(&name.as_str())).cloned();
            let soql = Select::from(self.object()).fields(shown).filter(Condition::is_in("Id", chunk)).build()?;
            let mut rows = self.rows(soql, true);
            while let Some(row) = rows.try_next().await? {
                let Ok(row) = row else { continue };
                let deleted = Fields::of(&row).deleted();
                // A record that came back in between is there, but was not read.
                if let (Some(id), false) = (row.id.cast(), deleted.is_alive()) {
                    found.insert(id, Fetched::Deleted(deleted));
                }
            }
        }
        Ok(found)
    }

    async fn collect(&self, layout: &Layout, soql: Soql, found: &mut HashMap<Id<R>, Fetched<T>>) -> Result<()> {
        let mut rows = self.rows(soql, true);
        while let Some(row) = rows.try_next().await? {
            let read = self.read(layout, row).await?;
            if let Some(id) = read.id().and_then(|id| id.parse().ok()) {
                found.insert(id, read.into_fetched());
            }
        }
        Ok(())
    }

    /// The records whose field holds one of these texts, whatever their case.
    async fn lookup(
        &self,
        layout: &Layout,
        field: &str,
        texts: &[String],
        found: &mut HashMap<String, Vec<T>>,
    ) -> Result<()> {
        for chunk in soql::chunks(texts, RESERVE, |text| Literal::from(text)) {
            let select = self.living(layout, self.select(layout));
            let soql = select.filter(Condition::is_in(field, chunk)).order_by(["Id"]).build()?;
            let mut rows = self.rows(soql, false);
            while let Some(row) = rows.try_next().await? {
                let held = row.as_ref().ok().and_then(|row| Fields::of(row).text(field));
                match self.read(layout, row).await? {
                    Read::Alive(record) => {
                        found.entry(held.unwrap_or_default().to_lowercase()).or_default().push(*record);
                    }
                    Read::Bad { id, why } => return Err(unreadable::<T>("find", id.as_deref(), &why)),
                    Read::Deleted { .. } => {}
                }
            }
        }
        Ok(())
    }

    /// The field that a kind of key is looked up in.
    fn key_field<'a>(&self, by: FindBy, layout: Option<&'a Layout>) -> Result<&'a str> {
        let field = match by {
            FindBy::Email => self.table.email,
            FindBy::Name => self.table.name,
            FindBy::CreateKey => layout.and_then(|layout| layout.key_field.as_deref()),
        };
        field.ok_or_else(|| {
            let message = format!("a {} cannot be found by {by:?}", T::KIND);
            Error::new(ErrorKind::Unsupported, "find").with_vendor(VENDOR).with_message(message)
        })
    }
}

/// What came of reading a row.
pub(crate) enum Read<T> {
    Alive(Box<T>),
    Deleted { id: Box<str>, deleted: Deleted },
    Bad { id: Option<String>, why: String },
}

impl<T: Object> Read<T> {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Alive(record) => Some(&record.meta().id),
            Self::Deleted { id, .. } => Some(id),
            Self::Bad { id, .. } => id.as_deref(),
        }
    }

    fn into_fetched(self) -> Fetched<T> {
        match self {
            Self::Alive(record) => Fetched::Found(*record),
            Self::Deleted { deleted, .. } => Fetched::Deleted(deleted),
            Self::Bad { why, .. } => Fetched::Bad(why),
        }
    }

    /// The row as an event of a change feed.
    pub(crate) fn into_change(self) -> Change<T> {
        match self {
            Self::Alive(record) => Change::Record(*record),
            Self::Deleted { id, deleted } => Change::Deleted { id: RemoteId::new(id), deleted },
            Self::Bad { id, why } => {
                let error = unreadable::<T>("changes", id.as_deref(), &why);
                Change::Bad { id: id.map(RemoteId::from), error }
            }
        }
    }
}

fn unreadable<T: Object>(operation: &'static str, id: Option<&str>, why: &str) -> Error {
    let message = format!("the {} {} cannot be read: {why}", T::KIND, id.unwrap_or("without an id"));
    Error::new(ErrorKind::Decode, operation)
        .with_vendor(VENDOR)
        .with_message(message)
        .with_hint("the other records are fine; report the field's shape")
}

fn capabilities(table: &Table, create_once: bool, layout: Option<&Layout>) -> CollectionCapabilities {
    let find = [
        table.email.map(|_| FindBy::Email),
        create_once.then_some(FindBy::CreateKey),
        table.name.map(|_| FindBy::Name),
    ];
    CollectionCapabilities {
        list: true,
        get_batch: if table.kind == ObjectKind::Deal { QUERIED_IDS } else { salesforce::MOST_RETRIEVED },
        find: find.into_iter().flatten().collect(),
        changes: ChangeSupport::Incremental,
        deletes: DeleteEvidence::Feed,
        create: layout.is_none_or(|layout| layout.can_create),
        update: layout.is_none_or(|layout| layout.can_update),
        delete: layout.is_none_or(|layout| layout.can_delete),
        create_once,
        write_batch: salesforce::MOST_WRITTEN,
        returns_record: false,
        tells_author: true,
    }
}

#[async_trait]
impl<T: Object, R: Writable> Collection<T> for Objects<T, R> {
    fn capabilities(&self) -> &CollectionCapabilities {
        self.exact.get().unwrap_or(&self.assumed)
    }

    async fn schema(&self) -> Result<Schema> {
        let mut known = self.layout.lock().await;
        let layout = self.describe().await?;
        *known = Some(layout.clone());
        Ok(layout.schema.clone())
    }

    async fn get(&self, ids: &[RemoteId<T>]) -> Result<Vec<Fetched<T>>> {
        // What is no id of this object is nobody's.
        let parsed: Vec<Option<Id<R>>> = ids.iter().map(|id| id.as_str().parse().ok()).collect();
        let mut asked: Vec<Id<R>> = parsed.iter().copied().flatten().collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Ok(ids.iter().map(|_| Fetched::Missing).collect());
        }
        let layout = self.layout().await?;
        let found = self.fetch(&layout, &asked).await?;
        let answer = |id: Option<Id<R>>| id.and_then(|id| found.get(&id)).cloned().unwrap_or(Fetched::Missing);
        Ok(parsed.into_iter().map(answer).collect())
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<T>> {
        if let Some(view) = query.view.clone().filter(|_| views::is_viewed::<T>()) {
            return self.in_view(view, &query);
        }
        if query.view.is_some() {
            return stream::iter([Err(crate::crm::cannot(
                VENDOR,
                "list",
                &format!("has no list views of {} records", T::KIND),
            ))])
            .boxed();
        }
        if query.limit == Some(0) {
            return stream::empty().boxed();
        }
        let rows = async move {
            let layout = self.layout().await?;
            let mut select = self.living(&layout, self.select(&layout)).order_by(["Id"]);
            if let Some(since) = query.updated_since {
                select = select.filter(Condition::compare("SystemModstamp", Op::Ge, since));
            }
            if let Some(limit) = query.limit.and_then(|limit| u64::try_from(limit).ok()) {
                select = select.limit(limit);
            }
            let pages = self.client.query::<Base>(select.build()?).pages();
            let rows = pages.and_then(async move |page| {
                let there: Vec<_> = page.records.iter().flatten().collect();
                let shadows = self.shadows(&there).await?;
                let is_own = move |row: &std::result::Result<Row<Base>, BadRecord>| {
                    row.as_ref().map_or(true, |row| !shadows.contains(&row.id))
                };
                Ok(stream::iter(page.records.into_iter().filter(is_own).map(Ok)))
            });
            Ok::<_, Error>(rows.try_flatten().map_ok(move |row| (layout.clone(), row)))
        };
        let records = stream::once(rows).try_flatten().then(async move |row| {
            let (layout, row) = row?;
            match self.read(&layout, row).await? {
                Read::Alive(record) => Ok(Some(*record)),
                Read::Deleted { .. } => Ok(None),
                Read::Bad { id, why } => Err(unreadable::<T>("list", id.as_deref(), &why)),
            }
        });
        records.filter_map(async |record| record.transpose()).boxed()
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<T>>> {
        // What cannot be looked up is refused before anything is sent.
        if let Some(key) = keys.iter().find(|key| !self.capabilities().find.contains(&key.by())) {
            self.key_field(key.by(), None)?;
            let message = format!("a {} cannot be found by {:?}", T::KIND, key.by());
            return Err(Error::new(ErrorKind::Unsupported, "find").with_vendor(VENDOR).with_message(message));
        }
        let mut wanted: BTreeMap<FindBy, BTreeMap<String, String>> = BTreeMap::new();
        for key in keys.iter().filter(|key| !key.text().trim().is_empty()) {
            let text = key.text().trim();
            wanted.entry(key.by()).or_default().insert(text.to_lowercase(), text.to_owned());
        }
        if wanted.is_empty() {
            return Ok(keys.iter().map(|_| Vec::new()).collect());
        }
        let layout = self.layout().await?;
        let mut found: BTreeMap<FindBy, HashMap<String, Vec<T>>> = BTreeMap::new();
        for (by, texts) in wanted {
            let field = self.key_field(by, Some(&layout))?;
            let texts: Vec<String> = texts.into_values().collect();
            self.lookup(&layout, field, &texts, found.entry(by).or_default()).await?;
        }
        let answer = |key: &FindKey| {
            let records = found.get(&key.by()).and_then(|found| found.get(&key.text().trim().to_lowercase()));
            records.cloned().unwrap_or_default()
        };
        Ok(keys.iter().map(answer).collect())
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<T>>> {
        changes::feed(self, since)
    }

    async fn write(&self, writes: Vec<Write<T>>) -> Vec<Result<Written<T>>> {
        if writes.is_empty() {
            return Vec::new();
        }
        match self.layout().await {
            Ok(layout) => write::write(self, &layout, writes).await,
            Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}
