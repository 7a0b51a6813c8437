//! SOSL and parameterized search over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF, encode};

async fn org() -> Org {
    let org = Org::empty();
    let acme = org.make("Account", json!({"Name": "Acme Corp", "Phone": "(555) 123-4567", "Industry": "Energy"})).await;
    org.make("Account", json!({"Name": "Acme Holdings", "Industry": "Banking"})).await;
    org.make("Contact", json!({"FirstName": "Ada", "LastName": "Byron", "Email": "ada@acme.test", "AccountId": acme}))
        .await;
    org.make("Lead", json!({"LastName": "Acme", "Company": "Other", "Email": "lead@x.test"})).await;
    org
}

async fn search(org: &Org, sosl: &str) -> Vec<Value> {
    let answer = org.get(&format!("search?q={}", encode(sosl))).await;
    assert_eq!(answer.status, StatusCode::OK, "{sosl} {}", answer.body);
    answer.body["searchRecords"].as_array().unwrap().clone()
}

fn types(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["attributes"]["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn searches_find_words_in_the_fields_they_name() {
    let org = org().await;
    for (sosl, expected) in [
        ("FIND {acme}", "Account Account Contact Lead"),
        ("FIND {acme} IN NAME FIELDS", "Account Account Lead"),
        ("FIND {acme} IN EMAIL FIELDS RETURNING Contact, Lead", "Contact"),
        ("FIND {acme corp} RETURNING Account", "Account"),
        (r#"FIND {"holdings acme"} RETURNING Account"#, ""),
        ("FIND {5551234567} IN PHONE FIELDS RETURNING Account(Id)", "Account"),
        ("FIND {hold* OR byr?n} IN NAME FIELDS RETURNING Account, Contact", "Account Contact"),
        ("FIND {acme AND NOT corp} RETURNING Account", "Account"),
        (r"FIND {ada@acme.test} IN EMAIL FIELDS RETURNING Contact", "Contact"),
        ("FIND {acme} RETURNING Account(Id WHERE Industry = 'Energy'), Lead LIMIT 1", "Account"),
        ("FIND {acme} RETURNING Account(Id LIMIT 1), Lead", "Account Lead"),
    ] {
        let mut found = search(&org, sosl).await;
        found.sort_by_key(|record| record["attributes"]["type"].as_str().unwrap().to_owned());
        assert_eq!(types(&found).join(" "), expected, "{sosl}");
    }
    let rows = search(&org, "FIND {acme} RETURNING Account(Name, Owner.Name ORDER BY Name DESC)").await;
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(
        (keys, &rows[0]["Name"]),
        (vec![&"attributes".to_owned(), &"Name".to_owned(), &"Owner".to_owned()], &json!("Acme Holdings"))
    );
    let bare = search(&org, "FIND {byron}").await;
    assert_eq!(bare[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["attributes", "Id"]);
    let old = org.get(&format!("/services/data/v36.0/search?q={}", encode("FIND {byron}"))).await;
    assert!(old.body.is_array());
    let labels =
        org.get(&format!("search?q={}", encode("FIND {acme} RETURNING Account(Name) WITH METADATA='LABELS'"))).await;
    assert_eq!(labels.body["metadata"]["entityetadata"][0]["fieldMetadata"][0]["label"], "Account Name");
}

#[tokio::test]
async fn searches_are_refused_in_words() {
    let org = org().await;
    for (sosl, code, words) in [
        ("FIND acme", "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."),
        ("FIND {acme", "MALFORMED_SEARCH", "enclosed in braces"),
        ("LOOK {acme}", "MALFORMED_SEARCH", "unexpected token: LOOK"),
        ("FIND {a}", "MALFORMED_SEARCH", "search term must be longer than one character: a"),
        ("FIND {acme} IN SOME FIELDS", "MALFORMED_SEARCH", "unexpected token: SOME"),
        ("FIND {acme} RETURNING Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported"),
        ("FIND {acme} RETURNING Account(Foo)", "INVALID_FIELD", "No such column 'Foo'"),
        ("FIND {acme} RETURNING Profile", "INVALID_TYPE", "does not support search"),
        ("FIND {acme} RETURNING Account LIMIT 2001", "MALFORMED_SEARCH", "at most 2000"),
        ("FIND {acme} RETURNING Account WITH HIGHLIGHT", "MALFORMED_SEARCH", "WITH HIGHLIGHT"),
        ("FIND {acme} RETURNING Account(Name", "MALFORMED_SEARCH", "unexpected token: <EOF>"),
    ] {
        let answer = org.get(&format!("search?q={}", encode(sosl))).await;
        assert_eq!(answer.refusal(), (400, code), "{sosl} {}", answer.body);
        assert!(answer.message().contains(words), "{sosl} {}", answer.message());
    }
    assert_eq!(org.get("search").await.refusal(), (400, "MALFORMED_SEARCH"));
}

#[tokio::test]
async fn the_index_may_lag_behind() {
    let org = org().await;
    org.sandbox.set_quirks(SF, &json!({"search_delay_seconds": 10})).unwrap();
    assert!(search(&org, "FIND {byron}").await.is_empty());
    org.advance(10);
    assert_eq!(search(&org, "FIND {byron}").await.len(), 1);
}

#[tokio::test]
async fn searches_come_as_parameters_too() {
    let org = org().await;
    let answer =
        org.get("parameterizedSearch?q=acme&sobject=Account&Account.fields=Id,Name&Account.limit=1&in=NAME").await;
    let rows = answer.body["searchRecords"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["Name"]), (1, &json!("Acme Corp")));
    let body = json!({
        "q": "acme", "in": "ALL", "fields": ["Id"], "defaultLimit": 10, "overallLimit": 100,
        "sobjects": [{"name": "Account", "fields": ["Id", "Name"], "where": "Industry = 'Banking'"}, {"name": "Lead"}],
    });
    let answer = org.post("parameterizedSearch", body).await;
    let rows = answer.body["searchRecords"].as_array().unwrap();
    assert_eq!(types(rows), ["Account", "Lead"]);
    assert_eq!(rows[0]["Name"], "Acme Holdings");
    let all = org.get("parameterizedSearch?q=acme&overallLimit=3&offset=1").await;
    assert_eq!(all.body["searchRecords"].as_array().unwrap().len(), 3);
    for (path, body) in [
        ("parameterizedSearch?sobject=Account", None),
        ("parameterizedSearch?q=acme&fields=Id", None),
        ("parameterizedSearch?q=acme&in=NOWHERE", None),
        (
            "parameterizedSearch",
            Some(json!({"q": "acme", "sobjects": [{"name": "Account", "where": "Name = 'x'), Lead(Id"}]})),
        ),
        ("parameterizedSearch", Some(json!({"q": "acme", "sobjects": [{"fields": ["Id"]}]}))),
    ] {
        let answer = match body {
            Some(body) => org.post(path, body).await,
            None => org.get(path).await,
        };
        assert_eq!(answer.refusal(), (400, "MALFORMED_SEARCH"), "{path} {}", answer.body);
    }
    assert_eq!(
        org.post("parameterizedSearch", json!({"q": "acme", "what": 1})).await.refusal(),
        (400, "JSON_PARSER_ERROR")
    );
}

#[tokio::test]
async fn scope_layout_and_suggestions() {
    let org = org().await;
    let scope = org.get("search/scopeOrder").await;
    assert!(scope.body.as_array().unwrap().iter().any(|entry| entry["type"] == "Contact"));
    let layout = org.get("search/layout?q=Account,Contact").await;
    assert_eq!(layout.body[1]["objectType"], "Contact");
    assert!(!layout.body[0]["searchColumns"].as_array().unwrap().is_empty());
    let suggested = org.get("search/suggestions?q=acm&sobject=Account&limit=1").await;
    assert_eq!(suggested.body["autoSuggestResults"][0]["Name"], "Acme Corp");
    assert_eq!(suggested.body["hasMoreResults"], true);
    assert_eq!(org.get("search/suggestions?q=a&sobject=Account").await.refusal(), (400, "MALFORMED_SEARCH"));
}
