//! How a value of the model is written in the vendor's JSON, and read from it.

use crm_model::{AnyRef, Choice, Date, DateOrTime, FieldType, Instant, Money, ObjectKind, Value};

use salesforce::{DescribedField, FieldKind, Fields, parse_instant};
use serde_json::value::RawValue;

/// What one field of the vendor holds, in the model's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// An exact number.
    Decimal,
    /// An amount.
    Money,
    /// Yes or no.
    Bool,
    /// A day.
    Date,
    /// A day, where the model allows a moment too.
    Day,
    /// A moment.
    Instant,
    /// One of a list.
    Choice,
    /// Several of a list, joined by semicolons.
    Choices,
    /// One of a list, of which the model names some: the names, and what organisations call them.
    Named(&'static [(&'static str, &'static [&'static str])]),
    /// A tick for what only its author sees.
    Privacy,
    /// A tick for what came in.
    Incoming,
    /// Another record's id, or a stage's API name.
    Ref(ObjectKind),
}

impl Shape {
    /// The shape of a field that the model does not name; `None` for what cannot be read or written as one value.
    pub(crate) fn of(field: &DescribedField) -> Option<Self> {
        Some(match &field.kind {
            FieldKind::Address | FieldKind::Location | FieldKind::Base64 => return None,
            FieldKind::Boolean => Self::Bool,
            FieldKind::Int => Self::Int,
            FieldKind::Double | FieldKind::Percent => Self::Decimal,
            FieldKind::Currency => Self::Money,
            FieldKind::Date => Self::Date,
            FieldKind::Datetime => Self::Instant,
            FieldKind::Picklist => Self::Choice,
            FieldKind::Multipicklist => Self::Choices,
            FieldKind::Reference => match field.reference_to.as_slice() {
                [only] => object_of(only).map_or(Self::Text, Self::Ref),
                _ => Self::Text,
            },
            _ => Self::Text,
        })
    }

    /// Reads what the vendor sent. The message never holds the value.
    pub(crate) fn read(self, raw: &RawValue) -> Result<Value, String> {
        let raw = raw.get();
        if raw == "null" {
            return Ok(Value::Null);
        }
        let text = || serde_json::from_str::<String>(raw).map_err(|_| self.misread());
        let number = || rest_core::money::parse(raw.trim_matches('"')).ok_or_else(|| self.misread());
        let day = || text()?.parse::<Date>().map_err(|_| self.misread());
        Ok(match self {
            Self::Text => Value::Text(text()?),
            Self::Int => match number()? {
                whole if whole.is_integer() => Value::Int(i64::try_from(whole).map_err(|_| self.misread())?),
                _ => return Err(self.misread()),
            },
            Self::Decimal => Value::Decimal(number()?),
            Self::Money => Value::Money(Money::new(number()?)),
            Self::Bool => Value::Bool(serde_json::from_str(raw).map_err(|_| self.misread())?),
            Self::Date => Value::Date(day()?),
            Self::Day => Value::DateOrTime(DateOrTime::Date(day()?)),
            Self::Instant => Value::Instant(parse_instant(&text()?).ok_or_else(|| self.misread())?),
            Self::Choice | Self::Named(_) => Value::Choice(Choice::new(text()?)),
            Self::Privacy | Self::Incoming => {
                let ticked: bool = serde_json::from_str(raw).map_err(|_| self.misread())?;
                Value::Choice(Choice::new(self.tick_names().map_or("", |names| names[usize::from(ticked)])))
            }
            Self::Choices => {
                Value::Choices(text()?.split(';').filter(|key| !key.is_empty()).map(Choice::new).collect())
            }
            Self::Ref(object) => Value::Ref(AnyRef::new(object, text()?)),
        })
    }

