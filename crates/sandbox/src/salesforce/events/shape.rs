//! The shape of an object's events: which fields in which order, as an Avro schema, and the schema's id.
//!
//! Parts of compound fields are nested (`Name.FirstName`, `MailingAddress.City`). What is derived is left out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::salesforce::schema::{Field, FieldIndex, FieldType, Object};

/// The namespace of all names in the schemas.
const NAMESPACE: &str = "com.sforce.eventbus";

/// Fields that change events never have.
const LEFT_OUT: [&str; 11] = [
    "Id",
    "IsDeleted",
    "SystemModstamp",
    "MasterRecordId",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
    "PhotoUrl",
    "Fiscal",
    "FiscalQuarter",
    "FiscalYear",
];

const NAME_PARTS: [&str; 6] = ["Salutation", "FirstName", "LastName", "MiddleName", "InformalName", "Suffix"];
const ADDRESS_PARTS: [&str; 11] = [
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "StateCode",
    "CountryCode",
    "Latitude",
    "Longitude",
    "Xyz",
    "GeocodeAccuracy",
];
const LOCATION_PARTS: [&str; 2] = ["Latitude", "Longitude"];

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int,
    Double,
    /// Milliseconds since 1970.
    Instant,
    /// Milliseconds since 1970, at midnight UTC.
    Day,
    Text,
}

impl Kind {
    fn of(kind: FieldType) -> Kind {
        match kind {
            FieldType::Boolean => Kind::Bool,
            FieldType::Int => Kind::Int,
            FieldType::Date => Kind::Day,
            FieldType::DateTime => Kind::Instant,
            kind if kind.is_decimal() => Kind::Double,
            _ => Kind::Text,
        }
    }

    fn avro(self) -> &'static str {
        match self {
            Kind::Bool => "boolean",
            Kind::Int => "int",
            Kind::Double => "double",
            Kind::Instant | Kind::Day => "long",
            Kind::Text => "string",
        }
    }
}

/// What a field of an event is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// One field of the object.
    Field(FieldIndex),
    /// Several, as the parts of a record; parts that the object does not have are always null.
    Parts(Vec<(&'static str, Option<FieldIndex>, Kind)>),
    /// Nothing: a field that was added to the event alone.
    Nothing,
}

/// A field of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventField {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
    /// Not a union with null.
    pub(crate) required: bool,
    doc: String,
    /// The name of the record, for parts.
    record: &'static str,
}

/// The shape of one event. In a change event the header comes before `fields`, at place 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) fields: Vec<EventField>,
    /// The Avro schema.
    pub(crate) json: String,
    /// Differs whenever the schema differs.
    pub(crate) id: String,
}

impl Shape {
    /// The change events of an object; `added` fields were added since the start.
    pub(crate) fn change(object: &Object, added: u32) -> Shape {
        let mut fields: Vec<EventField> = Vec::new();
        for (index, field) in object.fields.iter().enumerate() {
            if LEFT_OUT.contains(&field.name) || is_whole(object, index) || !is_told(field) {
                continue;
            }
            // An account's name is a part of itself, as describe shows it.
            match field.compound.filter(|compound| *compound != field.name) {
                Some(compound) => part(&mut fields, compound, field.name, index, Kind::of(field.kind)),
                None => fields.push(plain(field.name, index, field.kind)),
            }
        }
        fields.extend((1..=added).map(|number| EventField {
            name: format!("Added_{number}__c"),
            kind: Kind::Text,
            source: Source::Nothing,
            required: false,
            doc: "Data:Text".to_owned(),
            record: "",
        }));
        let name = match object.name.strip_suffix("__c") {
            Some(custom) => format!("{custom}__ChangeEvent"),
            None => format!("{}ChangeEvent", object.name),
        };
        Shape::build(name, fields, true)
    }

