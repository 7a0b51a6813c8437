//! The entries of an error body, whatever its shape, and what a caller can learn from them.

use std::fmt;

use rest_core::{Error, FieldError, Row};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::ids::{Any, AnyId, Id, Keyed};

/// One error as the API words it. Codes are kept as text, known or not; what else an entry says stays readable in the
/// error's [`body`](Error::body). `Debug` shows code and fields only, because messages quote values.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// The vendor's code, such as `REQUIRED_FIELD_MISSING`. REST writes `errorCode`, collections write `statusCode`,
    /// OAuth writes `error`.
    pub code: String,
    /// The vendor's words.
    pub message: String,
    /// The fields at fault, by API name.
    pub fields: Vec<String>,
    duplicates: Option<Box<RawValue>>,
}

impl ApiError {
    /// OAuth's error in form encoding.
    pub(super) fn of_form(body: &[u8]) -> Self {
        let mut error = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match name.as_ref() {
                "error" => error.code = value.into_owned(),
                "error_description" => error.message = value.into_owned(),
                _ => {}
            }
        }
        error
    }

    /// An entry of an answer that is not JSON.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>, fields: Vec<String>) -> Self {
        Self { code: code.into(), message: message.into(), fields, duplicates: None }
    }

    /// What a duplicate rule matched, if that is why the record was refused.
    #[must_use]
    pub fn duplicates(&self) -> Option<Duplicates> {
        serde_json::from_str(self.duplicates.as_ref()?.get()).ok()
    }

    /// The vendor's words, with the ids of the records that a duplicate rule matched.
    pub(super) fn words(&self) -> String {
        let Some(duplicates) = self.duplicates() else { return self.message.clone() };
        let ids: Vec<String> = duplicates.ids::<Any>().iter().map(ToString::to_string).collect();
        let allow = if duplicates.allow_save { "; the rule lets it be saved all the same" } else { "" };
        format!("{} (matches {}{allow})", self.message, ids.join(", "))
    }

    pub(super) fn field_errors(&self) -> impl Iterator<Item = FieldError> + '_ {
        self.fields.iter().map(|field| FieldError::new(field, &self.message).with_code(&self.code))
    }
}

/// Nothing about an entry may make the others unreadable, so every member is taken as it comes.
impl<'de> Deserialize<'de> for ApiError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[derive(Default)]
        struct Entry {
            error_code: Option<Box<RawValue>>,
            status_code: Option<Box<RawValue>>,
            exception_code: Option<Box<RawValue>>,
            error: Option<Box<RawValue>>,
            message: Option<Box<RawValue>>,
            exception_message: Option<Box<RawValue>>,
            #[serde(rename = "error_description")]
            error_description: Option<Box<RawValue>>,
            fields: Option<Box<RawValue>>,
            duplicate_result: Option<Box<RawValue>>,
            /// The vendor's misspelling, which is what is sent.
            duplicate_resut: Option<Box<RawValue>>,
        }
        let entry = Entry::deserialize(deserializer)?;
        let first = |values: [&Option<Box<RawValue>>; 4]| values.into_iter().flatten().find_map(|raw| text(raw));
        let fields = entry.fields.as_ref().and_then(|raw| serde_json::from_str::<Vec<String>>(raw.get()).ok());
        let object = |raw: Option<Box<RawValue>>| raw.filter(|raw| raw.get().starts_with('{'));
        Ok(Self {
            code: first([&entry.error_code, &entry.status_code, &entry.exception_code, &entry.error])
                .unwrap_or_default(),
            message: first([&entry.message, &entry.error_description, &entry.exception_message, &None])
                .unwrap_or_default(),
            fields: fields.unwrap_or_default(),
            duplicates: object(entry.duplicate_resut).or(object(entry.duplicate_result)),
        })
    }
}

/// A member as text: a string's content, or what else stands there; null is nothing.
fn text(raw: &RawValue) -> Option<String> {
    match raw.get() {
        "null" => None,
        quoted if quoted.starts_with('"') => serde_json::from_str(quoted).ok(),
        other => Some(other.to_owned()),
    }
}

impl Serialize for ApiError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("errorCode", &self.code)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("fields", &self.fields)?;
        if let Some(duplicates) = &self.duplicates {
            map.serialize_entry("duplicateResult", duplicates)?;
        }
        map.end()
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.code).field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// What a duplicate rule said about a record that it held back.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Duplicates {
    /// Whether the same write succeeds with [`DuplicateRules::allow_save`](crate::DuplicateRules::allow_save).
    pub allow_save: bool,
    /// The rule's developer name.
    #[serde(deserialize_with = "or_default")]
    pub duplicate_rule: String,
    /// The object that the rule is for.
    #[serde(deserialize_with = "or_default")]
    pub duplicate_rule_entity_type: String,
    /// What the administrator wants to be told.
    #[serde(deserialize_with = "or_default")]
    pub error_message: String,
    /// What each matching rule found.
    #[serde(deserialize_with = "or_default")]
    pub match_results: Vec<MatchResult>,
}

