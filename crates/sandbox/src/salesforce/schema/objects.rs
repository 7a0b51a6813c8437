//! The objects that hold customers and what is done with them.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};
use super::{activities, files, marketing, products, service, setup};

/// All objects, parents and children in no particular order.
pub(super) fn standard() -> Vec<Object> {
    let mut objects = vec![account(), contact(), lead(), opportunity(), opportunity_contact_role()];
    let groups = [activities::all(), files::all(), service::all(), marketing::all(), products::all(), setup::all()];
    objects.extend(groups.into_iter().flatten());
    objects
}

fn account() -> Object {
    let fields = vec![
        vec![
            id("Account ID"),
            is_deleted(),
            master_record(&["Account"]),
            text("Name", "Account Name", 255)
                .rw()
                .not_null()
                .name_field()
                .part_of("Name")
                .extra("switchablepersonname"),
            picklist("Type", "Account Type", 40, list::ACCOUNT_TYPE).rw(),
            reference("RecordTypeId", "Record Type ID", &["RecordType"]).rw(),
            reference("ParentId", "Parent Account ID", &["Account"]).rw().children("ChildAccounts"),
        ],
        address(address_names!("Billing", "Billing ")),
        address(address_names!("Shipping", "Shipping ")),
        vec![
            phone("Phone", "Account Phone").rw(),
            phone("Fax", "Account Fax").rw(),
            text("AccountNumber", "Account Number", 40).rw(),
            url("Website", "Website").rw(),
            url("PhotoUrl", "Photo URL").extra("imageurl"),
            text("Sic", "SIC Code", 20).rw(),
            picklist("Industry", "Industry", 40, list::INDUSTRY).rw(),
            currency("AnnualRevenue", "Annual Revenue", 0).rw(),
            int("NumberOfEmployees", "Employees").rw(),
            picklist("Ownership", "Ownership", 40, list::OWNERSHIP).rw(),
            text("TickerSymbol", "Ticker Symbol", 20).rw(),
            description("Account Description").rw(),
            picklist("Rating", "Account Rating", 40, list::RATING).rw(),
            text("Site", "Account Site", 80).rw(),
            owner("Owner ID", &["User"]),
        ],
        audit(),
        vec![date("LastActivityDate", "Last Activity")],
        viewed(),
        vec![
            boolean("IsPartner", "Partner Account").update_only().permission(false),
            boolean("IsCustomerPortal", "Customer Portal Account").update_only().permission(false),
            Field {
                filterable: false,
                sorts: Some(false),
                groups: Some(true),
                aggregates: Some(true),
                ..text("ChannelProgramName", "Channel Program Name", 255)
            },
            Field {
                filterable: false,
                sorts: Some(false),
                groups: Some(true),
                aggregates: Some(true),
                ..text("ChannelProgramLevelName", "Channel Program Level Name", 255)
            },
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawCompanyId", "Jigsaw Company ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS).rw().restricted(),
            picklist("AccountSource", "Account Source", 40, list::LEAD_SOURCE).rw(),
            text("DunsNumber", "D-U-N-S Number", 9).rw(),
            text("Tradestyle", "Tradestyle", 255).rw(),
            text("NaicsCode", "NAICS Code", 8).rw(),
            text("NaicsDesc", "NAICS Description", 120).rw(),
            text("YearStarted", "Year Started", 4).rw(),
            text("SicDesc", "SIC Description", 80).rw(),
            reference("DandbCompanyId", "D&B Company ID", &["DandBCompany"]).rw(),
            reference("OperatingHoursId", "Operating Hour ID", &["OperatingHours"]).rw(),
            create_once_key(),
            text("Customer_Code__c", "Customer Code", 40).rw(),
        ],
    ];
    build(Object::new("Account", "Account", "Accounts", "001"), MERGEABLE, fields)
}

