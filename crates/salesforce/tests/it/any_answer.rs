//! Whatever a server answers, reading it ends: with a value or with an error, never with a panic, and never with more
//! successes than the answer tells.

use proptest::prelude::*;
use salesforce::fuzzing;
use serde_json::{Value, json};

const NAMES: [&str; 34] = [
    "errorCode",
    "statusCode",
    "message",
    "fields",
    "error",
    "error_description",
    "duplicateResut",
    "matchResults",
    "matchRecords",
    "record",
    "Id",
    "id",
    "success",
    "errors",
    "created",
    "compositeResponse",
    "body",
    "httpHeaders",
    "httpStatusCode",
    "referenceId",
    "attributes",
    "type",
    "records",
    "totalSize",
    "done",
    "nextRecordsUrl",
    "name",
    "sobjects",
    "label",
    "nillable",
    "picklistValues",
    "referenceTo",
    "length",
    "Name",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![200_i64, 201, 204, 300, 304, 400, 404, 412, 500, 0, -1, 70_000])
            .prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "UNABLE_TO_LOCK_ROW",
            "PROCESSING_HALTED",
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "REQUIRED_FIELD_MISSING",
            "003000000000001AAA",
            "Account_0",
            "Contact_1",
            "Contact_2",
            "string",
            "reference",
            "x",
            "",
            "Invalid reference specified. No value for x.id found in x",
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES.to_vec()), inner), 0..8)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// One entry of a collections answer, well formed or nearly.
fn entry() -> impl Strategy<Value = (bool, Value)> {
    (any::<bool>(), any::<bool>(), leaf(), prop::option::of(leaf())).prop_map(|(success, has_id, code, created)| {
        let mut entry = json!({ "success": success, "errors": [] });
        if has_id {
            entry["id"] = json!("003000000000001AAA");
        }
        if !success {
            entry["errors"] = json!([{ "statusCode": code, "message": "m", "fields": [] }]);
        }
        if let Some(Value::Bool(created)) = created {
            entry["created"] = json!(created);
        }
        (success && has_id, entry)
    })
}

/// One part of a composite answer.
fn composite_part() -> impl Strategy<Value = (u16, Value)> {
    (
        prop::sample::select(vec![200_u16, 201, 204, 300, 400, 404, 500, 999]),
        prop_oneof![
            value(),
            entry().prop_map(|(_, entry)| json!([entry])),
            Just(json!({ "id": "001000000000001AAA", "success": true, "errors": [] }))
        ],
    )
}

fn read_all(bytes: &[u8]) {
    for status in [200, 300, 400, 401, 403, 404, 412, 500, 503] {
        fuzzing::error_body(status, bytes);
    }
    fuzzing::describe(bytes);
    fuzzing::rows(bytes);
    for all_or_none in [false, true] {
        let _ = fuzzing::collection(bytes, all_or_none);
        let _ = fuzzing::composite(bytes, all_or_none);
    }
}

#[test]
fn an_undone_composite_that_hides_its_cause_is_undone() {
    let part = |name: &str, status: u16, body: Value| json!({ "body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name });
    let halted = json!([{ "errorCode": "PROCESSING_HALTED", "message": "m" }]);
    let parts =
        [part("Account_0", 200, Value::Null), part("Contact_1", 200, Value::Null), part("Contact_2", 400, halted)];
    let bytes = json!({ "compositeResponse": parts }).to_string();
    assert_eq!(fuzzing::composite(bytes.as_bytes(), true), Some(0));
    assert_eq!(fuzzing::composite(bytes.as_bytes(), false), Some(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn no_json_panics(value in value()) {
        read_all(value.to_string().as_bytes());
    }

    #[test]
    fn a_broken_off_answer_is_no_answer(value in value(), cut in 0.0..1.0_f64) {
        let text = value.to_string();
        let end = ((text.len() as f64) * cut) as usize;
        read_all(&text.as_bytes()[..end]);
    }

    #[test]
    fn a_collection_never_counts_more_than_it_saved(entries in prop::collection::vec(entry(), 0..12)) {
        let saved = entries.iter().filter(|(saved, _)| *saved).count();
        let any_real_failure = entries.iter().any(|(_, entry)| {
            entry["success"] == false && entry["errors"][0]["statusCode"] != "ALL_OR_NONE_OPERATION_ROLLED_BACK"
                && entry["errors"][0]["statusCode"] != "PROCESSING_HALTED"
        });
        let body: Value = entries.into_iter().map(|(_, entry)| entry).collect();
        let bytes = body.to_string();
        prop_assert_eq!(fuzzing::collection(bytes.as_bytes(), false), Some(saved));
        let whole = fuzzing::collection(bytes.as_bytes(), true).unwrap();
        prop_assert!(whole <= saved && (!any_real_failure || whole == 0), "{} of {}", whole, body);
    }

    #[test]
    fn a_composite_never_counts_a_failed_part_as_done(parts in [composite_part(), composite_part(), composite_part()]) {
        let names = ["Account_0", "Contact_1", "Contact_2"];
        let replies: Vec<Value> = parts
            .iter()
            .zip(names)
            .map(|((status, body), name)| json!({ "body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name }))
            .collect();
        let bytes = json!({ "compositeResponse": replies }).to_string();
        let good = parts.iter().filter(|(status, _)| (200..300).contains(status)).count();
        let failed = parts.iter().any(|(status, _)| *status >= 400);
        let partly = fuzzing::composite(bytes.as_bytes(), false).unwrap();
        let whole = fuzzing::composite(bytes.as_bytes(), true).unwrap();
        prop_assert!(partly <= good, "{} of {}", partly, bytes);
        prop_assert!(whole <= partly && (!failed || whole == 0), "{} of {}", whole, bytes);
    }
}
