use serde::{Deserialize, Serialize};

use crate::{FieldKey, ObjectKind, RemoteId, User, ViewKind};

/// What a field of a vendor holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// A line of text.
    Text {
        /// The most characters it takes, where there is a limit.
        max: Option<u32>,
    },
    /// Text of many lines.
    LongText,
    /// A whole number.
    Int,
    /// An exact number.
    Decimal {
        /// Digits behind the point, where there is a limit.
        scale: Option<u32>,
    },
    /// An amount.
    Money,
    /// A percentage, 0 to 100.
    Percent,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// A time of day, in no particular zone; as text, in the vendor's form.
    Time,
    /// One of the options.
    Choice,
    /// Several of the options.
    MultiChoice,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A web address.
    Url,
    /// Another record.
    Ref {
        /// The object it refers to, where the model knows it.
        target: Option<ObjectKind>,
    },
    /// A postal address.
    Address,
    /// Computed by the vendor.
    Formula,
    /// A list of entries with labels or of references.
    List,
    /// Something the model has no type for, by the vendor's name of the type.
    Other(String),
}

impl FieldType {
    /// Whether values are picked from a list of options.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self, Self::Choice | Self::MultiChoice)
    }
}

/// Whether a record can be created without the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// It can.
    #[default]
    No,
    /// It cannot: the vendor refuses the record.
    OnCreate,
    /// It can by the API; people cannot save the record without it.
    InLayout,
}

/// Why a field cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadOnly {
    /// The vendor sets it itself.
    System,
    /// It is computed from other fields.
    Formula,
    /// This user may not.
    Permission,
}

/// One option of a choice field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOption {
    /// What is stored.
    pub key: String,
    /// What people see.
    pub label: String,
    /// Whether new values may use it.
    pub active: bool,
    /// The options of the field that this one [depends on](Field::depends_on) under which it may be chosen; empty
    /// where it may be chosen under any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_keys: Vec<String>,
}

impl ChoiceOption {
    /// An option that new values may use.
    pub fn new(key: impl Into<String>, label: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into(), active: true, parent_keys: Vec::new() }
    }
}

/// What a vendor says about one field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Field {
    /// The model's name for it, or `custom.<api name>`.
    pub key: FieldKey,
    /// The vendor's API names behind it; more than one where the model joins several into one.
    pub api_names: Vec<String>,
    /// What people see.
    pub label: String,
    /// What it holds.
    pub field_type: FieldType,
    /// Whether a record can be created without it.
    pub required: Required,
    /// Whether it can be written at all.
    pub writable: bool,
    /// Whether two records may not share a value.
    pub unique: bool,
    /// The options of a choice field.
    pub options: Vec<ChoiceOption>,
    /// Whether it can be emptied once it holds something.
    #[serde(default = "yes")]
    pub nullable: bool,
    /// Why it cannot be written, where the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<ReadOnly>,
    /// Whether it holds the id of another system, by which records can be written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub external_id: bool,
    /// The choice field whose value decides which options there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<FieldKey>,
    /// What a new record gets where nothing is given, as the vendor shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What people are told about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Field {
    /// An optional, writable field without options.
    pub fn new(key: FieldKey, api_name: impl Into<String>, field_type: FieldType) -> Self {
        let api_name = api_name.into();
        Self {
            key,
            label: api_name.clone(),
            api_names: vec![api_name],
            field_type,
            required: Required::No,
            writable: true,
            unique: false,
            options: Vec::new(),
            nullable: true,
            read_only: None,
            external_id: false,
            depends_on: None,
            default: None,
            help: None,
        }
    }

    /// Whether it is the vendor's or the organisation's own, and not one that the model names.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.key.custom_name().is_some()
    }
}

fn yes() -> bool {
    true
}

/// All fields of one object of one vendor, the vendor's own included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// The object.
    pub object: ObjectKind,
    /// Its fields, in the vendor's order.
    pub fields: Vec<Field>,
}

impl Schema {
    /// A schema of these fields.
    #[must_use]
    pub fn new(object: ObjectKind, fields: Vec<Field>) -> Self {
        Self { object, fields }
    }

    /// The field with this key.
    #[must_use]
    pub fn field(&self, key: &FieldKey) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == *key)
    }
}

/// Fields that people see together: a section of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldGroup {
    /// Its id; made up where the vendor has none. Unique within the object.
    pub id: String,
    /// What people see.
    pub label: String,
    /// The object.
    pub object: ObjectKind,
    /// Position on the page, from 0.
    pub order: u32,
    /// Its fields in their order. A field may be in several groups, and in none.
    pub fields: Vec<FieldKey>,
    /// Of several pages the one that it is on, by the vendor's name or id (a record type).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl FieldGroup {
    /// A group without fields, the first of its page.
    pub fn new(object: ObjectKind, id: impl Into<String>, label: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into(), object, order: 0, fields: Vec::new(), page: None }
    }
}

/// A saved way to look at the records of an object: a filter with columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct View {
    /// Its id, by which records are listed.
    pub id: String,
    /// What people see.
    pub name: String,
    /// The object.
    pub object: ObjectKind,
    /// Who made it.
    pub kind: ViewKind,
    /// Whose it is, where the vendor says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<RemoteId<User>>,
    /// Whether people see it first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
}

impl View {
    /// A view that everybody has.
    pub fn new(object: ObjectKind, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), object, kind: ViewKind::System, owner: None, is_default: false }
    }
}
