//! Records of different objects by the same calls.

use std::fmt;

use rest_core::Result;
use serde::Serialize;

use super::WriteOptions;
use super::rows::{Line, Verb, object_json, tagged};
use super::run::{Job, Row, Travel, unanswered};
use super::saves::SaveResults;
use crate::ids::{Any, AnyId, Id};
use crate::models::{SObject, Writable};
use crate::{Salesforce, VENDOR};

/// A new record of any object, for [`Salesforce::create_mixed`].
pub struct NewRecord {
    object: &'static str,
    json: Result<String>,
}

impl NewRecord {
    /// A record of `T`.
    #[must_use]
    pub fn of<T: Writable>(new: &T::New) -> Self {
        Self::of_fields::<T>(new)
    }

    /// A record of `T` with any serializable fields.
    #[must_use]
    pub fn of_fields<T: SObject>(fields: &impl Serialize) -> Self {
        Self { object: T::NAME, json: object_json(fields).and_then(|fields| tagged(T::NAME, None, &fields)) }
    }
}

/// A change of a record of any object, for [`Salesforce::update_mixed`].
pub struct ChangedRecord {
    object: &'static str,
    json: Result<String>,
}

impl ChangedRecord {
    /// A change of a record of `T`.
    #[must_use]
    pub fn of<T: Writable>(id: Id<T>, update: &T::Update) -> Self {
        Self::of_fields(id, update)
    }

    /// A change of a record of `T` with any serializable fields.
    #[must_use]
    pub fn of_fields<T: SObject>(id: Id<T>, fields: &impl Serialize) -> Self {
        let json = object_json(fields).and_then(|fields| tagged(T::NAME, Some(("id", id.as_str())), &fields));
        Self { object: T::NAME, json }
    }
}

impl fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewRecord({})", self.object)
    }
}

impl fmt::Debug for ChangedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangedRecord({})", self.object)
    }
}

/// Records of one object side by side: a call takes ten runs of one object at most.
fn together(records: impl IntoIterator<Item = (&'static str, Result<String>)>, results: &mut Vec<Row>) -> Vec<Line> {
    let mut objects: Vec<&'static str> = Vec::new();
    let mut lines = Vec::new();
    for (object, json) in records {
        if !objects.contains(&object) {
            objects.push(object);
        }
        match json {
            Ok(text) => {
                lines.push(Line::new(results.len(), 0, object, text));
                results.push(Err(unanswered("sobjects.write_mixed")));
            }
            Err(error) => results.push(Err(error.with_operation("sobjects.write_mixed").with_vendor(VENDOR))),
        }
    }
    lines.sort_by_key(|line| objects.iter().position(|object| *object == line.object));
    lines
}

/// Records of different objects: 200 a call, one result per record in the order given. Each record stands for itself.
impl Salesforce {
    /// Creates records of any objects.
    pub async fn create_mixed(&self, records: Vec<NewRecord>) -> SaveResults<Any> {
        let records = records.into_iter().map(|record| (record.object, record.json));
        self.write_mixed(Verb::Create, records).await
    }

    /// Changes records of any objects.
    pub async fn update_mixed(&self, changes: Vec<ChangedRecord>) -> SaveResults<Any> {
        let records = changes.into_iter().map(|record| (record.object, record.json));
        self.write_mixed(Verb::Update, records).await
    }

    /// Deletes records of any objects.
    pub async fn delete_mixed(&self, ids: &[AnyId]) -> SaveResults<Any> {
        // The server tells the object by the id; records of one kind are put together all the same.
        let mut sorted: Vec<(usize, &AnyId)> = ids.iter().enumerate().collect();
        sorted.sort_by_key(|(_, id)| id.prefix());
        let places: Vec<usize> = sorted.iter().map(|(place, _)| *place).collect();
        let records = sorted.iter().map(|(_, id)| ("", Ok(id.as_str().to_owned())));
        let results = self.write_mixed(Verb::Delete, records).await;
        let mut in_order: Vec<(usize, Row)> = places.into_iter().zip(results).collect();
        in_order.sort_by_key(|(place, _)| *place);
        SaveResults::new(in_order.into_iter().map(|(_, row)| row).collect())
    }

    async fn write_mixed(
        &self,
        verb: Verb,
        records: impl IntoIterator<Item = (&'static str, Result<String>)>,
    ) -> SaveResults<Any> {
        let mut results = Vec::new();
        let lines = together(records, &mut results);
        let options = WriteOptions::default();
        let job = Job { client: self, verbs: &[verb], options: &options, travel: Travel::Alone, all_or_none: false };
        job.run(lines, &mut results).await;
        SaveResults::new(results)
    }
}
