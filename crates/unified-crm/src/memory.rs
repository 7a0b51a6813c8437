use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use crm_model::{
    Account, Channel, ConsentState, Contact, Deal, Deleted, Field, FieldType, Instant, Meta, Note, Object, ObjectKind,
    Pipeline, Presence, Record, RecordPatch, RemoteId, Schema, Task, User, Value, ValueKind,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use rest_core::LedgerSnapshot;
use rest_core::{Clock, SystemClock};

use crate::{
    Capabilities, Change, ChangeSupport, Collection, CollectionCapabilities, Create, Crm, Cursor, DeleteEvidence,
    Error, ErrorKind, Fetched, FindBy, FindKey, Identity, ListQuery, Outcome, Result, Update, Write, Written,
};

const VENDOR: &str = "memory";

/// A CRM that lives in memory: every object, every operation, no vendor. Clones share their records.
///
/// It passes the same contract suite as the vendors' adapters, so code that was tested against it meets no surprise.
#[derive(Clone)]
pub struct MemoryCrm {
    account: String,
    capabilities: Arc<Capabilities>,
    accounts: Table<Account>,
    contacts: Table<Contact>,
    deals: Table<Deal>,
    tasks: Table<Task>,
    notes: Table<Note>,
    directory: Arc<Mutex<Directory>>,
}

#[derive(Default)]
struct Directory {
    users: Vec<User>,
    pipelines: Vec<Pipeline>,
}

impl MemoryCrm {
    /// An empty CRM whose time is the system's.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self::with_clock(account, Arc::new(SystemClock::default()))
    }

    /// An empty CRM that stamps its records by this clock.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "whoever gives a clock away should not have to keep it")]
    pub fn with_clock(account: &str, clock: Arc<dyn Clock>) -> Self {
        let accounts = Table::new(&clock);
        let contacts = Table::new(&clock);
        let deals = Table::new(&clock);
        let tasks = Table::new(&clock);
        let notes = Table::new(&clock);
        let objects = BTreeMap::from([
            (ObjectKind::Account, accounts.capabilities.clone()),
            (ObjectKind::Contact, contacts.capabilities.clone()),
            (ObjectKind::Deal, deals.capabilities.clone()),
            (ObjectKind::Task, tasks.capabilities.clone()),
            (ObjectKind::Note, notes.capabilities.clone()),
        ]);
        let capabilities = Arc::new(Capabilities { objects, users: true, pipelines: true, proxy: false });
        let directory = Arc::default();
        Self { account: account.to_owned(), capabilities, accounts, contacts, deals, tasks, notes, directory }
    }

    /// Adds a user to the directory.
    pub fn add_user(&self, user: User) {
        lock(&self.directory).users.push(user);
    }

    /// Adds a pipeline to the directory.
    pub fn add_pipeline(&self, pipeline: Pipeline) {
        lock(&self.directory).pipelines.push(pipeline);
    }
}

impl fmt::Debug for MemoryCrm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCrm").field("account", &self.account).finish_non_exhaustive()
    }
}

#[async_trait]
impl Crm for MemoryCrm {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn identity(&self) -> Result<Identity> {
        Ok(Identity::new(VENDOR, &self.account))
    }

    fn accounts(&self) -> Result<&dyn Collection<Account>> {
        Ok(&self.accounts)
    }

    fn contacts(&self) -> Result<&dyn Collection<Contact>> {
        Ok(&self.contacts)
    }

    fn deals(&self) -> Result<&dyn Collection<Deal>> {
        Ok(&self.deals)
    }

    fn tasks(&self) -> Result<&dyn Collection<Task>> {
        Ok(&self.tasks)
    }

    fn notes(&self) -> Result<&dyn Collection<Note>> {
        Ok(&self.notes)
    }

    async fn users(&self) -> Result<Vec<User>> {
        Ok(lock(&self.directory).users.clone())
    }

    async fn pipelines(&self) -> Result<Vec<Pipeline>> {
        Ok(lock(&self.directory).pipelines.clone())
    }

    fn usage(&self) -> LedgerSnapshot {
        LedgerSnapshot::default()
    }
}

/// The records of one object. Every change takes the next sequence number, which is also what a cursor holds.
struct Table<T> {
    capabilities: CollectionCapabilities,
    clock: Arc<dyn Clock>,
    rows: Arc<Mutex<Rows>>,
    object: PhantomData<fn() -> T>,
}

#[derive(Default)]
struct Rows {
    by_id: BTreeMap<u64, Row>,
    changes: u64,
}

struct Row {
    record: Record,
    key: Option<String>,
    changed: u64,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        let (capabilities, clock, rows) = (self.capabilities.clone(), self.clock.clone(), self.rows.clone());
        Self { capabilities, clock, rows, object: PhantomData }
    }
}

