use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, Case, Contact, Task, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A contact at an account: its own one (`is_direct`), or a further one.
    AccountContactRelation("AccountContactRelation", "07k"), NewAccountContactRelation, AccountContactRelationUpdate;
    read {
        /// Whether it is deleted.
        is_deleted "IsDeleted": bool,
        /// Whether it is the contact's own account.
        is_direct "IsDirect": bool,
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
        /// The account; required, fixed.
        account_id "AccountId": Id<Account>,
        /// The contact; required, fixed.
        contact_id "ContactId": Id<Contact>,
    }
    fields {
        /// Roles, several joined by `;`.
        roles "Roles": String,
        /// Whether it still holds.
        is_active "IsActive": bool,
        /// Its first day.
        start_date "StartDate": NaiveDate,
        /// Its last day.
        end_date "EndDate": NaiveDate,
    }
    hidden {}
    extra {
        /// The account, from fields of the relationship `Account`.
        account "Account": Box<Account>,
        /// The contact, from fields of the relationship `Contact`.
        contact "Contact": Box<Contact>,
    }
}

sobject! {
    /// What a person has agreed to, and wants to be done with the data. Contacts and leads refer to it.
    Individual("Individual", "0PK"), NewIndividual, IndividualUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The whole name, composed by the vendor.
        name "Name": String,
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
        /// Family name; required, at most 80 characters.
        last_name "LastName": String,
        /// Given name.
        first_name "FirstName": String,
        /// Salutation, such as `Dr.`.
        salutation "Salutation": String,
        /// The person wants no marketing.
        has_opted_out_solicit "HasOptedOutSolicit": bool,
        /// The person wants not to be tracked.
        has_opted_out_tracking "HasOptedOutTracking": bool,
        /// The person wants not to be profiled.
        has_opted_out_profiling "HasOptedOutProfiling": bool,
        /// The person's data may not be processed.
        has_opted_out_processing "HasOptedOutProcessing": bool,
        /// The person wants all data to be deleted.
        should_forget "ShouldForget": bool,
        /// The person wants a copy of the data.
        send_individual_data "SendIndividualData": bool,
        /// The data may be kept outside of the country.
        can_store_pii_elsewhere "CanStorePiiElsewhere": bool,
        /// Date of birth.
        birth_date "BirthDate": NaiveDate,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {}
    extra {}
}

sobject! {
    /// A mail that was received or sent.
    EmailMessage("EmailMessage", "02s"), NewEmailMessage, EmailMessageUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Whether files came with it.
        has_attachment "HasAttachment": bool,
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
        /// The case it belongs to; fixed.
        parent_id "ParentId": Id<Case>,
        /// The task that records it; fixed.
        activity_id "ActivityId": Id<Task>,
    }
    fields {
        /// Subject, at most 3,000 characters.
        subject "Subject": String,
        /// Text. Cannot be filtered by.
        text_body "TextBody": String,
        /// The text as HTML. Cannot be filtered by.
        html_body "HtmlBody": String,
        /// The sender's address.
        from_address "FromAddress": String,
        /// The sender's name.
        from_name "FromName": String,
        /// The recipients' addresses, joined by `;`.
        to_address "ToAddress": String,
        /// The addresses of those who get a copy, joined by `;`.
        cc_address "CcAddress": String,
        /// The addresses of those who get a copy unseen, joined by `;`.
        bcc_address "BccAddress": String,
        /// Whether it was received.
        incoming "Incoming": bool,
        /// `0` new (the default), `1` read, `2` replied, `3` sent, `4` forwarded, `5` draft.
        status "Status": String,
        /// When it was written.
        message_date "MessageDate": DateTime<Utc>,
        /// The Message-ID of its header.
        message_identifier "MessageIdentifier": String,
        /// The record it is about: an account, a campaign, a case, an opportunity.
        related_to_id "RelatedToId": AnyId,
    }
    hidden {}
    extra {}
}
