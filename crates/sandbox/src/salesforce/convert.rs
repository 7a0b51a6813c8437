//! Lead conversion: a lead becomes an account, a contact and an opportunity, or goes into ones that exist.

use std::sync::Arc;

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::Value as Json;

use super::derive;
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::ObjectIndex;
use super::store::Row;
use super::value::Value;
use super::write::{Fields, converted_lead};
use crate::Action;

/// Longer names of opportunities are refused by the call.
const LONGEST_OPPORTUNITY_NAME: usize = 80;

/// How one lead is to be converted.
#[derive(Debug, Clone)]
pub(crate) struct Conversion {
    pub(crate) lead: SfId,
    /// A status that means converted.
    pub(crate) status: String,
    /// Existing records to go into.
    pub(crate) account: Option<SfId>,
    pub(crate) contact: Option<SfId>,
    pub(crate) opportunity: Option<SfId>,
    pub(crate) opportunity_name: Option<String>,
    pub(crate) no_opportunity: bool,
    pub(crate) overwrite_lead_source: bool,
    /// The owner of what is created; the lead's own where it is not given.
    pub(crate) owner: Option<SfId>,
}

/// What a lead became.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Converted {
    pub(crate) account: SfId,
    pub(crate) contact: SfId,
    pub(crate) opportunity: Option<SfId>,
}

