//! Platform events: published like records, kept by nobody but the bus.

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::bus::{Bus, Event, Topic, is_platform};
use super::shape::Shape;
use super::{avro, bus::Subject};
use crate::salesforce::call::{Answer, Call};
use crate::salesforce::derive::Written;
use crate::salesforce::errors::{ApiError, Failure};
use crate::salesforce::ids::SfId;
use crate::salesforce::org::{Author, Org};
use crate::salesforce::schema::{FieldType, ObjectIndex};
use crate::salesforce::store::Row;

/// An event that waits for its request to succeed.
#[derive(Debug)]
pub(crate) struct Held {
    object: ObjectIndex,
    payload: Bytes,
}

/// Why an event that came over the Pub/Sub API was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpublishable(pub(crate) String);

impl Org {
    /// Takes an event in place of a new record. It is published when its request has succeeded.
    pub(crate) fn hold_event(&mut self, object: ObjectIndex, written: &Written, author: Author) -> SfId {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let id = self.store.next_id(object);
        let mut row = Row::new(definition, id);
        self.stamp_created(definition, &mut row, author);
        written.apply(definition, &mut row);
        let shape = self.bus.shape(&schema, object);
        let payload = encode(&shape, &row);
        self.held_events.push(Held { object, payload });
        id
    }

    /// Publishes the events that the request's successful parts hold.
    pub(crate) fn publish_held(&mut self) {
        for Held { object, payload } in std::mem::take(&mut self.held_events) {
            let schema_id = self.bus.shape(&self.schema, object).id.clone();
            let id = self.bus.uuid();
            self.bus.publish(self.now, Event { id, schema_id, payload, subject: Subject::Platform(object) });
        }
    }

    /// An event that came over the Pub/Sub API; its place on the bus.
    pub(crate) fn publish_payload(
        &mut self,
        object: ObjectIndex,
        id: &str,
        schema_id: &str,
        payload: &Bytes,
    ) -> Result<(u64, String), Unpublishable> {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let current = self.bus.shape(&schema, object);
        if schema_id != current.id {
            let message = format!("The schema ID {schema_id} is not the one of {}", definition.name);
            return Err(Unpublishable(message));
        }
        let fields = avro::read(&current, payload).map_err(|why| {
            Unpublishable(format!("Couldn't deserialize the event payload with the schema {schema_id}: {why}"))
        })?;
        let author = fields.get("CreatedById").and_then(Json::as_str).unwrap_or_default();
        SfId::parse(author).map_err(|_| Unpublishable(format!("CreatedById is no user: {author}")))?;
        let custom: Map<String, Json> = fields.into_iter().filter(|(name, _)| name.ends_with("__c")).collect();
        let custom = custom.into_iter().map(|(name, value)| as_rest(definition, name, value)).collect();
        let caller = self.caller();
        if let Err(failure) = self.new_values(object, &custom, caller) {
            let message = failure.0.first().map(|error| error.message.clone());
            return Err(Unpublishable(message.unwrap_or_default()));
        }
        let id = if id.is_empty() { self.bus.uuid() } else { id.to_owned() };
        let event = Event {
            id: id.clone(),
            schema_id: schema_id.to_owned(),
            payload: payload.clone(),
            subject: Subject::Platform(object),
        };
        Ok((self.bus.publish(self.now, event), id))
    }

    /// The topic of this name.
    pub(crate) fn topic(&self, name: &str) -> Option<Topic> {
        if name == "/data/ChangeEvents" {
            return Some(Topic::AllChanges);
        }
        if let Some(event) = name.strip_prefix("/event/") {
            let index = self.schema.find(event).filter(|index| is_platform(self.schema.object(*index)))?;
            return Some(Topic::One(Subject::Platform(index)));
        }
        let index = self.change_object(name.strip_prefix("/data/")?)?;
        Some(Topic::One(Subject::Change(index)))
    }

    /// The object whose changes an event of this name tells: `ContactChangeEvent`, `Order__ChangeEvent`.
    fn change_object(&self, event: &str) -> Option<ObjectIndex> {
        let object = match event.strip_suffix("__ChangeEvent") {
            Some(custom) => format!("{custom}__c"),
            None => event.strip_suffix("ChangeEvent")?.to_owned(),
        };
        self.schema.find(&object).filter(|index| self.bus.enabled(&self.schema, *index))
    }