    /// What no tick and a tick mean, for tick boxes that the model names.
    pub(crate) fn tick_names(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Privacy => Some(["internal", "private"]),
            Self::Incoming => Some(["outbound", "inbound"]),
            _ => None,
        }
    }

    fn misread(self) -> String {
        format!("expected {}", self.describe())
    }

    /// Puts a value into a write.
    pub(crate) fn write(self, api: &str, value: &Value, fields: &mut Fields) -> Result<(), String> {
        match (self, value) {
            // A tick box has no third state.
            (Self::Bool | Self::Privacy | Self::Incoming, Value::Null) => fields.set(api, false),
            (Self::Privacy | Self::Incoming, Value::Choice(choice)) => {
                let names = self.tick_names().unwrap_or_default();
                let ticked = names.iter().position(|name| *name == choice.key);
                fields.set(api, ticked.ok_or_else(|| format!("Salesforce knows {} only", names.join(" and ")))? == 1);
            }
            (_, value) if value.is_empty() => fields.clear(api),
            (Self::Text, Value::Text(text) | Value::Json(text)) => fields.set(api, text),
            (Self::Text | Self::Choice | Self::Named(_), Value::Choice(choice)) => fields.set(api, &choice.key),
            (Self::Choice | Self::Named(_), Value::Text(text)) => fields.set(api, text),
            (Self::Choices, Value::Choices(choices)) => {
                let keys: Vec<&str> = choices.iter().map(|choice| choice.key.as_str()).collect();
                fields.set(api, keys.join(";"));
            }
            (Self::Int | Self::Decimal | Self::Money, Value::Int(number)) => fields.set(api, number),
            (Self::Int, Value::Decimal(number)) if number.is_integer() => fields.set_decimal(api, number.trunc()),
            (Self::Decimal | Self::Money, Value::Decimal(number)) => fields.set_decimal(api, *number),
            (Self::Money, Value::Money(Money { amount, .. })) => fields.set_decimal(api, *amount),
            (Self::Bool, Value::Bool(yes)) => fields.set(api, yes),
            (Self::Date | Self::Day, Value::Date(date) | Value::DateOrTime(DateOrTime::Date(date))) => {
                fields.set(api, date);
            }
            (Self::Date | Self::Day, Value::DateOrTime(DateOrTime::Time(_)) | Value::Instant(_)) => {
                return Err(
                    "Salesforce keeps a day here, and which day a moment falls on depends on a time zone".to_owned()
                );
            }
            (Self::Instant, Value::Instant(instant) | Value::DateOrTime(DateOrTime::Time(instant))) => {
                fields.set_instant(api, *instant);
            }
            (Self::Ref(object), Value::Ref(reference)) if reference.object == object => fields.set(api, &*reference.id),
            (Self::Text, Value::Ref(reference)) => fields.set(api, &*reference.id),
            (Self::Ref(_), Value::Text(id)) => fields.set(api, id),
            (_, value) => return Err(format!("it takes {}, not {}", self.describe(), value.kind().describe())),
        }
        Ok(())
    }

    fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Decimal => "a number".to_owned(),
            Self::Money => "an amount".to_owned(),
            Self::Bool => "yes or no".to_owned(),
            Self::Date | Self::Day => "a day".to_owned(),
            Self::Instant => "a moment".to_owned(),
            Self::Choice | Self::Named(_) | Self::Privacy | Self::Incoming => "a choice".to_owned(),
            Self::Choices => "choices".to_owned(),
            Self::Ref(object) => format!("a reference to a record of kind {object}"),
        }
    }

    /// The type that the schema shows. The model's own fields keep the type that the model declares, whatever the vendor's
    /// list of suggestions.
    pub(crate) fn field_type(self, field: &DescribedField) -> FieldType {
        let max = (field.length > 0).then_some(field.length);
        match self {
            Self::Text => match field.kind {
                FieldKind::Textarea if field.length > 255 => FieldType::LongText,
                FieldKind::Email => FieldType::Email,
                FieldKind::Phone => FieldType::Phone,
                FieldKind::Url => FieldType::Url,
                FieldKind::Time => FieldType::Time,
                FieldKind::Reference => FieldType::Ref { target: None },
                _ => FieldType::Text { max },
            },
            Self::Int => FieldType::Int,
            // Without digits behind the point it is a whole number in all but name.
            Self::Decimal if field.scale == 0 => FieldType::Int,
            Self::Decimal if field.kind == FieldKind::Percent => FieldType::Percent,
            Self::Decimal => FieldType::Decimal { scale: Some(field.scale) },
            Self::Money => FieldType::Money,
            Self::Bool => FieldType::Bool,
            Self::Date | Self::Day => FieldType::Date,
            Self::Instant => FieldType::DateTime,
            Self::Choice | Self::Named(_) | Self::Privacy | Self::Incoming => FieldType::Choice,
            Self::Choices => FieldType::MultiChoice,
            Self::Ref(object) => FieldType::Ref { target: Some(object) },
        }
    }
}

/// The object of the model that an object of the vendor is.
pub(crate) fn object_of(api: &str) -> Option<ObjectKind> {
    Some(match api {
        "Account" => ObjectKind::Account,
        "Contact" => ObjectKind::Contact,
        "Opportunity" => ObjectKind::Deal,
        "User" => ObjectKind::User,
        "Lead" => ObjectKind::Lead,
        "Case" => ObjectKind::Ticket,
        "Campaign" => ObjectKind::List,
        _ => return None,
    })
}

