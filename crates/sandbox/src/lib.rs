//! The CRM vendors, offline: stateful, strict, deterministic emulators of their HTTP APIs.
//!
//! A [`Sandbox`] holds one account per vendor, a clock, a fault plan and a call log. Its vendors can be called in
//! process (each is an [`axum::Router`]) or over loopback ports ([`Sandbox::serve`], or the `crm-sandbox` binary).
//! Everything that varies is injected: with the same seed, clock and calls, the state is equal to the byte.
//!
//! ```
//! use axum::http::{Request, header};
//! use bytes::Bytes;
//! use sandbox::{Data, Fault, FaultKind, Sandbox, Vendor};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let sandbox = Sandbox::builder().seed(7).data(Data::Empty).build();
//! let key = sandbox.credentials(Vendor::Freshsales)["api_key"].as_str().unwrap().to_owned();
//! let create = || {
//!     Request::post("http://freshsales.sandbox/crm/sales/api/sales_accounts")
//!         .header(header::AUTHORIZATION, format!("Token token={key}"))
//!         .header(header::ACCEPT, "application/json")
//!         .header(header::CONTENT_TYPE, "application/json")
//!         .body(Bytes::from(r#"{"sales_account":{"name":"Analytical Engines"}}"#))
//!         .unwrap()
//! };
//!
//! // The write happens, then the connection is lost: the caller cannot know.
//! sandbox.faults().inject(Vendor::Freshsales, Fault::next(FaultKind::ResetAfter));
//! assert!(sandbox::send(sandbox.freshsales(), create()).await.is_err());
//!
//! // Repeating it meets the vendor's own rule about names.
//! let answer = sandbox::send(sandbox.freshsales(), create()).await.unwrap();
//! assert_eq!(answer.status(), 400);
//! assert_eq!(sandbox.log().effects(Vendor::Freshsales).len(), 1);
//! # });
//! ```
//!
//! # Several accounts
//! One `Sandbox` is one account at each vendor; sandboxes are independent, so build one per account.

mod admin;
mod clock;
pub mod data;
mod emulator;
mod fault;
mod frame;
pub mod freshsales;
mod log;
pub mod salesforce;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, TimeZone as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use clock::Clock;
pub use data::World;
pub use emulator::{Context, Edited, Emulator, HumanEdit, Refusal, Refused, Reply, Request};
pub use fault::{Fault, FaultKind, Faults, Matcher, Rate};
pub use frame::{ConnectionReset, send};
pub use log::{Action, Actor, CallLog, Effect, Entry};
#[doc(hidden)]
pub use salesforce::fuzzing;
pub use server::Running;

use frame::Frame;

/// A vendor that the sandbox emulates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Vendor {
    /// Salesforce.
    Salesforce,
    /// Freshsales (Freshworks CRM).
    Freshsales,
}

impl Vendor {
    /// All vendors, in the order of their ports.
    pub const ALL: [Vendor; 2] = [Vendor::Salesforce, Vendor::Freshsales];

    /// The name in URLs, logs and the ready line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Vendor::Salesforce => "salesforce",
            Vendor::Freshsales => "freshsales",
        }
    }

    /// The origin that in-process callers use.
    #[must_use]
    pub fn default_origin(self) -> String {
        format!("http://{}.sandbox", self.name())
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(text: &str) -> Result<Vendor, String> {
        Vendor::ALL
            .into_iter()
            .find(|vendor| vendor.name() == text)
            .ok_or_else(|| format!("unknown vendor {text:?}; known are salesforce and freshsales"))
    }
}

/// What a new sandbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Data {
    /// The demo world of [`data::World`], one part of it at each vendor.
    #[default]
    Demo,
    /// Users, pipelines and settings only.
    Empty,
}

/// One account per vendor, and the world around them. Clones share it.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    seed: u64,
    scale: u32,
    data: Data,
    start: DateTime<Utc>,
    clock: Clock,
    faults: Faults,
    log: CallLog,
    /// Also one of the emulators; its events are reached beside the frame.
    salesforce: Arc<salesforce::Salesforce>,
    emulators: BTreeMap<Vendor, Arc<dyn Emulator>>,
}

