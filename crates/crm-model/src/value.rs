use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Address, AnyRef, Date, DateOrTime, Decimal, Instant, Labelled, Money, ObjectKind, Party, Ref};

/// One choice of a list of choices: the key that is stored, and the label that people see.
///
/// Choices are equal when their keys are; a label may be translated or renamed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Choice {
    /// What the vendor stores: an id or an API name.
    pub key: String,
    /// What people see, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Choice {
    /// A choice whose label is not known.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), label: None }
    }

    /// The same choice with its label.
    #[must_use]
    pub fn labelled(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// The label, or the key where the label is not known.
    #[must_use]
    pub fn text(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.key)
    }
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Choice {}
impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Choice({})", self.key)
    }
}

/// The value of a field in a [`Record`](crate::Record).
///
/// `Debug` prints the kind and never the content; [`reveal`](Self::reveal) prints the content.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "t", content = "v")]
#[non_exhaustive]
pub enum Value {
    /// Empty.
    Null,
    /// Text of any length.
    Text(String),
    /// A whole number.
    Int(i64),
    /// An exact number.
    Decimal(Decimal),
    /// Yes or no.
    Bool(bool),
    /// A day.
    Date(Date),
    /// A moment.
    Instant(Instant),
    /// A day or a moment.
    DateOrTime(DateOrTime),
    /// An amount.
    Money(Money),
    /// One of a list of choices.
    Choice(Choice),
    /// Several of a list of choices.
    Choices(Vec<Choice>),
    /// A postal address.
    Address(Address),
    /// Another record.
    Ref(AnyRef),
    /// Somebody who takes part in something.
    Party(Box<Party>),
    /// An entry of a labelled list.
    Labelled(Box<Labelled<Value>>),
    /// A list.
    List(Vec<Value>),
    /// JSON that has no better type, as its text.
    Json(String),
}

/// The kind of a [`Value`], for messages and for checks of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ValueKind {
    /// Empty.
    Null,
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// An exact number.
    Decimal,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// A moment.
    Instant,
    /// A day or a moment.
    DateOrTime,
    /// An amount.
    Money,
    /// One choice.
    Choice,
    /// Several choices.
    Choices,
    /// A postal address.
    Address,
    /// Another record.
    Ref,
    /// Somebody who takes part in something.
    Party,
    /// JSON.
    Json,
    /// A list.
    List,
}

impl ValueKind {
    /// The kind in words: `a whole number`.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Null => "an empty value",
            Self::Text => "text",
            Self::Int => "a whole number",
            Self::Decimal => "a number",
            Self::Bool => "yes or no",
            Self::Date => "a date",
            Self::Instant => "an instant",
            Self::DateOrTime => "a date or an instant",
            Self::Money => "an amount of money",
            Self::Choice => "a choice",
            Self::Choices => "several choices",
            Self::Address => "an address",
            Self::Ref => "a reference",
            Self::Party => "a participant",
            Self::Json => "JSON",
            Self::List => "a list",
        }
    }
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether the value is empty: null, an empty text, list or address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Choices(choices) => choices.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Address(address) => address.is_empty(),
            Self::Labelled(entry) => entry.value.is_empty(),
            Self::Party(party) => party.address.is_none() && party.record.is_none(),
            _ => false,
        }
    }

    /// The kind of the value; of a labelled entry the kind of what it holds.
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Null => ValueKind::Null,
            Self::Text(_) => ValueKind::Text,
            Self::Int(_) => ValueKind::Int,
            Self::Decimal(_) => ValueKind::Decimal,
            Self::Bool(_) => ValueKind::Bool,
            Self::Date(_) => ValueKind::Date,
            Self::Instant(_) => ValueKind::Instant,
            Self::DateOrTime(_) => ValueKind::DateOrTime,
            Self::Money(_) => ValueKind::Money,
            Self::Choice(_) => ValueKind::Choice,
            Self::Choices(_) => ValueKind::Choices,
            Self::Address(_) => ValueKind::Address,
            Self::Ref(_) => ValueKind::Ref,
            Self::Party(_) => ValueKind::Party,
            Self::Labelled(entry) => entry.value.kind(),
            Self::List(_) => ValueKind::List,
            Self::Json(_) => ValueKind::Json,
        }
    }

    /// The text, if this is a text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The content as a person would write it. This is customer data: show it where somebody asked for it, never in
    /// a log or an error.
    #[must_use]
    pub fn reveal(&self) -> String {
        let join = |values: &[Self]| values.iter().map(Self::reveal).collect::<Vec<_>>().join(", ");
        match self {
            Self::Null => "(empty)".to_owned(),
            Self::Text(text) | Self::Json(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Decimal(number) => number.normalize().to_string(),
            Self::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Self::Date(date) | Self::DateOrTime(DateOrTime::Date(date)) => date.to_string(),
            Self::Instant(instant) | Self::DateOrTime(DateOrTime::Time(instant)) => {
                instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
            }
            Self::Money(money) => match money.currency {
                Some(currency) => format!("{} {currency}", money.amount.normalize()),
                None => money.amount.normalize().to_string(),
            },
            Self::Choice(choice) => choice.text().to_owned(),
            Self::Choices(choices) => choices.iter().map(Choice::text).collect::<Vec<_>>().join("; "),
            Self::Address(address) => {
                let parts = address.parts();
                parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
            }
            Self::Ref(reference) => format!("{} {}", reference.object, reference.id),
            Self::Party(party) => party.to_string(),
            Self::Labelled(entry) => format!("{} ({})", entry.value.reveal(), entry.label),
            Self::List(list) => join(list),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Self::List(list) => write!(f, "List({} entries)", list.len()),
            Self::Ref(reference) => write!(f, "Ref({} {})", reference.object, reference.id),
            other => write!(f, "{:?}(…)", other.kind()),
        }
    }
}

