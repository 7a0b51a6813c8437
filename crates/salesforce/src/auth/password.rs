//! The username-password flow, which most organisations have switched off.

use std::fmt;

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, ExposeSecret, Result, SecretString};

use super::app::ConnectedApp;
use super::host::LoginHost;
use super::refusal::{Asked, Kind};
use super::{Flow, token};

/// The OAuth 2.0 username-password flow. Organisations made since Summer '23 block it until an administrator allows it
/// (*Setup → OAuth and OpenID Connect Settings*), and users with single sign-on or multi-factor authentication cannot use
/// it: prefer [`ClientCredentials`](super::ClientCredentials) or `JwtBearer`.
#[derive(Clone)]
pub struct UsernamePassword {
    host: LoginHost,
    app: ConnectedApp,
    username: String,
    /// With the security token, if there is one.
    password: SecretString,
}

impl UsernamePassword {
    /// The app, the user's name and password.
    pub fn new(
        host: LoginHost,
        app: ConnectedApp,
        username: impl Into<String>,
        password: impl Into<SecretString>,
    ) -> Self {
        Self { host, app, username: username.into(), password: password.into() }
    }

    /// Adds the user's security token, which is needed from addresses that the organisation does not trust. The vendor
    /// mails it to the user when it is reset.
    #[must_use]
    pub fn security_token(mut self, token: &SecretString) -> Self {
        self.password = SecretString::from(format!("{}{}", self.password.expose_secret(), token.expose_secret()));
        self
    }
}

impl fmt::Debug for UsernamePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsernamePassword").field("host", &self.host).field("app", &self.app).finish_non_exhaustive()
    }
}

impl Flow for UsernamePassword {
    fn base(&self) -> Result<BaseUrl> {
        self.host.base()
    }
}

#[async_trait]
impl Authenticator for UsernamePassword {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let host = self.base()?;
        let asked = Asked { kind: Kind::Password, host: host.clone() };
        let form = vec![
            ("grant_type", "password"),
            ("username", self.username.as_str()),
            ("password", self.password.expose_secret()),
        ];
        Ok(token::ask(context, &asked, &host, Some(&self.app), form).await?.credentials)
    }
}