impl<T: Object> Table<T> {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        let find = match T::KIND {
            ObjectKind::Contact => vec![FindBy::Email, FindBy::CreateKey],
            ObjectKind::Account | ObjectKind::Deal => vec![FindBy::CreateKey, FindBy::Name],
            _ => vec![FindBy::CreateKey],
        };
        let capabilities = CollectionCapabilities {
            list: true,
            get_batch: 1000,
            find,
            changes: ChangeSupport::Incremental,
            deletes: DeleteEvidence::Feed,
            create: true,
            update: true,
            delete: true,
            create_once: true,
            write_batch: 1000,
            returns_record: true,
            tells_author: false,
        };
        Self { capabilities, clock: clock.clone(), rows: Arc::default(), object: PhantomData }
    }

    fn write_one(&self, write: Write<T>) -> Result<Written<T>> {
        match write {
            Write::Create(create) => self.create(&create),
            Write::Update(update) => self.update(&update),
            Write::Delete(id) => self.delete(&id),
        }
    }

    fn create(&self, create: &Create<T>) -> Result<Written<T>> {
        let now = self.clock.now();
        let mut rows = lock(&self.rows);
        let under_key = |row: &&Row| row.key.is_some() && row.key == create.key && row.record.meta.deleted.is_alive();
        if let Some(row) = rows.by_id.values().find(under_key) {
            return Ok(written(&row.record, Outcome::Existed));
        }
        let number = rows.by_id.last_key_value().map_or(1, |(last, _)| last + 1);
        let meta = Meta { created_at: Some(now), ..Meta::new(VENDOR, number.to_string()) };
        let mut record = Record::new(T::KIND, meta);
        for field in T::FIELDS {
            record.set(field.key.clone(), if field.is_list { Value::List(Vec::new()) } else { Value::Null });
        }
        // Every channel is shown, so that any of them can be closed.
        for channel in Channel::ALL.into_iter().filter(|_| T::KIND == ObjectKind::Contact) {
            record.consent.observe(channel, ConsentState::Unknown);
        }
        let patch = T::new_to_patch(&create.new);
        let changed = rows.stamp(&mut record, &patch, now);
        let result = written(&record, Outcome::Created);
        rows.by_id.insert(number, Row { record, key: create.key.clone(), changed });
        Ok(result)
    }

    fn update(&self, update: &Update<T>) -> Result<Written<T>> {
        let now = self.clock.now();
        let mut rows = lock(&self.rows);
        let mut record = alive(&rows, &update.id).ok_or_else(|| missing::<T>(&update.id))?.record.clone();
        let changed = rows.stamp(&mut record, &T::patch_to_record(&update.patch), now);
        let result = written(&record, Outcome::Updated);
        if let Some(row) = row_mut(&mut rows, &update.id) {
            row.record = record;
            row.changed = changed;
        }
        Ok(result)
    }

    fn delete(&self, id: &RemoteId<T>) -> Result<Written<T>> {
        let now = self.clock.now();
        let mut rows = lock(&self.rows);
        rows.changes += 1;
        let changed = rows.changes;
        if let Some(row) = row_mut(&mut rows, id).filter(|row| row.record.meta.deleted.is_alive()) {
            row.record.meta.deleted = Deleted::Soft { at: Some(now) };
            row.changed = changed;
        }
        Ok(Written::new(id.clone(), Outcome::Deleted))
    }
}

impl Rows {
    fn stamp(&mut self, record: &mut Record, patch: &RecordPatch, now: Instant) -> u64 {
        record.apply(patch);
        record.meta.updated_at = Some(now);
        self.changes += 1;
        self.changes
    }
}

fn row_mut<'a, T>(rows: &'a mut Rows, id: &RemoteId<T>) -> Option<&'a mut Row> {
    rows.by_id.get_mut(&id.as_str().parse().ok()?)
}

fn row<'a, T>(rows: &'a Rows, id: &RemoteId<T>) -> Option<&'a Row> {
    rows.by_id.get(&id.as_str().parse().ok()?)
}

fn alive<'a, T>(rows: &'a Rows, id: &RemoteId<T>) -> Option<&'a Row> {
    row(rows, id).filter(|row| row.record.meta.deleted.is_alive())
}

fn missing<T: Object>(id: &RemoteId<T>) -> Error {
    let message = format!("there is no {} {id}", T::KIND);
    Error::new(ErrorKind::NotFound, "update").with_vendor(VENDOR).with_message(message)
}

fn written<T: Object>(record: &Record, outcome: Outcome) -> Written<T> {
    let id = RemoteId::new(record.meta.id.clone());
    Written { id, outcome, record: T::from_record(record.clone()).ok() }
}

/// What is stored was checked against the declaration when it was written.
fn typed<T: Object>(record: &Record) -> Result<T> {
    T::from_record(record.clone())
        .map_err(|error| Error::new(ErrorKind::Decode, "read").with_message(error.to_string()))
}

