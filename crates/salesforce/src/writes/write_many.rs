//! Any number of writes of one object, by the cheapest way.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use futures::{Stream, StreamExt as _};
use rest_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use super::plan::{WriteKind, WritePlan, WritePolicy, WriteWay, is_bulk, plan};
use super::rows::{Line, Verb, object_json, tagged};
use super::run::{Job, Row, Spent, Travel, put, unanswered};
use super::saves::{SaveResults, Saved};
use crate::api::Records;
use crate::bulk::Operation;
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::{Salesforce, VENDOR};

const OPERATION: &str = "sobjects.write_many";
/// Writes of a stream that are planned together: enough for bulk jobs to be worth their calls.
const WINDOW: usize = 50_000;

/// One write among many, for [`Records::write_many`]. `Debug` shows no content.
pub struct Write<T> {
    kind: WriteKind,
    /// The external id field of an upsert; `Id` otherwise.
    field: String,
    /// The id or the external id's value; empty for a create.
    key: String,
    /// The fields as a JSON object.
    fields: Result<String>,
    record: PhantomData<fn() -> T>,
}

impl<T: Writable> Write<T> {
    /// Creates a record.
    #[must_use]
    pub fn create(new: &T::New) -> Self {
        Self::create_fields(new)
    }

    /// Changes a record.
    #[must_use]
    pub fn update(id: Id<T>, update: &T::Update) -> Self {
        Self::update_fields(id, update)
    }

    /// Creates or changes the record that carries an external id.
    #[must_use]
    pub fn upsert(field: &str, value: &str, record: &T::New) -> Self {
        Self::upsert_fields(field, value, record)
    }
}

impl<T: SObject> Write<T> {
    fn new(kind: WriteKind, field: &str, key: &str, fields: Result<String>) -> Self {
        Self { kind, field: field.to_owned(), key: key.to_owned(), fields, record: PhantomData }
    }

    /// As [`create`](Self::create), with any serializable fields.
    #[must_use]
    pub fn create_fields(fields: &impl Serialize) -> Self {
        Self::new(WriteKind::Create, "Id", "", object_json(fields))
    }

    /// As [`update`](Self::update), with any serializable fields.
    #[must_use]
    pub fn update_fields(id: Id<T>, fields: &impl Serialize) -> Self {
        Self::new(WriteKind::Update, "Id", id.as_str(), object_json(fields))
    }

    /// As [`upsert`](Self::upsert), with any serializable fields.
    #[must_use]
    pub fn upsert_fields(field: &str, value: &str, fields: &impl Serialize) -> Self {
        let fields = match value.trim().is_empty() {
            true => Err(Error::config(format!("the external id {field} of the record is empty"))),
            false => object_json(fields),
        };
        Self::new(WriteKind::Upsert, field, value, fields)
    }

    /// Deletes a record into the recycle bin.
    #[must_use]
    pub fn delete(id: Id<T>) -> Self {
        Self::new(WriteKind::Delete, "Id", id.as_str(), Ok(String::new()))
    }

    fn verb(&self) -> Verb {
        match self.kind {
            WriteKind::Create => Verb::Create,
            WriteKind::Update => Verb::Update,
            WriteKind::Upsert => Verb::Upsert { object: T::NAME, field: self.field.clone() },
            WriteKind::Delete => Verb::Delete,
        }
    }

    /// What tells that two writes are about the same record, as far as it can be told.
    fn identity(&self) -> Option<(String, String)> {
        (self.kind != WriteKind::Create).then(|| {
            let is_id = self.field.eq_ignore_ascii_case("Id");
            let key = if is_id { self.key.clone() } else { self.key.trim().to_lowercase() };
            (self.field.to_lowercase(), key)
        })
    }

    /// The record as a row of a bulk job, which names its record by a column.
    fn bulk_row(&self) -> Result<Box<RawValue>> {
        let fields = self.fields.as_deref().map_err(Clone::clone)?;
        let inner = fields.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().trim();
        let refuse = |error: serde_json::Error| Error::config(format!("a record cannot be written as JSON: {error}"));
        let mut members = Vec::with_capacity(2);
        if self.kind != WriteKind::Create {
            let quoted = |text: &str| serde_json::to_string(text).map_err(refuse);
            members.push(format!("{}:{}", quoted(&self.field)?, quoted(&self.key)?));
        }
        if !inner.is_empty() {
            members.push(inner.to_owned());
        }
        RawValue::from_string(format!("{{{}}}", members.join(","))).map_err(refuse)
    }

