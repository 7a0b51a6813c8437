//! A write held against the object's description before it is sent: what the vendor would certainly refuse costs no call.
//!
//! The description does not tell everything (validation rules, duplicate rules, picklist values per record type, lookup
//! filters), so a write without findings may still be refused.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::describe::{Describe, DescribedField, FieldKind};
use crate::ids::AnyId;
use crate::time::parse_instant;

/// What is wrong with one field of a write. Neither `Debug` nor `Display` shows the value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The field's API name, as the write names it.
    pub field: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The object has no such field, or this user may not see it (`INVALID_FIELD`).
    Unknown,
    /// It cannot be named by this kind of write (`INVALID_FIELD_FOR_INSERT_UPDATE`).
    NotWritable,
    /// A create must give it a value (`REQUIRED_FIELD_MISSING`).
    Missing,
    /// It cannot be emptied (`REQUIRED_FIELD_MISSING`).
    NotNillable,
    /// The text is too long (`STRING_TOO_LONG`).
    TooLong {
        /// The text's characters.
        characters: usize,
        /// How many are allowed.
        most: u32,
    },
    /// The picklist takes only listed values that are active (`INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST`).
    NotInPicklist,
    /// The JSON is of another type than the field (`JSON_PARSER_ERROR`), or no value of it.
    WrongType(FieldKind),
    /// The number has too many digits before the point (`NUMBER_OUTSIDE_VALID_RANGE`).
    OutOfRange,
    /// It is no e-mail address (`INVALID_EMAIL_ADDRESS`).
    NotAnEmail,
    /// It is no id (`MALFORMED_ID`).
    NotAnId,
    /// A parent is named by other than exactly one external id.
    BadParent,
    /// The record does not serialize to a JSON object.
    NotAnObject,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        match &self.problem {
            Problem::Unknown => f.write_str("the object has no such field, or it is hidden from this user"),
            Problem::NotWritable => f.write_str("cannot be written, or not by this user"),
            Problem::Missing => f.write_str("is required"),
            Problem::NotNillable => f.write_str("cannot be emptied"),
            Problem::TooLong { characters, most } => write!(f, "has {characters} characters, {most} are allowed"),
            Problem::NotInPicklist => f.write_str("is not among the picklist's values"),
            Problem::WrongType(kind) => write!(f, "is no {kind:?}"),
            Problem::OutOfRange => f.write_str("has too many digits"),
            Problem::NotAnEmail => f.write_str("is no e-mail address"),
            Problem::NotAnId => f.write_str("is no record id"),
            Problem::BadParent => f.write_str("must name its parent by exactly one external id"),
            Problem::NotAnObject => f.write_str("the record cannot be written as a JSON object"),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Create,
    Update,
}

impl Describe {
    /// What the vendor would refuse in a create of this record ([`Fields`](crate::Fields), a `New…` struct, or anything
    /// that serializes like it). Pure: nothing is sent.
    ///
    /// ```
    /// # async fn f(client: salesforce::Salesforce) -> salesforce::Result<()> {
    /// let new = salesforce::NewContact { email: Some("not an address".into()), ..Default::default() };
    /// for finding in client.contacts().described().await?.check_create(&new) {
    ///     println!("{finding}");   // LastName: is required; Email: is no e-mail address
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn check_create<R: Serialize + ?Sized>(&self, record: &R) -> Vec<Finding> {
        self.check(Mode::Create, record)
    }

    /// What the vendor would refuse in an update with these fields.
    #[must_use]
    pub fn check_update<R: Serialize + ?Sized>(&self, fields: &R) -> Vec<Finding> {
        self.check(Mode::Update, fields)
    }

