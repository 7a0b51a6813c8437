//! Ids are text, whatever the server writes: serde helpers that read a JSON string or an integer, every digit kept.
//!
//! `#[serde(with = "rest_core::ids::text")]` for a `String`, `#[serde(default, with = "rest_core::ids::opt")]` for an
//! `Option<String>`. They write text.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as text or as an integer")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// For a `String` id.
pub mod text {
    use serde::de::{Deserializer, Error};
    use serde::ser::Serializer;

    /// Reads text or an integer.
    ///
    /// # Errors
    /// Anything else, null included. A number with a fraction, or beyond 64 bits, is refused rather than rounded.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(super::IdVisitor)?.ok_or_else(|| Error::custom("an id is missing"))
    }

    /// Writes text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(id: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id)
    }
}

/// For an `Option<String>` id.
pub mod opt {
    use serde::de::Deserializer;
    use serde::ser::Serializer;

    /// Reads text, an integer, or null.
    ///
    /// # Errors
    /// Anything else. A number with a fraction, or beyond 64 bits, is refused rather than rounded.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(super::IdVisitor)
    }

    /// Writes text or null.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(id: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.serialize_some(id),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ids {
        #[serde(with = "super::text")]
        id: String,
        #[serde(default, with = "super::opt", skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    }

    #[test]
    fn text_and_numbers_of_any_size_are_read_exactly() {
        for (json, id) in [
            (r#"{"id":"003A"}"#, "003A"),
            (r#"{"id":0}"#, "0"),
            (r#"{"id":9007199254740993}"#, "9007199254740993"),
            (r#"{"id":18446744073709551615}"#, "18446744073709551615"),
            (r#"{"id":-1}"#, "-1"),
        ] {
            let ids: Ids = serde_json::from_str(json).unwrap();
            assert_eq!((ids.id.as_str(), ids.owner), (id, None), "{json}");
        }
        let ids: Ids = serde_json::from_str(r#"{"id":"a","owner":7}"#).unwrap();
        assert_eq!(serde_json::to_string(&ids).unwrap(), r#"{"id":"a","owner":"7"}"#);
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        for json in [
            r#"{"id":1.5}"#,
            r#"{"id":18446744073709551616}"#,
            r#"{"id":1e3}"#,
            r#"{"id":null}"#,
            r#"{"id":[1]}"#,
            r#"{"id":true}"#,
            "{}",
        ] {
            serde_json::from_str::<Ids>(json).expect_err(json);
        }
    }
}
