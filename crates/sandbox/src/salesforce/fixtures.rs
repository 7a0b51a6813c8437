//! What an organisation holds from its first day: the organisation itself, users, queues, products, stages and
//! statuses.

use chrono::{DateTime, Utc};

use super::derive::person_name;
use super::ids::SfId;
use super::org::Fixtures;
use super::schema::{ObjectIndex, Schema};
use super::store::{Row, Store};
use super::value::Value;

/// Puts fixture rows into the store, all stamped with the same moment and user.
struct Maker<'a> {
    schema: &'a Schema,
    store: &'a mut Store,
    now: DateTime<Utc>,
    creator: SfId,
}

impl Maker<'_> {
    fn object(&self, name: &str) -> ObjectIndex {
        self.schema.find(name).unwrap_or_default()
    }

    fn row(&mut self, object: &str, id: Option<SfId>, fields: &[(&str, Value)]) -> SfId {
        let index = self.object(object);
        let id = id.unwrap_or_else(|| self.store.next_id(index));
        let definition = self.schema.object(index);
        let mut row = Row::new(definition, id);
        for (name, value) in fields {
            row.set(definition, name, value.clone());
        }
        if object == "User" {
            person_name(definition, &mut row);
        }
        for stamp in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            row.set(definition, stamp, Value::DateTime(self.now));
        }
        for user in ["CreatedById", "LastModifiedById"] {
            row.set(definition, user, Value::Id(self.creator));
        }
        self.store.put(index, row);
        id
    }

    /// A list such as `TaskStatus`: label, and one flag or more per entry.
    fn list(&mut self, object: &str, entries: &[(&str, &[&str])]) {
        for (place, (label, flags)) in (1..).zip(entries) {
            let mut fields =
                vec![("MasterLabel", text(label)), ("ApiName", text(label)), ("SortOrder", Value::Int(place))];
            fields.extend(flags.iter().map(|flag| (*flag, Value::Bool(true))));
            self.row(object, None, &fields);
        }
    }
}

fn text(text: &str) -> Value {
    Value::text(text)
}

/// The fields that every user needs.
pub(crate) fn user_fields(
    profile: SfId,
    first: &str,
    last: &str,
    email: &str,
    active: bool,
) -> Vec<(&'static str, Value)> {
    let local = email.split('@').next().unwrap_or_default();
    let alias: String = local.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    vec![
        ("Username", text(email)),
        ("FirstName", text(first)),
        ("LastName", text(last)),
        ("Email", text(email)),
        ("Alias", text(&alias)),
        ("CommunityNickname", text(local)),
        ("IsActive", Value::Bool(active)),
        ("TimeZoneSidKey", text("GMT")),
        ("LocaleSidKey", text("en_US")),
        ("LanguageLocaleKey", text("en_US")),
        ("EmailEncodingKey", text("UTF-8")),
        ("UserType", text("Standard")),
        ("ProfileId", Value::Id(profile)),
    ]
}

/// Sets up a new organisation.
pub(crate) fn create(schema: &Schema, store: &mut Store, now: DateTime<Utc>) -> Fixtures {
    let users = schema.find("User").unwrap_or_default();
    let creator = store.next_id(users);
    let mut maker = Maker { schema, store, now, creator };
    let organization = maker.row(
        "Organization",
        None,
        &[
            ("Name", text("Crmkit Sandbox Org")),
            ("InstanceName", text("CS77")),
            ("IsSandbox", Value::Bool(true)),
            ("OrganizationType", text("Developer Edition")),
            ("DefaultLocaleSidKey", text("en_US")),
            ("LanguageLocaleKey", text("en_US")),
            ("TimeZoneSidKey", text("GMT")),
            ("FiscalYearStartMonth", Value::Int(1)),
        ],
    );
    let profile = maker.row("Profile", None, &[("Name", text("System Administrator")), ("UserType", text("Standard"))]);
    let integration = user_fields(profile, "Integration", "User", "integration@crmkit.example", true);
    let integration_user = maker.row("User", Some(creator), &integration);
    let human = user_fields(profile, "Robin", "Desk", "robin.desk@crmkit.example", true);
    let human_user = maker.row("User", None, &human);
    for (object, name, developer_name) in [
        ("Account", "Customer", "Customer"),
        ("Account", "Partner", "Partner"),
        ("Opportunity", "New Business", "New_Business"),
        ("Opportunity", "Renewal", "Renewal"),
    ] {
        let fields = [
            ("Name", text(name)),
            ("DeveloperName", text(developer_name)),
            ("SobjectType", text(object)),
            ("IsActive", Value::Bool(true)),
        ];
        maker.row("RecordType", None, &fields);
    }
    teams(&mut maker);
    views(&mut maker);
    prices(&mut maker);
    stages(&mut maker);
    maker.list(
        "CaseStatus",
        &[("New", &["IsDefault"]), ("Working", &[]), ("Escalated", &[]), ("Closed", &["IsClosed"])],
    );
    maker.list(
        "TaskStatus",
        &[
            ("Not Started", &["IsDefault"]),
            ("In Progress", &[]),
            ("Completed", &["IsClosed"]),
            ("Waiting on someone else", &[]),
            ("Deferred", &[]),
        ],
    );
    maker.list("TaskPriority", &[("High", &["IsHighPriority"]), ("Normal", &["IsDefault"]), ("Low", &[])]);
    maker.list(
        "LeadStatus",
        &[
            ("Open - Not Contacted", &["IsDefault"]),
            ("Working - Contacted", &[]),
            ("Closed - Converted", &["IsConverted"]),
            ("Closed - Not Converted", &[]),
        ],
    );
    Fixtures { organization, integration_user, human_user }
}