/// Where the fields of a lead go.
const TO_ACCOUNT: &[(&str, &str)] = &[
    ("Company", "Name"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("AnnualRevenue", "AnnualRevenue"),
    ("NumberOfEmployees", "NumberOfEmployees"),
    ("Rating", "Rating"),
    ("LeadSource", "AccountSource"),
    ("Street", "BillingStreet"),
    ("City", "BillingCity"),
    ("State", "BillingState"),
    ("PostalCode", "BillingPostalCode"),
    ("Country", "BillingCountry"),
];
const TO_CONTACT: &[(&str, &str)] = &[
    ("FirstName", "FirstName"),
    ("LastName", "LastName"),
    ("Salutation", "Salutation"),
    ("Title", "Title"),
    ("Email", "Email"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Fax", "Fax"),
    ("Description", "Description"),
    ("LeadSource", "LeadSource"),
    ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("HasOptedOutOfFax", "HasOptedOutOfFax"),
    ("DoNotCall", "DoNotCall"),
    ("IndividualId", "IndividualId"),
    ("Street", "MailingStreet"),
    ("City", "MailingCity"),
    ("State", "MailingState"),
    ("PostalCode", "MailingPostalCode"),
    ("Country", "MailingCountry"),
];

fn refused(code: &'static str, message: impl Into<String>, field: &str) -> Failure {
    ApiError::record(code, message, &[field]).into()
}

impl Org {
    /// Converts a lead.
    pub(crate) fn convert_lead(&mut self, conversion: &Conversion, author: Author) -> Result<Converted, Failure> {
        let leads = self.find("Lead")?;
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(leads);
        if conversion.lead.prefix() != definition.prefix {
            return Err(ApiError::invalid_cross_reference(Some("leadId")).into());
        }
        let lead = match self.store.get(leads, conversion.lead) {
            None => return Err(ApiError::invalid_cross_reference(Some("leadId")).into()),
            Some(_) => self.live_row(leads, conversion.lead)?.clone(),
        };
        if lead.get(definition, "IsConverted").is_true() {
            return Err(converted_lead(&[]).into());
        }
        self.check_conversion(conversion)?;
        let owner = self.owner_of_converted(conversion, lead.get(definition, "OwnerId"))?;
        let source = lead.get(definition, "LeadSource").clone();
        let account = match conversion.account {
            Some(account) => self.fill_empty("Account", account, leads, &lead, TO_ACCOUNT, author)?,
            None => {
                let fields = self.carried(leads, &lead, TO_ACCOUNT);
                self.create_owned("Account", fields, owner, author)?
            }
        };
        let contact = match conversion.contact {
            Some(contact) => {
                self.fill_empty("Contact", contact, leads, &lead, TO_CONTACT, author)?;
                if conversion.overwrite_lead_source && !source.is_null() {
                    let fields = Fields::from_iter([("LeadSource".to_owned(), source.to_json())]);
                    self.update(self.find("Contact")?, contact, &fields, author)?;
                }
                contact
            }
            None => {
                let mut fields = self.carried(leads, &lead, TO_CONTACT);
                fields.insert("AccountId".to_owned(), Json::String(account.to_string()));
                self.create_owned("Contact", fields, owner, author)?
            }
        };
        let opportunity = match conversion.opportunity {
            Some(opportunity) => {
                self.add_contact_role(opportunity, contact, author)?;
                Some(opportunity)
            }
            None if conversion.no_opportunity => None,
            None => {
                let company = lead.get(definition, "Company").as_text().unwrap_or_default();
                let name = conversion
                    .opportunity_name
                    .clone()
                    .unwrap_or_else(|| company.chars().take(LONGEST_OPPORTUNITY_NAME).collect());
                let fields = self.new_opportunity(name, account, contact, &source);
                Some(self.create_owned("Opportunity", fields, owner, author)?)
            }
        };
        let converted = Converted { account, contact, opportunity };
        self.move_children(leads, conversion.lead, converted, author);
        self.close_lead(leads, lead, &conversion.status, converted, author);
        Ok(converted)
    }

    /// Whether the parts of the request go together.
    fn check_conversion(&self, conversion: &Conversion) -> Result<(), Failure> {
        let statuses = self.find("LeadStatus")?;
        let definition = self.schema.object(statuses);
        let fits = |row: &Row| {
            row.get(definition, "ApiName").as_text() == Some(&conversion.status)
                && row.get(definition, "IsConverted").is_true()
        };
        if !self.store.rows(statuses).any(fits) {
            let message = format!("invalid convertedStatus: {}", conversion.status);
            return Err(refused("INVALID_STATUS", message, "convertedStatus"));
        }
        if let Some(name) = &conversion.opportunity_name {
            if conversion.no_opportunity || conversion.opportunity.is_some() {
                let message = "opportunityName must be blank when no opportunity is created";
                return Err(refused("INVALID_FIELD", message, "opportunityName"));
            }
            if name.chars().count() > LONGEST_OPPORTUNITY_NAME {
                let message =
                    format!("Opportunity Name: data value too large: {name} (max length={LONGEST_OPPORTUNITY_NAME})");
                return Err(refused("STRING_TOO_LONG", message, "opportunityName"));
            }
        }
        if conversion.overwrite_lead_source && conversion.contact.is_none() {
            let message = "overwriteLeadSource needs the contactId of an existing contact";
            return Err(refused("INVALID_FIELD", message, "overwriteLeadSource"));
        }
        if conversion.no_opportunity && conversion.opportunity.is_some() {
            let message = "opportunityId must be blank when doNotCreateOpportunity is true";
            return Err(refused("INVALID_FIELD", message, "opportunityId"));
        }
        self.check_target("Account", conversion.account, "accountId")?;
        self.check_target("Contact", conversion.contact, "contactId")?;
        self.check_target("Opportunity", conversion.opportunity, "opportunityId")?;
        for (object, target, field) in
            [("Contact", conversion.contact, "contactId"), ("Opportunity", conversion.opportunity, "opportunityId")]
        {
            let Some(target) = target else { continue };
            let Some(account) = conversion.account else {
                let message = format!("accountId must be given with {field}");
                return Err(refused("REQUIRED_FIELD_MISSING", message, "accountId"));
            };
            let index = self.find(object)?;
            let row = self.live_row(index, target)?;
            if row.get(self.schema.object(index), "AccountId").as_id() != Some(account) {
                let message = format!("the {object} {target} does not belong to the account {account}");
                return Err(refused("FIELD_INTEGRITY_EXCEPTION", message, field));
            }
        }
        Ok(())
    }

    fn check_target(&self, object: &str, target: Option<SfId>, field: &str) -> Result<(), Failure> {
        let Some(target) = target else { return Ok(()) };
        let index = self.find(object)?;
        if target.prefix() != self.schema.object(index).prefix || self.store.get(index, target).is_none() {
            return Err(ApiError::invalid_cross_reference(Some(field)).into());
        }
        self.live_row(index, target)?;
        Ok(())
    }

    /// Who will own what is created: a user, never a queue.
    fn owner_of_converted(&self, conversion: &Conversion, of_lead: &Value) -> Result<SfId, Failure> {
        let users = self.find("User")?;
        let owner = conversion.owner.or(of_lead.as_id());
        let owner = owner.filter(|owner| owner.prefix() == self.schema.object(users).prefix);
        owner.filter(|owner| self.store.get(users, *owner).is_some()).ok_or_else(|| {
            let message = "Converted objects can only be owned by users. If the lead is not owned by a user, you must \
                           specify a user for the Owner field.";
            refused("FIELD_INTEGRITY_EXCEPTION", message, "ownerId")
        })
    }

    /// The values that a lead carries over; empty ones are left out.
    fn carried(&self, leads: ObjectIndex, lead: &Row, plan: &[(&str, &str)]) -> Fields {
        let definition = self.schema.object(leads);
        let values = plan.iter().map(|(from, to)| ((*to).to_owned(), lead.get(definition, from)));
        let values = values.filter(|(_, value)| !value.is_null() && **value != Value::Bool(false));
        values.map(|(name, value)| (name, value.to_json())).collect()
    }

    fn create_owned(&mut self, object: &str, mut fields: Fields, owner: SfId, author: Author) -> Result<SfId, Failure> {
        let index = self.find(object)?;
        let definition = self.schema.object(index);
        fields.retain(|name, _| definition.find(name).is_some());
        fields.insert("OwnerId".to_owned(), Json::String(owner.to_string()));
        self.create(index, &fields, author)
    }

    /// Fills the empty fields of an existing record, and no others.
    fn fill_empty(
        &mut self,
        object: &str,
        target: SfId,
        leads: ObjectIndex,
        lead: &Row,
        plan: &[(&str, &str)],
        author: Author,
    ) -> Result<SfId, Failure> {
        let index = self.find(object)?;
        let mut fields = self.carried(leads, lead, plan);
        let definition = self.schema.object(index);
        let row = self.live_row(index, target)?;
        fields.retain(|name, _| {
            let empty = |value: &Value| value.is_null() || *value == Value::Bool(false);
            definition.find(name).is_some() && empty(row.get(definition, name))
        });
        if !fields.is_empty() {
            self.update(index, target, &fields, author)?;
        }
        Ok(target)
    }

    /// The first open stage, closing at the end of the quarter, with the contact in the primary role.
    fn new_opportunity(&self, name: String, account: SfId, contact: SfId, source: &Value) -> Fields {
        let stage = self.schema.find("OpportunityStage").and_then(|index| {
            let definition = self.schema.object(index);
            let open =
                |row: &&Row| row.get(definition, "IsActive").is_true() && !row.get(definition, "IsClosed").is_true();
            let first = self.store.rows(index).filter(open);
            let first = first.min_by_key(|row| row.get(definition, "SortOrder").as_number());
            first.map(|row| row.get(definition, "ApiName").to_json())
        });
        let mut fields = Fields::from_iter([
            ("Name".to_owned(), Json::String(name)),
            ("AccountId".to_owned(), Json::String(account.to_string())),
            ("ContactId".to_owned(), Json::String(contact.to_string())),
            ("StageName".to_owned(), stage.unwrap_or_default()),
            ("CloseDate".to_owned(), Json::String(end_of_quarter(self.now.date_naive()).to_string())),
        ]);
        if !source.is_null() {
            fields.insert("LeadSource".to_owned(), source.to_json());
        }
        fields
    }

    /// Puts the contact among the people of an existing opportunity, unless it is there already.
    fn add_contact_role(&mut self, opportunity: SfId, contact: SfId, author: Author) -> Result<(), Failure> {
        let roles = self.find("OpportunityContactRole")?;
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(roles);
        let (Some(by_deal), true) = (definition.find("OpportunityId"), definition.can.createable) else {
            return Ok(());
        };
        let present = self.store.live_with_value(roles, by_deal, &Value::Id(opportunity));
        let of_contact = |id: &SfId| {
            self.store.get(roles, *id).is_some_and(|row| row.get(definition, "ContactId").as_id() == Some(contact))
        };
        if present.iter().any(of_contact) {
            return Ok(());
        }
        let fields = Fields::from_iter([
            ("OpportunityId".to_owned(), Json::String(opportunity.to_string())),
            ("ContactId".to_owned(), Json::String(contact.to_string())),
        ]);
        self.create(roles, &fields, author).map(drop)
    }

    /// Activities go to the contact and what was made of the lead; memberships and notes to the contact.
    fn move_children(&mut self, leads: ObjectIndex, lead: SfId, converted: Converted, author: Author) {
        let schema = Arc::clone(&self.schema);
        let related = converted.opportunity.unwrap_or(converted.account);
        for link in &schema.object(leads).children {
            if !self.store.is_indexed(link.child, link.field) {
                continue;
            }
            let child = schema.object(link.child);
            for id in self.store.live_with_value(link.child, link.field, &Value::Id(lead)) {
                let Some(before) = self.store.get(link.child, id).cloned() else { continue };
                let mut row = before.clone();
                match child.field(link.field).name {
                    "WhoId" => {
                        row.set(child, "WhoId", Value::Id(converted.contact));
                        if row.get(child, "WhatId").is_null() {
                            row.set(child, "WhatId", Value::Id(related));
                        }
                        row.set(child, "AccountId", Value::Id(converted.account));
                    }
                    // The membership stays the lead's own, too.
                    "LeadId" => row.set(child, "ContactId", Value::Id(converted.contact)),
                    "ParentId" | "LinkedEntityId" => row.values[link.field] = Value::Id(converted.contact),
                    _ => continue,
                }
                self.stamp(child, &mut row, Author { automation: true, ..author });
                self.store.put(link.child, row);
                self.note(Action::Updated, child, id, vec![child.field(link.field).name.to_owned()]);
                derive::roll_up(self, child, Some(&before), id, author);
            }
        }
    }

    fn close_lead(&mut self, leads: ObjectIndex, mut lead: Row, status: &str, converted: Converted, author: Author) {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(leads);
        let opportunity = converted.opportunity.map_or(Value::Null, Value::Id);
        let changes = [
            ("Status", Value::text(status)),
            ("IsConverted", Value::Bool(true)),
            ("ConvertedDate", Value::Date(self.now.date_naive())),
            ("ConvertedAccountId", Value::Id(converted.account)),
            ("ConvertedContactId", Value::Id(converted.contact)),
            ("ConvertedOpportunityId", opportunity),
            ("IsUnreadByOwner", Value::Bool(false)),
        ];
        let names = changes.iter().map(|(name, _)| (*name).to_owned()).collect();
        for (name, value) in changes {
            lead.set(definition, name, value);
        }
        self.stamp(definition, &mut lead, author);
        let id = lead.id;
        let before = self.store.get(leads, id).cloned();
        self.store.put(leads, lead);
        self.note(Action::Updated, definition, id, names);
        derive::roll_up(self, definition, before.as_ref(), id, author);
    }
}

/// The last day of the quarter of `day`.
fn end_of_quarter(day: NaiveDate) -> NaiveDate {
    let next = match day.month0() / 3 {
        3 => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        quarter => NaiveDate::from_ymd_opt(day.year(), quarter * 3 + 4, 1),
    };
    next.and_then(|first| first.checked_sub_days(Days::new(1))).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_with_their_last_day() {
        for (day, end) in [
            ("2025-01-01", "2025-03-31"),
            ("2025-06-30", "2025-06-30"),
            ("2025-09-01", "2025-09-30"),
            ("2025-12-31", "2025-12-31"),
        ] {
            assert_eq!(end_of_quarter(day.parse().unwrap()).to_string(), end);
        }
    }
}
