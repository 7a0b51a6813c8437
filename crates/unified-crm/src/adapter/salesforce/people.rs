//! The people of a deal: contact roles, which are records of their own.

use std::collections::HashMap;

use futures::TryStreamExt;
use rest_core::{Error, ErrorKind, Result};
use salesforce::soql::{self, Condition, Literal, Select};
use salesforce::{
    Contact, Id, NewOpportunityContactRole, Opportunity, OpportunityContactRole, OpportunityContactRoleUpdate,
    Salesforce, SaveResults,
};

use super::VENDOR;
use super::body::People;

/// What one deal wants of its people.
pub(crate) struct Wanted {
    /// The place of the write in its batch.
    pub(crate) index: usize,
    pub(crate) deal: Id<Opportunity>,
    /// A new deal has no roles yet, so nothing is looked up.
    pub(crate) is_new: bool,
    pub(crate) people: People,
}

/// One write of a role, for the deal at this place of its batch.
enum Step {
    Add { contact: Id<Contact>, primary: bool },
    Mark(Id<OpportunityContactRole>),
    Remove(Id<OpportunityContactRole>),
}

/// Makes the roles of deals what they are wanted to be; gives the places of those that failed.
pub(crate) async fn write(client: &Salesforce, wanted: &[Wanted]) -> Vec<(usize, Error)> {
    let existing = match roles(client, wanted).await {
        Ok(existing) => existing,
        Err(error) => return wanted.iter().map(|wanted| (wanted.index, error.clone())).collect(),
    };
    let mut failed = Vec::new();
    let mut steps = Vec::new();
    for wanted in wanted {
        let present = existing.get(&wanted.deal).map_or(&[][..], Vec::as_slice);
        match plan(present, &wanted.people) {
            Ok(planned) => steps.extend(planned.into_iter().map(|step| (wanted, step))),
            Err(error) => failed.push((wanted.index, error)),
        }
    }
    failed.extend(run(client, &steps).await);
    failed
}

/// The roles that the deals have now.
async fn roles(
    client: &Salesforce,
    wanted: &[Wanted],
) -> Result<HashMap<Id<Opportunity>, Vec<OpportunityContactRole>>> {
    let deals: Vec<Id<Opportunity>> = wanted.iter().filter(|wanted| !wanted.is_new).map(|wanted| wanted.deal).collect();
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for chunk in soql::chunks(&deals, 40, |id| Literal::from(*id)) {
        let query = Select::from("OpportunityContactRole")
            .fields(["Id", "OpportunityId", "ContactId", "IsPrimary"])
            .filter(Condition::is_in("OpportunityId", chunk))
            .order_by(["Id"])
            .build()?;
        let mut rows = client.query::<OpportunityContactRole>(query).stream();
        while let Some(row) = rows.try_next().await? {
            let role = row.into_data();
            if let Some(deal) = role.opportunity_id {
                found.entry(deal).or_default().push(role);
            }
        }
    }
    Ok(found)
}

/// What leads from the roles that are there to those that are wanted.
fn plan(present: &[OpportunityContactRole], people: &People) -> Result<Vec<Step>> {
    let is_primary = |role: &&OpportunityContactRole| role.is_primary == Some(true);
    let of = |contact: Id<Contact>| present.iter().filter(move |role| role.contact_id == Some(contact));
    let make_primary = |contact: Id<Contact>| match of(contact).find(is_primary).or(of(contact).next()) {
        Some(role) if role.is_primary == Some(true) => None,
        Some(role) => Some(Step::Mark(role.id)),
        None => Some(Step::Add { contact, primary: true }),
    };
    Ok(match people {
        People::Primary(Some(id)) => make_primary(contact(id)?).into_iter().collect(),
        // Without a primary role the first one counts as such.
        People::Primary(None) => {
            let role = present.iter().find(is_primary).or(present.first());
            role.map(|role| Step::Remove(role.id)).into_iter().collect()
        }
        People::All(ids) => {
            let contacts = ids.iter().map(|id| contact(id)).collect::<Result<Vec<_>>>()?;
            let gone = present.iter().filter(|role| role.contact_id.is_none_or(|contact| !contacts.contains(&contact)));
            let mut steps: Vec<Step> = gone.map(|role| Step::Remove(role.id)).collect();
            let mut rest = contacts.into_iter();
            steps.extend(rest.next().and_then(make_primary));
            steps.extend(
                rest.filter(|other| of(*other).next().is_none()).map(|contact| Step::Add { contact, primary: false }),
            );
            steps
        }
    })
}

