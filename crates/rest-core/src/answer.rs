//! Reading an answer: is it ours, is it whole, is it within the limits, and if it is a refusal, what does it mean?

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Response, StatusCode};

use crate::body::{BodyError, BodyLimits, Decoder, ERROR_BODY};
use crate::call::Accept;
use crate::client::{About, Reply, StreamReply};
use crate::decode::{Shape, shape};
use crate::error::ErrorKind;
use crate::failure::{Failure, broken_body, no_answer, redirected};
use crate::limit::LimitFeedback;
use crate::limiter::Permit;
use crate::pipeline::{Answer, Reading, Route, Run};
use crate::profile::{Acted, Classified, is_json, media_type};
use crate::retry;
use crate::secret;
use crate::stream::measured;
use crate::transport::ByteStream;

impl Run<'_> {
    pub(crate) async fn answer(
        &self,
        response: Response<ByteStream>,
        permit: Option<Permit>,
        patience: Duration,
    ) -> Result<Answer, Box<Failure>> {
        let inner = self.inner;
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status, head.headers);
        let feedback = inner.profile.limits(&headers, inner.now());
        if matches!(self.route, Route::Authenticated) {
            inner.limiter.hear(&feedback);
        }
        let about = |mut failure: Box<Failure>| {
            failure.status = Some(status);
            failure.request_id = inner.profile.request_id(&headers);
            failure
        };
        if !status.is_success() && !self.call.also_ok.contains(&status) {
            let failure = self.classify_refusal(status, &headers, &feedback, body).await;
            return Err(about(failure));
        }
        let limits = &inner.body_limits;
        let default = if self.reading == Reading::Whole { limits.page } else { limits.decoded };
        let limit = self.call.body_limit.unwrap_or(default);
        let decoder = Decoder::new(&headers, limit, limits.ratio).map_err(|error| about(broken_body(&error)))?;
        if self.reading == Reading::Stream {
            if !self.is_wanted(status, &headers) {
                return Err(about(self.stranger(&headers, body).await));
            }
            let about = self.about(status, &headers);
            let body = measured(body, decoder, about, Arc::clone(&inner.ledger), patience, permit);
            return Ok(Answer::Stream(StreamReply { status, headers, body: body.boxed(), attempts: self.attempts }));
        }
        let body = self.read_whole(body, decoder).await.map_err(about)?;
        if !body.is_empty() && !self.is_wanted(status, &headers) {
            return Err(about(Failure::new(self.not_ours(&headers, &body))));
        }
        if self.call.accept == Accept::Json && is_json(&headers) {
            check_shape(&body, limits).map_err(about)?;
        }
        if let Some(class) = inner.profile.inspect_success(&headers, &body) {
            return Err(about(Failure::new(class)));
        }
        let about = self.about(status, &headers);
        Ok(Answer::Whole(Reply { status, headers, body, attempts: self.attempts, about }))
    }

    /// Whether a successful answer is of the kind that the call asked for.
    fn is_wanted(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        if !status.is_success() || status == StatusCode::NO_CONTENT {
            return true;
        }
        match self.call.accept {
            Accept::Json => self.inner.profile.accepts(headers),
            Accept::Type(wanted) => {
                headers.get(CONTENT_TYPE).is_none_or(|got| media_type(got.as_bytes()) == media_type(wanted.as_bytes()))
            }
            Accept::Any => true,
        }
    }

    /// A 2xx answer that no API wrote: a proxy's page, a sign-in page. Whether the server acted is anyone's guess.
    fn not_ours(&self, headers: &HeaderMap, body: &[u8]) -> Classified {
        let content_type =
            headers.get(CONTENT_TYPE).map_or("no type", |value| value.to_str().unwrap_or("an unreadable type"));
        let mut message = format!("the answer is {} and not what was asked for", secret::mask(content_type));
        if !self.call.sensitive {
            message.push_str(&format!(": {}", secret::excerpt(body, 120)));
        }
        Classified { message, acted: Acted::Unknown, ..Classified::new(ErrorKind::Decode) }
    }

    async fn stranger(&self, headers: &HeaderMap, body: ByteStream) -> Box<Failure> {
        let head = self.read_error_body(headers, body).await;
        Failure::new(self.not_ours(headers, &head))
    }

    async fn read_whole(&self, mut body: ByteStream, mut decoder: Decoder) -> Result<Bytes, Box<Failure>> {
        let mut parts = Parts::default();
        let outcome = loop {
            let step = match body.next().await {
                Some(Ok(chunk)) => decoder.push(chunk),
                Some(Err(error)) => break Err(no_answer(error)),
                None => {
                    break decoder.finish().map(|part| parts.push(part)).map_err(|error| broken_body(&error));
                }
            };
            match step {
                Ok(part) => parts.push(part),
                Err(error) => break Err(broken_body(&error)),
            }
        };
        self.inner.ledger.received(self.call.operation, decoder.received());
        outcome.map(|()| parts.join())
    }

    /// What a refusal means, with the server's own word about waiting.
    async fn classify_refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        feedback: &LimitFeedback,
        body: ByteStream,
    ) -> Box<Failure> {
        let body = self.read_error_body(headers, body).await;
        let mut class = if status.is_redirection() && headers.contains_key(LOCATION) {
            redirected(headers)
        } else {
            self.inner.profile.classify(status, headers, &body)
        };
        let word = retry::retry_after(headers, self.inner.now());
        class.retry_after = word.or(class.retry_after.filter(|wait| !retry::is_absurd(*wait)));
        if matches!(class.kind, ErrorKind::RateLimited | ErrorKind::QuotaExhausted) {
            self.inner.ledger.throttled(self.call.operation);
            let reset_in = feedback.window.and_then(|window| window.reset_in);
            class.retry_after = class.retry_after.or(reset_in);
        }
        if class.message.is_empty() && !self.call.sensitive {
            class.message = secret::excerpt(&body, 120);
        }
        let mut failure = Failure::new(class);
        let shown = !self.call.sensitive && !body.is_empty();
        failure.body = shown.then(|| String::from_utf8_lossy(&body).into_owned());
        failure
    }

    /// As much of an error's body as can be had; a broken one is better than none.
    async fn read_error_body(&self, headers: &HeaderMap, mut body: ByteStream) -> Bytes {
        let mut parts = Parts::default();
        let Ok(mut decoder) = Decoder::new(headers, ERROR_BODY, self.inner.body_limits.ratio) else {
            return Bytes::new();
        };
        while let Some(Ok(chunk)) = body.next().await {
            let Ok(part) = decoder.push(chunk) else {
                break;
            };
            parts.push(part);
        }
        if let Ok(part) = decoder.finish() {
            parts.push(part);
        }
        self.inner.ledger.received(self.call.operation, decoder.received());
        parts.join()
    }

    fn about(&self, status: StatusCode, headers: &HeaderMap) -> About {
        About {
            vendor: self.inner.profile.vendor(),
            operation: self.call.operation,
            safety: self.call.safety,
            status,
            request_id: self.inner.profile.request_id(headers),
            attempts: self.attempts,
            elapsed: self.started.elapsed(),
        }
    }
}

/// JSON that ends too early is a broken answer; JSON that nests too deep is not read at all.
fn check_shape(body: &[u8], limits: &BodyLimits) -> Result<(), Box<Failure>> {
    match shape(body, limits.depth) {
        Shape::Closed => Ok(()),
        Shape::Open => Err(broken_body(&BodyError::Truncated)),
        Shape::Deep => {
            let message = format!("the answer nests deeper than {} levels", limits.depth);
            Err(Failure::new(Classified { message, acted: Acted::Unknown, ..Classified::new(ErrorKind::TooLarge) }))
        }
    }
}

/// The parts of a body; one part is not copied.
#[derive(Default)]
struct Parts {
    first: Bytes,
    rest: BytesMut,
}

impl Parts {
    fn push(&mut self, part: Bytes) {
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = part;
            return;
        }
        self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        self.rest.extend_from_slice(&part);
    }

    fn join(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}