    fn check<R: Serialize + ?Sized>(&self, mode: Mode, record: &R) -> Vec<Finding> {
        let members = serde_json::to_string(record).ok();
        let members = members.and_then(|text| serde_json::from_str::<Members>(&text).ok());
        let Some(Members(members)) = members else {
            return vec![Finding { field: self.name.clone(), problem: Problem::NotAnObject }];
        };
        let mut findings = Vec::new();
        let mut given: Vec<&str> = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| name != "attributes") {
            let problem = match (self.field(name), self.parent(name)) {
                (Some(field), _) => {
                    if !is_empty(value) {
                        given.push(&field.name);
                    }
                    check_field(field, mode, value)
                }
                (None, Some(field)) => {
                    given.push(&field.name);
                    check_parent(field, mode, value)
                }
                (None, None) => Some(Problem::Unknown),
            };
            findings.extend(problem.map(|problem| Finding { field: name.clone(), problem }));
        }
        if mode == Mode::Create {
            let named = |field: &str| members.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
            let missing = self.fields.iter().filter(|field| field.is_required());
            let missing = missing.filter(|field| !given.contains(&field.name.as_str()) && !named(&field.name));
            findings.extend(missing.map(|field| Finding { field: field.name.clone(), problem: Problem::Missing }));
        }
        findings
    }

    /// The lookup whose parent is called `relationship`.
    fn parent(&self, relationship: &str) -> Option<&DescribedField> {
        let is = |field: &&DescribedField| {
            field.relationship_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(relationship))
        };
        self.fields.iter().find(is)
    }
}

/// The members of an object in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The vendor takes an empty text for no value.
fn is_empty(value: &RawValue) -> bool {
    value.get() == "null" || text(value).is_some_and(|text| text.trim().is_empty())
}

fn text(value: &RawValue) -> Option<String> {
    value.get().starts_with('"').then(|| serde_json::from_str(value.get()).ok()).flatten()
}

fn is_writable(field: &DescribedField, mode: Mode) -> bool {
    match mode {
        Mode::Create => field.createable,
        Mode::Update => field.updateable,
    }
}

fn check_field(field: &DescribedField, mode: Mode, value: &RawValue) -> Option<Problem> {
    if !is_writable(field, mode) {
        return Some(Problem::NotWritable);
    }
    if is_empty(value) {
        // False is what an empty checkbox means, and a default fills what a create leaves empty.
        let filled = field.kind == FieldKind::Boolean || (mode == Mode::Create && field.defaulted_on_create);
        return match (field.nillable || filled, mode) {
            (true, _) => None,
            (false, Mode::Create) => Some(Problem::Missing),
            (false, Mode::Update) => Some(Problem::NotNillable),
        };
    }
    check_value(field, value)
}

fn check_parent(field: &DescribedField, mode: Mode, value: &RawValue) -> Option<Problem> {
    if !is_writable(field, mode) {
        return Some(Problem::NotWritable);
    }
    if value.get() == "null" {
        return None;
    }
    let keys = serde_json::from_str::<Members>(value.get())
        .map_or(0, |Members(keys)| keys.iter().filter(|(name, _)| name != "attributes").count());
    (keys != 1).then_some(Problem::BadParent)
}

fn check_value(field: &DescribedField, value: &RawValue) -> Option<Problem> {
    let wrong = || Some(Problem::WrongType(field.kind.clone()));
    match field.kind {
        FieldKind::Boolean => {
            let flag = text(value).unwrap_or_else(|| value.get().to_owned());
            let known = flag.eq_ignore_ascii_case("true") || flag.eq_ignore_ascii_case("false");
            if known { None } else { wrong() }
        }
        FieldKind::Int => digits(value).map_or_else(wrong, |(before, after)| match after {
            0 => (field.digits > 0 && before > field.digits as usize).then_some(Problem::OutOfRange),
            _ => wrong(),
        }),
        FieldKind::Double | FieldKind::Currency | FieldKind::Percent => {
            let most = field.precision.saturating_sub(field.scale) as usize;
            digits(value)
                .map_or_else(wrong, |(before, _)| (field.precision > 0 && before > most).then_some(Problem::OutOfRange))
        }
        // What the vendor keeps in these is not told, or is not text.
        FieldKind::Address | FieldKind::Location | FieldKind::Other(_) => None,
        _ => match text(value) {
            Some(text) => check_text(field, &text),
            None => wrong(),
        },
    }
}

