//! Campaigns with their members, and what a person has agreed to.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

pub(super) fn all() -> Vec<Object> {
    vec![campaign(), campaign_member(), campaign_member_status(), individual(), account_contact_relation()]
}

/// The counts of a campaign and the same over it and its children.
fn counts(hierarchy: bool) -> Vec<Field> {
    let count = |plain: (&'static str, &'static str), tree: (&'static str, &'static str)| {
        let (name, label) = if hierarchy { tree } else { plain };
        Field { digits: 8, ..int(name, label).not_null() }
    };
    let amount = |plain: (&'static str, &'static str), tree: (&'static str, &'static str)| {
        let (name, label) = if hierarchy { tree } else { plain };
        currency(name, label, 0).not_null()
    };
    vec![
        count(("NumberOfLeads", "Leads in Campaign"), ("HierarchyNumberOfLeads", "Leads in Hierarchy")),
        count(
            ("NumberOfConvertedLeads", "Converted Leads in Campaign"),
            ("HierarchyNumberOfConvertedLeads", "Converted Leads in Hierarchy"),
        ),
        count(("NumberOfContacts", "Contacts in Campaign"), ("HierarchyNumberOfContacts", "Contacts in Hierarchy")),
        count(("NumberOfResponses", "Responses in Campaign"), ("HierarchyNumberOfResponses", "Responses in Hierarchy")),
        count(
            ("NumberOfOpportunities", "Opportunities in Campaign"),
            ("HierarchyNumberOfOpportunities", "Opportunities in Hierarchy"),
        ),
        count(
            ("NumberOfWonOpportunities", "Won Opportunities in Campaign"),
            ("HierarchyNumberOfWonOpportunities", "Won Opportunities in Hierarchy"),
        ),
        amount(
            ("AmountAllOpportunities", "Value Opportunities in Campaign"),
            ("HierarchyAmountAllOpportunities", "Value Opportunities in Hierarchy"),
        ),
        amount(
            ("AmountWonOpportunities", "Value Won Opportunities in Campaign"),
            ("HierarchyAmountWonOpportunities", "Value Won Opportunities in Hierarchy"),
        ),
    ]
}

fn campaign() -> Object {
    let fields = vec![
        vec![
            id("Campaign ID"),
            is_deleted(),
            text("Name", "Name", 80).rw().not_null().name_field(),
            reference("ParentId", "Parent Campaign ID", &["Campaign"]).rw().children("ChildCampaigns"),
            picklist("Type", "Type", 40, list::CAMPAIGN_TYPE).rw(),
            picklist("Status", "Status", 40, list::CAMPAIGN_STATUS).rw().default("Planned"),
            date("StartDate", "Start Date").rw(),
            date("EndDate", "End Date").rw(),
            currency("ExpectedRevenue", "Expected Revenue", 0).rw(),
            currency("BudgetedCost", "Budgeted Cost", 0).rw(),
            currency("ActualCost", "Actual Cost", 0).rw(),
            decimal("ExpectedResponse", "Expected Response (%)", FieldType::Percent, 10, 2).rw(),
            decimal("NumberSent", "Num Sent", FieldType::Double, 18, 0).rw(),
            boolean("IsActive", "Active").rw().permission(true),
            description("Description").rw(),
        ],
        counts(false),
        counts(true),
        vec![owner("Owner ID", &["User"])],
        audit(),
        vec![date("LastActivityDate", "Last Activity")],
        viewed(),
        vec![
            Field {
                relationship: Some("CampaignMemberRecordType"),
                ..reference("CampaignMemberRecordTypeId", "Record Type ID", &["RecordType"]).rw()
            },
            create_once_key(),
        ],
    ];
    let can = Abilities { feeds: false, ..FULL };
    build(Object::new("Campaign", "Campaign", "Campaigns", "701"), can, fields)
}

