//! From a patch of the model to the fields of a write. Whatever has no place at the vendor is refused by name, and
//! nothing is passed over in silence.

use std::collections::BTreeMap;

use crm_model::{Address, AnyRef, Contact, Deal, FieldPath, Note, ObjectKind, RecordPatch, Slot, Task, Ticket, Value};
use salesforce::Fields;

use super::layout::Layout;
use super::read::{PIPELINE, label};
use super::shape::{Shape, object_of_id};
use super::table::{ADDRESS_PARTS, CURRENCY, Table};

/// The longest title of a note.
const LONGEST_TITLE: usize = 80;

/// What becomes of the people of a deal, who are records of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum People {
    /// The primary person is this one, or nobody; the others stay.
    Primary(Option<Box<str>>),
    /// Exactly these, the primary one first.
    All(Vec<Box<str>>),
}

/// The fields of a write, and what must be written beside them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub(crate) fields: Fields,
    pub(crate) people: Option<People>,
}

/// Whether a record is made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Create,
    Update,
}

/// Builds a write. A failure says which field has no place, and why.
pub(crate) fn body(table: &Table, layout: &Layout, patch: &RecordPatch, purpose: Purpose) -> Result<Body, String> {
    let mut body = Body::default();
    for (path, value) in patch.iter() {
        field(table, layout, path, value, &mut body).map_err(|why| format!("{path}: {why}"))?;
    }
    for channel in patch.opt_outs.iter() {
        let api = table.opt_outs.iter().find(|(known, _)| *known == channel).map(|(_, api)| *api);
        let api = api.ok_or_else(|| format!("Salesforce has no place for an opt-out of {channel:?}"))?;
        layout.check_writable(api)?;
        body.fields.set(api, true);
    }
    match (table.kind, purpose) {
        (ObjectKind::Ticket, _) => owner(patch, layout, &mut body)?,
        (ObjectKind::Engagement, _) => super::happened::finish(table, layout, patch, purpose, &mut body)?,
        (ObjectKind::Task, _) => status(patch, layout, &mut body)?,
        (ObjectKind::Note, Purpose::Create) => title(&mut body),
        _ => {}
    }
    Ok(body)
}

fn field(table: &Table, layout: &Layout, path: &FieldPath, value: &Value, body: &mut Body) -> Result<(), String> {
    if let Some(api) = path.key.custom_name() {
        let (_, column) =
            layout.custom.get(api).ok_or("Salesforce has no such field, or does not show it to this user")?;
        if !column.writable {
            return Err("Salesforce does not let it be written".to_owned());
        }
        return column.shape.write(api, value, &mut body.fields);
    }
    if let Some(scalar) = table.scalars.iter().find(|scalar| scalar.key == path.key && path.slot.is_none()) {
        layout.check_writable(scalar.api)?;
        currency(layout, value, body);
        return scalar.shape.write(scalar.api, &layout.vendors_value(scalar, value)?, &mut body.fields);
    }
    let key = &path.key;
    let (slot, entries) = (path.slot.as_ref(), value);
    match table.kind {
        _ if *key == Contact::EMAILS && table.email.is_some() => email(table, layout, slot, entries, body),
        _ if *key == Contact::PHONES && !table.phones.is_empty() => phones(table, layout, slot, entries, body),
        _ if *key == Contact::ADDRESSES && !table.addresses.is_empty() => addresses(table, layout, slot, entries, body),
        _ if *key == Contact::ACCOUNTS && table.account.is_some() => account(table, layout, slot, entries, body),
        ObjectKind::Deal if *key == Deal::CONTACTS => people(slot, entries, body),
        ObjectKind::Deal if *key == Deal::PIPELINE => pipeline(value),
        ObjectKind::Task if *key == Task::TARGETS => task_targets(layout, slot, entries, body),
        // Handled with the status, which may be given too.
        ObjectKind::Task if *key == Task::DONE => Ok(()),
        ObjectKind::Note if *key == Note::TARGETS => note_target(layout, slot, entries, body),
        // Handled together: a case has one owner.
        ObjectKind::Ticket if [Ticket::ASSIGNEE, Ticket::GROUP].contains(key) => Ok(()),
        ObjectKind::Engagement => super::happened::field(table, layout, path, value, body),
        _ => Err("Salesforce has no such field".to_owned()),
    }
}

/// An amount in a named currency changes the record's currency, where an organisation has several.
fn currency(layout: &Layout, value: &Value, body: &mut Body) {
    if let Value::Money(money) = value
        && let Some(currency) = money.currency
        && layout.shows(CURRENCY)
    {
        body.fields.set(CURRENCY, currency.as_str());
    }
}

/// The entries that a patch gives a list: one of a slot, or all of them.
pub(crate) fn given<'a>(slot: Option<&Slot>, value: &'a Value) -> Vec<&'a Value> {
    match (slot, value) {
        (None, Value::List(list)) => list.iter().collect(),
        (_, Value::Null) => Vec::new(),
        (_, single) => vec![single],
    }
}

