//! The field tables.

use super::picklists as list;
use super::{Abilities, DefaultValue, Field, FieldType, Object, PicklistValue};

/// A field that a caller may leave out, may not write, and may filter by.
fn field(name: &'static str, label: &'static str, kind: FieldType) -> Field {
    Field {
        name,
        label,
        kind,
        length: 0,
        precision: 0,
        scale: 0,
        digits: 0,
        createable: false,
        updateable: false,
        nillable: kind != FieldType::Boolean,
        default: DefaultValue::None,
        external_id: false,
        unique: false,
        id_lookup: false,
        name_field: false,
        restricted: false,
        filterable: true,
        picklist: &[],
        reference_to: &[],
        relationship: None,
        children: None,
        cascade_delete: false,
        compound: None,
        extra_type: None,
    }
}

fn text(name: &'static str, label: &'static str, length: u32) -> Field {
    Field {
        length,
        ..field(name, label, FieldType::String)
    }
}

fn phone(name: &'static str, label: &'static str) -> Field {
    Field {
        length: 40,
        ..field(name, label, FieldType::Phone)
    }
}

fn email(name: &'static str, label: &'static str) -> Field {
    Field {
        length: 80,
        ..field(name, label, FieldType::Email)
    }
}

fn url(name: &'static str, label: &'static str) -> Field {
    Field {
        length: 255,
        ..field(name, label, FieldType::Url)
    }
}

fn boolean(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::Boolean)
}

fn int(name: &'static str, label: &'static str) -> Field {
    Field {
        digits: 8,
        ..field(name, label, FieldType::Int)
    }
}

fn decimal(
    name: &'static str,
    label: &'static str,
    kind: FieldType,
    precision: u32,
    scale: u32,
) -> Field {
    Field {
        precision,
        scale,
        ..field(name, label, kind)
    }
}

fn currency(name: &'static str, label: &'static str, scale: u32) -> Field {
    decimal(name, label, FieldType::Currency, 18, scale)
}

fn date(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::Date)
}

fn datetime(name: &'static str, label: &'static str) -> Field {
    field(name, label, FieldType::DateTime)
}

/// A long text: neither filtered, sorted nor grouped by.
fn description(label: &'static str) -> Field {
    long_text("Description", label)
}

fn long_text(name: &'static str, label: &'static str) -> Field {
    Field {
        length: 32_000,
        filterable: false,
        extra_type: Some("plaintextarea"),
        ..field(name, label, FieldType::Textarea)
    }
}

fn picklist(
    name: &'static str,
    label: &'static str,
    length: u32,
    picklist: &'static [PicklistValue],
) -> Field {
    Field {
        length,
        picklist,
        ..field(name, label, FieldType::Picklist)
    }
}

/// A reference; the parent's name is the field's without its last two letters, as on all standard fields.
fn reference(
    name: &'static str,
    label: &'static str,
    reference_to: &'static [&'static str],
) -> Field {
    let relationship = name.strip_suffix("Id");
    Field {
        length: 18,
        reference_to,
        relationship,
        ..field(name, label, FieldType::Reference)
    }
}

impl Field {
    /// Createable and updateable.
    fn rw(self) -> Field {
        Field {
            createable: true,
            updateable: true,
            ..self
        }
    }

    fn create_only(self) -> Field {
        Field {
            createable: true,
            ..self
        }
    }

    fn update_only(self) -> Field {
        Field {
            updateable: true,
            ..self
        }
    }

    /// Never empty.
    fn not_null(self) -> Field {
        Field {
            nillable: false,
            ..self
        }
    }

    fn default(self, value: &'static str) -> Field {
        Field {
            default: DefaultValue::Text(value),
            ..self
        }
    }

    /// Filled in by the platform.
    fn platform(self) -> Field {
        Field {
            default: DefaultValue::Platform,
            ..self
        }
    }

    fn restricted(self) -> Field {
        Field {
            restricted: true,
            ..self
        }
    }

    fn name_field(self) -> Field {
        Field {
            name_field: true,
            ..self
        }
    }

    fn id_lookup(self) -> Field {
        Field {
            id_lookup: true,
            ..self
        }
    }

    fn children(self, name: &'static str) -> Field {
        Field {
            children: Some(name),
            ..self
        }
    }

    fn cascade(self) -> Field {
        Field {
            cascade_delete: true,
            ..self
        }
    }

    fn part_of(self, compound: &'static str) -> Field {
        Field {
            compound: Some(compound),
            ..self
        }
    }

