//! Contacts.

mod lists;

use crm_model::{
    Choice, Contact, ContactPatch, DateOrTime, FieldType, Label, Labelled, ListPatch, ObjectKind, Presence, Ref,
    RemoteId, Slot,
};
use freshsales::Loaded;
use freshsales::models::{self as fs, ContactWrite, Set};

use self::lists::{write_accounts, write_emails, write_phones};
use super::fields::{Fields, ModelField, TEXT};
use super::mapped::{Mapped, meta};
use super::values::{
    address_parts, addresses, instant, label, loaded, reference, set_choice, set_ref, set_tags, set_text, text,
};
use super::{consent, refuse};
use crate::{Error, ErrorKind, FindBy, Result};

const EXTERNAL_ID: &str = "external_id";

impl Mapped for Contact {
    type Entity = fs::Contact;

    const INCLUDE: &'static [&'static str] =
        &["owner", "creater", "updater", "sales_accounts", "lifecycle_stage", "contact_status", "source"];
    const EXTRAS: &'static [&'static str] = &["facebook", "twitter", "linkedin", "keyword", "medium", "work_email"];
    const PATH: &'static str = "contacts";
    const FIND: &'static [FindBy] = &[FindBy::Email, FindBy::CreateKey];

    fn fields() -> Vec<ModelField> {
        let reference = |target| FieldType::Ref { target: Some(target) };
        vec![
            ModelField::new(Contact::FIRST_NAME, &["first_name"], TEXT),
            ModelField::new(Contact::LAST_NAME, &["last_name"], TEXT),
            ModelField::new(Contact::FULL_NAME, &["display_name"], TEXT).read_only(),
            ModelField::new(Contact::JOB_TITLE, &["job_title"], TEXT),
            ModelField::new(Contact::EMAILS, &["emails"], FieldType::List).unique(),
            ModelField::new(Contact::PHONES, &["work_number", "mobile_number", "phone_numbers"], FieldType::List),
            ModelField::new(Contact::ADDRESSES, &["address", "city", "state", "zipcode", "country"], FieldType::List),
            ModelField::new(Contact::ACCOUNTS, &["sales_accounts"], FieldType::List),
            ModelField::new(Contact::OWNER, &["owner_id"], reference(ObjectKind::User)),
            ModelField::new(Contact::LIFECYCLE_STAGE, &["lifecycle_stage_id"], FieldType::Choice),
            ModelField::new(Contact::STATUS, &["contact_status_id"], FieldType::Choice),
            ModelField::new(Contact::LEAD_SOURCE, &["lead_source_id"], FieldType::Choice),
            ModelField::new(Contact::EXTERNAL_ID, &[EXTERNAL_ID], TEXT),
            ModelField::new(Contact::TIME_ZONE, &["time_zone"], TEXT),
            ModelField::new(Contact::TAGS, &["tags"], FieldType::List),
            ModelField::new(Contact::LAST_ACTIVITY, &["last_contacted"], FieldType::DateTime).read_only(),
        ]
    }

    fn read(record: &Loaded<fs::Contact>, fields: &Fields) -> Self {
        let row = &record.row;
        let mut contact = Contact::default();
        contact.meta = meta(record, fields, row.created_at, row.updater_id.or(row.creater_id));
        contact.first_name = text(row, "first_name", row.first_name.as_ref());
        contact.last_name = text(row, "last_name", row.last_name.as_ref());
        contact.full_name = text(row, "display_name", row.display_name.as_ref());
        contact.job_title = text(row, "job_title", row.job_title.as_ref());
        contact.external_id = text(row, EXTERNAL_ID, row.external_id.as_ref());
        contact.time_zone = text(row, "time_zone", row.time_zone.as_ref());
        contact.owner = reference(row, "owner_id", row.owner_id);
        contact.lifecycle_stage =
            fields.choice(&Contact::LIFECYCLE_STAGE, loaded(row, "lifecycle_stage_id", row.lifecycle_stage_id));
        contact.status = fields.choice(&Contact::STATUS, loaded(row, "contact_status_id", row.contact_status_id));
        contact.lead_source = fields.choice(&Contact::LEAD_SOURCE, loaded(row, "lead_source_id", row.lead_source_id));
        contact.last_activity = loaded(row, "last_contacted", instant(row.last_contacted).map(DateOrTime::Time));
        contact.emails = emails(record);
        contact.phones = phones(record);
        let parts =
            [row.address.as_ref(), row.city.as_ref(), row.state.as_ref(), row.zipcode.as_ref(), row.country.as_ref()];
        contact.addresses = addresses(row, parts, Label::Mailing);
        contact.accounts = loaded(row, "sales_accounts", row.sales_accounts.as_ref())
            .map(|accounts| accounts.iter().map(account).collect());
        contact.tags = loaded(row, "tags", row.tags.clone());
        contact.consent = consent::read(row, fields);
        contact.custom = fields.read_custom(row, row.custom_field.as_ref());
        contact
    }

    fn needs_current(patch: &ContactPatch) -> bool {
        let fixed = |slot: &Slot| matches!(slot, Slot::Primary | Slot::Label(Label::Work | Label::Mobile));
        let phones = match &patch.phones {
            ListPatch::Keep => false,
            ListPatch::Replace(_) => true,
            ListPatch::Slots(slots) => !slots.keys().all(fixed),
        };
        phones || patch.emails != ListPatch::Keep || matches!(patch.accounts, ListPatch::Slots(_))
    }

    fn write(patch: &ContactPatch, current: Option<&Loaded<fs::Contact>>, fields: &Fields) -> Result<ContactWrite> {
        let current = current.map(|record| &***record);
        let (custom_field, other) = fields.write_custom(&patch.custom)?;
        let mut write = ContactWrite {
            first_name: set_text(&patch.first_name),
            last_name: set_text(&patch.last_name),
            job_title: set_text(&patch.job_title),
            external_id: set_text(&patch.external_id),
            time_zone: set_text(&patch.time_zone),
            owner_id: set_ref(&patch.owner, "owner")?,
            lifecycle_stage_id: set_choice(&patch.lifecycle_stage, "lifecycle stage")?,
            contact_status_id: set_choice(&patch.status, "status")?,
            lead_source_id: set_choice(&patch.lead_source, "lead source")?,
            emails: write_emails(&patch.emails, current),
            sales_accounts: write_accounts(&patch.accounts, current)?,
            tags: set_tags(&patch.tags),
            custom_field,
            other,
            ..ContactWrite::default()
        };
        write_phones(&mut write, &patch.phones, current)?;
        if let Some(address) = super::accounts::flat_address(&patch.addresses, &Label::Mailing)? {
            [write.address, write.city, write.state, write.zipcode, write.country] = address_parts(address);
        }
        consent::close(&mut write, &patch.opt_outs, fields)?;
        Ok(write)
    }

    fn put_key(write: &mut ContactWrite, key: &str, fields: &Fields) -> Result<Option<String>> {
        if let Some(name) = &fields.key_field {
            write.custom_field.insert(name.clone(), key.into());
            return Ok(Some(name.clone()));
        }
        match &write.external_id {
            Set::To(other) if other != key => Err(key_is_taken()),
            _ => {
                write.external_id = key.into();
                Ok(Some(EXTERNAL_ID.to_owned()))
            }
        }
    }

    fn key_field(fields: &Fields) -> Option<&str> {
        Some(fields.key_field.as_deref().unwrap_or(EXTERNAL_ID))
    }

    fn carries(&self, by: FindBy, text: &str) -> bool {
        let has_address = |entry: &Labelled<String>| entry.value.trim().to_lowercase() == text.trim().to_lowercase();
        by != FindBy::Email || self.emails.get().is_some_and(|emails| emails.iter().any(has_address))
    }
}