fn carries(record: &Record, created_under: Option<&str>, key: &FindKey) -> bool {
    let text = |value: Presence<Value>| value.into_option().and_then(|value| value.as_text().map(str::to_lowercase));
    match key {
        FindKey::CreateKey(key) => created_under == Some(key),
        FindKey::Name(name) => text(record.get(&Account::NAME.into())) == Some(name.to_lowercase()),
        FindKey::Email(email) => {
            let Presence::Known(Value::List(emails)) = record.get(&Contact::EMAILS.into()) else { return false };
            emails.iter().any(|entry| match entry {
                Value::Labelled(entry) => entry.value.as_text().is_some_and(|text| text.eq_ignore_ascii_case(email)),
                _ => false,
            })
        }
    }
}

#[async_trait]
impl<T: Object> Collection<T> for Table<T> {
    fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    async fn schema(&self) -> Result<Schema> {
        let field = |def: &crm_model::FieldDef| {
            let field_type = if def.is_list { FieldType::List } else { field_type(def.kind) };
            Field::new(def.key.clone(), def.key.as_str(), field_type)
        };
        Ok(Schema::new(T::KIND, T::FIELDS.iter().map(field).collect()))
    }

    async fn get(&self, ids: &[RemoteId<T>]) -> Result<Vec<Fetched<T>>> {
        let rows = lock(&self.rows);
        let fetch = |id: &RemoteId<T>| match row(&rows, id) {
            None => Ok(Fetched::Missing),
            Some(row) if row.record.meta.deleted.is_alive() => typed(&row.record).map(Fetched::Found),
            Some(row) => Ok(Fetched::Deleted(row.record.meta.deleted.clone())),
        };
        ids.iter().map(fetch).collect()
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<T>> {
        let rows = lock(&self.rows);
        let wanted = |record: &&Record| {
            record.meta.deleted.is_alive()
                && query.updated_since.is_none_or(|since| record.meta.updated_at >= Some(since))
        };
        let limit = query.limit.unwrap_or(usize::MAX);
        let records: Vec<_> =
            rows.by_id.values().map(|row| &row.record).filter(wanted).take(limit).map(typed).collect();
        stream::iter(records).boxed()
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<T>>> {
        if let Some(key) = keys.iter().find(|key| !self.capabilities.find.contains(&key.by())) {
            let message = format!("a {} cannot be found by {:?}", T::KIND, key.by());
            return Err(Error::new(ErrorKind::Unsupported, "find").with_vendor(VENDOR).with_message(message));
        }
        let rows = lock(&self.rows);
        let alive = || rows.by_id.values().filter(|row| row.record.meta.deleted.is_alive());
        let find = |key: &FindKey| {
            let found = alive().filter(|row| carries(&row.record, row.key.as_deref(), key));
            found.map(|row| typed(&row.record)).collect()
        };
        keys.iter().map(find).collect()
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<T>>> {
        let complete = since.is_none();
        let seen = match since.as_ref().map(|cursor| cursor.as_str().parse::<u64>()) {
            None => 0,
            Some(Ok(seen)) => seen,
            Some(Err(_)) => {
                let error = Error::new(ErrorKind::Invalid, "changes").with_vendor(VENDOR);
                return stream::iter([Err(
                    error.with_message("this is not a cursor of this collection; start without one")
                )])
                .boxed();
            }
        };
        let rows = lock(&self.rows);
        let mut events = vec![Ok(Change::Started { complete })];
        for row in rows.by_id.values().filter(|row| row.changed > seen) {
            let deleted = row.record.meta.deleted.clone();
            if deleted.is_alive() {
                events.push(typed(&row.record).map(Change::Record));
            } else if !complete {
                events.push(Ok(Change::Deleted { id: RemoteId::new(row.record.meta.id.clone()), deleted }));
            }
        }
        events.push(Ok(Change::Finished(Cursor::new(rows.changes.to_string()))));
        stream::iter(events).boxed()
    }

    async fn write(&self, writes: Vec<Write<T>>) -> Vec<Result<Written<T>>> {
        writes.into_iter().map(|write| self.write_one(write)).collect()
    }
}

fn field_type(kind: ValueKind) -> FieldType {
    match kind {
        ValueKind::Int => FieldType::Int,
        ValueKind::Decimal => FieldType::Decimal { scale: None },
        ValueKind::Bool => FieldType::Bool,
        ValueKind::Date => FieldType::Date,
        ValueKind::Instant | ValueKind::DateOrTime => FieldType::DateTime,
        ValueKind::Money => FieldType::Money,
        ValueKind::Address => FieldType::Address,
        ValueKind::Ref => FieldType::Ref { target: None },
        // A choice without a list of options takes any text.
        _ => FieldType::Text { max: None },
    }
}

/// A panic elsewhere leaves complete rows behind, so a poisoned lock is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
