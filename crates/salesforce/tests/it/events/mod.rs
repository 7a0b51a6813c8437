//! Events over the Pub/Sub API against the emulated organisation.

mod changes;
mod platform;
mod survival;
mod webhook;

use std::time::Duration;

use futures::StreamExt as _;
use salesforce::events::{ChangeEvent, Incoming, PubSub, Start, Subscription};
use salesforce::{Salesforce, Session};
use sandbox::{Data, Sandbox, Vendor};
use serde_json::{Value, json};

/// An organisation in this process, so that tokio's paused clock rules both sides.
pub(super) struct Bus {
    pub(super) sandbox: Sandbox,
    pub(super) events: PubSub,
}

impl Bus {
    pub(super) fn new() -> Self {
        Self::of(Sandbox::builder().data(Data::Empty).build())
    }

    pub(super) fn of(sandbox: Sandbox) -> Self {
        let token = sandbox.credentials(Vendor::Salesforce)["access_token"].as_str().unwrap().to_owned();
        let session = Session::new("https://acme.my.salesforce.com", token).unwrap();
        let client = Salesforce::builder().login(session).seed(1).build().unwrap();
        let events = client.pubsub().in_process(sandbox.salesforce_pubsub()).seed(1);
        Self { sandbox, events }
    }

    /// A new contact; its id.
    pub(super) fn contact(&self, fields: Value) -> String {
        self.sandbox.create(Vendor::Salesforce, "Contact", fields).unwrap().id
    }

    pub(super) fn person(&self, name: &str) -> String {
        self.contact(json!({"LastName": name}))
    }

    pub(super) fn edit(&self, id: &str, fields: Value) {
        self.sandbox.edit(Vendor::Salesforce, "Contact", id, fields).unwrap();
    }

    pub(super) fn contacts(&self, start: Start) -> Subscription {
        self.events.subscribe("/data/ContactChangeEvent", start)
    }

    /// How often a method of the service was called.
    pub(super) fn rpcs(&self, method: &str) -> usize {
        let path = format!("/eventbus.v1.PubSub/{method}");
        self.sandbox.log().of(Vendor::Salesforce).iter().filter(|entry| entry.path == path).count()
    }
}

/// The next thing that comes.
pub(super) async fn next(stream: &mut Subscription) -> Incoming {
    let next = tokio::time::timeout(Duration::from_secs(3600), stream.next()).await;
    next.expect("nothing comes").expect("the stream has ended").unwrap()
}

/// The next change.
pub(super) async fn change(stream: &mut Subscription) -> ChangeEvent {
    match next(stream).await {
        Incoming::Change(event) => event,
        other => panic!("{other:?}"),
    }
}

/// The error that the stream ends with.
pub(super) async fn failure(stream: &mut Subscription) -> salesforce::Error {
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(stream.next().await.is_none(), "a stream ends after its error");
    error
}
