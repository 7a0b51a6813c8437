//! The records: rows by id, indexes over them, and a journal that undoes what a failed request did.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::SfId;
use super::schema::{FieldIndex, Object, ObjectIndex, Schema};
use super::value::{Key, Value};

/// The recycle bin keeps a record for 15 days.
pub(crate) const BIN_RETENTION: TimeDelta = TimeDelta::days(15);

/// One record: a value for every field of its object, in the object's order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: SfId,
    pub(crate) values: Vec<Value>,
    /// For a record in the recycle bin: the record whose deletion took it there (its own, or a parent's).
    pub(crate) deleted_with: Option<SfId>,
}

impl Row {
    /// A row without values but its id; booleans start false.
    pub(crate) fn new(object: &Object, id: SfId) -> Row {
        use super::schema::FieldType;
        let blank = |kind| {
            if kind == FieldType::Boolean { Value::Bool(false) } else { Value::Null }
        };
        let mut values: Vec<Value> = object.fields.iter().map(|field| blank(field.kind)).collect();
        if let Some(first) = values.first_mut() {
            *first = Value::Id(id);
        }
        Row { id, values, deleted_with: None }
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_with.is_some()
    }

    /// The value of a field by name; null where the object has no such field.
    pub(crate) fn get(&self, object: &Object, name: &str) -> &Value {
        object.position(name).map_or(&Value::Null, |index| &self.values[index])
    }

    /// Sets a field by name; fields that the object does not have are passed over.
    pub(crate) fn set(&mut self, object: &Object, name: &str, value: Value) {
        if let Some(index) = object.position(name) {
            self.values[index] = value;
        }
    }

    /// Moves the row into the recycle bin, or out of it.
    pub(crate) fn set_deleted(&mut self, object: &Object, with: Option<SfId>) {
        self.deleted_with = with;
        self.set(object, "IsDeleted", Value::Bool(with.is_some()));
    }
}

#[derive(Debug, Default)]
struct Table {
    /// Shared with the cursors that were opened over them: a change replaces a row, it never alters one.
    rows: BTreeMap<SfId, Arc<Row>>,
    indexes: BTreeMap<FieldIndex, BTreeSet<(Key, SfId)>>,
    /// How many rows are not in the recycle bin.
    live: usize,
    next_number: u64,
    /// The last number given to each numbered field.
    numbered: BTreeMap<FieldIndex, u64>,
    /// When the latest of the purged records had been deleted.
    purged_until: Option<DateTime<Utc>>,
}

/// What one step of a transaction replaced.
#[derive(Debug)]
struct Change {
    object: ObjectIndex,
    id: SfId,
    before: Option<Arc<Row>>,
    quiet: bool,
}

/// What a transaction made of one record.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) object: ObjectIndex,
    pub(crate) id: SfId,
    pub(crate) before: Option<Arc<Row>>,
    pub(crate) after: Option<Arc<Row>>,
    /// Whether only changes that nobody is told of were made.
    pub(crate) quiet: bool,
}

/// How many of the records that were written last are remembered.
pub(crate) const REMEMBERED: usize = 200;

/// A point in a transaction to which the store can go back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Mark(usize);

/// All records of the organisation.
#[derive(Debug)]
pub(crate) struct Store {
    schema: Arc<Schema>,
    tables: Vec<Table>,
    journal: Vec<Change>,
    open_transactions: usize,
    /// The transactions that were completed since they were last [taken](Store::take_committed).
    committed: Vec<Vec<Committed>>,
    /// The records that were written last, the latest first.
    recent: VecDeque<(ObjectIndex, SfId)>,
    /// Whether what is changed now is told to nobody.
    pub(crate) quiet: bool,
    /// No record in the bin was deleted before this: spares looking for expired ones on every request.
    oldest_deletion: Option<DateTime<Utc>>,
}

/// Numbered fields go on after this.
const FIRST_NUMBER: u64 = 1_000;

/// `INV-1001` for `INV-{0000}`.
fn numbered(format: &str, number: u64) -> String {
    match format.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (digits, after))) => format!("{before}{number:0width$}{after}", width = digits.len()),
        None => format!("{format}{number}"),
    }
}

/// Which instance the ids claim to come from.
const POD: [u8; 3] = *b"gK0";

