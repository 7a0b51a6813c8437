//! Amounts keep every digit: serde helpers that read a decimal from the raw text of a JSON number, never through a float.
//!
//! `#[serde(with = "rest_core::money::exact")]` for a `Decimal`, `#[serde(default, with = "rest_core::money::opt")]` for
//! an `Option<Decimal>`. They read numbers and quoted numbers, with exponents, and write JSON numbers digit by digit.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// The largest scale a [`Decimal`] holds.
const MAX_SCALE: i64 = 28;

/// Reads a decimal number, exactly or not at all: an optional sign, digits with an optional point, an optional exponent.
///
/// Trailing zeros are kept (`1.50` has scale 2), except where they would not fit. `None` for anything else, and for
/// numbers of more than 96 bits or 28 decimals.
///
/// ```
/// let amount = rest_core::money::parse("1234567890123456.78").unwrap();
/// assert_eq!(amount.to_string(), "1234567890123456.78");
/// assert_eq!(rest_core::money::parse("1.5e3").unwrap().to_string(), "1500");
/// assert_eq!(rest_core::money::parse("1e-40"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Decimal> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut number = 0i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let (number, scale) = fit(number, scale)?;
    Decimal::try_from_i128_with_scale(if negative { -number } else { number }, scale).ok()
}

/// Brings the scale into 0..=28 without changing the value.
fn fit(mut number: i128, mut scale: i64) -> Option<(i128, u32)> {
    if number == 0 {
        return Some((0, u32::try_from(scale.clamp(0, MAX_SCALE)).ok()?));
    }
    while scale < 0 {
        number = number.checked_mul(10)?;
        scale += 1;
    }
    // Zeros at the end may go where the number would not fit otherwise.
    while (scale > MAX_SCALE || (scale > 0 && number >> 96 != 0)) && number % 10 == 0 {
        number /= 10;
        scale -= 1;
    }
    let scale = u32::try_from(scale).ok().filter(|scale| i64::from(*scale) <= MAX_SCALE)?;
    Some((number, scale))
}

/// For a `Decimal`.
pub mod exact {
    use super::{Decimal, Deserializer, Serializer, read, write};
    use serde::de::Error;

    /// Reads a number, or a quoted one.
    ///
    /// # Errors
    /// Anything else, null included, and numbers that do not fit exactly.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        read(deserializer)?.ok_or_else(|| Error::custom("an amount is missing"))
    }

    /// Writes a JSON number.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        write(amount, serializer)
    }
}

/// For an `Option<Decimal>`.
pub mod opt {
    use super::{Decimal, Deserializer, Serializer, read, write};

    /// Reads a number, a quoted one, null, or an empty text (which means null).
    ///
    /// # Errors
    /// Anything else, and numbers that do not fit exactly.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        read(deserializer)
    }

    /// Writes a JSON number or null.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => write(amount, serializer),
            None => serializer.serialize_none(),
        }
    }
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    match text {
        "" | "null" => Ok(None),
        _ => parse(text).map(Some).ok_or_else(|| D::Error::custom("expected a decimal number of at most 28 digits")),
    }
}

fn write<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string()).map_err(S::Error::custom)?.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Deal {
        #[serde(default, with = "opt")]
        amount: Option<Decimal>,
    }

    fn amount(json: &str) -> Option<String> {
        serde_json::from_str::<Deal>(&format!(r#"{{"amount":{json}}}"#))
            .unwrap()
            .amount
            .map(|amount| amount.to_string())
    }

    #[test]
    fn every_digit_is_kept() {
        for (json, text) in [
            ("1234567890123456.78", "1234567890123456.78"),
            (r#""1234567890123456.78""#, "1234567890123456.78"),
            ("0.1", "0.1"),
            ("1.50", "1.50"),
            ("-0.01", "-0.01"),
            ("1E+3", "1000"),
            ("1.2345678901234567e16", "12345678901234567"),
            ("12345678901234567.8e-1", "1234567890123456.78"),
            ("0e9", "0"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("1.00000000000000000000000000000000", "1.0000000000000000000000000000"),
        ] {
            assert_eq!(amount(json).as_deref(), Some(text), "{json}");
        }
        for json in ["null", r#""""#, r#"" ""#] {
            assert_eq!(amount(json), None, "{json}");
        }
        assert_eq!(serde_json::from_str::<Deal>("{}").unwrap().amount, None);
    }

    #[test]
    fn what_does_not_fit_exactly_is_refused() {
        for json in [
            "79228162514264337593543950336",
            "1e29",
            "1e-29",
            "1e999999999999",
            r#""1,5""#,
            r#""12 EUR""#,
            r#""NaN""#,
            "[1]",
            "true",
            r#""-""#,
            r#""1e""#,
            r#"".""#,
            "1e-9223372036854775808",
        ] {
            serde_json::from_str::<Deal>(&format!(r#"{{"amount":{json}}}"#)).expect_err(json);
        }
    }

    #[test]
    fn amounts_are_written_as_numbers() {
        let deal = Deal { amount: parse("1234567890123456.780") };
        assert_eq!(serde_json::to_string(&deal).unwrap(), r#"{"amount":1234567890123456.780}"#);
        assert_eq!(serde_json::to_string(&Deal { amount: None }).unwrap(), r#"{"amount":null}"#);
    }

    proptest! {
        #[test]
        fn any_decimal_survives_the_round_trip(number in -(1i128 << 95)..(1i128 << 95), scale in 0u32..=28) {
            let decimal = Decimal::from_i128_with_scale(number, scale);
            let json = serde_json::to_string(&Deal { amount: Some(decimal) }).unwrap();
            let back: Deal = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back.amount.map(|amount| (amount.mantissa(), amount.scale())), Some((number, scale)));
            let quoted = format!(r#"{{"amount":"{decimal}"}}"#);
            prop_assert_eq!(serde_json::from_str::<Deal>(&quoted).unwrap().amount, Some(decimal));
        }

        #[test]
        fn an_exponent_moves_the_point_and_nothing_else(digits in "[1-9][0-9]{0,12}", point in 0i64..8) {
            let with_exponent = parse(&format!("{digits}e-{point}")).unwrap();
            prop_assert_eq!(with_exponent.mantissa().to_string(), digits);
            prop_assert_eq!(i64::from(with_exponent.scale()), point);
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = parse(&text);
        }
    }
}
