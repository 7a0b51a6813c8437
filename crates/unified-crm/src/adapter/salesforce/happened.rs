//! What happened between people, as a write: calls, meetings and messages each have fields of their own.

use crm_model::{
    DateOrTime, Engagement, FieldPath, FieldValue, ObjectKind, Party, PartyRole, RecordPatch, Slot, Value,
};

use super::body::{Body, Purpose, given, references, task_targets};
use super::layout::Layout;
use super::table::{Rows, SUBTYPE, Table};

/// The minutes of a day: an event of whole days is given by its length.
const DAY: i64 = 24 * 60;
/// The status of a message that went out, and of one that came in.
const SENT: &str = "3";
const READ: &str = "1";

/// Writes a field that is no field of the vendor by itself.
pub(crate) fn field(
    table: &Table,
    layout: &Layout,
    path: &FieldPath,
    value: &Value,
    body: &mut Body,
) -> Result<(), String> {
    let (key, slot) = (&path.key, path.slot.as_ref());
    match table.rows {
        _ if *key == Engagement::ENGAGEMENT_KIND && slot.is_none() => kind(table, value),
        Rows::Emails if *key == Engagement::TARGETS => related(layout, slot, value, body),
        _ if *key == Engagement::TARGETS => task_targets(layout, slot, value, body),
        // Handled together: begin, end and length are one thing.
        Rows::Meetings if [Engagement::OCCURRED_AT, Engagement::ENDED_AT].contains(key) => Ok(()),
        Rows::Emails if *key == Engagement::PARTICIPANTS && slot.is_none() => parties(table, layout, value, body),
        rows => {
            let what = rows.kind().map_or_else(String::new, |kind| kind.to_string());
            Err(format!("Salesforce has no such field of a {what}"))
        }
    }
}

fn kind(table: &Table, value: &Value) -> Result<(), String> {
    let own = table.rows.kind();
    match value {
        Value::Choice(choice) if own.as_ref().is_some_and(|own| own.as_str() == choice.key) => Ok(()),
        _ => Err("what an engagement is cannot change".to_owned()),
    }
}

/// What follows from several fields, or from there being a new record.
pub(crate) fn finish(
    table: &Table,
    layout: &Layout,
    patch: &RecordPatch,
    purpose: Purpose,
    body: &mut Body,
) -> Result<(), String> {
    let is_new = purpose == Purpose::Create;
    match table.rows {
        Rows::Meetings => times(layout, patch, body),
        Rows::Calls if is_new => {
            layout.check_shown(SUBTYPE)?;
            body.fields.set(SUBTYPE, "Call");
            // It has happened already, so nothing is left to be done.
            if body.fields.get("Status").is_none() {
                body.fields.set("Status", "Completed");
            }
            Ok(())
        }
        Rows::Emails if is_new && body.fields.get("Status").is_none() => {
            let came_in = body.fields.get("Incoming").is_some_and(|raw| raw.get() == "true");
            body.fields.set("Status", if came_in { READ } else { SENT });
            Ok(())
        }
        _ => Ok(()),
    }
}

fn moment(value: &Value) -> Option<DateOrTime> {
    DateOrTime::from_value(value.clone())
}

