//! Lists and their members.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crm_model::{AnyRef, List, ListMember, NewMember, ObjectKind, Presence, RemoteId};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use rest_core::Clock;

use super::{Tables, VENDOR, lock};
use crate::{Error, ErrorKind, Lists, Result};

/// Every list with its members, in the order in which they were put there.
#[derive(Clone)]
pub(super) struct MemoryLists {
    clock: Arc<dyn Clock>,
    tables: Tables,
    lists: Arc<Mutex<BTreeMap<Box<str>, Held>>>,
}

struct Held {
    list: List,
    members: Vec<ListMember>,
}

impl MemoryLists {
    pub(super) fn new(clock: Arc<dyn Clock>, tables: Tables) -> Self {
        Self { clock, tables, lists: Arc::default() }
    }

    pub(super) fn insert(&self, list: List) {
        let id = list.meta.id.clone();
        lock(&self.lists).insert(id, Held { list, members: Vec::new() });
    }

    /// Puts the survivor of a merge in the place of a record that was merged into it.
    pub(super) fn repoint(&self, object: ObjectKind, from: &str, to: &str) {
        for held in lock(&self.lists).values_mut() {
            let is = |member: &ListMember, id: &str| member.record.object == object && &*member.record.id == id;
            if held.members.iter().any(|member| is(member, to)) {
                held.members.retain(|member| !is(member, from));
            }
            held.members.iter_mut().filter(|member| is(member, from)).for_each(|member| member.record.id = to.into());
        }
    }

    fn add_one(&self, list: &RemoteId<List>, new: &NewMember) -> Result<ListMember> {
        let mut lists = lock(&self.lists);
        let held = lists.get_mut(list.as_str()).ok_or_else(|| missing(list))?;
        let record = AnyRef::new(new.record.object, new.record.id.clone());
        if let Some(there) = held.members.iter().find(|member| member.record == record) {
            return Ok(there.clone());
        }
        if !held.list.holds.contains(&record.object) {
            return Err(refuse(ErrorKind::Invalid, format!("list {list} holds no {} records", record.object)));
        }
        if self.tables.select(record.object, |row| row.meta.id == record.id).is_empty() {
            return Err(refuse(ErrorKind::NotFound, format!("there is no {} {}", record.object, record.id)));
        }
        let mut member = ListMember::new(record);
        member.status.clone_from(&new.status);
        member.has_responded = Presence::Null;
        member.added_at = Some(self.clock.now());
        held.members.push(member.clone());
        Ok(member)
    }
}

fn refuse(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, "lists").with_vendor(VENDOR).with_message(message)
}

fn missing(list: &RemoteId<List>) -> Error {
    refuse(ErrorKind::NotFound, format!("there is no list {list}"))
}

#[async_trait]
impl Lists for MemoryLists {
    fn all(&self) -> BoxStream<'_, Result<List>> {
        let counted = |held: &Held| {
            let mut list = held.list.clone();
            list.size = u64::try_from(held.members.len()).ok();
            list
        };
        let lists: Vec<_> = lock(&self.lists).values().map(counted).map(Ok).collect();
        stream::iter(lists).boxed()
    }

    fn members(&self, list: &RemoteId<List>) -> BoxStream<'_, Result<ListMember>> {
        let members = match lock(&self.lists).get(list.as_str()) {
            Some(held) => held.members.iter().cloned().map(Ok).collect(),
            None => vec![Err(missing(list))],
        };
        stream::iter(members).boxed()
    }

    async fn add(&self, list: &RemoteId<List>, members: &[NewMember]) -> Vec<Result<ListMember>> {
        members.iter().map(|new| self.add_one(list, new)).collect()
    }

    async fn remove(&self, list: &RemoteId<List>, records: &[AnyRef]) -> Vec<Result<()>> {
        let mut lists = lock(&self.lists);
        let Some(held) = lists.get_mut(list.as_str()) else {
            return records.iter().map(|_| Err(missing(list))).collect();
        };
        let is_gone = |member: &ListMember| {
            records.iter().any(|gone| (gone.object, &gone.id) == (member.record.object, &member.record.id))
        };
        held.members.retain(|member| !is_gone(member));
        records.iter().map(|_| Ok(())).collect()
    }

    async fn of(&self, record: &AnyRef) -> Result<Vec<RemoteId<List>>> {
        let lists = lock(&self.lists);
        let is_on = |held: &&Held| {
            held.members.iter().any(|member| (member.record.object, &member.record.id) == (record.object, &record.id))
        };
        Ok(lists.values().filter(is_on).map(|held| RemoteId::new(held.list.meta.id.clone())).collect())
    }
}
