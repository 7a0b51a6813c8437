//! `composite/sobjects`: up to 200 records in one call, each with its own result.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::{IdError, SfId};
use super::org::Org;
use super::records::{Found, named_fields, take_id};
use super::schema::{FieldIndex, FieldType, ObjectIndex};
use super::subrequest::flag;
use super::write::Fields;

/// Records of one writing call.
const MAX_RECORDS: usize = 200;
/// Runs of records of the same object in one call.
const MAX_CHUNKS: usize = 10;
/// Ids of one reading call.
const MAX_RETRIEVED: usize = 2_000;

/// What became of one record.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Known even where the write failed, for updates and deletes.
    pub(crate) id: Option<SfId>,
    /// Only upserts say it.
    pub(crate) created: Option<bool>,
    pub(crate) result: Result<(), Failure>,
}

impl Outcome {
    fn failed(id: Option<SfId>, failure: impl Into<Failure>) -> Outcome {
        Outcome { id, created: None, result: Err(failure.into()) }
    }

    fn to_json(&self) -> Json {
        let mut entry = serde_json::Map::new();
        if let Some(id) = self.id {
            entry.insert("id".to_owned(), Json::String(id.to_string()));
        }
        entry.insert("success".to_owned(), Json::Bool(self.result.is_ok()));
        let errors = self.result.as_ref().err().map_or_else(|| json!([]), Failure::to_collection_json);
        entry.insert("errors".to_owned(), errors);
        if let Some(created) = self.created {
            entry.insert("created".to_owned(), Json::Bool(created));
        }
        Json::Object(entry)
    }
}

fn rolled_back() -> Failure {
    let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    ApiError::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]).into()
}

impl Org {
    /// `POST`, `PATCH` or `DELETE composite/sobjects`.
    pub(crate) fn collection(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("POST,PATCH,DELETE")?;
        if call.method == Method::DELETE {
            return self.delete_collection(call);
        }
        let (records, all_or_none) = read_records(call)?;
        let mut objects = Vec::with_capacity(records.len());
        for record in &records {
            objects.push(self.typed(record)?);
        }
        let chunks = objects.chunk_by(|left, right| left == right).count();
        if chunks > MAX_CHUNKS {
            let message = format!(
                "Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce \
                 chunking."
            );
            return Err(ApiError::request("LIMIT_EXCEEDED", message).into());
        }
        let work: Vec<(ObjectIndex, Fields)> = objects.into_iter().zip(records).collect();
        let author = self.caller();
        if call.method == Method::POST {
            return self.each(all_or_none, true, work, |org, (object, fields)| {
                match org.create(object, &fields, author) {
                    Ok(id) => Outcome { id: Some(id), created: None, result: Ok(()) },
                    Err(failure) => Outcome::failed(None, failure),
                }
            });
        }
        let repeated = repeated(work.iter().filter_map(|(_, fields)| SfId::parse(&take_id(&mut fields.clone())?).ok()));
        self.each(all_or_none, false, work, |org, (object, mut fields)| {
            let id = match org.id_in(object, take_id(&mut fields)) {
                Ok(id) => id,
                Err(error) => return Outcome::failed(None, error),
            };
            if repeated.contains(&id) {
                let error = ApiError::record("DUPLICATE_VALUE", format!("duplicate id specified: {id}"), &["Id"]);
                return Outcome::failed(Some(id), error);
            }
            let result = org.known(object, id).and_then(|()| org.update(object, id, &fields, author));
            Outcome { id: Some(id), created: None, result }
        })
    }

    fn delete_collection(&mut self, call: &Call) -> Result<Answer, Failure> {
        let ids: Vec<String> = list(call.param("ids"));
        check_count(ids.len())?;
        let author = self.caller();
        self.each(call.flag("allOrNone"), false, ids, |org, text| {
            let Ok(id) = SfId::parse(&text) else {
                return Outcome::failed(None, malformed_id("Id", &text));
            };
            let Some(object) = org.schema.by_prefix(id.prefix()) else {
                return Outcome::failed(None, malformed_id("Id", &text));
            };
            let result = org.known(object, id).and_then(|()| org.delete(object, id, author));
            Outcome { id: Some(id), created: None, result }
        })
    }

