//! How the values of one pair of fields are compared and brought into one form.

use std::borrow::Cow;

use chrono::FixedOffset;
use crm_model::{Address, AnyRef, Choice, Date, DateOrTime, Decimal, Instant, Money, Value};
use serde::{Deserialize, Serialize};

use crate::mapping::lookup_key;
use crate::normalize;

/// What a pair of fields holds: when two values are the same, and how one becomes the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Codec {
    /// Text; case counts.
    Text,
    /// Text; case does not count.
    CaseInsensitive,
    /// An e-mail address; case does not count.
    Email,
    /// A phone number; how it is written does not count.
    Phone,
    /// A web address; scheme, `www.` and a final slash do not count.
    Url,
    /// A number; how many zeros it ends in does not count.
    Number,
    /// An amount. A currency counts only where both sides name one.
    Money,
    /// A day.
    Date,
    /// A day or an instant; where one side holds days, only the day counts.
    DateOrTime,
    /// Yes or no; empty is no.
    Bool,
    /// One or several choices.
    Choice,
    /// Another record.
    Ref,
    /// A postal address, as one field.
    Address,
    /// A list of texts; the order does not count.
    List,
}

/// What comparing needs to know beside the two values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Context {
    pub(crate) region: Option<String>,
    pub(crate) offset: Option<FixedOffset>,
}

impl Context {
    pub(crate) fn day(&self, moment: DateOrTime) -> Date {
        match moment {
            DateOrTime::Date(date) => date,
            DateOrTime::Time(instant) => self.local(instant).date(),
        }
    }

    /// The civil time of an instant. At the very ends of what can be represented the offset does not count.
    fn local(&self, instant: Instant) -> chrono::NaiveDateTime {
        let utc = instant.naive_utc();
        self.offset.and_then(|offset| utc.checked_add_offset(offset)).unwrap_or(utc)
    }

    /// The instant on a day: at the time of day that the field shows now, else at the day's begin. `None` beyond
    /// what can be represented.
    pub(crate) fn instant_on(&self, day: Date, current: Option<DateOrTime>) -> Option<Instant> {
        let time = match current {
            Some(DateOrTime::Time(instant)) => self.local(instant).time(),
            _ => chrono::NaiveTime::MIN,
        };
        let local = day.and_time(time);
        match self.offset {
            Some(offset) => local.checked_sub_offset(offset),
            None => Some(local),
        }
        .map(|utc| utc.and_utc())
    }
}

impl Codec {
    /// Whether two values of one side, or of both after translation, are the same.
    pub(crate) fn equal(self, one: &Value, two: &Value, context: &Context) -> bool {
        if one == two {
            return true;
        }
        if self == Self::Bool {
            return as_bool(one).is_some() && as_bool(one) == as_bool(two);
        }
        if one.is_empty() || two.is_empty() {
            return one.is_empty() && two.is_empty();
        }
        match self {
            Self::Text => {
                matches!((as_text(one), as_text(two)), (Some(one), Some(two)) if one == two)
            }
            Self::CaseInsensitive => by(as_text, one, two, str::to_lowercase),
            Self::Email => by(as_text, one, two, |text| normalize::email(text).unwrap_or_else(|| text.to_lowercase())),
            Self::Phone => by(as_text, one, two, |text| {
                normalize::phone(text, context.region.as_deref()).unwrap_or_else(|| text.to_lowercase())
            }),
            Self::Url => by(as_text, one, two, normalize::url),
            Self::Number => {
                matches!((as_number(one), as_number(two)), (Some(one), Some(two)) if one == two)
            }
            Self::Money => match (as_money(one), as_money(two)) {
                (Some(one), Some(two)) => {
                    one.amount == two.amount
                        && (one.currency == two.currency || one.currency.is_none() || two.currency.is_none())
                }
                _ => false,
            },
            Self::Date | Self::DateOrTime => match (as_moment(one), as_moment(two)) {
                (Some(DateOrTime::Time(one)), Some(DateOrTime::Time(two))) if self == Self::DateOrTime => one == two,
                (Some(one), Some(two)) => context.day(one) == context.day(two),
                _ => false,
            },
            Self::Bool => false,
            Self::Choice => same_choices(one, two),
            Self::Ref => {
                matches!((as_ref(one), as_ref(two)), (Some(one), Some(two)) if one.object == two.object && one.id == two.id)
            }
            Self::Address => match (one, two) {
                (Value::Address(one), Value::Address(two)) => same_address(one, two),
                _ => matches!((as_text(one), as_text(two)), (Some(one), Some(two)) if one == two),
            },
            Self::List => as_sorted_texts(one) == as_sorted_texts(two),
        }
    }
}

fn by<'a>(
    read: impl Fn(&'a Value) -> Option<Cow<'a, str>>,
    one: &'a Value,
    two: &'a Value,
    form: impl Fn(&str) -> String,
) -> bool {
    matches!((read(one), read(two)), (Some(one), Some(two)) if form(&one) == form(&two))
}

