//! A CRM without a vendor.
//!
//! | file | subject |
//! | --- | --- |
//! | `table` | the records of one object |
//! | `lists` | lists and their members |
//! | `union` | records that become others: conversion of leads, merges |

mod lists;
mod table;
mod union;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use crm_model::{
    Account, AnyRef, Contact, Conversion, Deal, Engagement, FieldGroup, FieldPath, Lead, List, Note, Object,
    ObjectKind, Pipeline, Record, SearchHit, Task, Ticket, User, Value, View,
};
use rest_core::LedgerSnapshot;
use rest_core::{Clock, SystemClock};

use self::lists::MemoryLists;
use self::table::{SavedView, Table, Views};
use crate::{
    Capabilities, Collection, ConvertLead, Crm, Error, ErrorKind, Identity, Lists, Merge, Result, SearchQuery,
};

const VENDOR: &str = "memory";

/// A CRM that lives in memory: every object, every operation, no vendor. Clones share their records.
///
/// It passes the same contract suite as the vendors' adapters, so code that was tested against it meets no surprise.
#[derive(Clone)]
pub struct MemoryCrm {
    account: String,
    capabilities: Arc<Capabilities>,
    tables: Tables,
    views: Views,
    lists: MemoryLists,
    directory: Arc<Mutex<Directory>>,
}

/// A table per object.
#[derive(Clone)]
struct Tables {
    accounts: Table<Account>,
    contacts: Table<Contact>,
    leads: Table<Lead>,
    deals: Table<Deal>,
    tickets: Table<Ticket>,
    tasks: Table<Task>,
    notes: Table<Note>,
    engagements: Table<Engagement>,
}

#[derive(Default)]
struct Directory {
    users: Vec<User>,
    pipelines: Vec<Pipeline>,
}

