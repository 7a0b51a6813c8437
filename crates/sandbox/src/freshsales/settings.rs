//! What an administrator has set up: users, pipelines, stages, drop-downs, custom fields, views.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use rust_decimal::Decimal;
use serde::Serialize;

use super::schema::{Choice, CustomField, Entity, Kind};

/// Ids per kind: from 70000000000 in odd steps, so that nobody relies on density.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    next: BTreeMap<&'static str, i64>,
    steps: Rng,
}

impl Ids {
    pub(super) fn new(steps: Rng) -> Ids {
        Ids { next: BTreeMap::new(), steps }
    }

    pub(super) fn next(&mut self, kind: &'static str) -> i64 {
        let step = self.steps.i64(0..5) * 2 + 1;
        let next = self.next.entry(kind).or_insert(70_000_000_000);
        let id = *next;
        *next += step;
        id
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) display_name: String,
    pub(super) email: String,
    pub(super) is_active: bool,
    pub(super) work_number: Option<String>,
    pub(super) mobile_number: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct LifecycleStage {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) position: usize,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ContactStatus {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) position: usize,
    pub(super) lifecycle_stage_id: i64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Pipeline {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) position: usize,
    pub(super) rotting_days: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Forecast {
    Open,
    Won,
    Lost,
}

impl Forecast {
    pub(super) fn label(self) -> &'static str {
        match self {
            Forecast::Open => "Open",
            Forecast::Won => "Closed Won",
            Forecast::Lost => "Closed Lost",
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct DealStage {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) position: usize,
    pub(super) forecast: Forecast,
    pub(super) pipeline_id: i64,
    pub(super) probability: i64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Currency {
    pub(super) id: i64,
    pub(super) code: &'static str,
    pub(super) exchange_rate: Decimal,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ActivityType {
    pub(super) id: i64,
    pub(super) name: &'static str,
    pub(super) internal_name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum ViewKind {
    All,
    Mine,
    New,
    RecentlyModified,
    Stage(Forecast),
    RecycleBin,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct View {
    pub(super) id: i64,
    pub(super) entity: Entity,
    pub(super) name: &'static str,
    pub(super) kind: ViewKind,
}

/// Simple drop-downs: selector name and the names in it.
const PICKLISTS: &[(&str, &[&str])] = &[
    ("deal_reasons", &["Price", "Features", "Competition", "No decision", "Timing"]),
    ("deal_types", &["New Business", "Existing Business"]),
    ("deal_payment_statuses", &["Pending", "Paid", "Overdue"]),
    ("deal_products", &["Basic", "Professional", "Enterprise"]),
    ("lead_sources", &["Web", "Phone Inquiry", "Partner Referral", "Trade Show", "Other"]),
    (
        "industry_types",
        &[
            "Construction",
            "Consulting",
            "Education",
            "Energy",
            "Finance",
            "Food",
            "Healthcare",
            "Manufacturing",
            "Retail",
            "Technology",
            "Transportation",
        ],
    ),
    ("business_types", &["Customer", "Partner", "Competitor", "Reseller", "Analyst"]),
    ("campaigns", &["Spring Fair", "Newsletter", "Partner Day"]),
    ("territories", &["AMER", "EMEA", "APAC"]),
];

const STAGES: &[(&str, Forecast, i64)] = &[
    // The first stage of a real account had probability 100.
    ("New", Forecast::Open, 100),
    ("Qualification", Forecast::Open, 25),
    ("Discovery", Forecast::Open, 40),
    ("Demo", Forecast::Open, 60),
    ("Negotiation", Forecast::Open, 80),
    ("Won", Forecast::Won, 100),
    ("Lost", Forecast::Lost, 0),
];

const LIFECYCLE: &[(&str, &[&str])] = &[
    ("Lead", &["New", "Contacted", "Interested", "Unqualified"]),
    ("Sales Qualified Lead", &["Qualified", "Negotiation", "Lost"]),
    ("Customer", &["Won", "Churned"]),
];

const ACTIVITY_TYPES: &[(&str, &str)] = &[
    ("Chat", "chat"),
    ("Phone", "phone"),
    ("Meeting", "appointment"),
    ("Task", "task"),
    ("Email", "email"),
    ("SMS Outgoing", "sms_outgoing"),
    ("Reminder", "reminder"),
    ("SMS Incoming", "sms_incoming"),
];

#[derive(Debug, Clone, Serialize)]
pub(super) struct Settings {
    pub(super) created_at: DateTime<Utc>,
    pub(super) users: Vec<User>,
    pub(super) lifecycle_stages: Vec<LifecycleStage>,
    pub(super) contact_statuses: Vec<ContactStatus>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) deal_stages: Vec<DealStage>,
    pub(super) currencies: Vec<Currency>,
    pub(super) activity_types: Vec<ActivityType>,
    pub(super) activity_outcomes: Vec<(i64, Choice)>,
    pub(super) picklists: BTreeMap<&'static str, Vec<Choice>>,
    pub(super) custom_fields: Vec<CustomField>,
    pub(super) views: Vec<View>,
}

impl Settings {
    pub(super) fn new(ids: &mut Ids, now: DateTime<Utc>) -> Settings {
        let mut settings = Settings {
            created_at: now,
            users: Vec::new(),
            lifecycle_stages: Vec::new(),
            contact_statuses: Vec::new(),
            pipelines: Vec::new(),
            deal_stages: Vec::new(),
            currencies: Vec::new(),
            activity_types: Vec::new(),
            activity_outcomes: Vec::new(),
            picklists: BTreeMap::new(),
            custom_fields: Vec::new(),
            views: views(ids),
        };
        settings.add_lifecycle(ids);
        settings.add_pipelines(ids);
        for (code, cents) in [("USD", 100), ("EUR", 108), ("GBP", 127)] {
            let exchange_rate = Decimal::new(cents, 2);
            settings.currencies.push(Currency { id: ids.next("currency"), code, exchange_rate });
        }
        for (name, internal_name) in ACTIVITY_TYPES {
            let id = ids.next("sales_activity_type");
            settings.activity_types.push(ActivityType { id, name, internal_name });
            for (position, outcome) in (1..).zip(["Interested", "Left message", "No response", "Not interested"]) {
                let choice = Choice { id: ids.next("sales_activity_outcome"), name: outcome.to_owned(), position };
                settings.activity_outcomes.push((id, choice));
            }
        }
        for (selector, names) in PICKLISTS {
            settings.picklists.insert(selector, choices(ids, selector, names));
        }
        settings.add_custom_fields(ids);
        settings
    }

    fn add_lifecycle(&mut self, ids: &mut Ids) {
        for (position, (stage, statuses)) in (1..).zip(LIFECYCLE) {
            let id = ids.next("lifecycle_stage");
            self.lifecycle_stages.push(LifecycleStage { id, name: stage, position });
            for (position, name) in (1..).zip(*statuses) {
                let status = ContactStatus { id: ids.next("contact_status"), name, position, lifecycle_stage_id: id };
                self.contact_statuses.push(status);
            }
        }
    }

    fn add_pipelines(&mut self, ids: &mut Ids) {
        for (position, name) in (1..).zip(["Default Pipeline", "Renewals"]) {
            let pipeline_id = ids.next("deal_pipeline");
            self.pipelines.push(Pipeline { id: pipeline_id, name, position, rotting_days: 30 });
            for (position, (name, forecast, probability)) in (1..).zip(STAGES) {
                self.deal_stages.push(DealStage {
                    id: ids.next("deal_stage"),
                    name,
                    position,
                    forecast: *forecast,
                    pipeline_id,
                    probability: *probability,
                });
            }
        }
    }

    fn add_custom_fields(&mut self, ids: &mut Ids) {
        use Entity::{Contact, Deal, SalesAccount};
        let mut add = |entity, name, label, kind, values: &[&str], unique| {
            let choices = choices(ids, "choice", values);
            self.custom_fields.push(CustomField { id: ids.next("field"), entity, name, label, kind, choices, unique });
        };
        add(Contact, "cf_tier", "Tier", Kind::Dropdown, &["Gold", "Silver", "Bronze"], false);
        add(Contact, "cf_region", "Region", Kind::Text, &[], false);
        add(Contact, "cf_interests", "Interests", Kind::MultiSelect, &["Hardware", "Software", "Services"], false);
        add(Contact, "cf_customer_since", "Customer since", Kind::Date, &[], false);
        add(Contact, "cf_do_not_call", "Do not call", Kind::Checkbox, &[], false);
        add(SalesAccount, "cf_customer_code", "Customer code", Kind::Text, &[], false);
        add(SalesAccount, "cf_crmkit_key", "Crmkit key", Kind::Text, &[], true);
        add(Deal, "cf_margin", "Margin", Kind::Decimal, &[], false);
        add(Deal, "cf_demo_at", "Demo at", Kind::DateTime, &[], false);
        add(Deal, "cf_crmkit_key", "Crmkit key", Kind::Text, &[], true);
    }

    pub(super) fn custom(&self, entity: Entity) -> impl Iterator<Item = &CustomField> {
        self.custom_fields.iter().filter(move |field| field.entity == entity)
    }

    pub(super) fn stage(&self, id: i64) -> Option<&DealStage> {
        self.deal_stages.iter().find(|stage| stage.id == id)
    }

    pub(super) fn first_stage(&self, pipeline_id: Option<i64>) -> Option<&DealStage> {
        let pipeline_id = pipeline_id.or_else(|| self.pipelines.first().map(|pipeline| pipeline.id))?;
        self.deal_stages.iter().find(|stage| stage.pipeline_id == pipeline_id)
    }

    /// A choice of a simple drop-down, by name.
    pub(super) fn pick(&self, selector: &str, name: &str) -> Option<i64> {
        self.picklists.get(selector)?.iter().find(|choice| choice.name == name).map(|choice| choice.id)
    }

    /// Whether `id` may stand in a field that points into `selector`.
    pub(super) fn has(&self, selector: &str, id: i64) -> bool {
        match selector {
            "owners" => self.users.iter().any(|user| user.id == id),
            "lifecycle_stages" => self.lifecycle_stages.iter().any(|stage| stage.id == id),
            "contact_statuses" => self.contact_statuses.iter().any(|status| status.id == id),
            "deal_pipelines" => self.pipelines.iter().any(|pipeline| pipeline.id == id),
            "deal_stages" => self.deal_stages.iter().any(|stage| stage.id == id),
            "currencies" => self.currencies.iter().any(|currency| currency.id == id),
            "sales_activity_types" => self.activity_types.iter().any(|kind| kind.id == id),
            "sales_activity_outcomes" => self.activity_outcomes.iter().any(|(_, outcome)| outcome.id == id),
            other => self.picklists.get(other).is_some_and(|list| list.iter().any(|choice| choice.id == id)),
        }
    }
}

fn choices(ids: &mut Ids, kind: &'static str, names: &[&str]) -> Vec<Choice> {
    let one = |(position, name): (usize, &&str)| Choice { id: ids.next(kind), name: (*name).to_owned(), position };
    (1..).zip(names).map(one).collect()
}

fn views(ids: &mut Ids) -> Vec<View> {
    use Entity::{Contact, Deal, SalesAccount};
    let list: &[(Entity, &'static str, ViewKind)] = &[
        (Contact, "My Contacts", ViewKind::Mine),
        (Contact, "New Contacts", ViewKind::New),
        (Contact, "Recently Modified", ViewKind::RecentlyModified),
        (Contact, "All Contacts", ViewKind::All),
        (Contact, "Recycle Bin", ViewKind::RecycleBin),
        (SalesAccount, "My Accounts", ViewKind::Mine),
        (SalesAccount, "Recently Modified", ViewKind::RecentlyModified),
        (SalesAccount, "All Accounts", ViewKind::All),
        (SalesAccount, "Recycle Bin", ViewKind::RecycleBin),
        (Deal, "My Deals", ViewKind::Mine),
        (Deal, "Open Deals", ViewKind::Stage(Forecast::Open)),
        (Deal, "Won Deals", ViewKind::Stage(Forecast::Won)),
        (Deal, "Lost Deals", ViewKind::Stage(Forecast::Lost)),
        (Deal, "All Deals", ViewKind::All),
        (Deal, "Recycle Bin", ViewKind::RecycleBin),
    ];
    list.iter().map(|(entity, name, kind)| View { id: ids.next("view"), entity: *entity, name, kind: *kind }).collect()
}
