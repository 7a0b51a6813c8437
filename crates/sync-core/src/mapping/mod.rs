//! What is carried between the two sides: pairs of fields, and how each is read, translated and decided.

mod check;
mod compile;
mod defaults;
mod finding;
mod types;
mod values;

use std::collections::BTreeMap;

use crm_model::{FieldPath, ObjectKind, Value};
use serde::{Deserialize, Serialize};

pub use compile::{Compiled, LeftOut, compile};
pub(crate) use compile::{CompiledPair, Target};
pub use finding::{Finding, Severity};
pub use values::ValueTable;
pub(crate) use values::{Lookup, Row, lookup_key};

use crate::{Codec, Direction, PairId, Policy, Side};

/// Two fields that are one: how they correspond, which way changes travel and what decides a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pair {
    /// The field on side A.
    pub a: FieldPath,
    /// The field on side B.
    pub b: FieldPath,
    /// Which way changes travel.
    #[serde(default)]
    pub direction: Direction,
    /// What decides a conflict; without one the mapping's policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// How values are compared and translated; without one the types of the two fields say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Which choice of one side is which of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<ValueTable>,
    /// Whether the pair is part of the unified default: then it is left out where a side lacks the field, and gives
    /// way to an explicit pair that writes the same field.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
}

impl Pair {
    fn new(a: FieldPath, b: FieldPath, direction: Direction) -> Self {
        Self { a, b, direction, policy: None, codec: None, values: None, is_default: false }
    }

    /// The pair's stable name.
    #[must_use]
    pub fn id(&self) -> PairId {
        PairId::of(&self.a, &self.b)
    }

    /// The field on a side.
    #[must_use]
    pub fn path(&self, side: Side) -> &FieldPath {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// Whether both pairs would write the same field of some side.
    fn clashes(&self, other: &Self) -> bool {
        Side::BOTH.into_iter().any(|to| {
            let writes = |pair: &Self| pair.direction.allows(to.other());
            writes(self) && writes(other) && self.path(to) == other.path(to)
        })
    }
}

/// A setting that cannot be meant as it is written; [`compile`] reports it.
#[derive(Debug, Clone, PartialEq)]
enum Slip {
    BadPath(String),
    UnknownPair { pair: PairId, setting: &'static str },
}

/// What a sync carries of one object, as data: it can be written in code, stored, and read from a file.
///
/// Nothing here fails: what is wrong with a mapping is found by [`compile`], all of it at once.
///
/// ```
/// use crm_model::ObjectKind;
/// use sync_core::{Mapping, Newest, Policy, Side, ValueTable};
///
/// let mapping = Mapping::unified(ObjectKind::Contact)
///     .both("custom.cf_tier", "custom.Tier__c")
///     .values("custom.cf_tier=custom.Tier__c", ValueTable::new().pair("A", "Gold").pair("B", "Silver"))
///     .a_to_b("custom.cf_score", "custom.Score__c")
///     .policy("job_title", Policy::Prefer(Side::A))
///     .default_policy(Newest)
///     .constant(Side::B, "last_name", "(unknown)");
/// let stored = serde_json::to_string(&mapping)?;
/// assert_eq!(serde_json::from_str::<Mapping>(&stored)?, mapping);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    object: ObjectKind,
    pairs: Vec<Pair>,
    #[serde(default = "Policy::newest")]
    policy: Policy,
    #[serde(default = "fill_empty")]
    first_link: Policy,
    #[serde(default)]
    direction: Direction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<Direction>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    constants_a: BTreeMap<FieldPath, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    constants_b: BTreeMap<FieldPath, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default)]
    utc_offset_minutes: i32,
    #[serde(default = "a_and_b")]
    names: [String; 2],
    #[serde(skip)]
    slips: Vec<Slip>,
}

fn fill_empty() -> Policy {
    Policy::FillEmpty
}

fn a_and_b() -> [String; 2] {
    ["A".to_owned(), "B".to_owned()]
}

impl Mapping {
    /// A mapping without pairs. Consent travels nevertheless.
    #[must_use]
    pub fn empty(object: ObjectKind) -> Self {
        Self {
            object,
            pairs: Vec::new(),
            policy: Policy::newest(),
            first_link: Policy::FillEmpty,
            direction: Direction::Both,
            consent: None,
            constants_a: BTreeMap::new(),
            constants_b: BTreeMap::new(),
            region: None,
            utc_offset_minutes: 0,
            names: a_and_b(),
            slips: Vec::new(),
        }
    }

    /// The fields that CRMs have in common, both ways.
    #[must_use]
    pub fn unified(object: ObjectKind) -> Self {
        Self { pairs: defaults::pairs(object), ..Self::empty(object) }
    }

    /// Carries a field both ways. An explicit pair replaces the default pairs that would write the same field.
    #[must_use]
    pub fn both(self, a: &str, b: &str) -> Self {
        self.with(a, b, Direction::Both)
    }

    /// Carries a field from A to B only.
    #[must_use]
    pub fn a_to_b(self, a: &str, b: &str) -> Self {
        self.with(a, b, Direction::AToB)
    }

