//! Many records at once: records that were locked are sent again, only they; a refusal never looks like success; records
//! of several objects share calls; all-or-none holds.

use futures::StreamExt;
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

mod many {
    //! The cheapest way, and what it says about itself.

    use futures::stream;
    use salesforce::{AccountUpdate, Write, WriteKind, WritePolicy, WriteWay};

    use super::*;

    fn titled(title: &str) -> ContactUpdate {
        ContactUpdate { title: title.into(), ..ContactUpdate::default() }
    }

    #[tokio::test]
    async fn a_thousand_records_take_one_call_and_one_record_takes_one() {
        let org = Org::empty().await;
        org.client.userinfo().await.unwrap();
        let contacts = org.client.contacts();
        let writes: Vec<Write<Contact>> = (0..1_000).map(|n| Write::create(&person(&n.to_string(), None))).collect();
        let before = org.calls();
        let report = contacts.write_many(&writes, &WritePolicy::new()).await.unwrap();
        assert_eq!((org.calls() - before, report.calls, report.plan.calls()), (1, 1, 1));
        assert_eq!(report.plan.steps[0].way, WriteWay::Composite);
        let ids: Vec<Id<Contact>> = report.into_result().unwrap().into_iter().map(|saved| saved.id).collect();
        let rows = contacts.retrieve(&ids, &["LastName"]).await.unwrap();
        assert!(rows.into_iter().enumerate().all(|(n, row)| row.unwrap().unwrap().last_name == Some(n.to_string())));
        let report = contacts.write_many(&[Write::update(ids[0], &titled("x"))], &WritePolicy::new()).await.unwrap();
        assert_eq!((report.plan.steps[0].way, report.calls), (WriteWay::Single, 1));
        assert!(report.results.summary().is_success());
        assert_eq!(
            report.to_string(),
            "1 of 1 saved; 1 calls made, 0 records sent again; planned 1 calls: Update 1, by a call of its own"
        );
        let report = contacts.write_many(&[], &WritePolicy::new()).await.unwrap();
        assert_eq!((report.calls, report.results.len()), (0, 0));
    }

    #[tokio::test]
    async fn writes_of_all_kinds_keep_their_order_and_their_places() {
        let org = Org::empty().await;
        let contacts = org.client.contacts();
        let old = contacts.create(&person("old", None)).await.unwrap();
        let doomed = contacts.create(&person("doomed", None)).await.unwrap();
        let writes = vec![
            Write::update(old, &titled("first")),
            Write::upsert("Crmkit_Key__c", "k", &person("keyed", None)),
            Write::create(&NewContact::default()),
            Write::delete(doomed),
            Write::update(old, &titled("second")),
            Write::upsert("Crmkit_Key__c", " K ", &person("again", None)),
            Write::upsert("Crmkit_Key__c", "", &person("no key", None)),
            Write::create(&person("@{Contact_0.id}", None)),
            Write::delete(old),
            Write::create(&person("new", None)),
        ];
        let before = org.calls();
        let report = contacts.write_many(&writes, &WritePolicy::new()).await.unwrap();
        let fates: Vec<bool> = report.results.iter().map(Result::is_ok).collect();
        assert_eq!(fates, [true, true, false, true, true, true, false, true, true, true], "{report}");
        let created: Vec<Option<bool>> =
            [1, 5].iter().map(|place| report.results[*place].as_ref().unwrap().created).collect();
        assert_eq!(created, [Some(true), Some(false)]);
        // Three rounds; the value that looks like a reference travels alone, between what comes before and after it.
        assert_eq!((org.calls() - before, report.calls, report.plan.calls()), (5, 5, 3));
        assert_eq!(report.results[6].as_ref().unwrap_err().kind(), ErrorKind::Config);
        let rows: Vec<_> =
            org.client.query::<Contact>("SELECT Id, LastName FROM Contact ORDER BY LastName").stream().collect().await;
        let names: Vec<_> = rows.into_iter().map(|row| row.unwrap().last_name.clone().unwrap()).collect();
        assert_eq!(names, ["@{Contact_0.id}", "again", "new"]);
    }