/// Builds a [`Sandbox`].
#[derive(Debug, Clone)]
pub struct SandboxBuilder {
    seed: u64,
    scale: u32,
    data: Data,
    clock: Option<Clock>,
    freshsales: freshsales::Quirks,
    salesforce: salesforce::Quirks,
}

impl SandboxBuilder {
    /// The seed of ids, demo data, credentials and fault dice. Default 1.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// What it holds at the start. Default [`Data::Demo`].
    #[must_use]
    pub fn data(self, data: Data) -> Self {
        Self { data, ..self }
    }

    /// Multiplies the amount of demo data. Default 1, which is a few thousand records; 0 counts as 1.
    #[must_use]
    pub fn scale(self, scale: u32) -> Self {
        Self { scale: scale.max(1), ..self }
    }

    /// The clock. Default: a [manual](Clock::manual) one that stands at 2025-06-02T09:00:00Z.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// The switches for Freshsales' undocumented behaviour.
    #[must_use]
    pub fn freshsales_quirks(self, quirks: freshsales::Quirks) -> Self {
        Self { freshsales: quirks, ..self }
    }

    /// The switches for Salesforce's org settings and undocumented behaviour.
    #[must_use]
    pub fn salesforce_quirks(self, quirks: salesforce::Quirks) -> Self {
        Self { salesforce: quirks, ..self }
    }

    /// Builds it and fills in the data.
    #[must_use]
    pub fn build(self) -> Sandbox {
        let clock = self.clock.unwrap_or_else(|| Clock::manual(default_start()));
        let context = |vendor| Context { vendor, clock: clock.clone(), seed: self.seed };
        let salesforce = Arc::new(salesforce::Salesforce::new(context(Vendor::Salesforce), self.salesforce));
        let freshsales = freshsales::Freshsales::new(context(Vendor::Freshsales), self.freshsales);
        let all: [Arc<dyn Emulator>; 2] = [Arc::clone(&salesforce) as _, Arc::new(freshsales)];
        let inner = Inner {
            seed: self.seed,
            scale: self.scale,
            data: self.data,
            start: clock.now(),
            clock,
            faults: Faults::new(self.seed),
            log: CallLog::default(),
            salesforce,
            emulators: all.into_iter().map(|emulator| (emulator.vendor(), emulator)).collect(),
        };
        let sandbox = Sandbox { inner: Arc::new(inner) };
        sandbox.fill();
        sandbox
    }
}

fn default_start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 2, 9, 0, 0).single().unwrap_or_default()
}

