//! The call log: what was asked of the emulators, and what it changed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Vendor;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// It is new.
    Created,
    /// Some fields were written.
    Updated,
    /// It went to the recycle bin, or away where the vendor has none for its kind.
    Deleted,
    /// It came back from the recycle bin.
    Restored,
    /// It is gone for good.
    Purged,
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// What happened.
    pub action: Action,
    /// The vendor's name of the object (`Contact`, `sales_account`, …).
    pub object: String,
    /// The record's id as text.
    pub id: String,
    /// The fields that the caller wrote, by API name. Derived fields are not listed.
    pub fields: Vec<String>,
}

impl Effect {
    /// An effect that wrote `fields`.
    #[allow(clippy::needless_pass_by_value, reason = "ids come as numbers and as texts")]
    pub fn new(action: Action, object: impl Into<String>, id: impl ToString, fields: Vec<String>) -> Effect {
        Effect { action, object: object.into(), id: id.to_string(), fields }
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Actor {
    /// A call of the vendor's API.
    Api,
    /// A human's edit ([`Sandbox::edit`](crate::Sandbox::edit) and friends, or the admin API).
    Human,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Position in the log, from 0, never reused.
    pub sequence: u64,
    /// When it was answered, by the sandbox's clock.
    pub at: DateTime<Utc>,
    /// Which vendor was called.
    pub vendor: Vendor,
    /// Who acted.
    pub actor: Actor,
    /// HTTP method; `HUMAN` for a human's edit.
    pub method: String,
    /// The path as sent, without the query; the object for a human's edit.
    pub path: String,
    /// The query as sent.
    pub query: Option<String>,
    /// SHA-256 of the request body, in hex; equal bodies have equal digests. The body itself is not kept.
    pub body_digest: Option<String>,
    /// Length of the request body in bytes.
    pub body_bytes: usize,
    /// The status answered; `None` when the connection was dropped instead.
    pub status: Option<u16>,
    /// The injected fault that this call met, by its name.
    pub fault: Option<String>,
    /// What changed, in order. Filled even when a fault hid the answer from the caller.
    pub effects: Vec<Effect>,
}

/// The log of all vendors of one sandbox. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    inner: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    list: Vec<Entry>,
}

impl CallLog {
    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.with(|entries| entries.list.clone())
    }

    /// The entries of one vendor, oldest first.
    #[must_use]
    pub fn of(&self, vendor: Vendor) -> Vec<Entry> {
        self.with(|entries| entries.list.iter().filter(|entry| entry.vendor == vendor).cloned().collect())
    }

    /// How many API calls one vendor has received since the log was last cleared.
    #[must_use]
    pub fn calls(&self, vendor: Vendor) -> usize {
        let api = |entry: &&Entry| entry.vendor == vendor && entry.actor == Actor::Api;
        self.with(|entries| entries.list.iter().filter(api).count())
    }

    /// Every change made to one vendor's records, oldest first.
    #[must_use]
    pub fn effects(&self, vendor: Vendor) -> Vec<Effect> {
        let of_vendor = |entry: &&Entry| entry.vendor == vendor;
        self.with(|entries| entries.list.iter().filter(of_vendor).flat_map(|entry| entry.effects.clone()).collect())
    }

    /// Forgets the entries; sequence numbers go on.
    pub fn clear(&self) {
        self.with(|entries| entries.list.clear());
    }

    /// Appends `entry` under the next sequence number.
    pub(crate) fn push(&self, mut entry: Entry) {
        self.with(|entries| {
            entry.sequence = entries.next;
            entries.next += 1;
            entries.list.push(entry);
        });
    }

    fn with<R>(&self, act: impl FnOnce(&mut Entries) -> R) -> R {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
