//! What fields hold, and whether values of one can be written to another.

use crm_model::{
    Account, Contact, Deal, Engagement, Field, FieldDef, FieldPath, FieldType, Lead, Note, Object as _, ObjectKind,
    Task, Ticket, ValueKind,
};

use crate::Codec;

/// What the model declares about a field; `None` for a vendor's own.
pub(super) fn declared(object: ObjectKind, path: &FieldPath) -> Option<&'static FieldDef> {
    let fields = match object {
        ObjectKind::Account => Account::FIELDS,
        ObjectKind::Contact => Contact::FIELDS,
        ObjectKind::Deal => Deal::FIELDS,
        ObjectKind::Task => Task::FIELDS,
        ObjectKind::Note => Note::FIELDS,
        ObjectKind::Lead => Lead::FIELDS,
        ObjectKind::Ticket => Ticket::FIELDS,
        ObjectKind::Engagement => Engagement::FIELDS,
        _ => &[],
    };
    fields.iter().find(|def| def.key == path.key)
}

/// What a path holds: for a vendor's own field what the vendor says, for one that the model declares what the model
/// says, unless the vendor is more precise about it.
pub(super) fn held(object: ObjectKind, path: &FieldPath, field: &Field) -> FieldType {
    let Some(def) = declared(object, path) else {
        return field.field_type.clone();
    };
    let said = match def.kind {
        _ if def.is_list && path.slot.is_none() => FieldType::List,
        _ if path.key == Contact::EMAILS => FieldType::Email,
        _ if path.key == Contact::PHONES => FieldType::Phone,
        ValueKind::Text => FieldType::Text { max: None },
        ValueKind::Int => FieldType::Int,
        ValueKind::Decimal => FieldType::Decimal { scale: None },
        ValueKind::Money => FieldType::Money,
        ValueKind::Bool => FieldType::Bool,
        ValueKind::Date => FieldType::Date,
        ValueKind::Instant | ValueKind::DateOrTime => FieldType::DateTime,
        ValueKind::Address => FieldType::Address,
        ValueKind::Ref => FieldType::Ref { target: None },
        _ => return field.field_type.clone(),
    };
    if class(&said) == class(&field.field_type) { field.field_type.clone() } else { said }
}

/// What the types of two fields say about comparing them.
pub(super) fn infer(types: &[FieldType; 2]) -> Codec {
    let either = |wanted: fn(&FieldType) -> bool| types.iter().any(wanted);
    let both = |wanted: fn(&FieldType) -> bool| types.iter().all(wanted);
    if either(FieldType::is_choice) {
        Codec::Choice
    } else if either(|one| matches!(one, FieldType::Email)) {
        Codec::Email
    } else if either(|one| matches!(one, FieldType::Phone)) {
        Codec::Phone
    } else if either(|one| matches!(one, FieldType::Url)) {
        Codec::Url
    } else if either(|one| matches!(one, FieldType::Money)) {
        Codec::Money
    } else if either(|one| matches!(one, FieldType::Int | FieldType::Decimal { .. } | FieldType::Percent)) {
        Codec::Number
    } else if both(|one| matches!(one, FieldType::Date)) {
        Codec::Date
    } else if either(|one| matches!(one, FieldType::Date | FieldType::DateTime)) {
        Codec::DateOrTime
    } else if either(|one| matches!(one, FieldType::Bool)) {
        Codec::Bool
    } else if either(|one| matches!(one, FieldType::Ref { .. })) {
        Codec::Ref
    } else if either(|one| matches!(one, FieldType::Address)) {
        Codec::Address
    } else if both(|one| matches!(one, FieldType::List)) {
        Codec::List
    } else {
        Codec::Text
    }
}

/// The kind of value that a field takes which the model does not declare.
pub(super) fn kind_of(field_type: &FieldType) -> ValueKind {
    match field_type {
        FieldType::Int => ValueKind::Int,
        FieldType::Decimal { .. } | FieldType::Percent => ValueKind::Decimal,
        FieldType::Money => ValueKind::Money,
        FieldType::Bool => ValueKind::Bool,
        FieldType::Date => ValueKind::Date,
        FieldType::DateTime => ValueKind::Instant,
        FieldType::Choice => ValueKind::Choice,
        FieldType::MultiChoice => ValueKind::Choices,
        FieldType::Ref { .. } => ValueKind::Ref,
        FieldType::Address => ValueKind::Address,
        FieldType::List => ValueKind::List,
        _ => ValueKind::Text,
    }
}

/// Types that hold the same kind of thing.
#[derive(PartialEq, Eq)]
enum Class {
    Text,
    Number,
    Moment,
    Bool,
    Choice,
    Choices,
    Ref,
    Address,
    List,
    Unknown,
}

fn class(field_type: &FieldType) -> Class {
    match field_type {
        FieldType::Text { .. } | FieldType::LongText | FieldType::Email | FieldType::Phone | FieldType::Url => {
            Class::Text
        }
        FieldType::Int | FieldType::Decimal { .. } | FieldType::Percent | FieldType::Money => Class::Number,
        FieldType::Date | FieldType::DateTime => Class::Moment,
        FieldType::Bool => Class::Bool,
        FieldType::Choice => Class::Choice,
        FieldType::MultiChoice => Class::Choices,
        FieldType::Ref { .. } => Class::Ref,
        FieldType::Address => Class::Address,
        FieldType::List => Class::List,
        _ => Class::Unknown,
    }
}

/// Whether values of one type can be written to the other. Text takes what can be written in a line; a drop-down
/// takes another drop-down, or whatever a table translates.
pub(super) fn fits(from: &FieldType, to: &FieldType, has_table: bool) -> bool {
    let (from, to) = (class(from), class(to));
    if from == to || from == Class::Unknown || to == Class::Unknown {
        return true;
    }
    match to {
        Class::Text => matches!(from, Class::Number | Class::Moment | Class::Bool | Class::Choice | Class::Choices),
        Class::Choice => has_table && matches!(from, Class::Text | Class::Number | Class::Bool),
        Class::Choices => from == Class::Choice || has_table && from == Class::Text,
        Class::Bool | Class::Number => has_table && matches!(from, Class::Choice | Class::Text),
        _ => false,
    }
}

pub(super) fn describe(field_type: &FieldType) -> String {
    match field_type {
        FieldType::Text { .. } => "a line of text",
        FieldType::LongText => "text",
        FieldType::Int => "a whole number",
        FieldType::Decimal { .. } => "a number",
        FieldType::Percent => "a percentage",
        FieldType::Money => "an amount of money",
        FieldType::Bool => "yes or no",
        FieldType::Date => "a day",
        FieldType::DateTime => "an instant",
        FieldType::Time => "a time of day",
        FieldType::Choice => "one of its choices",
        FieldType::MultiChoice => "several of its choices",
        FieldType::Email => "an e-mail address",
        FieldType::Phone => "a phone number",
        FieldType::Url => "a web address",
        FieldType::Ref { .. } => "a reference to another record",
        FieldType::Address => "a postal address",
        FieldType::Formula => "a computed value",
        FieldType::List => "a list",
        FieldType::Other(name) => return format!("a value of the vendor's type `{name}`"),
        _ => "a value of an unknown type",
    }
    .to_owned()
}
