//! Record ids: 15 or 18 characters, compared in their 18-character form, typed by object.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// An object whose records have ids.
pub trait Keyed {
    /// The first three characters of every id of the object (`003` for contacts); `None` where any will do.
    const KEY_PREFIX: Option<&'static str> = None;
}

/// Any object: the type of an id whose object is only known at run time (a task's `WhatId`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Any {}
impl Keyed for Any {}

/// A record's id in its 18-character form.
///
/// The API takes ids of 15 or 18 characters and always answers with 18. The last three are a checksum over the letters'
/// case, so the longer form survives systems that ignore case. Both forms of one id are equal here.
///
/// ```
/// use salesforce::{Account, Id};
/// let id: Id<Account> = "001D000000IRFma".parse()?;
/// assert_eq!(id.as_str(), "001D000000IRFmaIAH");
/// assert_eq!(id, "001D000000IRFmaIAH".parse()?);
/// assert!("003D000000IRFma".parse::<Id<Account>>().is_err(), "that is a contact's id");
/// # Ok::<(), salesforce::IdError>(())
/// ```
pub struct Id<O: ?Sized = Any> {
    text: [u8; 18],
    object: PhantomData<fn() -> Box<O>>,
}

/// An id of any object.
pub type AnyId = Id<Any>;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// It has neither 15 nor 18 characters.
    #[error("an id has 15 or 18 characters, not {0}")]
    Length(usize),
    /// It holds something other than ASCII letters and digits.
    #[error("an id holds letters and digits only")]
    Character,
    /// Its last three characters do not belong to the first fifteen: a letter was changed, often its case.
    #[error("the id's checksum does not match: a character was changed on the way, often a letter's case")]
    Checksum,
    /// It is another object's id.
    #[error("ids of this object begin with {expected}, this one with {found}")]
    WrongObject {
        /// The object's prefix.
        expected: &'static str,
        /// The id's prefix.
        found: String,
    },
}

impl<O: ?Sized> Id<O> {
    /// The id, 18 characters long.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The first three characters, which tell the object.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }

    /// The same id as one of any object.
    #[must_use]
    pub fn any(self) -> AnyId {
        Id { text: self.text, object: PhantomData }
    }

    /// Whether the id belongs to records of `P`.
    #[must_use]
    pub fn is<P: Keyed>(&self) -> bool {
        P::KEY_PREFIX.is_none_or(|prefix| prefix == self.prefix())
    }

    /// The same id as one of `P`, if it belongs to that object.
    #[must_use]
    pub fn cast<P: Keyed>(self) -> Option<Id<P>> {
        self.is::<P>().then_some(Id { text: self.text, object: PhantomData })
    }

    /// The same id as one of `P`, which is known otherwise: a server's answers are believed.
    pub(crate) fn assume<P: ?Sized>(self) -> Id<P> {
        Id { text: self.text, object: PhantomData }
    }

    /// Checks the characters, completes 15 to 18, and leaves the checksum of 18 as it is.
    fn read(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if !matches!(bytes.len(), 15 | 18) {
            return Err(IdError::Length(text.chars().count()));
        }
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(IdError::Character);
        }
        let mut all = [0; 18];
        all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        if bytes.len() == 15 {
            let sum = checksum(bytes);
            all.iter_mut().skip(15).zip(sum).for_each(|(to, from)| *to = from);
        }
        Ok(Self { text: all, object: PhantomData })
    }
}

/// One character for each group of five: bit *j* says that character *j* is an upper-case letter.
fn checksum(bytes: &[u8]) -> [u8; 3] {
    let digit = |group: &[u8]| {
        let bits = group
            .iter()
            .enumerate()
            .fold(0u8, |bits, (place, byte)| bits | (u8::from(byte.is_ascii_uppercase()) << place));
        if bits < 26 { b'A' + bits } else { b'0' + (bits - 26) }
    };
    let mut sum = [b'A'; 3];
    sum.iter_mut().zip(bytes.chunks(5)).for_each(|(to, group)| *to = digit(group));
    sum
}

