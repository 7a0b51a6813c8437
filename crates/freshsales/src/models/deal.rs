use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{CustomFields, Set, wire};
use crate::ids::{ChoiceId, ContactId, CurrencyId, DealId, DealPipelineId, DealStageId, SalesAccountId, UserId};

/// A sale. Stage and pipeline are there without an include, other foreign ids only with one.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Deal {
    /// The id.
    pub id: DealId,
    /// What the deal is called.
    pub name: Option<String>,
    /// What it is worth, in its currency.
    #[serde(default, with = "rest_core::money::opt")]
    pub amount: Option<Decimal>,
    /// What it is worth, in the account's currency.
    #[serde(default, with = "rest_core::money::opt")]
    pub base_currency_amount: Option<Decimal>,
    /// Amount times probability; 0 for a lost deal.
    #[serde(default, with = "rest_core::money::opt")]
    pub expected_deal_value: Option<Decimal>,
    /// The day on which it is expected to close.
    #[serde(default, deserialize_with = "wire::date")]
    pub expected_close: Option<NaiveDate>,
    /// The day on which it was won or lost.
    #[serde(default, deserialize_with = "wire::date")]
    pub closed_date: Option<NaiveDate>,
    /// When it came to its stage.
    #[serde(default, deserialize_with = "wire::time")]
    pub stage_updated_time: Option<DateTime<FixedOffset>>,
    /// How likely it is to be won, 0 to 100.
    #[serde(default, with = "rest_core::money::opt")]
    pub probability: Option<Decimal>,
    /// The pipeline.
    pub deal_pipeline_id: Option<DealPipelineId>,
    /// The stage.
    pub deal_stage_id: Option<DealStageId>,
    /// The vendor's number of the forecast category.
    #[serde(default, deserialize_with = "wire::int")]
    pub forecast_category: Option<i64>,
    /// The company (include `sales_account`).
    pub sales_account_id: Option<SalesAccountId>,
    /// The people (include `contacts`).
    pub contact_ids: Option<Vec<ContactId>>,
    /// The owner (include `owner`).
    pub owner_id: Option<UserId>,
    /// Who created the deal (include `creater`).
    pub creater_id: Option<UserId>,
    /// Who changed the deal last (include `updater`).
    pub updater_id: Option<UserId>,
    /// The currency (include `currency`).
    pub currency_id: Option<CurrencyId>,
    /// Where it came from (include `source`).
    pub lead_source_id: Option<ChoiceId>,
    /// The campaign (include `campaign`).
    pub campaign_id: Option<ChoiceId>,
    /// What kind of deal it is (include `deal_type`).
    pub deal_type_id: Option<ChoiceId>,
    /// Why it was lost (include `deal_reason`).
    pub deal_reason_id: Option<ChoiceId>,
    /// The payment status (include `deal_payment_status`).
    pub deal_payment_status_id: Option<ChoiceId>,
    /// The product of the old simple list (include `deal_product`).
    pub deal_product_id: Option<ChoiceId>,
    /// The territory (include `territory`).
    pub territory_id: Option<ChoiceId>,
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

/// What a write does to a deal. To create one, a name is needed; without a stage it lands in the first of its pipeline.
#[derive(Clone, Default, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the fields are those of `Deal`, which documents them")]
pub struct DealWrite {
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub name: Set<String>,
    #[serde(skip_serializing_if = "Set::is_keep", serialize_with = "super::set::amount")]
    pub amount: Set<Decimal>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub expected_close: Set<NaiveDate>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub closed_date: Set<NaiveDate>,
    #[serde(skip_serializing_if = "Set::is_keep", serialize_with = "super::set::amount")]
    pub probability: Set<Decimal>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub deal_pipeline_id: Set<DealPipelineId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub deal_stage_id: Set<DealStageId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub sales_account_id: Set<SalesAccountId>,
    /// People to add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts_added_list: Vec<ContactId>,
    /// People to take out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts_removed_list: Vec<ContactId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub owner_id: Set<UserId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub currency_id: Set<CurrencyId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub lead_source_id: Set<ChoiceId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub deal_type_id: Set<ChoiceId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub deal_reason_id: Set<ChoiceId>,
    #[serde(skip_serializing_if = "Set::is_keep")]
    pub tags: Set<Vec<String>>,
    /// The account's own fields by their `cf_` names; those that are not named stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_field: BTreeMap<String, serde_json::Value>,
    /// Any other field by its name.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

wire::hide_content!(Deal, id);
wire::hide_content!(DealWrite);
