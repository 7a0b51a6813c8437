//! Many records in one call: create, update, upsert, delete (200 a call) and retrieve (2,000 a call).

use std::time::Duration;

use http::Method;
use rest_core::{BadRecord, Call, Error, ErrorKind, Reply, Result, Row, Safety};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::query::PAGE_BYTES;
use super::sobjects::Records;
use crate::config::ApiVersion;
use crate::error::{ApiError, record_error};
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::{Salesforce, VENDOR};

/// How many records one call writes at most.
pub const MOST_WRITTEN: usize = 200;
/// How many records one call retrieves at most.
pub const MOST_RETRIEVED: usize = 2000;
/// How often records that another write holds are sent again.
const LOCK_RETRIES: u32 = 3;
/// The first wait for a record that another write holds; it doubles.
const LOCK_WAIT: Duration = Duration::from_millis(200);

/// A record that a collections call wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved<T> {
    /// Its id.
    pub id: Id<T>,
    /// Whether it is new; only upserts say so.
    pub created: Option<bool>,
}

/// What was retrieved under an id: the row, a row that cannot be decoded, or nothing.
pub type Retrieved<R> = Option<Result<Row<R>, BadRecord>>;

/// One entry of a collections answer.
#[derive(Deserialize)]
#[serde(bound = "")]
struct SaveResult<T> {
    id: Option<Id<T>>,
    success: bool,
    #[serde(default)]
    errors: Vec<ApiError>,
    created: Option<bool>,
}

/// Many records at once.
///
/// Each method takes any number and makes one call for every [`MOST_WRITTEN`] (or [`MOST_RETRIEVED`]) of them, one after
/// the other. The answer has one result per record, in the same order. A record that is refused does not stop the
/// others; an error of a call is the result of every record in that call, and of no other. Records that another write
/// held at that moment are sent again up to three times.
impl<T: Writable> Records<T> {
    /// Creates records. A result of kind [`ErrorKind::Unknown`] means that the record may exist now.
    pub async fn create_many(&self, records: &[T::New]) -> Vec<Result<Saved<T>>> {
        self.create_many_fields(records).await
    }

    /// As [`create_many`](Self::create_many), with any serializable fields.
    pub async fn create_many_fields<R: Serialize + Sync>(&self, records: &[R]) -> Vec<Result<Saved<T>>> {
        const OPERATION: &str = "sobjects.create_many";
        let rows = records.iter().map(|record| tagged(T::NAME, None, record)).collect();
        let version = self.client.version();
        self.send_rows(OPERATION, rows, |rows| write(OPERATION, Method::POST, version, &[], rows)).await
    }

    /// Changes records by id. Two changes of one record do not fit into one call.
    pub async fn update_many(&self, updates: &[(Id<T>, T::Update)]) -> Vec<Result<Saved<T>>> {
        self.update_many_fields(updates).await
    }

    /// As [`update_many`](Self::update_many), with any serializable fields.
    pub async fn update_many_fields<R: Serialize + Sync>(&self, updates: &[(Id<T>, R)]) -> Vec<Result<Saved<T>>> {
        const OPERATION: &str = "sobjects.update_many";
        let row = |(id, update): &(Id<T>, R)| tagged(T::NAME, Some(("id", id.as_str())), update);
        let version = self.client.version();
        let call = |rows: &[&str]| write(OPERATION, Method::PATCH, version, &[], rows).safety(Safety::Idempotent);
        self.send_rows(OPERATION, updates.iter().map(row).collect(), call).await
    }

    /// Creates or changes the records that carry these values of an external id field. Safe to repeat if the field is
    /// unique. A value that is empty is refused, and so is one that occurs twice in one call.
    pub async fn upsert_many(&self, field: &str, records: &[(String, T::New)]) -> Vec<Result<Saved<T>>> {
        self.upsert_many_fields(field, records).await
    }

    /// As [`upsert_many`](Self::upsert_many), with any serializable fields.
    pub async fn upsert_many_fields<R: Serialize + Sync>(
        &self,
        field: &str,
        records: &[(String, R)],
    ) -> Vec<Result<Saved<T>>> {
        const OPERATION: &str = "sobjects.upsert_many";
        let row = |(value, record): &(String, R)| match value.trim().is_empty() {
            true => Err(Error::config(format!("the external id {field} of the record is empty"))),
            false => tagged(T::NAME, Some((field, value)), record),
        };
        let version = self.client.version();
        let call = |rows: &[&str]| {
            write(OPERATION, Method::PATCH, version, &[T::NAME, field], rows).safety(Safety::Idempotent)
        };
        self.send_rows(OPERATION, records.iter().map(row).collect(), call).await
    }
}

