//! Freshsales (the CRM of the Freshworks suite).
//!
//! Served under `/crm/sales/api` and `/api`: contacts, sales accounts and deals with views, search, lookup, filtered
//! search, upsert, bulk upsert, recycle bin and forgetting; tasks; notes; selectors; field settings; job statuses.
//! What the vendor does not document is a switch in [`Quirks`].
//!
//! Object names for human edits and the call log: `contact`, `sales_account`, `deal`, `task`, `note`.

mod bulk;
mod coerce;
mod draft;
mod errors;
mod fields;
mod human;
mod limits;
mod notes;
mod parts;
mod quirks;
mod render;
mod routes;
mod schema;
mod search;
mod seed;
mod selectors;
mod settings;
mod state;
mod store;
mod tasks;
mod upsert;
mod views;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use quirks::Quirks;

use crate::{Context, Edited, Emulator, HumanEdit, Refusal, Refused, Reply, Request, Vendor, World};
use errors::{Failure, server_error};
use state::State;

/// The emulated Freshsales account.
pub struct Freshsales {
    context: Context,
    state: Mutex<State>,
}

impl Freshsales {
    /// An account without users and records; [`Emulator::seed`] brings them.
    #[must_use]
    pub fn new(context: Context, quirks: Quirks) -> Freshsales {
        let state = Mutex::new(State::new(&context, quirks));
        Freshsales { context, state }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state holds the API key and is not shown.
impl fmt::Debug for Freshsales {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freshsales").finish_non_exhaustive()
    }
}

impl Emulator for Freshsales {
    fn vendor(&self) -> Vendor {
        Vendor::Freshsales
    }

    fn handle(&self, request: &Request) -> Reply {
        self.lock().answer(request, self.context.now())
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Reply {
        match refusal {
            Refusal::RateLimited { retry_after } => Failure::too_many_requests(*retry_after).into_reply(),
            Refusal::QuotaExhausted => Failure::too_many_requests(None).into_reply(),
            Refusal::ExpiredCredentials => routes::sign_in_refusal(request).into_reply(),
            Refusal::ServerError { status } => server_error(*status),
        }
    }

    fn credentials(&self, origin: &str) -> Value {
        json!({ "base_url": format!("{origin}/crm/sales"), "api_key": self.lock().api_key })
    }

    fn seed(&self, view: &World) {
        self.lock().seed(view);
    }

    fn reset(&self) {
        let mut state = self.lock();
        let quirks = state.quirks.clone();
        *state = State::new(&self.context, quirks);
    }

    fn human(&self, edit: &HumanEdit) -> Result<Edited, Refused> {
        self.lock().human(edit, self.context.now())
    }

    fn record(&self, object: &str, id: &str) -> Option<Value> {
        self.lock().shown(object, id.parse().ok()?, self.context.now())
    }

    fn state(&self) -> Value {
        self.lock().store.dump()
    }

    fn quirks(&self) -> Value {
        serde_json::to_value(&self.lock().quirks).unwrap_or_default()
    }

    fn set_quirks(&self, changes: &Value) -> Result<(), String> {
        let mut state = self.lock();
        state.quirks = state.quirks.changed(changes)?;
        Ok(())
    }
}
