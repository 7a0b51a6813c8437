//! What a failed attempt means.

use std::sync::Arc;
use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use crate::auth::Cached;
use crate::body::BodyError;
use crate::call::{Call, Safety};
use crate::error::{Error, ErrorKind};
use crate::profile::{Acted, Classified};
use crate::retry::may_repeat;
use crate::secret;
use crate::transport::{TransportError, TransportErrorKind};

/// A failed attempt and what it means.
pub(crate) struct Failure {
    pub(crate) class: Classified,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    /// The refusing answer's body, where it may be shown.
    pub(crate) body: Option<String>,
    source: Option<TransportError>,
    pub(crate) credentials: Option<Arc<Cached>>,
}

impl Failure {
    pub(crate) fn new(class: Classified) -> Box<Self> {
        Box::new(Self { class, status: None, request_id: None, body: None, source: None, credentials: None })
    }

    /// The server's wish to be left alone, which concerns all clones: it refused the request unread.
    pub(crate) fn word_for_all(&self) -> Option<Duration> {
        let Classified { transient, acted, .. } = self.class;
        self.class.retry_after.filter(|_| transient && acted == Acted::No)
    }

    /// The error that a failure becomes when it is not repeated.
    pub(crate) fn into_error(self, call: &Call) -> Error {
        let Failure { mut class, status, request_id, mut body, source, credentials } = self;
        take_out_secrets(&mut class, body.as_mut(), call, credentials.as_deref());
        let lost_write = call.safety == Safety::Unsafe && class.acted == Acted::Unknown;
        let kind = if lost_write { ErrorKind::Unknown } else { class.kind };
        let retryable = kind == ErrorKind::QuotaExhausted || may_repeat(call.safety, &class);
        let mut error = Error::new(kind, call.operation)
            .with_message(class.message)
            .with_fields(class.fields)
            .with_retryable(retryable);
        if let Some(status) = status {
            error = error.with_status(status);
        }
        if let Some(code) = class.code {
            error = error.with_code(code);
        }
        if let Some(id) = request_id {
            error = error.with_request_id(id);
        }
        if let Some(body) = body {
            error = error.with_body(body);
        }
        if let Some(wait) = class.retry_after {
            error = error.with_retry_after(wait);
        }
        if let Some(hint) = class.hint.filter(|_| !lost_write) {
            error = error.with_hint(hint);
        }
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// Some servers echo what they were sent.
fn take_out_secrets(class: &mut Classified, body: Option<&mut String>, call: &Call, credentials: Option<&Cached>) {
    let sent = call.form_secrets();
    let kept = credentials.into_iter().flat_map(|cached| cached.credentials.secrets());
    let secrets: Vec<&str> = kept.chain(sent.iter().map(String::as_str)).collect();
    let clean = |text: &mut String| secret::scrub(text, secrets.iter().copied());
    clean(&mut class.message);
    body.into_iter().for_each(clean);
    class.code.iter_mut().for_each(clean);
    for field in &mut class.fields {
        clean(&mut field.message);
        clean(&mut field.field);
    }
}

/// What a request without a (complete) answer means.
pub(crate) fn no_answer(error: TransportError) -> Box<Failure> {
    let (kind, acted) = match error.kind() {
        TransportErrorKind::NotSent => (ErrorKind::Connect, Acted::No),
        TransportErrorKind::Timeout => (ErrorKind::Timeout, Acted::Unknown),
        TransportErrorKind::Lost | TransportErrorKind::Body => (ErrorKind::Connect, Acted::Unknown),
    };
    let class = Classified { message: error.to_string(), acted, transient: true, ..Classified::new(kind) };
    let mut failure = Failure::new(class);
    failure.source = Some(error);
    failure
}

/// What an unusable body means. The server has acted by then.
pub(crate) fn broken_body(error: &BodyError) -> Box<Failure> {
    let (kind, transient) = match error {
        BodyError::Truncated => (ErrorKind::Connect, true),
        BodyError::Damaged => (ErrorKind::Decode, true),
        BodyError::TooLarge(_) | BodyError::Bomb(_) => (ErrorKind::TooLarge, false),
        BodyError::Encoding => (ErrorKind::Decode, false),
    };
    Failure::new(Classified { message: error.to_string(), acted: Acted::Unknown, transient, ..Classified::new(kind) })
}

/// An API does not redirect, and credentials must not go anywhere else; so redirects are reported, not followed.
pub(crate) fn redirected(headers: &HeaderMap) -> Classified {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let place =
        url::Url::parse(location).map_or_else(|_| "another path".to_owned(), |url| url.origin().ascii_serialization());
    Classified {
        message: format!("the server redirects to {}; redirects are not followed", secret::mask(&place)),
        hint: Some("check that the base URL is the API's own"),
        ..Classified::new(ErrorKind::Config)
    }
}