/// The id of a contact, checked before anything is sent.
pub(crate) fn contact(id: &str) -> Result<Id<Contact>> {
    id.parse().map_err(|error| {
        let message = format!("contacts: {id} is no contact's id: {error}");
        Error::new(ErrorKind::Invalid, "write").with_vendor(VENDOR).with_message(message)
    })
}

async fn run(client: &Salesforce, steps: &[(&Wanted, Step)]) -> Vec<(usize, Error)> {
    let roles = client.opportunity_contact_roles();
    let mut failed = Vec::new();
    let mut collect = |indexes: Vec<usize>, results: SaveResults<OpportunityContactRole>| {
        failed.extend(indexes.into_iter().zip(results).filter_map(|(index, result)| Some((index, result.err()?))));
    };
    let remove: Vec<_> = steps
        .iter()
        .filter_map(|(wanted, step)| matches!(step, Step::Remove(_)).then_some((wanted.index, step)))
        .collect();
    let ids: Vec<_> =
        remove.iter().filter_map(|(_, step)| if let Step::Remove(id) = step { Some(*id) } else { None }).collect();
    if !ids.is_empty() {
        collect(remove.iter().map(|(index, _)| *index).collect(), roles.delete_many(&ids).await);
    }
    let (mut at, mut new) = (Vec::new(), Vec::new());
    let (mut marked_at, mut marked) = (Vec::new(), Vec::new());
    for (wanted, step) in steps {
        match step {
            Step::Add { contact, primary } => {
                at.push(wanted.index);
                new.push(NewOpportunityContactRole {
                    opportunity_id: Some(wanted.deal),
                    contact_id: Some(*contact),
                    is_primary: Some(*primary),
                    ..NewOpportunityContactRole::default()
                });
            }
            Step::Mark(role) => {
                marked_at.push(wanted.index);
                marked.push((
                    *role,
                    OpportunityContactRoleUpdate { is_primary: true.into(), ..OpportunityContactRoleUpdate::default() },
                ));
            }
            Step::Remove(_) => {}
        }
    }
    if !new.is_empty() {
        collect(at, roles.create_many(&new).await);
    }
    if !marked.is_empty() {
        collect(marked_at, roles.update_many(&marked).await);
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(n: u8, contact: &str, is_primary: bool) -> OpportunityContactRole {
        let json = format!(r#"{{"Id":"00K00000000000{n}AAA","ContactId":"{contact}","IsPrimary":{is_primary}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn steps(present: &[OpportunityContactRole], people: &People) -> Vec<String> {
        let show = |step: Step| match step {
            Step::Add { contact, primary } => format!("add {contact}{}", if primary { " primary" } else { "" }),
            Step::Mark(role) => format!("mark {role}"),
            Step::Remove(role) => format!("remove {role}"),
        };
        plan(present, people).unwrap().into_iter().map(show).collect()
    }

    #[test]
    fn only_what_differs_is_written() {
        const A: &str = "003000000000001AAA";
        const B: &str = "003000000000002AAA";
        let both = [role(1, A, true), role(2, B, false)];
        let primary = |id: &str| People::Primary(Some(id.into()));
        assert!(steps(&both, &primary(A)).is_empty(), "it is primary already");
        assert_eq!(steps(&both, &primary(B)), ["mark 00K000000000002AAA"]);
        assert_eq!(steps(&[], &primary(A)), [format!("add {A} primary")]);
        assert_eq!(steps(&both, &People::Primary(None)), ["remove 00K000000000001AAA"]);
        assert_eq!(
            steps(&both[1..], &People::Primary(None)),
            ["remove 00K000000000002AAA"],
            "the first counts as primary"
        );
        assert!(steps(&[], &People::Primary(None)).is_empty());
        let all = |ids: &[&str]| People::All(ids.iter().map(|id| (*id).into()).collect());
        assert!(steps(&both, &all(&[A, B])).is_empty());
        assert_eq!(steps(&both, &all(&[B])), ["remove 00K000000000001AAA", "mark 00K000000000002AAA"]);
        assert_eq!(steps(&both, &all(&[])).len(), 2);
        assert_eq!(steps(&both[..1], &all(&[A, B])), [format!("add {B}")]);
        assert_eq!(plan(&[], &primary("nobody")).err().unwrap().kind(), ErrorKind::Invalid);
    }
}
