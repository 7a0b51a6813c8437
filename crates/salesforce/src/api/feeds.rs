//! Which records of an object changed or were deleted in a window of time.

use chrono::{DateTime, Utc};
use rest_core::{Call, Result};
use serde::Deserialize;

use super::sobjects::Records;
use crate::config::ApiVersion;
use crate::ids::Id;
use crate::models::SObject;
use crate::time::{format_instant, required_instant};

/// The records that were created or changed in a window, without the deleted ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct UpdatedRecords<T> {
    /// Their ids, in no particular order.
    #[serde(bound = "")]
    pub ids: Vec<Id<T>>,
    /// The window is complete up to here; the next one begins here.
    #[serde(deserialize_with = "required_instant")]
    pub latest_date_covered: DateTime<Utc>,
}

/// The records that were deleted in a window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DeletedRecords<T> {
    /// The records.
    #[serde(bound = "")]
    pub deleted_records: Vec<DeletedRecord<T>>,
    /// Deletions before this moment are no longer known: a window that begins earlier has gaps.
    #[serde(deserialize_with = "required_instant")]
    pub earliest_date_available: DateTime<Utc>,
    /// The window is complete up to here; the next one begins here.
    #[serde(deserialize_with = "required_instant")]
    pub latest_date_covered: DateTime<Utc>,
}

/// One deletion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DeletedRecord<T> {
    /// The record.
    #[serde(bound = "")]
    pub id: Id<T>,
    /// When it was deleted.
    #[serde(deserialize_with = "required_instant")]
    pub deleted_date: DateTime<Utc>,
}

impl<T: SObject> Records<T> {
    /// The records that were created or changed in a window, at most 30 days back. The vendor drops seconds.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) for a window out of range, [`TooLarge`](crate::ErrorKind::TooLarge) for more than
    /// 600,000 records.
    pub async fn updated(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<UpdatedRecords<T>> {
        self.client.send(feed("sobjects.updated", self.client.version(), T::NAME, "updated", start, end)).await?.json()
    }

    /// The records that were deleted in a window, at most 15 days back; also those that have left the recycle bin.
    ///
    /// # Errors
    /// As [`updated`](Self::updated).
    pub async fn deleted(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<DeletedRecords<T>> {
        self.client.send(feed("sobjects.deleted", self.client.version(), T::NAME, "deleted", start, end)).await?.json()
    }
}

pub(super) fn feed(
    operation: &'static str,
    version: ApiVersion,
    object: &str,
    feed: &str,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Call {
    let path = version.path(["sobjects", object, feed]);
    Call::get(operation).path(path).query("start", format_instant(start)).query("end", format_instant(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contact;

    #[test]
    fn requests_and_answers_are_as_documented() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let call = feed(
            "x",
            ApiVersion::DEFAULT,
            "Contact",
            "updated",
            at("2025-06-01T00:00:00Z"),
            at("2025-06-02T00:00:00Z"),
        );
        let sent = call.to_request(&rest_core::BaseUrl::parse("https://h.example").unwrap()).unwrap();
        assert_eq!(
            sent.uri(),
            "https://h.example/services/data/v62.0/sobjects/Contact/updated?start=2025-06-01T00%3A00%3A00.000Z&end=2025-06-02T00%3A00%3A00.000Z"
        );
        let deleted: DeletedRecords<Contact> = serde_json::from_str(
            r#"{"deletedRecords":[{"deletedDate":"2025-06-01T10:00:00.000+0000","id":"003000000000001AAA"}],
                "earliestDateAvailable":"2025-05-20T00:00:00.000+0000","latestDateCovered":"2025-06-02T00:00:00.000+0000"}"#,
        )
        .unwrap();
        assert_eq!(deleted.deleted_records[0].deleted_date, at("2025-06-01T10:00:00Z"));
        assert_eq!(deleted.latest_date_covered, at("2025-06-02T00:00:00Z"));
        assert!(serde_json::from_str::<UpdatedRecords<Contact>>(r#"{"ids":[],"latestDateCovered":null}"#).is_err());
    }
}
