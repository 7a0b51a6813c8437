use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, CampaignMember, Case, Children, Event, Individual, OpportunityContactRole, Task, User, sobject};
use crate::Id;

sobject! {
    /// A person.
    Contact("Contact", "003"), NewContact, ContactUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The contact it was merged into, if it was deleted by a merge.
        master_record_id "MasterRecordId": Id<Contact>,
        /// The whole name, composed by the vendor.
        name "Name": String,
        /// The day of the last activity. Changes without a stamp.
        last_activity_date "LastActivityDate": NaiveDate,
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
        /// The account the person belongs to.
        account_id "AccountId": Id<Account>,
        /// Family name; required, at most 80 characters.
        last_name "LastName": String,
        /// Given name.
        first_name "FirstName": String,
        /// Salutation, such as `Dr.`.
        salutation "Salutation": String,
        /// E-mail address; stored in lower case.
        email "Email": String,
        /// Position in the company.
        title "Title": String,
        /// Department.
        department "Department": String,
        /// Business phone number.
        phone "Phone": String,
        /// Mobile phone number.
        mobile_phone "MobilePhone": String,
        /// Home phone number.
        home_phone "HomePhone": String,
        /// Another phone number.
        other_phone "OtherPhone": String,
        /// The assistant's phone number.
        assistant_phone "AssistantPhone": String,
        /// Fax number.
        fax "Fax": String,
        /// Mailing address: street.
        mailing_street "MailingStreet": String,
        /// Mailing address: city.
        mailing_city "MailingCity": String,
        /// Mailing address: state or province.
        mailing_state "MailingState": String,
        /// Mailing address: postal code.
        mailing_postal_code "MailingPostalCode": String,
        /// Mailing address: country.
        mailing_country "MailingCountry": String,
        /// Other address: street.
        other_street "OtherStreet": String,
        /// Other address: city.
        other_city "OtherCity": String,
        /// Other address: state or province.
        other_state "OtherState": String,
        /// Other address: postal code.
        other_postal_code "OtherPostalCode": String,
        /// Other address: country.
        other_country "OtherCountry": String,
        /// Where the person was found, such as `Web`.
        lead_source "LeadSource": String,
        /// Date of birth.
        birthdate "Birthdate": NaiveDate,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {
        /// The person's superior.
        reports_to_id "ReportsToId": Id<Contact>,
        /// What the person has agreed to.
        individual_id "IndividualId": Id<Individual>,
        /// The person wants no marketing e-mail.
        has_opted_out_of_email "HasOptedOutOfEmail": bool,
        /// The person wants no fax.
        has_opted_out_of_fax "HasOptedOutOfFax": bool,
        /// The person wants no calls.
        do_not_call "DoNotCall": bool,
    }
    extra {
        /// The account, from fields of the relationship `Account`.
        account "Account": Box<Account>,
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<User>,
        /// The person's superior, from fields of the relationship `ReportsTo`.
        reports_to "ReportsTo": Box<Contact>,
        /// The person's parts in opportunities, from a sub-select on `OpportunityContactRoles`.
        opportunity_contact_roles "OpportunityContactRoles": Children<OpportunityContactRole>,
        /// The person's campaigns, from a sub-select on `CampaignMembers`.
        campaign_members "CampaignMembers": Children<CampaignMember>,
        /// The person's questions and complaints, from a sub-select on `Cases`.
        cases "Cases": Children<Case>,
        /// What is to be done, from a sub-select on `Tasks`.
        tasks "Tasks": Children<Task>,
        /// The calendar, from a sub-select on `Events`.
        events "Events": Children<Event>,
    }
}
