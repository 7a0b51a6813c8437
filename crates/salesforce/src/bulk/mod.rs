//! Bulk API 2.0: rows by the million, written and read by jobs of the server.
//!
//! ```no_run
//! use futures::{StreamExt, TryStreamExt, stream};
//! use salesforce::bulk::Operation;
//! use salesforce::{Contact, NewContact, Salesforce};
//!
//! # async fn run(client: Salesforce) -> salesforce::Result<()> {
//! let people = stream::iter((0..1_000_000).map(|n| NewContact { last_name: Some(format!("N{n}")), ..NewContact::default() }));
//! let report = client.bulk().ingest("Contact", Operation::Insert).run(people).await;
//! println!("{report}");          // 1000000 rows: 999998 written, 2 refused, …
//! for failure in &report.failures {
//!     eprintln!("row {:?}: {}", failure.row, failure.error);
//! }
//!
//! let mut rows = client.bulk().query("SELECT Id, LastName, Account.Name FROM Contact").rows::<Contact>();
//! while let Some(row) = rows.try_next().await? { /* … */ }
//! # Ok(())
//! # }
//! ```
//!
//! What the API leaves to its callers is done here: rows are cut into jobs of a size that the server takes; a field
//! that is emptied (`#N/A`) and one that is left alone (an empty cell) are told apart by their types; results, which
//! come in another order and without numbers, are joined to the rows that were sent; rows that another write held are
//! sent again, and no others. A job outlives the program: keep its [`JobHandle`] and [attach](Bulk::attach) to it later.

mod csv;
mod de;
mod ingest;
mod job;
mod part;
mod query;
mod results;
mod row;

pub use csv::{ColumnDelimiter, LineEnding, Record, parse_results};
pub use ingest::{Failure, Ingest, IngestReport, LARGEST_JOB, RowResult};
pub use job::{BulkJob, JobHandle, JobInfo, JobKind, JobRow, JobState, Polling, Progress};
pub use query::{BulkQuery, QueryRows};
pub use row::KeyedRow;

pub(crate) use csv::push_quoted;
pub(crate) use ingest::USUAL_ROWS;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use rest_core::{Call, Page, Result};
use serde::Deserialize;

use crate::Salesforce;
use crate::soql::Soql;

/// What an ingest job does with its rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Creates records.
    Insert,
    /// Changes records by their `Id`.
    Update,
    /// Creates or changes records by this external id field, which is a column of the rows. `Id` will do, too.
    Upsert(String),
    /// Deletes records into the recycle bin. The rows have the column `Id` only.
    Delete,
    /// Deletes records for good, which needs a permission of its own. The rows have the column `Id` only.
    HardDelete,
}

impl Operation {
    fn name(&self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert(_) => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
        }
    }

    /// What errors about single rows call the operation.
    fn label(&self) -> &'static str {
        match self {
            Self::Insert => "bulk.insert",
            Self::Update => "bulk.update",
            Self::Upsert(_) => "bulk.upsert",
            Self::Delete => "bulk.delete",
            Self::HardDelete => "bulk.hard_delete",
        }
    }
}

/// Bulk jobs of an organisation; see the [module](self).
#[derive(Debug, Clone)]
pub struct Bulk {
    client: Salesforce,
}

impl Salesforce {
    /// Bulk jobs.
    #[must_use]
    pub fn bulk(&self) -> Bulk {
        Bulk { client: self.clone() }
    }
}

impl Bulk {
    /// Writes rows of `object`. Nothing is sent until rows are given.
    pub fn ingest(&self, object: impl Into<String>, operation: Operation) -> Ingest {
        Ingest::new(self.client.clone(), object.into(), operation)
    }

    /// Reads the rows of a query by a job. Nothing is sent until the job is started or its rows are read.
    ///
    /// The server refuses `OFFSET`, `GROUP BY` and aggregates, sub-selects, `TYPEOF`, and compound and base64 fields.
    pub fn query(&self, soql: impl Into<Soql>) -> BulkQuery {
        BulkQuery::new(self.client.clone(), soql.into())
    }

    /// A job that was made before, by this program or another: to wait for it, to read its results, to end it. Results
    /// are kept for seven days.
    #[must_use]
    pub fn attach(&self, handle: JobHandle) -> BulkJob {
        BulkJob::new(self.client.clone(), handle)
    }

    /// The jobs of one kind, of all users and programs: one call for every 1,000.
    pub fn jobs(&self, kind: JobKind) -> BoxStream<'static, Result<JobInfo>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct List {
            records: Vec<JobInfo>,
            next_records_url: Option<String>,
        }
        let first = Call::get("bulk.list")
            .path(self.client.version().path(["jobs", kind.family()]))
            .query("jobType", kind.job_type());
        let client = self.client.clone();
        let fetch = move |link: Option<String>| {
            let call = link.map_or_else(|| first.clone(), |link| Call::get("bulk.list").link(link));
            let client = client.clone();
            async move {
                let list: List = client.send(call).await?.json()?;
                Ok(Page::new(list.records, list.next_records_url.map(Some)))
            }
        };
        rest_core::whole_pages("bulk.list", None, fetch)
            .map_ok(|jobs| stream::iter(jobs.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }
}
