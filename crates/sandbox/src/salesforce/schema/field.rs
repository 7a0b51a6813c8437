//! Fields: their types, flags, and what follows from these.

/// The data type of a field, in the vendor's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldType {
    Id,
    Reference,
    String,
    Textarea,
    Picklist,
    Multipicklist,
    Combobox,
    Email,
    Phone,
    Url,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Time,
    Base64,
    EncryptedString,
    Address,
    /// A custom geolocation: latitude and longitude in fields of their own.
    Location,
}

impl FieldType {
    /// The name in describe's `type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FieldType::Id => "id",
            FieldType::Reference => "reference",
            FieldType::String => "string",
            FieldType::Textarea => "textarea",
            FieldType::Picklist => "picklist",
            FieldType::Multipicklist => "multipicklist",
            FieldType::Combobox => "combobox",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::Url => "url",
            FieldType::Boolean => "boolean",
            FieldType::Int => "int",
            FieldType::Double => "double",
            FieldType::Currency => "currency",
            FieldType::Percent => "percent",
            FieldType::Date => "date",
            FieldType::DateTime => "datetime",
            FieldType::Time => "time",
            FieldType::Base64 => "base64",
            FieldType::EncryptedString => "encryptedstring",
            FieldType::Address => "address",
            FieldType::Location => "location",
        }
    }

    /// The name in describe's `soapType`.
    pub(crate) fn soap_name(self) -> &'static str {
        match self {
            FieldType::Id | FieldType::Reference => "tns:ID",
            FieldType::Boolean => "xsd:boolean",
            FieldType::Int => "xsd:int",
            FieldType::Double | FieldType::Currency | FieldType::Percent => "xsd:double",
            FieldType::Date => "xsd:date",
            FieldType::DateTime => "xsd:dateTime",
            FieldType::Time => "xsd:time",
            FieldType::Base64 => "xsd:base64Binary",
            FieldType::Address => "urn:address",
            FieldType::Location => "urn:location",
            _ => "xsd:string",
        }
    }

    /// The name that error texts use.
    pub(crate) fn error_name(self) -> &'static str {
        match self {
            FieldType::DateTime => "dateTime",
            FieldType::Currency | FieldType::Percent => "double",
            FieldType::Id | FieldType::Reference => "ID",
            FieldType::Boolean | FieldType::Int | FieldType::Double | FieldType::Date | FieldType::Time => self.name(),
            _ => "string",
        }
    }

    pub(crate) fn is_text(self) -> bool {
        use FieldType::{Combobox, Email, EncryptedString, Multipicklist, Phone, Picklist, String, Textarea, Url};
        matches!(self, String | Textarea | Picklist | Multipicklist | Combobox | Email | Phone | Url | EncryptedString)
    }

    /// Put together from other fields of the record.
    pub(crate) fn is_compound(self) -> bool {
        matches!(self, FieldType::Address | FieldType::Location)
    }

    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, FieldType::Double | FieldType::Currency | FieldType::Percent)
    }
}

/// One value of a picklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PicklistValue {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    /// Retired values stay on the records that have them, and are refused to others if the picklist is restricted.
    pub(crate) active: bool,
    /// For a dependent picklist: the places of the controlling values with which it may be used.
    pub(crate) valid_for: Option<&'static [usize]>,
}

/// The value that a field takes when a create does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// Unset; false for a boolean.
    None,
    /// A picklist value.
    Text(&'static str),
    /// The user who creates the record.
    CurrentUser,
    /// Filled in by the platform from other fields or on its own.
    Platform,
    /// A checkbox that starts checked.
    Checked,
}