impl Store {
    /// An empty store; `first_number` is where record numbers start.
    pub(crate) fn new(schema: Arc<Schema>, first_number: u64) -> Store {
        let table = |object: &Object| {
            let indexed = object.fields.iter().enumerate().filter(|(_, field)| field.indexed());
            let indexes = indexed.map(|(index, _)| (index, BTreeSet::new())).collect();
            Table { indexes, next_number: first_number, ..Table::default() }
        };
        let tables = schema.objects.iter().map(table).collect();
        Store {
            schema,
            tables,
            journal: Vec::new(),
            open_transactions: 0,
            committed: Vec::new(),
            recent: VecDeque::new(),
            quiet: false,
            oldest_deletion: None,
        }
    }

    /// Goes over to a changed schema, in which objects and fields have kept their places.
    pub(crate) fn adopt(&mut self, schema: Arc<Schema>) {
        let first_number = self.tables.iter().map(|table| table.next_number).max().unwrap_or_default();
        self.tables.resize_with(schema.objects.len(), || Table { next_number: first_number, ..Table::default() });
        for (table, object) in self.tables.iter_mut().zip(&schema.objects) {
            for row in table.rows.values_mut().filter(|row| row.values.len() < object.fields.len()) {
                let blank = Row::new(object, row.id);
                let known = row.values.len();
                Arc::make_mut(row).values.extend(blank.values.into_iter().skip(known));
            }
            for (index, _) in object.fields.iter().enumerate().filter(|(_, field)| field.indexed()) {
                let rows = &table.rows;
                table.indexes.entry(index).or_insert_with(|| {
                    let keys = rows.values().filter_map(|row| Some((Key::of(row.values.get(index)?)?, row.id)));
                    keys.collect()
                });
            }
        }
        self.schema = schema;
    }

    /// An id that was never used.
    pub(crate) fn next_id(&mut self, object: ObjectIndex) -> SfId {
        let prefix = self.schema.object(object).prefix;
        // Objects that share a prefix share their numbers.
        let table = &mut self.tables[self.schema.by_prefix(prefix).unwrap_or(object)];
        table.next_number += 1;
        SfId::numbered(prefix, POD, table.next_number)
    }

    /// Numbers the fields of a new row that the platform numbers.
    pub(crate) fn number(&mut self, object: ObjectIndex, row: &mut Row) {
        for (index, field) in self.schema.object(object).fields.iter().enumerate() {
            let Some(format) = field.auto_number else {
                continue;
            };
            let next = self.tables[object].numbered.entry(index).or_insert(FIRST_NUMBER);
            *next += 1;
            row.values[index] = Value::text(&numbered(format, *next));
        }
    }

    pub(crate) fn get(&self, object: ObjectIndex, id: SfId) -> Option<&Row> {
        self.tables[object].rows.get(&id).map(|row| &**row)
    }

    /// The row as it is now, for those who keep it.
    pub(crate) fn shared(&self, object: ObjectIndex, id: SfId) -> Option<&Arc<Row>> {
        self.tables[object].rows.get(&id)
    }

    /// The record with this id, of whatever object, and that object.
    pub(crate) fn lookup(&self, id: SfId) -> Option<(ObjectIndex, &Row)> {
        self.lookup_shared(id).map(|(object, row)| (object, &**row))
    }

    /// As [`lookup`](Store::lookup), for those who keep the row.
    pub(crate) fn lookup_shared(&self, id: SfId) -> Option<(ObjectIndex, &Arc<Row>)> {
        let object = self.schema.by_prefix(id.prefix())?;
        self.shared(object, id).map(|row| (object, row))
    }

    /// All rows of an object in the order of their ids, deleted ones included.
    pub(crate) fn rows(&self, object: ObjectIndex) -> impl Iterator<Item = &Row> {
        self.tables[object].rows.values().map(|row| &**row)
    }

    /// The rows of an object whose ids lie in the range, in order, deleted ones included.
    pub(crate) fn rows_in(
        &self,
        object: ObjectIndex,
        ids: (Bound<SfId>, Bound<SfId>),
    ) -> impl DoubleEndedIterator<Item = &Arc<Row>> {
        let rows = not_empty(&ids).then(|| self.tables[object].rows.range(ids));
        rows.into_iter().flatten().map(|(_, row)| row)
    }

