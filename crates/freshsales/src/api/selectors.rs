//! Selectors: the small lists that records refer to. One call each, no paging.

use rest_core::{Call, Result};
use serde::de::DeserializeOwned;

use super::side::SideLoads;
use crate::Freshsales;
use crate::models::{ContactStatus, Currency, DealPipeline, DealStage, LifecycleStage, SelectorItem, User};

/// The selectors.
#[derive(Debug, Clone)]
pub struct Selectors {
    client: Freshsales,
}

/// All of them fail as any read does; an unknown selector is `NotFound`.
#[allow(clippy::missing_errors_doc, reason = "said once for all of them, above")]
impl Selectors {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client }
    }

    /// The users, inactive ones included.
    pub async fn owners(&self) -> Result<Vec<User>> {
        self.get("selectors.owners", "owners", "users").await
    }

    /// The pipelines of deals, mostly with their stages.
    pub async fn deal_pipelines(&self) -> Result<Vec<DealPipeline>> {
        self.get("selectors.deal_pipelines", "deal_pipelines", "deal_pipelines").await
    }

    /// The stages of all pipelines.
    pub async fn deal_stages(&self) -> Result<Vec<DealStage>> {
        self.get("selectors.deal_stages", "deal_stages", "deal_stages").await
    }

    /// The statuses of contacts.
    pub async fn contact_statuses(&self) -> Result<Vec<ContactStatus>> {
        self.get("selectors.contact_statuses", "contact_statuses", "contact_statuses").await
    }

    /// The lifecycle stages of contacts.
    pub async fn lifecycle_stages(&self) -> Result<Vec<LifecycleStage>> {
        self.get("selectors.lifecycle_stages", "lifecycle_stages", "lifecycle_stages").await
    }

    /// The currencies of deals.
    pub async fn currencies(&self) -> Result<Vec<Currency>> {
        self.get("selectors.currencies", "currencies", "currencies").await
    }

    /// Where contacts and deals come from.
    pub async fn lead_sources(&self) -> Result<Vec<SelectorItem>> {
        self.get("selectors.lead_sources", "lead_sources", "lead_sources").await
    }

    /// Any other plain list: `deal_types`, `deal_reasons`, `deal_products`, `industry_types`, `business_types`,
    /// `campaigns`, `territories`, `sales_activity_types` …
    pub async fn list(&self, name: &str) -> Result<Vec<SelectorItem>> {
        self.get("selectors.list", name, name).await
    }

    async fn get<T: DeserializeOwned>(&self, operation: &'static str, name: &str, key: &str) -> Result<Vec<T>> {
        let reply = self.client.send(&Call::get(operation).path(["selector", name])).await?;
        let lists: std::collections::BTreeMap<String, Box<serde_json::value::RawValue>> = reply.json()?;
        if !lists.contains_key(key) {
            return Err(reply.decode_error(format!("the answer holds no `{key}`")));
        }
        let mut side = SideLoads::default();
        lists.into_iter().for_each(|(kind, list)| side.insert(&kind, list));
        Ok(side.get(key))
    }
}
