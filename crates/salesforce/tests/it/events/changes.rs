//! Change Data Capture: what a change event says.

use futures::StreamExt as _;
use salesforce::events::{ChangeType, FieldValue, Incoming, Start};
use salesforce::{Account, Contact, ContactUpdate, ErrorKind, NewContact, Salesforce, Task};
use sandbox::{Data, Sandbox, Vendor};
use serde_json::json;

use super::{Bus, change, next};
use crate::credentials;

/// A creation tells every field that has a value, an update the changed ones, and both in the names and forms of REST.
#[tokio::test(start_paused = true)]
async fn rows_of_an_event_are_like_rows_of_a_query() {
    let bus = Bus::new();
    let id = bus.contact(json!({"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com",
        "MailingCity": "London", "MailingCountry": "UK", "Birthdate": "1815-12-10"}));
    bus.edit(&id, json!({"FirstName": "Augusta", "Email": null, "MailingCity": "Paris", "MailingCountry": null}));
    let mut stream = bus.contacts(Start::Earliest);

    let created = change(&mut stream).await;
    assert_eq!((&created.header().change, created.header().entity.as_str()), (&ChangeType::Create, "Contact"));
    assert_eq!(created.header().record_ids, std::slice::from_ref(&id));
    assert!(created.header().changed_fields.is_empty() && created.header().nulled_fields.is_empty());
    let rows = created.records::<Contact>().unwrap();
    let row = &rows[0];
    assert_eq!(row.id.as_str(), id);
    assert_eq!(row.last_name.as_deref(), Some("Lovelace"));
    assert_eq!(row.mailing_city.as_deref(), Some("London"));
    assert_eq!(row.extra("Birthdate").unwrap().get(), "\"1815-12-10\"", "days are texts as in REST");
    assert_eq!(row.created_date, Some(bus.sandbox.clock().now()));
    assert!(row.extra("Phone").is_none(), "what has no value is not told");
    let wire = created.field("Name").unwrap();
    assert_eq!(wire.part("FirstName").and_then(FieldValue::as_str), Some("Ada"));
    assert!(created.to_json().contains("\"Birthdate\":-4861728000000"), "the event's own form has milliseconds");

    let edited = change(&mut stream).await;
    let header = edited.header();
    let mut changed = header.changed_fields.clone();
    changed.sort();
    let expected = [
        "Email",
        "LastModifiedById",
        "LastModifiedDate",
        "MailingAddress.City",
        "MailingAddress.Country",
        "Name.FirstName",
    ];
    // Both writes are the same human's, so the author does not change.
    assert_eq!(changed, expected.into_iter().filter(|name| *name != "LastModifiedById").collect::<Vec<_>>());
    let mut nulled = header.nulled_fields.clone();
    nulled.sort();
    assert_eq!(nulled, ["Email", "MailingAddress.Country"]);
    let rows = edited.records::<Contact>().unwrap();
    let told: Vec<&str> = rows[0].extras().map(|(name, _)| name).collect();
    assert_eq!(
        told,
        ["attributes", "Id", "FirstName", "MailingCity", "MailingCountry", "Email", "LastModifiedDate"]
            .into_iter()
            .filter(|name| told.contains(name))
            .collect::<Vec<_>>()
    );
    assert_eq!(told.len(), 7);
    assert_eq!(rows[0].first_name.as_deref(), Some("Augusta"));
    assert_eq!(rows[0].extra("Email").unwrap().get(), "null", "emptied");
    assert!(rows[0].extra("LastName").is_none(), "not changed");
    assert!(edited.records::<Account>().is_err(), "another object's type");
    assert!(!format!("{edited:?}").contains("Augusta"));
}