    fn extra(self, extra_type: &'static str) -> Field {
        Field {
            extra_type: Some(extra_type),
            ..self
        }
    }
}

/// The custom text field by which a caller makes creates repeatable: unique, ignoring case.
fn create_once_key() -> Field {
    Field {
        external_id: true,
        unique: true,
        id_lookup: true,
        ..text("Crmkit_Key__c", "Crmkit Key", 64).rw()
    }
}

/// The name in its parts, and the whole, which the platform composes.
fn person_name() -> Vec<Field> {
    let part = |field: Field| field.rw().part_of("Name").extra("personname");
    vec![
        part(text("LastName", "Last Name", 80)).not_null(),
        part(text("FirstName", "First Name", 40)),
        part(picklist("Salutation", "Salutation", 40, list::SALUTATION)),
        text("Name", "Full Name", 121)
            .not_null()
            .name_field()
            .extra("personname"),
    ]
}

/// Names and labels of one address block: street, city, state, postal code, country, latitude, longitude, accuracy
/// and the compound.
type AddressNames = [(&'static str, &'static str); 9];

macro_rules! address_names {
    ($prefix:literal, $label:literal) => {
        [
            (concat!($prefix, "Street"), concat!($label, "Street")),
            (concat!($prefix, "City"), concat!($label, "City")),
            (concat!($prefix, "State"), concat!($label, "State/Province")),
            (
                concat!($prefix, "PostalCode"),
                concat!($label, "Zip/Postal Code"),
            ),
            (concat!($prefix, "Country"), concat!($label, "Country")),
            (concat!($prefix, "Latitude"), concat!($label, "Latitude")),
            (concat!($prefix, "Longitude"), concat!($label, "Longitude")),
            (
                concat!($prefix, "GeocodeAccuracy"),
                concat!($label, "Geocode Accuracy"),
            ),
            (concat!($prefix, "Address"), concat!($label, "Address")),
        ]
    };
}

fn address(
    [
        street,
        city,
        state,
        code,
        country,
        latitude,
        longitude,
        accuracy,
        whole,
    ]: AddressNames,
) -> Vec<Field> {
    let part = |field: Field| field.rw().part_of(whole.0);
    let degrees = |(name, label)| part(decimal(name, label, FieldType::Double, 18, 15));
    vec![
        part(Field {
            length: 255,
            ..field(street.0, street.1, FieldType::Textarea)
        })
        .extra("plaintextarea"),
        part(text(city.0, city.1, 40)),
        part(text(state.0, state.1, 80)),
        part(text(code.0, code.1, 20)),
        part(text(country.0, country.1, 80)),
        degrees(latitude),
        degrees(longitude),
        part(picklist(accuracy.0, accuracy.1, 40, list::GEOCODE_ACCURACY)).restricted(),
        field(whole.0, whole.1, FieldType::Address),
    ]
}

fn id(label: &'static str) -> Field {
    Field {
        length: 18,
        ..field("Id", label, FieldType::Id)
            .not_null()
            .platform()
            .id_lookup()
    }
}

fn is_deleted() -> Field {
    boolean("IsDeleted", "Deleted")
}

fn master_record(object: &'static [&'static str]) -> Field {
    reference("MasterRecordId", "Master Record ID", object)
}

