//! Many records in one call: create, update, upsert, delete (200 a call) and retrieve (2,000 a call).

use rest_core::{BadRecord, Call, Error, Result, Row, Safety};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::query::PAGE_BYTES;
use super::sobjects::Records;
use crate::VENDOR;
use crate::config::ApiVersion;
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::writes::{Job, Line, SaveResults, Saved, Travel, Verb, WriteOptions, object_json, tagged, unanswered};

/// How many records one call retrieves at most.
pub const MOST_RETRIEVED: usize = 2000;

/// What was retrieved under an id: the row, a row that cannot be decoded, or nothing.
pub type Retrieved<R> = Option<Result<Row<R>, BadRecord>>;

/// Writes of many records that stand or fall together: up to 200 by one call. See [`Records::all_or_none`].
///
/// If any record is refused, none is saved; the results of the others name the refusal that undid them. More records than
/// fit into one call are refused before anything is sent.
pub struct AllOrNone<T> {
    records: Records<T>,
}

impl<T: SObject> std::fmt::Debug for AllOrNone<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AllOrNone({})", T::NAME)
    }
}

impl<T: SObject> Records<T> {
    /// Writes of many records that stand or fall together.
    #[must_use]
    pub fn all_or_none(&self) -> AllOrNone<T> {
        AllOrNone { records: self.clone() }
    }

    /// The same records, written in a way of your own: sorted by their parent, sent again more or less often.
    #[must_use]
    pub fn writing(mut self, options: WriteOptions) -> Self {
        self.options = options;
        self
    }
}

fn created<T: SObject, R: Serialize>(records: &[R]) -> Vec<Result<String>> {
    records.iter().map(|record| tagged(T::NAME, None, &object_json(record)?)).collect()
}

fn updated<T: SObject, R: Serialize>(updates: &[(Id<T>, R)]) -> Vec<Result<String>> {
    let row = |(id, update): &(Id<T>, R)| tagged(T::NAME, Some(("id", id.as_str())), &object_json(update)?);
    updates.iter().map(row).collect()
}

fn upserted<T: SObject, R: Serialize>(field: &str, records: &[(String, R)]) -> Vec<Result<String>> {
    let row = |(value, record): &(String, R)| match value.trim().is_empty() {
        true => Err(Error::config(format!("the external id {field} of the record is empty"))),
        false => tagged(T::NAME, Some((field, value)), &object_json(record)?),
    };
    records.iter().map(row).collect()
}

fn deleted<T>(ids: &[Id<T>]) -> Vec<Result<String>> {
    ids.iter().map(|id| Ok(id.as_str().to_owned())).collect()
}

fn upsert_verb<T: SObject>(field: &str) -> Verb {
    Verb::Upsert { object: T::NAME, field: field.to_owned() }
}

/// Many records at once.
///
/// Each method takes any number and makes one call for every [`MOST_WRITTEN`](crate::MOST_WRITTEN) (or
/// [`MOST_RETRIEVED`]) of them, one after the other. There is one result per record, in the same order: a record that is
/// refused does not stop the others, and an error of a call is the result of every record in that call, and of no other.
/// Records that were refused for the moment (another write held the row) are sent again, only they, as
/// [`WriteOptions`] say.
impl<T: Writable> Records<T> {
    /// Creates records. A result of kind [`ErrorKind::Unknown`](crate::ErrorKind::Unknown) means that the record may exist
    /// now.
    pub async fn create_many(&self, records: &[T::New]) -> SaveResults<T> {
        self.create_many_fields(records).await
    }

    /// As [`create_many`](Self::create_many), with any serializable fields.
    pub async fn create_many_fields<R: Serialize + Sync>(&self, records: &[R]) -> SaveResults<T> {
        self.save(Verb::Create, created::<T, R>(records), false).await
    }

    /// Changes records by id. Two changes of one record do not fit into one call.
    pub async fn update_many(&self, updates: &[(Id<T>, T::Update)]) -> SaveResults<T> {
        self.update_many_fields(updates).await
    }

    /// As [`update_many`](Self::update_many), with any serializable fields.
    pub async fn update_many_fields<R: Serialize + Sync>(&self, updates: &[(Id<T>, R)]) -> SaveResults<T> {
        self.save(Verb::Update, updated(updates), false).await
    }

    /// Creates or changes the records that carry these values of an external id field. Safe to repeat if the field is
    /// unique. A value that is empty is refused, and so is one that occurs twice in one call.
    pub async fn upsert_many(&self, field: &str, records: &[(String, T::New)]) -> SaveResults<T> {
        self.upsert_many_fields(field, records).await
    }

    /// As [`upsert_many`](Self::upsert_many), with any serializable fields.
    pub async fn upsert_many_fields<R: Serialize + Sync>(
        &self,
        field: &str,
        records: &[(String, R)],
    ) -> SaveResults<T> {
        self.save(upsert_verb::<T>(field), upserted::<T, R>(field, records), false).await
    }
}

