//! Views, paging, search, lookup, filtered search.

use std::collections::BTreeSet;

use sandbox::{Sandbox, Vendor};
use serde_json::{Value, json};

use crate::freshsales_account::{Account, ids};

#[tokio::test]
async fn every_entity_has_its_standard_views() {
    let account = Account::empty();
    for (entity, model, names) in [
        ("contacts", "Contact", vec!["All Contacts", "My Contacts", "Recycle Bin"]),
        ("sales_accounts", "SalesAccount", vec!["All Accounts", "My Accounts", "Recycle Bin"]),
        ("deals", "Deal", vec!["All Deals", "Open Deals", "Won Deals", "Lost Deals", "My Deals", "Recycle Bin"]),
    ] {
        let filters = account.get(&format!("/{entity}/filters")).await.expect(200);
        for name in names {
            let view = filters["filters"].as_array().unwrap().iter().find(|view| view["name"] == name).unwrap();
            assert_eq!((&view["model_class_name"], &view["user_id"]), (&json!(model), &Value::Null));
        }
    }
    account.quirk(json!({"all_deals_view": false}));
    let filters = account.get("/deals/filters").await.expect(200);
    assert!(filters["filters"].as_array().unwrap().iter().all(|view| view["name"] != "All Deals"));
    // A view of another entity is not a view of this one.
    let accounts = account.view("sales_accounts", "All Accounts").await;
    assert_eq!(account.get(&format!("/contacts/view/{accounts}")).await.status, 404);
}

#[tokio::test]
async fn pages_are_cut_clamped_and_end() {
    let account = Account::of(Sandbox::builder().seed(3));
    let view = account.view("contacts", "All Contacts").await;
    let page = |query: &str| account.get_owned(format!("/contacts/view/{view}?{query}"));
    let first = page("").await.expect(200);
    let total = first["meta"]["total"].as_u64().unwrap();
    assert_eq!(ids(&first["contacts"]).len(), 25);
    assert_eq!(first["meta"]["total_pages"], total.div_ceil(25));
    let large = page("per_page=1000").await.expect(200);
    assert_eq!(ids(&large["contacts"]).len(), 100);
    let past = page("page=99999").await.expect(200);
    assert_eq!(past, json!({"contacts": [], "meta": {"total_pages": 0, "total": 0}}));

    let mut seen = BTreeSet::new();
    for number in 1..=total.div_ceil(100) {
        let rows = page(&format!("per_page=100&page={number}&sort=updated_at&sort_type=desc")).await.expect(200);
        seen.extend(ids(&rows["contacts"]));
        let times: Vec<&str> =
            rows["contacts"].as_array().unwrap().iter().map(|row| row["updated_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "same offset, so the texts sort like the times");
    }
    assert_eq!(seen.len() as u64, total);
    let last = page("per_page=1&sort=id&sort_type=desc").await.expect(200);
    assert_eq!(ids(&last["contacts"])[0], *seen.last().unwrap());

    account.quirk(json!({"short_pages": true}));
    let short = page("per_page=100").await.expect(200);
    assert_eq!(ids(&short["contacts"]).len(), 97);
    assert_eq!(short["meta"]["total_pages"], total.div_ceil(97));
    account.quirk(json!({"short_pages": false, "unsorted_views_shuffle": true}));
    let (one, two) = (page("").await.expect(200), page("").await.expect(200));
    assert_ne!(ids(&one["contacts"]), ids(&two["contacts"]));
    let (one, two) = (page("sort=id").await.expect(200), page("sort=id").await.expect(200));
    assert_eq!(one, two);
}

#[tokio::test]
async fn views_side_load_what_is_asked_for() {
    let account = Account::of(Sandbox::builder().seed(3));
    let view = account.view("contacts", "All Contacts").await;
    let page = account
        .get(&format!("/contacts/view/{view}?include=owner,sales_accounts,lifecycle_stage,nonsense"))
        .await
        .expect(200);
    let keys: BTreeSet<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["contacts", "users", "lifecycle_stages", "meta"]));
    let users = ids(&page["users"]);
    for contact in page["contacts"].as_array().unwrap() {
        assert!(users.contains(&contact["owner_id"].as_i64().unwrap()));
        assert!(contact["sales_accounts"].is_array());
        assert!(contact.get("contact_status_id").is_none());
    }
    let open = account.view("deals", "Open Deals").await;
    let page = account.get(&format!("/deals/view/{open}?include=sales_account,contacts,deal_stage")).await.expect(200);
    let accounts = ids(&page["sales_accounts"]);
    for deal in page["deals"].as_array().unwrap() {
        assert!(deal["sales_account_id"].as_i64().is_none_or(|id| accounts.contains(&id)));
        assert_eq!(deal["closed_date"], Value::Null);
    }
}

