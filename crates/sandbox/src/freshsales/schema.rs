//! The fields of contacts, sales accounts and deals: which exist, in which order they travel, and what may be
//! written into them.

use serde::Serialize;

/// The three kinds of record that share views, search, upsert and the recycle bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) enum Entity {
    Contact,
    SalesAccount,
    Deal,
}

impl Entity {
    pub(super) const ALL: [Entity; 3] = [Entity::Contact, Entity::SalesAccount, Entity::Deal];

    /// The envelope of one record.
    pub(super) fn singular(self) -> &'static str {
        match self {
            Entity::Contact => "contact",
            Entity::SalesAccount => "sales_account",
            Entity::Deal => "deal",
        }
    }

    /// The path, and the envelope of many.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Entity::Contact => "contacts",
            Entity::SalesAccount => "sales_accounts",
            Entity::Deal => "deals",
        }
    }

    /// The name in `targetable_type` and `model_class_name`.
    pub(super) fn model(self) -> &'static str {
        match self {
            Entity::Contact => "Contact",
            Entity::SalesAccount => "SalesAccount",
            Entity::Deal => "Deal",
        }
    }

    /// By any of its names.
    pub(super) fn named(name: &str) -> Option<Entity> {
        Entity::ALL.into_iter().find(|entity| [entity.singular(), entity.plural(), entity.model()].contains(&name))
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Kind {
    Text,
    TextArea,
    /// A phone number, stored without separators.
    Phone,
    Number,
    /// Travels as text with at least one decimal place.
    Decimal,
    Checkbox,
    Date,
    DateTime,
    Dropdown,
    MultiSelect,
    /// The id of an item of the named selector.
    Select(&'static str),
    /// The id of a sales account.
    Account,
    Tags,
}

impl Kind {
    /// The name in field settings.
    pub(super) fn wire_name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::TextArea => "textarea",
            Kind::Phone => "phone_number",
            Kind::Number => "number",
            Kind::Decimal => "decimal",
            Kind::Checkbox => "checkbox",
            Kind::Date => "date",
            Kind::DateTime => "date_time",
            Kind::Dropdown | Kind::Select(_) => "dropdown",
            Kind::MultiSelect => "multi_select_dropdown",
            Kind::Account | Kind::Tags => "auto_complete",
        }
    }
}

/// A built-in field that may be written as a plain value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// One choice of a drop-down.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Choice {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) position: usize,
}

/// A custom field.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CustomField {
    pub(super) id: i64,
    pub(super) entity: Entity,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) choices: Vec<Choice>,
    pub(super) unique: bool,
}

const fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: false }
}

const fn required(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: true }
}

/// The writable plain fields. E-mails, phone lists, account links, tags and subscriptions have rules of their own.
pub(super) fn fields(entity: Entity) -> &'static [Field] {
    match entity {
        Entity::Contact => CONTACT_FIELDS,
        Entity::SalesAccount => ACCOUNT_FIELDS,
        Entity::Deal => DEAL_FIELDS,
    }
}

const CONTACT_FIELDS: &[Field] = &[
    field("first_name", "First name", Kind::Text),
    field("last_name", "Last name", Kind::Text),
    field("job_title", "Job title", Kind::Text),
    field("work_number", "Work", Kind::Phone),
    field("mobile_number", "Mobile", Kind::Phone),
    field("external_id", "External ID", Kind::Text),
    field("address", "Address", Kind::TextArea),
    field("city", "City", Kind::Text),
    field("state", "State", Kind::Text),
    field("zipcode", "Zipcode", Kind::Text),
    field("country", "Country", Kind::Text),
    field("owner_id", "Sales owner", Kind::Select("owners")),
    field("lifecycle_stage_id", "Lifecycle stage", Kind::Select("lifecycle_stages")),
    field("contact_status_id", "Status", Kind::Select("contact_statuses")),
    field("territory_id", "Territory", Kind::Select("territories")),
    field("lead_source_id", "Source", Kind::Select("lead_sources")),
    field("campaign_id", "Campaign", Kind::Select("campaigns")),
    field("medium", "Medium", Kind::Text),
    field("keyword", "Keyword", Kind::Text),
    field("time_zone", "Time zone", Kind::Text),
    field("facebook", "Facebook", Kind::Text),
    field("twitter", "Twitter", Kind::Text),
    field("linkedin", "LinkedIn", Kind::Text),
    field("work_email", "Work email", Kind::Text),
    field("tags", "Tags", Kind::Tags),
];

