//! From the vendor's row to a record of the model.

use std::collections::HashMap;

use crm_model::{
    Account, Address, AnyRef, ConsentState, Contact, Conversion, DateOrTime, Deal, DealStatus, Deleted, Engagement,
    EngagementKind, FieldKey, FieldValue, Label, Labelled, Meta, ObjectKind, Party, RawJson, Record, RemoteId, Task,
    Ticket, Value,
};
use rest_core::Row;
use salesforce::{AnyId, Children, OpportunityContactRole, format_instant, parse_instant};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::VENDOR;
use super::layout::{Layout, MASTER};
use super::shape::{Shape, in_currency, instant, object_of_id};
use super::table::{ADDRESS_PARTS, CURRENCY, Rows, SUBTYPE, Table};

/// How the ids of groups begin, queues among them.
pub(crate) const QUEUE_PREFIX: &str = "00G";
/// The id of the one pipeline that Salesforce has.
pub(crate) const PIPELINE: &str = "default";

/// What is decoded of a row at once; everything else is read from its text by the layout.
#[derive(Deserialize)]
pub(crate) struct Base {
    #[serde(rename = "Id")]
    pub(crate) id: AnyId,
}

/// The people of an opportunity, of whom the answer may hold only the first.
pub(crate) type Roles = Children<OpportunityContactRole>;

/// A row with its fields by name.
pub(crate) struct Fields<'a>(HashMap<&'a str, &'a RawValue>);

impl<'a> Fields<'a> {
    pub(crate) fn of(row: &'a Row<Base>) -> Self {
        Self(row.extras().collect())
    }

    /// One field; `None` if it was not selected.
    pub(crate) fn get(&self, api: &str) -> Option<&'a RawValue> {
        self.0.get(api).copied()
    }

    /// Text of a field; `None` if it was not selected, or is empty or no text.
    pub(crate) fn text(&self, api: &str) -> Option<String> {
        serde_json::from_str(self.get(api)?.get()).ok()
    }

    /// Whether a tick box is ticked.
    pub(crate) fn is_true(&self, api: &str) -> bool {
        self.get(api).is_some_and(|raw| raw.get() == "true")
    }

    /// The moment in a field.
    pub(crate) fn moment(&self, api: &str) -> Option<crm_model::Instant> {
        instant(self.get(api)?)
    }

    /// The moment of the last change.
    pub(crate) fn stamp(&self) -> Option<crm_model::Instant> {
        instant(self.get("SystemModstamp")?)
    }

    /// Whether and how the record is deleted.
    pub(crate) fn deleted(&self) -> Deleted {
        match self.text(MASTER) {
            _ if !self.is_true("IsDeleted") && self.is_true("IsConverted") => Deleted::ConvertedTo(Conversion {
                at: self.text("ConvertedDate").and_then(|day| day.parse().ok()).map(DateOrTime::Date),
                contact: self.text("ConvertedContactId").map(RemoteId::from),
                account: self.text("ConvertedAccountId").map(RemoteId::from),
                deal: self.text("ConvertedOpportunityId").map(RemoteId::from),
            }),
            _ if !self.is_true("IsDeleted") => Deleted::No,
            Some(master) => Deleted::MergedInto(master.into()),
            None => Deleted::Soft { at: self.stamp() },
        }
    }
}

/// Reads a row. The message of a failure names the field and never its value.
pub(crate) fn record(
    table: &Table,
    layout: &Layout,
    row: &Row<Base>,
    keep_raw: bool,
) -> Result<(Record, Option<Roles>), String> {
    let fields = Fields::of(row);
    let mut record = Record::new(table.kind, meta(&fields, layout, row, keep_raw)?);
    scalars(table, layout, &fields, &mut record)?;
    lists(table, &fields, &mut record)?;
    consent(table, &fields, &mut record)?;
    for (api, (key, column)) in &layout.custom {
        if let Some(raw) = fields.get(api) {
            record.set(key.clone(), read(column.shape, api, raw)?);
        }
    }
    let roles = match table.kind {
        ObjectKind::Deal => deal(&fields, &mut record)?,
        ObjectKind::Task => task(&fields, &mut record),
        ObjectKind::Note => note(&fields, &mut record),
        ObjectKind::Ticket => ticket(&fields, &mut record),
        ObjectKind::Engagement => {
            engagement(table, &fields, &mut record)?;
            None
        }
        _ => None,
    };
    Ok((record, roles))
}

