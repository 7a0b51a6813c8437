//! The objects of the organisation itself: users, and the lists behind stages and statuses.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

pub(super) fn all() -> Vec<Object> {
    vec![
        user(),
        profile(),
        user_role(),
        group(),
        group_member(),
        queue_object(),
        record_type(),
        business_process(),
        opportunity_stage(),
        case_status(),
        task_status(),
        task_priority(),
        lead_status(),
        list_view(),
        assignment_rule(),
        organization(),
    ]
}

pub(super) fn user() -> Object {
    let setting = |name, label, values| picklist(name, label, 40, values).rw().not_null().restricted();
    let fields = vec![
        vec![
            id("User ID"),
            Field { unique: true, id_lookup: true, ..text("Username", "Username", 80).rw().not_null() },
            text("LastName", "Last Name", 80).rw().not_null(),
            text("FirstName", "First Name", 40).rw(),
            text("Name", "Full Name", 121).not_null().name_field().extra("personname"),
            text("CompanyName", "Company Name", 80).rw(),
            text("Division", "Division", 80).rw(),
            text("Department", "Department", 80).rw(),
            text("Title", "Title", 80).rw(),
        ],
        address(address_names!("", "")),
        vec![
            Field { length: 128, ..email("Email", "Email").rw().not_null().id_lookup() },
            phone("Phone", "Phone").rw(),
            phone("Fax", "Fax").rw(),
            phone("MobilePhone", "Mobile").rw(),
            text("Alias", "Alias", 8).rw().not_null(),
            text("CommunityNickname", "Nickname", 40).rw().platform(),
            boolean("IsActive", "Active").rw(),
            setting("TimeZoneSidKey", "Time Zone", list::TIME_ZONE),
            setting("LocaleSidKey", "Locale", list::LOCALE),
            setting("EmailEncodingKey", "Email Encoding", list::EMAIL_ENCODING),
            reference("ProfileId", "Profile ID", &["Profile"]).rw().not_null(),
            picklist("UserType", "User Type", 40, list::USER_TYPE).restricted(),
            setting("LanguageLocaleKey", "Language", list::LANGUAGE),
            text("EmployeeNumber", "Employee Number", 20).rw(),
            reference("ManagerId", "Manager ID", &["User"]).rw(),
            datetime("LastLoginDate", "Last Login"),
            datetime("LastPasswordChangeDate", "Last Password Change or Reset"),
            int("NumberOfFailedLogins", "Failed Login Attempts"),
            datetime("OfflineTrialExpirationDate", "Offline Edition Trial Expiration Date"),
            datetime("OfflinePdaTrialExpirationDate", "Sales Anywhere Trial Expiration Date"),
            Field { groups: Some(false), ..text("FederationIdentifier", "SAML Federation ID", 512).rw() },
            reference("UserRoleId", "Role ID", &["UserRole"]).rw().children("Users"),
            Field {
                relationship: None,
                ..reference("DelegatedApproverId", "Delegated Approver ID", &["Group", "User"]).rw()
            },
            reference("ContactId", "Contact ID", &["Contact"]).create_only().children("Users").restricts(),
            reference("AccountId", "Account ID", &["Account"]).children("Users"),
            Field { relationship: None, ..reference("CallCenterId", "Call Center ID", &["CallCenter"]).rw() },
            reference("IndividualId", "Individual ID", &["Individual"]).rw().children("Users"),
            boolean("ReceivesInfoEmails", "Info Emails").rw(),
            boolean("ReceivesAdminInfoEmails", "Admin Info Emails").rw(),
            boolean("ForecastEnabled", "Allow Forecasting").rw(),
            boolean("IsExtIndicatorVisible", "Show external indicator"),
            boolean("IsProfilePhotoActive", "Has Profile Photo"),
            picklist("DigestFrequency", "Chatter Email Highlights Frequency", 40, list::DIGEST_FREQUENCY)
                .rw()
                .not_null()
                .default("N")
                .restricted(),
            picklist(
                "DefaultGroupNotificationFrequency",
                "Default Notification Frequency when Joining Groups",
                40,
                list::NOTIFICATION_FREQUENCY,
            )
            .rw()
            .not_null()
            .default("N")
            .restricted(),
            int("JigsawImportLimitOverride", "Data.com Monthly Addition Limit").rw(),
        ],
        mail_settings(),
        photos(),
        audit(),
        viewed(),
    ];
    let can = Abilities { deletable: false, undeletable: false, ..FULL };
    build(Object::new("User", "User", "Users", "005"), can, fields)
}

