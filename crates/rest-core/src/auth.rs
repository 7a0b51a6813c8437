//! Credentials: how they are obtained, kept and renewed, once for all clones of a client.

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::call::Call;
use crate::client::{Inner, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::url::BaseUrl;

/// What makes a request authentic: header values, and, where a token says so, the address to use.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials {
    headers: Vec<(HeaderName, SecretString)>,
    base: Option<BaseUrl>,
    expires_at: Option<DateTime<Utc>>,
}

impl Credentials {
    /// `Authorization: Bearer …`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the token cannot be sent in a header.
    pub fn bearer(token: &SecretString) -> Result<Self> {
        let value = SecretString::from(format!("Bearer {}", token.expose_secret()));
        Self::header(http::header::AUTHORIZATION, value)
    }

    /// One header with a secret value.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the value cannot be sent in a header (a line break, a character outside ASCII).
    pub fn header(name: HeaderName, value: SecretString) -> Result<Self> {
        let sendable =
            !value.expose_secret().is_empty() && value.expose_secret().bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if !sendable {
            return Err(Error::config(format!("the secret for the header {name} is empty or cannot be sent"))
                .with_hint("check the key for line breaks and stray characters"));
        }
        Ok(Self { headers: vec![(name, value)], base: None, expires_at: None })
    }

    /// Adds another header of the same kind.
    ///
    /// # Errors
    /// As [`Credentials::header`].
    pub fn and_header(mut self, name: HeaderName, value: SecretString) -> Result<Self> {
        self.headers.extend(Self::header(name, value)?.headers);
        Ok(self)
    }

    /// Says that calls with these credentials go to `base` instead of the client's own base URL.
    #[must_use]
    pub fn with_base(mut self, base: BaseUrl) -> Self {
        self.base = Some(base);
        self
    }

    /// Says when they expire.
    #[must_use]
    pub fn expiring_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Where calls with these credentials go, if not to the client's own base URL.
    #[must_use]
    pub fn base(&self) -> Option<&BaseUrl> {
        self.base.as_ref()
    }

    /// When they expire, if known.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// Puts the headers into a request, marked as sensitive.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            // Checked at construction.
            if let Ok(mut value) = HeaderValue::from_str(value.expose_secret()) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
    }

    /// The secret values, to be taken out of texts.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(_, value)| value.expose_secret())
    }
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("base", &self.base)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// Credentials as they are in use now; see [`RestClient::access`](crate::RestClient::access).
#[derive(Debug, Clone)]
pub struct Access(pub(crate) Arc<Cached>);

impl Access {
    /// The value of the header that carries the credentials, if they are carried by one of this name.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&SecretString> {
        self.0.credentials.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The token of `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header(&http::header::AUTHORIZATION)?.expose_secret().strip_prefix("Bearer ")
    }

    /// Where calls with these credentials go, if not to the client's own base URL.
    #[must_use]
    pub fn base(&self) -> Option<&BaseUrl> {
        self.0.credentials.base()
    }
}

/// Obtains credentials. Called by the client's cache: one call at a time, and only when needed.
#[async_trait]
pub trait Authenticator: Send + Sync + Debug {
    /// Obtains fresh credentials. May call a token endpoint with [`AuthContext::send`].
    ///
    /// # Errors
    /// What the token endpoint said: [`ErrorKind::Unauthorized`] or [`ErrorKind::Invalid`] for refused secrets.
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials>;

    /// Whether asking again can give other credentials. A fixed key cannot be renewed, so a 401 is final.
    fn renewable(&self) -> bool {
        true
    }
}

/// What an [`Authenticator`] may use: the client's transport, retries and limits of size, without credentials.
pub struct AuthContext<'a> {
    client: &'a Arc<Inner>,
}

impl<'a> AuthContext<'a> {
    pub(crate) fn new(client: &'a Arc<Inner>) -> Self {
        Self { client }
    }

    /// Sends a call without credentials and outside the rate limits, to `base` (a login host) or, with `None`, to the
    /// client's own base URL. Retried by the call's safety; errors never quote the answer's body.
    ///
    /// # Errors
    /// As [`RestClient::send`](crate::RestClient::send).
    pub async fn send(&self, base: Option<&BaseUrl>, call: &Call) -> Result<Reply> {
        self.client.send_bare(base, call).await
    }

    /// The present instant, by the client's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.client.now()
    }

    /// The client's own base URL.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        self.client.base()
    }
}

impl Debug for AuthContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthContext")
    }
}

/// A key that never changes, sent in one header.
#[derive(Clone)]
pub struct StaticHeader {
    credentials: Credentials,
}

impl StaticHeader {
    /// Sends `value` (the whole value, such as `Token token=…`) in the header `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the value cannot be sent in a header.
    pub fn new(name: HeaderName, value: SecretString) -> Result<Self> {
        Ok(Self { credentials: Credentials::header(name, value)? })
    }
}

impl Debug for StaticHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaticHeader({:?})", self.credentials.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
    }
}

#[async_trait]
impl Authenticator for StaticHeader {
    async fn credentials(&self, _: &AuthContext<'_>) -> Result<Credentials> {
        Ok(self.credentials.clone())
    }

