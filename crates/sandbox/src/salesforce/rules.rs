//! What an administrator sets up to hold writes back: validation rules and duplicate rules.

use axum::http::{HeaderMap, StatusCode};
use regex::Regex;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::read::attributes;
use super::schema::{Object, ObjectIndex, Schema};
use super::store::Row;
use super::value::{Value, parse_date, parse_datetime};

/// A validation rule: a record for which everything in `when` is true is refused with
/// `FIELD_CUSTOM_VALIDATION_EXCEPTION`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationRule {
    /// The object.
    pub object: String,
    /// What the caller is told.
    pub message: String,
    /// The field at which the error is shown; without one it is the record's.
    #[serde(default)]
    pub field: Option<String>,
    /// When a record is refused: all of these.
    pub when: Vec<Check>,
}

/// One part of a rule's condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The field that is looked at.
    pub field: String,
    /// What must be true of it.
    pub is: Test,
}

/// What can be asked of a field. Numbers, dates and instants are compared as such; an empty field is neither less nor
/// greater than anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Test {
    /// It is empty.
    Blank,
    /// It has a value.
    Filled,
    /// The write gives it another value than it had; true for every value of a new record.
    Changed,
    /// It is this value.
    Equals(Json),
    /// It is another value, or empty.
    Differs(Json),
    /// It is less.
    Less(Json),
    /// It is greater.
    Greater(Json),
    /// It has a value that the regular expression matches as a whole.
    Matches(String),
    /// It has a value that the regular expression does not match as a whole.
    MatchesNot(String),
}

/// A duplicate rule with its matching rule: a record that has the same values in `fields` as another is held back. Texts are
/// compared without regard to case; a record in which one of them is empty matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// The rule's developer name.
    pub name: String,
    /// The object.
    pub object: String,
    /// The matching rule's developer name.
    #[serde(default = "matching_rule")]
    pub matching_rule: String,
    /// The fields that must all be equal.
    pub fields: Vec<String>,
    /// Whether it blocks; otherwise it alerts, and `allowSave=true` saves all the same.
    #[serde(default)]
    pub block: bool,
    /// What the caller is told.
    #[serde(default = "use_existing")]
    pub message: String,
}

fn matching_rule() -> String {
    "Standard_Rule".to_owned()
}

fn use_existing() -> String {
    "Use one of these records?".to_owned()
}

/// `Sforce-Duplicate-Rule-Header` of the request in hand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DuplicateHeader {
    pub(crate) allow_save: bool,
    pub(crate) include_record_details: bool,
}

impl DuplicateHeader {
    /// Reads `allowSave=true; includeRecordDetails=true`.
    pub(crate) fn of(headers: &HeaderMap) -> DuplicateHeader {
        let text =
            headers.get("sforce-duplicate-rule-header").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let on = |wanted: &str| {
            text.split([';', ',']).filter_map(|part| part.split_once('=')).any(|(name, value)| {
                name.trim().eq_ignore_ascii_case(wanted) && value.trim().eq_ignore_ascii_case("true")
            })
        };
        DuplicateHeader { allow_save: on("allowSave"), include_record_details: on("includeRecordDetails") }
    }
}

/// Whether all rules name what there is.
///
/// # Errors
/// A sentence that names the rule and what is wrong with it.
pub(crate) fn check_setup(
    schema: &Schema,
    validation: &[ValidationRule],
    duplicates: &[DuplicateRule],
) -> Result<(), String> {
    let object = |name: &str| {
        schema
            .find(name)
            .map(|index| schema.object(index))
            .ok_or_else(|| format!("a rule is for {name}, which there is not"))
    };
    let field = |object: &Object, name: &str| match object.find(name) {
        Some(_) => Ok(()),
        None => Err(format!("a rule for {} names the field {name}, which there is not", object.name)),
    };
    for rule in validation {
        let object = object(&rule.object)?;
        rule.field.iter().try_for_each(|name| field(object, name))?;
        for check in &rule.when {
            field(object, &check.field)?;
            if let Test::Matches(pattern) | Test::MatchesNot(pattern) = &check.is {
                whole(pattern)
                    .ok_or_else(|| format!("a rule for {} has no regular expression: {pattern}", object.name))?;
            }
        }
    }
    for rule in duplicates {
        let object = object(&rule.object)?;
        if rule.fields.is_empty() {
            return Err(format!("the duplicate rule {} compares no fields", rule.name));
        }
        rule.fields.iter().try_for_each(|name| field(object, name))?;
    }
    Ok(())
}

