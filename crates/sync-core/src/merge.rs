//! The three-way merge of two linked records, field by field.

use std::collections::BTreeMap;

use crm_model::{AnyRef, FieldPath, Instant, RecordPatch, Slot, Value};
use serde::{Deserialize, Serialize};

use crate::consent::{self, Lowered};
use crate::mapping::CompiledPair;
use crate::policy::Verdict;
use crate::project::Walk;
use crate::translate::{Same, Translated};
use crate::{Compiled, Decision, Direction, FieldProblem, PairId, Reason, Refs, Side, SideState};

/// What a merge looks at.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct MergeInput<'a> {
    /// What side A shows.
    pub a: &'a SideState,
    /// What side B shows.
    pub b: &'a SideState,
    /// What the sides showed when they last agreed, A first; `None` if they are linked for the first time.
    pub base: Option<[&'a SideState; 2]>,
    /// When the vendors say the records last changed, A first.
    pub stamps: [Option<Instant>; 2],
    /// Conflicts that a person has decided: the side whose value counts.
    pub decided: Option<&'a BTreeMap<PairId, Side>>,
    /// Which records are linked.
    pub refs: &'a dyn Refs,
}

impl<'a> MergeInput<'a> {
    /// Two records that are linked for the first time, without stamps; set the fields for more.
    #[must_use]
    pub fn new(a: &'a SideState, b: &'a SideState, refs: &'a dyn Refs) -> Self {
        Self { a, b, base: None, stamps: [None, None], decided: None, refs }
    }
}

/// What is written to one side.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SideWrite {
    /// What to send: changed fields and channels to close, nothing else.
    pub patch: RecordPatch,
    /// What the side should show afterwards, for the pairs that are written.
    pub wish: SideState,
    /// What the other side shows for the same pairs: its base once the write has landed.
    pub source: SideState,
}

impl SideWrite {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patch.is_empty()
    }
}

/// A field that both sides changed to different values. Log it: the losing value is nowhere else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The pair.
    pub pair: PairId,
    /// The side whose value is carried to the other; `None` where both stay as they are.
    pub winner: Option<Side>,
    /// The values, A first.
    pub values: [Value; 2],
    /// The vendors' stamps, A first.
    pub stamps: [Option<Instant>; 2],
    /// What decided: a policy, `one way`, or `decided by a person`.
    pub policy: String,
}

impl Conflict {
    /// The value that is overwritten; `None` where both stay.
    #[must_use]
    pub fn loser(&self) -> Option<&Value> {
        self.winner.map(|winner| &self.values[winner.other().index()])
    }

    /// The value that is carried; `None` where both stay.
    #[must_use]
    pub fn winning(&self) -> Option<&Value> {
        self.winner.map(|winner| &self.values[winner.index()])
    }
}

/// Something that a person has to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "there is rarely one, and hardly ever more than a few")]
pub enum ReviewItem {
    /// Both sides changed a field and no policy decides.
    Field {
        /// The pair.
        pair: PairId,
        /// The values, A first.
        values: [Value; 2],
    },
    /// Somebody took an opt-out back. It stays in force until somebody with evidence opts the person in.
    Consent(Lowered),
}

impl ReviewItem {
    /// What it is about: the name of a pair, or `consent.email`.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Field { pair, .. } => pair.to_string(),
            Self::Consent(lowered) => format!("consent.{}", format!("{:?}", lowered.channel).to_lowercase()),
        }
    }
}

/// What follows from what two linked records show.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Merged {
    /// What is written to A and to B.
    pub writes: [SideWrite; 2],
    /// What the bases of A and B take over at once: fields that agree, and the consent that was seen.
    pub rebase: [SideState; 2],
    /// Fields that both sides changed, with the value that lost.
    pub conflicts: Vec<Conflict>,
    /// What a person has to decide.
    pub reviews: Vec<ReviewItem>,
    /// Fields that wait for the record they refer to.
    pub deferred: Vec<(PairId, AnyRef)>,
    /// Values that could not be carried.
    pub problems: Vec<FieldProblem>,
    /// What was decided about each field that changed, and why.
    pub decisions: Vec<Decision>,
    /// Which field of which side each written pair is.
    written: Vec<(Side, PairId, FieldPath)>,
}

impl Merged {
    /// Whether there is nothing to write, to store or to tell.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything is written.
    #[must_use]
    pub fn has_writes(&self) -> bool {
        self.writes.iter().any(|write| !write.is_empty())
    }

    /// The bases as they are now, given which of the writes (to A, to B) have landed.
    #[must_use]
    pub fn bases(&self, base: Option<[&SideState; 2]>, landed: [bool; 2]) -> [SideState; 2] {
        let mut bases = match base {
            Some([a, b]) => [a.clone(), b.clone()],
            None => [SideState::default(), SideState::default()],
        };
        for side in Side::BOTH {
            bases[side.index()].overlay(&self.rebase[side.index()]);
        }
        for to in Side::BOTH.into_iter().filter(|to| landed[to.index()]) {
            let write = &self.writes[to.index()];
            bases[to.index()].overlay(&write.wish);
            bases[to.other().index()].overlay(&write.source);
        }
        bases
    }

