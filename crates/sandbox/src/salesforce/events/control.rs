//! What tests and curious people do to events from outside.

use std::fmt;
use std::sync::Arc;

use super::bus::Cuts;
use super::messages::{Answered, Delivery};
use crate::salesforce::ids::SfId;
use crate::salesforce::schema::ObjectIndex;
use crate::salesforce::{Org, Salesforce};

/// Control over the change events, platform events and outbound messages of the emulated organisation; from
/// [`Sandbox::salesforce_events`](crate::Sandbox::salesforce_events). Objects are named by their API names; the errors are
/// sentences.
#[derive(Clone)]
pub struct Events {
    pub(crate) salesforce: Arc<Salesforce>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    fn with<T>(&self, act: impl FnOnce(&mut Org) -> Result<T, String>) -> Result<T, String> {
        act(&mut self.salesforce.present())
    }

    /// Turns the change events of an object on or off; all are on at the start.
    ///
    /// # Errors
    /// The object does not exist.
    pub fn enable(&self, object: &str, on: bool) -> Result<(), String> {
        self.with(|org| {
            let index = find(org, object)?;
            org.bus.enable(index, on);
            Ok(())
        })
    }

    /// Emits an event that carries no data: `change` is `GAP_CREATE`, `GAP_UPDATE`, `GAP_DELETE` or `GAP_UNDELETE` with the
    /// ids of records, or `GAP_OVERFLOW` without.
    ///
    /// # Errors
    /// The object does not exist or its events are off; no such change; something that is no id.
    pub fn gap(&self, object: &str, change: &str, ids: &[&str]) -> Result<(), String> {
        let known = ["GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW"];
        let change = known.into_iter().find(|known| *known == change).ok_or(format!("{change} is no gap event"))?;
        let ids = ids.iter().map(|id| SfId::parse(id).map(|id| id.to_string()).map_err(|_| format!("{id} is no id")));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        if ids.is_empty() != (change == "GAP_OVERFLOW") {
            return Err(format!("{change} goes {} ids", if ids.is_empty() { "with" } else { "without" }));
        }
        self.with(|org| {
            let index = find(org, object)?;
            if !org.bus.enabled(&org.schema, index) {
                return Err(format!("change events of {object} are off"));
            }
            org.publish_gap(index, change, ids);
            Ok(())
        })
    }

    /// Sends every subscriber the sign of life that it gets after 270 quiet seconds.
    pub fn keep_alive(&self) {
        self.salesforce.lock().bus.signal(|signals| signals.keep_alive += 1);
    }

    /// Drops every subscription.
    pub fn disconnect(&self) {
        self.salesforce.lock().bus.signal(|signals| signals.disconnect += 1);
    }

    /// Drops every new subscription after some events, or with `None` no more.
    pub fn cut(&self, cuts: Option<Cuts>) {
        self.salesforce.lock().bus.cuts = cuts.map(|cuts| (cuts, fastrand::Rng::with_seed(cuts.seed)));
    }

    /// Adds a custom field to the events of an object, as an administrator does in the middle of the day: the schema's id
    /// changes. Gives the field's name.
    ///
    /// # Errors
    /// The object does not exist.
    pub fn add_field(&self, object: &str) -> Result<String, String> {
        self.with(|org| {
            let index = find(org, object)?;
            Ok(format!("Added_{}__c", org.bus.add_field(index)))
        })
    }

    /// Sets up an outbound message: when a record of `object` is created or edited, `fields` of it are sent to `endpoint`.
    /// Gives the action's id.
    ///
    /// # Errors
    /// The object or a field does not exist.
    pub fn outbound(&self, object: &str, fields: &[&str], endpoint: &str) -> Result<String, String> {
        self.with(|org| {
            let index = find(org, object)?;
            let definition = org.schema.object(index);
            let fields = fields.iter().map(|name| definition.find(name).ok_or(format!("{object} has no field {name}")));
            let fields = fields.collect::<Result<Vec<_>, _>>()?;
            Ok(org.messages.add(index, fields, endpoint).to_string())
        })
    }

    /// The outbound messages that are due by the sandbox's clock, with the records as they are now. Each is due again later
    /// unless it was [answered](Events::outbound_answer).
    #[must_use]
    pub fn outbound_due(&self) -> Vec<Delivery> {
        let mut org = self.salesforce.present();
        let (schema, organization, now) = (Arc::clone(&org.schema), org.fixtures.organization, org.now);
        let origin = crate::Vendor::Salesforce.default_origin();
        let Org { messages, store, .. } = &mut *org;
        messages.due(&schema, store, organization, &origin, now)
    }

    /// Brings back what an endpoint answered to a message.
    #[must_use]
    pub fn outbound_answer(&self, notifications: &[String], body: &str) -> Answered {
        self.salesforce.present().messages.answer(notifications, body)
    }

    /// How many notifications wait to be taken.
    #[must_use]
    pub fn outbound_waiting(&self) -> usize {
        self.salesforce.lock().messages.waiting()
    }
}

fn find(org: &Org, object: &str) -> Result<ObjectIndex, String> {
    org.schema.find(object).ok_or_else(|| format!("there is no object {object}"))
}
