//! How a vendor plugs into the frame.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::World;
use crate::{Clock, Effect, Vendor};

/// One emulated vendor: its state behind a lock of its own, and its behaviour as a function of requests.
///
/// The frame reads the request, decides about faults, calls [`handle`](Emulator::handle), logs, and sends. An
/// emulator therefore never sees a fault, never waits, and never panics on what a caller sends.
pub trait Emulator: Send + Sync + 'static {
    /// Which vendor this is.
    fn vendor(&self) -> Vendor;

    /// Answers one request completely: authentication, quota, routing, validation, state.
    fn handle(&self, request: &Request) -> Reply;

    /// Words a refusal that the frame decided on, as the vendor would. Only
    /// [`Refusal::ExpiredCredentials`] may change state (it may end the session that the request presents).
    fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply;

    /// What a caller needs to connect, as in the ready line of the binary. `origin` is `http://host:port`.
    fn credentials(&self, origin: &str) -> Value;

    /// Fills the empty store; `view` is already this vendor's part of the world. Called once after construction and
    /// after each reset; a sandbox without demo data passes a world that has users only.
    fn seed(&self, view: &World);

    /// Back to the state right after construction: no records, ids from the start, fresh quota.
    fn reset(&self);

    /// Does what a human does in the vendor's user interface, under the same validation as the API.
    ///
    /// # Errors
    /// The answer that the API would give to the same write.
    fn human(&self, edit: &HumanEdit) -> Result<Edited, Refused>;

    /// One record as the vendor's API would show it in full, deleted ones included.
    fn record(&self, object: &str, id: &str) -> Option<Value>;

    /// Everything the emulator holds, as JSON with a stable order: equal states print equally.
    fn state(&self) -> Value;

    /// Does what an administrator does in the vendor's setup pages (an app, a password, the end of all sessions); what
    /// came of it. Each vendor lists its own actions where it refuses an unknown one.
    ///
    /// # Errors
    /// A sentence that names the unknown action or the wrong value.
    fn setup(&self, action: &str, with: &Value) -> Result<Value, String> {
        let _ = with;
        Err(format!("unknown action {action:?}; {} has none", self.vendor()))
    }

    /// The switches for undocumented behaviour.
    fn quirks(&self) -> Value;

    /// Changes what objects and fields there are, as an administrator does while others work.
    ///
    /// # Errors
    /// A sentence that says why the change makes no sense, or that this vendor takes none.
    fn alter_schema(&self, change: &Value) -> Result<(), String> {
        Err(format!("the schema of {} cannot be changed: {change}", self.vendor()))
    }

    /// Changes some switches; the others keep their value.
    ///
    /// # Errors
    /// A sentence that names the unknown switch or the wrong value.
    fn set_quirks(&self, changes: &Value) -> Result<(), String>;
}

/// What every emulator is given at construction.
#[derive(Debug, Clone)]
pub struct Context {
    /// Which vendor it is for.
    pub vendor: Vendor,
    /// The only source of time.
    pub clock: Clock,
    /// The only source of chance.
    pub seed: u64,
}

impl Context {
    /// The current time of the sandbox.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A generator for one purpose; the same seed, vendor and purpose give the same sequence.
    #[must_use]
    pub fn rng(&self, purpose: &str) -> fastrand::Rng {
        fastrand::Rng::with_seed(crate::mix(self.seed, &[self.vendor.name(), purpose]))
    }
}

/// A request, read to its end and unpacked.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as sent, percent-encoded.
    pub path: String,
    /// The query string as sent.
    pub raw_query: Option<String>,
    /// The query's pairs, decoded, in the order sent.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; a gzip body is already unpacked.
    pub body: Bytes,
    /// `http://host:port` under which the caller knows this vendor.
    pub origin: String,
}

