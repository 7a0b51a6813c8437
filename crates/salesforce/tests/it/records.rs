//! Single records, describe, the feeds and the organisation, against the emulated vendor.

use chrono::TimeDelta;
use salesforce::{
    Change, Contact, ContactUpdate, ErrorKind, FieldKind, Fields, NewAccount, NewContact, NewNote, NewOpportunity,
    NewTask,
};
use sandbox::Data;

use crate::Org;

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let mut new = person("Lovelace");
    new.first_name = Some("Ada".into());
    new.birthdate = "1815-12-10".parse().ok();
    new.custom.set("Tier__c", "Gold");
    let id = contacts.create(&new).await.unwrap();

    let row = contacts.get(id).await.unwrap();
    assert_eq!((row.id, row.name.as_deref()), (id, Some("Ada Lovelace")));
    assert_eq!(row.birthdate, new.birthdate);
    assert_eq!(row.extra("Tier__c").unwrap().get(), r#""Gold""#);
    assert!(row.created_date.is_some() && row.system_modstamp >= row.created_date);

    let update = ContactUpdate { title: "Analyst".into(), first_name: Change::Clear, ..ContactUpdate::default() };
    contacts.update(id, &update).await.unwrap();
    let row = contacts.get_fields(id, &["Title", "FirstName", "LastName"]).await.unwrap();
    assert_eq!(
        (row.title.as_deref(), row.first_name.as_deref(), row.last_name.as_deref()),
        (Some("Analyst"), None, Some("Lovelace"))
    );
    assert!(row.extra("FirstName").is_some() && row.extra("Email").is_none(), "empty is not the same as not asked for");

    contacts.delete(id).await.unwrap();
    for error in [
        contacts.get(id).await.unwrap_err(),
        contacts.update(id, &update).await.unwrap_err(),
        contacts.delete(id).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

#[tokio::test]
async fn every_object_can_be_created() {
    let org = Org::empty().await;
    let client = &org.client;
    let account = NewAccount {
        name: Some("Analytical Engines".into()),
        annual_revenue: "19.00".parse().ok(),
        ..NewAccount::default()
    };
    let account = client.accounts().create(&account).await.unwrap();
    let contact = client.contacts().create(&NewContact { account_id: Some(account), ..person("Byron") }).await.unwrap();
    let deal = NewOpportunity {
        name: Some("Engine".into()),
        stage_name: Some("Prospecting".into()),
        close_date: "2025-12-31".parse().ok(),
        amount: "1234567890.12".parse().ok(),
        account_id: Some(account),
        contact_id: Some(contact),
        ..NewOpportunity::default()
    };
    let deal = client.opportunities().create(&deal).await.unwrap();
    let task = NewTask {
        subject: Some("Call".into()),
        who_id: Some(contact.any()),
        what_id: Some(deal.any()),
        ..NewTask::default()
    };
    let task = client.tasks().create(&task).await.unwrap();
    let note = NewNote {
        title: Some("T".into()),
        body: Some("line\nline".into()),
        parent_id: Some(deal.any()),
        ..NewNote::default()
    };
    let note = client.notes().create(&note).await.unwrap();

    let deal = client.opportunities().get(deal).await.unwrap();
    assert_eq!(deal.amount.unwrap().to_string(), "1234567890.12");
    assert!(deal.probability.is_some() && deal.is_closed == Some(false));
    let task = client.tasks().get(task).await.unwrap();
    assert_eq!((task.account_id, task.is_closed), (Some(account), Some(false)));
    assert_eq!(client.notes().get(note).await.unwrap().body.as_deref(), Some("line\nline"));
}

#[tokio::test]
async fn refusals_name_the_field_and_the_vendors_words() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let error = contacts.create(&NewContact::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("REQUIRED_FIELD_MISSING")));
    assert_eq!(error.fields()[0].field, "LastName");
    let mut unknown = person("x");
    unknown.custom.set("Nope__c", 1);
    let error = contacts.create(&unknown).await.unwrap_err();
    assert_eq!(error.vendor_code(), Some("INVALID_FIELD"));
    assert!(error.to_string().contains("Nope__c") && error.to_string().contains("field-level security"), "{error}");
    let bad_mail = NewContact { email: Some("not an address".into()), ..person("x") };
    assert_eq!(contacts.create(&bad_mail).await.unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    let mut nan = person("x");
    nan.custom.set("Region__c", std::collections::BTreeMap::from([((1, 2), 3)]));
    assert_eq!(contacts.create(&nan).await.unwrap_err().kind(), ErrorKind::Config, "what is no JSON is not sent");
}

#[tokio::test]
async fn describe_tells_what_the_organisation_has() {
    let org = Org::empty().await;
    let described = org.client.contacts().describe().await.unwrap();
    assert_eq!((described.name.as_str(), described.key_prefix.as_deref()), ("Contact", Some("003")));
    assert!(described.createable && described.queryable);
    assert!(described.field("lastname").unwrap().is_required() && !described.field("OwnerId").unwrap().is_required());
    assert!(described.field("Crmkit_Key__c").unwrap().is_unique_external_id());
    let tier = described.field("Tier__c").unwrap();
    assert_eq!((&tier.kind, tier.custom, tier.restricted_picklist), (&FieldKind::Picklist, true, true));
    assert!(tier.picklist_values.iter().any(|value| value.value == "Gold" && value.active));
    let all = org.client.describe_global().await.unwrap();
    assert!(all.sobjects.iter().any(|object| object.name == "Opportunity"));
}

#[tokio::test]
async fn the_feeds_tell_what_changed_and_what_is_gone() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let start = org.sandbox.clock().now();
    let kept = contacts.create(&person("kept")).await.unwrap();
    let gone = contacts.create(&person("gone")).await.unwrap();
    contacts.delete(gone).await.unwrap();
    org.sandbox.clock().advance(TimeDelta::hours(1));
    let end = org.sandbox.clock().now();
    let updated = contacts.updated(start - TimeDelta::minutes(5), end).await.unwrap();
    assert_eq!(updated.ids, [kept]);
    assert!(updated.latest_date_covered <= end);
    let deleted = contacts.deleted(start - TimeDelta::minutes(5), end).await.unwrap();
    assert_eq!(deleted.deleted_records.iter().map(|record| record.id).collect::<Vec<_>>(), [gone]);
    let error = contacts.updated(end - TimeDelta::days(40), end).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Invalid, Some("INVALID_REPLICATION_DATE")));
}