impl Sandbox {
    /// Starts building one.
    #[must_use]
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            seed: 1,
            scale: 1,
            data: Data::default(),
            clock: None,
            freshsales: freshsales::Quirks::default(),
            salesforce: salesforce::Quirks::default(),
        }
    }

    /// Salesforce, to be called in process with [`send`].
    pub fn salesforce(&self) -> Router {
        self.router(Vendor::Salesforce)
    }

    /// Freshsales, to be called in process with [`send`].
    pub fn freshsales(&self) -> Router {
        self.router(Vendor::Freshsales)
    }

    /// Salesforce's Pub/Sub API, to be called in process by a gRPC client, or served over HTTP/2.
    #[cfg(feature = "pubsub")]
    pub fn salesforce_pubsub(&self) -> Router {
        let Inner { salesforce, log, clock, .. } = &*self.inner;
        salesforce.pubsub(log.clone(), clock.clone())
    }

    /// Control over Salesforce's change events, platform events and outbound messages.
    #[must_use]
    pub fn salesforce_events(&self) -> salesforce::Events {
        salesforce::Events { salesforce: Arc::clone(&self.inner.salesforce) }
    }

    /// The admin API, `/_sandbox/...`.
    pub fn admin(&self) -> Router {
        admin::router(self.clone())
    }

    /// One vendor, to be called in process with [`send`].
    pub fn router(&self, vendor: Vendor) -> Router {
        let Some(emulator) = self.inner.emulators.get(&vendor) else {
            return Router::new();
        };
        let frame = Frame {
            emulator: Arc::clone(emulator),
            clock: self.inner.clock.clone(),
            faults: self.inner.faults.clone(),
            log: self.inner.log.clone(),
        };
        frame.router()
    }

    /// What a caller needs to reach a vendor in process; the same object as in the binary's ready line.
    #[must_use]
    pub fn credentials(&self, vendor: Vendor) -> Value {
        self.credentials_at(vendor, &vendor.default_origin())
    }

    /// What a caller needs to reach a vendor under `origin` (`http://host:port`).
    #[must_use]
    pub fn credentials_at(&self, vendor: Vendor, origin: &str) -> Value {
        self.emulator(vendor).map_or(Value::Null, |emulator| emulator.credentials(origin))
    }

    /// The clock that all vendors share.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The fault plan.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The call log.
    #[must_use]
    pub fn log(&self) -> &CallLog {
        &self.inner.log
    }

    /// The seed it was built with.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.inner.seed
    }

    /// Does what a human does in a vendor's user interface.
    ///
    /// # Errors
    /// The answer that the vendor's API gives to the same write.
    pub fn human(&self, vendor: Vendor, edit: &HumanEdit) -> Result<Edited, Refused> {
        let Some(emulator) = self.emulator(vendor) else {
            return Err(Refused::new(404, Value::String(format!("{vendor} is not emulated"))));
        };
        let result = emulator.human(edit);
        let (status, effects) = match &result {
            Ok(edited) => (200, edited.effects.clone()),
            Err(refused) => (refused.status, Vec::new()),
        };
        self.inner.log.push(Entry {
            sequence: 0,
            at: self.inner.clock.now(),
            vendor,
            actor: Actor::Human,
            method: "HUMAN".to_owned(),
            path: edit.object().to_owned(),
            query: None,
            body_digest: None,
            body_bytes: 0,
            status: Some(status),
            fault: None,
            effects,
        });
        result
    }

    /// Creates a record as a human would. `fields` is as in an API write, without envelope.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn create(&self, vendor: Vendor, object: &str, fields: Value) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Create { object: object.to_owned(), fields })
    }

    /// Writes some fields as a human would.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn edit(&self, vendor: Vendor, object: &str, id: &str, fields: Value) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Edit { object: object.to_owned(), id: id.to_owned(), fields })
    }

    /// Deletes a record as a human would.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn delete(&self, vendor: Vendor, object: &str, id: &str) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Delete { object: object.to_owned(), id: id.to_owned() })
    }

    /// Takes a record out of the recycle bin as a human would.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn restore(&self, vendor: Vendor, object: &str, id: &str) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Restore { object: object.to_owned(), id: id.to_owned() })
    }

    /// Removes a record for good as a human would.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn purge(&self, vendor: Vendor, object: &str, id: &str) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Purge { object: object.to_owned(), id: id.to_owned() })
    }

    /// Merges other records into one as a human would, where the vendor can (Salesforce).
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn merge(&self, vendor: Vendor, object: &str, id: &str, losers: &[&str]) -> Result<Edited, Refused> {
        let losers = losers.iter().map(|&loser| loser.to_owned()).collect();
        let (object, id) = (object.to_owned(), id.to_owned());
        self.human(vendor, &HumanEdit::Merge { object, id, losers, fields: Value::Null })
    }

    /// Writes some fields as the vendor's own automation does, where the vendor tells the two apart (Salesforce:
    /// only `SystemModstamp` moves).
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn automate(&self, vendor: Vendor, object: &str, id: &str, fields: Value) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Automation { object: object.to_owned(), id: id.to_owned(), fields })
    }

    /// Holds a record as another transaction would, where the vendor locks what it writes (Salesforce): the next
    /// `writes` writes of it, and those that make something belong to it, are refused as locked.
    ///
    /// # Errors
    /// See [`human`](Sandbox::human).
    pub fn hold(&self, vendor: Vendor, object: &str, id: &str, writes: u32) -> Result<Edited, Refused> {
        self.human(vendor, &HumanEdit::Hold { object: object.to_owned(), id: id.to_owned(), writes })
    }

    /// One record as the vendor shows it in full, deleted ones included.
    #[must_use]
    pub fn record(&self, vendor: Vendor, object: &str, id: &str) -> Option<Value> {
        self.emulator(vendor)?.record(object, id)
    }

    /// Everything a vendor holds; equal states print equally.
    #[must_use]
    pub fn state(&self, vendor: Vendor) -> Value {
        self.emulator(vendor).map_or(Value::Null, |emulator| emulator.state())
    }

    /// A vendor's switches for undocumented behaviour.
    #[must_use]
    pub fn quirks(&self, vendor: Vendor) -> Value {
        self.emulator(vendor).map_or(Value::Null, |emulator| emulator.quirks())
    }

    /// Does what an administrator does in a vendor's setup pages; see the admin API's `setup`.
    ///
    /// # Errors
    /// A sentence that names the unknown action or the wrong value.
    pub fn setup(&self, vendor: Vendor, action: &str, with: &Value) -> Result<Value, String> {
        let emulator = self.emulator(vendor).ok_or_else(|| format!("{vendor} is not emulated"))?;
        emulator.setup(action, with)
    }

    /// Changes what objects and fields a vendor's account has, as an administrator does while others work: the body of
    /// `POST /_sandbox/{vendor}/schema`. Only Salesforce takes changes: `{"change": "add_field", "object": "Contact",
    /// "field": {"name": "Size__c", "type": "picklist", "values": ["S", "L"]}}`, and `add_object`, `change_field`,
    /// `add_picklist_value`, `remove_picklist_value`, `set_field_visible`, `remove_field`.
    ///
    /// # Errors
    /// A sentence that says why the change makes no sense.
    pub fn alter_schema(&self, vendor: Vendor, change: &Value) -> Result<(), String> {
        let emulator = self.emulator(vendor).ok_or_else(|| format!("{vendor} is not emulated"))?;
        emulator.alter_schema(change)
    }

    /// Changes some switches of a vendor.
    ///
    /// # Errors
    /// A sentence that names the unknown switch or the wrong value.
    pub fn set_quirks(&self, vendor: Vendor, changes: &Value) -> Result<(), String> {
        let emulator = self.emulator(vendor).ok_or_else(|| format!("{vendor} is not emulated"))?;
        emulator.set_quirks(changes)
    }

    /// Back to the start: data as built, time as built, no faults, empty log.
    pub fn reset(&self) {
        self.inner.clock.set(self.inner.start);
        for (vendor, emulator) in &self.inner.emulators {
            emulator.reset();
            self.inner.faults.clear(*vendor);
        }
        self.inner.log.clear();
        self.fill();
    }

    fn fill(&self) {
        let world = match self.inner.data {
            Data::Demo => World::generate(self.inner.seed, self.inner.scale, self.inner.start),
            Data::Empty => World::users_only(self.inner.seed),
        };
        for (vendor, emulator) in &self.inner.emulators {
            emulator.seed(&world.view(*vendor));
        }
    }

    fn emulator(&self, vendor: Vendor) -> Option<&Arc<dyn Emulator>> {
        self.inner.emulators.get(&vendor)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { seed, data, scale, .. } = &*self.inner;
        f.debug_struct("Sandbox").field("seed", seed).field("data", data).field("scale", scale).finish_non_exhaustive()
    }
}

/// Mixes a seed with names into a new seed (FNV-1a, then a final avalanche).
pub(crate) fn mix(seed: u64, names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in names.iter().flat_map(|name| name.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}
