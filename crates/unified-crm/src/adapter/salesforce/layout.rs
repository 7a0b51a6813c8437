//! One object as this organisation shows it: which fields are read, which can be written, what the schema says.

use std::collections::BTreeMap;

use crm_model::{
    Choice, ChoiceOption, Deal, DealStatus, Engagement, Field, FieldKey, FieldType, Note, ReadOnly, Required, Schema,
    Task, Ticket, Value,
};
use salesforce::{Describe, DescribedField};

use super::shape::Shape;
use super::table::{ADDRESS_PARTS, CURRENCY, Rows, Scalar, Table};

/// Fields of every record that say where it comes from.
const SYSTEM: [&str; 7] =
    ["Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"];
/// The record that this one was merged into; accounts and contacts have it.
pub(crate) const MASTER: &str = "MasterRecordId";

/// What is known of one field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) shape: Shape,
    pub(crate) writable: bool,
}

/// One object as this organisation and this user see it.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What every read selects: the same in lists, feeds and single reads.
    pub(crate) select: Vec<String>,
    /// Fields of the vendor that the model does not name, with their key in the model.
    pub(crate) custom: BTreeMap<String, (FieldKey, Column)>,
    /// Fields that the table names, as far as they are shown: whether they can be written.
    known: BTreeMap<String, bool>,
    /// Names of the model and the organisation's keys for them, by field.
    named: BTreeMap<&'static str, Vec<(&'static str, String)>>,
    /// The unique external id under which creates happen once.
    pub(crate) key_field: Option<String>,
    /// Where a person looks at records: the instance's address.
    pub(crate) origin: String,
    pub(crate) schema: Schema,
    /// What may be done at all.
    pub(crate) can_create: bool,
    pub(crate) can_update: bool,
    pub(crate) can_delete: bool,
}

impl Layout {
    pub(crate) fn new(table: &Table, describe: &Describe, key_field: &str, origin: String) -> Self {
        let find = |name: &str| describe.field(name);
        let names = table.api_names().chain(has_money(table).then(|| CURRENCY.to_owned()));
        let known: BTreeMap<String, bool> =
            names.filter_map(|name| find(&name).map(|field| (name, is_writable(field)))).collect();
        let key_field = find(key_field).filter(|field| field.is_unique_external_id()).map(|field| field.name.clone());
        let custom: BTreeMap<_, _> =
            describe.fields.iter().filter_map(|field| custom_column(field, &known, key_field.as_deref())).collect();
        let system = SYSTEM.into_iter().chain([MASTER]).filter(|name| find(name).is_some()).map(str::to_owned);
        let mut select: Vec<String> = system.collect();
        // One of them may be a field of the model, too.
        let others = known.keys().chain(custom.keys()).filter(|name| !SYSTEM.contains(&name.as_str()));
        select.extend(others.cloned());
        let named = named(table, describe);
        let schema = schema(table, describe, &custom, &named);
        Self {
            select,
            custom,
            known,
            named,
            key_field,
            origin,
            schema,
            can_create: describe.createable,
            can_update: describe.updateable,
            can_delete: describe.deletable,
        }
    }

    /// The model's value for what the vendor sent.
    pub(crate) fn models_value(&self, api: &str, value: Value) -> Value {
        match value {
            Value::Choice(choice) => Value::Choice(named_choice(self.named.get(api), choice)),
            other => other,
        }
    }

    /// The vendor's value for what the model calls by a name.
    pub(crate) fn vendors_value(&self, scalar: &Scalar, value: &Value) -> Result<Value, String> {
        let (Shape::Named(names), Value::Choice(choice)) = (scalar.shape, value) else { return Ok(value.clone()) };
        let known = self.named.get(scalar.api).map_or(&[][..], Vec::as_slice);
        if let Some((_, key)) = known.iter().find(|(name, _)| *name == choice.key) {
            return Ok(Value::Choice(Choice::new(&**key)));
        }
        if names.iter().any(|(name, _)| *name == choice.key) {
            let has = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            return Err(format!("this organisation has no value for `{}` (it has: {has})", choice.key));
        }
        Ok(value.clone())
    }

    /// Whether this user may see a field that the table names.
    pub(crate) fn shows(&self, api: &str) -> bool {
        self.known.contains_key(api)
    }

    /// Checks that this user may see a field without which nothing can be made.
    pub(crate) fn check_shown(&self, api: &str) -> Result<(), String> {
        if self.shows(api) { Ok(()) } else { Err(format!("Salesforce does not show {api} to this user")) }
    }

    /// Checks that a field that the table names can be written.
    pub(crate) fn check_writable(&self, api: &str) -> Result<(), String> {
        match self.known.get(api) {
            Some(true) => Ok(()),
            Some(false) => Err(format!("Salesforce does not let {api} be written")),
            None => Err(format!("Salesforce does not show {api} to this user")),
        }
    }
}

