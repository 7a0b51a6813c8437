//! Clients and adapters connected to a sandbox in process, and the human beside them.

#[cfg(any(feature = "freshsales", feature = "salesforce"))]
use std::sync::Arc;

use async_trait::async_trait;
use crm_model::ObjectKind;
use sandbox::{Sandbox, Vendor};
use serde_json::json;

use crate::contract::Human;
#[cfg(any(feature = "freshsales", feature = "salesforce"))]
use crate::{SandboxClock, SandboxTransport};

/// A person who works in one vendor of a sandbox.
#[derive(Clone)]
pub struct SandboxHuman {
    sandbox: Sandbox,
    vendor: Vendor,
}

impl SandboxHuman {
    /// A person at a vendor.
    #[must_use]
    pub fn new(sandbox: &Sandbox, vendor: Vendor) -> Self {
        Self { sandbox: sandbox.clone(), vendor }
    }

    /// The vendor's name of an object, and of the field that holds its name.
    fn names(&self, object: ObjectKind, id: &str) -> (&'static str, &'static str) {
        match (self.vendor, object) {
            (Vendor::Salesforce, ObjectKind::Account) => ("Account", "Name"),
            (Vendor::Salesforce, ObjectKind::Contact) => ("Contact", "LastName"),
            (Vendor::Salesforce, ObjectKind::Deal) => ("Opportunity", "Name"),
            (Vendor::Salesforce, ObjectKind::Task) => ("Task", "Subject"),
            (Vendor::Salesforce, ObjectKind::Note) => ("Note", "Body"),
            (Vendor::Salesforce, ObjectKind::Lead) => ("Lead", "LastName"),
            (Vendor::Salesforce, ObjectKind::Ticket) => ("Case", "Subject"),
            (Vendor::Salesforce, ObjectKind::Engagement) => (activity(id), "Subject"),
            (_, ObjectKind::Account) => ("sales_account", "name"),
            (_, ObjectKind::Contact) => ("contact", "last_name"),
            (_, ObjectKind::Deal) => ("deal", "name"),
            (_, ObjectKind::Task) => ("task", "title"),
            (_, ObjectKind::Note) => ("note", "description"),
            (vendor, other) => panic!("nobody edits a {other} at {vendor}"),
        }
    }

    /// The id as the vendor's user interface knows it: an adapter may put the record in front of a note's own id.
    fn own_id(&self, object: ObjectKind, id: &str) -> String {
        let own = if object == ObjectKind::Note { id.rsplit('-').next() } else { None };
        own.unwrap_or(id).to_owned()
    }
}

/// Which of the vendor's objects an engagement is.
fn activity(id: &str) -> &'static str {
    match id.get(..3) {
        Some("00U") => "Event",
        Some("02s") => "EmailMessage",
        _ => "Task",
    }
}

#[async_trait]
impl Human for SandboxHuman {
    async fn rename(&self, object: ObjectKind, id: &str, name: &str) {
        let ((kind, field), id) = (self.names(object, id), self.own_id(object, id));
        let edited = self.sandbox.edit(self.vendor, kind, &id, json!({ field: name }));
        edited.unwrap_or_else(|refused| panic!("rename {kind} {id}: {refused:?}"));
    }

    async fn delete(&self, object: ObjectKind, id: &str) {
        let ((kind, _), id) = (self.names(object, id), self.own_id(object, id));
        let edited = self.sandbox.delete(self.vendor, kind, &id);
        edited.unwrap_or_else(|refused| panic!("delete {kind} {id}: {refused:?}"));
    }
}

#[cfg(any(feature = "freshsales", feature = "salesforce"))]
fn text(credentials: &serde_json::Value, name: &str) -> String {
    credentials[name].as_str().unwrap_or_else(|| panic!("the sandbox gives no {name}")).to_owned()
}

/// A Freshsales client of a sandbox, in the sandbox's time.
///
/// # Panics
/// Where the client refuses the sandbox's credentials.
#[cfg(feature = "freshsales")]
#[must_use]
pub fn freshsales_client(sandbox: &Sandbox, transport: SandboxTransport) -> freshsales::Freshsales {
    let credentials = transport.credentials();
    freshsales::Freshsales::builder(text(&credentials, "base_url"), text(&credentials, "api_key"))
        .transport(Arc::new(transport))
        .clock(Arc::new(SandboxClock::of(sandbox)))
        .seed(sandbox.seed())
        .build()
        .expect("the sandbox's credentials")
}

/// Freshsales of a sandbox behind the [`Crm`](unified_crm::Crm) trait.
///
/// # Panics
/// Where the client refuses the sandbox's credentials.
#[cfg(feature = "freshsales")]
#[must_use]
pub fn connect_freshsales(sandbox: &Sandbox) -> unified_crm::FreshsalesCrm {
    unified_crm::FreshsalesCrm::new(freshsales_client(sandbox, SandboxTransport::new(sandbox, Vendor::Freshsales)))
}

/// A Salesforce client of a sandbox, in the sandbox's time, that logs in with client credentials.
///
/// # Panics
/// Where the client refuses the sandbox's credentials.
#[cfg(feature = "salesforce")]
#[must_use]
pub fn salesforce_client(sandbox: &Sandbox, transport: SandboxTransport) -> salesforce::Salesforce {
    let credentials = transport.credentials();
    let host = salesforce::LoginHost::custom(&text(&credentials, "instance_url")).expect("the sandbox's address");
    let (id, secret) = (text(&credentials, "client_id"), text(&credentials, "client_secret"));
    salesforce::Salesforce::builder()
        .login(salesforce::ClientCredentials::new(host, id, secret))
        .transport(Arc::new(transport))
        .clock(Arc::new(SandboxClock::of(sandbox)))
        .seed(sandbox.seed())
        .build()
        .expect("the sandbox's credentials")
}

/// Salesforce of a sandbox behind the [`Crm`](unified_crm::Crm) trait.
///
/// # Panics
/// Where the client refuses the sandbox's credentials.
#[cfg(feature = "salesforce")]
#[must_use]
pub fn connect_salesforce(sandbox: &Sandbox) -> unified_crm::SalesforceCrm {
    unified_crm::SalesforceCrm::new(salesforce_client(sandbox, SandboxTransport::new(sandbox, Vendor::Salesforce)))
}

#[cfg(test)]
mod tests {
    use sandbox::Data;

    use super::*;

    #[tokio::test]
    async fn a_human_renames_and_deletes_every_object_at_every_vendor() {
        for vendor in Vendor::ALL {
            let sandbox = Sandbox::builder().data(Data::Demo).build();
            let human = SandboxHuman::new(&sandbox, vendor);
            for object in ObjectKind::SYNCED {
                let (kind, field) = human.names(object, "");
                let id = some_id(&sandbox.state(vendor), kind).unwrap_or_else(|| panic!("{vendor} has a {kind}"));
                human.rename(object, &id, "Renamed").await;
                let record = sandbox.record(vendor, kind, &id).unwrap();
                assert_eq!(record[field], "Renamed", "{vendor} {kind}");
                human.delete(object, &id).await;
            }
        }
    }

    /// The id of some record, wherever the vendor's state keeps it.
    fn some_id(state: &serde_json::Value, kind: &str) -> Option<String> {
        let table = state.as_object()?.iter().find(|(name, _)| name.starts_with(kind))?.1;
        let record =
            table.as_array().and_then(|rows| rows.last()).or_else(|| table.as_object()?.values().next_back())?;
        let id = record.get("id").or(record.get("Id"))?;
        Some(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
    }
}