fn owner(label: &'static str, reference_to: &'static [&'static str]) -> Field {
    Field {
        default: DefaultValue::CurrentUser,
        ..reference("OwnerId", label, reference_to).rw().not_null()
    }
}

/// Who created and last changed a record, and when.
fn audit() -> Vec<Field> {
    let user = |name, label| reference(name, label, &["User"]).not_null().platform();
    let stamp = |name, label| datetime(name, label).not_null().platform();
    vec![
        stamp("CreatedDate", "Created Date"),
        user("CreatedById", "Created By ID"),
        stamp("LastModifiedDate", "Last Modified Date"),
        user("LastModifiedById", "Last Modified By ID"),
        stamp("SystemModstamp", "System Modstamp"),
    ]
}

/// The user's own traces, which no stamp records.
fn viewed() -> Vec<Field> {
    vec![
        datetime("LastViewedDate", "Last Viewed Date"),
        datetime("LastReferencedDate", "Last Referenced Date"),
    ]
}

const FULL: Abilities = Abilities {
    createable: true,
    updateable: true,
    deletable: true,
    undeletable: true,
    mergeable: false,
    searchable: true,
    replicateable: true,
    layoutable: true,
    triggerable: true,
    feeds: true,
    most_recently_used: true,
};
const MERGEABLE: Abilities = Abilities {
    mergeable: true,
    ..FULL
};
/// Set up by an administrator, only read through the API.
const SETUP: Abilities = Abilities {
    createable: false,
    updateable: false,
    deletable: false,
    undeletable: false,
    mergeable: false,
    searchable: false,
    replicateable: true,
    layoutable: false,
    triggerable: false,
    feeds: false,
    most_recently_used: false,
};

/// All objects, parents and children in no particular order.
pub(super) fn standard() -> Vec<Object> {
    vec![
        account(),
        contact(),
        lead(),
        opportunity(),
        opportunity_contact_role(),
        task(),
        note(),
        user(),
        profile(),
        group(),
        record_type(),
        opportunity_stage(),
        task_status(),
        task_priority(),
        lead_status(),
        organization(),
    ]
}

fn build(object: Object, can: Abilities, groups: Vec<Vec<Field>>) -> Object {
    Object {
        can,
        fields: groups.into_iter().flatten().collect(),
        ..object
    }
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
            reference("ParentId", "Parent Account ID", &["Account"])
                .rw()
                .children("ChildAccounts"),
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
            boolean("IsPartner", "Partner Account").update_only(),
            boolean("IsCustomerPortal", "Customer Portal Account").update_only(),
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawCompanyId", "Jigsaw Company ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS)
                .rw()
                .restricted(),
            picklist("AccountSource", "Account Source", 40, list::LEAD_SOURCE).rw(),
            text("DunsNumber", "D-U-N-S Number", 9).rw(),
            text("Tradestyle", "Tradestyle", 255).rw(),
            text("NaicsCode", "NAICS Code", 8).rw(),
            text("NaicsDesc", "NAICS Description", 120).rw(),
            text("YearStarted", "Year Started", 4).rw(),
            text("SicDesc", "SIC Description", 80).rw(),
            create_once_key(),
            text("Customer_Code__c", "Customer Code", 40).rw(),
        ],
    ];
    build(
        Object::new("Account", "Account", "Accounts", "001"),
        MERGEABLE,
        fields,
    )
}

fn contact() -> Object {
    let fields = vec![
        vec![
            id("Contact ID"),
            is_deleted(),
            master_record(&["Contact"]),
            reference("AccountId", "Account ID", &["Account"])
                .rw()
                .children("Contacts")
                .cascade(),
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
            text("EmailBouncedReason", "Email Bounced Reason", 255).rw(),
            datetime("EmailBouncedDate", "Email Bounced Date").rw(),
            boolean("IsEmailBounced", "Is Email Bounced"),
            url("PhotoUrl", "Photo URL").extra("imageurl"),
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawContactId", "Jigsaw Contact ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS)
                .rw()
                .restricted(),
            create_once_key(),
            // External, but not unique: the only way to meet several matches besides Email.
            Field {
                external_id: true,
                id_lookup: true,
                ..text("Legacy_Id__c", "Legacy Id", 40).rw()
            },
            picklist("Tier__c", "Tier", 255, list::TIER)
                .rw()
                .restricted(),
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
    build(
        Object::new("Contact", "Contact", "Contacts", "003"),
        MERGEABLE,
        fields,
    )
}

fn lead() -> Object {
    let fields = vec![
        vec![id("Lead ID"), is_deleted(), master_record(&["Lead"])],
        person_name(),
        vec![
            text("Title", "Title", 128).rw(),
            text("Company", "Company", 255).rw().not_null(),
        ],
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
            picklist("Status", "Status", 255, list::LEAD_STATUS)
                .rw()
                .not_null()
                .default("Open - Not Contacted"),
            picklist("Industry", "Industry", 255, list::INDUSTRY).rw(),
            picklist("Rating", "Rating", 255, list::RATING).rw(),
            currency("AnnualRevenue", "Annual Revenue", 0).rw(),
            int("NumberOfEmployees", "Employees").rw(),
            owner("Owner ID", &["Group", "User"]),
            boolean("HasOptedOutOfEmail", "Email Opt Out").rw(),
            boolean("DoNotCall", "Do Not Call").rw(),
            boolean("IsConverted", "Converted").create_only(),
            date("ConvertedDate", "Converted Date"),
            reference("ConvertedAccountId", "Converted Account ID", &["Account"]),
            reference("ConvertedContactId", "Converted Contact ID", &["Contact"]),
            reference(
                "ConvertedOpportunityId",
                "Converted Opportunity ID",
                &["Opportunity"],
            ),
            boolean("IsUnreadByOwner", "Unread By Owner").rw(),
        ],
        audit(),
        vec![date("LastActivityDate", "Last Activity")],
        viewed(),
        vec![
            text("Jigsaw", "Data.com Key", 20).rw(),
            text("JigsawContactId", "Jigsaw Contact ID", 20),
            picklist("CleanStatus", "Clean Status", 40, list::CLEAN_STATUS)
                .rw()
                .restricted(),
            text("CompanyDunsNumber", "Company D-U-N-S Number", 9).rw(),
            text("EmailBouncedReason", "Email Bounced Reason", 255).update_only(),
            datetime("EmailBouncedDate", "Email Bounced Date").update_only(),
        ],
    ];
    build(
        Object::new("Lead", "Lead", "Leads", "00Q"),
        MERGEABLE,
        fields,
    )
}