impl<T: Writable> AllOrNone<T> {
    /// Creates all of these records or none.
    pub async fn create(&self, records: &[T::New]) -> SaveResults<T> {
        self.records.save(Verb::Create, created::<T, T::New>(records), true).await
    }

    /// Changes all of these records or none.
    pub async fn update(&self, updates: &[(Id<T>, T::Update)]) -> SaveResults<T> {
        self.records.save(Verb::Update, updated(updates), true).await
    }

    /// Creates or changes, by external id, all of these records or none.
    pub async fn upsert(&self, field: &str, records: &[(String, T::New)]) -> SaveResults<T> {
        self.records.save(upsert_verb::<T>(field), upserted::<T, T::New>(field, records), true).await
    }
}

impl<T: SObject> AllOrNone<T> {
    /// Deletes all of these records or none.
    pub async fn delete(&self, ids: &[Id<T>]) -> SaveResults<T> {
        self.records.save(Verb::Delete, deleted(ids), true).await
    }
}

impl<T: SObject> Records<T> {
    /// Deletes records into the recycle bin. A record that is gone already is an error of kind
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
    pub async fn delete_many(&self, ids: &[Id<T>]) -> SaveResults<T> {
        self.save(Verb::Delete, deleted(ids), false).await
    }

    /// Sends rows and gives each a result. A row that could not be written as JSON is not sent; the others are, unless they
    /// stand or fall together.
    async fn save(&self, verb: Verb, rows: Vec<Result<String>>, all_or_none: bool) -> SaveResults<T> {
        let operation = verb.operation();
        let defect = rows.iter().find_map(|row| row.as_ref().err()).filter(|_| all_or_none).cloned();
        let mut results = Vec::with_capacity(rows.len());
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            results.push(match (row, &defect) {
                (Err(error), _) => Err(error.with_operation(operation).with_vendor(VENDOR)),
                (Ok(_), Some(defect)) => {
                    Err(crate::writes::consequence(operation, "ALL_OR_NONE_OPERATION_ROLLED_BACK", defect))
                }
                (Ok(text), None) => {
                    lines.push(Line::new(results.len(), 0, T::NAME, text));
                    Err(unanswered(operation))
                }
            });
        }
        let job =
            Job { client: &self.client, verbs: &[verb], options: &self.options, travel: Travel::Alone, all_or_none };
        job.run(lines, &mut results).await;
        SaveResults::new(results.into_iter().map(|row| row.map(Saved::of)).collect())
    }

    /// Reads records by id, one result per id in the same order; `None` for one that does not exist, is deleted, or is
    /// hidden from this user. The ids travel in a body, which holds 2,000 where an address holds some 700.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a field that does not exist or is hidden, or whatever befalls
    /// a call.
    pub async fn retrieve(&self, ids: &[Id<T>], fields: &[&str]) -> Result<Vec<Retrieved<T>>> {
        self.retrieve_as(ids, fields).await
    }

    /// As [`retrieve`](Self::retrieve), with rows that decode as a type of your own.
    ///
    /// # Errors
    /// As [`retrieve`](Self::retrieve).
    pub async fn retrieve_as<R: DeserializeOwned>(&self, ids: &[Id<T>], fields: &[&str]) -> Result<Vec<Retrieved<R>>> {
        let mut rows = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MOST_RETRIEVED) {
            let reply = self.client.send(retrieve(self.client.version(), T::NAME, chunk, fields)).await?;
            let records: Vec<Option<Box<RawValue>>> = reply.json()?;
            if records.len() != chunk.len() {
                return Err(reply.decode_error(format!(
                    "the answer has {} records for {} ids",
                    records.len(),
                    chunk.len()
                )));
            }
            rows.extend(records.into_iter().map(|raw| raw.map(|raw| rest_core::row(raw, "Id"))));
        }
        Ok(rows)
    }
}

fn retrieve<T>(version: ApiVersion, object: &str, ids: &[Id<T>], fields: &[&str]) -> Call {
    #[derive(Serialize)]
    struct Body<'a> {
        ids: Vec<&'a str>,
        fields: &'a [&'a str],
    }
    let body = Body { ids: ids.iter().map(Id::as_str).collect(), fields };
    let path = version.path(["composite", "sobjects", object]);
    Call::post("sobjects.retrieve").path(path).json(&body).safety(Safety::Read).body_limit(PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contact;
    use rest_core::BaseUrl;

    #[test]
    fn ids_to_retrieve_travel_in_a_body() {
        let base = BaseUrl::parse("https://h.example").unwrap();
        let ids: Vec<Id<Contact>> = vec!["003000000000001".parse().unwrap()];
        let sent = retrieve(ApiVersion::DEFAULT, "Contact", &ids, &["Id"]).to_request(&base).unwrap();
        assert_eq!(sent.body().as_ref(), br#"{"ids":["003000000000001AAA"],"fields":["Id"]}"#);
    }
}
