//! No request, however odd, breaks the organisation.

use axum::http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::salesforce_org::Org;

fn segment() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "sobjects",
        "Contact",
        "Account",
        "Task",
        "Opportunity",
        "describe",
        "updated",
        "deleted",
        "query",
        "queryAll",
        "composite",
        "batch",
        "tree",
        "limits",
        "recordCount",
        "Crmkit_Key__c",
        "Email",
        "Id",
        "Tasks",
        "id",
        "",
        "003gK0000000000",
        "003gK0000000000AAA",
        "%FF",
        "%2F",
        "a+b",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-zA-Z0-9_.!-]{1,20}"]
}

fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("@{a.b[0].c}")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop::sample::select(vec![
            "records",
            "attributes",
            "type",
            "Contact",
            "LastName",
            "Email",
            "id",
            "ids",
            "fields",
            "Account",
            "compositeRequest",
            "batchRequests",
            "method",
            "url",
            "referenceId",
            "body",
            "Amount",
            "CloseDate",
            "Tasks",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE, Method::HEAD])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_request_has_an_answer(
        calls in prop::collection::vec(
            (method(), prop::collection::vec(segment(), 0..6), "(|\\?(q|ids|fields|start|explain)=[A-Za-z,' ()%20]{0,30})", prop::option::of(body())),
            1..6,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let org = Org::empty();
            for (method, path, query, body) in calls {
                let query = query.replace(' ', "%20").replace('\'', "%27");
                let path = format!("{}{query}", path.join("/"));
                if format!("http://x/{path}").parse::<axum::http::Uri>().is_err() {
                    continue;
                }
                let answer = org.call(method, &path, &[], body.as_ref()).await;
                assert!(!answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.body);
            }
        });
    }
}
