//! Values between the vendor's form and the model's.

use chrono::{DateTime, FixedOffset, Utc};
use crm_model::{
    Address, AnyRef, Choice, Decimal, Instant, Label, Labelled, ListPatch, ObjectKind, Patch, Presence, Ref, RemoteId,
    Value,
};
use freshsales::models::{Set, Target, TargetKind};
use rest_core::Row;
use serde_json::value::RawValue;

use super::refuse;
use crate::{ErrorKind, Result};

/// What is known about a field: null and absent are told apart by the raw record.
pub(crate) fn loaded<E, T>(row: &Row<E>, key: &str, value: Option<T>) -> Presence<T> {
    match value {
        Some(value) => Presence::Known(value),
        None if row.extra(key).is_some() => Presence::Null,
        None => Presence::NotLoaded,
    }
}

/// As [`loaded`]; an empty text is empty.
pub(crate) fn text<E>(row: &Row<E>, key: &str, value: Option<&String>) -> Presence<String> {
    loaded(row, key, value.filter(|text| !text.is_empty()).cloned())
}

pub(crate) fn reference<E, T, I: ToString>(row: &Row<E>, key: &str, id: Option<I>) -> Presence<Ref<T>> {
    loaded(row, key, id.map(|id| Ref::new(RemoteId::new(id.to_string()))))
}

pub(crate) fn instant(time: Option<DateTime<FixedOffset>>) -> Option<Instant> {
    time.map(|time| time.to_utc())
}

/// A flat address as a list of at most one.
pub(crate) fn addresses<E>(
    row: &Row<E>,
    parts: [Option<&String>; 5],
    label: Label,
) -> Presence<Vec<Labelled<Address>>> {
    if row.extra("address").is_none() {
        return Presence::NotLoaded;
    }
    let [street, city, region, postal_code, country] = parts.map(|part| part.cloned().unwrap_or_default());
    let address = Address { street, city, region, postal_code, country };
    Presence::Known(if address.is_empty() { Vec::new() } else { vec![Labelled::new(address, label)] })
}

/// The five parts to write, in the order street, city, region, postal code, country.
pub(crate) fn address_parts(address: Option<&Address>) -> [Set<String>; 5] {
    let part = |text: &str| {
        if text.is_empty() { Set::Null } else { Set::To(text.to_owned()) }
    };
    address.map_or_else(|| std::array::from_fn(|_| Set::Null), |address| address.parts().map(part))
}

pub(crate) fn label(text: Option<&str>) -> Label {
    text.filter(|text| !text.is_empty()).map_or(Label::Work, |text| text.parse().unwrap_or(Label::Work))
}

/// What the vendor is to call an entry; work is what it assumes.
pub(crate) fn label_text(label: &Label) -> Option<String> {
    (*label != Label::Work).then(|| label.as_str().to_owned())
}

pub(crate) fn set<T, U>(patch: &Patch<T>, convert: impl FnOnce(&T) -> Result<U>) -> Result<Set<U>> {
    Ok(match patch {
        Patch::Keep => Set::Keep,
        Patch::Clear => Set::Null,
        Patch::Set(value) => Set::To(convert(value)?),
    })
}

pub(crate) fn set_text(patch: &Patch<String>) -> Set<String> {
    match patch {
        Patch::Keep => Set::Keep,
        Patch::Set(text) if !text.is_empty() => Set::To(text.clone()),
        Patch::Clear | Patch::Set(_) => Set::Null,
    }
}

/// An id of the vendor's: a whole number.
pub(crate) fn number_id<I: From<i64>>(id: &str, what: &str) -> Result<I> {
    let number: Option<i64> = id.trim().parse().ok();
    number
        .map(I::from)
        .ok_or_else(|| refuse(ErrorKind::Invalid, "write", format!("the id of the {what} is not a Freshsales id")))
}

pub(crate) fn set_ref<T, I: From<i64>>(patch: &Patch<Ref<T>>, what: &str) -> Result<Set<I>> {
    set(patch, |reference| number_id(reference.id.as_str(), what))
}

pub(crate) fn set_choice<I: From<i64>>(patch: &Patch<Choice>, what: &str) -> Result<Set<I>> {
    set(patch, |choice| number_id(&choice.key, what))
}

/// Tags are written as a whole; they have no entries of their own.
pub(crate) fn set_tags(patch: &ListPatch<String>) -> Set<Vec<String>> {
    match patch {
        ListPatch::Keep => Set::Keep,
        ListPatch::Replace(tags) => Set::To(tags.clone()),
        ListPatch::Slots(slots) => Set::To(slots.values().flatten().cloned().collect()),
    }
}

/// What a task or note is about, as far as the model knows such records. The first is the main one.
pub(crate) fn targets(targets: &[Target]) -> Vec<AnyRef> {
    let known = |target: &Target| Some(AnyRef::new(object_of(&target.kind)?, &*target.id));
    let mut references: Vec<AnyRef> = targets.iter().filter_map(known).collect();
    if let Some(first) = references.first_mut() {
        first.is_primary = true;
    }
    references
}

pub(crate) fn object_of(kind: &TargetKind) -> Option<ObjectKind> {
    Some(match kind {
        TargetKind::Contact => ObjectKind::Contact,
        TargetKind::SalesAccount => ObjectKind::Account,
        TargetKind::Deal => ObjectKind::Deal,
        _ => return None,
    })
}

/// A reference as a target to write.
pub(crate) fn target_of(reference: &AnyRef) -> Result<Target> {
    let id = &reference.id;
    Ok(match reference.object {
        ObjectKind::Contact => number_id::<freshsales::ContactId>(id, "target")?.into(),
        ObjectKind::Account => number_id::<freshsales::SalesAccountId>(id, "target")?.into(),
        ObjectKind::Deal => number_id::<freshsales::DealId>(id, "target")?.into(),
        other => {
            return Err(refuse(
                ErrorKind::Invalid,
                "write",
                format!("targets: Freshsales attaches nothing to a {other}"),
            ));
        }
    })
}

/// A raw JSON value without a known type.
pub(crate) fn plain(raw: &RawValue) -> Value {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't' | b'f') => Value::Bool(json == "true"),
        Some(b'"') => serde_json::from_str(json).map_or_else(|_| Value::Json(json.to_owned()), Value::Text),
        Some(b'{' | b'[') => Value::Json(json.to_owned()),
        _ => number(json).unwrap_or_else(|| Value::Json(json.to_owned())),
    }
}

pub(crate) fn number(text: &str) -> Option<Value> {
    text.parse().map(Value::Int).ok().or_else(|| rest_core::money::parse(text).map(Value::Decimal))
}

/// A decimal for a JSON body: a number as long as a double holds every digit, else a text.
pub(crate) fn json_decimal(decimal: Decimal) -> serde_json::Value {
    let text = decimal.normalize().to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let number = (digits <= 15).then(|| text.parse::<serde_json::Number>().ok()).flatten();
    number.map_or(serde_json::Value::String(text), serde_json::Value::Number)
}

/// A moment as the vendor reads it: whole seconds.
pub(crate) fn json_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
