//! Authentication, routing, limits, bodies.

use axum::http::{Request, header};
use bytes::Bytes;
use serde_json::json;

use crate::freshsales_account::Account;

#[tokio::test]
async fn programs_get_401_and_browsers_are_sent_to_sign_in() {
    let account = Account::empty();
    let ask = |key: Option<&str>, accept: &str| {
        let mut request =
            Request::get("http://acme.sandbox/crm/sales/api/contacts/filters").header(header::ACCEPT, accept);
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, key);
        }
        request.body(Bytes::new()).unwrap()
    };
    for key in [None, Some("Token token=wrong"), Some("Bearer x"), Some("Basic eDp5")] {
        let answer = account.send(ask(key, "application/json")).await.unwrap();
        assert_eq!((answer.status, answer.text.as_str()), (401, r#"{"login":"failed","message":null}"#), "{key:?}");
        let answer = account.send(ask(key, "*/*")).await.unwrap();
        assert_eq!(answer.status, 302);
        assert_eq!(answer.headers[header::LOCATION], "http://acme.sandbox/login");
        assert_eq!(answer.text, "");
    }
}

#[tokio::test]
async fn unknown_things_are_404_each_in_its_own_way() {
    let account = Account::empty();
    for path in [
        "/leads/filters",
        "/contacts/70000000000",
        "/nothing",
        "/selector/nothing",
        "/tasks/5",
        "/settings/leads/fields",
    ] {
        let answer = account.get(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (404, r#"{"errors":{"code":404,"message":"not found"}}"#),
            "{path}"
        );
    }
    let answer = account.get("/contacts/abc").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    for entity in ["contacts", "sales_accounts", "deals"] {
        let answer = account.get(&format!("/{entity}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (403, r#"{"message":"not authorized"}"#));
    }
    let outside = account.get("/api/../nothing").await;
    assert_eq!(outside.status, 404);
}

#[tokio::test]
async fn bodies_must_be_labelled_json_objects() {
    let account = Account::empty();
    let mut request = account.request("POST", "/contacts", Some(&json!({"contact": {"emails": "a@b.c"}})));
    request.headers_mut().remove(header::CONTENT_TYPE);
    assert_eq!(account.send(request).await.unwrap().status, 415);
    for text in ["", "{", "[]", "\"x\""] {
        let request = account.request("POST", "/contacts", None).map(|_| Bytes::from(text.to_owned()));
        assert_eq!(account.send(request).await.unwrap().complaints(), ["Invalid JSON"], "{text:?}");
    }
    account.quirk(json!({"envelope_optional": true}));
    account.post("/contacts", json!({"emails": "a@b.c"})).await.expect(200);
}

#[tokio::test]
async fn the_hour_has_a_limit_and_ends() {
    let account = Account::empty();
    account.quirk(json!({"hourly_limit": 3, "rate_limit_headers": true}));
    for left in ["2", "1", "0"] {
        let answer = account.get("/selector/owners").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["x-ratelimit-remaining"], left);
        assert_eq!(answer.headers["x-ratelimit-reset"], "1800");
    }
    let answer = account.get("/selector/owners").await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["errors"]["code"], 429);
    assert!(answer.headers.get(header::RETRY_AFTER).is_none());
    account.advance(1_800);
    assert_eq!(account.get("/selector/owners").await.status, 200);
}

#[tokio::test]
async fn the_gateway_counts_before_it_knows_whose_call_it_is() {
    let account = Account::empty();
    account.quirk(json!({"edge_limit_per_minute": 1, "inner_limit_every": 2}));
    assert_eq!(account.get("/selector/owners").await.status, 200);
    let refused = account.get("/selector/owners").await;
    assert_eq!((refused.status, refused.headers[header::RETRY_AFTER].to_str().unwrap()), (429, "180"));
    account.quirk(json!({"edge_limit_per_minute": 0}));
    assert_eq!(account.get("/contacts/filters").await.status, 200);
    let hidden = account.get("/contacts/filters").await.complaints();
    assert_eq!(hidden, ["UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests"]);
}

#[tokio::test]
async fn selectors_have_their_own_keys_and_shapes() {
    let account = Account::empty();
    let users = account.get("/selector/owners").await.expect(200);
    let users = users["users"].as_array().unwrap();
    assert_eq!(users.len(), 6);
    assert_eq!(users.iter().filter(|user| user["is_active"] == false).count(), 1);
    let pipelines = account.get("/selector/deal_pipelines").await.expect(200);
    let default = &pipelines["deal_pipelines"][0];
    assert_eq!(
        (&default["name"], &default["is_default"], &default["rotting_days"]),
        (&json!("Default Pipeline"), &json!(true), &json!(30))
    );
    let stages = account.get(&format!("/selector/deal_pipelines/{}/deal_stages", default["id"])).await.expect(200);
    assert_eq!(stages["deal_stages"], default["deal_stages"]);
    assert_eq!(stages["deal_stages"][0]["choice_type"], 5);
    assert_eq!(stages["deal_stages"][5]["forecast_type"], "Closed Won");
    let lifecycle = account.get("/selector/lifecycle_stages").await.expect(200);
    let counts: Vec<usize> = lifecycle["lifecycle_stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["contact_status_ids"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [4, 3, 2]);
    let currencies = account.get("/selector/currencies").await.expect(200);
    assert_eq!(currencies["currencies"][0]["exchange_rate"], "1.0");
    let types = account.get("/selector/sales_activity_types").await.expect(200);
    assert_eq!(types["sales_activity_types"][2]["is_checkedin"], true);
    for name in [
        "territories",
        "campaigns",
        "deal_reasons",
        "deal_types",
        "lead_sources",
        "industry_types",
        "business_types",
        "contact_statuses",
        "deal_products",
        "deal_payment_statuses",
        "sales_activity_outcomes",
        "deal_stages",
    ] {
        let list = account.get(&format!("/selector/{name}")).await.expect(200);
        assert_eq!(list.as_object().unwrap().len(), 1, "no meta");
        assert!(!list[name].as_array().unwrap().is_empty(), "{name}");
    }
    let grouped = account.get("/settings/deals/fields?include=field_group").await.expect(200);
    assert_eq!(grouped["fields"][0]["type"], "group_field");
    let flat = account.get("/settings/deals/fields").await.expect(200);
    assert_eq!(grouped["fields"][0]["fields"], flat["fields"]);
    let stage = flat["fields"].as_array().unwrap().iter().find(|field| field["name"] == "deal_stage_id").unwrap();
    assert_eq!(stage["choices"].as_array().unwrap().len(), 14);
}
