//! Generators: small alphabets, so that values collide, and every kind of value that a declaration allows.

use std::collections::BTreeMap;

use crm_model::{
    Address, AnyRef, Channel, Choice, Consent, ConsentSet, ConsentState, Currency, DateOrTime, Decimal, FieldDef,
    FieldKey, FieldPath, Instant, Label, Labelled, Meta, Money, Object, ObjectKind, OptOutCause, OptOuts, Party,
    PartyRole, Record, RecordPatch, Slot, Value, ValueKind,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const CHANNELS: [Channel; 6] =
    [Channel::Email, Channel::Sms, Channel::Phone, Channel::WhatsApp, Channel::Fax, Channel::Post];

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,3}", "\\PC{1,12}", Just("O'Brien \\ \"%_\n👩‍💻 زبان".to_owned())]
}

pub(crate) fn instant() -> impl Strategy<Value = Instant> {
    (0_i64..2_000_000_000, 0_u32..1000)
        .prop_map(|(seconds, milli)| Instant::from_timestamp(seconds, milli * 1_000_000).unwrap())
}

fn decimal() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (any::<i64>(), 0_u32..9).prop_map(|(digits, scale)| Decimal::new(digits, scale)),
        Just("79228162514264337593543950335".parse().unwrap()),
        Just("1234567890123456.780".parse().unwrap()),
    ]
}

/// A label as it is read from text: a named one is never spelled as a label of the user's own.
pub(crate) fn label() -> impl Strategy<Value = Label> {
    let own = prop_oneof![
        select(vec!["primary", "PRIMARY", "deal", "contact", "a]b", "[x", "\"", "\"q\"", " spaced ", "", "Büro"])
            .prop_map(str::to_owned),
        text()
    ];
    prop_oneof![
        select(vec![Label::Work, Label::Home, Label::Mobile, Label::Main, Label::Fax, Label::Billing]),
        own.prop_map(|text| text.parse().unwrap()),
    ]
}

pub(crate) fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        Just(Slot::Primary),
        label().prop_map(Slot::Label),
        select(ObjectKind::SYNCED.to_vec()).prop_map(Slot::Object),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    (text(), text(), text()).prop_map(|(street, city, postal_code)| Address {
        street,
        city,
        postal_code,
        ..Address::default()
    })
}

fn reference(object: ObjectKind) -> impl Strategy<Value = AnyRef> {
    ("[0-9]{1,2}", any::<bool>()).prop_map(move |(id, is_primary)| AnyRef { is_primary, ..AnyRef::new(object, id) })
}

/// The object that a reference field of an object points at; the declarations keep it to themselves.
fn target(object: ObjectKind, field: &str) -> Option<ObjectKind> {
    Some(match (object, field) {
        (_, "owner" | "author" | "assignee" | "group" | "created_by") => ObjectKind::User,
        (_, "requester" | "reports_to") => ObjectKind::Contact,
        (_, "campaign") => ObjectKind::List,
        (_, "parent" | "account" | "accounts") => ObjectKind::Account,
        (_, "contacts") => ObjectKind::Contact,
        (_, "pipeline") => ObjectKind::Pipeline,
        (_, "stage") => ObjectKind::Stage,
        _ => return None,
    })
}

/// A value that a field of this kind takes, not empty.
pub(crate) fn value_of(object: ObjectKind, field: &FieldDef) -> BoxedStrategy<Value> {
    match field.kind {
        ValueKind::Text => text().prop_map(Value::Text).boxed(),
        ValueKind::Int => any::<i64>().prop_map(Value::Int).boxed(),
        ValueKind::Decimal => decimal().prop_map(Value::Decimal).boxed(),
        ValueKind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ValueKind::Date => instant().prop_map(|at| Value::Date(at.date_naive())).boxed(),
        ValueKind::Instant => instant().prop_map(Value::Instant).boxed(),
        ValueKind::DateOrTime => prop_oneof![
            instant().prop_map(|at| Value::DateOrTime(DateOrTime::Time(at))),
            instant().prop_map(|at| Value::DateOrTime(DateOrTime::Date(at.date_naive()))),
        ]
        .boxed(),
        ValueKind::Money => money().prop_map(Value::Money).boxed(),
        ValueKind::Choice => choice().prop_map(Value::Choice).boxed(),
        ValueKind::Address => address().prop_map(Value::Address).boxed(),
        ValueKind::Ref => match target(object, field.key.as_str()) {
            Some(kind) => reference(kind).prop_map(Value::Ref).boxed(),
            None => select(ObjectKind::SYNCED.to_vec()).prop_flat_map(reference).prop_map(Value::Ref).boxed(),
        },
        ValueKind::Party => party().prop_map(|party| Value::Party(Box::new(party))).boxed(),
        other => panic!("no object declares a field of kind {other:?}"),
    }
}

fn money() -> impl Strategy<Value = Money> {
    (decimal(), option::of(select(vec!["EUR", "USD"])))
        .prop_map(|(amount, code)| Money { amount, currency: code.map(|code| code.parse::<Currency>().unwrap()) })
}

fn party() -> impl Strategy<Value = Party> {
    let role = prop_oneof![select(PartyRole::NAMED.to_vec()), text().prop_map(|text| PartyRole::from(text.as_str()))];
    (role, option::of(text()), option::of(reference(ObjectKind::Lead))).prop_map(|(role, address, record)| Party {
        role,
        address,
        record,
    })
}

fn choice() -> impl Strategy<Value = Choice> {
    (text(), option::of(text())).prop_map(|(key, label)| Choice { key, label })
}

/// The lists whose entries carry labels.
pub(crate) fn is_labelled(field: &FieldDef) -> bool {
    ["emails", "phones", "addresses"].contains(&field.key.as_str())
}

