use serde::{Deserialize, Serialize};

use crate::{FieldKey, ObjectKind};

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
        }
    }
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
