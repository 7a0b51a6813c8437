//! The vendor's errors: an array of code, message and, for refused records, the fields at fault.

use http::StatusCode;
use serde_json::{Value as Json, json};

/// One entry of an error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Present, if only empty, where the refusal is about a record; absent where it is about the request.
    pub(crate) fields: Option<Vec<String>>,
    /// What a duplicate rule found.
    pub(crate) duplicates: Option<Box<Json>>,
}

impl ApiError {
    /// A refusal of the request itself, with status 400.
    pub(crate) fn request(code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, code, message: message.into(), fields: None, duplicates: None }
    }

    /// A refusal of a record because of some of its fields, with status 400.
    pub(crate) fn record(code: &'static str, message: impl Into<String>, fields: &[&str]) -> ApiError {
        let fields = Some(fields.iter().map(|&field| field.to_owned()).collect());
        ApiError { status: StatusCode::BAD_REQUEST, code, message: message.into(), fields, duplicates: None }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> ApiError {
        self.status = status;
        self
    }

    pub(crate) fn not_found() -> ApiError {
        ApiError::request("NOT_FOUND", "The requested resource does not exist").with_status(StatusCode::NOT_FOUND)
    }

    /// The answer for a path segment that is neither an id nor a usable external id field.
    pub(crate) fn no_external_id(segment: &str) -> ApiError {
        let message = format!("Provided external ID field does not exist or is not accessible: {segment}");
        ApiError::request("NOT_FOUND", message).with_status(StatusCode::NOT_FOUND)
    }

    pub(crate) fn entity_is_deleted() -> ApiError {
        ApiError::record("ENTITY_IS_DELETED", "entity is deleted", &[]).with_status(StatusCode::NOT_FOUND)
    }

    pub(crate) fn method_not_allowed(method: &http::Method, allowed: &str) -> ApiError {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        ApiError::request("METHOD_NOT_ALLOWED", message).with_status(StatusCode::METHOD_NOT_ALLOWED)
    }

    pub(crate) fn session_expired() -> ApiError {
        ApiError::request("INVALID_SESSION_ID", "Session expired or invalid").with_status(StatusCode::UNAUTHORIZED)
    }

    pub(crate) fn parser(message: impl Into<String>) -> ApiError {
        ApiError::request("JSON_PARSER_ERROR", message)
    }

    /// A column that does not exist, as a write reports it.
    pub(crate) fn no_such_column(column: &str, object: &str) -> ApiError {
        let message = format!("No such column '{column}' on sobject of type {object}");
        ApiError::request("INVALID_FIELD", message)
    }

    pub(crate) fn invalid_cross_reference(field: Option<&str>) -> ApiError {
        let fields: Vec<&str> = field.into_iter().collect();
        ApiError::record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &fields)
    }

    /// The entry as the REST resources print it. The member about duplicates is misspelt by the vendor.
    pub(crate) fn to_json(&self) -> Json {
        if let Some(duplicates) = &self.duplicates {
            return json!({"duplicateResut": duplicates, "errorCode": self.code, "message": self.message});
        }
        match &self.fields {
            Some(fields) => {
                json!({"message": self.message, "errorCode": self.code, "fields": fields})
            }
            None => json!({"message": self.message, "errorCode": self.code}),
        }
    }

    /// The entry as the collection resources print it: `statusCode`, and always `fields`.
    pub(crate) fn to_collection_json(&self) -> Json {
        let fields = self.fields.as_deref().unwrap_or_default();
        match &self.duplicates {
            Some(duplicates) => json!({
                "duplicateResult": duplicates, "statusCode": self.code, "message": self.message, "fields": fields,
            }),
            None => json!({"statusCode": self.code, "message": self.message, "fields": fields}),
        }
    }
}

/// Why a request, or one record of it, failed. Never empty; the first entry decides the HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) Vec<ApiError>);

impl Failure {
    pub(crate) fn status(&self) -> StatusCode {
        self.0.first().map_or(StatusCode::INTERNAL_SERVER_ERROR, |error| error.status)
    }

    pub(crate) fn to_json(&self) -> Json {
        self.0.iter().map(ApiError::to_json).collect()
    }

    pub(crate) fn to_collection_json(&self) -> Json {
        self.0.iter().map(ApiError::to_collection_json).collect()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        Failure(vec![error])
    }
}
