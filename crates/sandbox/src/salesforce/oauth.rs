//! The token endpoint, revocation, and who the token belongs to.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::api::json_reply;
use super::org::Org;
use crate::{Reply, Request};

/// The form fields of a token request; client credentials in the body win over the header.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(request: &Request) -> Form {
        let body = url::form_urlencoded::parse(&request.body).into_owned();
        let mut fields: Vec<(String, String)> = body.chain(request.query.iter().cloned()).collect();
        let basic = request.header("authorization").and_then(|header| header.split_once(' '));
        let basic = basic.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let decoded = basic.and_then(|(_, text)| STANDARD.decode(text.trim()).ok());
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) {
            fields.push(("client_id".to_owned(), id.to_owned()));
            fields.push(("client_secret".to_owned(), secret.to_owned()));
        }
        Form(fields)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

fn refused(error: &str, description: &str) -> Reply {
    json_reply(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": description}))
}

impl Org {
    /// `POST /services/oauth2/token`.
    pub(crate) fn token(&mut self, request: &Request) -> Reply {
        if request.method != Method::POST {
            return refused("invalid_request", "must use HTTP POST");
        }
        let form = Form::read(request);
        let Some(grant) = form.get("grant_type") else {
            return refused("unsupported_grant_type", "grant type not supported");
        };
        match grant {
            "client_credentials" | "password" | "refresh_token" => {}
            _ => return refused("unsupported_grant_type", "grant type not supported"),
        }
        let credentials = &self.sessions.credentials;
        if form.get("client_id") != Some(&credentials.client_id) {
            return refused("invalid_client_id", "client identifier invalid");
        }
        let secret = form.get("client_secret");
        let secret_needed = grant != "refresh_token" || secret.is_some();
        if secret_needed && secret != Some(&credentials.client_secret) {
            return refused("invalid_client", "invalid client credentials");
        }
        let mut new_refresh_token = None;
        match grant {
            "password" if !self.quirks.password_grant || !self.password_fits(&form) => {
                return refused("invalid_grant", "authentication failure");
            }
            "refresh_token" => match self.sessions.refresh(form.get("refresh_token").unwrap_or_default(), &self.quirks)
            {
                Some(next) => new_refresh_token = next,
                None => return refused("invalid_grant", "expired access/refresh token"),
            },
            _ => {}
        }
        self.token_answer(request, new_refresh_token)
    }

    fn password_fits(&self, form: &Form) -> bool {
        let credentials = &self.sessions.credentials;
        let with_token = format!("{}{}", credentials.password, credentials.security_token);
        let password = form.get("password");
        let user = form.get("username").is_some_and(|name| name.eq_ignore_ascii_case(&credentials.username));
        user && (password == Some(&credentials.password) || password == Some(&with_token))
    }

    fn token_answer(&mut self, request: &Request, refresh_token: Option<String>) -> Reply {
        let token = self.sessions.issue(self.now);
        let id = self.identity_url(&request.origin);
        let issued_at = self.now.timestamp_millis().to_string();
        let signed = format!("{id}{issued_at}");
        let signature = hmac_sha256(self.sessions.credentials.client_secret.as_bytes(), signed.as_bytes());
        let mut answer = json!({
            "access_token": token,
            "signature": STANDARD.encode(signature),
            "scope": "api refresh_token",
            "instance_url": request.origin,
            "id": id,
            "token_type": "Bearer",
            "issued_at": issued_at,
        });
        if let (Some(token), Some(answer)) = (refresh_token, answer.as_object_mut()) {
            answer.insert("refresh_token".to_owned(), Json::String(token));
        }
        json_reply(StatusCode::OK, &answer)
    }

    /// `/services/oauth2/revoke`.
    pub(crate) fn revoke(&mut self, request: &Request) -> Reply {
        let form = Form::read(request);
        if form.get("token").is_some_and(|token| self.sessions.end(token)) {
            return Reply::empty(StatusCode::OK);
        }
        refused("invalid_token", "invalid token")
    }

    /// The absolute URL of the token's user.
    pub(crate) fn identity_url(&self, origin: &str) -> String {
        format!("{origin}/id/{}/{}", self.fixtures.organization, self.sessions.user)
    }

    /// A text field of the token's user.
    fn user_text(&self, name: &str) -> Json {
        let object = self.schema.find("User").map(|index| (index, self.schema.object(index)));
        let row = object.and_then(|(index, object)| Some((object, self.store.get(index, self.sessions.user)?)));
        row.map_or(Json::Null, |(object, row)| row.get(object, name).to_json())
    }

    fn api_urls(&self, origin: &str) -> Json {
        let data = format!("{origin}/services/data/v{{version}}/");
        let soap =
            |kind: &str| format!("{origin}/services/Soap/{kind}/{{version}}/{}", self.fixtures.organization.short());
        json!({
            "enterprise": soap("c"),
            "metadata": soap("m"),
            "partner": soap("u"),
            "rest": data,
            "sobjects": format!("{data}sobjects/"),
            "search": format!("{data}search/"),
            "query": format!("{data}query/"),
            "recent": format!("{data}recent/"),
            "tooling_soap": soap("T"),
            "tooling_rest": format!("{data}tooling/"),
            "profile": format!("{origin}/{}", self.sessions.user),
            "custom_domain": origin,
        })
    }

    /// `GET /id/ORG/USER`.
    pub(crate) fn identity(&self, origin: &str) -> Json {
        json!({
            "id": self.identity_url(origin),
            "asserted_user": true,
            "user_id": self.sessions.user.to_string(),
            "organization_id": self.fixtures.organization.to_string(),
            "username": self.user_text("Username"),
            "nick_name": self.user_text("CommunityNickname"),
            "display_name": self.user_text("Name"),
            "email": self.user_text("Email"),
            "email_verified": true,
            "first_name": self.user_text("FirstName"),
            "last_name": self.user_text("LastName"),
            "timezone": self.user_text("TimeZoneSidKey"),
            "urls": self.api_urls(origin),
            "active": true,
            "user_type": "STANDARD",
            "language": self.user_text("LanguageLocaleKey"),
            "locale": self.user_text("LocaleSidKey"),
            "utcOffset": 0,
            "last_modified_date": self.born.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "is_app_installed": true,
        })
    }

    /// `GET /services/oauth2/userinfo`.
    pub(crate) fn userinfo(&self, origin: &str) -> Json {
        json!({
            "sub": self.identity_url(origin),
            "user_id": self.sessions.user.to_string(),
            "organization_id": self.fixtures.organization.to_string(),
            "preferred_username": self.user_text("Username"),
            "nickname": self.user_text("CommunityNickname"),
            "name": self.user_text("Name"),
            "email": self.user_text("Email"),
            "email_verified": true,
            "given_name": self.user_text("FirstName"),
            "family_name": self.user_text("LastName"),
            "zoneinfo": self.user_text("TimeZoneSidKey"),
            "locale": self.user_text("LocaleSidKey"),
            "language": self.user_text("LanguageLocaleKey"),
            "user_type": "STANDARD",
            "active": true,
            "utcOffset": 0,
            "urls": self.api_urls(origin),
        })
    }
}

/// HMAC-SHA256 (RFC 2104).
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let hashed;
    let key = if key.len() > block.len() {
        hashed = Sha256::digest(key);
        hashed.as_slice()
    } else {
        key
    };
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256() {
        // Test case 2 and 6 of RFC 4231.
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let short = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
