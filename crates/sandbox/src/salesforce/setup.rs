//! What an administrator does in the setup pages: apps, passwords, sessions.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::org::Org;
use super::session::{App, AppChanges, Password, public_key};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    username: String,
    password: String,
    #[serde(default)]
    security_token: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expiry {
    /// All of them where none is named.
    access_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    token_handler: String,
    subject_token: String,
    username: String,
}

fn read<T: serde::de::DeserializeOwned>(with: &Json) -> Result<T, String> {
    let with = if with.is_null() { json!({}) } else { with.clone() };
    serde_json::from_value(with).map_err(|error| error.to_string())
}

impl Org {
    /// Carries out one action of an administrator.
    pub(crate) fn setup(&mut self, action: &str, with: &Json) -> Result<Json, String> {
        match action {
            "connected_app" => self.change_app(read(with)?),
            "password" => {
                let change: PasswordChange = read(with)?;
                self.must_know(&change.username)?;
                let secrets = Password { password: change.password, security_token: change.security_token };
                self.sessions.passwords.insert(change.username.to_ascii_lowercase(), secrets);
                Ok(json!({"username": change.username}))
            }
            "expire_sessions" => {
                let expiry: Expiry = read(with)?;
                Ok(json!({"ended": self.expire_sessions(expiry.access_token.as_deref())}))
            }
            "subject_token" => {
                let subject: Subject = read(with)?;
                self.must_know(&subject.username)?;
                self.sessions.subjects.insert((subject.token_handler, subject.subject_token), subject.username);
                Ok(json!({"subjects": self.sessions.subjects.len()}))
            }
            _ => Err(format!(
                "unknown action {action:?}; known are connected_app, password, expire_sessions and subject_token"
            )),
        }
    }

    fn must_know(&self, username: &str) -> Result<super::SfId, String> {
        self.user_named(username).ok_or_else(|| format!("there is no user {username:?}"))
    }

    /// Changes an app, or registers a new one under a client id that is not known yet.
    fn change_app(&mut self, changes: AppChanges) -> Result<Json, String> {
        let client_id = changes.client_id.unwrap_or_else(|| self.sessions.credentials.client_id.clone());
        let key = match &changes.public_key {
            Some(pem) => Some(public_key(pem).ok_or("public_key must be a public key in PEM")?),
            None => None,
        };
        let approved = changes.approved_users.map(|names| names.iter().map(|name| self.must_know(name)).collect());
        let approved = approved.transpose()?;
        let run_as = match changes.run_as.as_deref() {
            Some("") => Some(None),
            Some(name) => Some(Some(self.must_know(name)?)),
            None => None,
        };
        let app = self.sessions.apps.entry(client_id.clone()).or_insert_with(App::blank);
        app.key = key.or_else(|| app.key.take());
        if let Some(secret) = changes.client_secret {
            app.secret = secret;
        }
        if let Some(callbacks) = changes.callback_urls {
            app.callbacks = callbacks;
        }
        if let Some(scopes) = changes.scopes {
            app.scopes = scopes;
        }
        if let Some(approval) = changes.approval {
            app.approval = approval;
        }
        if let Some(approved) = approved {
            app.approved = approved;
        }
        if let Some(run_as) = run_as {
            app.run_as = run_as;
        }
        if let Some(needed) = changes.secret_for_refresh {
            app.secret_for_refresh = needed;
        }
        Ok(json!({"client_id": client_id}))
    }
}
