//! Outbound messages: what a workflow action sends to an address when records are created or edited.
//!
//! The sandbox makes no calls of its own. What would be sent now is fetched with [`Events::outbound_due`](super::Events::outbound_due),
//! and whoever has carried it to its address brings back the answer. Repetitions follow the sandbox's clock.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{FieldIndex, ObjectIndex, Schema};
use crate::salesforce::store::{Committed, Store};
use crate::salesforce::value::Value;

/// One message carries no more notifications.
const MOST_TOGETHER: usize = 100;
/// A notification that nobody takes is given up after this.
const GIVEN_UP: TimeDelta = TimeDelta::hours(24);
/// The pause before the second attempt; each further one doubles it, up to two hours.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(2);

/// A message that is due: to be posted to its address with content type `text/xml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Where to.
    pub endpoint: String,
    /// The SOAP envelope.
    pub body: String,
    /// The notifications in it, by which the answer is brought back.
    pub notifications: Vec<String>,
    /// How often this message's notifications have been sent at most, this time included.
    pub attempt: u32,
}

/// What an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answered {
    /// Whether it took the message.
    pub taken: bool,
    /// How many notifications still wait.
    pub waiting: usize,
}

/// An action as an administrator sets it up.
#[derive(Debug)]
struct Action {
    id: SfId,
    object: ObjectIndex,
    fields: Vec<FieldIndex>,
    endpoint: String,
}

/// A notification that nobody has taken yet.
#[derive(Debug)]
struct Waiting {
    id: SfId,
    action: usize,
    record: SfId,
    since: DateTime<Utc>,
    due: DateTime<Utc>,
    attempts: u32,
}

/// The actions, and what waits.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    actions: Vec<Action>,
    waiting: Vec<Waiting>,
    numbered: u64,
}

impl Messages {
    /// Sets up an action; its id.
    pub(crate) fn add(&mut self, object: ObjectIndex, fields: Vec<FieldIndex>, endpoint: &str) -> SfId {
        let id = SfId::numbered("04k", *b"gK0", 1 + u64::try_from(self.actions.len()).unwrap_or_default());
        self.actions.push(Action { id, object, fields, endpoint: endpoint.to_owned() });
        id
    }

    /// Lets the actions see a committed transaction.
    pub(crate) fn note(&mut self, schema: &Schema, store: &Store, transaction: &[Committed], now: DateTime<Utc>) {
        if self.actions.is_empty() {
            return;
        }
        for committed in transaction {
            debug_assert!(committed.object < schema.objects.len());
            let live = store.get(committed.object, committed.id).is_some_and(|row| !row.is_deleted());
            let returned = committed.before.as_ref().is_some_and(|row| row.is_deleted());
            if !live || returned || committed.quiet {
                continue;
            }
            let actions = self.actions.iter().enumerate().filter(|(_, action)| action.object == committed.object);
            for (action, _) in actions {
                self.numbered += 1;
                let id = SfId::numbered("04l", *b"gK0", self.numbered);
                self.waiting.push(Waiting { id, action, record: committed.id, since: now, due: now, attempts: 0 });
            }
        }
    }

