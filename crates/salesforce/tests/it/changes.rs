//! The feed of changes against the emulated vendor: deleted rows and merges come as tombstones, purges as gaps.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::TryStreamExt as _;
use salesforce::{ChangeCursor, Changed, Contact, ErrorKind, Id, NewContact, OpportunityStage, Records, Salesforce};
use sandbox::{Data, Fault, FaultKind, Matcher, Sandbox, Vendor};
use serde_json::json;

use crate::{Org, credentials};

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

/// The organisation's clock, as the client's machine shows it.
#[derive(Debug)]
struct SameTime(sandbox::Clock);

impl rest_core::Clock for SameTime {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }
}

async fn org() -> Org {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let clock = Arc::new(SameTime(sandbox.clock().clone()));
    let client = Salesforce::builder().login(credentials(&running)).clock(clock).seed(1).build().unwrap();
    Org { sandbox, running, client }
}

async fn read(contacts: &Records<Contact>, since: Option<ChangeCursor>) -> (Vec<Changed<Contact>>, ChangeCursor) {
    let mut events: Vec<_> = contacts.changes(since).stream().try_collect().await.unwrap();
    match events.pop() {
        Some(Changed::Finished(cursor)) => (events, cursor),
        other => panic!("{other:?}"),
    }
}

fn records(events: &[Changed<Contact>]) -> Vec<Id<Contact>> {
    let record = |event: &Changed<Contact>| match event {
        Changed::Record(row) => Some(row.id),
        _ => None,
    };
    events.iter().filter_map(record).collect()
}

#[tokio::test]
async fn updated_deleted_merged_restored_and_automated_rows_are_told() {
    let org = org().await;
    let contacts = org.client.contacts();
    let mut ids = Vec::new();
    for name in ["kept", "changed", "deleted", "winner", "loser", "automated", "restored"] {
        ids.push(contacts.create(&person(name)).await.unwrap());
    }
    let [_, changed, deleted, winner, loser, automated, restored] = ids[..] else { panic!() };
    contacts.delete(restored).await.unwrap();
    org.sandbox.clock().advance(TimeDelta::minutes(15));
    let (events, cursor) = read(&contacts, None).await;
    assert_eq!(records(&events).len(), 6, "alive ones only");
    assert!(events.iter().all(|event| matches!(event, Changed::Record(_))));

    org.sandbox.clock().advance(TimeDelta::hours(1));
    let (events, cursor) = read(&contacts, Some(cursor)).await;
    assert!(events.is_empty(), "{events:?}");

    let sandbox = &org.sandbox;
    let object = |id: Id<Contact>| id.to_string();
    sandbox.edit(Vendor::Salesforce, "Contact", &object(changed), json!({ "Title": "t" })).unwrap();
    sandbox.delete(Vendor::Salesforce, "Contact", &object(deleted)).unwrap();
    sandbox.merge(Vendor::Salesforce, "Contact", &object(winner), &[&object(loser)]).unwrap();
    sandbox.automate(Vendor::Salesforce, "Contact", &object(automated), json!({ "Title": "by a flow" })).unwrap();
    sandbox.restore(Vendor::Salesforce, "Contact", &object(restored)).unwrap();
    sandbox.clock().advance(TimeDelta::minutes(5));
    let (events, cursor) = read(&contacts, Some(cursor)).await;
    let mut told = records(&events);
    told.sort();
    let mut expected = vec![changed, winner, automated, restored];
    expected.sort();
    assert_eq!(told, expected);
    let gone: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Changed::Deleted(gone) => Some((gone.id, gone.merged_into, gone.purged)),
            _ => None,
        })
        .collect();
    assert_eq!(gone.len(), 2);
    assert!(gone.contains(&(deleted, None, false)) && gone.contains(&(loser, Some(winner), false)), "{gone:?}");

    sandbox.clock().advance(TimeDelta::minutes(5));
    let (events, _) = read(&contacts, Some(cursor)).await;
    assert!(events.is_empty(), "the overlap is read again and not told again: {events:?}");
    let live: Vec<Id<Contact>> = contacts.live_ids().try_collect().await.unwrap();
    assert_eq!(live.len(), 5);
}

