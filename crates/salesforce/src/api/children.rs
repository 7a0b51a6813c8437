//! Sets of children that the server has cut: read to their end, and put back whole into the records that hold them.

use std::fmt;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use rest_core::{Error, ErrorKind, Page, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::query::{Envelope, envelope, more, next};
use crate::{Salesforce, VENDOR};

/// How many rows one set of children may have unless the caller says otherwise.
pub(super) const MOST_CHILDREN: u64 = 50_000;

/// What the server writes where a set goes on; inside of a text it could only stand with its quotes escaped.
const GOES_ON: &str = "\"nextRecordsUrl\":";

/// The records with all their children.
pub(super) async fn complete(
    client: &Salesforce,
    records: Vec<Box<RawValue>>,
    most: u64,
) -> Result<Vec<Box<RawValue>>> {
    let mut whole = Vec::with_capacity(records.len());
    for record in records {
        whole.push(match record.get().contains(GOES_ON) {
            true => whole_record(client, &record, most).await?,
            false => record,
        });
    }
    Ok(whole)
}

/// One record, or one parent inside of it. Sub-selects nest five levels deep at most.
fn whole_record<'a>(client: &'a Salesforce, record: &'a RawValue, most: u64) -> BoxFuture<'a, Result<Box<RawValue>>> {
    async move {
        let Members(mut members) = serde_json::from_str(record.get()).map_err(|_| unreadable())?;
        for (name, value) in &mut members {
            if value.get().starts_with('{') && value.get().contains(GOES_ON) {
                *value = match serde_json::from_str::<Envelope>(value.get()) {
                    Ok(set) => whole_set(client, name, set, most).await?,
                    Err(_) => whole_record(client, value, most).await?,
                };
            }
        }
        to_raw_value(&Members(members)).map_err(|_| unreadable())
    }
    .boxed()
}

async fn whole_set(client: &Salesforce, name: &str, set: Envelope, most: u64) -> Result<Box<RawValue>> {
    if set.total_size > most {
        let message = format!("a record has {} rows in {name}, and {most} are read at most", set.total_size);
        return Err(Error::new(ErrorKind::TooLarge, "query").with_vendor(VENDOR).with_message(message).with_hint(
            "query the child object by its parent, raise Query::most_children, or read the set with Query::children_as_sent and Salesforce::rest_of",
        ));
    }
    let mut records = set.records;
    if let Some(link) = set.next_records_url.filter(|_| !set.done) {
        let fetch = |link: String| async move {
            let reply = client.send(more(&link, None)).await?;
            let page = envelope(&reply)?;
            let next = next(&reply, &page)?;
            Ok(Page::new(page.records, next))
        };
        let rest: Vec<Box<RawValue>> = rest_core::pages("query", link, fetch).try_collect().await?;
        records.extend(rest);
    }
    let records = complete(client, records, most).await?;
    to_raw_value(&Whole { total_size: set.total_size, done: true, records }).map_err(|_| unreadable())
}

fn unreadable() -> Error {
    let error = Error::new(ErrorKind::Decode, "query").with_vendor(VENDOR);
    error.with_message("a record with a set of children that goes on cannot be read")
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    total_size: u64,
    done: bool,
    records: Vec<Box<RawValue>>,
}

/// The members of an object in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
