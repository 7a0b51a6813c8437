//! The objects of the organisation itself: users, and the lists behind stages and statuses.

use super::makers::*;
use super::picklists as list;
use super::{Abilities, Field, FieldType, Object};

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
            text("FederationIdentifier", "SAML Federation ID", 512).rw(),
        ],
        audit(),
        viewed(),
    ];
    let can = Abilities { deletable: false, undeletable: false, ..FULL };
    build(Object::new("User", "User", "Users", "005"), can, fields)
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

pub(super) fn group() -> Object {
    let fields = vec![
        vec![
            id("Group ID"),
            text("Name", "Name", 40).not_null().name_field(),
            text("DeveloperName", "Developer Name", 80),
            picklist("Type", "Type", 40, list::GROUP_TYPE).not_null().restricted(),
            email("Email", "Email"),
        ],
        audit(),
    ];
    build(Object::new("Group", "Group", "Group", "00G"), SETUP, fields)
}

pub(super) fn record_type() -> Object {
    let fields = vec![
        vec![
            id("Record Type ID"),
            text("Name", "Name", 80).not_null().name_field(),
            text("DeveloperName", "Record Type Name", 80).not_null(),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("Description", "Description", 255),
            picklist("SobjectType", "SObject Type Name", 40, list::SOBJECT_TYPE).not_null().restricted(),
            boolean("IsActive", "Active"),
        ],
        audit(),
    ];
    build(Object::new("RecordType", "Record Type", "Record Types", "012"), SETUP, fields)
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
