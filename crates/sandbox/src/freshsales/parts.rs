//! The parts of a write that are more than plain values: addresses, phone lists, links, subscriptions.

use serde_json::Value;

use super::coerce::{id_of, is_blank, is_email, phone, wrong_type};
use super::draft::{ALL_SUBSCRIPTIONS, Drafter};
use super::schema::Entity;
use super::store::{AccountLink, Email, PhoneNumber};

/// Nothing, or the vendor's complaint.
type Outcome = Result<(), String>;

const MAX_ACCOUNTS: usize = 10;

impl Drafter<'_> {
    /// The primary address as a plain text; blank removes it.
    pub(super) fn apply_email(&mut self, value: &Value) -> Outcome {
        if is_blank(value) {
            self.record.emails.retain(|email| !email.is_primary);
            self.tidy_emails(None);
            return Ok(());
        }
        let text = value.as_str().ok_or_else(|| wrong_type("email"))?;
        let address = valid_email(text)?;
        let known = self.record.emails.iter().position(|email| email.value.eq_ignore_ascii_case(&address));
        let primary = self.record.emails.iter().position(|email| email.is_primary);
        let index = known.or(primary).unwrap_or(self.record.emails.len());
        match self.record.emails.get_mut(index) {
            Some(email) => email.value = address,
            None => self.record.emails.push(Email { id: 0, value: address, is_primary: true, label: None }),
        }
        self.tidy_emails(Some(index));
        Ok(())
    }

    /// A text, an array of texts, or an array of objects; in arrays, addresses that are not mentioned stay.
    pub(super) fn apply_emails(&mut self, value: &Value) -> Outcome {
        let list = match value {
            Value::Null => return Ok(()),
            Value::String(_) => return self.apply_email(value),
            Value::Array(list) => list,
            _ => return Err(wrong_type("emails")),
        };
        let mut primary = None;
        for entry in list {
            let object = match entry {
                Value::String(text) => {
                    self.merge_email(None, Some(text), None)?;
                    continue;
                }
                Value::Object(object) => object,
                _ => return Err(wrong_type("emails")),
            };
            let id = object.get("id").and_then(id_of);
            if object.get("_destroy").is_some_and(truthy) {
                let address = object.get("value").and_then(Value::as_str);
                self.record.emails.retain(|email| {
                    let same = match id {
                        Some(id) => email.id == id,
                        None => address.is_some_and(|address| email.value.eq_ignore_ascii_case(address)),
                    };
                    !same
                });
                continue;
            }
            let label = object.get("label").and_then(Value::as_str);
            let value = object.get("value").and_then(Value::as_str);
            let merged = self.merge_email(id, value, label)?;
            if object.get("is_primary").is_some_and(truthy) && primary.is_none() {
                primary = merged;
            }
        }
        let index = primary.and_then(|address| self.record.emails.iter().position(|email| email.value == address));
        self.tidy_emails(index);
        Ok(())
    }

    /// Changes the address with this id or value, or adds one; gives the address back.
    fn merge_email(
        &mut self,
        id: Option<i64>,
        value: Option<&str>,
        label: Option<&str>,
    ) -> Result<Option<String>, String> {
        let address = value.map(valid_email).transpose()?;
        let same = |email: &&mut Email| match (id, &address) {
            (Some(id), _) => email.id == id,
            (None, Some(address)) => email.value.eq_ignore_ascii_case(address),
            (None, None) => false,
        };
        if let Some(email) = self.record.emails.iter_mut().find(same) {
            if let Some(address) = address {
                email.value = address;
            }
            if let Some(label) = label {
                email.label = Some(label.to_owned());
            }
            return Ok(Some(email.value.clone()));
        }
        let Some(address) = address.filter(|_| id.is_none()) else {
            return Err("Email is invalid".to_owned());
        };
        let label = label.map(str::to_owned);
        self.record.emails.push(Email { id: 0, value: address.clone(), is_primary: false, label });
        Ok(Some(address))
    }

    /// Exactly one primary: the wanted one, else the one that is, else the first.
    pub(super) fn tidy_emails(&mut self, wanted: Option<usize>) {
        let current = self.record.emails.iter().position(|email| email.is_primary);
        let primary = wanted.or(current).unwrap_or(0);
        for (index, email) in self.record.emails.iter_mut().enumerate() {
            email.is_primary = index == primary;
        }
    }

    pub(super) fn apply_phone_numbers(&mut self, value: &Value) -> Outcome {
        let list = value.as_array().ok_or_else(|| wrong_type("phone_numbers"))?;
        for entry in list {
            let object = entry.as_object().ok_or_else(|| wrong_type("phone_numbers"))?;
            let id = object.get("id").and_then(id_of);
            let number = object.get("value").and_then(Value::as_str).map(phone);
            let index = self.record.phone_numbers.iter().position(|phone| match id {
                Some(id) => phone.id == id,
                None => Some(&phone.value) == number.as_ref(),
            });
            let label = object.get("label").and_then(Value::as_str).map(str::to_owned);
            match (index, number) {
                (Some(index), _) if object.get("_destroy").is_some_and(truthy) => {
                    self.record.phone_numbers.remove(index);
                }
                (Some(index), number) => {
                    if let Some(phone) = self.record.phone_numbers.get_mut(index) {
                        phone.value = number.unwrap_or_else(|| phone.value.clone());
                        phone.label = label.or_else(|| phone.label.clone());
                    }
                }
                (None, Some(value)) if id.is_none() && !value.is_empty() => {
                    self.record.phone_numbers.push(PhoneNumber { id: 0, value, label });
                }
                _ => return Err("Phone number is invalid".to_owned()),
            }
        }
        Ok(())
    }

    /// Replaces the set of accounts.
    pub(super) fn apply_accounts(&mut self, value: &Value) -> Outcome {
        let list = match value {
            Value::Null => &Vec::new(),
            value => value.as_array().ok_or_else(|| wrong_type("sales_accounts"))?,
        };
        let mut links: Vec<AccountLink> = Vec::new();
        for entry in list {
            let object = entry.as_object().ok_or_else(|| wrong_type("sales_accounts"))?;
            let id = object.get("id").and_then(id_of).ok_or("Sales account is invalid")?;
            if !self.is_live(Entity::SalesAccount, id) {
                return Err("Sales account is invalid".to_owned());
            }
            let wants_primary = object.get("is_primary").is_some_and(truthy);
            let is_primary = wants_primary && !links.iter().any(|link| link.is_primary);
            if !links.iter().any(|link| link.id == id) {
                links.push(AccountLink { id, is_primary });
            }
        }
        if links.len() > MAX_ACCOUNTS {
            return Err(format!("Only {MAX_ACCOUNTS} accounts can be associated with a contact"));
        }
        self.set_links(links);
        Ok(())
    }

    fn set_links(&mut self, mut links: Vec<AccountLink>) {
        if !links.iter().any(|link| link.is_primary)
            && let Some(first) = links.first_mut()
        {
            first.is_primary = true;
        }
        self.record.accounts = links;
    }

    pub(super) fn apply_account_id(&mut self, value: &Value) -> Outcome {
        if is_blank(value) {
            return Ok(());
        }
        let id = id_of(value).filter(|id| self.is_live(Entity::SalesAccount, *id)).ok_or("Sales account is invalid")?;
        self.link_account(id);
        Ok(())
    }

    /// Makes an account the (primary) account of the record.
    fn link_account(&mut self, id: i64) {
        if self.record.entity == Entity::Deal {
            return self.record.set("sales_account_id", Some(id.into()));
        }
        let others = self.record.accounts.iter().filter(|link| link.id != id).map(|link| link.id);
        let links = std::iter::once(AccountLink { id, is_primary: true })
            .chain(others.map(|id| AccountLink { id, is_primary: false }));
        self.record.accounts = links.collect();
    }

    /// `{"name": …}`: found, or made when the write is accepted.
    pub(super) fn apply_named_account(&mut self, value: &Value) -> Outcome {
        if value.is_null() {
            return Ok(());
        }
        let name = value.as_object().ok_or_else(|| wrong_type("sales_account"))?.get("name");
        let name = name.and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or("Sales account is invalid")?;
        match self.store.find_live(Entity::SalesAccount, "name", name) {
            Some(id) => self.link_account(id),
            None => self.new_account = Some(name.to_owned()),
        }
        Ok(())
    }

    pub(super) fn apply_subscription_status(&mut self, value: &Value) -> Outcome {
        let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        let status = id_of(value).filter(|status| (0..=4).contains(status)).ok_or("Subscription status is invalid")?;
        let before = self.record.number("subscription_status");
        if self.quirks.resubscribe_refused && status == 1 && matches!(before, Some(0 | 3 | 4)) {
            return Err("Subscription status is invalid".to_owned());
        }
        self.record.set("subscription_status", Some(status.into()));
        if before != Some(status) {
            let types = if status == 1 { ALL_SUBSCRIPTIONS } else { "" };
            if status <= 1 {
                self.record.set("subscription_types", Some(types.into()));
            }
        }
        Ok(())
    }

    pub(super) fn apply_subscription_types(&mut self, value: &Value) -> Outcome {
        let parts: Vec<String> = match value {
            Value::Null => Vec::new(),
            Value::String(text) => text.split(';').map(|part| part.trim().to_owned()).collect(),
            Value::Array(list) => list.iter().filter_map(id_of).map(|id| id.to_string()).collect(),
            _ => return Err(wrong_type("subscription_types")),
        };
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.iter().all(|part| ALL_SUBSCRIPTIONS.split(';').any(|known| known == part)) {
            return Err("Subscription types is invalid".to_owned());
        }
        self.record.set("subscription_types", Some(parts.join(";").into()));
        Ok(())
    }

    pub(super) fn apply_contacts(&mut self, key: &str, value: &Value) -> Outcome {
        let list = value.as_array().ok_or_else(|| wrong_type(key))?;
        let ids: Option<Vec<i64>> = list.iter().map(id_of).collect();
        let ids = ids.ok_or("Contact is invalid")?;
        if key == "contacts_removed_list" {
            self.record.contacts.retain(|id| !ids.contains(id));
            return Ok(());
        }
        for id in ids {
            if !self.is_live(Entity::Contact, id) {
                return Err("Contact is invalid".to_owned());
            }
            if !self.record.contacts.contains(&id) {
                self.record.contacts.push(id);
            }
        }
        Ok(())
    }
}

fn valid_email(text: &str) -> Result<String, String> {
    if is_email(text) { Ok(text.trim().to_owned()) } else { Err("Email is invalid".to_owned()) }
}

fn truthy(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_i64() == Some(1) || matches!(value.as_str(), Some("true" | "1"))
}