fn key_is_taken() -> Error {
    refuse(ErrorKind::Invalid, "contacts.write", "the create key goes into external_id, which the record fills already")
        .with_hint(
            "create the unique text field `Crmkit key` (cf_crmkit_key) on contacts, or map external_id elsewhere",
        )
}

/// All addresses; older answers give the primary one only.
fn emails(record: &Loaded<fs::Contact>) -> Presence<Vec<Labelled<String>>> {
    let entry = |email: &fs::Email| {
        let mut entry =
            Labelled::new(email.value.clone().filter(|value| !value.is_empty())?, label(email.label.as_deref()));
        entry.is_primary = email.is_primary;
        entry.remote_id = email.id.map(|id| id.to_string().into());
        Some(entry)
    };
    match (&record.emails, &record.email) {
        (Some(emails), _) => Presence::Known(emails.iter().filter_map(entry).collect()),
        (None, Some(email)) => Presence::Known(vec![Labelled::new(email.as_str(), Label::Work).primary()]),
        (None, None) => loaded(&record.row, "emails", None),
    }
}

fn phones(record: &Loaded<fs::Contact>) -> Presence<Vec<Labelled<String>>> {
    if record.extra("work_number").is_none() {
        return Presence::NotLoaded;
    }
    let fixed = [(&record.work_number, Label::Work), (&record.mobile_number, Label::Mobile)];
    let fixed = fixed.into_iter().filter_map(|(number, label)| {
        Some(Labelled::new(number.as_deref().filter(|number| !number.is_empty())?, label))
    });
    let further = record.phone_numbers.iter().flatten().filter_map(|phone| {
        let mut entry = Labelled::new(phone.value.clone().filter(|number| !number.is_empty())?, further_label(phone));
        entry.remote_id = phone.id.map(|id| id.to_string().into());
        Some(entry)
    });
    Presence::Known(fixed.chain(further).collect())
}

/// Work and mobile have fields of their own, so a further number is something else.
fn further_label(phone: &fs::PhoneNumber) -> Label {
    match label(phone.label.as_deref()) {
        Label::Work | Label::Mobile => Label::Other("other".to_owned()),
        label => label,
    }
}

fn account(account: &fs::LinkedAccount) -> Ref<crm_model::Account> {
    let mut reference = Ref::new(RemoteId::new(account.id.to_string()));
    reference.label = account.name.clone();
    reference.is_primary = account.is_primary;
    reference
}

impl Fields {
    /// A choice by its id, with its label where the settings tell it.
    pub(super) fn choice<I: ToString>(&self, key: &crm_model::FieldKey, id: Presence<I>) -> Presence<Choice> {
        id.map(|id| {
            let choice = Choice::new(id.to_string());
            let option =
                self.schema.field(key).and_then(|field| field.options.iter().find(|option| option.key == choice.key));
            option.map_or(choice.clone(), |option| choice.labelled(&*option.label))
        })
    }
}

#[cfg(test)]
mod tests;
