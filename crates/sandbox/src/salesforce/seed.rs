//! The demo world as an organisation that has been in use for a while holds it.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use rust_decimal::Decimal;

use super::derive::{self, Written};
use super::fixtures::user_fields;
use super::ids::SfId;
use super::org::Org;
use super::schema::{FieldType, Object};
use super::store::Row;
use super::value::Value;
use crate::World;
use crate::data::{
    Address, Company, CompanyId, Deal, DealId, DealStage, Industry, Note, Person, PersonId, Subject, Task, UserId,
};

/// Which record stands for which inhabitant of the world.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) users: BTreeMap<UserId, SfId>,
    pub(super) companies: BTreeMap<CompanyId, SfId>,
    pub(super) people: BTreeMap<PersonId, SfId>,
    deals: BTreeMap<DealId, SfId>,
}

impl Known {
    pub(super) fn subject(&self, subject: Subject) -> Option<SfId> {
        match subject {
            Subject::Person(id) => self.people.get(&id).copied(),
            Subject::Company(id) => self.companies.get(&id).copied(),
            Subject::Deal(id) => self.deals.get(&id).copied(),
        }
    }
}

/// When a record came to be and was last changed, and by whom.
pub(super) struct Stamps {
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) by: SfId,
}

pub(super) type Cells<'a> = Vec<(&'a str, Value)>;

impl Org {
    /// Fills the organisation.
    pub(crate) fn seed(&mut self, world: &World) {
        let mut known = Known::default();
        self.seed_users(world, &mut known);
        for company in &world.companies {
            let id = self.seed_company(company, &known);
            known.companies.insert(company.id, id);
        }
        for person in &world.people {
            let id = self.seed_person(person, &known);
            known.people.insert(person.id, id);
        }
        for deal in &world.deals {
            let id = self.seed_deal(deal, &known);
            known.deals.insert(deal.id, id);
        }
        for task in &world.tasks {
            self.seed_task(task, &known);
        }
        for note in &world.notes {
            self.seed_note(note, &known);
        }
        self.seed_outreach(world, &known);
        self.effects.clear();
    }

    fn seed_users(&mut self, world: &World, known: &mut Known) {
        let profile = self.schema.find("Profile").and_then(|index| self.store.rows(index).next()).map(|row| row.id);
        let by = self.fixtures.integration_user;
        for user in &world.users {
            let cells = profile.map(|profile| {
                user_fields(profile, &user.first_name, &user.last_name, &user.email.to_lowercase(), user.active)
            });
            let stamps = Stamps { created: self.born, updated: self.born, by };
            let id = self.plant_row("User", cells.unwrap_or_default(), &stamps);
            known.users.insert(user.id, id);
        }
    }

    /// Writes a row as it is, without the checks of the API but with its derived fields.
    pub(super) fn plant_row(&mut self, object: &str, cells: Cells<'_>, stamps: &Stamps) -> SfId {
        let schema = std::sync::Arc::clone(&self.schema);
        let index = schema.find(object).unwrap_or_default();
        let definition = schema.object(index);
        let id = self.store.next_id(index);
        let mut row = Row::new(definition, id);
        self.store.number(index, &mut row);
        for (name, value) in cells {
            row.set(definition, name, fitted(definition, name, value));
        }
        // The world holds no values that the rules between fields refuse.
        let _ = derive::on_write(self, definition, &mut row, None, &Written::default());
        let stamp = |at: DateTime<Utc>| Value::DateTime(at.trunc_subsecs(0));
        row.set(definition, "CreatedDate", stamp(stamps.created));
        row.set(definition, "LastModifiedDate", stamp(stamps.updated));
        row.set(definition, "SystemModstamp", stamp(stamps.updated));
        row.set(definition, "CreatedById", Value::Id(stamps.by));
        row.set(definition, "LastModifiedById", Value::Id(stamps.by));
        if !row.get(definition, "CompletedDateTime").is_null() {
            row.set(definition, "CompletedDateTime", stamp(stamps.updated));
        }
        self.store.put(index, row);
        id
    }