fn opportunity() -> Object {
    let fields = vec![
        vec![
            id("Opportunity ID"),
            is_deleted(),
            reference("AccountId", "Account ID", &["Account"])
                .rw()
                .children("Opportunities")
                .cascade(),
            reference("RecordTypeId", "Record Type ID", &["RecordType"]).rw(),
            boolean("IsPrivate", "Private").rw(),
            text("Name", "Name", 120)
                .rw()
                .not_null()
                .name_field()
                .id_lookup(),
            description("Description").rw(),
            picklist("StageName", "Stage", 255, list::STAGE_NAME)
                .rw()
                .not_null(),
            currency("Amount", "Amount", 2).rw(),
            decimal("Probability", "Probability (%)", FieldType::Percent, 3, 0)
                .rw()
                .platform(),
            currency("ExpectedRevenue", "Expected Amount", 2),
            decimal(
                "TotalOpportunityQuantity",
                "Quantity",
                FieldType::Double,
                18,
                2,
            )
            .rw(),
            date("CloseDate", "Close Date").rw().not_null(),
            picklist("Type", "Opportunity Type", 255, list::OPPORTUNITY_TYPE).rw(),
            text("NextStep", "Next Step", 255).rw(),
            picklist("LeadSource", "Lead Source", 255, list::LEAD_SOURCE).rw(),
            boolean("IsClosed", "Closed"),
            boolean("IsWon", "Won"),
            picklist(
                "ForecastCategory",
                "Forecast Category",
                40,
                list::FORECAST_CATEGORY,
            )
            .not_null()
            .restricted(),
            picklist(
                "ForecastCategoryName",
                "Forecast Category",
                255,
                list::FORECAST_CATEGORY_NAME,
            )
            .rw()
            .platform()
            .restricted(),
            boolean("HasOpportunityLineItem", "Has Line Item"),
            owner("Owner ID", &["User"]),
        ],
        audit(),
        vec![
            date("LastActivityDate", "Last Activity"),
            datetime("LastStageChangeDate", "Last Stage Change Date"),
            int("FiscalQuarter", "Fiscal Quarter").part_of("Fiscal"),
            int("FiscalYear", "Fiscal Year").part_of("Fiscal"),
            text("Fiscal", "Fiscal Period", 6),
            Field {
                relationship: None,
                ..reference("ContactId", "Contact ID", &["Contact"]).create_only()
            }
            .children("Opportunities"),
        ],
        viewed(),
        vec![
            create_once_key(),
            decimal("Margin__c", "Margin", FieldType::Percent, 5, 2).rw(),
        ],
    ];
    build(
        Object::new("Opportunity", "Opportunity", "Opportunities", "006"),
        FULL,
        fields,
    )
}

fn opportunity_contact_role() -> Object {
    let part = |field: Field| {
        field
            .not_null()
            .children("OpportunityContactRoles")
            .cascade()
    };
    let fields = vec![
        vec![
            id("Contact Role ID"),
            part(reference("OpportunityId", "Opportunity ID", &["Opportunity"]).create_only()),
            part(reference("ContactId", "Contact ID", &["Contact"]).rw()),
            picklist("Role", "Role", 40, list::CONTACT_ROLE).rw(),
            boolean("IsPrimary", "Primary").rw(),
        ],
        audit(),
        vec![is_deleted()],
    ];
    let label = "Opportunity Contact Role";
    let can = Abilities {
        undeletable: false,
        searchable: false,
        feeds: false,
        most_recently_used: false,
        ..FULL
    };
    build(
        Object::new("OpportunityContactRole", label, label, "00K"),
        can,
        fields,
    )
}

