//! Records that become others: conversion of leads, and merges. The vendor does both by SOAP only.

use crm_model::{Conversion, Object, OptOuts, RecordPatch, RemoteId};
use futures::TryStreamExt;
use rest_core::{Error, ErrorKind, Result, Row};
use salesforce::soql::{Condition, Select};
use salesforce::{Fields, Id, LeadConversion, LeadStatus, Mergeable};

use super::body::{Purpose, body};
use super::objects::Objects;
use super::{SalesforceCrm, VENDOR};
use crate::{Collection, CollectionExt, ConvertLead, Fetched, Merge};

/// How many records go into another in one call.
const MOST_LOSERS: usize = 2;

fn refuse(operation: &'static str, kind: ErrorKind, message: impl Into<String>) -> Error {
    Error::new(kind, operation).with_vendor(VENDOR).with_message(message)
}

fn id<R>(operation: &'static str, what: &str, text: &str) -> Result<Id<R>>
where
    Id<R>: std::str::FromStr,
{
    text.parse().map_err(|_| refuse(operation, ErrorKind::NotFound, format!("there is no {what} {text}")))
}

/// Converts leads, up to 200 in one call, and one more where a status must be looked up.
pub(crate) async fn convert(crm: &SalesforceCrm, leads: &[ConvertLead]) -> Result<Vec<Result<Conversion>>> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let status = match leads.iter().any(|lead| lead.status.is_none()) {
        true => Some(converted_status(crm).await?),
        false => None,
    };
    let mut results: Vec<Option<Result<Conversion>>> = leads.iter().map(|_| None).collect();
    let (mut places, mut ready) = (Vec::new(), Vec::new());
    for (place, lead) in leads.iter().enumerate() {
        match prepared(crm, lead, status.as_deref().unwrap_or_default()).await {
            Ok(conversion) => {
                places.push(place);
                ready.push(conversion);
            }
            Err(error) => results[place] = Some(Err(error)),
        }
    }
    for (place, converted) in places.into_iter().zip(crm.client.convert_leads(&ready).await) {
        results[place] = Some(converted.map(|became| Conversion {
            at: None,
            contact: Some(RemoteId::new(became.contact.as_str())),
            account: Some(RemoteId::new(became.account.as_str())),
            deal: became.opportunity.map(|deal| RemoteId::new(deal.as_str())),
        }));
    }
    let lost = || Err(refuse("convert_leads", ErrorKind::Unknown, "the conversion has no result: read the lead"));
    Ok(results.into_iter().map(|result| result.unwrap_or_else(lost)).collect())
}

/// The first status that means converted.
async fn converted_status(crm: &SalesforceCrm) -> Result<String> {
    let soql = Select::from("LeadStatus")
        .fields(["Id", "MasterLabel", "SortOrder"])
        .filter(Condition::eq("IsConverted", true))
        .order_by(["SortOrder"])
        .build()?;
    let rows: Vec<Row<LeadStatus>> = crm.client.query(soql).stream().try_collect().await?;
    rows.iter().find_map(|row| row.master_label.clone()).ok_or_else(|| {
        refuse("convert_leads", ErrorKind::Invalid, "no lead status of this organisation means converted")
    })
}

async fn prepared(crm: &SalesforceCrm, lead: &ConvertLead, status: &str) -> Result<LeadConversion> {
    const OPERATION: &str = "convert_leads";
    let status = lead.status.as_deref().unwrap_or(status);
    let mut conversion = LeadConversion::new(id(OPERATION, "lead", lead.lead.as_str())?, status);
    let account = lead.account.as_ref().map(|account| id(OPERATION, "account", account.as_str())).transpose()?;
    match (&lead.contact, account) {
        (None, None) => {}
        (None, Some(account)) => conversion = conversion.into_account(account),
        (Some(contact), Some(account)) => {
            conversion = conversion.into_contact(account, id(OPERATION, "contact", contact.as_str())?);
            // The vendor leaves the tick boxes of a person who is there as they are: what was refused goes first.
            if let Some(lead) = crm.leads.get_one(&lead.lead).await? {
                let opt_outs = lead.consent.opted_out();
                if !opt_outs.is_empty() {
                    let patch = crm_model::ContactPatch { opt_outs, ..crm_model::ContactPatch::default() };
                    crm.contacts.update(contact, patch).await?;
                }
            }
        }
        (Some(_), None) => {
            let what = "a lead goes into a contact together with the contact's account: give that, too";
            return Err(refuse(OPERATION, ErrorKind::Invalid, what));
        }
    }
    if let Some(owner) = &lead.owner {
        conversion = conversion.owner(id(OPERATION, "user", owner.as_str())?);
    }
    Ok(match &lead.deal {
        Some(name) => conversion.opportunity_name(name),
        None => conversion.without_opportunity(),
    })
}

/// Merges records. What any of them refused, the survivor has refused afterwards: the vendor keeps only its own ticks.
pub(crate) async fn merge<T: Object, R: Mergeable>(
    crm: &SalesforceCrm,
    objects: &Objects<T, R>,
    merge: &Merge,
    update: impl Fn(Fields) -> R::Update,
) -> Result<()> {
    const OPERATION: &str = "merge";
    if merge.losers.is_empty() || merge.losers.len() > MOST_LOSERS || merge.losers.contains(&merge.survivor) {
        let what = "one or two other records are merged into a survivor at a time";
        return Err(refuse(OPERATION, ErrorKind::Invalid, what));
    }
    let name = T::KIND.as_str();
    let survivor = id(OPERATION, name, &merge.survivor)?;
    let losers: Vec<Id<R>> = merge.losers.iter().map(|loser| id(OPERATION, name, loser)).collect::<Result<_>>()?;
    let all: Vec<RemoteId<T>> =
        std::iter::once(&merge.survivor).chain(&merge.losers).map(|id| RemoteId::new(id.clone())).collect();
    let mut patch: RecordPatch = merge.fields.clone();
    let mut refused: OptOuts = patch.opt_outs.clone();
    for (id, fetched) in all.iter().zip(objects.get(&all).await?) {
        let Fetched::Found(record) = fetched else {
            return Err(refuse(OPERATION, ErrorKind::NotFound, format!("there is no {name} {id} to merge")));
        };
        record.consent().opted_out().iter().for_each(|channel| refused.close(channel));
    }
    patch.opt_outs = refused;
    let layout = objects.layout().await?;
    let body = body(objects.table, &layout, &patch, Purpose::Update)
        .map_err(|why| refuse(OPERATION, ErrorKind::Invalid, why))?;
    crm.client.records::<R>().merge(survivor, &losers, &update(body.fields)).await.map(drop)
}
