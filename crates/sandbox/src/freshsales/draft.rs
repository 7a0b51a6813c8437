//! The write path, first half: from a body to the record that would result, or to the vendor's complaints.
//!
//! Order of complaints: types and values, then what is required, then what must be unique.

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Map, Value};

use super::coerce::{Slot, is_blank, time, wrong_type};
use super::errors::{Failure, Result};
use super::quirks::Quirks;
use super::schema::{Entity, Kind, fields};
use super::settings::Forecast;
use super::store::{Record, Store};

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct By {
    pub(super) now: DateTime<Utc>,
    pub(super) user: i64,
}

/// A write that would be accepted.
#[derive(Debug)]
pub(super) struct Drafted {
    pub(super) record: Record,
    /// The keys of the body that were understood.
    pub(super) written: Vec<String>,
    /// An account that is named but does not exist yet.
    pub(super) new_account: Option<String>,
}

pub(super) struct Drafter<'a> {
    pub(super) store: &'a Store,
    pub(super) quirks: &'a Quirks,
    pub(super) zone: FixedOffset,
    pub(super) by: By,
    pub(super) record: Record,
    written: Vec<String>,
    complaints: Vec<String>,
    pub(super) new_account: Option<String>,
}

pub(super) const ALL_SUBSCRIPTIONS: &str = "1;2;3;4;5";

