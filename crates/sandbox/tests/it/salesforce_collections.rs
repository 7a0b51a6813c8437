//! Collections, composite, batch and tree.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

fn typed(object: &str, mut fields: Value) -> Value {
    fields["attributes"] = json!({"type": object});
    fields
}

#[tokio::test]
async fn every_record_of_a_collection_has_its_own_result() {
    let org = Org::empty();
    let records = json!([
        typed("Contact", json!({"LastName": "a"})),
        typed("Contact", json!({})),
        typed("Account", json!({"Name": "c"}))
    ]);
    let answer = org.post("composite/sobjects", json!({"allOrNone": false, "records": records})).await;
    assert_eq!(answer.status, StatusCode::OK);
    let ids: Vec<&str> = [0, 2].iter().map(|place| answer.body[place]["id"].as_str().unwrap()).collect();
    assert_eq!(
        answer.body,
        json!([
            {"id": ids[0], "success": true, "errors": []},
            {"success": false, "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]", "fields": ["LastName"]}]},
            {"id": ids[1], "success": true, "errors": []},
        ])
    );
    let before = org.sandbox.state(SF);
    let answer = org.post("composite/sobjects", json!({"allOrNone": true, "records": records})).await;
    assert_eq!(answer.body[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(answer.body[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(org.sandbox.state(SF), before);

    let updates = json!([
        typed("Contact", json!({"id": ids[0], "Title": "t"})),
        typed("Contact", json!({"Id": "003gK0000000000", "Title": "t"})),
        typed("Contact", json!({"Id": "001gK0000000000", "Title": "t"})),
        typed("Contact", json!({"Title": "t"})),
    ]);
    let answer = org.patch("composite/sobjects", json!({"records": updates})).await;
    assert_eq!(answer.body[0], json!({"id": ids[0], "success": true, "errors": []}));
    let codes: Vec<&Value> = (1..4).map(|place| &answer.body[place]["errors"][0]["statusCode"]).collect();
    assert_eq!(codes, ["INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MISSING_ARGUMENT"]);

    let path = format!("composite/sobjects/Contact?ids={},003gK0000000000&fields=Title", ids[0]);
    let read = org.get(&path).await.body;
    assert_eq!((&read[0]["Title"], &read[0]["Id"], &read[1]), (&json!("t"), &json!(ids[0]), &Value::Null));
    let read = org.post("composite/sobjects/Contact", json!({"ids": [ids[0], ids[0]], "fields": ["Name"]})).await.body;
    assert_eq!(read.as_array().unwrap().len(), 2);

    let answer = org.delete(&format!("composite/sobjects?ids={},{},foo&allOrNone=false", ids[0], ids[1])).await;
    assert_eq!(
        (&answer.body[0]["success"], &answer.body[1]["success"], &answer.body[2]["success"]),
        (&json!(true), &json!(true), &json!(false))
    );
    let again = org.delete(&format!("composite/sobjects?ids={}", ids[0])).await;
    assert_eq!(again.body[0]["errors"][0]["statusCode"], "ENTITY_IS_DELETED");
}

#[tokio::test]
async fn collections_upsert_by_external_id_and_by_id() {
    let org = Org::empty();
    let upsert = async |key: &str, records: Value, whole: bool| {
        org.patch(&format!("composite/sobjects/Contact/{key}"), json!({"allOrNone": whole, "records": records})).await
    };
    let one = json!([{"attributes": {"type": "Contact"}, "LastName": "a", "Crmkit_Key__c": "k1"}, {"LastName": "b", "Crmkit_Key__c": "k2"}]);
    let first = upsert("Crmkit_Key__c", one.clone(), false).await;
    assert_eq!((&first.body[0]["created"], &first.body[1]["created"]), (&json!(true), &json!(true)));
    let second = upsert("Crmkit_Key__c", one, false).await;
    assert_eq!((&second.body[0]["created"], &second.body[0]["id"]), (&json!(false), &first.body[0]["id"]));
    let trouble = upsert("Crmkit_Key__c", json!([
        {"LastName": "x", "Crmkit_Key__c": "same"}, {"LastName": "y", "Crmkit_Key__c": "SAME"}, {"LastName": "z"}, {"LastName": "ok", "Crmkit_Key__c": "k3"},
    ]), false).await;
    let codes: Vec<&Value> = (0..3).map(|place| &trouble.body[place]["errors"][0]["statusCode"]).collect();
    assert_eq!(codes, ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]);
    assert_eq!(trouble.body[3]["success"], true);
    let rolled =
        upsert("Crmkit_Key__c", json!([{"LastName": "n", "Crmkit_Key__c": "k9"}, {"Crmkit_Key__c": "k10"}]), true)
            .await;
    assert_eq!(
        (&rolled.body[0]["created"], &rolled.body[0]["errors"][0]["statusCode"]),
        (&json!(true), &json!("ALL_OR_NONE_OPERATION_ROLLED_BACK"))
    );

    let by_id =
        upsert("Id", json!([{"Id": null, "LastName": "new"}, {"Id": first.body[0]["id"], "Title": "t"}]), false).await;
    assert_eq!((&by_id.body[0]["created"], &by_id.body[1]["created"]), (&json!(true), &json!(false)));
    for name in ["x", "y"] {
        org.make("Contact", json!({"LastName": name, "Legacy_Id__c": "L"})).await;
    }
    let many = upsert("Legacy_Id__c", json!([{"LastName": "x", "Legacy_Id__c": "L"}]), false).await;
    assert_eq!(many.body[0]["errors"][0]["statusCode"], "DUPLICATE_EXTERNAL_ID");
    assert_eq!(upsert("Title", json!([{}]), false).await.refusal(), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn collections_have_limits() {
    let org = Org::empty();
    let many: Vec<Value> = (0..201).map(|n| typed("Contact", json!({"LastName": n.to_string()}))).collect();
    let answer = org.post("composite/sobjects", json!({"records": many})).await;
    assert_eq!(answer.refusal(), (400, "EXCEEDED_ID_LIMIT"));
    assert_eq!(answer.message(), "record limit reached. cannot submit more than 200 records into this call");
    let mixed: Vec<Value> = (0..12)
        .map(|n| {
            if n % 2 == 0 { typed("Contact", json!({"LastName": "x"})) } else { typed("Account", json!({"Name": "x"})) }
        })
        .collect();
    assert_eq!(org.post("composite/sobjects", json!({"records": mixed})).await.refusal(), (400, "LIMIT_EXCEEDED"));
    let unreadable = json!([typed("Contact", json!({"LastName": "x"})), typed("Contact", json!({"LastName": 5}))]);
    assert_eq!(
        org.post("composite/sobjects", json!({"records": unreadable})).await.refusal(),
        (400, "JSON_PARSER_ERROR")
    );
    assert_eq!(org.query("SELECT COUNT() FROM Contact").await.body["totalSize"], 0);
    assert_eq!(
        org.post("composite/sobjects", json!({"records": [{"LastName": "x"}]})).await.refusal(),
        (400, "INVALID_TYPE")
    );
}

fn part(method: &str, url: &str, reference: &str, body: Value) -> Value {
    json!({"method": method, "url": format!("/services/data/v62.0/{url}"), "referenceId": reference, "body": body})
}

#[tokio::test]
async fn composite_parts_refer_to_earlier_answers() {
    let org = Org::empty();
    let parts = json!([
        part("POST", "sobjects/Account", "acc", json!({"Name": "Acme"})),
        part("POST", "sobjects/Contact", "con", json!({"LastName": "x", "AccountId": "@{acc.id}"})),
        part("GET", "query?q=SELECT Id, Account.Name FROM Contact WHERE AccountId = '@{acc.id}'", "q", Value::Null),
        part("PATCH", "sobjects/Contact/@{con.id}", "upd", json!({"Title": "at @{q.records[0].Account.Name}"})),
        part("GET", "sobjects/Foo", "bad", Value::Null),
        part("GET", "sobjects/Account/@{nope.id}", "ref", Value::Null),
    ]);
    let answer = org.post("composite", json!({"compositeRequest": parts})).await;
    let responses = &answer.body["compositeResponse"];
    let statuses: Vec<u64> =
        responses.as_array().unwrap().iter().map(|part| part["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 200, 204, 404, 400], "{responses}");
    assert_eq!(responses[0]["referenceId"], "acc");
    assert!(
        responses[0]["httpHeaders"]["Location"]
            .as_str()
            .unwrap()
            .starts_with("/services/data/v62.0/sobjects/Account/001")
    );
    assert_eq!(responses[3]["body"], Value::Null);
    assert_eq!(
        responses[4],
        json!({"body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
        "httpHeaders": {}, "httpStatusCode": 404, "referenceId": "bad"})
    );
    assert_eq!(responses[5]["body"][0]["errorCode"], "PROCESSING_HALTED");
    let contact = org.read("Contact", responses[1]["body"]["id"].as_str().unwrap()).await;
    assert_eq!(contact["Title"], "at Acme");
    assert!(answer.header("sforce-limit-info").starts_with("api-usage=1/"), "a composite counts once");
}

#[tokio::test]
async fn composite_all_or_none_undoes_everything() {
    let org = Org::empty();
    let before = org.sandbox.state(SF);
    let parts = json!([
        part("POST", "sobjects/Account", "a", json!({"Name": "Acme"})),
        part("POST", "sobjects/Contact", "b", json!({"LastName": "x", "Email": "bad"})),
        part("POST", "sobjects/Account", "c", json!({"Name": "Late"})),
    ]);
    let answer = org.post("composite", json!({"allOrNone": true, "compositeRequest": parts})).await;
    let codes: Vec<&Value> =
        (0..3).map(|place| &answer.body["compositeResponse"][place]["body"][0]["errorCode"]).collect();
    assert_eq!(codes, ["PROCESSING_HALTED", "INVALID_EMAIL_ADDRESS", "PROCESSING_HALTED"]);
    assert_eq!(org.sandbox.state(SF), before);
    assert!(org.sandbox.log().effects(SF).is_empty());
    for bad in [
        json!([]),
        json!([part("GET", "limits", "a b", Value::Null)]),
        json!([part("GET", "limits", "a", Value::Null), part("GET", "limits", "a", Value::Null)]),
        json!([part("FETCH", "limits", "a", Value::Null)]),
        (0..26).map(|n| part("GET", "limits", &format!("r{n}"), Value::Null)).collect(),
        (0..6).map(|n| part("GET", "query?q=x", &format!("r{n}"), Value::Null)).collect(),
    ] {
        assert_eq!(
            org.post("composite", json!({"compositeRequest": bad})).await.status,
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn batches_and_trees() {
    let org = Org::empty();
    let batch = json!({"haltOnError": true, "batchRequests": [
        {"method": "POST", "url": "v62.0/sobjects/Contact", "richInput": {"LastName": "x"}},
        {"method": "GET", "url": "v62.0/sobjects/Nope"},
        {"method": "GET", "url": "v62.0/limits"},
    ]});
    let answer = org.post("composite/batch", batch).await.body;
    let statuses: Vec<&Value> = (0..3).map(|place| &answer["results"][place]["statusCode"]).collect();
    assert_eq!((answer["hasErrors"].clone(), statuses), (json!(true), vec![&json!(201), &json!(404), &json!(412)]));

    let tree = |email: &str| {
        json!({"records": [{
            "attributes": {"type": "Account", "referenceId": "r1"}, "Name": "Acme",
            "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "y", "Email": email}]},
        }]})
    };
    let refused = org.post("composite/tree/Account", tree("123")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.body["results"][0],
        json!({"referenceId": "r2", "errors": [{"statusCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: 123", "fields": ["Email"]}]})
    );
    assert_eq!(org.query("SELECT COUNT() FROM Account").await.body["totalSize"], 0);
    let planted = org.post("composite/tree/Account/", tree("y@x.test")).await;
    assert_eq!(planted.status, StatusCode::CREATED);
    let linked = org.query("SELECT Account.Name FROM Contact WHERE LastName = 'y'").await;
    assert_eq!(linked.body["records"][0]["Account"]["Name"], "Acme");
}
