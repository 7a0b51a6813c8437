//! Records whose object is known only when they come: what a search finds, and parents of polymorphic lookups.

use std::fmt;

use rest_core::{BadRecord, Row};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::SObject;

/// A record of whatever object. As a field of a row, it stands for a parent that can be of several objects (`What`, `Who`,
/// `Owner`).
///
/// ```
/// use salesforce::{Account, AnyRecord};
/// #[derive(serde::Deserialize)]
/// struct Row {
///     #[serde(rename = "What")]
///     what: Option<AnyRecord>,
/// }
/// let row: Row = serde_json::from_str(
///     r#"{"What":{"attributes":{"type":"Account","url":"/x"},"Id":"001D000000IRFmaIAH","Name":"Acme"}}"#,
/// )?;
/// let what = row.what.unwrap();
/// assert_eq!(what.object(), "Account");
/// assert_eq!(what.decode::<Account>().unwrap().name.as_deref(), Some("Acme"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct AnyRecord {
    object: String,
    raw: Box<RawValue>,
}

impl AnyRecord {
    /// `None` if the record does not say of which object it is.
    pub(crate) fn new(raw: Box<RawValue>) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Head {
            attributes: Attributes,
        }
        #[derive(serde::Deserialize)]
        struct Attributes {
            #[serde(rename = "type")]
            object: String,
        }
        let object = serde_json::from_str::<Head>(raw.get()).ok()?.attributes.object;
        Some(Self { object, raw })
    }

    /// The API name of the record's object. Some versions say `Name` for every polymorphic parent.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Whether the record is of this object.
    #[must_use]
    pub fn is<T: SObject>(&self) -> bool {
        self.object == T::NAME
    }

    /// The record as the server wrote it.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.raw
    }

    /// The record as `T`.
    ///
    /// # Errors
    /// [`BadRecord`] says which field does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Row<T>, BadRecord> {
        rest_core::row(self.raw.clone(), "Id")
    }
}

impl fmt::Debug for AnyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyRecord({}, {} bytes)", self.object, self.raw.get().len())
    }
}

impl<'de> Deserialize<'de> for AnyRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::new(raw).ok_or_else(|| D::Error::custom("a record that does not say of which object it is"))
    }
}
