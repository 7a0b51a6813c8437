//! How single values travel: times with an offset, dates, numbers that may be quoted.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// An instant as Freshsales writes it: ISO 8601 with the account's offset, and the loose forms of older answers.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<FixedOffset>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time);
    }
    let plain = text.split(" (").next().unwrap_or_default();
    let forms = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M:%S %z", "%a %b %d %Y %H:%M:%S GMT%z"];
    forms.iter().find_map(|form| DateTime::parse_from_str(plain, form).ok())
}

/// For an `Option<DateTime<FixedOffset>>`: null and an empty text are `None`.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    text(deserializer, |text| parse_time(text).ok_or("a time with its offset was expected"))
}

/// For an `Option<NaiveDate>`: also takes an instant, by its day in its own offset.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    text(deserializer, |text| {
        let day = text.parse().ok().or_else(|| parse_time(text).map(|time| time.date_naive()));
        day.ok_or("a date was expected")
    })
}

fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<Option<T>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    match Option::<Text<'de>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Text(text)) => read(&text).map(Some).map_err(D::Error::custom),
    }
}

/// For an `Option<i64>` that may be quoted or have a fraction of zero.
pub(crate) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(IntVisitor)
}

struct IntVisitor;

impl<'de> Visitor<'de> for IntVisitor {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Some).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        #[allow(clippy::cast_possible_truncation, reason = "checked: no fraction, and within 2^53")]
        if number.fract() == 0.0 && number.abs() < 9e15 {
            Ok(Some(number as i64))
        } else {
            Err(E::custom("the number has a fraction"))
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(None),
            text => match text.strip_suffix(".0").unwrap_or(text).parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(E::custom("a whole number was expected")),
            },
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// `Debug` without content: records are people's data. Names the type, and its id where one is given.
macro_rules! hide_content {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
    ($name:ident, $id:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.$id)
            }
        }
    };
}
pub(crate) use hide_content;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Values {
        #[serde(default, deserialize_with = "time")]
        time: Option<DateTime<FixedOffset>>,
        #[serde(default, deserialize_with = "date")]
        date: Option<NaiveDate>,
        #[serde(default, deserialize_with = "int")]
        int: Option<i64>,
    }

    fn read(json: &str) -> Result<Values, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn times_keep_their_offset_in_every_form() {
        for (text, expected) in [
            ("2021-10-19T00:28:18-06:00", "2021-10-19T00:28:18-06:00"),
            ("2021-10-19T00:28:18Z", "2021-10-19T00:28:18+00:00"),
            ("2021-10-19T00:28:18.123+05:30", "2021-10-19T00:28:18.123+05:30"),
            ("2021-10-19T00:28:18+0530", "2021-10-19T00:28:18+05:30"),
            ("2021-10-19 00:28:18 -0600", "2021-10-19T00:28:18-06:00"),
            ("Mon Jun 20 2016 10:30:00 GMT+0530 (IST)", "2016-06-20T10:30:00+05:30"),
        ] {
            let time = read(&format!(r#"{{"time":"{text}"}}"#)).unwrap().time.unwrap();
            assert_eq!(time.to_rfc3339(), expected);
        }
    }

    #[test]
    fn absent_null_and_empty_are_nothing() {
        let nothing = Values { time: None, date: None, int: None };
        for json in ["{}", r#"{"time":null,"date":null,"int":null}"#, r#"{"time":"","date":" ","int":""}"#] {
            assert_eq!(read(json).unwrap(), nothing, "{json}");
        }
    }

    #[test]
    fn dates_and_numbers_come_in_two_forms() {
        let values = read(r#"{"date":"2021-10-21","int":"7.0"}"#).unwrap();
        assert_eq!((values.date.unwrap().to_string().as_str(), values.int), ("2021-10-21", Some(7)));
        let values = read(r#"{"date":"2021-10-21T23:30:00-06:00","int":7.0}"#).unwrap();
        assert_eq!((values.date.unwrap().to_string().as_str(), values.int), ("2021-10-21", Some(7)));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for json in [
            r#"{"time":"soon"}"#,
            r#"{"time":"2021-10-19T00:28:18"}"#,
            r#"{"time":7}"#,
            r#"{"date":"21.10.2021"}"#,
            r#"{"int":1.5}"#,
            r#"{"int":"x"}"#,
        ] {
            read(json).expect_err(json);
        }
    }
}
