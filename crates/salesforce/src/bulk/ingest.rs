//! Writing rows: cut into jobs, uploaded, awaited, and joined to their results.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::Operation;
use super::csv::{ColumnDelimiter, LineEnding, record};
use super::job::{self, BulkJob, JobInfo, JobState, Polling, Progress};
use super::part::{Added, Index, Layout, Part};
use super::results;
use crate::Saved;
use crate::ids::{Any, AnyId};
use crate::{Salesforce, VENDOR};

/// The most bytes of CSV that one job may be given: 100 MB, which the server's own encoding makes 150 MB.
pub const LARGEST_JOB: usize = 100_000_000;
/// What one job is given unless told otherwise: it is held in memory while it is uploaded, and its rows until their
/// results are in.
const USUAL_JOB: usize = 16 << 20;
pub(crate) const USUAL_ROWS: usize = 100_000;
/// The columns that hold base64, by object.
const BINARY: [(&str, &str); 4] =
    [("Attachment", "Body"), ("Document", "Body"), ("ContentVersion", "VersionData"), ("StaticResource", "Body")];

type Watcher = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// Rows that are going to be written by jobs. Made by [`Bulk::ingest`](super::Bulk::ingest).
///
/// A row is anything that serializes to an object of API names: a `New…` or `…Update` of the models, [`Fields`](crate::Fields),
/// a struct of your own; with [`KeyedRow`](super::KeyedRow) where a record must be named. What is left out is left
/// alone; what is null or an empty text is emptied. A parent can be given by an external id
/// (`{"Account": {"Key__c": "A-1"}}`).
#[derive(Clone)]
#[must_use = "nothing is sent until rows are given"]
pub struct Ingest {
    client: Salesforce,
    object: String,
    operation: Operation,
    layout: Layout,
    assignment_rule: Option<String>,
    lock_retries: u32,
    polling: Polling,
    abort_on_drop: bool,
    watcher: Option<Watcher>,
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest")
            .field("object", &self.object)
            .field("operation", &self.operation)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// What became of one row.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RowResult {
    /// The row's place in the input, from 0. `None` for a result that no row that was sent fits: the server has changed
    /// its cells; name a column with [`Ingest::correlate_by`] then.
    pub row: Option<u64>,
    /// The job that wrote it, if there was one.
    pub job: Option<Arc<str>>,
    /// The record's id, or why it was not written. [`ErrorKind::Unknown`]: it may have been written;
    /// [`ErrorKind::Precondition`]: the job ended before it came to this row.
    pub result: Result<Saved<Any>>,
}

/// A row that was not written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// Its place in the input, from 0; see [`RowResult::row`].
    pub row: Option<u64>,
    /// Why.
    pub error: Error,
}

/// What became of all rows: **a run that ended is not a run that succeeded**; look at [`failures`](Self::failures) and
/// [`stopped`](Self::stopped), or ask for [`all_written`](Self::all_written).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
#[must_use = "single rows may have failed"]
pub struct IngestReport {
    /// Rows that were taken from the input.
    pub rows: u64,
    /// Rows that were written.
    pub written: u64,
    /// Of these, records that are new.
    pub created: u64,
    /// Rows that were refused, were not reached, or may or may not have been written; in no order. All of them are here.
    pub failures: Vec<Failure>,
    /// The jobs that were made.
    pub jobs: Vec<String>,
    /// Why the run ended before the input did. The rows after [`rows`](Self::rows) were not sent.
    pub stopped: Option<Error>,
}

