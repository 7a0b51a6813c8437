//! What changed in an object since the last reading: rows and deletions in one stream, with nothing left out.
//!
//! How rows get lost in incremental reads, and what is done about it here:
//!
//! * *The wrong stamp.* `LastModifiedDate` stands still when automation, a merge or a new owner of the parent changes a row.
//!   Readings go by `SystemModstamp`, which is never earlier.
//! * *Late commits.* A row is stamped when it is written and appears when its transaction commits, up to ten minutes later.
//!   Each reading begins [`overlap`](Changes::overlap) before the end of the last one.
//! * *Edits during the reading.* The cursor is taken before the first row is read, by the server's clock, so what changes
//!   meanwhile comes (again) with the next reading.
//! * *Whole seconds.* Bounds include their second. What was delivered already is recognised by its content, not by its stamp:
//!   two edits within a second are two changes.
//! * *Deleted rows* are read with `queryAll`, so that a merge shows its winner (`MasterRecordId`), and from the `deleted` feed,
//!   which knows those that have left the recycle bin.
//! * *Purged deletions.* Where deletions are no longer known (15 days, or less after a purge), the stream says so
//!   ([`Changed::Gap`]), and how to repair it.
//! * *Cursors of queries that end* during a long reading: the reading goes on behind the last row.
//!
//! Two things no stamp shows, on any side: fields that are computed when read (formulas, roll-ups over other objects), and
//! fields that the vendor changes without a stamp (`LastViewedDate`, `LastActivityDate`). And a row that a user gains or
//! loses access to does not change. Compare all ids ([`Records::live_ids`]) from time to time.

mod cursor;
mod reading;

use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{BadRecord, Result, Row};
use serde::Deserialize;

pub use cursor::ChangeCursor;
use reading::Reading;

use super::sobjects::Records;
use crate::Salesforce;
use crate::ids::Id;
use crate::models::SObject;
use crate::soql::Select;

/// The longest that the vendor lets a transaction run.
const LONGEST_TRANSACTION: TimeDelta = TimeDelta::minutes(10);

/// One event of a reading.
#[derive(Clone)]
#[non_exhaustive]
pub enum Changed<T> {
    /// A record that was created, changed or undeleted. On a first reading: any record.
    Record(Row<T>),
    /// A record that was deleted, or merged into another.
    Deleted(Tombstone<T>),
    /// A record that changed and cannot be decoded. The others are fine.
    Unreadable(BadRecord),
    /// Deletions may be missing: compare all ids once ([`Records::live_ids`]).
    Gap(Gap),
    /// The reading is complete; the next one begins with this. Keep it together with what was done with the events.
    Finished(ChangeCursor),
}

/// A deletion.
pub struct Tombstone<T> {
    /// The record.
    pub id: Id<T>,
    /// When it was deleted.
    pub deleted_at: DateTime<Utc>,
    /// The record that it was merged into.
    pub merged_into: Option<Id<T>>,
    /// Whether it has left the recycle bin, so that nothing but its id is known.
    pub purged: bool,
}

/// A span of time whose deletions are not all known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// Where the reading should have begun.
    pub since: DateTime<Utc>,
    /// Deletions are known from here on only.
    pub known_since: DateTime<Utc>,
}

/// A reading of what changed. Nothing is sent until the stream is read.
#[must_use]
pub struct Changes<T> {
    client: Salesforce,
    since: Option<ChangeCursor>,
    overlap: TimeDelta,
    fields: Option<Vec<String>>,
    page: Option<u16>,
    object: PhantomData<fn() -> T>,
}

impl<T: SObject> Records<T> {
    /// What changed since a cursor; without one, every record that is alive, and a cursor to go on with.
    ///
    /// Costs one call for the `deleted` feed, one or more pages of a query, and now and then a description.
    ///
    /// ```
    /// # use futures::TryStreamExt;
    /// # use salesforce::{Changed, ChangeCursor, Contact, Result, Salesforce};
    /// # async fn f(client: Salesforce, mut cursor: Option<ChangeCursor>) -> Result<()> {
    /// let mut changes = client.contacts().changes(cursor.take()).stream();
    /// while let Some(event) = changes.try_next().await? {
    ///     match event {
    ///         Changed::Record(contact) => println!("now {:?}", contact.id),
    ///         Changed::Deleted(gone) => println!("gone {}, merged into {:?}", gone.id, gone.merged_into),
    ///         Changed::Gap(_) => println!("compare all ids"),
    ///         Changed::Finished(next) => cursor = Some(next),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self, since: Option<ChangeCursor>) -> Changes<T> {
        Changes {
            client: self.client.clone(),
            since,
            overlap: LONGEST_TRANSACTION,
            fields: None,
            page: None,
            object: PhantomData,
        }
    }

    /// Streams the ids of all records that are alive: what a comparison after a [`Gap`] goes by.
    pub fn live_ids(&self) -> BoxStream<'static, Result<Id<T>>> {
        #[derive(Deserialize)]
        #[serde(bound = "")]
        struct Keys<T> {
            #[serde(rename = "Id")]
            id: Id<T>,
        }
        match Select::from(T::NAME).fields(["Id"]).order_by(["Id"]).build() {
            Ok(soql) => self.client.query::<Keys<T>>(soql).stream().map_ok(|row| row.id).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }
}

impl<T: SObject> Changes<T> {
    /// How far before the end of the last reading this one begins. Default 10 minutes, the longest that a transaction
    /// runs; less loses rows of long ones. At least 2 minutes.
    pub fn overlap(mut self, overlap: TimeDelta) -> Self {
        self.overlap = overlap.clamp(TimeDelta::minutes(2), TimeDelta::days(10));
        self
    }

    /// Reads these fields instead of those of `T`. Fields that this user may not see are left out either way; the id and
    /// the stamp are always read.
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.fields = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// Asks for pages of this many rows, from 200 to 2,000. Default: 2,000.
    pub fn page_size(mut self, rows: u16) -> Self {
        self.page = Some(rows);
        self
    }

    /// The events. Ends after [`Changed::Finished`], or after an error: then the next reading begins with the old
    /// cursor again.
    pub fn stream(self) -> BoxStream<'static, Result<Changed<T>>> {
        stream::unfold(Reading::new(self), |mut reading| async move {
            let event = reading.next().await?;
            Some((event, reading))
        })
        .boxed()
    }
}

impl<T: SObject> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("object", &T::NAME).field("since", &self.since).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Changed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(row) => f.debug_tuple("Record").field(row).finish(),
            Self::Deleted(tombstone) => f.debug_tuple("Deleted").field(tombstone).finish(),
            Self::Unreadable(bad) => f.debug_tuple("Unreadable").field(bad).finish(),
            Self::Gap(gap) => f.debug_tuple("Gap").field(gap).finish(),
            Self::Finished(cursor) => f.debug_tuple("Finished").field(cursor).finish(),
        }
    }
}

impl<T> Clone for Tombstone<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Tombstone<T> {}
impl<T> PartialEq for Tombstone<T> {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.id, it.deleted_at, it.merged_into, it.purged);
        key(self) == key(other)
    }
}
impl<T> Eq for Tombstone<T> {}

impl<T> fmt::Debug for Tombstone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tombstone")
            .field("id", &self.id)
            .field("deleted_at", &self.deleted_at)
            .field("merged_into", &self.merged_into)
            .field("purged", &self.purged)
            .finish()
    }
}