    /// The record as a collection carries it.
    fn text(&self, fields: &str) -> Result<String> {
        match self.kind {
            WriteKind::Create => tagged(T::NAME, None, fields),
            WriteKind::Update => tagged(T::NAME, Some(("id", &self.key)), fields),
            WriteKind::Upsert => tagged(T::NAME, Some((&self.field, &self.key)), fields),
            WriteKind::Delete => Ok(self.key.clone()),
        }
    }
}

impl<T: SObject> fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Write({:?} {})", self.kind, T::NAME)
    }
}

/// What became of many writes, by which way, and what it cost.
#[must_use = "records can be refused inside answers that say 200"]
#[derive(Debug)]
#[non_exhaustive]
pub struct WriteReport<T> {
    /// One result per write, in the order given.
    pub results: SaveResults<T>,
    /// The ways that were taken, and why.
    pub plan: WritePlan,
    /// The calls that were made. Those with which the client repeats what failed on its way are not counted here but in
    /// the [ledger](crate::Salesforce::ledger); of bulk jobs, all that this client and its clones made meanwhile are.
    pub calls: u64,
    /// How many records were sent again because they had been refused for the moment.
    pub resent: usize,
}

impl<T> WriteReport<T> {
    /// Every record, if all were saved.
    ///
    /// # Errors
    /// As [`SaveResults::into_result`].
    pub fn into_result(self) -> Result<Vec<Saved<T>>> {
        self.results.into_result()
    }
}

impl<T> fmt::Display for WriteReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { results, plan, calls, resent } = self;
        write!(f, "{}; {calls} calls made, {resent} records sent again; planned {plan}", results.summary())
    }
}

/// Calls of bulk jobs that this client and its clones have made.
fn bulk_calls_made(client: &Salesforce) -> u64 {
    let snapshot = client.ledger().snapshot();
    let bulk = snapshot.operations.iter().filter(|(name, _)| name.starts_with("bulk."));
    bulk.map(|(_, usage)| usage.calls).sum()
}

/// Writes of one round, in which no record is written twice: the places of the writes by verb.
type Wave = Vec<(Verb, Vec<usize>)>;

/// The rounds: a write of a record that an earlier one is about comes a round later.
fn waves<T: SObject>(writes: &[Write<T>]) -> Vec<Wave> {
    let mut rounds: HashMap<(String, String), usize> = HashMap::new();
    let mut waves: Vec<Wave> = Vec::new();
    for (place, write) in writes.iter().enumerate().filter(|(_, write)| write.fields.is_ok()) {
        let round = write.identity().map_or(0, |identity| {
            let next = rounds.entry(identity).or_insert(0);
            let round = *next;
            *next += 1;
            round
        });
        while waves.len() <= round {
            waves.push(Vec::new());
        }
        let Some(wave) = waves.get_mut(round) else { continue };
        let verb = write.verb();
        match wave.iter_mut().find(|(known, _)| *known == verb) {
            Some((_, places)) => places.push(place),
            None => wave.push((verb, vec![place])),
        }
    }
    waves
}

fn kind(verb: &Verb) -> WriteKind {
    match verb {
        Verb::Create => WriteKind::Create,
        Verb::Update => WriteKind::Update,
        Verb::Upsert { .. } => WriteKind::Upsert,
        Verb::Delete => WriteKind::Delete,
    }
}

impl<T: Writable> Records<T> {
    /// How [`write_many`](Self::write_many) would write these, and what it would cost. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if they cannot be written as the policy wishes, [`ErrorKind::QuotaExhausted`] if that costs
    /// more calls than the policy, the client's budget or the server's last word leaves.
    pub fn plan_writes(&self, writes: &[Write<T>], policy: &WritePolicy) -> Result<WritePlan> {
        self.planned(&waves(writes), policy)
    }