/// Roles, and the queues that own what nobody has taken yet.
fn teams(maker: &mut Maker<'_>) {
    let boss =
        maker.row("UserRole", None, &[("Name", text("Sales Director")), ("DeveloperName", text("SalesDirector"))]);
    let rep = [("Name", text("Sales Rep")), ("DeveloperName", text("SalesRep")), ("ParentRoleId", Value::Id(boss))];
    maker.row("UserRole", None, &rep);
    for (name, developer_name, object) in
        [("New Leads", "New_Leads", "Lead"), ("Support", "Support", "Case"), ("Unassigned", "Unassigned", "Task")]
    {
        let queue = [
            ("Name", text(name)),
            ("DeveloperName", text(developer_name)),
            ("Type", text("Queue")),
            ("OwnerId", Value::Id(maker.creator)),
        ];
        let queue = maker.row("Group", None, &queue);
        maker.row("QueueSobject", None, &[("QueueId", Value::Id(queue)), ("SobjectType", text(object))]);
        let member = Value::Id(maker.creator);
        maker.row("GroupMember", None, &[("GroupId", Value::Id(queue)), ("UserOrGroupId", member)]);
    }
    for object in ["Lead", "Case"] {
        let fields = [("Name", text("Standard")), ("SobjectType", text(object)), ("Active", Value::Bool(false))];
        maker.row("AssignmentRule", None, &fields);
    }
    for (object, name) in [("Opportunity", "Sales Process"), ("Lead", "Lead Process"), ("Case", "Support Process")] {
        let fields = [("Name", text(name)), ("TableEnumOrId", text(object)), ("IsActive", Value::Bool(true))];
        maker.row("BusinessProcess", None, &fields);
    }
}

/// All records, and one's own, of what people work with.
fn views(maker: &mut Maker<'_>) {
    let objects: Vec<(&str, &str)> = maker
        .schema
        .objects
        .iter()
        .filter(|object| object.can.layoutable && object.can.most_recently_used && object.position("OwnerId").is_some())
        .map(|object| (object.name, object.label_plural))
        .collect();
    for (object, plural) in objects {
        let compact = plural.replace(' ', "");
        for (name, developer_name) in
            [(format!("All {plural}"), format!("All{compact}")), (format!("My {plural}"), format!("My{compact}"))]
        {
            let fields = [
                ("Name", text(&name)),
                ("DeveloperName", text(&developer_name)),
                ("SobjectType", text(object)),
                ("IsSoqlCompatible", Value::Bool(true)),
            ];
            maker.row("ListView", None, &fields);
        }
    }
}

/// Three products at their standard prices, and a price book for partners.
fn prices(maker: &mut Maker<'_>) {
    let book = |name: &str, standard| {
        [("Name", text(name)), ("IsActive", Value::Bool(true)), ("IsStandard", Value::Bool(standard))]
    };
    let standard = maker.row("Pricebook2", None, &book("Standard Price Book", true));
    let partners = maker.row("Pricebook2", None, &book("Partner Prices", false));
    for (name, code, family, price) in [
        ("Field Sensor", "FS-100", "Hardware", 240),
        ("Installation", "IN-1", "Services", 900),
        ("Analytics Suite", "AN-9", "Software", 4_800),
    ] {
        let product = [
            ("Name", text(name)),
            ("ProductCode", text(code)),
            ("Family", text(family)),
            ("IsActive", Value::Bool(true)),
        ];
        let product = maker.row("Product2", None, &product);
        for (book, price) in [(standard, price), (partners, price * 8 / 10)] {
            let entry = [
                ("Name", text(name)),
                ("ProductCode", text(code)),
                ("Pricebook2Id", Value::Id(book)),
                ("Product2Id", Value::Id(product)),
                ("UnitPrice", Value::Decimal(price.into())),
                ("IsActive", Value::Bool(true)),
            ];
            maker.row("PricebookEntry", None, &entry);
        }
    }
}

/// The stages of a new organisation.
fn stages(maker: &mut Maker<'_>) {
    let stages = [
        ("Prospecting", 10, "Pipeline"),
        ("Qualification", 10, "Pipeline"),
        ("Needs Analysis", 20, "Pipeline"),
        ("Value Proposition", 50, "Pipeline"),
        ("Id. Decision Makers", 60, "Pipeline"),
        ("Perception Analysis", 70, "Pipeline"),
        ("Proposal/Price Quote", 75, "Pipeline"),
        ("Negotiation/Review", 90, "Pipeline"),
        ("Closed Won", 100, "Closed"),
        ("Closed Lost", 0, "Omitted"),
    ];
    for (place, (label, percent, category)) in (1..).zip(stages) {
        let fields = [
            ("MasterLabel", text(label)),
            ("ApiName", text(label)),
            ("SortOrder", Value::Int(place)),
            ("IsActive", Value::Bool(true)),
            ("IsClosed", Value::Bool(label.starts_with("Closed"))),
            ("IsWon", Value::Bool(label == "Closed Won")),
            ("ForecastCategory", text(category)),
            ("ForecastCategoryName", text(category)),
            ("DefaultProbability", Value::Decimal(percent.into())),
        ];
        maker.row("OpportunityStage", None, &fields);
    }
}
