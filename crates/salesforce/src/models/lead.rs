use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Account, CampaignMember, Children, Contact, Event, Individual, Named, Opportunity, Task, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// Somebody who may become a customer. Once [converted](Lead::is_converted) it can only be read: write to the contact.
    Lead("Lead", "00Q"), NewLead, LeadUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// The lead it was merged into, if it was deleted by a merge.
        master_record_id "MasterRecordId": Id<Lead>,
        /// The whole name, composed by the vendor.
        name "Name": String,
        /// Whether it became an account, a contact and perhaps an opportunity.
        is_converted "IsConverted": bool,
        /// The day of the conversion.
        converted_date "ConvertedDate": NaiveDate,
        /// The account that it became.
        converted_account_id "ConvertedAccountId": Id<Account>,
        /// The contact that it became.
        converted_contact_id "ConvertedContactId": Id<Contact>,
        /// The opportunity that it became.
        converted_opportunity_id "ConvertedOpportunityId": Id<Opportunity>,
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
        /// Family name; required, at most 80 characters.
        last_name "LastName": String,
        /// Given name.
        first_name "FirstName": String,
        /// Salutation, such as `Dr.`.
        salutation "Salutation": String,
        /// The employer's name; required, at most 255 characters.
        company "Company": String,
        /// Position in the company.
        title "Title": String,
        /// E-mail address; stored in lower case.
        email "Email": String,
        /// Business phone number.
        phone "Phone": String,
        /// Mobile phone number.
        mobile_phone "MobilePhone": String,
        /// Fax number.
        fax "Fax": String,
        /// Web site.
        website "Website": String,
        /// Address: street.
        street "Street": String,
        /// Address: city.
        city "City": String,
        /// Address: state or province.
        state "State": String,
        /// Address: postal code.
        postal_code "PostalCode": String,
        /// Address: country.
        country "Country": String,
        /// Status, the API name of a [`LeadStatus`]; the organisation's default if none is given.
        status "Status": String,
        /// Where the lead was found, such as `Web`.
        lead_source "LeadSource": String,
        /// Line of business.
        industry "Industry": String,
        /// `Hot`, `Warm` or `Cold`.
        rating "Rating": String,
        /// Yearly revenue, without decimals.
        annual_revenue "AnnualRevenue": Decimal,
        /// Head count.
        number_of_employees "NumberOfEmployees": i64,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Whether the owner has not looked at it yet.
        is_unread_by_owner "IsUnreadByOwner": bool,
        /// What the person has agreed to.
        individual_id "IndividualId": Id<Individual>,
        /// Owner: a user, or a queue.
        owner_id "OwnerId": AnyId,
    }
    hidden {
        /// The person wants no marketing e-mail.
        has_opted_out_of_email "HasOptedOutOfEmail": bool,
        /// The person wants no fax.
        has_opted_out_of_fax "HasOptedOutOfFax": bool,
        /// The person wants no calls.
        do_not_call "DoNotCall": bool,
    }
    extra {
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<Named>,
        /// The person's campaigns, from a sub-select on `CampaignMembers`.
        campaign_members "CampaignMembers": Children<CampaignMember>,
        /// What is to be done, from a sub-select on `Tasks`.
        tasks "Tasks": Children<Task>,
        /// The calendar, from a sub-select on `Events`.
        events "Events": Children<Event>,
    }
}

sobject! {
    /// A status that leads can have. Read only.
    LeadStatus("LeadStatus", "01O");
    read {
        /// The label that people see.
        master_label "MasterLabel": String,
        /// The value of [`Lead::status`].
        api_name "ApiName": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether new leads get it.
        is_default "IsDefault": bool,
        /// Whether it is for converted leads.
        is_converted "IsConverted": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}
