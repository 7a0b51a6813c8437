//! Headers that a caller sets for a client or for some of its calls.

use salesforce::{Assignment, CallOptions, DuplicateRules, NewContact, Salesforce, Session};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn headers_go_with_the_calls_they_were_said_for() {
    let server = MockServer::start().await;
    let saved = json!({ "id": "003000000000001AAA", "success": true, "errors": [] });
    Mock::given(any()).respond_with(ResponseTemplate::new(201).set_body_json(saved)).mount(&server).await;
    let client = Salesforce::builder()
        .login(Session::new(&server.uri(), "00Dcanary!secret".to_owned()).unwrap())
        .options(CallOptions::new().client_name("crm-sync").assignment(Assignment::Off))
        .build()
        .unwrap();
    let quiet = CallOptions::new()
        .duplicates(DuplicateRules::new().allow_save(true).include_record_details(true))
        .assignment(Assignment::Rule("01QD0000000EqAn".parse().unwrap()))
        .update_mru(true)
        .package_version("acme", 3, 1);
    client.with(quiet).unwrap().contacts().create(&NewContact::default()).await.unwrap();
    client.contacts().create(&NewContact::default()).await.unwrap();

    let sent = server.received_requests().await.unwrap();
    let header = |call: usize, name: &str| {
        sent[call].headers.get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(0, "sforce-duplicate-rule-header"), "allowSave=true; includeRecordDetails=true");
    assert_eq!(header(0, "sforce-auto-assign"), "01QD0000000EqAnMAK");
    assert_eq!(header(0, "sforce-mru"), "updateMru=true");
    assert_eq!(header(0, "x-sfdc-packageversion-acme"), "3.1");
    assert_eq!(header(0, "sforce-call-options"), "client=crm-sync");
    assert_eq!((header(1, "sforce-auto-assign"), header(1, "sforce-mru")), ("FALSE".to_owned(), String::new()));
    assert_eq!(header(1, "sforce-duplicate-rule-header"), "");
}
