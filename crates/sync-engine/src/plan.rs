use std::collections::BTreeMap;
use std::fmt;

use crm_model::{Instant, ObjectKind, Value};
use serde::Serialize;
use sync_core::{PairId, Side};

use crate::config::{ReadyObject, Sync};
use crate::derive::{Derived, MergeOutcome, Outcome};
use crate::session::Session;
use crate::state::{current, store_side};

/// What a sync would do, derived from what both sides showed. Making one reads both systems and writes to neither.
///
/// `Display` shows every count and a sample of the changes; [`PlanData`] has all of them, and can be serialised.
#[derive(Clone)]
pub struct Plan {
    pub(crate) sync: Sync,
    /// What would be done.
    pub data: PlanData,
}

/// The content of a [`Plan`]. Holds customer data.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlanData {
    /// When both sides had been read.
    pub made_at: Instant,
    /// The vendors of the two sides.
    pub vendors: [String; 2],
    /// What would be done, object by object, in the order in which it would be done.
    pub objects: Vec<ObjectPlan>,
    /// What is questionable about the mapping, in words.
    pub warnings: Vec<String>,
    /// API calls that making this plan has taken, on side A and side B.
    pub calls_spent: [u64; 2],
}

/// What would be done with one object.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectPlan {
    /// The object.
    pub object: ObjectKind,
    /// What would be done, record by record.
    pub items: Vec<PlanItem>,
    /// API calls that the writes to side A and side B would take.
    pub calls: [u64; 2],
}

/// What would be done with one pair of records, or with a record that has no partner yet.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PlanItem {
    /// The link's number in the state.
    pub link: i64,
    /// The record's id on side A and side B, where there is one.
    pub records: [Option<String>; 2],
    /// Whether the two records were not linked before and would be.
    pub links: bool,
    /// What would be done.
    pub action: Action,
    /// The fields that would be written.
    pub changes: Vec<FieldChange>,
    /// What the two sides showed when this was decided; if either shows something else, the item is not applied.
    pub(crate) basis: Basis,
}

/// What the two sides of a link showed, as digests.
pub(crate) type Basis = [Option<String>; 2];

/// What would be done with a pair of records.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Create the record on a side.
    Create(Side),
    /// Change fields on side A, side B, or both.
    Update([bool; 2]),
    /// Nothing to write: the two records agree, and that is remembered.
    Agree,
    /// Delete the record on a side.
    Delete(Side),
    /// End the link and leave both records alone.
    Unlink,
    /// Ask a person.
    Review(String),
    /// Not possible until somebody changes something.
    Blocked(String),
    /// Not possible yet.
    Wait(String),
}

/// One field that would be written.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The side that would be written.
    pub side: Side,
    /// The mapped pair.
    pub pair: PairId,
    /// What the side shows now; `None` for a new record.
    pub before: Option<Value>,
    /// What it would show.
    pub after: Value,
    /// Why, in words.
    pub why: String,
}

/// How many of each action a plan holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct PlanCounts {
    /// Records to create, on side A and side B.
    pub creates: [u64; 2],
    /// Records to change, on side A and side B.
    pub updates: [u64; 2],
    /// Records to delete, on side A and side B.
    pub deletes: [u64; 2],
    /// Pairs that were matched and would be linked.
    pub links: u64,
    /// Links that would end.
    pub unlinks: u64,
    /// Questions for a person.
    pub reviews: u64,
    /// Records that cannot be synced until somebody changes something.
    pub blocked: u64,
    /// Records that wait for something else.
    pub waiting: u64,
}

impl ObjectPlan {
    /// How many of each action it holds.
    #[must_use]
    pub fn counts(&self) -> PlanCounts {
        let mut counts = PlanCounts::default();
        for item in &self.items {
            counts.links += u64::from(item.links);
            match &item.action {
                Action::Create(side) => counts.creates[side.index()] += 1,
                Action::Update(sides) => {
                    for side in Side::BOTH {
                        counts.updates[side.index()] += u64::from(sides[side.index()]);
                    }
                }
                Action::Delete(side) => counts.deletes[side.index()] += 1,
                Action::Unlink => counts.unlinks += 1,
                Action::Review(_) => counts.reviews += 1,
                Action::Blocked(_) => counts.blocked += 1,
                Action::Wait(_) => counts.waiting += 1,
                Action::Agree => {}
            }
        }
        counts
    }
}

