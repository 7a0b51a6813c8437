//! A new record for one side from a record of the other.

use crm_model::{AnyRef, ConsentState, FieldPath, RecordPatch};

use crate::merge::put;
use crate::translate::Translated;
use crate::{Compiled, FieldProblem, PairId, Refs, Side, SideState};

/// A record that is to be created.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Creation {
    /// The fields of the new record: what has a value, nothing that is empty.
    pub patch: RecordPatch,
    /// What the new record should then show, for the pairs that are given a value.
    pub wish: SideState,
    /// The bases, A first, once the record exists. The new record's base lacks what it was not given: what the vendor
    /// fills in by itself is then either taken over as its echo or looked at as a first link.
    pub base: [SideState; 2],
    /// Fields that wait for the record they refer to.
    pub deferred: Vec<(PairId, AnyRef)>,
    /// Values that could not be carried.
    pub problems: Vec<FieldProblem>,
    /// Fields that the vendor requires and that get no value. If there is one, do not send: it would be refused.
    pub missing: Vec<FieldPath>,
}

impl Compiled {
    /// Translates a record that exists on one side into a new record for the other: mapped fields that may travel, then
    /// constants for what is still empty, and every opt-out.
    #[must_use]
    pub fn create(&self, from: Side, state: &SideState, refs: &dyn Refs) -> Creation {
        let to = from.other();
        let mut made = Creation::default();
        for pair in self.pairs.iter().filter(|pair| pair.direction.allows(from)) {
            let Some(value) = state.fields.get(&pair.id) else {
                continue;
            };
            let path = &pair.paths[to.index()];
            if value.is_empty() {
                made.base[from.index()].fields.insert(pair.id.clone(), value.clone());
                continue;
            }
            match pair.translate(from, value, None, refs, &self.context) {
                Translated::Value(wish) => {
                    put(&mut made.patch, path, &wish);
                    made.base[from.index()].fields.insert(pair.id.clone(), value.clone());
                    made.base[to.index()].fields.insert(pair.id.clone(), wish.clone());
                    made.wish.fields.insert(pair.id.clone(), wish);
                }
                Translated::Unlinked(target) => made.deferred.push((pair.id.clone(), target)),
                Translated::Stays => {
                    made.base[from.index()].fields.insert(pair.id.clone(), value.clone());
                }
                Translated::Failed(kind) => made.problems.push(FieldProblem { pair: pair.id.clone(), from, kind }),
            }
        }
        self.fill_in(to, &mut made);
        made.base[from.index()].consent = state.consent.clone();
        if self.consent.allows(from) {
            made.patch.opt_outs = state.consent.opted_out();
            for channel in made.patch.opt_outs.iter() {
                made.wish.consent.observe(channel, ConsentState::OptedOut);
            }
            made.base[to.index()].consent = made.wish.consent.clone();
        }
        made
    }

    /// Gives the constants to what has no value, and names what is required and still has none.
    fn fill_in(&self, to: Side, made: &mut Creation) {
        for (path, value) in &self.constants[to.index()] {
            if made.patch.get(path).is_some() {
                continue;
            }
            put(&mut made.patch, path, value);
            for pair in self.pairs.iter().filter(|pair| pair.paths[to.index()] == *path) {
                let value = crate::codec::canonical(value);
                made.base[to.index()].fields.insert(pair.id.clone(), value.clone());
                made.wish.fields.insert(pair.id.clone(), value);
            }
        }
        for pair in &self.pairs {
            let path = &pair.paths[to.index()];
            let is_missing =
                pair.targets[to.index()].required && made.patch.get(path).is_none_or(crm_model::Value::is_empty);
            if is_missing && !made.missing.contains(path) {
                made.missing.push(path.clone());
            }
        }
    }
}
