//! SOAP `login()`: a name and a password, without an app.

use std::fmt;

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, ExposeSecret, Result, Safety, SecretString};
use url::Url;

use super::host::LoginHost;
use super::refusal::{self, Asked, Kind};
use super::{Flow, token};
use crate::soap::{self, Writer};

/// The last version of the API with `login()`.
const VERSION: &str = "64.0";

/// Logs in by name and password with the SOAP API, which needs no app. Off in new organisations, gone after version 64.0,
/// and to be retired in Summer '27: prefer [`ClientCredentials`](super::ClientCredentials) or `JwtBearer`.
#[derive(Clone)]
pub struct SoapLogin {
    host: LoginHost,
    username: String,
    /// With the security token, if there is one.
    password: SecretString,
}

impl SoapLogin {
    /// The user's name and password.
    pub fn new(host: LoginHost, username: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { host, username: username.into(), password: password.into() }
    }

    /// Adds the user's security token, which is needed from addresses that the organisation does not trust.
    #[must_use]
    pub fn security_token(mut self, token: &SecretString) -> Self {
        self.password = SecretString::from(format!("{}{}", self.password.expose_secret(), token.expose_secret()));
        self
    }
}

impl fmt::Debug for SoapLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoapLogin").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Flow for SoapLogin {
    fn base(&self) -> Result<BaseUrl> {
        self.host.base()
    }
}

#[async_trait]
impl Authenticator for SoapLogin {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let host = self.base()?;
        let asked = Asked { kind: Kind::Soap, host: host.clone() };
        let mut body = Writer::default();
        body.element("login", |login| {
            login.text("username", &self.username);
            login.text("password", self.password.expose_secret());
        });
        let call = soap::call("auth.login", VERSION, None, &body).safety(Safety::Idempotent).sensitive();
        let reply = context.send(Some(&host), &call).await.map_err(|error| refusal::explain(error, &asked))?;
        let results = soap::results(&reply, "loginResponse")?;
        let get = |name: &str| results.first().and_then(|result| result.text_of(name));
        let (Some(session), Some(address)) = (get("sessionId"), get("serverUrl")) else {
            return Err(reply.decode_error("the answer to login() names no session"));
        };
        let address = Url::parse(address).map(|url| url.origin().ascii_serialization());
        let address = address.map_err(|_| reply.decode_error("the answer's serverUrl is no address"))?;
        token::granted(&SecretString::from(session.to_owned()), &address, None).map(|granted| granted.credentials)
    }
}
