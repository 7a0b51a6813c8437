//! Accounts: the vendor's sales accounts.

use crm_model::{
    Account, AccountPatch, Address, DateOrTime, FieldType, Label, Labelled, ListPatch, Money, ObjectKind, Presence,
    Slot,
};
use freshsales::Loaded;
use freshsales::models::{self as fs, SalesAccountWrite, Set};

use super::fields::{Fields, ModelField, TEXT};
use super::mapped::{Mapped, meta};
use super::refuse;
use super::values::{
    address_parts, addresses, instant, loaded, reference, set, set_choice, set_ref, set_tags, set_text, text,
};
use crate::{Error, ErrorKind, FindBy, Result};

impl Mapped for Account {
    type Entity = fs::SalesAccount;

    const INCLUDE: &'static [&'static str] = &["owner", "creater", "updater", "industry_type", "business_type"];
    const EXTRAS: &'static [&'static str] = &["facebook", "twitter", "linkedin"];
    const PATH: &'static str = "sales_accounts";
    const FIND: &'static [FindBy] = &[FindBy::CreateKey, FindBy::Name];

    fn fields() -> Vec<ModelField> {
        let reference = |target| FieldType::Ref { target: Some(target) };
        vec![
            ModelField::new(Account::NAME, &["name"], TEXT).required().unique(),
            ModelField::new(Account::WEBSITE, &["website"], TEXT),
            ModelField::new(Account::PHONES, &["phone"], FieldType::List),
            ModelField::new(Account::ADDRESSES, &["address", "city", "state", "zipcode", "country"], FieldType::List),
            ModelField::new(Account::INDUSTRY, &["industry_type_id"], FieldType::Choice),
            ModelField::new(Account::BUSINESS_TYPE, &["business_type_id"], FieldType::Choice),
            ModelField::new(Account::EMPLOYEE_COUNT, &["number_of_employees"], FieldType::Int),
            ModelField::new(Account::ANNUAL_REVENUE, &["annual_revenue"], FieldType::Money),
            ModelField::new(Account::PARENT, &["parent_sales_account_id"], reference(ObjectKind::Account)),
            ModelField::new(Account::OWNER, &["owner_id"], reference(ObjectKind::User)),
            ModelField::new(Account::TAGS, &["tags"], FieldType::List),
            ModelField::new(Account::LAST_ACTIVITY, &["last_contacted"], FieldType::DateTime).read_only(),
        ]
    }

    fn read(record: &Loaded<fs::SalesAccount>, fields: &Fields) -> Self {
        let row = &record.row;
        let mut account = Account::default();
        account.meta = meta(record, fields, row.created_at, row.updater_id.or(row.creater_id));
        account.name = text(row, "name", row.name.as_ref());
        account.website = text(row, "website", row.website.as_ref());
        account.phones = match row.extra("phone") {
            None => Presence::NotLoaded,
            Some(_) => {
                let number = row.phone.as_deref().filter(|number| !number.is_empty());
                Presence::Known(number.map(|number| Labelled::new(number, Label::Main)).into_iter().collect())
            }
        };
        let parts =
            [row.address.as_ref(), row.city.as_ref(), row.state.as_ref(), row.zipcode.as_ref(), row.country.as_ref()];
        account.addresses = addresses(row, parts, Label::Billing);
        account.industry = fields.choice(&Account::INDUSTRY, loaded(row, "industry_type_id", row.industry_type_id));
        account.business_type =
            fields.choice(&Account::BUSINESS_TYPE, loaded(row, "business_type_id", row.business_type_id));
        account.employee_count = loaded(row, "number_of_employees", row.number_of_employees);
        account.annual_revenue = loaded(row, "annual_revenue", row.annual_revenue).map(Money::new);
        account.parent = reference(row, "parent_sales_account_id", row.parent_sales_account_id);
        account.owner = reference(row, "owner_id", row.owner_id);
        account.last_activity = loaded(row, "last_contacted", instant(row.last_contacted).map(DateOrTime::Time));
        account.tags = loaded(row, "tags", row.tags.clone());
        account.custom = fields.read_custom(row, row.custom_field.as_ref());
        account
    }

    fn needs_current(_patch: &AccountPatch) -> bool {
        false
    }

    fn write(
        patch: &AccountPatch,
        _current: Option<&Loaded<fs::SalesAccount>>,
        fields: &Fields,
    ) -> Result<SalesAccountWrite> {
        let (custom_field, other) = fields.write_custom(&patch.custom)?;
        let mut write = SalesAccountWrite {
            name: set_text(&patch.name),
            website: set_text(&patch.website),
            phone: write_phone(&patch.phones)?,
            number_of_employees: set(&patch.employee_count, |count| Ok(*count))?,
            annual_revenue: set(&patch.annual_revenue, |money| Ok(money.amount))?,
            owner_id: set_ref(&patch.owner, "owner")?,
            parent_sales_account_id: set_ref(&patch.parent, "parent")?,
            industry_type_id: set_choice(&patch.industry, "industry")?,
            business_type_id: set_choice(&patch.business_type, "business type")?,
            tags: set_tags(&patch.tags),
            custom_field,
            other,
            ..SalesAccountWrite::default()
        };
        if let Some(address) = flat_address(&patch.addresses, &Label::Billing)? {
            [write.address, write.city, write.state, write.zipcode, write.country] = address_parts(address);
        }
        Ok(write)
    }

    fn put_key(write: &mut SalesAccountWrite, key: &str, fields: &Fields) -> Result<Option<String>> {
        let Some(name) = &fields.key_field else {
            return Ok(None);
        };
        write.custom_field.insert(name.clone(), key.into());
        Ok(Some(name.clone()))
    }

    fn carries(&self, by: FindBy, text: &str) -> bool {
        by != FindBy::Name || self.name.get().is_some_and(|name| name == text)
    }
}