    /// How many rows of an object there are: all, and those that are not in the recycle bin.
    pub(crate) fn counts(&self, object: ObjectIndex) -> (usize, usize) {
        (self.tables[object].rows.len(), self.tables[object].live)
    }

    pub(crate) fn is_indexed(&self, object: ObjectIndex, field: FieldIndex) -> bool {
        self.tables[object].indexes.contains_key(&field)
    }

    /// The ids of the records whose indexed `field` has this value (texts: whatever their case), deleted included.
    pub(crate) fn with_value(&self, object: ObjectIndex, field: FieldIndex, value: &Value) -> Vec<SfId> {
        Key::of(value).map(|key| self.with_key(object, field, &key)).unwrap_or_default()
    }

    /// The ids of the records whose indexed `field` has this key, deleted included.
    pub(crate) fn with_key(&self, object: ObjectIndex, field: FieldIndex, key: &Key) -> Vec<SfId> {
        self.with_keys_in(object, field, (Bound::Included(key.clone()), Bound::Included(key.clone()))).collect()
    }

    /// The live records whose indexed `field` has this value.
    pub(crate) fn live_with_value(&self, object: ObjectIndex, field: FieldIndex, value: &Value) -> Vec<SfId> {
        let mut ids = self.with_value(object, field, value);
        ids.retain(|id| self.get(object, *id).is_some_and(|row| !row.is_deleted()));
        ids
    }

    /// The ids of the records whose indexed date-time `field` lies in the range, in order of time, then id.
    pub(crate) fn in_time(
        &self,
        object: ObjectIndex,
        field: FieldIndex,
        from: Bound<DateTime<Utc>>,
        to: Bound<DateTime<Utc>>,
    ) -> Vec<SfId> {
        self.with_keys_in(object, field, (from.map(Key::DateTime), to.map(Key::DateTime))).collect()
    }

    /// The ids of the records whose indexed `field` has a key in the range, in order of key, then id. Records without
    /// a value are in no range. Deleted ones are included.
    pub(crate) fn with_keys_in(
        &self,
        object: ObjectIndex,
        field: FieldIndex,
        keys: (Bound<Key>, Bound<Key>),
    ) -> impl DoubleEndedIterator<Item = SfId> {
        let usable = not_empty(&keys);
        // Among equal keys, the least and the greatest of ids enclose all others.
        let from = match keys.0 {
            Bound::Included(key) => Bound::Included((key, SfId::LEAST)),
            Bound::Excluded(key) => Bound::Excluded((key, SfId::GREATEST)),
            Bound::Unbounded => Bound::Unbounded,
        };
        let to = match keys.1 {
            Bound::Included(key) => Bound::Included((key, SfId::GREATEST)),
            Bound::Excluded(key) => Bound::Excluded((key, SfId::LEAST)),
            Bound::Unbounded => Bound::Unbounded,
        };
        let range = (from, to);
        let index = self.tables[object].indexes.get(&field).filter(|_| usable);
        index.map(|index| index.range(range)).into_iter().flatten().map(|(_, id)| *id)
    }

    /// Writes a row, new or changed.
    pub(crate) fn put(&mut self, object: ObjectIndex, row: Row) {
        if row.is_deleted() {
            let at = row.get(self.schema.object(object), "SystemModstamp").as_datetime();
            self.oldest_deletion = self.oldest_deletion.into_iter().chain(at).min();
        }
        self.replace(object, row.id, Some(Arc::new(row)));
    }

    /// Removes a row for good.
    pub(crate) fn purge(&mut self, object: ObjectIndex, id: SfId) {
        let Some(row) = self.get(object, id) else {
            return;
        };
        let deleted_at = row.get(self.schema.object(object), "SystemModstamp").as_datetime();
        let table = &mut self.tables[object];
        table.purged_until = table.purged_until.max(deleted_at);
        self.replace(object, id, None);
    }

    /// When the latest of an object's purged records had been deleted.
    pub(crate) fn purged_until(&self, object: ObjectIndex) -> Option<DateTime<Utc>> {
        self.tables[object].purged_until
    }

