//! One value into the form of the other side, and the comparison of two values across the sides.

use std::fmt;

use crm_model::{AnyRef, Choice, DateOrTime, Value, ValueKind};
use serde::{Deserialize, Serialize};

use crate::codec::{Context, as_bool, as_choices, as_moment, as_money, as_number, as_ref, as_text};
use crate::mapping::{CompiledPair, Row, Target, lookup_key};
use crate::{Codec, Compiled, Direction, PairId, Refs, Resolved, Side};

/// A value that could not be carried. The field of the other side is left as it is, and the next merge tries again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldProblem {
    /// The pair.
    pub pair: PairId,
    /// The side whose value it is.
    pub from: Side,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// Why a value could not be carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A choice without a counterpart.
    NotCovered {
        /// The label of the choice, or its key; `None` where people typed it, because it may then be anything.
        choice: Option<String>,
    },
    /// A reference to something that the other side does not have and will not get.
    NoCounterpart {
        /// The record that is referred to.
        target: AnyRef,
    },
    /// A value of a kind that the other side's field does not take.
    NotConvertible {
        /// What the value is.
        is: ValueKind,
        /// What the field takes.
        takes: ValueKind,
    },
    /// A text that is longer than the other side's field.
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The most characters that the field takes.
        max: u32,
    },
    /// An empty value for a field that the other side requires.
    Required,
}

impl FieldProblem {
    /// A stable name of the kind: `not_covered`, for counting.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            ProblemKind::NotCovered { .. } => "not_covered",
            ProblemKind::NoCounterpart { .. } => "no_counterpart",
            ProblemKind::NotConvertible { .. } => "not_convertible",
            ProblemKind::TooLong { .. } => "too_long",
            ProblemKind::Required => "required",
        }
    }
}

impl FieldProblem {
    /// The problem in plain words and what to do about it, with the sides called by their names.
    #[must_use]
    pub fn in_words(&self, names: [&str; 2]) -> String {
        let (from, to) = (names[self.from.index()], names[self.from.other().index()]);
        let why = match &self.kind {
            ProblemKind::NotCovered { choice } => {
                let what = choice.as_ref().map_or("the text".to_owned(), |choice| format!("the choice `{choice}`"));
                format!("{what} has no counterpart there; add it to the value table of the pair")
            }
            ProblemKind::NoCounterpart { target } => {
                let object = target.object;
                let id = &target.id;
                format!(
                    "{object} {id} is unknown there and the field was left alone; add the {object} there, or change the field"
                )
            }
            ProblemKind::NotConvertible { is, takes } => {
                format!("the value is {} and the field takes {}", is.describe(), takes.describe())
            }
            ProblemKind::TooLong { length, max } => format!(
                "the text has {length} characters and the field takes {max}; shorten it on {from} or widen the field on {to}"
            ),
            ProblemKind::Required => {
                format!("it was emptied and {to} requires it; fill it on {from}")
            }
        };
        format!("`{}` was not carried from {from} to {to}: {why}", self.pair)
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(["A", "B"]))
    }
}

/// What a value is on the other side.
pub(crate) enum Translated {
    Value(Value),
    /// It refers to a record that is not linked yet.
    Unlinked(AnyRef),
    /// The mapping says that it stays where it is.
    Stays,
    Failed(ProblemKind),
}

/// Whether two values of two sides are the same.
pub(crate) enum Same {
    Yes,
    No,
    /// It cannot be told: they refer to records that are not linked yet.
    Unlinked(AnyRef),
}

impl Compiled {
    /// Whether two values are the same across the sides: what A's becomes on B is B's, or what B's becomes on A is A's.
    /// `false` for a pair that is not carried.
    #[must_use]
    pub fn same(&self, pair: &PairId, a: &Value, b: &Value, refs: &dyn Refs) -> bool {
        self.pair(pair).is_some_and(|pair| matches!(pair.same(a, b, refs, &self.context), Same::Yes))
    }

    /// Whether two values of one side are the same, so that nobody changed the field. A pair that is not carried is
    /// compared as it is.
    #[must_use]
    pub fn unchanged(&self, pair: &PairId, before: &Value, now: &Value) -> bool {
        self.pair(pair).map_or(before == now, |pair| pair.codec.equal(before, now, &self.context))
    }
}

