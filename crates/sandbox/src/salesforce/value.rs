//! Field values as they are kept, and the forms in which the API writes and reads them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Number, Value as Json};

use super::ids::SfId;

/// The value of one field of one record.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value {
    /// Unset; an empty text is the same.
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(Box<str>),
    Id(SfId),
    Date(NaiveDate),
    DateTime(DateTime<Utc>),
}

impl Value {
    /// A text value; blank text is null, as on the platform.
    pub(crate) fn text(text: &str) -> Value {
        if text.is_empty() { Value::Null } else { Value::Text(text.into()) }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_id(&self) -> Option<SfId> {
        match self {
            Value::Id(id) => Some(*id),
            _ => None,
        }
    }

    pub(crate) fn as_date(&self) -> Option<NaiveDate> {
        match self {
            Value::Date(date) => Some(*date),
            Value::DateTime(at) => Some(at.date_naive()),
            _ => None,
        }
    }

    pub(crate) fn as_datetime(&self) -> Option<DateTime<Utc>> {
        match self {
            Value::DateTime(at) => Some(*at),
            _ => None,
        }
    }

    /// A boolean field without a value is false.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    pub(crate) fn as_number(&self) -> Option<Decimal> {
        match self {
            Value::Int(number) => Some(Decimal::from(*number)),
            Value::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// The value as the API prints it.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => Json::from(*number),
            Value::Decimal(number) => decimal_json(*number),
            Value::Text(text) => Json::from(&**text),
            Value::Id(id) => Json::from(id.to_string()),
            Value::Date(date) => Json::from(date.to_string()),
            Value::DateTime(at) => Json::from(format_datetime(*at)),
        }
    }
}

/// A character as it is compared: in upper case, where that is one character too. Texts sort by their upper case, so
/// that one fold serves equality and order, and an index over it serves both.
pub(crate) fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => character,
    }
}

/// A text as it is compared.
pub(crate) fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

/// A value by which rows are found and compared. Texts are [folded](fold): case never tells two apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Bool(bool),
    Number(Decimal),
    Text(String),
    Id(SfId),
    Date(NaiveDate),
    DateTime(DateTime<Utc>),
}

impl Key {
    /// The key of a value; null has none.
    pub(crate) fn of(value: &Value) -> Option<Key> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(Key::Bool(*flag)),
            Value::Int(_) | Value::Decimal(_) => value.as_number().map(Key::Number),
            Value::Text(text) => Some(Key::Text(fold(text))),
            Value::Id(id) => Some(Key::Id(*id)),
            Value::Date(date) => Some(Key::Date(*date)),
            Value::DateTime(at) => Some(Key::DateTime(*at)),
        }
    }

    /// Whether `value` has this key.
    pub(crate) fn is_of(&self, value: &Value) -> bool {
        match (self, value) {
            // The same as folding the text, without storing it.
            (Key::Text(key), Value::Text(text)) => text.chars().map(fold_char).eq(key.chars()),
            (key, value) => Key::of(value).as_ref() == Some(key),
        }
    }
}

/// Numbers of type double, currency and percent are printed with a decimal point even when they are whole.
fn decimal_json(number: Decimal) -> Json {
    number.to_f64().and_then(Number::from_f64).map_or(Json::Null, Json::Number)
}

/// `2011-02-03T04:05:06.000+0000`: always UTC, three digits of milliseconds, no colon in the offset.
pub(crate) fn format_datetime(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// Reads a date-time with `Z`, `+00:00` or `+0000`, with or without a fraction; the fraction is dropped.
pub(crate) fn parse_datetime(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|at| at.with_timezone(&Utc))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.fZ").map(|at| at.and_utc()))
        .ok()?;
    in_range(at.date_naive()).then(|| at.trunc_subsecs(0))
}

/// Reads `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && digits == 8 && in_range(date)).then_some(date)
}

/// The platform keeps dates of the years 1700 to 4000.
fn in_range(date: NaiveDate) -> bool {
    use chrono::Datelike;
    (1700..=4000).contains(&date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_are_read_in_every_documented_form_and_written_in_one() {
        for text in [
            "2011-02-03T04:05:06Z",
            "2011-02-03T04:05:06.000Z",
            "2011-02-03T04:05:06.789Z",
            "2011-02-03T04:05:06+00:00",
            "2011-02-03T04:05:06+0000",
            "2011-02-03T04:05:06.000+0000",
            "2011-02-03T06:05:06+02:00",
            "2011-02-02T20:05:06-0800",
        ] {
            let at = parse_datetime(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(format_datetime(at), "2011-02-03T04:05:06.000+0000", "{text}");
        }
        for text in ["", "2011-02-03", "2011-02-03 04:05:06", "yesterday", "1066-10-14T00:00:00Z"] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
    }

    #[test]
    fn dates_need_all_ten_characters() {
        assert!(parse_date("2024-02-29").is_some());
        for text in ["2023-02-29", "2024-2-29", "24-02-29", "2024-02-29T00:00:00Z", "1699-12-31"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_decimal_point() {
        for (number, printed) in [("1500", "1500.0"), ("1500.50", "1500.5"), ("0", "0.0")] {
            let value = Value::Decimal(number.parse().unwrap());
            assert_eq!(value.to_json().to_string(), printed);
        }
        assert_eq!(Value::Int(7).to_json().to_string(), "7");
    }
}
