//! The makers of fields from which the tables are put together.

use super::picklists as list;
use super::{Abilities, DefaultValue, Field, FieldType, Object, PicklistValue};

/// A field that a caller may leave out, may not write, and may filter by.
pub(super) fn field(name: &'static str, label: &'static str, kind: FieldType) -> Field {
    Field {
        name,
        label,
        kind,
        length: 0,
        precision: 0,
        scale: 0,
        digits: 0,
        createable: false,
        updateable: false,
        nillable: kind != FieldType::Boolean,
        default: DefaultValue::None,
        external_id: false,
        unique: false,
        id_lookup: false,
        name_field: false,
        restricted: false,
        filterable: true,
        picklist: &[],
        reference_to: &[],
        relationship: None,
        children: None,
        cascade_delete: false,
        compound: None,
        extra_type: None,
        restricted_delete: false,
        auto_number: None,
        formula: None,
        case_sensitive: false,
        controller: None,
        help: None,
        sorts: None,
        groups: None,
        aggregates: None,
        permission: None,
        hidden: false,
    }
}

pub(super) fn text(name: &'static str, label: &'static str, length: u32) -> Field {
    Field { length, ..field(name, label, FieldType::String) }
}

pub(super) fn phone(name: &'static str, label: &'static str) -> Field {
    Field { length: 40, ..field(name, label, FieldType::Phone) }
}

pub(super) fn email(name: &'static str, label: &'static str) -> Field {
    Field { length: 80, ..field(name, label, FieldType::Email) }
}

pub(super) fn url(name: &'static str, label: &'static str) -> Field {
    Field { length: 255, ..field(name, label, FieldType::Url) }
}

pub(super) fn boolean(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::Boolean)
}

pub(super) fn int(name: &'static str, label: &'static str) -> Field {
    Field { digits: 8, ..field(name, label, FieldType::Int) }
}

pub(super) fn decimal(name: &'static str, label: &'static str, kind: FieldType, precision: u32, scale: u32) -> Field {
    Field { precision, scale, ..field(name, label, kind) }
}

pub(super) fn currency(name: &'static str, label: &'static str, scale: u32) -> Field {
    decimal(name, label, FieldType::Currency, 18, scale)
}

pub(super) fn date(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::Date)
}

pub(super) fn datetime(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::DateTime)
}

/// A long text: neither filtered, sorted nor grouped by.
pub(super) fn description(label: &'static str) -> Field {
    long_text("Description", label)
}

pub(super) fn long_text(name: &'static str, label: &'static str) -> Field {
    Field {
        length: 32_000,
        filterable: false,
        extra_type: Some("plaintextarea"),
        ..field(name, label, FieldType::Textarea)
    }
}

pub(super) fn picklist(
    name: &'static str,
    label: &'static str,
    length: u32,
    picklist: &'static [PicklistValue],
) -> Field {
    Field { length, picklist, ..field(name, label, FieldType::Picklist) }
}

/// A reference; the parent's name is the field's without its last two letters, as on all standard fields.
pub(super) fn reference(name: &'static str, label: &'static str, reference_to: &'static [&'static str]) -> Field {
    let relationship = name.strip_suffix("Id");
    Field { length: 18, reference_to, relationship, ..field(name, label, FieldType::Reference) }
}

impl Field {
    /// Createable and updateable.
    pub(super) fn rw(self) -> Field {
        Field { createable: true, updateable: true, ..self }
    }

    pub(super) fn create_only(self) -> Field {
        Field { createable: true, ..self }
    }

    pub(super) fn update_only(self) -> Field {
        Field { updateable: true, ..self }
    }

    /// Never empty.
    pub(super) fn not_null(self) -> Field {
        Field { nillable: false, ..self }
    }

    pub(super) fn default(self, value: &'static str) -> Field {
        Field { default: DefaultValue::Text(value), ..self }
    }

    /// Filled in by the platform.
    pub(super) fn platform(self) -> Field {
        Field { default: DefaultValue::Platform, ..self }
    }

    pub(super) fn restricted(self) -> Field {
        Field { restricted: true, ..self }
    }

    pub(super) fn name_field(self) -> Field {
        Field { name_field: true, ..self }
    }

    pub(super) fn id_lookup(self) -> Field {
        Field { id_lookup: true, ..self }
    }

    pub(super) fn children(self, name: &'static str) -> Field {
        Field { children: Some(name), ..self }
    }

    pub(super) fn cascade(self) -> Field {
        Field { cascade_delete: true, ..self }
    }

    pub(super) fn part_of(self, compound: &'static str) -> Field {
        Field { compound: Some(compound), ..self }
    }

    pub(super) fn restricts(self) -> Field {
        Field { restricted_delete: true, ..self }
    }

    /// A picklist default, or the state in which a checkbox starts.
    pub(super) fn starts(self, checked: bool) -> Field {
        Field { default: if checked { DefaultValue::Checked } else { DefaultValue::None }, ..self }
    }

    pub(super) fn external_id(self) -> Field {
        Field { external_id: true, id_lookup: true, ..self }
    }

    /// Unique without regard to case.
    pub(super) fn unique(self) -> Field {
        Field { unique: true, ..self }
    }

    /// Only to be read whole: no condition, order, group or aggregate may name it.
    pub(super) fn opaque(self) -> Field {
        Field { filterable: false, sorts: Some(false), groups: Some(false), aggregates: Some(false), ..self }
    }

