//! Deals and sales accounts: stages, sums, includes, the recycle bin.

use serde_json::{Value, json};

use crate::freshsales_account::{Account, ids};

#[tokio::test]
async fn stages_decide_probability_and_closing_date() {
    let account = Account::empty();
    let created = account.post("/deals", json!({"deal": {"name": "Gold plan", "amount": 7000}})).await.expect(200);
    let deal = &created["deal"];
    assert_eq!(
        (&deal["amount"], &deal["probability"], &deal["expected_deal_value"]),
        (&json!("7000.0"), &json!(100), &json!("7000.0"))
    );
    assert_eq!(
        (&deal["closed_date"], &deal["deal_prediction"], &deal["rotten_days"]),
        (&Value::Null, &json!(0), &json!(-30))
    );
    assert_eq!(created["users"].as_array().unwrap().len(), 1, "deal writes answer with users");
    assert!(deal.get("owner_id").is_none());
    let path = format!("/deals/{}", deal["id"]);
    let (demo, won, lost) = (
        account.choice("deal_stages", "Demo").await,
        account.choice("deal_stages", "Won").await,
        account.choice("deal_stages", "Lost").await,
    );

    account.advance(2 * 86_400);
    let body = account.put(&path, json!({"deal": {"deal_stage_id": demo}})).await.expect(200);
    assert_eq!((&body["deal"]["probability"], &body["deal"]["expected_deal_value"]), (&json!(60), &json!("4200.0")));
    assert_eq!(body["deal"]["stage_updated_time"], "2025-03-12T09:30:00-06:00");
    let body = account.put(&path, json!({"deal": {"deal_stage_id": won}})).await.expect(200);
    assert_eq!(
        (&body["deal"]["closed_date"], &body["deal"]["deal_prediction"], &body["deal"]["age"]),
        (&json!("2025-03-12"), &json!(6), &json!(2))
    );
    assert_eq!(body["deal"]["rotten_days"], Value::Null);
    account.advance(86_400);
    let body = account.get(&path).await.expect(200);
    assert_eq!(body["deal"]["age"], 2, "a closed deal does not age");
    let body =
        account.put(&path, json!({"deal": {"deal_stage_id": lost, "closed_date": "2025-01-31"}})).await.expect(200);
    assert_eq!(
        (&body["deal"]["closed_date"], &body["deal"]["expected_deal_value"]),
        (&json!("2025-01-31"), &json!("0.0"))
    );
    let body = account.put(&path, json!({"deal": {"deal_stage_id": demo, "probability": 35}})).await.expect(200);
    assert_eq!((&body["deal"]["closed_date"], &body["deal"]["probability"]), (&Value::Null, &json!(35)));

    // Another pipeline starts at its first stage.
    let renewals = account.choice("deal_pipelines", "Renewals").await;
    let body = account.put(&path, json!({"deal": {"deal_pipeline_id": renewals}})).await.expect(200);
    let stages = account.get(&format!("/selector/deal_pipelines/{renewals}/deal_stages")).await.expect(200);
    assert_eq!(body["deal"]["deal_stage_id"], stages["deal_stages"][0]["id"]);
}