    /// A platform event.
    pub(crate) fn platform(object: &Object) -> Shape {
        let given = |name: &str| !["Id", "ReplayId", "EventUuid"].contains(&name);
        let fields = object.fields.iter().enumerate().filter(|(_, field)| given(field.name));
        let fields = fields.map(|(index, field)| EventField {
            required: ["CreatedDate", "CreatedById"].contains(&field.name),
            ..plain(field.name, index, field.kind)
        });
        Shape::build(object.name.to_owned(), fields.collect(), false)
    }

    fn build(name: String, fields: Vec<EventField>, headed: bool) -> Shape {
        let mut known = Vec::new();
        let mut list: Vec<Json> = headed.then(header).into_iter().collect();
        list.extend(fields.iter().map(|field| field.json(&mut known)));
        let schema = json!({"type": "record", "name": name, "namespace": NAMESPACE, "fields": list});
        let json = schema.to_string();
        let digest = Sha256::digest(json.as_bytes());
        let id = URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default());
        Shape { name, fields, json, id }
    }

    /// The names of the fields that entries of a header's list mean.
    pub(crate) fn names(&self, entries: &[String]) -> Vec<String> {
        let places = |digits: &str| -> Vec<usize> {
            let digits = digits.trim_start_matches("0x").chars().rev().enumerate();
            digits
                .flat_map(|(nibble, digit)| {
                    let bits = digit.to_digit(16).unwrap_or_default();
                    (0..4).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| nibble * 4 + bit)
                })
                .collect()
        };
        let field = |place: usize| place.checked_sub(1).and_then(|place| self.fields.get(place));
        let mut names = Vec::new();
        for entry in entries {
            match entry.split_once('-') {
                None => names.extend(places(entry).into_iter().filter_map(field).map(|field| field.name.clone())),
                Some((parent, digits)) => {
                    let parent = parent.parse().ok().and_then(field);
                    let Some(EventField { name, source: Source::Parts(parts), .. }) = parent else {
                        continue;
                    };
                    let parts = places(digits).into_iter().filter_map(|place| parts.get(place));
                    names.extend(parts.map(|(part, _, _)| format!("{name}.{part}")));
                }
            }
        }
        names
    }

    /// The fields with these indexes in the object, as the header names them: one number for the plain fields, one more
    /// text for each compound field.
    pub(crate) fn bitmaps(&self, named: impl Fn(FieldIndex) -> bool) -> Vec<String> {
        let mut plain = Vec::new();
        let mut compounds = Vec::new();
        for (place, field) in (1..).zip(&self.fields) {
            match &field.source {
                Source::Field(index) if named(*index) => plain.push(place),
                Source::Parts(parts) => {
                    let set: Vec<usize> = parts
                        .iter()
                        .enumerate()
                        .filter(|(_, (_, index, _))| index.is_some_and(&named))
                        .map(|(place, _)| place)
                        .collect();
                    if !set.is_empty() {
                        compounds.push(format!("{place}-{}", hex(&set)));
                    }
                }
                _ => {}
            }
        }
        let plain = (!plain.is_empty()).then(|| hex(&plain));
        plain.into_iter().chain(compounds).collect()
    }
}

impl EventField {
    fn json(&self, known: &mut Vec<&'static str>) -> Json {
        if self.required {
            return json!({"name": self.name, "type": self.kind.avro(), "doc": self.doc});
        }
        let union = match &self.source {
            Source::Parts(_) if known.contains(&self.record) => json!(["null", format!("{NAMESPACE}.{}", self.record)]),
            Source::Parts(parts) => {
                known.push(self.record);
                let parts: Vec<Json> = parts
                    .iter()
                    .map(|(name, _, kind)| json!({"name": name, "type": ["null", kind.avro()], "default": null}))
                    .collect();
                json!(["null", {"type": "record", "name": self.record, "fields": parts}])
            }
            // An account may be a person, whose name has parts; here none is.
            Source::Field(_) if self.record == "Switchable_PersonName" => {
                let parts: Vec<Json> = NAME_PARTS
                    .iter()
                    .map(|name| json!({"name": name, "type": ["null", "string"], "default": null}))
                    .collect();
                json!(["null", "string", {"type": "record", "name": self.record, "fields": parts}])
            }
            _ => json!(["null", self.kind.avro()]),
        };
        json!({"name": self.name, "type": union, "doc": self.doc, "default": null})
    }
}

