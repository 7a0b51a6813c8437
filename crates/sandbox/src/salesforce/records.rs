//! `sobjects/X`, `sobjects/X/ID`, and records by external id.

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::{IdError, SfId};
use super::org::{Author, Org};
use super::schema::{FieldIndex, FieldType, Object, ObjectIndex};
use super::value::Value;
use super::write::Fields;

const ROW_METHODS: &str = "HEAD,GET,PATCH,DELETE";

/// What an external id found.
#[derive(Debug)]
pub(crate) enum Found {
    None,
    One(SfId),
    Many(Vec<SfId>),
}

impl Org {
    /// Who writes when a call writes.
    pub(crate) fn caller(&self) -> Author {
        Author { user: self.sessions.user, automation: false }
    }

    /// `sobjects/X`: what it is, or a new record.
    pub(crate) fn object_resource(&mut self, call: &Call, object: &str) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        call.only("HEAD,GET,POST")?;
        if call.method == Method::GET {
            return Ok(Answer::ok(self.object_summary(call, index)));
        }
        let fields = call.fields()?;
        let author = self.caller();
        let id = self.transact(|org| org.create(index, &fields, author))?;
        Ok(self.created(call, index, id, false))
    }

    fn created(&self, call: &Call, object: ObjectIndex, id: SfId, upserted: bool) -> Answer {
        let mut body = json!({"id": id.to_string(), "success": true, "errors": []});
        if let Some(body) = body.as_object_mut().filter(|_| upserted) {
            body.insert("created".to_owned(), Json::Bool(true));
        }
        Answer::new(StatusCode::CREATED, body).header("location", self.row_url(call, object, id))
    }

    fn row_url(&self, call: &Call, object: ObjectIndex, id: SfId) -> String {
        format!("/services/data/{}/sobjects/{}/{id}", call.version, self.schema.object(object).name)
    }

    /// Reads the id in a path. What is no id might have been meant as an external id field.
    pub(crate) fn row_id(&self, object: ObjectIndex, segment: &str) -> Result<SfId, ApiError> {
        let definition = self.schema.object(object);
        match SfId::parse(segment) {
            Ok(id) if id.prefix() == definition.prefix => Ok(id),
            Ok(_) => Err(ApiError::not_found()),
            Err(IdError::Length) => Err(ApiError::no_external_id(segment)),
            Err(IdError::Character | IdError::Checksum) => {
                let message = format!("{} ID: id value of incorrect type: {segment}", definition.label);
                Err(ApiError::record("MALFORMED_ID", message, &["Id"]))
            }
        }
    }

    /// `sobjects/X/ID`; `POST sobjects/X/Id` creates.
    pub(crate) fn row_resource(&mut self, call: &Call, object: &str, segment: &str) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        if call.method == Method::POST && segment.eq_ignore_ascii_case("Id") {
            return self.object_resource(call, object);
        }
        call.only(ROW_METHODS)?;
        let id = self.row_id(index, segment)?;
        self.row(call, index, id)
    }

    pub(crate) fn row(&mut self, call: &Call, object: ObjectIndex, id: SfId) -> Result<Answer, Failure> {
        if call.method == Method::GET {
            return self.read_row(call, object, id);
        }
        self.conditions(call, object, id)?;
        let author = self.caller();
        if call.method == Method::DELETE {
            self.transact(|org| org.delete(object, id, author))?;
        } else {
            let fields = call.fields()?;
            self.transact(|org| org.update(object, id, &fields, author))?;
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    fn read_row(&self, call: &Call, object: ObjectIndex, id: SfId) -> Result<Answer, Failure> {
        let row = match self.live_row(object, id) {
            Ok(row) => row,
            Err(error) if self.quirks.read_of_deleted_says_deleted => return Err(error.into()),
            Err(_) => return Err(ApiError::not_found().into()),
        };
        if let Some(known) = self.conditions(call, object, id)? {
            return Ok(known);
        }
        let definition = self.schema.object(object);
        let body = match call.param("fields") {
            None => self.full_json(object, row, &call.version),
            Some(list) => self.some_json(object, row, &named_fields(definition, list)?, &call.version),
        };
        Ok(self.marked(Answer::ok(body), object, id))
    }

    /// `sobjects/X/FIELD/VALUE` by an external id, or `sobjects/X/ID/RELATIONSHIP`.
    pub(crate) fn keyed_resource(
        &mut self,
        call: &Call,
        object: &str,
        key: &str,
        value: &str,
    ) -> Result<Answer, Failure> {
        let index = self.object_named(object)?;
        if SfId::parse(key).is_ok() {
            return self.related(call, index, key, &[value]);
        }
        call.only(ROW_METHODS)?;
        self.refuse_file_names(value)?;
        let field = self.upsert_field(index, key)?;
        let found = self.find_by_key(index, field, value)?;
        match (found, &call.method) {
            (Found::Many(ids), _) => {
                let urls: Vec<String> = ids.into_iter().map(|id| self.row_url(call, index, id)).collect();
                Ok(Answer::new(StatusCode::MULTIPLE_CHOICES, json!(urls)))
            }
            (found, &Method::PATCH) => self.upsert_row(call, index, field, value, &found),
            (Found::One(id), _) => self.row(call, index, id),
            (Found::None, _) => Err(ApiError::not_found().into()),
        }
    }

    /// The edge takes a value that ends like the name of a blocked file for one, and never asks the API.
    fn refuse_file_names(&self, value: &str) -> Result<(), ApiError> {
        let ending = value.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.is_some_and(|ending| self.quirks.blocked_endings.contains(&ending)) {
            true => Err(ApiError::not_found()),
            false => Ok(()),
        }
    }

    /// The field of an upsert: an external id, a lookup field, or `Id`.
    pub(crate) fn upsert_field(&self, object: ObjectIndex, name: &str) -> Result<FieldIndex, ApiError> {
        let definition = self.schema.object(object);
        let field = definition.find(name).filter(|field| definition.field(*field).upsert_key());
        field.ok_or_else(|| ApiError::no_external_id(name))
    }

    /// The live records with this external id. A blank value matches nothing.
    pub(crate) fn find_by_key(&self, object: ObjectIndex, field: FieldIndex, value: &str) -> Result<Found, ApiError> {
        if self.schema.object(object).field(field).kind == FieldType::Id {
            let id = self.row_id(object, value)?;
            return self.live_row(object, id).map(|_| Found::One(id));
        }
        let mut ids = self.store.live_with_value(object, field, &Value::text(value.trim()));
        Ok(match (ids.pop(), ids.is_empty()) {
            (None, _) => Found::None,
            (Some(id), true) => Found::One(id),
            (Some(id), false) => {
                ids.push(id);
                Found::Many(ids)
            }
        })
    }

    fn upsert_row(
        &mut self,
        call: &Call,
        object: ObjectIndex,
        field: FieldIndex,
        value: &str,
        found: &Found,
    ) -> Result<Answer, Failure> {
        let mut fields = call.fields()?;
        let definition = self.schema.object(object);
        let key = definition.field(field);
        let (name, by_id) = (key.name, key.kind == FieldType::Id);
        let repeated = fields.keys().find(|given| given.eq_ignore_ascii_case(name)).cloned();
        if let Some(given) = repeated {
            if self.quirks.refuse_external_id_in_body {
                let message = format!("The {name} field should not be specified in the sobject data.");
                return Err(ApiError::request("INVALID_FIELD", message).into());
            }
            fields.remove(&given);
        }
        let author = self.caller();
        match found {
            Found::One(id) => {
                let id = *id;
                self.conditions(call, object, id)?;
                self.transact(|org| org.update(object, id, &fields, author))?;
                if by_id || call.major < 46 {
                    return Ok(Answer::empty(StatusCode::NO_CONTENT));
                }
                let body = json!({"id": id.to_string(), "success": true, "errors": [], "created": false});
                Ok(Answer::ok(body))
            }
            _ if call.flag("updateOnly") => Err(ApiError::not_found().into()),
            _ => {
                fields.insert(name.to_owned(), Json::from(value));
                let id = self.transact(|org| org.create(object, &fields, author))?;
                Ok(self.created(call, object, id, true))
            }
        }
    }
}

/// The fields of a comma-separated list.
pub(crate) fn named_fields(object: &Object, list: &str) -> Result<Vec<FieldIndex>, ApiError> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| object.find(name).ok_or_else(|| ApiError::no_such_column(name, object.name))).collect()
}

/// Takes the id out of a record of a collection: `id` or `Id`. A null is no id.
pub(crate) fn take_id(fields: &mut Fields) -> Option<String> {
    let name = fields.keys().find(|name| name.eq_ignore_ascii_case("Id")).cloned()?;
    fields.remove(&name)?.as_str().map(str::to_owned)
}