fn inner(value: &Value) -> &Value {
    match value {
        Value::Labelled(entry) => &entry.value,
        plain => plain,
    }
}

fn email(table: &Table, layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    let Some(api) = table.email else { return Ok(()) };
    if let Some(slot) = slot
        && !matches!(slot, Slot::Primary | Slot::Label(crm_model::Label::Work))
    {
        return Err("Salesforce holds one e-mail address, the primary one".to_owned());
    }
    let entries = given(slot, value);
    if entries.len() > 1 {
        return Err(format!("Salesforce holds one e-mail address, not {}", entries.len()));
    }
    layout.check_writable(api)?;
    Shape::Text.write(api, entries.first().map_or(&Value::Null, |entry| inner(entry)), &mut body.fields)
}

/// The entries of a labelled list by their place at the vendor; a whole list empties the places that it does not name.
fn placed<'a>(
    places: &[(&'static str, &'static str)],
    slot: Option<&Slot>,
    value: &'a Value,
) -> Result<BTreeMap<&'static str, &'a Value>, String> {
    let place = |wanted: &crm_model::Label| {
        let found = places.iter().find(|(name, _)| label(name) == *wanted).map(|(_, api)| *api);
        let known = || places.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| format!("Salesforce has no place for the label `{wanted}` (it has {})", known()))
    };
    let first = places.first().map(|(_, api)| *api).ok_or("Salesforce has no such field")?;
    match slot {
        Some(Slot::Primary) => Ok(BTreeMap::from([(first, inner(value))])),
        Some(Slot::Label(label)) => Ok(BTreeMap::from([(place(label)?, inner(value))])),
        Some(Slot::Object(_)) => Err("an entry of this list has a label, not an object".to_owned()),
        None => {
            let mut all: BTreeMap<&'static str, &'a Value> =
                places.iter().map(|(_, api)| (*api, &Value::Null)).collect();
            let mut taken = Vec::new();
            for entry in given(None, value) {
                let api = match entry {
                    Value::Labelled(labelled) => place(&labelled.label)?,
                    _ => first,
                };
                if taken.contains(&api) {
                    return Err(format!("Salesforce has one place, {api}, for several entries with the same label"));
                }
                taken.push(api);
                all.insert(api, inner(entry));
            }
            Ok(all)
        }
    }
}

fn phones(table: &Table, layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    for (api, value) in placed(table.phones, slot, value)? {
        // Emptying a place that is not there is no loss.
        if layout.shows(api) || !value.is_empty() {
            layout.check_writable(api)?;
            Shape::Text.write(api, value, &mut body.fields)?;
        }
    }
    Ok(())
}

fn addresses(
    table: &Table,
    layout: &Layout,
    slot: Option<&Slot>,
    value: &Value,
    body: &mut Body,
) -> Result<(), String> {
    let empty = Address::default();
    for (prefix, value) in placed(table.addresses, slot, value)? {
        let address = match value {
            Value::Address(address) => address,
            Value::Null => &empty,
            other => return Err(format!("it takes an address, not {}", other.kind().describe())),
        };
        for (part, text) in ADDRESS_PARTS.into_iter().zip(address.parts()) {
            let api = format!("{prefix}{part}");
            if layout.shows(&api) || !text.is_empty() {
                layout.check_writable(&api)?;
                Shape::Text.write(&api, &Value::text(text), &mut body.fields)?;
            }
        }
    }
    Ok(())
}

fn account(table: &Table, layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    let Some(api) = table.account else { return Ok(()) };
    let entries = given(slot, value);
    if entries.len() > 1 {
        return Err(format!("Salesforce holds one account of a contact, not {}", entries.len()));
    }
    layout.check_writable(api)?;
    Shape::Ref(ObjectKind::Account).write(api, entries.first().copied().unwrap_or(&Value::Null), &mut body.fields)
}

/// The references that a patch gives a list.
pub(crate) fn references<'a>(slot: Option<&Slot>, value: &'a Value) -> Result<Vec<&'a AnyRef>, String> {
    let reference = |value: &'a Value| match value {
        Value::Ref(reference) => Ok(reference),
        other => Err(format!("it takes a reference, not {}", other.kind().describe())),
    };
    given(slot, value).into_iter().map(reference).collect()
}

fn people(slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    let mut references = references(slot, value)?;
    if let Some(other) = references.iter().find(|reference| reference.object != ObjectKind::Contact) {
        return Err(format!("it takes contacts, not {}", other.object));
    }
    references.sort_by_key(|reference| !reference.is_primary);
    let mut ids: Vec<Box<str>> = Vec::new();
    for reference in references {
        if !ids.contains(&reference.id) {
            ids.push(reference.id.clone());
        }
    }
    body.people = Some(if slot.is_some() { People::Primary(ids.into_iter().next()) } else { People::All(ids) });
    Ok(())
}

