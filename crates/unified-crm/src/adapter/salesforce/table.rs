//! Which field of the model is which field of the vendor: one table per object, and nothing about it anywhere else.

use crm_model::{
    Account, Channel, Contact, Deal, Engagement, EngagementKind, FieldKey, Lead, Note, ObjectKind, PartyRole, Task,
    Ticket,
};
use salesforce::soql::{Condition, Literal, Op};

use super::shape::Shape;

/// How one object of the model lands on the vendor's.
pub(crate) struct Table {
    /// The object.
    pub(crate) kind: ObjectKind,
    /// Fields that are one field there.
    pub(crate) scalars: &'static [Scalar],
    /// The field that holds the one e-mail address.
    pub(crate) email: Option<&'static str>,
    /// Phone numbers by label.
    pub(crate) phones: &'static [(&'static str, &'static str)],
    /// Addresses by label, with the prefix of their parts' names.
    pub(crate) addresses: &'static [(&'static str, &'static str)],
    /// The field that holds the one account of a person.
    pub(crate) account: Option<&'static str>,
    /// Fields of records that this one is about, for tasks and notes.
    pub(crate) targets: &'static [&'static str],
    /// The tick boxes by which a person refuses a channel.
    pub(crate) opt_outs: &'static [(Channel, &'static str)],
    /// The field that holds the exact name, where records can be found by it.
    pub(crate) name: Option<&'static str>,
    /// Further fields that are read to derive something.
    pub(crate) also: &'static [&'static str],
    /// Whether records are taken to have the field in which the key of a create is kept, until they are described.
    pub(crate) takes_keys: bool,
    /// Which rows of the vendor's object are meant.
    pub(crate) rows: Rows,
    /// The tick box that ends a record without deleting it: conversion.
    pub(crate) ended: Option<&'static str>,
    /// The fields that hold addresses of participants, by role.
    pub(crate) parties: &'static [(PartyRole, &'static str)],
}

/// Which rows of an object of the vendor are an object of the model: to-dos and calls are kept in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All of them.
    All,
    /// Tasks that are to be done.
    ToDos,
    /// Tasks that say what happened: calls, and e-mails that are nowhere else.
    Calls,
    /// Events.
    Meetings,
    /// Messages.
    Emails,
}

/// Says what an activity is; fixed once it is there.
pub(crate) const SUBTYPE: &str = "TaskSubtype";
/// The subtypes of tasks that say what happened.
const HAPPENED: [&str; 3] = ["Call", "Email", "ListEmail"];

impl Rows {
    /// What the rows have in common, for a query.
    pub(crate) fn condition(self) -> Option<Condition> {
        match self {
            Self::Calls => Some(Condition::is_in(SUBTYPE, HAPPENED)),
            Self::ToDos => {
                let others = HAPPENED.map(|subtype| Condition::compare(SUBTYPE, Op::Ne, subtype));
                Some(Condition::any([Condition::eq(SUBTYPE, Literal::Null), Condition::all(others)]))
            }
            Self::All | Self::Meetings | Self::Emails => None,
        }
    }

    /// Whether a row with this subtype is one of them.
    pub(crate) fn include(self, subtype: Option<&str>) -> bool {
        let happened = subtype.is_some_and(|subtype| HAPPENED.contains(&subtype));
        match self {
            Self::Calls => happened,
            Self::ToDos => !happened,
            Self::All | Self::Meetings | Self::Emails => true,
        }
    }

    /// The kind of engagement that a new row becomes.
    pub(crate) fn kind(self) -> Option<EngagementKind> {
        match self {
            Self::Calls => Some(EngagementKind::Call),
            Self::Meetings => Some(EngagementKind::Meeting),
            Self::Emails => Some(EngagementKind::Email),
            Self::All | Self::ToDos => None,
        }
    }
}

/// A field of the model that is one field of the vendor.
pub(crate) struct Scalar {
    pub(crate) key: FieldKey,
    pub(crate) api: &'static str,
    pub(crate) shape: Shape,
}

const fn scalar(key: FieldKey, api: &'static str, shape: Shape) -> Scalar {
    Scalar { key, api, shape }
}

/// The parts of an address behind its prefix, in the order of [`crm_model::Address::parts`].
pub(crate) const ADDRESS_PARTS: [&str; 5] = ["Street", "City", "State", "PostalCode", "Country"];

/// The currency of a record's amounts, in organisations with several.
pub(crate) const CURRENCY: &str = "CurrencyIsoCode";

const USER: Shape = Shape::Ref(ObjectKind::User);
const ACCOUNT: Shape = Shape::Ref(ObjectKind::Account);