    #[tokio::test]
    async fn all_or_none_holds_over_collections_of_several_kinds() {
        let org = Org::empty().await;
        let contacts = org.client.contacts();
        let old = contacts.create(&person("old", None)).await.unwrap();
        let mut writes: Vec<Write<Contact>> = (0..500).map(|n| Write::create(&person(&n.to_string(), None))).collect();
        writes.push(Write::update(old, &titled("changed")));
        writes.push(Write::update("003000000000001".parse().unwrap(), &titled("nobody")));
        let all = WritePolicy::new().all_or_none();
        let report = contacts.write_many(&writes, &all).await.unwrap();
        assert_eq!(report.results.summary().to_string(), "0 of 502 saved, 1 refused, 501 undone");
        assert_eq!(report.calls, 1);
        assert!(report.results[0].as_ref().unwrap_err().vendor_message().contains("INVALID_CROSS_REFERENCE_KEY"));
        assert_eq!(report.results.first_failure().unwrap().0, 501);
        assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 1);
        writes.pop();
        let report = contacts.write_many(&writes, &all).await.unwrap();
        assert!(report.results.summary().is_success());
        let many: Vec<Write<Contact>> = (0..1_001).map(|n| Write::create(&person(&n.to_string(), None))).collect();
        let before = org.calls();
        assert_eq!(contacts.write_many(&many, &all).await.unwrap_err().kind(), ErrorKind::Config);
        let twice = [Write::update(old, &titled("a")), Write::delete(old)];
        assert_eq!(contacts.write_many(&twice, &all).await.unwrap_err().kind(), ErrorKind::Config);
        let unwritable = [Write::create(&person("a", None)), Write::upsert("Crmkit_Key__c", "", &person("b", None))];
        assert_eq!(contacts.write_many(&unwritable, &all).await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(org.calls(), before, "nothing was sent");
    }

    #[tokio::test]
    async fn rows_that_were_locked_inside_a_composite_are_sent_again_and_only_they() {
        let org = Org::empty().await;
        let parents = accounts(&org, 1).await;
        let writes: Vec<Write<Contact>> =
            (0..450).map(|n| Write::create(&person(&n.to_string(), (n % 100 == 7).then_some(parents[0])))).collect();
        org.sandbox.hold(Vendor::Salesforce, "Account", parents[0].as_str(), 6).unwrap();
        let report = org.client.contacts().write_many(&writes, &WritePolicy::new()).await.unwrap();
        assert!(report.results.summary().is_success(), "{report}");
        // Five were locked, then one of the five.
        assert_eq!((report.calls, report.resent), (3, 6));
        assert_eq!(org.client.count("SELECT COUNT() FROM Contact").await.unwrap(), 450);
    }