fn campaign_member() -> Object {
    let member = |field: Field| field.create_only().children("CampaignMembers").cascade();
    let fields = vec![
        vec![
            id("Campaign Member ID"),
            is_deleted(),
            member(reference("CampaignId", "Campaign ID", &["Campaign"])).not_null(),
            member(reference("LeadId", "Lead ID", &["Lead"])),
            member(reference("ContactId", "Contact ID", &["Contact"])),
            picklist("Status", "Status", 40, list::MEMBER_STATUS).rw().platform(),
            boolean("HasResponded", "Responded"),
        ],
        audit(),
        vec![
            date("FirstRespondedDate", "First Responded Date"),
            picklist("Salutation", "Salutation", 40, list::SALUTATION),
            text("Name", "Name", 121).name_field(),
            text("FirstName", "First Name", 40),
            text("LastName", "Last Name", 80),
            text("Title", "Title", 128),
            Field { length: 255, ..field("Street", "Street", FieldType::Textarea) }.extra("plaintextarea"),
            text("City", "City", 40),
            text("State", "State/Province", 80),
            text("PostalCode", "Zip/Postal Code", 20),
            text("Country", "Country", 80),
            email("Email", "Email"),
            phone("Phone", "Phone"),
            phone("Fax", "Fax"),
            phone("MobilePhone", "Mobile"),
            Field { filterable: true, ..long_text("Description", "Description") }.opaque(),
            boolean("DoNotCall", "Do Not Call"),
            boolean("HasOptedOutOfEmail", "Email Opt Out"),
            boolean("HasOptedOutOfFax", "Fax Opt Out"),
            picklist("LeadSource", "Lead Source", 40, list::LEAD_SOURCE),
            text("CompanyOrAccount", "Company (Account)", 255),
            picklist("Type", "Type", 40, list::MEMBER_TYPE),
            Field { relationship: None, ..reference("LeadOrContactId", "Related Record ID", &["Contact", "Lead"]) },
            Field {
                relationship: None,
                ..reference("LeadOrContactOwnerId", "Related Record Owner ID", &["Group", "User"])
            },
        ],
    ];
    let can = Abilities { undeletable: false, searchable: false, feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("CampaignMember", "Campaign Member", "Campaign Members", "00v"), can, fields)
}

fn campaign_member_status() -> Object {
    let fields = vec![
        vec![
            id("Campaign Member Status ID"),
            is_deleted(),
            reference("CampaignId", "Campaign ID", &["Campaign"])
                .create_only()
                .not_null()
                .children("CampaignMemberStatuses")
                .cascade(),
            text("Label", "Label", 765).rw().not_null().name_field(),
            int("SortOrder", "Sort Order").rw(),
            boolean("IsDefault", "Is Default").rw(),
            boolean("HasResponded", "Responded").rw(),
        ],
        audit(),
    ];
    let label = "Campaign Member Status";
    let can = Abilities {
        undeletable: false,
        searchable: false,
        feeds: false,
        most_recently_used: false,
        layoutable: false,
        ..FULL
    };
    build(Object::new("CampaignMemberStatus", label, label, "01Y"), can, fields)
}

fn individual() -> Object {
    let consent = |name, label| boolean(name, label).rw().permission(true);
    let fields = vec![
        vec![id("Individual ID"), is_deleted()],
        person_name(),
        vec![
            owner("Owner ID", &["User"]),
            master_record(&["Individual"]),
            consent("HasOptedOutTracking", "Don't Track"),
            consent("HasOptedOutProfiling", "Don't Profile"),
            consent("HasOptedOutProcessing", "Don't Process"),
            consent("HasOptedOutSolicit", "Don't Market"),
            consent("ShouldForget", "Forget this Individual"),
            consent("SendIndividualData", "Export Individual's Data"),
            consent("CanStorePiiElsewhere", "OK to Store PII Data Elsewhere"),
            consent("HasOptedOutGeoTracking", "Block Geolocation Tracking"),
            date("BirthDate", "Birth Date").rw(),
            date("DeathDate", "Death Date").rw(),
            text("Website", "Website", 255).rw(),
        ],
        audit(),
        viewed(),
    ];
    let can = Abilities { mergeable: true, feeds: false, ..FULL };
    build(Object::new("Individual", "Individual", "Individuals", "0PK"), can, fields)
}

fn account_contact_relation() -> Object {
    let part = |field: Field| field.create_only().not_null().children("AccountContactRelations").cascade();
    let fields = vec![
        vec![
            id("Account Contact Relationship ID"),
            part(reference("AccountId", "Account ID", &["Account"])),
            part(reference("ContactId", "Contact ID", &["Contact"])),
            Field { length: 4_099, picklist: list::CONTACT_ROLE, ..field("Roles", "Roles", FieldType::Multipicklist) }
                .rw(),
            boolean("IsDirect", "Direct"),
            boolean("IsActive", "Active").rw().starts(true),
            date("StartDate", "Start Date").rw(),
            date("EndDate", "End Date").rw(),
        ],
        audit(),
        vec![is_deleted()],
    ];
    let label = "Account Contact Relationship";
    let can = Abilities { undeletable: false, searchable: false, feeds: false, most_recently_used: false, ..FULL };
    build(Object::new("AccountContactRelation", label, label, "07k"), can, fields)
}
