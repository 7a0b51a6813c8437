//! A transport that plays a script, and a profile of a made-up vendor.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use rest_core::{
    Allowance, BaseUrl, ByteStream, Call, Classified, Error, FieldError, LimitFeedback, ManualClock, Profile, Reply,
    RestClient, RestClientBuilder, Result, Transport, TransportError, TransportErrorKind,
};
use tokio::time::Instant;

/// What the server does with the next request.
#[derive(Clone)]
pub(crate) enum Step {
    /// Answers.
    Answer(Answer),
    /// Fails without an answer.
    Fail(TransportErrorKind),
    /// Never answers.
    Hang,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<Bytes>,
    /// How the body ends.
    pub(crate) end: End,
    /// Time before the head arrives.
    pub(crate) after: Duration,
    /// Time before each part of the body.
    pub(crate) between: Duration,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Whole,
    Cut,
    Hang,
}

/// A JSON answer.
pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json".to_owned())],
        body: vec![body.into()],
        end: End::Whole,
        after: Duration::ZERO,
        between: Duration::ZERO,
    }
}

pub(crate) fn ok() -> Step {
    answer(200, r#"{"ok":true}"#).into()
}

pub(crate) fn status(status: u16) -> Step {
    answer(status, format!(r#"{{"code":"E{status}","message":"status {status}"}}"#)).into()
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    pub(crate) fn parts(mut self, body: Vec<Bytes>, between: Duration) -> Self {
        self.body = body;
        self.between = between;
        self
    }
}

impl From<Answer> for Step {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// One request that was sent.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

type Rule = Box<dyn FnMut(&Seen) -> Step + Send>;

/// Plays steps in order (then the last one forever), or follows a rule.
pub(crate) struct Script {
    start: Instant,
    rule: Mutex<Rule>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let mut steps: VecDeque<Step> = steps.into_iter().collect();
        Self::rule(move |_| if steps.len() > 1 { steps.pop_front().unwrap() } else { steps[0].clone() })
    }

    pub(crate) fn rule(rule: impl FnMut(&Seen) -> Step + Send + 'static) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), rule: Mutex::new(Box::new(rule)), seen: Mutex::default() })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Seconds between one request and the next.
    pub(crate) fn gaps(&self) -> Vec<f64> {
        let seen = self.seen();
        seen.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect()
    }
}

impl Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError> {
        let seen = Seen {
            at: self.start.elapsed(),
            uri: request.uri().to_string(),
            headers: request.headers().clone(),
            body: request.into_body(),
        };
        let step = (self.rule.lock().unwrap())(&seen);
        self.seen.lock().unwrap().push(seen);
        match step {
            Step::Fail(kind) => Err(TransportError::new(kind, "scripted failure")),
            Step::Hang => futures::future::pending().await,
            Step::Answer(answer) => {
                tokio::time::sleep(answer.after).await;
                Ok(respond(answer))
            }
        }
    }
}

fn respond(answer: Answer) -> Response<ByteStream> {
    let Answer { status, headers, body, end, between, .. } = answer;
    let parts = stream::iter(body).then(move |part| async move {
        tokio::time::sleep(between).await;
        Ok(part)
    });
    let body: ByteStream = match end {
        End::Whole => parts.boxed(),
        End::Cut => {
            let cut = TransportError::new(TransportErrorKind::Body, "scripted cut");
            parts.chain(stream::iter([Err(cut)])).boxed()
        }
        End::Hang => parts.chain(stream::pending()).boxed(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
    }
    response
}

/// A vendor whose errors look like `{"code":"E","message":"words","field":"name"}`, where anything may be missing.
#[derive(Debug)]
pub(crate) struct Acme;

#[derive(serde::Deserialize)]
struct AcmeError {
    code: Option<String>,
    message: Option<String>,
    field: Option<String>,
}

impl Profile for Acme {
    fn vendor(&self) -> &'static str {
        "acme"
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
        let mut class = Classified::from_status(status, headers);
        if let Ok(error) = serde_json::from_slice::<AcmeError>(body) {
            class.code = error.code;
            class.message = error.message.unwrap_or_default();
            class.fields.extend(error.field.map(|field| FieldError::new(field, class.message.clone())));
        }
        class
    }

    fn inspect_success(&self, _: &HeaderMap, body: &[u8]) -> Option<Classified> {
        body.starts_with(br#"{"hidden""#).then(|| Classified::new(rest_core::ErrorKind::Conflict))
    }

    fn limits(&self, headers: &HeaderMap, now: DateTime<Utc>) -> LimitFeedback {
        let feedback = LimitFeedback::from_x_rate_limit(headers, now);
        let used = headers.get("x-day-used").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match used {
            Some(used) => feedback.with_daily(Allowance { remaining: 1000 - used, limit: Some(1000), reset_in: None }),
            None => feedback,
        }
    }
}

pub(crate) const BASE: &str = "https://acme.example/api";

pub(crate) fn start_of_time() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2024-05-01T10:00:00Z").unwrap().to_utc()
}

/// A client on the script, with a fixed seed and a clock of its own.
pub(crate) fn builder(script: &Arc<Script>) -> RestClientBuilder {
    RestClient::builder(BaseUrl::parse(BASE).unwrap(), Arc::new(Acme))
        .transport(script.clone())
        .clock(Arc::new(ManualClock::starting_at(start_of_time())))
        .seed(7)
}

pub(crate) fn client(script: &Arc<Script>) -> RestClient {
    builder(script).build().unwrap()
}

pub(crate) fn read() -> Call {
    Call::get("things.get").path(["things", "1"])
}

pub(crate) fn update() -> Call {
    Call::put("things.update").path(["things", "1"]).json(&1)
}

pub(crate) fn create() -> Call {
    Call::post("things.create").path(["things"]).json(&1)
}

/// The outcome of one call against a script, and how often it was sent.
pub(crate) async fn outcome(call: &Call, steps: Vec<Step>) -> (Result<Reply, Error>, usize) {
    let script = Script::new(steps);
    let outcome = client(&script).send(call).await;
    (outcome, script.count())
}