impl CompiledPair {
    pub(crate) fn same(&self, a: &Value, b: &Value, refs: &dyn Refs, context: &Context) -> Same {
        let yes_if = |same| if same { Same::Yes } else { Same::No };
        if a.is_empty() && b.is_empty() {
            return Same::Yes;
        }
        if self.codec == Codec::Ref {
            return same_ref(a, b, self.direction, refs);
        }
        if self.lookups == [None, None] {
            return yes_if(self.codec.equal(a, b, context));
        }
        let leads_to = |from: Side, value: &Value, other: &Value| match self.translate_choices(from, value) {
            Ok(Some(translated)) => same_names(&translated, other),
            _ => false,
        };
        yes_if(leads_to(Side::A, a, b) || leads_to(Side::B, b, a))
    }

    /// The value of `from` as the other side writes it. `current` is what the other side shows now.
    pub(crate) fn translate(
        &self,
        from: Side,
        value: &Value,
        current: Option<&Value>,
        refs: &dyn Refs,
        context: &Context,
    ) -> Translated {
        let target = &self.targets[from.other().index()];
        if value.is_empty() {
            return match target.kind {
                // A checkbox is never empty.
                ValueKind::Bool => Translated::Value(Value::Bool(false)),
                _ if target.required => Translated::Failed(ProblemKind::Required),
                _ => Translated::Value(Value::Null),
            };
        }
        if self.codec == Codec::Ref {
            return translate_ref(from, value, target, refs);
        }
        let chosen = match self.translate_choices(from, value) {
            Ok(chosen) => chosen,
            Err(outcome) => return outcome,
        };
        match target.shape(chosen.as_ref().unwrap_or(value), current, context) {
            Ok(value) => Translated::Value(value),
            Err(problem) => Translated::Failed(problem),
        }
    }

    /// Sends choices through the table. `None` where the pair has no table.
    fn translate_choices(&self, from: Side, value: &Value) -> Result<Option<Value>, Translated> {
        let Some(lookup) = &self.lookups[from.index()] else {
            return Ok(None);
        };
        let target = &self.targets[from.other().index()];
        let Some(choices) = as_choices(value) else {
            return Ok(None);
        };
        let mut becomes = Vec::with_capacity(choices.len());
        for choice in choices.iter() {
            match lookup.find(&choice.key, choice.label.as_deref()) {
                Some(Row::Becomes(value)) => becomes.push(value.clone()),
                Some(Row::Stays) => {}
                None if target.closed => {
                    let named = matches!(value, Value::Choice(_) | Value::Choices(_));
                    let choice = named.then(|| choice.text().to_owned());
                    return Err(Translated::Failed(ProblemKind::NotCovered { choice }));
                }
                None => becomes.push(Value::Choice(Choice::new(choice.text()))),
            }
        }
        match (becomes.len(), becomes.pop()) {
            (_, None) => Err(Translated::Stays),
            (1, Some(only)) => Ok(Some(only)),
            (_, Some(last)) => {
                becomes.push(last);
                let name = |value: &Value| match value {
                    Value::Choice(choice) => Some(choice.clone()),
                    other => as_text(other).map(|text| Choice::new(text.into_owned())),
                };
                Ok(Some(Value::Choices(becomes.iter().filter_map(name).collect())))
            }
        }
    }
}

/// Whether both values name the same choices, by key or by label.
fn same_names(one: &Value, two: &Value) -> bool {
    if let (Some(one), Some(two)) = (as_bool(one), as_bool(two)) {
        return one == two;
    }
    let (Some(one), Some(two)) = (as_choices(one), as_choices(two)) else {
        return false;
    };
    let names = |choice: &Choice| [Some(lookup_key(&choice.key)), choice.label.as_deref().map(lookup_key)];
    let same = |one: &Choice, two: &Choice| {
        let theirs = names(two);
        names(one).iter().flatten().any(|name| theirs.iter().flatten().any(|other| other == name))
    };
    let within = |some: &[Choice], all: &[Choice]| some.iter().all(|one| all.iter().any(|two| same(one, two)));
    one.len() == two.len() && within(&one, &two) && within(&two, &one)
}

