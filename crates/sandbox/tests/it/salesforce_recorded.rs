//! Recorded requests of a real organisation, sent again: the answers must have the same shapes. Needs a folder of
//! recordings in `CRMKIT_SAMPLES`; without one the test says so and does nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::salesforce_org::Org;

/// Required fields of the objects in the recordings.
fn minimal(object: &str) -> Value {
    match object {
        "Account" => json!({"Name": "recorded", "AccountNumber": "420"}),
        "Opportunity" => json!({"Name": "recorded", "StageName": "Prospecting", "CloseDate": "2025-01-01"}),
        _ => json!({"LastName": "recorded"}),
    }
}

fn object_of(id: &str) -> Option<&'static str> {
    let known = [("001", "Account"), ("003", "Contact"), ("006", "Opportunity")];
    let looks_like_an_id = id.len() == 18 && id.chars().all(|c| c.is_ascii_alphanumeric());
    known.iter().find(|(prefix, _)| looks_like_an_id && id.starts_with(prefix)).map(|(_, object)| *object)
}

/// What an answer looks like, values left out; the codes and words of errors stay. Rows of a query are a set.
fn shape(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(members) => {
            let shaped: BTreeMap<&String, Value> =
                members.iter().map(|(key, value)| (key, shape(value, key))).collect();
            json!(shaped)
        }
        Value::Array(list) if key == "records" => {
            let kinds: BTreeSet<String> = list.iter().map(|entry| shape(entry, "").to_string()).collect();
            json!(kinds)
        }
        Value::Array(list) => list.iter().map(|entry| shape(entry, "")).collect(),
        Value::String(text) if ["errorCode", "statusCode", "message", "type", "referenceId"].contains(&key) => {
            json!(text)
        }
        Value::Number(number) if key == "httpStatusCode" => json!(number),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

/// Puts records into the organisation so that the recorded answer can be given, and rewrites recorded ids.
struct Stage {
    org: Org,
    ids: BTreeMap<String, String>,
}

impl Stage {
    async fn make(&self, object: &str, fields: &Map<String, Value>) -> String {
        let mut all = minimal(object);
        let known = fields.iter().filter(|(name, value)| {
            !["attributes", "Id"].contains(&name.as_str()) && !value.is_object() && !value.is_null()
        });
        for (name, value) in known {
            all[name] = value.clone();
        }
        self.org.make(object, all).await
    }

    /// Every recorded id of the request becomes that of a record of the organisation.
    async fn adopt(&mut self, value: &mut Value) {
        let mut found = Vec::new();
        collect_ids(value, &mut found);
        for id in found {
            if !self.ids.contains_key(&id)
                && let Some(object) = object_of(&id)
            {
                let made = self.make(object, &Map::new()).await;
                self.ids.insert(id, made);
            }
        }
        rewrite(value, &self.ids);
    }

    /// Records that the answer shows, as far as they can be made.
    async fn show(&mut self, answer: &Value) {
        let Some(records) = answer.get("records").and_then(Value::as_array) else { return };
        for record in records.iter().filter_map(Value::as_object) {
            let object = record["attributes"]["type"].as_str().unwrap_or_default();
            if !["Account", "Contact"].contains(&object) {
                continue;
            }
            let made = self.make(object, record).await;
            let children = record.get("Opportunities").and_then(|set| set.get("records")).and_then(Value::as_array);
            for child in children.into_iter().flatten() {
                let mut deal = minimal("Opportunity");
                deal["ContactId"] = json!(made);
                deal["Name"] = child["Name"].clone();
                self.org.make("Opportunity", deal).await;
            }
        }
    }
}

fn collect_ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if object_of(text).is_some() => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|entry| collect_ids(entry, found)),
        Value::Object(members) => members.values().for_each(|entry| collect_ids(entry, found)),
        _ => {}
    }
}

fn rewrite(value: &mut Value, ids: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(id) = ids.get(text) {
                text.clone_from(id);
            }
            *text = text.replace("vxx.0", "v62.0");
            if text.ends_with(" GMT") {
                // The recorded moment lies before the organisation; the present does not.
                "Mon, 02 Jun 2025 09:00:00 GMT".clone_into(text);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|entry| rewrite(entry, ids)),
        Value::Object(members) => {
            // A field of an add-on that the emulated organisation does not have.
            members.shift_remove("CleanStatus");
            members.values_mut().for_each(|entry| rewrite(entry, ids));
        }
        _ => {}
    }
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
async fn recorded_requests_are_answered_in_the_recorded_shapes() {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: the recordings were not read");
        return;
    };
    let path = PathBuf::from(folder).join("salesforce/recorded/cumulusci_http_pairs.json");
    let pairs: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(pairs.len() > 20);
    for (place, pair) in pairs.iter().enumerate() {
        let (mut request, expected) = (pair["request"].clone(), &pair["response"]);
        let mut stage = Stage { org: Org::empty(), ids: BTreeMap::new() };
        stage.show(&expected["body"]).await;
        for part in expected["body"]["compositeResponse"].as_array().into_iter().flatten() {
            stage.show(&part["body"]).await;
        }
        for counted in expected["body"]["sObjects"].as_array().into_iter().flatten() {
            let object = counted["name"].as_str().unwrap();
            let made = stage.make(object, &Map::new()).await;
            if counted["count"] == 0 {
                stage.org.delete(&format!("sobjects/{object}/{made}")).await;
            }
        }
        let uri = request["uri"].as_str().unwrap().to_owned();
        if let Some((_, key)) = uri.split_once("composite/sobjects/Contact/") {
            // An upsert: those that were not created there are there here.
            let records = request["body"]["records"].as_array().unwrap();
            let answers = expected["body"].as_array().unwrap();
            for (record, _) in records.iter().zip(answers).filter(|(_, answer)| answer["created"] == false) {
                stage.make("Contact", json!({key: record[key]}).as_object().unwrap()).await;
            }
        }
        stage.adopt(&mut request).await;
        let method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
        let body = Some(&request["body"]).filter(|body| !body.is_null());
        let answer = stage.org.call(method, request["uri"].as_str().unwrap(), &[], body).await;
        assert_eq!(answer.status.as_u16(), expected["status"], "{place}: {uri}: {}", answer.body);
        assert_eq!(shape(&answer.body, ""), shape(&expected["body"], ""), "{place}: {uri}");
    }
}