    /// `PATCH composite/sobjects/X/FIELD`.
    pub(crate) fn upsert_collection(&mut self, call: &Call, object: &str, key: &str) -> Result<Answer, Failure> {
        call.only("PATCH")?;
        let index = self.object_named(object)?;
        let field = self.upsert_field(index, key)?;
        let (records, all_or_none) = read_records(call)?;
        for record in &records {
            self.check_type(index, record)?;
        }
        let name = self.schema.object(index).field(field).name;
        let key_of = |record: &Fields| {
            let (_, value) = record.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            value.as_str().map(|text| text.trim().to_lowercase())
        };
        let repeated = repeated(records.iter().filter_map(key_of).filter(|key| !key.is_empty()));
        self.each(all_or_none, false, records, |org, fields| {
            if let Some(key) = key_of(&fields).filter(|key| repeated.contains(key)) {
                let message = format!("Duplicate external id specified: {key}");
                return Outcome::failed(None, ApiError::record("DUPLICATE_VALUE", message, &[name]));
            }
            org.upsert_one(index, field, fields)
        })
    }

    /// One row of an upsert: the key is among its fields.
    pub(crate) fn upsert_one(&mut self, object: ObjectIndex, field: FieldIndex, mut fields: Fields) -> Outcome {
        let author = self.caller();
        let definition = self.schema.object(object);
        let key = definition.field(field);
        let given = fields.keys().find(|known| known.eq_ignore_ascii_case(key.name)).cloned();
        let value = given.and_then(|given| fields.remove(&given));
        let value = match &value {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let found = if !value.trim().is_empty() {
            self.find_by_key(object, field, &value)
        } else if key.kind == FieldType::Id {
            Ok(Found::None)
        } else {
            let message = format!("{} not specified", key.name);
            return Outcome::failed(None, ApiError::record("MISSING_ARGUMENT", message, &[key.name]));
        };
        match found {
            Err(error) => Outcome::failed(None, error),
            Ok(Found::Many(ids)) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let message = format!("more than one record found for external id field: [{}]", ids.join(", "));
                Outcome::failed(None, ApiError::record("DUPLICATE_EXTERNAL_ID", message, &[]))
            }
            Ok(Found::One(id)) => {
                let result = self.update(object, id, &fields, author);
                Outcome { id: Some(id), created: Some(false), result }
            }
            Ok(Found::None) => {
                if key.kind != FieldType::Id {
                    fields.insert(key.name.to_owned(), Json::String(value));
                }
                match self.create(object, &fields, author) {
                    Ok(id) => Outcome { id: Some(id), created: Some(true), result: Ok(()) },
                    Err(failure) => Outcome::failed(None, failure),
                }
            }
        }
    }