    pub(super) fn help(self, text: &'static str) -> Field {
        Field { help: Some(text), ..self }
    }

    pub(super) fn permission(self, has: bool) -> Field {
        Field { permission: Some(has), ..self }
    }

    pub(super) fn extra(self, extra_type: &'static str) -> Field {
        Field { extra_type: Some(extra_type), ..self }
    }
}

/// The custom text field by which a caller makes creates repeatable: unique, ignoring case.
pub(super) fn create_once_key() -> Field {
    Field { external_id: true, unique: true, id_lookup: true, ..text("Crmkit_Key__c", "Crmkit Key", 64).rw() }
}

/// The name in its parts, and the whole, which the platform composes.
pub(super) fn person_name() -> Vec<Field> {
    let part = |field: Field| field.rw().part_of("Name").extra("personname");
    vec![
        part(text("LastName", "Last Name", 80)).not_null(),
        part(text("FirstName", "First Name", 40)),
        part(picklist("Salutation", "Salutation", 40, list::SALUTATION)),
        text("Name", "Full Name", 121).not_null().name_field().extra("personname"),
    ]
}

/// Names and labels of one address block: street, city, state, postal code, country, latitude, longitude, accuracy
/// and the compound.
pub(super) type AddressNames = [(&'static str, &'static str); 9];

macro_rules! address_names {
    ($prefix:literal, $label:literal) => {
        [
            (concat!($prefix, "Street"), concat!($label, "Street")),
            (concat!($prefix, "City"), concat!($label, "City")),
            (concat!($prefix, "State"), concat!($label, "State/Province")),
            (concat!($prefix, "PostalCode"), concat!($label, "Zip/Postal Code")),
            (concat!($prefix, "Country"), concat!($label, "Country")),
            (concat!($prefix, "Latitude"), concat!($label, "Latitude")),
            (concat!($prefix, "Longitude"), concat!($label, "Longitude")),
            (concat!($prefix, "GeocodeAccuracy"), concat!($label, "Geocode Accuracy")),
            (concat!($prefix, "Address"), concat!($label, "Address")),
        ]
    };
}

pub(super) fn address(
    [street, city, state, code, country, latitude, longitude, accuracy, whole]: AddressNames,
) -> Vec<Field> {
    let part = |field: Field| field.rw().part_of(whole.0);
    let degrees = |(name, label)| part(decimal(name, label, FieldType::Double, 18, 15));
    vec![
        part(Field { length: 255, ..field(street.0, street.1, FieldType::Textarea) }).extra("plaintextarea"),
        part(text(city.0, city.1, 40)),
        part(text(state.0, state.1, 80)),
        part(text(code.0, code.1, 20)),
        part(text(country.0, country.1, 80)),
        degrees(latitude),
        degrees(longitude),
        part(picklist(accuracy.0, accuracy.1, 40, list::GEOCODE_ACCURACY)).restricted(),
        field(whole.0, whole.1, FieldType::Address),
    ]
}

pub(super) fn id(label: &'static str) -> Field {
    Field { length: 18, ..field("Id", label, FieldType::Id).not_null().platform().id_lookup() }
}

pub(super) fn is_deleted() -> Field {
    boolean("IsDeleted", "Deleted")
}

pub(super) fn master_record(object: &'static [&'static str]) -> Field {
    reference("MasterRecordId", "Master Record ID", object)
}

pub(super) fn owner(label: &'static str, reference_to: &'static [&'static str]) -> Field {
    Field { default: DefaultValue::CurrentUser, ..reference("OwnerId", label, reference_to).rw().not_null() }
}

/// Who created and last changed a record, and when.
pub(super) fn audit() -> Vec<Field> {
    let user = |name, label| reference(name, label, &["User"]).not_null().platform();
    let stamp = |name, label| datetime(name, label).not_null().platform();
    vec![
        stamp("CreatedDate", "Created Date"),
        user("CreatedById", "Created By ID"),
        stamp("LastModifiedDate", "Last Modified Date"),
        user("LastModifiedById", "Last Modified By ID"),
        stamp("SystemModstamp", "System Modstamp"),
    ]
}

/// The user's own traces, which no stamp records.
pub(super) fn viewed() -> Vec<Field> {
    vec![datetime("LastViewedDate", "Last Viewed Date"), datetime("LastReferencedDate", "Last Referenced Date")]
}

pub(super) const FULL: Abilities = Abilities {
    createable: true,
    updateable: true,
    deletable: true,
    undeletable: true,
    mergeable: false,
    searchable: true,
    replicateable: true,
    layoutable: true,
    triggerable: true,
    feeds: true,
    most_recently_used: true,
};
pub(super) const MERGEABLE: Abilities = Abilities { mergeable: true, ..FULL };
/// Set up by an administrator, only read through the API.
pub(super) const SETUP: Abilities = Abilities {
    createable: false,
    updateable: false,
    deletable: false,
    undeletable: false,
    mergeable: false,
    searchable: false,
    replicateable: true,
    layoutable: false,
    triggerable: false,
    feeds: false,
    most_recently_used: false,
};

/// Set up by an administrator, through the API too.
pub(super) const SETUP_EDITABLE: Abilities = Abilities { createable: true, updateable: true, deletable: true, ..SETUP };

/// Puts an object together.
pub(super) fn build(object: Object, can: Abilities, groups: Vec<Vec<Field>>) -> Object {
    Object { can, fields: groups.into_iter().flatten().collect(), ..object }
}

pub(super) use address_names;
