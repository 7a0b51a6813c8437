//! What objects and fields there are. Unknown attributes are ignored, because every release adds some.

use rest_core::{Call, Result};
use serde::Deserialize;

use super::sobjects::Records;
use crate::Salesforce;
use crate::config::ApiVersion;
use crate::models::SObject;
use crate::time;

/// All objects of the organisation that this user may see.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct GlobalDescribe {
    /// The most records that one collections call writes.
    #[serde(default)]
    pub max_batch_size: u32,
    /// The objects.
    pub sobjects: Vec<ObjectSummary>,
}

/// One object in the list of all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct ObjectSummary {
    /// API name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// The first three characters of its ids; `None` for objects without ids of their own.
    pub key_prefix: Option<String>,
    /// Whether it was made by the organisation or a package.
    pub custom: bool,
    /// Whether records can be created.
    pub createable: bool,
    /// Whether records can be changed.
    pub updateable: bool,
    /// Whether records can be deleted.
    pub deletable: bool,
    /// Whether it can be queried.
    pub queryable: bool,
    /// Whether the feeds of changed and deleted records know it.
    pub replicateable: bool,
}

/// Everything about one object.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
pub struct Describe {
    /// API name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// The first three characters of its ids.
    pub key_prefix: Option<String>,
    /// Whether records can be created by this user.
    pub createable: bool,
    /// Whether records can be changed by this user.
    pub updateable: bool,
    /// Whether records can be deleted by this user.
    pub deletable: bool,
    /// Whether it can be queried.
    pub queryable: bool,
    /// Whether the feeds of changed and deleted records know it.
    pub replicateable: bool,
    /// Its fields, as far as this user may see them.
    pub fields: Vec<DescribedField>,
    /// The relationships in which it is the parent.
    pub child_relationships: Vec<ChildRelationship>,
    /// Its record types.
    pub record_type_infos: Vec<RecordTypeInfo>,
}

impl Describe {
    /// The field with this API name, whatever its case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&DescribedField> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

/// One field.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
pub struct DescribedField {
    /// API name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The most characters, for text; 0 otherwise.
    pub length: u32,
    /// Digits in all, for decimals.
    pub precision: u32,
    /// Digits after the point, for decimals.
    pub scale: u32,
    /// Digits, for integers.
    pub digits: u32,
    /// Whether a create may name it.
    pub createable: bool,
    /// Whether an update may name it.
    pub updateable: bool,
    /// Whether it may be empty.
    pub nillable: bool,
    /// Whether the vendor fills it in when a create does not name it.
    pub defaulted_on_create: bool,
    /// Whether an upsert may find records by it.
    pub external_id: bool,
    /// Whether no two records may share a value.
    pub unique: bool,
    /// Whether an upsert may find records by it although it is no external id.
    pub id_lookup: bool,
    /// Whether its values distinguish case.
    pub case_sensitive: bool,
    /// Whether a condition may name it.
    pub filterable: bool,
    /// Whether rows may be ordered by it.
    pub sortable: bool,
    /// Whether the organisation or a package made it.
    pub custom: bool,
    /// Whether it is a formula.
    pub calculated: bool,
    /// Whether the vendor numbers it.
    pub auto_number: bool,
    /// Whether it is the record's name.
    pub name_field: bool,
    /// Whether text is HTML.
    pub html_formatted: bool,
    /// Whether it is kept and no longer shown.
    pub deprecated_and_hidden: bool,
    /// The compound field that it is a part of.
    pub compound_field_name: Option<String>,
    /// Whether only values of the picklist are taken.
    pub restricted_picklist: bool,
    /// The picklist's values.
    pub picklist_values: Vec<PicklistValue>,
    /// The objects that it refers to.
    pub reference_to: Vec<String>,
    /// The name by which a query reaches the parent.
    pub relationship_name: Option<String>,
    /// What the administrator tells people about the field.
    pub inline_help_text: Option<String>,
}

impl DescribedField {
    /// Whether a create must name it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }

