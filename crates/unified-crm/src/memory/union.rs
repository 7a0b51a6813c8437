//! Records that become others.

use crm_model::{
    Account, AnyRef, Contact, Conversion, DateOrTime, Deal, Deleted, FieldDef, FieldKey, FieldValue, Lead, Object,
    ObjectKind, Record, RecordPatch, Ref, RemoteId, Stage, Value,
};
use rest_core::Result;

use super::table::Table;
use super::{MemoryCrm, VENDOR, lock};
use crate::{ConvertLead, Create, Error, ErrorKind, Merge, Update};

fn refuse(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Error {
    Error::new(kind, operation).with_vendor(VENDOR).with_message(message)
}

/// What a lead says about another object, by the names that the two have in common.
fn carried(lead: &Record, fields: &[FieldDef], except: &[FieldKey]) -> RecordPatch {
    let shared = fields.iter().map(|field| &field.key).filter(|key| !except.contains(key));
    let value = |key: &FieldKey| Some((key.clone().into(), lead.peek(&key.clone().into())?.clone()));
    shared.filter_map(value).filter(|(_, value)| !value.is_empty()).collect()
}

/// Only what fills an empty field.
fn filling(patch: RecordPatch, of: &Record) -> RecordPatch {
    let opt_outs = patch.opt_outs.clone();
    let mut filled: RecordPatch =
        patch.into_iter().filter(|(path, _)| of.peek(path).is_none_or(Value::is_empty)).collect();
    filled.opt_outs = opt_outs;
    filled
}

fn create<T: Object>(table: &Table<T>, patch: RecordPatch) -> Result<RemoteId<T>> {
    let new = T::new_from_patch(patch);
    let new = new.map_err(|error| refuse(ErrorKind::Invalid, "convert_leads", error.to_string()))?;
    Ok(table.create(&Create { new, key: None })?.id)
}

fn update<T: Object>(table: &Table<T>, id: &RemoteId<T>, patch: RecordPatch) -> Result<()> {
    let patch = T::patch_from_record(patch);
    let patch = patch.map_err(|error| refuse(ErrorKind::Invalid, "merge", error.to_string()))?;
    table.update(&Update { id: id.clone(), patch }).map(drop)
}

impl MemoryCrm {
    pub(super) fn convert(&self, how: &ConvertLead) -> Result<Conversion> {
        let tables = &self.tables;
        let lead = tables.leads.alive(&how.lead)?;
        let owner = |patch: &mut RecordPatch| {
            if let Some(owner) = &how.owner {
                let owner = AnyRef::new(ObjectKind::User, owner.as_str());
                patch.set(Contact::OWNER.into(), Value::Ref(owner));
            }
        };
        // Everything that can be refused is refused before anything is written.
        let known_contact = how.contact.as_ref().map(|id| tables.contacts.alive(id)).transpose()?;
        let company = lead.peek(&Lead::COMPANY_NAME.into()).filter(|name| !name.is_empty()).cloned();
        let account = match (&how.account, company) {
            (Some(account), _) => {
                tables.accounts.alive(account)?;
                account.clone()
            }
            (None, None) => {
                let message = "the lead names no company to make an account of: give it an account";
                return Err(refuse(ErrorKind::Invalid, "convert_leads", message));
            }
            (None, Some(name)) => {
                let mut patch = carried(&lead, Account::FIELDS, &[Account::DESCRIPTION, Account::TAGS]);
                patch.set(Account::NAME.into(), name);
                owner(&mut patch);
                create(&tables.accounts, patch)?
            }
        };
        let mut patch = carried(&lead, Contact::FIELDS, &[Contact::STATUS]);
        patch.opt_outs = lead.consent.opted_out();
        owner(&mut patch);
        let contact = match (&how.contact, known_contact) {
            (Some(id), Some(known)) => {
                update(&tables.contacts, id, filling(patch, &known))?;
                id.clone()
            }
            _ => {
                let account = Ref::new(account.clone()).primary().into_value();
                patch.set(Contact::ACCOUNTS.into(), Value::List(vec![account]));
                create(&tables.contacts, patch)?
            }
        };
        let deal = how.deal.as_ref().map(|name| self.begin(name, &account, &contact, owner)).transpose()?;
        let conversion = Conversion {
            at: Some(DateOrTime::Time(tables.leads.now())),
            contact: Some(contact),
            account: Some(account),
            deal,
        };
        tables.leads.end(&how.lead, Deleted::ConvertedTo(conversion.clone()));
        Ok(conversion)
    }

    fn begin(
        &self,
        name: &str,
        account: &RemoteId<Account>,
        contact: &RemoteId<Contact>,
        owner: impl Fn(&mut RecordPatch),
    ) -> Result<RemoteId<Deal>> {
        let mut patch = RecordPatch::new();
        patch.set(Deal::NAME.into(), Value::text(name));
        patch.set(Deal::ACCOUNT.into(), Ref::new(account.clone()).into_value());
        let contact = Ref::new(contact.clone()).primary().into_value();
        patch.set(Deal::CONTACTS.into(), Value::List(vec![contact]));
        owner(&mut patch);
        let directory = lock(&self.directory);
        if let Some(pipeline) = directory.pipelines.iter().find(|pipeline| pipeline.is_default) {
            patch.set(Deal::PIPELINE.into(), Ref::new(pipeline.id()).into_value());
            let open = |stage: &&Stage| stage.is_active && !stage.is_closed;
            if let Some(stage) = pipeline.stages.iter().find(open) {
                patch.set(Deal::STAGE.into(), Ref::new(stage.id()).into_value());
            }
        }
        drop(directory);
        create(&self.tables.deals, patch)
    }

    pub(super) fn unite(&self, merge: &Merge) -> Result<()> {
        let tables = &self.tables;
        match merge.object {
            ObjectKind::Account => self.unite_in(&tables.accounts, merge),
            ObjectKind::Contact => self.unite_in(&tables.contacts, merge),
            ObjectKind::Lead => self.unite_in(&tables.leads, merge),
            other => Err(crate::crm::cannot(VENDOR, "merge", &format!("does not merge {other} records"))),
        }
    }

    fn unite_in<T: Object>(&self, table: &Table<T>, merge: &Merge) -> Result<()> {
        let survivor = RemoteId::<T>::new(merge.survivor.clone());
        let losers: Vec<RemoteId<T>> = merge.losers.iter().map(|id| RemoteId::new(id.clone())).collect();
        if losers.is_empty() || losers.contains(&survivor) {
            let message = "a merge needs a survivor and other records than the survivor";
            return Err(refuse(ErrorKind::Invalid, "merge", message));
        }
        let mut consent = table.alive(&survivor)?.consent;
        for loser in &losers {
            consent = consent.join(&table.alive(loser)?.consent);
        }
        let mut patch = merge.fields.clone();
        let refused: Vec<_> = patch.opt_outs.iter().chain(consent.opted_out().iter()).collect();
        patch.opt_outs = refused.into_iter().collect();
        update(table, &survivor, patch)?;
        for loser in &losers {
            table.end(loser, Deleted::MergedInto(merge.survivor.clone()));
            self.repoint(T::KIND, loser.as_str(), &merge.survivor)?;
        }
        Ok(())
    }

    /// Makes whatever refers to one record refer to another.
    fn repoint(&self, object: ObjectKind, from: &str, to: &str) -> Result<()> {
        let tables = &self.tables;
        let patch = |record: &Record| repointed(record, object, from, to);
        tables.accounts.change(patch)?;
        tables.contacts.change(patch)?;
        tables.leads.change(patch)?;
        tables.deals.change(patch)?;
        tables.tickets.change(patch)?;
        tables.tasks.change(patch)?;
        tables.notes.change(patch)?;
        tables.engagements.change(patch)?;
        self.lists.repoint(object, from, to);
        Ok(())
    }
}

/// The fields of a record that refer to a record, referring to another.
fn repointed(record: &Record, object: ObjectKind, from: &str, to: &str) -> Option<RecordPatch> {
    let is = |value: &Value, id: &str| matches!(value, Value::Ref(one) if one.object == object && &*one.id == id);
    let turn = |value: &Value| match value {
        Value::Ref(reference) => Value::Ref(AnyRef { id: to.into(), ..reference.clone() }),
        other => other.clone(),
    };
    let mut patch = RecordPatch::new();
    for (key, value) in record.fields() {
        match value {
            single if is(single, from) => patch.set(key.clone().into(), turn(single)),
            Value::List(list) if list.iter().any(|value| is(value, from)) => {
                let known = list.iter().any(|value| is(value, to));
                let kept = list.iter().filter(|value| !known || !is(value, from));
                let list = kept.map(|value| if is(value, from) { turn(value) } else { value.clone() }).collect();
                patch.set(key.clone().into(), Value::List(list));
            }
            _ => {}
        }
    }
    (!patch.is_empty()).then_some(patch)
}
