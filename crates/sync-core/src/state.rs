//! What one side shows of one record, restricted to what the mapping carries.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crm_model::{ConsentSet, FieldPath, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest;

/// The stable name of a pair of fields: the path where both sides call it the same (`job_title`), else both paths
/// (`custom.cf_tier=custom.Tier__c`). A copy shares the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairId(Arc<str>);

impl PairId {
    /// The name of the pair of two paths, A first.
    #[must_use]
    pub fn of(a: &FieldPath, b: &FieldPath) -> Self {
        if a == b { Self::from(a.to_string()) } else { Self::from(format!("{a}={b}")) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PairId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<&str> for PairId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}
impl From<String> for PairId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}
impl From<&PairId> for PairId {
    fn from(id: &PairId) -> Self {
        id.clone()
    }
}
impl Borrow<str> for PairId {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl Serialize for PairId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for PairId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// What one side shows of one record, in its own form: the mapped fields and the consent.
///
/// A pair that is missing was *not loaded*; [`Value::Null`] is *empty*. This is what an engine stores as a base and as
/// an observation. `Debug` shows no value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SideState {
    /// The value of each mapped field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<PairId, Value>,
    /// What the person agreed to and refused, channel by channel.
    #[serde(skip_serializing_if = "ConsentSet::is_empty")]
    pub consent: ConsentSet,
}

impl SideState {
    /// The value of a pair; `None` where it was not loaded.
    #[must_use]
    pub fn get(&self, pair: &PairId) -> Option<&Value> {
        self.fields.get(pair)
    }

    /// Whether it holds neither a field nor a channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.consent.is_empty()
    }

    /// Takes over what another state holds: its fields replace, its consent is joined.
    pub fn overlay(&mut self, newer: &Self) {
        for (pair, value) in &newer.fields {
            self.fields.insert(pair.clone(), value.clone());
        }
        if !newer.consent.is_empty() {
            self.consent = self.consent.join(&newer.consent);
        }
    }

    /// A digest of the content: 32 hexadecimal digits of SHA-256 over the canonical JSON. Equal states have equal
    /// digests on any machine.
    #[must_use]
    pub fn digest(&self) -> String {
        digest::of_json(self)
    }
}
