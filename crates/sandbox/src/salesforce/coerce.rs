//! From the JSON of a write to a field's value, with the vendor's refusals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveTime;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value as Json;

use super::errors::ApiError;
use super::ids::{IdError, SfId};
use super::quirks::Quirks;
use super::schema::{Field, FieldType};
use super::value::{Value, parse_date, parse_datetime};

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The JSON cannot be read as the field's type: the whole request is refused before any record is looked at.
    Unreadable(String),
    /// The value is of the type but not allowed.
    Record(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Refusal {
        Refusal::Record(error)
    }
}

/// Reads the JSON value that a write gives for `field`.
pub(crate) fn coerce(field: &Field, json: &Json, quirks: &Quirks) -> Result<Value, Refusal> {
    match (field.kind, json) {
        (FieldType::Boolean, Json::Null) => Ok(Value::Bool(false)),
        (_, Json::Null) => Ok(Value::Null),
        (FieldType::Boolean, json) => boolean(json),
        (FieldType::Int, json) => int(field, json),
        (kind, json) if kind.is_decimal() => decimal(field, json),
        (kind, Json::String(text)) if kind.is_text() => Ok(read_text(field, text, quirks)?),
        (kind, Json::String(text)) => match text.trim() {
            "" => Ok(Value::Null),
            text if kind == FieldType::Date => {
                parse_date(text).map(Value::Date).ok_or_else(|| unreadable("date", json))
            }
            text if kind == FieldType::DateTime => {
                parse_datetime(text).map(Value::DateTime).ok_or_else(|| unreadable("datetime", json))
            }
            text if kind == FieldType::Time => {
                parse_time(text).map(|time| Value::text(&time)).ok_or_else(|| unreadable("time", json))
            }
            text if kind == FieldType::Base64 => {
                // Lines may be broken, as mail programs do.
                let packed: String = text.split_ascii_whitespace().collect();
                let whole = STANDARD.decode(&packed).is_ok();
                if whole { Ok(Value::text(&packed)) } else { Err(unreadable("base64", &Json::from("..."))) }
            }
            text => reference(field, text, quirks).map_err(Refusal::Record),
        },
        (kind, json) => Err(unreadable(kind.error_name(), json)),
    }
}

/// Reads a time of day and gives it as it is kept and printed: `08:30:00.000Z`.
fn parse_time(text: &str) -> Option<String> {
    let plain = text.trim_end_matches('Z');
    let time = NaiveTime::parse_from_str(plain, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(plain, "%H:%M"));
    time.ok().map(|time| time.format("%H:%M:%S%.3fZ").to_string())
}

/// `Cannot deserialize instance of …`; the place in the request is added by whoever knows it.
fn unreadable(kind: &str, json: &Json) -> Refusal {
    let (token, value) = match json {
        Json::String(text) => ("VALUE_STRING", text.clone()),
        Json::Number(number) if number.is_f64() => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Json::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
        Json::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
        Json::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    };
    Refusal::Unreadable(format!(
        "Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required field"
    ))
}

fn boolean(json: &Json) -> Result<Value, Refusal> {
    match json {
        Json::Bool(flag) => Ok(Value::Bool(*flag)),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
        json => Err(unreadable("boolean", json)),
    }
}

/// A JSON number, or a number in a string; an empty string is null.
fn number(kind: &str, json: &Json) -> Result<Option<Decimal>, Refusal> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.trim().is_empty() => return Ok(None),
        Json::String(text) => text.trim().to_owned(),
        json => return Err(unreadable(kind, json)),
    };
    let plain = text.parse::<Decimal>();
    plain.or_else(|_| Decimal::from_scientific(&text)).map(Some).map_err(|_| unreadable(kind, json))
}

fn out_of_range(field: &Field, json: &Json) -> Refusal {
    let value = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let message = format!("{}: value outside of valid range on numeric field: {value}", field.label);
    ApiError::record("NUMBER_OUTSIDE_VALID_RANGE", message, &[field.name]).into()
}

fn int(field: &Field, json: &Json) -> Result<Value, Refusal> {
    let Some(number) = number("int", json)? else {
        return Ok(Value::Null);
    };
    if !number.fract().is_zero() {
        return Err(unreadable("int", json));
    }
    let whole = i64::try_from(number).map_err(|_| out_of_range(field, json))?;
    if whole.unsigned_abs() >= 10_u64.saturating_pow(field.digits) {
        return Err(out_of_range(field, json));
    }
    Ok(Value::Int(whole))
}