    /// Takes a pair out of the writes: neither the field nor its base moves. For fields that a person is asked about.
    pub fn withhold(&mut self, pair: &PairId) {
        for (side, _, path) in self.written.extract_if(.., |(_, written, _)| written == pair) {
            let write = &mut self.writes[side.index()];
            write.patch.remove(&path);
            write.wish.fields.remove(pair);
            write.source.fields.remove(pair);
        }
    }

    fn write(&mut self, to: Side, pair: &CompiledPair, wish: Value, source: &Value) {
        let path = &pair.paths[to.index()];
        let write = &mut self.writes[to.index()];
        put(&mut write.patch, path, &wish);
        self.written.push((to, pair.id.clone(), path.clone()));
        write.wish.fields.insert(pair.id.clone(), wish);
        write.source.fields.insert(pair.id.clone(), source.clone());
    }

    fn take_over(&mut self, pair: &CompiledPair, a: &Value, b: &Value) {
        let [base_a, base_b] = &mut self.rebase;
        base_a.fields.insert(pair.id.clone(), a.clone());
        base_b.fields.insert(pair.id.clone(), b.clone());
    }
}

/// Puts a value of a state into a patch; what is put into the primary entry of a list is primary.
pub(crate) fn put(patch: &mut RecordPatch, path: &FieldPath, value: &Value) {
    let value = match (value, &path.slot) {
        (Value::Ref(reference), Some(Slot::Primary)) => Value::Ref(reference.clone().primary()),
        (other, _) => other.clone(),
    };
    patch.set(path.clone(), value);
}

/// The four values of one pair.
struct Cell<'a> {
    pair: &'a CompiledPair,
    values: [&'a Value; 2],
}

impl Compiled {
    /// Merges two linked records by value against what they showed when they last agreed.
    ///
    /// A field that one side changed is carried to the other, if the direction allows it; a field that both changed to
    /// the same value is agreed; to different values it is a conflict, and the policy decides. A pair that a state lacks
    /// takes no part. A pair that a base lacks is linked for the first time: a value fills an empty field, and two
    /// different values are decided by the policy of the first link. The same input gives the same result, always.
    #[must_use]
    pub fn merge(&self, input: &MergeInput<'_>) -> Merged {
        let mut merged = Merged::default();
        let mut seen = [Walk::over(input.a), Walk::over(input.b)];
        let mut base = input.base.map(|base| base.map(Walk::over));
        for pair in &self.pairs {
            let [Some(a), Some(b)] = seen.each_mut().map(|walk| walk.take(&pair.id)) else {
                continue;
            };
            let cell = Cell { pair, values: [a, b] };
            let before = base.as_mut().map_or([None, None], |base| base.each_mut().map(|walk| walk.take(&pair.id)));
            match before {
                [Some(was_a), Some(was_b)] => {
                    let changed = |was, now| !pair.codec.equal(was, now, &self.context);
                    match (changed(was_a, a), changed(was_b, b)) {
                        (false, false) => {}
                        (true, false) => self.changed_on(Side::A, &cell, input, &mut merged),
                        (false, true) => self.changed_on(Side::B, &cell, input, &mut merged),
                        (true, true) => self.changed_on_both(&cell, input, &mut merged),
                    }
                }
                _ => self.first_seen(&cell, input, &mut merged),
            }
        }
        self.merge_consent(input, &mut merged);
        merged
    }

    fn same_in(&self, cell: &Cell<'_>, input: &MergeInput<'_>) -> Same {
        cell.pair.same(cell.values[0], cell.values[1], input.refs, &self.context)
    }

    fn changed_on(&self, side: Side, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        if let Same::Yes = self.same_in(cell, input) {
            merged.take_over(cell.pair, cell.values[0], cell.values[1]);
        } else if cell.pair.direction.allows(side) {
            self.carry(side, cell, input, merged, Reason::Changed { on: side });
        } else {
            // The base stays: should the source change too, this value must show as one that lost.
            merged.decisions.push(Decision::new(cell.pair, None, Reason::OneWay { stays: side }));
        }
    }

    fn changed_on_both(&self, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        match self.same_in(cell, input) {
            Same::Yes => {
                merged.take_over(cell.pair, cell.values[0], cell.values[1]);
                merged.decisions.push(Decision::new(cell.pair, None, Reason::Agreed));
            }
            Same::Unlinked(target) => defer(cell.pair, target, merged),
            Same::No => match cell.pair.direction.source() {
                Some(source) => self.settle(source, "one way".to_owned(), cell, input, merged),
                None => self.conflict(&cell.pair.policy, cell, input, merged),
            },
        }
    }