impl<O: Keyed + ?Sized> FromStr for Id<O> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let id = Self::read(text)?;
        let (head, tail) = id.text.split_at(15);
        if *tail != checksum(head) {
            return Err(IdError::Checksum);
        }
        match O::KEY_PREFIX {
            Some(expected) if expected != id.prefix() => {
                Err(IdError::WrongObject { expected, found: id.prefix().to_owned() })
            }
            _ => Ok(id),
        }
    }
}

impl<O: ?Sized> Clone for Id<O> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O: ?Sized> Copy for Id<O> {}
impl<O: ?Sized> PartialEq for Id<O> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl<O: ?Sized> Eq for Id<O> {}
impl<O: ?Sized> PartialOrd for Id<O> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<O: ?Sized> Ord for Id<O> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
impl<O: ?Sized> Hash for Id<O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl<O: ?Sized> fmt::Debug for Id<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl<O: ?Sized> fmt::Display for Id<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl<O: ?Sized> AsRef<str> for Id<O> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
impl<O: ?Sized> Serialize for Id<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A server's answers are believed: neither the checksum nor the object is checked here.
impl<'de, O: ?Sized> Deserialize<'de> for Id<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor<O: ?Sized>(PhantomData<fn() -> Box<O>>);
        impl<O: ?Sized> Visitor<'_> for IdVisitor<O> {
            type Value = Id<O>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<O>, E> {
                Id::read(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(IdVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, Contact};

    #[test]
    fn the_checksum_is_the_vendors() {
        for (short, long) in [
            ("001D000000IRFma", "001D000000IRFmaIAH"),
            ("012000000000000", "012000000000000AAA"),
            ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaAAA"),
            ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
        ] {
            assert_eq!(short.parse::<AnyId>().unwrap().as_str(), long);
            assert_eq!(long.parse::<AnyId>().unwrap(), short.parse().unwrap());
        }
    }

    #[test]
    fn what_is_no_id_is_refused_with_its_reason() {
        let refuse = |text: &str| text.parse::<Id<Account>>().unwrap_err();
        assert_eq!(refuse(""), IdError::Length(0));
        assert_eq!(refuse("001D000000IRFm"), IdError::Length(14));
        assert_eq!(refuse("001D000000IRF-a"), IdError::Character);
        assert_eq!(refuse("001D000000IRFé"), IdError::Character, "15 bytes, but not ASCII");
        assert_eq!(refuse("001d000000irfmaIAH"), IdError::Checksum);
        assert_eq!(refuse("003D000000IRFma"), IdError::WrongObject { expected: "001", found: "003".into() });
    }

    #[test]
    fn an_id_knows_its_object() {
        let id: AnyId = "003000000000001".parse().unwrap();
        assert!(id.is::<Contact>() && !id.is::<Account>() && id.is::<Any>());
        assert_eq!(id.cast::<Contact>().unwrap().any(), id);
        assert!(id.cast::<Account>().is_none());
    }

    #[test]
    fn ids_decode_from_both_forms() {
        let ids: Vec<AnyId> = serde_json::from_str(r#"["001D000000IRFma","001D000000IRFmaIAH"]"#).unwrap();
        assert_eq!(ids[0], ids[1]);
        assert_eq!(serde_json::to_string(&ids[0]).unwrap(), r#""001D000000IRFmaIAH""#);
        assert!(serde_json::from_str::<AnyId>(r#""x""#).is_err());
        assert!(serde_json::from_str::<AnyId>("7").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_id_survives_a_change_of_form(short in "[A-Za-z0-9]{15}") {
            let id: AnyId = short.parse().unwrap();
            proptest::prop_assert!(id.as_str().starts_with(&short));
            proptest::prop_assert_eq!(id.as_str().parse::<AnyId>().unwrap(), id);
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            let _ = text.parse::<AnyId>();
        }
    }
}
