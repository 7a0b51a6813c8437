//! Token exchange: another system's token for a session.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, Error, ExposeSecret, Result, SecretString};

use super::Flow;
use super::app::ConnectedApp;
use super::host::LoginHost;
use super::refresh::{First, RefreshTokenStore, Renewal};
use super::refusal::Kind;

/// The vendor takes no longer token.
const LONGEST: usize = 10_000;

/// What kind of token is exchanged (RFC 8693, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectTokenType {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An OpenID Connect id token.
    IdToken,
    /// A SAML 2.0 assertion.
    Saml2,
    /// A JWT of any kind.
    Jwt,
}

impl SubjectTokenType {
    fn uri(self) -> &'static str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
        }
    }
}

/// The OAuth 2.0 token exchange flow: a token of another identity provider is exchanged for a session, by a handler that
/// the organisation has set up. If a refresh token comes with it, it renews the session; else the token is exchanged
/// again.
#[derive(Clone)]
pub struct TokenExchange {
    renewal: Arc<Renewal>,
    token: SecretString,
    kind: SubjectTokenType,
    handler: Option<String>,
}

impl TokenExchange {
    /// The token to exchange.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a token of more than 10,000 characters.
    pub fn new(
        host: LoginHost,
        app: ConnectedApp,
        subject_token: impl Into<SecretString>,
        kind: SubjectTokenType,
    ) -> Result<Self> {
        let token = subject_token.into();
        let length = token.expose_secret().chars().count();
        if length == 0 || length > LONGEST {
            return Err(Error::config(format!(
                "the subject token has {length} characters; the vendor takes 1 to {LONGEST}"
            )));
        }
        Ok(Self { renewal: Arc::new(Renewal::new(host, app, None)), token, kind, handler: None })
    }

    /// The name of the token handler, where the app has several.
    #[must_use]
    pub fn handler(mut self, name: impl Into<String>) -> Self {
        self.handler = Some(name.into());
        self
    }

    /// Where the refresh token is kept, if one comes.
    #[must_use]
    pub fn store(self, store: Arc<dyn RefreshTokenStore>) -> Self {
        Self { renewal: Arc::new(self.renewal.stored_in(store)), ..self }
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("renewal", &self.renewal)
            .field("kind", &self.kind)
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}

impl Flow for TokenExchange {
    fn base(&self) -> Result<BaseUrl> {
        self.renewal.host.base()
    }
}

#[async_trait]
impl Authenticator for TokenExchange {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let mut form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", self.token.expose_secret()),
            ("subject_token_type", self.kind.uri()),
        ];
        form.extend(self.handler.as_deref().map(|name| ("token_handler", name)));
        let first = First { kind: Kind::Exchange, form, repeatable: true };
        self.renewal.credentials(context, Some(first)).await
    }
}
