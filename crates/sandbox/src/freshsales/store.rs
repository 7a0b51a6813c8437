//! What the account holds, and the indexes over it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::bulk::Job;
use super::schema::{CustomField, Entity};
use super::settings::{Ids, Settings};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Email {
    /// 0 until it is stored.
    pub(super) id: i64,
    pub(super) value: String,
    pub(super) is_primary: bool,
    pub(super) label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PhoneNumber {
    /// 0 until it is stored.
    pub(super) id: i64,
    pub(super) value: String,
    pub(super) label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct AccountLink {
    pub(super) id: i64,
    pub(super) is_primary: bool,
}

/// A contact, sales account or deal. Values are kept in the form of the wire; an empty field has no entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) entity: Entity,
    pub(super) fields: BTreeMap<&'static str, Value>,
    pub(super) custom: BTreeMap<&'static str, Value>,
    pub(super) emails: Vec<Email>,
    pub(super) phone_numbers: Vec<PhoneNumber>,
    /// Of a contact.
    pub(super) accounts: Vec<AccountLink>,
    /// Of a deal.
    pub(super) contacts: Vec<i64>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// When anything was last done to it, whether `updated_at` shows it or not.
    pub(super) changed_at: DateTime<Utc>,
    pub(super) creater_id: Option<i64>,
    pub(super) updater_id: Option<i64>,
    pub(super) last_assigned_at: Option<DateTime<Utc>>,
    pub(super) stage_updated_at: DateTime<Utc>,
    pub(super) deleted: bool,
}

impl Record {
    /// An empty record that is not stored yet.
    pub(super) fn new(entity: Entity, now: DateTime<Utc>, user: i64) -> Record {
        Record {
            id: 0,
            entity,
            fields: BTreeMap::new(),
            custom: BTreeMap::new(),
            emails: Vec::new(),
            phone_numbers: Vec::new(),
            accounts: Vec::new(),
            contacts: Vec::new(),
            created_at: now,
            updated_at: now,
            changed_at: now,
            creater_id: Some(user),
            updater_id: None,
            last_assigned_at: None,
            stage_updated_at: now,
            deleted: false,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Value::as_i64)
    }

    pub(super) fn set(&mut self, name: &'static str, value: Option<Value>) {
        match value {
            Some(value) => self.fields.insert(name, value),
            None => self.fields.remove(name),
        };
    }

    pub(super) fn email(&self) -> Option<&str> {
        let primary = self.emails.iter().find(|email| email.is_primary).or_else(|| self.emails.first());
        primary.map(|email| email.value.as_str())
    }

    pub(super) fn display_name(&self) -> String {
        if self.entity != Entity::Contact {
            return self.text("name").unwrap_or_default().to_owned();
        }
        let names = [self.text("first_name"), self.text("last_name")].into_iter().flatten();
        let name = names.collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            return name;
        }
        self.email().or_else(|| self.text("mobile_number")).unwrap_or_default().to_owned()
    }

    pub(super) fn primary_account(&self) -> Option<i64> {
        match self.entity {
            Entity::Contact => self.accounts.iter().find(|link| link.is_primary).map(|link| link.id),
            _ => self.number("sales_account_id"),
        }
    }

    /// Whether an update from `old` to this one changes anything that a user can see.
    pub(super) fn differs(&self, old: &Record) -> bool {
        let same_contents = self.fields == old.fields
            && self.custom == old.custom
            && self.emails == old.emails
            && self.phone_numbers == old.phone_numbers
            && self.accounts == old.accounts
            && self.contacts == old.contacts;
        !same_contents
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Task {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) done: bool,
    pub(super) due_date: DateTime<Utc>,
    pub(super) completed_date: Option<DateTime<Utc>>,
    pub(super) owner_id: i64,
    pub(super) creater_id: i64,
    pub(super) updater_id: Option<i64>,
    pub(super) outcome_id: Option<i64>,
    pub(super) task_type_id: Option<i64>,
    pub(super) target: Option<(Entity, i64)>,
    pub(super) user_ids: Vec<i64>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Note {
    pub(super) id: i64,
    pub(super) description: String,
    pub(super) target: (Entity, i64),
    pub(super) creater_id: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// A value by which a record can be found, and perhaps must be unique: entity, field, value in lower case.
type Key = (Entity, &'static str, String);

/// One thing that refers to a contact, account or deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Referrer {
    Contact,
    Deal,
    Task,
    Note,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) settings: Settings,
    pub(super) ids: Ids,
    records: BTreeMap<(Entity, i64), Record>,
    tasks: BTreeMap<i64, Task>,
    notes: BTreeMap<i64, Note>,
    pub(super) jobs: BTreeMap<i64, Job>,
    keys: BTreeMap<Key, BTreeSet<i64>>,
    referrers: BTreeMap<(Entity, i64, Referrer), BTreeSet<i64>>,
    /// Older versions of records, newest last; kept only while views or search lag behind.
    history: BTreeMap<(Entity, i64), Vec<Record>>,
}

/// Older versions kept per record.
const HISTORY: usize = 16;

impl Store {
    pub(super) fn new(settings: Settings, ids: Ids) -> Store {
        Store {
            settings,
            ids,
            records: BTreeMap::new(),
            tasks: BTreeMap::new(),
            notes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            keys: BTreeMap::new(),
            referrers: BTreeMap::new(),
            history: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, entity: Entity, id: i64) -> Option<&Record> {
        self.records.get(&(entity, id))
    }

    /// All records of a kind by id, those in the recycle bin included.
    pub(super) fn all(&self, entity: Entity) -> impl Iterator<Item = &Record> {
        self.records.range((entity, i64::MIN)..=(entity, i64::MAX)).map(|(_, record)| record)
    }

    /// Stores a record under its id, a new one under a new id, and gives new e-mails and phones their ids.
    pub(super) fn put(&mut self, mut record: Record, keep_history: bool) -> i64 {
        if record.id == 0 {
            record.id = self.ids.next(record.entity.singular());
        }
        for email in record.emails.iter_mut().filter(|email| email.id == 0) {
            email.id = self.ids.next("email");
        }
        for phone in record.phone_numbers.iter_mut().filter(|phone| phone.id == 0) {
            phone.id = self.ids.next("phone_number");
        }
        let (entity, id) = (record.entity, record.id);
        if let Some(old) = self.take(entity, id).filter(|_| keep_history) {
            let versions = self.history.entry((entity, id)).or_default();
            versions.push(old);
            if versions.len() > HISTORY {
                versions.remove(0);
            }
        }
        for key in keys(&record, &self.settings) {
            self.keys.entry(key).or_default().insert(id);
        }
        for (target, referrer) in references(&record) {
            self.referrers.entry((target.0, target.1, referrer)).or_default().insert(id);
        }
        self.records.insert((entity, id), record);
        id
    }

    /// Removes a record for good, with the notes on it; other records forget it.
    pub(super) fn purge(&mut self, entity: Entity, id: i64) {
        for note in self.referrers(entity, id, Referrer::Note) {
            self.remove_note(note);
        }
        for task in self.referrers(entity, id, Referrer::Task) {
            if let Some(task) = self.tasks.get(&task).cloned() {
                self.put_task(Task { target: None, ..task });
            }
        }
        for (kind, other) in [(Referrer::Contact, Entity::Contact), (Referrer::Deal, Entity::Deal)] {
            for referrer in self.referrers(entity, id, kind) {
                let Some(mut record) = self.get(other, referrer).cloned() else {
                    continue;
                };
                record.accounts.retain(|link| entity != Entity::SalesAccount || link.id != id);
                record.contacts.retain(|contact| entity != Entity::Contact || *contact != id);
                if entity == Entity::SalesAccount {
                    record.set("sales_account_id", None);
                }
                self.put(record, false);
            }
        }
        let is_child = |record: &&Record| record.number("parent_sales_account_id") == Some(id);
        let children: Vec<Record> = match entity {
            Entity::SalesAccount => self.all(entity).filter(is_child).cloned().collect(),
            _ => Vec::new(),
        };
        for mut child in children {
            child.set("parent_sales_account_id", None);
            self.put(child, false);
        }
        self.take(entity, id);
        self.history.remove(&(entity, id));
    }

    fn take(&mut self, entity: Entity, id: i64) -> Option<Record> {
        let old = self.records.remove(&(entity, id))?;
        for key in keys(&old, &self.settings) {
            drop_from(&mut self.keys, &key, id);
        }
        for (target, referrer) in references(&old) {
            drop_from(&mut self.referrers, &(target.0, target.1, referrer), id);
        }
        Some(old)
    }

    /// Records with this value in an identifying field, regardless of case, by id.
    pub(super) fn find(&self, entity: Entity, field: &str, value: &str) -> Vec<i64> {
        let Some(field) = key_fields(entity, &self.settings).into_iter().find(|known| *known == field) else {
            return Vec::new();
        };
        let key = (entity, field, value.trim().to_lowercase());
        self.keys.get(&key).map(|ids| ids.iter().copied().collect()).unwrap_or_default()
    }

    /// The first record with this value that is not in the recycle bin.
    pub(super) fn find_live(&self, entity: Entity, field: &str, value: &str) -> Option<i64> {
        let live = |id: &i64| self.get(entity, *id).is_some_and(|record| !record.deleted);
        self.find(entity, field, value).into_iter().find(live)
    }

    /// Ids of what refers to a record.
    pub(super) fn referrers(&self, entity: Entity, id: i64, kind: Referrer) -> Vec<i64> {
        self.referrers.get(&(entity, id, kind)).map(|ids| ids.iter().copied().collect()).unwrap_or_default()
    }

    /// The newest version of a record that is at least as old as `by`, if it existed then.
    pub(super) fn as_of(&self, entity: Entity, id: i64, by: DateTime<Utc>) -> Option<&Record> {
        let current = self.get(entity, id)?;
        let older = self.history.get(&(entity, id)).into_iter().flatten().rev();
        std::iter::once(current).chain(older).find(|version| version.changed_at <= by)
    }

    pub(super) fn task(&self, id: i64) -> Option<&Task> {
        self.tasks.get(&id)
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    pub(super) fn put_task(&mut self, mut task: Task) -> i64 {
        if task.id == 0 {
            task.id = self.ids.next("task");
        }
        let id = task.id;
        self.remove_task(id);
        if let Some((entity, target)) = task.target {
            self.referrers.entry((entity, target, Referrer::Task)).or_default().insert(id);
        }
        self.tasks.insert(id, task);
        id
    }

    pub(super) fn remove_task(&mut self, id: i64) -> Option<Task> {
        let task = self.tasks.remove(&id)?;
        if let Some((entity, target)) = task.target {
            drop_from(&mut self.referrers, &(entity, target, Referrer::Task), id);
        }
        Some(task)
    }

    pub(super) fn note(&self, id: i64) -> Option<&Note> {
        self.notes.get(&id)
    }

    pub(super) fn put_note(&mut self, mut note: Note) -> i64 {
        if note.id == 0 {
            note.id = self.ids.next("note");
        }
        let id = note.id;
        self.remove_note(id);
        self.referrers.entry((note.target.0, note.target.1, Referrer::Note)).or_default().insert(id);
        self.notes.insert(id, note);
        id
    }

    pub(super) fn remove_note(&mut self, id: i64) -> Option<Note> {
        let note = self.notes.remove(&id)?;
        drop_from(&mut self.referrers, &(note.target.0, note.target.1, Referrer::Note), id);
        Some(note)
    }

    /// The text of the newest note on a record.
    pub(super) fn recent_note(&self, entity: Entity, id: i64) -> Option<&str> {
        let notes = self.referrers.get(&(entity, id, Referrer::Note))?;
        let newest = notes.iter().filter_map(|id| self.notes.get(id)).max_by_key(|note| (note.created_at, note.id))?;
        Some(&newest.description)
    }

    /// Everything, in a stable order.
    pub(super) fn dump(&self) -> Value {
        let of = |entity| self.all(entity).collect::<Vec<_>>();
        json!({
            "settings": self.settings,
            "contacts": of(Entity::Contact),
            "sales_accounts": of(Entity::SalesAccount),
            "deals": of(Entity::Deal),
            "tasks": self.tasks.values().collect::<Vec<_>>(),
            "notes": self.notes.values().collect::<Vec<_>>(),
            "jobs": self.jobs.values().collect::<Vec<_>>(),
        })
    }
}

fn drop_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<i64>>, key: &K, id: i64) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

/// The fields by which records can be found besides `id`.
pub(super) fn key_fields(entity: Entity, settings: &Settings) -> Vec<&'static str> {
    let built_in: &[&str] = match entity {
        Entity::Contact => &["emails", "mobile_number", "external_id"],
        Entity::SalesAccount => &["name", "website"],
        Entity::Deal => &["name"],
    };
    let custom = settings.custom(entity).filter(|field| field.unique).map(|field: &CustomField| field.name);
    built_in.iter().copied().chain(custom).collect()
}

fn keys(record: &Record, settings: &Settings) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for field in key_fields(record.entity, settings) {
        let mut add = |value: &str| keys.push((record.entity, field, value.trim().to_lowercase()));
        if field == "emails" {
            record.emails.iter().for_each(|email| add(&email.value));
        } else if let Some(value) = record.fields.get(field).or_else(|| record.custom.get(field)) {
            value.as_str().into_iter().for_each(&mut add);
        }
    }
    keys
}

fn references(record: &Record) -> Vec<((Entity, i64), Referrer)> {
    match record.entity {
        Entity::Contact => {
            record.accounts.iter().map(|link| ((Entity::SalesAccount, link.id), Referrer::Contact)).collect()
        }
        Entity::SalesAccount => Vec::new(),
        Entity::Deal => {
            let account = record.number("sales_account_id").map(|id| (Entity::SalesAccount, id));
            let contacts = record.contacts.iter().map(|id| (Entity::Contact, *id));
            account.into_iter().chain(contacts).map(|target| (target, Referrer::Deal)).collect()
        }
    }
}
