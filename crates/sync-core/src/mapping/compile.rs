//! A mapping checked against what both sides say about their fields.

use std::collections::BTreeSet;

use chrono::FixedOffset;
use crm_model::{FieldKey, FieldPath, ObjectKind, Schema, Value, ValueKind};

use super::check::{Check, Checked};
use super::{Finding, Lookup, Mapping};
use crate::codec::Context;
use crate::{Codec, Direction, PairId, Policy, Side};

/// A default pair that is not carried because a side has no such field, or cannot write it where it would be needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The pair.
    pub pair: PairId,
    /// The side that lacks the field.
    pub side: Side,
}

/// What is known about the field a value is written to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) kind: ValueKind,
    /// Whether the field holds days, or instants; `None` where it is neither.
    pub(crate) holds_days: Option<bool>,
    pub(crate) required: bool,
    /// The most characters it takes.
    pub(crate) max: Option<u32>,
    /// Whether it takes the options it lists and nothing else.
    pub(crate) closed: bool,
}

/// A pair that passed all checks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompiledPair {
    pub(crate) id: PairId,
    pub(crate) paths: [FieldPath; 2],
    pub(crate) direction: Direction,
    pub(crate) policy: Policy,
    pub(crate) codec: Codec,
    /// Translations of choices, by the side they lead away from.
    pub(crate) lookups: [Option<Lookup>; 2],
    pub(crate) targets: [Target; 2],
}

/// A mapping that fits both sides, ready to be used. Made by [`compile`].
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub(crate) object: ObjectKind,
    /// In the order of their names, which is the order of the fields of a state.
    pub(crate) pairs: Vec<CompiledPair>,
    pub(crate) constants: [Vec<(FieldPath, Value)>; 2],
    pub(crate) first_link: Policy,
    /// Which way opt-outs travel.
    pub(crate) consent: Direction,
    pub(crate) context: Context,
    names: [String; 2],
    warnings: Vec<Finding>,
    left_out: Vec<LeftOut>,
}

impl Compiled {
    /// The object whose records are mapped.
    #[must_use]
    pub fn object(&self) -> ObjectKind {
        self.object
    }

    /// The pairs that are carried, in the order of their names.
    pub fn pairs(&self) -> impl Iterator<Item = &PairId> {
        self.pairs.iter().map(|pair| &pair.id)
    }

    /// What somebody should know about the mapping.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// The default pairs that are not carried.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// What the sides are called in messages.
    #[must_use]
    pub fn names(&self) -> [&str; 2] {
        [&self.names[0], &self.names[1]]
    }

    /// The fields that are carried on a side.
    pub fn paths(&self, side: Side) -> impl Iterator<Item = &FieldPath> {
        self.pairs.iter().map(move |pair| &pair.paths[side.index()])
    }

    /// The names of the fields that have to be read on a side, each once.
    #[must_use]
    pub fn field_keys(&self, side: Side) -> Vec<FieldKey> {
        let keys: BTreeSet<&FieldKey> = self.paths(side).map(|path| &path.key).collect();
        keys.into_iter().cloned().collect()
    }

    /// The field of a pair on a side; `None` if the pair is not carried.
    #[must_use]
    pub fn path(&self, pair: &PairId, side: Side) -> Option<&FieldPath> {
        self.pair(pair).map(|pair| &pair.paths[side.index()])
    }

    /// Which way changes of a pair travel; `None` if the pair is not carried.
    #[must_use]
    pub fn direction(&self, pair: &PairId) -> Option<Direction> {
        self.pair(pair).map(|pair| pair.direction)
    }

    pub(crate) fn pair(&self, id: &PairId) -> Option<&CompiledPair> {
        let index = self.pairs.binary_search_by(|pair| pair.id.cmp(id)).ok()?;
        self.pairs.get(index)
    }
}

/// Checks a mapping against both sides' fields.
///
/// Each finding has a number that keeps its meaning: M001 unreadable path · M002 no such field · M003 an entry of a
/// list is needed, or named where there is none · M004 target cannot be written · M005 types do not fit · M006 choices
/// without a counterpart · M007 the table names a choice that does not exist · M008 the table gives one choice two
/// counterparts · M009 a required field gets no value · M010 two pairs write one field · M011 the same pair twice ·
/// M012 several choices become one (warning) · M013 a pair goes one way only, because a side computes the field
/// (warning) · M014 values may not fit (warning) · M015 a setting for a pair that does not exist · M016 a constant for
/// a field that does not exist or cannot be written · M017 nothing is mapped · M018 a setting out of range.
///
/// # Errors
/// All findings, where at least one of them is an error. Warnings alone do not fail: see [`Compiled::warnings`].
pub fn compile(mapping: &Mapping, a: &Schema, b: &Schema) -> Result<Compiled, Vec<Finding>> {
    let Checked { mut pairs, constants, left_out, warnings } = Check::new(mapping, [a, b]).run()?;
    pairs.sort_by(|one, two| one.id.cmp(&two.id));
    Ok(Compiled {
        object: mapping.object,
        pairs,
        constants,
        first_link: mapping.first_link.clone(),
        consent: mapping.consent.unwrap_or(mapping.direction),
        context: Context {
            region: mapping.region.clone(),
            offset: FixedOffset::east_opt(mapping.utc_offset_minutes.saturating_mul(60)),
        },
        names: mapping.names.clone(),
        warnings,
        left_out,
    })
}