#[tokio::test]
async fn lists_and_search_can_lag_behind() {
    let account = Account::empty();
    account.quirk(json!({"view_delay_seconds": 30, "search_delay_seconds": 60}));
    let id = account.new_contact(json!({"emails": "a@x.example", "city": "Pune"})).await;
    let view = account.view("contacts", "All Contacts").await;
    let cities = async || {
        let page = account.get(&format!("/contacts/view/{view}")).await.expect(200);
        page["contacts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["city"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let found = async || {
        account.get("/lookup?q=a@x.example&f=email&entities=contact").await.expect(200)["contacts"]["contacts"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((cities().await.len(), found().await), (0, 0));
    account.advance(30);
    assert_eq!((cities().await, found().await), (vec!["Pune".to_owned()], 0));
    account.put(&format!("/contacts/{id}"), json!({"contact": {"city": "Goa"}})).await.expect(200);
    assert_eq!(cities().await, ["Pune"], "the older version shows");
    account.advance(30);
    assert_eq!((cities().await, found().await), (vec!["Goa".to_owned()], 1));
    let read = account.get(&format!("/contacts/{id}")).await.expect(200);
    assert_eq!(read["contact"]["city"], "Goa", "reads by id never lag");
}

#[tokio::test]
async fn search_is_a_bare_array_of_prefix_hits() {
    let account = Account::empty();
    let company = account.new_account("Kraków Foods").await;
    account.new_contact(json!({"first_name": "Łucja", "last_name": "Nowak", "emails": "lucja@krakow.example", "work_number": "+48 12 345 67 89", "sales_account_id": company})).await;
    let search = |query: &str, include: &str| account.get_owned(format!("/search?q={query}&include={include}"));
    let hits = search("kra", "contact,sales_account,deal").await.expect(200);
    let hits = hits.as_array().unwrap();
    assert_eq!(hits.iter().map(|hit| hit["type"].as_str().unwrap()).collect::<Vec<_>>(), ["contact", "sales_account"]);
    assert!(hits[0]["id"].is_string());
    assert_eq!(hits[0]["primary_sales_account_name"], "Kraków Foods");
    for (query, include, count) in [
        ("nowak", "contact", 1),
        ("owak", "contact", 0),
        ("%C5%82uc", "contact", 1),
        ("3456789", "contact", 1),
        ("lucja@", "contact", 1),
        ("ingrid", "user", 1),
        ("x", "contact", 0),
    ] {
        let hits = search(query, include).await.expect(200);
        assert_eq!(hits.as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(account.get("/search?q=x").await.complaints(), ["include can't be blank"]);
    assert_eq!(account.get("/search?include=contact").await.complaints(), ["q can't be blank"]);
}

#[tokio::test]
async fn lookup_is_exact_and_twice_nested() {
    let account = Account::empty();
    let company = account.new_account("Acme").await;
    let id = account.new_contact(json!({"emails": ["a@x.example", "b@x.example"], "custom_field": {"cf_region": "EMEA"}, "sales_account_id": company})).await;
    for (query, field) in [("B@x.example", "email"), ("EMEA", "cf_region")] {
        let body = account
            .get(&format!("/lookup?q={query}&f={field}&entities=contact,sales_account&include=sales_accounts"))
            .await
            .expect(200);
        assert_eq!(ids(&body["contacts"]["contacts"]), [id]);
        assert_eq!(body["contacts"]["contacts"][0]["sales_accounts"][0]["id"], company);
        assert_eq!(body["sales_accounts"]["sales_accounts"], json!([]));
    }
    let body = account.get("/lookup?q=acme&f=name&entities=sales_account").await.expect(200);
    assert_eq!(ids(&body["sales_accounts"]["sales_accounts"]), [company]);
    account.delete(&format!("/contacts/{id}")).await.expect(200);
    let body = account.get("/lookup?q=a@x.example&f=email&entities=contact").await.expect(200);
    assert_eq!(body["contacts"]["contacts"], json!([]));
    assert_eq!(account.get("/lookup?q=a&f=email").await.complaints(), ["entities can't be blank"]);
}

#[tokio::test]
async fn filtered_search_combines_rules() {
    let account = Account::empty();
    let company = account.new_account("Acme").await;
    let a = account.new_contact(json!({"emails": "a@x.example", "city": "Pune", "sales_account_id": company})).await;
    account.advance(3_600);
    let b =
        account.new_contact(json!({"emails": "b@x.example", "city": "Goa", "custom_field": {"cf_tier": "Gold"}})).await;
    let c = account.new_contact(json!({"emails": "c@x.example"})).await;
    account.delete(&format!("/contacts/{c}")).await.expect(200);
    let rule = |attribute: &str, operator: &str, value: Value| json!({"attribute": attribute, "operator": operator, "value": value});
    let cases = [
        (vec![rule("contact_email.email", "is_in", json!(["A@x.example", "zzz"]))], vec![a]),
        (vec![rule("contact_email.email", "is_in", json!("b@x.example"))], vec![b]),
        (vec![rule("city", "starts_with", json!("pu"))], vec![a]),
        (vec![rule("city", "is_not", json!("Pune"))], vec![b]),
        (vec![rule("updated_at", "is_after", json!("2025-03-10T10:00:00-06:00"))], vec![b]),
        (vec![rule("created_at", "is_before", json!("2025-03-10T16:00:00Z"))], vec![a]),
        (vec![rule("created_at", "is_between", json!(["2025-03-10T15:00:00Z", "2025-03-10T17:00:00Z"]))], vec![a, b]),
        (vec![rule("cf_tier", "is_not_empty", Value::Null)], vec![b]),
        (vec![rule("sales_account_id", "is_in", json!(company.to_string()))], vec![a]),
        (vec![rule("city", "contains", json!("o")), rule("cf_tier", "is", json!("Silver"))], vec![]),
        (vec![rule("deleted", "is", json!("1"))], vec![c]),
    ];
    for (rules, expected) in cases {
        let body = account.post("/filtered_search/contact", json!({ "filter_rule": rules })).await.expect(200);
        assert_eq!(ids(&body["contacts"]), expected, "{rules:?}");
        assert!(
            body["contacts"].as_array().unwrap().iter().all(|row| row["partial"] == true && row.get("links").is_none())
        );
    }
    let sorted = json!({"filter_rule": [rule("city", "is_not_empty", json!(""))], "sort": "city", "sort_type": "desc", "per_page": 1, "page": 2});
    let body = account.post("/filtered_search/contact?include=sales_accounts", sorted).await.expect(200);
    assert_eq!((ids(&body["contacts"]), &body["meta"]), (vec![b], &json!({"total": 2})));
    assert_eq!(body["sales_accounts"], json!([]));
    let bad = [
        (json!({}), "filter_rule can't be blank"),
        (json!({"filter_rule": [rule("shoe_size", "is", json!(1))]}), "shoe_size is invalid"),
        (json!({"filter_rule": [rule("city", "resembles", json!(1))]}), "resembles is invalid"),
        (json!({"filter_rule": [rule("city", "is", Value::Null)]}), "value can't be blank"),
    ];
    for (body, expected) in bad {
        assert_eq!(account.post("/filtered_search/contact", body).await.complaints(), [expected]);
    }
    account.quirk(json!({"empty_search_is_empty_object": true}));
    let none = account
        .post("/filtered_search/deal", json!({"filter_rule": [rule("name", "is", json!("x"))]}))
        .await
        .expect(200);
    assert_eq!(none, json!({}));
}

#[tokio::test]
async fn every_demo_record_is_reachable_by_its_keys() {
    let account = Account::of(Sandbox::builder().seed(5));
    let state = account.sandbox.state(Vendor::Freshsales);
    for contact in state["contacts"].as_array().unwrap().iter().step_by(211) {
        let Some(email) = contact["emails"][0]["value"].as_str() else {
            continue;
        };
        let body = account.get(&format!("/lookup?q={email}&f=email&entities=contact")).await.expect(200);
        assert_eq!(ids(&body["contacts"]["contacts"]), [contact["id"].as_i64().unwrap()]);
    }
}