    /// Whether an upsert by this field happens at most once per value.
    #[must_use]
    pub fn is_unique_external_id(&self) -> bool {
        self.external_id && self.unique
    }
}

/// What a field holds, by the vendor's names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum FieldKind {
    /// A record's id.
    Id,
    /// Another record's id.
    Reference,
    /// A line of text.
    #[default]
    String,
    /// Lines of text.
    Textarea,
    /// One of a list of values.
    Picklist,
    /// Several of a list of values, joined by semicolons.
    Multipicklist,
    /// Text with suggestions.
    Combobox,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A web address.
    Url,
    /// Yes or no.
    Boolean,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// An amount.
    Currency,
    /// A percentage.
    Percent,
    /// A day.
    Date,
    /// An instant.
    Datetime,
    /// A time of day.
    Time,
    /// A compound postal address.
    Address,
    /// A compound place.
    Location,
    /// Bytes; a query answers with a path.
    Base64,
    /// Text that is stored encrypted.
    Encryptedstring,
    /// Anything else, by its name.
    Other(std::string::String),
}

impl From<String> for FieldKind {
    fn from(name: String) -> Self {
        match name.as_str() {
            "id" => Self::Id,
            "reference" => Self::Reference,
            "string" => Self::String,
            "textarea" => Self::Textarea,
            "picklist" => Self::Picklist,
            "multipicklist" => Self::Multipicklist,
            "combobox" => Self::Combobox,
            "email" => Self::Email,
            "phone" => Self::Phone,
            "url" => Self::Url,
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "double" => Self::Double,
            "currency" => Self::Currency,
            "percent" => Self::Percent,
            "date" => Self::Date,
            "datetime" => Self::Datetime,
            "time" => Self::Time,
            "address" => Self::Address,
            "location" => Self::Location,
            "base64" => Self::Base64,
            "encryptedstring" => Self::Encryptedstring,
            _ => Self::Other(name),
        }
    }
}

/// One value of a picklist.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
pub struct PicklistValue {
    /// What is stored.
    pub value: String,
    /// What people see; the vendor leaves it out where it equals the value.
    pub label: Option<String>,
    /// Whether it can be chosen for new values.
    pub active: bool,
    /// Whether it is chosen when nothing else is.
    pub default_value: bool,
}

/// A relationship to children.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
pub struct ChildRelationship {
    /// The child object.
    #[serde(rename = "childSObject")]
    pub child_object: String,
    /// The child's field that points here.
    pub field: String,
    /// The name in sub-selects; `None` if it cannot be queried that way.
    pub relationship_name: Option<String>,
    /// Whether deleting the parent deletes the children.
    pub cascade_delete: bool,
}

/// A record type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase", default)]
pub struct RecordTypeInfo {
    /// Its id.
    pub record_type_id: String,
    /// What people see.
    pub name: String,
    /// Its API name: the key across organisations.
    pub developer_name: String,
    /// Whether this user may use it.
    pub available: bool,
    /// Whether new records get it.
    pub default_record_type_mapping: bool,
    /// Whether it is the built-in one.
    pub master: bool,
}

impl Salesforce {
    /// The objects that there are. Costs one call.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn describe_global(&self) -> Result<GlobalDescribe> {
        self.send(Call::get("describe.global").path(self.version().path(["sobjects"]))).await?.json()
    }
}

impl<T: SObject> Records<T> {
    /// The object's fields and relationships. Costs one call; worth keeping, because it is large and changes rarely.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) if the object does not exist or this user may not see it.
    pub async fn describe(&self) -> Result<Describe> {
        self.client.send(describe(self.client.version(), T::NAME)).await?.json()
    }

    /// As [`describe`](Self::describe), unless nothing has changed since a moment: then `None`.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub async fn describe_modified_since(&self, since: chrono::DateTime<chrono::Utc>) -> Result<Option<Describe>> {
        let call = describe(self.client.version(), T::NAME)
            .header("if-modified-since", &time::format_http(since))
            .also_ok(http::StatusCode::NOT_MODIFIED);
        let reply = self.client.send(call).await?;
        if reply.status == http::StatusCode::NOT_MODIFIED { Ok(None) } else { reply.json().map(Some) }
    }
}

pub(super) fn describe(version: ApiVersion, object: &str) -> Call {
    Call::get("describe").path(version.path(["sobjects", object, "describe"]))
}
