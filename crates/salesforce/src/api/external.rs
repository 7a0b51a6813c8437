//! Records by external id. The value is one segment of the path, so it may hold anything, percent-encoded.
//!
//! Two kinds of values cannot travel in a path: the dot segments `.` and `..`, which every HTTP stack resolves, and
//! values that end like certain file names (`x@example.inc`), which the edge of the vendor's network answers with 404 before
//! the API sees them. Those go another way: in the body of a collections call, or through a query.

use std::fmt;

use futures::TryStreamExt as _;
use http::{Method, StatusCode};
use rest_core::{Call, Error, ErrorKind, Reply, Result, Row, Safety};
use serde::{Deserialize, Serialize};

use super::sobjects::{Records, row};
use crate::config::ApiVersion;
use crate::error::multiple_choices;
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::soql::Select;
use crate::{ErrorDetails as _, VENDOR};

/// What an upsert did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Upserted<T> {
    /// The record.
    pub id: Id<T>,
    /// Whether it is new.
    pub created: bool,
}

impl<T> fmt::Debug for Upserted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upserted").field("id", &self.id).field("created", &self.created).finish()
    }
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct SaveAnswer<T> {
    id: Id<T>,
    #[serde(default)]
    created: bool,
}

impl<T: SObject> Records<T> {
    /// Reads the record that carries an external id.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`ErrorKind::Conflict`] if several records carry it, whose ids
    /// [`matching_ids`](crate::ErrorDetails::matching_ids) gives; [`ErrorKind::Config`] for an empty value.
    pub async fn get_by_external_id(&self, field: &str, value: &str) -> Result<Row<T>> {
        const OPERATION: &str = "sobjects.get_by_external_id";
        match self.at_value(OPERATION, Method::GET, field, value).await? {
            Some(reply) => row(&reply),
            None => self.get(self.find_by_query(OPERATION, field, value).await?).await,
        }
    }

    /// Deletes the record that carries an external id into the recycle bin. Repeated when the outcome is not known, so a
    /// record that is gone may be one that this very call deleted.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no record carries it, [`ErrorKind::Conflict`] if several do or the record is in use,
    /// [`ErrorKind::Config`] for an empty value.
    pub async fn delete_by_external_id(&self, field: &str, value: &str) -> Result<()> {
        const OPERATION: &str = "sobjects.delete_by_external_id";
        match self.at_value(OPERATION, Method::DELETE, field, value).await? {
            Some(_) => Ok(()),
            None => self.delete(self.find_by_query(OPERATION, field, value).await?).await,
        }
    }