impl Duplicates {
    /// The records that were matched, of all matching rules.
    pub fn records(&self) -> impl Iterator<Item = &MatchRecord> {
        self.match_results.iter().flat_map(|result| &result.match_records)
    }

    /// The ids of the matched records that belong to `T` ([`Any`] for all).
    #[must_use]
    pub fn ids<T: Keyed>(&self) -> Vec<Id<T>> {
        self.records().filter_map(|record| record.id()?.cast()).collect()
    }
}

/// What one matching rule found.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MatchResult {
    /// The object that was searched; a rule for contacts may search leads.
    #[serde(deserialize_with = "or_default")]
    pub entity_type: String,
    /// The matching rule's developer name.
    #[serde(deserialize_with = "or_default")]
    pub rule: String,
    /// How values were compared, such as `ExactMatchEngine`.
    #[serde(deserialize_with = "or_default")]
    pub match_engine: String,
    /// How many records were matched.
    pub size: u32,
    /// The matched records, as far as this user may see them.
    #[serde(deserialize_with = "or_default")]
    pub match_records: Vec<MatchRecord>,
}

/// A record that a matching rule found.
#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MatchRecord {
    /// How alike the two are, from 0 to 100.
    #[serde(default)]
    pub match_confidence: f64,
    record: Box<RawValue>,
}

impl MatchRecord {
    /// The record's id.
    #[must_use]
    pub fn id(&self) -> Option<AnyId> {
        #[derive(serde::Deserialize)]
        struct Keys {
            #[serde(rename = "Id")]
            id: AnyId,
        }
        serde_json::from_str::<Keys>(self.record.get()).ok().map(|keys| keys.id)
    }

    /// The record as a type: its id, and further fields if
    /// [`include_record_details`](crate::DuplicateRules::include_record_details) asked for them.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if `T` does not fit.
    pub fn row<T: DeserializeOwned>(&self) -> rest_core::Result<Row<T>> {
        rest_core::row(self.record.clone(), "Id").map_err(|bad| bad.into_error("duplicates").with_vendor(crate::VENDOR))
    }
}

impl fmt::Debug for MatchRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MatchRecord")
            .field("id", &self.id())
            .field("match_confidence", &self.match_confidence)
            .finish_non_exhaustive()
    }
}

/// Null where a value is expected is no value.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The vendor's own detail behind an [`Error`].
///
/// ```
/// use salesforce::ErrorDetails as _;
/// # fn report(error: salesforce::Error) {
/// for entry in error.entries() {
///     println!("{} in {:?}", entry.code, entry.fields);
/// }
/// if let Some(found) = error.duplicates() {
///     println!("already there: {:?}", found.ids::<salesforce::Contact>());
/// }
/// # }
/// ```
pub trait ErrorDetails {
    /// Every entry of the error body, in the vendor's order. Empty where nothing was answered, or a page of HTML.
    fn entries(&self) -> Vec<ApiError>;

    /// What a duplicate rule matched.
    fn duplicates(&self) -> Option<Duplicates>;

    /// The records that the vendor named instead of doing what was asked: those that share an external id (300), or
    /// those that a duplicate rule matched.
    fn matching_ids(&self) -> Vec<AnyId>;
}

impl ErrorDetails for Error {
    fn entries(&self) -> Vec<ApiError> {
        self.body().map(|body| super::parse(body.as_bytes())).unwrap_or_default()
    }

    fn duplicates(&self) -> Option<Duplicates> {
        self.entries().iter().find_map(ApiError::duplicates)
    }

    fn matching_ids(&self) -> Vec<AnyId> {
        let several = self.body().map(|body| several(body.as_bytes())).unwrap_or_default();
        if !several.is_empty() {
            return several;
        }
        self.entries().iter().filter_map(ApiError::duplicates).flat_map(|found| found.ids()).collect()
    }
}

/// The ids in the body of a 300: paths of records.
pub(crate) fn several(body: &[u8]) -> Vec<AnyId> {
    let paths: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
    paths.iter().filter_map(|path| path.trim_end_matches('/').rsplit('/').next()?.parse().ok()).collect()
}