impl<T: SObject> Records<T> {
    /// Deletes records into the recycle bin. A record that is gone already is an error of kind [`ErrorKind::NotFound`].
    pub async fn delete_many(&self, ids: &[Id<T>]) -> Vec<Result<Saved<T>>> {
        const OPERATION: &str = "sobjects.delete_many";
        let version = self.client.version();
        let rows = ids.iter().map(|id| Ok(id.as_str().to_owned())).collect();
        self.send_rows(OPERATION, rows, |rows| delete(OPERATION, version, rows)).await
    }

    /// Reads records by id, one result per id in the same order; `None` for one that does not exist, is deleted, or is
    /// hidden from this user.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a field that does not exist or is hidden, or whatever befalls a call.
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

    /// Sends rows by as few calls as possible and gives each a result. A row that could not be written as JSON is not
    /// sent; the others are.
    async fn send_rows(
        &self,
        operation: &'static str,
        rows: Vec<Result<String>>,
        call: impl Fn(&[&str]) -> Call,
    ) -> Vec<Result<Saved<T>>> {
        let mut results: Vec<Result<Saved<T>>> = Vec::with_capacity(rows.len());
        let mut sendable = Vec::with_capacity(rows.len());
        for row in &rows {
            results.push(match row {
                Ok(row) => {
                    sendable.push((results.len(), row.as_str()));
                    Err(unanswered(operation))
                }
                Err(error) => Err(error.clone().with_operation(operation).with_vendor(VENDOR)),
            });
        }
        for chunk in sendable.chunks(MOST_WRITTEN) {
            self.send_chunk(operation, chunk, &call, &mut results).await;
        }
        results
    }

    /// Sends one call, and the rows that another write held once more: the vendor did nothing about those.
    async fn send_chunk(
        &self,
        operation: &'static str,
        chunk: &[(usize, &str)],
        call: &impl Fn(&[&str]) -> Call,
        results: &mut [Result<Saved<T>>],
    ) {
        let mut rows = chunk.to_vec();
        let mut wait = LOCK_WAIT;
        for attempt in 0..=LOCK_RETRIES {
            let texts: Vec<&str> = rows.iter().map(|(_, row)| *row).collect();
            let answer = send(&self.client, call(&texts), rows.len()).await;
            let answers: Vec<Result<Saved<T>>> = match answer {
                Ok(answers) => answers.into_iter().map(|answer| saved(operation, &answer)).collect(),
                Err(error) => rows.iter().map(|_| Err(error.clone())).collect(),
            };
            let mut held = Vec::new();
            for ((place, row), answer) in rows.into_iter().zip(answers) {
                if is_locked(&answer) {
                    held.push((place, row));
                }
                if let Some(slot) = results.get_mut(place) {
                    *slot = answer;
                }
            }
            if held.is_empty() || attempt == LOCK_RETRIES {
                return;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            rows = held;
        }
    }
}

fn unanswered(operation: &'static str) -> Error {
    Error::new(ErrorKind::Unknown, operation).with_vendor(VENDOR).with_message("the record has no result")
}

fn is_locked<T>(result: &Result<Saved<T>>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::Conflict && error.is_retryable() && error.status().is_none())
}

async fn send<T>(client: &Salesforce, call: Call, count: usize) -> Result<Vec<SaveResult<T>>> {
    let reply: Reply = client.send(call).await?;
    let results: Vec<SaveResult<T>> = reply.json()?;
    if results.len() != count {
        return Err(reply.decode_error(format!("the answer has {} results for {count} records", results.len())));
    }
    Ok(results)
}

fn saved<T>(operation: &'static str, result: &SaveResult<T>) -> Result<Saved<T>> {
    match (result.success, result.id) {
        (true, Some(id)) => Ok(Saved { id, created: result.created }),
        (true, None) => Err(Error::new(ErrorKind::Unknown, operation)
            .with_vendor(VENDOR)
            .with_message("the record was saved, and the answer does not say under which id")),
        (false, _) => Err(record_error(operation, &result.errors)),
    }
}