impl Tables {
    fn new(clock: &Arc<dyn Clock>, views: &Views) -> Self {
        Self {
            accounts: Table::new(clock, views),
            contacts: Table::new(clock, views),
            leads: Table::new(clock, views),
            deals: Table::new(clock, views),
            tickets: Table::new(clock, views),
            tasks: Table::new(clock, views),
            notes: Table::new(clock, views),
            engagements: Table::new(clock, views),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let objects = BTreeMap::from([
            (ObjectKind::Account, self.accounts.capabilities.clone()),
            (ObjectKind::Contact, self.contacts.capabilities.clone()),
            (ObjectKind::Lead, self.leads.capabilities.clone()),
            (ObjectKind::Deal, self.deals.capabilities.clone()),
            (ObjectKind::Ticket, self.tickets.capabilities.clone()),
            (ObjectKind::Task, self.tasks.capabilities.clone()),
            (ObjectKind::Note, self.notes.capabilities.clone()),
            (ObjectKind::Engagement, self.engagements.capabilities.clone()),
        ]);
        let all: BTreeSet<ObjectKind> = objects.keys().copied().collect();
        Capabilities {
            objects,
            users: true,
            pipelines: true,
            proxy: false,
            field_groups: all.clone(),
            views: all.clone(),
            search: all,
            lists: true,
            convert_leads: true,
            merge: BTreeSet::from([ObjectKind::Account, ObjectKind::Contact, ObjectKind::Lead]),
        }
    }

    /// The records of an object that are alive and for which a condition holds.
    fn select(&self, object: ObjectKind, wanted: impl Fn(&Record) -> bool) -> Vec<Record> {
        match object {
            ObjectKind::Account => self.accounts.select(wanted),
            ObjectKind::Contact => self.contacts.select(wanted),
            ObjectKind::Lead => self.leads.select(wanted),
            ObjectKind::Deal => self.deals.select(wanted),
            ObjectKind::Ticket => self.tickets.select(wanted),
            ObjectKind::Task => self.tasks.select(wanted),
            ObjectKind::Note => self.notes.select(wanted),
            ObjectKind::Engagement => self.engagements.select(wanted),
            _ => Vec::new(),
        }
    }

    fn fields(object: ObjectKind) -> &'static [crm_model::FieldDef] {
        match object {
            ObjectKind::Account => Account::FIELDS,
            ObjectKind::Contact => Contact::FIELDS,
            ObjectKind::Lead => Lead::FIELDS,
            ObjectKind::Deal => Deal::FIELDS,
            ObjectKind::Ticket => Ticket::FIELDS,
            ObjectKind::Task => Task::FIELDS,
            ObjectKind::Note => Note::FIELDS,
            ObjectKind::Engagement => Engagement::FIELDS,
            _ => &[],
        }
    }
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
        let views = Views::default();
        let tables = Tables::new(&clock, &views);
        let capabilities = Arc::new(tables.capabilities());
        let lists = MemoryLists::new(clock, tables.clone());
        Self { account: account.to_owned(), capabilities, tables, views, lists, directory: Arc::default() }
    }

    /// Adds a user or a queue to the directory.
    pub fn add_user(&self, user: User) {
        lock(&self.directory).users.push(user);
    }

    /// Adds a pipeline to the directory.
    pub fn add_pipeline(&self, pipeline: Pipeline) {
        lock(&self.directory).pipelines.push(pipeline);
    }

    /// Adds a view that shows the records whose fields have these values.
    pub fn add_view(&self, view: View, filter: impl IntoIterator<Item = (FieldPath, Value)>) {
        lock(&self.views).push(SavedView { view, filter: filter.into_iter().collect() });
    }

    /// Adds a list without members.
    pub fn add_list(&self, list: List) {
        self.lists.insert(list);
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
        Ok(&self.tables.accounts)
    }

    fn contacts(&self) -> Result<&dyn Collection<Contact>> {
        Ok(&self.tables.contacts)
    }

    fn leads(&self) -> Result<&dyn Collection<Lead>> {
        Ok(&self.tables.leads)
    }

    fn deals(&self) -> Result<&dyn Collection<Deal>> {
        Ok(&self.tables.deals)
    }

    fn tickets(&self) -> Result<&dyn Collection<Ticket>> {
        Ok(&self.tables.tickets)
    }

    fn tasks(&self) -> Result<&dyn Collection<Task>> {
        Ok(&self.tables.tasks)
    }

    fn notes(&self) -> Result<&dyn Collection<Note>> {
        Ok(&self.tables.notes)
    }

    fn engagements(&self) -> Result<&dyn Collection<Engagement>> {
        Ok(&self.tables.engagements)
    }

    fn lists(&self) -> Result<&dyn Lists> {
        Ok(&self.lists)
    }

    async fn users(&self) -> Result<Vec<User>> {
        Ok(lock(&self.directory).users.clone())
    }

    async fn pipelines(&self) -> Result<Vec<Pipeline>> {
        Ok(lock(&self.directory).pipelines.clone())
    }

    async fn field_groups(&self, object: ObjectKind) -> Result<Vec<FieldGroup>> {
        if !self.capabilities.field_groups.contains(&object) {
            return Err(crate::crm::cannot(VENDOR, "field_groups", &format!("has no {object} records")));
        }
        let mut group = FieldGroup::new(object, "all", "All fields");
        group.fields = Tables::fields(object).iter().map(|field| field.key.clone()).collect();
        Ok(vec![group])
    }

    async fn views(&self, object: ObjectKind) -> Result<Vec<View>> {
        if !self.capabilities.views.contains(&object) {
            return Err(crate::crm::cannot(VENDOR, "views", &format!("has no {object} records")));
        }
        let views = lock(&self.views);
        Ok(views.iter().map(|saved| &saved.view).filter(|view| view.object == object).cloned().collect())
    }

    async fn search(&self, query: &SearchQuery) -> Result<Vec<SearchHit>> {
        let words = query.text.trim().to_lowercase();
        if words.chars().count() < 2 {
            let error = Error::new(ErrorKind::Invalid, "search").with_vendor(VENDOR);
            return Err(error.with_message("a search takes at least two characters"));
        }
        let among = if query.objects.is_empty() { ObjectKind::RECORDS.to_vec() } else { query.objects.clone() };
        if let Some(other) = among.iter().find(|object| !self.capabilities.search.contains(object)) {
            return Err(crate::crm::cannot(VENDOR, "search", &format!("has no {other} records to search")));
        }
        let says = |record: &Record| record.fields().any(|(_, value)| value.reveal().to_lowercase().contains(&words));
        let found = among.into_iter().flat_map(|object| self.tables.select(object, says));
        Ok(found.take(query.limit.unwrap_or(usize::MAX)).map(|record| hit(&record)).collect())
    }

    async fn convert_leads(&self, leads: &[ConvertLead]) -> Result<Vec<Result<Conversion>>> {
        Ok(leads.iter().map(|lead| self.convert(lead)).collect())
    }

    async fn merge(&self, merge: Merge) -> Result<()> {
        self.unite(&merge)
    }

    fn usage(&self) -> LedgerSnapshot {
        LedgerSnapshot::default()
    }
}

fn hit(record: &Record) -> SearchHit {
    let mut hit = SearchHit::new(AnyRef::new(record.object, record.meta.id.clone()));
    let names = [Contact::FULL_NAME, Contact::LAST_NAME, Account::NAME, Ticket::SUBJECT, Task::TITLE];
    hit.title = names.into_iter().find_map(|key| record.peek(&key.into())?.as_text().map(str::to_owned));
    hit
}

/// A panic elsewhere leaves complete rows behind, so a poisoned lock is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
