//! The parts of composite, graph and batch requests: how they are read, turned into calls, and answered.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::api::{NEWEST, OLDEST};
use super::call::{Answer, Call, Payload};
use super::errors::ApiError;
use super::references::{illegal, is_legal, named_in};

/// From this version on an illegal reference id fails the whole request; before, only its part.
const STRICT_REFERENCES_FROM: u32 = 52;
/// Headers that belong to the request as a whole.
const OUTER_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];

/// One call of a composite request.
pub(crate) struct Part {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) reference: String,
    /// What its answer is before anything is done: its reference id is illegal, and its version lenient.
    pub(crate) refused: Option<ApiError>,
    pub(crate) body: Json,
    pub(crate) headers: HeaderMap,
}

impl Part {
    /// The reference ids that its address and its body name.
    pub(crate) fn references(&self) -> Vec<String> {
        let mut named = named_in(&self.body);
        named.extend(named_in(&Json::String(self.url.clone())));
        named
    }
}

pub(crate) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::request("INVALID_INPUT", message)
}

/// A yes-or-no member of a request; absent means no.
pub(crate) fn flag(body: &Map<String, Json>, name: &str) -> Result<bool, ApiError> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(Json::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        Some(other) => Err(ApiError::parser(format!(
            "Cannot deserialize instance of boolean from VALUE value {other} or request may be missing a required field"
        ))),
    }
}

/// Reads the parts of a request and checks what can be checked before the first is run.
pub(crate) fn read_parts(list: Option<Json>, major: u32, most: usize) -> Result<Vec<Part>, ApiError> {
    let Some(Json::Array(list)) = list else {
        return Err(bad_request("compositeRequest must be a list of subrequests"));
    };
    if list.is_empty() || list.len() > most {
        return Err(bad_request(format!("A composite request holds 1 to {most} subrequests, this one {}", list.len())));
    }
    let parts = list.into_iter().map(|part| read_part(part, major)).collect::<Result<Vec<Part>, ApiError>>()?;
    for (place, part) in parts.iter().enumerate() {
        if parts.iter().skip(place + 1).any(|other| other.reference == part.reference) {
            return Err(bad_request(format!("Duplicate referenceId: {}", part.reference)));
        }
    }
    Ok(parts)
}

fn read_part(part: Json, major: u32) -> Result<Part, ApiError> {
    let Json::Object(mut part) = part else {
        return Err(bad_request("a subrequest must be an object"));
    };
    let text = |name: &str| {
        let text = part.get(name).and_then(Json::as_str).map(str::to_owned);
        text.ok_or_else(|| bad_request(format!("a subrequest must have a {name}")))
    };
    let (method, url, reference) = (text("method")?, text("url")?, text("referenceId")?);
    let mut refused = None;
    if !is_legal(&reference) {
        let error = bad_request(illegal(&reference));
        if major >= STRICT_REFERENCES_FROM {
            return Err(error);
        }
        refused = Some(error);
    }
    let method = method_named(&method)?;
    let mut headers = HeaderMap::new();
    match part.remove("httpHeaders") {
        None | Some(Json::Null) => {}
        Some(Json::Object(given)) => {
            for (name, value) in given {
                let (name, value) = read_header(&name, &value)?;
                headers.insert(name, value);
            }
        }
        Some(_) => return Err(bad_request("httpHeaders must be an object of texts")),
    }
    Ok(Part { method, url, reference, refused, body: part.remove("body").unwrap_or(Json::Null), headers })
}

pub(crate) fn method_named(name: &str) -> Result<Method, ApiError> {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|known| *known == name);
    let method = known.and_then(|known| Method::from_bytes(known.as_bytes()).ok());
    method.ok_or_else(|| bad_request(format!("Invalid HTTP method: {name}")))
}

fn read_header(name: &str, value: &Json) -> Result<(HeaderName, HeaderValue), ApiError> {
    if OUTER_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(bad_request(format!("The header {name} cannot be set in a subrequest")));
    }
    let read = || Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.as_str()?).ok()?));
    read().ok_or_else(|| bad_request(format!("The header {name} cannot be sent")))
}

/// A part as a call of its own.
pub(crate) fn sub_call(
    outer: &Call,
    method: Method,
    url: &str,
    body: Json,
    headers: HeaderMap,
) -> Result<Call, ApiError> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // Parts may hold blanks and other characters that a real URL may not.
    let path = path.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    let decode = |segment: &str| {
        url::form_urlencoded::parse(segment.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    let [services, data, version, rest @ ..] = segments.as_slice() else {
        return Err(ApiError::not_found());
    };
    let major = version.strip_prefix('v').and_then(|text| text.strip_suffix(".0")).and_then(|text| text.parse().ok());
    let major = major.filter(|major| services == "services" && data == "data" && (OLDEST..=NEWEST).contains(major));
    let Some(major) = major else {
        return Err(ApiError::not_found());
    };
    Ok(Call {
        method,
        version: version.clone(),
        major,
        path: rest.to_vec(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers,
        payload: Payload::Json(body),
        origin: outer.origin.clone(),
    })
}

/// The segments of a part's address after the version, as far as they can be told before references are filled in.
pub(crate) fn resource(url: &str) -> Vec<&str> {
    let path = url.split('?').next().unwrap_or_default();
    path.split('/').filter(|segment| !segment.is_empty()).skip(3).collect()
}

pub(crate) fn is_failure(answer: &Answer) -> bool {
    answer.status.is_client_error() || answer.status.is_server_error()
}

/// The answer of a part that was not done, or undone, because another failed.
pub(crate) fn halted() -> Answer {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    Answer::new(StatusCode::BAD_REQUEST, json!([{"errorCode": "PROCESSING_HALTED", "message": message}]))
}

pub(crate) fn response_json(reference: &str, answer: Answer) -> Json {
    // Header names are shown as they are written, not folded.
    let shown = |name: &str| match name {
        "etag" => "ETag".to_owned(),
        name => {
            let words = name.split('-').map(|word| {
                let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
                first.to_ascii_uppercase() + rest
            });
            words.collect::<Vec<_>>().join("-")
        }
    };
    let headers: Map<String, Json> =
        answer.headers.into_iter().map(|(name, value)| (shown(name), Json::String(value))).collect();
    json!({
        "body": answer.body,
        "httpHeaders": headers,
        "httpStatusCode": answer.status.as_u16(),
        "referenceId": reference,
    })
}
