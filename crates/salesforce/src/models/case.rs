use chrono::{DateTime, Utc};

use super::{Account, Children, Contact, Named, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A customer's question or complaint.
    Case("Case", "500"), NewCase, CaseUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The case it was merged into, if it was deleted by a merge.
        master_record_id "MasterRecordId": Id<Case>,
        /// Its number, given by the vendor; records can be found by it.
        case_number "CaseNumber": String,
        /// Whether its status is a closed one.
        is_closed "IsClosed": bool,
        /// When it was closed.
        closed_date "ClosedDate": DateTime<Utc>,
        /// The contact's e-mail address, as it is now.
        contact_email "ContactEmail": String,
        /// The contact's phone number, as it is now.
        contact_phone "ContactPhone": String,
        /// The contact's mobile phone number, as it is now.
        contact_mobile "ContactMobile": String,
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
        /// What is wrong, in a line of at most 255 characters.
        subject "Subject": String,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Status, the API name of a [`CaseStatus`]: `New` (the default), `Working`, `Escalated`, `Closed`.
        status "Status": String,
        /// `High`, `Medium` (the default) or `Low`.
        priority "Priority": String,
        /// How it came: `Phone`, `Email`, `Web`.
        origin "Origin": String,
        /// What caused it.
        reason "Reason": String,
        /// Type, such as `Electrical`.
        case_type "Type": String,
        /// Whether it was escalated.
        is_escalated "IsEscalated": bool,
        /// Who asks.
        contact_id "ContactId": Id<Contact>,
        /// For whom; the contact's account if none is given.
        account_id "AccountId": Id<Account>,
        /// The case that it is a part of.
        parent_id "ParentId": Id<Case>,
        /// The name that was typed in, if it came by the web or by mail.
        supplied_name "SuppliedName": String,
        /// The address that was typed in.
        supplied_email "SuppliedEmail": String,
        /// The phone number that was typed in.
        supplied_phone "SuppliedPhone": String,
        /// The company that was typed in.
        supplied_company "SuppliedCompany": String,
        /// Owner: a user, or a queue.
        owner_id "OwnerId": AnyId,
    }
    hidden {}
    extra {
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<Named>,
        /// Who asks, from fields of the relationship `Contact`.
        contact "Contact": Box<Contact>,
        /// For whom, from fields of the relationship `Account`.
        account "Account": Box<Account>,
        /// What was said, from a sub-select on `CaseComments`.
        comments "CaseComments": Children<CaseComment>,
    }
}

sobject! {
    /// A remark on a case.
    CaseComment("CaseComment", "00a"), NewCaseComment, CaseCommentUpdate;
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
    create {
        /// The case; required, fixed.
        parent_id "ParentId": Id<Case>,
    }
    fields {
        /// Text, at most 4,000 characters. Cannot be filtered by.
        comment_body "CommentBody": String,
        /// Whether the customer sees it.
        is_published "IsPublished": bool,
    }
    hidden {}
    extra {}
}

sobject! {
    /// A status that cases can have. Read only.
    CaseStatus("CaseStatus", "01B");
    read {
        /// The label that people see.
        master_label "MasterLabel": String,
        /// The value of [`Case::status`].
        api_name "ApiName": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether new cases get it.
        is_default "IsDefault": bool,
        /// Whether it closes the case.
        is_closed "IsClosed": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}
