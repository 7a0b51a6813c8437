//! Campaigns: their members, the members' statuses, and the counts.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::{amend, person_name, plant};
use crate::salesforce::errors::ApiError;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::{Author, Org};
use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

/// What a campaign counts, over itself and (with this prefix) over the campaigns below it.
const COUNTS: [&str; 8] = [
    "NumberOfLeads",
    "NumberOfConvertedLeads",
    "NumberOfContacts",
    "NumberOfResponses",
    "NumberOfOpportunities",
    "NumberOfWonOpportunities",
    "AmountAllOpportunities",
    "AmountWonOpportunities",
];
const HIERARCHY: &str = "Hierarchy";
/// Campaigns nest no deeper.
const LEVELS: usize = 5;

/// A new campaign counts nothing.
pub(super) fn campaign(object: &Object, row: &mut Row, before: Option<&Row>) {
    if before.is_some() {
        return;
    }
    for name in COUNTS {
        let zero = if name.starts_with("Amount") { Value::Decimal(Decimal::ZERO) } else { Value::Int(0) };
        row.set(object, name, zero.clone());
        row.set(object, &format!("{HIERARCHY}{name}"), zero);
    }
}

/// A new campaign's members are `Sent` or have `Responded`.
pub(crate) fn first_statuses(org: &mut Org, campaign: SfId, author: Author) {
    for (order, label, responded) in [(1, "Sent", false), (2, "Responded", true)] {
        let cells = vec![
            ("CampaignId", Value::Id(campaign)),
            ("Label", Value::text(label)),
            ("SortOrder", Value::Int(order)),
            ("IsDefault", Value::Bool(order == 1)),
            ("HasResponded", Value::Bool(responded)),
        ];
        plant(org, "CampaignMemberStatus", None, cells, author);
    }
}

/// A status made the default takes the mark from the others of its campaign.
pub(super) fn only_one_default(org: &mut Org, id: SfId, author: Author) {
    let schema = Arc::clone(&org.schema);
    let Some((statuses, row)) = org.store.lookup(id) else {
        return;
    };
    let object = schema.object(statuses);
    let Some(link) = object.position("CampaignId").filter(|_| row.get(object, "IsDefault").is_true()) else {
        return;
    };
    let campaign = row.values[link].clone();
    for other in org.store.live_with_value(statuses, link, &campaign).into_iter().filter(|other| *other != id) {
        let Some(mut row) = org.store.get(statuses, other).cloned() else {
            continue;
        };
        if row.get(object, "IsDefault").is_true() {
            row.set(object, "IsDefault", Value::Bool(false));
            org.stamp(object, &mut row, Author { automation: true, ..author });
            org.store.put(statuses, row);
        }
    }
}

/// A member is one lead or one contact, once in a campaign; its status says whether it has responded.
pub(super) fn member(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) -> Result<(), ApiError> {
    let (lead, contact) = (row.get(object, "LeadId").as_id(), row.get(object, "ContactId").as_id());
    let Some(person) = contact.or(lead) else {
        let message = "Required fields are missing: [LeadId or ContactId]";
        return Err(ApiError::record("REQUIRED_FIELD_MISSING", message, &["LeadId", "ContactId"]));
    };
    if before.is_none() {
        if lead.is_some() && contact.is_some() {
            let message = "A campaign member is a lead or a contact, not both";
            return Err(ApiError::record("FIELD_INTEGRITY_EXCEPTION", message, &["LeadId", "ContactId"]));
        }
        once(org, object, row, person)?;
    }
    member_status(org, object, row, before);
    copy(org, object, row, person);
    Ok(())
}

fn once(org: &Org, object: &Object, row: &Row, person: SfId) -> Result<(), ApiError> {
    let campaign = row.get(object, "CampaignId");
    let Some((members, link)) = org.schema.find("CampaignMember").zip(object.position("CampaignId")) else {
        return Ok(());
    };
    let same = |other: &SfId| {
        let other = org.store.get(members, *other).filter(|other| other.id != row.id);
        let is = |other: &Row, field: &str| other.get(object, field).as_id() == Some(person);
        other.is_some_and(|other| is(other, "LeadId") || is(other, "ContactId"))
    };
    if org.store.live_with_value(members, link, campaign).iter().any(same) {
        return Err(ApiError::record("DUPLICATE_VALUE", "Already a campaign member.", &[]));
    }
    Ok(())
}

