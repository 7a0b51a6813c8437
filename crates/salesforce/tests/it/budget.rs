//! The daily quota is not burnt out: a client keeps off a floor of the organisation's allotment, and says so before it
//! sends anything.

use rest_core::{Clock, ManualClock};
use salesforce::{ErrorKind, Salesforce, Session};
use serde_json::json;
use std::sync::Arc;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::Org;
use sandbox::{Data, Vendor};

#[tokio::test]
async fn a_client_stops_at_its_floor_and_all_its_clones_with_it() {
    let org = Org::build(Data::Empty, |builder| builder.keep_daily_percent(90).keep_daily_calls(3)).await;
    org.sandbox.set_quirks(Vendor::Salesforce, &json!({ "daily_api_requests": 50 })).unwrap();
    let mut made = 0;
    let error = loop {
        match org.client.clone().limits().await {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(made, 5, "90 % of 50 are kept");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::QuotaExhausted, 0), "nothing was sent: {error}");
    let said = error.to_string();
    assert!(said.contains("5 of 50 calls are used, 45 are kept"), "{said}");
    assert!(error.retry_after().is_some() && error.is_retryable() && said.contains("asked again"), "{said}");
    let usage = org.client.usage().unwrap().organization.unwrap();
    assert_eq!((usage.used, usage.limit, usage.remaining()), (5, 50, 45));
}

#[tokio::test]
async fn the_share_of_the_own_app_is_guarded_too() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200)
        .set_body_json(json!({}))
        .insert_header("Sforce-Limit-Info", "api-usage=100/15000; per-app-api-usage=240/250(appName=crm sync)");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = Salesforce::builder()
        .login(Session::new(&server.uri(), "00Dcanary!secret".to_owned()).unwrap())
        .clock(Arc::new(ManualClock::starting_at("2025-06-02T09:00:00Z".parse().unwrap())) as Arc<dyn Clock>)
        .keep_daily_percent(5)
        .build()
        .unwrap();
    client.limits().await.unwrap();
    let error = client.limits().await.unwrap_err();
    assert!(error.to_string().contains("240 of 250 calls are used, 13 are kept"), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    assert_eq!(client.usage().unwrap().apps[0].0, "crm sync");
}

#[tokio::test]
async fn the_vendors_own_refusal_ends_the_work_without_a_retry() {
    let org = Org::empty().await;
    org.sandbox.set_quirks(Vendor::Salesforce, &json!({ "daily_api_requests": 1 })).unwrap();
    org.client.limits().await.unwrap();
    let error = org.client.limits().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::QuotaExhausted, 1), "{error}");
    assert_eq!(error.vendor_code(), Some("REQUEST_LIMIT_EXCEEDED"));
}
