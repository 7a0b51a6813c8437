//! The client: one pipeline that every call of every vendor goes through.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::auth::{Access, AuthContext, Authenticator, Cached, TokenCache, renewal_lost};
use crate::body::BodyLimits;
use crate::call::{Call, Safety};
use crate::clock::{Clock, SystemClock};
use crate::decode;
use crate::error::{Error, ErrorKind, Result};
use crate::ledger::Ledger;
use crate::limit::{Allowance, Limits};
use crate::limiter::Limiter;
use crate::pipeline::{Answer, Reading, Route};
use crate::profile::Profile;
use crate::retry::{self, RetryPolicy, Spending};
use crate::transport::Transport;
use crate::url::BaseUrl;

/// Sends [`Call`]s to one vendor account. Cheap to clone; clones share the limits, the token, the retry budget and the
/// ledger.
///
/// Every call goes through the same steps: daily budget → credentials → rate limit → send → classify → retry. The
/// steps are repeated for every attempt, so a repetition is counted and limited like any other request.
#[derive(Clone)]
pub struct RestClient {
    inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) base: BaseUrl,
    pub(crate) profile: Arc<dyn Profile>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) auth: Option<TokenCache>,
    pub(crate) retry: RetryPolicy,
    pub(crate) spending: Spending,
    pub(crate) limiter: Limiter,
    pub(crate) body_limits: BodyLimits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Duration,
    pub(crate) user_agent: HeaderValue,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) rng: Mutex<fastrand::Rng>,
}

impl RestClient {
    /// Starts building a client for the API below `base`.
    pub fn builder(base: BaseUrl, profile: Arc<dyn Profile>) -> RestClientBuilder {
        RestClientBuilder {
            base,
            profile,
            transport: None,
            auth: None,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            body_limits: BodyLimits::default(),
            clock: None,
            seed: None,
            timeout: Duration::from_secs(60),
            user_agent: None,
        }
    }

    /// Sends a call and reads the whole answer.
    ///
    /// # Errors
    /// Any kind; see [`ErrorKind`]. A write whose outcome is not known is [`ErrorKind::Unknown`] and was not repeated.
    pub async fn send(&self, call: &Call) -> Result<Reply> {
        match self.inner.run(call, Route::Authenticated, Reading::Whole).await? {
            Answer::Whole(reply) => Ok(reply),
            Answer::Stream(_) => Err(misread(call)),
        }
    }

    /// Sends a call and gives the answer's body as it arrives, decompressed, under [`BodyLimits::decoded`] (or the
    /// call's own limit). Repetition ends with the answer's head: a body that breaks off later is an error in the
    /// stream. A body that hardly moves (less than 1 KiB per attempt timeout) is given up.
    ///
    /// # Errors
    /// As [`RestClient::send`].
    pub async fn stream(&self, call: &Call) -> Result<StreamReply> {
        match self.inner.run(call, Route::Authenticated, Reading::Stream).await? {
            Answer::Stream(reply) => Ok(reply),
            Answer::Whole(_) => Err(misread(call)),
        }
    }

    /// Obtains credentials now, if there are none yet, and gives the base URL that calls go to: the credentials' own
    /// if they carry one, else the configured one.
    ///
    /// # Errors
    /// Those of the authenticator.
    pub async fn connect(&self) -> Result<BaseUrl> {
        let credentials = self.inner.credentials(None).await?;
        let base = credentials.as_ref().and_then(|cached| cached.credentials.base());
        Ok(base.unwrap_or(&self.inner.base).clone())
    }

    /// The credentials in use, obtained now if there are none: for a protocol beside this client's own that wants them
    /// in another form. Credentials that a server `refused` are replaced first, unless someone else has done so; ones
    /// that cannot be renewed are given again.
    ///
    /// # Errors
    /// Those of the authenticator; [`ErrorKind::Config`] if the client has none.
    pub async fn access(&self, refused: Option<&Access>) -> Result<Access> {
        let renewable = self.inner.auth.as_ref().is_some_and(crate::auth::TokenCache::renewable);
        let refused = refused.filter(|_| renewable).map(|access| Arc::clone(&access.0));
        match self.inner.credentials(refused).await? {
            Some(cached) => Ok(Access(cached)),
            None => Err(Error::config("the client has no credentials").with_vendor(self.vendor())),
        }
    }

