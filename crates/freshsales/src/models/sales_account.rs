use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{CustomFields, Set, wire};
use crate::ids::{ChoiceId, ContactId, DealId, SalesAccountId, UserId};

/// A company. Its name is unique within the Freshsales account.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct SalesAccount {
    /// The id.
    pub id: SalesAccountId,
    /// The company's name.
    pub name: Option<String>,
    /// Its web site.
    pub website: Option<String>,
    /// Its main phone number, as written.
    #[serde(default, with = "rest_core::ids::opt")]
    pub phone: Option<String>,
    /// Street.
    pub address: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// Postal code.
    #[serde(default, with = "rest_core::ids::opt")]
    pub zipcode: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// How many people it employs.
    #[serde(default, deserialize_with = "wire::int")]
    pub number_of_employees: Option<i64>,
    /// What it turns over in a year.
    #[serde(default, with = "rest_core::money::opt")]
    pub annual_revenue: Option<Decimal>,
    /// The owner; there without an include.
    pub owner_id: Option<UserId>,
    /// Who created the account (include `creater`).
    pub creater_id: Option<UserId>,
    /// Who changed the account last (include `updater`).
    pub updater_id: Option<UserId>,
    /// The company it belongs to.
    pub parent_sales_account_id: Option<SalesAccountId>,
    /// Its line of business (include `industry_type`).
    pub industry_type_id: Option<ChoiceId>,
    /// What it is to us (include `business_type`).
    pub business_type_id: Option<ChoiceId>,
    /// The territory (include `territory`).
    pub territory_id: Option<ChoiceId>,
    /// Its contacts (include `contacts`).
    pub contact_ids: Option<Vec<ContactId>>,
    /// Its deals (include `deals`).
    pub deal_ids: Option<Vec<DealId>>,
    /// Sum of the open deals.
    #[serde(default, with = "rest_core::money::opt")]
    pub open_deals_amount: Option<Decimal>,
    /// Sum of the won deals.
    #[serde(default, with = "rest_core::money::opt")]
    pub won_deals_amount: Option<Decimal>,
    /// When somebody last dealt with it.
    #[serde(default, deserialize_with = "wire::time")]
    pub last_contacted: Option<DateTime<FixedOffset>>,
    /// The text of the newest note; none: there is no note.
    pub recent_note: Option<String>,
    /// Words that people attached.
    pub tags: Option<Vec<String>>,
    /// Whether it is in the recycle bin.
    pub is_deleted: Option<bool>,
    /// The account's own fields.
    pub custom_field: Option<CustomFields>,
    /// When it was created.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it last changed, in whole seconds.
    #[serde(default, deserialize_with = "wire::time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// What a write does to a company. To create one, a name is needed that no other has.
#[derive(Clone, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the fields are those of `SalesAccount`, which documents them")]
pub struct SalesAccountWrite {
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub name: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub website: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub phone: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub address: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub city: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub state: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub zipcode: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub country: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub number_of_employees: Set<i64>,
    #[serde(skip_serializing_if = "Set::is_keep", serialize_with = "super::set::amount")]
    pub annual_revenue: Set<Decimal>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub owner_id: Set<UserId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub parent_sales_account_id: Set<SalesAccountId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub industry_type_id: Set<ChoiceId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub business_type_id: Set<ChoiceId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub tags: Set<Vec<String>>,
    /// The account's own fields by their `cf_` names; those that are not named stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_field: BTreeMap<String, serde_json::Value>,
    /// Any other field by its name.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

wire::hide_content!(SalesAccount, id);
wire::hide_content!(SalesAccountWrite);