/// What the campaign does not know as a status becomes its default one.
fn member_status(org: &Org, object: &Object, row: &mut Row, before: Option<&Row>) {
    let Some(statuses) = org.schema.find("CampaignMemberStatus") else {
        return;
    };
    let definition = org.schema.object(statuses);
    let Some(link) = definition.position("CampaignId") else {
        return;
    };
    let ids = org.store.live_with_value(statuses, link, row.get(object, "CampaignId"));
    let known: Vec<&Row> = ids.into_iter().filter_map(|id| org.store.get(statuses, id)).collect();
    let status = row.get(object, "Status").clone();
    let named = known.iter().find(|known| *known.get(definition, "Label") == status);
    let default = || known.iter().find(|known| known.get(definition, "IsDefault").is_true()).or_else(|| known.first());
    let Some(entry) = named.or_else(default) else {
        return;
    };
    row.set(object, "Status", entry.get(definition, "Label").clone());
    let responded = entry.get(definition, "HasResponded").is_true();
    let had = before.is_some_and(|before| before.get(object, "HasResponded").is_true());
    row.set(object, "HasResponded", Value::Bool(responded));
    if responded && !had && row.get(object, "FirstRespondedDate").is_null() {
        row.set(object, "FirstRespondedDate", Value::Date(org.now.date_naive()));
    }
}

/// What a member shows of its person.
fn copy(org: &Org, object: &Object, row: &mut Row, person: SfId) {
    let Some((index, source)) = org.store.lookup(person) else {
        return;
    };
    let definition = org.schema.object(index);
    let is_contact = definition.name == "Contact";
    let same = [
        "Salutation",
        "FirstName",
        "LastName",
        "Title",
        "Email",
        "Phone",
        "Fax",
        "MobilePhone",
        "Description",
        "DoNotCall",
        "HasOptedOutOfEmail",
        "HasOptedOutOfFax",
        "LeadSource",
    ];
    for name in same {
        row.set(object, name, source.get(definition, name).clone());
    }
    for name in ["Street", "City", "State", "PostalCode", "Country"] {
        let of_person = if is_contact { format!("Mailing{name}") } else { name.to_owned() };
        row.set(object, name, source.get(definition, &of_person).clone());
    }
    let company = if is_contact {
        let account = source.get(definition, "AccountId").as_id().and_then(|account| org.store.lookup(account));
        account.map_or(Value::Null, |(accounts, account)| account.get(org.schema.object(accounts), "Name").clone())
    } else {
        source.get(definition, "Company").clone()
    };
    row.set(object, "CompanyOrAccount", company);
    row.set(object, "Type", Value::text(definition.name));
    row.set(object, "LeadOrContactId", Value::Id(person));
    row.set(object, "LeadOrContactOwnerId", source.get(definition, "OwnerId").clone());
    person_name(object, row);
}

/// Brings what members show of a person up to date.
pub(super) fn copy_person(org: &mut Org, object: &Object, person: SfId) {
    let schema = Arc::clone(&org.schema);
    let link = if object.name == "Lead" { "LeadId" } else { "ContactId" };
    let Some(members) = schema.find("CampaignMember") else {
        return;
    };
    let definition = schema.object(members);
    let Some(link) = definition.position(link) else {
        return;
    };
    for id in org.store.live_with_value(members, link, &Value::Id(person)) {
        let Some(mut row) = org.store.get(members, id).cloned() else {
            continue;
        };
        // A converted lead's membership goes on as the contact's.
        let shown = row.get(definition, "ContactId").as_id().unwrap_or(person);
        copy(org, definition, &mut row, shown);
        let campaign = row.get(definition, "CampaignId").as_id();
        org.store.put(members, row);
        if let Some(campaign) = campaign.filter(|_| object.name == "Lead") {
            count(org, campaign);
        }
    }
}

