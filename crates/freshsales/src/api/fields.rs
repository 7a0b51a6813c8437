//! Field settings.

use rest_core::{Call, Result};

use crate::Freshsales;
use crate::models::{Contact, Deal, FieldSetting, SalesAccount};

/// The field settings of the three kinds of record.
#[derive(Debug, Clone)]
pub struct FieldSettings {
    client: Freshsales,
}

impl FieldSettings {
    pub(crate) fn new(client: Freshsales) -> Self {
        Self { client }
    }

    /// The fields of contacts.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn contacts(&self) -> Result<Vec<FieldSetting>> {
        self.client.records::<Contact>().fields().await
    }

    /// The fields of sales accounts.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn sales_accounts(&self) -> Result<Vec<FieldSetting>> {
        self.client.records::<SalesAccount>().fields().await
    }

    /// The fields of deals.
    ///
    /// # Errors
    /// What the pipeline or the vendor says.
    pub async fn deals(&self) -> Result<Vec<FieldSetting>> {
        self.client.records::<Deal>().fields().await
    }
}

/// The fields of one kind of record; those inside groups are given like the others.
pub(super) async fn of_kind(client: &Freshsales, operation: &'static str, plural: &str) -> Result<Vec<FieldSetting>> {
    #[derive(serde::Deserialize)]
    struct Fields {
        fields: Vec<FieldSetting>,
    }
    let reply = client.send(&Call::get(operation).path(["settings", plural, "fields"])).await?;
    let mut flat = Vec::new();
    flatten(reply.json::<Fields>()?.fields, &mut flat);
    Ok(flat)
}

fn flatten(fields: Vec<FieldSetting>, flat: &mut Vec<FieldSetting>) {
    for mut field in fields {
        match field.fields.take() {
            Some(inner) if !inner.is_empty() => flatten(inner, flat),
            _ => flat.push(field),
        }
    }
}
