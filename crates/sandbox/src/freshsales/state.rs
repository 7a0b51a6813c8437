//! The account's state, and the write path of contacts, sales accounts and deals from an accepted draft on.

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike as _, Utc};
use serde_json::{Map, Value};

use super::draft::{By, Drafted, Drafter};
use super::errors::{Failure, Result};
use super::limits::Window;
use super::quirks::Quirks;
use super::schema::Entity;
use super::settings::{Ids, Settings};
use super::store::{Record, Referrer, Store};
use crate::{Action, Context, Effect, Request};

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) quirks: Quirks,
    pub(super) store: Store,
    pub(super) api_key: String,
    pub(super) hour: Window,
    pub(super) minute: Window,
    /// Contact calls so far, for the inner limit.
    pub(super) contact_calls: u64,
    /// View calls so far, for shuffled views.
    pub(super) view_calls: u64,
}

/// A request that got past the door.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) by: By,
    /// The names in `include`.
    pub(super) include: Vec<String>,
    /// `http://host/crm/sales/api` or `http://host/api`, as called.
    pub(super) base: String,
}

impl Call<'_> {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.by.now
    }
}

impl State {
    pub(super) fn new(context: &Context, quirks: Quirks) -> State {
        let mut ids = Ids::new(context.rng("ids"));
        let settings = Settings::new(&mut ids, whole_second(context.now()));
        let mut letters = context.rng("api key");
        State {
            quirks,
            store: Store::new(settings, ids),
            api_key: (0..22).map(|_| letters.alphanumeric()).collect(),
            hour: Window::default(),
            minute: Window::default(),
            contact_calls: 0,
            view_calls: 0,
        }
    }

    /// The account's time zone.
    pub(super) fn zone(&self) -> FixedOffset {
        let utc = FixedOffset::east_opt(0);
        let zone = FixedOffset::east_opt(self.quirks.utc_offset_minutes.saturating_mul(60)).or(utc);
        zone.unwrap_or_else(|| chrono::Offset::fix(&Utc))
    }

    /// The user whose key the API calls carry.
    pub(super) fn api_user(&self) -> i64 {
        self.store.settings.users.first().map_or(0, |user| user.id)
    }

    /// The user who edits as a human: somebody other than the API's.
    pub(super) fn human_user(&self) -> i64 {
        let api = self.api_user();
        let other = self.store.settings.users.iter().find(|user| user.is_active && user.id != api);
        other.map_or(api, |user| user.id)
    }

    fn lagging(&self) -> bool {
        self.quirks.view_delay_seconds > 0 || self.quirks.search_delay_seconds > 0
    }

    /// A record by id; one in the recycle bin only for reading, and only if the account shows those.
    pub(super) fn readable(&self, entity: Entity, id: i64) -> Result<&Record> {
        let record = self.store.get(entity, id).ok_or_else(Failure::not_found)?;
        if record.deleted && !self.quirks.deleted_readable { Err(Failure::not_found()) } else { Ok(record) }
    }

    pub(super) fn writable(&self, entity: Entity, id: i64) -> Result<&Record> {
        self.store.get(entity, id).filter(|record| !record.deleted).ok_or_else(Failure::not_found)
    }

    pub(super) fn create(&mut self, entity: Entity, body: &Map<String, Value>, by: By) -> Result<(i64, Vec<Effect>)> {
        let base = Record::new(entity, by.now, by.user);
        let drafted = Drafter::new(&self.store, &self.quirks, self.zone(), by, base).draft(body)?;
        Ok(self.save(drafted, Action::Created, by))
    }

    pub(super) fn update(&mut self, entity: Entity, id: i64, body: &Map<String, Value>, by: By) -> Result<Vec<Effect>> {
        let base = self.writable(entity, id)?.clone();
        let updated_before = base.updated_at;
        let mut drafted = Drafter::new(&self.store, &self.quirks, self.zone(), by, base.clone()).draft(body)?;
        let changes = drafted.record.differs(&base) || drafted.new_account.is_some();
        if !changes && self.quirks.no_change_keeps_updated_at {
            return Ok(Vec::new());
        }
        if drafted.record.updated_at == updated_before {
            drafted.record.updated_at = by.now;
        }
        drafted.record.updater_id = Some(by.user);
        Ok(self.save(drafted, Action::Updated, by).1)
    }

