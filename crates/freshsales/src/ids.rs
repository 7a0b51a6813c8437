//! Ids: 64-bit numbers, one type per kind of record, read from a number or a numeric text and written as a number.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A text that is not an id: ids are whole numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {0} is a whole number")]
pub struct NotAnId(&'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a number.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.trim().parse().map(Self).map_err(|_| NotAnId(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(IdVisitor).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }
    )*};
}

ids! {
    /// A contact's id.
    ContactId,
    /// A sales account's id.
    SalesAccountId,
    /// A deal's id.
    DealId,
    /// A task's id.
    TaskId,
    /// A note's id.
    NoteId,
    /// A user's id (an "owner").
    UserId,
    /// A view's id; differs from account to account.
    ViewId,
    /// A deal pipeline's id.
    DealPipelineId,
    /// A deal stage's id.
    DealStageId,
    /// A lifecycle stage's id.
    LifecycleStageId,
    /// A contact status's id; every status belongs to one lifecycle stage.
    ContactStatusId,
    /// A currency's id.
    CurrencyId,
    /// The id of a choice of any other list: lead source, industry, deal type, territory …
    ChoiceId,
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as a whole number or as its text")
    }

    fn visit_i64<E: serde::de::Error>(self, id: i64) -> Result<i64, E> {
        Ok(id)
    }

    fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<i64, E> {
        i64::try_from(id).map_err(|_| E::custom("an id does not fit into 63 bits"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i64, E> {
        text.trim().parse().map_err(|_| E::custom("an id is not a whole number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_read_exactly_and_written_as_numbers() {
        for (json, id) in [
            ("70042006456", 70_042_006_456),
            (r#""70042006456""#, 70_042_006_456),
            ("1450348061427834880", 1_450_348_061_427_834_880),
        ] {
            let read: ContactId = serde_json::from_str(json).unwrap();
            assert_eq!(read.get(), id, "{json}");
            assert_eq!(serde_json::to_string(&read).unwrap(), id.to_string());
        }
        assert_eq!(serde_json::from_str::<Option<UserId>>("null").unwrap(), None);
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for json in ["1.5", r#""abc""#, "null", "[]", "18446744073709551615"] {
            serde_json::from_str::<ContactId>(json).expect_err(json);
        }
        assert_eq!("x".parse::<DealId>().unwrap_err().to_string(), "a DealId is a whole number");
    }
}