impl<'a> Drafter<'a> {
    pub(super) fn new(store: &'a Store, quirks: &'a Quirks, zone: FixedOffset, by: By, base: Record) -> Drafter<'a> {
        Drafter {
            store,
            quirks,
            zone,
            by,
            record: base,
            written: Vec::new(),
            complaints: Vec::new(),
            new_account: None,
        }
    }

    /// Applies `body` to the base record.
    pub(super) fn draft(mut self, body: &Map<String, Value>) -> Result<Drafted> {
        let before = self.record.clone();
        for (key, value) in body {
            self.apply(key, value);
        }
        self.refuse_if_any()?;
        match self.record.entity {
            Entity::Contact => self.settle_contact(&before),
            Entity::SalesAccount => {}
            Entity::Deal => self.settle_deal(&before),
        }
        let owner = self.record.number("owner_id");
        if owner.is_some() && owner != before.number("owner_id") {
            self.record.last_assigned_at = Some(self.by.now);
        }
        self.refuse_if_any()?;
        self.check_required();
        self.refuse_if_any()?;
        self.check_unique();
        self.refuse_if_any()?;
        Ok(Drafted { record: self.record, written: self.written, new_account: self.new_account })
    }

    fn refuse_if_any(&mut self) -> Result<()> {
        if self.complaints.is_empty() { Ok(()) } else { Err(Failure::invalid(std::mem::take(&mut self.complaints))) }
    }

    fn complain(&mut self, message: impl Into<String>) {
        self.complaints.push(message.into());
    }

    fn was_written(&self, key: &str) -> bool {
        self.written.iter().any(|written| written == key)
    }

    /// One key of the body. Unknown keys are ignored, as the vendor does.
    fn apply(&mut self, key: &str, value: &Value) {
        let entity = self.record.entity;
        if let Some(field) = fields(entity).iter().find(|field| field.name == key) {
            self.written.push(key.to_owned());
            let slot = Slot { name: field.name, label: field.label, kind: field.kind, choices: &[] };
            match self.checked(&slot, value) {
                Ok(value) => self.record.set(field.name, value),
                Err(complaint) => self.complain(complaint),
            }
            return;
        }
        let understood = match (entity, key) {
            (_, "custom_field") => return self.apply_custom(value),
            (_, "created_at" | "updated_at") => self.apply_timestamp(key, value),
            (Entity::Contact, "email") => self.apply_email(value),
            (Entity::Contact, "emails") => self.apply_emails(value),
            (Entity::Contact, "phone_numbers") => self.apply_phone_numbers(value),
            (Entity::Contact, "sales_accounts") => self.apply_accounts(value),
            (Entity::Contact, "sales_account_id") => self.apply_account_id(value),
            (Entity::Contact | Entity::Deal, "sales_account") => self.apply_named_account(value),
            (Entity::Contact, "subscription_status") => self.apply_subscription_status(value),
            (Entity::Contact, "subscription_types") => self.apply_subscription_types(value),
            (Entity::Deal, "contacts_added_list" | "contacts_removed_list") => self.apply_contacts(key, value),
            _ => return,
        };
        match understood {
            Ok(()) => self.written.push(key.to_owned()),
            Err(complaint) => self.complain(complaint),
        }
    }

    /// The value to keep, with ids looked up.
    fn checked(&self, slot: &Slot<'_>, value: &Value) -> std::result::Result<Option<Value>, String> {
        let kept = slot.coerce(value, self.zone)?;
        let Some(id) = kept.as_ref().and_then(Value::as_i64) else {
            return Ok(kept);
        };
        let exists = match slot.kind {
            Kind::Select(selector) => self.store.settings.has(selector, id),
            Kind::Account => {
                self.is_live(Entity::SalesAccount, id)
                    && (self.record.entity, self.record.id) != (Entity::SalesAccount, id)
            }
            _ => true,
        };
        if exists { Ok(kept) } else { Err(slot.invalid()) }
    }

    pub(super) fn is_live(&self, entity: Entity, id: i64) -> bool {
        self.store.get(entity, id).is_some_and(|record| !record.deleted)
    }

    fn apply_custom(&mut self, value: &Value) {
        let Some(values) = value.as_object() else {
            if !value.is_null() {
                self.complain(wrong_type("custom_field"));
            }
            return;
        };
        let store = self.store;
        for (key, value) in values {
            let Some(field) = store.settings.custom(self.record.entity).find(|field| field.name == key) else {
                if self.quirks.unknown_custom_field_refused {
                    self.complain(format!("{key} is invalid"));
                }
                continue;
            };
            self.written.push(key.clone());
            let slot = Slot { name: field.name, label: field.label, kind: field.kind, choices: &field.choices };
            match slot.coerce(value, self.zone) {
                Ok(Some(value)) => {
                    self.record.custom.insert(field.name, value);
                }
                Ok(None) => {
                    self.record.custom.remove(field.name);
                }
                Err(complaint) => self.complain(complaint),
            }
        }
    }

    fn apply_timestamp(&mut self, key: &str, value: &Value) -> std::result::Result<(), String> {
        if !self.quirks.timestamps_writable || is_blank(value) {
            return Ok(());
        }
        let time = time(value, self.zone).ok_or_else(|| format!("{key} is invalid"))?;
        if key == "created_at" {
            self.record.created_at = time;
        } else {
            self.record.updated_at = time;
        }
        Ok(())
    }

    /// Stage and status of a contact belong together; a new contact starts subscribed and at the first stage.
    fn settle_contact(&mut self, before: &Record) {
        let settings = &self.store.settings;
        let stage_of = |status: i64| {
            let status = settings.contact_statuses.iter().find(|known| known.id == status);
            status.map(|status| status.lifecycle_stage_id)
        };
        let (stage, status) = (self.record.number("lifecycle_stage_id"), self.record.number("contact_status_id"));
        let status_written = self.was_written("contact_status_id") && status != before.number("contact_status_id");
        let (stage, status) = match (stage, status) {
            (_, Some(status)) if status_written => (stage_of(status), Some(status)),
            (Some(stage), Some(status)) if stage_of(status) == Some(stage) => (Some(stage), Some(status)),
            (stage, _) => {
                let stage = stage.or_else(|| settings.lifecycle_stages.first().map(|stage| stage.id));
                let first = settings.contact_statuses.iter().find(|status| Some(status.lifecycle_stage_id) == stage);
                (stage, first.map(|status| status.id))
            }
        };
        self.record.set("lifecycle_stage_id", stage.map(Value::from));
        self.record.set("contact_status_id", status.map(Value::from));
        if self.record.number("subscription_status").is_none() {
            self.record.set("subscription_status", Some(1.into()));
        }
        if self.record.text("subscription_types").is_none() {
            self.record.set("subscription_types", Some(ALL_SUBSCRIPTIONS.into()));
        }
    }

    /// Stage, pipeline, probability and closing date of a deal belong together.
    fn settle_deal(&mut self, before: &Record) {
        let settings = &self.store.settings;
        let pipeline = self.record.number("deal_pipeline_id");
        let stage = self.record.number("deal_stage_id").and_then(|id| settings.stage(id));
        let stage_written = self.was_written("deal_stage_id");
        let stage =
            stage.filter(|stage| stage_written || pipeline.is_none_or(|pipeline| pipeline == stage.pipeline_id));
        let Some(stage) = stage.or_else(|| settings.first_stage(pipeline)) else {
            return;
        };
        self.record.set("deal_stage_id", Some(stage.id.into()));
        self.record.set("deal_pipeline_id", Some(stage.pipeline_id.into()));
        if self.record.number("currency_id").is_none() {
            let currency = settings.currencies.first().map(|currency| currency.id.into());
            self.record.set("currency_id", currency);
        }
        if before.number("deal_stage_id") == Some(stage.id) {
            return;
        }
        self.record.stage_updated_at = self.by.now;
        if !self.was_written("probability") {
            self.record.set("probability", Some(stage.probability.into()));
        }
        if !self.was_written("closed_date") {
            let today = self.by.now.with_timezone(&self.zone).date_naive().to_string();
            let closed = stage.forecast != Forecast::Open;
            self.record.set("closed_date", closed.then(|| today.into()));
        }
    }

    fn check_required(&mut self) {
        let blank = |record: &Record, name: &str| record.text(name).is_none_or(|text| text.trim().is_empty());
        for field in fields(self.record.entity).iter().filter(|field| field.required) {
            if blank(&self.record, field.name) {
                self.complain(format!("{} can't be blank", field.label));
            }
        }
        if self.record.entity != Entity::Contact {
            return self.check_probability();
        }
        let reachable = !self.record.emails.is_empty() || !blank(&self.record, "mobile_number");
        let named = !blank(&self.record, "first_name") || !blank(&self.record, "last_name");
        let suffices = reachable || (named && self.quirks.contact_names_suffice);
        if !suffices {
            self.complain("Email can't be blank");
        }
        if self.quirks.contact_last_name_required && blank(&self.record, "last_name") {
            self.complain("Last name can't be blank");
        }
    }

    fn check_probability(&mut self) {
        let probability = self.record.fields.get("probability");
        if probability.is_some_and(|value| !value.as_i64().is_some_and(|percent| (0..=100).contains(&percent))) {
            self.complain("Probability (%) is invalid");
        }
    }

    fn check_unique(&mut self) {
        let record = &self.record;
        let entity = record.entity;
        let mut complaints = Vec::new();
        let taken = |field: &str, value: &str| {
            let others = self.store.find(entity, field, value).into_iter().filter(|id| *id != record.id);
            let mut others = others.filter_map(|id| self.store.get(entity, id));
            others.any(|other| !other.deleted || self.quirks.deleted_blocks_unique)
        };
        match entity {
            Entity::Contact => {
                if record.emails.iter().any(|email| taken("emails", &email.value)) {
                    complaints.push("Email is not unique".to_owned());
                }
                let optional = [
                    ("mobile_number", self.quirks.mobile_number_unique, "MobileNumber is not unique"),
                    ("external_id", self.quirks.external_id_unique, "ExternalId is not unique"),
                ];
                for (field, enforced, complaint) in optional {
                    if enforced && record.text(field).is_some_and(|value| taken(field, value)) {
                        complaints.push(complaint.to_owned());
                    }
                }
            }
            Entity::SalesAccount => {
                if record.text("name").is_some_and(|name| taken("name", name)) {
                    complaints.push("Name has already been taken".to_owned());
                }
            }
            Entity::Deal => {}
        }
        for field in self.store.settings.custom(entity).filter(|field| field.unique) {
            let value = record.custom.get(field.name).and_then(Value::as_str);
            if value.is_some_and(|value| taken(field.name, value)) {
                complaints.push(format!("{} has already been taken", field.label));
            }
        }
        self.complaints = complaints;
    }
}
