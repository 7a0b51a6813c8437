//! Composite, batch, graph and tree requests against the emulated vendor: related records by one call, failures that
//! cannot be mistaken for success, and limits that are told before anything is sent.

use futures::StreamExt;
use proptest::prelude::*;
use salesforce::{
    Account, AccountUpdate, Contact, ContactUpdate, ErrorKind, Graph, Handle, Id, NewAccount, NewContact,
    NewOpportunity, Opportunity, Tree, part,
};
use sandbox::Vendor;
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Org, client_of};

fn company(name: &str) -> NewAccount {
    NewAccount { name: Some(name.into()), ..NewAccount::default() }
}

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.into()), ..NewContact::default() }
}

/// A contact that the vendor refuses.
fn refused() -> NewContact {
    NewContact { email: Some("no address".into()), ..person("x") }
}

async fn count(org: &Org, object: &str) -> u64 {
    org.client.count(salesforce::soql::Soql::unchecked(format!("SELECT COUNT() FROM {object}"))).await.unwrap()
}

#[tokio::test]
async fn related_records_are_made_read_and_changed_by_one_call() {
    let org = Org::empty().await;
    org.client.userinfo().await.unwrap();
    let before = org.calls();
    let mut request = org.client.composite().all_or_none();
    let account = request.add(part::create::<Account>(&company("Acme")));
    let ada = request.add(part::create::<Contact>(&person("Lovelace")).link("AccountId", account.id()));
    let deal = NewOpportunity {
        name: Some("Engine".into()),
        stage_name: Some("Prospecting".into()),
        close_date: "2026-01-31".parse().ok(),
        ..NewOpportunity::default()
    };
    let deal = request.add(part::create::<Opportunity>(&deal).link("AccountId", account.id()));
    let renamed =
        request.add(part::update(ada.id(), &ContactUpdate { title: "Analyst".into(), ..ContactUpdate::default() }));
    let read = request.add(part::get(ada.id(), &["LastName", "Title", "AccountId"]));
    let keyed = request
        .add(part::upsert::<Contact>("Crmkit_Key__c", "a/b @{c}", &person("Babbage")).link("AccountId", account.id()));
    let found = request.add(part::query::<Contact>("SELECT Id, LastName FROM Contact ORDER BY LastName"));
    let second =
        request.add(part::update(found.id_of(0), &ContactUpdate { title: "First".into(), ..ContactUpdate::default() }));
    let answer = request.send().await.unwrap().into_result().unwrap();
    assert_eq!(org.calls() - before, 1);

    let row = answer.get(&read).unwrap();
    assert_eq!((row.id, row.title.as_deref()), (answer.get(&ada).unwrap(), Some("Analyst")));
    assert_eq!(row.account_id, Some(answer.get(&account).unwrap()));
    assert!(answer.header(&deal, "location").unwrap().ends_with(answer.get(&deal).unwrap().as_str()));
    let upserted = answer.get(&keyed).unwrap();
    assert!(upserted.created);
    let names: Vec<_> =
        answer.get(&found).unwrap().records.iter().map(|row| row.as_ref().unwrap().last_name.clone()).collect();
    assert_eq!(names, [Some("Babbage".to_owned()), Some("Lovelace".to_owned())]);
    answer.get(&renamed).unwrap();
    answer.get(&second).unwrap();
    let babbage = org.client.contacts().get(upserted.id).await.unwrap();
    assert_eq!(babbage.title.as_deref(), Some("First"));
    assert_eq!(babbage.extra("Crmkit_Key__c").map(serde_json::value::RawValue::get), Some("\"a/b @{c}\""));
}

#[tokio::test]
async fn a_failure_inside_an_answer_of_200_is_a_failure_and_names_its_cause() {
    let org = Org::empty().await;
    let mut request = org.client.composite().all_or_none();
    let account = request.add(part::create::<Account>(&company("Acme")));
    let bad = request.add(part::create::<Contact>(&refused()).link("AccountId", account.id()));
    let late = request.add(part::create::<Contact>(&person("late")));
    let answer = request.send().await.unwrap();
    let own = answer.get(&bad).unwrap_err();
    assert_eq!((own.kind(), own.vendor_code()), (ErrorKind::Invalid, Some("INVALID_EMAIL_ADDRESS")));
    for undone in [answer.get(&account).map(Id::any), answer.get(&late).map(Id::any)] {
        let error = undone.unwrap_err();
        assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Precondition, Some("PROCESSING_HALTED")));
        assert!(error.vendor_message().contains("Contact_1 (create Contact)"), "{}", error.vendor_message());
        assert!(error.vendor_message().contains("INVALID_EMAIL_ADDRESS"), "{}", error.vendor_message());
    }
    let summary = answer.summary();
    assert_eq!((summary.done, summary.failed, summary.undone), (0, 1, 2));
    assert_eq!(answer.failures().map(|(name, _)| name).collect::<Vec<_>>(), ["Contact_1"]);
    let error = answer.into_result().unwrap_err();
    assert_eq!(error.vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    assert!(error.vendor_message().starts_with("0 of 3 parts done, 1 failed, 2 undone; Contact_1: "));
    assert_eq!(count(&org, "Account").await, 0);
}