impl PlanData {
    /// Writes that the plan would make on both sides together.
    #[must_use]
    pub fn writes(&self) -> u64 {
        let of = |counts: PlanCounts| counts.creates.iter().chain(&counts.updates).chain(&counts.deletes).sum::<u64>();
        self.objects.iter().map(|object| of(object.counts())).sum()
    }

    /// API calls that the writes would take, on side A and side B.
    #[must_use]
    pub fn calls(&self) -> [u64; 2] {
        let sum = |side: Side| self.objects.iter().map(|object| object.calls[side.index()]).sum();
        Side::BOTH.map(sum)
    }

    /// What each link showed when the plan was made.
    pub(crate) fn basis(&self) -> BTreeMap<i64, Basis> {
        let items = self.objects.iter().flat_map(|object| &object.items);
        items.map(|item| (item.link, item.basis.clone())).collect()
    }
}

impl Session<'_> {
    /// The plan's form of what was derived. What needs nothing done is left out.
    pub(crate) fn object_plan(
        &self,
        object: &ReadyObject,
        derived: &[Derived],
    ) -> Result<ObjectPlan, crate::SyncError> {
        let names = object.compiled.names();
        let mut items = Vec::new();
        let mut writes = [0; 2];
        for one in derived {
            let Some((action, changes)) = describe(one, names) else {
                continue;
            };
            for side in Side::BOTH {
                writes[side.index()] += match &action {
                    Action::Create(to) | Action::Delete(to) => usize::from(*to == side),
                    Action::Update(sides) => usize::from(sides[side.index()]),
                    _ => 0,
                };
            }
            let records = Side::BOTH.map(|side| one.link.record(store_side(side)).map(str::to_owned));
            let item = PlanItem {
                link: one.link.id.0,
                records,
                links: one.absorbed.is_some(),
                action,
                changes,
                basis: basis(one)?,
            };
            items.push(item);
        }
        let calls = Side::BOTH.map(|side| object.capabilities[side.index()].write_calls(writes[side.index()]) as u64);
        Ok(ObjectPlan { object: object.kind, items, calls })
    }
}

/// What the link showed on each side when this was derived.
pub(crate) fn basis(derived: &Derived) -> Result<Basis, crate::SyncError> {
    let digest = |side| Ok::<_, crate::SyncError>(current(&derived.link, side)?.map(|state| state.digest()));
    Ok([digest(Side::A)?, digest(Side::B)?])
}

fn describe(derived: &Derived, names: [&str; 2]) -> Option<(Action, Vec<FieldChange>)> {
    let plain = |action| Some((action, Vec::new()));
    match &derived.outcome {
        Outcome::Merge(outcome) => describe_merge(derived, outcome, names),
        Outcome::Create { to, creation } => {
            let change = |(pair, after): (&PairId, &Value)| FieldChange {
                side: *to,
                pair: pair.clone(),
                before: None,
                after: after.clone(),
                why: format!("the record is new to {}", names[to.index()]),
            };
            let filled = creation.wish.fields.iter().filter(|(_, value)| !value.is_empty());
            Some((Action::Create(*to), filled.map(change).collect()))
        }
        Outcome::Review { why } => plain(Action::Review(why.clone())),
        Outcome::Blocked { why, .. } => plain(Action::Blocked(why.clone())),
        Outcome::Wait { why, .. } => plain(Action::Wait(why.clone())),
        Outcome::Unlink => plain(Action::Unlink),
        Outcome::Delete { side } => plain(Action::Delete(*side)),
        Outcome::Nothing => None,
    }
}

