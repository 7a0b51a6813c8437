//! The JWT bearer flow: a server acts for a user who was approved beforehand, with a key instead of a password.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rest_core::{
    AuthContext, Authenticator, BaseUrl, Credentials, Error, ErrorKind, ExposeSecret, Result, SecretString,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::host::LoginHost;
use super::refusal::{Asked, Kind};
use super::{Flow, token};

/// How long an assertion is good for: the vendor takes a few minutes at most.
const LIFE_SECONDS: i64 = 180;

/// An RSA private key that signs assertions (RS256). It is not kept as text, and never shown.
#[derive(Clone)]
pub struct PrivateKey(Arc<RsaKeyPair>);

impl PrivateKey {
    /// Reads a key in PEM: `BEGIN PRIVATE KEY` (PKCS 8) or `BEGIN RSA PRIVATE KEY` (PKCS 1), of 2,048 bits or more.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the text holds no such key; it is not quoted.
    pub fn from_pem(pem: &SecretString) -> Result<Self> {
        let unusable = |why: &str| {
            Error::config(format!("the private key cannot be used: {why}")).with_hint(
                "give an unencrypted RSA key in PEM, the one whose certificate was uploaded in the app's settings",
            )
        };
        let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes())
            .map_err(|_| unusable("the text is not a private key in PEM"))?;
        let key = match &der {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unusable("it is not an RSA key")),
        };
        let key = key.map_err(|_| unusable("it is not an RSA key of 2,048 to 8,192 bits"))?;
        Ok(Self(Arc::new(key)))
    }

    /// An assertion of these claims.
    pub(super) fn sign(&self, claims: &Claims<'_>) -> Result<SecretString> {
        let payload = serde_json::json!({
            "iss": claims.issuer,
            "sub": claims.subject,
            "aud": claims.audience,
            "exp": claims.now.timestamp() + LIFE_SECONDS,
        });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(&payload.to_string()));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::new(ErrorKind::Config, "auth.token").with_message("the assertion cannot be signed"))?;
        Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// What an assertion says.
pub(super) struct Claims<'a> {
    pub(super) issuer: &'a str,
    pub(super) subject: &'a str,
    pub(super) audience: &'a str,
    pub(super) now: DateTime<Utc>,
}

/// The OAuth 2.0 JWT bearer flow. There is no refresh token: a session that ends is replaced by a new one with a new
/// assertion, good for three minutes, by the client's clock.
///
/// In Setup, the app needs *Use digital signatures* with the certificate of the key, and policies that pre-authorise the
/// user (*Admin approved users are pre-authorized*, with the user's profile or permission set).
#[derive(Clone)]
pub struct JwtBearer {
    host: LoginHost,
    client_id: String,
    username: String,
    key: PrivateKey,
    audience: Option<LoginHost>,
}

impl JwtBearer {
    /// The app's consumer key, the name of the user to act for, and the key.
    pub fn new(host: LoginHost, client_id: impl Into<String>, username: impl Into<String>, key: PrivateKey) -> Self {
        Self { host, client_id: client_id.into(), username: username.into(), key, audience: None }
    }

    /// Whom the assertion is for, if that is not the login host itself: `https://login.salesforce.com` and
    /// `https://test.salesforce.com` are asked for by some organisations whose My Domain is called.
    #[must_use]
    pub fn audience(mut self, host: LoginHost) -> Self {
        self.audience = Some(host);
        self
    }
}

impl fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBearer").field("host", &self.host).field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl Flow for JwtBearer {
    fn base(&self) -> Result<BaseUrl> {
        self.host.base()
    }
}

#[async_trait]
impl Authenticator for JwtBearer {
    async fn credentials(&self, context: &AuthContext<'_>) -> Result<Credentials> {
        let host = self.base()?;
        let audience = self.audience.as_ref().unwrap_or(&self.host).base()?;
        let claims = Claims {
            issuer: &self.client_id,
            subject: &self.username,
            audience: audience.origin(),
            now: context.now(),
        };
        let assertion = self.key.sign(&claims)?;
        let form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.expose_secret()),
        ];
        let asked = Asked { kind: Kind::JwtBearer, host: host.clone() };
        Ok(token::ask(context, &asked, &host, None, form).await?.credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        for bad in ["", "canary", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"] {
            let error = PrivateKey::from_pem(&bad.to_owned().into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}