impl IngestReport {
    /// Whether every row was written.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failures.is_empty() && self.stopped.is_none()
    }

    /// Nothing, if every row was written.
    ///
    /// # Errors
    /// Why the run stopped, or the first failure, with the numbers in its words.
    pub fn all_written(self) -> Result<()> {
        let words = self.to_string();
        match (self.stopped, self.failures.into_iter().next()) {
            (Some(error), _) | (None, Some(Failure { error, .. })) => {
                let message = format!("{words}; the first: {}", error.vendor_message());
                Err(error.with_message(message))
            }
            (None, None) => Ok(()),
        }
    }

    fn count(&mut self, result: RowResult) {
        if let Some(job) = &result.job
            && self.jobs.last().map(String::as_str) != Some(job)
        {
            self.jobs.push(job.to_string());
        }
        match result.result {
            Ok(saved) => {
                self.written += 1;
                self.created += u64::from(saved.created == Some(true));
            }
            Err(error) => self.failures.push(Failure { row: result.row, error }),
        }
        self.rows += 1;
    }
}

impl fmt::Display for IngestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |kind| self.failures.iter().filter(|failure| failure.error.kind() == kind).count();
        let (missed, unknown) = (of(ErrorKind::Precondition), of(ErrorKind::Unknown));
        let refused = self.failures.len() - missed - unknown;
        write!(f, "{} rows: {} written ({} new), {refused} refused", self.rows, self.written, self.created)?;
        write!(f, ", {missed} not processed, {unknown} unknown, in {} jobs", self.jobs.len())?;
        if self.stopped.is_some() { f.write_str("; stopped before the end") } else { Ok(()) }
    }
}

impl Ingest {
    pub(crate) fn new(client: Salesforce, object: String, operation: Operation) -> Self {
        let layout = Layout { most_bytes: USUAL_JOB, most_rows: USUAL_ROWS, ..Layout::default() };
        let layout = match &operation {
            Operation::Delete | Operation::HardDelete => Layout { columns: Some(vec!["Id".to_owned()]), ..layout },
            _ => layout,
        };
        Self {
            client,
            object,
            operation,
            layout,
            assignment_rule: None,
            lock_retries: 3,
            polling: Polling::default(),
            abort_on_drop: false,
            watcher: None,
        }
    }

    /// What parts the cells. Default: commas.
    pub fn delimiter(mut self, delimiter: ColumnDelimiter) -> Self {
        self.layout.delimiter = delimiter;
        self
    }

    /// What ends the lines. Default: line feeds. The data is written accordingly, so this never disagrees with the job.
    pub fn line_ending(mut self, ending: LineEnding) -> Self {
        self.layout.line_ending = ending;
        self
    }

    /// The columns. Default: all fields that rows of a job have. With columns given, a row with another field is refused.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.layout.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// How many bytes of CSV one job is given at most, up to [`LARGEST_JOB`]. Default 16 MiB. That much memory is held
    /// while a job is uploaded; further rows go into further jobs, one after the other.
    pub fn job_bytes(mut self, bytes: usize) -> Self {
        self.layout.most_bytes = bytes.min(LARGEST_JOB);
        self
    }

    /// How many rows one job is given at most. Default 100,000, for which about 130 bytes each are held until their results
    /// are in. The server cuts jobs into batches of 10,000 rows, of which an organisation has 15,000 in 24 hours.
    pub fn job_rows(mut self, rows: usize) -> Self {
        self.layout.most_rows = rows.max(1);
        self
    }

    /// Sorts the rows of each job by a column, such as `AccountId`: rows of one parent then come into one batch instead of
    /// into several that lock each other out. Needs twice the memory of a job.
    pub fn sort_by(mut self, column: impl Into<String>) -> Self {
        self.layout.sort_by = Some(column.into());
        self
    }

    /// Joins results to rows by this column alone, which must have another value in every row. Default: by all cells.
    pub fn correlate_by(mut self, column: impl Into<String>) -> Self {
        self.layout.correlate_by = Some(column.into());
        self
    }

    /// Runs an assignment rule (of cases or leads).
    pub fn assignment_rule(mut self, id: AnyId) -> Self {
        self.assignment_rule = Some(id.as_str().to_owned());
        self
    }

    /// How often rows that another write held are sent again. Default 3; 0 switches it off.
    pub fn lock_retries(mut self, times: u32) -> Self {
        self.lock_retries = times;
        self
    }