/// Whether two references are partners, as the sides that the field may leave see it.
fn same_ref(a: &Value, b: &Value, direction: Direction, refs: &dyn Refs) -> Same {
    let (Some(a), Some(b)) = (as_ref(a), as_ref(b)) else {
        return Same::No;
    };
    let mut unlinked = None;
    let mut all_unlinked = true;
    for (from, own, other) in [(Side::A, a, b), (Side::B, b, a)] {
        if !direction.allows(from) {
            continue;
        }
        match refs.translate(from, own) {
            Resolved::Linked(partner) if partner.object == other.object && partner.id == other.id => {
                return Same::Yes;
            }
            Resolved::NotLinked => unlinked = unlinked.or(Some(own)),
            Resolved::Linked(_) | Resolved::Never | Resolved::Stays => all_unlinked = false,
        }
    }
    match unlinked {
        Some(target) if all_unlinked => Same::Unlinked(target.clone()),
        _ => Same::No,
    }
}

fn translate_ref(from: Side, value: &Value, target: &Target, refs: &dyn Refs) -> Translated {
    let Some(reference) = as_ref(value) else {
        return Translated::Failed(ProblemKind::NotConvertible { is: value.kind(), takes: target.kind });
    };
    match refs.translate(from, reference) {
        Resolved::Linked(partner) => Translated::Value(Value::Ref(AnyRef { is_primary: false, ..partner })),
        Resolved::NotLinked => Translated::Unlinked(reference.clone()),
        Resolved::Stays => Translated::Stays,
        Resolved::Never => Translated::Failed(ProblemKind::NoCounterpart { target: reference.clone() }),
    }
}

impl Target {
    /// The value as the field takes it. Nothing is cut or rounded: what does not fit is an error.
    pub(crate) fn shape(
        &self,
        value: &Value,
        current: Option<&Value>,
        context: &Context,
    ) -> Result<Value, ProblemKind> {
        let shaped = match self.kind {
            ValueKind::Text => as_text(value).map(|text| Value::Text(text.into_owned())),
            ValueKind::Int => as_number(value)
                .filter(rust_decimal::Decimal::is_integer)
                .and_then(|number| i64::try_from(number).ok())
                .map(Value::Int),
            ValueKind::Decimal => as_number(value).map(|number| Value::Decimal(number.normalize())),
            ValueKind::Money => as_money(value).map(Value::Money),
            ValueKind::Bool => as_bool(value).map(Value::Bool),
            ValueKind::Date | ValueKind::Instant | ValueKind::DateOrTime => self.moment(value, current, context),
            // What leaves the table is one of the field's own choices.
            ValueKind::Choice => match as_choices(value).as_deref() {
                Some([only]) => Some(Value::Choice(only.clone())),
                _ => None,
            },
            ValueKind::Choices => as_choices(value).map(|choices| Value::Choices(choices.into_owned())),
            kind => (value.kind() == kind).then(|| value.clone()),
        };
        let shaped = shaped.ok_or(ProblemKind::NotConvertible { is: value.kind(), takes: self.kind })?;
        self.fits(shaped)
    }

    fn moment(&self, value: &Value, current: Option<&Value>, context: &Context) -> Option<Value> {
        let moment = as_moment(value)?;
        let day = || context.day(moment);
        let instant = || match moment {
            DateOrTime::Time(instant) => Some(instant),
            DateOrTime::Date(day) => context.instant_on(day, current.and_then(as_moment)),
        };
        match (self.kind, self.holds_days) {
            (ValueKind::Date, _) => Some(Value::Date(day())),
            (ValueKind::Instant, _) => instant().map(Value::Instant),
            (_, Some(true)) => Some(Value::DateOrTime(DateOrTime::Date(day()))),
            (_, Some(false)) => instant().map(|instant| Value::DateOrTime(DateOrTime::Time(instant))),
            (_, None) => Some(Value::DateOrTime(moment)),
        }
    }

    fn fits(&self, value: Value) -> Result<Value, ProblemKind> {
        let (Some(max), Value::Text(text)) = (self.max, &value) else {
            return Ok(value);
        };
        // Bytes are at least as many as characters, and counting them is free.
        if text.len() <= max as usize {
            return Ok(value);
        }
        match text.chars().count() {
            length if length > max as usize => Err(ProblemKind::TooLong { length, max }),
            _ => Ok(value),
        }
    }
}
