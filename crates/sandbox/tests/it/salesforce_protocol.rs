//! Conditions, relationships and other parts of the protocol around records.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

#[tokio::test]
async fn accounts_have_tags_and_other_objects_have_dates_only() {
    let org = Org::empty();
    let path = format!("sobjects/Account/{}", org.account("Acme").await);
    let first = org.get(&path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 10, "{tag}");
    let contact = format!("sobjects/Contact/{}", org.contact("x").await);
    assert_eq!(org.get(&contact).await.header("etag"), "");
    let ask = async |method: Method, header: &str, value: &str, body: Option<Value>| {
        org.call(method, &path, &[(header, value)], body.as_ref()).await
    };
    let known = ask(Method::GET, "if-none-match", &format!("\"x\", {tag}"), None).await;
    assert_eq!(
        (known.status, &known.body, known.header("etag")),
        (StatusCode::NOT_MODIFIED, &Value::Null, tag.as_str())
    );
    assert_eq!(ask(Method::GET, "if-match", &tag, None).await.status, StatusCode::OK);
    assert_eq!(ask(Method::GET, "if-match", "*", None).await.status, StatusCode::OK);
    assert_eq!(ask(Method::GET, "if-match", "\"x\"", None).await.refusal().0, 412);
    let write = Some(json!({"Phone": "1"}));
    assert_eq!(ask(Method::PATCH, "if-none-match", &tag, write.clone()).await.refusal().0, 412);
    assert_eq!(ask(Method::PATCH, "if-match", &tag, write.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask(Method::PATCH, "if-match", &tag, write).await.refusal().0, 412, "within the same second");
    assert_eq!(ask(Method::DELETE, "if-match", &tag, None).await.status, StatusCode::NO_CONTENT, "not for deletes");
    let ignored = org.call(Method::PATCH, &contact, &[("if-match", "\"x\"")], Some(&json!({"Title": "t"}))).await;
    assert_eq!(ignored.status, StatusCode::NO_CONTENT, "contacts have no tags");
}

#[tokio::test]
async fn conditions_can_be_demanded_and_dates_must_be_dates() {
    let org = Org::empty();
    org.sandbox.set_quirks(SF, &json!({"demand_conditional_updates": true})).unwrap();
    let path = format!("sobjects/Contact/{}", org.contact("x").await);
    let write = json!({"Title": "t"});
    assert_eq!(org.patch(&path, write.clone()).await.refusal().0, 428);
    let since = [("if-unmodified-since", "Mon, 02 Jun 2025 09:00:00 GMT")];
    assert_eq!(org.call(Method::PATCH, &path, &since, Some(&write)).await.status, StatusCode::NO_CONTENT);
    for header in ["if-unmodified-since", "if-modified-since"] {
        let answer = org.call(Method::GET, &path, &[(header, "2025-06-02")], None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{header}");
    }
}

#[tokio::test]
async fn relationships_are_followed_written_and_deleted_through() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let child = org.make("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let at = |rest: &str| format!("sobjects/Contact/{child}/{rest}");
    let owner = org.get(&at("Account/Owner?fields=Username")).await;
    assert_eq!(owner.body["attributes"]["type"], "User");
    assert_eq!(owner.body.as_object().unwrap().len(), 3, "attributes, what was asked for, and the id");
    assert_eq!(org.patch(&at("account"), json!({"Phone": "1"})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.read("Account", &account).await["Phone"], "1");
    assert_eq!(org.patch(&at("Account"), json!({"Nope": "1"})).await.refusal(), (400, "INVALID_FIELD"));
    for (path, refusal) in [
        (at("ReportsTo"), (404, "NOT_FOUND")),
        (at("Nope"), (404, "NOT_FOUND")),
        (at("Account/Contacts/Account"), (404, "NOT_FOUND")),
        (at("Account?fields=Nope"), (400, "INVALID_FIELD")),
    ] {
        assert_eq!(org.get(&path).await.refusal(), refusal, "{path}");
    }
    let siblings = org.get(&at("Account/Contacts?fields=LastName")).await;
    assert_eq!(siblings.body["records"][0]["LastName"], "x");
    let post = org.post(&at("Account"), json!({})).await;
    assert_eq!(post.message(), "HTTP Method 'POST' not allowed. Allowed are HEAD,GET,PATCH,DELETE");
    assert_eq!(org.delete(&at("Account")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.get(&format!("sobjects/Account/{account}")).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn children_come_in_pages() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    for batch in 0..2 {
        let record =
            |n| json!({"attributes": {"type": "Contact"}, "LastName": format!("{batch}-{n}"), "AccountId": account});
        let records: Vec<Value> = (0..200).map(record).collect();
        org.post("composite/sobjects", json!({"records": records})).await;
    }
    let headers = [("sforce-query-options", "batchSize=300")];
    let first = org.call(Method::GET, &format!("sobjects/Account/{account}/Contacts"), &headers, None).await;
    assert_eq!((&first.body["totalSize"], &first.body["done"]), (&json!(400), &json!(false)));
    let rest = org.get(first.body["nextRecordsUrl"].as_str().unwrap()).await;
    assert_eq!((rest.column("Id").len(), &rest.body["done"]), (100, &json!(true)));
}

#[tokio::test]
async fn values_that_end_like_files_do_not_reach_the_api() {
    let org = Org::empty();
    let write = json!({"LastName": "x"});
    assert_eq!(org.patch("sobjects/Contact/Crmkit_Key__c/a@b.inc", write.clone()).await.refusal(), (404, "NOT_FOUND"));
    org.sandbox.set_quirks(SF, &json!({"blocked_endings": []})).unwrap();
    assert_eq!(org.patch("sobjects/Contact/Crmkit_Key__c/a@b.inc", write).await.status, StatusCode::CREATED);
}
