//! The way of a call: read, decide about faults, act, log, answer.

use std::io::Read as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use crate::fault::FaultKind;
use crate::log::{Actor, Entry};
use crate::{CallLog, Clock, Emulator, Faults, Refusal, Reply, Request};

/// Larger request bodies are refused with 413, packed or unpacked.
const MAX_BODY: usize = 160 * 1024 * 1024;
/// Smaller answers are not worth packing.
const MIN_GZIP: usize = 1024;

/// Marks a response that stands for a dropped connection: an extension of the response, because a tower service
/// cannot drop a connection. The TCP server drops it; an in-process caller must treat it as a transport error
/// ([`send`] does).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connection reset by the sandbox")]
#[non_exhaustive]
pub struct ConnectionReset {
    /// Whether the request was carried out before the connection was dropped. A caller over a socket cannot know
    /// this; it is here for tests.
    pub acted: bool,
}

/// Calls a vendor's router in process and turns a dropped connection into an error.
///
/// The body of the answer is a stream; with [`FaultKind::TruncatedBody`] it ends in an error.
///
/// # Errors
/// [`ConnectionReset`] where a caller over a socket would have lost the connection.
pub async fn send(router: Router, request: axum::http::Request<Bytes>) -> Result<Response, ConnectionReset> {
    let Ok(response) = router.oneshot(request.map(Body::from)).await;
    match response.extensions().get::<ConnectionReset>() {
        Some(reset) => Err(*reset),
        None => Ok(response),
    }
}

/// One vendor behind the frame.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) emulator: Arc<dyn Emulator>,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
}

/// What the transport does with the result of a call.
enum Outcome {
    Answer(Reply),
    Truncated(Reply),
    Reset { acted: bool, reply: Reply },
}

impl Frame {
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    fn act(&self, request: &Request, fault: Option<&FaultKind>) -> Outcome {
        let refuse = |refusal| Outcome::Answer(self.emulator.refuse(request, &refusal));
        let handle = || self.emulator.handle(request);
        match fault {
            None | Some(FaultKind::Latency { .. }) => Outcome::Answer(handle()),
            Some(FaultKind::Status429 { retry_after }) => refuse(Refusal::RateLimited { retry_after: *retry_after }),
            Some(FaultKind::Quota) => refuse(Refusal::QuotaExhausted),
            Some(FaultKind::ExpiredToken) => refuse(Refusal::ExpiredCredentials),
            Some(FaultKind::Server5xx { status, after: false }) => refuse(Refusal::ServerError { status: *status }),
            Some(FaultKind::Server5xx { status, after: true }) => {
                let effects = handle().effects;
                let reply = self.emulator.refuse(request, &Refusal::ServerError { status: *status });
                Outcome::Answer(reply.effects(effects))
            }
            Some(FaultKind::ResetBefore) => Outcome::Reset { acted: false, reply: Reply::default() },
            Some(FaultKind::ResetAfter) => Outcome::Reset { acted: true, reply: handle() },
            Some(FaultKind::TruncatedBody) => Outcome::Truncated(handle()),
            Some(FaultKind::MalformedBody) => {
                let reply = handle();
                Outcome::Answer(Reply { body: cut(&reply.body), ..reply })
            }
            Some(FaultKind::Html200) => {
                let page = "<!DOCTYPE html>\n<html><head><title>Service notice</title></head>\
                    <body><p>Please try again in a few minutes.</p></body></html>\n";
                Outcome::Answer(Reply::text(StatusCode::OK, "text/html; charset=utf-8", page))
            }
            Some(FaultKind::BadRecord) => {
                let reply = handle();
                let body = spoil_record(&reply.body).unwrap_or_else(|| reply.body.clone());
                Outcome::Answer(Reply { body, ..reply })
            }
        }
    }

    fn log(&self, request: &Request, fault: Option<&FaultKind>, outcome: &Outcome) {
        let (status, reply) = match outcome {
            Outcome::Answer(reply) | Outcome::Truncated(reply) => (Some(reply.status.as_u16()), reply),
            Outcome::Reset { reply, .. } => (None, reply),
        };
        self.log.push(Entry {
            sequence: 0,
            at: self.clock.now(),
            vendor: self.emulator.vendor(),
            actor: Actor::Api,
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.raw_query.clone(),
            body_digest: (!request.body.is_empty()).then(|| digest(&request.body)),
            body_bytes: request.body.len(),
            status,
            fault: fault.map(|fault| fault.name().to_owned()),
            effects: reply.effects.clone(),
        });
    }
}

