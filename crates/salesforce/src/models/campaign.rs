use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Children, Contact, Lead, User, sobject};
use crate::{AnyId, Id};

sobject! {
    /// A campaign. To write one, a user needs the permission of marketing users.
    Campaign("Campaign", "701"), NewCampaign, CampaignUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Members that are leads. Counts change without a stamp.
        number_of_leads "NumberOfLeads": i64,
        /// Members that are converted leads.
        number_of_converted_leads "NumberOfConvertedLeads": i64,
        /// Members that are contacts.
        number_of_contacts "NumberOfContacts": i64,
        /// Members that have responded.
        number_of_responses "NumberOfResponses": i64,
        /// Opportunities that name it.
        number_of_opportunities "NumberOfOpportunities": i64,
        /// Won opportunities that name it.
        number_of_won_opportunities "NumberOfWonOpportunities": i64,
        /// What these opportunities are worth.
        amount_all_opportunities "AmountAllOpportunities": Decimal,
        /// What the won ones are worth.
        amount_won_opportunities "AmountWonOpportunities": Decimal,
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
        /// Name; required, at most 80 characters.
        name "Name": String,
        /// Type, such as `Webinar`.
        campaign_type "Type": String,
        /// `Planned` (the default), `In Progress`, `Completed` or `Aborted`.
        status "Status": String,
        /// Whether it can be chosen.
        is_active "IsActive": bool,
        /// Its first day.
        start_date "StartDate": NaiveDate,
        /// Its last day.
        end_date "EndDate": NaiveDate,
        /// The campaign that it is a part of.
        parent_id "ParentId": Id<Campaign>,
        /// What it is to bring.
        expected_revenue "ExpectedRevenue": Decimal,
        /// What it may cost.
        budgeted_cost "BudgetedCost": Decimal,
        /// What it did cost.
        actual_cost "ActualCost": Decimal,
        /// How many are to answer, in percent.
        expected_response "ExpectedResponse": Decimal,
        /// How many were addressed.
        number_sent "NumberSent": Decimal,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {}
    extra {
        /// The campaign that it is a part of, from fields of the relationship `Parent`.
        parent "Parent": Box<Campaign>,
        /// Whom it reaches, from a sub-select on `CampaignMembers`.
        members "CampaignMembers": Children<CampaignMember>,
        /// Its members' statuses, from a sub-select on `CampaignMemberStatuses`.
        member_statuses "CampaignMemberStatuses": Children<CampaignMemberStatus>,
    }
}

sobject! {
    /// A lead or a contact in a campaign, each at most once.
    CampaignMember("CampaignMember", "00v"), NewCampaignMember, CampaignMemberUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Whether its status counts as an answer.
        has_responded "HasResponded": bool,
        /// The day of the first answer.
        first_responded_date "FirstRespondedDate": NaiveDate,
        /// The person: the contact, else the lead.
        lead_or_contact_id "LeadOrContactId": AnyId,
        /// `Lead` or `Contact`.
        member_type "Type": String,
        /// The person's name, as it is now.
        name "Name": String,
        /// The person's e-mail address, as it is now.
        email "Email": String,
        /// The lead's company or the contact's account, as it is now.
        company_or_account "CompanyOrAccount": String,
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
        /// The campaign; required, fixed.
        campaign_id "CampaignId": Id<Campaign>,
        /// The lead; either this or the contact is required, and fixed.
        lead_id "LeadId": Id<Lead>,
        /// The contact.
        contact_id "ContactId": Id<Contact>,
    }
    fields {
        /// Status, the label of one of the campaign's [`CampaignMemberStatus`]es; its default if none is given.
        status "Status": String,
    }
    hidden {}
    extra {
        /// The campaign, from fields of the relationship `Campaign`.
        campaign "Campaign": Box<Campaign>,
        /// The lead, from fields of the relationship `Lead`.
        lead "Lead": Box<Lead>,
        /// The contact, from fields of the relationship `Contact`.
        contact "Contact": Box<Contact>,
    }
}

sobject! {
    /// A status that a campaign's members can have. A new campaign has `Sent`, the default, and `Responded`.
    CampaignMemberStatus("CampaignMemberStatus", "01Y"), NewCampaignMemberStatus, CampaignMemberStatusUpdate;
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
        /// The campaign; required, fixed.
        campaign_id "CampaignId": Id<Campaign>,
    }
    fields {
        /// The value of [`CampaignMember::status`]; required.
        label "Label": String,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether new members get it. Setting it clears the mark of the one that had it.
        is_default "IsDefault": bool,
        /// Whether it counts as an answer.
        has_responded "HasResponded": bool,
    }
    hidden {}
    extra {}
}
