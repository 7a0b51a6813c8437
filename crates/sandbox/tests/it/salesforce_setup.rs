//! What administrators set up (rules, custom code, allotments), and the resources around records: recent ones, bytes, actions.

use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

#[tokio::test]
async fn validation_rules_refuse_with_the_administrators_words() {
    let org = Org::empty();
    let rules = json!([
        {"object": "Opportunity", "message": "Amount must be positive.", "field": "Amount", "when": [{"field": "Amount", "is": {"less": 0}}]},
        {"object": "Contact", "message": "Managers need a phone.", "field": "Phone",
            "when": [{"field": "Title", "is": {"equals": "Manager"}}, {"field": "Phone", "is": "blank"}]},
        {"object": "Contact", "message": "Phone must be international.", "field": "Phone", "when": [{"field": "Phone", "is": {"matches_not": "\\+[0-9 ]+"}}]},
        {"object": "Contact", "message": "Nobody is born in the future.", "when": [{"field": "Birthdate", "is": {"greater": "2025-06-02"}}]},
        {"object": "Contact", "message": "Titles stay.", "when": [{"field": "Title", "is": "changed"}, {"field": "Title", "is": {"equals": "King"}}]},
    ]);
    org.sandbox.set_quirks(SF, &json!({"validation_rules": rules})).unwrap();
    let contact = async |fields: Value| {
        let mut body = json!({"LastName": "x"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        org.post("sobjects/Contact", body).await
    };
    let refused = contact(json!({"Title": "manager"})).await;
    assert_eq!(refused.refusal(), (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION"));
    assert_eq!(
        refused.body[0],
        json!({"message": "Managers need a phone.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Phone"]})
    );
    let two = contact(json!({"Phone": "030", "Birthdate": "2025-06-03"})).await;
    assert_eq!(two.body.as_array().unwrap().len(), 2, "every rule has its entry");
    assert_eq!(two.body[1]["fields"], json!([]));
    let id = contact(json!({"Title": "manager", "Phone": "+49 30"})).await.id();
    assert_eq!(
        org.patch(&format!("sobjects/Contact/{id}"), json!({"Phone": null})).await.message(),
        "Managers need a phone."
    );
    assert_eq!(org.patch(&format!("sobjects/Contact/{id}"), json!({"Title": "King"})).await.message(), "Titles stay.");
    let deal = json!({"Name": "d", "StageName": "Prospecting", "CloseDate": "2025-12-31", "Amount": -1});
    assert_eq!(org.post("sobjects/Opportunity", deal).await.message(), "Amount must be positive.");
    let many = org
        .post(
            "composite/sobjects",
            json!({"records": [{"attributes": {"type": "Contact"}, "LastName": "x", "Phone": "1"}]}),
        )
        .await;
    assert_eq!(many.body[0]["errors"][0]["statusCode"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");

    for wrong in [
        json!({"validation_rules": [{"object": "Nope", "message": "m", "when": []}]}),
        json!({"validation_rules": [{"object": "Contact", "message": "m", "when": [{"field": "Nope", "is": "blank"}]}]}),
        json!({"validation_rules": [{"object": "Contact", "message": "m", "when": [{"field": "Title", "is": {"matches": "("}}]}]}),
        json!({"duplicate_rules": [{"name": "n", "object": "Contact", "fields": []}]}),
    ] {
        org.sandbox.set_quirks(SF, &wrong).unwrap_err();
    }
}

#[tokio::test]
async fn duplicate_rules_alert_or_block_and_name_what_they_found() {
    let org = Org::empty();
    let rule = |block: bool| {
        json!({"duplicate_rules": [{"name": "Contacts_DR", "object": "Contact", "matching_rule": "Contact_MR",
        "fields": ["LastName", "Email"], "block": block, "message": "You're creating a duplicate record."}]})
    };
    org.sandbox.set_quirks(SF, &rule(false)).unwrap();
    let twin = json!({"LastName": "Twin", "Email": "t@x.test"});
    let first = org.post("sobjects/Contact", twin.clone()).await.id();
    let refused = org.post("sobjects/Contact", json!({"LastName": "TWIN", "Email": "t@x.test"})).await;
    assert_eq!(refused.refusal(), (400, "DUPLICATES_DETECTED"));
    let found = &refused.body[0]["duplicateResut"];
    assert_eq!((&found["allowSave"], &found["duplicateRule"]), (&json!(true), &json!("Contacts_DR")));
    let matched = &found["matchResults"][0];
    assert_eq!((&matched["rule"], &matched["size"]), (&json!("Contact_MR"), &json!(1)));
    assert_eq!(matched["matchRecords"][0]["record"].as_object().unwrap().len(), 2, "attributes and Id only");
    assert_eq!(matched["matchRecords"][0]["record"]["Id"], first);

    let header = |value: &'static str| [("sforce-duplicate-rule-header", value)];
    let with = async |value, body: &Value| org.call(Method::POST, "sobjects/Contact", &header(value), Some(body)).await;
    let details = with("allowSave=false; includeRecordDetails=true", &twin).await;
    assert_eq!(details.body[0]["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]["Email"], "t@x.test");
    let second = with("allowSave=true", &twin).await.id();
    assert_eq!(
        org.patch(&format!("sobjects/Contact/{second}"), json!({"Title": "t"})).await.status,
        StatusCode::NO_CONTENT,
        "only what changes the compared fields is looked at"
    );
    let records = json!({"records": [{"attributes": {"type": "Contact"}, "LastName": "Twin", "Email": "t@x.test"}]});
    let many = org.post("composite/sobjects", records).await;
    assert_eq!(many.body[0]["errors"][0]["duplicateResult"]["matchResults"][0]["size"], 2);
    assert_eq!(
        org.post("sobjects/Contact", json!({"LastName": "Twin"})).await.status,
        StatusCode::CREATED,
        "an empty field matches nothing"
    );
    org.sandbox.create(SF, "Contact", twin.clone()).expect("people see the warning and save");

    org.sandbox.set_quirks(SF, &rule(true)).unwrap();
    let blocked = with("allowSave=true", &twin).await;
    assert_eq!(
        (blocked.refusal().1, &blocked.body[0]["duplicateResut"]["allowSave"]),
        ("DUPLICATES_DETECTED", &json!(false))
    );
}

#[tokio::test]
async fn an_app_may_have_an_allotment_of_its_own() {
    let org = Org::empty();
    org.sandbox.set_quirks(SF, &json!({"app": {"name": "crm sync", "daily_api_requests": 2}})).unwrap();
    assert_eq!(
        org.get("limits").await.header("sforce-limit-info"),
        "api-usage=1/5000000; per-app-api-usage=1/2(appName=crm sync)"
    );
    org.get("limits").await;
    assert_eq!(org.get("limits").await.refusal(), (403, "REQUEST_LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn the_root_lists_every_resource_and_limits_have_their_names() {
    let org = Org::empty();
    let root = org.get("/services/data/v62.0/").await.body;
    for name in [
        "sobjects",
        "query",
        "queryAll",
        "search",
        "parameterizedSearch",
        "limits",
        "composite",
        "recent",
        "tooling",
        "jobs",
        "actions",
    ] {
        assert_eq!(root[name], format!("/services/data/v62.0/{name}"), "{name}");
    }
    let limits = org.get("limits/").await.body;
    assert!(limits.as_object().unwrap().len() >= 48, "{}", limits.as_object().unwrap().len());
    assert!(limits.as_object().unwrap().values().all(|limit| limit["Max"].is_u64() && limit["Remaining"].is_u64()));
    let pretty =
        org.call(Method::GET, "limits", &[("x-prettyprint", "1"), ("accept-encoding", "identity")], None).await;
    assert_eq!(pretty.status, StatusCode::OK);
}

#[tokio::test]
async fn recent_records_are_the_last_written() {
    let org = Org::empty();
    org.advance(60);
    let account = org.account("Acme").await;
    org.advance(60);
    let contact = org.contact("x").await;
    let recent = org.get("recent?limit=2").await.body;
    let ids: Vec<&str> = recent.as_array().unwrap().iter().map(|item| item["Id"].as_str().unwrap()).collect();
    assert_eq!(ids, [contact.as_str(), account.as_str()]);
    assert_eq!((&recent[1]["Name"], &recent[1]["attributes"]["type"]), (&json!("Acme"), &json!("Account")));
    // Within one second, too, and whatever the ids.
    let second = org.account("Globex").await;
    assert_eq!(org.get("recent?limit=1").await.body[0]["Id"], second);
    for bad in ["recent?limit=0", "recent?limit=x", "recent?limit=201"] {
        assert_eq!(org.get(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    assert_eq!(org.post("recent", json!({})).await.refusal(), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn a_new_owner_of_an_account_gets_its_contacts_without_a_modification() {
    let org = Org::demo();
    let users = org.query("SELECT Id FROM User WHERE IsActive = true LIMIT 2").await.column("Id");
    let account = org.make("Account", json!({"Name": "Acme", "OwnerId": users[0]})).await;
    let contact = org.make("Contact", json!({"LastName": "x", "AccountId": account, "OwnerId": users[0]})).await;
    let other = org.make("Contact", json!({"LastName": "y", "AccountId": account, "OwnerId": users[1]})).await;
    let before = org.read("Contact", &contact).await;
    org.advance(60);
    org.patch(&format!("sobjects/Account/{account}"), json!({"OwnerId": users[1]})).await;
    let after = org.read("Contact", &contact).await;
    assert_eq!(after["OwnerId"], users[1]);
    assert_eq!(after["LastModifiedDate"], before["LastModifiedDate"]);
    assert_ne!(after["SystemModstamp"], before["SystemModstamp"]);
    assert_eq!(
        org.read("Contact", &other).await["SystemModstamp"],
        before["SystemModstamp"],
        "it had that owner already"
    );
}

async fn bytes_at(org: &Org, path: &str) -> (StatusCode, String, Bytes) {
    let token = org.sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned();
    let request = axum::http::Request::get(format!("http://salesforce.sandbox{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Bytes::new())
        .unwrap();
    let response = sandbox::send(org.sandbox.salesforce(), request).await.unwrap();
    let (parts, body) = response.into_parts();
    let kind = parts.headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    (parts.status, kind, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in() {
    let org = Org::empty();
    let content = [0_u8, 255, 13, 10, 45, 45, 98];
    let text = base64::engine::general_purpose::STANDARD.encode(content);
    let account = org.account("Acme").await;
    let body = json!({"ParentId": account, "Name": "a.bin", "Body": text, "ContentType": "image/png"});
    let attachment = org.make("Attachment", body).await;
    let path = org.read("Attachment", &attachment).await["Body"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/services/data/v62.0/sobjects/Attachment/{attachment}/Body"));
    let (status, kind, bytes) = bytes_at(&org, &path).await;
    assert_eq!((status, kind.as_str(), &bytes[..]), (StatusCode::OK, "image/png", &content[..]));

    let token = org.sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned();
    let mut parts = b"--b0\r\nContent-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json\r\n\r\n\
        {\"PathOnClient\":\"a.bin\"}\r\n--b0\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"a.bin\"\r\n\r\n"
        .to_vec();
    parts.extend(content);
    parts.extend(b"\r\n--b0--\r\n");
    let request = axum::http::Request::post("http://salesforce.sandbox/services/data/v62.0/sobjects/ContentVersion")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=\"b0\"")
        .body(Bytes::from(parts))
        .unwrap();
    let version = org.send(request).await.id();
    let (_, kind, bytes) =
        bytes_at(&org, &format!("/services/data/v62.0/sobjects/ContentVersion/{version}/VersionData")).await;
    assert_eq!((kind.as_str(), &bytes[..]), ("application/octetstream", &content[..]));
    assert_eq!(org.read("ContentVersion", &version).await["ContentSize"], 7);
    let lost = org.get(&format!("sobjects/Attachment/{}/Body", "00PgK0000000000AAA")).await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert_eq!(org.delete(&path).await.refusal(), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn actions_are_listed_described_and_invoked() {
    let org = Org::empty();
    let contact = org.contact("x").await;
    let list = org.get("actions/standard").await.body;
    let names: Vec<&str> =
        list["actions"].as_array().unwrap().iter().map(|action| action["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["chatterPost", "emailSimple"]);
    assert!(org.get("actions/custom").await.body["apex"].is_string());
    assert_eq!(org.get("actions/custom/flow").await.body, json!({"actions": []}));
    let described = org.get("actions/standard/emailSimple").await.body;
    assert!(
        described["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|input| input["name"] == "emailBody" && input["required"] == true)
    );
    let posted = org
        .post("actions/standard/chatterPost", json!({"inputs": [{"text": "hello", "subjectNameOrId": contact}]}))
        .await;
    assert_eq!((posted.status, &posted.body[0]["isSuccess"]), (StatusCode::OK, &json!(true)));
    assert!(posted.body[0]["outputValues"]["feedItemId"].as_str().unwrap().starts_with("0D5"));
    let mixed = json!({"inputs": [{"text": "a", "subjectNameOrId": contact}, {"text": "b"}, {"nope": 1}]});
    let mixed = org.post("actions/standard/chatterPost", mixed).await;
    let codes: Vec<&Value> =
        mixed.body.as_array().unwrap().iter().map(|result| &result["errors"][0]["statusCode"]).collect();
    assert_eq!(
        (mixed.status, codes),
        (StatusCode::BAD_REQUEST, vec![&Value::Null, &json!("REQUIRED_FIELD_MISSING"), &json!("UNKNOWN_ATTRIBUTE")])
    );
    assert_eq!(org.post("actions/standard/emailSimple", json!({})).await.refusal(), (400, "JSON_PARSER_ERROR"));
    assert_eq!(org.get("actions/standard/nope").await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn custom_code_answers_where_it_was_registered() {
    let org = Org::empty();
    let lost = org.get("/services/apexrest/echo").await;
    assert_eq!((lost.refusal(), lost.message()), ((404, "NOT_FOUND"), "Could not find a match for URL"));
    org.sandbox.set_quirks(SF, &json!({"apex_rest": ["/echo"]})).unwrap();
    let answer = org.post("/services/apexrest/echo/deep?a=b", json!({"x": 1})).await;
    assert_eq!(answer.body, json!({"method": "POST", "path": "/echo/deep", "query": {"a": "b"}, "body": {"x": 1}}));
    assert!(answer.header("sforce-limit-info").starts_with("api-usage="));
    assert_eq!(org.get("/services/apexrest/echoes").await.status, StatusCode::NOT_FOUND);
    let unsigned = org.call(Method::GET, "/services/apexrest/echo", &[("authorization", "Bearer x")], None).await;
    assert_eq!(unsigned.refusal(), (401, "INVALID_SESSION_ID"));
}
