//! Fills an empty account from its view of the demo world.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::coerce::{phone, wire_decimal};
use super::schema::Entity;
use super::settings::{Forecast, User};
use super::state::{State, whole_second};
use super::store::{AccountLink, Email, Note, Record, Task};
use crate::data::{self, CompanyId, DealId, DealStage, Industry, Lifecycle, PersonId, Subject, UserId, World};

/// World ids to the account's ids.
#[derive(Default)]
struct Known {
    users: BTreeMap<UserId, i64>,
    companies: BTreeMap<CompanyId, i64>,
    people: BTreeMap<PersonId, i64>,
    deals: BTreeMap<DealId, i64>,
}

impl Known {
    fn user(&self, id: UserId) -> i64 {
        self.users.get(&id).or_else(|| self.users.values().next()).copied().unwrap_or_default()
    }

    fn subject(&self, subject: Subject) -> Option<(Entity, i64)> {
        match subject {
            Subject::Person(id) => Some((Entity::Contact, *self.people.get(&id)?)),
            Subject::Company(id) => Some((Entity::SalesAccount, *self.companies.get(&id)?)),
            Subject::Deal(id) => Some((Entity::Deal, *self.deals.get(&id)?)),
        }
    }
}

impl State {
    pub(super) fn seed(&mut self, view: &World) {
        let mut known = Known::default();
        for user in &view.users {
            let id = self.store.ids.next("user");
            known.users.insert(user.id, id);
            self.store.settings.users.push(User {
                id,
                display_name: format!("{} {}", user.first_name, user.last_name),
                email: user.email.clone(),
                is_active: user.active,
                work_number: None,
                mobile_number: None,
            });
        }
        for company in &view.companies {
            let id = self.seed_company(company, &known);
            known.companies.insert(company.id, id);
        }
        for person in &view.people {
            let id = self.seed_person(person, &known);
            known.people.insert(person.id, id);
        }
        for deal in &view.deals {
            let id = self.seed_deal(deal, &known);
            known.deals.insert(deal.id, id);
        }
        for task in &view.tasks {
            self.seed_task(task, &known);
        }
        for note in &view.notes {
            let Some(target) = known.subject(note.about) else {
                continue;
            };
            self.store.put_note(Note {
                id: 0,
                description: note.text.clone(),
                target,
                creater_id: known.user(note.author),
                created_at: note.created,
                updated_at: note.updated,
            });
        }
    }

    fn seed_company(&mut self, company: &data::Company, known: &Known) -> i64 {
        let mut record = blank(Entity::SalesAccount, company.created, company.updated, known.user(company.owner));
        record.set("name", Some(company.name.clone().into()));
        record.set("website", company.website.clone().map(Value::from));
        record.set("phone", company.phone.clone().map(Value::from));
        record.set("number_of_employees", company.employees.map(Value::from));
        record.set("annual_revenue", company.annual_revenue.map(Value::from));
        let industry =
            company.industry.and_then(|industry| self.store.settings.pick("industry_types", industry_name(industry)));
        record.set("industry_type_id", industry.map(Value::from));
        let parent = company.parent.and_then(|parent| known.companies.get(&parent));
        record.set("parent_sales_account_id", parent.copied().map(Value::from));
        set_address(&mut record, company.address.as_ref());
        if let Some(code) = &company.customer_code {
            record.custom.insert("cf_customer_code", code.clone().into());
        }
        self.store.put(record, false)
    }

    fn seed_person(&mut self, person: &data::Person, known: &Known) -> i64 {
        let mut record = blank(Entity::Contact, person.created, person.updated, known.user(person.owner));
        record.set("first_name", person.first_name.clone().map(Value::from));
        record.set("last_name", Some(person.last_name.clone().into()));
        record.set("job_title", person.job_title.clone().map(Value::from));
        record.set("work_number", person.work_phone.as_deref().map(phone).map(Value::from));
        record.set("mobile_number", person.mobile.as_deref().map(phone).map(Value::from));
        let addresses = person.email.iter().chain(&person.other_emails).enumerate();
        record.emails = addresses
            .map(|(index, value)| Email { id: 0, value: value.clone(), is_primary: index == 0, label: None })
            .collect();
        if let Some(id) = person.company.and_then(|company| known.companies.get(&company)) {
            record.accounts = vec![AccountLink { id: *id, is_primary: true }];
        }
        set_address(&mut record, person.address.as_ref());
        let settings = &self.store.settings;
        let source = person.lead_source.and_then(|source| settings.pick("lead_sources", source));
        record.set("lead_source_id", source.map(Value::from));
        let index = match person.lifecycle {
            Lifecycle::Lead => 0,
            Lifecycle::Qualified => 1,
            Lifecycle::Customer => 2,
        };
        let stage = settings.lifecycle_stages.get(index).map(|stage| stage.id);
        let status = settings.contact_statuses.iter().find(|status| Some(status.lifecycle_stage_id) == stage);
        record.set("contact_status_id", status.map(|status| status.id.into()));
        record.set("lifecycle_stage_id", stage.map(Value::from));
        let (status, types) = if person.email_opt_out { (0, "") } else { (1, "1;2;3;4;5") };
        record.set("subscription_status", Some(status.into()));
        record.set("subscription_types", Some(types.into()));
        if let Some(tier) = person.tier {
            record.custom.insert("cf_tier", tier.label().into());
        }
        if let Some(region) = person.sales_region {
            record.custom.insert("cf_region", region.into());
        }
        if person.do_not_call {
            record.custom.insert("cf_do_not_call", true.into());
        }
        self.store.put(record, false)
    }

