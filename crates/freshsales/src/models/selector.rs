use rust_decimal::Decimal;
use serde::Deserialize;

use super::wire;
use crate::ids::{ChoiceId, ContactStatusId, CurrencyId, DealPipelineId, DealStageId, LifecycleStageId, UserId};

/// Somebody who works in Freshsales.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: UserId,
    /// Display name.
    pub display_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether records can be given to the user.
    pub is_active: Option<bool>,
}

/// A pipeline of deals.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct DealPipeline {
    /// The id.
    pub id: DealPipelineId,
    /// Display name.
    pub name: Option<String>,
    /// Place among the pipelines.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
    /// Whether new deals land here.
    pub is_default: Option<bool>,
    /// After how many days a deal counts as rotten.
    #[serde(default, deserialize_with = "wire::int")]
    pub rotting_days: Option<i64>,
    /// Its stages; some answers leave them out.
    pub deal_stages: Option<Vec<DealStage>>,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct DealStage {
    /// The id.
    pub id: DealStageId,
    /// Display name.
    pub name: Option<String>,
    /// Place in the pipeline.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
    /// `Open`, `Closed Won` or `Closed Lost`.
    pub forecast_type: Option<String>,
    /// How likely a deal in this stage is to be won, 0 to 100.
    #[serde(default, with = "rest_core::money::opt")]
    pub probability: Option<Decimal>,
    /// The pipeline.
    pub deal_pipeline_id: Option<DealPipelineId>,
}

/// A stage on the way to becoming a customer.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct LifecycleStage {
    /// The id.
    pub id: LifecycleStageId,
    /// Display name.
    pub name: Option<String>,
    /// Place among the stages.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
    /// `Lead`, `Sales Qualified Lead`, `Customer`, `Custom` …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether it is out of use.
    pub disabled: Option<bool>,
    /// The statuses that belong to it.
    pub contact_status_ids: Option<Vec<ContactStatusId>>,
}

/// A status within a lifecycle stage.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct ContactStatus {
    /// The id.
    pub id: ContactStatusId,
    /// Display name.
    pub name: Option<String>,
    /// Place in the stage.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
    /// The stage.
    pub lifecycle_stage_id: Option<LifecycleStageId>,
}

/// A currency that deals can be in.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Currency {
    /// The id.
    pub id: CurrencyId,
    /// ISO 4217 code.
    pub currency_code: Option<String>,
    /// How much of the account's currency one unit is.
    #[serde(default, with = "rest_core::money::opt")]
    pub exchange_rate: Option<Decimal>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
}

/// One choice of a plain list: lead sources, industries, deal types …
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SelectorItem {
    /// The id.
    pub id: ChoiceId,
    /// Display name.
    pub name: Option<String>,
    /// Place in the list.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
}

wire::hide_content!(User, id);
