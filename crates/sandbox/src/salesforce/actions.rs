//! Invocable actions: what there is, what they take, and what came of each input.

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;

/// More inputs than this in one call are refused.
const MAX_INPUTS: usize = 200;

/// An action that every organisation has.
struct Standard {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    inputs: &'static [Parameter],
    outputs: &'static [Parameter],
}

struct Parameter {
    name: &'static str,
    label: &'static str,
    required: bool,
}

const fn parameter(name: &'static str, label: &'static str, required: bool) -> Parameter {
    Parameter { name, label, required }
}

static STANDARD: [Standard; 2] = [
    Standard {
        name: "chatterPost",
        label: "Post to Chatter",
        kind: "CHATTERPOST",
        inputs: &[
            parameter("text", "Message", true),
            parameter("subjectNameOrId", "Target Name or ID", true),
            parameter("type", "Target Type", false),
            parameter("communityId", "Experience Cloud Site ID", false),
            parameter("visibility", "Feed Item Visibility", false),
        ],
        outputs: &[parameter("feedItemId", "Feed Item ID", false)],
    },
    Standard {
        name: "emailSimple",
        label: "Send Email",
        kind: "EMAILSIMPLE",
        inputs: &[
            parameter("emailAddresses", "Recipient Address List", true),
            parameter("emailSubject", "Subject", true),
            parameter("emailBody", "Body", true),
            parameter("senderType", "Sender Type", false),
            parameter("senderAddress", "Sender Email Address", false),
        ],
        outputs: &[],
    },
];

impl Parameter {
    fn describe(&self, output: bool) -> Json {
        let mut json = json!({
            "apexClass": null, "byteLength": 0, "description": null, "label": self.label, "maxOccurs": 1, "name": self.name,
            "picklistValues": null, "sobjectType": null, "type": "STRING",
        });
        if let Some(members) = json.as_object_mut().filter(|_| !output) {
            members.insert("required".to_owned(), json!(self.required));
        }
        json
    }
}

impl Org {
    /// `actions…`.
    pub(crate) fn actions(&mut self, call: &Call, path: &[&str]) -> Result<Answer, Failure> {
        let base = format!("/services/data/{}/actions", call.version);
        match path {
            [] => {
                call.only("HEAD,GET")?;
                Ok(Answer::ok(json!({"standard": format!("{base}/standard"), "custom": format!("{base}/custom")})))
            }
            ["custom"] => {
                call.only("HEAD,GET")?;
                let kinds = ["quickAction", "apex", "emailAlert", "flow", "sendNotification", "externalService"];
                let kinds: Map<String, Json> =
                    kinds.iter().map(|kind| ((*kind).to_owned(), json!(format!("{base}/custom/{kind}")))).collect();
                Ok(Answer::ok(Json::Object(kinds)))
            }
            ["custom", "quickAction" | "apex" | "emailAlert" | "flow" | "sendNotification" | "externalService"] => {
                call.only("HEAD,GET")?;
                Ok(Answer::ok(json!({"actions": []})))
            }
            ["standard"] => {
                call.only("HEAD,GET")?;
                let list: Vec<Json> = STANDARD
                    .iter()
                    .map(|action| {
                        let url = format!("{base}/standard/{}", action.name);
                        json!({"label": action.label, "name": action.name, "type": action.kind, "url": url})
                    })
                    .collect();
                Ok(Answer::ok(json!({"actions": list})))
            }
            ["standard", name] => {
                let action = STANDARD.iter().find(|action| action.name.eq_ignore_ascii_case(name));
                let action = action.ok_or_else(ApiError::not_found)?;
                call.only("HEAD,GET,POST")?;
                if call.method == Method::POST { self.invoke(call, action) } else { Ok(Answer::ok(describe(action))) }
            }
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn invoke(&mut self, call: &Call, action: &Standard) -> Result<Answer, Failure> {
        let mut body = call.fields()?;
        let Some(Json::Array(inputs)) = body.remove("inputs") else {
            let message = "The request body must hold a list called inputs at [line:1, column:1]";
            return Err(ApiError::parser(message).into());
        };
        if inputs.len() > MAX_INPUTS {
            let message = format!("At most {MAX_INPUTS} inputs can be given in one call, these are {}", inputs.len());
            return Err(ApiError::request("LIMIT_EXCEEDED", message).into());
        }
        let results: Vec<Json> = inputs.iter().map(|input| self.invoke_one(action, input)).collect();
        // One input that fails makes the whole answer a 400, with a result for each all the same.
        let failed = results.iter().any(|result| result["isSuccess"] == json!(false));
        let status = if failed { http::StatusCode::BAD_REQUEST } else { http::StatusCode::OK };
        Ok(Answer::new(status, Json::Array(results)))
    }

    fn invoke_one(&mut self, action: &Standard, input: &Json) -> Json {
        let result = |errors: Json, outputs: Json| {
            json!({
                "actionName": action.name, "errors": errors, "isSuccess": errors.is_null(), "outputValues": outputs,
                "invocationId": null, "outcome": null, "sortOrder": -1, "version": 1,
            })
        };
        let refuse = |code: &str, message: String| {
            result(json!([{"statusCode": code, "message": message, "fields": []}]), Json::Null)
        };
        let Some(given) = input.as_object() else {
            return refuse("INVALID_ARGUMENT_TYPE", "An input must be an object".to_owned());
        };
        if let Some(name) = given.keys().find(|name| !action.inputs.iter().any(|input| input.name == **name)) {
            return refuse("UNKNOWN_ATTRIBUTE", format!("Unknown input parameter: {name}"));
        }
        let is_empty = |name: &str| given.get(name).is_none_or(|value| value.is_null() || value == "");
        if let Some(missing) = action.inputs.iter().find(|input| input.required && is_empty(input.name)) {
            return refuse("REQUIRED_FIELD_MISSING", format!("Missing required input parameter: {}", missing.name));
        }
        match action.name {
            "chatterPost" => {
                let target = given.get("subjectNameOrId").and_then(Json::as_str).unwrap_or_default();
                let known = SfId::parse(target)
                    .ok()
                    .and_then(|id| self.store.lookup(id))
                    .is_some_and(|(_, row)| !row.is_deleted());
                if !known {
                    return refuse("INVALID_ID_FIELD", format!("The target record or user does not exist: {target}"));
                }
                self.posts += 1;
                result(Json::Null, json!({"feedItemId": SfId::numbered("0D5", *b"gK0", self.posts).to_string()}))
            }
            _ => {
                let addresses = given.get("emailAddresses").and_then(Json::as_str).unwrap_or_default();
                match addresses.split(',').map(str::trim).find(|address| !super::coerce::is_email(address)) {
                    Some(bad) => refuse("INVALID_EMAIL_ADDRESS", format!("Invalid email address: {bad}")),
                    None => result(Json::Null, Json::Null),
                }
            }
        }
    }
}

fn describe(action: &Standard) -> Json {
    let inputs: Vec<Json> = action.inputs.iter().map(|input| input.describe(false)).collect();
    let outputs: Vec<Json> = action.outputs.iter().map(|output| output.describe(true)).collect();
    json!({
        "category": null, "description": null, "inputs": inputs, "label": action.label, "name": action.name, "outputs": outputs,
        "standard": true, "targetEntityName": null, "type": action.kind,
    })
}