    pub(super) fn stamps(&self, created: DateTime<Utc>, updated: DateTime<Utc>, by: UserId, known: &Known) -> Stamps {
        Stamps { created, updated, by: self.user(by, known) }
    }

    fn user(&self, id: UserId, known: &Known) -> SfId {
        known.users.get(&id).copied().unwrap_or(self.fixtures.integration_user)
    }

    fn seed_company(&mut self, company: &Company, known: &Known) -> SfId {
        let stamps = self.stamps(company.created, company.updated, company.owner, known);
        let mut cells = vec![
            ("Name", text(&company.name)),
            ("Website", optional(company.website.as_deref())),
            ("Phone", optional(company.phone.as_deref())),
            ("Industry", optional(company.industry.map(industry))),
            ("NumberOfEmployees", company.employees.map_or(Value::Null, |count| Value::Int(count.into()))),
            ("AnnualRevenue", company.annual_revenue.map_or(Value::Null, |revenue| Value::Decimal(revenue.into()))),
            ("ParentId", reference(company.parent.and_then(|id| known.companies.get(&id)))),
            ("OwnerId", Value::Id(stamps.by)),
            ("Customer_Code__c", optional(company.customer_code.as_deref())),
        ];
        cells.extend(address("Billing", company.address.as_ref()));
        self.plant_row("Account", cells, &stamps)
    }

    fn seed_person(&mut self, person: &Person, known: &Known) -> SfId {
        let stamps = self.stamps(person.created, person.updated, person.owner, known);
        let mut cells = vec![
            ("FirstName", optional(person.first_name.as_deref())),
            ("LastName", text(&person.last_name)),
            ("Email", optional(person.email.as_deref().map(str::to_lowercase).as_deref())),
            ("Phone", optional(person.work_phone.as_deref())),
            ("MobilePhone", optional(person.mobile.as_deref())),
            ("Title", optional(person.job_title.as_deref())),
            ("AccountId", reference(person.company.and_then(|id| known.companies.get(&id)))),
            ("OwnerId", Value::Id(stamps.by)),
            ("LeadSource", optional(person.lead_source)),
            ("Tier__c", optional(person.tier.map(crate::data::Tier::label))),
            ("Region__c", optional(person.sales_region)),
            ("HasOptedOutOfEmail", Value::Bool(person.email_opt_out)),
            ("DoNotCall", Value::Bool(person.do_not_call)),
        ];
        cells.extend(address("Mailing", person.address.as_ref()));
        self.plant_row("Contact", cells, &stamps)
    }

    fn seed_deal(&mut self, deal: &Deal, known: &Known) -> SfId {
        let stamps = self.stamps(deal.created, deal.updated, deal.owner, known);
        let people: Vec<SfId> = deal.people.iter().filter_map(|id| known.people.get(id)).copied().collect();
        let cells = vec![
            ("Name", text(&deal.name)),
            ("AccountId", reference(deal.company.and_then(|id| known.companies.get(&id)))),
            ("ContactId", reference(people.first())),
            ("Amount", deal.amount.map_or(Value::Null, Value::Decimal)),
            ("StageName", text(stage(deal.stage))),
            ("CloseDate", Value::Date(deal.close_date)),
            ("Margin__c", deal.margin.map_or(Value::Null, Value::Decimal)),
            ("OwnerId", Value::Id(stamps.by)),
        ];
        let id = self.plant_row("Opportunity", cells, &stamps);
        let roles = ["Decision Maker", "Influencer", "Evaluator", "Other"];
        for (place, contact) in people.into_iter().enumerate() {
            let cells = vec![
                ("OpportunityId", Value::Id(id)),
                ("ContactId", Value::Id(contact)),
                ("Role", text(roles.get(place).copied().unwrap_or("Other"))),
                ("IsPrimary", Value::Bool(place == 0)),
            ];
            self.plant_row("OpportunityContactRole", cells, &stamps);
        }
        id
    }

