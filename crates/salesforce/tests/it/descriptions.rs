//! Descriptions are kept, shared and renewed; writes are held against them before they are sent.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use salesforce::{ErrorKind, Fields, NewContact, Problem};
use sandbox::{Data, Vendor};

use crate::Org;

/// Paths of the calls that were made for descriptions, with their status.
fn asked(org: &Org) -> Vec<(String, Option<u16>)> {
    let entries = org.sandbox.log().of(Vendor::Salesforce);
    let name = |path: &str| path.rsplit("/v62.0/").next().unwrap_or_default().to_owned();
    entries
        .iter()
        .filter(|entry| entry.path.contains("/sobjects"))
        .map(|entry| (name(&entry.path), entry.status))
        .collect()
}

#[tokio::test]
async fn a_description_is_asked_for_once_by_all_clones() {
    let org = Org::empty().await;
    let all: Vec<_> = (0..5).map(|_| org.client.clone()).collect();
    let described = futures::future::join_all(all.iter().map(|client| client.described("contact"))).await;
    assert!(described.iter().all(|described| described.as_ref().unwrap().name == "Contact"));
    assert!(Arc::ptr_eq(&org.client.contacts().described().await.unwrap(), described[0].as_ref().unwrap()));
    assert_eq!(asked(&org), [("sobjects/contact/describe".to_owned(), Some(200))]);
    assert_eq!(org.client.described("Nope").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_old_description_is_renewed_with_a_condition() {
    let time = Arc::new(rest_core::ManualClock::starting_at("2025-06-02T09:00:00Z".parse().unwrap()));
    let org = Org::build(Data::Empty, |builder| {
        builder.clock(Arc::clone(&time) as Arc<dyn rest_core::Clock>).describe_max_age(Duration::from_secs(60))
    })
    .await;
    let first = org.client.described("Contact").await.unwrap();
    time.shift(TimeDelta::seconds(30));
    assert!(Arc::ptr_eq(&org.client.described("Contact").await.unwrap(), &first));
    time.shift(TimeDelta::seconds(31));
    assert!(Arc::ptr_eq(&org.client.described("Contact").await.unwrap(), &first), "not modified");
    let one = |status| ("sobjects/Contact/describe".to_owned(), Some(status));
    assert_eq!(asked(&org), [one(200), one(304)]);
    assert!(Arc::ptr_eq(&org.client.described("Contact").await.unwrap(), &first));
    assert_eq!(asked(&org).len(), 2, "the answer renewed its age");
    org.client.forget_descriptions();
    assert!(!Arc::ptr_eq(&org.client.described("Contact").await.unwrap(), &first));

    let all = org.client.described_all().await.unwrap();
    assert!(all.sobjects.iter().any(|object| object.name == "Account"));
    time.shift(TimeDelta::hours(-1));
    assert!(
        Arc::ptr_eq(&org.client.described_all().await.unwrap(), &all),
        "a clock that was set back asks again, and gets 304"
    );
    assert_eq!(asked(&org).last().unwrap(), &("sobjects".to_owned(), Some(304)));
}

/// What the check finds, the vendor refuses; what it lets pass, the vendor takes.
#[tokio::test]
async fn findings_agree_with_the_vendor() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let described = contacts.described().await.unwrap();
    let mut good = Fields::new();
    good.set("LastName", "Lovelace");
    good.set("Email", "ada@example.com");
    good.set("Tier__c", "Gold");
    good.set("Birthdate", "1815-12-10");
    good.set("DoNotCall", true);
    assert_eq!(described.check_create(&good), []);
    let id = contacts.create_fields(&good).await.unwrap();
    for (name, value, problem, code) in [
        (
            "LastName",
            serde_json::json!("x".repeat(81)),
            Problem::TooLong { characters: 81, most: 80 },
            "STRING_TOO_LONG",
        ),
        ("LastName", serde_json::json!(null), Problem::Missing, "REQUIRED_FIELD_MISSING"),
        ("Tier__c", serde_json::json!("Tin"), Problem::NotInPicklist, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Email", serde_json::json!("nobody"), Problem::NotAnEmail, "INVALID_EMAIL_ADDRESS"),
        ("Nope__c", serde_json::json!(1), Problem::Unknown, "INVALID_FIELD"),
        ("IsDeleted", serde_json::json!(true), Problem::NotWritable, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("AccountId", serde_json::json!("foo"), Problem::NotAnId, "MALFORMED_ID"),
        ("Birthdate", serde_json::json!("soon"), Problem::WrongType(salesforce::FieldKind::Date), "JSON_PARSER_ERROR"),
    ] {
        let mut fields = good.clone();
        fields.set(name, &value);
        let findings = described.check_create(&fields);
        assert_eq!(findings.iter().map(|found| &found.problem).collect::<Vec<_>>(), [&problem], "{name} {value}");
        let error = contacts.create_fields(&fields).await.unwrap_err();
        assert_eq!(error.vendor_code(), Some(code), "{name} {value}");
    }
    let mut empty = Fields::new();
    empty.clear("LastName");
    assert_eq!(described.check_update(&empty)[0].problem, Problem::NotNillable);
    assert_eq!(contacts.update_fields(id, &empty).await.unwrap_err().vendor_code(), Some("REQUIRED_FIELD_MISSING"));
    assert_eq!(described.check_create(&NewContact::default())[0].problem, Problem::Missing);
}
