//! Fields that the platform fills in from others, and records that it writes along with others.

mod activities;
mod files;
mod formula;
mod marketing;
mod products;
mod sales;
mod service;

use std::sync::Arc;

pub(crate) use activities::open_activity;
pub(crate) use files::{bytes_of, publish_note};
pub(crate) use formula::check as check_formula;
pub(crate) use marketing::{count, first_statuses};

use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::{FieldIndex, Object, Schema};
use super::store::{Row, Store};
use super::value::Value;
use crate::Action;

/// The values that one write sets, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Written {
    given: Vec<(FieldIndex, Value)>,
    defaults: Vec<(FieldIndex, Value)>,
}

impl Written {
    /// Sets a field that the caller named.
    pub(crate) fn set(&mut self, field: FieldIndex, value: Value) {
        self.given.retain(|(known, _)| *known != field);
        self.given.push((field, value));
    }

    /// Sets a field that the caller left out.
    pub(crate) fn fill(&mut self, field: FieldIndex, value: Value) {
        self.given.retain(|(known, _)| *known != field);
        self.defaults.push((field, value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (FieldIndex, &Value)> {
        self.given.iter().chain(&self.defaults).map(|(field, value)| (*field, value))
    }

    pub(crate) fn get(&self, field: FieldIndex) -> Option<&Value> {
        self.iter().find(|(known, _)| *known == field).map(|(_, value)| value)
    }

    /// Whether the caller gave the field a value.
    pub(super) fn gives(&self, object: &Object, name: &str) -> bool {
        let given = |field| self.given.iter().any(|(known, value)| *known == field && !value.is_null());
        object.find(name).is_some_and(given)
    }

    /// Forgets what the caller gave for a field.
    fn forget(&mut self, field: FieldIndex) {
        self.given.retain(|(known, _)| *known != field);
    }

    /// Puts the values into `row` and returns the names of the fields that the caller gave.
    pub(crate) fn apply(&self, object: &Object, row: &mut Row) -> Vec<String> {
        for (field, value) in self.iter() {
            row.values[field] = value.clone();
        }
        self.given.iter().map(|(field, _)| object.field(*field).name.to_owned()).collect()
    }
}

/// Takes out of an update what the platform takes and does not keep: the amount of an opportunity with lines.
pub(crate) fn passed_over(object: &Object, before: &Row, written: &mut Written) {
    if object.name == "Opportunity" && before.get(object, "HasOpportunityLineItem").is_true() {
        for name in ["Amount", "TotalOpportunityQuantity"] {
            object.position(name).into_iter().for_each(|field| written.forget(field));
        }
    }
}

/// Fills in the derived fields of a row about to be written, and checks the rules that tie fields together.
pub(crate) fn on_write(
    org: &Org,
    object: &Object,
    row: &mut Row,
    before: Option<&Row>,
    written: &Written,
) -> Result<(), ApiError> {
    match object.name {
        "Contact" | "Lead" | "User" | "Individual" => person_name(object, row),
        "Opportunity" => sales::opportunity(org, object, row, before, written),
        "OpportunityLineItem" => products::line_item(org, object, row, before, written)?,
        "PricebookEntry" => products::price(org, object, row, before)?,
        "Task" => activities::task(org, object, row, before)?,
        "Event" => activities::event(org, object, row, before, written)?,
        "Case" => service::case(org, object, row, before),
        "CaseComment" if before.is_none() => {
            let creator = row.get(object, "CreatedById").clone();
            row.set(object, "CreatorId", creator);
        }
        "Campaign" => marketing::campaign(object, row, before),
        "CampaignMember" => marketing::member(org, object, row, before)?,
        "AccountContactRelation" => marketing::relation(org, object, row)?,
        "Group" if row.get(object, "Type").is_null() => row.set(object, "Type", Value::text("Regular")),
        "Attachment" => files::attachment(object, row),
        "ContentVersion" => files::version(org, object, row, before)?,
        "ContentNote" => files::note(org, object, row, before, written),
        _ => {}
    }
    if object.name.ends_with("__c") && row.get(object, "Name").is_null() {
        row.set(object, "Name", Value::text(&row.id.to_string()));
    }
    if object.position("PhotoUrl").is_some() {
        row.set(object, "PhotoUrl", Value::text(&format!("/services/images/photo/{}", row.id)));
    }
    formula::compute(object, row);
    Ok(())
}

/// Writes the records that follow from a row just written.
pub(crate) fn after_write(
    org: &mut Org,
    object: &Object,
    id: SfId,
    before: Option<&Row>,
    author: Author,
) -> Result<(), Failure> {
    match object.name {
        "Opportunity" if before.is_none() => sales::primary_role_of_new_opportunity(org, id, author)?,
        "OpportunityContactRole" => sales::only_one_primary(org, id, author),
        "Campaign" if before.is_none() => marketing::first_statuses(org, id, author),
        "CampaignMemberStatus" => marketing::only_one_default(org, id, author),
        "ContentVersion" if before.is_none() => files::publish(org, id, author),
        "ContentNote" => files::publish_note(org, id, before, author),
        "ContentDocument" => files::document_changed(org, id, author),
        _ => {}
    }
    roll_up(org, object, before, id, author);
    Ok(())
}

/// Deletes what goes with a row just deleted without being its child, and counts anew what counted it.
pub(crate) fn after_delete(org: &mut Org, object: &Object, id: SfId, author: Author) {
    if let Some(other) = match object.name {
        "ContentNote" => Some("ContentDocument"),
        "ContentDocument" => Some("ContentNote"),
        _ => None,
    } {
        files::delete_twin(org, other, id, author);
    }
    roll_up(org, object, None, id, author);
}

/// Counts and copies that depend on a row which was written, deleted or restored.
pub(crate) fn roll_up(org: &mut Org, object: &Object, before: Option<&Row>, id: SfId, author: Author) {
    let Some(row) = org.schema.find(object.name).and_then(|index| org.store.get(index, id)).cloned() else {
        return;
    };
    let parents = |field: &str| {
        let both = before.into_iter().chain([&row]).filter_map(|row| row.get(object, field).as_id());
        let mut ids: Vec<SfId> = both.collect();
        ids.dedup();
        ids
    };
    match object.name {
        "CampaignMember" | "Opportunity" => {
            parents("CampaignId").into_iter().for_each(|campaign| marketing::count(org, campaign));
        }
        "Lead" | "Contact" => {
            if before.is_some() {
                marketing::copy_person(org, object, id);
            }
            if before.is_some() && object.name == "Contact" {
                service::copy_contact(org, id);
            }
        }
        "OpportunityLineItem" => {
            parents("OpportunityId").into_iter().for_each(|opportunity| products::total(org, opportunity, author));
        }
        "Task" | "Event" => {
            parents("WhatId").into_iter().for_each(|what| activities::open_activity(org, what));
        }
        _ => {}
    }
}

/// A row that the platform itself writes, with its derived fields and stamps.
pub(super) fn plant(
    org: &mut Org,
    object: &str,
    id: Option<SfId>,
    cells: Vec<(&str, Value)>,
    author: Author,
) -> Option<SfId> {
    let schema = Arc::clone(&org.schema);
    let index = schema.find(object)?;
    let definition = schema.object(index);
    let id = id.unwrap_or_else(|| org.store.next_id(index));
    let mut row = Row::new(definition, id);
    for (name, value) in cells {
        row.set(definition, name, value);
    }
    org.stamp_created(definition, &mut row, author);
    formula::compute(definition, &mut row);
    org.store.put(index, row);
    org.note(Action::Created, definition, id, Vec::new());
    Some(id)
}

/// Changes a row without stamping it, as roll-ups do.
pub(super) fn amend(org: &mut Org, id: SfId, change: impl FnOnce(&Object, &mut Row)) {
    let schema = Arc::clone(&org.schema);
    let Some((index, row)) = org.store.lookup(id) else {
        return;
    };
    let mut changed = row.clone();
    change(schema.object(index), &mut changed);
    if changed != *row {
        org.store.put(index, changed);
    }
}

/// First and last name; the salutation is not part of it.
pub(crate) fn person_name(object: &Object, row: &mut Row) {
    let part = |name| row.get(object, name).as_text();
    let name: Vec<&str> = part("FirstName").into_iter().chain(part("LastName")).collect();
    let name = Value::text(&name.join(" "));
    row.set(object, "Name", name);
}

/// The entry of a list such as `OpportunityStage` for a picklist value.
pub(super) fn list_entry<'a>(
    schema: &'a Schema,
    store: &'a Store,
    list: &str,
    value: &Value,
) -> Option<(&'a Object, &'a Row)> {
    let index = schema.find(list)?;
    let object = schema.object(index);
    store.rows(index).find(|row| row.get(object, "ApiName") == value).map(|row| (object, row))
}