    /// Treats each record on its own, or all of them as one.
    fn each<T>(
        &mut self,
        all_or_none: bool,
        creates: bool,
        work: Vec<T>,
        mut one: impl FnMut(&mut Org, T) -> Outcome,
    ) -> Result<Answer, Failure> {
        let whole = self.savepoint();
        let mut outcomes = Vec::with_capacity(work.len());
        for item in work {
            let part = self.savepoint();
            let outcome = one(self, item);
            match &outcome.result {
                Ok(()) => self.keep(part),
                Err(failure) => {
                    self.undo(part);
                    if failure.0.iter().any(|error| error.code == "JSON_PARSER_ERROR") {
                        // What cannot be read is refused as a request, before any record is looked at.
                        let failure = failure.clone();
                        self.undo(whole);
                        return Err(failure);
                    }
                }
            }
            outcomes.push(outcome);
        }
        if all_or_none && outcomes.iter().any(|outcome| outcome.result.is_err()) {
            self.undo(whole);
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.result.is_ok()) {
                outcome.result = Err(rolled_back());
                // What was never there has no id; an upsert still says that it would have been created.
                outcome.id = outcome.id.filter(|_| !creates && outcome.created != Some(true));
            }
        } else {
            self.keep(whole);
        }
        Ok(Answer::ok(outcomes.iter().map(Outcome::to_json).collect()))
    }

    /// The object that a record of a collection names in its attributes.
    fn typed(&self, record: &Fields) -> Result<ObjectIndex, ApiError> {
        let name = record.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str);
        let Some(name) = name else {
            return Err(ApiError::request("INVALID_TYPE", "Must specify the attributes.type of every record"));
        };
        self.schema.find(name).ok_or_else(|| {
            let message = format!("sObject type '{name}' is not supported.");
            ApiError::request("INVALID_TYPE", message)
        })
    }

    /// An upsert takes records of one object. Their attributes need not name it, but must not name another.
    fn check_type(&self, object: ObjectIndex, record: &Fields) -> Result<(), ApiError> {
        match record.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str) {
            Some(name) if self.schema.find(name) != Some(object) => {
                let message =
                    format!("All records of an upsert must be of {}, not {name}", self.schema.object(object).name);
                Err(ApiError::request("INVALID_TYPE", message))
            }
            _ => Ok(()),
        }
    }

    /// The id that a record of a collection names.
    pub(crate) fn id_in(&self, object: ObjectIndex, text: Option<String>) -> Result<SfId, ApiError> {
        let definition = self.schema.object(object);
        let Some(text) = text else {
            return Err(ApiError::record("MISSING_ARGUMENT", "Id not specified in an update call", &[]));
        };
        let label = definition.label;
        match SfId::parse(&text) {
            Ok(id) if id.prefix() == definition.prefix => Ok(id),
            Ok(_) | Err(IdError::Length | IdError::Character | IdError::Checksum) => {
                Err(malformed_id(&format!("{label} ID"), &text))
            }
        }
    }

    /// A record that never was is an invalid reference here, not a missing resource.
    pub(crate) fn known(&self, object: ObjectIndex, id: SfId) -> Result<(), Failure> {
        match self.store.get(object, id) {
            Some(_) => Ok(()),
            None => Err(ApiError::invalid_cross_reference(None).into()),
        }
    }

    /// `GET` or `POST composite/sobjects/X`: the records with the given ids, null for those that are not there.
    pub(crate) fn retrieve_collection(&mut self, call: &Call, object: &str) -> Result<Answer, Failure> {
        call.only("HEAD,GET,POST")?;
        let index = self.object_named(object)?;
        let (ids, fields) = if call.method == Method::POST {
            let body = call.fields()?;
            let texts = |name: &str| -> Vec<String> {
                let list = body.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
            };
            (texts("ids"), texts("fields"))
        } else {
            (list(call.param("ids")), list(call.param("fields")))
        };
        if ids.len() > MAX_RETRIEVED {
            let message =
                format!("record limit reached. cannot retrieve more than {MAX_RETRIEVED} records in this call");
            return Err(ApiError::request("EXCEEDED_ID_LIMIT", message).into());
        }
        if fields.is_empty() {
            return Err(ApiError::request("INVALID_FIELD", "The fields to retrieve must be given").into());
        }
        let definition = self.schema.object(index);
        let fields = named_fields(definition, &fields.join(","))?;
        let mut records = Vec::with_capacity(ids.len());
        for text in &ids {
            let id = SfId::parse(text).map_err(|_| malformed_id(&format!("{} ID", definition.label), text))?;
            let row = self.store.get(index, id).filter(|row| !row.is_deleted());
            records.push(row.map_or(Json::Null, |row| self.some_json(index, row, &fields, &call.version)));
        }
        Ok(Answer::ok(Json::Array(records)))
    }
}

fn malformed_id(label: &str, text: &str) -> ApiError {
    ApiError::record("MALFORMED_ID", format!("{label}: id value of incorrect type: {text}"), &["Id"])
}

/// What occurs more than once.
fn repeated<T: Ord + Clone>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    all.filter(|one| !seen.insert(one.clone())).collect()
}

fn list(text: Option<&str>) -> Vec<String> {
    let entries = text.unwrap_or_default().split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count <= MAX_RECORDS {
        return Ok(());
    }
    let message = format!("record limit reached. cannot submit more than {MAX_RECORDS} records into this call");
    Err(ApiError::request("EXCEEDED_ID_LIMIT", message))
}

/// The records of a writing call, and whether they stand or fall together.
fn read_records(call: &Call) -> Result<(Vec<Fields>, bool), ApiError> {
    let mut body = call.fields()?;
    let all_or_none = flag(&body, "allOrNone")?;
    let Some(Json::Array(records)) = body.remove("records") else {
        return Err(ApiError::parser("The records must be given as a list at [line:1, column:1]"));
    };
    check_count(records.len())?;
    let records: Option<Vec<Fields>> = records
        .into_iter()
        .map(|record| match record {
            Json::Object(fields) => Some(fields),
            _ => None,
        })
        .collect();
    let records = records.ok_or_else(|| ApiError::parser("Every record must be an object at [line:1, column:1]"))?;
    Ok((records, all_or_none))
}