/// The value in the form in which a state holds it: texts cleaned, numbers without trailing zeros, entries without
/// their label, [`Value::Null`] for everything that is empty.
pub(crate) fn canonical(value: &Value) -> Value {
    let value = match value {
        Value::Text(text) => Value::Text(normalize::clean(text).into_owned()),
        Value::Json(text) => Value::Json(text.trim().to_owned()),
        Value::Decimal(number) => Value::Decimal(number.normalize()),
        Value::Money(money) => Value::Money(Money { amount: money.amount.normalize(), ..*money }),
        Value::Address(address) => Value::Address(clean_address(address)),
        Value::Ref(reference) => Value::Ref(AnyRef { is_primary: false, ..reference.clone() }),
        Value::Choice(choice) if choice.key.is_empty() => Value::Null,
        Value::Choices(choices) => Value::Choices(choices.iter().filter(|one| !one.key.is_empty()).cloned().collect()),
        Value::Labelled(entry) => canonical(&entry.value),
        Value::List(list) => Value::List(list.iter().map(canonical).filter(|value| !value.is_empty()).collect()),
        other => other.clone(),
    };
    if value.is_empty() { Value::Null } else { value }
}

fn clean_address(address: &Address) -> Address {
    let clean = |part: &str| normalize::clean(part).into_owned();
    Address {
        street: clean(&address.street),
        city: clean(&address.city),
        region: clean(&address.region),
        postal_code: clean(&address.postal_code),
        country: clean(&address.country),
    }
}

fn same_address(one: &Address, two: &Address) -> bool {
    one.parts().iter().zip(two.parts()).all(|(one, two)| one.split_whitespace().eq(two.split_whitespace()))
}

/// Choices as sets: a choice is the same by its key, or by its label where one side knows nothing but a text.
fn same_choices(one: &Value, two: &Value) -> bool {
    let (Some(one), Some(two)) = (as_choices(one), as_choices(two)) else {
        return false;
    };
    let within = |some: &[Choice], all: &[Choice]| some.iter().all(|one| all.iter().any(|two| same_choice(one, two)));
    one.len() == two.len() && within(&one, &two) && within(&two, &one)
}

fn same_choice(one: &Choice, two: &Choice) -> bool {
    let names = |choice: &Choice, name: &str| {
        lookup_key(&choice.key) == name || choice.label.as_deref().is_some_and(|label| lookup_key(label) == name)
    };
    match (&one.label, &two.label) {
        (Some(_), Some(_)) => one.key == two.key,
        _ => names(one, &lookup_key(&two.key)) || names(two, &lookup_key(&one.key)),
    }
}

/// One choice or several, as a list; a plain text counts as the name of a choice.
pub(crate) fn as_choices(value: &Value) -> Option<Cow<'_, [Choice]>> {
    Some(match value {
        Value::Choice(choice) => Cow::Borrowed(std::slice::from_ref(choice)),
        Value::Choices(choices) => Cow::Borrowed(choices.as_slice()),
        Value::Text(text) => Cow::Owned(vec![Choice::new(text.as_str())]),
        Value::Bool(yes) => Cow::Owned(vec![Choice::new(if *yes { "true" } else { "false" })]),
        Value::Int(number) => Cow::Owned(vec![Choice::new(number.to_string())]),
        Value::Decimal(number) => Cow::Owned(vec![Choice::new(number.normalize().to_string())]),
        _ => return None,
    })
}

/// The value as the text a person would write into a text field. `None` for what is no single text.
pub(crate) fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Text(text) | Value::Json(text) => Cow::Borrowed(text),
        Value::Choice(choice) => Cow::Borrowed(choice.text()),
        Value::Int(_)
        | Value::Decimal(_)
        | Value::Money(_)
        | Value::Date(_)
        | Value::Instant(_)
        | Value::DateOrTime(_)
        | Value::Choices(_) => Cow::Owned(value.reveal()),
        Value::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
        _ => return None,
    })
}

pub(crate) fn as_number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(number) => Some((*number).into()),
        Value::Decimal(number) => Some(*number),
        Value::Money(money) => Some(money.amount),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn as_money(value: &Value) -> Option<Money> {
    match value {
        Value::Money(money) => Some(*money),
        other => as_number(other).map(Money::new),
    }
}

pub(crate) fn as_moment(value: &Value) -> Option<DateOrTime> {
    match value {
        Value::DateOrTime(moment) => Some(*moment),
        Value::Date(date) => Some(DateOrTime::Date(*date)),
        Value::Instant(instant) => Some(DateOrTime::Time(*instant)),
        Value::Text(text) => {
            let instant = || text.parse::<Instant>().ok().map(DateOrTime::Time);
            text.parse().ok().map(DateOrTime::Date).or_else(instant)
        }
        _ => None,
    }
}

