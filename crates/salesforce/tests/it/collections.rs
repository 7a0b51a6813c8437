//! Many records in one call, against the emulated vendor.

use salesforce::{Contact, ContactUpdate, ErrorKind, Id, NewContact};

use crate::Org;

fn people(count: usize) -> Vec<NewContact> {
    let person = |n: usize| NewContact { last_name: Some(format!("P{n}")), ..NewContact::default() };
    (0..count).map(person).collect()
}

#[tokio::test]
async fn any_number_travels_by_the_fewest_calls_and_keeps_its_order() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    org.client.userinfo().await.unwrap();
    let before = org.calls();
    let ids: Vec<Id<Contact>> =
        contacts.create_many(&people(405)).await.into_iter().map(|saved| saved.unwrap().id).collect();
    assert_eq!(org.calls() - before, 3);

    let updates: Vec<_> =
        ids.iter().map(|id| (*id, ContactUpdate { title: id.as_str().into(), ..ContactUpdate::default() })).collect();
    assert!(contacts.update_many(&updates).await.iter().all(Result::is_ok));
    assert_eq!(org.calls() - before, 6);

    let rows = contacts.retrieve(&ids, &["Id", "LastName", "Title"]).await.unwrap();
    assert_eq!(org.calls() - before, 7);
    for ((n, id), row) in ids.iter().enumerate().zip(rows) {
        let row = row.unwrap().unwrap();
        assert_eq!(
            (row.id, row.last_name.clone(), row.title.as_deref()),
            (*id, Some(format!("P{n}")), Some(id.as_str()))
        );
    }

    assert!(contacts.delete_many(&ids).await.iter().all(Result::is_ok));
    assert_eq!(org.calls() - before, 10);
    assert!(contacts.retrieve(&ids[..2], &["Id"]).await.unwrap().iter().all(Option::is_none));
    let again = contacts.delete_many(&ids[..2]).await;
    assert!(again.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound)));
    assert!(contacts.create_many(&[]).await.is_empty());
}

#[tokio::test]
async fn a_refused_record_does_not_stop_the_others() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let mut batch = people(4);
    batch[1].last_name = None;
    batch[2].custom.set("Region__c", std::collections::BTreeMap::from([((1, 2), 3)]));
    let results = contacts.create_many(&batch).await;
    assert!(results[0].is_ok() && results[3].is_ok());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.vendor_code(), error.fields()[0].field.as_str()), (Some("REQUIRED_FIELD_MISSING"), "LastName"));
    assert_eq!(results[2].as_ref().unwrap_err().kind(), ErrorKind::Config, "what is no JSON is not sent");
    assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 2);
}

#[tokio::test]
async fn an_upsert_finds_what_it_made() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let batch: Vec<_> = people(3).into_iter().enumerate().map(|(n, new)| (format!("key/{n}"), new)).collect();
    let first = contacts.upsert_many("Crmkit_Key__c", &batch).await;
    assert!(first.iter().all(|saved| saved.as_ref().unwrap().created == Some(true)));
    let second = contacts.upsert_many("Crmkit_Key__c", &batch).await;
    for (first, second) in first.iter().zip(&second) {
        let (first, second) = (first.as_ref().unwrap(), second.as_ref().unwrap());
        assert_eq!((first.id, second.created), (second.id, Some(false)));
    }
    let twice = vec![batch[0].clone(), (batch[0].0.clone(), batch[1].1.clone()), (String::new(), batch[2].1.clone())];
    let results = contacts.upsert_many("Crmkit_Key__c", &twice).await;
    assert_eq!(results[0].as_ref().unwrap_err().kind(), ErrorKind::Conflict, "a value that occurs twice");
    assert_eq!(results[2].as_ref().unwrap_err().kind(), ErrorKind::Config, "an empty value");
}
