//! Platform events: published over REST and over the bus.

use salesforce::events::{Incoming, PlatformEvent, Start};
use salesforce::{ErrorKind, Salesforce};
use sandbox::{Data, Running, Sandbox, Vendor};
use serde_json::{Value, json};

use super::{Bus, next};
use crate::{credentials, text};

const TOPIC: &str = "/event/Low_Ink__e";

async fn org() -> (Sandbox, Running, Salesforce) {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let client = Salesforce::builder().login(credentials(&running)).seed(1).build().unwrap();
    (sandbox, running, client)
}

async fn post(client: &Salesforce, path: &[&str], body: &Value) -> salesforce::Result<Value> {
    let mut all = vec!["services", "data", "v62.0"];
    all.extend(path);
    let call = rest_core::Call::post("test").path(all).json(body);
    client.raw(call).await?.json()
}

async fn platform(stream: &mut salesforce::events::Subscription) -> PlatformEvent {
    match next(stream).await {
        Incoming::Platform(event) => event,
        other => panic!("{other:?}"),
    }
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct LowInk {
    #[serde(rename = "Serial_Number__c")]
    serial: String,
    #[serde(rename = "Ink_Percentage__c")]
    ink: Option<f64>,
    #[serde(rename = "Noticed_At__c")]
    noticed: Option<String>,
    #[serde(rename = "CreatedById")]
    by: String,
}

/// Events that come by REST and by the bus are the same to a subscriber; what a request takes back is never published.
#[tokio::test]
async fn events_are_published_and_received() {
    let (sandbox, running, client) = org().await;
    let events = client.pubsub().endpoint(&text(&running, "pubsub_url")).unwrap();
    let saved = post(
        &client,
        &["sobjects", "Low_Ink__e"],
        &json!({"Serial_Number__c": "A", "Ink_Percentage__c": 4.5,
        "Noticed_At__c": "2025-06-02T08:00:00.000+0000"}),
    )
    .await
    .unwrap();
    assert_eq!((&saved["success"], &saved["id"].as_str().unwrap()[..3]), (&json!(true), "e00"));
    let error = post(&client, &["sobjects", "Low_Ink__e"], &json!({"Ink_Percentage__c": 1})).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("REQUIRED_FIELD_MISSING"));
    let record = |serial: Value| json!({"attributes": {"type": "Low_Ink__e"}, "Serial_Number__c": serial});
    let both = json!({"allOrNone": true, "records": [record(json!("taken back")), record(json!(null))]});
    post(&client, &["composite", "sobjects"], &both).await.unwrap();
    let both = json!({"allOrNone": false, "records": [record(json!("B")), record(json!(null))]});
    post(&client, &["composite", "sobjects"], &both).await.unwrap();

    let published = events
        .publish(TOPIC, &[json!({"Serial_Number__c": "C"}), json!({"Serial_Number__c": "D", "Urgent__c": true})])
        .await
        .unwrap();
    let published: Vec<_> = published.into_iter().map(Result::unwrap).collect();

    let mut stream = events.subscribe(TOPIC, Start::Earliest);
    let first = platform(&mut stream).await;
    assert_eq!(first.name(), "Low_Ink__e");
    let decoded: LowInk = first.decode().unwrap();
    assert_eq!((decoded.serial.as_str(), decoded.ink), ("A", Some(4.5)));
    assert_eq!(decoded.noticed.as_deref(), Some("2025-06-02T08:00:00.000+0000"));
    assert!(decoded.by.starts_with("005"));
    assert_eq!(first.field("CreatedDate").unwrap().as_instant(), Some(sandbox.clock().now()));
    assert_eq!(platform(&mut stream).await.decode::<LowInk>().unwrap().serial, "B");
    for (serial, told) in ["C", "D"].into_iter().zip(&published) {
        let event = platform(&mut stream).await;
        assert_eq!(event.decode::<LowInk>().unwrap().serial, serial);
        assert_eq!((event.replay_id(), event.event_id()), (&told.replay_id, told.id.as_str()));
    }
    assert!(!format!("{first:?}").contains("\"A\""));
    running.shutdown().await;
}

/// What does not fit is told before it is sent; what the bus refuses, for each event.
#[tokio::test]
async fn refusals_name_the_event_and_the_field() {
    let (sandbox, running, client) = org().await;
    let events = client.pubsub().endpoint(&text(&running, "pubsub_url")).unwrap();
    for (bad, field) in [
        (json!({"Serial_Number__c": "A", "Nope__c": 1}), "Nope__c"),
        (json!({"Ink_Percentage__c": "x"}), "Ink_Percentage__c"),
    ] {
        let error = events.publish(TOPIC, &[json!({"Serial_Number__c": "ok"}), bad]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("event 2") && error.to_string().contains(field), "{error}");
    }
    let long = "x".repeat(81);
    let outcomes = events
        .publish(TOPIC, &[json!({"Serial_Number__c": "A"}), json!({}), json!({"Serial_Number__c": long})])
        .await
        .unwrap();
    assert!(outcomes[0].is_ok());
    let refused: Vec<String> = outcomes[1..].iter().map(|outcome| outcome.as_ref().unwrap_err().to_string()).collect();
    assert!(
        refused[0].contains("Required fields are missing") && refused[1].contains("data value too large"),
        "{refused:?}"
    );
    let error = events.publish("/data/ContactChangeEvent", &[json!({})]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    let error = events.publish("/event/Nope__e", &[json!({})]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(sandbox.log().effects(Vendor::Salesforce).len(), 1);
    running.shutdown().await;
}

/// Two hundred at a time, in order.
#[tokio::test]
async fn many_events_are_published_in_several_requests() {
    let (sandbox, running, client) = org().await;
    let events = client.pubsub().endpoint(&text(&running, "pubsub_url")).unwrap();
    let many: Vec<Value> = (0..450).map(|number| json!({"Serial_Number__c": number.to_string()})).collect();
    let outcomes = events.publish(TOPIC, &many).await.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 450);
    let calls =
        sandbox.log().of(Vendor::Salesforce).iter().filter(|entry| entry.path.ends_with("PubSub/Publish")).count();
    assert_eq!(calls, 3);
    let mut stream = events.subscribe(TOPIC, Start::Earliest);
    for number in 0..450 {
        assert_eq!(platform(&mut stream).await.decode::<LowInk>().unwrap().serial, number.to_string());
    }
    running.shutdown().await;
}

/// Change events and platform events do not mix.
#[tokio::test(start_paused = true)]
async fn a_topic_delivers_its_own_events_only() {
    let bus = Bus::new();
    bus.person("A");
    bus.sandbox.create(Vendor::Salesforce, "Low_Ink__e", json!({"Serial_Number__c": "B"})).unwrap();
    bus.person("C");
    let mut all = bus.events.subscribe("/data/ChangeEvents", Start::Earliest);
    for _ in 0..2 {
        assert!(matches!(next(&mut all).await, Incoming::Change(_)));
    }
    let mut platform_events = bus.events.subscribe(TOPIC, Start::Earliest);
    assert!(matches!(next(&mut platform_events).await, Incoming::Platform(_)));
    bus.sandbox.salesforce_events().keep_alive();
    assert!(matches!(next(&mut all).await, Incoming::Position(_)));
}
