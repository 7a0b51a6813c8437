//! Errors keep their detail: every entry, every code known or not, the fields, the status, the request's id, and the
//! records that a duplicate rule matched.

use std::collections::BTreeMap;

use salesforce::{Contact, ErrorDetails as _, ErrorKind, Id, NewContact, Salesforce};
use serde::Deserialize;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::client_of;

fn id() -> Id<Contact> {
    "003000000000001AAA".parse().unwrap()
}

async fn answering(template: ResponseTemplate) -> (MockServer, Salesforce) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    let client = Salesforce::builder()
        .login(salesforce::Session::new(&server.uri(), "00Dcanary!secret".to_owned()).unwrap())
        .retry(rest_core::RetryPolicy::none())
        .build()
        .unwrap();
    (server, client)
}

/// Status, code, message, kind, and whether repeating the call is worth it: of a read, of a change by id, of a create.
#[rustfmt::skip]
const TABLE: &[(u16, &str, &str, ErrorKind, [bool; 3])] = {
    use ErrorKind::{Config, Conflict, Forbidden, Invalid, NotFound, Precondition, QuotaExhausted, RateLimited, Server, Timeout, TooLarge, Unauthorized, Unsupported};
    const NO: [bool; 3] = [false; 3];
    const YES: [bool; 3] = [true; 3];
    const HARMLESS: [bool; 3] = [true, true, false];
    &[
        (401, "INVALID_SESSION_ID", "Session expired or invalid", Unauthorized, NO),
        (401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", Unauthorized, NO),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", QuotaExhausted, YES),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", RateLimited, YES),
        (403, "API_DISABLED_FOR_ORG", "", Forbidden, NO),
        (403, "API_CURRENTLY_DISABLED", "", Forbidden, NO),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", Forbidden, NO),
        (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id", Forbidden, NO),
        (403, "FORBIDDEN", "You don't have permission", Forbidden, NO),
        (404, "NOT_FOUND", "The requested resource does not exist", NotFound, NO),
        (404, "ENTITY_IS_DELETED", "entity is deleted", NotFound, NO),
        (405, "METHOD_NOT_ALLOWED", "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE", Unsupported, NO),
        (410, "GONE", "version retired", Unsupported, NO),
        (412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "", Precondition, NO),
        (415, "UNSUPPORTED_MEDIA_TYPE", "", Config, NO),
        (400, "JSON_PARSER_ERROR", "Cannot deserialize at [line:1, column:507]", Invalid, NO),
        (400, "INVALID_FIELD", "No such column 'x' on sobject of type Contact", Invalid, NO),
        (400, "INVALID_TYPE", "sObject type 'X' is not supported.", Invalid, NO),
        (400, "MALFORMED_QUERY", "unexpected token", Invalid, NO),
        (400, "MALFORMED_SEARCH", "No search term found.", Invalid, NO),
        (400, "MALFORMED_ID", "Account ID: id value of incorrect type: x", Invalid, NO),
        (400, "INVALID_QUERY_LOCATOR", "invalid query locator", Precondition, NO),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: IsDeleted.", Invalid, NO),
        (400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", Invalid, NO),
        (400, "STRING_TOO_LONG", "Billing City: data value too large: x (max length=40)", Invalid, NO),
        (400, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range on numeric field: 1", Invalid, NO),
        (400, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: 123", Invalid, NO),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "L: bad value for restricted picklist field: V", Invalid, NO),
        (400, "FIELD_INTEGRITY_EXCEPTION", "", Invalid, NO),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "the administrator's words", Invalid, NO),
        (400, "FIELD_FILTER_VALIDATION_EXCEPTION", "", Invalid, NO),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "t: execution of AfterInsert caused by a rule", Invalid, NO),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "t: caused by UNABLE_TO_LOCK_ROW, x", Conflict, YES),
        (400, "CANNOT_EXECUTE_FLOW_TRIGGER", "flow error", Invalid, NO),
        (400, "CANNOT_EXECUTE_FLOW_TRIGGER", "flow: UNABLE_TO_LOCK_ROW", Conflict, YES),
        (400, "DUPLICATE_VALUE", "duplicate value found: F duplicates value on record with id: 003", Conflict, NO),
        (400, "DUPLICATES_DETECTED", "Use one of these records?", Conflict, NO),
        (400, "DUPLICATE_EXTERNAL_ID", "", Conflict, NO),
        (400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", Invalid, NO),
        (404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", Invalid, NO),
        (400, "INACTIVE_OWNER_OR_USER", "operation performed with inactive user [005] as owner of contact", Invalid, NO),
        (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", Invalid, NO),
        (400, "ENTITY_IS_LOCKED", "entity is locked for editing", Conflict, NO),
        (400, "DELETE_FAILED", "record is in use", Conflict, NO),
        (403, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", QuotaExhausted, YES),
        (400, "LIMIT_EXCEEDED", "", TooLarge, NO),
        (400, "EXCEEDED_ID_LIMIT", "", TooLarge, NO),
        (400, "OPERATION_TOO_LARGE", "", TooLarge, NO),
        (403, "TOO_MANY_APEX_REQUESTS", "", RateLimited, YES),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001", Conflict, YES),
        (400, "QUERY_TIMEOUT", "Your query request was running for too long.", Timeout, YES),
        (500, "QUERY_TIMEOUT", "Your query request was running for too long.", Timeout, HARMLESS),
        (400, "REQUEST_RUNNING_TOO_LONG", "", Timeout, HARMLESS),
        (400, "INVALID_REPLICATION_DATE", "", Invalid, NO),
        (503, "SERVER_UNAVAILABLE", "Server unavailable", Server, HARMLESS),
        (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId", Server, HARMLESS),
        (400, "A_CODE_OF_NEXT_YEAR", "words of next year", Invalid, NO),
    ]
};

#[tokio::test]
async fn every_code_says_what_it_means_and_whether_to_try_again() {
    for (status, code, message, kind, again) in TABLE {
        let body = json!([{ "message": message, "errorCode": code, "fields": ["F__c"] }]);
        let template = ResponseTemplate::new(*status).set_body_json(body).insert_header("x-request-id", "r-1");
        let (_server, client) = answering(template).await;
        let contacts = client.contacts();
        let errors = [
            contacts.get(id()).await.unwrap_err(),
            contacts.update(id(), &Default::default()).await.unwrap_err(),
            contacts.create(&NewContact::default()).await.unwrap_err(),
        ];
        for (place, error) in errors.iter().enumerate() {
            let lost = place == 2 && *again == [true, true, false];
            assert_eq!(error.kind(), if lost { ErrorKind::Unknown } else { *kind }, "{status} {code}");
            assert_eq!(error.is_retryable(), again[place], "{status} {code} {place}");
            assert_eq!(error.vendor_code(), Some(*code));
            assert!(message.is_empty() || error.vendor_message() == *message, "{error}");
            assert_eq!(error.status().map(|s| s.as_u16()), Some(*status));
            assert_eq!((error.fields()[0].field.as_str(), error.request_id()), ("F__c", Some("r-1")));
            assert_eq!(error.entries()[0].code, *code, "codes survive unchanged");
            assert!(!error.hint().is_empty());
        }
    }
}

#[tokio::test]
async fn a_row_that_is_locked_is_tried_again_and_nothing_else() {
    let server = MockServer::start().await;
    let locked = json!([{ "message": "unable to obtain exclusive access to this record", "errorCode": "UNABLE_TO_LOCK_ROW", "fields": [] }]);
    Mock::given(any())
        .respond_with(ResponseTemplate::new(400).set_body_json(locked))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    let saved = json!({ "id": id(), "success": true, "errors": [] });
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_body_json(saved)).mount(&server).await;
    let created = client_of(&server).contacts().create(&NewContact::default()).await.unwrap();
    assert_eq!(created, id());
    assert_eq!(
        server.received_requests().await.unwrap().len(),
        3,
        "the vendor refused it as a whole, so even a create is sent again"
    );
}

#[derive(Deserialize)]
struct Sample {
    status: u16,
    body: Value,
}

/// Known answers of the vendor: each keeps its code, its words and its fields.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
async fn recorded_errors_keep_everything() {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: the catalog of errors was not read");
        return;
    };
    let path = std::path::PathBuf::from(folder).join("salesforce/errors/catalog.json");
    let catalog: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut seen = 0;
    for (name, value) in catalog.into_iter().filter(|(name, _)| !name.starts_with('_')) {
        let sample: Sample = serde_json::from_value(value).unwrap();
        if sample.status == 300 || name.starts_with("oauth") {
            continue;
        }
        let (_server, client) = answering(ResponseTemplate::new(sample.status).set_body_json(&sample.body)).await;
        let error = client.contacts().get(id()).await.unwrap_err();
        let first = &sample.body[0];
        assert_eq!(error.vendor_code(), first["errorCode"].as_str(), "{name}");
        assert_eq!(Some(error.vendor_message()), first["message"].as_str(), "{name}");
        let fields: Vec<&str> = first["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(error.fields().iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), fields, "{name}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(sample.status), "{name}");
        assert!(!matches!(error.kind(), ErrorKind::Decode | ErrorKind::Unknown), "{name}: {error}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

fn duplicates(key: &str) -> Value {
    json!([{
        key: {
            "allowSave": true, "duplicateRule": "Contacts_DR", "duplicateRuleEntityType": "Contact",
            "errorMessage": "You're creating a duplicate record.",
            "matchResults": [{
                "entityType": "Contact", "errors": [], "matchEngine": "ExactMatchEngine", "rule": "Contact_MR", "size": 1, "success": true,
                "matchRecords": [{
                    "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 87.5,
                    "record": { "attributes": { "type": "Contact", "url": "/x" }, "Id": id(), "LastName": "Canary" },
                }],
            }],
        },
        "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?",
    }])
}

#[tokio::test]
async fn the_records_that_a_duplicate_rule_matched_are_named() {
    for key in ["duplicateResut", "duplicateResult"] {
        let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(duplicates(key))).await;
        let error = client.contacts().create(&NewContact::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        let found = error.duplicates().unwrap();
        assert!(found.allow_save);
        assert_eq!((found.duplicate_rule.as_str(), found.ids::<Contact>()), ("Contacts_DR", vec![id()]));
        let matched = found.records().next().unwrap();
        assert!((matched.match_confidence - 87.5).abs() < f64::EPSILON);
        assert_eq!(matched.row::<Contact>().unwrap().last_name.as_deref(), Some("Canary"));
        assert_eq!(error.matching_ids(), [id().any()]);
        assert!(error.to_string().contains(id().as_str()), "{error}");
        assert!(
            !format!("{error:?} {error} {found:?} {:?}", error.entries()).contains("Canary"),
            "people are not logged"
        );
    }
    if let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") {
        let path = std::path::PathBuf::from(folder).join("salesforce/errors/duplicates_detected_400.json");
        let body: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(body)).await;
        let error = client.contacts().create(&NewContact::default()).await.unwrap_err();
        assert_eq!(error.matching_ids()[0].as_str(), "0031i000013x2TEAAY");
        assert_eq!(error.duplicates().unwrap().match_results[0].rule, "Contact_MR");
    }
}

#[tokio::test]
async fn duplicates_of_rows_in_a_batch_are_named_too() {
    let mut entry = duplicates("duplicateResut")[0].clone();
    entry["statusCode"] = entry["errorCode"].take();
    let refused = json!([{ "success": false, "errors": [entry] }]);
    let (_server, client) = answering(ResponseTemplate::new(200).set_body_json(refused)).await;
    let results = client.contacts().create_many(&[NewContact::default()]).await;
    let error = results[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.matching_ids()), (ErrorKind::Conflict, vec![id().any()]));
}

#[tokio::test]
async fn several_entries_and_every_shape_of_body_are_kept() {
    let two = json!([
        { "message": "first rule", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["A__c", "B__c"] },
        { "message": "second rule", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": [] },
    ]);
    let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(two)).await;
    let error = client.contacts().get(id()).await.unwrap_err();
    assert_eq!(error.entries().len(), 2);
    assert_eq!(error.vendor_message(), "first rule; second rule");
    assert_eq!(error.fields().iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["A__c", "B__c"]);

    for (body, code) in [
        (json!({ "message": "m", "errorCode": "A_CODE" }), "A_CODE"),
        (json!({ "exceptionMessage": "m", "exceptionCode": "A_CODE" }), "A_CODE"),
        (
            json!([{ "message": "m", "errorCode": "A_CODE", "statusCode": 7, "fields": "odd", "duplicateResut": 3, "new": {} }]),
            "A_CODE",
        ),
        (json!([{ "message": "m", "statusCode": 7 }]), "7"),
    ] {
        let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(&body)).await;
        let error = client.contacts().get(id()).await.unwrap_err();
        assert_eq!((error.vendor_code(), error.vendor_message()), (Some(code), "m"), "{body}");
        assert_eq!(serde_json::from_str::<Value>(error.body().unwrap()).unwrap(), body, "the raw body stays readable");
    }
}

#[tokio::test]
async fn pages_of_the_edge_are_classified_by_their_status() {
    for (status, kind, hint) in [
        (405, ErrorKind::Unsupported, "record's id"),
        (414, ErrorKind::TooLarge, "too long"),
        (415, ErrorKind::Config, "Content-Type"),
        (428, ErrorKind::Precondition, "If-Unmodified-Since"),
        (431, ErrorKind::TooLarge, "too long"),
        (420, ErrorKind::Server, "try again"),
        (502, ErrorKind::Server, "try again"),
        (503, ErrorKind::Server, "try again"),
    ] {
        let page = format!("<h1>Bad Message {status}</h1><pre>reason: from the edge</pre>");
        let (_server, client) = answering(ResponseTemplate::new(status).set_body_raw(page, "text/html")).await;
        let error = client.contacts().get(id()).await.unwrap_err();
        assert_eq!((error.kind(), error.vendor_code()), (kind, None), "{status}: {error}");
        assert!(error.hint().contains(hint), "{status}: {error}");
        assert!(error.entries().is_empty() && error.body().unwrap().contains("from the edge"));
    }
}

/// What PATCH without an id in the path ends as with other clients.
#[tokio::test]
async fn a_patch_without_an_id_is_explained() {
    let org = crate::Org::empty().await;
    let path = ["services", "data", "v62.0", "sobjects", "Contact"];
    let error = org.client.raw(rest_core::Call::patch("raw").path(path).json(&json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Unsupported, Some("METHOD_NOT_ALLOWED")));
    assert!(
        error.vendor_message().contains("Allowed are HEAD,GET,POST") && error.hint().contains("record's id"),
        "{error}"
    );
}

#[tokio::test]
async fn secrets_that_a_server_echoes_are_taken_out_of_the_body() {
    let body = json!([{ "message": "bad token 00Dcanary!secret", "errorCode": "X" }]);
    let (_server, client) = answering(ResponseTemplate::new(400).set_body_json(body)).await;
    let error = client.contacts().get(id()).await.unwrap_err();
    assert!(!error.body().unwrap().contains("00Dcanary!secret"), "{:?}", error.body());
}