    fn planned(&self, waves: &[Wave], policy: &WritePolicy) -> Result<WritePlan> {
        let named = |error: Error| error.with_operation(OPERATION).with_vendor(VENDOR);
        let counts: Vec<Vec<(WriteKind, usize)>> =
            waves.iter().map(|wave| wave.iter().map(|(verb, places)| (kind(verb), places.len())).collect()).collect();
        let plan = plan(&counts, policy, self.client.shapes_writes()).map_err(named)?;
        let (needed, left) = (plan.calls(), self.client.calls_left());
        let allowed = policy.max_calls.into_iter().chain(left).min();
        match allowed.filter(|allowed| *allowed < needed) {
            None => Ok(plan),
            Some(allowed) => {
                let words = format!("the writes take {needed} calls, and {allowed} may be spent; nothing was sent");
                Err(Error::new(ErrorKind::QuotaExhausted, OPERATION)
                    .with_vendor(VENDOR)
                    .with_message(words)
                    .with_hint("write fewer records, or wait until the allotment is renewed"))
            }
        }
    }

    /// Makes any number of writes by the way that takes the fewest calls, and tells which that was and why: a call of its
    /// own for one record, a collection for up to 200 of one kind, composite requests of five collections (1,000 records
    /// a call) for more, and bulk jobs for some ten thousand of one kind and more.
    ///
    /// Each record has its result, in the order given. Writes of different kinds are made in the order in which the kinds
    /// first occur; of several writes of one record each sees what the earlier ones did. Records that were refused for
    /// the moment are sent again, only they, as [`WriteOptions`](crate::WriteOptions) say.
    ///
    /// # Errors
    /// As [`plan_writes`](Self::plan_writes), with nothing sent. What befalls records, and calls, is in the report.
    pub async fn write_many(&self, writes: &[Write<T>], policy: &WritePolicy) -> Result<WriteReport<T>> {
        let defect = writes.iter().find_map(|write| write.fields.as_ref().err()).filter(|_| policy.all_or_none);
        if let Some(defect) = defect {
            return Err(defect.clone().with_operation(OPERATION).with_vendor(VENDOR));
        }
        let waves = waves(writes);
        let plan = self.planned(&waves, policy)?;
        let unsent = |write: &Write<T>| match &write.fields {
            Ok(_) => Err(unanswered(OPERATION)),
            Err(error) => Err(error.clone().with_operation(OPERATION).with_vendor(VENDOR)),
        };
        let mut results: Vec<Row> = writes.iter().map(unsent).collect();
        let mut spent = Spent::default();
        let mut steps = plan.steps.iter();
        for wave in &waves {
            // The steps of a plan follow the rounds: bulk jobs first, then one step for the rest.
            let shaped = self.client.shapes_writes();
            let (bulk, rest): (Vec<_>, Vec<_>) =
                wave.iter().partition(|(_, places)| is_bulk(places.len(), policy, shaped));
            for (verb, places) in bulk {
                steps.next();
                self.write_by_bulk(verb, places, writes, &mut results, &mut spent).await;
            }
            let Some(step) = (!rest.is_empty()).then(|| steps.next()).flatten() else { continue };
            match (step.way, rest.as_slice()) {
                (WriteWay::Single, [(_, places)]) => {
                    for place in places {
                        spent.calls += 1;
                        if let (Some(write), Some(slot)) = (writes.get(*place), results.get_mut(*place)) {
                            *slot = self.write_alone(write).await.map(Saved::any);
                        }
                    }
                }
                (way, rest) => {
                    let travel = if way == WriteWay::Composite { Travel::Packed } else { Travel::Alone };
                    self.write_together(rest, travel, policy, writes, &mut results, &mut spent).await;
                }
            }
        }
        let results = SaveResults::new(results.into_iter().map(|row| row.map(Saved::of)).collect());
        Ok(WriteReport { results, plan, calls: spent.calls, resent: spent.resent })
    }

