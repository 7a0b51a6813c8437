//! Opportunities and the people in them.

use std::sync::Arc;

use chrono::Datelike as _;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Written, list_entry};
use crate::salesforce::errors::Failure;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::{Author, Org};
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

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
pub(super) fn opportunity(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>, written: &Written) {
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

/// An opportunity created with a contact gets that contact as its primary role.
pub(super) fn primary_role_of_new_opportunity(org: &mut Org, id: SfId, author: Author) -> Result<(), Failure> {
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
pub(super) fn only_one_primary(org: &mut Org, id: SfId, author: Author) {
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
