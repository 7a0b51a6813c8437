//! `composite/tree/X`: parents with their children, created together or not at all.

use std::collections::{BTreeSet, VecDeque};

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::references::{illegal, is_legal};
use super::schema::{FieldIndex, ObjectIndex};
use super::subrequest::bad_request;
use super::write::Fields;

/// Records of one request.
const MAX_RECORDS: usize = 200;
/// Levels of nesting.
const MAX_DEPTH: usize = 5;
/// Objects of one request.
const MAX_OBJECTS: usize = 5;

/// One record of a tree, with the place of its parent and the field that refers to it.
struct Node {
    object: ObjectIndex,
    reference: String,
    fields: Fields,
    parent: Option<(usize, FieldIndex)>,
}

/// Records that are still to be read.
struct Branch {
    object: ObjectIndex,
    records: Vec<Json>,
    parent: Option<(usize, FieldIndex)>,
    depth: usize,
}

/// Why a tree cannot be read: because of the request, or of one record of it.
enum Defect {
    Request(ApiError),
    Record(String, ApiError),
}

impl From<ApiError> for Defect {
    fn from(error: ApiError) -> Defect {
        Defect::Request(error)
    }
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
        let nodes = match self.read_tree(index, records) {
            Ok(nodes) => nodes,
            Err(Defect::Request(error)) => return Err(error.into()),
            Err(Defect::Record(reference, error)) => return Ok(refused([(reference.as_str(), &error.into())])),
        };
        let whole = self.savepoint();
        let outcomes = self.plant(&nodes);
        let failures = nodes.iter().zip(&outcomes).filter_map(|(node, outcome)| match outcome {
            Some(Err(failure)) => Some((node.reference.as_str(), failure)),
            _ => None,
        });
        if failures.clone().next().is_some() {
            let answer = refused(failures);
            self.undo(whole);
            return Ok(answer);
        }
        self.keep(whole);
        let created = nodes.iter().zip(&outcomes).filter_map(|(node, outcome)| match outcome {
            Some(Ok(id)) => Some(json!({"referenceId": node.reference, "id": id.to_string()})),
            _ => None,
        });
        let results: Vec<Json> = created.collect();
        Ok(Answer::new(StatusCode::CREATED, json!({"hasErrors": false, "results": results})))
    }

    /// The records of a tree, level by level, after checking everything that needs no write.
    fn read_tree(&self, object: ObjectIndex, records: Vec<Json>) -> Result<Vec<Node>, Defect> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut references = BTreeSet::new();
        let mut branches = VecDeque::from([Branch { object, records, parent: None, depth: 1 }]);
        while let Some(Branch { object, records, parent, depth }) = branches.pop_front() {
            if depth > MAX_DEPTH {
                return Err(bad_request(format!("A tree has at most {MAX_DEPTH} levels")).into());
            }
            let definition = self.schema.object(object);
            for record in records {
                let Json::Object(mut fields) = record else {
                    return Err(ApiError::parser("Every record must be an object at [line:1, column:1]").into());
                };
                if nodes.len() == MAX_RECORDS {
                    return Err(bad_request(format!("A tree has at most {MAX_RECORDS} records")).into());
                }
                let reference = self.reference_of(object, &fields)?;
                if !references.insert(reference.clone()) {
                    let error = bad_request("Duplicate ReferenceId provided in the request.");
                    return Err(Defect::Record(reference, error));
                }
                for (name, records) in take_children(&mut fields) {
                    let Some(link) = definition.find_children(&name) else {
                        return Err(Defect::Record(reference, ApiError::no_such_column(&name, definition.name)));
                    };
                    let parent = Some((nodes.len(), link.field));
                    branches.push_back(Branch { object: link.child, records, parent, depth: depth + 1 });
                }
                nodes.push(Node { object, reference, fields, parent });
            }
        }
        let objects: BTreeSet<ObjectIndex> = nodes.iter().map(|node| node.object).collect();
        if nodes.is_empty() || objects.len() > MAX_OBJECTS {
            return Err(bad_request(format!("A tree has records of 1 to {MAX_OBJECTS} objects")).into());
        }
        Ok(nodes)
    }

    /// The reference id of a record, whose attributes must name the object that stands at its place.
    fn reference_of(&self, object: ObjectIndex, fields: &Fields) -> Result<String, Defect> {
        let attribute = |name: &str| fields.get("attributes")?.get(name)?.as_str();
        let Some(reference) = attribute("referenceId") else {
            let error = bad_request("Include a reference ID for each record in the request.");
            return Err(Defect::Record(String::new(), error));
        };
        if !is_legal(reference) {
            return Err(Defect::Record(reference.to_owned(), bad_request(illegal(reference))));
        }
        let named = attribute("type").unwrap_or_default();
        if self.schema.find(named) != Some(object) {
            let message =
                format!("The type '{named}' is not that of the records here: {}", self.schema.object(object).name);
            return Err(Defect::Record(reference.to_owned(), ApiError::request("INVALID_TYPE", message)));
        }
        Ok(reference.to_owned())
    }

    /// Creates the records in their order. One whose parent was refused is not tried.
    fn plant(&mut self, nodes: &[Node]) -> Vec<Option<Result<SfId, Failure>>> {
        let schema = std::sync::Arc::clone(&self.schema);
        let mut outcomes: Vec<Option<Result<SfId, Failure>>> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let mut fields = node.fields.clone();
            if let Some((parent, field)) = node.parent {
                let Some(Some(Ok(id))) = outcomes.get(parent) else {
                    outcomes.push(None);
                    continue;
                };
                let name = schema.object(node.object).field(field).name;
                fields.insert(name.to_owned(), Json::String(id.to_string()));
            }
            let author = self.caller();
            outcomes.push(Some(self.transact(|org| org.create(node.object, &fields, author))));
        }
        outcomes
    }
}

fn refused<'a>(failures: impl IntoIterator<Item = (&'a str, &'a Failure)>) -> Answer {
    let results = failures
        .into_iter()
        .map(|(reference, failure)| json!({"referenceId": reference, "errors": failure.to_collection_json()}));
    let results: Vec<Json> = results.collect();
    Answer::new(StatusCode::BAD_REQUEST, json!({"hasErrors": true, "results": results}))
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
