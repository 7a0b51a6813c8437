//! Logging in: the client credentials flow, or a session that was opened elsewhere.

use std::fmt;

use async_trait::async_trait;
use rest_core::{
    AuthContext, Authenticator, BaseUrl, Call, Credentials, Error, ErrorKind, ExposeSecret, Result, Safety,
    SecretString,
};
use serde::{Deserialize, Deserializer};

/// Where to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginHost {
    /// The organisation's own host, `https://NAME.my.salesforce.com`. The client credentials flow works only here.
    MyDomain(BaseUrl),
    /// `login.salesforce.com`: production and Developer Edition organisations, for flows that name a user.
    Production,
    /// `test.salesforce.com`: sandboxes, for flows that name a user.
    Test,
    /// Any other host: a government cloud, a proxy, or an emulator on a loopback address.
    Custom(BaseUrl),
}

impl LoginHost {
    /// The organisation's My Domain, by its name (`acme`, `acme--uat.sandbox`, `acme-dev-ed.develop`), its host or its
    /// address.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the text is no such name.
    pub fn my_domain(name: &str) -> Result<Self> {
        let name = name.trim().trim_end_matches('/');
        let host = name.strip_prefix("https://").unwrap_or(name);
        let plain = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !host.split('.').all(plain) {
            return Err(Error::config("this is not the name of a My Domain")
                .with_hint("write the part before `.my.salesforce.com`, as Setup shows it under My Domain"));
        }
        let known = [".salesforce.com", ".salesforce.mil", ".crmforce.mil", ".sfcrmproducts.cn", ".cloudforce.com"];
        let host = host.to_ascii_lowercase();
        let host =
            if known.iter().any(|suffix| host.ends_with(suffix)) { host } else { format!("{host}.my.salesforce.com") };
        match host.as_str() {
            "login.salesforce.com" => Ok(Self::Production),
            "test.salesforce.com" => Ok(Self::Test),
            host => Ok(Self::MyDomain(BaseUrl::parse(&format!("https://{host}"))?)),
        }
    }

    /// Any other host by its address; `http` is accepted for loopback addresses only.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the text is no acceptable address.
    pub fn custom(url: &str) -> Result<Self> {
        BaseUrl::parse(url.trim()).map(Self::Custom)
    }

    /// The host's address.
    ///
    /// # Errors
    /// None for the hosts that exist today.
    pub fn base(&self) -> Result<BaseUrl> {
        match self {
            Self::MyDomain(base) | Self::Custom(base) => Ok(base.clone()),
            Self::Production => BaseUrl::parse("https://login.salesforce.com"),
            Self::Test => BaseUrl::parse("https://test.salesforce.com"),
        }
    }
}

/// A way to log in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Login {
    /// The client credentials flow.
    ClientCredentials(ClientCredentials),
    /// A session that was opened elsewhere.
    Session(Session),
}

impl From<ClientCredentials> for Login {
    fn from(login: ClientCredentials) -> Self {
        Self::ClientCredentials(login)
    }
}

impl From<Session> for Login {
    fn from(session: Session) -> Self {
        Self::Session(session)
    }
}

/// The OAuth 2.0 client credentials flow: the app logs in as the run-as user that is set on it. A session that ends is
/// replaced by a new one without anybody noticing.
#[derive(Clone)]
pub struct ClientCredentials {
    pub(crate) host: LoginHost,
    client_id: String,
    client_secret: SecretString,
    in_body: bool,
}

impl ClientCredentials {
    /// The app's consumer key and secret, and the organisation's My Domain.
    pub fn new(host: LoginHost, client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self { host, client_id: client_id.into(), client_secret: client_secret.into(), in_body: false }
    }

    /// Sends key and secret in the form instead of the `Authorization` header, for proxies that eat the header. Default:
    /// in the header, as the vendor recommends.
    #[must_use]
    pub fn in_body(mut self) -> Self {
        self.in_body = true;
        self
    }

    /// The login host's address.
    pub(crate) fn base(&self) -> Result<BaseUrl> {
        match self.host {
            LoginHost::Production | LoginHost::Test => Err(Error::config(
                "the client credentials flow does not work at login.salesforce.com and test.salesforce.com",
            )
            .with_hint("use the organisation's My Domain: LoginHost::my_domain(\"NAME\")")),
            LoginHost::MyDomain(_) | LoginHost::Custom(_) => self.host.base(),
        }
    }

