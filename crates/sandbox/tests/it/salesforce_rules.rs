//! Derived fields, cascades, merges, users and switches.

use axum::http::StatusCode;
use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

#[tokio::test]
async fn opportunities_and_tasks_fill_in_their_own_fields() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let contact = org.make("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let deal = org
        .make(
            "Opportunity",
            json!({
                "Name": "d", "StageName": "Prospecting", "CloseDate": "2025-11-30", "Amount": "1000.5",
                "AccountId": account, "ContactId": contact,
            }),
        )
        .await;
    let check = async |expected: Value| {
        let record = org.read("Opportunity", &deal).await;
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&record[field], value, "{field}");
        }
    };
    check(
        json!({"Probability": 10.0, "ExpectedRevenue": 100.05, "ForecastCategoryName": "Pipeline", "IsClosed": false,
        "Fiscal": "2025 4", "FiscalYear": 2025, "FiscalQuarter": 4, "LastStageChangeDate": null, "Amount": 1000.5}),
    )
    .await;
    org.advance(60);
    org.patch(&format!("sobjects/Opportunity/{deal}"), json!({"StageName": "Closed Won"})).await;
    check(json!({"Probability": 100.0, "IsClosed": true, "IsWon": true, "ForecastCategory": "Closed",
        "LastStageChangeDate": "2025-06-02T09:01:00.000+0000"}))
    .await;
    org.patch(
        &format!("sobjects/Opportunity/{deal}"),
        json!({"StageName": "Our stage", "Probability": 33, "ForecastCategoryName": "Commit"}),
    )
    .await;
    check(json!({"Probability": 33.0, "IsClosed": false, "IsWon": false, "ForecastCategory": "Forecast"})).await;

    let roles = org
        .query(&format!("SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{deal}'"))
        .await;
    assert_eq!(
        (roles.column("ContactId"), roles.column("IsPrimary")),
        (vec![contact.clone()], vec!["true".to_owned()])
    );
    let other = org.contact("y").await;
    org.make("OpportunityContactRole", json!({"OpportunityId": deal, "ContactId": other, "IsPrimary": true})).await;
    let primary = org.query("SELECT ContactId FROM OpportunityContactRole WHERE IsPrimary = true").await;
    assert_eq!(primary.column("ContactId"), [other]);

    let task = org.make("Task", json!({"Subject": "Call", "WhoId": contact, "WhatId": deal, "Priority": "High"})).await;
    let record = org.read("Task", &task).await;
    assert_eq!(record["AccountId"], account);
    assert_eq!(
        (&record["Status"], &record["IsHighPriority"], &record["TaskSubtype"]),
        (&json!("Not Started"), &json!(true), &json!("Task"))
    );
    org.patch(&format!("sobjects/Task/{task}"), json!({"Status": "Completed"})).await;
    let record = org.read("Task", &task).await;
    assert_eq!(
        (&record["IsClosed"], &record["CompletedDateTime"]),
        (&json!(true), &json!("2025-06-02T09:01:00.000+0000"))
    );
    org.patch(&format!("sobjects/Task/{task}"), json!({"Status": "Deferred"})).await;
    assert_eq!(org.read("Task", &task).await["CompletedDateTime"], Value::Null);
    let lead = org.make("Lead", json!({"LastName": "l", "Company": "c"})).await;
    let refused = org.post("sobjects/Task", json!({"WhoId": lead, "WhatId": deal})).await;
    assert_eq!(refused.refusal(), (400, "FIELD_INTEGRITY_EXCEPTION"));
}

