//! The admin API.

use axum::http::Request;
use bytes::Bytes;
use chrono::{TimeZone as _, Utc};
use http_body_util::BodyExt as _;
use sandbox::{Sandbox, Vendor};
use serde_json::{Value, json};

use crate::freshsales_account::{Account, start};

const FS: Vendor = Vendor::Freshsales;

async fn admin(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::builder().method(method).uri(format!("/_sandbox{path}")).body(body).unwrap();
    let response = sandbox::send(sandbox.admin(), request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn the_admin_api_does_what_the_library_does() {
    let account = Account::empty();
    let sandbox = &account.sandbox;
    let call = async |method: &str, path: &str, body: Value| admin(sandbox, method, path, body).await;
    let (_, overview) = call("GET", "", Value::Null).await;
    assert_eq!(overview["vendors"]["freshsales"], sandbox.credentials(FS));

    let create = json!({"action": "create", "object": "contact", "fields": {"emails": "a@x.example"}});
    let (status, made) = call("POST", "/freshsales/edits", create.clone()).await;
    assert_eq!(status, 200);
    let (status, refused) = call("POST", "/freshsales/edits", create).await;
    assert_eq!((status, &refused["error"]["errors"]["message"][0]), (400, &json!("Email is not unique")));
    let (_, record) =
        call("GET", &format!("/freshsales/records/contact/{}", made["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!(record, made["record"]);
    let (_, state) = call("GET", "/freshsales/state", Value::Null).await;
    assert_eq!(state, sandbox.state(FS));

    let (_, time) = call("POST", "/time", json!({"advance_seconds": 3600})).await;
    assert_eq!(time["now"], "2025-03-10T16:30:00Z");
    call("POST", "/time", json!({"set": "2026-01-01T00:00:00Z"})).await;
    assert_eq!(sandbox.clock().now(), Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap());

    let fault = json!({"kind": {"status429": {"retry_after": 3}}, "on": {"method": "GET"}, "times": 2});
    let (_, pending) = call("POST", "/freshsales/faults", fault).await;
    assert_eq!(pending["pending"][0]["times"], 2);
    call("POST", "/freshsales/faults", json!({"kind": "reset_after"})).await;
    assert_eq!(account.get("/selector/owners").await.status, 429);
    assert_eq!(call("DELETE", "/freshsales/faults", Value::Null).await.1, json!({"pending": []}));
    call("POST", "/freshsales/rates", json!({"kind": "quota", "chance": 1.0})).await;
    assert_eq!(account.get("/selector/owners").await.status, 429);
    call("DELETE", "/freshsales/faults", Value::Null).await;
    let (_, quirks) = call("PATCH", "/freshsales/quirks", json!({"hourly_limit": 1})).await;
    assert_eq!(quirks["hourly_limit"], 1);
    assert_eq!(call("GET", "/log", Value::Null).await.1.as_array().unwrap().len(), 4);
    call("DELETE", "/log", Value::Null).await;
    assert_eq!(sandbox.log().entries(), []);
    call("POST", "/reset", Value::Null).await;
    assert_eq!(sandbox.clock().now(), start());

    for (method, path, body, expected) in [
        ("GET", "/oracle/state", Value::Null, 404),
        ("GET", "/freshsales/records/contact/5", Value::Null, 404),
        ("POST", "/freshsales/faults", json!({"kind": "meteor"}), 400),
        ("PATCH", "/freshsales/quirks", json!({"gravity": 0}), 400),
        ("POST", "/time", json!({"advance_seconds": i64::MAX}), 400),
        ("GET", "/nothing", Value::Null, 404),
    ] {
        let (status, answer) = call(method, path, body).await;
        assert_eq!(status, expected, "{path}");
        assert!(answer["error"].is_string());
    }
}