const EMPTY: Table = Table {
    kind: ObjectKind::Account,
    scalars: &[],
    email: None,
    phones: &[],
    addresses: &[],
    account: None,
    targets: &[],
    opt_outs: &[],
    name: None,
    also: &[],
    takes_keys: true,
    rows: Rows::All,
    ended: None,
    parties: &[],
};

pub(crate) static ACCOUNTS: Table = Table {
    kind: ObjectKind::Account,
    scalars: &[
        scalar(Account::NAME, "Name", Shape::Text),
        scalar(Account::WEBSITE, "Website", Shape::Text),
        scalar(Account::INDUSTRY, "Industry", Shape::Choice),
        scalar(Account::BUSINESS_TYPE, "Type", Shape::Choice),
        scalar(Account::EMPLOYEE_COUNT, "NumberOfEmployees", Shape::Int),
        scalar(Account::ANNUAL_REVENUE, "AnnualRevenue", Shape::Money),
        scalar(Account::PARENT, "ParentId", ACCOUNT),
        scalar(Account::OWNER, "OwnerId", USER),
        scalar(Account::DESCRIPTION, "Description", Shape::Text),
        scalar(Account::LAST_ACTIVITY, "LastActivityDate", Shape::Day),
    ],
    phones: &[("main", "Phone"), ("fax", "Fax")],
    addresses: &[("billing", "Billing"), ("shipping", "Shipping")],
    name: Some("Name"),
    ..EMPTY
};

pub(crate) static CONTACTS: Table = Table {
    kind: ObjectKind::Contact,
    scalars: &[
        scalar(Contact::FIRST_NAME, "FirstName", Shape::Text),
        scalar(Contact::MIDDLE_NAME, "MiddleName", Shape::Text),
        scalar(Contact::LAST_NAME, "LastName", Shape::Text),
        scalar(Contact::FULL_NAME, "Name", Shape::Text),
        scalar(Contact::PREFIX, "Salutation", Shape::Text),
        scalar(Contact::SUFFIX, "Suffix", Shape::Text),
        scalar(Contact::JOB_TITLE, "Title", Shape::Text),
        scalar(Contact::DEPARTMENT, "Department", Shape::Text),
        scalar(Contact::OWNER, "OwnerId", USER),
        scalar(Contact::REPORTS_TO, "ReportsToId", Shape::Ref(ObjectKind::Contact)),
        scalar(Contact::LEAD_SOURCE, "LeadSource", Shape::Choice),
        scalar(Contact::BIRTHDAY, "Birthdate", Shape::Date),
        scalar(Contact::DESCRIPTION, "Description", Shape::Text),
        scalar(Contact::LAST_ACTIVITY, "LastActivityDate", Shape::Day),
    ],
    email: Some("Email"),
    phones: &[
        ("work", "Phone"),
        ("mobile", "MobilePhone"),
        ("home", "HomePhone"),
        ("other", "OtherPhone"),
        ("assistant", "AssistantPhone"),
        ("fax", "Fax"),
    ],
    addresses: &[("mailing", "Mailing"), ("other", "Other")],
    account: Some("AccountId"),
    opt_outs: &[
        (Channel::Email, "HasOptedOutOfEmail"),
        (Channel::Phone, "DoNotCall"),
        (Channel::Fax, "HasOptedOutOfFax"),
    ],
    ..EMPTY
};

pub(crate) static DEALS: Table = Table {
    kind: ObjectKind::Deal,
    scalars: &[
        scalar(Deal::NAME, "Name", Shape::Text),
        scalar(Deal::AMOUNT, "Amount", Shape::Money),
        scalar(Deal::EXPECTED_VALUE, "ExpectedRevenue", Shape::Money),
        // A stage is referred to by its API name: that is what the field holds.
        scalar(Deal::STAGE, "StageName", Shape::Ref(ObjectKind::Stage)),
        scalar(Deal::STAGE_CHANGED_AT, "LastStageChangeDate", Shape::Instant),
        scalar(Deal::FORECAST_CATEGORY, "ForecastCategoryName", Shape::Choice),
        scalar(Deal::PROBABILITY, "Probability", Shape::Decimal),
        scalar(Deal::EXPECTED_CLOSE, "CloseDate", Shape::Date),
        scalar(Deal::DEAL_TYPE, "Type", Shape::Choice),
        scalar(Deal::ACCOUNT, "AccountId", ACCOUNT),
        scalar(Deal::OWNER, "OwnerId", USER),
        scalar(Deal::LEAD_SOURCE, "LeadSource", Shape::Choice),
        scalar(Deal::CAMPAIGN, "CampaignId", Shape::Ref(ObjectKind::List)),
        scalar(Deal::NEXT_STEP, "NextStep", Shape::Text),
        scalar(Deal::DESCRIPTION, "Description", Shape::Text),
    ],
    name: Some("Name"),
    also: &["IsClosed", "IsWon"],
    ..EMPTY
};