/// There is one pipeline, so every deal is in it.
fn pipeline(value: &Value) -> Result<(), String> {
    match value {
        Value::Ref(reference) if &*reference.id == PIPELINE => Ok(()),
        _ => Err(format!("Salesforce has one pipeline, `{PIPELINE}`")),
    }
}

pub(crate) fn task_targets(layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    let references = references(slot, value)?;
    let is_person = |reference: &&&AnyRef| PEOPLE.contains(&reference.object);
    let is_thing = |reference: &&&AnyRef| THINGS.contains(&reference.object);
    if let Some(other) = references.iter().find(|reference| !is_person(reference) && !is_thing(reference)) {
        return Err(format!("a task cannot be about {}", other.object));
    }
    let person = references.iter().find(is_person).map(|reference| &*reference.id);
    let thing = references.iter().find(is_thing).map(|reference| &*reference.id);
    let mut set = |api: &'static str, id: Option<&str>| {
        layout.check_writable(api)?;
        match id {
            Some(id) => body.fields.set(api, id),
            None => body.fields.clear(api),
        }
        Ok::<_, String>(())
    };
    match slot {
        None if references.len() > 1 + usize::from(person.is_some() && thing.is_some()) => {
            Err("Salesforce holds one person and one other record of a task".to_owned())
        }
        None => set("WhoId", person).and_then(|()| set("WhatId", thing)),
        Some(Slot::Object(kind)) if PEOPLE.contains(kind) => set("WhoId", person),
        Some(Slot::Object(kind)) if THINGS.contains(kind) => set("WhatId", thing),
        // The primary one must be the first again when the task is read: a deal comes before a person, an account after.
        Some(Slot::Primary) => match references.first().map(|reference| reference.object) {
            Some(ObjectKind::Deal) => set("WhatId", thing),
            _ => set("WhoId", person).and_then(|()| set("WhatId", thing)),
        },
        Some(other) => Err(format!("a task has no entry `{other}`")),
    }
}

fn note_target(layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    layout.check_writable("ParentId")?;
    match references(slot, value)?.as_slice() {
        [one] if object_of_kind(one.object) => {
            body.fields.set("ParentId", &*one.id);
            Ok(())
        }
        [] => Err("a note must be attached to a record".to_owned()),
        [one] => Err(format!("a note cannot be attached to {}", one.object)),
        several => Err(format!("Salesforce attaches a note to one record, not to {}", several.len())),
    }
}

/// Who an activity can be about.
const PEOPLE: [ObjectKind; 2] = [ObjectKind::Contact, ObjectKind::Lead];
/// What else an activity can be about.
const THINGS: [ObjectKind; 4] = [ObjectKind::Account, ObjectKind::Deal, ObjectKind::Ticket, ObjectKind::List];

fn object_of_kind(kind: ObjectKind) -> bool {
    ["001", "003", "006", "00Q", "500", "701"].iter().any(|prefix| object_of_id(prefix) == Some(kind))
}

/// A case has one owner: who is to answer it, or the queue that it waits in.
fn owner(patch: &RecordPatch, layout: &Layout, body: &mut Body) -> Result<(), String> {
    let given = [Ticket::ASSIGNEE, Ticket::GROUP].map(|key| patch.get(&key.into()));
    let owners: Vec<&Value> = given.iter().flatten().copied().filter(|value| !value.is_empty()).collect();
    match owners.as_slice() {
        [] if given.iter().all(Option::is_none) => Ok(()),
        [] => Err("assignee: a case is always somebody's: give it to a user or a queue".to_owned()),
        [one] => {
            layout.check_writable("OwnerId").map_err(|why| format!("assignee: {why}"))?;
            Shape::Ref(ObjectKind::User).write("OwnerId", one, &mut body.fields)
        }
        _ => Err("group: a case has one owner, so it cannot be somebody's and wait in a queue".to_owned()),
    }
}

/// Done and open are two of the vendor's statuses. A status that is given, too, says it more precisely.
fn status(patch: &RecordPatch, layout: &Layout, body: &mut Body) -> Result<(), String> {
    let done = match patch.get(&Task::DONE.into()) {
        Some(Value::Bool(done)) => *done,
        Some(Value::Null) => false,
        _ => return Ok(()),
    };
    if patch.get(&Task::STATUS.into()).is_none() {
        layout.check_writable("Status").map_err(|why| format!("done: {why}"))?;
        body.fields.set("Status", if done { "Completed" } else { "Not Started" });
    }
    Ok(())
}

/// A note needs a title: the first line of its text, where none is given.
fn title(body: &mut Body) {
    let is_given = body.fields.get("Title").is_some_and(|title| title.get() != "null");
    if is_given {
        return;
    }
    let text = body.fields.get("Body").and_then(|body| serde_json::from_str::<String>(body.get()).ok());
    let line = text.iter().flat_map(|text| text.lines()).map(str::trim).find(|line| !line.is_empty());
    let title: String = line.unwrap_or("Note").chars().take(LONGEST_TITLE).collect();
    body.fields.set("Title", title.trim_end());
}
