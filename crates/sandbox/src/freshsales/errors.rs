//! The vendor's refusals, in its words.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::Reply;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    status: StatusCode,
    body: Option<Value>,
    retry_after: Option<u64>,
    location: Option<String>,
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    fn json(status: StatusCode, body: Value) -> Failure {
        Failure { status, body: Some(body), retry_after: None, location: None }
    }

    fn empty(status: StatusCode) -> Failure {
        Failure { status, body: None, retry_after: None, location: None }
    }

    /// 400 with one message per problem.
    pub(super) fn invalid(messages: impl IntoIterator<Item = String>) -> Failure {
        let messages: Vec<String> = messages.into_iter().collect();
        Failure::json(StatusCode::BAD_REQUEST, json!({ "errors": { "code": 400, "message": messages } }))
    }

    /// 400 with one message.
    pub(super) fn because(message: impl Into<String>) -> Failure {
        Failure::invalid([message.into()])
    }

    /// The messages of a 400.
    pub(super) fn messages(&self) -> Vec<String> {
        let list = self.body.as_ref().and_then(|body| body["errors"]["message"].as_array());
        list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
    }

    /// 404 for an unknown record or route: here `message` is a string.
    pub(super) fn not_found() -> Failure {
        Failure::json(StatusCode::NOT_FOUND, json!({ "errors": { "code": 404, "message": "not found" } }))
    }

    /// 404 for an id that is no number: an empty body.
    pub(super) fn not_a_number() -> Failure {
        Failure::empty(StatusCode::NOT_FOUND)
    }

    /// 401 for a missing or wrong key.
    pub(super) fn sign_in_failed() -> Failure {
        Failure::json(StatusCode::UNAUTHORIZED, json!({ "login": "failed", "message": null }))
    }

    /// What a browser gets instead of the 401.
    pub(super) fn sign_in_page(origin: &str) -> Failure {
        Failure { location: Some(format!("{origin}/login")), ..Failure::empty(StatusCode::FOUND) }
    }

    /// 403 for a list without a view.
    pub(super) fn not_authorized() -> Failure {
        Failure::json(StatusCode::FORBIDDEN, json!({ "message": "not authorized" }))
    }

    /// 405 while too many bulk jobs run.
    pub(super) fn too_many_jobs() -> Failure {
        let message = ["Another bulk job is in progress. Please try again later"];
        Failure::json(StatusCode::METHOD_NOT_ALLOWED, json!({ "errors": { "code": 405, "message": message } }))
    }

    /// 415 for a body that is not labelled as JSON.
    pub(super) fn not_json() -> Failure {
        let message = ["Unsupported media type"];
        Failure::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, json!({ "errors": { "code": 415, "message": message } }))
    }

    /// 429.
    pub(super) fn too_many_requests(retry_after: Option<u64>) -> Failure {
        let body = json!({ "errors": { "code": 429, "message": "Too many requests" } });
        Failure { retry_after, ..Failure::json(StatusCode::TOO_MANY_REQUESTS, body) }
    }

    /// The 400 that hides a 429 of a service behind.
    pub(super) fn inner_limit() -> Failure {
        Failure::because("UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests")
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut reply = match &self.body {
            Some(body) => Reply::json(self.status, body),
            None => Reply::empty(self.status),
        };
        if let Some(seconds) = self.retry_after {
            reply = reply.header(header::RETRY_AFTER, seconds);
        }
        if let Some(location) = self.location {
            reply = reply.header(header::LOCATION, location);
        }
        reply
    }
}

/// A 5xx: JSON from the application, a page from the gateway in front of it.
pub(super) fn server_error(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_server_error);
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reason = status.canonical_reason().unwrap_or("Error");
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        return Reply::json(status, &json!({ "status": 500, "error": reason }));
    }
    let code = status.as_u16();
    let page = format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n\
        <center><h1>{code} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    Reply::text(status, "text/html", page)
}