pub(crate) static TASKS: Table = Table {
    kind: ObjectKind::Task,
    scalars: &[
        scalar(Task::TITLE, "Subject", Shape::Text),
        scalar(Task::DESCRIPTION, "Description", Shape::Text),
        scalar(Task::STATUS, "Status", Shape::Choice),
        scalar(Task::PRIORITY, "Priority", Shape::Choice),
        scalar(Task::DUE, "ActivityDate", Shape::Day),
        scalar(Task::COMPLETED_AT, "CompletedDateTime", Shape::Instant),
        scalar(Task::OWNER, "OwnerId", USER),
        scalar(Task::CREATED_BY, "CreatedById", USER),
        scalar(Task::TASK_TYPE, "Type", Shape::Choice),
    ],
    targets: &["WhoId", "WhatId"],
    also: &["IsClosed", SUBTYPE],
    rows: Rows::ToDos,
    ..EMPTY
};

pub(crate) static NOTES: Table = Table {
    kind: ObjectKind::Note,
    scalars: &[
        scalar(Note::TITLE, "Title", Shape::Text),
        scalar(Note::BODY, "Body", Shape::Text),
        scalar(Note::AUTHOR, "OwnerId", USER),
        scalar(Note::VISIBILITY, "IsPrivate", Shape::Privacy),
    ],
    targets: &["ParentId"],
    takes_keys: false,
    ..EMPTY
};

pub(crate) static LEADS: Table = Table {
    kind: ObjectKind::Lead,
    scalars: &[
        scalar(Lead::FIRST_NAME, "FirstName", Shape::Text),
        scalar(Lead::MIDDLE_NAME, "MiddleName", Shape::Text),
        scalar(Lead::LAST_NAME, "LastName", Shape::Text),
        scalar(Lead::FULL_NAME, "Name", Shape::Text),
        scalar(Lead::PREFIX, "Salutation", Shape::Text),
        scalar(Lead::SUFFIX, "Suffix", Shape::Text),
        scalar(Lead::JOB_TITLE, "Title", Shape::Text),
        scalar(Lead::COMPANY_NAME, "Company", Shape::Text),
        scalar(Lead::WEBSITE, "Website", Shape::Text),
        scalar(Lead::INDUSTRY, "Industry", Shape::Choice),
        scalar(Lead::EMPLOYEE_COUNT, "NumberOfEmployees", Shape::Int),
        scalar(Lead::ANNUAL_REVENUE, "AnnualRevenue", Shape::Money),
        scalar(Lead::STATUS, "Status", Shape::Choice),
        scalar(Lead::RATING, "Rating", Shape::Choice),
        scalar(Lead::LEAD_SOURCE, "LeadSource", Shape::Choice),
        scalar(Lead::OWNER, "OwnerId", USER),
        scalar(Lead::DESCRIPTION, "Description", Shape::Text),
        scalar(Lead::LAST_ACTIVITY, "LastActivityDate", Shape::Day),
    ],
    email: Some("Email"),
    phones: &[("work", "Phone"), ("mobile", "MobilePhone"), ("fax", "Fax")],
    addresses: &[("work", "")],
    opt_outs: &[
        (Channel::Email, "HasOptedOutOfEmail"),
        (Channel::Phone, "DoNotCall"),
        (Channel::Fax, "HasOptedOutOfFax"),
    ],
    also: &["IsConverted", "ConvertedDate", "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId"],
    ended: Some("IsConverted"),
    takes_keys: false,
    ..EMPTY
};

/// Names of the model and what organisations call them, the likeliest first.
type Names = &'static [(&'static str, &'static [&'static str])];

const TICKET_STATUS: Names = &[
    ("new", &["New"]),
    ("open", &["Open", "Working", "In Progress"]),
    ("pending", &["Pending", "On Hold", "Waiting on Customer"]),
    ("resolved", &["Resolved", "Solved"]),
    ("closed", &["Closed"]),
];
const TICKET_PRIORITY: Names =
    &[("low", &["Low"]), ("medium", &["Medium", "Normal"]), ("high", &["High"]), ("urgent", &["Urgent", "Critical"])];
const TICKET_SOURCE: Names =
    &[("email", &["Email"]), ("web", &["Web"]), ("phone", &["Phone"]), ("chat", &["Chat"]), ("social", &["Social"])];