    #[tokio::test]
    async fn an_undone_composite_is_sent_again_as_a_whole() {
        let org = Org::empty().await;
        let parents = accounts(&org, 2).await;
        org.sandbox.hold(Vendor::Salesforce, "Account", parents[1].as_str(), 2).unwrap();
        let change = |name: &str| AccountUpdate { name: name.into(), ..AccountUpdate::default() };
        let writes = vec![
            Write::create(&company("new")),
            Write::update(parents[0], &change("a")),
            Write::update(parents[1], &change("b")),
        ];
        let report = org.client.accounts().write_many(&writes, &WritePolicy::new().all_or_none()).await.unwrap();
        assert!(report.results.summary().is_success(), "{report}");
        assert_eq!((report.calls, report.resent), (3, 6));
        assert_eq!(org.client.count("SELECT COUNT() FROM Account").await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_spent_budget_stops_a_write_before_its_first_call() {
        let org = Org::build(sandbox::Data::Empty, |builder| builder.daily_calls(4)).await;
        org.client.userinfo().await.unwrap();
        let contacts = org.client.contacts();
        let writes: Vec<Write<Contact>> = (0..5_001).map(|n| Write::create(&person(&n.to_string(), None))).collect();
        let before = org.calls();
        for policy in [WritePolicy::new(), WritePolicy::new().max_calls(2)] {
            let error = contacts
                .write_many(&writes[..if policy.max_calls.is_some() { 2_001 } else { 5_001 }], &policy)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
            assert!(error.vendor_message().contains("nothing was sent"), "{error}");
        }
        assert_eq!(org.calls(), before);
        assert_eq!(contacts.plan_writes(&writes[..2_001], &WritePolicy::new()).unwrap().calls(), 3);
        let server = Org::empty().await;
        server.client.userinfo().await.unwrap();
        server.sandbox.set_quirks(Vendor::Salesforce, &serde_json::json!({ "daily_api_requests": 4 })).unwrap();
        server.client.count("SELECT COUNT() FROM Contact").await.unwrap();
        let error = server.client.contacts().write_many(&writes, &WritePolicy::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QuotaExhausted, "the server's own word");
    }

    #[tokio::test]
    async fn a_stream_is_written_as_it_comes() {
        let org = Org::empty().await;
        let contacts = org.client.contacts();
        let writes = stream::iter((0..2_500).map(|n| Write::create(&person(&n.to_string(), None))));
        let report = contacts.write_stream(writes, &WritePolicy::new()).await.unwrap();
        assert_eq!((report.results.summary().saved, report.calls), (2_500, 3));
        assert_eq!(report.plan.steps[0].writes, [(WriteKind::Create, 2_500)]);
        let all = contacts.write_stream(stream::iter([]), &WritePolicy::new().all_or_none()).await;
        assert_eq!(all.unwrap_err().kind(), ErrorKind::Config);
    }
}

mod by_bulk {
    //! What is worth a bulk job goes by one, with the same results in the same places.

    use salesforce::{CallOptions, DuplicateRules, Write, WritePolicy, WriteWay};

    use super::*;

    #[tokio::test]
    async fn bulk_jobs_give_each_record_its_result_in_its_place() {
        let org = Org::empty().await;
        let contacts = org.client.contacts();
        let old = contacts.create(&person("old", None)).await.unwrap();
        let doomed = contacts.create(&person("doomed", None)).await.unwrap();
        let mut writes: Vec<Write<Contact>> = (0..30)
            .map(|n| match n % 3 {
                0 => {
                    Write::create(&NewContact { title: Some("a, \"b\"\n@{x}".into()), ..person(&n.to_string(), None) })
                }
                1 => Write::upsert("Crmkit_Key__c", &format!("k{n}"), &person(&n.to_string(), None)),
                _ => Write::create(&NewContact { email: Some("bad".into()), ..person(&n.to_string(), None) }),
            })
            .collect();
        writes
            .push(Write::update(old, &ContactUpdate { title: salesforce::Change::Clear, ..ContactUpdate::default() }));
        writes.push(Write::delete(doomed));
        let report = contacts.write_many(&writes, &WritePolicy::new().bulk_from(10)).await.unwrap();
        let ways: Vec<WriteWay> = report.plan.steps.iter().map(|step| step.way).collect();
        assert_eq!(ways, [WriteWay::Bulk, WriteWay::Bulk, WriteWay::Composite]);
        for (place, result) in report.results.iter().enumerate() {
            assert_eq!(result.is_ok(), place >= 30 || place % 3 != 2, "{place}: {result:?}");
        }
        assert_eq!(report.results[2].as_ref().unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
        assert_eq!(report.results[1].as_ref().unwrap().created, Some(true));
        assert!(report.calls > 5, "{report}");
        let ids: Vec<Id<Contact>> = [0, 1].iter().map(|place| report.results[*place].as_ref().unwrap().id).collect();
        let rows = contacts.retrieve(&ids, &["LastName", "Title", "Crmkit_Key__c"]).await.unwrap();
        let row = rows[0].as_ref().unwrap().as_ref().unwrap();
        assert_eq!((row.last_name.as_deref(), row.title.as_deref()), (Some("0"), Some("a, \"b\"\n@{x}")));
        let key = rows[1].as_ref().unwrap().as_ref().unwrap().extra("Crmkit_Key__c").unwrap().get().to_owned();
        assert_eq!(key, "\"k1\"");
    }

    #[tokio::test]
    async fn headers_that_bulk_jobs_do_not_heed_keep_writes_away_from_them() {
        let org = Org::empty().await;
        let writes: Vec<Write<Contact>> = (0..12_000).map(|n| Write::create(&person(&n.to_string(), None))).collect();
        let way = |client: &salesforce::Salesforce| {
            client.contacts().plan_writes(&writes, &WritePolicy::new()).unwrap().steps[0].way
        };
        assert_eq!(way(&org.client), WriteWay::Bulk);
        let lenient = CallOptions::new().duplicates(DuplicateRules::new().allow_save(true));
        assert_eq!(way(&org.client.with(lenient).unwrap()), WriteWay::Composite);
    }
}