    fn renewable(&self) -> bool {
        false
    }
}

/// Keeps credentials until shortly before they expire, and renews them once however many callers need them.
///
/// Reading the cache takes no wait. Renewal happens 60 to 120 s early (a quarter of the lifetime, if that is less), so
/// that no request starts with a token that dies on the way and not all processes renew at the same instant. If early
/// renewal fails, the old token serves on until it has really expired. After a failed renewal further callers get the
/// same error for 1 s, doubling up to 30 s, instead of hammering the login host; where the refusal is final (a wrong
/// password, a revoked token) for 30 s, doubling up to 15 minutes, lest the account be locked.
#[derive(Debug)]
pub(crate) struct TokenCache {
    authenticator: Arc<dyn Authenticator>,
    cached: RwLock<Option<Arc<Cached>>>,
    renewal: tokio::sync::Mutex<Option<Setback>>,
    rng: Mutex<fastrand::Rng>,
}

#[derive(Debug)]
pub(crate) struct Cached {
    pub(crate) credentials: Credentials,
    renew_at: Option<DateTime<Utc>>,
}

impl Cached {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    fn still_works(&self, now: DateTime<Utc>) -> bool {
        self.credentials.expires_at.is_none_or(|at| now < at)
    }
}

/// The last renewal failed.
#[derive(Debug)]
struct Setback {
    until: Instant,
    wait: Duration,
    error: Error,
}

impl TokenCache {
    pub(crate) fn new(authenticator: Arc<dyn Authenticator>, rng: fastrand::Rng) -> Self {
        let renewal = tokio::sync::Mutex::new(None);
        Self { authenticator, cached: RwLock::new(None), renewal, rng: Mutex::new(rng) }
    }

    pub(crate) fn renewable(&self) -> bool {
        self.authenticator.renewable()
    }

    /// The cached credentials, if they are fresh.
    pub(crate) fn fresh(&self, now: DateTime<Utc>) -> Option<Arc<Cached>> {
        self.peek().filter(|cached| cached.is_fresh(now))
    }

    fn peek(&self) -> Option<Arc<Cached>> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Renews the credentials unless someone else has done so meanwhile. `refused` are the ones a server did not take.
    pub(crate) async fn renew(&self, context: &AuthContext<'_>, refused: Option<&Arc<Cached>>) -> Result<Arc<Cached>> {
        let mut setback = self.renewal.lock().await;
        let now = context.now();
        let current = self.peek();
        let usable = |cached: &Arc<Cached>| refused.is_none_or(|refused| !Arc::ptr_eq(refused, cached));
        if let Some(cached) = current.as_ref().filter(|cached| usable(cached) && cached.is_fresh(now)) {
            return Ok(cached.clone());
        }
        let fallback = current.filter(|cached| usable(cached) && cached.still_works(now));
        if let Some(Setback { until, error, .. }) = &*setback
            && Instant::now() < *until
        {
            return fallback.ok_or_else(|| error.clone());
        }
        match self.authenticator.credentials(context).await {
            Ok(credentials) => {
                *setback = None;
                let renew_at = self.renew_at(&credentials, context.now());
                let cached = Arc::new(Cached { credentials, renew_at });
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(cached.clone());
                Ok(cached)
            }
            Err(error) => {
                let wait = next_wait(setback.as_ref(), error.is_retryable());
                *setback = Some(Setback { until: Instant::now() + wait, wait, error: error.clone() });
                fallback.ok_or(error)
            }
        }
    }

    fn renew_at(&self, credentials: &Credentials, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        const EARLY: f64 = 60_000.0;
        let expires_at = credentials.expires_at?;
        let lifetime_ms = (expires_at - now).num_milliseconds().max(0);
        let jitter = self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64();
        let early_ms = (EARLY * (1.0 + jitter)) as i64;
        expires_at.checked_sub_signed(TimeDelta::try_milliseconds(early_ms.min(lifetime_ms / 4))?)
    }
}

fn next_wait(setback: Option<&Setback>, may_pass: bool) -> Duration {
    const PASSING: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
    const FINAL: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15 * 60));
    let (shortest, longest) = if may_pass { PASSING } else { FINAL };
    setback.map_or(shortest, |setback| (setback.wait * 2).clamp(shortest, longest))
}

/// What a panic or a stopped runtime during renewal looks like to the caller.
pub(crate) fn renewal_lost() -> Error {
    Error::new(ErrorKind::Cancelled, "auth").with_message("the renewal of the credentials was interrupted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsendable_secrets_are_refused_without_being_shown() {
        for bad in ["canary\r\nx: y", "", "canary\u{e9}", "canary\0"] {
            let error = StaticHeader::new(http::header::AUTHORIZATION, bad.to_owned().into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let key = StaticHeader::new(http::header::AUTHORIZATION, "canary".to_owned().into()).unwrap();
        let token = Credentials::bearer(&"canary".to_owned().into()).unwrap();
        let text = format!("{key:?} {token:?}");
        assert!(!text.contains("canary") && text.contains("authorization"), "{text}");
    }
}
