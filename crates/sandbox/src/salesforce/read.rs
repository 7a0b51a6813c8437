//! Records as JSON.

use serde_json::{Map, Value as Json, json};

use super::ids::SfId;
use super::org::Org;
use super::schema::{Field, FieldIndex, FieldType, Object, ObjectIndex};
use super::store::Row;

/// `v59.0` as a path part.
pub(crate) type Version<'a> = &'a str;

/// The `attributes` member that starts every record.
pub(crate) fn attributes(object: &Object, id: SfId, version: Version<'_>) -> Json {
    let url = format!("/services/data/{version}/sobjects/{}/{id}", object.name);
    json!({"type": object.name, "url": url})
}

/// One field as JSON; an address is put together from its parts.
pub(crate) fn field_json(object: &Object, row: &Row, field: FieldIndex, version: Version<'_>) -> Json {
    let definition = object.field(field);
    match definition.kind {
        FieldType::Address => address(object, row, definition.name),
        FieldType::Location => location(object, row, definition.name),
        // Content is fetched from a place of its own.
        FieldType::Base64 if row.values[field].is_null() => Json::Null,
        FieldType::Base64 => {
            Json::from(format!("/services/data/{version}/sobjects/{}/{}/{}", object.name, row.id, definition.name))
        }
        _ => row.values[field].to_json(),
    }
}

/// The parts of a geolocation are called after it, with their own endings.
fn location(object: &Object, row: &Row, compound: &str) -> Json {
    let part = |ending: &str| {
        let fields = object.fields.iter().zip(&row.values);
        let of = |field: &Field| field.compound == Some(compound) && field.name.ends_with(ending);
        fields.into_iter().find(|(field, _)| of(field)).map_or(Json::Null, |(_, value)| value.to_json())
    };
    let (latitude, longitude) = (part("Latitude__s"), part("Longitude__s"));
    if latitude.is_null() || longitude.is_null() {
        return Json::Null;
    }
    json!({"latitude": latitude, "longitude": longitude})
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
        for (index, field) in definition.visible() {
            record.insert(field.name.to_owned(), field_json(definition, row, index, version));
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
            record.insert(definition.field(index).name.to_owned(), field_json(definition, row, index, version));
        }
        if !record.contains_key("Id") {
            record.insert("Id".to_owned(), json!(row.id.to_string()));
        }
        Json::Object(record)
    }
}
