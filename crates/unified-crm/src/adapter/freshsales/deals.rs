//! Deals.

use crm_model::{Deal, DealPatch, FieldType, ListPatch, Money, ObjectKind, Patch, Presence, Ref, RemoteId, Slot};
use freshsales::models::{self as fs, DealWrite};
use freshsales::{ContactId, Loaded};

use super::fields::{Fields, ModelField, TEXT};
use super::mapped::{Mapped, meta};
use super::refuse;
use super::values::{loaded, number_id, reference, set, set_choice, set_ref, set_tags, set_text, text};
use crate::{ErrorKind, FindBy, Result};

impl Mapped for Deal {
    type Entity = fs::Deal;

    const INCLUDE: &'static [&'static str] =
        &["owner", "creater", "updater", "sales_account", "contacts", "source", "deal_type", "deal_reason", "currency"];
    const EXTRAS: &'static [&'static str] = &[];
    const PATH: &'static str = "deals";
    const FIND: &'static [FindBy] = &[FindBy::CreateKey, FindBy::Name];

    fn fields() -> Vec<ModelField> {
        let reference = |target| FieldType::Ref { target: Some(target) };
        vec![
            ModelField::new(Deal::NAME, &["name"], TEXT).required(),
            ModelField::new(Deal::AMOUNT, &["amount", "currency_id"], FieldType::Money),
            ModelField::new(Deal::EXPECTED_VALUE, &["expected_deal_value"], FieldType::Money).read_only(),
            ModelField::new(Deal::PIPELINE, &["deal_pipeline_id"], reference(ObjectKind::Pipeline)),
            ModelField::new(Deal::STAGE, &["deal_stage_id"], reference(ObjectKind::Stage)),
            // The vendor takes whole percents only.
            ModelField::new(Deal::PROBABILITY, &["probability"], FieldType::Int),
            ModelField::new(Deal::EXPECTED_CLOSE, &["expected_close"], FieldType::Date),
            ModelField::new(Deal::CLOSED_AT, &["closed_date"], FieldType::DateTime).read_only(),
            ModelField::new(Deal::REASON, &["deal_reason_id"], FieldType::Choice),
            ModelField::new(Deal::DEAL_TYPE, &["deal_type_id"], FieldType::Choice),
            ModelField::new(Deal::ACCOUNT, &["sales_account_id"], reference(ObjectKind::Account)),
            ModelField::new(Deal::CONTACTS, &["contact_ids"], FieldType::List),
            ModelField::new(Deal::OWNER, &["owner_id"], reference(ObjectKind::User)),
            ModelField::new(Deal::LEAD_SOURCE, &["lead_source_id"], FieldType::Choice),
            ModelField::new(Deal::TAGS, &["tags"], FieldType::List),
        ]
    }

    fn read(record: &Loaded<fs::Deal>, fields: &Fields) -> Self {
        let row = &record.row;
        let currency = row.currency_id.and_then(|id| fields.currencies.foreign(id));
        let money = |amount| Money { amount, currency };
        let mut deal = Deal::default();
        deal.meta = meta(record, fields, row.created_at, row.updater_id.or(row.creater_id));
        deal.name = text(row, "name", row.name.as_ref());
        deal.amount = loaded(row, "amount", row.amount).map(money);
        deal.expected_value = loaded(row, "expected_deal_value", row.expected_deal_value).map(money);
        deal.pipeline = reference(row, "deal_pipeline_id", row.deal_pipeline_id);
        deal.stage = reference(row, "deal_stage_id", row.deal_stage_id);
        deal.probability = loaded(row, "probability", row.probability);
        deal.expected_close = loaded(row, "expected_close", row.expected_close);
        deal.closed_at = closed_at(record);
        deal.reason = fields.choice(&Deal::REASON, loaded(row, "deal_reason_id", row.deal_reason_id));
        deal.deal_type = fields.choice(&Deal::DEAL_TYPE, loaded(row, "deal_type_id", row.deal_type_id));
        deal.account = reference(row, "sales_account_id", row.sales_account_id);
        deal.contacts =
            loaded(row, "contact_ids", row.contact_ids.as_ref()).map(|ids| ids.iter().map(contact).collect());
        deal.owner = reference(row, "owner_id", row.owner_id);
        deal.lead_source = fields.choice(&Deal::LEAD_SOURCE, loaded(row, "lead_source_id", row.lead_source_id));
        deal.tags = loaded(row, "tags", row.tags.clone());
        deal.custom = fields.read_custom(row, row.custom_field.as_ref());
        deal
    }

    fn needs_current(patch: &DealPatch) -> bool {
        patch.contacts != ListPatch::Keep
    }

    fn write(patch: &DealPatch, current: Option<&Loaded<fs::Deal>>, fields: &Fields) -> Result<DealWrite> {
        let (custom_field, other) = fields.write_custom(&patch.custom)?;
        let known: &[ContactId] = current.and_then(|deal| deal.contact_ids.as_deref()).unwrap_or_default();
        let (added, removed) = write_contacts(&patch.contacts, known)?;
        let mut write = DealWrite {
            name: set_text(&patch.name),
            amount: set(&patch.amount, |money| Ok(money.amount))?,
            expected_close: set(&patch.expected_close, |day| Ok(*day))?,
            probability: set(&patch.probability, |percent| Ok(*percent))?,
            deal_pipeline_id: set_ref(&patch.pipeline, "pipeline")?,
            deal_stage_id: set_ref(&patch.stage, "stage")?,
            sales_account_id: set_ref(&patch.account, "account")?,
            contacts_added_list: added,
            contacts_removed_list: removed,
            owner_id: set_ref(&patch.owner, "owner")?,
            lead_source_id: set_choice(&patch.lead_source, "lead source")?,
            deal_type_id: set_choice(&patch.deal_type, "deal type")?,
            deal_reason_id: set_choice(&patch.reason, "reason")?,
            tags: set_tags(&patch.tags),
            custom_field,
            other,
            ..DealWrite::default()
        };
        if let Patch::Set(Money { currency: Some(code), .. }) = &patch.amount {
            let id = fields.currencies.id(*code);
            let unknown = || {
                refuse(
                    ErrorKind::Invalid,
                    "deals.write",
                    format!("this Freshsales account does not know the currency {code}"),
                )
            };
            write.currency_id = id.ok_or_else(unknown)?.into();
        }
        Ok(write)
    }

    fn put_key(write: &mut DealWrite, key: &str, fields: &Fields) -> Result<Option<String>> {
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

fn contact(id: &ContactId) -> Ref<crm_model::Contact> {
    Ref::new(RemoteId::new(id.to_string()))
}

/// The vendor keeps a day: its beginning, in the account's time zone.
fn closed_at(record: &Loaded<fs::Deal>) -> Presence<crm_model::Instant> {
    let moment = record.closed_date.and_then(|day| {
        let offset = *record.updated_at?.offset();
        day.and_time(chrono::NaiveTime::MIN).and_local_timezone(offset).single().map(|time| time.to_utc())
    });
    loaded(&record.row, "closed_date", moment)
}

/// Whom to add and whom to take out. There is no main contact: the first stands for it.
fn write_contacts(
    patch: &ListPatch<Ref<crm_model::Contact>>,
    known: &[ContactId],
) -> Result<(Vec<ContactId>, Vec<ContactId>)> {
    let id = |reference: &Ref<crm_model::Contact>| number_id::<ContactId>(reference.id.as_str(), "contact");
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    match patch {
        ListPatch::Keep => {}
        ListPatch::Replace(list) => {
            added = list.iter().map(id).collect::<Result<_>>()?;
            removed = known.iter().copied().filter(|id| !added.contains(id)).collect();
            added.retain(|id| !known.contains(id));
        }
        ListPatch::Slots(slots) => {
            for (slot, value) in slots {
                if !matches!(slot, Slot::Primary | Slot::Object(ObjectKind::Contact)) {
                    return Err(refuse(
                        ErrorKind::Invalid,
                        "deals.write",
                        format!("Freshsales has no place for contacts[{slot}]"),
                    ));
                }
                let wanted = value.as_ref().map(id).transpose()?;
                removed.extend(known.first().copied().filter(|first| Some(*first) != wanted));
                added.extend(wanted.filter(|id| !known.contains(id)));
            }
        }
    }
    Ok((added, removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_added_and_taken_out_by_difference() {
        let ids = |ids: &[i64]| ids.iter().copied().map(ContactId::new).collect::<Vec<_>>();
        let refs = |ids: &[i64]| ids.iter().map(|id| Ref::new(RemoteId::new(id.to_string()))).collect::<Vec<_>>();
        let known = ids(&[1, 2]);
        for (patch, added, removed) in [
            (ListPatch::Keep, ids(&[]), ids(&[])),
            (ListPatch::Replace(refs(&[2, 3])), ids(&[3]), ids(&[1])),
            (ListPatch::Replace(Vec::new()), ids(&[]), ids(&[1, 2])),
            (ListPatch::slot(Slot::Primary, refs(&[4]).pop()), ids(&[4]), ids(&[1])),
            (ListPatch::slot(Slot::Primary, refs(&[1]).pop()), ids(&[]), ids(&[])),
            (ListPatch::slot(Slot::Primary, None), ids(&[]), ids(&[1])),
        ] {
            assert_eq!(write_contacts(&patch, &known).unwrap(), (added, removed), "{patch:?}");
        }
        assert!(write_contacts(&ListPatch::Replace(vec![Ref::new("003A")]), &known).is_err());
    }
}