    fn save(&mut self, drafted: Drafted, action: Action, by: By) -> (i64, Vec<Effect>) {
        let Drafted { mut record, written, new_account } = drafted;
        let mut effects = Vec::new();
        if let Some(name) = new_account {
            let mut account = Record::new(Entity::SalesAccount, by.now, by.user);
            account.set("name", Some(name.into()));
            let id = self.store.put(account, false);
            effects.push(Effect::new(Action::Created, Entity::SalesAccount.singular(), id, vec!["name".to_owned()]));
            if record.entity == Entity::Deal {
                record.set("sales_account_id", Some(id.into()));
            } else {
                let others =
                    record.accounts.iter().map(|link| super::store::AccountLink { is_primary: false, ..*link });
                let first = super::store::AccountLink { id, is_primary: true };
                record.accounts = std::iter::once(first).chain(others).collect();
            }
        }
        record.changed_at = by.now;
        let entity = record.entity;
        let parents = self.deal_parents(&record);
        let lagging = self.lagging();
        let id = self.store.put(record, lagging);
        effects.push(Effect::new(action, entity.singular(), id, written));
        for (parent, parent_id) in parents {
            self.touch(parent, parent_id, by.now);
        }
        (id, effects)
    }

    fn deal_parents(&self, record: &Record) -> Vec<(Entity, i64)> {
        if record.entity != Entity::Deal || !self.quirks.deal_touches_parents {
            return Vec::new();
        }
        let account = record.number("sales_account_id").map(|id| (Entity::SalesAccount, id));
        account.into_iter().chain(record.contacts.iter().map(|id| (Entity::Contact, *id))).collect()
    }

    /// Sets `updated_at` without changing anything else.
    pub(super) fn touch(&mut self, entity: Entity, id: i64, now: DateTime<Utc>) {
        let Some(mut record) = self.store.get(entity, id).cloned() else {
            return;
        };
        record.updated_at = now;
        record.changed_at = now;
        let lagging = self.lagging();
        self.store.put(record, lagging);
    }

    /// Into the recycle bin.
    pub(super) fn delete(&mut self, entity: Entity, id: i64, by: By) -> Result<Vec<Effect>> {
        self.writable(entity, id)?;
        self.set_deleted(entity, id, true, by);
        Ok(vec![Effect::new(Action::Deleted, entity.singular(), id, Vec::new())])
    }

    /// Into the recycle bin, with the account's contacts and deals.
    pub(super) fn delete_with_associates(&mut self, id: i64, by: By) -> Result<Vec<Effect>> {
        let mut effects = self.delete(Entity::SalesAccount, id, by)?;
        for (kind, entity) in [(Referrer::Contact, Entity::Contact), (Referrer::Deal, Entity::Deal)] {
            for associate in self.store.referrers(Entity::SalesAccount, id, kind) {
                // Those already in the recycle bin stay as they are.
                effects.extend(self.delete(entity, associate, by).unwrap_or_default());
            }
        }
        Ok(effects)
    }

    /// Out of the recycle bin; only the user interface can do it.
    pub(super) fn restore(&mut self, entity: Entity, id: i64, by: By) -> Result<Vec<Effect>> {
        self.store.get(entity, id).filter(|record| record.deleted).ok_or_else(Failure::not_found)?;
        self.set_deleted(entity, id, false, by);
        Ok(vec![Effect::new(Action::Restored, entity.singular(), id, Vec::new())])
    }

    fn set_deleted(&mut self, entity: Entity, id: i64, deleted: bool, by: By) {
        let Some(mut record) = self.store.get(entity, id).cloned() else {
            return;
        };
        record.deleted = deleted;
        record.changed_at = by.now;
        if self.quirks.delete_touches_updated_at {
            record.updated_at = by.now;
            record.updater_id = Some(by.user);
        }
        let lagging = self.lagging();
        self.store.put(record, lagging);
    }

    /// Gone for good, from the recycle bin or not.
    pub(super) fn forget(&mut self, entity: Entity, id: i64) -> Result<Vec<Effect>> {
        self.store.get(entity, id).ok_or_else(Failure::not_found)?;
        self.store.purge(entity, id);
        Ok(vec![Effect::new(Action::Purged, entity.singular(), id, Vec::new())])
    }

    /// Until when changes are visible where they show `delay` seconds late; `None` when at once.
    pub(super) fn horizon(&self, now: DateTime<Utc>, delay: u32) -> Option<DateTime<Utc>> {
        (delay > 0).then(|| now - TimeDelta::seconds(i64::from(delay)))
    }

    /// All records of a kind as a reader sees them who is behind by `horizon`.
    pub(super) fn visible(&self, entity: Entity, horizon: Option<DateTime<Utc>>) -> Vec<&Record> {
        match horizon {
            None => self.store.all(entity).collect(),
            Some(by) => self.store.all(entity).filter_map(|record| self.store.as_of(entity, record.id, by)).collect(),
        }
    }
}

pub(super) fn whole_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(0).unwrap_or(time)
}