impl Request {
    /// Builds a request from its parts. Without a `Host` header and without an authority in `uri`, the origin is
    /// `http://<vendor>.sandbox`.
    #[must_use]
    pub fn new(vendor: Vendor, method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Request {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
        let origin = host.map_or_else(|| vendor.default_origin(), |host| format!("http://{host}"));
        let query = uri
            .query()
            .map_or_else(Vec::new, |query| url::form_urlencoded::parse(query.as_bytes()).into_owned().collect());
        Request {
            method,
            path: uri.path().to_owned(),
            raw_query: uri.query().map(str::to_owned),
            query,
            headers,
            body,
            origin,
        }
    }

    /// The path's segments, decoded; empty ones (doubled or trailing slashes) are dropped.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decode_segment).collect()
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// serde_json's complaint.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Headers and body may hold credentials and personal data: neither is shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

fn decode_segment(segment: &str) -> String {
    // form_urlencoded reads '+', '=' and '&' specially, a path does not.
    let plain = segment.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    url::form_urlencoded::parse(plain.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// An answer, and what was changed on the way to it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers, `content-type` included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Changes for the call log.
    pub effects: Vec<Effect>,
}

impl Reply {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: StatusCode, body: &Value) -> Reply {
        Reply::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer with a body of any type.
    pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Reply { status, headers, body: body.into(), effects: Vec::new() }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Reply {
        Reply { status, ..Reply::default() }
    }

    /// Adds a header; a value that is no legal header value is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl fmt::Display) -> Reply {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds what was changed.
    #[must_use]
    pub fn effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Reply {
        self.effects.extend(effects);
        self
    }
}

/// A refusal that the frame decides on and the vendor words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Called too fast.
    RateLimited {
        /// Seconds for `Retry-After`, if the header is to be sent.
        retry_after: Option<u64>,
    },
    /// The budget of the hour or day is spent.
    QuotaExhausted,
    /// An error of the server or its gateway.
    ServerError {
        /// 500 to 599.
        status: u16,
    },
    /// The presented credentials have just expired.
    ExpiredCredentials,
}

/// What a human does in the user interface. `object` is the vendor's API name of the object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HumanEdit {
    /// Creates a record.
    Create {
        /// The object.
        object: String,
        /// Its fields, as in an API write (without envelope).
        fields: Value,
    },
    /// Writes some fields.
    Edit {
        /// The object.
        object: String,
        /// The record.
        id: String,
        /// The fields, as in an API write (without envelope).
        fields: Value,
    },
    /// Deletes a record the way the user interface does: into the recycle bin where there is one.
    Delete {
        /// The object.
        object: String,
        /// The record.
        id: String,
    },
    /// Takes a record out of the recycle bin.
    Restore {
        /// The object.
        object: String,
        /// The record.
        id: String,
    },
    /// Removes a record for good.
    Purge {
        /// The object.
        object: String,
        /// The record.
        id: String,
    },
    /// Merges other records into one, where the vendor can: what belongs to them moves to it, and they are deleted.
    Merge {
        /// The object.
        object: String,
        /// The record that stays.
        id: String,
        /// The records that go.
        losers: Vec<String>,
        /// Fields to write to the record that stays, as in an API write.
        #[serde(default)]
        fields: Value,
    },
    /// Writes some fields as the vendor's own automation does (a workflow, a formula): nobody is named as the one who
    /// changed the record, where the vendor keeps the two apart.
    Automation {
        /// The object.
        object: String,
        /// The record.
        id: String,
        /// The fields, as in an API write (without envelope).
        fields: Value,
    },
    /// Holds a record in a transaction of its own, where the vendor locks what it writes (Salesforce): the next writes
    /// of it, and those that make something belong to it, are refused as locked.
    Hold {
        /// The object.
        object: String,
        /// The record.
        id: String,
        /// How many writes are refused before the record is free again; 0 frees it now.
        writes: u32,
    },
}

impl HumanEdit {
    /// The object that is edited.
    #[must_use]
    pub fn object(&self) -> &str {
        match self {
            HumanEdit::Create { object, .. }
            | HumanEdit::Edit { object, .. }
            | HumanEdit::Delete { object, .. }
            | HumanEdit::Restore { object, .. }
            | HumanEdit::Purge { object, .. }
            | HumanEdit::Merge { object, .. }
            | HumanEdit::Automation { object, .. }
            | HumanEdit::Hold { object, .. } => object,
        }
    }
}

/// A human's edit that was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Edited {
    /// The record's id.
    pub id: String,
    /// The record afterwards, as [`Emulator::record`] shows it; null when it is gone for good.
    pub record: Value,
    /// What changed.
    #[serde(skip)]
    pub effects: Vec<Effect>,
}

impl Edited {
    /// An edit that was done.
    #[allow(clippy::needless_pass_by_value, reason = "ids come as numbers and as texts")]
    pub fn new(id: impl ToString, record: Value, effects: Vec<Effect>) -> Edited {
        Edited { id: id.to_string(), record, effects }
    }
}

/// A human's edit that the vendor refused, in the words its API would use.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[error("the vendor refused with {status}: {body}")]
#[non_exhaustive]
pub struct Refused {
    /// The status of the API's answer.
    pub status: u16,
    /// The body of the API's answer.
    pub body: Value,
}

impl Refused {
    /// A refusal.
    #[must_use]
    pub fn new(status: u16, body: Value) -> Refused {
        Refused { status, body }
    }
}

impl From<Reply> for Refused {
    /// For emulators whose write path answers with a [`Reply`].
    fn from(reply: Reply) -> Refused {
        let body = serde_json::from_slice(&reply.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&reply.body).into_owned()));
        Refused { status: reply.status.as_u16(), body }
    }
}
