//! The token endpoint and its grants, the authorize page, revocation, introspection, and who a token belongs to.

mod assertion;
mod authorize;
mod identity;

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::api::json_reply;
use super::ids::SfId;
use super::org::Org;
use super::session::{Approval, SignIn};
use crate::{Reply, Request};
use assertion::Purpose;

/// The key of the app that exists from the start: a fixed one, for this emulator only.
pub(crate) const FIRST_KEY: &str = include_str!("demo_key.pem");
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const LONGEST_SUBJECT_TOKEN: usize = 10_000;

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

/// Why no token is given: the error and its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal(&'static str, &'static str);

impl Refusal {
    const AUTHENTICATION: Refusal = Refusal("invalid_grant", "authentication failure");
    const CLIENT_ID: Refusal = Refusal("invalid_client_id", "client identifier invalid");
    const CLIENT: Refusal = Refusal("invalid_client", "invalid client credentials");
    const GRANT_TYPE: Refusal = Refusal("unsupported_grant_type", "grant type not supported");
    const NOT_APPROVED: Refusal = Refusal("invalid_grant", "user hasn't approved this consumer");
    const INACTIVE_USER: Refusal = Refusal("invalid_grant", "inactive user");

    fn to_reply(self) -> Reply {
        json_reply(StatusCode::BAD_REQUEST, &json!({"error": self.0, "error_description": self.1}))
    }
}

/// What a token is given for.
struct Grant {
    user: SfId,
    app: String,
    /// The refresh tokens it hangs on, and the one to hand out.
    family: Option<u64>,
    refresh_token: Option<String>,
    /// The JWT bearer flow leaves the signature out.
    signed: bool,
}

impl Org {
    /// `POST /services/oauth2/token`.
    pub(crate) fn token(&mut self, request: &Request) -> Reply {
        if request.method != Method::POST {
            return Refusal("invalid_request", "must use HTTP POST").to_reply();
        }
        let form = Form::read(request);
        let granted = match form.get("grant_type") {
            Some("client_credentials") => self.client_credentials(&form, request),
            Some("password") => self.password(&form, request),
            Some("refresh_token") => self.refresh_token(&form, request),
            Some("authorization_code") => self.authorization_code(&form, request),
            Some(JWT_BEARER) => self.jwt_bearer(&form, request),
            Some(TOKEN_EXCHANGE) => self.token_exchange(&form, request),
            _ => Err(Refusal::GRANT_TYPE),
        };
        let granted =
            granted.and_then(|grant| match (self.quirks.organization_active, self.user_is_active(grant.user)) {
                (false, _) => Err(Refusal("invalid_grant", "inactive organization")),
                (true, false) => Err(Refusal::INACTIVE_USER),
                (true, true) => Ok(grant),
            });
        match granted {
            Ok(grant) => self.token_answer(request, grant),
            Err(refusal) => refusal.to_reply(),
        }
    }

    /// The app that asks, once it has proved who it is by its secret or a signed assertion.
    fn client(&self, form: &Form, request: &Request, secret_needed: bool) -> Result<String, Refusal> {
        let assertion = form.get("client_assertion");
        if let Some(assertion) = assertion {
            if form.get("client_assertion_type") != Some(CLIENT_ASSERTION) {
                return Err(Refusal("invalid_request", "unsupported client_assertion_type"));
            }
            let claims = self.verified(assertion, Purpose::Client, &request.origin)?;
            let same = claims.subject == claims.issuer && form.get("client_id").is_none_or(|id| id == claims.issuer);
            return if same { Ok(claims.issuer) } else { Err(Refusal::CLIENT) };
        }
        let id = form.get("client_id").ok_or(Refusal::CLIENT_ID)?;
        let app = self.sessions.apps.get(id).ok_or(Refusal::CLIENT_ID)?;
        match form.get("client_secret") {
            Some(secret) if secret == app.secret => Ok(id.to_owned()),
            None if !secret_needed => Ok(id.to_owned()),
            _ => Err(Refusal::CLIENT),
        }
    }

    /// Whether the request came to a host that serves the logins of all organisations.
    fn at_login_host(&self, request: &Request) -> bool {
        let host = request.origin.rsplit('/').next().unwrap_or_default();
        self.quirks.is_login_host || ["login.salesforce.com", "test.salesforce.com"].contains(&host)
    }

