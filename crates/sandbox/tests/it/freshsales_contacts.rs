//! Contacts: shapes, validation, addresses, links, lifecycle.

use serde_json::{Value, json};

use crate::freshsales_account::Account;

#[tokio::test]
async fn a_new_contact_has_the_shape_of_the_wire() {
    let account = Account::empty();
    let created = account
        .post("/contacts", json!({"contact": {"emails": "ada@engine.example", "mobile_number": "1-926-555-9504"}}))
        .await;
    let body = created.expect(200);
    assert_eq!(body.as_object().unwrap().len(), 1, "no side-loads unless asked: {body}");
    let contact = &body["contact"];
    let keys: Vec<&str> = contact.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys[..20],
        [
            "id",
            "first_name",
            "last_name",
            "display_name",
            "avatar",
            "job_title",
            "city",
            "state",
            "zipcode",
            "country",
            "email",
            "emails",
            "time_zone",
            "work_number",
            "mobile_number",
            "address",
            "last_seen",
            "lead_score",
            "last_contacted",
            "open_deals_amount"
        ]
    );
    assert_eq!(contact["id"], 70_000_000_000_i64);
    assert_eq!(contact["display_name"], "ada@engine.example");
    assert_eq!(contact["mobile_number"], "19265559504");
    assert_eq!(
        contact["emails"],
        json!([{"id": 70_000_000_000_i64, "value": "ada@engine.example", "is_primary": true, "label": null, "_destroy": false}])
    );
    assert_eq!(contact["created_at"], "2025-03-10T09:30:00-06:00");
    assert_eq!(contact["open_deals_amount"], Value::Null);
    assert_eq!(contact["subscription_status"], 1);
    assert_eq!(contact["subscription_types"], "1;2;3;4;5");
    assert!(contact["record_type_id"].is_string());
    assert!(contact["mcr_id"].as_i64().unwrap() > 1 << 53);
    assert_eq!(contact["custom_field"]["cf_do_not_call"], false);
    assert_eq!(contact["custom_field"]["cf_tier"], Value::Null);
    assert_eq!(contact["links"]["notes"], "/crm/sales/contacts/70000000000/notes?include=creater");
    for absent in ["owner_id", "sales_accounts", "contact_status_id", "lifecycle_stage_id", "has_duplicates"] {
        assert!(contact.get(absent).is_none(), "{absent} is present");
    }

    let read = account.get("/contacts/70000000000").await.expect(200);
    assert_eq!(read["contact"]["open_deals_amount"], "0.0");
    assert_eq!(read["contact"]["has_duplicates"], false);
    // The other base path, and the trailing extension, lead to the same record.
    let same = account.get("/api/contacts/70000000000.json").await.expect(200);
    assert_eq!(same, read);
}

#[tokio::test]
async fn complaints_come_in_the_vendors_order_and_words() {
    let account = Account::empty();
    let taken = json!({"contact": {"emails": ["Ada@engine.example"], "mobile_number": "+44 7700 900001"}});
    account.post("/contacts", taken).await.expect(200);
    let cases = [
        (json!({}), vec!["param is missing or the value is empty: contact"]),
        (json!({"contact": [1]}), vec!["The type for contact is invalid."]),
        (json!({"contact": {"first_name": "Ada"}}), vec!["Email can't be blank"]),
        (json!({"contact": {"emails": "not an address"}}), vec!["Email is invalid"]),
        (json!({"contact": {"emails": "ADA@ENGINE.EXAMPLE"}}), vec!["Email is not unique"]),
        (
            json!({"contact": {"emails": "b@c.example", "sales_accounts": {"id": 1}}}),
            vec!["The type for sales_accounts is invalid."],
        ),
        (
            json!({"contact": {"emails": "b@c.example", "sales_accounts": [{"id": 1}]}}),
            vec!["Sales account is invalid"],
        ),
        (json!({"contact": {"emails": "b@c.example", "owner_id": 12}}), vec!["Sales owner is invalid"]),
        (
            json!({"contact": {"emails": "b@c.example", "custom_field": {"cf_tier": "Platinum"}}}),
            vec!["Tier is invalid"],
        ),
        (
            json!({"contact": {"emails": "b@c.example", "custom_field": []}}),
            vec!["The type for custom_field is invalid."],
        ),
        (
            json!({"contact": {"emails": "b@c.example", "subscription_status": 9}}),
            vec!["Subscription status is invalid"],
        ),
        // Types before required, required before unique.
        (
            json!({"contact": {"first_name": {}, "last_name": []}}),
            vec!["The type for first_name is invalid.", "The type for last_name is invalid."],
        ),
        (json!({"contact": {"emails": "ada@engine.example", "city": {}}}), vec!["The type for city is invalid."]),
    ];
    for (body, expected) in cases {
        let answer = account.post("/contacts", body.clone()).await;
        assert_eq!(answer.complaints(), expected, "{body}");
    }
    // Unknown keys are ignored, also among the custom fields; the mobile number need not be unique.
    let odd = json!({"contact": {"mobile_number": "+447700900001", "no_such": 1, "custom_field": {"cf_no_such": 1}}});
    account.post("/contacts", odd).await.expect(200);
}

