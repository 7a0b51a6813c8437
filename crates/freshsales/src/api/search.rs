//! Search across kinds of records. The indexes behind it lag behind the records.

use std::collections::BTreeMap;

use rest_core::{Call, Result};
use serde_json::value::RawValue;

use super::body::{Many, read_rows};
use super::{Entity, RecordPage};
use crate::Freshsales;
use crate::models::SearchHit;

/// Search.
#[derive(Debug, Clone)]
pub struct Search {
    client: Freshsales,
}

impl Search {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client }
    }

    /// Full-text search by the beginnings of words in names, addresses and numbers. `kinds` are of `contact`,
    /// `sales_account`, `deal`, `user` and custom modules.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn text(&self, text: &str, kinds: &[&str]) -> Result<Vec<SearchHit>> {
        let call = Call::get("search.text").path(["search"]).query("q", text).query("include", kinds.join(","));
        self.client.send(&call).await?.json()
    }

    /// Exact search in one field; see [`Records::lookup`](crate::Records::lookup).
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn lookup<E: Entity>(&self, field: &str, value: &str) -> Result<RecordPage<E>> {
        lookup(&self.client, field, value).await
    }
}

/// The answer nests twice: `{"contacts":{"contacts":[…],"meta":{…}}}`. Without a hit any level may be missing.
pub(super) async fn lookup<E: Entity>(client: &Freshsales, field: &str, value: &str) -> Result<RecordPage<E>> {
    let call = Call::get(E::OPERATIONS.lookup)
        .path(["lookup"])
        .query("q", value)
        .query("f", field)
        .query("entities", E::SINGULAR);
    let reply = client.send(&call).await?;
    let mut kinds: BTreeMap<String, Box<RawValue>> = reply.json()?;
    let inner = kinds.remove(E::PLURAL);
    let inner = inner.as_deref().map_or("null", RawValue::get);
    let many: Many<E> = serde_json::from_str(inner)
        .map_err(|error| reply.decode_error(format!("the inner list cannot be read: {:?}", error.classify())))?;
    Ok(RecordPage::new(read_rows(many.records), many.side, many.meta))
}