/// An entry of a list field, as a record holds it.
fn entry_of(object: ObjectKind, field: &FieldDef) -> BoxedStrategy<Value> {
    let plain = value_of(object, field);
    if !is_labelled(field) {
        return plain;
    }
    let labelled = |(value, label, is_primary, remote_id)| {
        Value::Labelled(Box::new(Labelled { value, label, is_primary, remote_id }))
    };
    (plain, label(), any::<bool>(), option::of("[0-9]{3}".prop_map(Box::from))).prop_map(labelled).boxed()
}

fn field_of(object: ObjectKind, field: &FieldDef) -> BoxedStrategy<Value> {
    if field.is_list {
        vec(entry_of(object, field), 0..4).prop_map(Value::List).boxed()
    } else {
        prop_oneof![1 => Just(Value::Null), 3 => value_of(object, field)].boxed()
    }
}

/// Any value at all.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        text().prop_map(Value::Text),
        decimal().prop_map(Value::Decimal),
        money().prop_map(Value::Money),
        instant().prop_map(Value::Instant),
        instant().prop_map(|at| Value::DateOrTime(DateOrTime::Date(at.date_naive()))),
        choice().prop_map(Value::Choice),
        vec(choice(), 0..3).prop_map(Value::Choices),
        address().prop_map(Value::Address),
        reference(ObjectKind::Deal).prop_map(Value::Ref),
        party().prop_map(|party| Value::Party(Box::new(party))),
        any::<bool>().prop_map(Value::Bool),
        text().prop_map(Value::Json),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::List),
            (inner, label()).prop_map(|(value, label)| {
                Value::Labelled(Box::new(Labelled { value, label, is_primary: true, remote_id: None }))
            }),
        ]
    })
}

/// Values of the vendor's own fields; their names hold what vendors allow, brackets included.
fn custom() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let name = prop_oneof!["cf_[ab]", Just("Tier__c".to_owned()), Just("odd[name]".to_owned())];
    btree_map(name, any_value(), 0..3)
}

/// A record of an object with some of its fields loaded.
pub(crate) fn record<T: Object>() -> impl Strategy<Value = Record> {
    let some_fields: Vec<_> = T::FIELDS.iter().map(|field| option::of(field_of(T::KIND, field))).collect();
    (some_fields, custom(), consent_set()).prop_map(|(values, custom, consent)| {
        let mut record = Record::new(T::KIND, Meta::new("test", "1"));
        record.consent = consent;
        for (field, value) in T::FIELDS.iter().zip(values) {
            if let Some(value) = value {
                record.set(field.key.clone(), value);
            }
        }
        for (name, value) in custom {
            record.set(FieldKey::custom(&name), value);
        }
        record
    })
}

fn slots_of(field: &FieldDef) -> BoxedStrategy<Slot> {
    match (is_labelled(field), field.kind) {
        (true, _) => prop_oneof![Just(Slot::Primary), label().prop_map(Slot::Label)].boxed(),
        (false, ValueKind::Ref) => Just(Slot::Primary).boxed(),
        (false, _) => Just(Slot::Primary).boxed(),
    }
}

/// What a patch says about one field: all of it, or entries of a list given as plain values, as a mapping gives them.
fn change_of(object: ObjectKind, field: &FieldDef) -> BoxedStrategy<Vec<(FieldPath, Value)>> {
    let key = field.key.clone();
    let whole = field_of(object, field).prop_map({
        let key = key.clone();
        move |value| vec![(FieldPath::from(key.clone()), value)]
    });
    let is_plain = matches!(field.kind, ValueKind::Text | ValueKind::Party) && !is_labelled(field);
    if !field.is_list || is_plain {
        return whole.boxed();
    }
    let entries = btree_map(slots_of(field), option::of(value_of(object, field)), 1..3);
    let entries = entries.prop_map(move |entries| {
        let entry =
            |(slot, value): (Slot, Option<Value>)| (FieldPath::entry(key.clone(), slot), value.unwrap_or(Value::Null));
        entries.into_iter().map(entry).collect()
    });
    prop_oneof![whole, entries].boxed()
}

/// A patch of an object.
pub(crate) fn patch<T: Object>() -> impl Strategy<Value = RecordPatch> {
    let some_fields: Vec<_> = T::FIELDS.iter().map(|field| option::weighted(0.3, change_of(T::KIND, field))).collect();
    (some_fields, custom(), opt_outs()).prop_map(|(changes, custom, opt_outs)| {
        let mut patch: RecordPatch = changes.into_iter().flatten().flatten().collect();
        patch.opt_outs = opt_outs;
        for (name, value) in custom {
            patch.set(FieldKey::custom(&name).into(), value);
        }
        patch
    })
}

pub(crate) fn opt_outs() -> impl Strategy<Value = OptOuts> {
    btree_set(select(CHANNELS.to_vec()), 0..3).prop_map(|channels| channels.into_iter().collect())
}

pub(crate) fn consent() -> impl Strategy<Value = Consent> {
    let state = select(vec![ConsentState::Unknown, ConsentState::OptedIn, ConsentState::OptedOut]);
    let cause = option::of(select(vec![OptOutCause::Request, OptOutCause::Bounced, OptOutCause::Complained]));
    let at = option::of((0_i64..4).prop_map(|second| Instant::from_timestamp(second, 0).unwrap()));
    (state, cause, at).prop_map(|(state, cause, at)| Consent { state, cause, at })
}

pub(crate) fn consent_set() -> impl Strategy<Value = ConsentSet> {
    btree_map(select(CHANNELS.to_vec()), consent(), 0..4).prop_map(|channels| {
        let mut set = ConsentSet::default();
        channels.into_iter().for_each(|(channel, consent)| set.observe(channel, consent));
        set
    })
}