fn read(shape: Shape, api: &str, raw: &RawValue) -> Result<Value, String> {
    shape.read(raw).map_err(|why| format!("{api}: {why}"))
}

fn meta(fields: &Fields<'_>, layout: &Layout, row: &Row<Base>, keep_raw: bool) -> Result<Meta, String> {
    let moment = |api: &str| match fields.get(api) {
        Some(raw) => match read(Shape::Instant, api, raw)? {
            Value::Instant(instant) => Ok(Some(instant)),
            _ => Ok(None),
        },
        None => Ok::<_, String>(None),
    };
    let id = row.id.as_str();
    let mut meta = Meta::new(VENDOR, id);
    meta.created_at = moment("CreatedDate")?;
    meta.updated_at = moment("SystemModstamp")?;
    meta.updated_by = fields.text("LastModifiedById").map(Into::into);
    meta.deleted = fields.deleted();
    meta.url = Some(format!("{}/{id}", layout.origin));
    meta.raw = keep_raw.then(|| RawJson::new(row.raw().get()));
    Ok(meta)
}

fn scalars(table: &Table, layout: &Layout, fields: &Fields<'_>, record: &mut Record) -> Result<(), String> {
    let currency = fields.text(CURRENCY);
    for scalar in table.scalars {
        let Some(raw) = fields.get(scalar.api) else { continue };
        let value = layout.models_value(scalar.api, read(scalar.shape, scalar.api, raw)?);
        record.set(scalar.key.clone(), in_currency(value, currency.as_deref()));
    }
    Ok(())
}

fn lists(table: &Table, fields: &Fields<'_>, record: &mut Record) -> Result<(), String> {
    if let Some(raw) = table.email.and_then(|api| fields.get(api)) {
        let value = read(Shape::Text, "Email", raw)?;
        let entry = (!value.is_empty()).then(|| labelled(value, Label::Work, true));
        record.set(Contact::EMAILS, Value::List(entry.into_iter().collect()));
    }
    let mut phones = Vec::new();
    for (label, api) in table.phones {
        let Some(raw) = fields.get(api) else { continue };
        phones.push((label, read(Shape::Text, api, raw)?));
    }
    if !phones.is_empty() {
        record.set(Contact::PHONES, entries(phones));
    }
    let mut addresses = Vec::new();
    for (label, prefix) in table.addresses {
        addresses.extend(address(prefix, fields)?.map(|address| (label, Value::Address(address))));
    }
    if !addresses.is_empty() {
        record.set(Account::ADDRESSES, entries(addresses));
    }
    if let Some((api, raw)) = table.account.and_then(|api| Some((api, fields.get(api)?))) {
        let account = read(Shape::Ref(ObjectKind::Account), api, raw)?;
        let account = match account {
            Value::Ref(account) => vec![Value::Ref(account.primary())],
            _ => Vec::new(),
        };
        record.set(Contact::ACCOUNTS, Value::List(account));
    }
    Ok(())
}

fn labelled(value: Value, label: Label, is_primary: bool) -> Value {
    Value::Labelled(Box::new(Labelled { value, label, is_primary, remote_id: None }))
}

/// The entries that hold something.
fn entries(values: Vec<(&&str, Value)>) -> Value {
    let filled = values.into_iter().filter(|(_, value)| !value.is_empty());
    Value::List(filled.map(|(name, value)| labelled(value, label(name), false)).collect())
}

/// The label that a table names.
pub(crate) fn label(name: &str) -> Label {
    name.parse().unwrap_or(Label::Work)
}