/// Deleting, coming back, merging: which events they make, in one transaction or several.
#[tokio::test(start_paused = true)]
async fn deletions_returns_and_merges_are_told() {
    let bus = Bus::new();
    let sandbox = &bus.sandbox;
    let account = sandbox.create(Vendor::Salesforce, "Account", json!({"Name": "Engines"})).unwrap().id;
    let (winner, loser) = (bus.contact(json!({"LastName": "A", "AccountId": account})), bus.person("B"));
    let task = sandbox.create(Vendor::Salesforce, "Task", json!({"Subject": "Call", "WhoId": loser})).unwrap().id;
    let mut stream = bus.events.subscribe("/data/ChangeEvents", Start::Latest);
    // The first item marks the place from which everything comes.
    let ready = async {
        bus.sandbox.salesforce_events().keep_alive();
        next(&mut stream).await
    };
    assert!(matches!(ready.await, Incoming::Position(_)));

    sandbox.delete(Vendor::Salesforce, "Account", &account).unwrap();
    let (first, second) = (change(&mut stream).await, change(&mut stream).await);
    assert_eq!((first.header().entity.as_str(), &first.header().change), ("Account", &ChangeType::Delete));
    assert_eq!((second.header().entity.as_str(), &second.header().record_ids), ("Contact", &vec![winner.clone()]));
    assert_eq!(first.header().transaction_key, second.header().transaction_key, "a cascade is one transaction");
    assert_eq!((first.header().sequence_number, second.header().sequence_number), (1, 2));
    assert_eq!(first.header().commit_number, second.header().commit_number);
    assert_eq!(first.changes().get(), "{}", "a deletion tells no fields");

    sandbox.restore(Vendor::Salesforce, "Account", &account).unwrap();
    let back = change(&mut stream).await;
    assert_eq!((&back.header().change, back.header().entity.as_str()), (&ChangeType::Undelete, "Account"));
    assert_eq!(back.records::<Account>().unwrap()[0].name.as_deref(), Some("Engines"));
    assert!(back.header().commit_number > first.header().commit_number);
    assert_eq!(change(&mut stream).await.header().change, ChangeType::Undelete);

    sandbox.merge(Vendor::Salesforce, "Contact", &winner, &[&loser]).unwrap();
    let mut merge = [change(&mut stream).await, change(&mut stream).await];
    merge.sort_by_key(|event| event.header().change.to_string());
    let [deleted, updated] = &merge;
    assert_eq!((&deleted.header().change, &deleted.header().record_ids), (&ChangeType::Delete, &vec![loser.clone()]));
    assert_eq!((&updated.header().change, &updated.header().record_ids), (&ChangeType::Update, &vec![winner.clone()]));
    assert_eq!(updated.header().transaction_key, deleted.header().transaction_key);

    // The task moved to the winner with the merge, and nobody was told; its next change is told as usual.
    sandbox.edit(Vendor::Salesforce, "Task", &task, json!({"Subject": "Call back"})).unwrap();
    let edited = change(&mut stream).await;
    assert_eq!(edited.header().entity, "Task");
    assert!(edited.records::<Task>().unwrap()[0].extra("WhoId").is_none());

    // Out of the bin for good: no event.
    sandbox.purge(Vendor::Salesforce, "Contact", &loser).unwrap();
    bus.person("Last");
    assert_eq!(change(&mut stream).await.header().change, ChangeType::Create);
}

/// Loop prevention: one's own writes carry the client name, others do not. Over the network, as a user would connect.
#[tokio::test]
async fn own_writes_are_recognised_by_the_client_name() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let builder = Salesforce::builder().login(credentials(&running)).client_name("my-sync");
    let client = builder.seed(1).build().unwrap();
    let ready: serde_json::Value = serde_json::from_str(running.ready_line()).unwrap();
    let events = client.pubsub().endpoint(ready["salesforce"]["pubsub_url"].as_str().unwrap()).unwrap();

    let id =
        client.contacts().create(&NewContact { last_name: Some("Own".into()), ..NewContact::default() }).await.unwrap();
    let update = ContactUpdate { title: salesforce::Change::Set("Analyst".into()), ..ContactUpdate::default() };
    client.contacts().update(id, &update).await.unwrap();
    sandbox.edit(Vendor::Salesforce, "Contact", id.as_str(), json!({"Title": "Countess"})).unwrap();

    let mut stream = events.subscribe("/data/ContactChangeEvent", Start::Earliest);
    let own = change(&mut stream).await;
    assert!(own.header().is_from_client("my-sync"), "{}", own.header().origin);
    assert_eq!(own.header().origin, "com/salesforce/api/rest/62.0;client=my-sync");
    assert!(change(&mut stream).await.header().is_from_client("my-sync"));
    let theirs = change(&mut stream).await;
    assert_eq!(theirs.header().client_name(), Some("SfdcInternalAPI"));
    assert!(!theirs.header().is_from_client("my-sync"));
    assert_ne!(theirs.header().commit_user, own.header().commit_user);
    assert!(theirs.header().changed_fields.contains(&"LastModifiedById".to_owned()));
    drop(stream);
    running.shutdown().await;
}

