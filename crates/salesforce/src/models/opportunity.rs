use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Account, Campaign, Children, Contact, OpportunityLineItem, Pricebook2, User, sobject};
use crate::Id;

sobject! {
    /// A sale in progress or closed.
    Opportunity("Opportunity", "006"), NewOpportunity, OpportunityUpdate;
    read {
        /// Whether it is in the recycle bin; only `queryAll` shows such rows.
        is_deleted "IsDeleted": bool,
        /// Amount times probability.
        expected_revenue "ExpectedRevenue": Decimal,
        /// Whether the stage is a closed one.
        is_closed "IsClosed": bool,
        /// Whether the stage is a won one.
        is_won "IsWon": bool,
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
    create {
        /// The contact with the primary role. On create a primary role is made for it; later it is set by the roles.
        contact_id "ContactId": Id<Contact>,
    }
    fields {
        /// Name; required, at most 120 characters.
        name "Name": String,
        /// The stage's API name; required. Setting it sets the probability and the forecast category.
        stage_name "StageName": String,
        /// The expected day of closing; required.
        close_date "CloseDate": NaiveDate,
        /// The account it is made with.
        account_id "AccountId": Id<Account>,
        /// What it is worth. Computed, and so not writable, once it has line items.
        amount "Amount": Decimal,
        /// How likely it is to be won, 0 to 100.
        probability "Probability": Decimal,
        /// Type, such as `New Business`.
        opportunity_type "Type": String,
        /// What is to be done next.
        next_step "NextStep": String,
        /// Where it came from.
        lead_source "LeadSource": String,
        /// The forecast category's label.
        forecast_category_name "ForecastCategoryName": String,
        /// Description, at most 32,000 characters. Cannot be filtered by.
        description "Description": String,
        /// Owner.
        owner_id "OwnerId": Id<User>,
    }
    hidden {
        /// The campaign that brought it.
        campaign_id "CampaignId": Id<Campaign>,
        /// The price book of its line items.
        pricebook2_id "Pricebook2Id": Id<Pricebook2>,
        /// ISO code of the amounts' currency; only in organisations with several currencies.
        currency_iso_code "CurrencyIsoCode": String,
    }
    extra {
        /// The account, from fields of the relationship `Account`.
        account "Account": Box<Account>,
        /// The owner, from fields of the relationship `Owner`.
        owner "Owner": Box<User>,
        /// The campaign, from fields of the relationship `Campaign`.
        campaign "Campaign": Box<Campaign>,
        /// What is sold, from a sub-select on `OpportunityLineItems`.
        line_items "OpportunityLineItems": Children<OpportunityLineItem>,
        /// The people involved, from a sub-select on `OpportunityContactRoles`.
        contact_roles "OpportunityContactRoles": Children<OpportunityContactRole>,
    }
}

sobject! {
    /// A person's part in an opportunity. One role of an opportunity is primary; setting another clears the first.
    OpportunityContactRole("OpportunityContactRole", "00K"), NewOpportunityContactRole, OpportunityContactRoleUpdate;
    read {
        /// Whether it is deleted.
        is_deleted "IsDeleted": bool,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    create {
        /// The opportunity; required, fixed.
        opportunity_id "OpportunityId": Id<Opportunity>,
    }
    fields {
        /// The person; required.
        contact_id "ContactId": Id<Contact>,
        /// The part, such as `Decision Maker`.
        role "Role": String,
        /// Whether it is the primary one.
        is_primary "IsPrimary": bool,
    }
    hidden {}
    extra {
        /// The opportunity, from fields of the relationship `Opportunity`.
        opportunity "Opportunity": Box<Opportunity>,
        /// The person, from fields of the relationship `Contact`.
        contact "Contact": Box<Contact>,
    }
}

sobject! {
    /// A stage that opportunities can be in. Read only. Retired stages stay, with `is_active` false.
    OpportunityStage("OpportunityStage", "01J");
    read {
        /// The label that people see.
        master_label "MasterLabel": String,
        /// The value of [`Opportunity::stage_name`].
        api_name "ApiName": String,
        /// Whether new opportunities may use it.
        is_active "IsActive": bool,
        /// Its place in the order.
        sort_order "SortOrder": i64,
        /// Whether it closes the opportunity.
        is_closed "IsClosed": bool,
        /// Whether it wins the opportunity.
        is_won "IsWon": bool,
        /// The probability that it sets, 0 to 100.
        default_probability "DefaultProbability": Decimal,
        /// The forecast category's label.
        forecast_category_name "ForecastCategoryName": String,
        /// When it last changed.
        system_modstamp "SystemModstamp": DateTime<Utc>,
    }
    extra {}
}