fn named_choice(names: Option<&Vec<(&'static str, String)>>, choice: Choice) -> Choice {
    match names.into_iter().flatten().find(|(_, key)| *key == choice.key) {
        Some((name, key)) => Choice::new(*name).labelled(&**key),
        None => choice,
    }
}

/// Which of the organisation's values is which name: one for each name, and each for one name only.
fn named(table: &Table, describe: &Describe) -> BTreeMap<&'static str, Vec<(&'static str, String)>> {
    let mut named = BTreeMap::new();
    for scalar in table.scalars {
        let (Shape::Named(names), Some(field)) = (scalar.shape, describe.field(scalar.api)) else { continue };
        let key = |wanted: &str| {
            let values = field.picklist_values.iter().map(|value| &value.value);
            values.into_iter().find(|value| value.eq_ignore_ascii_case(wanted)).cloned()
        };
        let found = names.iter().filter_map(|(name, keys)| Some((*name, keys.iter().find_map(|wanted| key(wanted))?)));
        named.insert(scalar.api, found.collect());
    }
    named
}

fn is_writable(field: &DescribedField) -> bool {
    field.createable && field.updateable
}

fn has_money(table: &Table) -> bool {
    table.scalars.iter().any(|scalar| scalar.shape == Shape::Money)
}

/// A field that the model does not name: the organisation's own, and the standard ones that somebody could fill in.
fn custom_column(
    field: &DescribedField,
    known: &BTreeMap<String, bool>,
    key: Option<&str>,
) -> Option<(String, (FieldKey, Column))> {
    let is_ours = SYSTEM.contains(&field.name.as_str()) || field.name == MASTER || known.contains_key(&field.name);
    let is_wanted = field.custom || field.createable || field.updateable;
    if is_ours || !is_wanted || field.deprecated_and_hidden || CREATE_ONLY.contains(&field.name.as_str()) {
        return None;
    }
    let shape = Shape::of(field)?;
    // The key of a create belongs to whoever created the record.
    let writable = is_writable(field) && key != Some(field.name.as_str());
    Some((field.name.clone(), (FieldKey::custom(&field.name), Column { shape, writable })))
}

/// Fields that say once more what a list of the model says: the primary contact role.
const CREATE_ONLY: [&str; 1] = ["ContactId"];

fn schema(
    table: &Table,
    describe: &Describe,
    custom: &BTreeMap<String, (FieldKey, Column)>,
    named: &BTreeMap<&'static str, Vec<(&'static str, String)>>,
) -> Schema {
    let mut fields = Vec::new();
    for scalar in table.scalars {
        if let Some(described) = describe.field(scalar.api) {
            let mut field = field(scalar.key.clone(), described, scalar.shape, is_writable(described));
            for option in &mut field.options {
                option.key = named_choice(named.get(scalar.api), Choice::new(&*option.key)).key;
            }
            if let Some(names) = scalar.shape.tick_names() {
                field.options = names.map(|name| ChoiceOption::new(name, name)).into();
            }
            // A note's title is made from its text where none is given.
            if field.key == Note::TITLE {
                field.required = Required::No;
            }
            fields.push(field);
        }
    }
    fields.extend(lists(table, describe));
    fields.extend(derived(table, describe));
    for (name, (key, column)) in custom {
        if let Some(described) = describe.field(name) {
            fields.push(field(key.clone(), described, column.shape, column.writable));
        }
    }
    Schema::new(table.kind, fields)
}

fn field(key: FieldKey, described: &DescribedField, shape: Shape, writable: bool) -> Field {
    let mut field = Field::new(key, &described.name, shape.field_type(described));
    field.label.clone_from(&described.label);
    field.required = if described.is_required() { Required::OnCreate } else { Required::No };
    field.writable = writable;
    field.unique = described.unique;
    field.nullable = described.nillable;
    field.external_id = described.external_id;
    let read_only = if described.calculated { ReadOnly::Formula } else { ReadOnly::System };
    field.read_only = (!writable).then_some(read_only);
    let option = |value: &salesforce::PicklistValue| {
        let label = value.label.as_deref().unwrap_or(&value.value);
        ChoiceOption { active: value.active, ..ChoiceOption::new(&*value.value, label) }
    };
    field.options = described.picklist_values.iter().filter(|value| !value.value.is_empty()).map(option).collect();
    field
}

/// A field of the model that is several of the vendor's, as far as they are shown.
fn joined<'a>(
    key: FieldKey,
    label: &str,
    names: impl IntoIterator<Item = String>,
    describe: &'a Describe,
) -> Option<Field> {
    let shown: Vec<&'a DescribedField> = names.into_iter().filter_map(|name| describe.field(&name)).collect();
    let first = shown.first()?;
    let mut field = Field::new(key, &first.name, FieldType::List);
    field.api_names = shown.iter().map(|field| field.name.clone()).collect();
    label.clone_into(&mut field.label);
    field.writable = shown.iter().any(|field| is_writable(field));
    field.required = if shown.iter().all(|field| field.is_required()) { Required::OnCreate } else { Required::No };
    Some(field)
}