    /// Purges what has been in the recycle bin longer than [`BIN_RETENTION`].
    pub(crate) fn purge_expired(&mut self, now: DateTime<Utc>) {
        let limit = now - BIN_RETENTION;
        if self.oldest_deletion.is_none_or(|oldest| oldest >= limit) {
            return;
        }
        let schema = Arc::clone(&self.schema);
        let mut oldest: Option<DateTime<Utc>> = None;
        let mut expired = Vec::new();
        for (object, definition) in schema.objects.iter().enumerate() {
            for row in self.rows(object).filter(|row| row.is_deleted()) {
                match row.get(definition, "SystemModstamp").as_datetime() {
                    Some(at) if at >= limit => oldest = oldest.into_iter().chain([at]).min(),
                    _ => expired.push((object, row.id)),
                }
            }
        }
        for (object, id) in expired {
            self.purge(object, id);
        }
        self.oldest_deletion = oldest;
    }

    /// Opens a transaction; every `begin` needs its [`commit`](Store::commit) or [`rollback`](Store::rollback).
    pub(crate) fn begin(&mut self) -> Mark {
        self.open_transactions += 1;
        Mark(self.journal.len())
    }

    /// Keeps what was done since `mark`, as far as an outer transaction keeps it.
    pub(crate) fn commit(&mut self, _mark: Mark) {
        self.open_transactions = self.open_transactions.saturating_sub(1);
        if self.open_transactions == 0 && !self.journal.is_empty() {
            let transaction = self.net_changes();
            self.remember(&transaction);
            self.committed.push(transaction);
        }
    }

    fn remember(&mut self, transaction: &[Committed]) {
        for written in transaction.iter().skip(transaction.len().saturating_sub(REMEMBERED)) {
            let record = (written.object, written.id);
            self.recent.retain(|known| *known != record);
            self.recent.push_front(record);
        }
        self.recent.truncate(REMEMBERED);
    }

    /// The records that were written last and are still there, the latest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (ObjectIndex, &Row)> {
        let rows = self.recent.iter().filter_map(|(object, id)| Some((*object, self.get(*object, *id)?)));
        rows.filter(|(_, row)| !row.is_deleted())
    }

    /// The transactions that were completed since the last call, in order.
    pub(crate) fn take_committed(&mut self) -> Vec<Vec<Committed>> {
        std::mem::take(&mut self.committed)
    }

    /// What the journal amounts to for each record, in the order in which they were first touched.
    fn net_changes(&mut self) -> Vec<Committed> {
        let mut places: BTreeMap<(ObjectIndex, SfId), usize> = BTreeMap::new();
        let mut net: Vec<Committed> = Vec::new();
        for Change { object, id, before, quiet } in std::mem::take(&mut self.journal) {
            let place = *places.entry((object, id)).or_insert(net.len());
            match net.get_mut(place) {
                Some(known) => known.quiet &= quiet,
                None => net.push(Committed { object, id, before, after: self.shared(object, id).cloned(), quiet }),
            }
        }
        net
    }

    /// Undoes what was done since `mark`. Ids handed out meanwhile stay used.
    pub(crate) fn rollback(&mut self, mark: Mark) {
        while self.journal.len() > mark.0 {
            let Some(change) = self.journal.pop() else {
                break;
            };
            self.swap(change.object, change.id, change.before);
        }
        self.commit(mark);
    }

    fn replace(&mut self, object: ObjectIndex, id: SfId, row: Option<Arc<Row>>) {
        let before = self.swap(object, id, row);
        if self.open_transactions > 0 {
            let quiet = self.quiet;
            self.journal.push(Change { object, id, before, quiet });
        }
    }

    fn swap(&mut self, object: ObjectIndex, id: SfId, row: Option<Arc<Row>>) -> Option<Arc<Row>> {
        let Table { rows, indexes, live, .. } = &mut self.tables[object];
        let before = match row {
            Some(row) => rows.insert(id, row),
            None => rows.remove(&id),
        };
        let after = rows.get(&id);
        *live += usize::from(after.is_some_and(|row| !row.is_deleted()));
        *live -= usize::from(before.as_ref().is_some_and(|row| !row.is_deleted()));
        for (field, index) in indexes {
            let old = before.as_ref().map(|row| &row.values[*field]);
            let new = after.map(|row| &row.values[*field]);
            if old == new {
                continue;
            }
            if let Some(key) = old.and_then(Key::of) {
                index.remove(&(key, id));
            }
            if let Some(key) = new.and_then(Key::of) {
                index.insert((key, id));
            }
        }
        before
    }
}