/// How the user's mail is sent and signed.
fn mail_settings() -> Vec<Field> {
    let preference = |name, label| Field { groups: Some(false), ..boolean(name, label).rw().opaque() };
    let long = |name, label, length| {
        let text = Field { length, ..field(name, label, FieldType::Textarea) };
        Field { groups: Some(false), ..text.rw().extra("plaintextarea") }
    };
    vec![
        preference("EmailPreferencesAutoBcc", "AutoBcc"),
        preference("EmailPreferencesAutoBccStayInTouch", "AutoBccStayInTouch"),
        preference("EmailPreferencesStayInTouchReminder", "StayInTouchReminder"),
        email("SenderEmail", "Email Sender Address").rw(),
        text("SenderName", "Email Sender Name", 80).rw(),
        long("Signature", "Email Signature", 1_333),
        text("StayInTouchSubject", "Stay-in-Touch Email Subject", 80).rw(),
        long("StayInTouchSignature", "Stay-in-Touch Email Signature", 512),
        Field { groups: Some(false), ..text("StayInTouchNote", "Stay-in-Touch Email Note", 512).rw() },
        phone("Extension", "Extension").rw(),
        long("AboutMe", "About Me", 1_000),
        Field { aggregates: Some(false), ..text("OutOfOfficeMessage", "Out of office message", 40) },
        text("BadgeText", "User Photo badge text overlay", 80),
    ]
}

fn photos() -> Vec<Field> {
    let photo = |name, label| Field { length: 1_024, groups: Some(false), ..url(name, label) };
    vec![
        photo("FullPhotoUrl", "Url for full-sized Photo"),
        photo("SmallPhotoUrl", "Photo").extra("imageurl"),
        photo("MediumPhotoUrl", "Url for medium profile photo").extra("imageurl"),
        photo("BannerPhotoUrl", "Url for banner photo"),
        photo("SmallBannerPhotoUrl", "Url for IOS banner photo"),
        photo("MediumBannerPhotoUrl", "Url for Android banner photo"),
    ]
}

pub(super) fn profile() -> Object {
    let fields = vec![
        vec![
            id("Profile ID"),
            text("Name", "Name", 255).not_null().name_field(),
            picklist("UserType", "User Type", 40, list::USER_TYPE).restricted(),
            text("Description", "Description", 255),
        ],
        audit(),
    ];
    build(Object::new("Profile", "Profile", "Profile", "00e"), SETUP, fields)
}

fn user_role() -> Object {
    let fields = vec![
        vec![
            id("Role ID"),
            text("Name", "Name", 80).rw().not_null().name_field(),
            Field { relationship: None, ..reference("ParentRoleId", "Parent Role ID", &["UserRole"]).rw() },
            text("RollupDescription", "Description", 80).rw(),
            text("DeveloperName", "Developer Name", 80).rw().platform(),
        ],
        // A role is created by being named; who did so is not kept.
        audit().into_iter().filter(|field| !field.name.starts_with("Created")).collect(),
    ];
    let can = Abilities {
        undeletable: false,
        layoutable: false,
        triggerable: false,
        feeds: false,
        most_recently_used: false,
        ..FULL
    };
    build(Object::new("UserRole", "Role", "Role", "00E"), can, fields)
}