fn decimal(field: &Field, json: &Json) -> Result<Value, Refusal> {
    let Some(number) = number("double", json)? else {
        return Ok(Value::Null);
    };
    let rounded = number.round_dp_with_strategy(field.scale, RoundingStrategy::MidpointAwayFromZero);
    let limit = Decimal::from(10_u64.saturating_pow(field.precision.saturating_sub(field.scale)));
    if rounded.abs() >= limit {
        return Err(out_of_range(field, json));
    }
    Ok(Value::Decimal(rounded.normalize()))
}

fn read_text(field: &Field, text: &str, quirks: &Quirks) -> Result<Value, ApiError> {
    let text = if quirks.trim_text { text.trim() } else { text };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let length = usize::try_from(field.length).unwrap_or(usize::MAX);
    if text.chars().count() > length {
        let message = format!("{}: data value too large: {text} (max length={length})", field.label);
        return Err(ApiError::record("STRING_TOO_LONG", message, &[field.name]));
    }
    let known = |value: &str| field.picklist.iter().any(|entry| entry.active && entry.value == value);
    let values: Vec<&str> = match field.kind {
        FieldType::Multipicklist => text.split(';').map(str::trim).filter(|value| !value.is_empty()).collect(),
        _ => vec![text],
    };
    if field.restricted && !values.iter().all(|value| known(value)) {
        let message = format!("{}: bad value for restricted picklist field: {text}", field.label);
        return Err(ApiError::record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[field.name]));
    }
    if field.kind == FieldType::Multipicklist {
        // Kept in the order of the list, each value once.
        let mut kept: Vec<&str> =
            field.picklist.iter().map(|entry| entry.value).filter(|value| values.contains(value)).collect();
        kept.extend(values.iter().filter(|value| !known(value)));
        return Ok(Value::text(&kept.join(";")));
    }
    if field.kind == FieldType::Email {
        let lower = text.to_lowercase();
        if !is_email(&lower) {
            let message = format!("{}: invalid email address: {text}", field.label);
            return Err(ApiError::record("INVALID_EMAIL_ADDRESS", message, &[field.name]));
        }
        return Ok(Value::text(&lower));
    }
    Ok(Value::text(text))
}

/// Local part and domain of the usual characters, the domain with a dot and without empty labels.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_character = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |label: &str| {
        let inner = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let local_ok = !local.is_empty() && local.chars().all(local_character);
    let dots_ok = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    local_ok && dots_ok && domain.contains('.') && domain.split('.').all(label)
}