    /// How to wait for each job.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Ends the job in hand when the run is dropped. Default: it goes on.
    pub fn abort_on_drop(mut self) -> Self {
        self.abort_on_drop = true;
        self
    }

    /// Is told of every job that is made and every look at it. Keep [`Progress::job`]: with it the job can be found again
    /// after a restart.
    pub fn on_progress(mut self, watcher: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Writes all rows and counts what became of them. Holds one job's rows and the failures, whatever the number of rows.
    pub async fn run<S>(self, rows: S) -> IngestReport
    where
        S: Stream + Send,
        S::Item: Serialize + Send,
    {
        let mut report = IngestReport::default();
        let mut results = self.stream(rows);
        while let Some(result) = results.next().await {
            match result {
                Ok(result) => report.count(result),
                Err(error) => report.stopped = Some(error),
            }
        }
        report
    }

    /// Writes all rows of a slice and gives each a result, in their order.
    pub async fn write_all<R: Serialize + Sync>(self, rows: &[R]) -> Vec<Result<Saved<Any>>> {
        let label = self.operation.label();
        let mut all: Vec<Option<Result<Saved<Any>>>> = rows.iter().map(|_| None).collect();
        let mut results = self.stream(stream::iter(rows));
        let mut stopped = None;
        while let Some(result) = results.next().await {
            match result {
                Ok(RowResult { row: Some(row), result, .. }) => {
                    if let Some(slot) = usize::try_from(row).ok().and_then(|row| all.get_mut(row)) {
                        *slot = Some(result);
                    }
                }
                Ok(RowResult { row: None, .. }) => {}
                Err(error) => stopped = Some(error),
            }
        }
        let missing = |result: Option<Result<Saved<Any>>>| {
            result.unwrap_or_else(|| Err(stopped.clone().unwrap_or_else(|| lost(label, ""))))
        };
        all.into_iter().map(missing).collect()
    }

    /// Writes rows as they come and gives the result of each as its job ends, in no order. Every row that was taken has
    /// exactly one result; an `Err` ends the stream and says why the rest was not taken.
    pub fn stream<'a, S>(self, rows: S) -> BoxStream<'a, Result<RowResult>>
    where
        S: Stream + Send + 'a,
        S::Item: Serialize + Send,
    {
        let run = Run {
            rows: Box::pin(rows),
            ingest: self,
            next: 0,
            held: None,
            queue: VecDeque::new(),
            finished: 0,
            over: false,
        };
        stream::unfold(run, |mut run| async move {
            loop {
                if let Some(result) = run.queue.pop_front() {
                    return Some((result, run));
                }
                if run.over {
                    return None;
                }
                run.step().await;
            }
        })
        .boxed()
    }

    fn told(&self, job: &BulkJob, info: &JobInfo, finished: u64) {
        if let Some(watcher) = &self.watcher {
            watcher(Progress { job: job.handle(), info, finished });
        }
    }
}

/// A run of jobs.
struct Run<S> {
    rows: Pin<Box<S>>,
    ingest: Ingest,
    next: u64,
    /// A row that did not fit into the job in hand.
    held: Option<(u64, Vec<u8>)>,
    queue: VecDeque<Result<RowResult>>,
    finished: u64,
    over: bool,
}

/// How a job ended for its rows.
struct Ended {
    /// Rows to be sent again.
    again: Part,
    /// Why the run must end.
    stop: Option<Error>,
}

impl<S> Run<S>
where
    S: Stream + Send,
    S::Item: Serialize + Send,
{
    /// Fills one job and runs it.
    async fn step(&mut self) {
        let mut part = Part::new(&self.ingest.layout);
        let mut json = Vec::with_capacity(1024);
        while part.len() < self.ingest.layout.most_rows {
            let position = match self.held.take() {
                Some((position, held)) => {
                    json = held;
                    position
                }
                None => match self.rows.next().await {
                    Some(row) => {
                        let position = self.next;
                        self.next += 1;
                        json.clear();
                        if let Err(error) = serde_json::to_writer(&mut json, &row) {
                            let error = Error::config(format!("the record cannot be written as JSON: {error}"));
                            self.refuse(position, error);
                            continue;
                        }
                        position
                    }
                    None => {
                        self.over = true;
                        break;
                    }
                },
            };
            match self.binary(&json).map_or_else(|| part.add(position, &json), Err) {
                Ok(Added::Yes) => {}
                Ok(Added::Full) => {
                    self.held = Some((position, std::mem::take(&mut json)));
                    break;
                }
                Err(error) => self.refuse(position, error),
            }
            if self.queue.len() > 10_000 {
                // Nothing but refused rows for a long time: they need not wait for a job.
                break;
            }
        }
        if part.len() > 0 {
            self.send(part).await;
        }
    }

    /// Files are not for bulk jobs.
    fn binary(&self, json: &[u8]) -> Option<Error> {
        let (_, column) = BINARY.iter().find(|(object, _)| object.eq_ignore_ascii_case(&self.ingest.object))?;
        let mut holds = false;
        let text = std::str::from_utf8(json).ok()?;
        super::row::walk(text, &mut |name, _| holds |= name.eq_ignore_ascii_case(column)).ok()?;
        holds.then(|| {
            Error::config(format!("the field {column} holds a file, which bulk jobs do not take; write it by REST"))
        })
    }

    fn refuse(&mut self, position: u64, error: Error) {
        let error = error.with_operation(self.ingest.operation.label()).with_vendor(VENDOR);
        self.give(Some(position), None, Err(error));
    }

    fn give(&mut self, row: Option<u64>, job: Option<&Arc<str>>, result: Result<Saved<Any>>) {
        self.finished += 1;
        self.queue.push_back(Ok(RowResult { row, job: job.cloned(), result }));
    }

    fn stop(&mut self, error: Error) {
        self.queue.push_back(Err(error));
        self.over = true;
    }

    /// Runs a job, and further ones for the rows that others held.
    async fn send(&mut self, mut part: Part) {
        let mut pause = Duration::from_secs(1);
        for attempt in 0..=self.ingest.lock_retries {
            let (csv, index) = part.finish();
            let ended = self.run_job(csv, index, attempt < self.ingest.lock_retries).await;
            if let Some(error) = ended.stop {
                for position in ended.again.finish().1.rest() {
                    let label = self.ingest.operation.label();
                    self.give(
                        Some(position),
                        None,
                        Err(job::unprocessed(label, Some("the run ended before it was sent again"))),
                    );
                }
                return self.stop(error);
            }
            if ended.again.len() == 0 {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            part = ended.again;
        }
    }

    async fn run_job(&mut self, csv: Bytes, mut index: Index, last_word: bool) -> Ended {
        let mut again = Part::new(&Layout { most_bytes: usize::MAX, ..self.ingest.layout.clone() });
        let job = match self.upload(csv, &index).await {
            Ok(job) => job,
            Err(error) => {
                // Nothing runs before a job is closed.
                for position in index.rest() {
                    self.give(Some(position), None, Err(error.clone()));
                }
                return Ended { again, stop: Some(error) };
            }
        };
        let id = job.shared_id();
        let guard = self.ingest.abort_on_drop.then(|| job.guard());
        let outcome = self.collect(&job, &mut index, last_word, &mut again).await;
        if let Some(guard) = guard {
            guard.disarm();
        }
        let (stop, label) = match outcome {
            Ok(stop) => (stop, self.ingest.operation.label()),
            Err(error) => (Some(error), self.ingest.operation.label()),
        };
        for position in index.rest() {
            self.give(Some(position), Some(&id), Err(lost(label, &id)));
        }
        Ended { again, stop }
    }

    /// Makes a job, fills it and closes it.
    async fn upload(&mut self, csv: Bytes, index: &Index) -> Result<BulkJob> {
        let Ingest { client, object, operation, layout, assignment_rule, polling, .. } = &self.ingest;
        let ways = (layout.delimiter, layout.line_ending);
        let mut tries = 0;
        loop {
            let job = job::create(client, object, operation, ways, assignment_rule.as_deref()).await?;
            let rows = u64::try_from(index.len()).unwrap_or(u64::MAX);
            let job = job.with_rows(rows).polling(*polling);
            if let Ok(info) = job.info().await {
                self.ingest.told(&job, &info, self.finished);
            }
            tries += 1;
            match job.upload(csv.clone()).await {
                Ok(()) => {
                    drop(csv);
                    job.close().await.map_err(|error| error.with_hint(self.resume_hint(&job)))?;
                    return Ok(job);
                }
                // Whether the data arrived is not known, and a job takes it once only. An open job does nothing, so
                // another one is filled instead.
                Err(error) if error.kind() == ErrorKind::Unknown && tries < 3 => drop(job.abort().await),
                Err(error) => {
                    drop(job.abort().await);
                    return Err(error);
                }
            }
        }
    }

    fn resume_hint(&self, job: &BulkJob) -> String {
        format!("the job {} may run all the same; look at it before the rows are sent again", job.handle().id)
    }

    /// Waits for a job and gives its results to the rows. Says why the run must end, if it must.
    async fn collect(
        &mut self,
        job: &BulkJob,
        index: &mut Index,
        last_word: bool,
        again: &mut Part,
    ) -> Result<Option<Error>> {
        let id = job.shared_id();
        let info = self.wait(job).await.map_err(|error| error.with_hint(self.resume_hint(job)))?;
        let label = self.ingest.operation.label();
        let mut written = Box::pin(results::ingest(job, "successfulResults", move |cells| {
            (job::written(label, cells), cells.to_record())
        }));
        while let Some((result, record)) = written.try_next().await? {
            let row = index.take(record.iter().skip(2));
            self.give(row, Some(&id), result);
        }
        if info.number_records_failed != Some(0) {
            let mut refused = Box::pin(results::ingest(job, "failedResults", move |cells| {
                (job::refused(label, cells), cells.to_record())
            }));
            while let Some((error, record)) = refused.try_next().await? {
                let row = index.take(record.iter().skip(2));
                let held = error.kind() == ErrorKind::Conflict && error.is_retryable() && last_word;
                match row.filter(|_| held) {
                    Some(position) if again.add_cells(position, record.iter().skip(2)).is_ok() => {}
                    _ => self.give(row, Some(&id), Err(error)),
                }
            }
        }
        if info.state == JobState::JobComplete {
            return Ok(None);
        }
        let why = info.error_message.clone().unwrap_or_else(|| format!("the job ended as {}", info.state));
        let mut missed = Box::pin(results::ingest(job, "unprocessedrecords", record));
        while let Some(record) = missed.try_next().await? {
            let row = index.take(record.iter());
            self.give(row, Some(&id), Err(job::unprocessed(label, Some(&why))));
        }
        let kind = if info.state == JobState::Aborted { ErrorKind::Cancelled } else { ErrorKind::Invalid };
        let error = Error::new(kind, label).with_vendor(VENDOR);
        Ok(Some(error.with_message(format!("the job {} ended as {}: {why}", info.id, info.state))))
    }

    async fn wait(&mut self, job: &BulkJob) -> Result<JobInfo> {
        let mut looks = job.progress();
        let mut last = None;
        while let Some(info) = looks.try_next().await? {
            self.ingest.told(job, &info, self.finished);
            last = Some(info);
        }
        last.ok_or_else(|| lost(self.ingest.operation.label(), &job.handle().id))
    }
}

/// A row whose job did not say what became of it.
fn lost(label: &'static str, job: &str) -> Error {
    let job = if job.is_empty() { "its job".to_owned() } else { format!("the job {job}") };
    Error::new(ErrorKind::Unknown, label)
        .with_vendor(VENDOR)
        .with_message(format!("{job} has not said what became of this row"))
        .with_hint("read the job's results; or name a column that is different in every row with correlate_by")
}
