//! Records by id and by external id.

use axum::http::{Method, StatusCode};
use sandbox::Action;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let org = Org::empty();
    let created = org
        .post(
            "sobjects/Contact/",
            json!({
                "FirstName": " Zoë ", "LastName": "Ångström", "Email": "Zoe@Example.TEST", "MailingCity": "Uppsala",
                "MailingLatitude": "59.86", "Interests__c": "Support;Billing", "DoNotCall": "true",
            }),
        )
        .await;
    let id = created.id();
    assert_eq!(created.body, json!({"id": id, "success": true, "errors": []}));
    assert_eq!(created.header("location"), format!("/services/data/v62.0/sobjects/Contact/{id}"));
    assert!(created.header("sforce-limit-info").starts_with("api-usage=1/"));

    let record = org.read("contact", &id[..15]).await;
    assert_eq!(
        record["attributes"],
        json!({"type": "Contact", "url": format!("/services/data/v62.0/sobjects/Contact/{id}")})
    );
    assert_eq!(record.as_object().unwrap().keys().take(2).collect::<Vec<_>>(), ["attributes", "Id"]);
    for (field, value) in [
        ("Id", json!(id)),
        ("Name", json!("Zoë Ångström")),
        ("Email", json!("zoe@example.test")),
        ("Interests__c", json!("Billing;Support")),
        ("DoNotCall", json!(true)),
        ("HasOptedOutOfEmail", json!(false)),
        ("IsDeleted", json!(false)),
        ("AccountId", Value::Null),
        ("OtherAddress", Value::Null),
        (
            "MailingAddress",
            json!({"city": "Uppsala", "country": null, "geocodeAccuracy": null, "latitude": 59.86,
            "longitude": null, "postalCode": null, "state": null, "street": null}),
        ),
        ("CreatedDate", json!("2025-06-02T09:00:00.000+0000")),
        ("SystemModstamp", json!("2025-06-02T09:00:00.000+0000")),
    ] {
        assert_eq!(record[field], value, "{field}");
    }

    org.advance(90);
    let changed = org.patch(&format!("sobjects/Contact/{id}"), json!({"FirstName": null, "Title": "Chair"})).await;
    assert_eq!((changed.status, &changed.body), (StatusCode::NO_CONTENT, &Value::Null));
    let some = org.get(&format!("sobjects/Contact/{id}?fields=Title,name,LastModifiedDate")).await.body;
    let keys: Vec<&String> = some.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["attributes", "Title", "Name", "LastModifiedDate", "Id"]);
    assert_eq!(
        (&some["Name"], &some["LastModifiedDate"]),
        (&json!("Ångström"), &json!("2025-06-02T09:01:30.000+0000"))
    );

    assert_eq!(org.delete(&format!("sobjects/Contact/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.get(&format!("sobjects/Contact/{id}")).await.refusal(), (404, "NOT_FOUND"));
    for answer in [
        org.delete(&format!("sobjects/Contact/{id}")).await,
        org.patch(&format!("sobjects/Contact/{id}"), json!({"Title": "x"})).await,
    ] {
        assert_eq!(
            answer.body,
            json!([{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}])
        );
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let effects: Vec<(Action, Vec<String>)> =
        org.sandbox.log().effects(SF).into_iter().map(|effect| (effect.action, effect.fields)).collect();
    assert_eq!(effects[1], (Action::Updated, vec!["FirstName".to_owned(), "Title".to_owned()]));
    assert_eq!(effects[2].0, Action::Deleted);
}

#[tokio::test]
async fn refused_writes_say_what_is_wrong_and_change_nothing() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let before = org.sandbox.state(SF);
    let long = "x".repeat(81);
    for (object, body, status, code, message, fields) in [
        ("Contact", json!({}), 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]".to_owned(), json!(["LastName"])),
        ("Contact", json!({"LastName": " "}), 400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]".to_owned(), json!(["LastName"])),
        ("Contact", json!({"LastName": "x", "Nope": 1}), 400, "INVALID_FIELD", "No such column 'Nope' on sobject of type Contact".to_owned(), Value::Null),
        ("Contact", json!({"LastName": "x", "Id": "003"}), 400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.".to_owned(), Value::Null),
        ("Contact", json!({"LastName": "x", "Name": "y", "CreatedDate": null}), 400, "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: Name, CreatedDate. Please check the security settings of this field and verify that it is read/write for your profile or permission set.".to_owned(),
            json!(["Name", "CreatedDate"])),
        ("Contact", json!({"LastName": long}), 400, "STRING_TOO_LONG", format!("Last Name: data value too large: {long} (max length=80)"), json!(["LastName"])),
        ("Contact", json!({"LastName": "x", "Email": "123"}), 400, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: 123".to_owned(), json!(["Email"])),
        ("Contact", json!({"LastName": "x", "Tier__c": "gold"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Tier: bad value for restricted picklist field: gold".to_owned(), json!(["Tier__c"])),
        ("Contact", json!({"LastName": "x", "AccountId": "001gK0000000000"}), 400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".to_owned(), json!(["AccountId"])),
        ("Contact", json!({"LastName": "x", "ReportsToId": account}), 400, "MALFORMED_ID", format!("Reports To ID: id value of incorrect type: {account}"), json!(["ReportsToId"])),
        ("Contact", json!({"LastName": "x", "Account": {"Crmkit_Key__c": "nope"}}), 400, "INVALID_FIELD", "Foreign key external ID: nope not found for field Crmkit_Key__c in entity Account".to_owned(), json!([])),
        ("Opportunity", json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "soon"}), 400, "JSON_PARSER_ERROR",
            "Cannot deserialize instance of date from VALUE_STRING value soon or request may be missing a required field at [line:1, column:56]".to_owned(), Value::Null),
        ("Task", json!({"TaskSubtype": "Other"}), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Task Subtype: bad value for restricted picklist field: Other".to_owned(), json!(["TaskSubtype"])),
        ("Nope", json!({}), 404, "NOT_FOUND", "The requested resource does not exist".to_owned(), Value::Null),
    ] {
        let answer = org.post(&format!("sobjects/{object}"), body.clone()).await;
        assert_eq!(answer.refusal(), (status, code), "{object} {body}");
        assert_eq!(answer.message(), message, "{object} {body}");
        assert_eq!(answer.body[0].get("fields").unwrap_or(&Value::Null), &fields, "{object} {body}");
    }
    let two = org.post("sobjects/Contact", json!({"LastName": "x", "Email": "1", "Tier__c": "2"})).await;
    assert_eq!(two.body.as_array().unwrap().len(), 2, "every refused value has its entry");
    assert_eq!(org.sandbox.state(SF), before);
}

#[tokio::test]
async fn paths_methods_and_bodies_have_their_errors() {
    let org = Org::empty();
    let id = org.contact("x").await;
    let lost_case = id.to_lowercase();
    let target = |segment: &str| format!("sobjects/Contact/{segment}");
    for (method, path, refusal, message) in [
        (
            Method::POST,
            target(&id),
            (405, "METHOD_NOT_ALLOWED"),
            "HTTP Method 'POST' not allowed. Allowed are HEAD,GET,PATCH,DELETE",
        ),
        (
            Method::PUT,
            target(&id),
            (405, "METHOD_NOT_ALLOWED"),
            "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE",
        ),
        (
            Method::GET,
            target("23foo"),
            (404, "NOT_FOUND"),
            "Provided external ID field does not exist or is not accessible: 23foo",
        ),
        (Method::GET, target("001gK0000000000"), (404, "NOT_FOUND"), "The requested resource does not exist"),
        (Method::GET, target("003gK0000000000"), (404, "NOT_FOUND"), "The requested resource does not exist"),
        (
            Method::GET,
            target("Title/x"),
            (404, "NOT_FOUND"),
            "Provided external ID field does not exist or is not accessible: Title",
        ),
        (Method::GET, "nope".to_owned(), (404, "NOT_FOUND"), "The requested resource does not exist"),
        (
            Method::GET,
            "/services/data/v69.0/limits".to_owned(),
            (404, "NOT_FOUND"),
            "The requested resource does not exist",
        ),
        (Method::GET, "/services/data/v30.0/limits".to_owned(), (410, "GONE"), "API version v30.0 has been retired"),
    ] {
        let answer = org.call(method, &path, &[], None).await;
        assert_eq!((answer.refusal(), answer.message()), (refusal, message), "{path}");
    }
    let answer = org.get(&target(&lost_case)).await;
    assert_eq!(answer.refusal(), (400, "MALFORMED_ID"));
    assert_eq!(answer.message(), format!("Contact ID: id value of incorrect type: {lost_case}"));

    let raw = |kind: &'static str, body: &'static str| {
        let token = org.sandbox.credentials(SF)["access_token"].as_str().unwrap().to_owned();
        axum::http::Request::post("http://salesforce.sandbox/services/data/v62.0/sobjects/Contact")
            .header("authorization", format!("OAuth {token}"))
            .header("content-type", kind)
            .body(bytes::Bytes::from_static(body.as_bytes()))
            .unwrap()
    };
    for (kind, body, refusal) in [
        ("application/json", "{\"LastName\": }", (400, "JSON_PARSER_ERROR")),
        ("application/json", "", (400, "JSON_PARSER_ERROR")),
        ("application/json", "[]", (400, "JSON_PARSER_ERROR")),
        ("text/plain", "{\"LastName\": \"x\"}", (415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        assert_eq!(org.send(raw(kind, body)).await.refusal(), refusal, "{kind} {body}");
    }
    let tunnelled =
        org.call(Method::POST, &format!("{}?_HttpMethod=PATCH", target(&id)), &[], Some(&json!({"Title": "t"}))).await;
    assert_eq!(tunnelled.status, StatusCode::NO_CONTENT);
    let head = org.call(Method::HEAD, &target(&id), &[], None).await;
    assert_eq!((head.status, head.body), (StatusCode::OK, Value::Null));
    let too_long = org.get(&format!("query?q={}", "x".repeat(17_000))).await;
    assert_eq!(too_long.status, StatusCode::URI_TOO_LONG);
    assert!(too_long.body.as_str().unwrap().starts_with("<h1>Bad Message 414</h1>"));
}

#[tokio::test]
async fn conditional_requests_look_at_the_last_change() {
    let org = Org::empty();
    let id = org.contact("x").await;
    let path = format!("sobjects/Contact/{id}");
    let stamp = org.get(&path).await.header("last-modified").to_owned();
    assert_eq!(stamp, "Mon, 02 Jun 2025 09:00:00 GMT");
    let get = async |header| org.call(Method::GET, &path, &[(header, stamp.as_str())], None).await;
    assert_eq!(get("if-modified-since").await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(get("if-unmodified-since").await.status, StatusCode::OK);
    org.advance(1);
    org.patch(&path, json!({"Title": "t"})).await;
    assert_eq!(get("if-modified-since").await.status, StatusCode::OK);
    let late = org.call(Method::PATCH, &path, &[("if-unmodified-since", &stamp)], Some(&json!({"Title": "u"}))).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let bad = org.call(Method::GET, &path, &[("if-modified-since", "yesterday")], None).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn upserts_by_external_id() {
    let org = Org::empty();
    let path = "sobjects/Contact/crmkit_key__c/A%2F1";
    let first = org.patch(path, json!({"LastName": "One"})).await;
    let id = first.id();
    assert_eq!(first.body, json!({"id": id, "success": true, "errors": [], "created": true}));
    assert_eq!(org.read("Contact", &id).await["Crmkit_Key__c"], "A/1");
    let again = org.patch("sobjects/Contact/Crmkit_Key__c/a%2F1", json!({"Title": "t"})).await;
    assert_eq!(
        (again.status, again.body["created"].clone(), again.body["id"].as_str()),
        (StatusCode::OK, json!(false), Some(id.as_str()))
    );
    let old = org.patch("/services/data/v45.0/sobjects/Contact/Crmkit_Key__c/A%2F1", json!({"Title": "u"})).await;
    assert_eq!((old.status, old.body), (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(org.get(path).await.body["Title"], "u");

    let only = org.patch("sobjects/Contact/Crmkit_Key__c/none?updateOnly=true", json!({"LastName": "x"})).await;
    assert_eq!(only.refusal(), (404, "NOT_FOUND"));
    let repeated = org.patch(path, json!({"Crmkit_Key__c": "A/1"})).await;
    assert_eq!(repeated.refusal(), (400, "INVALID_FIELD"));
    let duplicate = org.post("sobjects/Contact", json!({"LastName": "x", "Crmkit_Key__c": "a/1"})).await;
    assert_eq!(duplicate.refusal(), (400, "DUPLICATE_VALUE"));
    assert_eq!(
        duplicate.message(),
        format!("duplicate value found: Crmkit_Key__c duplicates value on record with id: {}", &id[..15])
    );

    for name in ["Two", "Three"] {
        org.make("Contact", json!({"LastName": name, "Email": "info@x.test"})).await;
    }
    let many = org.patch("sobjects/Contact/Email/INFO@x.test", json!({"Title": "t"})).await;
    assert_eq!(many.status, StatusCode::MULTIPLE_CHOICES);
    let urls = many.body.as_array().unwrap();
    assert!(
        urls.len() == 2
            && urls.iter().all(|url| url.as_str().unwrap().starts_with("/services/data/v62.0/sobjects/Contact/003"))
    );

    let by_id = org.patch(&format!("sobjects/Contact/Id/{id}"), json!({"Title": "by id"})).await;
    assert_eq!(by_id.status, StatusCode::NO_CONTENT);
    assert_eq!(org.post("sobjects/Contact/Id", json!({"LastName": "by id"})).await.status, StatusCode::CREATED);
    assert_eq!(org.delete(path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(org.get(path).await.refusal(), (404, "NOT_FOUND"));
    assert_eq!(
        org.patch(path, json!({"LastName": "new"})).await.status,
        StatusCode::CREATED,
        "a deleted row's key is free"
    );
}

#[tokio::test]
async fn parents_can_be_named_by_external_id_and_followed() {
    let org = Org::empty();
    let account = org.make("Account", json!({"Name": "Acme", "Crmkit_Key__c": "A-1"})).await;
    let id = org.make("Contact", json!({"LastName": "x", "Account": {"Crmkit_Key__c": "a-1"}})).await;
    assert_eq!(org.read("Contact", &id).await["AccountId"], account);
    let parent = org.get(&format!("sobjects/Contact/{id}/Account?fields=Name")).await;
    assert_eq!(parent.body["Name"], "Acme");
    let children = org.get(&format!("sobjects/Account/{account}/Contacts")).await;
    assert_eq!((&children.body["totalSize"], &children.body["records"][0]["Id"]), (&json!(1), &json!(id)));
    assert_eq!(org.get(&format!("sobjects/Contact/{id}/ReportsTo")).await.status, StatusCode::NOT_FOUND);
}