/// Users as a group, or a queue: a group that can own records.
pub(super) fn group() -> Object {
    let fields = vec![
        vec![
            id("Group ID"),
            text("Name", "Name", 40).rw().not_null().name_field(),
            text("DeveloperName", "Developer Name", 80).rw(),
            Field { relationship: None, ..reference("RelatedId", "Related ID", &["UserRole"]) },
            picklist("Type", "Type", 40, list::GROUP_TYPE).create_only().not_null().platform().restricted(),
            email("Email", "Email").rw(),
            reference("OwnerId", "Owner ID", &["User"]),
            boolean("DoesSendEmailToMembers", "Send Email to Members").rw(),
            boolean("DoesIncludeBosses", "Include Bosses").rw(),
        ],
        audit(),
    ];
    build(Object::new("Group", "Group", "Group", "00G"), SETUP_EDITABLE, fields)
}

fn group_member() -> Object {
    let fields = vec![vec![
        id("Group Member ID"),
        reference("GroupId", "Group ID", &["Group"]).create_only().not_null().children("GroupMembers").cascade(),
        Field {
            relationship: None,
            ..reference("UserOrGroupId", "User/Group ID", &["User", "Group"]).create_only().not_null()
        },
        Field { groups: Some(false), ..datetime("SystemModstamp", "System Modstamp").not_null().platform() },
    ]];
    let can = Abilities { updateable: false, ..SETUP_EDITABLE };
    build(Object::new("GroupMember", "Group Member", "Group Member", "011"), can, fields)
}

/// Which objects a queue may own.
fn queue_object() -> Object {
    let fields = vec![vec![
        id("Queue Sobject ID"),
        reference("QueueId", "Queue ID", &["Group"]).create_only().not_null().children("QueueSobjects").cascade(),
        picklist("SobjectType", "Sobject Type", 40, list::QUEUE_SOBJECT_TYPE).create_only().not_null().restricted(),
        reference("CreatedById", "Created By ID", &["User"]).not_null().platform(),
        Field { groups: Some(false), ..datetime("SystemModstamp", "System Modstamp").not_null().platform() },
    ]];
    let can = Abilities { updateable: false, ..SETUP_EDITABLE };
    build(Object::new("QueueSobject", "Queue Sobject", "Queue Sobject", "03g"), can, fields)
}

pub(super) fn record_type() -> Object {
    let fields = vec![
        vec![
            id("Record Type ID"),
            text("Name", "Name", 80).not_null().name_field(),
            text("DeveloperName", "Record Type Name", 80).not_null(),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("Description", "Description", 255),
            Field { relationship: None, ..reference("BusinessProcessId", "Business Process ID", &["BusinessProcess"]) },
            picklist("SobjectType", "SObject Type Name", 40, list::SOBJECT_TYPE).not_null().restricted(),
            boolean("IsActive", "Active"),
        ],
        audit(),
    ];
    build(Object::new("RecordType", "Record Type", "Record Types", "012"), SETUP, fields)
}

fn business_process() -> Object {
    let fields = vec![
        vec![
            id("Business Process ID"),
            text("Name", "Name", 80).not_null().name_field(),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("Description", "Description", 255),
            picklist("TableEnumOrId", "Entity Enumeration Or ID", 40, list::SOBJECT_TYPE).not_null().restricted(),
            boolean("IsActive", "Active"),
        ],
        audit(),
    ];
    build(Object::new("BusinessProcess", "Business Process", "Business Process", "019"), SETUP, fields)
}

fn list_view() -> Object {
    let fields = vec![
        vec![
            id("List View ID"),
            text("Name", "View Name", 40).not_null().name_field(),
            text("DeveloperName", "API Name", 80).not_null(),
            text("NamespacePrefix", "Namespace Prefix", 15),
            picklist("SobjectType", "Sobject Type", 40, list::SOBJECT_TYPE).restricted(),
            boolean("IsSoqlCompatible", "Is SOQL Compatible"),
        ],
        audit(),
        viewed(),
    ];
    build(Object::new("ListView", "List View", "List Views", "00B"), SETUP, fields)
}