    /// Whether refused credentials can be replaced by others.
    #[must_use]
    pub fn renewable(&self) -> bool {
        self.inner.auth.as_ref().is_some_and(crate::auth::TokenCache::renewable)
    }

    /// What was spent so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// The configured base URL.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// The vendor's name.
    #[must_use]
    pub fn vendor(&self) -> &'static str {
        self.inner.profile.vendor()
    }

    /// The clock in use.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// How many calls may still be made today: what the client's own budget leaves, and what the server said last less the
    /// reserve and the calls under way. `None` if there is no budget and the server said nothing.
    #[must_use]
    pub fn calls_left(&self) -> Option<u64> {
        self.inner.limiter.left(self.inner.now())
    }

    /// A random part of `bound`, for waits that clones must not end together. Repeatable with
    /// [`RestClientBuilder::seed`].
    #[must_use]
    pub fn jitter(&self, bound: Duration) -> Duration {
        self.inner.with_rng(|rng| retry::jitter(rng, bound))
    }

    /// What the server last said about the daily allotment, if it says such things.
    #[must_use]
    pub fn daily_allowance(&self) -> Option<Allowance> {
        self.inner.limiter.daily_allowance()
    }
}

impl fmt::Debug for RestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestClient").field("vendor", &self.vendor()).field("base", self.base()).finish_non_exhaustive()
    }
}

/// [`Reading`] decides the answer's form, so this is unreachable; it is an error rather than a panic all the same.
fn misread(call: &Call) -> Error {
    Error::new(ErrorKind::Decode, call.operation).with_message("the answer was read in another form than asked for")
}

impl Inner {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// A call without credentials and outside the rate limits: for obtaining credentials.
    pub(crate) async fn send_bare(self: &Arc<Self>, base: Option<&BaseUrl>, call: &Call) -> Result<Reply> {
        let call = call.clone().sensitive();
        match self.run(&call, Route::Bare(base.unwrap_or(&self.base)), Reading::Whole).await? {
            Answer::Whole(reply) => Ok(reply),
            Answer::Stream(_) => Err(misread(&call)),
        }
    }

    /// The credentials to use; fresh ones if `refused` did not work. `None` if the client has no authenticator.
    ///
    /// Renewal runs in a task of its own: a caller who goes away must not lose a rotated refresh token on the way.
    pub(crate) async fn credentials(self: &Arc<Self>, refused: Option<Arc<Cached>>) -> Result<Option<Arc<Cached>>> {
        let Some(auth) = &self.auth else {
            return Ok(None);
        };
        if refused.is_none()
            && let Some(cached) = auth.fresh(self.now())
        {
            return Ok(Some(cached));
        }
        let inner = Arc::clone(self);
        let renewal = tokio::spawn(tracing::Instrument::in_current_span(async move {
            match &inner.auth {
                Some(auth) => auth.renew(&AuthContext::new(&inner), refused.as_ref()).await.map(Some),
                None => Ok(None),
            }
        }));
        renewal.await.unwrap_or_else(|_| Err(renewal_lost())).map_err(|error| match error.vendor() {
            Some(_) => error,
            None => error.with_vendor(self.profile.vendor()),
        })
    }

    pub(crate) fn with_rng<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Settings of a [`RestClient`].
#[derive(Debug)]
#[must_use]
pub struct RestClientBuilder {
    base: BaseUrl,
    profile: Arc<dyn Profile>,
    transport: Option<Arc<dyn Transport>>,
    auth: Option<Arc<dyn Authenticator>>,
    retry: RetryPolicy,
    limits: Limits,
    body_limits: BodyLimits,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
    timeout: Duration,
    user_agent: Option<String>,
}

impl RestClientBuilder {
    /// How bytes reach the server. Default: `ReqwestTransport`, if the feature `reqwest` is on.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// How credentials are obtained. Default: none are sent.
    pub fn auth(mut self, auth: Arc<dyn Authenticator>) -> Self {
        self.auth = Some(auth);
        self
    }

