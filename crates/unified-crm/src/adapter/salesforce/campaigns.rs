//! Campaigns as lists, with contacts and leads as their members.

use std::collections::HashMap;

use async_trait::async_trait;
use crm_model::{AnyRef, Choice, List, ListKind, ListMember, Meta, NewMember, ObjectKind, Presence, Ref, RemoteId};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{Error, ErrorKind, Result, Row};
use salesforce::soql::{self, Condition, Literal, Select};
use salesforce::{Campaign, CampaignMember, Fields, Id, Salesforce};

use super::VENDOR;
use crate::Lists;

/// The objects whose records can be members, with the field of a membership that names them.
const HELD: [(ObjectKind, &str); 2] = [(ObjectKind::Contact, "ContactId"), (ObjectKind::Lead, "LeadId")];
const MEMBER: [&str; 6] = ["Id", "ContactId", "LeadId", "Status", "HasResponded", "CreatedDate"];

/// The campaigns of an organisation.
pub(crate) struct Campaigns {
    client: Salesforce,
}

impl Campaigns {
    pub(crate) fn new(client: Salesforce) -> Self {
        Self { client }
    }

    fn select(&self) -> Select {
        Select::from("CampaignMember").fields(MEMBER)
    }

    /// Whether there is such a campaign.
    async fn check(&self, campaign: Id<Campaign>) -> Result<()> {
        let soql = Select::from("Campaign").fields(["Id"]).filter(Condition::eq("Id", campaign)).build()?;
        match self.client.query::<Campaign>(soql).first().await? {
            Some(_) => Ok(()),
            None => Err(missing(campaign.as_str())),
        }
    }

    /// The memberships of some records in a campaign, by record.
    async fn memberships(&self, campaign: Id<Campaign>, records: &[AnyRef]) -> Result<HashMap<Box<str>, Membership>> {
        let mut found = HashMap::new();
        for (object, field) in HELD {
            let of_object = records.iter().filter(|record| record.object == object);
            let ids: Vec<&str> = of_object.map(|record| &*record.id).collect();
            for chunk in soql::chunks(&ids, 100, |id| Literal::from(*id)) {
                let wanted = Condition::is_in(field, chunk.iter().copied());
                let soql = self.select().filter(Condition::eq("CampaignId", campaign)).filter(wanted).build()?;
                let rows: Vec<Row<CampaignMember>> = self.client.query(soql).stream().try_collect().await?;
                for row in rows {
                    if let Some(member) = member(&row) {
                        found.insert(member.record.id.clone(), Membership { id: row.id, member });
                    }
                }
            }
        }
        Ok(found)
    }

    async fn put(&self, campaign: Id<Campaign>, new: &[NewMember]) -> Result<Vec<Result<ListMember>>> {
        let records: Vec<AnyRef> =
            new.iter().map(|new| new.record.clone()).filter(|one| checked(one).is_ok()).collect();
        let there = self.memberships(campaign, &records).await?;
        let mut rows: Vec<Fields> = Vec::new();
        let mut sent: HashMap<Box<str>, usize> = HashMap::new();
        for one in new.iter().filter(|one| !there.contains_key(&one.record.id)) {
            let Ok(field) = checked(&one.record) else { continue };
            // A record that is named twice is put there once.
            if sent.contains_key(&one.record.id) {
                continue;
            }
            sent.insert(one.record.id.clone(), rows.len());
            let mut row = Fields::new();
            row.set("CampaignId", campaign.as_str());
            row.set(field, &*one.record.id);
            if let Some(status) = &one.status {
                row.set("Status", &status.key);
            }
            rows.push(row);
        }
        let saved = self.client.records::<CampaignMember>().create_many_fields(&rows).await;
        let saved: Vec<Result<Id<CampaignMember>>> =
            saved.into_iter().map(|saved| saved.map(|saved| saved.id)).collect();
        Ok(new.iter().map(|one| outcome(one, &there, &sent, &saved)).collect())
    }

    async fn take(&self, campaign: Id<Campaign>, records: &[AnyRef]) -> Result<Vec<Result<()>>> {
        let known: Vec<AnyRef> = records.iter().filter(|one| checked(one).is_ok()).cloned().collect();
        let there = self.memberships(campaign, &known).await?;
        let (ids, gone): (Vec<Box<str>>, Vec<Id<CampaignMember>>) =
            there.into_iter().map(|(record, membership)| (record, membership.id)).unzip();
        let deleted = self.client.records::<CampaignMember>().delete_many(&gone).await;
        let results: HashMap<Box<str>, Result<()>> =
            ids.into_iter().zip(deleted.into_iter().map(|deleted| deleted.map(drop))).collect();
        // What was not on it is as good as taken; what somebody else took first, too.
        let taken = |record: &AnyRef| match results.get(&record.id) {
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => Err(error.clone()),
            _ => Ok(()),
        };
        Ok(records.iter().map(taken).collect())
    }
}

struct Membership {
    id: Id<CampaignMember>,
    member: ListMember,
}

