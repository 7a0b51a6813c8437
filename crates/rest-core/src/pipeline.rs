//! One call from start to end: daily budget → credentials → rate limit → send → classify → retry.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use crate::auth::{Cached, TokenCache};
use crate::call::{Call, Target};
use crate::client::{Inner, Reply, StreamReply};
use crate::error::{Error, ErrorKind, Result};
use crate::failure::{Failure, no_answer};
use crate::limiter::{Permit, Refusal};
use crate::retry::{self, LONGEST_PAUSE, may_repeat};
use crate::secret;
use crate::transport::{TransportError, TransportErrorKind};
use crate::url::BaseUrl;

/// Which way a call goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route<'a> {
    /// With credentials and under the limits.
    Authenticated,
    /// To this base, without credentials and limits: a call that obtains credentials.
    Bare(&'a BaseUrl),
}

/// How the answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Whole,
    Stream,
}

pub(crate) enum Answer {
    Whole(Reply),
    Stream(StreamReply),
}

/// Why an attempt gave no answer.
enum Trouble {
    /// Nothing was sent, and trying again now would not help.
    Final(Error),
    /// It was sent, or an attempt to send it was made.
    Failed(Box<Failure>),
}

/// One call in progress.
pub(crate) struct Run<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) call: &'a Call,
    pub(crate) route: Route<'a>,
    pub(crate) reading: Reading,
    pub(crate) started: Instant,
    deadline: Instant,
    pub(crate) attempts: u32,
    renewed: Option<Arc<Cached>>,
    has_renewed: bool,
}

