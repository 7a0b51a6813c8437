//! Creating and changing records: the checks in the platform's order, then the write.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::coerce::{Refusal, coerce};
use super::derive::{self, Written};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::{DefaultValue, Field, FieldIndex, FieldType, Object, ObjectIndex};
use super::store::Row;
use super::value::Value;
use crate::Action;

/// The fields of a write as JSON.
pub(crate) type Fields = Map<String, Json>;

/// Whether a write makes a record or changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
}

impl Org {
    /// Creates a record.
    pub(crate) fn create(&mut self, object: ObjectIndex, fields: &Fields, author: Author) -> Result<SfId, Failure> {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let written = self.new_values(object, fields, author)?;
        if super::events::is_platform(definition) {
            return Ok(self.hold_event(object, &written, author));
        }
        let id = self.store.next_id(object);
        let mut row = Row::new(definition, id);
        self.check(object, id, &written)?;
        self.check_locks(object, id, &written)?;
        self.stamp_created(definition, &mut row, author);
        self.store.number(object, &mut row);
        let names = written.apply(definition, &mut row);
        derive::on_write(self, definition, &mut row, None, &written)?;
        self.check_rules(object, &row, None)?;
        self.store.put(object, row);
        self.note(Action::Created, definition, id, names);
        derive::after_write(self, definition, id, None, author)?;
        Ok(id)
    }

    /// What a new record gets: what is given, checked by itself, and defaults.
    pub(crate) fn new_values(&self, object: ObjectIndex, fields: &Fields, author: Author) -> Result<Written, Failure> {
        let definition = self.schema.object(object);
        if !definition.can.createable {
            return Err(not_supported("create", definition).into());
        }
        let mut written = self.read(object, fields, Mode::Create)?;
        fill_in_defaults(definition, &mut written, author);
        let missing = definition
            .fields
            .iter()
            .enumerate()
            .filter(|(index, field)| field.required() && written.get(*index).is_none_or(Value::is_null));
        let missing: Vec<&str> = missing.map(|(_, field)| field.name).collect();
        require_none(&missing)?;
        Ok(written)
    }

    /// Changes the named fields of a live record.
    pub(crate) fn update(
        &mut self,
        object: ObjectIndex,
        id: SfId,
        fields: &Fields,
        author: Author,
    ) -> Result<(), Failure> {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let before = self.live_row(object, id)?;
        if !definition.can.updateable {
            return Err(not_supported("update", definition).into());
        }
        if definition.name == "Lead" && before.get(definition, "IsConverted").is_true() {
            return Err(converted_lead(&[]).into());
        }
        let mut row = before.clone();
        let before = before.clone();
        let mut written = self.read(object, fields, Mode::Update)?;
        derive::passed_over(definition, &before, &mut written);
        let emptied = written.iter().filter(|(index, value)| value.is_null() && !definition.field(*index).nillable);
        let emptied: Vec<&str> = emptied.map(|(index, _)| definition.field(index).name).collect();
        require_none(&emptied)?;
        self.check(object, id, &written)?;
        self.check_locks(object, id, &written)?;
        self.stamp(definition, &mut row, author);
        let names = written.apply(definition, &mut row);
        derive::on_write(self, definition, &mut row, Some(&before), &written)?;
        self.check_rules(object, &row, Some(&before))?;
        self.store.put(object, row);
        self.note(Action::Updated, definition, id, names);
        derive::after_write(self, definition, id, Some(&before), author)?;
        self.cascade_owner(object, id, &before, author);
        Ok(())
    }