/// Events without data are told as what they are, with what to do.
#[tokio::test(start_paused = true)]
async fn gaps_and_overflows_are_no_ordinary_changes() {
    let bus = Bus::new();
    let id = bus.person("A");
    let control = bus.sandbox.salesforce_events();
    control.gap("Contact", "GAP_UPDATE", &[&id]).unwrap();
    control.gap("Contact", "GAP_OVERFLOW", &[]).unwrap();
    bus.edit(&id, json!({"Title": "x"}));
    let mut stream = bus.contacts(Start::Earliest);
    change(&mut stream).await;
    let Incoming::Gap(gap) = next(&mut stream).await else { panic!("no gap") };
    assert_eq!((gap.header.change.as_str(), gap.header.ids()[0].as_str()), ("GAP_UPDATE", id.as_str()));
    let Incoming::Overflow(gap) = next(&mut stream).await else { panic!("no overflow") };
    assert_eq!((gap.header.entity.as_str(), gap.header.record_ids.as_slice()), ("Contact", &["003*".to_owned()][..]));
    assert!(gap.header.ids().is_empty(), "a pattern is no id");
    assert_eq!(change(&mut stream).await.header().change, ChangeType::Update);
    control.gap("Contact", "GAP_SIDEWAYS", &[&id]).unwrap_err();
    control.gap("Nope", "GAP_UPDATE", &[&id]).unwrap_err();
}

/// One transaction: several records under one key; grouped into one event, or cut short by an overflow, if it so happens.
#[tokio::test(start_paused = true)]
async fn a_transaction_of_many_records() {
    let bus = Bus::new();
    let quirk = |changes| bus.sandbox.set_quirks(Vendor::Salesforce, &changes).unwrap();
    let account = bus.sandbox.create(Vendor::Salesforce, "Account", json!({"Name": "E"})).unwrap().id;
    for number in 0..5 {
        bus.contact(json!({"LastName": format!("P{number}"), "AccountId": account}));
    }
    let mut stream = bus.contacts(Start::Earliest);
    for _ in 0..5 {
        change(&mut stream).await;
    }
    quirk(json!({"group_change_events": true}));
    bus.sandbox.delete(Vendor::Salesforce, "Account", &account).unwrap();
    let together = change(&mut stream).await;
    assert_eq!((&together.header().change, together.header().record_ids.len()), (&ChangeType::Delete, 5));
    assert_eq!(together.records::<Contact>().unwrap().len(), 5);
    quirk(json!({"group_change_events": false, "change_event_overflow": 2}));
    bus.sandbox.restore(Vendor::Salesforce, "Account", &account).unwrap();
    assert_eq!(change(&mut stream).await.header().sequence_number, 2, "after the account");
    change(&mut stream).await;
    assert!(matches!(next(&mut stream).await, Incoming::Overflow(_)));
}