#[tokio::test]
async fn deleting_an_account_takes_what_belongs_to_it_and_restoring_brings_it_back() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    let child = org.make("Account", json!({"Name": "Child", "ParentId": account})).await;
    let contact = org.make("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let note = org.make("Note", json!({"Title": "n", "ParentId": contact})).await;
    let task = org.make("Task", json!({"Subject": "t", "WhatId": account})).await;
    org.advance(5);
    assert_eq!(org.delete(&format!("sobjects/Account/{account}")).await.status, StatusCode::NO_CONTENT);
    let gone = [("Account", &account), ("Contact", &contact), ("Note", &note), ("Task", &task)];
    for (object, id) in gone {
        assert_eq!(org.get(&format!("sobjects/{object}/{id}")).await.status, StatusCode::NOT_FOUND, "{object}");
    }
    let child_record = org.read("Account", &child).await;
    assert_eq!(
        (&child_record["ParentId"], &child_record["LastModifiedDate"], &child_record["SystemModstamp"]),
        (&Value::Null, &json!("2025-06-02T09:00:00.000+0000"), &json!("2025-06-02T09:00:05.000+0000"))
    );
    let refused = org.post("sobjects/Contact", json!({"LastName": "y", "AccountId": account})).await;
    assert_eq!(refused.refusal().1, "ENTITY_IS_DELETED");
    let all = org.query_all("SELECT Id FROM Contact WHERE IsDeleted = true").await;
    assert_eq!(all.column("Id").concat(), contact);

    assert!(org.sandbox.restore(SF, "Contact", &contact).is_err(), "it went with its account");
    org.sandbox.restore(SF, "Account", &account).unwrap();
    for (object, id) in gone {
        assert_eq!(org.get(&format!("sobjects/{object}/{id}")).await.status, StatusCode::OK, "{object}");
    }
    org.sandbox.purge(SF, "Account", &account).unwrap();
    assert_eq!(org.query_all("SELECT Id FROM Contact").await.body["totalSize"], 0);
    assert_eq!(org.delete(&format!("sobjects/Account/{account}")).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn humans_automation_and_merges_leave_their_own_marks() {
    let org = Org::empty();
    let me = org.get("/services/oauth2/userinfo").await.body["user_id"].as_str().unwrap().to_owned();
    let id = org.contact("x").await;
    assert_eq!(org.read("Contact", &id).await["LastModifiedById"], me);
    org.advance(10);
    let edited = org.sandbox.edit(SF, "Contact", &id, json!({"Title": "Chair"})).unwrap();
    assert_ne!(edited.record["LastModifiedById"], me);
    assert_eq!(edited.record["LastModifiedDate"], "2025-06-02T09:00:10.000+0000");
    org.advance(10);
    let automated = org.sandbox.automate(SF, "Contact", &id, json!({"Region__c": "EMEA"})).unwrap();
    assert_eq!(automated.record["LastModifiedDate"], "2025-06-02T09:00:10.000+0000");
    assert_eq!(automated.record["SystemModstamp"], "2025-06-02T09:00:20.000+0000");

    let loser = org.contact("y").await;
    let task = org.make("Task", json!({"Subject": "t", "WhoId": loser})).await;
    org.advance(10);
    org.sandbox.merge(SF, "Contact", &id, &[&loser]).unwrap();
    assert_eq!(org.read("Task", &task).await["WhoId"], id);
    let merged =
        org.query_all("SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true AND MasterRecordId != null").await;
    assert_eq!((merged.column("Id"), merged.column("MasterRecordId")), (vec![loser.clone()], vec![id]));
    assert!(org.sandbox.restore(SF, "Contact", &loser).is_err());

    let refused = org.sandbox.create(SF, "Contact", json!({"Email": "x"})).unwrap_err();
    assert_eq!((refused.status, &refused.body[0]["errorCode"]), (400, &json!("INVALID_EMAIL_ADDRESS")));
}

#[tokio::test]
async fn inactive_users_own_nothing_new() {
    let org = Org::demo();
    let inactive = org.query("SELECT Id FROM User WHERE IsActive = false").await.column("Id");
    let answer = org.post("sobjects/Contact", json!({"LastName": "x", "OwnerId": inactive[0]})).await;
    assert_eq!(answer.refusal(), (400, "INACTIVE_OWNER_OR_USER"));
    assert!(answer.message().ends_with("as owner of contact"), "{}", answer.message());
}

#[tokio::test]
async fn switches_change_the_undocumented() {
    let org = Org::empty();
    let switch = |changes: Value| org.sandbox.set_quirks(SF, &changes);
    assert!(switch(json!({"nope": 1})).unwrap_err().contains("nope"));
    switch(json!({"read_of_deleted_says_deleted": true, "protect_accounts_with_won_deals": true})).unwrap();
    let account = org.account("Acme").await;
    let deal = json!({"Name": "d", "StageName": "Closed Won", "CloseDate": "2025-01-01", "AccountId": account});
    let deal = org.make("Opportunity", deal).await;
    assert_eq!(org.delete(&format!("sobjects/Account/{account}")).await.refusal(), (400, "DELETE_FAILED"));
    org.delete(&format!("sobjects/Opportunity/{deal}")).await;
    assert_eq!(org.get(&format!("sobjects/Opportunity/{deal}")).await.refusal(), (404, "ENTITY_IS_DELETED"));
    assert_eq!(org.delete(&format!("sobjects/Account/{account}")).await.status, StatusCode::NO_CONTENT);
}

#[test]
fn equal_seeds_give_equal_organisations() {
    let state = |seed| Sandbox::builder().seed(seed).build().state(SF);
    let first = state(3);
    assert_eq!(first, state(3));
    assert_ne!(first, state(4));
    let count = |object: &str| first[object].as_array().unwrap().len();
    assert!(
        count("Contact") >= 1_500 && count("Account") >= 150 && count("Opportunity") >= 200,
        "{}",
        count("Contact")
    );
    assert!(count("Task") >= 250 && count("Note") >= 150 && count("User") >= 7);
}