#[tokio::test]
async fn the_organisation_tells_who_what_and_how_much() {
    let org = Org::with(Data::Demo).await;
    let me = org.client.userinfo().await.unwrap();
    assert!(me.organization_id.as_str().starts_with("00D"));
    let user = org.client.users().get(me.user_id).await.unwrap();
    assert_eq!(user.username, me.preferred_username);
    let limits = org.client.limits().await.unwrap();
    assert!(limits["DailyApiRequests"].remaining > 0);
    let allowance = org.client.daily_allowance().unwrap();
    assert_eq!(allowance.limit.map(|limit| limit.to_string()), Some(limits["DailyApiRequests"].max.to_string()));
    assert!(
        org.client.versions().await.unwrap().iter().any(|release| release.api_version() == Some(org.client.version()))
    );
    let counted = org.client.count("SELECT COUNT() FROM Contact").await.unwrap();
    assert!(counted > 500);
    let counts = org.client.record_counts(&["Contact"]).await.unwrap();
    assert_eq!(counts.get("Contact"), Some(&counted));
}

#[tokio::test]
async fn fields_of_ones_own_and_raw_calls_reach_everything() {
    let org = Org::empty().await;
    let mut fields = Fields::new();
    fields.set("LastName", "Babbage");
    fields.set_decimal("MailingLatitude", "51.5".parse().unwrap());
    let done = org.client.contacts().upsert_fields("Crmkit_Key__c", "b", &fields).await.unwrap();
    let call = rest_core::Call::get("raw").path(["services", "data", "v62.0", "sobjects", "Contact", done.id.as_str()]);
    let row: Contact = org.client.raw(call).await.unwrap().json().unwrap();
    assert_eq!(row.last_name.as_deref(), Some("Babbage"));
}