/// A collections write, from records that are JSON already.
fn write(operation: &'static str, method: Method, version: ApiVersion, more: &[&str], records: &[&str]) -> Call {
    let body = format!(r#"{{"allOrNone":false,"records":[{}]}}"#, records.join(","));
    let path = ["composite", "sobjects"].into_iter().chain(more.iter().copied());
    Call::new(method, operation).path(version.path(path)).body("application/json", body)
}

fn delete(operation: &'static str, version: ApiVersion, ids: &[&str]) -> Call {
    let path = version.path(["composite", "sobjects"]);
    Call::delete(operation).path(path).query("ids", ids.join(",")).query("allOrNone", "false")
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

/// Writes a record as JSON with its type, and its id or external id, in front.
fn tagged(object: &str, key: Option<(&str, &str)>, record: &impl Serialize) -> Result<String> {
    let refuse = |why: String| Error::config(format!("a record cannot be written as JSON: {why}"));
    let json = serde_json::to_string(record).map_err(|error| refuse(error.to_string()))?;
    let inner = json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.ok_or_else(|| refuse("it is no object".to_owned()))?;
    let quoted = |text: &str| serde_json::to_string(text).map_err(|error| refuse(error.to_string()));
    let mut out = format!(r#"{{"attributes":{{"type":{}}}"#, quoted(object)?);
    if let Some((name, value)) = key {
        out.push_str(&format!(",{}:{}", quoted(name)?, quoted(value)?));
    }
    if !inner.is_empty() {
        out.push(',');
        out.push_str(inner);
    }
    out.push('}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Contact, Fields, NewContact};
    use rest_core::BaseUrl;

    #[test]
    fn records_are_tagged_with_type_and_key() {
        let ada = NewContact { last_name: Some("Love\"lace".into()), ..NewContact::default() };
        assert_eq!(
            tagged("Contact", Some(("Key__c", "a\"b")), &ada).unwrap(),
            r#"{"attributes":{"type":"Contact"},"Key__c":"a\"b","LastName":"Love\"lace"}"#
        );
        assert_eq!(tagged("Contact", None, &NewContact::default()).unwrap(), r#"{"attributes":{"type":"Contact"}}"#);
        assert_eq!(tagged("Contact", None, &[1]).unwrap_err().kind(), ErrorKind::Config);
        let mut fields = Fields::new();
        fields.set("X__c", f64::NAN);
        assert_eq!(tagged("Contact", None, &fields).unwrap(), r#"{"attributes":{"type":"Contact"},"X__c":null}"#);
    }

    #[test]
    fn requests_are_what_the_api_wants() {
        let base = BaseUrl::parse("https://h.example").unwrap();
        let ids: Vec<Id<Contact>> = (1..=MOST_WRITTEN).map(|n| format!("003{n:012}").parse().unwrap()).collect();
        let texts: Vec<&str> = ids.iter().map(Id::as_str).collect();
        let sent = delete("x", ApiVersion::DEFAULT, &texts).to_request(&base).unwrap();
        assert!(sent.uri().to_string().len() < 12_000, "200 ids fit into an address");
        let call = write("x", Method::PATCH, ApiVersion::DEFAULT, &["Contact", "Key__c"], &["{}", "{}"]);
        let sent = call.to_request(&base).unwrap();
        assert_eq!(sent.uri(), "https://h.example/services/data/v62.0/composite/sobjects/Contact/Key__c");
        assert_eq!(sent.body().as_ref(), br#"{"allOrNone":false,"records":[{},{}]}"#);
        let sent = retrieve(ApiVersion::DEFAULT, "Contact", &ids[..1], &["Id"]).to_request(&base).unwrap();
        assert_eq!(sent.body().as_ref(), br#"{"ids":["003000000000001AAA"],"fields":["Id"]}"#);
    }

    #[test]
    fn every_entry_of_an_answer_has_its_meaning() {
        let read = |json: &str| saved::<Contact>("x", &serde_json::from_str(json).unwrap());
        let ok = read(r#"{"id":"003000000000001AAA","success":true,"errors":[],"created":false}"#).unwrap();
        assert_eq!((ok.id.as_str(), ok.created), ("003000000000001AAA", Some(false)));
        let refused =
            read(r#"{"success":false,"errors":[{"statusCode":"DUPLICATE_VALUE","message":"dup","fields":[]}]}"#)
                .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert_eq!(read(r#"{"success":true,"errors":[]}"#).unwrap_err().kind(), ErrorKind::Unknown);
        assert_eq!(read(r#"{"success":false,"errors":[]}"#).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
