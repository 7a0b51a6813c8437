//! The checks behind [`compile`](super::compile).

use std::collections::{BTreeMap, BTreeSet};

use chrono::FixedOffset;
use crm_model::{Choice, Contact, Field, FieldPath, FieldType, Required, Schema, Slot, Value, ValueKind};

use super::compile::{CompiledPair, LeftOut, Target};
use super::finding::{Finding, Findings, Kind, did_you_mean};
use super::types::{declared, describe, fits, held, infer, kind_of};
use super::values::is_named;
use super::{Lookup, Mapping, Pair, Slip};
use crate::codec::Context;
use crate::{Codec, Direction, PairId, Side, normalize};

/// A mapping that passed.
pub(super) struct Checked {
    pub(super) pairs: Vec<CompiledPair>,
    pub(super) constants: [Vec<(FieldPath, Value)>; 2],
    pub(super) left_out: Vec<LeftOut>,
    pub(super) warnings: Vec<Finding>,
}

pub(super) struct Check<'a> {
    mapping: &'a Mapping,
    schemas: [&'a Schema; 2],
    findings: Findings,
    left_out: Vec<LeftOut>,
}

impl<'a> Check<'a> {
    pub(super) fn new(mapping: &'a Mapping, schemas: [&'a Schema; 2]) -> Self {
        Self { mapping, schemas, findings: Findings::new(mapping.object), left_out: Vec::new() }
    }

    /// What passed, or all findings if one of them is an error.
    pub(super) fn run(mut self) -> Result<Checked, Vec<Finding>> {
        self.slips();
        self.settings();
        let mapping = self.mapping;
        let pairs: Vec<CompiledPair> = mapping.pairs.iter().filter_map(|pair| self.pair(pair)).collect();
        self.writers(&pairs);
        let constants = Side::BOTH.map(|side| self.constants(side));
        for side in Side::BOTH {
            self.required(side, &pairs);
        }
        if mapping.pairs.is_empty() {
            self.findings.add(Kind::Empty, None, "nothing is mapped; start from `Mapping::unified` or add pairs");
        }
        let warnings = self.findings.finish()?;
        Ok(Checked { pairs, constants, left_out: self.left_out, warnings })
    }

    fn name(&self, side: Side) -> &'a str {
        &self.mapping.names[side.index()]
    }

    fn slips(&mut self) {
        for slip in &self.mapping.slips {
            match slip {
                Slip::BadPath(message) => self.findings.add(Kind::BadPath, None, message.clone()),
                Slip::UnknownPair { pair, setting } => {
                    let ids: Vec<PairId> = self.mapping.pairs.iter().map(Pair::id).collect();
                    let hint = did_you_mean(pair.as_str(), ids.iter().map(PairId::as_str));
                    let message = format!("`{setting}` is given for a pair that is not mapped{hint}");
                    self.findings.add(Kind::NoSuchPair, Some(pair), message);
                }
            }
        }
    }

    fn settings(&mut self) {
        let mapping = self.mapping;
        if let Some(region) = mapping.region.as_deref().filter(|region| !normalize::is_region(region)) {
            let message = format!("`{region}` is not a region of phone numbers; write two letters such as `GB`");
            self.findings.add(Kind::BadSetting, None, message);
        }
        let minutes = mapping.utc_offset_minutes;
        if FixedOffset::east_opt(minutes.saturating_mul(60)).is_none() {
            let message = format!("an offset from UTC lies within a day, and {minutes} minutes do not");
            self.findings.add(Kind::BadSetting, None, message);
        }
        for side in Side::BOTH {
            let found = self.schemas[side.index()].object;
            if found != mapping.object {
                let message = format!("the fields given for {} are those of the object `{found}`", self.name(side));
                self.findings.add(Kind::BadSetting, None, message);
            }
        }
    }

    /// Checks one pair. `None` where it is not carried or wrong.
    fn pair(&mut self, pair: &Pair) -> Option<CompiledPair> {
        let id = pair.id();
        let [a, b] = Side::BOTH.map(|side| self.field(pair, &id, side));
        let fields = [a?, b?];
        let direction = pair.direction.intersect(self.mapping.direction)?;
        let direction = self.writable(pair, &id, fields, direction)?;
        if Side::BOTH.map(|side| self.entry(pair.path(side), Some(&id))) != [true, true] {
            return None;
        }
        let types = Side::BOTH.map(|side| held(self.mapping.object, pair.path(side), fields[side.index()]));
        let codec = pair.codec.unwrap_or_else(|| infer(&types));
        for from in Side::BOTH.into_iter().filter(|from| direction.allows(*from)) {
            self.types(pair, &id, from, &types);
        }
        let lookups = self.lookups(pair, &id, fields, direction, codec);
        Some(CompiledPair {
            id,
            paths: [pair.a.clone(), pair.b.clone()],
            direction,
            policy: pair.policy.clone().unwrap_or_else(|| self.mapping.policy.clone()),
            codec,
            lookups,
            targets: Side::BOTH.map(|side| self.target(pair.path(side), fields[side.index()])),
        })
    }

    /// The field of a pair on a side.
    fn field(&mut self, pair: &Pair, id: &PairId, side: Side) -> Option<&'a Field> {
        let key = &pair.path(side).key;
        let schema = self.schemas[side.index()];
        let found = schema.field(key);
        if found.is_none() {
            if pair.is_default {
                self.left_out.push(LeftOut { pair: id.clone(), side });
            } else {
                let hint = did_you_mean(key.as_str(), schema.fields.iter().map(|field| field.key.as_str()));
                let message = format!("{} has no field `{key}`{hint}", self.name(side));
                self.findings.add(Kind::NoSuchField, Some(id), message);
            }
        }
        found
    }

    /// The direction that is left when fields that cannot be written are not. `None` if nothing is.
    fn writable(&mut self, pair: &Pair, id: &PairId, fields: [&Field; 2], direction: Direction) -> Option<Direction> {
        let mut left = Some(direction);
        for to in Side::BOTH.into_iter().filter(|to| direction.allows(to.other())) {
            let field = fields[to.index()];
            if field.writable {
                continue;
            }
            let (name, key) = (self.name(to), &field.key);
            left = left.and_then(|left| left.intersect(Direction::from(to)));
            if !pair.is_default {
                let how = if to == Side::A { "a_to_b" } else { "b_to_a" };
                let message = format!("{name} computes `{key}`, it cannot be written; map it with `{how}`");
                self.findings.add(Kind::NotWritable, Some(id), message);
            } else if left.is_some() {
                let other = self.name(to.other());
                let message = format!("{name} computes `{key}`, so it is carried from {name} to {other} only");
                self.findings.add(Kind::OneWayOnly, Some(id), message);
            } else {
                self.left_out.push(LeftOut { pair: id.clone(), side: to });
            }
        }
        left
    }

    /// Whether a path names an entry where the model has a list, and none where it has not.
    fn entry(&mut self, path: &FieldPath, id: Option<&PairId>) -> bool {
        let Some(def) = declared(self.mapping.object, path) else {
            return true;
        };
        let message = match (&path.slot, def.is_list) {
            (None, false) | (Some(_), true) => return true,
            // Plain words have no labels: the list is one value.
            (None, true) if path.key == Contact::TAGS => return true,
            (None, true) => {
                let example = FieldPath::entry(path.key.clone(), Slot::Primary);
                format!("`{path}` is a list; name one entry, such as `{example}`")
            }
            (Some(_), false) => {
                format!("`{path}` names an entry, but `{}` is not a list", path.key)
            }
        };
        self.findings.add(Kind::BadEntry, id, message);
        false
    }

    fn types(&mut self, pair: &Pair, id: &PairId, from: Side, types: &[FieldType; 2]) {
        let (source, target) = (&types[from.index()], &types[from.other().index()]);
        let (from_path, to_path) = (pair.path(from), pair.path(from.other()));
        let (from_name, to_name) = (self.name(from), self.name(from.other()));
        let (is, takes) = (describe(source), describe(target));
        if !fits(source, target, pair.values.is_some()) {
            let message = format!(
                "`{from_path}` of {from_name} is {is} and `{to_path}` of {to_name} takes {takes}; map it to a field that \
                 takes {is}, or the other way only"
            );
            self.findings.add(Kind::TypesDiffer, Some(id), message);
            return;
        }
        let longer = match (source, target) {
            (FieldType::Text { max: Some(from) }, FieldType::Text { max: Some(to) }) => from > to,
            (FieldType::LongText, FieldType::Text { max: Some(_) }) => true,
            (FieldType::Decimal { .. } | FieldType::Percent, FieldType::Int) => true,
            _ => false,
        };
        if longer {
            let message = format!(
                "`{to_path}` of {to_name} takes less than `{from_path}` of {from_name} can hold; values that do not fit \
                 are reported and stay where they are"
            );
            self.findings.add(Kind::MayNotFit, Some(id), message);
        }
    }

    /// The translations of choices, both ways: a way that is not carried still tells which values are the same.
    fn lookups(
        &mut self,
        pair: &Pair,
        id: &PairId,
        fields: [&Field; 2],
        direction: Direction,
        codec: Codec,
    ) -> [Option<Lookup>; 2] {
        if codec != Codec::Choice && pair.values.is_none() {
            return [None, None];
        }
        self.known_choices(pair, id, fields);
        Side::BOTH.map(|from| {
            let (source, target) = (fields[from.index()], fields[from.other().index()]);
            let (lookup, ambiguous) = Lookup::build(pair.values.as_ref(), from, source, target);
            for (choice, first, second) in ambiguous {
                let message = format!(
                    "`{choice}` of {} would become both `{first}` and `{second}`; keep one with `pair` and state the \
                     other for its way only",
                    self.name(from)
                );
                self.findings.add(Kind::AmbiguousTable, Some(id), message);
            }
            if direction.allows(from) {
                self.covered(id, from, source, target, &lookup);
                if direction == Direction::Both {
                    self.joined(id, from, source, &lookup);
                }
            }
            Some(lookup)
        })
    }

    /// Every choice that the table names must exist.
    fn known_choices(&mut self, pair: &Pair, id: &PairId, fields: [&Field; 2]) {
        let Some(table) = &pair.values else { return };
        for side in Side::BOTH {
            let field = fields[side.index()];
            if field.options.is_empty() {
                continue;
            }
            let named: BTreeSet<&str> = table.named(side).collect();
            for choice in named {
                if !field.options.iter().any(|option| is_named(&option.key, &option.label, choice)) {
                    let hint = did_you_mean(choice, field.options.iter().map(|option| option.label.as_str()));
                    let message = format!("`{}` of {} has no choice `{choice}`{hint}", field.key, self.name(side));
                    self.findings.add(Kind::NoSuchChoice, Some(id), message);
                }
            }
        }
    }

    fn covered(&mut self, id: &PairId, from: Side, source: &Field, target: &Field, lookup: &Lookup) {
        if !target.field_type.is_choice() || target.options.is_empty() {
            return;
        }
        let open = source.options.iter().filter(|option| option.active);
        let missing: Vec<String> = open
            .filter(|option| lookup.find(&option.key, Some(&option.label)).is_none())
            .map(|option| format!("`{}`", option.label))
            .collect();
        if missing.is_empty() {
            return;
        }
        let message = format!(
            "choices of {} without a counterpart in `{}` of {}: {}; add each to the value table with `pair` or `{}`, or \
             say with `leave` that it stays where it is",
            self.name(from),
            target.key,
            self.name(from.other()),
            missing.join(", "),
            if from == Side::A { "a_to_b" } else { "b_to_a" },
        );
        self.findings.add(Kind::ChoicesNotCovered, Some(id), message);
    }

    fn joined(&mut self, id: &PairId, from: Side, source: &Field, lookup: &Lookup) {
        for (choices, becomes) in lookup.joined(source) {
            let message = format!(
                "{} of {} all become `{becomes}` on {}; a change made there comes back as one of them",
                choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "),
                self.name(from),
                self.name(from.other()),
            );
            self.findings.add(Kind::ChoicesJoined, Some(id), message);
        }
    }

    fn target(&self, path: &FieldPath, field: &Field) -> Target {
        let declared = declared(self.mapping.object, path);
        let field_type = held(self.mapping.object, path, field);
        let kind = match declared {
            Some(def) if def.is_list && path.slot.is_none() => ValueKind::List,
            Some(def) => def.kind,
            None => kind_of(&field_type),
        };
        let holds_days = match field_type {
            FieldType::Date => Some(true),
            FieldType::DateTime => Some(false),
            _ => None,
        };
        let max = match field_type {
            FieldType::Text { max } => max,
            _ => None,
        };
        let closed = field_type.is_choice() && !field.options.is_empty();
        Target { kind, holds_days, required: field.required != Required::No, max, closed }
    }

    /// No two pairs may write one field, and none may be given twice.
    fn writers(&mut self, pairs: &[CompiledPair]) {
        let mut seen: BTreeMap<&PairId, usize> = BTreeMap::new();
        for pair in pairs {
            *seen.entry(&pair.id).or_default() += 1;
        }
        for (id, _) in seen.into_iter().filter(|(_, times)| *times > 1) {
            self.findings.add(Kind::DuplicatePair, Some(id), "the pair is given more than once; keep one of them");
        }
        for to in Side::BOTH {
            let mut writer: BTreeMap<&FieldPath, &PairId> = BTreeMap::new();
            for pair in pairs.iter().filter(|pair| pair.direction.allows(to.other())) {
                let path = &pair.paths[to.index()];
                match writer.get(path) {
                    Some(first) if **first != pair.id => {
                        let message = format!(
                            "`{path}` of {} is already written by `{first}`; let one of the two go the other way only, \
                             or drop one",
                            self.name(to)
                        );
                        self.findings.add(Kind::TwoWriters, Some(&pair.id), message);
                    }
                    _ => {
                        writer.insert(path, &pair.id);
                    }
                }
            }
        }
    }

    /// The constants of a side in the form that its fields take.
    fn constants(&mut self, side: Side) -> Vec<(FieldPath, Value)> {
        let mapping = self.mapping;
        let shaped = |(path, value)| match self.constant(side, path, value) {
            Ok(value) => Some((path.clone(), value)),
            Err(message) => {
                self.findings.add(Kind::BadConstant, None, message);
                None
            }
        };
        mapping.constants(side).iter().filter_map(shaped).collect()
    }

    fn constant(&self, side: Side, path: &FieldPath, value: &Value) -> Result<Value, String> {
        let (name, schema) = (self.name(side), self.schemas[side.index()]);
        let Some(field) = schema.field(&path.key) else {
            let hint = did_you_mean(path.key.as_str(), schema.fields.iter().map(|field| field.key.as_str()));
            return Err(format!("a constant is given for `{path}`, which {name} does not have{hint}"));
        };
        if !field.writable {
            return Err(format!("a constant is given for `{path}`, which {name} computes and does not let be written"));
        }
        if let (Some(text), false) = (value.as_text(), field.options.is_empty()) {
            let option = field.options.iter().find(|option| is_named(&option.key, &option.label, text));
            let Some(option) = option else {
                let hint = did_you_mean(text, field.options.iter().map(|option| option.label.as_str()));
                return Err(format!("the constant of `{path}` is no choice of {name}{hint}"));
            };
            return Ok(Value::Choice(Choice::new(&option.key).labelled(&option.label)));
        }
        self.target(path, field).shape(value, None, &Context::default()).map_err(|_| {
            let takes = describe(&field.field_type);
            format!("the constant of `{path}` is {} and {name} takes {takes}", value.kind().describe())
        })
    }

    /// A record can only be created where every required field gets a value.
    fn required(&mut self, side: Side, pairs: &[CompiledPair]) {
        let arrives = |pair: &&CompiledPair| pair.direction.allows(side.other());
        if !pairs.iter().any(|pair| arrives(&pair)) {
            return;
        }
        let schema = self.schemas[side.index()];
        for field in schema.fields.iter().filter(|field| field.required != Required::No && field.writable) {
            let is_field = |path: &FieldPath| path.key == field.key;
            let mapped = pairs.iter().filter(arrives).any(|pair| is_field(&pair.paths[side.index()]));
            if mapped || self.mapping.constants(side).keys().any(is_field) {
                continue;
            }
            let message = format!(
                "{} refuses a {} without `{}` ({}), and nothing gives it a value; map it or give it a `constant`",
                self.name(side),
                self.mapping.object,
                field.key,
                field.label,
            );
            self.findings.add(Kind::RequiredUnmapped, None, message);
        }
    }
}
