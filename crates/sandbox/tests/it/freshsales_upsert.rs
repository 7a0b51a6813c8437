//! Upserts and bulk jobs.

use serde_json::{Value, json};

use crate::freshsales_account::{Account, ids};

#[tokio::test]
async fn upsert_creates_with_the_identifier_then_updates() {
    let account = Account::empty();
    let body = json!({"unique_identifier": {"emails": "jane@x.example"}, "contact": {"first_name": "Jane"}});
    let created = account.post("/contacts/upsert?include=sales_accounts", body.clone()).await.expect(201);
    assert_eq!(
        (&created["contact"]["email"], &created["contact"]["sales_accounts"]),
        (&json!("jane@x.example"), &json!([]))
    );
    let found = json!({"unique_identifier": {"emails": "JANE@x.example"}, "contact": {"emails": "JANE@x.example", "last_name": "Doe"}});
    let updated = account.post("/contacts/upsert", found).await.expect(200);
    assert_eq!(updated["contact"]["id"], created["contact"]["id"]);
    assert_eq!(updated["contact"]["display_name"], "Jane Doe");
    assert_eq!(updated["contact"]["emails"].as_array().unwrap().len(), 1);

    let by_external = |name: &str| json!({"unique_identifier": {"external_id": "e-1"}, "contact": {"first_name": name, "mobile_number": "12345"}});
    let one = account.post("/contacts/upsert", by_external("A")).await.expect(201);
    assert_eq!(one["contact"]["external_id"], "e-1");
    let two = account.post("/contacts/upsert", by_external("B")).await.expect(200);
    assert_eq!((&two["contact"]["id"], &two["contact"]["first_name"]), (&one["contact"]["id"], &json!("B")));
    let by_mobile = json!({"unique_identifier": {"mobile_number": "1-23 45"}, "contact": {"city": "Goa"}});
    assert_eq!(account.post("/contacts/upsert", by_mobile).await.expect(200)["contact"]["id"], one["contact"]["id"]);

    for (entity, envelope, identifier) in
        [("sales_accounts", "sales_account", "cf_crmkit_key"), ("deals", "deal", "cf_crmkit_key")]
    {
        let body = |city: &str| json!({"unique_identifier": {identifier: "k-7"}, envelope: {"name": format!("{entity} {city}")}});
        let one = account.post(&format!("/{entity}/upsert"), body("a")).await.expect(201);
        assert_eq!(one[envelope]["custom_field"]["cf_crmkit_key"], "k-7");
        let two = account.post(&format!("/{entity}/upsert"), body("b")).await.expect(200);
        assert_eq!(
            (&two[envelope]["id"], &two[envelope]["name"]),
            (&one[envelope]["id"], &json!(format!("{entity} b")))
        );
        let by_id = json!({"unique_identifier": {"id": one[envelope]["id"].to_string()}, envelope: {"tags": ["x"]}});
        assert_eq!(account.post(&format!("/{entity}/upsert"), by_id).await.expect(200)[envelope]["tags"], json!(["x"]));
    }
    account.quirk(json!({"always_200": true}));
    let body = json!({"unique_identifier": {"name": "New Co"}, "sales_account": {}});
    assert_eq!(account.post("/sales_accounts/upsert", body).await.expect(200)["sales_account"]["name"], "New Co");
}

#[tokio::test]
async fn upsert_complaints() {
    let account = Account::empty();
    let cases = [
        (json!({"contact": {}}), 400, "param is missing or the value is empty: unique_identifier"),
        (json!({"unique_identifier": {}, "contact": {}}), 400, "unique_identifier is invalid"),
        (
            json!({"unique_identifier": {"emails": "a@b.c", "id": 1}, "contact": {}}),
            400,
            "unique_identifier is invalid",
        ),
        (json!({"unique_identifier": {"city": "Goa"}, "contact": {}}), 400, "unique_identifier is invalid"),
        (json!({"unique_identifier": {"emails": ""}, "contact": {}}), 400, "emails can't be blank"),
        (json!({"unique_identifier": {"emails": ["a@b.c"]}, "contact": {}}), 400, "The type for emails is invalid."),
        (json!({"unique_identifier": {"emails": "a@b.c"}}), 400, "param is missing or the value is empty: contact"),
        (json!({"unique_identifier": {"id": 7}, "contact": {}}), 404, "not found"),
    ];
    for (body, status, message) in cases {
        let answer = account.post("/contacts/upsert", body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.text.contains(message), "{body}: {}", answer.text);
    }
    // The recycle bin keeps addresses reserved: no match, and no new one either.
    let id = account.new_contact(json!({"emails": "a@b.c"})).await;
    account.delete(&format!("/contacts/{id}")).await.expect(200);
    let again =
        account.post("/contacts/upsert", json!({"unique_identifier": {"emails": "a@b.c"}, "contact": {}})).await;
    assert_eq!(again.complaints(), ["Email is not unique"]);
}