#[tokio::test]
async fn switches_change_what_is_required_and_unique() {
    let account = Account::empty();
    account.new_contact(json!({"mobile_number": "123", "external_id": "x"})).await;
    account.quirk(json!({"mobile_number_unique": true, "external_id_unique": true, "contact_last_name_required": true,
        "contact_names_suffice": true, "unknown_custom_field_refused": true}));
    let post = |fields: Value| account.post("/contacts", json!({ "contact": fields }));
    let both = post(json!({"mobile_number": "1-2 3", "external_id": "X", "last_name": "B"})).await.complaints();
    assert_eq!(both, ["MobileNumber is not unique", "ExternalId is not unique"]);
    assert_eq!(post(json!({"emails": "a@b.c"})).await.complaints(), ["Last name can't be blank"]);
    assert_eq!(post(json!({"last_name": "C", "custom_field": {"cf_x": 1}})).await.complaints(), ["cf_x is invalid"]);
    post(json!({"last_name": "Nobody"})).await.expect(200);
    let wrong = account.sandbox.set_quirks(sandbox::Vendor::Freshsales, &json!({"no_such_switch": true}));
    assert!(wrong.unwrap_err().contains("no_such_switch"));
}

#[tokio::test]
async fn addresses_are_added_changed_and_removed_by_id() {
    let account = Account::empty();
    let id = account.new_contact(json!({"emails": [{"value": "a@x.example"}, {"value": "b@x.example", "is_primary": true, "label": "Work"}]})).await;
    let path = format!("/contacts/{id}");
    let emails = |body: &Value| body["contact"]["emails"].clone();
    let first = account.get(&path).await.expect(200);
    assert_eq!(first["contact"]["email"], "b@x.example");
    let (a, b) = (emails(&first)[0]["id"].clone(), emails(&first)[1]["id"].clone());
    assert_eq!(emails(&first)[1]["label"], "Work");

    // Not mentioned addresses stay; a removed primary is succeeded by the first.
    let change = json!({"contact": {"emails": [{"id": b, "_destroy": true}, {"value": "c@x.example"}]}});
    let second = account.put(&path, change).await.expect(200);
    assert_eq!(second["contact"]["email"], "a@x.example");
    assert_eq!(emails(&second).as_array().unwrap().len(), 2);

    let change = json!({"contact": {"emails": [{"id": a, "value": "a2@x.example"}]}});
    let third = account.put(&path, change).await.expect(200);
    assert_eq!((&emails(&third)[0]["id"], &emails(&third)[0]["value"]), (&a, &json!("a2@x.example")));

    // A plain text changes the primary address.
    let fourth = account.put(&path, json!({"contact": {"email": "d@x.example"}})).await.expect(200);
    assert_eq!(fourth["contact"]["email"], "d@x.example");
    assert_eq!(emails(&fourth)[0]["id"], a);

    let gone =
        json!({"contact": {"emails": [{"id": a, "_destroy": true}, {"value": "c@x.example", "_destroy": true}]}});
    assert_eq!(account.put(&path, gone).await.complaints(), ["Email can't be blank"]);
    let unknown = json!({"contact": {"emails": [{"id": 5, "value": "e@x.example"}]}});
    assert_eq!(account.put(&path, unknown).await.complaints(), ["Email is invalid"]);
}

