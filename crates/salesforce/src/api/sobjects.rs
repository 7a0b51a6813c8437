//! Single records: create, read, update, delete, upsert.

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use http::StatusCode;
use rest_core::{Call, Error, ErrorKind, Reply, Result, Row, Safety};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::query::Query;
use crate::config::ApiVersion;
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::soql::Select;
use crate::{Salesforce, VENDOR, time};

/// The records of one object.
pub struct Records<T> {
    pub(crate) client: Salesforce,
    object: PhantomData<fn() -> T>,
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), object: PhantomData }
    }
}

impl<T: SObject> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", T::NAME)
    }
}

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted<T> {
    /// The record.
    pub id: Id<T>,
    /// Whether it is new.
    pub created: bool,
}

#[derive(Deserialize)]
struct SaveAnswer<T> {
    id: Id<T>,
    #[serde(default)]
    created: bool,
}

impl<T: SObject> Records<T> {
    pub(crate) fn new(client: Salesforce) -> Self {
        Self { client, object: PhantomData }
    }

    /// Reads a record with every field that the user may see; the row keeps those that `T` does not name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it does not exist, is deleted, or is hidden from this user; [`ErrorKind::Decode`] if it
    /// cannot be read.
    pub async fn get(&self, id: Id<T>) -> Result<Row<T>> {
        row(&self.client.send(get(self.client.version(), T::NAME, id.as_str(), &[])).await?)
    }

    /// Reads some fields of a record.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`ErrorKind::Invalid`] for a field that does not exist or is hidden.
    pub async fn get_fields(&self, id: Id<T>, fields: &[&str]) -> Result<Row<T>> {
        row(&self.client.send(get(self.client.version(), T::NAME, id.as_str(), fields)).await?)
    }

    /// Reads the record that carries an external id.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`ErrorKind::Conflict`] if several records carry it.
    pub async fn get_by_external_id(&self, field: &str, value: &str) -> Result<Row<T>> {
        let call =
            external("sobjects.get_by_external_id", http::Method::GET, self.client.version(), T::NAME, field, value)?;
        let reply = self.client.send(call).await?;
        refuse_several(&reply, "sobjects.get_by_external_id", field)?;
        row(&reply)
    }

    /// Streams all records with the fields of `T`: one call for every 2,000 of them.
    ///
    /// A field that this user may not see makes the query fail with its name; query with fields of your own then.
    pub fn list(&self) -> Query<T> {
        let query = Select::all_of::<T>().order_by(["Id"]).build();
        Query::from_built(self.client.clone(), query, false)
    }

    /// Deletes a record into the recycle bin, and what belongs to it. Costs one call.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is gone already, [`ErrorKind::Conflict`] if it is in use.
    pub async fn delete(&self, id: Id<T>) -> Result<()> {
        let path = self.client.version().path(["sobjects", T::NAME, id.as_str()]);
        self.client.send(Call::delete("sobjects.delete").path(path)).await.map(drop)
    }
}

impl<T: Writable> Records<T> {
    /// Creates a record. Not repeated when its outcome is not known: use [`upsert`](Self::upsert) for creates that must
    /// happen once.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] with the fields at fault, [`ErrorKind::Conflict`] for duplicates, [`ErrorKind::Unknown`] if
    /// the record may exist now.
    pub async fn create(&self, new: &T::New) -> Result<Id<T>> {
        let path = self.client.version().path(["sobjects", T::NAME]);
        let reply = self.client.send(Call::post("sobjects.create").path(path).json(new)).await?;
        reply.json::<SaveAnswer<T>>().map(|answer| answer.id)
    }

    /// Changes what the update names of a record, and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is gone, [`ErrorKind::Invalid`] with the fields at fault.
    pub async fn update(&self, id: Id<T>, update: &T::Update) -> Result<()> {
        self.client.send(change(self.client.version(), T::NAME, id.as_str(), update)).await.map(drop)
    }

    /// Changes a record if nobody changed it since. The vendor compares whole seconds, so a change within the same second
    /// goes unnoticed.
    ///
    /// # Errors
    /// [`ErrorKind::Precondition`] if it was changed; else as [`update`](Self::update).
    pub async fn update_unmodified_since(&self, id: Id<T>, since: DateTime<Utc>, update: &T::Update) -> Result<()> {
        let since = time::format_http(since);
        let call = change(self.client.version(), T::NAME, id.as_str(), update).header("if-unmodified-since", &since);
        // Once it has been made, a repetition finds the record changed by itself.
        self.client.send(call.safety(Safety::Unsafe)).await.map(drop)
    }