const DIRECTION: Names = &[("inbound", &["Inbound"]), ("outbound", &["Outbound"]), ("internal", &["Internal"])];

pub(crate) static TICKETS: Table = Table {
    kind: ObjectKind::Ticket,
    scalars: &[
        scalar(Ticket::NUMBER, "CaseNumber", Shape::Text),
        scalar(Ticket::SUBJECT, "Subject", Shape::Text),
        scalar(Ticket::DESCRIPTION, "Description", Shape::Text),
        scalar(Ticket::STATUS, "Status", Shape::Named(TICKET_STATUS)),
        scalar(Ticket::PRIORITY, "Priority", Shape::Named(TICKET_PRIORITY)),
        scalar(Ticket::SOURCE, "Origin", Shape::Named(TICKET_SOURCE)),
        scalar(Ticket::TICKET_TYPE, "Type", Shape::Choice),
        scalar(Ticket::REASON, "Reason", Shape::Choice),
        scalar(Ticket::REQUESTER, "ContactId", Shape::Ref(ObjectKind::Contact)),
        scalar(Ticket::ACCOUNT, "AccountId", ACCOUNT),
        scalar(Ticket::CLOSED_AT, "ClosedDate", Shape::Instant),
    ],
    also: &["OwnerId"],
    takes_keys: false,
    ..EMPTY
};

pub(crate) static CALLS: Table = Table {
    kind: ObjectKind::Engagement,
    scalars: &[
        scalar(Engagement::SUBJECT, "Subject", Shape::Text),
        scalar(Engagement::BODY, "Description", Shape::Text),
        scalar(Engagement::OCCURRED_AT, "ActivityDate", Shape::Day),
        scalar(Engagement::DIRECTION, "CallType", Shape::Named(DIRECTION)),
        scalar(Engagement::DURATION, "CallDurationInSeconds", Shape::Int),
        scalar(Engagement::OUTCOME, "CallDisposition", Shape::Choice),
        scalar(Engagement::OWNER, "OwnerId", USER),
    ],
    targets: &["WhoId", "WhatId"],
    also: &[SUBTYPE],
    rows: Rows::Calls,
    ..EMPTY
};

pub(crate) static MEETINGS: Table = Table {
    kind: ObjectKind::Engagement,
    scalars: &[
        scalar(Engagement::SUBJECT, "Subject", Shape::Text),
        scalar(Engagement::BODY, "Description", Shape::Text),
        scalar(Engagement::ALL_DAY, "IsAllDayEvent", Shape::Bool),
        scalar(Engagement::LOCATION, "Location", Shape::Text),
        scalar(Engagement::OWNER, "OwnerId", USER),
    ],
    targets: &["WhoId", "WhatId"],
    also: &["StartDateTime", "EndDateTime", "ActivityDate", "ActivityDateTime", "EndDate", "DurationInMinutes"],
    rows: Rows::Meetings,
    ..EMPTY
};

pub(crate) static EMAILS: Table = Table {
    kind: ObjectKind::Engagement,
    scalars: &[
        scalar(Engagement::SUBJECT, "Subject", Shape::Text),
        scalar(Engagement::BODY, "TextBody", Shape::Text),
        scalar(Engagement::OCCURRED_AT, "MessageDate", Shape::Instant),
        scalar(Engagement::THREAD_ID, "ThreadIdentifier", Shape::Text),
        scalar(Engagement::DIRECTION, "Incoming", Shape::Incoming),
    ],
    targets: &["RelatedToId"],
    also: &["ParentId"],
    rows: Rows::Emails,
    parties: &[
        (PartyRole::From, "FromAddress"),
        (PartyRole::To, "ToAddress"),
        (PartyRole::Cc, "CcAddress"),
        (PartyRole::Bcc, "BccAddress"),
    ],
    takes_keys: false,
    ..EMPTY
};

impl Table {
    /// Every field of the vendor that the table names.
    pub(crate) fn api_names(&self) -> impl Iterator<Item = String> {
        let scalars = self.scalars.iter().map(|scalar| scalar.api);
        let single = self.email.into_iter().chain(self.account).chain(self.targets.iter().copied());
        let phones = self.phones.iter().map(|(_, api)| *api);
        let opt_outs = self.opt_outs.iter().map(|(_, api)| *api);
        let parts = self.addresses.iter().flat_map(|(_, prefix)| ADDRESS_PARTS.map(|part| format!("{prefix}{part}")));
        let parties = self.parties.iter().map(|(_, api)| *api);
        let plain = scalars.chain(parties).chain(single).chain(phones).chain(opt_outs).chain(self.also.iter().copied());
        plain.map(str::to_owned).chain(parts)
    }
}