#[tokio::test]
async fn deletions_that_are_no_longer_known_are_a_gap() {
    let org = org().await;
    let contacts = org.client.contacts();
    let id = contacts.create(&person("x")).await.unwrap();
    let (_, cursor) = read(&contacts, None).await;
    org.sandbox.clock().advance(TimeDelta::minutes(20));
    let (_, cursor) = read(&contacts, Some(cursor)).await;
    org.sandbox.clock().advance(TimeDelta::minutes(20));
    org.sandbox.delete(Vendor::Salesforce, "Contact", id.as_str()).unwrap();
    org.sandbox.purge(Vendor::Salesforce, "Contact", id.as_str()).unwrap();
    org.sandbox.clock().advance(TimeDelta::minutes(5));
    let (events, cursor) = read(&contacts, Some(cursor)).await;
    let [Changed::Gap(gap)] = &events[..] else { panic!("{events:?}") };
    assert!(gap.known_since > gap.since);
    assert!(contacts.live_ids().try_collect::<Vec<_>>().await.unwrap().is_empty(), "the comparison finds it gone");

    org.sandbox.clock().advance(TimeDelta::days(40));
    let (events, cursor) = read(&contacts, Some(cursor)).await;
    assert!(
        matches!(&events[..], [Changed::Gap(_)]),
        "40 days are more than the 15 that deletions are kept: {events:?}"
    );
    org.sandbox.clock().advance(TimeDelta::minutes(30));
    let (events, _) = read(&contacts, Some(cursor)).await;
    assert!(events.is_empty(), "{events:?}");
}

#[tokio::test]
async fn a_cursor_does_not_run_ahead_of_open_transactions() {
    let org = org().await;
    org.sandbox.set_quirks(Vendor::Salesforce, &json!({ "feed_lag_seconds": 3600 })).unwrap();
    org.sandbox.clock().advance(TimeDelta::hours(3));
    let (_, cursor) = read(&org.client.contacts(), None).await;
    let behind = org.sandbox.clock().now() - cursor.at();
    assert!(behind >= TimeDelta::minutes(59), "the feed covers all but the last hour: {behind}");
}

#[tokio::test]
async fn a_reading_that_breaks_off_is_repeated_from_the_old_cursor() {
    let org = org().await;
    let contacts = org.client.contacts();
    let id = contacts.create(&person("x")).await.unwrap();
    let fault = Fault::on(FaultKind::Server5xx { status: 500, after: false }, Matcher::on("GET", "/query")).times(4);
    org.sandbox.faults().inject(Vendor::Salesforce, fault);
    let events: Vec<_> = futures::StreamExt::collect::<Vec<_>>(contacts.changes(None).stream()).await;
    assert!(
        matches!(&events[..], [Err(error)] if error.kind() == ErrorKind::Server),
        "no cursor comes out: {events:?}"
    );
    let (events, _) = read(&contacts, None).await;
    assert_eq!(records(&events), [id]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_hide_the_others() {
    let org = org().await;
    let contacts = org.client.contacts();
    for name in ["a", "b", "c"] {
        contacts.create(&person(name)).await.unwrap();
    }
    org.sandbox.faults().inject(Vendor::Salesforce, Fault::on(FaultKind::BadRecord, Matcher::on("GET", "/query")));
    let (events, _) = read(&contacts, None).await;
    assert_eq!((records(&events).len(), events.len()), (2, 3));
    assert!(events.iter().any(|event| matches!(event, Changed::Unreadable(bad) if bad.id.is_some())));
}

#[tokio::test]
async fn lists_that_are_no_records_of_their_own_can_be_read_too() {
    let org = org().await;
    let stages = org.client.records::<OpportunityStage>();
    let events: Vec<_> = stages.changes(None).stream().try_collect().await.unwrap();
    assert!(events.len() > 5, "without IsDeleted and MasterRecordId");
}
