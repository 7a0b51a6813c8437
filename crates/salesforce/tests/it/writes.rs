//! Many records at once: records that were locked are sent again, only they; a refusal never looks like success; records
//! of several objects share calls; all-or-none holds.

use salesforce::{
    Account, ChangedRecord, Contact, ContactUpdate, ErrorKind, Id, NewAccount, NewContact, NewRecord, Opportunity,
    WriteOptions,
};
use sandbox::Vendor;

use crate::Org;

fn person(name: &str, account: Option<Id<Account>>) -> NewContact {
    NewContact { last_name: Some(name.into()), account_id: account, ..NewContact::default() }
}

fn company(name: &str) -> NewAccount {
    NewAccount { name: Some(name.into()), ..NewAccount::default() }
}

/// The last names of the records that a call carried, as the emulator's log shows the writes that were done.
async fn accounts(org: &Org, count: usize) -> Vec<Id<Account>> {
    let new: Vec<NewAccount> = (0..count).map(|n| company(&n.to_string())).collect();
    org.client.accounts().create_many(&new).await.into_result().unwrap().into_iter().map(|saved| saved.id).collect()
}

#[tokio::test]
async fn rows_that_were_locked_are_sent_again_and_only_they() {
    let org = Org::empty().await;
    let parents = accounts(&org, 2).await;
    let batch: Vec<NewContact> =
        (0..10).map(|n| person(&n.to_string(), Some(parents[usize::from(n % 5 == 0)]))).collect();
    org.sandbox.hold(Vendor::Salesforce, "Account", parents[1].as_str(), 3).unwrap();
    let before = org.calls();
    let saved = org.client.contacts().create_many(&batch).await;
    assert!(saved.summary().is_success(), "{}", saved.summary());
    // Two were locked, then one of these two, then none.
    assert_eq!(org.calls() - before, 3);
    assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 10, "none was written twice");
}

#[tokio::test]
async fn a_lock_that_stays_is_told_as_what_it_is() {
    let org = Org::empty().await;
    let parents = accounts(&org, 1).await;
    org.sandbox.hold(Vendor::Salesforce, "Account", parents[0].as_str(), 100).unwrap();
    let before = org.calls();
    let contacts = org.client.contacts().writing(WriteOptions::new().resends(2));
    let saved = contacts.create_many(&[person("a", Some(parents[0])), person("b", None)]).await;
    assert_eq!(org.calls() - before, 3);
    assert!(saved[1].is_ok());
    let error = saved[0].as_ref().unwrap_err();
    assert_eq!((error.vendor_code(), error.is_retryable()), (Some("UNABLE_TO_LOCK_ROW"), true));
    assert!(
        saved.into_result().unwrap_err().vendor_message().starts_with("1 of 2 saved, 1 refused; the record at 0: ")
    );
}

#[tokio::test]
async fn rows_sorted_by_their_parent_keep_their_places_in_the_results() {
    let org = Org::empty().await;
    let parents = accounts(&org, 3).await;
    let batch: Vec<NewContact> = (0..450).map(|n| person(&n.to_string(), Some(parents[n % 3]))).collect();
    let contacts = org.client.contacts().writing(WriteOptions::new().sort_by("AccountId"));
    let ids: Vec<Id<Contact>> =
        contacts.create_many(&batch).await.into_result().unwrap().into_iter().map(|saved| saved.id).collect();
    let rows = org.client.contacts().retrieve(&ids, &["LastName", "AccountId"]).await.unwrap();
    for (n, row) in rows.into_iter().enumerate() {
        let row = row.unwrap().unwrap();
        assert_eq!((row.last_name.clone(), row.account_id), (Some(n.to_string()), Some(parents[n % 3])));
    }
    // Ids are given in the order in which the records were made: all of one parent, then all of the next.
    let mut made: Vec<(Id<Contact>, usize)> = ids.iter().enumerate().map(|(n, id)| (*id, n % 3)).collect();
    made.sort_unstable();
    let runs = made.chunk_by(|left, right| left.1 == right.1).count();
    assert_eq!(runs, 3);
}

