//! Single records by id: create, read, update, delete.

use std::fmt;
use std::marker::PhantomData;

use rest_core::{Call, Reply, Result, Row, Safety};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::query::Query;
use crate::config::ApiVersion;
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::soql::Select;
use crate::writes::WriteOptions;
use crate::{Salesforce, VENDOR};

/// The records of one object.
pub struct Records<T> {
    pub(crate) client: Salesforce,
    pub(crate) options: WriteOptions,
    object: PhantomData<fn() -> T>,
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), options: self.options.clone(), object: PhantomData }
    }
}

impl<T: SObject> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", T::NAME)
    }
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct SaveAnswer<T> {
    id: Id<T>,
}

impl<T: SObject> Records<T> {
    pub(crate) fn new(client: Salesforce) -> Self {
        Self { client, options: WriteOptions::default(), object: PhantomData }
    }

    /// Reads a record with every field that the user may see; the row keeps those that `T` does not name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it does not exist, is deleted, or is hidden from this
    /// user; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it cannot be read.
    pub async fn get(&self, id: Id<T>) -> Result<Row<T>> {
        row(&self.client.send(get(self.client.version(), T::NAME, id.as_str(), &[])).await?)
    }

    /// Reads some fields of a record.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a field that does not exist or is
    /// hidden.
    pub async fn get_fields(&self, id: Id<T>, fields: &[&str]) -> Result<Row<T>> {
        row(&self.client.send(get(self.client.version(), T::NAME, id.as_str(), fields)).await?)
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
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it is gone already,
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if it is in use.
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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the fields at fault,
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) for duplicates,
    /// [`ErrorKind::Unknown`](crate::ErrorKind::Unknown) if the record may exist now.
    pub async fn create(&self, new: &T::New) -> Result<Id<T>> {
        self.create_fields(new).await
    }

    /// Changes what the update names of a record, and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if it is gone,
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with the fields at fault.
    pub async fn update(&self, id: Id<T>, update: &T::Update) -> Result<()> {
        self.update_fields(id, update).await
    }

    /// As [`create`](Self::create), with any serializable fields ([`Fields`](crate::Fields), a struct of your own).
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_fields(&self, new: &(impl Serialize + Sync)) -> Result<Id<T>> {
        let path = self.client.version().path(["sobjects", T::NAME]);
        let reply = self.client.send(Call::post("sobjects.create").path(path).json(new)).await?;
        reply.json::<SaveAnswer<T>>().map(|answer| answer.id)
    }

    /// As [`update`](Self::update), with any serializable fields.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn update_fields(&self, id: Id<T>, update: &(impl Serialize + Sync)) -> Result<()> {
        self.client.send(change(self.client.version(), T::NAME, id.as_str(), update)).await.map(drop)
    }
}

pub(super) fn get(version: ApiVersion, object: &str, id: &str, fields: &[&str]) -> Call {
    let fields = (!fields.is_empty()).then(|| fields.join(","));
    Call::get("sobjects.get").path(version.path(["sobjects", object, id])).query_opt("fields", fields)
}

pub(super) fn change(version: ApiVersion, object: &str, id: &str, update: &impl Serialize) -> Call {
    let path = version.path(["sobjects", object, id]);
    Call::patch("sobjects.update").path(path).safety(Safety::Idempotent).json(update)
}

pub(super) fn row<T: SObject>(reply: &Reply) -> Result<Row<T>> {
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
}