/// One field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: FieldType,
    /// Characters, for text.
    pub(crate) length: u32,
    /// Digits in all, for decimals.
    pub(crate) precision: u32,
    /// Digits after the point, for decimals.
    pub(crate) scale: u32,
    /// Digits, for integers.
    pub(crate) digits: u32,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) nillable: bool,
    pub(crate) default: DefaultValue,
    pub(crate) external_id: bool,
    pub(crate) unique: bool,
    pub(crate) id_lookup: bool,
    pub(crate) name_field: bool,
    pub(crate) restricted: bool,
    pub(crate) filterable: bool,
    pub(crate) picklist: &'static [PicklistValue],
    pub(crate) reference_to: &'static [&'static str],
    pub(crate) relationship: Option<&'static str>,
    /// The parent's name for its children through this field.
    pub(crate) children: Option<&'static str>,
    pub(crate) cascade_delete: bool,
    pub(crate) compound: Option<&'static str>,
    pub(crate) extra_type: Option<&'static str>,
    /// Deleting the parent is refused while a child refers to it through this field.
    pub(crate) restricted_delete: bool,
    /// How the platform numbers it: `T-{0000}`.
    pub(crate) auto_number: Option<&'static str>,
    /// The formula that computes it.
    pub(crate) formula: Option<&'static str>,
    /// Unique values and external ids tell case apart.
    pub(crate) case_sensitive: bool,
    /// The picklist on which this one depends.
    pub(crate) controller: Option<&'static str>,
    pub(crate) help: Option<&'static str>,
    /// Where the rule of the type does not hold: whether rows may be sorted, grouped, aggregated by it.
    pub(crate) sorts: Option<bool>,
    pub(crate) groups: Option<bool>,
    pub(crate) aggregates: Option<bool>,
    /// Whether permissions can be set for it, where the usual rule does not hold.
    pub(crate) permission: Option<bool>,
    /// Hidden from the API user by field-level security, or deleted: absent from describe, unknown to reads and writes.
    pub(crate) hidden: bool,
}

impl Field {
    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Several objects can be meant: the parent's own fields are then those of the Name object.
    pub(crate) fn polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }

    pub(crate) fn defaulted_on_create(&self) -> bool {
        self.kind == FieldType::Boolean || self.default != DefaultValue::None
    }

    /// Whether a create must name the field.
    pub(crate) fn required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create()
    }

    pub(crate) fn sortable(&self) -> bool {
        let by_type = !self.kind.is_compound() && !matches!(self.kind, FieldType::Multipicklist | FieldType::Base64);
        self.sorts.unwrap_or(self.filterable && by_type)
    }

    pub(crate) fn groupable(&self) -> bool {
        let by_type = !self.kind.is_decimal() && !matches!(self.kind, FieldType::DateTime | FieldType::Combobox);
        let computed = self.auto_number.is_some() || self.formula.is_some();
        self.groups.unwrap_or(self.sortable() && by_type && !computed)
    }

    pub(crate) fn aggregatable(&self) -> bool {
        self.aggregates.unwrap_or(self.sortable() && self.kind != FieldType::Boolean)
    }

    /// Whether permissions can be set for it: not for what is always there, such as names, ids and required fields.
    pub(crate) fn permissionable(&self) -> bool {
        let optional = self.nillable || (self.kind == FieldType::Boolean && self.custom());
        let person = self.extra_type == Some("personname");
        let custom = self.custom() && !self.required();
        let usual = optional && (self.createable || self.updateable || self.kind.is_compound() || custom) && !person;
        self.permission.unwrap_or(usual && !["RecordTypeId", "IndividualId"].contains(&self.name))
    }

    /// Usable as the key of an upsert.
    pub(crate) fn upsert_key(&self) -> bool {
        self.external_id || self.id_lookup
    }

    /// Kept in an index of the store.
    pub(crate) fn indexed(&self) -> bool {
        let named = ["SystemModstamp", "LastModifiedDate"].contains(&self.name);
        let reference = self.kind == FieldType::Reference && !["CreatedById", "LastModifiedById"].contains(&self.name);
        let key = self.kind != FieldType::Id && (self.upsert_key() || self.unique || self.name_field);
        named || reference || key
    }
}
