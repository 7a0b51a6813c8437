//! Selectors: the small lists that records point into.

use serde_json::{Value, json};

use super::coerce::wire_time;
use super::errors::{Failure, Result};
use super::schema::Choice;
use super::settings::{DealStage, Forecast};
use super::state::State;

/// Selectors that can be read as a list.
const NAMES: &[&str] = &[
    "owners",
    "territories",
    "deal_stages",
    "deal_pipelines",
    "currencies",
    "deal_reasons",
    "deal_types",
    "deal_payment_statuses",
    "deal_products",
    "lead_sources",
    "industry_types",
    "business_types",
    "campaigns",
    "contact_statuses",
    "lifecycle_stages",
    "sales_activity_types",
    "sales_activity_outcomes",
];

impl State {
    /// `GET /selector/{name}`.
    pub(super) fn selector(&self, name: &str) -> Result<Value> {
        if !NAMES.contains(&name) {
            return Err(Failure::not_found());
        }
        let items: Vec<Value> =
            self.selector_ids(name).into_iter().filter_map(|id| self.selector_item(name, id)).collect();
        let key = if name == "owners" { "users" } else { name };
        Ok(json!({ key: items }))
    }

    /// `GET /selector/deal_pipelines/{id}/deal_stages`.
    pub(super) fn stages_of(&self, pipeline: i64) -> Result<Value> {
        if !self.store.settings.has("deal_pipelines", pipeline) {
            return Err(Failure::not_found());
        }
        Ok(json!({ "deal_stages": self.pipeline_stages(pipeline) }))
    }

    /// `GET /selector/sales_activity_types/{id}/sales_activity_outcomes`.
    pub(super) fn outcomes_of(&self, kind: i64) -> Result<Value> {
        if !self.store.settings.has("sales_activity_types", kind) {
            return Err(Failure::not_found());
        }
        let outcomes = self.store.settings.activity_outcomes.iter().filter(|(of, _)| *of == kind);
        let outcomes: Vec<Value> = outcomes.map(|(of, outcome)| outcome_json(*of, outcome)).collect();
        Ok(json!({ "sales_activity_outcomes": outcomes }))
    }

    fn selector_ids(&self, name: &str) -> Vec<i64> {
        let settings = &self.store.settings;
        match name {
            "owners" => settings.users.iter().map(|user| user.id).collect(),
            "deal_stages" => settings.deal_stages.iter().map(|stage| stage.id).collect(),
            "deal_pipelines" => settings.pipelines.iter().map(|pipeline| pipeline.id).collect(),
            "currencies" => settings.currencies.iter().map(|currency| currency.id).collect(),
            "contact_statuses" => settings.contact_statuses.iter().map(|status| status.id).collect(),
            "lifecycle_stages" => settings.lifecycle_stages.iter().map(|stage| stage.id).collect(),
            "sales_activity_types" => settings.activity_types.iter().map(|kind| kind.id).collect(),
            "sales_activity_outcomes" => settings.activity_outcomes.iter().map(|(_, outcome)| outcome.id).collect(),
            other => settings.picklists.get(other).into_iter().flatten().map(|choice| choice.id).collect(),
        }
    }

