//! What an organisation holds from its first day: the organisation itself, users, stages and statuses.

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
    stages(&mut maker);
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