/// Whether the field only repeats what its parts say.
fn is_whole(object: &Object, index: FieldIndex) -> bool {
    let name = object.field(index).name;
    object.fields.iter().any(|field| field.compound == Some(name) && field.name != name)
}

fn is_told(field: &Field) -> bool {
    field.formula.is_none() && !field.kind.is_compound() && !matches!(field.kind, FieldType::Id | FieldType::Base64)
}

fn plain(name: &str, index: FieldIndex, kind: FieldType) -> EventField {
    let switchable = if name == "Name" { "Switchable_PersonName" } else { "" };
    EventField {
        name: name.to_owned(),
        kind: Kind::of(kind),
        source: Source::Field(index),
        required: false,
        doc: doc(name, kind),
        record: switchable,
    }
}

/// What the vendor writes beside the type.
fn doc(name: &str, kind: FieldType) -> String {
    let what = match kind {
        FieldType::Id | FieldType::Reference => "EntityId",
        FieldType::Textarea => "StringPlusClob",
        FieldType::Picklist | FieldType::Combobox => "DynamicEnum",
        FieldType::Multipicklist => "MultiEnum",
        FieldType::Email => "Email",
        FieldType::Phone => "Phone",
        FieldType::Url => "Url",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Integer",
        FieldType::Double => "Double",
        FieldType::Currency => "Currency",
        FieldType::Percent => "Percent",
        FieldType::Date => "DateOnly",
        FieldType::DateTime => "DateTime",
        _ => "Text",
    };
    match name {
        "CreatedDate" => "CreatedDate:DateTime".to_owned(),
        "CreatedById" => "CreatedBy:EntityId".to_owned(),
        _ => format!("Data:{what}"),
    }
}

/// Puts a field into its compound one, which stands where the first of its parts does.
fn part(fields: &mut Vec<EventField>, compound: &str, name: &'static str, index: FieldIndex, kind: Kind) {
    let custom = compound.strip_suffix("__c");
    let (record, all): (_, &[&'static str]) = match (compound, custom) {
        ("Name", _) => ("PersonName", &NAME_PARTS),
        (_, Some(_)) => ("Location", &LOCATION_PARTS),
        _ => ("Address", &ADDRESS_PARTS),
    };
    let prefix =
        custom.map_or_else(|| compound.strip_suffix("Address").unwrap_or_default().to_owned(), |c| format!("{c}__"));
    let part = name.strip_prefix(prefix.as_str()).unwrap_or(name);
    let part = if custom.is_some() { part.strip_suffix("__s").unwrap_or(part) } else { part };
    let Some(place) = all.iter().position(|known| *known == part) else {
        return;
    };
    let position = fields.iter().position(|field| field.name == compound).unwrap_or_else(|| {
        let degrees = |part: &str| matches!(part, "Latitude" | "Longitude");
        let parts = all.iter().map(|part| (*part, None, if degrees(part) { Kind::Double } else { Kind::Text }));
        fields.push(EventField {
            name: compound.to_owned(),
            kind: Kind::Text,
            source: Source::Parts(parts.collect()),
            required: false,
            doc: format!("Data:{record}"),
            record,
        });
        fields.len() - 1
    });
    if let Some(EventField { source: Source::Parts(parts), .. }) = fields.get_mut(position)
        && let Some(slot) = parts.get_mut(place)
    {
        (slot.1, slot.2) = (Some(index), kind);
    }
}

fn header() -> Json {
    let kind = |name: &str| match name {
        "recordIds" | "nulledFields" | "diffFields" | "changedFields" => json!({"type": "array", "items": "string"}),
        "changeType" => json!({"type": "enum", "name": "ChangeType", "symbols": CHANGES}),
        "sequenceNumber" => json!("int"),
        "commitTimestamp" | "commitNumber" => json!("long"),
        _ => json!("string"),
    };
    let fields: Vec<Json> = HEADER.iter().map(|name| json!({"name": name, "type": kind(name)})).collect();
    json!({"name": "ChangeEventHeader", "type": {"type": "record", "name": "ChangeEventHeader", "fields": fields}})
}

/// The parts of the header, in their order.
pub(crate) const HEADER: [&str; 12] = [
    "entityName",
    "recordIds",
    "changeType",
    "changeOrigin",
    "transactionKey",
    "sequenceNumber",
    "commitTimestamp",
    "commitNumber",
    "commitUser",
    "nulledFields",
    "diffFields",
    "changedFields",
];

/// The kinds of change, in the order of their numbers.
pub(crate) const CHANGES: [&str; 9] = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "UNDELETE",
    "GAP_CREATE",
    "GAP_UPDATE",
    "GAP_DELETE",
    "GAP_UNDELETE",
    "GAP_OVERFLOW",
];

