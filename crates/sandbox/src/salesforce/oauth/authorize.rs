//! The authorize page: a user lets an app in, and is sent back to it with a code.

use axum::http::{HeaderValue, Method, StatusCode, header};

use super::super::ids::SfId;
use super::super::org::Org;
use super::super::session::{Code, SignIn};
use super::Form;
use crate::{Reply, Request};

/// Parameters that may come with a request and do not matter here.
const SHOWN_ON_THE_FORM: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "prompt",
];

/// A page of the login host; it has no way back to the app.
fn page(error: &str, description: &str) -> Reply {
    let description = url::form_urlencoded::byte_serialize(description.as_bytes()).collect::<String>();
    let body = format!("<html><body>error={error}&amp;error_description={description}</body></html>");
    Reply::text(StatusCode::BAD_REQUEST, "text/html;charset=UTF-8", body)
}

fn redirect(to: &str, pairs: &[(&str, &str)]) -> Reply {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = if to.contains('?') { '&' } else { '?' };
    let mut reply = Reply::empty(StatusCode::FOUND);
    match HeaderValue::try_from(format!("{to}{joint}{query}")) {
        Ok(location) => {
            reply.headers.insert(header::LOCATION, location);
            reply
        }
        Err(_) => page("redirect_uri_mismatch", "redirect_uri must match configuration"),
    }
}

/// The form that asks who is there.
fn login_form(form: &Form, wrong: bool) -> Reply {
    let mut hidden = String::new();
    for name in SHOWN_ON_THE_FORM {
        if let Some(value) = form.get(name) {
            let value = quick_xml::escape::escape(value);
            hidden.push_str(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
        }
    }
    let complaint = if wrong { "<p>Please check your username and password.</p>" } else { "" };
    let body = format!(
        "<html><head><title>Login</title></head><body>{complaint}<form method=\"post\" action=\"/services/oauth2/authorize\">\
         {hidden}<input name=\"username\"><input name=\"password\" type=\"password\"><button>Log In</button>\
         <button name=\"deny\" value=\"true\">Deny</button></form></body></html>"
    );
    Reply::text(StatusCode::OK, "text/html;charset=UTF-8", body)
}

impl Org {
    /// `/services/oauth2/authorize`. The demo user approves at once while the quirk says so; else a login form asks.
    pub(crate) fn authorize(&mut self, request: &Request) -> Reply {
        if ![Method::GET, Method::POST].contains(&request.method) {
            return Reply::empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let form = Form::read(request);
        let client_id = form.get("client_id").unwrap_or_default();
        let Some(app) = self.sessions.apps.get(client_id) else {
            return page("invalid_client_id", "client identifier invalid");
        };
        let callback = form.get("redirect_uri").unwrap_or_default();
        if !app.callbacks.iter().any(|known| known == callback) {
            return page("redirect_uri_mismatch", "redirect_uri must match configuration");
        }
        let state = form.get("state");
        let back = |pairs: &[(&'static str, &str)]| {
            let pairs: Vec<(&str, &str)> = pairs.iter().copied().chain(state.map(|state| ("state", state))).collect();
            redirect(callback, &pairs)
        };
        if form.get("response_type") != Some("code") {
            let words = "response type not supported";
            return back(&[("error", "unsupported_response_type"), ("error_description", words)]);
        }
        let challenge = form.get("code_challenge");
        if challenge.is_some() && form.get("code_challenge_method").is_some_and(|method| method != "S256") {
            let words = "unsupported code_challenge_method";
            return back(&[("error", "invalid_request"), ("error_description", words)]);
        }
        if form.get("deny").is_some() {
            return back(&[("error", "access_denied"), ("error_description", "end-user denied authorization")]);
        }
        let user: SfId = match (form.get("username"), self.quirks.approve_at_once) {
            (Some(name), _) => match self.sign_in(name, form.get("password").unwrap_or_default()) {
                // A person at the page is asked for more than a password only elsewhere.
                SignIn::Welcome(user) => user,
                SignIn::NeedsSecurityToken => match self.user_named(name) {
                    Some(user) => user,
                    None => return login_form(&form, true),
                },
                _ => return login_form(&form, true),
            },
            (None, true) => self.fixtures.integration_user,
            (None, false) => return login_form(&form, false),
        };
        let code = self.sessions.issue_code(Code {
            user,
            app: client_id.to_owned(),
            redirect_uri: callback.to_owned(),
            challenge: challenge.map(str::to_owned),
            issued: self.now,
            used: None,
        });
        if let Some(app) = self.sessions.apps.get_mut(client_id) {
            app.approved.insert(user);
        }
        back(&[("code", &code)])
    }
}