/// An address of which at least one part was selected.
fn address(prefix: &str, fields: &Fields<'_>) -> Result<Option<Address>, String> {
    let mut address = Address::default();
    let mut is_loaded = false;
    let slots =
        [&mut address.street, &mut address.city, &mut address.region, &mut address.postal_code, &mut address.country];
    for (part, slot) in ADDRESS_PARTS.into_iter().zip(slots) {
        let api = format!("{prefix}{part}");
        let Some(raw) = fields.get(&api) else { continue };
        is_loaded = true;
        if let Value::Text(text) = read(Shape::Text, &api, raw)? {
            *slot = text;
        }
    }
    Ok(is_loaded.then_some(address))
}

/// A tick means a refusal. No tick means nothing: nobody ever ticked a box to agree.
fn consent(table: &Table, fields: &Fields<'_>, record: &mut Record) -> Result<(), String> {
    for (channel, api) in table.opt_outs {
        let Some(raw) = fields.get(api) else { continue };
        let state = match read(Shape::Bool, api, raw)? {
            Value::Bool(true) => ConsentState::OptedOut,
            _ => ConsentState::Unknown,
        };
        record.consent.observe(*channel, state);
    }
    Ok(())
}

fn deal(fields: &Fields<'_>, record: &mut Record) -> Result<Option<Roles>, String> {
    if fields.get("IsClosed").is_some() {
        let status = match (fields.is_true("IsClosed"), fields.is_true("IsWon")) {
            (_, true) => DealStatus::Won,
            (true, false) => DealStatus::Lost,
            (false, false) => DealStatus::Open,
        };
        record.set(Deal::STATUS, status.into_value());
    }
    record.set(Deal::PIPELINE, Value::Ref(AnyRef::new(ObjectKind::Pipeline, PIPELINE)));
    let roles: Option<Roles> = match fields.get("OpportunityContactRoles") {
        Some(raw) => {
            serde_json::from_str(raw.get()).map_err(|_| "OpportunityContactRoles: expected rows".to_owned())?
        }
        None => return Ok(None),
    };
    let first = roles.iter().flat_map(|roles| &roles.records).filter_map(|role| role.as_ref().ok());
    record.set(Deal::CONTACTS, contacts(first));
    Ok(roles.filter(|roles| !roles.is_complete()))
}

/// The people of an opportunity, the primary one first.
pub(crate) fn contacts<'a>(roles: impl Iterator<Item = &'a OpportunityContactRole>) -> Value {
    let mut people: Vec<AnyRef> = Vec::new();
    for role in roles.filter(|role| role.is_deleted != Some(true)) {
        let Some(contact) = role.contact_id else { continue };
        let is_primary = role.is_primary == Some(true);
        // One person may have several roles.
        match people.iter_mut().find(|person| *person.id == *contact.as_str()) {
            Some(person) => person.is_primary |= is_primary,
            None => people.push(AnyRef { is_primary, ..AnyRef::new(ObjectKind::Contact, contact.as_str()) }),
        }
    }
    people.sort_by(|a, b| (!a.is_primary, &a.id).cmp(&(!b.is_primary, &b.id)));
    Value::List(people.into_iter().map(Value::Ref).collect())
}

fn task(fields: &Fields<'_>, record: &mut Record) -> Option<Roles> {
    if fields.get("IsClosed").is_some() {
        record.set(Task::DONE, Value::Bool(fields.is_true("IsClosed")));
    }
    about(fields, record);
    None
}

/// Whom and what an activity is about.
fn about(fields: &Fields<'_>, record: &mut Record) {
    let (who, what) = (fields.text("WhoId"), fields.text("WhatId"));
    let known = |id: &Option<String>| id.as_deref().and_then(|id| Some(AnyRef::new(object_of_id(id)?, id)));
    let (person, thing) = (known(&who), known(&what));
    let deal_first = thing.as_ref().is_some_and(|thing| thing.object == ObjectKind::Deal);
    let ordered = if deal_first || person.is_none() { [thing, person] } else { [person, thing] };
    record.set(Task::TARGETS, targets(ordered.into_iter().flatten()));
    // What it is about may be no record of the model: a lead, a case, a campaign.
    for (api, id) in [("WhoId", who), ("WhatId", what)] {
        if fields.get(api).is_some() {
            let foreign = id.filter(|id| object_of_id(id).is_none());
            record.set(FieldKey::custom(api), foreign.map_or(Value::Null, Value::Text));
        }
    }
}

