//! The records of one object.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crm_model::{
    Account, Channel, ConsentState, Contact, Deleted, Field, FieldPath, FieldType, Instant, Meta, Object, ObjectKind,
    Presence, Record, RecordPatch, RemoteId, Schema, Value, ValueKind, View,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use rest_core::Clock;

use super::{VENDOR, lock};
use crate::{
    Change, ChangeSupport, Collection, CollectionCapabilities, Create, Cursor, DeleteEvidence, Error, ErrorKind,
    Fetched, FindBy, FindKey, ListQuery, Outcome, Result, Update, Write, Written,
};

/// A view and the values that a record must have to be shown by it.
pub(super) struct SavedView {
    pub(super) view: View,
    pub(super) filter: Vec<(FieldPath, Value)>,
}

pub(super) type Views = Arc<Mutex<Vec<SavedView>>>;

/// The records of one object. Every change takes the next sequence number, which is also what a cursor holds.
pub(super) struct Table<T> {
    pub(super) capabilities: CollectionCapabilities,
    clock: Arc<dyn Clock>,
    rows: Arc<Mutex<Rows>>,
    views: Views,
    object: PhantomData<fn() -> T>,
}

#[derive(Default)]
pub(super) struct Rows {
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
        Self { capabilities, clock, rows, views: self.views.clone(), object: PhantomData }
    }
}

impl<T: Object> Table<T> {
    pub(super) fn new(clock: &Arc<dyn Clock>, views: &Views) -> Self {
        let find = match T::KIND {
            ObjectKind::Contact | ObjectKind::Lead => vec![FindBy::Email, FindBy::CreateKey],
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
        Self { capabilities, clock: clock.clone(), rows: Arc::default(), views: views.clone(), object: PhantomData }
    }

    fn write_one(&self, write: Write<T>) -> Result<Written<T>> {
        match write {
            Write::Create(create) => self.create(&create),
            Write::Update(update) => self.update(&update),
            Write::Delete(id) => self.delete(&id),
        }
    }

    pub(super) fn create(&self, create: &Create<T>) -> Result<Written<T>> {
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
        for channel in Channel::ALL.into_iter().filter(|_| matches!(T::KIND, ObjectKind::Contact | ObjectKind::Lead)) {
            record.consent.observe(channel, ConsentState::Unknown);
        }
        let patch = T::new_to_patch(&create.new);
        let changed = rows.stamp(&mut record, &patch, now);
        let result = written(&record, Outcome::Created);
        rows.by_id.insert(number, Row { record, key: create.key.clone(), changed });
        Ok(result)
    }

    pub(super) fn update(&self, update: &Update<T>) -> Result<Written<T>> {
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
        self.end(id, Deleted::Soft { at: Some(self.clock.now()) });
        Ok(Written::new(id.clone(), Outcome::Deleted))
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Ends a record that is alive.
    pub(super) fn end(&self, id: &RemoteId<T>, how: Deleted) {
        let mut rows = lock(&self.rows);
        rows.changes += 1;
        let changed = rows.changes;
        if let Some(row) = row_mut(&mut rows, id).filter(|row| row.record.meta.deleted.is_alive()) {
            row.record.meta.deleted = how;
            row.changed = changed;
        }
    }

    /// A record that is alive.
    pub(super) fn alive(&self, id: &RemoteId<T>) -> Result<Record> {
        let rows = lock(&self.rows);
        alive(&rows, id).map(|row| row.record.clone()).ok_or_else(|| missing::<T>(id))
    }

    /// The records that are alive and for which a condition holds.
    pub(super) fn select(&self, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        let rows = lock(&self.rows);
        let records = rows.by_id.values().map(|row| &row.record);
        records.filter(|record| record.meta.deleted.is_alive() && wanted(record)).cloned().collect()
    }

    /// Changes every record that is alive and for which the function gives a patch.
    pub(super) fn change(&self, patch: impl Fn(&Record) -> Option<RecordPatch>) -> Result<()> {
        for record in self.select(|_| true) {
            if let Some(patch) = patch(&record) {
                let patch = T::patch_from_record(patch).map_err(|error| {
                    Error::new(ErrorKind::Invalid, "update").with_vendor(VENDOR).with_message(error.to_string())
                })?;
                self.update(&Update { id: RemoteId::new(record.meta.id), patch })?;
            }
        }
        Ok(())
    }

    /// What a view asks of records.
    fn filter(&self, view: Option<&str>) -> Result<Vec<(FieldPath, Value)>> {
        let Some(id) = view else { return Ok(Vec::new()) };
        let views = lock(&self.views);
        let saved = views.iter().find(|saved| saved.view.id == id && saved.view.object == T::KIND);
        saved.map(|saved| saved.filter.clone()).ok_or_else(|| {
            let message = format!("there is no view {id} of {} records", T::KIND);
            Error::new(ErrorKind::NotFound, "list").with_vendor(VENDOR).with_message(message)
        })
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
        let filter = match self.filter(query.view.as_deref()) {
            Ok(filter) => filter,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let rows = lock(&self.rows);
        let wanted = |record: &&Record| {
            record.meta.deleted.is_alive()
                && filter.iter().all(|(path, value)| record.get(path).get() == Some(value))
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