/// The schema may change under a running subscription: each event is read with its own, and each is fetched once.
#[tokio::test(start_paused = true)]
async fn an_object_may_change_while_it_is_watched() {
    let bus = Bus::new();
    let mut stream = bus.contacts(Start::Earliest);
    let id = bus.person("A");
    bus.edit(&id, json!({"Title": "x"}));
    let before = change(&mut stream).await;
    change(&mut stream).await;
    let field = bus.sandbox.salesforce_events().add_field("Contact").unwrap();
    bus.edit(&id, json!({"Title": "y"}));
    bus.edit(&id, json!({"Title": "z"}));
    let after = change(&mut stream).await;
    assert_eq!(change(&mut stream).await.records::<Contact>().unwrap()[0].title.as_deref(), Some("z"));
    assert!(before.field(&field).is_none() && after.field(&field).is_some_and(|value| value.is_null()));
    assert_eq!(bus.rpcs("GetSchema"), 2);
}

/// Every object and every one of its fields goes through: what REST shows of a new record is what its event tells.
#[tokio::test(start_paused = true)]
async fn what_an_event_tells_is_what_rest_shows() {
    let bus = Bus::of(Sandbox::builder().data(Data::Demo).build());
    let state = bus.sandbox.state(Vendor::Salesforce);
    let mut compared = 0;
    for object in ["Account", "Contact", "Opportunity", "Task", "Lead"] {
        let topic = format!("/data/{object}ChangeEvent");
        let rows = state[object].as_array().unwrap();
        let live = rows.iter().filter(|row| row["IsDeleted"] == json!(false)).take(5);
        for id in live.map(|row| row["Id"].as_str().unwrap().to_owned()) {
            // Into the bin and back: the event of the return tells every field that has a value.
            let mut stream = bus.events.subscribe(&topic, Start::Latest);
            bus.sandbox.salesforce_events().keep_alive();
            let quiet = async { while !matches!(next(&mut stream).await, Incoming::Position(_)) {} };
            quiet.await;
            if bus.sandbox.delete(Vendor::Salesforce, object, &id).is_err() {
                continue; // something holds it, such as an account's cases
            }
            bus.sandbox.restore(Vendor::Salesforce, object, &id).unwrap();
            let told = loop {
                let event = change(&mut stream).await;
                if event.header().change == ChangeType::Undelete && event.header().record_ids.contains(&id) {
                    break serde_json::from_str::<serde_json::Value>(event.changes().get()).unwrap();
                }
            };
            let shown = bus.sandbox.record(Vendor::Salesforce, object, &id).unwrap();
            for (name, value) in told.as_object().unwrap() {
                assert_eq!(value, &shown[name], "{object}.{name}");
                compared += 1;
            }
            let missing: Vec<&String> = shown
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, value)| !value.is_null() && !value.is_object() && told.get(name.as_str()).is_none())
                .map(|(name, _)| name)
                .collect();
            let left_out = [
                "Id",
                "IsDeleted",
                "SystemModstamp",
                "LastActivityDate",
                "LastViewedDate",
                "LastReferencedDate",
                "PhotoUrl",
                "Fiscal",
                "FiscalQuarter",
                "FiscalYear",
                // Formulas are not told.
                "Mail_Label__c",
                "Weighted_Amount__c",
            ];
            let missing: Vec<_> = missing.into_iter().filter(|name| !left_out.contains(&name.as_str())).collect();
            assert!(missing.iter().all(|name| *name == "Name"), "{object}: {missing:?}");
        }
    }
    assert!(compared > 200, "{compared}");
}

/// What a topic must be.
#[tokio::test(start_paused = true)]
async fn a_topic_that_is_not_there_is_told() {
    let bus = Bus::new();
    bus.sandbox.salesforce_events().enable("Contact", false).unwrap();
    for topic in ["/data/NopeChangeEvent", "/data/ContactChangeEvent", "/event/Nope__e", ""] {
        let mut stream = bus.events.subscribe(topic, Start::Latest);
        let error = stream.next().await.unwrap().unwrap_err();
        let expected = if topic.is_empty() { ErrorKind::Invalid } else { ErrorKind::NotFound };
        assert_eq!(error.kind(), expected, "{topic}: {error}");
        assert!(error.vendor_code().unwrap().starts_with("sfdc.platform.eventbus.grpc.topic."), "{error}");
        assert!(error.request_id().is_some());
    }
}