    /// One item as it stands in its selector and beside records.
    pub(super) fn selector_item(&self, selector: &str, id: i64) -> Option<Value> {
        let settings = &self.store.settings;
        match selector {
            "owners" => {
                let user = settings.users.iter().find(|user| user.id == id)?;
                Some(json!({
                    "id": user.id,
                    "display_name": user.display_name,
                    "email": user.email,
                    "is_active": user.is_active,
                    "work_number": user.work_number,
                    "mobile_number": user.mobile_number,
                }))
            }
            "deal_stages" => settings.stage(id).map(|stage| self.stage_json(stage)),
            "deal_pipelines" => {
                let pipeline = settings.pipelines.iter().find(|pipeline| pipeline.id == id)?;
                Some(json!({
                    "partial": true,
                    "id": pipeline.id,
                    "name": pipeline.name,
                    "position": pipeline.position,
                    "is_default": pipeline.position == 1,
                    "rotting_days": pipeline.rotting_days,
                    "configs": [],
                    "aggregated_field": "amount",
                    "deal_stages": self.pipeline_stages(id),
                }))
            }
            "currencies" => {
                let currency = settings.currencies.iter().find(|currency| currency.id == id)?;
                let is_base = settings.currencies.first().is_some_and(|base| base.id == id);
                let rate = super::coerce::wire_decimal(currency.exchange_rate);
                Some(json!({
                    "partial": true,
                    "id": currency.id,
                    "is_active": true,
                    "currency_code": currency.code,
                    "exchange_rate": rate,
                    "currency_type": if is_base { 1 } else { 2 },
                    "schedule_info": null,
                    "rate_change_ids": [],
                }))
            }
            "contact_statuses" => {
                let status = settings.contact_statuses.iter().find(|status| status.id == id)?;
                Some(json!({
                    "partial": true,
                    "id": status.id,
                    "name": status.name,
                    "position": status.position,
                    "forecast_type": null,
                    "lifecycle_stage_id": status.lifecycle_stage_id,
                }))
            }
            "lifecycle_stages" => {
                let stage = settings.lifecycle_stages.iter().find(|stage| stage.id == id)?;
                let statuses = settings.contact_statuses.iter().filter(|status| status.lifecycle_stage_id == id);
                Some(json!({
                    "id": stage.id,
                    "name": stage.name,
                    "position": stage.position,
                    "disabled": false,
                    "default": true,
                    "type": stage.name,
                    "contact_status_ids": statuses.map(|status| status.id).collect::<Vec<_>>(),
                }))
            }
            "sales_activity_types" => {
                let index = settings.activity_types.iter().position(|kind| kind.id == id)?;
                let kind = settings.activity_types.get(index)?;
                Some(json!({
                    "partial": true,
                    "id": kind.id,
                    "name": kind.name,
                    "internal_name": kind.internal_name,
                    "show_in_conversation": kind.internal_name != "reminder",
                    "position": index + 1,
                    "is_default": true,
                    "is_checkedin": kind.internal_name == "appointment",
                }))
            }
            "sales_activity_outcomes" => {
                let (of, outcome) = settings.activity_outcomes.iter().find(|(_, outcome)| outcome.id == id)?;
                Some(outcome_json(*of, outcome))
            }
            other => {
                let choice = settings.picklists.get(other)?.iter().find(|choice| choice.id == id)?;
                Some(json!({ "partial": true, "id": choice.id, "name": choice.name, "position": choice.position }))
            }
        }
    }

    fn pipeline_stages(&self, pipeline: i64) -> Vec<Value> {
        let stages = self.store.settings.deal_stages.iter().filter(|stage| stage.pipeline_id == pipeline);
        stages.map(|stage| self.stage_json(stage)).collect()
    }

    fn stage_json(&self, stage: &DealStage) -> Value {
        let choice_type = match stage.forecast {
            Forecast::Open if stage.position == 1 => 5,
            Forecast::Open => 0,
            Forecast::Won => 1,
            Forecast::Lost => 2,
        };
        json!({
            "partial": true,
            "id": stage.id,
            "name": stage.name,
            "position": stage.position,
            "forecast_type": stage.forecast.label(),
            "updated_at": wire_time(self.store.settings.created_at, self.zone()),
            "deal_pipeline_id": stage.pipeline_id,
            "choice_type": choice_type,
            "probability": stage.probability,
        })
    }
}

fn outcome_json(kind: i64, outcome: &Choice) -> Value {
    json!({
        "partial": true,
        "id": outcome.id,
        "name": outcome.name,
        "sales_activity_type_id": kind,
        "position": outcome.position,
    })
}