    /// As [`write_many`](Self::write_many), of a stream: 50,000 writes at a time are held in memory, planned and made. What
    /// keeps a later part from being sent (a spent budget) is the result of its writes.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the policy of all or none, which a stream cannot promise; else as
    /// [`write_many`](Self::write_many) for the first part.
    pub async fn write_stream(
        &self,
        writes: impl Stream<Item = Write<T>> + Send,
        policy: &WritePolicy,
    ) -> Result<WriteReport<T>> {
        if policy.all_or_none {
            let words = "a stream may have any length, and all-or-none holds within one call; collect it first";
            return Err(Error::config(words).with_operation(OPERATION).with_vendor(VENDOR));
        }
        let mut report = WriteReport {
            results: SaveResults::new(Vec::new()),
            plan: WritePlan { steps: Vec::new() },
            calls: 0,
            resent: 0,
        };
        let mut parts = std::pin::pin!(writes.chunks(WINDOW));
        let mut rows = Vec::new();
        let mut policy = policy.clone();
        let mut stopped: Option<Error> = None;
        while let Some(part) = parts.next().await {
            let outcome = match &stopped {
                Some(error) => Err(error.clone()),
                None => self.write_many(&part, &policy).await,
            };
            match outcome {
                Ok(part) => {
                    report.calls += part.calls;
                    report.resent += part.resent;
                    policy.max_calls = policy.max_calls.map(|calls| calls.saturating_sub(part.calls));
                    report.plan.steps.extend(part.plan.steps);
                    rows.extend(part.results);
                }
                Err(error) if rows.is_empty() => return Err(error),
                Err(error) => {
                    rows.extend(part.iter().map(|_| Err(error.clone())));
                    stopped = Some(error);
                }
            }
        }
        report.results = SaveResults::new(rows);
        Ok(report)
    }

    async fn write_alone(&self, write: &Write<T>) -> Result<Saved<T>> {
        let fields = write.fields.clone()?;
        let raw = || RawValue::from_string(fields.clone()).map_err(|error| Error::config(error.to_string()));
        let id = || write.key.parse::<Id<T>>().map_err(|error| Error::config(error.to_string()));
        match write.kind {
            WriteKind::Create => Ok(Saved { id: self.create_fields(&raw()?).await?, created: None }),
            WriteKind::Update => {
                self.update_fields(id()?, &raw()?).await?;
                Ok(Saved { id: id()?, created: None })
            }
            WriteKind::Upsert => {
                let upserted = self.upsert_fields(&write.field, &write.key, &raw()?).await?;
                Ok(Saved { id: upserted.id, created: Some(upserted.created) })
            }
            WriteKind::Delete => {
                self.delete(id()?).await?;
                Ok(Saved { id: id()?, created: None })
            }
        }
    }

    async fn write_by_bulk(
        &self,
        verb: &Verb,
        places: &[usize],
        writes: &[Write<T>],
        results: &mut [Row],
        spent: &mut Spent,
    ) {
        let operation = match verb {
            Verb::Create => Operation::Insert,
            Verb::Update => Operation::Update,
            Verb::Upsert { field, .. } => Operation::Upsert(field.clone()),
            Verb::Delete => Operation::Delete,
        };
        let mut sent = Vec::with_capacity(places.len());
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            let Some(write) = writes.get(*place) else { continue };
            match write.bulk_row() {
                Ok(row) => {
                    sent.push(*place);
                    rows.push(row);
                }
                Err(error) => put(results, *place, Err(error.with_operation(OPERATION).with_vendor(VENDOR))),
            }
        }
        let mut ingest = self.client.bulk().ingest(T::NAME, operation).lock_retries(self.options.resends);
        if let Some(field) = &self.options.sort_by {
            ingest = ingest.sort_by(field);
        }
        let before = bulk_calls_made(&self.client);
        for (place, result) in sent.into_iter().zip(ingest.write_all(&rows).await) {
            put(results, place, result);
        }
        spent.calls += bulk_calls_made(&self.client).saturating_sub(before);
    }

    async fn write_together(
        &self,
        groups: &[&(Verb, Vec<usize>)],
        travel: Travel,
        policy: &WritePolicy,
        writes: &[Write<T>],
        results: &mut [Row],
        spent: &mut Spent,
    ) {
        let verbs: Vec<Verb> = groups.iter().map(|(verb, _)| verb.clone()).collect();
        let mut lines = Vec::new();
        for (number, (_, places)) in groups.iter().enumerate() {
            for place in places {
                let Some(write) = writes.get(*place) else { continue };
                match write.fields.clone().and_then(|fields| write.text(&fields)) {
                    Ok(text) => lines.push(Line::new(*place, number, T::NAME, text)),
                    Err(error) => put(results, *place, Err(error)),
                }
            }
        }
        let options = &self.options;
        let job = Job { client: &self.client, verbs: &verbs, options, travel, all_or_none: policy.all_or_none };
        let made = job.run(lines, results).await;
        spent.calls += made.calls;
        spent.resent += made.resent;
    }
}