#[tokio::test]
async fn all_or_none_saves_all_or_none() {
    let org = Org::empty().await;
    let parents = accounts(&org, 1).await;
    let all = org.client.contacts().all_or_none();
    let bad = NewContact { email: Some("bad".into()), ..person("b", None) };
    let results = all.create(&[person("a", None), bad.clone(), person("c", None)]).await;
    assert_eq!(results.summary().to_string(), "0 of 3 saved, 1 refused, 2 undone");
    let undone = results[2].as_ref().unwrap_err();
    assert_eq!(undone.kind(), ErrorKind::Precondition);
    assert!(undone.vendor_message().contains("INVALID_EMAIL_ADDRESS, the record at 1"), "{}", undone.vendor_message());
    assert_eq!(results.into_result().unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 0);

    // Locked: nothing was done, so all are sent again.
    org.sandbox.hold(Vendor::Salesforce, "Account", parents[0].as_str(), 2).unwrap();
    let saved = all.create(&[person("a", None), person("b", Some(parents[0]))]).await.into_result().unwrap();
    assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 2);
    // A lock and a refusal that stays: sending again is of no use.
    org.sandbox.hold(Vendor::Salesforce, "Account", parents[0].as_str(), 1).unwrap();
    let before = org.calls();
    assert_eq!(all.create(&[person("a", Some(parents[0])), bad]).await.summary().refused, 2);
    assert_eq!(org.calls() - before, 1);

    let too_many = vec![person("x", None); 201];
    let before = org.calls();
    let refused = all.create(&too_many).await;
    assert_eq!((refused.summary().refused, org.calls() - before), (201, 0));
    assert!(refused[0].as_ref().unwrap_err().vendor_message().contains("200 records"));
    let mut unwritable = person("x", None);
    unwritable.custom.set("Region__c", std::collections::BTreeMap::from([((1, 2), 3)]));
    let refused = all.create(&[person("fine", None), unwritable]).await;
    assert_eq!((refused.summary().saved, org.calls() - before), (0, 0), "what cannot be sent keeps back the rest");

    let ids: Vec<Id<Contact>> = saved.iter().map(|saved| saved.id).collect();
    let gone: Id<Contact> = "003000000000001".parse().unwrap();
    let title = ContactUpdate { title: "x".into(), ..ContactUpdate::default() };
    assert!(all.update(&[(ids[0], title.clone()), (gone, title.clone())]).await.into_result().is_err());
    assert!(all.delete(&[ids[0], gone]).await.into_result().is_err());
    assert!(all.update(&[(ids[0], title.clone()), (ids[1], title)]).await.summary().is_success());
    assert!(all.upsert("Crmkit_Key__c", &[("k".into(), person("k", None))]).await.summary().is_success());
    assert!(all.delete(&ids).await.summary().is_success());
}

#[tokio::test]
async fn records_of_many_objects_share_calls() {
    let org = Org::empty().await;
    org.client.userinfo().await.unwrap();
    let before = org.calls();
    // Alternating objects: sent as they stand, they would need a call for every ten.
    let records: Vec<NewRecord> = (0..60)
        .map(|n| match n % 2 {
            0 => NewRecord::of::<Account>(&company(&n.to_string())),
            _ => NewRecord::of::<Contact>(&person(&n.to_string(), None)),
        })
        .chain([NewRecord::of::<Contact>(&NewContact::default())])
        .collect();
    let saved = org.client.create_mixed(records).await;
    assert_eq!(org.calls() - before, 1);
    assert_eq!(saved.summary().to_string(), "60 of 61 saved, 1 refused");
    assert_eq!(saved.first_failure().unwrap().0, 60);
    let ids: Vec<_> = saved.into_iter().take(60).map(|saved| saved.unwrap().id).collect();
    assert!(ids.iter().step_by(2).all(salesforce::Id::is::<Account>));
    let changes = ids
        .iter()
        .map(|id| match id.cast::<Contact>() {
            Some(id) => ChangedRecord::of(id, &ContactUpdate { title: "x".into(), ..ContactUpdate::default() }),
            None => ChangedRecord::of_fields::<Account>(id.cast().unwrap(), &serde_json::json!({ "Site": "x" })),
        })
        .collect();
    assert!(org.client.update_mixed(changes).await.summary().is_success());
    assert_eq!(org.client.count("SELECT COUNT() FROM Contact WHERE Title = 'x'").await.unwrap(), 30);
    let gone: Id<Opportunity> = "006000000000001".parse().unwrap();
    let doomed: Vec<_> = ids[..3].iter().copied().chain([gone.any()]).chain(ids[3..].iter().copied()).collect();
    let deleted = org.client.delete_mixed(&doomed).await;
    assert_eq!(deleted.failures().map(|(place, _)| place).collect::<Vec<_>>(), [3]);
    assert_eq!(org.calls() - before, 4);
}
