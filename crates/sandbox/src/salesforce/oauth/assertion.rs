//! Signed assertions (JWT): in place of a user's consent, and in place of an app's secret.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::org::Org;
use super::Refusal;

/// An assertion may end this far ahead, a little skew of the clocks included.
const LONGEST_LIFE: i64 = 5 * 60 + 30;

/// What an assertion is for; it decides who must be its audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To act for a user: the login host or the organisation.
    User,
    /// To prove the app: the token endpoint.
    Client,
}

/// The claims of a good assertion.
pub(super) struct Claims {
    /// The client id of the app.
    pub(super) issuer: String,
    pub(super) subject: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: String,
    /// Seconds; some clients send them as text.
    exp: Json,
}

impl Org {
    /// The claims of an assertion, if its app signed it for us and it has not ended.
    pub(super) fn verified(&self, assertion: &str, purpose: Purpose, origin: &str) -> Result<Claims, Refusal> {
        let invalid = match purpose {
            Purpose::User => Refusal("invalid_grant", "invalid assertion"),
            Purpose::Client => Refusal::CLIENT,
        };
        let (signed, signature) = assertion.rsplit_once('.').ok_or(invalid)?;
        let (header, payload) = signed.split_once('.').ok_or(invalid)?;
        let header: Header = decoded(header).ok_or(invalid)?;
        let payload: Payload = decoded(payload).ok_or(invalid)?;
        let app = self.sessions.apps.get(&payload.iss).ok_or(Refusal::CLIENT_ID)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid)?;
        let key = app.key.as_ref().filter(|_| header.alg == "RS256").ok_or(invalid)?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(signed.as_bytes(), &signature).map_err(|_| invalid)?;
        let audience = payload.aud.trim_end_matches('/');
        let token_url = format!("{origin}/services/oauth2/token");
        let for_us = match purpose {
            Purpose::User => {
                ["https://login.salesforce.com", "https://test.salesforce.com", origin].contains(&audience)
            }
            Purpose::Client => audience == token_url,
        };
        if !for_us {
            return Err(match purpose {
                Purpose::User => Refusal("invalid_grant", "audience is invalid"),
                Purpose::Client => invalid,
            });
        }
        let ends = payload.exp.as_i64().or_else(|| payload.exp.as_f64().map(|seconds| seconds as i64));
        let ends = ends.or_else(|| payload.exp.as_str()?.trim().parse().ok()).ok_or(invalid)?;
        let left = ends - self.now.timestamp();
        if left <= 0 {
            return Err(if purpose == Purpose::User { Refusal("invalid_grant", "expired assertion") } else { invalid });
        }
        if left > LONGEST_LIFE {
            return Err(invalid);
        }
        Ok(Claims { issuer: payload.iss, subject: payload.sub })
    }
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
