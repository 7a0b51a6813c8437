use serde::{Serialize, Serializer};

/// What a write does to one field.
///
/// ```
/// use freshsales::models::{ContactWrite, Set};
///
/// let write = ContactWrite { job_title: "Analyst".into(), city: Set::Null, ..ContactWrite::default() };
/// assert_eq!(serde_json::to_string(&write).unwrap(), r#"{"job_title":"Analyst","city":null}"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Set<T> {
    /// Leaves the field alone: it is not sent.
    #[default]
    Keep,
    /// Empties the field.
    Null,
    /// Gives the field this value.
    To(T),
}

impl<T> Set<T> {
    /// Whether the field is left alone.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::To(value) => Some(value),
            Self::Keep | Self::Null => None,
        }
    }

    /// Applies a function to the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Set<U> {
        match self {
            Self::Keep => Set::Keep,
            Self::Null => Set::Null,
            Self::To(value) => Set::To(f(value)),
        }
    }
}

impl<T> From<T> for Set<T> {
    fn from(value: T) -> Self {
        Self::To(value)
    }
}

impl From<&str> for Set<String> {
    fn from(text: &str) -> Self {
        Self::To(text.to_owned())
    }
}

impl<T: Serialize> Serialize for Set<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Null => serializer.serialize_none(),
            Self::To(value) => value.serialize(serializer),
        }
    }
}

/// For a `Set<Decimal>`: a JSON number as long as a double holds every digit, which is what many JSON parsers read
/// numbers into; else a text, as amounts travel the other way.
pub(crate) fn amount<S: Serializer>(amount: &Set<rust_decimal::Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT_IN_A_DOUBLE: u128 = 1_000_000_000_000_000;
    match amount {
        Set::To(amount) if amount.normalize().mantissa().unsigned_abs() >= EXACT_IN_A_DOUBLE => {
            serializer.collect_str(amount)
        }
        amount => rest_core::money::opt::serialize(&amount.value().copied(), serializer),
    }
}