fn reference(field: &Field, text: &str, quirks: &Quirks) -> Result<Value, ApiError> {
    let refuse = |code| {
        let message = format!("{}: id value of incorrect type: {text}", field.label);
        Err(ApiError::record(code, message, &[field.name]))
    };
    match SfId::parse(text) {
        Ok(id) => Ok(Value::Id(id)),
        Err(IdError::Length | IdError::Character | IdError::Checksum) if quirks.wrong_reference_is_malformed_id => {
            refuse("MALFORMED_ID")
        }
        Err(_) => refuse("FIELD_INTEGRITY_EXCEPTION"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::schema::Schema;
    use serde_json::json;

    fn try_field(object: &str, name: &str, value: &Json) -> Result<Json, String> {
        let schema = Schema::standard();
        let object = schema.object(schema.find(object).unwrap());
        let field = object.field(object.find(name).unwrap());
        match coerce(field, value, &Quirks::default()) {
            Ok(value) => Ok(value.to_json()),
            Err(Refusal::Unreadable(message)) => Err(format!("JSON_PARSER_ERROR {message}")),
            Err(Refusal::Record(error)) => Err(format!("{} {}", error.code, error.message)),
        }
    }

    #[test]
    fn values_are_brought_into_the_stored_form() {
        for (object, field, sent, stored) in [
            ("Contact", "Email", json!(" Jörg.Müller+x@Example.TEST "), json!("jörg.müller+x@example.test")),
            ("Contact", "LastName", json!("  Ünal "), json!("Ünal")),
            ("Contact", "LastName", json!("   "), Json::Null),
            ("Contact", "Birthdate", json!("1980-05-06"), json!("1980-05-06")),
            ("Contact", "Birthdate", json!(""), Json::Null),
            ("Contact", "DoNotCall", json!("TRUE"), json!(true)),
            ("Contact", "DoNotCall", Json::Null, json!(false)),
            ("Account", "NumberOfEmployees", json!("7"), json!(7)),
            ("Account", "NumberOfEmployees", json!(7.0), json!(7)),
            ("Account", "AnnualRevenue", json!("1500.5"), json!(1501.0)),
            ("Opportunity", "Amount", json!(12.345), json!(12.35)),
            ("Opportunity", "Amount", json!("1e3"), json!(1000.0)),
            ("Opportunity", "Margin__c", json!("-12.5"), json!(-12.5)),
            ("Opportunity", "StageName", json!("Our own stage"), json!("Our own stage")),
            ("Contact", "Tier__c", json!("Gold"), json!("Gold")),
            ("Contact", "Interests__c", json!("Support;Billing; Support"), json!("Billing;Support")),
            (
                "Contact",
                "EmailBouncedDate",
                json!("2024-02-03T04:05:06.789+01:00"),
                json!("2024-02-03T03:05:06.000+0000"),
            ),
            ("Contact", "AccountId", json!("001D000000IRFma"), json!("001D000000IRFmaIAH")),
        ] {
            assert_eq!(try_field(object, field, &sent), Ok(stored), "{object}.{field} {sent}");
        }
    }

    #[test]
    fn refusals_carry_the_vendors_code_and_words() {
        let long = "x".repeat(41);
        for (object, field, sent, refusal) in [
            ("Contact", "Email", json!("123"), "INVALID_EMAIL_ADDRESS Email: invalid email address: 123"),
            (
                "Account",
                "BillingCity",
                json!(long),
                &format!("STRING_TOO_LONG Billing City: data value too large: {long} (max length=40)"),
            ),
            (
                "Contact",
                "Tier__c",
                json!("gold"),
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST Tier: bad value for restricted picklist field: gold",
            ),
            (
                "Account",
                "NumberOfEmployees",
                json!(100_000_000),
                "NUMBER_OUTSIDE_VALID_RANGE Employees: value outside of valid range on numeric field: 100000000",
            ),
            (
                "Account",
                "NumberOfEmployees",
                json!("many"),
                "JSON_PARSER_ERROR Cannot deserialize instance of int from VALUE_STRING value many or request may be missing a required field",
            ),
            (
                "Opportunity",
                "Amount",
                json!("N010"),
                "JSON_PARSER_ERROR Cannot deserialize instance of double from VALUE_STRING value N010 or request may be missing a required field",
            ),
            (
                "Opportunity",
                "Probability",
                json!(1000),
                "NUMBER_OUTSIDE_VALID_RANGE Probability (%): value outside of valid range on numeric field: 1000",
            ),
            (
                "Opportunity",
                "CloseDate",
                json!("tomorrow"),
                "JSON_PARSER_ERROR Cannot deserialize instance of date from VALUE_STRING value tomorrow or request may be missing a required field",
            ),
            (
                "Contact",
                "LastName",
                json!(7),
                "JSON_PARSER_ERROR Cannot deserialize instance of string from VALUE_NUMBER_INT value 7 or request may be missing a required field",
            ),
            (
                "Contact",
                "DoNotCall",
                json!("yes"),
                "JSON_PARSER_ERROR Cannot deserialize instance of boolean from VALUE_STRING value yes or request may be missing a required field",
            ),
            ("Contact", "AccountId", json!("foo"), "MALFORMED_ID Account ID: id value of incorrect type: foo"),
        ] {
            assert_eq!(try_field(object, field, &sent), Err(refusal.to_owned()), "{object}.{field} {sent}");
        }
    }

    #[test]
    fn addresses_are_judged_as_mail_servers_would() {
        for good in ["a@b.co", "o'neil@x-y.example", "first.last+tag@sub.example.org", "žofie@kavárna.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.co", "a@b", "a b@c.de", "a@b..co", ".a@b.co", "a.@b.co", "a@-b.co", "a@b.co."] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_in_any_field_is_judged_without_panic(text in ".{0,60}") {
            let schema = Schema::standard();
            for object in &schema.objects {
                for field in &object.fields {
                    let _ = coerce(field, &json!(text), &Quirks::default());
                }
            }
        }
    }
}
