//! The authorization code flow with PKCE: a person lets the app in with a browser.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rest_core::{
    AuthContext, Authenticator, BaseUrl, Credentials, Error, ErrorKind, ExposeSecret, Result, SecretString,
};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::Flow;
use super::app::ConnectedApp;
use super::host::LoginHost;
use super::refresh::{First, RefreshTokenStore, Renewal};
use super::refusal::{self, Asked, Kind};
use crate::VENDOR;

/// One attempt to be let in: the page to open in a browser, and the check of how it came back.
///
/// ```
/// use salesforce::{AuthorizationRequest, ConnectedApp, LoginHost};
///
/// let random = [7; 64];       // from a cryptographic generator, new for each attempt, kept with the user's visit
/// let request = AuthorizationRequest::new(
///     LoginHost::my_domain("acme")?,
///     ConnectedApp::public("3MVG9…"),
///     "https://app.example/callback",
///     &random,
/// )?
/// .scopes(["api", "refresh_token"]);
/// let page = request.url();   // send the browser there
/// # let state = page.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
///
/// // The browser comes back:
/// let back = format!("https://app.example/callback?code=aPrx…&state={state}");
/// let login = request.redirected(&back)?;
/// # Ok::<(), salesforce::Error>(())
/// ```
#[derive(Clone)]
pub struct AuthorizationRequest {
    host: LoginHost,
    page: Url,
    app: ConnectedApp,
    redirect_uri: String,
    state: String,
    verifier: SecretString,
    scopes: Vec<String>,
    extra: Vec<(&'static str, String)>,
}

impl AuthorizationRequest {
    /// A request of this app. `redirect_uri` must be written exactly as in the app's settings. The randomness makes the
    /// `state`, which ties the answer to this attempt, and the PKCE verifier, which ties the code to this client; it is
    /// a secret until the code is used.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if `redirect_uri` is not a complete address.
    pub fn new(host: LoginHost, app: ConnectedApp, redirect_uri: &str, random: &[u8; 64]) -> Result<Self> {
        Url::parse(redirect_uri)
            .map_err(|error| Error::config("the redirect_uri is not a complete address").with_source(error))?;
        let page = format!("{}/services/oauth2/authorize", host.base()?.origin());
        let page =
            Url::parse(&page).map_err(|error| Error::config("the login host has no address").with_source(error))?;
        let (state, verifier) = random.split_at(32);
        Ok(Self {
            host,
            page,
            app,
            redirect_uri: redirect_uri.to_owned(),
            state: URL_SAFE_NO_PAD.encode(state),
            verifier: SecretString::from(URL_SAFE_NO_PAD.encode(verifier)),
            scopes: Vec::new(),
            extra: Vec::new(),
        })
    }

    /// What the app asks for; default: all that its settings allow. A session can be renewed only with `refresh_token`.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The name to put into the login form.
    #[must_use]
    pub fn login_hint(mut self, username: impl Into<String>) -> Self {
        self.extra.push(("login_hint", username.into()));
        self
    }

    /// What the page must ask even if it need not: `login`, `consent`, `select_account`, separated by blanks.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.extra.push(("prompt", prompt.into()));
        self
    }

    /// The address to open in the user's browser. It holds no secret.
    #[must_use]
    pub fn url(&self) -> String {
        let mut page = self.page.clone();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose_secret()));
        let mut query = page.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", self.app.client_id())
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !self.scopes.is_empty() {
            query.append_pair("scope", &self.scopes.join(" "));
        }
        for (name, value) in &self.extra {
            query.append_pair(name, value);
        }
        drop(query);
        page.into()
    }

    /// Reads the address that the browser was sent back to (whole, or its path and query only), and gives the login that
    /// it carries.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] if the state is not this attempt's: someone else's answer was put in its place.
    /// What the login host says where it let nobody in, such as the user's refusal. [`ErrorKind::Decode`] if there is
    /// no code.
    pub fn redirected(&self, address: &str) -> Result<AuthorizationCode> {
        let query = address.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let failed = |kind, message: &str| {
            Error::new(kind, "auth.authorize").with_vendor(VENDOR).with_message(message.to_owned())
        };
        if get("state") != Some(&self.state) {
            return Err(failed(ErrorKind::Forbidden, "the answer's state is not the one that was sent").with_hint(
                "start the login again; if it happens again, check that the same randomness is used for both steps",
            ));
        }
        if let Some(code) = get("error") {
            let error = failed(ErrorKind::Forbidden, get("error_description").unwrap_or_default()).with_code(code);
            return Err(refusal::explain(error, &Asked { kind: Kind::Code, host: self.host.base()? }));
        }
        let code = get("code").filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| failed(ErrorKind::Decode, "the address carries neither a code nor an error"))?;
        Ok(AuthorizationCode {
            renewal: Arc::new(Renewal::new(self.host.clone(), self.app.clone(), None)),
            code: SecretString::from(code.to_owned()),
            verifier: self.verifier.clone(),
            redirect_uri: self.redirect_uri.clone(),
        })
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("host", &self.host)
            .field("app", &self.app)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// A code from the login page: good for one login within 15 minutes. If a refresh token comes with it, it renews the
