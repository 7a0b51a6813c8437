//! External ids that hold slashes, blanks, question marks and whatever else break naive clients: every call by external id
//! takes any value, refuses empty ones before the call, and names the records where several carry the value.

use salesforce::{Contact, ErrorDetails as _, ErrorKind, Fields, Id, NewContact};
use serde_json::json;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Org, client_of};

const KEY: &str = "Crmkit_Key__c";

fn person(name: &str) -> NewContact {
    NewContact { last_name: Some(name.to_owned()), ..NewContact::default() }
}

#[tokio::test]
async fn an_external_id_with_any_characters_finds_its_record_again() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    for key in [
        "ka/b ck",
        "kx?y#zk",
        "50%+1",
        "%2F",
        "ü&=;'\"",
        "..",
        ".",
        "a..",
        "a\\b",
        "name.exe",
        "x@example.inc",
        "日本",
        " leading and trailing ",
        "a//b",
        "(,)",
        "*",
        "~!@$",
        "a:b",
        "é",
    ] {
        let first = contacts.upsert(KEY, key, &person("First")).await.unwrap();
        assert!(first.created, "{key}");
        let second = contacts.upsert(KEY, key, &person("Second")).await.unwrap();
        assert_eq!((second.id, second.created), (first.id, false), "{key}");
        let mut title = Fields::new();
        title.set("Title", "Third");
        assert!(contacts.update_by_external_id(KEY, key, &title).await.unwrap(), "{key}");
        let row = contacts.get_by_external_id(KEY, key).await.unwrap();
        assert_eq!(
            (row.id, row.last_name.as_deref(), row.title.as_deref()),
            (first.id, Some("Second"), Some("Third")),
            "{key}"
        );
        let stored = row.extra(KEY).unwrap().get();
        assert_eq!(serde_json::from_str::<String>(stored).unwrap(), key.trim(), "decoded exactly once");
        contacts.delete_by_external_id(KEY, key).await.unwrap();
        let error = contacts.get_by_external_id(KEY, key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{key}: {error}");
        assert!(!contacts.update_by_external_id(KEY, key, &title).await.unwrap(), "{key}");
    }
}

#[tokio::test]
async fn an_empty_external_id_is_refused_before_it_is_sent() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    for empty in ["", " ", "\u{a0}"] {
        let errors = [
            contacts.upsert(KEY, empty, &person("x")).await.unwrap_err(),
            contacts.get_by_external_id(KEY, empty).await.unwrap_err(),
            contacts.delete_by_external_id(KEY, empty).await.unwrap_err(),
            contacts.update_by_external_id(KEY, empty, &Fields::new()).await.unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Config), "{errors:?}");
    }
    assert_eq!(org.calls(), 0);
}

#[tokio::test]
async fn an_external_id_that_several_carry_is_a_conflict_that_names_them() {
    let org = Org::empty().await;
    let contacts = org.client.contacts();
    let mut twin = person("Twin");
    twin.custom.set("Legacy_Id__c", "L-1");
    let mut ids = [contacts.create(&twin).await.unwrap(), contacts.create(&twin).await.unwrap()];
    ids.sort();
    let errors = [
        contacts.upsert("Legacy_Id__c", "L-1", &person("x")).await.unwrap_err(),
        contacts.get_by_external_id("Legacy_Id__c", "L-1").await.unwrap_err(),
        contacts.delete_by_external_id("Legacy_Id__c", "L-1").await.unwrap_err(),
        contacts.update_by_external_id("Legacy_Id__c", "L-1", &Fields::new()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.status().map(|s| s.as_u16())), (ErrorKind::Conflict, Some(300)), "{error}");
        let mut named: Vec<Id<Contact>> = error.matching_ids().into_iter().filter_map(Id::cast).collect();
        named.sort();
        assert_eq!(named, ids, "{error}");
        assert!(ids.iter().all(|id| error.vendor_message().contains(id.as_str())), "{error}");
    }
}

#[tokio::test]
async fn a_field_that_is_no_external_id_is_named() {
    let org = Org::empty().await;
    let error = org.client.contacts().upsert("Title", "setup", &person("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("Title") && error.hint().contains("external id field"), "{error}");
    assert_eq!(org.calls(), 2, "a login and one call: nothing else is tried");
}

#[tokio::test]
async fn updates_by_external_id_answered_in_the_old_way_are_understood() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    let error = client_of(&server).contacts().upsert(KEY, "a", &person("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "without an id there is nothing to return: {error}");
    assert!(client_of(&server).contacts().update_by_external_id(KEY, "a", &Fields::new()).await.unwrap());
}

#[tokio::test]
async fn what_the_edge_takes_for_a_file_name_goes_another_way() {
    let server = MockServer::start().await;
    let id = "003000000000001AAA";
    Mock::given(path_regex("/sobjects/Contact/Crmkit_Key__c/"))
        .respond_with(ResponseTemplate::new(404).set_body_raw("<html>Not found</html>", "text/html"))
        .mount(&server)
        .await;
    let saved = json!([{ "id": id, "success": true, "errors": [], "created": true }]);
    Mock::given(method("PATCH"))
        .and(path_regex("/composite/sobjects/Contact/Crmkit_Key__c$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(saved))
        .mount(&server)
        .await;
    let upserted = client_of(&server).contacts().upsert(KEY, "x@example.inc", &person("x")).await.unwrap();
    assert_eq!((upserted.id.as_str(), upserted.created), (id, true));
    let sent = server.received_requests().await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&sent.last().unwrap().body).unwrap();
    assert_eq!(body["records"][0][KEY], "x@example.inc");
}