    /// The messages to send now; each counts as an attempt.
    pub(crate) fn due(
        &mut self,
        schema: &Arc<Schema>,
        store: &Store,
        organization: SfId,
        origin: &str,
        now: DateTime<Utc>,
    ) -> Vec<Delivery> {
        self.waiting.retain(|waiting| now - waiting.since < GIVEN_UP);
        let mut deliveries = Vec::new();
        for (place, action) in self.actions.iter().enumerate() {
            let due: Vec<&mut Waiting> =
                self.waiting.iter_mut().filter(|waiting| waiting.action == place && waiting.due <= now).collect();
            let mut due = due.into_iter().peekable();
            while due.peek().is_some() {
                let chunk: Vec<&mut Waiting> = due.by_ref().take(MOST_TOGETHER).collect();
                let mut delivery = Delivery {
                    endpoint: action.endpoint.clone(),
                    body: String::new(),
                    notifications: Vec::new(),
                    attempt: 0,
                };
                let mut inner = String::new();
                for waiting in chunk {
                    waiting.attempts += 1;
                    let pause = FIRST_PAUSE * 2_i32.saturating_pow(waiting.attempts.saturating_sub(1).min(10));
                    waiting.due = now + pause.min(LONGEST_PAUSE);
                    delivery.attempt = delivery.attempt.max(waiting.attempts);
                    delivery.notifications.push(waiting.id.to_string());
                    notification(&mut inner, schema, store, action, waiting);
                }
                delivery.body = envelope(organization, action.id, origin, &inner);
                deliveries.push(delivery);
            }
        }
        deliveries
    }

    /// Takes the answer to a message: notifications of one that was taken wait no longer.
    pub(crate) fn answer(&mut self, notifications: &[String], body: &str) -> Answered {
        let taken = acknowledges(body);
        if taken {
            self.waiting.retain(|waiting| !notifications.contains(&waiting.id.to_string()));
        }
        Answered { taken, waiting: self.waiting.len() }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Whether the first `Ack` element, of whatever prefix, says true.
fn acknowledges(body: &str) -> bool {
    let opened = body.split('<').skip(1).find_map(|tag| {
        let (tag, text) = tag.split_once('>')?;
        let name = tag.split_whitespace().next()?.rsplit(':').next()?;
        (name == "Ack").then_some(text)
    });
    opened.is_some_and(|text| text.trim() == "true")
}

/// The record as it is now; nothing but the id of the notification if it is gone.
fn notification(out: &mut String, schema: &Schema, store: &Store, action: &Action, waiting: &Waiting) {
    let definition = schema.object(action.object);
    let _ = write!(
        out,
        "<Notification><Id>{}</Id><sObject xsi:type=\"sf:{}\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">",
        waiting.id, definition.name
    );
    if let Some(row) = store.get(action.object, waiting.record).filter(|row| !row.is_deleted()) {
        let _ = write!(out, "<sf:Id>{}</sf:Id>", waiting.record);
        for field in &action.fields {
            let (name, value) = (definition.field(*field).name, &row.values[*field]);
            if !value.is_null() {
                let _ = write!(out, "<sf:{name}>{}</sf:{name}>", escape(&shown(value)));
            }
        }
    }
    out.push_str("</sObject></Notification>");
}

fn shown(value: &Value) -> String {
    match value {
        Value::DateTime(at) => at.to_rfc3339_opts(SecondsFormat::Millis, true),
        other => match other.to_json() {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

fn envelope(organization: SfId, action: SfId, origin: &str, notifications: &str) -> String {
    let short = organization.short();
    let origin = escape(origin);
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>"#,
            r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">"#,
            r#"<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">"#,
            "<OrganizationId>{organization}</OrganizationId><ActionId>{action}</ActionId><SessionId xsi:nil=\"true\"/>",
            "<EnterpriseUrl>{origin}/services/Soap/c/62.0/{short}</EnterpriseUrl>",
            "<PartnerUrl>{origin}/services/Soap/u/62.0/{short}</PartnerUrl>",
            "{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
        ),
        organization = organization,
        action = action,
        origin = origin,
        short = short,
        notifications = notifications,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_understood_whatever_its_prefix() {
        for taken in [
            "<Ack>true</Ack>",
            "<x><n:notificationsResponse xmlns:n='y'><n:Ack> true </n:Ack></n:notificationsResponse></x>",
        ] {
            assert!(acknowledges(taken), "{taken}");
        }
        for not in ["", "true", "<Ack>false</Ack>", "<Ack/>", "<Acks>true</Acks>", "<html>OK</html>"] {
            assert!(!acknowledges(not), "{not}");
        }
    }
}
