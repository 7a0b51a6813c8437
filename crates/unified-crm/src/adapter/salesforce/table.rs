//! Which field of the model is which field of the vendor: one table per object, and nothing about it anywhere else.

use crm_model::{Account, Channel, Contact, Deal, FieldKey, Note, ObjectKind, Task};

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
    /// Whether records can carry a field of ours at all; classic notes have no custom fields.
    pub(crate) has_custom_fields: bool,
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
    has_custom_fields: true,
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
        scalar(Contact::LAST_NAME, "LastName", Shape::Text),
        scalar(Contact::FULL_NAME, "Name", Shape::Text),
        scalar(Contact::PREFIX, "Salutation", Shape::Text),
        scalar(Contact::JOB_TITLE, "Title", Shape::Text),
        scalar(Contact::DEPARTMENT, "Department", Shape::Text),
        scalar(Contact::OWNER, "OwnerId", USER),
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
        scalar(Deal::PROBABILITY, "Probability", Shape::Decimal),
        scalar(Deal::EXPECTED_CLOSE, "CloseDate", Shape::Date),
        scalar(Deal::DEAL_TYPE, "Type", Shape::Choice),
        scalar(Deal::ACCOUNT, "AccountId", ACCOUNT),
        scalar(Deal::OWNER, "OwnerId", USER),
        scalar(Deal::LEAD_SOURCE, "LeadSource", Shape::Choice),
        scalar(Deal::DESCRIPTION, "Description", Shape::Text),
    ],
    name: Some("Name"),
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
        scalar(Task::TASK_TYPE, "Type", Shape::Choice),
    ],
    targets: &["WhoId", "WhatId"],
    also: &["IsClosed"],
    ..EMPTY
};

pub(crate) static NOTES: Table = Table {
    kind: ObjectKind::Note,
    scalars: &[
        scalar(Note::TITLE, "Title", Shape::Text),
        scalar(Note::BODY, "Body", Shape::Text),
        scalar(Note::AUTHOR, "OwnerId", USER),
    ],
    targets: &["ParentId"],
    has_custom_fields: false,
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
        let plain = scalars.chain(single).chain(phones).chain(opt_outs).chain(self.also.iter().copied());
        plain.map(str::to_owned).chain(parts)
    }
}