async fn answer(State(frame): State<Frame>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let accepts_gzip = lists_gzip(&parts.headers, header::ACCEPT_ENCODING);
    let Some(body) = read(&parts.headers, body).await else {
        return plain(Reply::empty(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request = Request::new(frame.emulator.vendor(), parts.method, &parts.uri, parts.headers, body);
    let decision = frame.faults.decide(frame.emulator.vendor(), request.method.as_str(), &request.path);
    if !decision.latency.is_zero() {
        tokio::time::sleep(decision.latency).await;
    }
    let outcome = frame.act(&request, decision.fault.as_ref());
    frame.log(&request, decision.fault.as_ref(), &outcome);
    let mut response = match outcome {
        Outcome::Answer(reply) if accepts_gzip && reply.body.len() >= MIN_GZIP => plain(gzip(reply)),
        Outcome::Answer(reply) => plain(reply),
        Outcome::Truncated(reply) => truncated(reply),
        Outcome::Reset { acted, .. } => {
            let mut response = plain(Reply::empty(StatusCode::BAD_GATEWAY));
            response.extensions_mut().insert(ConnectionReset { acted });
            response
        }
    };
    // The vendor's clock, which callers take as the bound of what they have read. An HTTP server that finds no date
    // puts in the machine's own.
    let date = frame.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Reads a body to its end and unpacks gzip; `None` when it is too large, broken off or not gzip after all.
async fn read(headers: &HeaderMap, body: Body) -> Option<Bytes> {
    let packed = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes();
    if !lists_gzip(headers, header::CONTENT_ENCODING) {
        return Some(packed);
    }
    let mut plain = Vec::new();
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
    flate2::read::MultiGzDecoder::new(packed.as_ref()).take(limit + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= MAX_BODY).then(|| Bytes::from(plain))
}

fn lists_gzip(headers: &HeaderMap, name: header::HeaderName) -> bool {
    let values = headers.get_all(name);
    values.iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            named && !parts.any(|part| part.eq_ignore_ascii_case("q=0"))
        })
    })
}

fn gzip(reply: Reply) -> Reply {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed = encoder.write_all(&reply.body).and_then(|()| encoder.finish());
    let Ok(packed) = packed else { return reply };
    let mut headers = reply.headers;
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Reply { headers, body: Bytes::from(packed), ..reply }
}

fn plain(reply: Reply) -> Response {
    respond(reply.status, reply.headers, Body::from(reply.body))
}

/// Announces the whole body and sends half of it, then an error.
fn truncated(reply: Reply) -> Response {
    let mut headers = reply.headers;
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len().max(1)));
    let half = reply.body.slice(..reply.body.len() / 2);
    let first = futures::stream::once(std::future::ready(Ok(half)));
    let broken = futures::stream::once(async {
        // Not at once: a server sends what it has when the body lets it wait.
        tokio::task::yield_now().await;
        Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the sandbox cut the answer short"))
    });
    respond(reply.status, headers, Body::from_stream(first.chain(broken)))
}

fn respond(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The first two thirds of a body, which for a JSON object or array is not JSON any more.
fn cut(body: &Bytes) -> Bytes {
    if body.len() < 3 { Bytes::from_static(b"{\"") } else { body.slice(..body.len() * 2 / 3) }
}

/// Gives the middle record of the first list of records in `body` a field of a wrong type.
fn spoil_record(body: &Bytes) -> Option<Bytes> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let list = record_list(&mut value)?;
    let middle = list.len() / 2;
    let record = list.get_mut(middle)?.as_object_mut()?;
    let preferred = ["created_at", "CreatedDate", "updated_at", "SystemModstamp", "display_name", "Name", "name"];
    let name = preferred.iter().find(|name| record.contains_key(**name)).map(|name| (*name).to_owned());
    let other = || record.iter().find(|(key, value)| !key.eq_ignore_ascii_case("id") && value.is_string());
    let name = name.or_else(|| other().map(|(key, _)| key.clone()))?;
    record.insert(name, serde_json::json!({ "unexpected": [true] }));
    Some(Bytes::from(value.to_string()))
}

/// The list of records in an answer: the longest one, because what is included beside the records comes in lists, too.
fn record_list(value: &mut Value) -> Option<&mut Vec<Value>> {
    let holds_records = |value: &Value| value.as_array().is_some_and(|list| list.iter().any(Value::is_object));
    if holds_records(value) {
        return value.as_array_mut();
    }
    let object = value.as_object_mut()?;
    let lists = object.values_mut().filter(|value| holds_records(value));
    // Of lists of one length the first counts.
    lists.rev().max_by_key(|value| value.as_array().map_or(0, Vec::len))?.as_array_mut()
}

fn digest(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
