//! Outbound messages, from the emulated action to the parsed notification and back.

use salesforce::webhook::{ACK, NACK, Notification, OutboundMessage};
use salesforce::{AnyId, ErrorKind};
use sandbox::Vendor;
use serde_json::json;

use super::Bus;

fn organization(bus: &Bus) -> AnyId {
    let token = bus.sandbox.credentials(Vendor::Salesforce)["access_token"].as_str().unwrap().to_owned();
    token.split('!').next().unwrap().parse().unwrap()
}

#[test]
fn a_message_comes_again_until_it_is_taken() {
    let bus = Bus::new();
    let control = bus.sandbox.salesforce_events();
    let action =
        control.outbound("Contact", &["LastName", "Email", "LastModifiedDate"], "https://hook.example.com").unwrap();
    let id = bus.contact(json!({"LastName": "O'Byron <x> & Söhne", "Email": "o@example.com"}));
    let due = control.outbound_due();
    assert_eq!((due.len(), due[0].endpoint.as_str(), due[0].attempt), (1, "https://hook.example.com", 1));
    let message = OutboundMessage::parse(due[0].body.as_bytes(), &organization(&bus)).unwrap();
    assert_eq!(message.action_id().unwrap().as_str(), action);
    let [notification] = message.notifications() else { panic!("{message:?}") };
    assert_eq!((notification.object(), notification.record_id().unwrap().as_str()), ("Contact", id.as_str()));
    assert_eq!(notification.field("LastName"), Some("O'Byron <x> & Söhne"));
    assert!(notification.field("LastModifiedDate").unwrap().ends_with("Z"));

    assert!(!control.outbound_answer(&due[0].notifications, NACK).taken);
    assert!(control.outbound_due().is_empty(), "not at once");
    bus.sandbox.clock().advance(chrono::TimeDelta::minutes(1));
    bus.edit(&id, json!({"Email": null}));
    let again = control.outbound_due();
    let message = OutboundMessage::parse(again[0].body.as_bytes(), &organization(&bus)).unwrap();
    let ids: Vec<AnyId> = message.notifications().iter().map(Notification::id).collect();
    assert_eq!((ids.len(), ids[0]), (2, notification.id()), "the same notification under the same id, and the new one");
    assert!(message.notifications().iter().all(|one| one.field("Email").is_none()), "as the record is now");
    let answered = control.outbound_answer(&again[0].notifications, ACK);
    assert!(answered.taken && answered.waiting == 0);
    bus.sandbox.clock().advance(chrono::TimeDelta::hours(3));
    assert!(control.outbound_due().is_empty());
}

#[test]
fn pauses_grow_to_two_hours_and_end_after_a_day() {
    let bus = Bus::new();
    let control = bus.sandbox.salesforce_events();
    control.outbound("Contact", &["LastName"], "https://hook.example.com").unwrap();
    bus.person("A");
    let mut attempts = Vec::new();
    for minute in 0..26 * 60 {
        if !control.outbound_due().is_empty() {
            attempts.push(minute);
        }
        bus.sandbox.clock().advance(chrono::TimeDelta::minutes(1));
    }
    let pauses: Vec<i32> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 64, 120]);
    assert!(pauses[8..].iter().all(|pause| *pause == 120));
    assert!(attempts.last().is_some_and(|last| *last < 24 * 60) && control.outbound_waiting() == 0);
}

#[test]
fn a_record_that_is_gone_leaves_an_empty_notification() {
    let bus = Bus::new();
    let control = bus.sandbox.salesforce_events();
    control.outbound("Contact", &["LastName"], "https://hook.example.com").unwrap();
    let id = bus.person("A");
    bus.sandbox.delete(Vendor::Salesforce, "Contact", &id).unwrap();
    let due = control.outbound_due();
    let message = OutboundMessage::parse(due[0].body.as_bytes(), &organization(&bus)).unwrap();
    assert_eq!((message.notifications().len(), message.notifications()[0].record_id()), (1, None));
    let other = "00D000000000001".parse().unwrap();
    assert_eq!(OutboundMessage::parse(due[0].body.as_bytes(), &other).unwrap_err().kind(), ErrorKind::Forbidden);
}

#[test]
fn a_hundred_notifications_to_a_message() {
    let bus = Bus::new();
    let control = bus.sandbox.salesforce_events();
    control.outbound("Contact", &["LastName"], "https://hook.example.com").unwrap();
    (0..250).for_each(|_| drop(bus.person("x")));
    let due = control.outbound_due();
    let sizes: Vec<usize> = due
        .iter()
        .map(|delivery| {
            OutboundMessage::parse(delivery.body.as_bytes(), &organization(&bus)).unwrap().notifications().len()
        })
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    control.outbound("Contact", &["Nope"], "https://x").unwrap_err();
}
