//! The Streaming API: Bayeux messages over HTTP, for clients of the older kind.
//!
//! A `/meta/connect` is answered at once with what there is, and with the advice to come again after half a second, where
//! the vendor holds the request for up to 110 seconds: to a client this is the same stream, asked for more often. Events
//! come as JSON, without the fields that were not changed. (Streaming API Developer Guide; Bayeux 1.0.)

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value as Json, json};

use super::avro;
use super::bus::{Event, Subject, Topic};
use super::shape::{Kind, Shape, Source};
use crate::salesforce::api::json_reply;
use crate::salesforce::org::Org;
use crate::{Reply, Request};

/// A client that is silent for longer must begin anew.
const FORGOTTEN: TimeDelta = TimeDelta::minutes(3);
/// How many messages one answer carries.
const MOST_TOGETHER: usize = 100;
/// The pause before the next `/meta/connect`, in milliseconds.
const INTERVAL: u32 = 500;

/// The clients that are connected.
#[derive(Debug, Default)]
pub(crate) struct Cometd {
    clients: BTreeMap<String, Client>,
}

#[derive(Debug)]
struct Client {
    seen: DateTime<Utc>,
    /// What each channel has been read up to.
    channels: BTreeMap<String, (Topic, u64)>,
}

impl Org {
    /// `POST /cometd/62.0`: a list of messages, or one.
    pub(crate) fn cometd(&mut self, request: &Request) -> Reply {
        if request.method != Method::POST {
            return Reply::text(StatusCode::BAD_REQUEST, "text/html;charset=UTF-8", "Unknown Bayeux Transport");
        }
        let messages = match serde_json::from_slice(&request.body) {
            Ok(Json::Array(messages)) => messages,
            Ok(message @ Json::Object(_)) => vec![message],
            _ => return Reply::text(StatusCode::BAD_REQUEST, "text/html;charset=UTF-8", "Not a list of messages"),
        };
        let admitted = self.authenticate(request).is_ok();
        self.cometd.clients.retain(|_, client| self.now - client.seen < FORGOTTEN);
        let mut answers = Vec::new();
        for message in &messages {
            let channel = message["channel"].as_str().unwrap_or_default();
            let mut answer = Map::from_iter([("channel".to_owned(), json!(channel))]);
            answer.extend(message.get("id").map(|id| ("id".to_owned(), id.clone())));
            let outcome = if admitted {
                self.meta(channel, message, &mut answer, &mut answers)
            } else {
                Err(("401::Authentication invalid".to_owned(), "none"))
            };
            answer.insert("successful".to_owned(), json!(outcome.is_ok()));
            if let Err((error, reconnect)) = outcome {
                answer.insert("error".to_owned(), json!(error));
                answer.insert("advice".to_owned(), json!({"reconnect": reconnect}));
                answer.insert("ext".to_owned(), json!({"sfdc": {"failureReason": error}}));
            }
            answers.push(Json::Object(answer));
        }
        json_reply(StatusCode::OK, &Json::Array(answers))
    }

    /// One message; an error comes with what to do about the connection.
    fn meta(
        &mut self,
        channel: &str,
        message: &Json,
        answer: &mut Map<String, Json>,
        events: &mut Vec<Json>,
    ) -> Result<(), (String, &'static str)> {
        if channel == "/meta/handshake" {
            let id = self.bus.uuid().replace('-', "");
            answer.insert("clientId".to_owned(), json!(id));
            answer.insert("version".to_owned(), json!("1.0"));
            answer.insert("minimumVersion".to_owned(), json!("1.0"));
            answer.insert("supportedConnectionTypes".to_owned(), json!(["long-polling"]));
            answer.insert("ext".to_owned(), json!({"replay": true, "payload.format": true}));
            self.cometd.clients.insert(id, Client { seen: self.now, channels: BTreeMap::new() });
            return Ok(());
        }
        let id = message["clientId"].as_str().unwrap_or_default().to_owned();
        let now = self.now;
        let Some(client) = self.cometd.clients.get_mut(&id) else {
            return Err(("403::Unknown client".to_owned(), "handshake"));
        };
        client.seen = now;
        answer.insert("clientId".to_owned(), json!(id));
        match channel {
            "/meta/connect" => {
                answer.insert(
                    "advice".to_owned(),
                    json!({"interval": INTERVAL, "timeout": 110_000, "multiple-clients": true, "reconnect": "retry"}),
                );
                self.waiting(&id, events);
                Ok(())
            }
            "/meta/subscribe" => {
                answer.insert("subscription".to_owned(), message["subscription"].clone());
                names(&message["subscription"]).try_for_each(|name| self.cometd_subscribe(&id, name, message))
            }
            "/meta/unsubscribe" => {
                answer.insert("subscription".to_owned(), message["subscription"].clone());
                for name in names(&message["subscription"]) {
                    client.channels.remove(name);
                }
                Ok(())
            }
            "/meta/disconnect" => {
                self.cometd.clients.remove(&id);
                Ok(())
            }
            other => Err((format!("403:denied_by_security_policy:create_denied:{other}"), "none")),
        }
    }