/// A case is a user's, or it waits in a queue.
fn ticket(fields: &Fields<'_>, record: &mut Record) -> Option<Roles> {
    if fields.get("OwnerId").is_some() {
        let owner = fields.text("OwnerId");
        let is_queue = owner.as_deref().is_some_and(|id| id.starts_with(QUEUE_PREFIX));
        let owner = owner.map_or(Value::Null, |id| Value::Ref(AnyRef::new(ObjectKind::User, id)));
        let (assignee, group) = if is_queue { (Value::Null, owner) } else { (owner, Value::Null) };
        record.set(Ticket::ASSIGNEE, assignee);
        record.set(Ticket::GROUP, group);
    }
    None
}

fn engagement(table: &Table, fields: &Fields<'_>, record: &mut Record) -> Result<(), String> {
    let subtype = fields.text(SUBTYPE);
    let kind = match table.rows.kind() {
        Some(EngagementKind::Call) if subtype.as_deref() != Some("Call") => EngagementKind::Email,
        Some(kind) => kind,
        None => return Ok(()),
    };
    record.set(Engagement::ENGAGEMENT_KIND, kind.into_value());
    match table.rows {
        Rows::Meetings => {
            about(fields, record);
            let all_day = fields.is_true("IsAllDayEvent");
            for (key, time, day) in [
                (Engagement::OCCURRED_AT, "StartDateTime", "ActivityDate"),
                (Engagement::ENDED_AT, "EndDateTime", "EndDate"),
            ] {
                let (api, shape) = if all_day { (day, Shape::Day) } else { (time, Shape::Instant) };
                if let Some(raw) = fields.get(api) {
                    record.set(key, read(shape, api, raw)?);
                }
            }
        }
        Rows::Emails => {
            let ids = ["RelatedToId", "ParentId"].map(|api| fields.text(api));
            let known = ids.iter().flatten().filter_map(|id| Some(AnyRef::new(object_of_id(id)?, &**id)));
            let mut distinct: Vec<AnyRef> = Vec::new();
            known.for_each(|one| {
                if !distinct.contains(&one) {
                    distinct.push(one);
                }
            });
            record.set(Engagement::TARGETS, targets(distinct.into_iter()));
            let foreign = ids[0].clone().filter(|id| object_of_id(id).is_none());
            record.set(FieldKey::custom("RelatedToId"), foreign.map_or(Value::Null, Value::Text));
            let mut parties = Vec::new();
            for (role, api) in table.parties {
                let addresses = fields.text(api).unwrap_or_default();
                let each = addresses.split(';').map(str::trim).filter(|address| !address.is_empty());
                parties.extend(each.map(|address| Party::at(role.clone(), address).into_value()));
            }
            record.set(Engagement::PARTICIPANTS, Value::List(parties));
        }
        _ => about(fields, record),
    }
    Ok(())
}

fn note(fields: &Fields<'_>, record: &mut Record) -> Option<Roles> {
    let parent = fields.text("ParentId");
    let known = parent.as_deref().and_then(|id| Some(AnyRef::new(object_of_id(id)?, id)));
    let foreign = parent.clone().filter(|_| known.is_none());
    record.set(crm_model::Note::TARGETS, targets(known.into_iter()));
    record.set(FieldKey::custom("ParentId"), foreign.map_or(Value::Null, Value::Text));
    None
}

/// A list of references whose first is the primary one.
fn targets(references: impl Iterator<Item = AnyRef>) -> Value {
    let first =
        |(index, reference): (usize, AnyRef)| Value::Ref(if index == 0 { reference.primary() } else { reference });
    Value::List(references.enumerate().map(first).collect())
}

/// A moment as a cursor holds it.
pub(crate) fn cursor_text(instant: crm_model::Instant) -> String {
    format!("v1:{}", format_instant(instant))
}

/// Reads a cursor.
pub(crate) fn cursor_instant(text: &str) -> Option<crm_model::Instant> {
    parse_instant(text.strip_prefix("v1:")?)
}
