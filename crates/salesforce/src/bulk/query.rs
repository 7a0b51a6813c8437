//! Queries that run as jobs.

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use rest_core::{Call, Error, ErrorKind, Result, Safety};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::csv::{Cells, ColumnDelimiter, Record, decoded, record};
use super::job::{BulkJob, JobHandle, JobInfo, JobKind, JobState, Polling};
use super::results;
use crate::soql::Soql;
use crate::{Salesforce, VENDOR};

/// A query that a job will run.
#[derive(Debug, Clone)]
#[must_use = "a query is sent when its job is started or its rows are read"]
pub struct BulkQuery {
    client: Salesforce,
    soql: Soql,
    all: bool,
    delimiter: ColumnDelimiter,
    page_rows: Option<u64>,
    polling: Polling,
}

/// Rows as they come.
pub type QueryRows<T> = BoxStream<'static, Result<T>>;

impl BulkQuery {
    pub(crate) fn new(client: Salesforce, soql: Soql) -> Self {
        Self {
            client,
            soql,
            all: false,
            delimiter: ColumnDelimiter::Comma,
            page_rows: None,
            polling: Polling::default(),
        }
    }

    /// Sees deleted and archived rows too.
    pub fn all_rows(mut self) -> Self {
        self.all = true;
        self
    }

    /// What parts the cells on the way. Default: commas.
    pub fn delimiter(mut self, delimiter: ColumnDelimiter) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// How many rows one download holds. Default: the server's choice. A download that breaks off is begun anew, so
    /// smaller ones cost less on a bad line, and a call each.
    pub fn page_rows(mut self, rows: u64) -> Self {
        self.page_rows = Some(rows.max(1));
        self
    }

    /// How to wait for the job.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Starts the job and gives it: to keep its handle, to wait, to read.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a query that is wrong, or that jobs do not run.
    pub async fn start(&self) -> Result<BulkJob> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Description<'a> {
            operation: &'a str,
            query: &'a str,
            content_type: &'a str,
            column_delimiter: ColumnDelimiter,
            line_ending: &'a str,
        }
        let description = Description {
            operation: if self.all { "queryAll" } else { "query" },
            query: self.soql.as_str(),
            content_type: "CSV",
            column_delimiter: self.delimiter,
            line_ending: "LF",
        };
        let version = self.client.version();
        let call = Call::post("bulk.query").path(version.path(["jobs", "query"])).json(&description);
        // A job too many reads for nothing, and harms nobody.
        let info: JobInfo = self.client.send(call.safety(Safety::Idempotent)).await?.json()?;
        let handle = JobHandle {
            version: version.number(),
            delimiter: self.delimiter,
            ..JobHandle::new(JobKind::Query, info.id)
        };
        Ok(BulkJob::new(self.client.clone(), handle).polling(self.polling))
    }

    /// Starts the job, waits for it, and gives its rows as they come, each decoded on its own: a row that cannot be read
    /// is an `Err`, and the stream goes on. An error of a call, or of the job, ends it.
    pub fn rows<T: DeserializeOwned + Send + 'static>(self) -> QueryRows<T> {
        self.run(decoded::<T>).map(|row| row.and_then(|row| row)).boxed()
    }

    /// As [`rows`](Self::rows), as lines of cells.
    pub fn records(self) -> QueryRows<Record> {
        self.run(record)
    }

    fn run<X: Send + 'static>(self, read: impl Fn(Cells<'_>) -> X + Send + 'static) -> BoxStream<'static, Result<X>> {
        let finished = async move {
            let job = self.start().await?;
            let info = job.wait().await?;
            if info.state != JobState::JobComplete {
                return Err(died(&info));
            }
            Ok(results::query(&job, self.page_rows, read))
        };
        futures::stream::once(finished).try_flatten().boxed()
    }
}

/// The error of a query job that did not come to its end.
fn died(info: &JobInfo) -> Error {
    let words = info.error_message.as_deref().unwrap_or("no reason was given");
    let kind = if info.state == JobState::Aborted { ErrorKind::Cancelled } else { ErrorKind::Server };
    let error = Error::new(kind, "bulk.query").with_vendor(VENDOR);
    error.with_message(format!("the job {} ended as {}: {words}", info.id, info.state))
}
