//! The state of one organisation.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};

use super::bulk::Bulk;
use super::cursors::Cursors;
use super::errors::{ApiError, Failure};
use super::events::{Bus, Cause, Cometd, Held, Messages};
use super::ids::SfId;
use super::locks::Locks;
use super::quirks::Quirks;
use super::rules::DuplicateHeader;
use super::schema::{Object, ObjectIndex, Schema};
use super::session::Sessions;
use super::store::{Mark, Row, Store};
use super::usage::Usage;
use super::value::Value;
use crate::{Action, Context, Effect};

/// Who writes a record, and so whose name and which stamps the record gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) user: SfId,
    /// Done by the platform itself (workflow, cascade, merge): only `SystemModstamp` moves.
    pub(crate) automation: bool,
}

/// The users and settings that exist before any data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixtures {
    pub(crate) organization: SfId,
    /// The user of the API tokens.
    pub(crate) integration_user: SfId,
    /// The user who acts when a human edits.
    pub(crate) human_user: SfId,
}

/// One organisation: records, sessions, counters, and the time of the request in hand.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) schema: Arc<Schema>,
    pub(crate) store: Store,
    pub(crate) quirks: Quirks,
    pub(crate) fixtures: Fixtures,
    pub(crate) sessions: Sessions,
    pub(crate) usage: Usage,
    pub(crate) cursors: Cursors,
    pub(crate) locks: Locks,
    /// What the request in hand says about duplicate rules.
    pub(crate) duplicate_header: DuplicateHeader,
    /// Posts made by actions.
    pub(crate) posts: u64,
    pub(crate) bulk: Bulk,
    /// What is told to subscribers.
    pub(crate) bus: Bus,
    /// Who listens to the bus over the Streaming API.
    pub(crate) cometd: Cometd,
    /// What is sent to addresses.
    pub(crate) messages: Messages,
    /// Platform events that are published when their request has succeeded.
    pub(crate) held_events: Vec<Held>,
    /// What the request in hand has changed so far.
    pub(crate) effects: Vec<Effect>,
    /// The time of the request in hand; stamps have whole seconds.
    pub(crate) now: DateTime<Utc>,
    /// When the organisation was set up.
    pub(crate) born: DateTime<Utc>,
    /// When the schema last changed.
    pub(crate) schema_changed: DateTime<Utc>,
    /// How often it has changed.
    pub(crate) schema_edits: u32,
}

/// A point to which a failed write goes back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Savepoint {
    mark: Mark,
    effects: usize,
    held_events: usize,
}

impl Org {
    /// An organisation with users, stages and statuses, but without customers.
    pub(crate) fn new(context: &Context, quirks: Quirks) -> Org {
        let schema = Arc::new(Schema::standard());
        let first_number = context.rng("salesforce ids").u64(1_000_000..900_000_000);
        let mut store = Store::new(Arc::clone(&schema), first_number);
        let now = context.now().trunc_subsecs(0);
        let fixtures = super::fixtures::create(&schema, &mut store, now);
        let sessions = Sessions::new(context, fixtures.organization, fixtures.integration_user);
        Org {
            schema,
            store,
            quirks,
            fixtures,
            sessions,
            usage: Usage::default(),
            cursors: Cursors::new(),
            locks: Locks::default(),
            duplicate_header: DuplicateHeader::default(),
            posts: 0,
            bulk: Bulk::new(context.rng("salesforce bulk")),
            bus: Bus::new(context),
            cometd: Cometd::default(),
            messages: Messages::default(),
            held_events: Vec::new(),
            effects: Vec::new(),
            now,
            born: now,
            schema_changed: now,
            schema_edits: 0,
        }
    }

    /// Sets the time for the request in hand, and does what was due by then.
    pub(crate) fn tick(&mut self, now: DateTime<Utc>) {
        self.now = now.trunc_subsecs(0);
        self.effects.clear();
        self.store.purge_expired(self.now);
        self.bus.expire(self.now);
        self.tick_bulk();
        // What jobs have written on their own.
        let cause = Cause::of_job(self.caller().user);
        self.tell(&cause);
    }

    /// Changes the schema as an administrator does in the setup.
    pub(crate) fn alter(&mut self, edit: &super::schema::SchemaEdit) -> Result<(), String> {
        let schema = Arc::new(self.schema.altered(edit)?);
        self.store.adopt(Arc::clone(&schema));
        self.schema = schema;
        self.schema_changed = self.now;
        self.schema_edits += 1;
        Ok(())
    }

    pub(crate) fn savepoint(&mut self) -> Savepoint {
        Savepoint { mark: self.store.begin(), effects: self.effects.len(), held_events: self.held_events.len() }
    }

    pub(crate) fn keep(&mut self, savepoint: Savepoint) {
        self.store.commit(savepoint.mark);
    }

    pub(crate) fn undo(&mut self, savepoint: Savepoint) {
        self.store.rollback(savepoint.mark);
        self.effects.truncate(savepoint.effects);
        self.held_events.truncate(savepoint.held_events);
    }

    /// Runs a write as a whole or not at all.
    pub(crate) fn transact<T>(&mut self, write: impl FnOnce(&mut Org) -> Result<T, Failure>) -> Result<T, Failure> {
        let savepoint = self.savepoint();
        let result = write(self);
        match &result {
            Ok(_) => self.keep(savepoint),
            Err(_) => self.undo(savepoint),
        }
        result
    }

    pub(crate) fn note(&mut self, action: Action, object: &Object, id: SfId, fields: Vec<String>) {
        self.effects.push(Effect::new(action, object.name, id, fields));
    }

    /// The object called `name`, or the answer for a resource that is not there.
    pub(crate) fn object_named(&self, name: &str) -> Result<ObjectIndex, ApiError> {
        self.schema.find(name).ok_or_else(ApiError::not_found)
    }

    /// A live row; deleted and unknown ones have their own answers.
    pub(crate) fn live_row(&self, object: ObjectIndex, id: SfId) -> Result<&Row, ApiError> {
        match self.store.get(object, id) {
            Some(row) if row.is_deleted() => Err(ApiError::entity_is_deleted()),
            Some(row) => Ok(row),
            None => Err(ApiError::not_found()),
        }
    }

    /// Stamps a row as written now by `author`.
    pub(crate) fn stamp(&self, object: &Object, row: &mut Row, author: Author) {
        row.set(object, "SystemModstamp", Value::DateTime(self.now));
        if !author.automation {
            row.set(object, "LastModifiedDate", Value::DateTime(self.now));
            row.set(object, "LastModifiedById", Value::Id(author.user));
        }
    }

    /// Stamps a new row.
    pub(crate) fn stamp_created(&self, object: &Object, row: &mut Row, author: Author) {
        row.set(object, "CreatedDate", Value::DateTime(self.now));
        row.set(object, "CreatedById", Value::Id(author.user));
        self.stamp(object, row, Author { automation: false, ..author });
    }
}