#[tokio::test]
async fn without_all_or_none_only_dependents_fail_with_a_part() {
    let org = Org::empty().await;
    let mut request = org.client.composite();
    let bad = request.add(part::create::<Account>(&NewAccount::default()));
    let child = request.add(part::create::<Contact>(&person("child")).link("AccountId", bad.id()));
    let grandchild =
        request.add(part::update(child.id(), &ContactUpdate { title: "x".into(), ..ContactUpdate::default() }));
    let other = request.add(part::create::<Contact>(&person("other")));
    let people = request.add(part::create_many::<Contact>(&[person("a"), refused(), person("c")]));
    let first =
        request.add(part::update(people.id_of(0), &ContactUpdate { title: "x".into(), ..ContactUpdate::default() }));
    let refused_one = request.add(part::delete(people.id_of(1)));
    let answer = request.send().await.unwrap();
    assert!(answer.get(&other).is_ok() && answer.get(&first).is_ok());
    for error in [answer.get(&child).map(drop).unwrap_err(), answer.get(&grandchild).unwrap_err()] {
        assert!(error.vendor_message().contains("Account_0 (create Account)"), "{}", error.vendor_message());
    }
    assert!(answer.get(&refused_one).unwrap_err().vendor_message().contains("INVALID_EMAIL_ADDRESS"));
    let results = answer.get(&people).unwrap();
    assert_eq!(results.summary().to_string(), "2 of 3 saved, 1 refused");
    let summary = answer.summary();
    assert_eq!((summary.done, summary.failed, summary.undone), (2, 2, 3));
    assert_eq!(answer.failures().map(|(name, _)| name).collect::<Vec<_>>(), ["Account_0", "Contact_4"]);
    assert!(answer.into_result().is_err());
}

#[tokio::test]
async fn a_collection_in_an_undone_request_shows_success_and_is_not_believed() {
    let org = Org::empty().await;
    let mut request = org.client.composite().all_or_none();
    let people = request.add(part::create_many::<Contact>(&[person("a"), refused()]));
    let account = request.add(part::create::<Account>(&company("Acme")));
    let answer = request.send().await.unwrap();
    let results = answer.get(&people).unwrap();
    assert_eq!(results.summary().to_string(), "0 of 2 saved, 1 refused, 1 undone");
    assert!(results[0].as_ref().unwrap_err().vendor_message().contains("INVALID_EMAIL_ADDRESS"));
    assert!(answer.get(&account).unwrap_err().vendor_message().contains("Contact_0"));
    assert_eq!(count(&org, "Contact").await + count(&org, "Account").await, 0);
}