    /// Carries a field from B to A only. The paths are given A first, as everywhere.
    #[must_use]
    pub fn b_to_a(self, a: &str, b: &str) -> Self {
        self.with(a, b, Direction::BToA)
    }

    fn with(mut self, a: &str, b: &str, direction: Direction) -> Self {
        match (a.parse(), b.parse()) {
            (Ok(a), Ok(b)) => {
                let pair = Pair::new(a, b, direction);
                self.pairs.retain(|other| !(other.is_default && (other.clashes(&pair) || other.id() == pair.id())));
                self.pairs.push(pair);
            }
            (a, b) => {
                let errors = [a.err(), b.err()].into_iter().flatten();
                self.slips.extend(errors.map(|error: crm_model::ModelError| Slip::BadPath(error.to_string())));
            }
        }
        self
    }

    /// Carries a pair no longer.
    #[must_use]
    pub fn drop(mut self, pair: impl Into<PairId>) -> Self {
        let pair = pair.into();
        let before = self.pairs.len();
        self.pairs.retain(|other| other.id() != pair);
        if self.pairs.len() == before {
            self.slips.push(Slip::UnknownPair { pair, setting: "drop" });
        }
        self
    }

    /// Says which choice of A is which of B.
    #[must_use]
    pub fn values(self, pair: impl Into<PairId>, table: ValueTable) -> Self {
        self.set(pair.into(), "values", |pair| pair.values = Some(table))
    }

    /// Decides conflicts of one pair.
    #[must_use]
    pub fn policy(self, pair: impl Into<PairId>, policy: impl Into<Policy>) -> Self {
        let policy = policy.into();
        self.set(pair.into(), "policy", |pair| pair.policy = Some(policy))
    }

    /// Compares and translates one pair in this way, whatever the types of its fields.
    #[must_use]
    pub fn codec(self, pair: impl Into<PairId>, codec: Codec) -> Self {
        self.set(pair.into(), "codec", |pair| pair.codec = Some(codec))
    }

    fn set(mut self, id: PairId, setting: &'static str, change: impl FnOnce(&mut Pair)) -> Self {
        match self.pairs.iter_mut().find(|pair| pair.id() == id) {
            Some(pair) => change(pair),
            None => self.slips.push(Slip::UnknownPair { pair: id, setting }),
        }
        self
    }

    /// Decides the conflicts of pairs without a policy of their own. Unless set, the newest wins and a person decides
    /// what lies within 5 seconds.
    #[must_use]
    pub fn default_policy(mut self, policy: impl Into<Policy>) -> Self {
        self.policy = policy.into();
        self
    }

    /// Decides what differs when two records are linked for the first time. Unless set, a value fills an empty field
    /// and replaces none.
    #[must_use]
    pub fn first_link(mut self, policy: impl Into<Policy>) -> Self {
        self.first_link = policy.into();
        self
    }

    /// Restricts everything the mapping carries to one direction.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Which way opt-outs travel; unless set, as the fields do.
    #[must_use]
    pub fn consent(mut self, direction: Direction) -> Self {
        self.consent = Some(direction);
        self
    }

    /// Gives a field of records that are *created* on a side a value where nothing mapped gives it one.
    #[must_use]
    pub fn constant(mut self, side: Side, path: &str, value: impl Into<ConstantValue>) -> Self {
        match path.parse() {
            Ok(path) => {
                let constants = match side {
                    Side::A => &mut self.constants_a,
                    Side::B => &mut self.constants_b,
                };
                constants.insert(path, value.into().0);
            }
            Err(error) => self.slips.push(Slip::BadPath(crm_model::ModelError::to_string(&error))),
        }
        self
    }

    /// The region (`GB`, `DE`: ISO 3166) of phone numbers without a country code. Without one they are compared digit
    /// by digit.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// The offset from UTC, in minutes, in which a day is read where one side holds days and the other instants.
    #[must_use]
    pub fn utc_offset_minutes(mut self, minutes: i32) -> Self {
        self.utc_offset_minutes = minutes;
        self
    }

    /// What the sides are called in messages: `named("freshsales", "salesforce")`.
    #[must_use]
    pub fn named(mut self, a: &str, b: &str) -> Self {
        self.names = [a.to_owned(), b.to_owned()];
        self
    }

    /// The object whose records are mapped.
    #[must_use]
    pub fn object(&self) -> ObjectKind {
        self.object
    }

    /// The pairs, in the order in which they were added.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    fn constants(&self, side: Side) -> &BTreeMap<FieldPath, Value> {
        match side {
            Side::A => &self.constants_a,
            Side::B => &self.constants_b,
        }
    }
}

/// The value of a [constant](Mapping::constant): a [`Value`], or a text.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstantValue(Value);

impl From<Value> for ConstantValue {
    fn from(value: Value) -> Self {
        Self(value)
    }
}
impl From<&str> for ConstantValue {
    fn from(text: &str) -> Self {
        Self(Value::text(text))
    }
}
