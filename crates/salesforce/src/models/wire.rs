//! How values travel: reading and writing each type of field, and the small types around that.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rest_core::BadRecord;
use rust_decimal::Decimal;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::ids::Id;
use crate::time;

/// What a write does to one field.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Leave the field alone.
    #[default]
    Keep,
    /// Empty the field.
    Clear,
    /// Give the field this value.
    Set(T),
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// `None` empties the field.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl From<&str> for Change<String> {
    fn from(text: &str) -> Self {
        Self::Set(text.to_owned())
    }
}

impl<T> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Clear => "Clear",
            Self::Set(_) => "Set(…)",
        })
    }
}

/// Fields by API name with the JSON they are written as. Later values replace earlier ones. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Fields {
    fields: BTreeMap<String, Box<RawValue>>,
    defect: Option<String>,
}

impl Fields {
    /// No fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a field a value: text, a number, a boolean, a date (`NaiveDate`) or anything else that serializes to what the
    /// API takes. Instants go in by [`set_instant`](Self::set_instant), exact numbers by [`set_decimal`](Self::set_decimal).
    pub fn set(&mut self, name: impl Into<String>, value: impl Serialize) {
        let name = name.into();
        match serde_json::value::to_raw_value(&value) {
            Ok(json) => drop(self.fields.insert(name, json)),
            // Told when the record is written, like every other defect of a call.
            Err(error) => self.defect = Some(format!("the field {name} cannot be written as JSON: {error}")),
        }
    }

    /// Gives a field a number with every digit kept.
    pub fn set_decimal(&mut self, name: impl Into<String>, value: Decimal) {
        self.set(name, Written(&value));
    }

    /// Gives a field an instant.
    pub fn set_instant(&mut self, name: impl Into<String>, value: DateTime<Utc>) {
        self.set(name, Written(&value));
    }

    /// Empties a field.
    pub fn clear(&mut self, name: impl Into<String>) {
        self.set(name, ());
    }

    /// The fields in the order of their names, with their JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// The JSON of one field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.fields.get(name).map(|value| &**value)
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> bool {
        self.fields.remove(name).is_some()
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.defect.is_none()
    }

    /// Puts the fields into a record that is being written, or tells what is wrong with one of them.
    pub(crate) fn put<M: SerializeMap>(&self, record: &mut M) -> Result<(), M::Error> {
        if let Some(defect) = &self.defect {
            return Err(M::Error::custom(defect));
        }
        self.fields.iter().try_for_each(|(name, value)| record.serialize_entry(name, value))
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(|(name, json)| (name, json.get())).eq(other.iter().map(|(name, json)| (name, json.get())))
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.put(&mut map)?;
        map.end()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys()).finish()
    }
}

/// The rows of a sub-select (`SELECT Id, (SELECT Id FROM OpportunityContactRoles) FROM Opportunity`).
///
/// The server cuts long child sets: [`is_complete`](Self::is_complete) says whether all rows are here, and
/// [`Salesforce::rest_of`](crate::Salesforce::rest_of) streams the others. A row that cannot be decoded does not fail
/// its parent.
pub struct Children<T> {
    /// How many rows there are in all, this part's and the others.
    pub total_size: u64,
    /// The rows of this part, each decoded on its own.
    pub records: Vec<Result<T, BadRecord>>,
    pub(crate) next: Option<String>,
}

impl<T> Children<T> {
    /// Whether every row is here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.next.is_none()
    }
}

impl<T: Clone> Clone for Children<T> {
    fn clone(&self) -> Self {
        Self { total_size: self.total_size, records: self.records.clone(), next: self.next.clone() }
    }
}

impl<T: PartialEq> PartialEq for Children<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(mine, theirs): (&Result<T, BadRecord>, &Result<T, BadRecord>)| match (mine, theirs) {
            (Ok(mine), Ok(theirs)) => mine == theirs,
            (Err(mine), Err(theirs)) => mine.raw.get() == theirs.raw.get(),
            _ => false,
        };
        self.records.len() == other.records.len() && self.records.iter().zip(&other.records).all(same)
    }
}

impl<T> fmt::Debug for Children<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Children({} of {})", self.records.len(), self.total_size)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Children<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Set {
            #[serde(default)]
            total_size: u64,
            #[serde(default)]
            done: bool,
            next_records_url: Option<String>,
            records: Vec<Box<RawValue>>,
        }
        let set = Set::deserialize(deserializer)?;
        let records =
            rest_core::rows(set.records, "Id").into_iter().map(|row| row.map(rest_core::Row::into_data)).collect();
        Ok(Self { total_size: set.total_size, records, next: set.next_records_url.filter(|_| !set.done) })
    }
}

/// A type that fields have: text, numbers, days, instants, ids, picklists made by [`picklist!`](crate::picklist), and the
/// parents and children of a row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a Salesforce field",
    note = "there are String, bool, i64, rust_decimal::Decimal, chrono::NaiveDate, chrono::DateTime<Utc>, Id and AnyId, \
            types made by salesforce::picklist!, Box<T> for a parent and Children<T> for child rows"
)]
pub trait FieldValue: Sized {
    /// Reads a value, or null as `None`.
    ///
    /// # Errors
    /// When the answer holds something else.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
    /// Writes a value as the API takes it.
    ///
    /// # Errors
    /// For what cannot be written: parents and children.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Reads any field: a value or null.
///
/// # Errors
/// When the answer holds something else.
pub fn read<'de, T: FieldValue, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer)
}

/// A field's value as it is written.
#[derive(Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: FieldValue> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl FieldValue for $type {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                Option::deserialize(deserializer)
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )*};
}
plain!(String, bool, i64, NaiveDate);

impl<O: ?Sized> FieldValue for Id<O> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl FieldValue for Decimal {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        rest_core::money::opt::deserialize(deserializer)
    }

    /// As a number, or as text where the number has more digits than a float holds: the API takes both, and nothing on
    /// the way may round.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT_IN_A_FLOAT: u128 = 1_000_000_000_000_000;
        if self.mantissa().unsigned_abs() < EXACT_IN_A_FLOAT {
            rest_core::money::exact::serialize(self, serializer)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl FieldValue for DateTime<Utc> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        time::read_instant(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::format_instant(*self))
    }
}

/// A parent that was selected along with its child. Its id is there only if it was selected too; where it was not, it is
/// read from the record's address.
impl<T: DeserializeOwned> FieldValue for Box<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let Some(raw) = Option::<Box<RawValue>>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let read = match address_of_unnamed(raw.get()) {
            Some(id) => {
                let rest = raw.get().trim_start().strip_prefix('{').unwrap_or_default();
                serde_json::from_str(&format!("{{\"Id\":\"{id}\",{rest}"))
            }
            None => serde_json::from_str(raw.get()),
        };
        read.map(Some).map_err(serde::de::Error::custom)
    }

    fn write<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a parent cannot be written along with its child"))
    }
}

/// The id in the address of a record that does not name it.
fn address_of_unnamed(record: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        attributes: Attributes,
        #[serde(rename = "Id")]
        id: Option<serde::de::IgnoredAny>,
    }
    #[derive(serde::Deserialize)]
    struct Attributes {
        url: String,
    }
    let named: Named = serde_json::from_str(record).ok()?;
    let id = named.attributes.url.rsplit('/').next()?;
    (named.id.is_none() && id.parse::<crate::AnyId>().is_ok()).then(|| id.to_owned())
}

impl<T: DeserializeOwned> FieldValue for Children<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("rows of a sub-select cannot be written"))
    }
}