    fn seed_task(&mut self, task: &Task, known: &Known) {
        let stamps = self.stamps(task.created, task.updated, task.owner, known);
        let open = ["Not Started", "In Progress", "Not Started", "Waiting on someone else"];
        let turn = usize::try_from(task.id.0).unwrap_or(0);
        let status = if task.done { "Completed" } else { open[turn % open.len()] };
        let priority = ["Normal", "Normal", "High", "Normal", "Low"][turn % 5];
        let about = task.about.and_then(|subject| known.subject(subject));
        let link = if matches!(task.about, Some(Subject::Person(_))) { "WhoId" } else { "WhatId" };
        let cells = vec![
            ("Subject", text(&task.title)),
            ("Description", optional(task.description.as_deref())),
            ("ActivityDate", Value::Date(task.due.date_naive())),
            ("Status", text(status)),
            ("Priority", text(priority)),
            ("TaskSubtype", text("Task")),
            (link, reference(about.as_ref())),
            ("OwnerId", Value::Id(stamps.by)),
        ];
        self.plant_row("Task", cells, &stamps);
    }

    fn seed_note(&mut self, note: &Note, known: &Known) {
        let Some(parent) = known.subject(note.about) else {
            return;
        };
        let stamps = self.stamps(note.created, note.updated, note.author, known);
        let title = note.text.lines().next().unwrap_or_default();
        let cells = vec![
            ("ParentId", Value::Id(parent)),
            ("Title", text(if title.trim().is_empty() { "Note" } else { title })),
            ("Body", text(&note.text)),
            ("OwnerId", Value::Id(stamps.by)),
        ];
        self.plant_row("Note", cells, &stamps);
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::text(text.trim())
}

pub(super) fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Null, self::text)
}

pub(super) fn reference(id: Option<&SfId>) -> Value {
    id.map_or(Value::Null, |id| Value::Id(*id))
}

/// Cuts texts to the length of their field and rounds numbers to its scale.
fn fitted(object: &Object, name: &str, value: Value) -> Value {
    let Some(field) = object.find(name).map(|index| object.field(index)) else {
        return value;
    };
    match value {
        Value::Text(text) if field.kind.is_text() => {
            let length = usize::try_from(field.length).unwrap_or(usize::MAX);
            Value::text(text.chars().take(length).collect::<String>().trim_end())
        }
        Value::Decimal(number) if field.kind.is_decimal() => Value::Decimal(rounded(number, field.scale)),
        Value::Decimal(number) if field.kind == FieldType::Int => Value::Decimal(rounded(number, 0)),
        value => value,
    }
}

fn rounded(number: Decimal, scale: u32) -> Decimal {
    number.round_dp_with_strategy(scale, rust_decimal::RoundingStrategy::MidpointAwayFromZero).normalize()
}

/// The parts of an address block.
pub(super) fn address(block: &str, address: Option<&Address>) -> Vec<(&'static str, Value)> {
    let names: [&'static str; 5] = match block {
        "Billing" => ["BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry"],
        "" => ["Street", "City", "State", "PostalCode", "Country"],
        _ => ["MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry"],
    };
    let Some(address) = address else {
        return Vec::new();
    };
    let parts = [
        text(&address.street),
        text(&address.city),
        optional(address.region.as_deref()),
        text(&address.postal_code),
        text(&address.country),
    ];
    names.into_iter().zip(parts).collect()
}

fn industry(industry: Industry) -> &'static str {
    match industry {
        Industry::Construction => "Construction",
        Industry::Consulting => "Consulting",
        Industry::Education => "Education",
        Industry::Energy => "Energy",
        Industry::Finance => "Finance",
        Industry::Food => "Food & Beverage",
        Industry::Healthcare => "Healthcare",
        Industry::Manufacturing => "Manufacturing",
        Industry::Retail => "Retail",
        Industry::Technology => "Technology",
        Industry::Transportation => "Transportation",
    }
}

fn stage(stage: DealStage) -> &'static str {
    match stage {
        DealStage::New => "Prospecting",
        DealStage::Qualification => "Qualification",
        DealStage::Discovery => "Needs Analysis",
        DealStage::Demo => "Value Proposition",
        DealStage::Negotiation => "Negotiation/Review",
        DealStage::Won => "Closed Won",
        DealStage::Lost => "Closed Lost",
    }
}
