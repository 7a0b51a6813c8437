//! Reads and writes under a condition: what the caller saw last decides whether anything is sent or done.

use chrono::{DateTime, Utc};
use http::StatusCode;
use rest_core::{Call, Error, ErrorKind, Reply, Result, Row, Safety};
use serde::Serialize;

use super::sobjects::{Records, change, get, row};
use crate::ids::Id;
use crate::models::{SObject, Writable};
use crate::{VENDOR, time};

/// A condition on a record. Dates are compared by whole seconds with `LastModifiedDate`. Tags are only known for accounts;
/// of other objects the vendor ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precondition {
    /// `If-Modified-Since`: the record was changed after this.
    ModifiedSince(DateTime<Utc>),
    /// `If-Unmodified-Since`: the record was not changed after this.
    UnmodifiedSince(DateTime<Utc>),
    /// `If-Match`: the record still has one of these tags.
    Matches(Vec<String>),
    /// `If-None-Match`: the record has none of these tags any more.
    MatchesNone(Vec<String>),
}

impl Precondition {
    fn put(&self, call: Call) -> Call {
        match self {
            Self::ModifiedSince(at) => call.header("if-modified-since", &time::format_http(*at)),
            Self::UnmodifiedSince(at) => call.header("if-unmodified-since", &time::format_http(*at)),
            Self::Matches(tags) => call.header("if-match", &tags.join(", ")),
            Self::MatchesNone(tags) => call.header("if-none-match", &tags.join(", ")),
        }
    }

    /// Tags go into a header as they came out of one.
    fn check(&self) -> Result<()> {
        let (Self::Matches(tags) | Self::MatchesNone(tags)) = self else { return Ok(()) };
        let quoted = |tag: &String| {
            let plain = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = plain.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
        };
        if !tags.is_empty() && tags.iter().all(quoted) {
            return Ok(());
        }
        Err(Error::config("a condition needs at least one tag, each quoted as in the ETag header").with_vendor(VENDOR))
    }
}

/// A record as it was read, with what conditions on it can refer to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Versioned<T> {
    /// The record.
    pub row: Row<T>,
    /// Its tag (`ETag`), which the vendor tells for accounts.
    pub etag: Option<String>,
    /// When it was last changed (`Last-Modified`).
    pub last_modified: Option<DateTime<Utc>>,
}

/// What came of a read under a condition.
#[derive(Debug, Clone)]
pub enum Fresh<T> {
    /// The condition held: here is the record.
    Changed(Versioned<T>),
    /// The caller has it already (304).
    NotModified,
}

/// What came of a write under a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Conditional {
    /// The condition held, and the write was made.
    Done,
    /// The condition did not hold (412, or 304 where the vendor words it so): nothing was done.
    NotMet,
}

impl<T: SObject> Records<T> {
    /// Reads a record together with its tag and date.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_versioned(&self, id: Id<T>) -> Result<Versioned<T>> {
        versioned(&self.client.send(get(self.client.version(), T::NAME, id.as_str(), &[])).await?)
    }

    /// Reads a record if a condition holds.
    ///
    /// # Errors
    /// [`ErrorKind::Precondition`] where the condition is one for writes and does not hold (412); else as
    /// [`get`](Self::get).
    pub async fn get_if(&self, id: Id<T>, condition: &Precondition) -> Result<Fresh<T>> {
        condition.check()?;
        let call = condition.put(get(self.client.version(), T::NAME, id.as_str(), &[]));
        let reply = self.client.send(call.also_ok(StatusCode::NOT_MODIFIED)).await?;
        if reply.status == StatusCode::NOT_MODIFIED {
            return Ok(Fresh::NotModified);
        }
        versioned(&reply).map(Fresh::Changed)
    }

    /// Deletes a record if a condition holds. The vendor takes dates here, and no tags.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a condition on tags; else as [`delete`](Self::delete).
    pub async fn delete_if(&self, id: Id<T>, condition: &Precondition) -> Result<Conditional> {
        if matches!(condition, Precondition::Matches(_) | Precondition::MatchesNone(_)) {
            let message = "a delete takes a condition on dates only: the vendor ignores tags there";
            return Err(Error::config(message).with_operation("sobjects.delete").with_vendor(VENDOR));
        }
        let path = self.client.version().path(["sobjects", T::NAME, id.as_str()]);
        self.write_if(Call::delete("sobjects.delete").path(path), condition).await
    }

    async fn write_if(&self, call: Call, condition: &Precondition) -> Result<Conditional> {
        condition.check()?;
        let call = condition.put(call).also_ok(StatusCode::NOT_MODIFIED);
        match self.client.send(call).await {
            Ok(reply) if reply.status == StatusCode::NOT_MODIFIED => Ok(Conditional::NotMet),
            Ok(_) => Ok(Conditional::Done),
            Err(error) if error.status() == Some(StatusCode::PRECONDITION_FAILED) => Ok(Conditional::NotMet),
            Err(error) => Err(error),
        }
    }
}

impl<T: Writable> Records<T> {
    /// Changes a record if a condition holds. Not repeated when its outcome is not known.
    ///
    /// # Errors
    /// As [`update`](Self::update); [`ErrorKind::Unknown`] if the change may have been made.
    pub async fn update_if(&self, id: Id<T>, condition: &Precondition, update: &T::Update) -> Result<Conditional> {
        self.update_fields_if(id, condition, update).await
    }

    /// As [`update_if`](Self::update_if), with any serializable fields.
    ///
    /// # Errors
    /// As [`update_if`](Self::update_if).
    pub async fn update_fields_if(
        &self,
        id: Id<T>,
        condition: &Precondition,
        update: &(impl Serialize + Sync),
    ) -> Result<Conditional> {
        // Once it has been made, a repetition would find the record changed by itself.
        let call = change(self.client.version(), T::NAME, id.as_str(), update).safety(Safety::Unsafe);
        self.write_if(call, condition).await
    }

    /// Changes a record if nobody changed it since. The vendor compares whole seconds, so a change within the same second
    /// goes unnoticed.
    ///
    /// # Errors
    /// [`ErrorKind::Precondition`] if it was changed; else as [`update`](Self::update).
    pub async fn update_unmodified_since(&self, id: Id<T>, since: DateTime<Utc>, update: &T::Update) -> Result<()> {
        let condition = Precondition::UnmodifiedSince(since);
        match self.update_if(id, &condition, update).await? {
            Conditional::Done => Ok(()),
            Conditional::NotMet => Err(Error::new(ErrorKind::Precondition, "sobjects.update")
                .with_vendor(VENDOR)
                .with_status(StatusCode::PRECONDITION_FAILED)
                .with_message(format!("{} {id} was changed since it was read", T::NAME))
                .with_hint("somebody changed the record; read it again and decide")),
        }
    }
}

fn versioned<T: SObject>(reply: &Reply) -> Result<Versioned<T>> {
    let last_modified = reply.header("last-modified").and_then(time::parse_http);
    Ok(Versioned { row: row(reply)?, etag: reply.header("etag").map(str::to_owned), last_modified })
}
