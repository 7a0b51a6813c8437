use serde::{Deserialize, Serialize};

use super::wire;

/// One hit of the full-text search. Its id is text, unlike everywhere else.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct SearchHit {
    /// The record's id.
    #[serde(with = "rest_core::ids::text")]
    pub id: String,
    /// `contact`, `sales_account`, `deal`, `user` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// One rule of a filtered search; rules are joined by "and".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterRule {
    /// What is compared: `contact_email.email`, `updated_at`, `owner_id`, `name`, `cf_…`.
    pub attribute: String,
    /// How: `is_in`, `is_not_in`, `is`, `is_not`, `contains`, `starts_with`, `is_after`, `is_before`.
    pub operator: String,
    /// With what: a scalar or an array. Ids go as text.
    pub value: serde_json::Value,
}

impl FilterRule {
    /// A rule.
    pub fn new(attribute: impl Into<String>, operator: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        Self { attribute: attribute.into(), operator: operator.into(), value: value.into() }
    }
}

wire::hide_content!(SearchHit, id);