#[tokio::test]
async fn accounts_are_replaced_as_a_set_with_one_primary() {
    let account = Account::empty();
    let (one, two) = (account.new_account("One").await, account.new_account("Two").await);
    let id = account.new_contact(json!({"emails": "a@x.example", "sales_accounts": [{"id": one}, {"id": two.to_string(), "is_primary": true, "junk": 1}]})).await;
    let links = |body: &Value| {
        let list = body["contact"]["sales_accounts"].as_array().unwrap();
        list.iter()
            .map(|link| (link["id"].as_i64().unwrap(), link["is_primary"].as_bool().unwrap()))
            .collect::<Vec<_>>()
    };
    let path = format!("/contacts/{id}?include=sales_accounts");
    let read = account.get(&path).await.expect(200);
    assert_eq!(links(&read), [(one, false), (two, true)]);
    assert_eq!(read["contact"]["sales_accounts"][0]["name"], "One");
    assert_eq!(read["contact"]["sales_accounts"][0]["partial"], true);

    let replaced = account.put(&path, json!({"contact": {"sales_accounts": [{"id": one}]}})).await.expect(200);
    assert_eq!(links(&replaced), [(one, true)]);
    let linked = account.put(&path, json!({"contact": {"sales_account_id": two}})).await.expect(200);
    assert_eq!(links(&linked), [(two, true), (one, false)]);
    let named = account.put(&path, json!({"contact": {"sales_account": {"name": "Three"}}})).await.expect(200);
    assert_eq!(links(&named).len(), 3);
    assert_eq!(named["contact"]["sales_accounts"][0]["name"], "Three");
    let found = account.put(&path, json!({"contact": {"sales_account": {"name": "one"}}})).await.expect(200);
    assert_eq!(links(&found)[0], (one, true));
    assert_eq!(account.listed("sales_accounts", "All Accounts").await.len(), 3);
    let cleared = account.put(&path, json!({"contact": {"sales_accounts": []}})).await.expect(200);
    assert_eq!(links(&cleared), []);
}

#[tokio::test]
async fn stage_and_status_belong_together() {
    let account = Account::empty();
    let customer = account.choice("lifecycle_stages", "Customer").await;
    let churned = account.choice("contact_statuses", "Churned").await;
    let id = account.new_contact(json!({"emails": "a@x.example"})).await;
    let path = format!("/contacts/{id}?include=lifecycle_stage,contact_status,owner");
    let names = |body: &Value| (body["lifecycle_stages"][0]["name"].clone(), body["contact_status"][0]["name"].clone());
    let start = account.get(&path).await.expect(200);
    assert_eq!(names(&start), (json!("Lead"), json!("New")));
    assert_eq!(start["users"], json!([]), "a kind asked for is there, if only empty");
    assert_eq!(start["contact"]["owner_id"], Value::Null);
    let moved = account.put(&path, json!({"contact": {"lifecycle_stage_id": customer.to_string()}})).await.expect(200);
    assert_eq!(names(&moved), (json!("Customer"), json!("Won")));
    account
        .put(&path, json!({"contact": {"lifecycle_stage_id": account.choice("lifecycle_stages", "Lead").await}}))
        .await
        .expect(200);
    let moved = account.put(&path, json!({"contact": {"contact_status_id": churned}})).await.expect(200);
    assert_eq!(names(&moved), (json!("Customer"), json!("Churned")));
}