const ACCOUNT_FIELDS: &[Field] = &[
    required("name", "Name", Kind::Text),
    field("website", "Website", Kind::Text),
    field("phone", "Phone", Kind::Text),
    field("owner_id", "Sales owner", Kind::Select("owners")),
    field("number_of_employees", "Number of employees", Kind::Number),
    field("annual_revenue", "Annual revenue", Kind::Number),
    field("industry_type_id", "Industry type", Kind::Select("industry_types")),
    field("business_type_id", "Business type", Kind::Select("business_types")),
    field("territory_id", "Territory", Kind::Select("territories")),
    field("parent_sales_account_id", "Parent account", Kind::Account),
    field("address", "Address", Kind::TextArea),
    field("city", "City", Kind::Text),
    field("state", "State", Kind::Text),
    field("zipcode", "Zipcode", Kind::Text),
    field("country", "Country", Kind::Text),
    field("facebook", "Facebook", Kind::Text),
    field("twitter", "Twitter", Kind::Text),
    field("linkedin", "LinkedIn", Kind::Text),
    field("tags", "Tags", Kind::Tags),
];

const DEAL_FIELDS: &[Field] = &[
    required("name", "Name", Kind::Text),
    field("amount", "Deal value", Kind::Decimal),
    field("sales_account_id", "Account", Kind::Account),
    field("deal_pipeline_id", "Deal pipeline", Kind::Select("deal_pipelines")),
    field("deal_stage_id", "Deal stage", Kind::Select("deal_stages")),
    field("deal_reason_id", "Lost reason", Kind::Select("deal_reasons")),
    field("deal_type_id", "Type", Kind::Select("deal_types")),
    field("deal_payment_status_id", "Payment status", Kind::Select("deal_payment_statuses")),
    field("deal_product_id", "Product", Kind::Select("deal_products")),
    field("currency_id", "Currency", Kind::Select("currencies")),
    field("expected_close", "Expected close date", Kind::Date),
    field("closed_date", "Closed date", Kind::Date),
    field("probability", "Probability (%)", Kind::Number),
    field("forecast_category", "Forecast category", Kind::Number),
    field("owner_id", "Sales owner", Kind::Select("owners")),
    field("lead_source_id", "Source", Kind::Select("lead_sources")),
    field("campaign_id", "Campaign", Kind::Select("campaigns")),
    field("territory_id", "Territory", Kind::Select("territories")),
    field("tags", "Tags", Kind::Tags),
];

/// The keys of a full record in the order of the wire, without those that an include adds.
pub(super) fn wire_order(entity: Entity) -> &'static [&'static str] {
    match entity {
        Entity::Contact => CONTACT_WIRE,
        Entity::SalesAccount => ACCOUNT_WIRE,
        Entity::Deal => DEAL_WIRE,
    }
}

const CONTACT_WIRE: &[&str] = &[
    "id",
    "first_name",
    "last_name",
    "display_name",
    "avatar",
    "job_title",
    "city",
    "state",
    "zipcode",
    "country",
    "email",
    "emails",
    "time_zone",
    "work_number",
    "mobile_number",
    "address",
    "last_seen",
    "lead_score",
    "last_contacted",
    "open_deals_amount",
    "won_deals_amount",
    "links",
    "last_contacted_sales_activity_mode",
    "custom_field",
    "created_at",
    "updated_at",
    "keyword",
    "medium",
    "last_contacted_mode",
    "recent_note",
    "won_deals_count",
    "last_contacted_via_sales_activity",
    "completed_sales_sequences",
    "active_sales_sequences",
    "web_form_ids",
    "open_deals_count",
    "last_assigned_at",
    "tags",
    "facebook",
    "twitter",
    "linkedin",
    "is_deleted",
    "team_user_ids",
    "external_id",
    "work_email",
    "subscription_status",
    "subscription_types",
    "unsubscription_reason",
    "other_unsubscription_reason",
    "customer_fit",
    "record_type_id",
    "whatsapp_subscription_status",
    "sms_subscription_status",
    "last_seen_chat",
    "first_seen_chat",
    "locale",
    "total_sessions",
    "system_tags",
    "first_campaign",
    "first_medium",
    "first_source",
    "last_campaign",
    "last_medium",
    "last_source",
    "latest_campaign",
    "latest_medium",
    "latest_source",
    "mcr_id",
    "phone_numbers",
];

