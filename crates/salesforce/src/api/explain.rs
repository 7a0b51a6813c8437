//! How the server would run a query.

use rest_core::{Call, Error, Result};
use serde::Deserialize;

use crate::soql::Soql;
use crate::{Salesforce, VENDOR};

/// One way in which the server could run a query. The first of several is the one it takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QueryPlan {
    /// How many rows the leading operation is expected to find.
    pub cardinality: u64,
    /// The fields whose index leads.
    #[serde(default)]
    pub fields: Vec<String>,
    /// How the first rows are found.
    pub leading_operation_type: LeadingOperation,
    /// Why other indexes are not used.
    #[serde(default)]
    pub notes: Vec<PlanNote>,
    /// The cost in relation to the bound beyond which a filter does not count as selective: above 1 the query is not
    /// selective and may time out on a large object.
    pub relative_cost: f64,
    /// How many rows the object has, about.
    pub sobject_cardinality: u64,
    /// The object.
    pub sobject_type: String,
}

/// How the first rows of a query are found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum LeadingOperation {
    /// By an index.
    Index,
    /// By what is shared with the user.
    Sharing,
    /// By looking at every row.
    TableScan,
    /// By something else, in the vendor's word.
    Other(String),
}

impl From<String> for LeadingOperation {
    fn from(word: String) -> Self {
        match word.as_str() {
            "Index" => Self::Index,
            "Sharing" => Self::Sharing,
            "TableScan" => Self::TableScan,
            _ => Self::Other(word),
        }
    }
}

/// A remark of the server on a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PlanNote {
    /// The remark.
    pub description: String,
    /// The fields it is about.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The object it is about.
    #[serde(default)]
    pub table_enum_or_id: String,
}

impl Salesforce {
    /// How the server would run a query, without running it.
    ///
    /// # Errors
    /// What the vendor says of a query that it refuses.
    pub async fn explain(&self, soql: impl Into<Soql>) -> Result<Vec<QueryPlan>> {
        #[derive(Deserialize)]
        struct Plans {
            plans: Vec<QueryPlan>,
        }
        let soql = soql.into();
        if let Some(defect) = soql.defect() {
            return Err(Error::config(format!("the query cannot be sent: {defect}")).with_vendor(VENDOR));
        }
        let call = Call::get("query.explain").path(self.version().path(["query"])).query("explain", soql.as_str());
        Ok(self.send(call).await?.json::<Plans>()?.plans)
    }
}