/// A Rust type that a field can have, and its form as a [`Value`].
pub trait FieldValue: Sized {
    /// The kind of value it becomes.
    const KIND: ValueKind;

    /// The value.
    fn into_value(self) -> Value;

    /// Reads the value back. `None` where it is of another kind. Never called with [`Value::Null`].
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! field_value {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl FieldValue for $type {
            const KIND: ValueKind = ValueKind::$variant;

            fn into_value(self) -> Value {
                Value::$variant(self)
            }

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
        }
    )*};
}

field_value! {
    String => Text,
    bool => Bool,
    Date => Date,
    Instant => Instant,
    Choice => Choice,
    Address => Address,
    AnyRef => Ref,
}

impl FieldValue for Decimal {
    const KIND: ValueKind = ValueKind::Decimal;

    fn into_value(self) -> Value {
        Value::Decimal(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Decimal(number) => Some(number),
            Value::Int(number) => Some(number.into()),
            _ => None,
        }
    }
}

impl FieldValue for i64 {
    const KIND: ValueKind = ValueKind::Int;

    fn into_value(self) -> Value {
        Value::Int(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            Value::Decimal(number) if number.is_integer() => i64::try_from(number).ok(),
            _ => None,
        }
    }
}

impl FieldValue for Money {
    const KIND: ValueKind = ValueKind::Money;

    fn into_value(self) -> Value {
        Value::Money(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Money(money) => Some(money),
            Value::Decimal(amount) => Some(Self::new(amount)),
            Value::Int(amount) => Some(Self::new(amount)),
            _ => None,
        }
    }
}

impl FieldValue for DateOrTime {
    const KIND: ValueKind = ValueKind::DateOrTime;

    fn into_value(self) -> Value {
        Value::DateOrTime(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::DateOrTime(due) => Some(due),
            Value::Date(date) => Some(Self::Date(date)),
            Value::Instant(instant) => Some(Self::Time(instant)),
            _ => None,
        }
    }
}

impl<T: FieldValue> FieldValue for Labelled<T> {
    const KIND: ValueKind = T::KIND;

    fn into_value(self) -> Value {
        let Self { value, label, is_primary, remote_id } = self;
        Value::Labelled(Box::new(Labelled { value: value.into_value(), label, is_primary, remote_id }))
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Labelled(entry) => {
                let Labelled { value, label, is_primary, remote_id } = *entry;
                Some(Self { value: T::from_value(value)?, label, is_primary, remote_id })
            }
            plain => Some(Self::new(T::from_value(plain)?, crate::Label::Work)),
        }
    }
}

/// The object that a typed reference points at.
pub(crate) trait RefTarget {
    const KIND: ObjectKind;
}

impl<O: RefTarget> FieldValue for Ref<O> {
    const KIND: ValueKind = ValueKind::Ref;

    fn into_value(self) -> Value {
        let reference = AnyRef { object: O::KIND, id: self.id.as_str().into(), is_primary: self.is_primary };
        Value::Ref(reference)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Ref(AnyRef { object, id, is_primary }) if object == O::KIND => {
                Some(Self { is_primary, ..Self::new(crate::RemoteId::new(id)) })
            }
            _ => None,
        }
    }
}