/// session from then on; else the session ends when it ends.
#[derive(Clone)]
pub struct AuthorizationCode {
    renewal: Arc<Renewal>,
    code: SecretString,
    verifier: SecretString,
    redirect_uri: String,
}

impl AuthorizationCode {
    /// Where the refresh token is kept: it is put there before the session is used. Without a store it lives as long as
    /// the client.
    #[must_use]
    pub fn store(self, store: Arc<dyn RefreshTokenStore>) -> Self {
        Self { renewal: Arc::new(self.renewal.stored_in(store)), ..self }
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode").field("renewal", &self.renewal).finish_non_exhaustive()
    }
}

impl Flow for AuthorizationCode {
    fn base(&self) -> Result<BaseUrl> {
        self.renewal.host.base()
    }
}

#[async_trait]
impl Authenticator for AuthorizationCode {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let form = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.expose_secret()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", self.verifier.expose_secret()),
        ];
        let first = First { kind: Kind::Code, form, repeatable: false };
        self.renewal.credentials(context, Some(first)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> AuthorizationRequest {
        let host = LoginHost::my_domain("acme").unwrap();
        let mut random = [0; 64];
        (0..64).zip(&mut random).for_each(|(number, byte)| *byte = number);
        AuthorizationRequest::new(host, ConnectedApp::public("key"), "https://app.example/back", &random).unwrap()
    }

    #[test]
    fn the_page_carries_state_and_challenge_and_no_verifier() {
        let request = request().scopes(["api", "refresh_token"]).prompt("login").login_hint("ada@example.com");
        let page = Url::parse(&request.url()).unwrap();
        assert_eq!(page.path(), "/services/oauth2/authorize");
        let get = |name: &str| page.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        assert_eq!(get("state"), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        // The base64url of the SHA-256 of the verifier ICEi…Pj8, computed elsewhere.
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"));
        assert_eq!((get("code_challenge"), get("code_challenge_method")), (challenge, "S256".to_owned()));
        assert_eq!((get("scope"), get("prompt")), ("api refresh_token".to_owned(), "login".to_owned()));
        assert!(!page.as_str().contains("ICEi"));
        assert!(!format!("{request:?}").contains("ICEi"));
    }

    #[test]
    fn only_the_answer_to_this_request_is_taken() {
        let request = request();
        let state = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let back = |query: &str| request.redirected(&format!("https://app.example/back?{query}"));
        back(&format!("code=canary&state={state}")).unwrap();
        assert!(!format!("{:?}", back(&format!("code=canary&state={state}")).unwrap()).contains("canary"));
        for foreign in ["code=x", "code=x&state=other", "error=access_denied", ""] {
            assert_eq!(back(foreign).unwrap_err().kind(), ErrorKind::Forbidden, "{foreign}");
        }
        let denied =
            back(&format!("error=access_denied&error_description=end-user+denied+authorization&state={state}"));
        let denied = denied.unwrap_err();
        assert_eq!((denied.kind(), denied.vendor_code()), (ErrorKind::Forbidden, Some("access_denied")));
        assert!(denied.to_string().contains("end-user denied authorization"), "{denied}");
        assert_eq!(back(&format!("state={state}")).unwrap_err().kind(), ErrorKind::Decode);
    }

    #[test]
    fn a_relative_redirect_address_is_refused() {
        let host = LoginHost::Production;
        let error = AuthorizationRequest::new(host, ConnectedApp::public("key"), "/back", &[0; 64]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