/// Whether a range can hold anything; the collections refuse ranges that end before they begin.
fn not_empty<T: Ord>(range: &(Bound<T>, Bound<T>)) -> bool {
    match range {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Included(low), Bound::Included(high)) => low <= high,
        (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low < high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::value::parse_datetime;

    fn store() -> (Store, ObjectIndex) {
        let schema = Arc::new(Schema::standard());
        let contact = schema.find("Contact").unwrap();
        (Store::new(schema, 0), contact)
    }

    fn put(store: &mut Store, object: ObjectIndex, id: SfId, email: &str, stamp: &str) {
        let schema = Arc::clone(&store.schema);
        let definition = schema.object(object);
        let mut row = Row::new(definition, id);
        row.set(definition, "Email", Value::text(email));
        row.set(definition, "SystemModstamp", Value::DateTime(parse_datetime(stamp).unwrap()));
        store.put(object, row);
    }

    #[test]
    fn indexes_follow_every_change_and_every_rollback() {
        let (mut store, contact) = store();
        let email = store.schema.object(contact).find("Email").unwrap();
        let id = store.next_id(contact);
        let found = |store: &Store, text: &str| store.with_value(contact, email, &Value::text(text));
        put(&mut store, contact, id, "a@x.test", "2024-01-01T00:00:00Z");
        assert_eq!(found(&store, "A@x.test"), [id]);

        let outer = store.begin();
        put(&mut store, contact, id, "b@x.test", "2024-01-02T00:00:00Z");
        let inner = store.begin();
        store.purge(contact, id);
        assert!(found(&store, "b@x.test").is_empty());
        store.rollback(inner);
        assert_eq!(found(&store, "b@x.test"), [id]);
        store.rollback(outer);
        assert_eq!((found(&store, "a@x.test"), found(&store, "b@x.test")), (vec![id], vec![]));
        assert!(store.journal.is_empty());
    }

    #[test]
    fn time_ranges_honour_their_bounds() {
        let (mut store, contact) = store();
        let stamp = store.schema.object(contact).find("SystemModstamp").unwrap();
        let ids: Vec<SfId> = (0..3).map(|_| store.next_id(contact)).collect();
        for (id, day) in ids.iter().zip(["01", "02", "03"]) {
            put(&mut store, contact, *id, "", &format!("2024-01-{day}T00:00:00Z"));
        }
        let day = |day: &str| parse_datetime(&format!("2024-01-{day}T00:00:00Z")).unwrap();
        let range = |from, to| store.in_time(contact, stamp, from, to).len();
        assert_eq!(range(Bound::Unbounded, Bound::Unbounded), 3);
        assert_eq!(range(Bound::Included(day("02")), Bound::Unbounded), 2);
        assert_eq!(range(Bound::Excluded(day("02")), Bound::Unbounded), 1);
        assert_eq!(range(Bound::Included(day("01")), Bound::Excluded(day("03"))), 2);
        assert_eq!(range(Bound::Excluded(day("02")), Bound::Excluded(day("02"))), 0);
        assert_eq!(range(Bound::Included(day("03")), Bound::Included(day("01"))), 0);
        assert_eq!(range(Bound::Excluded(day("02")), Bound::Included(day("02"))), 0);
    }

    #[test]
    fn the_bin_forgets_after_fifteen_days() {
        let (mut store, contact) = store();
        let schema = Arc::clone(&store.schema);
        let id = store.next_id(contact);
        put(&mut store, contact, id, "", "2024-01-01T00:00:00Z");
        let mut row = store.get(contact, id).unwrap().clone();
        row.set_deleted(schema.object(contact), Some(id));
        store.put(contact, row);
        store.purge_expired(parse_datetime("2024-01-16T00:00:00Z").unwrap());
        assert!(store.get(contact, id).is_some());
        store.purge_expired(parse_datetime("2024-01-16T00:00:01Z").unwrap());
        assert!(store.get(contact, id).is_none());
        assert_eq!(store.purged_until(contact), parse_datetime("2024-01-01T00:00:00Z"));
    }
}