    fn client_credentials(&self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let app = self.client(form, request, true)?;
        if self.at_login_host(request) {
            return Err(Refusal("invalid_grant", "request not supported on this domain"));
        }
        let run_as = self.sessions.apps.get(&app).and_then(|app| app.run_as);
        let user = run_as.ok_or(Refusal("invalid_grant", "no client credentials user enabled"))?;
        Ok(Grant { user, app, family: None, refresh_token: None, signed: true })
    }

    fn password(&self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let app = self.client(form, request, true)?;
        let (name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
        if !self.quirks.password_grant {
            return Err(Refusal::AUTHENTICATION);
        }
        match self.sign_in(name, password) {
            SignIn::Welcome(user) => Ok(Grant { user, app, family: None, refresh_token: None, signed: true }),
            SignIn::Inactive => Err(Refusal::INACTIVE_USER),
            SignIn::Wrong | SignIn::NeedsSecurityToken | SignIn::ApiDisabled => Err(Refusal::AUTHENTICATION),
        }
    }

    fn refresh_token(&mut self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let app = self.client(form, request, self.secret_needed(form))?;
        let token = form.get("refresh_token").unwrap_or_default();
        let refreshed = self.sessions.refresh(token, &app, &self.quirks);
        let refreshed = refreshed.ok_or(Refusal("invalid_grant", "expired access/refresh token"))?;
        let (user, family) = (refreshed.user, Some(refreshed.family));
        Ok(Grant { user, app, family, refresh_token: refreshed.next, signed: true })
    }

    /// Whether the app of this form must prove itself for a refresh or a code.
    fn secret_needed(&self, form: &Form) -> bool {
        let app = form.get("client_id").and_then(|id| self.sessions.apps.get(id));
        app.is_some_and(|app| app.secret_for_refresh)
    }

    fn authorization_code(&mut self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let verifier = form.get("code_verifier");
        let app = self.client(form, request, self.secret_needed(form) && verifier.is_none())?;
        let code = form.get("code").ok_or(Refusal("invalid_request", "missing required parameter: code"))?;
        let spent = self.sessions.spend_code(code, &app, self.now);
        let spent = spent.ok_or(Refusal("invalid_grant", "expired authorization code"))?;
        if form.get("redirect_uri") != Some(&spent.redirect_uri) {
            return Err(Refusal("redirect_uri_mismatch", "redirect_uri must match configuration"));
        }
        let proof = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
        if proof != spent.challenge {
            return Err(Refusal("invalid_grant", "invalid code verifier"));
        }
        let (refresh_token, family) = self.first_refresh_token(spent.user, &app);
        if let Some(family) = family {
            self.sessions.code_led_to(code, family);
        }
        Ok(Grant { user: spent.user, app, family, refresh_token, signed: true })
    }

    /// A refresh token, if the app may have one.
    fn first_refresh_token(&mut self, user: SfId, app: &str) -> (Option<String>, Option<u64>) {
        if !self.sessions.apps.get(app).is_some_and(super::session::App::may_refresh) {
            return (None, None);
        }
        let (token, family) = self.sessions.issue_refresh(user, app);
        (Some(token), Some(family))
    }

    fn jwt_bearer(&self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let missing = Refusal("invalid_request", "missing required parameter: assertion");
        let claims = self.verified(form.get("assertion").ok_or(missing)?, Purpose::User, &request.origin)?;
        let user = self.user_named(&claims.subject).ok_or(Refusal::NOT_APPROVED)?;
        if !self.user_is_active(user) {
            return Err(Refusal::INACTIVE_USER);
        }
        let app = self.sessions.apps.get(&claims.issuer).ok_or(Refusal::CLIENT_ID)?;
        let approved = app.approved.contains(&user);
        match app.approval {
            Approval::Admin if !approved => {
                Err(Refusal("invalid_app_access", "user is not admin approved to access this app"))
            }
            Approval::Themselves if !approved => Err(Refusal::NOT_APPROVED),
            Approval::Themselves if !app.may_refresh() => {
                Err(Refusal("invalid_request", "refresh_token scope is required"))
            }
            _ => Ok(Grant { user, app: claims.issuer, family: None, refresh_token: None, signed: false }),
        }
    }

    fn token_exchange(&mut self, form: &Form, request: &Request) -> Result<Grant, Refusal> {
        let app = self.client(form, request, self.secret_needed(form))?;
        let missing = |what| Refusal("invalid_request", what);
        let token = form.get("subject_token").ok_or(missing("missing required parameter: subject_token"))?;
        if token.len() > LONGEST_SUBJECT_TOKEN {
            return Err(missing("subject_token exceeds the maximum length"));
        }
        let kind = form.get("subject_token_type").ok_or(missing("missing required parameter: subject_token_type"))?;
        let kinds = ["access_token", "refresh_token", "id_token", "saml2", "jwt"];
        if !kind.strip_prefix("urn:ietf:params:oauth:token-type:").is_some_and(|kind| kinds.contains(&kind)) {
            return Err(missing("invalid subject_token_type"));
        }
        let handler = form.get("token_handler").unwrap_or_default();
        let subjects = &self.sessions.subjects;
        if !subjects.keys().any(|(known, _)| known == handler) {
            return Err(Refusal("invalid_request", "token handler not found"));
        }
        let username = subjects.get(&(handler.to_owned(), token.to_owned()));
        let user = username.and_then(|name| self.user_named(name));
        let user = user.ok_or(Refusal("invalid_grant", "subject token is invalid"))?;
        let (refresh_token, family) = self.first_refresh_token(user, &app);
        Ok(Grant { user, app, family, refresh_token, signed: true })
    }

    fn token_answer(&mut self, request: &Request, grant: Grant) -> Reply {
        let token = self.sessions.issue(self.now, grant.user, &grant.app, grant.family);
        self.sessions.user = grant.user;
        let id = self.identity_url(&request.origin);
        let scopes: Vec<String> = self.scopes_of(&grant.app).into_iter().collect();
        let mut answer = json!({
            "access_token": token,
            "scope": scopes.join(" "),
            "instance_url": request.origin,
            "id": id,
            "token_type": "Bearer",
        });
        let mut put = |name: &str, value: String| {
            if let Some(answer) = answer.as_object_mut() {
                answer.insert(name.to_owned(), Json::String(value));
            }
        };
        if grant.signed {
            let issued_at = self.now.timestamp_millis().to_string();
            let secret = self.sessions.apps.get(&grant.app).map(|app| app.secret.as_bytes());
            let signature = hmac_sha256(secret.unwrap_or_default(), format!("{id}{issued_at}").as_bytes());
            put("signature", STANDARD.encode(signature));
            put("issued_at", issued_at);
        }
        if let Some(token) = grant.refresh_token {
            put("refresh_token", token);
        }
        json_reply(StatusCode::OK, &answer)
    }

    /// `/services/oauth2/revoke`.
    pub(crate) fn revoke(&mut self, request: &Request) -> Reply {
        let form = Form::read(request);
        if form.get("token").is_some_and(|token| self.sessions.end(token)) {
            return Reply::empty(StatusCode::OK);
        }
        Refusal("invalid_token", "invalid token").to_reply()
    }

    /// `POST /services/oauth2/introspect`.
    pub(crate) fn introspect(&self, request: &Request) -> Reply {
        let form = Form::read(request);
        let app = match self.client(&form, request, true) {
            Ok(app) => app,
            Err(refusal) => return refusal.to_reply(),
        };
        let token = form.get("token").unwrap_or_default();
        let session = self.sessions.look_up(token, self.now, &self.quirks).filter(|session| session.app == app);
        let answer = session.map_or_else(
            || json!({"active": false}),
            |session| {
                let expires = session.last_used.timestamp() + i64::from(self.quirks.session_timeout_seconds);
                let scopes: Vec<String> = self.scopes_of(&app).into_iter().collect();
                json!({
                    "active": true,
                    "scope": scopes.join(" "),
                    "client_id": app,
                    "sub": format!("{}/id/{}/{}", request.origin, self.fixtures.organization, session.user),
                    "token_type": "access_token",
                    "iat": session.issued.timestamp(),
                    "nbf": session.issued.timestamp(),
                    "exp": expires,
                })
            },
        );
        json_reply(StatusCode::OK, &answer)
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
