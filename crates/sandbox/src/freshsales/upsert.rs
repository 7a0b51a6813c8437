//! Upserts: one by one, and the way bulk jobs use them.

use serde_json::{Map, Value, json};

use super::coerce::{id_of, is_blank};
use super::draft::By;
use super::errors::{Failure, Result};
use super::schema::Entity;
use super::state::State;
use super::store::key_fields;
use crate::{Action, Effect};

/// Field and value by which a record is found.
#[derive(Debug, Clone)]
pub(super) struct Identifier {
    pub(super) field: String,
    pub(super) value: Value,
}

impl Identifier {
    fn text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl State {
    /// Reads `unique_identifier`: one known field with a value.
    pub(super) fn identifier(&self, entity: Entity, body: &Map<String, Value>) -> Result<Identifier> {
        let object = body.get("unique_identifier").and_then(Value::as_object);
        let object =
            object.ok_or_else(|| Failure::because("param is missing or the value is empty: unique_identifier"))?;
        let mut keys = object.iter();
        let (Some((field, value)), None) = (keys.next(), keys.next()) else {
            return Err(Failure::because("unique_identifier is invalid"));
        };
        let known = field == "id" || key_fields(entity, &self.store.settings).contains(&field.as_str());
        if !known {
            return Err(Failure::because("unique_identifier is invalid"));
        }
        if is_blank(value) {
            return Err(Failure::because(format!("{field} can't be blank")));
        }
        let identifier = Identifier { field: field.clone(), value: value.clone() };
        match identifier.text() {
            Some(_) => Ok(identifier),
            None => Err(Failure::because(format!("The type for {field} is invalid."))),
        }
    }

    /// Finds and updates, or creates with the identifier's value.
    pub(super) fn upsert(
        &mut self,
        entity: Entity,
        identifier: &Identifier,
        fields: &Map<String, Value>,
        by: By,
    ) -> Result<(i64, Action, Vec<Effect>)> {
        if identifier.field == "id" {
            let id = id_of(&identifier.value).ok_or_else(|| Failure::because("id is invalid"))?;
            let effects = self.update(entity, id, fields, by)?;
            return Ok((id, Action::Updated, effects));
        }
        let mut value = identifier.text().unwrap_or_default();
        if identifier.field == "mobile_number" {
            value = super::coerce::phone(&value);
        }
        if let Some(id) = self.store.find_live(entity, &identifier.field, &value) {
            let effects = self.update(entity, id, fields, by)?;
            return Ok((id, Action::Updated, effects));
        }
        let (id, effects) = self.create(entity, &with_identifier(fields, identifier), by)?;
        Ok((id, Action::Created, effects))
    }
}

/// The identifier is stored even if the body does not repeat it.
fn with_identifier(fields: &Map<String, Value>, identifier: &Identifier) -> Map<String, Value> {
    let mut fields = fields.clone();
    let field = identifier.field.as_str();
    if field.starts_with("cf_") {
        let custom = fields.entry("custom_field").or_insert_with(|| json!({}));
        if let Value::Object(custom) = custom {
            custom.entry(field).or_insert_with(|| identifier.value.clone());
        }
    } else if field == "emails" {
        if !fields.contains_key("emails") && !fields.contains_key("email") {
            fields.insert("emails".to_owned(), identifier.value.clone());
        }
    } else {
        fields.entry(field).or_insert_with(|| identifier.value.clone());
    }
    fields
}
