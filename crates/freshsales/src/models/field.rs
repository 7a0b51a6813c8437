use serde::Deserialize;

use super::wire;

/// What an administrator has set up about one field (`GET /settings/{contacts|sales_accounts|deals}/fields`).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct FieldSetting {
    /// The API name; custom ones start with `cf_`.
    pub name: String,
    /// What people see.
    pub label: Option<String>,
    /// `text`, `textarea`, `number`, `decimal`, `dropdown`, `multi_select_dropdown`, `checkbox`, `date`, `date_time`,
    /// `phone_number`, `auto_complete`, `lookup`, `formula`, `group_field` and others.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether the field is built in.
    pub default: Option<bool>,
    /// Whether a record can be saved without it.
    #[serde(default)]
    pub required: bool,
    /// Whether two records may share a value, where the vendor says so.
    pub unique: Option<bool>,
    /// Place in the form.
    #[serde(default, deserialize_with = "wire::int")]
    pub position: Option<i64>,
    /// The choices of a drop-down.
    pub choices: Option<Vec<FieldChoice>>,
    /// The fields inside a group.
    pub fields: Option<Vec<FieldSetting>>,
}

impl FieldSetting {
    /// Whether the account's administrators made the field.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.name.starts_with("cf_")
    }
}

/// One choice of a drop-down. Built-in drop-downs store the id, custom ones the text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldChoice {
    /// The id.
    #[serde(with = "rest_core::ids::text")]
    pub id: String,
    /// What people see.
    #[serde(default, with = "rest_core::ids::opt")]
    pub value: Option<String>,
}
