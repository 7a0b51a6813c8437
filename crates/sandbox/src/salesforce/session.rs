//! Credentials and the tokens given out for them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::SfId;
use super::quirks::Quirks;
use crate::Context;

/// The characters of an access token after its `!`.
const TOKEN_CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/// What a caller signs in with.
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) security_token: String,
    /// An access token that does not age.
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// The credentials of the organisation and all live tokens.
pub(crate) struct Sessions {
    pub(crate) credentials: Credentials,
    organization: SfId,
    pub(crate) user: SfId,
    rng: fastrand::Rng,
    access: BTreeMap<String, Session>,
    /// Refresh tokens that were ever handed out, and whether they still work. With rotation they form one family.
    refresh: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, Copy)]
struct Session {
    last_used: DateTime<Utc>,
    ages: bool,
}

/// Secrets are not shown.
impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("access", &self.access.len()).finish_non_exhaustive()
    }
}

fn random(rng: &mut fastrand::Rng, length: usize) -> String {
    (0..length).map(|_| char::from(rng.choice(TOKEN_CHARACTERS).copied().unwrap_or(b'A'))).collect()
}

impl Sessions {
    pub(crate) fn new(context: &Context, organization: SfId, user: SfId) -> Sessions {
        let mut rng = context.rng("salesforce tokens");
        let plain = |rng: &mut fastrand::Rng, length| random(rng, length).replace(['.', '_'], "x");
        let credentials = Credentials {
            client_id: format!("3MVG9{}", random(&mut rng, 80)),
            client_secret: plain(&mut rng, 64).to_ascii_uppercase(),
            username: "integration@crmkit.example".to_owned(),
            password: plain(&mut rng, 16),
            security_token: plain(&mut rng, 24),
            access_token: format!("{}!{}", organization.short(), random(&mut rng, 96)),
            refresh_token: format!("5Aep861{}", random(&mut rng, 80)),
        };
        let session = Session { last_used: context.now(), ages: false };
        Sessions {
            access: BTreeMap::from([(credentials.access_token.clone(), session)]),
            refresh: BTreeMap::from([(credentials.refresh_token.clone(), true)]),
            credentials,
            organization,
            user,
            rng,
        }
    }

    /// A new access token: the organisation's 15-character id, `!`, and noise.
    pub(crate) fn issue(&mut self, now: DateTime<Utc>) -> String {
        let token = format!("{}!{}", self.organization.short(), random(&mut self.rng, 96));
        self.access.insert(token.clone(), Session { last_used: now, ages: true });
        token
    }

    /// Whether the token is live; using it prolongs its life.
    pub(crate) fn admits(&mut self, token: &str, now: DateTime<Utc>, quirks: &Quirks) -> bool {
        let timeout = TimeDelta::seconds(quirks.session_timeout_seconds.into());
        match self.access.get_mut(token) {
            Some(session) if session.ages && now - session.last_used > timeout => {
                self.access.remove(token);
                false
            }
            Some(session) => {
                session.last_used = now;
                true
            }
            None => false,
        }
    }

    /// Ends an access token, or a refresh token. Whether there was one.
    pub(crate) fn end(&mut self, token: &str) -> bool {
        let access = self.access.remove(token).is_some();
        let refresh = self.refresh.get_mut(token).is_some_and(|live| std::mem::replace(live, false));
        access || refresh
    }

    /// Uses a refresh token. The inner value is the new refresh token when they rotate.
    pub(crate) fn refresh(&mut self, token: &str, quirks: &Quirks) -> Option<Option<String>> {
        match self.refresh.get_mut(token) {
            Some(true) if !quirks.rotate_refresh_tokens => Some(None),
            Some(live @ true) => {
                *live = false;
                let next = format!("5Aep861{}", random(&mut self.rng, 80));
                self.refresh.insert(next.clone(), true);
                Some(Some(next))
            }
            Some(false) if quirks.rotate_refresh_tokens => {
                // A dead token that comes back may have been stolen: the whole family dies.
                self.refresh.values_mut().for_each(|live| *live = false);
                None
            }
            _ => None,
        }
    }
}