    /// `GET event/eventSchema/ID`: a schema by its id.
    pub(crate) fn event_schema(&mut self, call: &Call, id: &str) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        self.know_all_shapes();
        let shape = self.bus.schema(id).map(Arc::clone).ok_or_else(ApiError::not_found)?;
        shown(&shape, call)
    }

    /// `GET sobjects/NAME/eventSchema`: the present schema of an event.
    pub(crate) fn event_schema_of(&mut self, call: &Call, event: &str) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let platform = self.schema.find(event).filter(|index| is_platform(self.schema.object(*index)));
        let object = platform.or_else(|| self.change_object(event)).ok_or_else(ApiError::not_found)?;
        let shape = self.bus.shape(&self.schema, object);
        shown(&shape, call)
    }

    /// Schemas have ids before the first event has them.
    pub(crate) fn know_all_shapes(&mut self) {
        let schema = Arc::clone(&self.schema);
        for object in 0..schema.objects.len() {
            if is_platform(schema.object(object)) || self.bus.enabled(&schema, object) {
                self.bus.shape(&schema, object);
            }
        }
    }
}

fn encode(shape: &Shape, row: &Row) -> Bytes {
    let mut out = Vec::new();
    for field in &shape.fields {
        if let super::shape::Source::Field(index) = field.source {
            let value = &row.values[index];
            if field.required {
                avro::required(&mut out, field.kind, value);
            } else {
                avro::optional(&mut out, field.kind, value);
            }
        }
    }
    out.into()
}

/// A value of a payload as a REST call would give it.
fn as_rest(definition: &crate::salesforce::schema::Object, name: String, value: Json) -> (String, Json) {
    let kind = definition.find(&name).map(|index| definition.field(index).kind);
    let at = value.as_i64().and_then(chrono::DateTime::from_timestamp_millis);
    let value = match (kind, at) {
        (Some(FieldType::DateTime), Some(at)) => json!(crate::salesforce::value::format_datetime(at)),
        (Some(FieldType::Date), Some(at)) => json!(at.date_naive().to_string()),
        _ => value,
    };
    (name, value)
}

fn shown(shape: &Shape, call: &Call) -> Result<Answer, Failure> {
    let mut schema: Json = serde_json::from_str(&shape.json).unwrap_or_default();
    let format = call.param("payloadFormat").unwrap_or("EXPANDED");
    match format.to_ascii_uppercase().as_str() {
        "COMPACT" => {
            schema["uuid"] = json!(shape.id);
            Ok(Answer::new(StatusCode::OK, schema))
        }
        "EXPANDED" => Ok(Answer::new(StatusCode::OK, expanded(&schema, &shape.id))),
        _ => {
            let message = format!("Invalid payloadFormat: {format}. Valid values are EXPANDED and COMPACT");
            Err(ApiError::request("INVALID_REQUEST_PARAMETER", message).into())
        }
    }
}

/// The form of the older streaming API, in which instants are texts.
fn expanded(schema: &Json, id: &str) -> Json {
    let mut fields = schema["fields"].clone();
    for field in fields.as_array_mut().into_iter().flatten() {
        let instant = field["doc"].as_str().is_some_and(|doc| doc.ends_with(":DateTime") || doc.ends_with(":DateOnly"));
        if instant {
            let text = if field["type"].is_array() { json!(["null", "string"]) } else { json!("string") };
            field["type"] = text;
        }
    }
    let payload = json!({"type": "record", "name": "Payload", "doc": "", "fields": fields});
    let event = json!({"type": "record", "name": "Event", "fields": [{"name": "replayId", "type": "long"}]});
    let data = json!({"type": "record", "name": "Data", "namespace": "", "fields": [
        {"name": "schema", "type": "string"}, {"name": "payload", "type": payload}, {"name": "event", "type": event}]});
    json!({"name": schema["name"], "namespace": schema["namespace"], "type": "expanded-record", "fields": [
        {"name": "data", "type": data}, {"name": "channel", "type": "string"}], "uuid": id})
}

impl Bus {
    /// The object that a topic publishes to, if one can publish to it.
    pub(crate) fn publishable(topic: Topic) -> Option<ObjectIndex> {
        match topic {
            Topic::One(Subject::Platform(object)) => Some(object),
            _ => None,
        }
    }
}