    /// Field names, then write access, then types, lengths and picklists.
    fn read(&self, object: ObjectIndex, fields: &Fields, mode: Mode) -> Result<Written, Failure> {
        let definition = self.schema.object(object);
        let mut named: Vec<(FieldIndex, &Json)> = Vec::with_capacity(fields.len());
        let mut by_external_id = Vec::new();
        for (name, json) in fields.iter().filter(|(name, _)| *name != "attributes") {
            if name.eq_ignore_ascii_case("Id") {
                let message = "The Id field should not be specified in the sobject data.";
                return Err(ApiError::request("INVALID_FIELD", message).into());
            }
            match (definition.find(name), definition.find_relationship(name), json) {
                (Some(index), _, _) => named.push((index, json)),
                (None, Some(index), Json::Object(key)) => by_external_id.push((index, key)),
                (None, Some(index), Json::Null) => named.push((index, json)),
                _ => return Err(ApiError::no_such_column(name, definition.name).into()),
            }
        }
        let all = named.iter().map(|(index, _)| *index).chain(by_external_id.iter().map(|(index, _)| *index));
        check_writable(definition, all, mode)?;
        let mut written = Written::default();
        let mut refused = Vec::new();
        for (index, json) in named {
            match coerce(definition.field(index), json, &self.quirks) {
                Ok(value) => written.set(index, value),
                Err(Refusal::Record(error)) => refused.push(error),
                Err(Refusal::Unreadable(message)) => return Err(ApiError::parser(message).into()),
            }
        }
        if !refused.is_empty() {
            return Err(Failure(refused));
        }
        for (index, key) in by_external_id {
            let id = self.find_parent(definition.field(index), key)?;
            written.set(index, Value::Id(id));
        }
        Ok(written)
    }

    /// The parent that a write names by an external id: `"Account": {"Key__c": "A-1"}`.
    fn find_parent(&self, reference: &Field, key: &Fields) -> Result<SfId, ApiError> {
        let named_type = key.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str);
        let target = named_type.or_else(|| reference.reference_to.first().copied()).unwrap_or_default();
        let Some(object) = self
            .schema
            .find(target)
            .filter(|object| reference.reference_to.contains(&self.schema.object(*object).name))
        else {
            let message = format!("Unknown or wrong type {target} for {}", reference.name);
            return Err(ApiError::request("INVALID_FIELD", message));
        };
        let definition = self.schema.object(object);
        let mut keys = key.iter().filter(|(name, _)| *name != "attributes");
        let (Some((name, value)), None) = (keys.next(), keys.next()) else {
            let message = format!("Exactly one external ID field must be given for {}", definition.name);
            return Err(ApiError::request("INVALID_FIELD", message));
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let field = definition.find(name).filter(|index| definition.field(*index).upsert_key());
        let Some(field) = field else {
            return Err(ApiError::no_such_column(name, definition.name));
        };
        if definition.field(field).kind == FieldType::Id {
            let id = SfId::parse(&text).ok().filter(|id| self.live_row(object, *id).is_ok());
            return id.ok_or_else(|| ApiError::invalid_cross_reference(Some(reference.name)));
        }
        match self.store.live_with_value(object, field, &Value::text(text.trim())).as_slice() {
            [id] => Ok(*id),
            found => {
                let what = if found.is_empty() { "not found" } else { "found more than once" };
                let name = definition.field(field).name;
                let message =
                    format!("Foreign key external ID: {text} {what} for field {name} in entity {}", definition.name);
                Err(ApiError::record("INVALID_FIELD", message, &[]))
            }
        }
    }

    /// References, then uniqueness.
    fn check(&self, object: ObjectIndex, id: SfId, written: &Written) -> Result<(), ApiError> {
        let definition = self.schema.object(object);
        for (index, value) in written.iter() {
            let field = definition.field(index);
            if let (FieldType::Reference, Value::Id(target)) = (field.kind, value) {
                self.check_reference(definition, field, *target)?;
            }
        }
        for (index, value) in written.iter().filter(|(index, _)| definition.field(*index).unique) {
            self.check_unique(object, id, index, value)?;
        }
        Ok(())
    }