/// What came of putting one record on a campaign.
fn outcome(
    new: &NewMember,
    there: &HashMap<Box<str>, Membership>,
    sent: &HashMap<Box<str>, usize>,
    saved: &[Result<Id<CampaignMember>>],
) -> Result<ListMember> {
    checked(&new.record)?;
    if let Some(known) = there.get(&new.record.id) {
        return Ok(known.member.clone());
    }
    let mut member = ListMember::new(AnyRef::new(new.record.object, new.record.id.clone()));
    member.status.clone_from(&new.status);
    match sent.get(&new.record.id).and_then(|place| saved.get(*place)) {
        Some(Ok(id)) => {
            member.id = Some(id.as_str().into());
            Ok(member)
        }
        // Somebody put it there in between.
        Some(Err(error)) if error.vendor_code() == Some("DUPLICATE_VALUE") => Ok(member),
        Some(Err(error)) => Err(error.clone()),
        None => Err(refuse(ErrorKind::Unknown, "the membership has no result".to_owned())),
    }
}

fn refuse(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, "lists").with_vendor(VENDOR).with_message(message)
}

fn missing(id: &str) -> Error {
    refuse(ErrorKind::NotFound, format!("there is no campaign {id}"))
}

fn campaign(list: &RemoteId<List>) -> Result<Id<Campaign>> {
    list.as_str().parse().map_err(|_| missing(list.as_str()))
}

/// The field that names a record in a membership, if it can be a member at all.
fn checked(record: &AnyRef) -> Result<&'static str> {
    let field = HELD.iter().find(|(object, _)| *object == record.object).map(|(_, field)| *field);
    let field = field.ok_or_else(|| {
        refuse(ErrorKind::Invalid, format!("a campaign holds contacts and leads, no {} records", record.object))
    })?;
    let is_id = match record.object {
        ObjectKind::Contact => record.id.parse::<Id<salesforce::Contact>>().is_ok(),
        _ => record.id.parse::<Id<salesforce::Lead>>().is_ok(),
    };
    match is_id {
        true => Ok(field),
        false => Err(refuse(ErrorKind::NotFound, format!("there is no {} {}", record.object, record.id))),
    }
}

fn member(row: &CampaignMember) -> Option<ListMember> {
    // A lead that was converted is a member together with its contact: the contact is who lives on.
    let record = match (&row.contact_id, &row.lead_id) {
        (Some(contact), _) => AnyRef::new(ObjectKind::Contact, contact.as_str()),
        (None, Some(lead)) => AnyRef::new(ObjectKind::Lead, lead.as_str()),
        (None, None) => return None,
    };
    let mut member = ListMember::new(record);
    member.id = Some(row.id.as_str().into());
    member.status = row.status.clone().map(Choice::new);
    member.has_responded = Presence::loaded(row.has_responded);
    member.added_at = row.created_date;
    Some(member)
}

fn list(row: &Campaign) -> List {
    let mut meta = Meta::new(VENDOR, row.id.as_str());
    meta.created_at = row.created_date;
    meta.updated_at = row.system_modstamp;
    let mut list = List::new(meta);
    list.name = row.name.clone().unwrap_or_default();
    list.kind = ListKind::Campaign;
    list.holds = HELD.map(|(object, _)| object).into();
    list.list_type = row.campaign_type.clone().map(Choice::new);
    list.status = row.status.clone().map(Choice::new);
    list.is_active = row.is_active == Some(true);
    list.description.clone_from(&row.description);
    list.owner = row.owner_id.as_ref().map(|owner| Ref::new(owner.as_str()));
    list.parent = row.parent_id.as_ref().map(|parent| RemoteId::new(parent.as_str()));
    list.starts = row.start_date;
    list.ends = row.end_date;
    let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
    list.size = count(row.number_of_leads).zip(count(row.number_of_contacts)).map(|(leads, contacts)| leads + contacts);
    list
}

#[async_trait]
impl Lists for Campaigns {
    fn all(&self) -> BoxStream<'_, Result<List>> {
        let soql = Select::all_of::<Campaign>().order_by(["Id"]).build();
        let lists = async move { Ok::<_, Error>(self.client.query::<Campaign>(soql?).stream()) };
        stream::once(lists).try_flatten().map_ok(|row| list(&row)).boxed()
    }

    fn members(&self, list: &RemoteId<List>) -> BoxStream<'_, Result<ListMember>> {
        let campaign = campaign(list);
        let rows = async move {
            let campaign = campaign?;
            self.check(campaign).await?;
            let soql = self.select().filter(Condition::eq("CampaignId", campaign)).order_by(["Id"]).build()?;
            Ok::<_, Error>(self.client.query::<CampaignMember>(soql).stream())
        };
        let members = stream::once(rows).try_flatten().try_filter_map(async |row| Ok(member(&row)));
        members.boxed()
    }

    async fn add(&self, list: &RemoteId<List>, members: &[NewMember]) -> Vec<Result<ListMember>> {
        let done = match campaign(list) {
            Ok(campaign) => self.put(campaign, members).await,
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| members.iter().map(|_| Err(error.clone())).collect())
    }

    async fn remove(&self, list: &RemoteId<List>, records: &[AnyRef]) -> Vec<Result<()>> {
        let done = match campaign(list) {
            Ok(campaign) => self.take(campaign, records).await,
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| records.iter().map(|_| Err(error.clone())).collect())
    }

    async fn of(&self, record: &AnyRef) -> Result<Vec<RemoteId<List>>> {
        let field = checked(record)?;
        let soql = Select::from("CampaignMember")
            .fields(["Id", "CampaignId"])
            .filter(Condition::eq(field, &*record.id))
            .order_by(["CampaignId"])
            .build()?;
        let rows: Vec<Row<CampaignMember>> = self.client.query(soql).stream().try_collect().await?;
        Ok(rows.iter().filter_map(|row| row.campaign_id.as_ref()).map(|id| RemoteId::new(id.as_str())).collect())
    }
}
