//! The client credentials flow: an app logs in as the user that its settings name.

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, Error, Result, SecretString};

use super::app::ConnectedApp;
use super::host::LoginHost;
use super::refusal::{Asked, Kind};
use super::{Flow, token};

/// The OAuth 2.0 client credentials flow: the app logs in as the run-as user that is set on it. A session that ends is
/// replaced by a new one without anybody noticing.
///
/// In Setup, the app needs *Enable Client Credentials Flow* and a *Run As* user in its policies. The flow works at the
/// organisation's My Domain only.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    host: LoginHost,
    app: ConnectedApp,
}

impl ClientCredentials {
    /// The app's consumer key and secret, and the organisation's My Domain.
    pub fn new(host: LoginHost, client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self::of(host, ConnectedApp::new(client_id, client_secret))
    }

    /// An app that proves itself in another way than by a secret in the header.
    #[must_use]
    pub fn of(host: LoginHost, app: ConnectedApp) -> Self {
        Self { host, app }
    }

    /// As [`ConnectedApp::in_body`].
    #[must_use]
    pub fn in_body(mut self) -> Self {
        self.app = self.app.in_body();
        self
    }
}

impl Flow for ClientCredentials {
    fn base(&self) -> Result<BaseUrl> {
        match self.host {
            LoginHost::Production | LoginHost::Test => Err(Error::config(
                "the client credentials flow does not work at login.salesforce.com and test.salesforce.com",
            )
            .with_hint("use the organisation's My Domain: LoginHost::my_domain(\"NAME\")")),
            LoginHost::MyDomain(_) | LoginHost::Custom(_) => self.host.base(),
        }
    }
}

#[async_trait]
impl Authenticator for ClientCredentials {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let host = self.base()?;
        let asked = Asked { kind: Kind::ClientCredentials, host: host.clone() };
        let form = vec![("grant_type", "client_credentials")];
        Ok(token::ask(context, &asked, &host, Some(&self.app), form).await?.credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_credentials_are_refused_where_they_cannot_work() {
        for host in [LoginHost::Production, LoginHost::Test] {
            let error = ClientCredentials::new(host, "id", "secret".to_owned()).base().unwrap_err();
            assert!(error.to_string().contains("My Domain"), "{error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let login = ClientCredentials::new(LoginHost::my_domain("acme").unwrap(), "id", "canary".to_owned());
        assert!(!format!("{login:?} {:?}", super::super::Login::from(login.clone())).contains("canary"));
    }
}
