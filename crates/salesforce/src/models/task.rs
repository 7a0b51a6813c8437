use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, Named, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// Something to be done, or done.
    Task("Task", "00T"), NewTask, TaskUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The account behind the record it is about.
        account_id "AccountId": Id<Account>,
        /// Whether its status is a closed one.
        is_closed "IsClosed": bool,
        /// Whether it was archived; only `queryAll` shows such rows.
        is_archived "IsArchived": bool,
        /// When it was closed.
        completed_date_time "CompletedDateTime": DateTime<Utc>,
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
        /// What is to be done, in a line of at most 255 characters.
        subject "Subject": String,
        /// The day it is due.
        activity_date "ActivityDate": NaiveDate,
        /// Status, such as `Not Started` (the default) or `Completed`.
        status "Status": String,
        /// Priority: `High`, `Normal` (the default) or `Low`.
        priority "Priority": String,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Who is to do it: a user, or a queue.
        owner_id "OwnerId": AnyId,
    }
    hidden {
        /// Type, such as `Call`.
        task_type "Type": String,
    }
    extra {
        /// The person, from fields of the relationship `Who`.
        who "Who": Box<Named>,
        /// The thing, from fields of the relationship `What`.
        what "What": Box<Named>,
        /// Who is to do it, from fields of the relationship `Owner`.
        owner "Owner": Box<Named>,
    }
}