    /// Calls the record's address by external id. `None` if the value cannot travel in a path, or may not have.
    async fn at_value(
        &self,
        operation: &'static str,
        method: Method,
        field: &str,
        value: &str,
    ) -> Result<Option<Reply>> {
        check(operation, field, value)?;
        if is_dot_segment(value) {
            return Ok(None);
        }
        let call = external(operation, method, self.client.version(), T::NAME, field, value);
        match self.client.send(call).await {
            Ok(reply) => {
                refuse_several(&reply, operation, field)?;
                Ok(Some(reply))
            }
            Err(error) if may_be_the_edge(&error, value) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The record with this value, found by a query.
    async fn find_by_query(&self, operation: &'static str, field: &str, value: &str) -> Result<Id<T>> {
        #[derive(Deserialize)]
        #[serde(bound = "")]
        struct Found<T> {
            #[serde(rename = "Id")]
            id: Id<T>,
        }
        let soql = Select::from(T::NAME)
            .fields(["Id"])
            .filter(crate::soql::Condition::eq(field, value))
            .limit(MOST_NAMED)
            .build()?;
        let rows: Vec<Row<Found<T>>> = self.client.query(soql).stream().try_collect().await?;
        let ids: Vec<Id<T>> = rows.iter().map(|row| row.id).collect();
        match ids.as_slice() {
            [id] => Ok(*id),
            [] => Err(Error::new(ErrorKind::NotFound, operation)
                .with_vendor(VENDOR)
                .with_status(StatusCode::NOT_FOUND)
                .with_message(format!("no {} carries this value of {field}", T::NAME))),
            several => {
                let paths: Vec<&str> = several.iter().map(Id::as_str).collect();
                Err(multiple_choices(operation, field, serde_json::to_string(&paths).unwrap_or_default().as_bytes()))
            }
        }
    }
}

impl<T: Writable> Records<T> {
    /// Creates or changes the record that carries an external id. Safe to repeat if the field is unique.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if several records carry the value (see
    /// [`matching_ids`](crate::ErrorDetails::matching_ids)), [`ErrorKind::NotFound`] if the field is no external id,
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
        const OPERATION: &str = "sobjects.upsert";
        check(OPERATION, field, value)?;
        if is_dot_segment(value) {
            return self.upsert_in_a_body(field, value, record).await;
        }
        let call = external(OPERATION, Method::PATCH, self.client.version(), T::NAME, field, value);
        match self.client.send(call.safety(Safety::Idempotent).json(record)).await {
            Ok(reply) => {
                refuse_several(&reply, OPERATION, field)?;
                let answer: SaveAnswer<T> = reply.json()?;
                Ok(Upserted { id: answer.id, created: answer.created })
            }
            Err(error) if may_be_the_edge(&error, value) => self.upsert_in_a_body(field, value, record).await,
            Err(error) => Err(error),
        }
    }

    /// Changes the record that carries an external id, and creates none. `false` if no record carries it.
    ///
    /// # Errors
    /// As [`upsert`](Self::upsert).
    pub async fn update_by_external_id(
        &self,
        field: &str,
        value: &str,
        update: &(impl Serialize + Sync),
    ) -> Result<bool> {
        const OPERATION: &str = "sobjects.update_by_external_id";
        check(OPERATION, field, value)?;
        if !is_dot_segment(value) {
            let call = external(OPERATION, Method::PATCH, self.client.version(), T::NAME, field, value)
                .query("updateOnly", "true")
                .safety(Safety::Idempotent)
                .json(update);
            match self.client.send(call).await {
                Ok(reply) => return refuse_several(&reply, OPERATION, field).map(|()| true),
                Err(error) if may_be_the_edge(&error, value) => {}
                Err(error) if is_plain_not_found(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        match self.find_by_query(OPERATION, field, value).await {
            Ok(id) => self.update_fields(id, update).await.map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The same upsert where the value travels in the body.
    async fn upsert_in_a_body(
        &self,
        field: &str,
        value: &str,
        record: &(impl Serialize + Sync),
    ) -> Result<Upserted<T>> {
        let saved = self.upsert_many_fields(field, &[(value.to_owned(), record)]).await;
        let saved = saved.into_iter().next().unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Unknown, "sobjects.upsert")
                .with_vendor(VENDOR)
                .with_message("there is no result"))
        })?;
        Ok(Upserted { id: saved.id, created: saved.created.unwrap_or_default() })
    }
}

/// More matches than this are not named in an error.
const MOST_NAMED: u64 = 200;

fn check(operation: &'static str, field: &str, value: &str) -> Result<()> {
    if !value.trim().is_empty() {
        return Ok(());
    }
    let message = format!("the external id {field} is empty, and an empty value matches nothing");
    Err(Error::config(message).with_operation(operation).with_vendor(VENDOR))
}

fn is_dot_segment(value: &str) -> bool {
    matches!(value, "." | "..") || value.chars().any(char::is_control)
}

/// Whether a 404 may come from the edge, which takes the end of the value for that of a file name: which endings it
/// blocks is not documented. A dot before a few letters is enough to look again another way.
fn may_be_the_edge(error: &Error, value: &str) -> bool {
    let ending = value.rsplit_once('.').map(|(_, ending)| ending);
    let like_a_file = ending
        .is_some_and(|ending| (1..=6).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric()));
    like_a_file && is_plain_not_found(error)
}

/// Whether nothing was found. A field that is no external id, and a deleted record, are told apart from that.
fn is_plain_not_found(error: &Error) -> bool {
    let said = |text: &str| error.entries().iter().any(|entry| entry.message.contains(text));
    error.status() == Some(StatusCode::NOT_FOUND)
        && error.vendor_code().is_none_or(|code| code == "NOT_FOUND")
        && !said("external ID field does not exist")
}

fn external(
    operation: &'static str,
    method: Method,
    version: ApiVersion,
    object: &str,
    field: &str,
    value: &str,
) -> Call {
    let path = version.path(["sobjects", object, field, value]);
    Call::new(method, operation).path(path).also_ok(StatusCode::MULTIPLE_CHOICES)
}

fn refuse_several(reply: &Reply, operation: &'static str, field: &str) -> Result<()> {
    if reply.status != StatusCode::MULTIPLE_CHOICES {
        return Ok(());
    }
    Err(multiple_choices(operation, field, &reply.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::BaseUrl;

    #[test]
    fn an_external_id_is_one_segment_whatever_it_holds() {
        let uri = |value: &str| {
            let call = external("x", Method::PATCH, ApiVersion::DEFAULT, "Contact", "Key__c", value);
            call.to_request(&BaseUrl::parse("https://h.example").unwrap()).unwrap().uri().to_string()
        };
        let base = "https://h.example/services/data/v62.0/sobjects/Contact/Key__c/";
        assert_eq!(uri("a/b c?d#e+f%g&é'.exe"), format!("{base}a%2Fb%20c%3Fd%23e%2Bf%25g%26%C3%A9%27.exe"));
        assert_eq!(uri(" blanks "), format!("{base}%20blanks%20"));
        assert_eq!(uri("%2F"), format!("{base}%252F"), "what looks encoded is encoded again, so it is decoded once");
        for empty in ["", "  ", "\t"] {
            assert_eq!(check("x", "Key__c", empty).unwrap_err().kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn a_404_of_the_edge_is_told_from_that_of_the_api() {
        let not_found = |code: Option<&str>, body: &str| {
            let error = Error::new(ErrorKind::NotFound, "x").with_status(StatusCode::NOT_FOUND).with_body(body);
            match code {
                Some(code) => error.with_code(code),
                None => error,
            }
        };
        let missing = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
        let no_field = r#"[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: X"}]"#;
        let deleted = r#"[{"errorCode":"ENTITY_IS_DELETED","message":"entity is deleted"}]"#;
        assert!(may_be_the_edge(&not_found(None, "<html>"), "x@example.inc"));
        assert!(may_be_the_edge(&not_found(Some("NOT_FOUND"), missing), "setup.exe"));
        assert!(!may_be_the_edge(&not_found(None, "<html>"), "plain"));
        assert!(!may_be_the_edge(&not_found(Some("NOT_FOUND"), no_field), "setup.exe"));
        assert!(!may_be_the_edge(&not_found(Some("ENTITY_IS_DELETED"), deleted), "setup.exe"));
        assert!(!may_be_the_edge(&Error::new(ErrorKind::Server, "x"), "setup.exe"));
    }
}
