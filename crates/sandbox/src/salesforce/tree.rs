//! `composite/tree/X`: parents with their children, created together or not at all.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::schema::ObjectIndex;
use super::write::Fields;

/// Records of one request.
const MAX_RECORDS: usize = 200;
/// Levels of nesting.
const MAX_DEPTH: usize = 5;

/// What a tree request has come to.
#[derive(Default)]
struct Progress {
    seen: usize,
    created: Vec<(String, SfId)>,
    refused: Vec<(String, Failure)>,
}

impl Org {
    /// `POST composite/tree/X`.
    pub(crate) fn tree(&mut self, call: &Call, object: &str) -> Result<Answer, Failure> {
        call.only("POST")?;
        let index = self.object_named(object)?;
        let mut body = call.fields()?;
        let Some(Json::Array(records)) = body.remove("records") else {
            return Err(ApiError::parser("The records must be given as a list at [line:1, column:1]").into());
        };
        let mut progress = Progress::default();
        let whole = self.savepoint();
        let planted = self.plant(index, records, None, 1, &mut progress);
        if let Err(error) = planted {
            self.undo(whole);
            return Err(error.into());
        }
        if progress.refused.is_empty() {
            self.keep(whole);
            let results =
                progress.created.iter().map(|(reference, id)| json!({"referenceId": reference, "id": id.to_string()}));
            let results: Vec<Json> = results.collect();
            return Ok(Answer::new(StatusCode::CREATED, json!({"hasErrors": false, "results": results})));
        }
        self.undo(whole);
        let results = progress
            .refused
            .iter()
            .map(|(reference, failure)| json!({"referenceId": reference, "errors": failure.to_collection_json()}));
        let results: Vec<Json> = results.collect();
        Ok(Answer::new(StatusCode::BAD_REQUEST, json!({"hasErrors": true, "results": results})))
    }

    /// Creates records, then their children, which refer to them through the named field.
    fn plant(
        &mut self,
        object: ObjectIndex,
        records: Vec<Json>,
        parent: Option<(&str, SfId)>,
        depth: usize,
        progress: &mut Progress,
    ) -> Result<(), ApiError> {
        if depth > MAX_DEPTH {
            return Err(ApiError::request("INVALID_INPUT", format!("A tree has at most {MAX_DEPTH} levels")));
        }
        let schema = std::sync::Arc::clone(&self.schema);
        let definition = schema.object(object);
        for record in records {
            progress.seen += 1;
            if progress.seen > MAX_RECORDS {
                return Err(ApiError::request("INVALID_INPUT", format!("A tree has at most {MAX_RECORDS} records")));
            }
            let Json::Object(mut fields) = record else {
                return Err(ApiError::parser("Every record must be an object at [line:1, column:1]"));
            };
            let reference = reference_of(&fields)?;
            let children = take_children(&mut fields);
            if let Some((field, id)) = parent {
                fields.insert(field.to_owned(), Json::String(id.to_string()));
            }
            let author = self.caller();
            let id = match self.transact(|org| org.create(object, &fields, author)) {
                Ok(id) => id,
                Err(failure) => {
                    progress.refused.push((reference, failure));
                    continue;
                }
            };
            progress.created.push((reference, id));
            for (name, records) in children {
                let Some(link) = definition.find_children(&name) else {
                    return Err(ApiError::no_such_column(&name, definition.name));
                };
                let field = schema.object(link.child).field(link.field).name;
                self.plant(link.child, records, Some((field, id)), depth + 1, progress)?;
            }
        }
        Ok(())
    }
}

fn reference_of(fields: &Fields) -> Result<String, ApiError> {
    let reference =
        fields.get("attributes").and_then(|attributes| attributes.get("referenceId")).and_then(Json::as_str);
    let missing = || ApiError::request("INVALID_INPUT", "Include a reference ID for each record in the request.");
    reference.map(str::to_owned).ok_or_else(missing)
}

/// Takes out the members that hold child records: `"Contacts": {"records": […]}`.
fn take_children(fields: &mut Fields) -> Vec<(String, Vec<Json>)> {
    let holds_records = |value: &Json| value.get("records").is_some_and(Json::is_array);
    let names: Vec<String> =
        fields.iter().filter(|(_, value)| holds_records(value)).map(|(name, _)| name.clone()).collect();
    let mut children = Vec::new();
    for name in names {
        if let Some(Json::Object(mut set)) = fields.remove(&name)
            && let Some(Json::Array(records)) = set.remove("records")
        {
            children.push((name, records));
        }
    }
    children
}