/// A regular expression that must match a whole text.
fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// A value as a person would write it.
fn written(value: &Value) -> Option<String> {
    match value.to_json() {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn equal(value: &Value, wanted: &Json) -> bool {
    match (value.as_number(), number(wanted)) {
        (Some(left), Some(right)) => left == right,
        _ => match wanted {
            Json::Null => value.is_null(),
            Json::String(text) => written(value).is_some_and(|value| value.eq_ignore_ascii_case(text)),
            other => value.to_json() == *other,
        },
    }
}

fn number(json: &Json) -> Option<Decimal> {
    match json {
        Json::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn ordering(value: &Value, wanted: &Json) -> Option<std::cmp::Ordering> {
    match (value, wanted) {
        (Value::Date(date), Json::String(text)) => Some(date.cmp(&parse_date(text)?)),
        (Value::DateTime(at), Json::String(text)) => Some(at.cmp(&parse_datetime(text)?)),
        (value, wanted) => Some(value.as_number()?.cmp(&number(wanted)?)),
    }
}

impl Check {
    fn holds(&self, object: &Object, row: &Row, before: Option<&Row>) -> bool {
        let value = row.get(object, &self.field);
        let matched = |pattern: &str| Some(whole(pattern)?.is_match(&written(value)?));
        match &self.is {
            Test::Blank => value.is_null(),
            Test::Filled => !value.is_null(),
            Test::Changed => before.is_none_or(|before| before.get(object, &self.field) != value),
            Test::Equals(wanted) => equal(value, wanted),
            Test::Differs(wanted) => !equal(value, wanted),
            Test::Less(wanted) => ordering(value, wanted).is_some_and(std::cmp::Ordering::is_lt),
            Test::Greater(wanted) => ordering(value, wanted).is_some_and(std::cmp::Ordering::is_gt),
            Test::Matches(pattern) => matched(pattern) == Some(true),
            Test::MatchesNot(pattern) => matched(pattern) == Some(false),
        }
    }
}

impl Org {
    /// Holds a complete row against the administrator's rules: duplicates first, then all validation rules.
    pub(crate) fn check_rules(&self, object: ObjectIndex, row: &Row, before: Option<&Row>) -> Result<(), Failure> {
        let definition = self.schema.object(object);
        let is_for = |name: &str| name.eq_ignore_ascii_case(definition.name);
        for rule in self.quirks.duplicate_rules.iter().filter(|rule| is_for(&rule.object)) {
            self.check_duplicates(rule, object, row, before)?;
        }
        let refused =
            self.quirks.validation_rules.iter().filter(|rule| {
                is_for(&rule.object) && rule.when.iter().all(|check| check.holds(definition, row, before))
            });
        let refused: Vec<ApiError> = refused
            .map(|rule| {
                let field = rule.field.as_deref().and_then(|name| definition.find(name));
                let fields: Vec<&str> = field.into_iter().map(|field| definition.field(field).name).collect();
                ApiError::record("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message.as_str(), &fields)
            })
            .collect();
        if refused.is_empty() { Ok(()) } else { Err(Failure(refused)) }
    }

    fn check_duplicates(
        &self,
        rule: &DuplicateRule,
        object: ObjectIndex,
        row: &Row,
        before: Option<&Row>,
    ) -> Result<(), ApiError> {
        if self.duplicate_header.allow_save && !rule.block {
            return Ok(());
        }
        let definition = self.schema.object(object);
        let key = |row: &Row| -> Option<Vec<String>> {
            rule.fields.iter().map(|name| Some(written(row.get(definition, name))?.to_lowercase())).collect()
        };
        let Some(wanted) = key(row).filter(|wanted| before.and_then(key).as_ref() != Some(wanted)) else {
            return Ok(());
        };
        let others = self.store.rows(object).filter(|other| other.id != row.id && !other.is_deleted());
        let found: Vec<SfId> =
            others.filter(|other| key(other).as_ref() == Some(&wanted)).map(|other| other.id).collect();
        if found.is_empty() {
            return Ok(());
        }
        let record = |id: &SfId| match self.store.get(object, *id) {
            Some(row) if self.duplicate_header.include_record_details => self.full_json(object, row, "v62.0"),
            _ => json!({"attributes": attributes(definition, *id, "v62.0"), "Id": id.to_string()}),
        };
        let matches: Vec<Json> = found
            .iter()
            .map(|id| json!({"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record(id)}))
            .collect();
        let mut error = ApiError::request("DUPLICATES_DETECTED", rule.message.as_str());
        error.status = StatusCode::BAD_REQUEST;
        error.duplicates = Some(Box::new(json!({
            "allowSave": !rule.block,
            "duplicateRule": rule.name,
            "duplicateRuleEntityType": definition.name,
            "errorMessage": rule.message,
            "matchResults": [{
                "entityType": definition.name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": matches,
                "rule": rule.matching_rule,
                "size": found.len(),
                "success": true,
            }],
        })));
        Err(error)
    }
}
