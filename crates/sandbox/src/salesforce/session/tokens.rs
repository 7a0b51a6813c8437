//! Access tokens, refresh tokens, authorization codes.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::ids::SfId;
use super::super::quirks::Quirks;
use super::Sessions;

/// The characters of an access token after its `!`.
const TOKEN_CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
/// An authorization code serves for 15 minutes.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(15);

/// A session.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) user: SfId,
    /// The client id of the app that it was given to; empty for a SOAP login.
    pub(crate) app: String,
    /// The refresh tokens that it hangs on.
    pub(crate) family: Option<u64>,
    pub(crate) issued: DateTime<Utc>,
    pub(crate) last_used: DateTime<Utc>,
    pub(crate) ages: bool,
}

/// A refresh token; those that followed from one another form a family.
pub(super) struct RefreshToken {
    pub(super) user: SfId,
    pub(super) app: String,
    pub(super) family: u64,
    pub(super) live: bool,
}

/// What a good refresh token gives.
pub(crate) struct Refreshed {
    pub(crate) user: SfId,
    pub(crate) family: u64,
    /// The new refresh token, when they rotate.
    pub(crate) next: Option<String>,
}

/// What a user approved at the authorize page.
pub(crate) struct Code {
    pub(crate) user: SfId,
    pub(crate) app: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) issued: DateTime<Utc>,
    /// Once used: the family of refresh tokens that it led to.
    pub(crate) used: Option<Option<u64>>,
}

/// A code at its first use.
pub(crate) struct Spent {
    pub(crate) user: SfId,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
}

pub(super) fn random(rng: &mut fastrand::Rng, length: usize) -> String {
    (0..length).map(|_| char::from(rng.choice(TOKEN_CHARACTERS).copied().unwrap_or(b'A'))).collect()
}

impl Sessions {
    /// A new access token: the organisation's 15-character id, `!`, and noise.
    pub(crate) fn issue(&mut self, now: DateTime<Utc>, user: SfId, app: &str, family: Option<u64>) -> String {
        let token = format!("{}!{}", self.organization.short(), random(&mut self.rng, 96));
        let session = AccessToken { user, app: app.to_owned(), family, issued: now, last_used: now, ages: true };
        self.access.insert(token.clone(), session);
        token
    }

    /// A new refresh token, the first of its family.
    pub(crate) fn issue_refresh(&mut self, user: SfId, app: &str) -> (String, u64) {
        let family = self.families;
        self.families += 1;
        (self.next_refresh(user, app, family), family)
    }

    fn next_refresh(&mut self, user: SfId, app: &str, family: u64) -> String {
        let token = format!("5Aep861{}", random(&mut self.rng, 80));
        self.refresh.insert(token.clone(), RefreshToken { user, app: app.to_owned(), family, live: true });
        token
    }

    /// Keeps what a user approved, and gives the code for it.
    pub(crate) fn issue_code(&mut self, code: Code) -> String {
        let text = format!("aPrx{}", random(&mut self.rng, 60));
        self.codes.insert(text.clone(), code);
        text
    }

    /// The live session of a token, untouched.
    pub(crate) fn look_up(&self, token: &str, now: DateTime<Utc>, quirks: &Quirks) -> Option<&AccessToken> {
        let timeout = TimeDelta::seconds(quirks.session_timeout_seconds.into());
        self.access.get(token).filter(|session| !session.ages || now - session.last_used <= timeout)
    }

    /// The user of a live token; using it prolongs its life.
    pub(super) fn admit(&mut self, token: &str, now: DateTime<Utc>, quirks: &Quirks) -> Option<SfId> {
        let user = self.look_up(token, now, quirks).map(|session| session.user);
        match (user, self.access.get_mut(token)) {
            (Some(_), Some(session)) => session.last_used = now,
            (None, Some(_)) => drop(self.access.remove(token)),
            (_, None) => {}
        }
        user
    }

    /// Ends an access token, or a refresh token with the sessions that hang on it. Whether there was one.
    pub(crate) fn end(&mut self, token: &str) -> bool {
        if self.access.remove(token).is_some() {
            return true;
        }
        let family = self.refresh.get(token).filter(|refresh| refresh.live).map(|refresh| refresh.family);
        family.map(|family| self.revoke_family(family)).is_some()
    }

    /// Ends all access tokens but the one that does not age.
    pub(super) fn end_all(&mut self) -> usize {
        let before = self.access.len();
        self.access.retain(|_, session| !session.ages);
        before - self.access.len()
    }

    fn revoke_family(&mut self, family: u64) {
        self.refresh.values_mut().filter(|token| token.family == family).for_each(|token| token.live = false);
        self.access.retain(|_, session| session.family != Some(family));
    }

    /// Uses a refresh token of `app`.
    pub(crate) fn refresh(&mut self, token: &str, app: &str, quirks: &Quirks) -> Option<Refreshed> {
        let found = self.refresh.get_mut(token).filter(|refresh| refresh.app == app)?;
        let (user, family) = (found.user, found.family);
        if !found.live {
            if quirks.rotate_refresh_tokens {
                // A dead token that comes back may have been stolen: the whole family dies.
                self.revoke_family(family);
            }
            return None;
        }
        if !quirks.rotate_refresh_tokens {
            return Some(Refreshed { user, family, next: None });
        }
        found.live = false;
        let app = app.to_owned();
        let next = Some(self.next_refresh(user, &app, family));
        Some(Refreshed { user, family, next })
    }

    /// Uses a code of `app`, once. One that comes back ends what it has led to.
    pub(crate) fn spend_code(&mut self, code: &str, app: &str, now: DateTime<Utc>) -> Option<Spent> {
        let found = self.codes.get_mut(code).filter(|code| code.app == app)?;
        if let Some(led_to) = found.used {
            if let Some(family) = led_to {
                self.revoke_family(family);
            }
            return None;
        }
        found.used = Some(None);
        let spent =
            Spent { user: found.user, redirect_uri: found.redirect_uri.clone(), challenge: found.challenge.clone() };
        (now - found.issued <= CODE_LIFE).then_some(spent)
    }

    /// Remembers what a code has led to.
    pub(crate) fn code_led_to(&mut self, code: &str, family: u64) {
        if let Some(code) = self.codes.get_mut(code) {
            code.used = Some(Some(family));
        }
    }
}