const ACCOUNT_WIRE: &[&str] = &[
    "id",
    "name",
    "address",
    "city",
    "state",
    "zipcode",
    "country",
    "number_of_employees",
    "annual_revenue",
    "website",
    "owner_id",
    "phone",
    "open_deals_amount",
    "open_deals_count",
    "won_deals_amount",
    "won_deals_count",
    "last_contacted",
    "last_contacted_mode",
    "facebook",
    "twitter",
    "linkedin",
    "links",
    "custom_field",
    "created_at",
    "updated_at",
    "avatar",
    "parent_sales_account_id",
    "recent_note",
    "last_contacted_via_sales_activity",
    "last_contacted_sales_activity_mode",
    "completed_sales_sequences",
    "active_sales_sequences",
    "last_assigned_at",
    "tags",
    "is_deleted",
    "team_user_ids",
    "web_form_ids",
    "record_type_id",
];

const DEAL_WIRE: &[&str] = &[
    "id",
    "name",
    "amount",
    "base_currency_amount",
    "expected_close",
    "closed_date",
    "stage_updated_time",
    "custom_field",
    "probability",
    "updated_at",
    "created_at",
    "deal_pipeline_id",
    "deal_stage_id",
    "age",
    "links",
    "recent_note",
    "completed_sales_sequences",
    "active_sales_sequences",
    "web_form_id",
    "upcoming_activities_time",
    "collaboration",
    "last_assigned_at",
    "last_contacted_sales_activity_mode",
    "last_contacted_via_sales_activity",
    "expected_deal_value",
    "is_deleted",
    "team_user_ids",
    "avatar",
    "forecast_category",
    "deal_prediction",
    "deal_prediction_last_updated_at",
    "freddy_forecast_metrics",
    "last_deal_prediction",
    "rotten_days",
    "tags",
];

/// An include that adds a foreign id to the record and the thing itself to a top-level array.
pub(super) struct Join {
    pub(super) include: &'static str,
    pub(super) key: &'static str,
    pub(super) selector: &'static str,
    /// The key of the array.
    pub(super) array: &'static str,
}

const fn join(include: &'static str, key: &'static str, selector: &'static str, array: &'static str) -> Join {
    Join { include, key, selector, array }
}

/// The includes that point into a selector.
pub(super) fn joins(entity: Entity) -> &'static [Join] {
    match entity {
        Entity::Contact => CONTACT_JOINS,
        Entity::SalesAccount => ACCOUNT_JOINS,
        Entity::Deal => DEAL_JOINS,
    }
}

const CONTACT_JOINS: &[Join] = &[
    join("owner", "owner_id", "owners", "users"),
    join("creater", "creater_id", "owners", "users"),
    join("updater", "updater_id", "owners", "users"),
    join("source", "lead_source_id", "lead_sources", "lead_sources"),
    join("campaign", "campaign_id", "campaigns", "campaigns"),
    join("territory", "territory_id", "territories", "territories"),
    join("contact_status", "contact_status_id", "contact_statuses", "contact_status"),
    join("lifecycle_stage", "lifecycle_stage_id", "lifecycle_stages", "lifecycle_stages"),
];

const ACCOUNT_JOINS: &[Join] = &[
    join("owner", "owner_id", "owners", "users"),
    join("creater", "creater_id", "owners", "users"),
    join("updater", "updater_id", "owners", "users"),
    join("territory", "territory_id", "territories", "territories"),
    join("business_type", "business_type_id", "business_types", "business_types"),
    join("industry_type", "industry_type_id", "industry_types", "industry_types"),
];

const DEAL_JOINS: &[Join] = &[
    join("owner", "owner_id", "owners", "users"),
    join("creater", "creater_id", "owners", "users"),
    join("updater", "updater_id", "owners", "users"),
    join("source", "lead_source_id", "lead_sources", "lead_sources"),
    join("campaign", "campaign_id", "campaigns", "campaigns"),
    join("territory", "territory_id", "territories", "territories"),
    join("deal_stage", "deal_stage_id", "deal_stages", "deal_stages"),
    join("deal_pipeline", "deal_pipeline_id", "deal_pipelines", "deal_pipelines"),
    join("deal_type", "deal_type_id", "deal_types", "deal_types"),
    join("deal_reason", "deal_reason_id", "deal_reasons", "deal_reasons"),
    join("deal_payment_status", "deal_payment_status_id", "deal_payment_statuses", "deal_payment_statuses"),
    join("deal_product", "deal_product_id", "deal_products", "deal_products"),
    join("currency", "currency_id", "currencies", "currencies"),
];
