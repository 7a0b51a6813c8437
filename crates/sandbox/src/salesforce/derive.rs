//! Fields that the platform fills in from others, and records that it writes along with others.

use std::sync::Arc;

use chrono::Datelike as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::{FieldIndex, Object, Schema};
use super::store::{Row, Store};
use super::value::Value;

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
    fn gives(&self, object: &Object, name: &str) -> bool {
        let given = |field| self.given.iter().any(|(known, value)| *known == field && !value.is_null());
        object.find(name).is_some_and(given)
    }

    /// Puts the values into `row` and returns the names of the fields that the caller gave.
    pub(crate) fn apply(&self, object: &Object, row: &mut Row) -> Vec<String> {
        for (field, value) in self.iter() {
            row.values[field] = value.clone();
        }
        self.given.iter().map(|(field, _)| object.field(*field).name.to_owned()).collect()
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
        "Contact" | "Lead" | "User" => person_name(object, row),
        "Opportunity" => opportunity(org, object, row, before, written),
        "Task" => task(org, object, row, before)?,
        _ => {}
    }
    if object.find("PhotoUrl").is_some() {
        row.set(object, "PhotoUrl", Value::text(&format!("/services/images/photo/{}", row.id)));
    }
    Ok(())
}

/// Writes the records that follow from a row just written.
pub(crate) fn after_write(
    org: &mut Org,
    object: &Object,
    id: SfId,
    created: bool,
    author: Author,
) -> Result<(), Failure> {
    match object.name {
        "Opportunity" if created => primary_role_of_new_opportunity(org, id, author),
        "OpportunityContactRole" => {
            only_one_primary(org, id, author);
            Ok(())
        }
        _ => Ok(()),
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
fn list_entry<'a>(schema: &'a Schema, store: &'a Store, list: &str, value: &Value) -> Option<(&'a Object, &'a Row)> {
    let index = schema.find(list)?;
    let object = schema.object(index);
    store.rows(index).find(|row| row.get(object, "ApiName") == value).map(|row| (object, row))
}

/// `ForecastCategory` for a `ForecastCategoryName`.
fn forecast_category(name: &str) -> &str {
    match name {
        "Best Case" => "BestCase",
        "Most Likely" => "MostLikely",
        "Commit" => "Forecast",
        other => other,
    }
}

/// Stage fields, expected revenue and fiscal period.
pub(crate) fn opportunity(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>, written: &Written) {
    let stage = row.get(object, "StageName").clone();
    if before.is_none_or(|before| *before.get(object, "StageName") != stage) {
        if before.is_some() {
            row.set(object, "LastStageChangeDate", Value::DateTime(org.now));
        }
        let entry = list_entry(&org.schema, &org.store, "OpportunityStage", &stage);
        let of_stage = |name, otherwise| entry.map_or(otherwise, |(list, stage)| stage.get(list, name).clone());
        row.set(object, "IsClosed", of_stage("IsClosed", Value::Bool(false)));
        row.set(object, "IsWon", of_stage("IsWon", Value::Bool(false)));
        if !written.gives(object, "Probability") {
            row.set(object, "Probability", of_stage("DefaultProbability", Value::Decimal(Decimal::ZERO)));
        }
        if !written.gives(object, "ForecastCategoryName") {
            row.set(object, "ForecastCategoryName", of_stage("ForecastCategoryName", Value::text("Pipeline")));
        }
    }
    if let Some(name) = row.get(object, "ForecastCategoryName").as_text() {
        let category = Value::text(forecast_category(name));
        row.set(object, "ForecastCategory", category);
    }
    let numbers = row.get(object, "Amount").as_number().zip(row.get(object, "Probability").as_number());
    let expected = numbers.and_then(|(amount, percent)| amount.checked_mul(percent)).map(|product| {
        let expected = product / Decimal::ONE_HUNDRED;
        expected.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize()
    });
    row.set(object, "ExpectedRevenue", expected.map_or(Value::Null, Value::Decimal));
    if let Some(close) = row.get(object, "CloseDate").as_date() {
        let quarter = close.month0() / 3 + 1;
        row.set(object, "FiscalYear", Value::Int(close.year().into()));
        row.set(object, "FiscalQuarter", Value::Int(quarter.into()));
        row.set(object, "Fiscal", Value::text(&format!("{} {quarter}", close.year())));
    }
}

/// Status, priority and account of a task.
pub(crate) fn task(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) -> Result<(), ApiError> {
    let who = row.get(object, "WhoId").as_id();
    let what = row.get(object, "WhatId").as_id();
    if who.is_some_and(|who| who.prefix() == "00Q") && what.is_some() {
        let message = "Related To ID: cannot specify WhatId with lead";
        return Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["WhatId"]));
    }
    let flag = |list, of, name| {
        let entry = list_entry(&org.schema, &org.store, list, row.get(object, of));
        entry.map_or(Value::Bool(false), |(list, entry)| entry.get(list, name).clone())
    };
    let closed = flag("TaskStatus", "Status", "IsClosed");
    let urgent = flag("TaskPriority", "Priority", "IsHighPriority");
    let was_closed = before.is_some_and(|before| before.get(object, "IsClosed").is_true());
    if closed.is_true() != was_closed {
        let completed = if closed.is_true() { Value::DateTime(org.now) } else { Value::Null };
        row.set(object, "CompletedDateTime", completed);
    }
    row.set(object, "IsClosed", closed);
    row.set(object, "IsHighPriority", urgent);
    let account = what.and_then(|what| account_of(org, what)).or_else(|| who.and_then(|who| account_of(org, who)));
    row.set(object, "AccountId", account.map_or(Value::Null, Value::Id));
    Ok(())
}

/// The account that a record is, or belongs to.
fn account_of(org: &Org, id: SfId) -> Option<SfId> {
    let (index, row) = org.store.lookup(id)?;
    let object = org.schema.object(index);
    if object.name == "Account" { Some(id) } else { row.get(object, "AccountId").as_id() }
}

/// An opportunity created with a contact gets that contact as its primary role.
fn primary_role_of_new_opportunity(org: &mut Org, id: SfId, author: Author) -> Result<(), Failure> {
    let schema = Arc::clone(&org.schema);
    let (Some(opportunities), Some(roles)) = (schema.find("Opportunity"), schema.find("OpportunityContactRole")) else {
        return Ok(());
    };
    let contact =
        org.store.get(opportunities, id).map(|row| row.get(schema.object(opportunities), "ContactId").clone());
    let Some(contact) = contact.as_ref().and_then(Value::as_id) else {
        return Ok(());
    };
    let fields = serde_json::json!({
        "OpportunityId": id.to_string(), "ContactId": contact.to_string(), "IsPrimary": true,
    });
    match fields.as_object() {
        Some(fields) => org.create(roles, fields, author).map(drop),
        None => Ok(()),
    }
}

/// A role made primary takes the mark from the others of its opportunity.
fn only_one_primary(org: &mut Org, id: SfId, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some((roles, row)) = org.store.lookup(id) else {
        return;
    };
    let object = schema.object(roles);
    let Some(link) = object.find("OpportunityId").filter(|_| row.get(object, "IsPrimary").is_true()) else {
        return;
    };
    let opportunity = row.values[link].clone();
    for other in org.store.live_with_value(roles, link, &opportunity) {
        let Some(row) = org.store.get(roles, other).filter(|row| other != id && row.get(object, "IsPrimary").is_true())
        else {
            continue;
        };
        let mut row = row.clone();
        row.set(object, "IsPrimary", Value::Bool(false));
        org.stamp(object, &mut row, Author { automation: true, ..author });
        org.store.put(roles, row);
    }
}