#[tokio::test]
async fn subscriptions_are_accepted_in_every_form_and_answered_in_one() {
    let account = Account::empty();
    let id = account.new_contact(json!({"emails": "a@x.example"})).await;
    let write = |fields: Value| account.put("/contacts/70000000000", json!({ "contact": fields }));
    assert_eq!(id, 70_000_000_000);
    let state =
        |body: Value| (body["contact"]["subscription_status"].clone(), body["contact"]["subscription_types"].clone());
    assert_eq!(state(write(json!({"subscription_status": "0"})).await.expect(200)), (json!(0), json!("")));
    assert_eq!(state(write(json!({"subscription_status": ["1"]})).await.expect(200)), (json!(1), json!("1;2;3;4;5")));
    assert_eq!(state(write(json!({"subscription_types": ["2", 4]})).await.expect(200)), (json!(1), json!("2;4")));
    assert_eq!(write(json!({"subscription_types": "2;9"})).await.complaints(), ["Subscription types is invalid"]);
    write(json!({"subscription_status": 0})).await.expect(200);
    account.quirk(json!({"resubscribe_refused": true}));
    assert_eq!(write(json!({"subscription_status": 1})).await.complaints(), ["Subscription status is invalid"]);
}

#[tokio::test]
async fn custom_fields_merge_and_null_clears() {
    let account = Account::empty();
    let id = account.new_contact(json!({"emails": "a@x.example", "custom_field": {"cf_tier": "Gold", "cf_region": "EMEA", "cf_interests": ["Hardware", "Services"]}})).await;
    let path = format!("/contacts/{id}");
    let body = account
        .put(&path, json!({"contact": {"custom_field": {"cf_region": null, "cf_do_not_call": "true"}}}))
        .await
        .expect(200);
    let custom = &body["contact"]["custom_field"];
    assert_eq!(custom["cf_tier"], "Gold");
    assert_eq!(custom["cf_region"], Value::Null);
    assert_eq!(custom["cf_do_not_call"], true);
    assert_eq!(custom["cf_interests"], "Hardware;Services");
    let fields = account.get("/settings/contacts/fields.json").await.expect(200);
    let fields = fields["fields"].as_array().unwrap();
    let tier = fields.iter().find(|field| field["name"] == "cf_tier").unwrap();
    assert_eq!((&tier["type"], &tier["default"]), (&json!("dropdown"), &json!(false)));
    let silver = tier["choices"].as_array().unwrap().iter().find(|choice| choice["value"] == "Silver").unwrap();
    let body = account.put(&path, json!({"contact": {"custom_field": {"cf_tier": silver["id"]}}})).await.expect(200);
    assert_eq!(body["contact"]["custom_field"]["cf_tier"], "Silver");
}

#[tokio::test]
async fn a_write_that_changes_nothing_keeps_updated_at() {
    let account = Account::empty();
    let id = account.new_contact(json!({"emails": "a@x.example", "city": "Pune"})).await;
    let path = format!("/contacts/{id}");
    let updated = |body: Value| body["contact"]["updated_at"].as_str().unwrap().to_owned();
    account.advance(60);
    assert_eq!(
        updated(account.put(&path, json!({"contact": {"city": "Pune"}})).await.expect(200)),
        "2025-03-10T09:30:00-06:00"
    );
    assert_eq!(account.sandbox.log().effects(sandbox::Vendor::Freshsales).len(), 1);
    assert_eq!(
        updated(account.put(&path, json!({"contact": {"city": "Goa"}})).await.expect(200)),
        "2025-03-10T09:31:00-06:00"
    );
    let read = account.get(&format!("{path}?include=creater,updater")).await.expect(200);
    assert_eq!(read["users"].as_array().unwrap().len(), 1);
    assert_eq!(read["contact"]["updater_id"], read["users"][0]["id"]);
    // Timestamps in a write are ignored unless the switch says otherwise.
    let stamped = json!({"contact": {"city": "Agra", "created_at": "2020-01-01T00:00:00Z"}});
    let body = account.put(&path, stamped.clone()).await.expect(200);
    assert_eq!(body["contact"]["created_at"], "2025-03-10T09:30:00-06:00");
    account.quirk(json!({"timestamps_writable": true, "no_change_keeps_updated_at": false}));
    let body = account.put(&path, stamped).await.expect(200);
    assert_eq!(body["contact"]["created_at"], "2019-12-31T18:00:00-06:00");
}