/// The object of the model that a record's id belongs to.
pub(crate) fn object_of_id(id: &str) -> Option<ObjectKind> {
    Some(match id.get(..3)? {
        "001" => ObjectKind::Account,
        "003" => ObjectKind::Contact,
        "006" => ObjectKind::Deal,
        "00Q" => ObjectKind::Lead,
        "500" => ObjectKind::Ticket,
        "701" => ObjectKind::List,
        _ => return None,
    })
}

/// Reads an instant out of a field that every record has.
pub(crate) fn instant(raw: &RawValue) -> Option<Instant> {
    parse_instant(serde_json::from_str::<&str>(raw.get()).ok()?)
}

/// An amount beside its currency.
pub(crate) fn in_currency(value: Value, code: Option<&str>) -> Value {
    match (value, code.and_then(|code| code.parse().ok())) {
        (Value::Money(money), Some(currency)) => Value::Money(money.in_currency(currency)),
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn written(shape: Shape, value: &Value) -> Result<String, String> {
        let mut fields = Fields::new();
        shape.write("F", value, &mut fields)?;
        Ok(fields.get("F").unwrap().get().to_owned())
    }

    fn instant_at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn values_go_both_ways() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        for (shape, json, value) in [
            (Shape::Text, r#""a\"b""#, Value::text("a\"b")),
            (Shape::Int, "42", Value::Int(42)),
            (Shape::Decimal, "12.50", Value::Decimal(decimal("12.50"))),
            (Shape::Money, "19.99", Value::Money(Money::new(decimal("19.99")))),
            (Shape::Bool, "true", Value::Bool(true)),
            (Shape::Date, r#""2028-02-29""#, Value::Date("2028-02-29".parse().unwrap())),
            (Shape::Day, r#""2028-02-29""#, Value::DateOrTime(DateOrTime::Date("2028-02-29".parse().unwrap()))),
            (Shape::Instant, r#""2025-06-02T09:00:00.000Z""#, Value::Instant(instant_at("2025-06-02T09:00:00Z"))),
            (Shape::Choice, r#""Web""#, Value::Choice(Choice::new("Web"))),
            (Shape::Choices, r#""A;B""#, Value::Choices(vec![Choice::new("A"), Choice::new("B")])),
            (Shape::Ref(ObjectKind::Account), r#""001x""#, Value::Ref(AnyRef::new(ObjectKind::Account, "001x"))),
        ] {
            assert!(shape.read(&raw(json)).unwrap() == value, "{shape:?} reads {json}");
            assert_eq!(written(shape, &value).unwrap(), json, "{shape:?}");
            assert!(shape.read(&raw("null")).unwrap() == Value::Null);
            assert!(shape.read(&raw(r#"{"unexpected":[true]}"#)).is_err(), "{shape:?} takes an object");
        }
        assert!(Shape::Int.read(&raw("5.0")).unwrap() == Value::Int(5), "a whole number with a point");
        assert!(Shape::Int.read(&raw("5.5")).is_err());
    }

    #[test]
    fn empty_values_clear_a_field() {
        for value in [Value::Null, Value::text(""), Value::Choices(Vec::new())] {
            assert_eq!(written(Shape::Text, &value).unwrap(), "null");
        }
        assert_eq!(written(Shape::Bool, &Value::Null).unwrap(), "false");
    }

    #[test]
    fn values_of_another_kind_are_refused_before_they_are_sent() {
        let day = Value::Date("2028-02-29".parse().unwrap());
        for (shape, value) in [
            (Shape::Int, Value::text("7")),
            (Shape::Money, Value::text("7")),
            (Shape::Date, Value::text("tomorrow")),
            (Shape::Instant, day),
            (Shape::Bool, Value::Int(1)),
            (Shape::Text, Value::Int(1)),
            (Shape::Day, Value::Instant(instant_at("2025-06-02T23:30:00Z"))),
            (Shape::Ref(ObjectKind::Account), Value::Ref(AnyRef::new(ObjectKind::Contact, "003x"))),
        ] {
            assert!(written(shape, &value).is_err(), "{shape:?} takes {value:?}");
        }
    }

    #[test]
    fn money_takes_the_records_currency() {
        let Value::Money(money) = in_currency(Value::Money(Money::new(5)), Some("EUR")) else { panic!("money") };
        assert_eq!(money.currency.unwrap().as_str(), "EUR");
        let Value::Money(money) = in_currency(Value::Money(Money::new(5)), None) else { panic!("money") };
        assert!(money.currency.is_none());
    }
}