fn contact() -> Object {
    let fields = vec![
        vec![
            id("Contact ID"),
            is_deleted(),
            master_record(&["Contact"]),
            reference("AccountId", "Account ID", &["Account"]).rw().children("Contacts").cascade(),
        ],
        person_name(),
        address(address_names!("Other", "Other ")),
        address(address_names!("Mailing", "Mailing ")),
        vec![
            phone("Phone", "Business Phone").rw(),
            phone("Fax", "Business Fax").rw(),
            phone("MobilePhone", "Mobile Phone").rw(),
            phone("HomePhone", "Home Phone").rw(),
            phone("OtherPhone", "Other Phone").rw(),
            phone("AssistantPhone", "Asst. Phone").rw(),
            reference("ReportsToId", "Reports To ID", &["Contact"]).rw(),
            email("Email", "Email").rw().id_lookup(),
            text("Title", "Title", 128).rw(),
            text("Department", "Department", 80).rw(),
            text("AssistantName", "Assistant's Name", 40).rw(),
            picklist("LeadSource", "Lead Source", 255, list::LEAD_SOURCE).rw(),
            date("Birthdate", "Birthdate").rw(),
            description("Contact Description").rw(),
            owner("Owner ID", &["User"]),
            boolean("HasOptedOutOfEmail", "Email Opt Out").rw(),
            boolean("HasOptedOutOfFax", "Fax Opt Out").rw(),
            boolean("DoNotCall", "Do Not Call").rw(),
        ],
        audit(),
        vec![
            date("LastActivityDate", "Last Activity"),
            datetime("LastCURequestDate", "Last Stay-in-Touch Request Date"),
            datetime("LastCUUpdateDate", "Last Stay-in-Touch Save Date"),
        ],
        viewed(),
        vec![
            text("EmailBouncedReason", "Email Bounced Reason", 255).rw().permission(false),
            datetime("EmailBouncedDate", "Email Bounced Date").rw().permission(false),
            boolean("IsEmailBounced", "Is Email Bounced"),
            url("PhotoUrl", "Photo URL").extra("imageurl"),
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawContactId", "Jigsaw Contact ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS).rw().restricted(),
            reference("IndividualId", "Individual ID", &["Individual"]).rw().children("Contacts"),
            create_once_key(),
            // External, but not unique: the only way to meet several matches besides Email.
            Field { external_id: true, id_lookup: true, ..text("Legacy_Id__c", "Legacy Id", 40).rw() },
            picklist("Tier__c", "Tier", 255, list::TIER).rw().restricted(),
            text("Region__c", "Region", 80).rw(),
            Field {
                length: 4_099,
                picklist: list::INTERESTS,
                ..field("Interests__c", "Interests", FieldType::Multipicklist)
            }
            .rw()
            .restricted(),
        ],
    ];
    build(Object::new("Contact", "Contact", "Contacts", "003"), MERGEABLE, fields)
}

fn lead() -> Object {
    let fields = vec![
        vec![id("Lead ID"), is_deleted(), master_record(&["Lead"])],
        person_name(),
        vec![text("Title", "Title", 128).rw(), text("Company", "Company", 255).rw().not_null()],
        address(address_names!("", "")),
        vec![
            phone("Phone", "Phone").rw(),
            phone("MobilePhone", "Mobile Phone").rw(),
            phone("Fax", "Fax").rw(),
            email("Email", "Email").rw().id_lookup(),
            url("Website", "Website").rw(),
            url("PhotoUrl", "Photo URL").extra("imageurl"),
            description("Description").rw(),
            picklist("LeadSource", "Lead Source", 255, list::LEAD_SOURCE).rw(),
            picklist("Status", "Status", 255, list::LEAD_STATUS).rw().not_null().default("Open - Not Contacted"),
            picklist("Industry", "Industry", 255, list::INDUSTRY).rw(),
            picklist("Rating", "Rating", 255, list::RATING).rw(),
            currency("AnnualRevenue", "Annual Revenue", 0).rw(),
            int("NumberOfEmployees", "Employees").rw(),
            owner("Owner ID", &["Group", "User"]),
            boolean("HasOptedOutOfEmail", "Email Opt Out").rw(),
            boolean("HasOptedOutOfFax", "Fax Opt Out").rw(),
            boolean("DoNotCall", "Do Not Call").rw(),
            boolean("IsConverted", "Converted").create_only(),
            date("ConvertedDate", "Converted Date"),
            reference("ConvertedAccountId", "Converted Account ID", &["Account"]),
            reference("ConvertedContactId", "Converted Contact ID", &["Contact"]),
            reference("ConvertedOpportunityId", "Converted Opportunity ID", &["Opportunity"]),
            boolean("IsUnreadByOwner", "Unread By Owner").rw(),
        ],
        audit(),
        vec![date("LastActivityDate", "Last Activity")],
        viewed(),
        vec![
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawContactId", "Jigsaw Contact ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS).rw().restricted(),
            text("CompanyDunsNumber", "Company D-U-N-S Number", 9).rw(),
            reference("DandbCompanyId", "D&B Company ID", &["DandBCompany"]).rw(),
            text("EmailBouncedReason", "Email Bounced Reason", 255).update_only().permission(false),
            datetime("EmailBouncedDate", "Email Bounced Date").update_only().permission(false),
            reference("IndividualId", "Individual ID", &["Individual"]).rw().children("Leads"),
        ],
    ];
    build(Object::new("Lead", "Lead", "Leads", "00Q"), MERGEABLE, fields)
}