    /// When calls are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How fast calls may be made. Default: as fast as the server lets us.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How much of an answer is accepted.
    pub fn body_limits(mut self, limits: BodyLimits) -> Self {
        self.body_limits = limits;
        self
    }

    /// Where wall time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Makes the jitter repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Time for one attempt, from sending to the end of the answer. Default 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What the client calls itself.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`ErrorKind::Config`]: no transport, or a user agent that cannot be sent.
    pub fn build(self) -> Result<RestClient> {
        let transport = self.transport.map_or_else(default_transport, Ok)?;
        let user_agent = self.user_agent.as_deref().unwrap_or(concat!("rest-core/", env!("CARGO_PKG_VERSION")));
        let user_agent = HeaderValue::try_from(user_agent)
            .map_err(|error| Error::config("the user agent cannot be sent").with_source(error))?;
        let mut rng = self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let vendor = self.profile.vendor();
        let inner = Inner {
            base: self.base,
            transport,
            auth: self.auth.map(|auth| TokenCache::new(auth, rng.fork())),
            spending: Spending::new(self.retry.budget),
            retry: self.retry,
            limiter: Limiter::new(&self.limits),
            body_limits: self.body_limits,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            timeout: self.timeout,
            user_agent,
            ledger: Arc::new(Ledger::new(vendor)),
            rng: Mutex::new(rng),
            profile: self.profile,
        };
        Ok(RestClient { inner: Arc::new(inner) })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(crate::reqwest_transport::ReqwestTransport::new()?))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Err(Error::config("no transport was given, and the feature `reqwest` is off"))
}

/// A whole answer. `Debug` shows no content.
#[derive(Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The status: 2xx, or one of [`Call::also_ok`].
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The decompressed body.
    pub body: Bytes,
    /// How often the call was sent.
    pub attempts: u32,
    /// Whom and what the call was about, for errors that come up while the answer is read.
    pub(crate) about: About,
}

/// What an error about an answer must mention.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) vendor: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) safety: Safety,
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

impl About {
    /// An error about this answer. After an unsafe write it is [`ErrorKind::Unknown`]: the write was probably made.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        let kind = if self.safety == Safety::Unsafe { ErrorKind::Unknown } else { kind };
        let error = Error::new(kind, self.operation)
            .with_vendor(self.vendor)
            .with_status(self.status)
            .with_message(message)
            .with_effort(self.attempts, self.elapsed);
        match &self.request_id {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }
}

impl Reply {
    /// Decodes the body. Records that must not fail together are best taken as `Box<RawValue>` here and decoded one by
    /// one with [`row`](crate::row).
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the place in the document, values left out. After an [`Safety::Unsafe`] write it is
    /// [`ErrorKind::Unknown`]: the write was made, but what came of it is not known.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        if let Ok(value) = serde_json::from_slice(&self.body) {
            return Ok(value);
        }
        if self.body.trim_ascii().is_empty() {
            return Err(self.decode_error("the answer is empty"));
        }
        let (path, message) = decode::locate::<T>(&self.body)
            .unwrap_or_else(|| (".".to_owned(), "there is more than one value in the answer".to_owned()));
        Err(self.decode_error(format!("the answer cannot be read at {path}: {message}")))
    }

    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// An error about this answer, for what a vendor crate finds wrong with it: [`ErrorKind::Decode`], or
    /// [`ErrorKind::Unknown`] after an unsafe write.
    #[must_use]
    pub fn decode_error(&self, message: impl Into<String>) -> Error {
        self.about.error(ErrorKind::Decode, message)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// An answer whose body is still arriving. Holds its place under the concurrency limit until it is dropped.
#[non_exhaustive]
pub struct StreamReply {
    /// The status: 2xx, or one of [`Call::also_ok`].
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The decompressed body. Ends after the first error.
    pub body: BoxStream<'static, Result<Bytes>>,
    /// How often the call was sent.
    pub attempts: u32,
}

impl fmt::Debug for StreamReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReply")
            .field("status", &self.status)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