    fn cometd_subscribe(&mut self, id: &str, name: &str, message: &Json) -> Result<(), (String, &'static str)> {
        let Some(topic) = self.topic(name) else {
            return Err((format!("404::The channel specified is not valid: {name}"), "none"));
        };
        let place = match message["ext"]["replay"][name].as_i64().unwrap_or(-1) {
            -1 => self.bus.tip(self.now),
            -2 => self.bus.earliest(),
            place => {
                let known = u64::try_from(place).ok().filter(|place| self.bus.knows(*place));
                known.ok_or_else(|| {
                    let message = format!(
                        "400::The replayId {{{place}}} you provided was invalid.  Please provide a valid ID, -2 to \
                         replay all events, or -1 to replay only new events."
                    );
                    (message, "none")
                })?
            }
        };
        if let Some(client) = self.cometd.clients.get_mut(id) {
            client.channels.insert(name.to_owned(), (topic, place));
        }
        Ok(())
    }

    /// What waits for a client.
    fn waiting(&mut self, id: &str, messages: &mut Vec<Json>) {
        let Some(client) = self.cometd.clients.get_mut(id) else {
            return;
        };
        for (channel, (topic, place)) in &mut client.channels {
            let (found, seen) = self.bus.read(*topic, *place, MOST_TOGETHER);
            *place = seen;
            for (place, event) in found {
                if let Some(payload) = self.bus.schema(&event.schema_id).and_then(|shape| shown(shape, &event)) {
                    messages.push(json!({"channel": channel, "clientId": id, "data": {
                        "schema": event.schema_id, "payload": payload, "event": {"replayId": place}}}));
                }
            }
        }
    }
}

/// One name, or several.
fn names(subscription: &Json) -> impl Iterator<Item = &str> {
    let list = subscription.as_array().map_or(std::slice::from_ref(subscription), Vec::as_slice);
    list.iter().filter_map(Json::as_str)
}

/// The payload as these clients get it: instants as texts; of a change, only what has a value or was emptied.
fn shown(shape: &Shape, event: &Event) -> Option<Json> {
    if let Subject::Platform(_) = event.subject {
        let mut fields = avro::read(shape, &event.payload).ok()?;
        for field in &shape.fields {
            let value = fields.entry(field.name.clone()).or_insert(Json::Null);
            *value = as_text(field.kind, value.take());
        }
        return Some(Json::Object(fields));
    }
    let (mut header, mut fields) = avro::read_change(shape, &event.payload)?;
    for field in shape.fields.iter().filter(|field| matches!(field.source, Source::Field(_))) {
        if let Some(value) = fields.get_mut(&field.name) {
            *value = as_text(field.kind, value.take());
        }
    }
    let list = |value: Option<Json>| -> Vec<String> {
        value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
    };
    for nulled in shape.names(&list(header.remove("nulledFields"))) {
        match nulled.split_once('.') {
            None => {
                fields.insert(nulled, Json::Null);
            }
            Some((parent, part)) => {
                if let Some(Json::Object(parts)) = fields.get_mut(parent) {
                    parts.insert(part.to_owned(), Json::Null);
                }
            }
        }
    }
    header.remove("diffFields");
    let changed = shape.names(&list(header.remove("changedFields")));
    header.insert("changedFields".to_owned(), json!(changed));
    fields.insert("ChangeEventHeader".to_owned(), Json::Object(header));
    Some(Json::Object(fields))
}

fn as_text(kind: Kind, value: Json) -> Json {
    let at = value.as_i64().and_then(DateTime::from_timestamp_millis);
    match (kind, at) {
        (Kind::Instant, Some(at)) => json!(at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        (Kind::Day, Some(at)) => json!(at.date_naive().to_string()),
        _ => value,
    }
}