fn assignment_rule() -> Object {
    let fields = vec![
        vec![
            id("Rule ID"),
            text("Name", "Name", 120).name_field(),
            picklist("SobjectType", "SObject Type", 40, list::RULE_OBJECT).restricted(),
            boolean("Active", "Active"),
        ],
        audit(),
    ];
    build(Object::new("AssignmentRule", "Assignment Rule", "Assignment Rule", "01Q"), SETUP, fields)
}

pub(super) fn case_status() -> Object {
    let flags = vec![boolean("IsDefault", "Is Default"), boolean("IsClosed", "Closed")];
    let fields = vec![list_entry("Case Status Value ID"), flags, audit()];
    build(Object::new("CaseStatus", "Case Status Value", "Case Status Value", "01B"), SETUP, fields)
}

/// Label, API name and place: what all lists of stages and statuses share.
fn list_entry(id_label: &'static str) -> Vec<Field> {
    vec![
        id(id_label),
        text("MasterLabel", "Master Label", 255).name_field(),
        text("ApiName", "API Name", 255).not_null(),
        int("SortOrder", "Sort Order"),
    ]
}

pub(super) fn opportunity_stage() -> Object {
    let fields = vec![
        list_entry("Opportunity Stage ID"),
        vec![
            boolean("IsActive", "Is Active"),
            boolean("IsClosed", "Closed"),
            boolean("IsWon", "Won"),
            picklist("ForecastCategory", "Forecast Category", 40, list::FORECAST_CATEGORY).not_null().restricted(),
            picklist("ForecastCategoryName", "Forecast Category Name", 255, list::FORECAST_CATEGORY_NAME),
            decimal("DefaultProbability", "Probability (%)", FieldType::Percent, 3, 0),
            text("Description", "Description", 255),
        ],
        audit(),
    ];
    build(Object::new("OpportunityStage", "Opportunity Stage", "Opportunity Stage", "01J"), SETUP, fields)
}

pub(super) fn task_status() -> Object {
    let flags = vec![boolean("IsDefault", "Is Default"), boolean("IsClosed", "Closed")];
    let fields = vec![list_entry("Task Status ID"), flags, audit()];
    build(Object::new("TaskStatus", "Task Status Value", "Task Status Value", "01T"), SETUP, fields)
}

pub(super) fn task_priority() -> Object {
    let flags = vec![boolean("IsDefault", "Is Default"), boolean("IsHighPriority", "Is High Priority")];
    let fields = vec![list_entry("Task Priority ID"), flags, audit()];
    build(Object::new("TaskPriority", "Task Priority Value", "Task Priority Value", "01P"), SETUP, fields)
}

pub(super) fn lead_status() -> Object {
    let flags = vec![boolean("IsDefault", "Is Default"), boolean("IsConverted", "Converted")];
    let fields = vec![list_entry("Lead Status Value ID"), flags, audit()];
    build(Object::new("LeadStatus", "Lead Status Value", "Lead Status Value", "01O"), SETUP, fields)
}

pub(super) fn organization() -> Object {
    let fields = vec![
        vec![id("Organization ID"), text("Name", "Name", 80).not_null().name_field()],
        address(address_names!("", "")),
        vec![
            phone("Phone", "Phone"),
            text("PrimaryContact", "Primary Contact", 80),
            picklist("DefaultLocaleSidKey", "Locale", 40, list::LOCALE),
            picklist("TimeZoneSidKey", "Time Zone", 40, list::TIME_ZONE),
            picklist("LanguageLocaleKey", "Language", 40, list::LANGUAGE),
            int("FiscalYearStartMonth", "Fiscal Year Starts In"),
            datetime("TrialExpirationDate", "Trial Expiration Date"),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("InstanceName", "Instance Name", 5),
            boolean("IsSandbox", "Is Sandbox"),
            picklist("OrganizationType", "Edition", 40, list::ORGANIZATION_TYPE),
        ],
        audit(),
    ];
    let mut object = build(Object::new("Organization", "Organization", "Organization", "00D"), SETUP, fields);
    // The address of the organisation is changed in its setup, not through the API.
    object.fields.iter_mut().for_each(|field| (field.createable, field.updateable) = (false, false));
    object
}