#[tokio::test]
async fn bulk_upsert_is_a_job_that_reports_each_failure() {
    let account = Account::empty();
    let known = account.new_contact(json!({"emails": "known@x.example"})).await;
    let rows = json!([
        {"emails": "known@x.example", "data": {"city": "Goa"}},
        {"emails": "new@x.example", "data": {"city": "Pune"}},
        {"id": known.to_string(), "data": {"last_name": "Known"}},
        {"emails": "bad", "data": {}},
        {"id": "5", "data": {}},
    ]);
    let accepted = account.post("/contacts/bulk_upsert", json!({ "contacts": rows })).await.expect(202);
    let url = accepted["job_status_url"].as_str().unwrap();
    let path = url.strip_prefix("http://freshsales.sandbox/crm/sales/api").unwrap();
    assert_eq!(account.listed("contacts", "All Contacts").await.len(), 1, "nothing is done yet");
    let half = account.get(path).await.expect(200);
    assert_eq!((&half["status"], &half["progress"], &half["data"]), (&json!("IN_PROGRESS"), &json!(60), &Value::Null));
    let done = account.get(path).await.expect(200);
    assert_eq!((&done["status"], &done["progress"]), (&json!("SUCCESS"), &json!(100)));
    let report: Value = serde_json::from_str(done["data"].as_str().unwrap()).unwrap();
    assert_eq!(report["record_status"], json!({"succeeded": 3, "failed": 2}));
    assert_eq!(
        report["detailed_failure_report"],
        json!([{"emails": "bad", "error_message": ["Email is invalid"]}, {"id": "5", "error_message": ["not found"]}])
    );
    account.quirk(json!({"bulk_report_as_text": false}));
    assert_eq!(account.get(path).await.expect(200)["data"], report);
    let read = account.get(&format!("/contacts/{known}")).await.expect(200);
    assert_eq!((&read["contact"]["city"], &read["contact"]["last_name"]), (&json!("Goa"), &json!("Known")));

    let too_many: Vec<Value> = (0..101).map(|n| json!({"name": format!("n{n}"), "data": {}})).collect();
    let refused = account.post("/sales_accounts/bulk_upsert", json!({ "sales_accounts": too_many })).await;
    assert_eq!(refused.complaints().len(), 1);
    assert_eq!(
        account.post("/deals/bulk_upsert", json!({"deals": {}})).await.complaints(),
        ["The type for deals is invalid."]
    );
}

#[tokio::test]
async fn jobs_finish_by_themselves_and_are_few_at_a_time() {
    let account = Account::empty();
    let start = async |name: &str| {
        account
            .post("/sales_accounts/bulk_upsert", json!({"sales_accounts": [{"name": name, "data": {"city": "Pune"}}]}))
            .await
    };
    account.quirk(json!({"bulk_jobs_at_a_time": 2}));
    start("One").await.expect(202);
    start("Two").await.expect(202);
    assert_eq!(start("Three").await.status, 405);
    account.advance(5);
    start("Three").await.expect(202);
    assert_eq!(account.listed("sales_accounts", "All Accounts").await.len(), 2);
    let created: Vec<_> = account.sandbox.log().effects(sandbox::Vendor::Freshsales);
    assert_eq!(created.len(), 2, "the work is logged with the call that came upon it");
}

#[tokio::test]
async fn bulk_delete_and_bulk_owner() {
    let account = Account::empty();
    let (a, b) = (
        account.new_contact(json!({"emails": "a@x.example"})).await,
        account.new_contact(json!({"emails": "b@x.example"})).await,
    );
    let owner = account.get("/selector/owners").await.expect(200)["users"][2]["id"].clone();
    account
        .post("/contacts/bulk_assign_owner", json!({"selected_ids": [a, b.to_string(), 3], "owner_id": owner}))
        .await
        .expect(200);
    let read = account.get(&format!("/contacts/{b}?include=owner")).await.expect(200);
    assert_eq!(read["contact"]["owner_id"], owner);
    assert_eq!(read["contact"]["last_assigned_at"], "2025-03-10T09:30:00-06:00");
    account.post("/contacts/bulk_destroy", json!({"selected_ids": [a, 3]})).await.expect(200);
    assert_eq!(account.listed("contacts", "Recycle Bin").await, [a]);
    let page =
        account.get(&format!("/contacts/view/{}", account.view("contacts", "My Contacts").await)).await.expect(200);
    assert_eq!(ids(&page["contacts"]), [] as [i64; 0]);
    assert_eq!(
        account.post("/contacts/bulk_destroy", json!({})).await.complaints(),
        ["param is missing or the value is empty: selected_ids"]
    );
}