pub(crate) fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(yes) => Some(*yes),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" | "" => Some(false),
            _ => None,
        },
        Value::Int(number) => match number {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn as_ref(value: &Value) -> Option<&AnyRef> {
    match value {
        Value::Ref(reference) => Some(reference),
        _ => None,
    }
}

fn as_sorted_texts(value: &Value) -> Option<Vec<Cow<'_, str>>> {
    let mut texts = match value {
        Value::List(list) => list.iter().map(as_text).collect::<Option<Vec<_>>>()?,
        Value::Choices(choices) => choices.iter().map(|choice| Cow::Borrowed(choice.text())).collect(),
        single => vec![as_text(single)?],
    };
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    fn instant(text: &str) -> Value {
        Value::Instant(text.parse().unwrap())
    }

    fn day(text: &str) -> Value {
        Value::Date(text.parse().unwrap())
    }

    fn number(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn money(amount: &str, currency: Option<&str>) -> Value {
        let money = Money::new(amount.parse::<Decimal>().unwrap());
        Value::Money(match currency {
            Some(code) => money.in_currency(code.parse().unwrap()),
            None => money,
        })
    }

    #[test]
    fn equality_of_each_codec() {
        let context = Context { region: Some("GB".to_owned()), offset: FixedOffset::east_opt(2 * 3600) };
        let address = |city: &str| {
            Value::Address(Address { street: "1  Main\nSt".into(), city: city.into(), ..Address::default() })
        };
        let choice = |key: &str, label: &str| Value::Choice(Choice::new(key).labelled(label));
        for (codec, one, two, expected) in [
            (Codec::Text, text("a"), text("A"), false),
            (Codec::Text, Value::Null, text(""), true),
            (Codec::Text, text("5"), Value::Int(5), true),
            (Codec::CaseInsensitive, text("a"), text("A"), true),
            (Codec::Email, text("Ada@X.example"), text("ada@x.example"), true),
            (Codec::Email, text("ada@x.example"), text("ada+1@x.example"), false),
            (Codec::Email, text("N/A"), text("n/a"), true),
            (Codec::Phone, text("020 7946 0958"), text("+44 20 7946 0958"), true),
            (Codec::Phone, text("020 7946 0958"), text("+44 20 7946 0959"), false),
            (Codec::Phone, text("ask Bob"), text("Ask bob"), true),
            (Codec::Url, text("https://www.x.example/"), text("x.example"), true),
            (Codec::Url, text("x.example/a"), text("x.example/b"), false),
            (Codec::Number, number("1.50"), number("1.5"), true),
            (Codec::Number, Value::Int(2), number("2.0"), true),
            (Codec::Number, Value::Int(2), text("two"), false),
            (Codec::Money, money("10.00", None), money("10", Some("EUR")), true),
            (Codec::Money, money("10", Some("USD")), money("10", Some("EUR")), false),
            (Codec::Money, money("10", Some("USD")), number("10"), true),
            (Codec::Date, day("2026-03-01"), Value::DateOrTime(DateOrTime::Date("2026-03-01".parse().unwrap())), true),
            (Codec::DateOrTime, day("2026-03-02"), instant("2026-03-01T22:30:00Z"), true),
            (Codec::DateOrTime, day("2026-03-01"), instant("2026-03-01T22:30:00Z"), false),
            (Codec::DateOrTime, instant("2026-03-01T22:30:00Z"), instant("2026-03-01T22:31:00Z"), false),
            (Codec::DateOrTime, instant("2026-03-01T22:30:00+00:00"), instant("2026-03-02T00:30:00+02:00"), true),
            (Codec::Bool, Value::Null, Value::Bool(false), true),
            (Codec::Bool, Value::Null, Value::Bool(true), false),
            (Codec::Bool, text("maybe"), text("perhaps"), false),
            (Codec::Choice, choice("1", "Hot"), choice("1", "Heiß"), true),
            (Codec::Choice, choice("1", "Hot"), choice("2", "Hot"), false),
            (Codec::Choice, choice("1", "Hot"), text("HOT"), true),
            (
                Codec::Address,
                address("Bonn"),
                Value::Address(Address { street: "1 Main St".into(), city: "Bonn".into(), ..Address::default() }),
                true,
            ),
            (Codec::Address, address("Bonn"), address("bonn"), false),
            (Codec::List, Value::List(vec![text("a"), text("b")]), Value::List(vec![text("b"), text("a")]), true),
            (Codec::List, Value::List(vec![text("a")]), Value::List(vec![text("b"), text("a")]), false),
        ] {
            assert_eq!(codec.equal(&one, &two, &context), expected, "{codec:?}: {} and {}", one.reveal(), two.reveal());
            assert_eq!(codec.equal(&two, &one, &context), expected, "{codec:?} swapped");
        }
    }

    #[test]
    fn canonical_values_have_one_empty_form() {
        for empty in [
            text(" \u{200b}"),
            Value::List(vec![text(" "), Value::Null]),
            Value::Address(Address { city: " ".into(), ..Address::default() }),
            Value::Choice(Choice::new("")),
            Value::Choices(vec![Choice::new("")]),
        ] {
            assert_eq!(canonical(&empty), Value::Null);
        }
        assert_eq!(canonical(&number("1.500")).reveal(), "1.5");
    }
}
