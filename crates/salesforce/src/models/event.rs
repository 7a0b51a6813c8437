use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, Named, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A meeting or another entry of a calendar.
    ///
    /// A create needs a start and a length: `start_date_time` with `end_date_time` or `duration_in_minutes`; for whole days
    /// `is_all_day_event` and `activity_date`. No event is longer than 14 days.
    Event("Event", "00U"), NewEvent, EventUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The account behind the record it is about.
        account_id "AccountId": Id<Account>,
        /// Its last day.
        end_date "EndDate": NaiveDate,
        /// Whether it is an invitee's copy of another event. Leave such ones alone.
        is_child "IsChild": bool,
        /// Whether others are invited.
        is_group_event "IsGroupEvent": bool,
        /// Whether it was archived; only `queryAll` shows such rows.
        is_archived "IsArchived": bool,
        /// Whether it stands for a series.
        is_recurrence "IsRecurrence": bool,
        /// The series it belongs to.
        recurrence_activity_id "RecurrenceActivityId": Id<Event>,
        /// When it was created.
        created_date "CreatedDate": DateTime<Utc>,
        /// Who created it.
        created_by_id "CreatedById": Id<User>,
        /// When a user last changed it.
        last_modified_date "LastModifiedDate": DateTime<Utc>,
        /// Who changed it last.
        last_modified_by_id "LastModifiedById": Id<User>,
        /// When it last changed, by a user or by automation: the cursor for incremental reads.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {}
    fields {
        /// The person it is about: a contact or a lead.
        who_id "WhoId": AnyId,
        /// The thing it is about: an account, an opportunity, a case. Must be empty if `who_id` is a lead.
        what_id "WhatId": AnyId,
        /// What it is, in a line of at most 255 characters.
        subject "Subject": String,
        /// Where it takes place.
        location "Location": String,
        /// Whether it takes whole days.
        is_all_day_event "IsAllDayEvent": bool,
        /// When it starts; midnight in UTC for whole days.
        start_date_time "StartDateTime": DateTime<Utc>,
        /// When it ends; midnight of the last day, in UTC, for whole days.
        end_date_time "EndDateTime": DateTime<Utc>,
        /// How long it lasts; a multiple of 1,440 for whole days.
        duration_in_minutes "DurationInMinutes": i64,
        /// The same as `start_date_time`; empty for whole days.
        activity_date_time "ActivityDateTime": DateTime<Utc>,
        /// Its first day.
        activity_date "ActivityDate": NaiveDate,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// `Busy` (the default), `OutOfOffice` or `Free`.
        show_as "ShowAs": String,
        /// Whether others see only that there is something.
        is_private "IsPrivate": bool,
        /// Whether the owner is reminded.
        is_reminder_set "IsReminderSet": bool,
        /// When the owner is reminded.
        reminder_date_time "ReminderDateTime": DateTime<Utc>,
        /// Whose calendar it is in: a user, or a public calendar.
        owner_id "OwnerId": AnyId,
    }
    hidden {}
    extra {
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<Named>,
        /// The person, from fields of the relationship `Who`.
        who "Who": Box<Named>,
        /// The thing, from fields of the relationship `What`.
        what "What": Box<Named>,
    }
}