fn check_text(field: &DescribedField, text: &str) -> Option<Problem> {
    let text = text.trim();
    let listed = |value: &str| field.picklist_values.iter().any(|known| known.active && known.value == value);
    let wrong = || Some(Problem::WrongType(field.kind.clone()));
    match field.kind {
        FieldKind::Id | FieldKind::Reference => text.parse::<AnyId>().err().map(|_| Problem::NotAnId),
        FieldKind::Date => {
            let is_date = text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok_and(|date| in_range(&date));
            if is_date { None } else { wrong() }
        }
        FieldKind::Datetime => {
            if parse_instant(text).is_some_and(|at| in_range(&at)) {
                None
            } else {
                wrong()
            }
        }
        FieldKind::Time => {
            let time = text.trim_end_matches('Z');
            if time.parse::<chrono::NaiveTime>().is_ok() { None } else { wrong() }
        }
        FieldKind::Picklist if field.restricted_picklist && !listed(text) => Some(Problem::NotInPicklist),
        FieldKind::Multipicklist
            if field.restricted_picklist
                && !text.split(';').map(str::trim).filter(|value| !value.is_empty()).all(listed) =>
        {
            Some(Problem::NotInPicklist)
        }
        FieldKind::Email if !is_email(text) => Some(Problem::NotAnEmail),
        FieldKind::Base64 => None,
        _ => {
            let characters = text.chars().count();
            let too_long = field.length > 0 && characters > field.length as usize;
            too_long.then_some(Problem::TooLong { characters, most: field.length })
        }
    }
}

/// The years that the vendor knows.
fn in_range(date: &impl chrono::Datelike) -> bool {
    (1700..=4000).contains(&date.year())
}

/// The least that every mail server asks for: the vendor is stricter, and its word is the last.
fn is_email(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace))
}