fn task() -> Object {
    let parent = |field: Field| field.rw().children("Tasks").cascade();
    let fields = vec![
        vec![
            id("Activity ID"),
            parent(reference("WhoId", "Name ID", &["Contact", "Lead"])),
            parent(reference(
                "WhatId",
                "Related To ID",
                &["Account", "Opportunity"],
            )),
            Field {
                length: 255,
                picklist: list::SUBJECT,
                ..field("Subject", "Subject", FieldType::Combobox)
            }
            .rw(),
            date("ActivityDate", "Due Date Only").rw(),
            picklist("Status", "Status", 255, list::TASK_STATUS)
                .rw()
                .not_null()
                .default("Not Started"),
            picklist("Priority", "Priority", 255, list::TASK_PRIORITY)
                .rw()
                .not_null()
                .default("Normal"),
            boolean("IsHighPriority", "High Priority"),
            owner("Assigned To ID", &["Group", "User"]),
            description("Description").rw(),
            is_deleted(),
            reference("AccountId", "Account ID", &["Account"]),
            boolean("IsClosed", "Closed"),
        ],
        audit(),
        vec![
            boolean("IsArchived", "Archived"),
            int("CallDurationInSeconds", "Call Duration").rw(),
            picklist("CallType", "Call Type", 40, list::CALL_TYPE).rw(),
            text("CallDisposition", "Call Result", 255).rw(),
            text("CallObject", "Call Object Identifier", 255).rw(),
            datetime("ReminderDateTime", "Reminder Date/Time").rw(),
            boolean("IsReminderSet", "Reminder Set").rw(),
            boolean("IsRecurrence", "Create Recurring Series of Tasks"),
            picklist("Type", "Type", 40, list::TASK_TYPE).rw(),
            picklist("TaskSubtype", "Task Subtype", 40, list::TASK_SUBTYPE)
                .create_only()
                .default("Task")
                .restricted(),
            datetime("CompletedDateTime", "Completed Date/Time"),
            create_once_key(),
        ],
    ];
    build(Object::new("Task", "Task", "Tasks", "00T"), FULL, fields)
}

fn note() -> Object {
    let parents = &["Account", "Contact", "Lead", "Opportunity"];
    let fields = vec![
        vec![
            id("Note Id"),
            is_deleted(),
            reference("ParentId", "Parent ID", parents)
                .rw()
                .not_null()
                .children("Notes")
                .cascade(),
            text("Title", "Title", 80).rw().not_null().name_field(),
            boolean("IsPrivate", "Private").rw(),
            long_text("Body", "Body").rw(),
            owner("Owner ID", &["User"]),
        ],
        audit(),
    ];
    let can = Abilities {
        feeds: false,
        triggerable: false,
        layoutable: false,
        most_recently_used: false,
        ..FULL
    };
    build(Object::new("Note", "Note", "Notes", "002"), can, fields)
}

