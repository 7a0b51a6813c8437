//! Connected apps: what may sign in for whom.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::ids::SfId;

/// The public half of the key that the ready line gives out.
const FIRST_KEY: &str = include_str!("../oauth/demo_key.pub.pem");

/// Who may use an app without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Approval {
    /// Every user.
    Everyone,
    /// Users approve it for themselves, by signing in at the authorize page.
    Themselves,
    /// The users that an administrator has approved.
    Admin,
}

/// A connected app.
pub(crate) struct App {
    pub(crate) secret: String,
    /// The key that its assertions are signed with: an RSA public key, in DER.
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) callbacks: Vec<String>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) approval: Approval,
    /// The users who approved it, or were approved for it.
    pub(crate) approved: BTreeSet<SfId>,
    /// The user of the client credentials flow, which is off without one.
    pub(crate) run_as: Option<SfId>,
    /// Whether a refresh, or the exchange of a code, needs the secret.
    pub(crate) secret_for_refresh: bool,
}

/// Changes of an app, as an administrator makes them; what is left out stays.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AppChanges {
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) public_key: Option<String>,
    pub(crate) callback_urls: Option<Vec<String>>,
    pub(crate) scopes: Option<BTreeSet<String>>,
    pub(crate) approval: Option<Approval>,
    /// User names.
    pub(crate) approved_users: Option<Vec<String>>,
    /// A user name; empty for none.
    pub(crate) run_as: Option<String>,
    pub(crate) secret_for_refresh: Option<bool>,
}

impl App {
    /// The app that exists from the start.
    pub(super) fn first(secret: String, run_as: SfId) -> App {
        let callbacks = [
            "http://localhost:1717/OauthRedirect",
            "http://localhost:8080/callback",
            "http://127.0.0.1:8080/callback",
            "https://login.salesforce.com/services/oauth2/success",
        ];
        App {
            secret,
            key: public_key(FIRST_KEY),
            callbacks: callbacks.map(str::to_owned).to_vec(),
            scopes: ["api", "refresh_token"].map(str::to_owned).into(),
            approval: Approval::Everyone,
            approved: BTreeSet::new(),
            run_as: Some(run_as),
            secret_for_refresh: false,
        }
    }

    /// An app that nobody may use yet.
    pub(crate) fn blank() -> App {
        App {
            secret: String::new(),
            key: None,
            callbacks: Vec::new(),
            scopes: ["api".to_owned()].into(),
            approval: Approval::Themselves,
            approved: BTreeSet::new(),
            run_as: None,
            secret_for_refresh: true,
        }
    }

    /// Whether it may hold on to a session after the user is gone.
    pub(crate) fn may_refresh(&self) -> bool {
        ["refresh_token", "offline_access", "full"].iter().any(|scope| self.scopes.contains(*scope))
    }
}

/// The DER of a public key in PEM (`BEGIN PUBLIC KEY` or `BEGIN RSA PUBLIC KEY`).
pub(crate) fn public_key(pem: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let body = pem.trim().strip_prefix("-----BEGIN ")?.split_once("PUBLIC KEY-----")?.1;
    let body: String = body.split_once("-----END ")?.0.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}
