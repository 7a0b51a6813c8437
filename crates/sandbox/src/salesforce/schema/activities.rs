//! Tasks and events.

use super::makers::*;
use super::picklists as list;
use super::{Field, FieldType, Object};

/// What an activity can be about.
const WHAT: &[&str] = &["Account", "Campaign", "Case", "Opportunity", "Product2"];

pub(super) fn all() -> Vec<Object> {
    vec![task(), event()]
}

fn subject(values: &'static [super::PicklistValue]) -> Field {
    Field { length: 255, picklist: values, ..field("Subject", "Subject", FieldType::Combobox) }.rw()
}

/// Whom and what an activity is about; it goes with them.
fn about(children: &'static str) -> Vec<Field> {
    let parent = |field: Field| field.rw().children(children).cascade();
    vec![
        parent(reference("WhoId", "Name ID", &["Contact", "Lead"])),
        parent(reference("WhatId", "Related To ID", WHAT)),
    ]
}

/// How often a series comes; the same for tasks and events.
fn pattern() -> Vec<Field> {
    let number = |name, label| Field { digits: 9, ..int(name, label).rw() }.permission(false);
    let choice = |name, label, values| picklist(name, label, 40, values).rw().restricted().permission(false);
    vec![
        choice("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", list::TIME_ZONE),
        choice("RecurrenceType", "Recurrence Type", list::RECURRENCE_TYPE),
        number("RecurrenceInterval", "Recurrence Interval"),
        number("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask"),
        number("RecurrenceDayOfMonth", "Recurrence Day of Month"),
        choice("RecurrenceInstance", "Recurrence Instance", list::RECURRENCE_INSTANCE),
        choice("RecurrenceMonthOfYear", "Recurrence Month of Year", list::MONTHS),
    ]
}

fn activity_date() -> Field {
    Field { aggregates: Some(false), ..date("ActivityDate", "Due Date Only").rw().permission(false) }
}

fn task() -> Object {
    let fields = vec![
        vec![id("Activity ID")],
        about("Tasks"),
        vec![
            Field { name_field: true, ..subject(list::SUBJECT) }.permission(false),
            activity_date(),
            picklist("Status", "Status", 255, list::TASK_STATUS).rw().not_null().default("Not Started"),
            picklist("Priority", "Priority", 255, list::TASK_PRIORITY).rw().not_null().default("Normal"),
            boolean("IsHighPriority", "High Priority"),
            owner("Assigned To ID", &["Group", "User"]),
            description("Description").rw(),
            is_deleted(),
            reference("AccountId", "Account ID", &["Account"]),
            boolean("IsClosed", "Closed"),
        ],
        audit(),
        vec![
            boolean("IsArchived", "Archived"),
            int("CallDurationInSeconds", "Call Duration").rw(),
            picklist("CallType", "Call Type", 40, list::CALL_TYPE).rw(),
            text("CallDisposition", "Call Result", 255).rw(),
            text("CallObject", "Call Object Identifier", 255).rw(),
            datetime("ReminderDateTime", "Reminder Date/Time").rw(),
            boolean("IsReminderSet", "Reminder Set").rw(),
            Field { relationship: None, ..reference("RecurrenceActivityId", "Recurrence Activity ID", &["Task"]) }
                .children("RecurringTasks"),
            boolean("IsRecurrence", "Create Recurring Series of Tasks").create_only(),
            date("RecurrenceStartDateOnly", "Recurrence Start").rw(),
            date("RecurrenceEndDateOnly", "Recurrence End").rw(),
        ],
        pattern(),
        vec![
            picklist("RecurrenceRegeneratedType", "Repeat This Task", 40, list::REGENERATED).rw().restricted(),
            picklist("Type", "Type", 40, list::TASK_TYPE).rw(),
            picklist("TaskSubtype", "Task Subtype", 40, list::TASK_SUBTYPE).create_only().default("Task").restricted(),
            datetime("CompletedDateTime", "Completed Date/Time"),
            create_once_key(),
        ],
    ];
    build(Object::new("Task", "Task", "Tasks", "00T"), FULL, fields)
}

fn event() -> Object {
    let time = |name, label| datetime(name, label).rw().permission(false);
    let recurs = |field: Field| field.permission(false);
    let fields = vec![
        vec![id("Activity ID")],
        about("Events"),
        vec![
            Field { name_field: true, ..subject(list::EVENT_SUBJECT) }.permission(false),
            text("Location", "Location", 255).rw(),
            boolean("IsAllDayEvent", "All-Day Event").rw().permission(true),
            time("ActivityDateTime", "Due Date Time"),
            activity_date(),
            int("DurationInMinutes", "Duration").rw().permission(false),
            time("StartDateTime", "Start Date Time"),
            time("EndDateTime", "End Date Time"),
            date("EndDate", "End Date"),
            description("Description").rw(),
            reference("AccountId", "Account ID", &["Account"]),
            owner("Assigned To ID", &["Calendar", "User"]),
            boolean("IsPrivate", "Private").rw(),
            picklist("ShowAs", "Show Time As", 40, list::SHOW_AS).rw().default("Busy").restricted().permission(false),
            is_deleted(),
            boolean("IsChild", "Is Child"),
            boolean("IsGroupEvent", "Is Group Event"),
            picklist("GroupEventType", "Group Event Type", 40, list::GROUP_EVENT_TYPE).default("0").restricted(),
        ],
        audit(),
        vec![
            boolean("IsArchived", "Archived"),
            Field { relationship: None, ..reference("RecurrenceActivityId", "Recurrence Activity ID", &["Event"]) }
                .children("RecurringEvents"),
            boolean("IsRecurrence", "Create Recurring Series of Events").create_only(),
            recurs(datetime("RecurrenceStartDateTime", "Recurrence Start").rw()),
            recurs(date("RecurrenceEndDateOnly", "Recurrence End").rw()),
        ],
        pattern(),
        vec![
            time("ReminderDateTime", "Reminder Date/Time"),
            boolean("IsReminderSet", "Reminder Set").rw(),
            recurs(picklist("EventSubtype", "Event Subtype", 40, list::EVENT_SUBTYPE).create_only().restricted()),
            boolean("IsRecurrence2Exclusion", "Historical Event, Not Following Recurrence"),
            recurs(Field {
                length: 512,
                ..field("Recurrence2PatternText", "Recurrence Pattern", FieldType::Textarea)
                    .create_only()
                    .extra("plaintextarea")
                    .opaque()
            }),
            picklist("Recurrence2PatternVersion", "Pattern Version", 40, list::PATTERN_VERSION).restricted(),
            boolean("IsRecurrence2", "Repeat"),
            boolean("IsRecurrence2Exception", "Is Exception"),
            datetime("Recurrence2PatternStartDate", "Recurrence Pattern Start Date"),
            text("Recurrence2PatternTimeZone", "Recurrence Pattern Time Zone Reference", 255),
            create_once_key(),
        ],
    ];
    let can = super::Abilities { feeds: false, ..FULL };
    build(Object::new("Event", "Event", "Events", "00U"), can, fields)
}