#[tokio::test]
async fn deal_complaints() {
    let account = Account::empty();
    let cases = [
        (json!({"amount": 1}), "Name can't be blank"),
        (json!({"name": "d", "amount": "much"}), "Deal value is invalid"),
        (json!({"name": "d", "probability": 101}), "Probability (%) is invalid"),
        (json!({"name": "d", "expected_close": "soon"}), "Expected close date is invalid"),
        (json!({"name": "d", "sales_account_id": 1}), "Account is invalid"),
        (json!({"name": "d", "deal_stage_id": 1}), "Deal stage is invalid"),
        (json!({"name": "d", "contacts_added_list": [1]}), "Contact is invalid"),
        (json!({"name": "d", "contacts_added_list": 1}), "The type for contacts_added_list is invalid."),
        (json!({"name": "d", "custom_field": {"cf_margin": "high"}}), "Margin is invalid"),
    ];
    for (fields, expected) in cases {
        let answer = account.post("/deals", json!({ "deal": fields })).await;
        assert_eq!(answer.complaints(), [expected]);
    }
    account.new_account("Acme").await;
    let again = account.post("/sales_accounts", json!({"sales_account": {"name": "acme "}})).await;
    assert_eq!(again.text, r#"{"errors":{"code":400,"message":["Name has already been taken"]}}"#);
    account.new_deal(json!({"name": "d", "custom_field": {"cf_crmkit_key": "k-1"}})).await;
    let again = account.post("/deals", json!({"deal": {"name": "d", "custom_field": {"cf_crmkit_key": "K-1"}}})).await;
    assert_eq!(again.complaints(), ["Crmkit key has already been taken"]);
}

#[tokio::test]
async fn sums_follow_the_deals() {
    let account = Account::empty();
    let contact = account.new_contact(json!({"emails": "a@x.example"})).await;
    let won = account.choice("deal_stages", "Won").await;
    let named = json!({"sales_account": {"name": "Widgetz"}, "name": "one", "amount": "25.50", "contacts_added_list": [contact.to_string()]});
    let one = account.new_deal(named).await;
    let widgetz = account.listed("sales_accounts", "All Accounts").await[0];
    account.new_deal(json!({"sales_account_id": widgetz, "name": "two", "amount": 5000, "deal_stage_id": won})).await;
    let sums = |record: &Value| {
        ["open_deals_amount", "open_deals_count", "won_deals_amount", "won_deals_count"].map(|key| record[key].clone())
    };
    let body = account.get(&format!("/sales_accounts/{widgetz}?include=deals")).await.expect(200);
    assert_eq!(sums(&body["sales_account"]), [json!("25.5"), json!(1), json!("5000.0"), json!(1)]);
    assert_eq!(ids(&body["deals"]).len(), 2);
    assert!(body["users"].is_array(), "account reads answer with users");
    let body = account.get(&format!("/contacts/{contact}?include=deals")).await.expect(200);
    assert_eq!(sums(&body["contact"]), [json!("25.5"), json!(1), json!("0.0"), json!(0)]);
    assert_eq!(body["contact"]["deal_ids"], json!([one]));

    let deal = format!("/deals/{one}?include=contacts,sales_account,currency,deal_stage");
    let body = account.put(&deal, json!({"deal": {"contacts_removed_list": [contact]}})).await.expect(200);
    assert_eq!(body["deal"]["contact_ids"], json!([]));
    assert_eq!(body["deal"]["sales_account_id"], widgetz);
    assert_eq!(body["sales_accounts"][0]["name"], "Widgetz");
    assert_eq!(body["currencies"][0]["currency_code"], "USD");
    assert_eq!(body["deal_stages"][0]["name"], "New");
    account.delete(&format!("/deals/{one}")).await.expect(200);
    let body = account.get(&format!("/sales_accounts/{widgetz}")).await.expect(200);
    assert_eq!(sums(&body["sales_account"])[..2], [json!("0.0"), json!(0)]);
    let listed = account.get(&format!("/sales_accounts/{widgetz}/deals")).await.expect(200);
    assert_eq!(listed["meta"], json!({"total_pages": 1, "total": 1}));
}

#[tokio::test]
async fn currencies_are_converted_for_sums() {
    let account = Account::empty();
    let euro = account.get("/selector/currencies").await.expect(200)["currencies"][1].clone();
    let body = account
        .post("/deals", json!({"deal": {"name": "e", "amount": 100, "currency_id": euro["id"]}}))
        .await
        .expect(200);
    assert_eq!((&body["deal"]["amount"], &body["deal"]["base_currency_amount"]), (&json!("100.0"), &json!("108.0")));
}

#[tokio::test]
async fn deleting_goes_to_the_recycle_bin_and_forgetting_is_final() {
    let account = Account::empty();
    let id = account.new_contact(json!({"emails": "a@x.example"})).await;
    let path = format!("/contacts/{id}");
    account.advance(5);
    let answer = account.delete(&path).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "true"));
    assert_eq!(account.listed("contacts", "All Contacts").await, [] as [i64; 0]);
    assert_eq!(account.listed("contacts", "Recycle Bin").await, [id]);
    let read = account.get(&path).await.expect(200);
    assert_eq!(
        (&read["contact"]["is_deleted"], &read["contact"]["updated_at"]),
        (&json!(true), &json!("2025-03-10T09:30:05-06:00"))
    );
    assert_eq!(account.delete(&path).await.status, 404);
    assert_eq!(account.put(&path, json!({"contact": {"city": "Goa"}})).await.status, 404);
    let again = account.post("/contacts", json!({"contact": {"emails": "a@x.example"}})).await;
    assert_eq!(again.complaints(), ["Email is not unique"]);
    account.quirk(json!({"deleted_blocks_unique": false, "deleted_readable": false}));
    assert_eq!(account.get(&path).await.status, 404);
    account.post("/contacts", json!({"contact": {"emails": "a@x.example"}})).await.expect(200);
    assert_eq!(account.delete(&format!("{path}/forget")).await.text, "true");
    assert_eq!(account.listed("contacts", "Recycle Bin").await, [] as [i64; 0]);
    assert_eq!(account.delete(&format!("{path}/forget")).await.status, 404);
}

#[tokio::test]
async fn an_account_can_take_its_contacts_and_deals_along() {
    let account = Account::empty();
    let company = account.new_account("Acme").await;
    let contact = account.new_contact(json!({"emails": "a@x.example", "sales_account_id": company})).await;
    let deal = account.new_deal(json!({"name": "d", "sales_account_id": company})).await;
    account.delete(&format!("/sales_accounts/{company}?delete_associated_contacts_deals=true")).await.expect(200);
    assert_eq!(account.listed("contacts", "Recycle Bin").await, [contact]);
    assert_eq!(account.listed("deals", "Recycle Bin").await, [deal]);
    // Forgetting cuts the links.
    account.delete(&format!("/sales_accounts/{company}/forget")).await.expect(200);
    let body = account.get(&format!("/deals/{deal}?include=sales_account")).await.expect(200);
    assert_eq!(body["deal"]["sales_account_id"], Value::Null);
}

#[tokio::test]
async fn parents_are_accounts_other_than_oneself() {
    let account = Account::empty();
    let (parent, child) = (account.new_account("Parent").await, account.new_account("Child").await);
    let path = format!("/sales_accounts/{child}");
    let itself = account.put(&path, json!({"sales_account": {"parent_sales_account_id": child}})).await;
    assert_eq!(itself.complaints(), ["Parent account is invalid"]);
    account.put(&path, json!({"sales_account": {"parent_sales_account_id": parent}})).await.expect(200);
    let body = account.get(&format!("/sales_accounts/{parent}")).await.expect(200);
    assert_eq!(body["sales_account"]["child_sales_accounts_count"], 1);
    account.delete(&format!("/sales_accounts/{parent}/forget")).await.expect(200);
    let body = account.get(&path).await.expect(200);
    assert_eq!(body["sales_account"]["parent_sales_account_id"], Value::Null);
    assert_eq!(body["sales_account"]["owner_id"], Value::Null, "always present on accounts");
}
