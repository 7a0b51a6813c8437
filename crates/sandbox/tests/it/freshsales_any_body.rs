//! Whatever is sent, the answer is the vendor's, and a refused write changes nothing.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;
use chrono::{TimeZone as _, Utc};
use proptest::prelude::*;
use sandbox::freshsales::{Freshsales, Quirks};
use sandbox::{Clock, Context, Emulator, Request, Vendor, World};
use serde_json::{Map, Value, json};

const ID: i64 = 70_000_000_000;

fn account() -> Freshsales {
    let clock = Clock::manual(Utc.with_ymd_and_hms(2025, 3, 10, 15, 30, 0).unwrap());
    let account = Freshsales::new(Context { vendor: Vendor::Freshsales, clock, seed: 1 }, Quirks::default());
    account.seed(&World::users_only(1));
    for (path, body) in [
        ("sales_accounts", json!({"sales_account": {"name": "Acme"}})),
        ("contacts", json!({"contact": {"emails": "a@b.c", "sales_account_id": ID}})),
        ("deals", json!({"deal": {"name": "d", "amount": 1, "sales_account_id": ID, "contacts_added_list": [ID]}})),
        (
            "tasks",
            json!({"task": {"title": "t", "due_date": "2025-04-01", "targetable_id": ID, "targetable_type": "Contact"}}),
        ),
        ("notes", json!({"note": {"description": "n", "targetable_id": ID, "targetable_type": "Deal"}})),
    ] {
        assert!(call(&account, "POST", path, &body).0 < 300, "{path}");
    }
    account
}

fn call(account: &Freshsales, method: &str, path: &str, body: &Value) -> (u16, String) {
    let key = account.credentials("http://x")["api_key"].as_str().unwrap().to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Token token={key}")).unwrap());
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let uri = format!("/api/{path}").parse().unwrap();
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Request::new(Vendor::Freshsales, method, &uri, headers, Bytes::from(body.to_string()));
    let reply = account.handle(&request);
    (reply.status.as_u16(), String::from_utf8(reply.body.to_vec()).unwrap())
}

/// Values that are near to something: ids, dates, amounts, lists of the right and wrong shape.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(ID)),
        Just(json!(ID.to_string())),
        "[ -~é]{0,12}".prop_map(Value::from),
        "[a-c]@[a-c]\\.example".prop_map(Value::from),
        "-?[0-9]{1,28}(\\.[0-9]{1,6})?".prop_map(Value::from),
        "[0-9]{1,6}-[0-1][0-9]-[0-3][0-9]".prop_map(Value::from),
        "[0-9]{4}-0[1-9]-1[0-9]T[0-2][0-9]:00:00(Z|[+-]0[0-9]:00)?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop_oneof![
            Just("id"),
            Just("value"),
            Just("is_primary"),
            Just("_destroy"),
            Just("name"),
            Just("user_id"),
            Just("label"),
            Just("cf_tier"),
            Just("cf_margin"),
            Just("cf_demo_at"),
            Just("cf_crmkit_key"),
            Just("cf_do_not_call"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..3).prop_map(|pairs| pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

fn fields() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "first_name",
        "email",
        "emails",
        "mobile_number",
        "phone_numbers",
        "sales_accounts",
        "sales_account_id",
        "sales_account",
        "custom_field",
        "subscription_status",
        "subscription_types",
        "owner_id",
        "tags",
        "contact_status_id",
        "name",
        "amount",
        "probability",
        "expected_close",
        "closed_date",
        "deal_stage_id",
        "deal_pipeline_id",
        "currency_id",
        "contacts_added_list",
        "contacts_removed_list",
        "annual_revenue",
        "parent_sales_account_id",
        "title",
        "due_date",
        "status",
        "task_users_attributes",
        "targetable_id",
        "targetable_type",
        "description",
        "created_at",
    ]);
    prop::collection::vec((key, value()), 0..6)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_write_is_answered_properly(fields in fields(), kind in 0..5_usize, create: bool) {
        let account = account();
        let (singular, plural) = [
            ("contact", "contacts"), ("sales_account", "sales_accounts"), ("deal", "deals"), ("task", "tasks"), ("note", "notes"),
        ][kind];
        let before = account.state();
        let (method, path) = if create { ("POST", plural.to_owned()) } else { ("PUT", format!("{plural}/{ID}")) };
        let (status, text) = call(&account, method, &path, &json!({ singular: fields }));
        prop_assert!(matches!(status, 200 | 201 | 400), "{status} {text}");
        if status == 400 {
            prop_assert!(!serde_json::from_str::<Value>(&text).unwrap()["errors"]["message"].as_array().unwrap().is_empty());
            prop_assert_eq!(account.state(), before);
        }
        // Everything can still be shown.
        for entity in ["contacts", "sales_accounts", "deals"] {
            let filters = call(&account, "GET", &format!("{entity}/filters"), &Value::Null).1;
            for view in serde_json::from_str::<Value>(&filters).unwrap()["filters"].as_array().unwrap() {
                let page = format!("{entity}/view/{}?include=owner,deals,contacts,notes,tasks,sales_account&sort=amount", view["id"]);
                prop_assert_eq!(call(&account, "GET", &page, &Value::Null).0, 200);
            }
        }
    }

    #[test]
    fn any_search_is_answered_properly(rules in prop::collection::vec((
        prop::sample::select(vec!["id", "created_at", "amount", "name", "contact_email.email", "deleted", "cf_tier", "expected_close"]),
        prop::sample::select(vec!["is", "is_in", "is_not_in", "contains", "is_after", "is_before", "is_between", "is_in_the_last", "is_empty"]),
        value(),
    ), 0..3), kind in prop::sample::select(vec!["contact", "sales_account", "deal"]), query in "[ -~é]{1,8}") {
        let account = account();
        let rules: Vec<Value> = rules.into_iter()
            .map(|(attribute, operator, value)| json!({"attribute": attribute, "operator": operator, "value": value})).collect();
        let (status, text) = call(&account, "POST", &format!("filtered_search/{kind}"), &json!({ "filter_rule": rules }));
        prop_assert!(matches!(status, 200 | 400), "{status} {text}");
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        for path in [format!("search?q={query}&include=contact,deal"), format!("lookup?q={query}&f=name&entities=contact,deal")] {
            let status = call(&account, "GET", &path, &Value::Null).0;
            prop_assert!(matches!(status, 200 | 400));
        }
    }
}