    fn seed_deal(&mut self, deal: &data::Deal, known: &Known) -> i64 {
        let mut record = blank(Entity::Deal, deal.created, deal.updated, known.user(deal.owner));
        let name = match deal.stage {
            DealStage::New => "New",
            DealStage::Qualification => "Qualification",
            DealStage::Discovery => "Discovery",
            DealStage::Demo => "Demo",
            DealStage::Negotiation => "Negotiation",
            DealStage::Won => "Won",
            DealStage::Lost => "Lost",
        };
        let settings = &self.store.settings;
        if let Some(stage) = settings.deal_stages.iter().find(|stage| stage.name == name) {
            record.set("deal_stage_id", Some(stage.id.into()));
            record.set("deal_pipeline_id", Some(stage.pipeline_id.into()));
            record.set("probability", Some(stage.probability.into()));
            if stage.forecast != Forecast::Open {
                record.set("closed_date", Some(deal.close_date.to_string().into()));
            }
        }
        let currency = settings.currencies.first().map(|currency| currency.id.into());
        record.set("currency_id", currency);
        record.set("name", Some(deal.name.clone().into()));
        record.set("amount", deal.amount.map(|amount| wire_decimal(amount).into()));
        record.set("expected_close", Some(deal.close_date.to_string().into()));
        let account = deal.company.and_then(|company| known.companies.get(&company));
        record.set("sales_account_id", account.copied().map(Value::from));
        record.contacts = deal.people.iter().filter_map(|person| known.people.get(person)).copied().collect();
        if let Some(margin) = deal.margin {
            record.custom.insert("cf_margin", wire_decimal(margin).into());
        }
        self.store.put(record, false)
    }

    fn seed_task(&mut self, task: &data::Task, known: &Known) {
        let owner = known.user(task.owner);
        let task_type = self.store.settings.activity_types.iter().find(|kind| kind.internal_name == "task");
        self.store.put_task(Task {
            id: 0,
            title: task.title.clone(),
            description: task.description.clone(),
            done: task.done,
            due_date: task.due,
            completed_date: task.done.then_some(task.updated),
            owner_id: owner,
            creater_id: owner,
            updater_id: None,
            outcome_id: None,
            task_type_id: task_type.map(|kind| kind.id),
            target: task.about.and_then(|subject| known.subject(subject)),
            user_ids: Vec::new(),
            created_at: task.created,
            updated_at: task.updated,
        });
    }
}

fn blank(
    entity: Entity,
    created: chrono::DateTime<chrono::Utc>,
    updated: chrono::DateTime<chrono::Utc>,
    owner: i64,
) -> Record {
    let (created, updated) = (whole_second(created), whole_second(updated));
    let mut record = Record::new(entity, created, owner);
    record.updated_at = updated;
    record.changed_at = updated;
    record.stage_updated_at = updated;
    record.last_assigned_at = Some(created);
    record.updater_id = (updated != created).then_some(owner);
    record.set("owner_id", Some(json!(owner)));
    record
}

fn set_address(record: &mut Record, address: Option<&data::Address>) {
    let Some(address) = address else { return };
    record.set("address", Some(address.street.clone().into()));
    record.set("city", Some(address.city.clone().into()));
    record.set("state", address.region.clone().map(Value::from));
    record.set("zipcode", Some(address.postal_code.clone().into()));
    record.set("country", Some(address.country.clone().into()));
}

fn industry_name(industry: Industry) -> &'static str {
    match industry {
        Industry::Construction => "Construction",
        Industry::Consulting => "Consulting",
        Industry::Education => "Education",
        Industry::Energy => "Energy",
        Industry::Finance => "Finance",
        Industry::Food => "Food",
        Industry::Healthcare => "Healthcare",
        Industry::Manufacturing => "Manufacturing",
        Industry::Retail => "Retail",
        Industry::Technology => "Technology",
        Industry::Transportation => "Transportation",
    }
}
