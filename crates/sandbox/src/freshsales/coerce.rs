//! From the values that callers send to the values that are kept.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone as _, Timelike as _, Utc,
};
use rust_decimal::Decimal;
use serde_json::{Number, Value};

use super::schema::{Choice, Kind};

/// A field as far as its values are concerned.
pub(super) struct Slot<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
    pub(super) choices: &'a [Choice],
}

impl Slot<'_> {
    /// A JSON type that the field cannot take.
    fn wrong_type(&self) -> String {
        wrong_type(self.name)
    }

    /// A value that the field cannot take.
    pub(super) fn invalid(&self) -> String {
        format!("{} is invalid", self.label)
    }

    /// The value to keep; `None` clears. Ids are checked by the caller, who knows what exists.
    ///
    /// # Errors
    /// The vendor's message.
    pub(super) fn coerce(&self, value: &Value, zone: FixedOffset) -> Result<Option<Value>, String> {
        if is_blank(value) {
            return Ok(None);
        }
        let kept = match self.kind {
            Kind::Text | Kind::TextArea => Value::String(self.plain_text(value)?),
            Kind::Phone => Value::String(phone(&self.plain_text(value)?)),
            Kind::Number => number(value).ok_or_else(|| self.mismatch(value))?,
            Kind::Decimal => Value::String(wire_decimal(decimal(value).ok_or_else(|| self.mismatch(value))?)),
            Kind::Checkbox => Value::Bool(checkbox(value).ok_or_else(|| self.mismatch(value))?),
            Kind::Date => date(value, zone).ok_or_else(|| self.mismatch(value))?.to_string().into(),
            Kind::DateTime => {
                let time = time(value, zone).ok_or_else(|| self.mismatch(value))?;
                time.to_rfc3339_opts(SecondsFormat::Secs, true).into()
            }
            Kind::Dropdown => Value::String(self.choice(value)?),
            Kind::MultiSelect => Value::String(self.choices(value)?),
            Kind::Select(_) | Kind::Account => id_of(value).ok_or_else(|| self.mismatch(value))?.into(),
            Kind::Tags => self.tags(value)?,
        };
        Ok(Some(kept))
    }

    /// Containers have the wrong type, scalars the wrong value.
    fn mismatch(&self, value: &Value) -> String {
        if value.is_object() || value.is_array() { self.wrong_type() } else { self.invalid() }
    }

    fn plain_text(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(self.wrong_type()),
        }
    }

    /// A choice by its value or its id.
    fn choice(&self, value: &Value) -> Result<String, String> {
        let by_id = id_of(value).and_then(|id| self.choices.iter().find(|choice| choice.id == id));
        let by_name = || value.as_str().and_then(|name| self.choices.iter().find(|choice| choice.name == name));
        let choice = by_id.or_else(by_name).ok_or_else(|| self.mismatch(value))?;
        Ok(choice.name.clone())
    }

    /// Choices as `a;b` or as an array.
    fn choices(&self, value: &Value) -> Result<String, String> {
        let parts: Vec<Value> = match value {
            Value::Array(list) => list.clone(),
            Value::String(text) => text.split(';').map(|part| Value::String(part.trim().to_owned())).collect(),
            other => vec![other.clone()],
        };
        let names: Result<Vec<String>, String> =
            parts.iter().filter(|part| !is_blank(part)).map(|part| self.choice(part)).collect();
        Ok(names?.join(";"))
    }

    fn tags(&self, value: &Value) -> Result<Value, String> {
        let list = value.as_array().ok_or_else(|| self.wrong_type())?;
        let tags: Option<Vec<Value>> = list.iter().map(|tag| tag.as_str().map(Value::from)).collect();
        tags.map(Value::Array).ok_or_else(|| self.wrong_type())
    }
}

pub(super) fn wrong_type(name: &str) -> String {
    format!("The type for {name} is invalid.")
}

pub(super) fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// An id, as a number or a numeric text.
pub(super) fn id_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Drops what people write between digits.
pub(super) fn phone(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '\u{a0}')).collect()
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            let whole = text.parse::<i64>().ok().map(Number::from);
            let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))?;
            Some(Value::Number(number))
        }
        _ => None,
    }
}

pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// A decimal as it travels: at least one decimal place.
pub(super) fn wire_decimal(value: Decimal) -> String {
    let value = value.normalize();
    if value.scale() == 0 { format!("{value}.0") } else { value.to_string() }
}

fn checkbox(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(checked) => Some(*checked),
        Value::Number(number) => number.as_i64().filter(|n| (0..=1).contains(n)).map(|n| n == 1),
        Value::String(text) => match text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A date, or the date part of a time in the account's zone.
pub(super) fn date(value: &Value, zone: FixedOffset) -> Option<NaiveDate> {
    let text = value.as_str()?.trim();
    whole_day(text).or_else(|| time(value, zone).map(|time| time.with_timezone(&zone).date_naive()))
}

fn whole_day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| (1..=9_999).contains(&day.year()))
}

/// A time with an offset, or without one in the account's zone; a bare date is its midnight. Whole seconds.
pub(super) fn time(value: &Value, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let text = value.as_str()?.trim();
    let with_offset = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
    let without_offset = || {
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let local = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let local = local.or_else(day)?;
        Some(zone.from_local_datetime(&local).single()?.with_timezone(&Utc))
    };
    with_offset()
        .or_else(without_offset)
        .and_then(|time| time.with_nanosecond(0))
        .filter(|time| (1..=9_999).contains(&time.year()))
}

/// A time as it travels: whole seconds and the account's offset.
pub(super) fn wire_time(time: DateTime<Utc>, zone: FixedOffset) -> String {
    time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Something, an `@`, something with a dot or not, and no blanks.
pub(super) fn is_email(text: &str) -> bool {
    let text = text.trim();
    let parts = text.split_once('@');
    let well_formed =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@<>,;".contains(c));
    parts.is_some_and(|(local, domain)| well_formed(local) && well_formed(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn zone() -> FixedOffset {
        FixedOffset::west_opt(6 * 3600).unwrap()
    }

    #[test]
    fn values_are_kept_in_the_form_of_the_wire() {
        let choices =
            [Choice { id: 7, name: "Gold".into(), position: 1 }, Choice { id: 9, name: "Silver".into(), position: 2 }];
        let keep = |kind, value: Value| Slot { name: "f", label: "F", kind, choices: &choices }.coerce(&value, zone());
        let cases = [
            (Kind::Text, json!(12), Ok(Some(json!("12")))),
            (Kind::Text, json!("  "), Ok(None)),
            (Kind::Text, json!(["a"]), Err("The type for f is invalid.")),
            (Kind::Phone, json!("1-926-555-9504"), Ok(Some(json!("19265559504")))),
            (Kind::Phone, json!("+49 (30) 1"), Ok(Some(json!("+49301")))),
            (Kind::Number, json!("11"), Ok(Some(json!(11)))),
            (Kind::Number, json!("eleven"), Err("F is invalid")),
            (Kind::Decimal, json!(7000), Ok(Some(json!("7000.0")))),
            (Kind::Decimal, json!("25.50"), Ok(Some(json!("25.5")))),
            (Kind::Checkbox, json!("true"), Ok(Some(json!(true)))),
            (Kind::Checkbox, json!(2), Err("F is invalid")),
            (Kind::Date, json!("2024-02-30"), Err("F is invalid")),
            (Kind::Date, json!("2024-03-01T03:00:00Z"), Ok(Some(json!("2024-02-29")))),
            (Kind::DateTime, json!("2024-03-01 03:00:00"), Ok(Some(json!("2024-03-01T09:00:00Z")))),
            (Kind::Dropdown, json!(9), Ok(Some(json!("Silver")))),
            (Kind::Dropdown, json!("gold"), Err("F is invalid")),
            (Kind::MultiSelect, json!(["Silver", "Gold"]), Ok(Some(json!("Silver;Gold")))),
            (Kind::MultiSelect, json!("Gold; Tin"), Err("F is invalid")),
            (Kind::Tags, json!("a"), Err("The type for f is invalid.")),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(keep(kind, value.clone()), expected.map_err(str::to_owned), "{kind:?} {value}");
        }
    }

    #[test]
    fn addresses_are_checked_loosely() {
        for good in ["a@b.c", "first+tag@host.example", "ü@b"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@b.c", "a@", "a b@c.d", "a@b@c", "a@b.c, d@e.f"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