#[tokio::test]
async fn what_breaks_a_limit_is_told_before_anything_is_sent() {
    let org = Org::empty().await;
    org.client.userinfo().await.unwrap();
    let before = org.calls();
    let mut many = org.client.composite();
    (0..26).for_each(|n| drop(many.add(part::create::<Account>(&company(&n.to_string())))));
    let mut heavy = org.client.composite();
    (0..6).for_each(|_| drop(heavy.add(part::query::<Contact>("SELECT Id FROM Contact"))));
    let mut foreign = org.client.composite();
    let elsewhere = org.client.composite().add(part::create::<Account>(&company("x")));
    foreign.add(part::create::<Contact>(&person("x")).link("AccountId", elsewhere.id()));
    let mut reference_in_data = org.client.composite();
    reference_in_data.add(part::create::<Contact>(&person("@{Account_0.Name}")));
    for (request, words) in [
        (org.client.composite(), "1 to 25 parts, this one 0"),
        (many, "1 to 25 parts, this one 26"),
        (heavy, "at most 5 are queries or collections, here 6"),
        (foreign, "another request"),
        (reference_in_data, "a value holds `@{`"),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.vendor_message().contains(words), "{error}");
    }
    let mut graphs = org.client.graphs();
    (0..76).for_each(|n| {
        let mut graph = Graph::new(n.to_string());
        graph.add(part::create::<Account>(&company("x")));
        graphs.add(graph);
    });
    assert!(graphs.send().await.unwrap_err().vendor_message().contains("1 to 75 graphs, this one 76"));
    let mut deep = Graph::new("deep");
    let mut above = deep.add(part::create::<Account>(&company("x")));
    (0..15).for_each(|_| above = deep.add(part::create::<Account>(&company("x")).link("ParentId", above.id())));
    let mut wide = Graph::new("wide");
    (0..501).for_each(|_| drop(wide.add(part::create::<Account>(&company("x")))));
    let mut query = Graph::new("query");
    query.add(part::query::<Contact>("SELECT Id FROM Contact"));
    for (graph, words) in [
        (Graph::new("a.b"), "without a period"),
        (Graph::new("none"), "has no nodes"),
        (deep, "16 nodes that refer to each other"),
        (wide, "at most 500 nodes together, these 501"),
        (query, "single records only"),
    ] {
        let mut request = org.client.graphs();
        request.add(graph);
        let error = request.send().await.unwrap_err();
        assert!(error.vendor_message().contains(words), "{error}");
    }
    let mut batch = org.client.batch();
    let made = batch.add(part::create::<Account>(&company("x")));
    batch.add(part::delete(made.id()));
    assert!(batch.send().await.unwrap_err().vendor_message().contains("cannot refer to each other"));
    assert_eq!(org.calls(), before);
}