fn opportunity() -> Object {
    let fields = vec![
        vec![
            id("Opportunity ID"),
            is_deleted(),
            reference("AccountId", "Account ID", &["Account"]).rw().children("Opportunities").cascade(),
            reference("RecordTypeId", "Record Type ID", &["RecordType"]).rw(),
            boolean("IsPrivate", "Private").rw().permission(true),
            text("Name", "Name", 120).rw().not_null().name_field().id_lookup(),
            description("Description").rw(),
            picklist("StageName", "Stage", 255, list::STAGE_NAME).rw().not_null(),
            currency("Amount", "Amount", 2).rw(),
            decimal("Probability", "Probability (%)", FieldType::Percent, 3, 0).rw().platform(),
            currency("ExpectedRevenue", "Expected Amount", 2).permission(true),
            decimal("TotalOpportunityQuantity", "Quantity", FieldType::Double, 18, 2).rw(),
            date("CloseDate", "Close Date").rw().not_null(),
            picklist("Type", "Opportunity Type", 255, list::OPPORTUNITY_TYPE).rw(),
            text("NextStep", "Next Step", 255).rw(),
            picklist("LeadSource", "Lead Source", 255, list::LEAD_SOURCE).rw(),
            boolean("IsClosed", "Closed"),
            boolean("IsWon", "Won"),
            picklist("ForecastCategory", "Forecast Category", 40, list::FORECAST_CATEGORY).not_null().restricted(),
            picklist("ForecastCategoryName", "Forecast Category", 255, list::FORECAST_CATEGORY_NAME)
                .rw()
                .platform()
                .restricted()
                .permission(false),
            reference("CampaignId", "Campaign ID", &["Campaign"]).rw().children("Opportunities"),
            boolean("HasOpportunityLineItem", "Has Line Item"),
            reference("Pricebook2Id", "Price Book ID", &["Pricebook2"])
                .rw()
                .platform()
                .children("Opportunities")
                .permission(false),
            owner("Owner ID", &["User"]),
        ],
        audit(),
        vec![
            date("LastActivityDate", "Last Activity"),
            datetime("LastStageChangeDate", "Last Stage Change Date"),
            int("FiscalQuarter", "Fiscal Quarter").part_of("Fiscal"),
            int("FiscalYear", "Fiscal Year").part_of("Fiscal"),
            text("Fiscal", "Fiscal Period", 6),
            Field { relationship: None, ..reference("ContactId", "Contact ID", &["Contact"]).create_only() }
                .children("Opportunities")
                .permission(false),
        ],
        viewed(),
        vec![
            Field { groups: Some(true), ..boolean("HasOpenActivity", "Has Open Activity").opaque() },
            Field { groups: Some(true), ..boolean("HasOverdueTask", "Has Overdue Task").opaque() },
            reference("LastAmountChangedHistoryId", "Opportunity History ID", &["OpportunityHistory"]),
            reference("LastCloseDateChangedHistoryId", "Opportunity History ID", &["OpportunityHistory"]),
        ],
        vec![create_once_key(), decimal("Margin__c", "Margin", FieldType::Percent, 5, 2).rw()],
    ];
    build(Object::new("Opportunity", "Opportunity", "Opportunities", "006"), FULL, fields)
}

fn opportunity_contact_role() -> Object {
    let part = |field: Field| field.not_null().children("OpportunityContactRoles").cascade();
    let fields = vec![
        vec![
            id("Contact Role ID"),
            part(reference("OpportunityId", "Opportunity ID", &["Opportunity"]).create_only()),
            part(reference("ContactId", "Contact ID", &["Contact"]).rw()),
            picklist("Role", "Role", 40, list::CONTACT_ROLE).rw().permission(false),
            boolean("IsPrimary", "Primary").rw(),
        ],
        audit(),
        vec![is_deleted()],
    ];
    let label = "Opportunity Contact Role";
    let can = Abilities { undeletable: false, searchable: false, feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("OpportunityContactRole", label, label, "00K"), can, fields)
}