fn user() -> Object {
    let setting = |name, label, values| {
        picklist(name, label, 40, values)
            .rw()
            .not_null()
            .restricted()
    };
    let fields = vec![
        vec![
            id("User ID"),
            Field {
                unique: true,
                id_lookup: true,
                ..text("Username", "Username", 80).rw().not_null()
            },
            text("LastName", "Last Name", 80).rw().not_null(),
            text("FirstName", "First Name", 40).rw(),
            text("Name", "Full Name", 121)
                .not_null()
                .name_field()
                .extra("personname"),
            text("CompanyName", "Company Name", 80).rw(),
            text("Division", "Division", 80).rw(),
            text("Department", "Department", 80).rw(),
            text("Title", "Title", 80).rw(),
        ],
        address(address_names!("", "")),
        vec![
            Field {
                length: 128,
                ..email("Email", "Email").rw().not_null().id_lookup()
            },
            phone("Phone", "Phone").rw(),
            phone("Fax", "Fax").rw(),
            phone("MobilePhone", "Mobile").rw(),
            text("Alias", "Alias", 8).rw().not_null(),
            text("CommunityNickname", "Nickname", 40).rw().platform(),
            boolean("IsActive", "Active").rw(),
            setting("TimeZoneSidKey", "Time Zone", list::TIME_ZONE),
            setting("LocaleSidKey", "Locale", list::LOCALE),
            setting("EmailEncodingKey", "Email Encoding", list::EMAIL_ENCODING),
            reference("ProfileId", "Profile ID", &["Profile"])
                .rw()
                .not_null(),
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
    let can = Abilities {
        deletable: false,
        undeletable: false,
        ..FULL
    };
    build(Object::new("User", "User", "Users", "005"), can, fields)
}

fn profile() -> Object {
    let fields = vec![
        vec![
            id("Profile ID"),
            text("Name", "Name", 255).not_null().name_field(),
            picklist("UserType", "User Type", 40, list::USER_TYPE).restricted(),
            text("Description", "Description", 255),
        ],
        audit(),
    ];
    build(
        Object::new("Profile", "Profile", "Profile", "00e"),
        SETUP,
        fields,
    )
}

fn group() -> Object {
    let fields = vec![
        vec![
            id("Group ID"),
            text("Name", "Name", 40).not_null().name_field(),
            text("DeveloperName", "Developer Name", 80),
            picklist("Type", "Type", 40, list::GROUP_TYPE)
                .not_null()
                .restricted(),
            email("Email", "Email"),
        ],
        audit(),
    ];
    build(Object::new("Group", "Group", "Group", "00G"), SETUP, fields)
}

fn record_type() -> Object {
    let fields = vec![
        vec![
            id("Record Type ID"),
            text("Name", "Name", 80).not_null().name_field(),
            text("DeveloperName", "Record Type Name", 80).not_null(),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("Description", "Description", 255),
            picklist("SobjectType", "SObject Type Name", 40, list::SOBJECT_TYPE)
                .not_null()
                .restricted(),
            boolean("IsActive", "Active"),
        ],
        audit(),
    ];
    build(
        Object::new("RecordType", "Record Type", "Record Types", "012"),
        SETUP,
        fields,
    )
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

fn opportunity_stage() -> Object {
    let fields = vec![
        list_entry("Opportunity Stage ID"),
        vec![
            boolean("IsActive", "Is Active"),
            boolean("IsClosed", "Closed"),
            boolean("IsWon", "Won"),
            picklist(
                "ForecastCategory",
                "Forecast Category",
                40,
                list::FORECAST_CATEGORY,
            )
            .not_null()
            .restricted(),
            picklist(
                "ForecastCategoryName",
                "Forecast Category Name",
                255,
                list::FORECAST_CATEGORY_NAME,
            ),
            decimal(
                "DefaultProbability",
                "Probability (%)",
                FieldType::Percent,
                3,
                0,
            ),
            text("Description", "Description", 255),
        ],
        audit(),
    ];
    build(
        Object::new(
            "OpportunityStage",
            "Opportunity Stage",
            "Opportunity Stage",
            "01J",
        ),
        SETUP,
        fields,
    )
}

fn task_status() -> Object {
    let flags = vec![
        boolean("IsDefault", "Is Default"),
        boolean("IsClosed", "Closed"),
    ];
    let fields = vec![list_entry("Task Status ID"), flags, audit()];
    build(
        Object::new(
            "TaskStatus",
            "Task Status Value",
            "Task Status Value",
            "01T",
        ),
        SETUP,
        fields,
    )
}

fn task_priority() -> Object {
    let flags = vec![
        boolean("IsDefault", "Is Default"),
        boolean("IsHighPriority", "Is High Priority"),
    ];
    let fields = vec![list_entry("Task Priority ID"), flags, audit()];
    build(
        Object::new(
            "TaskPriority",
            "Task Priority Value",
            "Task Priority Value",
            "01P",
        ),
        SETUP,
        fields,
    )
}

fn lead_status() -> Object {
    let flags = vec![
        boolean("IsDefault", "Is Default"),
        boolean("IsConverted", "Converted"),
    ];
    let fields = vec![list_entry("Lead Status Value ID"), flags, audit()];
    build(
        Object::new(
            "LeadStatus",
            "Lead Status Value",
            "Lead Status Value",
            "01O",
        ),
        SETUP,
        fields,
    )
}

fn organization() -> Object {
    let fields = vec![
        vec![
            id("Organization ID"),
            text("Name", "Name", 80).not_null().name_field(),
        ],
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
    let mut object = build(
        Object::new("Organization", "Organization", "Organization", "00D"),
        SETUP,
        fields,
    );
    // The address of the organisation is changed in its setup, not through the API.
    object
        .fields
        .iter_mut()
        .for_each(|field| (field.createable, field.updateable) = (false, false));
    object
}