#[tokio::test]
async fn handles_of_another_request_are_refused() {
    let org = Org::empty().await;
    let mut first = org.client.composite();
    let here = first.add(part::create::<Account>(&company("x")));
    let mut second = org.client.composite();
    let there = second.add(part::create::<Account>(&company("x")));
    let answer = first.send().await.unwrap();
    assert!(answer.get(&here).is_ok());
    assert_eq!(answer.get(&there).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn batches_answer_part_by_part_and_count_each() {
    let org = Org::empty().await;
    let mut batch = org.client.batch().halt_on_error();
    let made = batch.add(part::create::<Account>(&company("x")));
    let bad = batch.add(part::create::<Contact>(&refused()));
    let late = batch.add(part::create::<Account>(&company("never")));
    let answer = batch.send().await.unwrap();
    assert!(answer.get(&made).is_ok());
    assert_eq!(answer.get(&bad).unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    let halted = answer.get(&late).unwrap_err();
    assert_eq!(halted.vendor_code(), Some("BATCH_PROCESSING_HALTED"));
    assert!(halted.vendor_message().contains("Contact_1"), "{}", halted.vendor_message());
    assert_eq!(count(&org, "Account").await, 1);
    let used = |org: &Org| org.client.daily_allowance().unwrap().remaining;
    let before = used(&org);
    let mut batch = org.client.batch();
    let rows: Vec<Handle<_>> = (0..3).map(|_| batch.add(part::get(answer.get(&made).unwrap(), &["Name"]))).collect();
    let answer = batch.send().await.unwrap().into_result().unwrap();
    assert!(rows.iter().all(|row| answer.get(row).unwrap().name.as_deref() == Some("x")));
    assert_eq!(before - used(&org), 3);
}

#[tokio::test]
async fn graphs_fail_one_by_one_and_locked_ones_are_sent_again() {
    let org = Org::empty().await;
    let parent = org.client.accounts().create(&company("parent")).await.unwrap();
    let mut request = org.client.graphs();
    let mut good = Graph::new("good");
    let account = good.add(part::create::<Account>(&company("Acme")));
    let ada = good.add(part::create::<Contact>(&person("Ada")).link("AccountId", account.id()));
    request.add(good);
    let mut bad = Graph::new("bad");
    let undone = bad.add(part::create::<Account>(&company("Undone")));
    let cause = bad.add(part::create::<Contact>(&refused()));
    request.add(bad);
    let mut locked = Graph::new("locked");
    let before_lock = locked.add(part::create::<Account>(&company("Once")));
    let child = locked.add(part::create::<Account>(&NewAccount { parent_id: Some(parent), ..company("child") }));
    request.add(locked);
    org.sandbox.hold(Vendor::Salesforce, "Account", parent.as_str(), 2).unwrap();
    let calls = org.calls();
    let answers = request.send().await.unwrap();
    assert_eq!(org.calls() - calls, 3, "the locked graph was sent three times, the others once");
    assert!(answers.get(&ada).is_ok() && answers.get(&account).is_ok());
    assert!(answers.get(&child).is_ok() && answers.get(&before_lock).is_ok());
    assert_eq!(answers.get(&cause).unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    assert!(answers.get(&undone).unwrap_err().vendor_message().contains("Contact_1"));
    let done: Vec<_> = answers.graphs().iter().map(|graph| (graph.id(), graph.is_successful())).collect();
    assert_eq!(done, [("good", true), ("bad", false), ("locked", true)]);
    let error = answers.into_result().unwrap_err();
    assert!(error.vendor_message().starts_with("1 of 3 graphs failed; graph bad: "), "{}", error.vendor_message());
    assert_eq!(count(&org, "Account").await, 4);
}

#[tokio::test]
async fn graphs_that_were_not_begun_are_sent_again() {
    let org = Org::empty().await;
    let mut request = org.client.graphs();
    let mut last = None;
    for n in 0..16 {
        let mut graph = Graph::new(n.to_string());
        let new = if n < 14 { NewAccount::default() } else { company("fine") };
        last = Some(graph.add(part::create::<Account>(&new)));
        request.add(graph);
    }
    let calls = org.calls();
    let answers = request.send().await.unwrap();
    assert!(answers.get(&last.unwrap()).is_ok());
    assert_eq!(answers.failures().count(), 14);
    assert_eq!(org.calls() - calls, 3, "a login, the request, and the two graphs that were not begun");
    assert_eq!(count(&org, "Account").await, 2);
}

#[tokio::test]
async fn a_tree_is_created_or_says_which_record_kept_it() {
    let org = Org::empty().await;
    let parent = org.client.accounts().create(&company("parent")).await.unwrap();
    let plant = |contact: NewContact| {
        let mut tree = Tree::<Account>::new();
        let acme = tree.add(&NewAccount { parent_id: Some(parent), ..company("Acme") });
        let ada = tree.add_below::<_, Contact>(&acme, "Contacts", &contact);
        let other = tree.add(&company("Other"));
        (tree, acme, ada, other)
    };
    let (tree, acme, ada, other) = plant(refused());
    let answer = org.client.create_tree(&tree).await.unwrap();
    assert_eq!(answer.id(&ada).unwrap_err().vendor_code(), Some("INVALID_EMAIL_ADDRESS"));
    for kept in [answer.id(&acme).unwrap_err(), answer.id(&other).unwrap_err()] {
        assert_eq!(kept.kind(), ErrorKind::Precondition);
        assert!(kept.vendor_message().contains("Contact_1"), "{}", kept.vendor_message());
    }
    assert!(answer.into_result().unwrap_err().vendor_message().starts_with("Contact_1: "));
    assert_eq!(count(&org, "Account").await, 1);

    org.sandbox.hold(Vendor::Salesforce, "Account", parent.as_str(), 1).unwrap();
    let (tree, acme, ada, _) = plant(person("Ada"));
    let calls = org.calls();
    let created = org.client.create_tree(&tree).await.unwrap().into_result().unwrap();
    assert_eq!(org.calls() - calls, 2, "once more for the lock");
    let row = org.client.contacts().get(created.id(&ada).unwrap()).await.unwrap();
    assert_eq!(row.account_id, Some(created.id(&acme).unwrap()));
    let (_, foreign, _, _) = plant(person("x"));
    assert_eq!(created.id(&foreign).unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn an_undone_request_is_sent_again_when_all_that_failed_was_locked() {
    let org = Org::empty().await;
    let parent = org.client.accounts().create(&company("parent")).await.unwrap();
    let request = |client: &salesforce::Salesforce| {
        let mut request = client.composite().all_or_none();
        let made = request.add(part::create::<Account>(&company("made")));
        request.add(part::update(parent, &AccountUpdate { description: "x".into(), ..AccountUpdate::default() }));
        (request, made)
    };
    org.sandbox.hold(Vendor::Salesforce, "Account", parent.as_str(), 3).unwrap();
    let (patient, made) = request(&org.client);
    let answer = patient.send().await.unwrap().into_result().unwrap();
    assert!(answer.get(&made).is_ok());
    assert_eq!(count(&org, "Account").await, 2, "what was undone three times is there once");
    org.sandbox.hold(Vendor::Salesforce, "Account", parent.as_str(), 3).unwrap();
    let (hasty, _) = request(&org.client);
    let error = hasty.resends(0).send().await.unwrap().into_result().unwrap_err();
    assert_eq!((error.vendor_code(), error.is_retryable()), (Some("UNABLE_TO_LOCK_ROW"), true));
}

#[tokio::test]
async fn the_rest_of_a_long_query_is_not_lost() {
    let org = Org::empty().await;
    let people: Vec<NewContact> = (0..2_100).map(|n| person(&n.to_string())).collect();
    let saved = org.client.contacts().create_many(&people).await;
    assert!(saved.summary().is_success());
    let mut request = org.client.composite();
    let found = request.add(part::query::<Contact>("SELECT Id FROM Contact"));
    let page = request.send().await.unwrap().get(&found).unwrap();
    assert!(!page.is_complete());
    let rest = org.client.rest_of(&page).count().await;
    assert_eq!(page.records.len() + rest, 2_100);
}

#[tokio::test]
async fn answers_that_do_not_match_the_parts_are_not_believed() {
    for (resource, body) in [
        ("composite", json!({ "compositeResponse": [] })),
        (
            "composite",
            json!({ "compositeResponse": [{ "body": null, "httpStatusCode": 201, "referenceId": "Other_0" }] }),
        ),
        ("composite/batch", json!({ "hasErrors": false, "results": [] })),
        ("composite/graph", json!({ "graphs": [] })),
        ("composite/tree/Account", json!({ "hasErrors": false, "results": [] })),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path(format!("/services/data/v62.0/{resource}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
        let client = client_of(&server);
        let new = part::create::<Account>(&company("x"));
        let kind = match resource {
            "composite" => {
                let mut request = client.composite();
                request.add(new);
                request.send().await.map(drop).unwrap_err().kind()
            }
            "composite/batch" => {
                let mut request = client.batch();
                request.add(new);
                request.send().await.map(drop).unwrap_err().kind()
            }
            "composite/graph" => {
                let mut graph = Graph::new("g");
                graph.add(new);
                let mut request = client.graphs();
                request.add(graph);
                request.send().await.map(drop).unwrap_err().kind()
            }
            _ => {
                let mut tree = Tree::<Account>::new();
                tree.add(&company("x"));
                client.create_tree(&tree).await.unwrap().into_result().unwrap_err().kind()
            }
        };
        assert_eq!(kind, ErrorKind::Unknown, "{resource}: the record may exist now");
    }
}

#[tokio::test]
async fn a_graph_that_is_said_to_have_failed_has_failed() {
    let server = MockServer::start().await;
    let node = json!({ "body": { "id": "001000000000001AAA", "success": true, "errors": [] }, "httpHeaders": {}, "httpStatusCode": 201, "referenceId": "Account_0" });
    let body = json!({ "graphs": [{ "graphId": "g", "graphResponse": { "compositeResponse": [node] }, "isSuccessful": false }] });
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    let mut graph = Graph::new("g");
    let made = graph.add(part::create::<Account>(&company("x")));
    let mut request = client_of(&server).graphs().resends(0);
    request.add(graph);
    let answers = request.send().await.unwrap();
    assert!(answers.get(&made).is_err() && !answers.graphs()[0].is_successful());
    assert!(answers.into_result().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a value holds, it arrives as it was, or is refused before it is sent: never as something else.
    #[test]
    fn values_never_turn_into_references(
        texts in prop::collection::vec("[@{}.\\[\\]\\\\\"A-Za-z0-9_ %+/?&=é]{1,24}", 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let org = Org::empty().await;
            let mut request = org.client.composite();
            let account = request.add(part::create::<Account>(&company("Acme")));
            let handles: Vec<_> = texts
                .iter()
                .enumerate()
                .map(|(n, text)| {
                    let new = NewContact { title: Some(text.clone()), ..person("x") };
                    let key = format!("{n} {text}");
                    request.add(part::upsert::<Contact>("Crmkit_Key__c", &key, &new).link("AccountId", account.id()))
                })
                .collect();
            let sent = request.send().await;
            if texts.iter().any(|text| text.contains("@{")) {
                assert_eq!(sent.map(drop).unwrap_err().kind(), ErrorKind::Config);
                return;
            }
            let answer = sent.unwrap().into_result().unwrap();
            for (n, (text, handle)) in texts.iter().zip(&handles).enumerate() {
                let row = org.client.contacts().get(answer.get(handle).unwrap().id).await.unwrap();
                assert_eq!(row.title.as_deref().unwrap_or_default(), text.trim());
                let key: String = serde_json::from_str(row.extra("Crmkit_Key__c").unwrap().get()).unwrap();
                assert_eq!(key, format!("{n} {text}").trim());
                assert_eq!(row.account_id, Some(answer.get(&account).unwrap()));
            }
        });
    }
}
