//! Refresh tokens: sessions that go on after the user has left, with tokens that may change at every use.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, Error, ExposeSecret, Result, SecretString};
use tokio::sync::Mutex;

use super::app::ConnectedApp;
use super::host::LoginHost;
use super::refusal::{Asked, Kind};
use super::token::Granted;
use super::{Flow, token};

/// Where a refresh token is kept: a file, a table, a vault.
///
/// With rotation on, every use of a refresh token gives a new one and ends the old one, and an old one that comes back
/// ends them all. So the store is read before each refresh, and told of the new token before anybody uses the session.
/// Processes that share a token should share [`lock`](Self::lock), too.
///
/// ```
/// use salesforce::{RefreshTokenStore, Result, SecretString};
///
/// #[derive(Debug, Default)]
/// struct InMemory(std::sync::Mutex<Option<SecretString>>);
///
/// #[async_trait::async_trait]
/// impl RefreshTokenStore for InMemory {
///     async fn load(&self) -> Result<Option<SecretString>> {
///         Ok(self.0.lock().unwrap().clone())
///     }
///     async fn save(&self, token: &SecretString) -> Result<()> {
///         *self.0.lock().unwrap() = Some(token.clone());
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait RefreshTokenStore: Send + Sync + fmt::Debug {
    /// The refresh token as it is stored now; `None` before the first.
    ///
    /// # Errors
    /// Whatever keeps it from being read; the refresh then fails with it.
    async fn load(&self) -> Result<Option<SecretString>>;

    /// Keeps a new refresh token in the place of the old one.
    ///
    /// # Errors
    /// Whatever keeps it from being stored. The refresh then fails with it, and nothing is lost: the token is offered
    /// again at the next attempt.
    async fn save(&self, token: &SecretString) -> Result<()>;

    /// Waits until no other process refreshes, and keeps the others out until the guard is dropped: a file lock, an
    /// advisory lock of the database. Default: none; refreshes of one process never meet anyway.
    ///
    /// # Errors
    /// Whatever keeps the lock from being taken.
    async fn lock(&self) -> Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}

/// What a refresh starts from, and what it left. Clones of a login share it, so that their refreshes do not meet.
pub(super) struct Renewal {
    pub(super) host: LoginHost,
    pub(super) app: ConnectedApp,
    pub(super) store: Option<Arc<dyn RefreshTokenStore>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The newest token of this process.
    token: Option<SecretString>,
    /// A session whose new refresh token could not be stored yet.
    unsaved: Option<Credentials>,
    /// Whether the first grant was used.
    started: bool,
}

/// How a login gets its first tokens, where it has no refresh token yet.
pub(super) struct First<'a> {
    pub(super) kind: Kind,
    pub(super) form: Vec<(&'a str, &'a str)>,
    /// Whether it can be used again when there is no refresh token.
    pub(super) repeatable: bool,
}

impl Renewal {
    pub(super) fn new(host: LoginHost, app: ConnectedApp, token: Option<SecretString>) -> Self {
        let state = State { token, ..State::default() };
        Self { host, app, store: None, state: Mutex::new(state) }
    }

    /// The same, from the start, with a store.
    pub(super) fn stored_in(&self, store: Arc<dyn RefreshTokenStore>) -> Self {
        Self { store: Some(store), ..Self::new(self.host.clone(), self.app.clone(), None) }
    }

    /// A session, by the refresh token or by `first`.
    pub(super) async fn credentials(&self, context: &AuthContext<'_>, first: Option<First<'_>>) -> Result<Credentials> {
        let host = self.host.base()?;
        let mut state = self.state.lock().await;
        let _others_out = match &self.store {
            Some(store) => Some(store.lock().await?),
            None => None,
        };
        if let (Some(credentials), Some(token)) = (state.unsaved.clone(), state.token.clone()) {
            self.save(&token).await?;
            state.unsaved = None;
            return Ok(credentials);
        }
        if let Some(first) = first.filter(|first| !state.started || (first.repeatable && state.token.is_none())) {
            let asked = Asked { kind: first.kind, host: host.clone() };
            let granted = token::ask(context, &asked, &host, Some(&self.app), first.form).await?;
            state.started = true;
            return self.keep(&mut state, granted).await;
        }
        let stored = self.load().await?;
        let token = stored.or_else(|| state.token.clone()).ok_or_else(|| {
            Error::config("there is no refresh token to renew the session with")
                .with_operation("auth.token")
                .with_hint("give the app the scope `refresh_token`, or let the user authorise it again")
        })?;
        let refused = match self.refresh(context, &host, &token).await {
            Ok(granted) => return self.keep(&mut state, granted).await,
            Err(error) => error,
        };
        // Another process may have been faster: then the store holds what it got.
        let newer = self.load().await?.filter(|newer| newer.expose_secret() != token.expose_secret());
        match newer.filter(|_| refused.vendor_code() == Some("invalid_grant")) {
            Some(newer) => {
                let granted = self.refresh(context, &host, &newer).await?;
                self.keep(&mut state, granted).await
            }
            None => Err(refused),
        }
    }

    async fn refresh(&self, context: &AuthContext<'_>, host: &BaseUrl, token: &SecretString) -> Result<Granted> {
        let form = vec![("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        let asked = Asked { kind: Kind::Refresh, host: host.clone() };
        let mut granted = token::ask(context, &asked, host, Some(&self.app), form).await?;
        // A token that stays the same needs no storing, but the next refresh starts from it.
        if granted.refresh_token.as_ref().is_some_and(|new| new.expose_secret() == token.expose_secret()) {
            granted.refresh_token = None;
        }
        Ok(granted)
    }

    async fn keep(&self, state: &mut State, granted: Granted) -> Result<Credentials> {
        if let Some(token) = granted.refresh_token {
            state.token = Some(token.clone());
            state.unsaved = Some(granted.credentials.clone());
            self.save(&token).await?;
            state.unsaved = None;
        }
        Ok(granted.credentials)
    }

    async fn load(&self) -> Result<Option<SecretString>> {
        match &self.store {
            Some(store) => store.load().await,
            None => Ok(None),
        }
    }

    async fn save(&self, token: &SecretString) -> Result<()> {
        match &self.store {
            Some(store) => store.save(token).await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal")
            .field("host", &self.host)
            .field("app", &self.app)
            .field("store", &self.store.is_some())
            .finish_non_exhaustive()
    }
}

/// A refresh token that was obtained before: sessions go on without the user.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    renewal: Arc<Renewal>,
}

impl RefreshToken {
    /// A refresh token that never changes: rotation is off. Where it may be on, use [`stored`](Self::stored), or the new
    /// token is lost with the process.
    pub fn new(host: LoginHost, app: ConnectedApp, token: impl Into<SecretString>) -> Self {
        Self { renewal: Arc::new(Renewal::new(host, app, Some(token.into()))) }
    }

    /// The refresh token that a store holds; a new one is put there before it is used.
    pub fn stored(host: LoginHost, app: ConnectedApp, store: Arc<dyn RefreshTokenStore>) -> Self {
        Self { renewal: Arc::new(Renewal::new(host, app, None).stored_in(store)) }
    }
}

impl Flow for RefreshToken {
    fn base(&self) -> Result<BaseUrl> {
        self.renewal.host.base()
    }
}

#[async_trait]
impl Authenticator for RefreshToken {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        self.renewal.credentials(context, None).await
    }
}