    /// The request for a token.
    fn call(&self) -> Call {
        let call =
            Call::post("auth.token").path(["services", "oauth2", "token"]).safety(Safety::Idempotent).sensitive();
        let mut form = vec![("grant_type", "client_credentials")];
        if self.in_body {
            form.extend([
                ("client_id", self.client_id.as_str()),
                ("client_secret", self.client_secret.expose_secret()),
            ]);
            return call.form(form);
        }
        let pair = format!("{}:{}", form_encoded(&self.client_id), form_encoded(self.client_secret.expose_secret()));
        call.form(form).header("authorization", &format!("Basic {}", base64(pair.as_bytes())))
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("host", &self.host)
            .field("in_body", &self.in_body)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    instance_url: String,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[async_trait]
impl Authenticator for ClientCredentials {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let reply = context.send(Some(&self.base()?), &self.call()).await?;
        let token: Token = reply.json()?;
        // The address may carry a trailing slash; parsing takes it off.
        let instance = BaseUrl::parse(&token.instance_url).map_err(|error| {
            Error::new(ErrorKind::Decode, "auth.token")
                .with_message("the token's instance_url cannot be used")
                .with_source(error)
        })?;
        Ok(Credentials::bearer(&token.access_token)?.with_base(instance))
    }
}

/// A session that was opened elsewhere: an access token and the instance it belongs to. When it ends, it ends: every call
/// is then refused with [`ErrorKind::Unauthorized`].
#[derive(Clone)]
pub struct Session {
    pub(crate) instance: BaseUrl,
    access_token: SecretString,
}

impl Session {
    /// The instance's address (`https://acme.my.salesforce.com`) and the access token.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the address cannot be used, or the token is empty or cannot be sent.
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

#[async_trait]
impl Authenticator for Session {
    async fn credentials(&self, _: &AuthContext<'_>) -> Result<Credentials> {
        Credentials::bearer(&self.access_token)
    }

    fn renewable(&self) -> bool {
        false
    }
}

fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    rest_core::percent_encode(&mut out, text);
    out
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: [char; 64] = {
        let text = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut digits = ['A'; 64];
        let mut at = 0;
        while at < 64 {
            digits[at] = text[at] as char;
            at += 1;
        }
        digits
    };
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).ok().and_then(|digit| DIGITS.get(digit));
            out.push(if place <= chunk.len() { digit.copied().unwrap_or('=') } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_my_domain_is_known_by_its_name_host_or_address() {
        let origin = |name: &str| LoginHost::my_domain(name).unwrap().base().unwrap().origin().to_owned();
        for name in ["acme", "ACME", "acme.my.salesforce.com", "https://acme.my.salesforce.com/", " acme "] {
            assert_eq!(origin(name), "https://acme.my.salesforce.com");
        }
        assert_eq!(origin("acme--uat.sandbox"), "https://acme--uat.sandbox.my.salesforce.com");
        assert_eq!(origin("acme.my.salesforce.mil"), "https://acme.my.salesforce.mil");
        assert_eq!(LoginHost::my_domain("login.salesforce.com").unwrap(), LoginHost::Production);
        for bad in ["", "a b", "acme/x", "acme:80", "a@b", "..", "http://acme"] {
            LoginHost::my_domain(bad).expect_err(bad);
        }
    }

    #[test]
    fn custom_hosts_need_https_but_on_loopback() {
        LoginHost::custom("http://127.0.0.1:4001").unwrap();
        LoginHost::custom("https://proxy.example.com").unwrap();
        LoginHost::custom("http://proxy.example.com").unwrap_err();
    }

    #[test]
    fn client_credentials_are_refused_where_they_cannot_work() {
        for host in [LoginHost::Production, LoginHost::Test] {
            let error = ClientCredentials::new(host, "id", "secret".to_owned()).base().unwrap_err();
            assert!(error.to_string().contains("My Domain"), "{error}");
        }
    }

    #[test]
    fn the_token_request_carries_key_and_secret_once() {
        let host = LoginHost::my_domain("acme").unwrap();
        let login = ClientCredentials::new(host.clone(), "Aladdin", "open sesame".to_owned());
        let request = login.call().to_request(&host.base().unwrap()).unwrap();
        assert_eq!(request.uri(), "https://acme.my.salesforce.com/services/oauth2/token");
        // base64 of `Aladdin:open%20sesame`
        assert_eq!(request.headers()["authorization"], "Basic QWxhZGRpbjpvcGVuJTIwc2VzYW1l");
        assert_eq!(request.body().as_ref(), b"grant_type=client_credentials");
        let request = login.in_body().call().to_request(&host.base().unwrap()).unwrap();
        assert!(!request.headers().contains_key("authorization"));
        assert_eq!(
            request.body().as_ref(),
            b"grant_type=client_credentials&client_id=Aladdin&client_secret=open%20sesame"
        );
    }

    #[test]
    fn base64_pads_as_it_should() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
            ("\u{ff}\u{fe}", "w7/Dvg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let login = ClientCredentials::new(LoginHost::my_domain("acme").unwrap(), "id", "canary".to_owned());
        let session = Session::new("https://acme.my.salesforce.com", "canary".to_owned()).unwrap();
        assert!(
            !format!("{login:?} {session:?} {:?} {:?}", Login::from(login.clone()), login.call()).contains("canary")
        );
        for bad in ["", " ", "a\nb"] {
            Session::new("https://acme.my.salesforce.com", bad.to_owned()).expect_err("unsendable");
        }
    }
}