/// An account and a contact are related at most once beside the contact's own account.
pub(super) fn relation(org: &Org, object: &Object, row: &Row) -> Result<(), ApiError> {
    let Some((relations, link)) = org.schema.find("AccountContactRelation").zip(object.position("ContactId")) else {
        return Ok(());
    };
    let account = row.get(object, "AccountId");
    let others = org.store.live_with_value(relations, link, row.get(object, "ContactId"));
    let same = |other: &SfId| {
        let other = org.store.get(relations, *other).filter(|other| other.id != row.id);
        other.is_some_and(|other| other.get(object, "AccountId") == account)
    };
    if others.iter().any(same) {
        let message = "This contact already has a relationship with this account.";
        return Err(ApiError::record("DUPLICATE_VALUE", message, &["ContactId"]));
    }
    Ok(())
}

/// Counts a campaign anew, and the hierarchy above it. No stamp moves.
pub(crate) fn count(org: &mut Org, campaign: SfId) {
    let own = own_counts(org, campaign);
    amend(org, campaign, |object, row| {
        for (name, value) in COUNTS.into_iter().zip(&own) {
            row.set(object, name, value.clone());
        }
    });
    let mut at = Some(campaign);
    for _ in 0..LEVELS {
        let Some(id) = at else { break };
        at = hierarchy(org, id);
    }
}

/// Sums a campaign and those right below it; its parent.
fn hierarchy(org: &mut Org, campaign: SfId) -> Option<SfId> {
    let schema = Arc::clone(&org.schema);
    let (campaigns, row) = org.store.lookup(campaign)?;
    let object = schema.object(campaigns);
    let parent = row.get(object, "ParentId").as_id();
    let children = org.store.live_with_value(campaigns, object.position("ParentId")?, &Value::Id(campaign));
    let sums: Vec<Value> = COUNTS
        .into_iter()
        .map(|name| {
            let whole = format!("{HIERARCHY}{name}");
            let below = children.iter().filter_map(|id| org.store.get(campaigns, *id)?.get(object, &whole).as_number());
            let sum = below.fold(row.get(object, name).as_number().unwrap_or_default(), |sum, more| sum + more);
            number(name, sum)
        })
        .collect();
    amend(org, campaign, |object, row| {
        for (name, sum) in COUNTS.into_iter().zip(sums) {
            row.set(object, &format!("{HIERARCHY}{name}"), sum);
        }
    });
    parent
}

fn number(name: &str, number: Decimal) -> Value {
    if name.starts_with("Amount") {
        Value::Decimal(number.normalize())
    } else {
        i64::try_from(number).map_or(Value::Null, Value::Int)
    }
}

/// The counts of one campaign, in the order of [`COUNTS`].
fn own_counts(org: &Org, campaign: SfId) -> [Value; 8] {
    let mut sums = [Decimal::ZERO; 8];
    let rows = |name: &str| {
        let index = org.schema.find(name);
        let object = index.map(|index| org.schema.object(index));
        let link = object.and_then(|object| object.position("CampaignId"));
        let ids = index.zip(link).map(|(index, link)| org.store.live_with_value(index, link, &Value::Id(campaign)));
        let rows = ids.unwrap_or_default().into_iter().filter_map(move |id| org.store.get(index?, id));
        object.map(|object| (object, rows.collect::<Vec<&Row>>()))
    };
    let mut add = |place: usize, by: Decimal| {
        if let Some(sum) = sums.get_mut(place) {
            *sum += by;
        }
    };
    if let Some((object, members)) = rows("CampaignMember") {
        for member in members {
            let lead = member.get(object, "LeadId").as_id().and_then(|lead| org.store.lookup(lead));
            let converted =
                lead.is_some_and(|(leads, lead)| lead.get(org.schema.object(leads), "IsConverted").is_true());
            add(if member.get(object, "ContactId").is_null() { 0 } else { 2 }, Decimal::ONE);
            add(1, Decimal::from(u8::from(converted)));
            add(3, Decimal::from(u8::from(member.get(object, "HasResponded").is_true())));
        }
    }
    if let Some((object, opportunities)) = rows("Opportunity") {
        for opportunity in opportunities {
            let won = Decimal::from(u8::from(opportunity.get(object, "IsWon").is_true()));
            let amount = opportunity.get(object, "Amount").as_number().unwrap_or_default();
            add(4, Decimal::ONE);
            add(5, won);
            add(6, amount);
            add(7, amount * won);
        }
    }
    let mut values = [const { Value::Null }; 8];
    for ((value, name), sum) in values.iter_mut().zip(COUNTS).zip(sums) {
        *value = number(name, sum);
    }
    values
}
