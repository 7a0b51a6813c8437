//! Price book entries and the lines of opportunities.

use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};

use super::Written;
use crate::salesforce::errors::ApiError;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::{Author, Org};
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

fn parent<'a>(org: &'a Org, object: &Object, row: &Row, link: &str) -> Option<(&'a Object, &'a Row)> {
    let (index, parent) = org.store.lookup(row.get(object, link).as_id()?)?;
    Some((org.schema.object(index), parent))
}

/// A price needs a standard price first, and stands once in a price book.
pub(super) fn price(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) -> Result<(), ApiError> {
    if let Some((products, product)) = parent(org, object, row, "Product2Id") {
        row.set(object, "Name", product.get(products, "Name").clone());
        row.set(object, "ProductCode", product.get(products, "ProductCode").clone());
    }
    if before.is_some() {
        return Ok(());
    }
    let Some((entries, link)) = org.schema.find("PricebookEntry").zip(object.position("Product2Id")) else {
        return Ok(());
    };
    let others = org.store.live_with_value(entries, link, row.get(object, "Product2Id"));
    let others: Vec<&Row> = others.into_iter().filter_map(|id| org.store.get(entries, id)).collect();
    let book = row.get(object, "Pricebook2Id");
    if others.iter().any(|other| other.get(object, "Pricebook2Id") == book) {
        let message = "This price definition already exists in this price book";
        return Err(ApiError::record("DUPLICATE_VALUE", message, &["Pricebook2Id"]));
    }
    let standard = |row: &Row| {
        parent(org, object, row, "Pricebook2Id").is_some_and(|(books, book)| book.get(books, "IsStandard").is_true())
    };
    if !standard(row) && !others.iter().any(|other| standard(other)) {
        let message = "Before creating a custom price, create a standard price.";
        return Err(ApiError::record("STANDARD_PRICE_NOT_DEFINED", message, &[]));
    }
    Ok(())
}

/// Product, prices and total of a line.
pub(super) fn line_item(
    org: &Org,
    object: &Object,
    row: &mut Row,
    before: Option<&Row>,
    written: &Written,
) -> Result<(), ApiError> {
    if before.is_none() {
        let Some((entries, entry)) = parent(org, object, row, "PricebookEntryId") else {
            let message = "Required fields are missing: [PricebookEntryId]";
            return Err(ApiError::record("REQUIRED_FIELD_MISSING", message, &["PricebookEntryId"]));
        };
        let book = parent(org, object, row, "OpportunityId").map(|(deals, deal)| deal.get(deals, "Pricebook2Id"));
        if book.is_some_and(|book| !book.is_null() && book != entry.get(entries, "Pricebook2Id")) {
            let message = "field integrity exception: PricebookEntryId (pricebook entry is in a different pricebook \
                           than the one assigned to the opportunity)";
            return Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["PricebookEntryId"]));
        }
        row.set(object, "Product2Id", entry.get(entries, "Product2Id").clone());
        row.set(object, "ProductCode", entry.get(entries, "ProductCode").clone());
        row.set(object, "ListPrice", entry.get(entries, "UnitPrice").clone());
        let deal = parent(org, object, row, "OpportunityId").map(|(deals, deal)| deal.get(deals, "Name"));
        let texts = deal.into_iter().chain([entry.get(entries, "Name")]).filter_map(Value::as_text);
        let name = texts.collect::<Vec<_>>().join(" ");
        row.set(object, "Name", Value::text(&name));
    }
    let number = |name: &str| row.get(object, name).as_number();
    let (gives_unit, gives_total) = (written.gives(object, "UnitPrice"), written.gives(object, "TotalPrice"));
    if gives_unit && gives_total {
        let message = "UnitPrice and TotalPrice can't both be given";
        return Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["UnitPrice", "TotalPrice"]));
    }
    let quantity = number("Quantity").unwrap_or_default();
    let share = Decimal::ONE - number("Discount").unwrap_or_default() / Decimal::ONE_HUNDRED;
    let round = |number: Decimal| number.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize();
    if gives_total {
        let unit = number("TotalPrice").and_then(|total| total.checked_div(quantity * share));
        row.set(object, "UnitPrice", unit.map_or(Value::Null, |unit| Value::Decimal(round(unit))));
        return Ok(());
    }
    let Some(unit) = number("UnitPrice") else {
        let message = "Required fields are missing: [UnitPrice]";
        return Err(ApiError::record("REQUIRED_FIELD_MISSING", message, &["UnitPrice"]));
    };
    let total = unit.checked_mul(quantity).and_then(|total| total.checked_mul(share));
    row.set(object, "TotalPrice", total.map_or(Value::Null, |total| Value::Decimal(round(total))));
    Ok(())
}

/// The amount of an opportunity with lines is their sum, its quantity theirs.
pub(super) fn total(org: &mut Org, opportunity: SfId, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some((deals, deal)) = org.store.lookup(opportunity) else {
        return;
    };
    let (object, mut row, before) = (schema.object(deals), deal.clone(), deal.clone());
    let Some(lines) = schema.find("OpportunityLineItem") else {
        return;
    };
    let line = schema.object(lines);
    let Some(link) = line.position("OpportunityId") else {
        return;
    };
    let ids = org.store.live_with_value(lines, link, &Value::Id(opportunity));
    let rows: Vec<&Row> = ids.iter().filter_map(|id| org.store.get(lines, *id)).collect();
    let sum = |name: &str| rows.iter().filter_map(|row| row.get(line, name).as_number()).sum::<Decimal>().normalize();
    row.set(object, "HasOpportunityLineItem", Value::Bool(!rows.is_empty()));
    if let Some(first) = rows.first() {
        row.set(object, "Amount", Value::Decimal(sum("TotalPrice")));
        row.set(object, "TotalOpportunityQuantity", Value::Decimal(sum("Quantity")));
        if let Some((entries, entry)) = parent(org, line, first, "PricebookEntryId") {
            row.set(object, "Pricebook2Id", entry.get(entries, "Pricebook2Id").clone());
        }
    }
    if row != before {
        super::sales::opportunity(org, object, &mut row, Some(&before), &Written::default());
        super::formula::compute(object, &mut row);
        org.stamp(object, &mut row, Author { automation: true, ..author });
        org.store.put(deals, row);
    }
}
