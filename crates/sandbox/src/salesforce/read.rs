//! Records as JSON.

use serde_json::{Map, Value as Json, json};

use super::ids::SfId;
use super::org::Org;
use super::schema::{FieldIndex, FieldType, Object, ObjectIndex};
use super::store::Row;

/// `v59.0` as a path part.
pub(crate) type Version<'a> = &'a str;

/// The `attributes` member that starts every record.
pub(crate) fn attributes(object: &Object, id: SfId, version: Version<'_>) -> Json {
    let url = format!("/services/data/{version}/sobjects/{}/{id}", object.name);
    json!({"type": object.name, "url": url})
}

/// One field as JSON; an address is put together from its parts.
pub(crate) fn field_json(object: &Object, row: &Row, field: FieldIndex) -> Json {
    let definition = object.field(field);
    if definition.kind == FieldType::Address {
        address(object, row, definition.name)
    } else {
        row.values[field].to_json()
    }
}

fn address(object: &Object, row: &Row, compound: &str) -> Json {
    let mut parts = Map::new();
    for (field, value) in object.fields.iter().zip(&row.values).filter(|(field, _)| field.compound == Some(compound)) {
        let part = compound.strip_suffix("Address").and_then(|prefix| field.name.strip_prefix(prefix));
        let mut letters = part.unwrap_or(field.name).chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        parts.insert(first.into_iter().chain(letters).collect(), value.to_json());
    }
    if parts.values().all(Json::is_null) {
        return Json::Null;
    }
    parts.sort_keys();
    Json::Object(parts)
}

impl Org {
    /// A record with all its fields.
    pub(crate) fn full_json(&self, object: ObjectIndex, row: &Row, version: Version<'_>) -> Json {
        let definition = self.schema.object(object);
        let mut record = Map::with_capacity(definition.fields.len() + 1);
        record.insert("attributes".to_owned(), attributes(definition, row.id, version));
        for (index, field) in definition.fields.iter().enumerate() {
            record.insert(field.name.to_owned(), field_json(definition, row, index));
        }
        Json::Object(record)
    }

    /// A record with the fields asked for, in their order, and its id.
    pub(crate) fn some_json(
        &self,
        object: ObjectIndex,
        row: &Row,
        fields: &[FieldIndex],
        version: Version<'_>,
    ) -> Json {
        let definition = self.schema.object(object);
        let mut record = Map::with_capacity(fields.len() + 2);
        record.insert("attributes".to_owned(), attributes(definition, row.id, version));
        for &index in fields {
            record.insert(definition.field(index).name.to_owned(), field_json(definition, row, index));
        }
        if !record.contains_key("Id") {
            record.insert("Id".to_owned(), json!(row.id.to_string()));
        }
        Json::Object(record)
    }
}
