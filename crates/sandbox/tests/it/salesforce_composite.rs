//! Composite, batch, tree and graph beyond the plain cases, and rows that others hold.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::salesforce_org::{Org, SF};

fn part(method: &str, url: &str, reference: &str, body: Value) -> Value {
    json!({"method": method, "url": format!("/services/data/v62.0/{url}"), "referenceId": reference, "body": body})
}

fn typed(object: &str, mut fields: Value) -> Value {
    fields["attributes"] = json!({"type": object});
    fields
}

/// Two accounts of which the second is refused.
fn half_good(all_or_none: bool) -> Value {
    let records = [typed("Account", json!({"Name": "Northern"})), typed("Account", json!({"Site": "no name"}))];
    json!({"allOrNone": all_or_none, "records": records})
}

fn codes(answer: &Value) -> Vec<String> {
    let parts = answer["compositeResponse"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let code = |part: &Value| {
        let first = &part["body"][0];
        let code = first["errorCode"].as_str().or(first["errors"][0]["statusCode"].as_str());
        format!("{} {}", part["httpStatusCode"], code.unwrap_or("-"))
    };
    parts.iter().map(code).collect()
}

#[tokio::test]
async fn the_composite_resources_are_listed() {
    let org = Org::empty();
    let listed = org.get("composite").await.body;
    assert_eq!(
        listed,
        json!({"tree": "/services/data/v62.0/composite/tree", "batch": "/services/data/v62.0/composite/batch",
            "sobjects": "/services/data/v62.0/composite/sobjects", "graph": "/services/data/v62.0/composite/graph"})
    );
    assert!(org.get("/services/data/v49.0/composite").await.body.get("graph").is_none());
    assert_eq!(org.post("/services/data/v49.0/composite/graph", json!({"graphs": []})).await.refusal().0, 404);
}

#[tokio::test]
async fn the_outer_flag_beats_that_of_a_collection() {
    for (outer, inner, expected, accounts, contacts) in [
        (false, false, ["200 -", "201 -"], 1, 1),
        (false, true, ["200 ALL_OR_NONE_OPERATION_ROLLED_BACK", "201 -"], 0, 1),
        (true, true, ["200 ALL_OR_NONE_OPERATION_ROLLED_BACK", "400 PROCESSING_HALTED"], 0, 0),
        // The first record shows success, and was rolled back all the same.
        (true, false, ["200 -", "400 PROCESSING_HALTED"], 0, 0),
    ] {
        let org = Org::empty();
        let parts = [
            part("POST", "composite/sobjects", "newAccounts", half_good(inner)),
            part("POST", "sobjects/Contact", "newContact", json!({"LastName": "Smith"})),
        ];
        let body = json!({"allOrNone": outer, "collateSubrequests": false, "compositeRequest": parts});
        let answer = org.post("composite", body).await.body;
        assert_eq!(codes(&answer), expected, "{outer} {inner}");
        let records = &answer["compositeResponse"][0]["body"];
        assert_eq!(records[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
        assert_eq!(records[0]["success"], !inner);
        assert_eq!(records[0].get("id").is_some(), !inner, "a create that was rolled back has no id");
        assert_eq!(org.query("SELECT COUNT() FROM Account").await.body["totalSize"], accounts, "{outer} {inner}");
        assert_eq!(org.query("SELECT COUNT() FROM Contact").await.body["totalSize"], contacts, "{outer} {inner}");
    }
}

#[tokio::test]
async fn a_collection_that_succeeded_is_rolled_back_with_the_rest() {
    let org = Org::empty();
    let fine = json!({"records": [typed("Account", json!({"Name": "a"}))]});
    let parts = [
        part("POST", "composite/sobjects", "fine", fine),
        part("POST", "sobjects/Contact", "bad", json!({"Title": "x"})),
    ];
    let answer = org.post("composite", json!({"allOrNone": true, "compositeRequest": parts})).await.body;
    assert_eq!(codes(&answer), ["400 PROCESSING_HALTED", "400 REQUIRED_FIELD_MISSING"]);
    assert_eq!(org.query("SELECT COUNT() FROM Account").await.body["totalSize"], 0);
}

#[tokio::test]
async fn parts_that_depend_on_a_failed_one_are_not_done_and_the_others_are() {
    let org = Org::empty();
    let parts = [
        part("POST", "sobjects/Account", "bad", json!({"Site": "no name"})),
        part("POST", "sobjects/Contact", "child", json!({"LastName": "x", "AccountId": "@{bad.id}"})),
        part("PATCH", "sobjects/Contact/@{child.id}", "grandchild", json!({"Title": "x"})),
        part("POST", "sobjects/Contact", "other", json!({"LastName": "y"})),
        part("POST", "composite/sobjects", "many", half_good(false)),
        part("PATCH", "sobjects/Account/@{many[0].id}", "first", json!({"Site": "s"})),
        part("PATCH", "sobjects/Account/@{many[1].id}", "second", json!({"Site": "s"})),
    ];
    let answer = org.post("composite", json!({"compositeRequest": parts})).await.body;
    let halted = "400 PROCESSING_HALTED";
    assert_eq!(
        codes(&answer),
        ["400 REQUIRED_FIELD_MISSING", halted, halted, "201 -", "200 -", "204 -", halted],
        "{answer}"
    );
    assert_eq!(
        answer["compositeResponse"][1]["body"][0]["message"],
        "Invalid reference specified. No value for bad.id found in bad"
    );
}

#[tokio::test]
async fn references_follow_the_rules_of_the_version() {
    let org = Org::empty();
    let id = org.make("Contact", json!({"LastName": "Wong"})).await;
    let request = |version: &str, reference: &str| {
        json!({"compositeRequest": [
            {"method": "GET", "url": format!("/services/data/{version}/sobjects/Contact/{id}?fields=FirstName,LastName"), "referenceId": reference},
            {"method": "POST", "url": format!("/services/data/{version}/sobjects/Contact"), "referenceId": "newContact",
                "body": {"FirstName": "@{refContact.FirstName}", "LastName": "@{refContact.LastName}"}},
            {"method": "GET", "url": format!("/services/data/{version}/sobjects/Contact/@{{refContact.MailingCity}}"), "referenceId": "notSelected"},
        ]})
    };
    let send = async |version: &str, reference: &str| {
        org.post(&format!("/services/data/{version}/composite"), request(version, reference)).await
    };
    // A null that is referred to passes from version 52 on; a field that was not selected never does.
    assert_eq!(codes(&send("v62.0", "refContact").await.body), ["200 -", "201 -", "400 PROCESSING_HALTED"]);
    let older = send("v51.0", "refContact").await.body;
    assert_eq!(codes(&older), ["200 -", "400 PROCESSING_HALTED", "400 PROCESSING_HALTED"]);
    assert_eq!(
        older["compositeResponse"][1]["body"][0]["message"],
        "Invalid reference specified. No value for refContact.FirstName found in refContact. Provided referenceId \
         ('refContact.FirstName') must start with a letter or a number, and it can contain only letters, numbers and \
         underscores ('_')."
    );
    // An illegal id fails the whole request from version 52 on, only its part before.
    assert_eq!(send("v52.0", "ref-Contact").await.refusal(), (400, "INVALID_INPUT"));
    let older = send("v51.0", "ref-Contact").await;
    assert_eq!(older.status, StatusCode::OK);
    assert_eq!(older.body["compositeResponse"][0]["httpStatusCode"], 400);
}

#[tokio::test]
async fn parts_have_headers_but_not_those_of_the_whole() {
    let org = Org::empty();
    let id = org.contact("x").await;
    let with = |name: &str, value: &str| {
        let mut part = part("PATCH", &format!("sobjects/Contact/{id}"), "p", json!({"Title": "t"}));
        part["httpHeaders"] = json!({name: value});
        json!({"compositeRequest": [part]})
    };
    for forbidden in ["Accept", "authorization", "Content-Type"] {
        assert_eq!(org.post("composite", with(forbidden, "x")).await.refusal(), (400, "INVALID_INPUT"), "{forbidden}");
    }
    let stale = org.post("composite", with("If-Unmodified-Since", "Thu, 03 Sep 2020 21:35:07 GMT")).await.body;
    assert_eq!(stale["compositeResponse"][0]["httpStatusCode"], 412);
    let created = org
        .post(
            "composite",
            json!({"compositeRequest": [part("POST", "sobjects/Contact", "c", json!({"LastName": "y"}))]}),
        )
        .await
        .body;
    let (made, location) =
        (&created["compositeResponse"][0]["body"]["id"], &created["compositeResponse"][0]["httpHeaders"]);
    assert_eq!(location["Location"], format!("/services/data/v62.0/sobjects/Contact/{}", made.as_str().unwrap()));
}

#[tokio::test]
async fn what_a_composite_may_not_hold_is_refused() {
    let org = Org::empty();
    let nested = [part("POST", "composite", "a", json!({})), part("POST", "composite/batch", "b", json!({}))];
    let answer = org.post("composite", json!({"compositeRequest": nested})).await.body;
    assert_eq!(codes(&answer), ["400 INVALID_INPUT", "400 INVALID_INPUT"]);
    let heavy: Vec<Value> = (0..6)
        .map(|n| match n % 3 {
            0 => part("GET", "query?q=SELECT+Id+FROM+Account", &format!("r{n}"), Value::Null),
            1 => part("GET", "queryAll?q=SELECT+Id+FROM+Account", &format!("r{n}"), Value::Null),
            _ => part("POST", "composite/sobjects", &format!("r{n}"), half_good(false)),
        })
        .collect();
    assert_eq!(org.post("composite", json!({"compositeRequest": heavy})).await.refusal(), (400, "INVALID_INPUT"));
    let harmless: Vec<Value> =
        (0..6).map(|n| part("GET", "sobjects/Contact/Crmkit_Key__c/query", &format!("r{n}"), Value::Null)).collect();
    let answer = org.post("composite", json!({"compositeRequest": harmless})).await.body;
    assert_eq!(codes(&answer), vec!["404 NOT_FOUND"; 6], "a value that spells query is no query");
    for wrong in [json!({"allOrNone": 1}), json!({"collateSubrequests": []})] {
        let mut body = wrong.clone();
        body["compositeRequest"] = json!([part("GET", "limits", "a", Value::Null)]);
        assert_eq!(org.post("composite", body).await.refusal(), (400, "JSON_PARSER_ERROR"), "{wrong}");
    }
}

#[tokio::test]
async fn each_part_of_a_batch_counts_and_the_last_call_of_the_day_is_the_last() {
    let org = Org::empty();
    let read = json!({"method": "GET", "url": "v62.0/limits"});
    let answer = org.post("composite/batch", json!({"batchRequests": [read, read, read]})).await;
    assert!(answer.header("sforce-limit-info").starts_with("api-usage=3/"), "{}", answer.header("sforce-limit-info"));
    org.sandbox.set_quirks(SF, &json!({"daily_api_requests": 5})).unwrap();
    let answer = org.post("composite/batch", json!({"batchRequests": [read, read, read]})).await.body;
    let statuses: Vec<&Value> = (0..3).map(|place| &answer["results"][place]["statusCode"]).collect();
    assert_eq!(statuses, [&json!(200), &json!(200), &json!(403)]);
    assert_eq!(answer["results"][2]["result"][0]["errorCode"], "REQUEST_LIMIT_EXCEEDED");
    assert_eq!(answer["hasErrors"], true);
}

#[tokio::test]
async fn batches_have_rules() {
    let org = Org::empty();
    let send =
        async |parts: Value| org.post("/services/data/v60.0/composite/batch", json!({"batchRequests": parts})).await;
    for wrong in [json!([]), json!("x"), (0..26).map(|_| json!({"method": "GET", "url": "v60.0/limits"})).collect()] {
        assert_eq!(send(wrong).await.refusal(), (400, "INVALID_INPUT"));
    }
    let parts = json!([
        {"method": "GET", "url": "v61.0/limits"},
        {"method": "GET", "url": "v33.0/limits"},
        {"method": "GET", "url": "v59.0/limits"},
        {"method": "FETCH", "url": "v60.0/limits"},
        {"method": "POST", "url": "v60.0/composite", "richInput": {}},
        {"method": "GET"},
    ]);
    let answer = send(parts).await.body;
    let statuses: Vec<u64> =
        answer["results"].as_array().unwrap().iter().map(|part| part["statusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [400, 400, 200, 400, 400, 400], "{answer}");
}

fn node(object: &str, reference: &str, fields: Value) -> Value {
    let mut fields = fields;
    fields["attributes"] = json!({"type": object, "referenceId": reference});
    fields
}

#[tokio::test]
async fn a_tree_answers_level_by_level_and_names_every_bad_record() {
    let org = Org::empty();
    let plant = |email: &str| {
        let contacts = [
            node("Contact", "ref2", json!({"lastname": "Smith", "email": email})),
            node("Contact", "ref3", json!({"lastname": "Evans"})),
        ];
        json!({"records": [
            node("Account", "ref1", json!({"name": "SampleAccount", "numberOfEmployees": "100", "Contacts": {"records": contacts}})),
            node("Account", "ref4", json!({"name": "SampleAccount2"})),
        ]})
    };
    let planted = org.post("composite/tree/Account", plant("sample@salesforce.com")).await;
    assert_eq!(planted.status, StatusCode::CREATED);
    let references: Vec<&Value> =
        planted.body["results"].as_array().unwrap().iter().map(|result| &result["referenceId"]).collect();
    assert_eq!(references, ["ref1", "ref4", "ref2", "ref3"]);
    let refused = org.post("composite/tree/Account", plant("123")).await;
    assert_eq!((refused.status, &refused.body["hasErrors"]), (StatusCode::BAD_REQUEST, &json!(true)));
    assert_eq!(refused.body["results"].as_array().unwrap().len(), 1);
    assert_eq!(org.query("SELECT COUNT() FROM Account").await.body["totalSize"], 2, "nothing of the second tree");
}

#[tokio::test]
async fn trees_have_rules() {
    let org = Org::empty();
    let code = async |records: Value| {
        let answer = org.post("composite/tree/Account", json!({"records": records})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        let first = &answer.body["results"][0];
        let in_record =
            first["errors"][0]["statusCode"].as_str().map(|code| format!("{}: {code}", first["referenceId"]));
        in_record.unwrap_or_else(|| answer.refusal().1.to_owned())
    };
    let account = |reference: &str| node("Account", reference, json!({"Name": "a"}));
    assert_eq!(code(json!([account("r"), account("r")])).await, "\"r\": INVALID_INPUT");
    assert_eq!(code(json!([account("r r")])).await, "\"r r\": INVALID_INPUT");
    assert_eq!(code(json!([typed("Account", json!({"Name": "a"}))])).await, "\"\": INVALID_INPUT");
    assert_eq!(code(json!([node("Contact", "r", json!({"LastName": "a"}))])).await, "\"r\": INVALID_TYPE");
    assert_eq!(code(json!([])).await, "INVALID_INPUT");
    let many: Vec<Value> = (0..201).map(|n| account(&format!("r{n}"))).collect();
    assert_eq!(code(many.into()).await, "INVALID_INPUT");
    let mut strange = account("r");
    strange["Friends"] = json!({"records": [account("s")]});
    assert_eq!(code(json!([strange])).await, "\"r\": INVALID_FIELD");
    let deep = (0..6).rev().fold(Value::Null, |below, level| {
        let mut one = account(&format!("r{level}"));
        if !below.is_null() {
            one["ChildAccounts"] = json!({"records": [below]});
        }
        one
    });
    assert_eq!(code(json!([deep])).await, "INVALID_INPUT");
}

fn graph(id: &str, parts: &[Value]) -> Value {
    json!({"graphId": id, "compositeRequest": parts})
}

#[tokio::test]
async fn each_graph_is_done_as_a_whole_or_not_at_all() {
    let org = Org::empty();
    let good = [
        part("POST", "sobjects/Account/", "account_1", json!({"Name": "Cloudy"})),
        part("POST", "sobjects/Contact", "contact_1", json!({"LastName": "x", "AccountId": "@{account_1.id}"})),
    ];
    let bad = [
        part("POST", "sobjects/Account", "account_2", json!({"Name": "Undone"})),
        part("POST", "sobjects/Contact", "contact_2", json!({"LastName": "x", "Email": "bad"})),
        part("POST", "sobjects/Account", "account_3", json!({"Name": "Never"})),
    ];
    let answer = org.post("composite/graph", json!({"graphs": [graph("1", &good), graph("2", &bad)]})).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("sforce-limit-info").starts_with("api-usage=1/"), "a graph request counts once");
    let [first, second] = [&answer.body["graphs"][0], &answer.body["graphs"][1]];
    assert_eq!((&first["graphId"], &first["isSuccessful"]), (&json!("1"), &json!(true)));
    assert_eq!(codes(&first["graphResponse"]), ["201 -", "201 -"]);
    assert_eq!((&second["graphId"], &second["isSuccessful"]), (&json!("2"), &json!(false)));
    assert_eq!(
        codes(&second["graphResponse"]),
        ["400 PROCESSING_HALTED", "400 INVALID_EMAIL_ADDRESS", "400 PROCESSING_HALTED"]
    );
    let left = org.query("SELECT Account.Name FROM Contact").await.body;
    assert_eq!(left["records"][0]["Account"]["Name"], "Cloudy");
    assert_eq!(org.query("SELECT COUNT() FROM Account").await.body["totalSize"], 1);
}

#[tokio::test]
async fn graphs_have_rules() {
    let org = Org::empty();
    let send = async |graphs: Value| org.post("composite/graph", json!({"graphs": graphs})).await;
    let account = |reference: &str| part("POST", "sobjects/Account", reference, json!({"Name": "a"}));
    let one = [account("a")];
    let chain = |length: usize| -> Vec<Value> {
        let link = |n: usize| match n {
            0 => account("n0"),
            n => {
                let parent = format!("@{{n{}.id}}", n - 1);
                part("POST", "sobjects/Account", &format!("n{n}"), json!({"Name": "a", "ParentId": parent}))
            }
        };
        (0..length).map(link).collect()
    };
    let wide: Vec<Value> = (0..501).map(|n| account(&format!("n{n}"))).collect();
    let kinds: Vec<Value> = (0..16)
        .map(|n| part("GET", &format!("sobjects/Object{n}/001000000000000"), &format!("n{n}"), Value::Null))
        .collect();
    for (what, wrong) in [
        ("no graphs", json!([])),
        ("a period in an id", json!([graph("a.b", &one)])),
        ("a long id", json!([graph(&"x".repeat(40), &one)])),
        ("an empty id", json!([graph("", &one)])),
        ("an id twice", json!([graph("x", &one), graph("x", &one)])),
        ("76 graphs", (0..76).map(|n| graph(&n.to_string(), &one)).collect()),
        ("501 nodes", json!([graph("x", &wide)])),
        ("16 deep", json!([graph("x", &chain(16))])),
        ("16 kinds", json!([graph("x", &kinds)])),
        ("a query", json!([graph("x", &[part("GET", "query?q=SELECT+Id+FROM+Account", "q", Value::Null)])])),
        ("a collection", json!([graph("x", &[part("POST", "composite/sobjects", "q", half_good(false))])])),
        ("no nodes", json!([graph("x", &[])])),
    ] {
        assert_eq!(send(wrong).await.refusal(), (400, "INVALID_INPUT"), "{what}");
    }
    assert_eq!(send(json!([graph("x", &chain(15))])).await.body["graphs"][0]["isSuccessful"], true);
    // After 14 failed graphs the rest is not begun, good as it may be.
    let bad = [part("POST", "sobjects/Account", "a", json!({}))];
    let graphs: Value = (0..16).map(|n| graph(&n.to_string(), if n < 14 { &bad } else { &one })).collect();
    let answer = send(graphs).await.body;
    let halted: Vec<bool> =
        (0..16).map(|n| codes(&answer["graphs"][n]["graphResponse"]) == ["400 PROCESSING_HALTED"]).collect();
    assert_eq!(halted, (0..16).map(|n| n >= 14).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_another_transaction_holds_are_refused_a_number_of_times() {
    let org = Org::empty();
    let account = org.account("Acme").await;
    org.sandbox.hold(SF, "Account", &account, 3).unwrap();
    let contacts: Vec<Value> = (0..4)
        .map(|n| {
            typed(
                "Contact",
                json!({"LastName": n.to_string(), "AccountId": if n == 1 { None } else { Some(&account) }}),
            )
        })
        .collect();
    let answer = org.post("composite/sobjects", json!({"records": contacts})).await.body;
    let success: Vec<bool> = (0..4).map(|n| answer[n]["success"] == true).collect();
    assert_eq!(success, [false, true, false, false]);
    assert_eq!(
        answer[0]["errors"],
        json!([{"statusCode": "UNABLE_TO_LOCK_ROW", "fields": [],
            "message": format!("unable to obtain exclusive access to this record or 1 records: {account}")}])
    );
    let path = format!("sobjects/Account/{account}");
    assert_eq!(org.patch(&path, json!({"Site": "x"})).await.status, StatusCode::NO_CONTENT, "three were refused");
    org.sandbox.hold(SF, "Account", &account, 2).unwrap();
    assert_eq!(org.patch(&path, json!({"Site": "y"})).await.refusal(), (400, "UNABLE_TO_LOCK_ROW"));
    assert_eq!(org.delete(&path).await.refusal(), (400, "UNABLE_TO_LOCK_ROW"));
    org.sandbox.hold(SF, "Account", &account, 9).unwrap();
    org.sandbox.hold(SF, "Account", &account, 0).unwrap();
    assert_eq!(org.delete(&path).await.status, StatusCode::NO_CONTENT, "it was let go");
    assert!(org.sandbox.hold(SF, "Account", "001gK0000000000", 1).is_err());
}

#[tokio::test]
async fn collections_are_strict_about_ids_and_types() {
    let org = Org::empty();
    let id = org.contact("x").await;
    let twice =
        [typed("Contact", json!({"id": id, "Title": "a"})), typed("Contact", json!({"Id": &id[..15], "Title": "b"}))];
    let answer = org.patch("composite/sobjects", json!({"records": twice})).await.body;
    for n in 0..2 {
        assert_eq!(answer[n]["errors"][0]["statusCode"], "DUPLICATE_VALUE");
    }
    assert_eq!(org.read("Contact", &id).await["Title"], Value::Null);
    let foreign = json!({"records": [typed("Account", json!({"Crmkit_Key__c": "k", "Name": "x"}))]});
    assert_eq!(org.patch("composite/sobjects/Contact/Crmkit_Key__c", foreign).await.refusal(), (400, "INVALID_TYPE"));
    // The parameters' names are not case-sensitive.
    let answer = org.delete(&format!("composite/sobjects?IDS={id}&allornone=true")).await.body;
    assert_eq!(answer, json!([{"id": id, "success": true, "errors": []}]));
    // A long list of ids does not fit into an address, but into a body.
    let ids = vec![id.as_str(); 1_000];
    let long =
        org.call(Method::GET, &format!("composite/sobjects/Contact?ids={}&fields=Id", ids.join(",")), &[], None).await;
    assert_eq!(long.status, StatusCode::URI_TOO_LONG);
    let answer = org.post("composite/sobjects/Contact", json!({"ids": ids, "fields": ["Id"]})).await.body;
    assert_eq!(answer.as_array().unwrap().len(), 1_000);
}

#[tokio::test]
async fn collated_parts_have_no_promised_order() {
    let org = Org::empty();
    org.sandbox.set_quirks(SF, &json!({"collated_parts_run_in_reverse": true})).unwrap();
    let send = async |version: &str, collate: Option<bool>| {
        let id = org.contact("x").await;
        let write = |n: u8| {
            json!({"method": "PATCH", "url": format!("/services/data/{version}/sobjects/Contact/{id}"),
                "referenceId": format!("r{n}"), "body": {"Title": n.to_string()}})
        };
        let mut body = json!({"compositeRequest": [write(1), write(2)]});
        if let Some(collate) = collate {
            body["collateSubrequests"] = json!(collate);
        }
        let answer = org.post(&format!("/services/data/{version}/composite"), body).await.body;
        assert_eq!(answer["compositeResponse"][0]["referenceId"], "r1", "the answers keep their order");
        org.read("Contact", &id).await["Title"].as_str().unwrap().to_owned()
    };
    // Collation is on by default from version 49 on.
    assert_eq!(send("v62.0", None).await, "1");
    assert_eq!(send("v62.0", Some(false)).await, "2");
    assert_eq!(send("v48.0", None).await, "2");
    assert_eq!(send("v48.0", Some(true)).await, "1");
    // What refers to an earlier part comes after it.
    let parts = [
        part("POST", "sobjects/Account", "a", json!({"Name": "a"})),
        part("POST", "sobjects/Contact", "c", json!({"LastName": "x", "AccountId": "@{a.id}"})),
    ];
    assert_eq!(codes(&org.post("composite", json!({"compositeRequest": parts})).await.body), ["201 -", "201 -"]);
}
