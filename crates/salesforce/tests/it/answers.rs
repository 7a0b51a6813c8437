//! Answers that no well-behaved server gives, scripted.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use salesforce::{Contact, ErrorKind, Id, NewContact, Opportunity};
use serde_json::json;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::client_of;

const ID: &str = "003000000000001AAA";

fn id() -> Id<Contact> {
    ID.parse().unwrap()
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html><body>Sign in</body></html>", "text/html")
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(template).mount(&server).await;
    server
}

#[tokio::test]
async fn a_page_of_html_is_never_taken_for_data() {
    for (status, kind) in
        [(200, ErrorKind::Decode), (403, ErrorKind::Forbidden), (414, ErrorKind::TooLarge), (404, ErrorKind::NotFound)]
    {
        let server = answering(html(status)).await;
        let client = client_of(&server);
        let error = client.contacts().get(id()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert!(!format!("{error:?}").contains("canary"));
        let rows: Vec<_> = client.query::<Contact>("SELECT Id FROM Contact").stream().collect().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].as_ref().unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn after_a_create_an_answer_that_cannot_be_read_means_that_nobody_knows() {
    for template in
        [html(200), ResponseTemplate::new(201).set_body_raw("{\"id\":", "application/json"), ResponseTemplate::new(500)]
    {
        let server = answering(template).await;
        let client = client_of(&server);
        let error = client.contacts().create(&NewContact::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
        let many = client.contacts().create_many(&[NewContact::default(), NewContact::default()]).await;
        assert!(many.iter().all(|result| result.as_ref().unwrap_err().kind() == ErrorKind::Unknown));
        assert_eq!(server.received_requests().await.unwrap().len(), 2, "nothing is sent twice");
    }
}

#[tokio::test]
async fn results_that_do_not_match_the_records_are_not_believed() {
    let server =
        answering(ResponseTemplate::new(200).set_body_json(json!([{ "id": ID, "success": true, "errors": [] }]))).await;
    let client = client_of(&server);
    let created = client.contacts().create_many(&[NewContact::default(), NewContact::default()]).await;
    assert!(created.iter().all(|result| result.as_ref().unwrap_err().kind() == ErrorKind::Unknown));
    let error = client.contacts().retrieve(&[id(), id()], &["Id"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

#[tokio::test]
async fn further_pages_are_read_on_the_own_origin_only() {
    for (link, kind) in [
        (json!("https://elsewhere.example/services/data/v62.0/query/01g-2000"), ErrorKind::Config),
        (json!("//elsewhere.example/query"), ErrorKind::Config),
        (json!(null), ErrorKind::Decode),
    ] {
        let page = json!({ "totalSize": 2, "done": false, "nextRecordsUrl": link, "records": [{ "Id": ID }] });
        let server = answering(ResponseTemplate::new(200).set_body_json(page)).await;
        let rows: Vec<_> = client_of(&server).query::<Contact>("SELECT Id FROM Contact").stream().collect().await;
        assert_eq!(rows.last().unwrap().as_ref().unwrap_err().kind(), kind, "{link}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_end() {
    let page = json!({ "totalSize": 2, "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-1", "records": [{ "Id": ID }] });
    let server = answering(ResponseTemplate::new(200).set_body_json(page)).await;
    let rows: Vec<_> = client_of(&server).query::<Contact>("SELECT Id FROM Contact").stream().collect().await;
    assert_eq!(rows.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Decode);
    assert!(rows.len() < 10);
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_not_the_end() {
    let server = MockServer::start().await;
    let page = |next: Option<&str>, records: serde_json::Value| {
        ResponseTemplate::new(200).set_body_json(
            json!({ "totalSize": 1, "done": next.is_none(), "nextRecordsUrl": next, "records": records }),
        )
    };
    let mount =
        |at: &'static str, template| Mock::given(method("GET")).and(path(at)).respond_with(template).mount(&server);
    mount("/services/data/v62.0/query", page(Some("/services/data/v62.0/query/01g-1"), json!([]))).await;
    mount("/services/data/v62.0/query/01g-1", page(None, json!([{ "Id": ID }]))).await;
    let rows: Vec<_> = client_of(&server).query::<Contact>("SELECT Id FROM Contact").stream().collect().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].as_ref().unwrap().id, id());
}

#[tokio::test]
async fn children_that_were_cut_off_are_read_to_the_end() {
    let server = MockServer::start().await;
    let role = |n: u8| json!({ "Id": format!("00K00000000000{n}AAA"), "ContactId": ID });
    let children = json!({ "totalSize": 2, "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-1", "records": [role(1)] });
    let deal = json!({ "Id": "006000000000001AAA", "OpportunityContactRoles": children });
    let first = json!({ "totalSize": 1, "done": true, "records": [deal] });
    let rest = json!({ "totalSize": 2, "done": true, "records": [role(2)] });
    let mount = |at: &'static str, body| {
        Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server)
    };
    mount("/services/data/v62.0/query", first).await;
    mount("/services/data/v62.0/query/01g-1", rest).await;
    let client = client_of(&server);
    let query = || client.query::<Opportunity>("SELECT Id, (SELECT Id FROM OpportunityContactRoles) FROM Opportunity");
    let row = query().first().await.unwrap().unwrap();
    let roles = row.contact_roles.as_ref().unwrap();
    assert!(roles.is_complete() && roles.records.len() == 2);
    assert_eq!(roles.records[1].as_ref().unwrap().id.to_string(), "00K000000000002AAA");

    let row = query().children_as_sent().first().await.unwrap().unwrap();
    let roles = row.contact_roles.as_ref().unwrap();
    assert!(!roles.is_complete(), "there is more than is here");
    let rest: Vec<_> = client.rest_of(roles).map(|role| role.unwrap().id.to_string()).collect().await;
    assert_eq!(rest, ["00K000000000002AAA"]);
}

/// Answers the first time that a row is held by another write.
struct HeldOnce(AtomicUsize);

impl Respond for HeldOnce {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let is_first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = |record: &serde_json::Value| match record["LastName"].as_str() {
            Some("held") if is_first => {
                json!({ "success": false, "errors": [{ "statusCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access", "fields": [] }] })
            }
            Some("bad") => {
                json!({ "success": false, "errors": [{ "statusCode": "STRING_TOO_LONG", "message": "too long", "fields": ["LastName"] }] })
            }
            _ => json!({ "success": true, "id": ID, "errors": [] }),
        };
        ResponseTemplate::new(200)
            .set_body_json(body["records"].as_array().unwrap().iter().map(answer).collect::<Vec<_>>())
    }
}

#[tokio::test]
async fn only_rows_that_another_write_held_are_sent_again() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(HeldOnce(AtomicUsize::new(0))).mount(&server).await;
    let named = |name: &str| NewContact { last_name: Some(name.into()), ..NewContact::default() };
    let results = client_of(&server).contacts().create_many(&[named("fine"), named("held"), named("bad")]).await;
    assert!(results[0].is_ok() && results[1].is_ok());
    assert_eq!(results[2].as_ref().unwrap_err().fields()[0].field, "LastName");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].body_json::<serde_json::Value>().unwrap()["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn standing_settings_travel_as_headers() {
    let server = MockServer::start().await;
    Mock::given(path_regex("userinfo"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({ "user_id": "005000000000001AAA", "organization_id": "00D000000000001EAA" })),
        )
        .mount(&server)
        .await;
    let session = salesforce::Session::new(&server.uri(), "00Dx!y".to_owned()).unwrap();
    let client = salesforce::Salesforce::builder()
        .login(session)
        .client_name("crmkit")
        .assignment_rules(false)
        .allow_duplicates(true)
        .build()
        .unwrap();
    client.userinfo().await.unwrap();
    let sent = &server.received_requests().await.unwrap()[0].headers;
    assert_eq!(sent["sforce-call-options"], "client=crmkit");
    assert_eq!(sent["sforce-auto-assign"], "FALSE");
    assert_eq!(sent["sforce-duplicate-rule-header"], "allowSave=true");
    assert_eq!(sent["authorization"], "Bearer 00Dx!y");
}
