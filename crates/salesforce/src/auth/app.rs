//! The app that logs in, and how it proves who it is.

use std::fmt;

use rest_core::{AuthContext, BaseUrl, Call, ExposeSecret, Result, SecretString};

#[cfg(feature = "jwt")]
use super::jwt::PrivateKey;

/// A connected app (or external client app) of the organisation: its consumer key, and how it proves that it is itself.
#[derive(Clone)]
pub struct ConnectedApp {
    client_id: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    /// None: the app cannot keep a secret.
    Public,
    /// The consumer secret, in the `Authorization` header or in the form.
    Secret { secret: SecretString, in_body: bool },
    /// An assertion that the app signs.
    #[cfg(feature = "jwt")]
    Key(PrivateKey),
}

impl ConnectedApp {
    /// An app with its consumer key and secret.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        let proof = Proof::Secret { secret: client_secret.into(), in_body: false };
        Self { client_id: client_id.into(), proof }
    }

    /// An app that keeps no secret (on a phone, a desktop, in a browser): its settings must say that none is needed.
    pub fn public(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), proof: Proof::Public }
    }

    /// An app that signs an assertion instead of sending a secret. Its certificate is uploaded in the app's settings.
    #[cfg(feature = "jwt")]
    pub fn with_key(client_id: impl Into<String>, key: PrivateKey) -> Self {
        Self { client_id: client_id.into(), proof: Proof::Key(key) }
    }

    /// Sends key and secret in the form instead of the `Authorization` header, for proxies that eat the header. Default:
    /// in the header, as the vendor recommends. Without a secret this changes nothing.
    #[must_use]
    pub fn in_body(mut self) -> Self {
        if let Proof::Secret { in_body, .. } = &mut self.proof {
            *in_body = true;
        }
        self
    }

    /// The consumer key.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Adds what identifies the app to a token request with this form.
    pub(super) fn sign<'a>(
        &'a self,
        call: Call,
        mut form: Vec<(&'a str, &'a str)>,
        host: &BaseUrl,
        context: &AuthContext<'_>,
    ) -> Result<Call> {
        // Only assertions have a time and an audience.
        let _ = (host, context);
        match &self.proof {
            Proof::Public => form.push(("client_id", &self.client_id)),
            Proof::Secret { secret, in_body: true } => {
                form.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.expose_secret())]);
            }
            Proof::Secret { secret, in_body: false } => {
                let call = call.header("authorization", &basic(&self.client_id, secret));
                return Ok(call.form(form));
            }
            #[cfg(feature = "jwt")]
            Proof::Key(key) => {
                let audience = format!("{}/services/oauth2/token", host.origin());
                let claims = super::jwt::Claims {
                    issuer: &self.client_id,
                    subject: &self.client_id,
                    audience: &audience,
                    now: context.now(),
                };
                let assertion = key.sign(&claims)?;
                let mut form: Vec<(&str, &str)> = form;
                form.extend([
                    ("client_id", self.client_id.as_str()),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", assertion.expose_secret()),
                ]);
                return Ok(call.form(form));
            }
        }
        Ok(call.form(form))
    }
}

impl fmt::Debug for ConnectedApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = match &self.proof {
            Proof::Public => "none",
            Proof::Secret { in_body: false, .. } => "a secret in the header",
            Proof::Secret { in_body: true, .. } => "a secret in the form",
            #[cfg(feature = "jwt")]
            Proof::Key(_) => "an assertion",
        };
        f.debug_struct("ConnectedApp").field("proof", &proof).finish_non_exhaustive()
    }
}

/// The value of the header that carries key and secret (RFC 6749, 2.3.1).
fn basic(client_id: &str, secret: &SecretString) -> String {
    use base64::Engine as _;
    let mut pair = String::new();
    rest_core::percent_encode(&mut pair, client_id);
    pair.push(':');
    rest_core::percent_encode(&mut pair, secret.expose_secret());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_carries_key_and_secret_encoded() {
        // base64 of `Aladdin:open%20sesame`
        assert_eq!(basic("Aladdin", &"open sesame".to_owned().into()), "Basic QWxhZGRpbjpvcGVuJTIwc2VzYW1l");
    }

    #[test]
    fn secrets_are_never_shown() {
        let app = ConnectedApp::new("id", "canary".to_owned());
        assert!(!format!("{app:?} {:?}", app.clone().in_body()).contains("canary"));
    }
}