    fn check_reference(&self, definition: &Object, field: &Field, target: SfId) -> Result<(), ApiError> {
        let object = self.schema.by_prefix(target.prefix());
        let fits = object.is_some_and(|object| field.reference_to.contains(&self.schema.object(object).name));
        if !fits {
            let malformed = self.quirks.wrong_reference_is_malformed_id;
            let code = if malformed { "MALFORMED_ID" } else { "FIELD_INTEGRITY_EXCEPTION" };
            let message = format!("{}: id value of incorrect type: {target}", field.label);
            return Err(ApiError::record(code, message, &[field.name]));
        }
        let Some((object, row)) = self.store.lookup(target) else {
            return Err(ApiError::invalid_cross_reference(Some(field.name)));
        };
        if row.is_deleted() {
            return Err(ApiError::entity_is_deleted());
        }
        let parent = self.schema.object(object);
        if parent.name == "Lead" && row.get(parent, "IsConverted").is_true() {
            return Err(converted_lead(&[field.name]));
        }
        if field.name == "OwnerId" && parent.name == "Group" && !self.queue_owns(target, definition.name) {
            let message = "Queue not associated with this SObject type";
            return Err(ApiError::record("INVALID_CROSS_REFERENCE_KEY", message, &["OwnerId"]));
        }
        if field.name == "OwnerId" && parent.name == "User" && !row.get(parent, "IsActive").is_true() {
            let owned = definition.name.to_lowercase();
            let message = format!("operation performed with inactive user [{target}] as owner of {owned}");
            return Err(ApiError::record("INACTIVE_OWNER_OR_USER", message, &["OwnerId"]));
        }
        Ok(())
    }

    /// Whether a group is a queue for records of this object.
    fn queue_owns(&self, group: SfId, owned: &str) -> bool {
        let Some(index) = self.schema.find("QueueSobject") else {
            return false;
        };
        let object = self.schema.object(index);
        let link = object.position("QueueId");
        let entries = link.map(|link| self.store.live_with_value(index, link, &Value::Id(group))).unwrap_or_default();
        let owns = |id: SfId| {
            let kind = self.store.get(index, id).map(|row| row.get(object, "SobjectType"));
            kind.and_then(Value::as_text) == Some(owned)
        };
        entries.into_iter().any(owns)
    }

    /// Refuses a value of a unique field that another live record has.
    pub(crate) fn check_unique(
        &self,
        object: ObjectIndex,
        id: SfId,
        field: FieldIndex,
        value: &Value,
    ) -> Result<(), ApiError> {
        let definition = self.schema.object(object).field(field);
        let same = |other: &SfId| {
            // The index folds case; a case-sensitive field does not.
            let other = self.store.get(object, *other).map(|row| &row.values[field]);
            !definition.case_sensitive || other == Some(value)
        };
        let others = self.store.live_with_value(object, field, value);
        match others.into_iter().filter(same).find(|other| *other != id) {
            None => Ok(()),
            Some(other) => {
                let name = definition.name;
                let message =
                    format!("duplicate value found: {name} duplicates value on record with id: {}", other.short());
                Err(ApiError::record("DUPLICATE_VALUE", message, &[]))
            }
        }
    }
}

/// What a converted lead became is to be written instead.
pub(crate) fn converted_lead(fields: &[&str]) -> ApiError {
    ApiError::record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields)
}

fn not_supported(action: &str, object: &Object) -> ApiError {
    let message = format!("entity type {} does not support {action}", object.name);
    ApiError::record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, &[])
}

fn check_writable(definition: &Object, fields: impl Iterator<Item = FieldIndex>, mode: Mode) -> Result<(), ApiError> {
    let writable = |field: &Field| match mode {
        Mode::Create => field.createable,
        Mode::Update => field.updateable,
    };
    let closed: Vec<&str> =
        fields.map(|index| definition.field(index)).filter(|field| !writable(field)).map(|field| field.name).collect();
    if closed.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        closed.join(", ")
    );
    Err(ApiError::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, &closed))
}

fn require_none(missing: &[&str]) -> Result<(), ApiError> {
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(ApiError::record("REQUIRED_FIELD_MISSING", message, missing))
}

fn fill_in_defaults(definition: &Object, written: &mut Written, author: Author) {
    for (index, field) in definition.fields.iter().enumerate() {
        if written.get(index).is_some_and(|value| !value.is_null()) {
            continue;
        }
        match field.default {
            DefaultValue::Text(text) => written.fill(index, Value::text(text)),
            DefaultValue::CurrentUser => written.fill(index, Value::Id(author.user)),
            DefaultValue::Checked => written.fill(index, Value::Bool(true)),
            DefaultValue::None | DefaultValue::Platform => {}
        }
    }
}
