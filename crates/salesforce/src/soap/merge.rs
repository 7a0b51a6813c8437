//! Merging records of one object.

use rest_core::{Error, Result};
use serde::Serialize;
use serde_json::Value;

use super::{Writer, outcome, required, results};
use crate::ids::{AnyId, Id};
use crate::models::{Account, Case, Contact, Lead, SObject, Writable};
use crate::{Records, VENDOR};

/// How many records go into another in one call.
const MOST_LOSERS: usize = 2;
const OPERATION: &str = "records.merge";

/// An object whose records can be merged: accounts, contacts, leads and cases.
pub trait Mergeable: Writable {}
impl Mergeable for Account {}
impl Mergeable for Contact {}
impl Mergeable for Lead {}
impl Mergeable for Case {}

/// What a merge did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merged<T> {
    /// The record that is left.
    pub id: Id<T>,
    /// The records that went into it. They are in the recycle bin, with `MasterRecordId` set, and cannot be taken out.
    pub merged: Vec<Id<T>>,
    /// The children that moved to the record that is left (contacts, activities and so on).
    pub moved: Vec<AnyId>,
}

impl<T: Mergeable> Records<T> {
    /// Merges one or two records into another: their children move to it, they go to the recycle bin, and their own values
    /// are lost. `update` changes the record that is left in the same step: it is where values of the others are kept.
    /// Costs one call.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for none or more than two others, or for the record itself among
    /// them. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if one is gone,
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the update is refused; nothing is merged then.
    /// [`ErrorKind::Unknown`](crate::ErrorKind::Unknown) if the answer was lost: read the others' `MasterRecordId` before
    /// doing it again.
    pub async fn merge(&self, winner: Id<T>, losers: &[Id<T>], update: &T::Update) -> Result<Merged<T>> {
        let body = body(T::NAME, winner, losers, update)?;
        let reply = self.client.soap(OPERATION, &body).await?;
        let results = results(&reply, "mergeResponse")?;
        let [result] = results.as_slice() else {
            return Err(reply.decode_error(format!("the answer has {} results for one merge", results.len())));
        };
        let ids = |name: &'static str| result.all(name).filter_map(super::Element::text);
        outcome(&reply, OPERATION, result, |result| {
            let unreadable = |_| reply.decode_error("an id of the result cannot be read");
            Ok(Merged {
                id: required(&reply, result, "id")?,
                merged: ids("mergedRecordIds").map(|id| id.parse().map_err(unreadable)).collect::<Result<_>>()?,
                moved: ids("updatedRelatedIds").map(|id| id.parse().map_err(unreadable)).collect::<Result<_>>()?,
            })
        })
    }
}

fn body<T: SObject>(object: &str, winner: Id<T>, losers: &[Id<T>], update: &impl Serialize) -> Result<Writer> {
    let unusable = |why: String| Error::config(why).with_operation(OPERATION).with_vendor(VENDOR);
    if !(1..=MOST_LOSERS).contains(&losers.len()) || losers.contains(&winner) {
        let why = format!("one or two other records can be merged into {winner} at a time");
        return Err(unusable(why).with_hint("merge more of them one call after the other"));
    }
    let fields = serde_json::to_value(update)
        .map_err(|error| unusable("the update cannot be written".to_owned()).with_source(error))?;
    let Value::Object(fields) = fields else {
        return Err(unusable("the update is not a set of fields".to_owned()));
    };
    let mut texts = Vec::with_capacity(fields.len());
    for (name, value) in &fields {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(unusable(format!("{name:?} is not the name of a field")));
        }
        texts.push((
            name,
            match value {
                Value::Null => None,
                // To the vendor, an empty text is none.
                Value::String(text) if text.is_empty() => None,
                Value::String(text) => Some(text.clone()),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Array(_) | Value::Object(_) => {
                    let why = format!("{name} cannot be set while merging: it is no plain value");
                    return Err(
                        unusable(why).with_hint("give the id of the other record, or update it after the merge")
                    );
                }
            },
        ));
    }
    let mut body = Writer::default();
    body.element("merge", |merge| {
        merge.element("request", |request| {
            request.element("masterRecord", |record| {
                record.text("type", object);
                for (name, _) in texts.iter().filter(|(_, text)| text.is_none()) {
                    record.text("fieldsToNull", name);
                }
                record.text("Id", winner.as_str());
                for (name, text) in &texts {
                    record.maybe(name, text.as_deref());
                }
            });
            losers.iter().for_each(|loser| request.text("recordToMergeIds", loser.as_str()));
        });
    });
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, ContactUpdate};

    fn id(text: &str) -> Id<Contact> {
        text.parse().unwrap()
    }

    #[test]
    fn a_merge_names_the_winner_its_values_and_the_losers() {
        let update =
            ContactUpdate { title: Change::Clear, department: Change::Set("R&D".into()), ..ContactUpdate::default() };
        let (winner, loser) = (id("003D000000IRFma"), id("003D000000IRFmb"));
        assert_eq!(
            body("Contact", winner, &[loser], &update).unwrap().as_str(),
            format!(
                "<merge><request><masterRecord><type>Contact</type><fieldsToNull>Title</fieldsToNull><Id>{winner}</Id>\
                 <Department>R&amp;D</Department></masterRecord><recordToMergeIds>{loser}</recordToMergeIds></request></merge>"
            )
        );
    }

    #[test]
    fn impossible_merges_are_refused_before_they_are_sent() {
        let (winner, loser) = (id("003D000000IRFma"), id("003D000000IRFmb"));
        let update = ContactUpdate::default();
        for losers in [vec![], vec![winner], vec![loser; 3]] {
            body("Contact", winner, &losers, &update).map(drop).unwrap_err();
        }
        let nested = serde_json::json!({"Account": {"Key__c": "x"}});
        body("Contact", winner, &[loser], &nested).map(drop).unwrap_err();
        body("Contact", winner, &[loser], &serde_json::json!({"a><b": 1})).map(drop).unwrap_err();
    }
}
