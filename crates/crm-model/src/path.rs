use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Label, ModelError, ObjectKind};

const CUSTOM: &str = "custom.";

/// The name of a field: one of the model's own (`job_title`) or a vendor's (`custom.cf_tier`, by API name, case kept).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldKey(Cow<'static, str>);

impl FieldKey {
    /// The key of a field that the model declares.
    #[must_use]
    pub const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The key of a vendor's own field.
    #[must_use]
    pub fn custom(api_name: &str) -> Self {
        Self(Cow::Owned(format!("{CUSTOM}{api_name}")))
    }

    /// The vendor's API name, if this is a vendor's own field.
    #[must_use]
    pub fn custom_name(&self) -> Option<&str> {
        self.0.strip_prefix(CUSTOM)
    }

    /// The name as it is written in a mapping.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which entry of a list is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The entry marked as primary, else the first.
    Primary,
    /// The first entry with this label.
    Label(Label),
    /// The first reference to this object.
    Object(ObjectKind),
}

impl Slot {
    /// Reads a slot as it stands between the brackets of a path; `None` where nothing can be meant by it.
    fn parse(text: &str) -> Option<Self> {
        let label = |text: &str| text.parse().ok().map(Self::Label);
        let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match (quoted, text.trim()) {
            (Some(inner), _) => label(inner),
            (None, text) if text.is_empty() || text.starts_with('"') || text.contains(['[', ']']) => None,
            (None, text) if text.eq_ignore_ascii_case("primary") => Some(Self::Primary),
            (None, text) => text.parse().ok().map(Self::Object).or_else(|| label(text)),
        }
    }
}

impl fmt::Display for Slot {
    /// A label that would be read as something else is written in quotes: `phones["primary"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary => f.write_str("primary"),
            Self::Object(kind) => write!(f, "{kind}"),
            Self::Label(label) if Self::parse(label.as_str()).as_ref() == Some(self) => {
                write!(f, "{label}")
            }
            Self::Label(label) => write!(f, "\"{label}\""),
        }
    }
}

impl From<Label> for Slot {
    fn from(label: Label) -> Self {
        Self::Label(label)
    }
}

/// A field, or one entry of a list field: `job_title`, `emails[primary]`, `phones[mobile]`, `targets[deal]`,
/// `custom.Tier__c`. A label that means something else without them is written in quotes: `phones["primary"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    /// The field.
    pub key: FieldKey,
    /// The entry, for a list field.
    pub slot: Option<Slot>,
}

impl FieldPath {
    /// One entry of a list field.
    #[must_use]
    pub fn entry(key: FieldKey, slot: impl Into<Slot>) -> Self {
        Self { key, slot: Some(slot.into()) }
    }
}

impl From<FieldKey> for FieldPath {
    fn from(key: FieldKey) -> Self {
        Self { key, slot: None }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.slot {
            None => write!(f, "{}", self.key),
            Some(slot) => write!(f, "{}[{slot}]", self.key),
        }
    }
}

impl FromStr for FieldPath {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let fail = |why| Err(ModelError::Path { text: text.to_owned(), why });
        // A vendor's own names may hold any character, brackets included; they have no entries.
        if let Some(name) = text.strip_prefix(CUSTOM) {
            return if name.is_empty() {
                fail("the custom field has no name")
            } else {
                Ok(FieldKey::custom(name).into())
            };
        }
        let (name, slot) = match text.split_once('[') {
            None => (text, None),
            Some((name, rest)) => match rest.strip_suffix(']').and_then(Slot::parse) {
                Some(slot) => (name, Some(slot)),
                None => return fail("the bracket must hold one entry name and close at the end"),
            },
        };
        if name.is_empty() {
            return fail("the field has no name");
        }
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return fail("field names are lower-case letters, digits and underscores");
        }
        Ok(Self { key: FieldKey(Cow::Owned(name.to_owned())), slot })
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for FieldKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FieldKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path: FieldPath = FieldPath::deserialize(deserializer)?;
        match path.slot {
            None => Ok(path.key),
            Some(_) => Err(serde::de::Error::custom("a field name without an entry was expected")),
        }
    }
}
