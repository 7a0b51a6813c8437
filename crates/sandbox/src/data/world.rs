//! The vendor-neutral records.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use super::outreach::{Campaign, Meeting, Prospect, Ticket};

/// Declares the id types: positions in the world, the same in every view of it.
macro_rules! world_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
    )*};
}

world_ids! {
    /// A user of the CRM.
    UserId,
    /// A company of the world.
    CompanyId,
    /// A person of the world.
    PersonId,
    /// A deal of the world.
    DealId,
    /// A task of the world.
    TaskId,
    /// A note of the world.
    NoteId,
}

/// The whole world, or one vendor's view of it (then records are missing and values differ, while ids are the
/// same). In a view, every reference points to a record of the same view. Lists are ordered by id.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct World {
    /// The seed that it was made from; a view draws its mistakes from it.
    #[serde(skip)]
    pub(super) seed: u64,
    /// The people who work with the CRM.
    pub users: Vec<User>,
    /// Companies; a parent comes before its subsidiaries.
    pub companies: Vec<Company>,
    /// Customers and prospects.
    pub people: Vec<Person>,
    /// Deals.
    pub deals: Vec<Deal>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Notes.
    pub notes: Vec<Note>,
    /// Leads; only Salesforce holds them, and what follows.
    pub prospects: Vec<Prospect>,
    /// Meetings.
    pub meetings: Vec<Meeting>,
    /// Complaints and questions.
    pub tickets: Vec<Ticket>,
    /// Campaigns.
    pub campaigns: Vec<Campaign>,
}

/// A user of the CRM. The first is the owner of the API credentials.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// Id in the world.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// E-mail address: the same person has the same address at every vendor.
    pub email: String,
    /// Whether the user may still sign in.
    pub active: bool,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
    /// State, province or county, where the country has them in addresses.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// Country, in English.
    pub country: String,
}

/// A line of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Industry {
    /// Construction.
    Construction,
    /// Consulting.
    Consulting,
    /// Education.
    Education,
    /// Energy.
    Energy,
    /// Finance.
    Finance,
    /// Food and beverage.
    Food,
    /// Health care.
    Healthcare,
    /// Manufacturing.
    Manufacturing,
    /// Retail.
    Retail,
    /// Technology.
    Technology,
    /// Transportation.
    Transportation,
}

/// A company.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Company {
    /// Id in the world.
    pub id: CompanyId,
    /// Name, with or without its legal form; unique in the world and in every view.
    pub name: String,
    /// Web site: a bare domain, or a URL in one of its usual spellings.
    pub website: Option<String>,
    /// Phone number in a national or international spelling.
    pub phone: Option<String>,
    /// Line of business.
    pub industry: Option<Industry>,
    /// Head count.
    pub employees: Option<u32>,
    /// Yearly revenue in US dollars.
    pub annual_revenue: Option<u64>,
    /// Seat.
    pub address: Option<Address>,
    /// Parent company; never itself a subsidiary.
    pub parent: Option<CompanyId>,
    /// The user in charge.
    pub owner: UserId,
    /// Own customer number.
    pub customer_code: Option<String>,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written; not before `created`, nor after the world's present.
    pub updated: DateTime<Utc>,
}

/// How good a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Tier {
    /// The best.
    Gold,
    /// Good.
    Silver,
    /// The rest.
    Bronze,
}

impl Tier {
    /// `Gold`, `Silver` or `Bronze`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Tier::Gold => "Gold",
            Tier::Silver => "Silver",
            Tier::Bronze => "Bronze",
        }
    }
}

/// How far a person is on the way to being a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Lifecycle {
    /// Unqualified interest.
    Lead,
    /// Worked on by sales.
    Qualified,
    /// Buys.
    Customer,
}

/// A customer or prospect.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Person {
    /// Id in the world.
    pub id: PersonId,
    /// Given name; may be missing, an initial or a short form in a view.
    pub first_name: Option<String>,
    /// Family name or names.
    pub last_name: String,
    /// Main e-mail address. Not unique at Salesforce (role addresses such as `info@` are shared); unique without
    /// regard to case at Freshsales.
    pub email: Option<String>,
    /// Further addresses.
    pub other_emails: Vec<String>,
    /// Desk phone in some spelling.
    pub work_phone: Option<String>,
    /// Mobile phone in some spelling.
    pub mobile: Option<String>,
    /// Position; may be stale in a view.
    pub job_title: Option<String>,
    /// Employer.
    pub company: Option<CompanyId>,
    /// Postal address.
    pub address: Option<Address>,
    /// The user in charge.
    pub owner: UserId,
    /// Where the contact came from: `Web`, `Phone Inquiry`, `Partner Referral`, `Trade Show` or `Other`.
    pub lead_source: Option<&'static str>,
    /// How good a customer.
    pub tier: Option<Tier>,
    /// Sales region: `EMEA`, `AMER` or `APAC`.
    pub sales_region: Option<&'static str>,
    /// How far on the way to being a customer.
    pub lifecycle: Lifecycle,
    /// Refuses marketing e-mail.
    pub email_opt_out: bool,
    /// Refuses phone calls.
    pub do_not_call: bool,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// Where a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum DealStage {
    /// Just opened.
    New,
    /// Being qualified.
    Qualification,
    /// Needs are looked into.
    Discovery,
    /// The product was shown.
    Demo,
    /// Terms are being agreed.
    Negotiation,
    /// Won.
    Won,
    /// Lost.
    Lost,
}

/// A deal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Deal {
    /// Id in the world.
    pub id: DealId,
    /// Name.
    pub name: String,
    /// Buyer.
    pub company: Option<CompanyId>,
    /// People involved, the most important first.
    pub people: Vec<PersonId>,
    /// Value in US dollars.
    pub amount: Option<Decimal>,
    /// Where it stands.
    pub stage: DealStage,
    /// When it is expected to close, or closed.
    pub close_date: NaiveDate,
    /// Margin in percent.
    pub margin: Option<Decimal>,
    /// The user in charge.
    pub owner: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// What a task or note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Subject {
    /// A person.
    Person(PersonId),
    /// A company.
    Company(CompanyId),
    /// A deal.
    Deal(DealId),
}

/// A task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Task {
    /// Id in the world.
    pub id: TaskId,
    /// What to do.
    pub title: String,
    /// Details.
    pub description: Option<String>,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// Whether it is done.
    pub done: bool,
    /// Who does it.
    pub owner: UserId,
    /// What it is about.
    pub about: Option<Subject>,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Note {
    /// Id in the world.
    pub id: NoteId,
    /// Text.
    pub text: String,
    /// What it is about.
    pub about: Subject,
    /// Who wrote it.
    pub author: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}