fn lists(table: &Table, describe: &Describe) -> Vec<Field> {
    let owned = |names: &[(&str, &str)]| names.iter().map(|(_, api)| (*api).to_owned()).collect::<Vec<_>>();
    let parts = |prefix: &str| ADDRESS_PARTS.map(|part| format!("{prefix}{part}"));
    let addresses = table.addresses.iter().flat_map(|(_, prefix)| parts(prefix));
    let one = |key, label: &str, api: Option<&str>| joined(key, label, api.map(str::to_owned), describe);
    let targets = table.targets.iter().map(|api| (*api).to_owned());
    [
        one(crm_model::Contact::EMAILS, "E-mail", table.email),
        joined(crm_model::Contact::PHONES, "Phones", owned(table.phones), describe),
        joined(crm_model::Contact::ADDRESSES, "Addresses", addresses, describe),
        one(crm_model::Contact::ACCOUNTS, "Account", table.account),
        joined(Task::TARGETS, "Related to", targets, describe),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn chosen(mut field: Field, options: impl Iterator<Item = &'static str>) -> Field {
    field.options = options.map(|name| ChoiceOption::new(name, name)).collect();
    field
}

/// What an engagement shows beside the plain fields.
fn engagement(
    table: &Table,
    describe: &Describe,
    made_up: &impl Fn(FieldKey, &str, &str, FieldType, bool) -> Field,
) -> Vec<Field> {
    let kind = table.rows.kind();
    let kind = kind.iter().filter_map(|kind| {
        let name = crm_model::EngagementKind::NAMED.iter().find(|named| *named == kind)?;
        Some(name.as_str())
    });
    let mut fields = vec![chosen(
        made_up(Engagement::ENGAGEMENT_KIND, "attributes", "Kind", FieldType::Choice, describe.createable),
        kind,
    )];
    if table.rows == Rows::Meetings {
        fields.push(made_up(Engagement::OCCURRED_AT, "StartDateTime", "Begin", FieldType::DateTime, true));
        fields.push(made_up(Engagement::ENDED_AT, "EndDateTime", "End", FieldType::DateTime, true));
    }
    if !table.parties.is_empty() {
        let writable = table.parties.iter().any(|(_, api)| describe.field(api).is_some_and(is_writable));
        fields.push(made_up(Engagement::PARTICIPANTS, "FromAddress", "Participants", FieldType::List, writable));
    }
    fields
}

/// Fields that no single field of the vendor holds.
fn derived(table: &Table, describe: &Describe) -> Vec<Field> {
    let made_up = |key: FieldKey, api: &str, label: &str, field_type, writable| {
        let mut field = Field::new(key, api, field_type);
        label.clone_into(&mut field.label);
        field.writable = writable;
        field
    };
    let derived = match table.kind {
        crm_model::ObjectKind::Deal => vec![
            made_up(
                Deal::PIPELINE,
                "StageName",
                "Pipeline",
                FieldType::Ref { target: Some(crm_model::ObjectKind::Pipeline) },
                false,
            ),
            chosen(
                made_up(Deal::STATUS, "IsClosed", "Status", FieldType::Choice, false),
                DealStatus::NAMED.iter().map(DealStatus::as_str),
            ),
            made_up(Deal::CONTACTS, "OpportunityContactRoles", "Contact roles", FieldType::List, true),
        ],
        crm_model::ObjectKind::Task if describe.field("IsClosed").is_some() => {
            let writable = describe.field("Status").is_some_and(is_writable);
            vec![made_up(Task::DONE, "IsClosed", "Done", FieldType::Bool, writable)]
        }
        crm_model::ObjectKind::Ticket if describe.field("OwnerId").is_some() => {
            let user = FieldType::Ref { target: Some(crm_model::ObjectKind::User) };
            let writable = describe.field("OwnerId").is_some_and(is_writable);
            vec![
                made_up(Ticket::ASSIGNEE, "OwnerId", "Assigned to", user.clone(), writable),
                made_up(Ticket::GROUP, "OwnerId", "Queue", user, writable),
            ]
        }
        crm_model::ObjectKind::Engagement => engagement(table, describe, &made_up),
        _ => Vec::new(),
    };
    // What a task or a note is about may be no record of the model.
    let foreign = table.targets.iter().filter_map(|api| describe.field(api));
    let foreign = foreign.map(|field| {
        let key = FieldKey::custom(&field.name);
        made_up(key, &field.name, &field.label, FieldType::Ref { target: None }, false)
    });
    derived.into_iter().chain(foreign).collect()
}