fn no_place(field: &str, slot: impl std::fmt::Display) -> Error {
    refuse(ErrorKind::Invalid, "write", format!("Freshsales has no place for {field}[{slot}]"))
}

/// The one number: the main one.
fn write_phone(patch: &ListPatch<Labelled<String>>) -> Result<Set<String>> {
    let number = |entry: Option<&Labelled<String>>| entry.map_or(Set::Null, |entry| Set::To(entry.value.clone()));
    match patch {
        ListPatch::Keep => Ok(Set::Keep),
        ListPatch::Replace(list) => match list.iter().find(|entry| entry.label != Label::Main && list.len() > 1) {
            Some(further) => Err(no_place("phones", &further.label)),
            None => Ok(number(list.first())),
        },
        ListPatch::Slots(slots) => {
            let mut write = Set::Keep;
            for (slot, value) in slots {
                match slot {
                    Slot::Primary | Slot::Label(Label::Main) => write = number(value.as_ref()),
                    other => return Err(no_place("phones", other)),
                }
            }
            Ok(write)
        }
    }
}

/// What is to become of the one address: `None` leaves it, `Some(None)` empties it.
#[allow(clippy::option_option, reason = "keep, clear and set")]
pub(super) fn flat_address<'a>(
    patch: &'a ListPatch<Labelled<Address>>,
    label: &Label,
) -> Result<Option<Option<&'a Address>>> {
    match patch {
        ListPatch::Keep => Ok(None),
        ListPatch::Replace(list) => match list.iter().find(|entry| entry.label != *label && list.len() > 1) {
            Some(further) => Err(no_place("addresses", &further.label)),
            None => Ok(Some(list.first().map(|entry| &entry.value))),
        },
        ListPatch::Slots(slots) => {
            let mut change = None;
            for (slot, value) in slots {
                match slot {
                    Slot::Primary => change = Some(value.as_ref().map(|entry| &entry.value)),
                    Slot::Label(wanted) if wanted == label => {
                        change = Some(value.as_ref().map(|entry| &entry.value));
                    }
                    other => return Err(no_place("addresses", other)),
                }
            }
            Ok(change)
        }
    }
}
