//! The API's own way of writing instants: `2011-02-03T04:05:06.000+0000`.

use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::de::{self, Deserializer, Visitor};

/// Reads an instant. Answers have an offset without a colon, which RFC 3339 does not know; every other way of writing
/// the offset is read too.
#[must_use]
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    fast(text.as_bytes()).or_else(|| slow(text))
}

/// Writes an instant as the API and SOQL take it, in UTC with milliseconds: `2011-02-03T04:05:06.000Z`.
#[must_use]
pub fn format_instant(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes an instant as HTTP's conditional headers want it.
pub(crate) fn format_http(instant: DateTime<Utc>) -> String {
    instant.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads the date of an HTTP header.
pub(crate) fn parse_http(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}

/// The one form that answers have.
fn fast(text: &[u8]) -> Option<DateTime<Utc>> {
    let number = |range: std::ops::Range<usize>| {
        text.get(range)?
            .iter()
            .try_fold(0u32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.')];
    let fits =
        text.len() == 28 && text.ends_with(b"+0000") && marks.iter().all(|(at, mark)| text.get(*at) == Some(mark));
    if !fits {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    Some(date.and_hms_milli_opt(number(11..13)?, number(14..16)?, number(17..19)?, number(20..23)?)?.and_utc())
}

fn slow(text: &str) -> Option<DateTime<Utc>> {
    const FORMS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z"];
    let any = DateTime::parse_from_rfc3339(text).ok();
    any.or_else(|| FORMS.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()))
        .map(|instant| instant.to_utc())
}

/// Reads an instant or null.
pub(crate) fn read_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    struct InstantVisitor;
    impl<'de> Visitor<'de> for InstantVisitor {
        type Value = Option<DateTime<Utc>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an instant such as 2011-02-03T04:05:06.000+0000")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            parse_instant(text).map(Some).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_str(self)
        }
    }
    deserializer.deserialize_option(InstantVisitor)
}

/// Reads an instant that must be there.
pub(crate) fn required_instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    read_instant(deserializer)?.ok_or_else(|| de::Error::custom("an instant is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_an_instant_is_read() {
        let expected = "2011-02-03T04:05:06Z".parse::<DateTime<Utc>>().unwrap();
        for text in [
            "2011-02-03T04:05:06.000+0000",
            "2011-02-03T04:05:06.000+00:00",
            "2011-02-03T04:05:06.000Z",
            "2011-02-03T04:05:06Z",
            "2011-02-03T05:05:06+0100",
            "2011-02-02T20:05:06.000-0800",
        ] {
            assert_eq!(parse_instant(text), Some(expected), "{text}");
        }
        assert_eq!(parse_instant("2011-02-03T04:05:06.789+0000").unwrap().timestamp_subsec_millis(), 789);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2011-02-03",
            "2011-13-03T04:05:06.000+0000",
            "2011-02-30T04:05:06.000+0000",
            "yesterday",
            "2011-02-03T04:05:06.000+0000x",
            "2011-02-03T04:05:0x.000+0000",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in -5_000_000_000_000i64..60_000_000_000_000) {
            let instant = DateTime::from_timestamp_millis(millis).unwrap();
            proptest::prop_assert_eq!(parse_instant(&format_instant(instant)), Some(instant));
            let theirs = instant.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
            proptest::prop_assert_eq!(parse_instant(&theirs), Some(instant));
        }
    }
}
