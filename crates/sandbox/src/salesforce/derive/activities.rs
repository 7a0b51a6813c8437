//! Tasks and events.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Written, amend, list_entry};
use crate::salesforce::errors::ApiError;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

/// The minutes of a day: all-day events last a whole number of them.
const DAY: i64 = 24 * 60;
/// No event is longer.
const LONGEST: i64 = 14 * DAY;

/// Status, priority and account of a task.
pub(super) fn task(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) -> Result<(), ApiError> {
    about(org, object, row)?;
    let flag = |list, of, name| {
        let entry = list_entry(&org.schema, &org.store, list, row.get(object, of));
        entry.map_or(Value::Bool(false), |(list, entry)| entry.get(list, name).clone())
    };
    let closed = flag("TaskStatus", "Status", "IsClosed");
    let urgent = flag("TaskPriority", "Priority", "IsHighPriority");
    let was_closed = before.is_some_and(|before| before.get(object, "IsClosed").is_true());
    if closed.is_true() != was_closed {
        let completed = if closed.is_true() { Value::DateTime(org.now) } else { Value::Null };
        row.set(object, "CompletedDateTime", completed);
    }
    row.set(object, "IsClosed", closed);
    row.set(object, "IsHighPriority", urgent);
    Ok(())
}

/// Whom and what an activity is about, and the account behind these.
fn about(org: &Org, object: &Object, row: &mut Row) -> Result<(), ApiError> {
    let who = row.get(object, "WhoId").as_id();
    let what = row.get(object, "WhatId").as_id();
    if who.is_some_and(|who| who.prefix() == "00Q") && what.is_some() {
        let message = "Related To ID: cannot specify WhatId with lead";
        return Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["WhatId"]));
    }
    let account = what.and_then(|what| account_of(org, what)).or_else(|| who.and_then(|who| account_of(org, who)));
    row.set(object, "AccountId", account.map_or(Value::Null, Value::Id));
    Ok(())
}

/// When an event starts, and for how many minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: DateTime<Utc>,
    minutes: i64,
}

/// The times of an event, which are three ways to say the same, and the account behind it.
pub(super) fn event(
    org: &Org,
    object: &Object,
    row: &mut Row,
    before: Option<&Row>,
    written: &Written,
) -> Result<(), ApiError> {
    about(org, object, row)?;
    let gives = |name: &str| written.gives(object, name);
    let timed =
        ["StartDateTime", "ActivityDateTime", "ActivityDate", "DurationInMinutes", "EndDateTime", "IsAllDayEvent"];
    if before.is_none() || timed.into_iter().any(gives) {
        let all_day = row.get(object, "IsAllDayEvent").is_true();
        let span = if all_day { whole_days(object, row, before, &gives)? } else { hours(object, row, before, &gives)? };
        let refuse =
            |message: &str| Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["DurationInMinutes"]));
        if span.minutes < 0 {
            return refuse("Duration: an event can't end before it starts.");
        }
        if span.minutes > LONGEST {
            return refuse("Duration: an event can't last longer than 14 days.");
        }
        // The last day of an all-day event is its end, not the midnight after it.
        let end = span.start + TimeDelta::minutes(if all_day { span.minutes - DAY } else { span.minutes });
        row.set(object, "StartDateTime", Value::DateTime(span.start));
        row.set(object, "EndDateTime", Value::DateTime(end));
        row.set(object, "ActivityDateTime", if all_day { Value::Null } else { Value::DateTime(span.start) });
        row.set(object, "ActivityDate", Value::Date(span.start.date_naive()));
        row.set(object, "EndDate", Value::Date(end.date_naive()));
        row.set(object, "DurationInMinutes", Value::Int(span.minutes));
    }
    if before.is_none() {
        row.set(object, "GroupEventType", Value::text("0"));
        row.set(object, "EventSubtype", Value::text("Event"));
    }
    Ok(())
}

fn missing(fields: &[&str]) -> ApiError {
    let message = format!("Required fields are missing: [{}]", fields.join(", "));
    ApiError::record("REQUIRED_FIELD_MISSING", message, fields)
}

fn disagree(message: &str, fields: &[&str]) -> ApiError {
    ApiError::record("FIELD_INTEGRITY_EXCEPTION", message.to_owned(), fields)
}

