//! Events as they are seen over REST and the admin API; the Pub/Sub API itself is tested with its client.

use sandbox::{Data, Sandbox, Vendor};
use serde_json::{Value, json};

use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;

async fn call(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    let token = sandbox.credentials(Vendor::Salesforce)["access_token"].as_str().unwrap().to_owned();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    read(sandbox.salesforce(), request.body(text(&body)).unwrap()).await
}

async fn post_admin(sandbox: &Sandbox, path: &str, body: Value) -> (u16, Value) {
    read(sandbox.admin(), Request::post(path).body(text(&body)).unwrap()).await
}

fn text(body: &Value) -> Bytes {
    if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) }
}

async fn read(router: axum::Router, request: Request<Bytes>) -> (u16, Value) {
    let response = sandbox::send(router, request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn sandbox() -> Sandbox {
    Sandbox::builder().data(Data::Empty).build()
}

#[tokio::test]
async fn platform_events_are_published_like_records_and_kept_by_nobody() {
    let sandbox = sandbox();
    let base = "/services/data/v62.0";
    let (status, saved) =
        call(&sandbox, "POST", &format!("{base}/sobjects/Low_Ink__e"), json!({"Serial_Number__c": "A"})).await;
    assert_eq!((status, &saved["success"]), (201, &json!(true)), "{saved}");
    let id = saved["id"].as_str().unwrap();
    assert!(id.starts_with("e00") && id.len() == 18);
    let (status, _) = call(&sandbox, "GET", &format!("{base}/sobjects/Low_Ink__e/{id}"), Value::Null).await;
    assert_eq!(status, 404);
    let (status, refused) =
        call(&sandbox, "POST", &format!("{base}/sobjects/Low_Ink__e"), json!({"Ink_Percentage__c": 1})).await;
    assert_eq!((status, &refused[0]["errorCode"]), (400, &json!("REQUIRED_FIELD_MISSING")));
    let (_, state) = call(&sandbox, "GET", &format!("{base}/sobjects/Low_Ink__e/describe"), Value::Null).await;
    assert_eq!(
        (&state["createable"], &state["updateable"], &state["deletable"]),
        (&json!(true), &json!(false), &json!(false))
    );
}

#[tokio::test]
async fn schemas_are_shown_by_name_and_by_id() {
    let sandbox = sandbox();
    let base = "/services/data/v62.0";
    let get = async |path: &str| call(&sandbox, "GET", &format!("{base}/{path}"), Value::Null).await;
    let (status, expanded) = get("sobjects/Low_Ink__e/eventSchema").await;
    assert_eq!((status, &expanded["type"]), (200, &json!("expanded-record")));
    let payload = &expanded["fields"][0]["type"]["fields"][1]["type"]["fields"];
    assert_eq!(payload[0], json!({"name": "CreatedDate", "type": "string", "doc": "CreatedDate:DateTime"}));
    let (_, compact) = get("sobjects/Low_Ink__e/eventSchema?payloadFormat=COMPACT").await;
    assert_eq!(compact["fields"][0], json!({"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"}));
    let id = compact["uuid"].as_str().unwrap();
    assert_eq!(get(&format!("event/eventSchema/{id}?payloadFormat=compact")).await.1, compact);
    let (_, change) = get("sobjects/AccountChangeEvent/eventSchema?payloadFormat=COMPACT").await;
    assert_eq!(
        (&change["name"], &change["fields"][0]["name"]),
        (&json!("AccountChangeEvent"), &json!("ChangeEventHeader"))
    );
    let name = change["fields"].as_array().unwrap().iter().find(|field| field["name"] == "Name").unwrap();
    assert_eq!((&name["type"][1], &name["type"][2]["name"]), (&json!("string"), &json!("Switchable_PersonName")));
    for nowhere in ["event/eventSchema/nope", "sobjects/NopeChangeEvent/eventSchema", "sobjects/Contact/eventSchema"] {
        assert_eq!(get(nowhere).await.0, 404, "{nowhere}");
    }
    assert_eq!(get("sobjects/Low_Ink__e/eventSchema?payloadFormat=TINY").await.0, 400);
}

#[tokio::test]
async fn the_admin_api_commands_events() {
    let sandbox = sandbox();
    let contact = sandbox.create(Vendor::Salesforce, "Contact", json!({"LastName": "A"})).unwrap().id;
    let edit = async |edit: Value| post_admin(&sandbox, "/_sandbox/salesforce/events", edit).await;
    for good in [
        json!({"action": "gap", "object": "Contact", "change": "GAP_DELETE", "ids": [contact]}),
        json!({"action": "gap", "object": "Contact", "change": "GAP_OVERFLOW"}),
        json!({"action": "enable", "object": "Account", "on": false}),
        json!({"action": "keep_alive"}),
        json!({"action": "disconnect"}),
        json!({"action": "cut", "cuts": {"seed": 1, "least": 0, "most": 3}}),
        json!({"action": "cut", "cuts": null}),
    ] {
        assert_eq!(edit(good.clone()).await.0, 200, "{good}");
    }
    assert_eq!(edit(json!({"action": "add_field", "object": "Contact"})).await.1, json!({"field": "Added_1__c"}));
    for bad in [
        json!({"action": "gap", "object": "Contact", "change": "GAP_DELETE", "ids": ["x"]}),
        json!({"action": "gap", "object": "Contact", "change": "GAP_DELETE"}),
        json!({"action": "gap", "object": "Account", "change": "GAP_OVERFLOW"}),
        json!({"action": "gap", "object": "Nope", "change": "GAP_OVERFLOW"}),
        json!({"action": "nope"}),
        json!({"action": "enable", "object": "Contact", "on": true, "more": 1}),
    ] {
        assert_eq!(edit(bad.clone()).await.0, 400, "{bad}");
    }
    let action =
        json!({"action": "outbound", "object": "Contact", "fields": ["LastName"], "endpoint": "http://127.0.0.1:9/x"});
    assert!(edit(action).await.1["id"].as_str().unwrap().starts_with("04k"));
    sandbox.edit(Vendor::Salesforce, "Contact", &contact, json!({"LastName": "B"})).unwrap();
    let due = sandbox.salesforce_events().outbound_due();
    assert!(due[0].body.contains("<sf:LastName>B</sf:LastName>"));
    let answer = json!({"notifications": due[0].notifications, "body": "<r><Ack>true</Ack></r>"});
    let (status, answered) = post_admin(&sandbox, "/_sandbox/salesforce/outbound", answer).await;
    assert_eq!((status, answered), (200, json!({"taken": true, "waiting": 0})));
}

#[test]
fn the_same_seed_makes_the_same_events() {
    let told = |seed| {
        let sandbox = Sandbox::builder().seed(seed).data(Data::Empty).build();
        let id = sandbox.create(Vendor::Salesforce, "Contact", json!({"LastName": "A"})).unwrap().id;
        sandbox.salesforce_events().outbound("Contact", &["LastName"], "x").unwrap();
        sandbox.edit(Vendor::Salesforce, "Contact", &id, json!({"LastName": "B"})).unwrap();
        sandbox.salesforce_events().outbound_due()
    };
    assert_eq!(told(3), told(3));
    assert_ne!(told(3), told(4));
}
