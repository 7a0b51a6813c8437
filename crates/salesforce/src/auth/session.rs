//! Sessions that were opened elsewhere: one, or one after the other.

use std::fmt;

use async_trait::async_trait;
use rest_core::{AuthContext, Authenticator, BaseUrl, Credentials, Error, ExposeSecret, Result, SecretString};

use super::Flow;

/// A session that was opened elsewhere: an access token and the instance it belongs to. When it ends, it ends: every call
/// is then refused with [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized). To have it replaced, see
/// [`SessionProvider`].
#[derive(Clone)]
pub struct Session {
    instance: BaseUrl,
    access_token: SecretString,
}

impl Session {
    /// The instance's address (`https://acme.my.salesforce.com`) and the access token.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the address cannot be used, or the token is empty or cannot be
    /// sent.
    pub fn new(instance_url: &str, access_token: impl Into<SecretString>) -> Result<Self> {
        let access_token = access_token.into();
        Credentials::bearer(&access_token)?;
        if access_token.expose_secret().trim().is_empty() {
            return Err(Error::config("the access token is empty"));
        }
        Ok(Self { instance: BaseUrl::parse(instance_url.trim())?, access_token })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Flow for Session {
    fn base(&self) -> Result<BaseUrl> {
        Ok(self.instance.clone())
    }
}

#[async_trait]
impl Authenticator for Session {
    async fn credentials(&self, _: &AuthContext<'_>) -> Result<Credentials> {
        Credentials::bearer(&self.access_token)
    }

    fn renewable(&self) -> bool {
        false
    }
}

/// Where sessions come from that this crate cannot open: a vault, a broker, the Salesforce CLI.
///
/// The client asks when it has no session, and again, once per call, when the vendor has refused the one it was given. It
/// asks for one at a time, however many calls wait.
///
/// ```
/// use salesforce::{Login, Result, Salesforce, Session, SessionProvider};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// #[async_trait::async_trait]
/// impl SessionProvider for Vault {
///     async fn session(&self) -> Result<Session> {
///         let token = "00D000000000001!…".replace('…', "from.the.vault");
///         Session::new("https://acme.my.salesforce.com", token)
///     }
/// }
///
/// # #[cfg(feature = "reqwest")]
/// let client = Salesforce::builder().login(Login::provider(Vault)).build()?;
/// # Ok::<(), salesforce::Error>(())
/// ```
#[async_trait]
pub trait SessionProvider: Send + Sync + fmt::Debug {
    /// A session that is good now. One that was refused must not be given again.
    ///
    /// # Errors
    /// Whatever keeps it from giving one; make them with [`Error::new`]. After an error the client waits before it asks
    /// again: one second and up where [`Error::is_retryable`], half a minute and up where not.
    async fn session(&self) -> Result<Session>;
}

#[derive(Debug)]
pub(super) struct Provided<P>(pub(super) P);

impl<P: SessionProvider> Flow for Provided<P> {
    fn base(&self) -> Result<BaseUrl> {
        // Each session says where it belongs.
        super::LoginHost::Production.base()
    }
}

#[async_trait]
impl<P: SessionProvider> Authenticator for Provided<P> {
    async fn credentials(&self, _: &AuthContext<'_>) -> Result<Credentials> {
        let session = self.0.session().await?;
        Ok(Credentials::bearer(&session.access_token)?.with_base(session.instance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_cannot_be_sent_is_refused_and_none_is_shown() {
        let session = Session::new("https://acme.my.salesforce.com", "canary".to_owned()).unwrap();
        assert!(!format!("{session:?} {:?}", super::super::Login::from(session.clone())).contains("canary"));
        for bad in ["", " ", "a\nb"] {
            Session::new("https://acme.my.salesforce.com", bad.to_owned()).expect_err("unsendable");
        }
    }
}