/// A number in which the bits at `places` are set, in whole bytes: `0x650004E0`.
fn hex(places: &[usize]) -> String {
    let bytes = places.iter().max().map_or(0, |place| place / 8 + 1);
    let byte = |number: usize| {
        places.iter().filter(|place| *place / 8 == number).fold(0_u8, |byte, place| byte | 1 << (place % 8))
    };
    (0..bytes).rev().fold("0x".to_owned(), |mut text, number| {
        let _ = write!(text, "{:02X}", byte(number));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::schema::Schema;

    #[test]
    fn bitmaps_are_written_as_documented() {
        assert_eq!(hex(&[5, 6, 7, 10, 24, 26, 29, 30]), "0x650004E0");
        assert_eq!(hex(&[4]), "0x10");
        assert_eq!(hex(&[1, 2]), "0x06");
        assert_eq!(hex(&[8]), "0x0100");
    }

    #[test]
    fn compound_fields_are_nested_and_derived_ones_left_out() {
        let schema = Schema::standard();
        let contact = schema.object(schema.find("Contact").unwrap());
        let shape = Shape::change(contact, 0);
        let json: Json = serde_json::from_str(&shape.json).unwrap();
        let names: Vec<&str> = json["fields"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert_eq!((shape.name.as_str(), names[0]), ("ContactChangeEvent", "ChangeEventHeader"));
        for present in ["Name", "MailingAddress", "OtherAddress", "Email", "LastModifiedDate", "OwnerId"] {
            assert_eq!(names.iter().filter(|name| **name == present).count(), 1, "{present}");
        }
        for absent in ["Id", "FirstName", "MailingCity", "IsDeleted", "SystemModstamp"] {
            assert!(!names.contains(&absent), "{absent}");
        }
        let second = names
            .iter()
            .position(|name| *name == "MailingAddress")
            .max(names.iter().position(|name| *name == "OtherAddress"));
        assert_eq!(json["fields"][second.unwrap()]["type"][1], "com.sforce.eventbus.Address", "defined once");
        assert_eq!(shape.id.len(), 22);
        assert_ne!(shape.id, Shape::change(contact, 1).id);
        assert_eq!(shape, Shape::change(contact, 0));
    }

    #[test]
    fn headers_name_fields_by_their_places() {
        let schema = Schema::standard();
        let contact = schema.object(schema.find("Contact").unwrap());
        let shape = Shape::change(contact, 0);
        let index = |name: &str| contact.find(name).unwrap();
        let place = |name: &str| shape.fields.iter().position(|field| field.name == name).unwrap() + 1;
        let (last, street, city) = (index("LastName"), index("MailingStreet"), index("MailingCity"));
        let email = index("Email");
        assert_eq!(shape.bitmaps(|field| field == last), [format!("{}-0x04", place("Name"))]);
        let two = shape.bitmaps(|field| [street, city, email].contains(&field));
        assert_eq!(two, [hex(&[place("Email")]), format!("{}-0x03", place("MailingAddress"))]);
        assert_eq!(shape.names(&two), ["Email", "MailingAddress.Street", "MailingAddress.City"]);
        assert!(shape.bitmaps(|_| false).is_empty());
    }
}
