//! A transport that plays a script: the n-th request gets the n-th answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use freshsales::Freshsales;
use http::{Request, Response};
use rest_core::{ByteStream, Transport, TransportError, TransportErrorKind, whole};

/// One answer of a script.
pub(crate) enum Answer {
    /// A status, a content type and a body.
    Body(u16, &'static str, String),
    /// A status with a `Retry-After`.
    RetryAfter(u16, u64),
    /// A redirect.
    Redirect(&'static str),
    /// No answer at all.
    Failure(TransportErrorKind),
}

pub(crate) fn json(status: u16, body: impl Into<String>) -> Answer {
    Answer::Body(status, "application/json; charset=utf-8", body.into())
}

pub(crate) fn html(status: u16) -> Answer {
    Answer::Body(status, "text/html", "<html><title>Sign in</title></html>".to_owned())
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer")
    }
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), requests: Arc::default() }
    }

    pub(crate) fn client(&self) -> Freshsales {
        let builder = Freshsales::builder("acme", "canary-key-1234".to_owned());
        builder.transport(Arc::new(self.clone())).seed(1).build().unwrap()
    }

    /// `GET /contacts/7?include=owner` and the body of every request so far.
    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|(line, _)| line).collect()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError> {
        assert_eq!(request.headers()["authorization"], "Token token=canary-key-1234");
        assert_eq!(request.headers()["accept"], "application/json");
        let uri = request.uri().to_string().replace("https://acme.myfreshworks.com/crm/sales/api", "");
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        self.requests.lock().unwrap().push((format!("{} {uri}", request.method()), body));
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| panic!("no answer is left for {uri}"));
        let response = Response::builder();
        Ok(match answer {
            Answer::Body(status, kind, body) => {
                response.status(status).header("content-type", kind).body(whole(Bytes::from(body)))
            }
            Answer::RetryAfter(status, seconds) => {
                response.status(status).header("retry-after", seconds).body(whole(Bytes::new()))
            }
            Answer::Redirect(target) => response.status(302).header("location", target).body(whole(Bytes::new())),
            Answer::Failure(kind) => return Err(TransportError::new(kind, "scripted")),
        }
        .unwrap())
    }
}