fn describe_merge(derived: &Derived, outcome: &MergeOutcome, names: [&str; 2]) -> Option<(Action, Vec<FieldChange>)> {
    let merged = &outcome.merged;
    let mut changes = Vec::new();
    for side in Side::BOTH {
        for (pair, after) in &merged.writes[side.index()].wish.fields {
            let decision =
                merged.decisions.iter().find(|decision| decision.pair == *pair && decision.wrote == Some(side));
            changes.push(FieldChange {
                side,
                pair: pair.clone(),
                before: outcome.states[side.index()].get(pair).cloned(),
                after: after.clone(),
                why: decision.map(|decision| sync_core::explain::in_words(decision, names)).unwrap_or_default(),
            });
        }
    }
    for side in Side::BOTH {
        for channel in merged.writes[side.index()].patch.opt_outs.iter() {
            changes.push(FieldChange {
                side,
                pair: PairId::from(format!("consent.{channel:?}").to_lowercase()),
                before: Some(Value::text("not opted out")),
                after: Value::text("opted out"),
                why: format!("opted out on {}; an opt-out holds on both sides", names[side.other().index()]),
            });
        }
    }
    let writes = Side::BOTH.map(|side| !merged.writes[side.index()].is_empty());
    if writes.contains(&true) {
        return Some((Action::Update(writes), changes));
    }
    if !merged.reviews.is_empty() || !outcome.circles.is_empty() {
        let subjects: Vec<String> = merged.reviews.iter().map(sync_core::ReviewItem::subject).collect();
        let circles = outcome.circles.iter().map(ToString::to_string);
        return Some((Action::Review(subjects.into_iter().chain(circles).collect::<Vec<_>>().join(", ")), changes));
    }
    if let Some(problem) = merged.problems.first() {
        return Some((Action::Blocked(problem.to_string()), changes));
    }
    if let Some((pair, _)) = merged.deferred.first() {
        return Some((Action::Wait(format!("{pair} refers to a record that is not linked yet")), changes));
    }
    let remembers = derived.absorbed.is_some() || !merged.is_quiet();
    remembers.then_some((Action::Agree, changes))
}

/// Changes that are shown per object.
const SAMPLE: usize = 4;

impl fmt::Display for PlanData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.vendors;
        writeln!(
            f,
            "{:<8} {:>22} {:>22} {:>7} {:>7} {:>7} {:>7}",
            "",
            format!("{a} new/changed"),
            format!("{b} new/changed"),
            "matched",
            "review",
            "blocked",
            "waiting"
        )?;
        for object in &self.objects {
            let counts = object.counts();
            let sides =
                Side::BOTH.map(|side| format!("{} / {}", counts.creates[side.index()], counts.updates[side.index()]));
            let name = object.object.as_str();
            writeln!(
                f,
                "{name:<8} {:>22} {:>22} {:>7} {:>7} {:>7} {:>7}",
                sides[0], sides[1], counts.links, counts.reviews, counts.blocked, counts.waiting
            )?;
        }
        for object in &self.objects {
            self.sample(f, object)?;
        }
        for warning in &self.warnings {
            writeln!(f, "note: {warning}")?;
        }
        let [calls_a, calls_b] = self.calls();
        let [spent_a, spent_b] = self.calls_spent;
        write!(
            f,
            "{} writes; API calls to read: {a} {spent_a}, {b} {spent_b}; to write: {a} {calls_a}, {b} {calls_b}",
            self.writes()
        )
    }
}

impl PlanData {
    fn sample(&self, f: &mut fmt::Formatter<'_>, object: &ObjectPlan) -> fmt::Result {
        let updates = object.items.iter().filter(|item| matches!(item.action, Action::Update(_)));
        let changes = updates.flat_map(|item| item.changes.iter().map(move |change| (item, change)));
        for (item, change) in changes.take(SAMPLE) {
            let vendor = &self.vendors[change.side.index()];
            let record = item.records[change.side.index()].as_deref().unwrap_or("new");
            let before = change.before.as_ref().map_or_else(|| "(empty)".to_owned(), Value::reveal);
            writeln!(
                f,
                "  {vendor} {} {record}: {} {before:?} -> {:?}  ({})",
                object.object,
                change.pair,
                change.after.reveal(),
                change.why
            )?;
        }
        let questions = object.items.iter().filter_map(|item| match &item.action {
            Action::Review(why) | Action::Blocked(why) => Some((item, why)),
            _ => None,
        });
        for (item, why) in questions.take(SAMPLE) {
            let [a, b] = item.records.each_ref().map(|id| id.as_deref().unwrap_or("-"));
            writeln!(f, "  {} {a} / {b}: {why}", object.object)?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("sync", &self.sync).field("writes", &self.data.writes()).finish_non_exhaustive()
    }
}
