use chrono::{DateTime, Utc};

use super::{User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A text attached to one record (the classic note).
    Note("Note", "002"), NewNote, NoteUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
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
        /// The record it is attached to; required.
        parent_id "ParentId": AnyId,
        /// Title; required, at most 80 characters.
        title "Title": String,
        /// Text, at most 32,000 characters. Cannot be filtered by.
        body "Body": String,
        /// Whether only its owner sees it.
        is_private "IsPrivate": bool,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {}
    extra {
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<User>,
    }
}