/// The digits before and after the point of a JSON number, or of a number in a text. `None` if it is none.
fn digits(value: &RawValue) -> Option<(usize, usize)> {
    let number = text(value).unwrap_or_else(|| value.get().to_owned());
    let number = number.trim();
    let decimal: rust_decimal::Decimal =
        number.parse().ok().or_else(|| rust_decimal::Decimal::from_scientific(number).ok())?;
    let decimal = decimal.normalize();
    let whole = decimal.trunc().abs();
    let before = if whole.is_zero() { 0 } else { whole.to_string().len() };
    Some((before, decimal.scale() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;

    fn described() -> Describe {
        serde_json::from_value(serde_json::json!({ "name": "Thing__c", "fields": [
            { "name": "Id", "type": "id", "length": 18 },
            { "name": "Name", "type": "string", "length": 5, "createable": true, "updateable": true },
            { "name": "Email__c", "type": "email", "length": 80, "createable": true, "updateable": true, "nillable": true },
            { "name": "Flag__c", "type": "boolean", "createable": true, "updateable": true, "defaultedOnCreate": true },
            { "name": "Count__c", "type": "int", "digits": 3, "createable": true, "updateable": true, "nillable": true },
            { "name": "Sum__c", "type": "currency", "precision": 5, "scale": 2, "createable": true, "updateable": true, "nillable": true },
            { "name": "Day__c", "type": "date", "createable": true, "updateable": true, "nillable": true },
            { "name": "At__c", "type": "datetime", "createable": true, "updateable": true, "nillable": true },
            { "name": "Clock__c", "type": "time", "createable": true, "updateable": true, "nillable": true },
            { "name": "Tier__c", "type": "picklist", "length": 40, "restrictedPicklist": true, "createable": true, "updateable": true, "nillable": true,
              "picklistValues": [{ "value": "Gold", "active": true }, { "value": "Tin", "active": false }] },
            { "name": "Tags__c", "type": "multipicklist", "length": 40, "restrictedPicklist": true, "createable": true, "updateable": true, "nillable": true,
              "picklistValues": [{ "value": "A", "active": true }, { "value": "B", "active": true }] },
            { "name": "Parent__c", "type": "reference", "length": 18, "relationshipName": "Parent__r", "createable": true, "nillable": false },
            { "name": "Formula__c", "type": "double", "calculated": true, "nillable": true },
        ] }))
        .unwrap()
    }

    fn complete() -> Fields {
        let mut fields = Fields::new();
        fields.set("Name", "ok");
        fields.set("Parent__c", "001D000000IRFma");
        fields
    }

    #[test]
    fn a_good_record_has_no_findings() {
        let mut fields = complete();
        fields.set("attributes", serde_json::json!({ "type": "Thing__c" }));
        fields.set("email__C", "ada@example.com");
        fields.set("Count__c", "42");
        fields.set("Sum__c", 999.994);
        fields.set("Flag__c", ());
        fields.set("Day__c", "2025-02-28");
        fields.set("At__c", "2025-02-28T10:00:00+0000");
        fields.set("Clock__c", "10:00:00.000Z");
        fields.set("Tags__c", "B;A");
        fields.set("Tier__c", "Gold");
        assert_eq!(described().check_create(&fields), []);
        let mut by_key = Fields::new();
        by_key.set("Name", "ok");
        by_key.set("Parent__r", serde_json::json!({ "Ext__c": "A-1" }));
        assert_eq!(described().check_create(&by_key), []);
        assert_eq!(described().check_update(&Fields::new()), [], "an update names what it changes, no more");
    }

    #[test]
    fn every_fault_is_found() {
        let wrong = |kind| Problem::WrongType(kind);
        for (name, value, problem) in [
            ("Nope__c", serde_json::json!(1), Problem::Unknown),
            ("Formula__c", serde_json::json!(1), Problem::NotWritable),
            ("Id", serde_json::json!("001D000000IRFma"), Problem::NotWritable),
            ("Name", serde_json::json!("123456"), Problem::TooLong { characters: 6, most: 5 }),
            ("Name", serde_json::json!(7), wrong(FieldKind::String)),
            ("Name", serde_json::json!(" "), Problem::Missing),
            ("Email__c", serde_json::json!("a@b"), Problem::NotAnEmail),
            ("Flag__c", serde_json::json!("yes"), wrong(FieldKind::Boolean)),
            ("Count__c", serde_json::json!(1000), Problem::OutOfRange),
            ("Count__c", serde_json::json!(1.5), wrong(FieldKind::Int)),
            ("Sum__c", serde_json::json!(1000), Problem::OutOfRange),
            ("Sum__c", serde_json::json!("N010"), wrong(FieldKind::Currency)),
            ("Day__c", serde_json::json!("2025-2-3"), wrong(FieldKind::Date)),
            ("Day__c", serde_json::json!("1066-10-14"), wrong(FieldKind::Date)),
            ("At__c", serde_json::json!("2025-02-03"), wrong(FieldKind::Datetime)),
            ("Clock__c", serde_json::json!("noon"), wrong(FieldKind::Time)),
            ("Tier__c", serde_json::json!("Tin"), Problem::NotInPicklist),
            ("Tier__c", serde_json::json!("gold"), Problem::NotInPicklist),
            ("Tags__c", serde_json::json!("A;C"), Problem::NotInPicklist),
            ("Parent__c", serde_json::json!("foo"), Problem::NotAnId),
            ("Parent__r", serde_json::json!({ "A__c": 1, "B__c": 2 }), Problem::BadParent),
        ] {
            let mut fields = complete();
            fields.set(name, &value);
            let findings = described().check_create(&fields);
            assert_eq!(findings, [Finding { field: name.to_owned(), problem }], "{name} {value}");
            assert!(!findings[0].to_string().is_empty());
        }
        let names: Vec<String> =
            described().check_create(&Fields::new()).into_iter().map(|found| found.field).collect();
        assert_eq!(names, ["Name", "Parent__c"]);
        let mut update = Fields::new();
        update.clear("Name");
        update.set("Parent__c", "001D000000IRFma");
        let problems: Vec<Problem> = described().check_update(&update).into_iter().map(|found| found.problem).collect();
        assert_eq!(problems, [Problem::NotNillable, Problem::NotWritable]);
        assert_eq!(described().check_create(&[1])[0].problem, Problem::NotAnObject);
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics_and_none_is_shown(text in ".{0,40}") {
            for field in described().fields {
                let mut fields = complete();
                fields.set(field.name.clone(), format!("canary{text}"));
                for finding in described().check_create(&fields) {
                    let shown = format!("{finding} {finding:?}");
                    proptest::prop_assert!(!shown.contains("canary"), "{}", shown);
                }
            }
        }
    }
}