fn minutes_of(object: &Object, row: &Row) -> Option<i64> {
    row.get(object, "DurationInMinutes").as_number().and_then(|minutes| i64::try_from(minutes).ok())
}

/// The span of an event with a time of day.
fn hours(object: &Object, row: &Row, before: Option<&Row>, gives: &impl Fn(&str) -> bool) -> Result<Span, ApiError> {
    let at = |name: &str| row.get(object, name).as_datetime();
    let start = match (gives("StartDateTime"), gives("ActivityDateTime")) {
        (true, true) if at("StartDateTime") != at("ActivityDateTime") => {
            let message = "Start Date Time and Due Date Time must be the same.";
            return Err(disagree(message, &["StartDateTime", "ActivityDateTime"]));
        }
        (false, true) => at("ActivityDateTime"),
        _ => at("StartDateTime"),
    };
    let start = start.ok_or_else(|| missing(&["DurationInMinutes", "ActivityDateTime"]))?;
    let until_end = at("EndDateTime").map(|end| (end - start).num_minutes());
    let minutes = match (gives("DurationInMinutes"), gives("EndDateTime")) {
        (true, true) if minutes_of(object, row) != until_end => {
            let message = "Duration: the difference between start and end must be the duration in minutes.";
            return Err(disagree(message, &["DurationInMinutes", "EndDateTime"]));
        }
        (true, _) => minutes_of(object, row),
        (false, true) => until_end,
        (false, false) => before.and_then(|before| minutes_of(object, before)),
    };
    let minutes = minutes.ok_or_else(|| missing(&["DurationInMinutes", "ActivityDateTime"]))?;
    Ok(Span { start, minutes })
}

/// The span of an event of whole days.
fn whole_days(
    object: &Object,
    row: &Row,
    before: Option<&Row>,
    gives: &impl Fn(&str) -> bool,
) -> Result<Span, ApiError> {
    let day = |name: &str| row.get(object, name).as_date();
    let named = ["ActivityDate", "StartDateTime", "ActivityDateTime"].into_iter().find(|name| gives(name));
    let date: Option<NaiveDate> = named.and_then(day).or_else(|| before.and_then(|_| day("ActivityDate")));
    let date = date.ok_or_else(|| missing(&["ActivityDate"]))?;
    let start = date.and_time(NaiveTime::MIN).and_utc();
    let minutes = match (gives("DurationInMinutes"), gives("EndDateTime")) {
        (true, _) => minutes_of(object, row),
        (false, true) => day("EndDateTime").map(|end| ((end - date).num_days() + 1) * DAY),
        (false, false) => before.and_then(|before| minutes_of(object, before)),
    };
    let minutes = minutes.unwrap_or(DAY);
    if minutes % DAY != 0 || minutes == 0 {
        let message = "Duration: all-day events last whole days, a multiple of 1440 minutes.";
        return Err(disagree(message, &["DurationInMinutes"]));
    }
    Ok(Span { start, minutes })
}

/// Whether anything is still to be done about an opportunity.
pub(crate) fn open_activity(org: &mut Org, what: SfId) {
    if what.prefix() != "006" {
        return;
    }
    let today = org.now.date_naive();
    let (mut open, mut overdue) = (false, false);
    for (name, is_task) in [("Task", true), ("Event", false)] {
        let Some(index) = org.schema.find(name) else { continue };
        let object = org.schema.object(index);
        let Some(link) = object.position("WhatId") else { continue };
        for id in org.store.live_with_value(index, link, &Value::Id(what)) {
            let Some(row) = org.store.get(index, id) else { continue };
            let due = row.get(object, "ActivityDate").as_date();
            let is_open = if is_task { !row.get(object, "IsClosed").is_true() } else { due >= Some(today) };
            open |= is_open;
            overdue |= is_task && is_open && due.is_some_and(|due| due < today);
        }
    }
    amend(org, what, |object, row| {
        row.set(object, "HasOpenActivity", Value::Bool(open));
        row.set(object, "HasOverdueTask", Value::Bool(overdue));
    });
}

/// The account that a record is, or belongs to.
pub(super) fn account_of(org: &Org, id: SfId) -> Option<SfId> {
    let (index, row) = org.store.lookup(id)?;
    let object = org.schema.object(index);
    if object.name == "Account" { Some(id) } else { row.get(object, "AccountId").as_id() }
}
