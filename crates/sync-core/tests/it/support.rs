//! Schemas, records and references that the tests share.

use std::collections::BTreeMap;

use crm_model::{
    Account, AnyRef, ChoiceOption, Contact, Field, FieldKey, FieldPath, FieldType, Instant, Meta, ObjectKind, Record,
    Required, Schema, Value,
};
use sync_core::{Compiled, Mapping, PairId, Refs, Resolved, Side, SideState, compile};

pub(crate) fn field(key: FieldKey, field_type: FieldType) -> Field {
    let name = key.to_string();
    Field::new(key, name, field_type)
}

pub(crate) fn line() -> FieldType {
    FieldType::Text { max: None }
}

pub(crate) fn choice(name: &str, options: &[(&str, &str)]) -> Field {
    let mut field = field(FieldKey::custom(name), FieldType::Choice);
    let option = |(key, label): &(&str, &str)| ChoiceOption::new(*key, *label);
    field.options = options.iter().map(option).collect();
    field
}

pub(crate) fn required(mut field: Field) -> Field {
    field.required = Required::OnCreate;
    field
}

pub(crate) fn computed(mut field: Field) -> Field {
    field.writable = false;
    field
}

pub(crate) fn contacts(extra: Vec<Field>) -> Schema {
    let mut fields = vec![
        field(Contact::FIRST_NAME, line()),
        field(Contact::LAST_NAME, line()),
        field(Contact::JOB_TITLE, line()),
        field(Contact::DEPARTMENT, line()),
        field(Contact::EMAILS, FieldType::List),
        field(Contact::PHONES, FieldType::List),
        field(Contact::ADDRESSES, FieldType::List),
        field(Contact::ACCOUNTS, FieldType::List),
        field(Contact::OWNER, FieldType::Ref { target: Some(ObjectKind::User) }),
    ];
    fields.extend(extra);
    Schema::new(ObjectKind::Contact, fields)
}

pub(crate) fn accounts() -> Schema {
    Schema::new(
        ObjectKind::Account,
        vec![
            required(field(Account::NAME, line())),
            field(Account::WEBSITE, FieldType::Url),
            field(Account::EMPLOYEE_COUNT, FieldType::Int),
            field(Account::ANNUAL_REVENUE, FieldType::Money),
        ],
    )
}

/// A compiled mapping of two contacts that have the same fields.
pub(crate) fn compiled(mapping: &Mapping, extra: Vec<Field>) -> Compiled {
    compiled_between(mapping, extra.clone(), extra)
}

pub(crate) fn compiled_between(mapping: &Mapping, a: Vec<Field>, b: Vec<Field>) -> Compiled {
    compile(mapping, &contacts(a), &contacts(b)).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

pub(crate) fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

pub(crate) fn state(fields: &[(&str, Value)]) -> SideState {
    let fields = fields.iter().map(|(pair, value)| (PairId::from(*pair), value.clone())).collect();
    SideState { fields, ..SideState::default() }
}

pub(crate) fn path(path: &str) -> FieldPath {
    path.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn contact(id: &str, fields: &[(FieldKey, Value)]) -> Record {
    let mut record = Record::new(ObjectKind::Contact, Meta::new("test", id));
    for (key, value) in fields {
        record.set(key.clone(), value.clone());
    }
    record
}

pub(crate) fn account_ref(id: &str) -> Value {
    Value::Ref(AnyRef::new(ObjectKind::Account, id))
}

pub(crate) fn user_ref(id: &str) -> Value {
    Value::Ref(AnyRef::new(ObjectKind::User, id))
}

/// Links by id: A's `a1` is B's `b1`. Users without a partner never get one.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, String>);

impl Links {
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
    }
}

impl Refs for Links {
    fn translate(&self, from: Side, target: &AnyRef) -> Resolved {
        let id = &*target.id;
        let partner = match from {
            Side::A => self.0.get(id),
            Side::B => self.0.iter().find(|(_, b)| *b == id).map(|(a, _)| a),
        };
        match partner {
            Some(id) => Resolved::Linked(AnyRef::new(target.object, id.as_str())),
            None if target.object == ObjectKind::User => Resolved::Never,
            None => Resolved::NotLinked,
        }
    }

    fn identity(&self, side: Side, target: &AnyRef) -> Option<String> {
        match (side, self.translate(side, target)) {
            (Side::A, Resolved::Linked(_)) => Some(target.id.to_string()),
            (Side::B, Resolved::Linked(partner)) => Some(partner.id.to_string()),
            _ => None,
        }
    }
}