/// Begin and end of a meeting. A begin alone moves it and keeps its length.
fn times(layout: &Layout, patch: &RecordPatch, body: &mut Body) -> Result<(), String> {
    let given = |key| patch.get(&FieldPath::from(key));
    let (begin, end) = (given(Engagement::OCCURRED_AT), given(Engagement::ENDED_AT));
    for (name, value) in [("occurred_at", begin), ("ended_at", end)] {
        if value.is_some_and(|value| moment(value).is_none()) {
            return Err(format!("{name}: a meeting has a begin and an end"));
        }
    }
    let said = given(Engagement::ALL_DAY).map(|value| *value == Value::Bool(true));
    let begin = begin.and_then(moment);
    if let (Some(all_day), Some(begin)) = (said, begin)
        && all_day != matches!(begin, DateOrTime::Date(_))
    {
        return Err("all_day: a meeting of whole days begins on a day, and any other at a moment".to_owned());
    }
    let check = |api: &str| layout.check_writable(api).map_err(|why| format!("occurred_at: {why}"));
    match (begin, end.and_then(moment)) {
        (Some(DateOrTime::Date(first)), None) => {
            check("ActivityDate")?;
            body.fields.set("IsAllDayEvent", true);
            body.fields.set("ActivityDate", first);
        }
        (Some(DateOrTime::Date(first)), Some(DateOrTime::Date(last))) => {
            check("ActivityDate")?;
            check("DurationInMinutes")?;
            body.fields.set("IsAllDayEvent", true);
            body.fields.set("ActivityDate", first);
            body.fields.set("DurationInMinutes", ((last - first).num_days() + 1) * DAY);
        }
        (Some(DateOrTime::Time(begin)), end @ (None | Some(DateOrTime::Time(_)))) => {
            check("StartDateTime")?;
            body.fields.set("IsAllDayEvent", false);
            body.fields.set_instant("StartDateTime", begin);
            if let Some(DateOrTime::Time(end)) = end {
                check("EndDateTime")?;
                body.fields.set_instant("EndDateTime", end);
            }
        }
        (None, Some(DateOrTime::Time(end))) => {
            check("EndDateTime")?;
            body.fields.set_instant("EndDateTime", end);
        }
        (None, Some(DateOrTime::Date(_))) => {
            return Err("ended_at: the last day needs the first one beside it, in occurred_at".to_owned());
        }
        (Some(_), Some(_)) => return Err("ended_at: begin and end are both days, or both moments".to_owned()),
        (None, None) => {}
    }
    Ok(())
}

/// The record that a message belongs to: anything but a person, whom the addresses name.
fn related(layout: &Layout, slot: Option<&Slot>, value: &Value, body: &mut Body) -> Result<(), String> {
    let things = [ObjectKind::Account, ObjectKind::Deal, ObjectKind::Ticket, ObjectKind::List];
    layout.check_writable("RelatedToId")?;
    match references(slot, value)?.as_slice() {
        [] => body.fields.clear("RelatedToId"),
        [one] if things.contains(&one.object) => body.fields.set("RelatedToId", &*one.id),
        [one] => return Err(format!("an e-mail is not related to {} records: people are its addresses", one.object)),
        several => return Err(format!("Salesforce relates an e-mail to one record, not to {}", several.len())),
    }
    Ok(())
}

fn parties(table: &Table, layout: &Layout, value: &Value, body: &mut Body) -> Result<(), String> {
    let mut parties = Vec::new();
    for entry in given(None, value) {
        parties.push(Party::from_value(entry.clone()).ok_or("it takes participants")?);
    }
    let known = |role: &PartyRole| table.parties.iter().any(|(known, _)| known == role);
    if let Some(other) = parties.iter().find(|party| !known(&party.role)) {
        return Err(format!("Salesforce has no place for the role `{}` of an e-mail", other.role));
    }
    for (role, api) in table.parties {
        let of_role: Vec<&Party> = parties.iter().filter(|party| party.role == *role).collect();
        let addresses: Vec<&str> = of_role.iter().filter_map(|party| party.address.as_deref()).collect();
        if addresses.len() < of_role.len() {
            return Err("Salesforce keeps the addresses of participants: give each one's".to_owned());
        }
        if *role == PartyRole::From && addresses.len() > 1 {
            return Err("an e-mail has one sender".to_owned());
        }
        if addresses.is_empty() && !layout.shows(api) {
            continue;
        }
        layout.check_writable(api)?;
        match addresses.is_empty() {
            true => body.fields.clear(*api),
            false => body.fields.set(*api, addresses.join("; ")),
        }
    }
    Ok(())
}
