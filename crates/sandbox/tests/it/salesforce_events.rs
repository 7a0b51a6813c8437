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
    let flags = ["createable", "updateable", "deletable", "queryable"].map(|flag| state[flag].as_bool().unwrap());
    assert_eq!(flags, [true, false, false, false]);
    let (status, refused) =
        call(&sandbox, "GET", &format!("{base}/query?q=SELECT+CreatedDate+FROM+Low_Ink__e"), Value::Null).await;
    assert_eq!((status, &refused[0]["errorCode"]), (400, &json!("INVALID_TYPE_FOR_OPERATION")));
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

/// A client of the older Streaming API: one message and its answers.
async fn bayeux(sandbox: &Sandbox, message: Value) -> Vec<Value> {
    let (status, answers) = call(sandbox, "POST", "/cometd/62.0", json!([message])).await;
    assert_eq!(status, 200);
    answers.as_array().unwrap().clone()
}

#[tokio::test]
async fn the_streaming_api_delivers_the_same_events_as_json() {
    let sandbox = sandbox();
    let id = sandbox
        .create(
            Vendor::Salesforce,
            "Contact",
            json!({"LastName": "A", "Birthdate": "2000-01-02", "MailingCity": "Rome"}),
        )
        .unwrap()
        .id;
    let shaken = bayeux(&sandbox, json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"], "id": "1"})).await;
    assert_eq!((&shaken[0]["successful"], &shaken[0]["id"]), (&json!(true), &json!("1")));
    let client = shaken[0]["clientId"].clone();
    let subscribe = async |channel: &str, replay: i64| {
        let message = json!({"channel": "/meta/subscribe", "clientId": client, "subscription": channel, "ext": {"replay": {channel: replay}}});
        bayeux(&sandbox, message).await.remove(0)
    };
    let connect = async || {
        bayeux(&sandbox, json!({"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}))
            .await
    };
    assert_eq!(subscribe("/data/ContactChangeEvent", -2).await["successful"], true);
    let answers = connect().await;
    let [event, connected] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((&connected["successful"], &connected["advice"]["reconnect"]), (&json!(true), &json!("retry")));
    let payload = &event["data"]["payload"];
    assert_eq!((&payload["Birthdate"], &payload["Name"]), (&json!("2000-01-02"), &json!({"LastName": "A"})));
    assert_eq!(payload["LastModifiedDate"], "2025-06-02T09:00:00.000Z");
    assert!(payload.get("Email").is_none() && payload["ChangeEventHeader"].get("nulledFields").is_none());
    let first = event["data"]["event"]["replayId"].as_i64().unwrap();

    sandbox.edit(Vendor::Salesforce, "Contact", &id, json!({"MailingCity": null, "Phone": "1"})).unwrap();
    let answers = connect().await;
    let payload = &answers[0]["data"]["payload"];
    assert_eq!(
        payload["ChangeEventHeader"]["changedFields"],
        json!(["Phone", "LastModifiedDate", "MailingAddress.City"])
    );
    assert_eq!((&payload["Phone"], &payload["MailingAddress"]), (&json!("1"), &json!({"City": null})));
    assert_eq!(connect().await.len(), 1, "each event once");

    // From a stored place; from none that exists; a channel that is not there.
    assert_eq!(subscribe("/data/ContactChangeEvent", first).await["successful"], true);
    assert_eq!(connect().await.len(), 2);
    let refused = subscribe("/data/ContactChangeEvent", first + 1_000_000).await;
    assert!(refused["error"].as_str().unwrap().starts_with("400::The replayId"), "{refused}");
    assert!(subscribe("/data/NopeChangeEvent", -1).await["error"].as_str().unwrap().starts_with("404"));

    // A client that is silent for long is forgotten, and told to begin anew; one without a session is not let in.
    sandbox.clock().advance(chrono::TimeDelta::minutes(5));
    let forgotten = connect().await;
    assert_eq!(
        (&forgotten[0]["error"], &forgotten[0]["advice"]["reconnect"]),
        (&json!("403::Unknown client"), &json!("handshake"))
    );
    let request = Request::post("/cometd/62.0").body(text(&json!([{"channel": "/meta/handshake"}]))).unwrap();
    let (_, stranger) = read(sandbox.salesforce(), request).await;
    assert_eq!(stranger[0]["error"], "401::Authentication invalid");
}

#[tokio::test]
async fn no_bayeux_message_panics() {
    let sandbox = sandbox();
    for message in [
        json!(null),
        json!({}),
        json!([]),
        json!({"channel": 7}),
        json!({"channel": "/meta/connect", "clientId": {}}),
        json!({"channel": "/x"}),
    ] {
        let (status, _) = call(&sandbox, "POST", "/cometd/62.0", message.clone()).await;
        assert!(status == 200 || status == 400, "{message}");
    }
    assert_eq!(call(&sandbox, "GET", "/cometd/62.0", Value::Null).await.0, 400);
}

/// Converting a lead is one transaction that tells of every record it makes or changes, in the name of its caller.
#[tokio::test]
async fn a_lead_conversion_is_one_transaction_of_several_events() {
    use crate::salesforce_org::Org;
    use crate::salesforce_soap::{call as soap, convert, lead, standing_session};
    let org = Org::empty();
    let session = standing_session(&org);
    let id = lead(&org, json!({})).await;
    let client = bayeux(&org.sandbox, json!({"channel": "/meta/handshake"})).await[0]["clientId"].clone();
    let subscribe = json!({"channel": "/meta/subscribe", "clientId": client, "subscription": "/data/ChangeEvents"});
    assert_eq!(bayeux(&org.sandbox, subscribe).await[0]["successful"], true);
    let options = "<CallOptions><client>my-sync</client></CallOptions>";
    let answer = soap(&org, &session, options, &convert(&id, "")).await;
    assert!(answer.body.as_str().unwrap().contains("<success>true</success>"), "{}", answer.body);
    let answers = bayeux(&org.sandbox, json!({"channel": "/meta/connect", "clientId": client})).await;
    let headers: Vec<&Value> = answers
        .iter()
        .map(|answer| &answer["data"]["payload"]["ChangeEventHeader"])
        .filter(|header| !header.is_null())
        .collect();
    let told: Vec<(&str, &str)> = headers
        .iter()
        .map(|header| (header["entityName"].as_str().unwrap(), header["changeType"].as_str().unwrap()))
        .collect();
    for expected in [("Account", "CREATE"), ("Contact", "CREATE"), ("Opportunity", "CREATE"), ("Lead", "UPDATE")] {
        assert_eq!(told.iter().filter(|one| **one == expected).count(), 1, "{expected:?} in {told:?}");
    }
    assert!(headers.iter().all(|header| header["transactionKey"] == headers[0]["transactionKey"]));
    let numbers: Vec<i64> = headers.iter().map(|header| header["sequenceNumber"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    let origin = headers[0]["changeOrigin"].as_str().unwrap();
    assert!(origin.starts_with("com/salesforce/api/soap/") && origin.ends_with(";client=my-sync"), "{origin}");
}

/// After a reset the bus begins anew, and so must its readers.
#[tokio::test]
async fn a_reset_empties_the_bus() {
    let sandbox = sandbox();
    sandbox.create(Vendor::Salesforce, "Contact", json!({"LastName": "A"})).unwrap();
    sandbox.salesforce_events().outbound("Contact", &["LastName"], "x").unwrap();
    sandbox.reset();
    assert_eq!(sandbox.salesforce_events().outbound_waiting(), 0);
    let client = bayeux(&sandbox, json!({"channel": "/meta/handshake"})).await[0]["clientId"].clone();
    let subscribe = json!({"channel": "/meta/subscribe", "clientId": client, "subscription": "/data/ContactChangeEvent",
        "ext": {"replay": {"/data/ContactChangeEvent": -2}}});
    assert_eq!(bayeux(&sandbox, subscribe).await[0]["successful"], true);
    assert_eq!(bayeux(&sandbox, json!({"channel": "/meta/connect", "clientId": client})).await.len(), 1);
}