    /// Creates or changes the record that carries an external id. Safe to repeat if the field is unique.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if several records carry the value, [`ErrorKind::NotFound`] if the field is no external id,
    /// [`ErrorKind::Config`] for an empty value, else as [`create`](Self::create).
    pub async fn upsert(&self, field: &str, value: &str, record: &T::New) -> Result<Upserted<T>> {
        self.upsert_fields(field, value, record).await
    }

    /// As [`upsert`](Self::upsert), with any serializable fields (an update that empties some, [`Fields`](crate::Fields)).
    ///
    /// # Errors
    /// As [`upsert`](Self::upsert).
    pub async fn upsert_fields(
        &self,
        field: &str,
        value: &str,
        record: &(impl Serialize + Sync),
    ) -> Result<Upserted<T>> {
        let call = external("sobjects.upsert", http::Method::PATCH, self.client.version(), T::NAME, field, value)?;
        let reply = self.client.send(call.safety(Safety::Idempotent).json(record)).await?;
        refuse_several(&reply, "sobjects.upsert", field)?;
        let answer: SaveAnswer<T> = reply.json()?;
        Ok(Upserted { id: answer.id, created: answer.created })
    }
}

fn get(version: ApiVersion, object: &str, id: &str, fields: &[&str]) -> Call {
    let fields = (!fields.is_empty()).then(|| fields.join(","));
    Call::get("sobjects.get").path(version.path(["sobjects", object, id])).query_opt("fields", fields)
}

fn change(version: ApiVersion, object: &str, id: &str, update: &impl Serialize) -> Call {
    let path = version.path(["sobjects", object, id]);
    Call::patch("sobjects.update").path(path).safety(Safety::Idempotent).json(update)
}

fn external(
    operation: &'static str,
    method: http::Method,
    version: ApiVersion,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Call> {
    if value.trim().is_empty() {
        return Err(Error::config(format!("the external id {field} is empty, and an empty value matches nothing"))
            .with_operation(operation)
            .with_vendor(VENDOR));
    }
    let path = version.path(["sobjects", object, field, value]);
    Ok(Call::new(method, operation).path(path).also_ok(StatusCode::MULTIPLE_CHOICES))
}

/// 300 is answered with the paths of the records that carry the value.
fn refuse_several(reply: &Reply, operation: &'static str, field: &str) -> Result<()> {
    if reply.status != StatusCode::MULTIPLE_CHOICES {
        return Ok(());
    }
    let paths: Vec<String> = reply.json().unwrap_or_default();
    let ids: Vec<&str> = paths.iter().filter_map(|path| path.rsplit('/').next()).collect();
    Err(Error::new(ErrorKind::Conflict, operation)
        .with_vendor(VENDOR)
        .with_status(reply.status)
        .with_message(format!("{} records carry this value of {field}: {}", ids.len(), ids.join(", ")))
        .with_hint("make the external id field unique, or merge the records"))
}

fn row<T: SObject>(reply: &Reply) -> Result<Row<T>> {
    let raw: Box<RawValue> = reply.json()?;
    rest_core::row(raw, "Id").map_err(|bad| bad.into_error("sobjects.get").with_vendor(VENDOR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::BaseUrl;

    fn uri(call: &Call) -> String {
        call.to_request(&BaseUrl::parse("https://h.example").unwrap()).unwrap().uri().to_string()
    }

    #[test]
    fn requests_are_what_the_api_wants() {
        let version = ApiVersion::DEFAULT;
        assert_eq!(
            uri(&get(version, "Contact", "003x", &[])),
            "https://h.example/services/data/v62.0/sobjects/Contact/003x"
        );
        assert_eq!(
            uri(&get(version, "Contact", "003x", &["Id", "Name"])),
            "https://h.example/services/data/v62.0/sobjects/Contact/003x?fields=Id%2CName"
        );
        let call =
            change(version, "Contact", "003x", &crate::ContactUpdate { title: None.into(), ..Default::default() });
        assert_eq!(call.safety, Safety::Idempotent);
        assert_eq!(call.body.as_ref().unwrap().bytes.as_ref(), br#"{"Title":null}"#);
    }

    #[test]
    fn an_external_id_may_hold_anything_but_nothing() {
        let call = |value: &str| external("x", http::Method::PATCH, ApiVersion::DEFAULT, "Contact", "Key__c", value);
        assert_eq!(
            uri(&call("a/b c?d#e+f%g&é'.exe").unwrap()),
            "https://h.example/services/data/v62.0/sobjects/Contact/Key__c/a%2Fb%20c%3Fd%23e%2Bf%25g%26%C3%A9%27.exe"
        );
        for empty in ["", "  "] {
            assert_eq!(call(empty).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
