//! Who may sign in, by which app, and the tokens given out.

mod apps;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use super::ids::SfId;
use super::org::Org;
use crate::Context;
pub(crate) use apps::{App, AppChanges, Approval, public_key};
pub(crate) use tokens::Code;
use tokens::{AccessToken, RefreshToken, random};

/// What the ready line names.
pub(crate) struct Credentials {
    /// The app that exists from the start.
    pub(crate) client_id: String,
    pub(crate) username: String,
    /// An access token that does not age.
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// A user's secrets.
pub(crate) struct Password {
    pub(crate) password: String,
    pub(crate) security_token: String,
}

/// What a name and a password lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    Welcome(SfId),
    /// No such user, or a wrong password.
    Wrong,
    /// The user was deactivated.
    Inactive,
    /// The password is right, but the caller's address is not trusted.
    NeedsSecurityToken,
    /// The organisation has no API.
    ApiDisabled,
}

/// The apps, passwords and tokens of the organisation.
pub(crate) struct Sessions {
    pub(crate) credentials: Credentials,
    organization: SfId,
    /// The user of the request in hand.
    pub(crate) user: SfId,
    rng: fastrand::Rng,
    pub(crate) apps: BTreeMap<String, App>,
    /// By user name in lower case.
    pub(crate) passwords: BTreeMap<String, Password>,
    /// What a token handler makes of another system's token: the user, by handler and token.
    pub(crate) subjects: BTreeMap<(String, String), String>,
    access: BTreeMap<String, AccessToken>,
    refresh: BTreeMap<String, RefreshToken>,
    codes: BTreeMap<String, Code>,
    families: u64,
}

/// Secrets are not shown.
impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("access", &self.access.len()).finish_non_exhaustive()
    }
}

impl Sessions {
    pub(crate) fn new(context: &Context, organization: SfId, user: SfId) -> Sessions {
        let mut rng = context.rng("salesforce tokens");
        let plain = |rng: &mut fastrand::Rng, length| random(rng, length).replace(['.', '_'], "x");
        let client_id = format!("3MVG9{}", random(&mut rng, 80));
        let client_secret = plain(&mut rng, 64).to_ascii_uppercase();
        let password = Password { password: plain(&mut rng, 16), security_token: plain(&mut rng, 24) };
        let credentials = Credentials {
            client_id: client_id.clone(),
            username: "integration@crmkit.example".to_owned(),
            access_token: format!("{}!{}", organization.short(), random(&mut rng, 96)),
            refresh_token: format!("5Aep861{}", random(&mut rng, 80)),
        };
        let now = context.now();
        let standing =
            AccessToken { user, app: client_id.clone(), family: None, issued: now, last_used: now, ages: false };
        let first = RefreshToken { user, app: client_id.clone(), family: 0, live: true };
        Sessions {
            apps: BTreeMap::from([(client_id, App::first(client_secret, user))]),
            passwords: BTreeMap::from([(credentials.username.clone(), password)]),
            subjects: BTreeMap::new(),
            access: BTreeMap::from([(credentials.access_token.clone(), standing)]),
            refresh: BTreeMap::from([(credentials.refresh_token.clone(), first)]),
            codes: BTreeMap::new(),
            families: 1,
            credentials,
            organization,
            user,
            rng,
        }
    }
}

impl Org {
    /// The user of this name; case does not matter.
    pub(crate) fn user_named(&self, username: &str) -> Option<SfId> {
        let users = self.schema.find("User")?;
        let definition = self.schema.object(users);
        let mut rows = self.store.rows(users).filter(|row| !row.is_deleted());
        let named = rows.find(|row| {
            row.get(definition, "Username").as_text().is_some_and(|name| name.eq_ignore_ascii_case(username))
        });
        named.map(|row| row.id)
    }

    /// Whether a user may still sign in.
    pub(crate) fn user_is_active(&self, user: SfId) -> bool {
        let users = self.schema.find("User");
        let row = users.and_then(|users| Some((self.schema.object(users), self.store.get(users, user)?)));
        row.is_some_and(|(definition, row)| row.get(definition, "IsActive").is_true())
    }

    /// Signs a user in. From an address that is not trusted the security token must follow the password.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> SignIn {
        let secrets = self.sessions.passwords.get(&username.to_ascii_lowercase());
        let (Some(secrets), Some(user)) = (secrets, self.user_named(username)) else {
            return SignIn::Wrong;
        };
        let plain = password == secrets.password;
        if !plain && password.strip_prefix(secrets.password.as_str()) != Some(&secrets.security_token) {
            return SignIn::Wrong;
        }
        if !self.user_is_active(user) {
            SignIn::Inactive
        } else if !self.quirks.api_enabled {
            SignIn::ApiDisabled
        } else if plain && !self.quirks.trusted_address {
            SignIn::NeedsSecurityToken
        } else {
            SignIn::Welcome(user)
        }
    }

    /// The session that the token opens for the request in hand, if it is live; its user acts from now on.
    pub(crate) fn admit(&mut self, token: &str) -> bool {
        let Some(user) = self.sessions.admit(token, self.now, &self.quirks) else {
            return false;
        };
        if !self.user_is_active(user) {
            return false;
        }
        self.sessions.user = user;
        true
    }

    /// Ends access tokens, as an administrator does: all, or the one named. How many there were.
    pub(crate) fn expire_sessions(&mut self, token: Option<&str>) -> usize {
        match token {
            Some(token) => usize::from(self.sessions.end(token)),
            None => self.sessions.end_all(),
        }
    }

    /// The names of the scopes that an app gives.
    pub(crate) fn scopes_of(&self, app: &str) -> BTreeSet<String> {
        self.sessions.apps.get(app).map(|app| app.scopes.clone()).unwrap_or_default()
    }
}