impl Inner {
    /// Runs a call to its end.
    pub(crate) async fn run(self: &Arc<Self>, call: &Call, route: Route<'_>, reading: Reading) -> Result<Answer> {
        let span = tracing::info_span!(
            "call",
            vendor = self.profile.vendor(),
            operation = call.operation,
            status = tracing::field::Empty,
            attempts = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        let started = Instant::now();
        let run = Run {
            inner: self,
            call,
            route,
            reading,
            started,
            deadline: started + self.retry.deadline,
            attempts: 0,
            renewed: None,
            has_renewed: false,
        };
        let outcome = run.finished().instrument(span.clone()).await;
        let (status, attempts) = match &outcome {
            Ok(Answer::Whole(reply)) => (Some(reply.status), reply.attempts),
            Ok(Answer::Stream(reply)) => (Some(reply.status), reply.attempts),
            Err(error) => (error.status(), error.attempts()),
        };
        if let Some(status) = status {
            span.record("status", status.as_u16());
        }
        span.record("attempts", attempts);
        span.record("elapsed_ms", u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        if let Err(error) = &outcome {
            self.ledger.failed(call.operation);
            let _in_span = span.enter();
            tracing::debug!(kind = ?error.kind(), code = error.vendor_code().map(secret::mask), "the call failed");
        }
        outcome
    }
}

impl Run<'_> {
    async fn finished(mut self) -> Result<Answer> {
        let mut delays = self.inner.retry.delays();
        loop {
            let failure = match self.attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Failed(failure)) => *failure,
            };
            if failure.class.refresh_auth && self.renew(&failure).await? {
                continue;
            }
            if let Some(word) = failure.word_for_all() {
                self.inner.limiter.pause(word);
            }
            let Some(delay) = self.next_delay(&failure, &mut delays) else {
                return Err(self.finish(failure.into_error(self.call)));
            };
            tracing::debug!(status = failure.status.map(|s| s.as_u16()), kind = ?failure.class.kind, ?delay, "will try again");
            tokio::time::sleep(delay).await;
        }
    }

    /// After a refusal of the credentials: obtains others, once per call, and says whether it is worth another try.
    async fn renew(&mut self, failure: &Failure) -> Result<bool> {
        let renewable = self.inner.auth.as_ref().is_some_and(TokenCache::renewable);
        let Some(refused) = failure.credentials.clone().filter(|_| renewable && !self.has_renewed) else {
            return Ok(false);
        };
        self.has_renewed = true;
        let renewed = self.in_time(self.inner.credentials(Some(refused))).await?;
        self.renewed = renewed;
        Ok(true)
    }

    /// The wait before the next attempt, or `None` if there is to be none.
    fn next_delay(&self, failure: &Failure, delays: &mut impl Iterator<Item = Duration>) -> Option<Duration> {
        if !may_repeat(self.call.safety, &failure.class) {
            return None;
        }
        let bound = delays.next()?;
        let delay = match failure.class.retry_after {
            // A little more than the server asks for, so that the clones do not all come back at the same instant.
            Some(word) => {
                word.min(LONGEST_PAUSE) + self.inner.with_rng(|rng| retry::jitter(rng, self.inner.retry.base))
            }
            None => self.inner.with_rng(|rng| retry::jitter(rng, bound)),
        };
        let in_time = Instant::now() + delay < self.deadline;
        (in_time && self.inner.spending.try_repeat()).then_some(delay)
    }

    async fn attempt(&mut self) -> Result<Answer, Trouble> {
        let inner = self.inner;
        let (credentials, base, permit, _spent) = match self.route {
            Route::Bare(base) => (None, base.clone(), None, None),
            Route::Authenticated => {
                // A call that cannot be built must not cost budget, a token or a place in the queue.
                if self.attempts == 0 {
                    self.call
                        .to_request(&inner.base)
                        .map(drop)
                        .or_else(|error| self.built_later(error))
                        .map_err(Trouble::Final)?;
                }
                let spent =
                    inner.limiter.spend(self.call.weight, inner.now()).map_err(|refusal| self.refused(refusal))?;
                let credentials = self.credentials().await.map_err(Trouble::Final)?;
                let base =
                    credentials.as_ref().and_then(|cached| cached.credentials.base()).unwrap_or(&inner.base).clone();
                let permit = inner
                    .limiter
                    .admit(self.call.weight, self.deadline)
                    .await
                    .map_err(|refusal| self.refused(refusal))?;
                (credentials, base, Some(permit), spent)
            }
        };
        let request = self.request(&base, credentials.as_deref()).map_err(Trouble::Final)?;
        let outcome = self.exchange(request, permit).await;
        outcome.map_err(|mut failure| {
            failure.credentials = credentials;
            Trouble::Failed(failure)
        })
    }

    /// An absolute link may fit the base of the credentials, which are not known yet.
    fn built_later(&self, error: Error) -> Result<()> {
        let waits_for_credentials = matches!(self.call.target, Target::Absolute(_)) && self.inner.auth.is_some();
        if waits_for_credentials { Ok(()) } else { Err(self.finish(error)) }
    }

    async fn credentials(&mut self) -> Result<Option<Arc<Cached>>> {
        if !self.call.authenticated {
            return Ok(None);
        }
        if let Some(renewed) = self.renewed.take() {
            return Ok(Some(renewed));
        }
        self.in_time(self.inner.credentials(None)).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        timeout_at(self.deadline, work).await.unwrap_or_else(|_| {
            let error =
                Error::new(ErrorKind::Timeout, self.call.operation).with_message("credentials did not arrive in time");
            Err(self.finish(error))
        })
    }

    fn request(&self, base: &BaseUrl, credentials: Option<&Cached>) -> Result<Request<Bytes>> {
        let mut request = self.call.to_request(base).map_err(|error| self.finish(error))?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.inner.user_agent.clone());
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        if let Some(cached) = credentials {
            cached.credentials.apply(headers);
        }
        Ok(request)
    }

    /// Sends the request and reads the answer, within the time of one attempt. That time is not cut at the deadline: a
    /// write sent with no time left to hear the answer would end as unknown for nothing.
    async fn exchange(&mut self, request: Request<Bytes>, permit: Option<Permit>) -> Result<Answer, Box<Failure>> {
        let again = self.attempts > 0;
        self.attempts += 1;
        self.inner.spending.sent();
        self.inner.ledger.sent(self.call.operation, request.body().len(), again);
        let patience = self.call.timeout.unwrap_or(self.inner.timeout);
        let exchange = async {
            let response = self.inner.transport.send(request).await.map_err(no_answer)?;
            self.answer(response, permit, patience).await
        };
        timeout(patience, exchange).await.unwrap_or_else(|_| {
            Err(no_answer(TransportError::new(TransportErrorKind::Timeout, "the time for one attempt is over")))
        })
    }

    /// Not let through by our own limits.
    fn refused(&self, refusal: Refusal) -> Trouble {
        let mut error = Error::new(refusal.kind, self.call.operation).with_message(refusal.why).with_retryable(true);
        if let Some(wait) = refusal.wait {
            error = error.with_retry_after(wait);
        }
        if let Some(hint) = refusal.hint {
            error = error.with_hint(hint);
        }
        Trouble::Final(self.finish(error))
    }

    fn finish(&self, error: Error) -> Error {
        error.with_vendor(self.inner.profile.vendor()).with_effort(self.attempts, self.started.elapsed())
    }
}
