//! What a vendor crate tells the pipeline about its vendor: how errors, limits and content types look.

use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use crate::error::{ErrorKind, FieldError};
use crate::limit::LimitFeedback;
use crate::retry;

/// Whether a failed request may have changed something on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acted {
    /// The server certainly did not act: it refused the request as a whole.
    No,
    /// It may have acted.
    Unknown,
}

/// What an answer that is no success means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classified {
    /// What it means to the caller.
    pub kind: ErrorKind,
    /// The vendor's own code, as text.
    pub code: Option<String>,
    /// The vendor's own words; empty if it said nothing.
    pub message: String,
    /// The fields it complained about.
    pub fields: Vec<FieldError>,
    /// How long to wait by the body's word or a vendor header. `Retry-After` is read by the pipeline itself.
    pub retry_after: Option<Duration>,
    /// Whether new credentials may help. The pipeline refreshes once per call.
    pub refresh_auth: bool,
    /// Whether something may have changed. An unsafe write with [`Acted::Unknown`] ends as [`ErrorKind::Unknown`].
    pub acted: Acted,
    /// Whether the same request may well succeed if repeated soon. Whether it *may* be repeated is the pipeline's
    /// decision, from [`Classified::acted`] and the call's [`Safety`](crate::Safety).
    pub transient: bool,
    /// What to do, if the kind's own advice is not the best.
    pub hint: Option<&'static str>,
}

impl Classified {
    /// A permanent refusal of this kind that changed nothing.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            code: None,
            message: String::new(),
            fields: Vec::new(),
            retry_after: None,
            refresh_auth: false,
            acted: Acted::No,
            transient: false,
            hint: None,
        }
    }

    /// What a status means by RFC 9110, to be refined by what the vendor says: 401 asks for new credentials; 429, and
    /// 503 with a usable `Retry-After`, did not act; 408 and the other 5xx may have acted; 4xx refuse as a whole.
    #[must_use]
    pub fn from_status(status: StatusCode, headers: &HeaderMap) -> Self {
        let refused = Self::new;
        let failed = |kind| Self { acted: Acted::Unknown, transient: true, ..Self::new(kind) };
        match status.as_u16() {
            401 => Self { refresh_auth: true, ..refused(ErrorKind::Unauthorized) },
            402 | 403 | 407 => refused(ErrorKind::Forbidden),
            404 => refused(ErrorKind::NotFound),
            405 | 501 => refused(ErrorKind::Unsupported),
            408 => failed(ErrorKind::Timeout),
            409 | 423 => refused(ErrorKind::Conflict),
            410 => refused(ErrorKind::Gone),
            412 | 428 => refused(ErrorKind::Precondition),
            413 | 414 | 431 => refused(ErrorKind::TooLarge),
            425 => Self { transient: true, ..refused(ErrorKind::Server) },
            429 => Self { transient: true, ..refused(ErrorKind::RateLimited) },
            503 if retry::has_retry_after(headers) => Self { transient: true, ..refused(ErrorKind::Server) },
            500..=599 => failed(ErrorKind::Server),
            300..=399 => refused(ErrorKind::Config),
            _ => refused(ErrorKind::Invalid),
        }
    }
}

/// What the pipeline must know about one vendor. Pure: no I/O, no clock.
pub trait Profile: Send + Sync + Debug {
    /// The vendor's name, in lower case, as it appears in errors, spans, metrics and the ledger.
    fn vendor(&self) -> &'static str;

    /// What an answer outside 2xx means. `body` is decompressed and at most 64 KiB; it may be HTML, text or empty, so
    /// never insist on JSON. Start from [`Classified::from_status`]. Redirects are handled before this is asked.
    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified;

    /// Looks into a 2xx answer for a failure that hides in it. Default: there is none.
    fn inspect_success(&self, headers: &HeaderMap, body: &[u8]) -> Option<Classified> {
        let _ = (headers, body);
        None
    }

    /// What the answer's headers say about the vendor's limits. Default: nothing.
    fn limits(&self, headers: &HeaderMap, now: DateTime<Utc>) -> LimitFeedback {
        let _ = (headers, now);
        LimitFeedback::default()
    }

    /// Whether a 2xx answer with a body is of the vendor's API, not of a proxy or a sign-in page. Asked for calls that
    /// want JSON. Default: its content type names JSON, or there is none.
    fn accepts(&self, headers: &HeaderMap) -> bool {
        is_json(headers)
    }

    /// The server's id of this request, for its support desk. Default: the header `x-request-id`.
    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
    }
}

/// Whether the content type names JSON (`application/json`, `text/json`, `application/…+json`) or is missing.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let media_type = media_type(content_type.as_bytes());
    media_type.ends_with(b"/json") || media_type.ends_with(b"+json")
}

/// The part of a content type before its parameters, in lower case.
pub(crate) fn media_type(content_type: &[u8]) -> Vec<u8> {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn statuses_mean_what_the_standard_says() {
        let none = HeaderMap::new();
        let mut wait = HeaderMap::new();
        wait.insert("retry-after", HeaderValue::from_static("3"));
        let mut absurd = HeaderMap::new();
        absurd.insert("retry-after", HeaderValue::from_static("-1"));
        for (status, headers, kind, transient, acted, refresh) in [
            (400, &none, ErrorKind::Invalid, false, Acted::No, false),
            (401, &none, ErrorKind::Unauthorized, false, Acted::No, true),
            (403, &none, ErrorKind::Forbidden, false, Acted::No, false),
            (404, &none, ErrorKind::NotFound, false, Acted::No, false),
            (405, &none, ErrorKind::Unsupported, false, Acted::No, false),
            (408, &none, ErrorKind::Timeout, true, Acted::Unknown, false),
            (409, &none, ErrorKind::Conflict, false, Acted::No, false),
            (410, &none, ErrorKind::Gone, false, Acted::No, false),
            (412, &none, ErrorKind::Precondition, false, Acted::No, false),
            (413, &none, ErrorKind::TooLarge, false, Acted::No, false),
            (422, &none, ErrorKind::Invalid, false, Acted::No, false),
            (429, &none, ErrorKind::RateLimited, true, Acted::No, false),
            (500, &wait, ErrorKind::Server, true, Acted::Unknown, false),
            (502, &none, ErrorKind::Server, true, Acted::Unknown, false),
            (503, &none, ErrorKind::Server, true, Acted::Unknown, false),
            (503, &absurd, ErrorKind::Server, true, Acted::Unknown, false),
            (503, &wait, ErrorKind::Server, true, Acted::No, false),
        ] {
            let class = Classified::from_status(StatusCode::from_u16(status).unwrap(), headers);
            assert_eq!(
                (class.kind, class.transient, class.acted, class.refresh_auth),
                (kind, transient, acted, refresh),
                "{status}"
            );
        }
    }

    #[test]
    fn json_content_types() {
        for (value, json) in [
            ("application/json", true),
            ("application/json;charset=UTF-8", true),
            ("Application/JSON ; x", true),
            ("application/problem+json", true),
            ("text/html", false),
            ("text/plain; a=json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            assert_eq!(is_json(&headers), json, "{value}");
        }
        assert!(is_json(&HeaderMap::new()));
    }
}
