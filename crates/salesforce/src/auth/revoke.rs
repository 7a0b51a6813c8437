//! Ending sessions.

use rest_core::{Accept, Call, Error, ExposeSecret, Result, Safety, SecretString};

use crate::{Salesforce, VENDOR};

impl Salesforce {
    /// Ends a session by its access token, or a refresh token with all the sessions that came from it.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the token is not known, or was ended before.
    pub async fn revoke(&self, token: &SecretString) -> Result<()> {
        let call = Call::post("auth.revoke")
            .path(["services", "oauth2", "revoke"])
            .form([("token", token.expose_secret())])
            .safety(Safety::Idempotent)
            .accept(Accept::Any)
            .anonymous()
            .sensitive();
        self.send(call).await.map(drop)
    }

    /// Ends the session in use. A login that can be renewed opens a new one with the next call.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke), and those of logging in, if that has not happened yet.
    pub async fn logout(&self) -> Result<()> {
        let access = self.access(None).await?;
        let token = access.bearer().map(|token| SecretString::from(token.to_owned()));
        let token = token.ok_or_else(|| Error::config("the session has no access token").with_vendor(VENDOR))?;
        self.revoke(&token).await
    }
}
