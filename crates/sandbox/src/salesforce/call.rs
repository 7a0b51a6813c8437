//! One call of a versioned resource, over HTTP or inside a composite request.

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::errors::ApiError;
use super::multipart::fields_of_parts;
use super::write::Fields;

/// What comes with a call.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// As it came over HTTP.
    Bytes(Bytes),
    /// A part of a composite request.
    Json(Json),
}

/// A call, authenticated and counted.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// `v59.0`.
    pub(crate) version: String,
    /// 59.
    pub(crate) major: u32,
    /// The segments after the version, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// `http://host:port` as the caller knows it.
    pub(crate) origin: String,
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.param(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The moment of a conditional header.
    pub(crate) fn date_header(&self, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        let Some(text) = self.header(name) else {
            return Ok(None);
        };
        match DateTime::parse_from_rfc2822(text) {
            Ok(at) => Ok(Some(at.with_timezone(&Utc))),
            Err(_) => Err(ApiError::request("INVALID_REQUEST", format!("Invalid date in header {name}: {text}"))),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Json, ApiError> {
        let bytes = match &self.payload {
            Payload::Json(json) => return Ok(json.clone()),
            Payload::Bytes(bytes) => bytes,
        };
        if bytes.is_empty() {
            let message = "The HTTP entity body is required, but this request has no entity body.";
            return Err(ApiError::parser(message));
        }
        if !self.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json")) {
            let kind = self.header("content-type").unwrap_or("none");
            let message = format!("The HTTP entity body has the content type {kind}, but application/json is needed");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::request("UNSUPPORTED_MEDIA_TYPE", message).with_status(status));
        }
        serde_json::from_slice(bytes).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            ApiError::parser(format!("{what} at [line:{}, column:{}]", error.line(), error.column()))
        })
    }

    /// The body as a JSON object.
    pub(crate) fn fields(&self) -> Result<Fields, ApiError> {
        if let (Payload::Bytes(bytes), Some(kind)) = (&self.payload, self.header("content-type"))
            && kind.to_ascii_lowercase().starts_with("multipart/form-data")
        {
            return fields_of_parts(kind, bytes);
        }
        match self.json()? {
            Json::Object(fields) => Ok(fields),
            _ => Err(ApiError::parser(
                "Cannot deserialize instance of SObject: a JSON object is needed at [line:1, column:1]",
            )),
        }
    }

    /// Adds to an error about an unreadable value where in the body that value stands, if it can be found.
    pub(crate) fn locate(&self, error: &mut ApiError) {
        let Payload::Bytes(body) = &self.payload else {
            return;
        };
        let unplaced = error.code == "JSON_PARSER_ERROR" && !error.message.contains(" at [line:");
        let value = error.message.split(" value ").nth(1).and_then(|rest| rest.split(" or request may").next());
        let Some(value) = value.filter(|_| unplaced) else {
            return;
        };
        let text = String::from_utf8_lossy(body);
        let Some(end) = text.find(value).map(|start| start + value.len()) else {
            return;
        };
        let before = text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        error.message = format!("{} at [line:{line}, column:{column}]", error.message);
    }

    /// Refuses methods that the resource does not have. `HEAD` goes with `GET`.
    pub(crate) fn only(&self, allowed: &str) -> Result<(), ApiError> {
        if allowed.split(',').any(|method| method == self.method.as_str()) {
            return Ok(());
        }
        Err(ApiError::method_not_allowed(&self.method, allowed))
    }
}

/// The answer to a call.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Json>,
    /// The rows of a bulk job, in place of a body of JSON.
    pub(crate) csv: Option<Bytes>,
    /// The content of a file.
    pub(crate) binary: Option<Bytes>,
}

impl Answer {
    pub(crate) fn ok(body: Json) -> Answer {
        Answer::new(StatusCode::OK, body)
    }

    pub(crate) fn new(status: StatusCode, body: Json) -> Answer {
        Answer { body: Some(body), ..Answer::empty(status) }
    }

    pub(crate) fn empty(status: StatusCode) -> Answer {
        Answer { status, headers: Vec::new(), body: None, csv: None, binary: None }
    }

    pub(crate) fn binary(content: Vec<u8>) -> Answer {
        Answer { binary: Some(content.into()), ..Answer::empty(StatusCode::OK) }
    }

    pub(crate) fn csv(text: String) -> Answer {
        Answer { csv: Some(text.into()), ..Answer::empty(StatusCode::OK) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }
}

/// A moment as HTTP headers show it.
pub(crate) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