    fn first_seen(&self, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        let [a, b] = cell.values;
        match self.same_in(cell, input) {
            Same::Yes => merged.take_over(cell.pair, a, b),
            Same::Unlinked(target) => defer(cell.pair, target, merged),
            Same::No => match (a.is_empty(), b.is_empty()) {
                (false, true) => self.fill(Side::A, cell, input, merged),
                (true, false) => self.fill(Side::B, cell, input, merged),
                _ => self.conflict(&self.first_link, cell, input, merged),
            },
        }
    }

    /// Carries the only value there is, or remembers that it stays alone.
    fn fill(&self, from: Side, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        if cell.pair.direction.allows(from) {
            self.carry(from, cell, input, merged, Reason::Filled { from });
        } else {
            merged.take_over(cell.pair, cell.values[0], cell.values[1]);
        }
    }

    fn conflict(&self, policy: &crate::Policy, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        if let Some(winner) = input.decided.and_then(|decided| decided.get(&cell.pair.id)) {
            return self.settle(*winner, "decided by a person".to_owned(), cell, input, merged);
        }
        match policy.decide(cell.values, input.stamps) {
            Verdict::Wins(winner) => self.settle(winner, policy.to_string(), cell, input, merged),
            Verdict::BothStay => keep_both(policy.to_string(), cell, input, merged),
            Verdict::Review => {
                let values = cell.values.map(Clone::clone);
                merged.reviews.push(ReviewItem::Field { pair: cell.pair.id.clone(), values });
                merged.decisions.push(Decision::new(cell.pair, None, Reason::Review));
            }
        }
    }

    /// Carries the winner of a conflict and logs the loser; a winner that may not travel leaves both as they are.
    fn settle(&self, winner: Side, policy: String, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
        if !cell.pair.direction.allows(winner) {
            return keep_both(policy, cell, input, merged);
        }
        let reason = Reason::Conflict { winner, policy: policy.clone() };
        if self.carry(winner, cell, input, merged, reason) {
            merged.conflicts.push(conflict(Some(winner), policy, cell, input));
        }
    }

    /// Writes what a side shows to the other. `false` where the value cannot travel.
    fn carry(&self, from: Side, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged, reason: Reason) -> bool {
        let (pair, to) = (cell.pair, from.other());
        let (value, current) = (cell.values[from.index()], cell.values[to.index()]);
        match pair.translate(from, value, Some(current), input.refs, &self.context) {
            Translated::Value(wish) => {
                merged.write(to, pair, wish, value);
                merged.decisions.push(Decision::new(pair, Some(to), reason));
                return true;
            }
            Translated::Unlinked(target) => defer(pair, target, merged),
            Translated::Stays => {
                merged.take_over(pair, cell.values[0], cell.values[1]);
                merged.decisions.push(Decision::new(pair, None, Reason::Left { on: from }));
            }
            Translated::Failed(kind) => {
                merged.problems.push(FieldProblem { pair: pair.id.clone(), from, kind });
                merged.decisions.push(Decision::new(pair, None, Reason::NotCarried { from }));
            }
        }
        false
    }

    fn merge_consent(&self, input: &MergeInput<'_>, merged: &mut Merged) {
        let seen = [&input.a.consent, &input.b.consent];
        if seen.iter().all(|set| set.is_empty()) {
            return;
        }
        let nothing = crm_model::ConsentSet::default();
        let base = input.base.map_or([&nothing, &nothing], |[a, b]| [&a.consent, &b.consent]);
        let consent = consent::merge(seen, base, self.consent);
        for side in Side::BOTH {
            let write = &mut merged.writes[side.index()];
            for channel in consent.close[side.index()].iter() {
                write.patch.opt_outs.close(channel);
                write.wish.consent.observe(channel, crm_model::ConsentState::OptedOut);
            }
        }
        for (rebase, held) in merged.rebase.iter_mut().zip(consent.rebase) {
            rebase.consent = held.unwrap_or_default();
        }
        merged.reviews.extend(consent.lowered.into_iter().map(ReviewItem::Consent));
    }

    /// Which way opt-outs travel.
    #[must_use]
    pub fn consent_direction(&self) -> Direction {
        self.consent
    }
}

fn defer(pair: &CompiledPair, target: AnyRef, merged: &mut Merged) {
    merged.decisions.push(Decision::new(pair, None, Reason::Deferred { target: target.clone() }));
    merged.deferred.push((pair.id.clone(), target));
}

/// Both values stay and become the base: what is changed later travels.
fn keep_both(policy: String, cell: &Cell<'_>, input: &MergeInput<'_>, merged: &mut Merged) {
    merged.take_over(cell.pair, cell.values[0], cell.values[1]);
    merged.decisions.push(Decision::new(cell.pair, None, Reason::BothStay));
    merged.conflicts.push(conflict(None, policy, cell, input));
}

fn conflict(winner: Option<Side>, policy: String, cell: &Cell<'_>, input: &MergeInput<'_>) -> Conflict {
    let values = cell.values.map(Clone::clone);
    Conflict { pair: cell.pair.id.clone(), winner, values, stamps: input.stamps, policy }
}
