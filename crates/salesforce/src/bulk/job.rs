//! Jobs: what the server says about them, waiting for them, ending them, and the name under which they are found again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use rest_core::{Accept, Call, Error, ErrorKind, Result, Safety};
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::csv::{Cells, ColumnDelimiter, LineEnding, Record, decoded, record};
use super::{Operation, results};
use crate::Saved;
use crate::error::{ApiError, record_error};
use crate::ids::Any;
use crate::{ApiVersion, Salesforce, VENDOR};

/// An upload of 100 MB on a slow line takes its time.
const UPLOAD_TIME: Duration = Duration::from_secs(1800);

/// Whether a job writes or reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// It writes rows.
    Ingest,
    /// It reads the rows of a query.
    Query,
}

impl JobKind {
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
        }
    }

    pub(crate) fn job_type(self) -> &'static str {
        match self {
            Self::Ingest => "V2Ingest",
            Self::Query => "V2Query",
        }
    }
}

/// Where a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// It takes data.
    Open,
    /// It has its data and waits.
    UploadComplete,
    /// It runs.
    InProgress,
    /// It was ended by a caller. Some rows may have been written.
    Aborted,
    /// It ran to its end. **Single rows may have failed all the same.**
    JobComplete,
    /// It died. Some rows may have been written; the others are unprocessed.
    Failed,
    /// A state that this client does not know.
    Other(String),
}

impl JobState {
    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Aborted | Self::JobComplete | Self::Failed)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            known => write!(f, "{known:?}"),
        }
    }
}

impl<'de> Deserialize<'de> for JobState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.as_str() {
            "Open" => Self::Open,
            "UploadComplete" => Self::UploadComplete,
            "InProgress" => Self::InProgress,
            "Aborted" => Self::Aborted,
            "JobComplete" => Self::JobComplete,
            "Failed" => Self::Failed,
            _ => Self::Other(name),
        })
    }
}

/// What the server says about a job. Members that an answer leaves out are `None`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInfo {
    /// The job's id (`750…`).
    pub id: String,
    /// `insert`, `query` and so on.
    pub operation: String,
    /// The object.
    #[serde(default)]
    pub object: Option<String>,
    /// Where it is.
    pub state: JobState,
    /// The external id field of an upsert.
    #[serde(default)]
    pub external_id_field_name: Option<String>,
    /// The API version it was made with; its results must be read with the same.
    #[serde(default)]
    pub api_version: Option<f64>,
    /// Rows that were looked at so far, refused ones included.
    #[serde(default)]
    pub number_records_processed: Option<u64>,
    /// Rows that were refused so far.
    #[serde(default)]
    pub number_records_failed: Option<u64>,
    /// How often the server began anew.
    #[serde(default)]
    pub retries: Option<u64>,
    /// Milliseconds of processing.
    #[serde(default)]
    pub total_processing_time: Option<u64>,
    /// Why it died.
    #[serde(default)]
    pub error_message: Option<String>,
    /// What parts the cells.
    #[serde(default)]
    pub column_delimiter: Option<ColumnDelimiter>,
}

/// Everything that is needed to find a job again: keep it as JSON, or in any other form that serde knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobHandle {
    /// The job's id (`750…`).
    pub id: String,
    /// Whether it writes or reads.
    pub kind: JobKind,
    /// The API version that it was made with.
    pub version: u16,
    /// What parts the cells of its data.
    #[serde(default)]
    pub delimiter: ColumnDelimiter,
    /// How many rows were sent into it; 0 for a query.
    #[serde(default)]
    pub rows: u64,
}

impl JobHandle {
    /// The handle of a job of which only the id is known: of the default API version, its cells parted by commas.
    #[must_use]
    pub fn new(kind: JobKind, id: impl Into<String>) -> Self {
        let version = ApiVersion::DEFAULT.number();
        Self { id: id.into(), kind, version, delimiter: ColumnDelimiter::Comma, rows: 0 }
    }
}

/// How to wait for a job: the pauses grow, because each look costs a call of the day's allotment.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Polling {
    /// The first pause. Default 500 ms. The first look is made at once.
    pub first: Duration,
    /// How much longer each pause is than the one before. Default 1.5.
    pub growth: f64,
    /// The longest pause. Default 30 s.
    pub longest: Duration,
    /// When to give up waiting; the job goes on. Default 24 h: large jobs wait in the server's queue for hours.
    pub deadline: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            growth: 1.5,
            longest: Duration::from_secs(30),
            deadline: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Polling {
    /// Gives up after this time.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Makes the first pause and the longest one this long.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.first, self.longest) = (first, longest);
        self
    }

    fn after(&self, pause: Duration) -> Duration {
        Duration::try_from_secs_f64(pause.as_secs_f64() * self.growth.max(1.0))
            .unwrap_or(self.longest)
            .min(self.longest)
    }
}

/// How far a run of jobs is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The job in hand. Keep it to find the job again after a restart.
    pub job: &'a JobHandle,
    /// What the server said about it last.
    pub info: &'a JobInfo,
    /// Rows whose results were read, from all jobs of the run.
    pub finished: u64,
}

/// One row of a job's results, as it was sent, with what became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobRow {
    /// The cells that were sent, under the names of the columns, beside `sf__Id` and `sf__Created` or `sf__Error`.
    pub record: Record,
    /// The record's id, or why it was refused or not reached.
    pub result: Result<Saved<Any>>,
}

/// One job of the server.
#[derive(Debug, Clone)]
pub struct BulkJob {
    client: Salesforce,
    handle: JobHandle,
    polling: Polling,
}

impl BulkJob {
    pub(crate) fn new(client: Salesforce, handle: JobHandle) -> Self {
        Self { client, handle, polling: Polling::default() }
    }

    /// How to wait for it.
    #[must_use]
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// What to keep to find the job again.
    #[must_use]
    pub fn handle(&self) -> &JobHandle {
        &self.handle
    }

    pub(crate) fn client(&self) -> &Salesforce {
        &self.client
    }

    pub(crate) fn path(&self, resource: Option<&str>) -> Vec<String> {
        let version = format!("v{}.0", self.handle.version);
        let path = ["services", "data", &version, "jobs", self.handle.kind.family(), &self.handle.id];
        path.into_iter().chain(resource).map(str::to_owned).collect()
    }

    /// Looks at the job.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if it is not known, or older than seven days.
    pub async fn info(&self) -> Result<JobInfo> {
        self.client.send(Call::get("bulk.poll").path(self.path(None))).await?.json()
    }

    /// Looks at the job again and again, with growing pauses, and gives what the server says each time; ends with the
    /// job. A look that fails and may succeed later does not end it; the deadline of [`Polling`] does, with an error
    /// of kind [`ErrorKind::Timeout`]: the job goes on all the same.
    pub fn progress(&self) -> BoxStream<'static, Result<JobInfo>> {
        struct Watch {
            job: BulkJob,
            pause: Option<Duration>,
            started: Instant,
            over: bool,
        }
        let watch = Watch { job: self.clone(), pause: None, started: Instant::now(), over: false };
        stream::try_unfold(watch, |mut watch| async move {
            let polling = watch.job.polling;
            while !watch.over {
                if let Some(pause) = watch.pause {
                    if watch.started.elapsed() + pause > polling.deadline {
                        return Err(watch.job.late(polling.deadline));
                    }
                    tokio::time::sleep(pause).await;
                }
                watch.pause = Some(watch.pause.map_or(polling.first, |pause| polling.after(pause)));
                match watch.job.info().await {
                    Ok(info) => {
                        watch.over = info.state.is_over();
                        return Ok(Some((info, watch)));
                    }
                    Err(error) if error.is_retryable() && error.kind() != ErrorKind::QuotaExhausted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(None)
        })
        .boxed()
    }

    fn late(&self, deadline: Duration) -> Error {
        Error::new(ErrorKind::Timeout, "bulk.poll")
            .with_vendor(VENDOR)
            .with_message(format!("the job {} was not done within {} s", self.handle.id, deadline.as_secs()))
            .with_hint("the job goes on; attach to it by its handle, or give it more time")
            .with_retryable(true)
    }

    /// Waits until the job is over and gives what the server said last. **A job that is complete can hold rows that
    /// failed**: look at the numbers, and at the [results](Self::results).
    ///
    /// # Errors
    /// What befell a look, and the deadline of [`Polling`].
    pub async fn wait(&self) -> Result<JobInfo> {
        let mut looks = self.progress();
        let mut last = None;
        while let Some(info) = looks.try_next().await? {
            last = Some(info);
        }
        last.ok_or_else(|| self.late(Duration::ZERO))
    }

    /// Ends the job; rows that were written stay written. A job that is over already stays as it is.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn abort(&self) -> Result<()> {
        self.set_state("bulk.abort", "Aborted").await
    }

    /// Says that the job has its data: it runs from now on.
    pub(crate) async fn close(&self) -> Result<()> {
        self.set_state("bulk.close", "UploadComplete").await
    }

    async fn set_state(&self, operation: &'static str, state: &str) -> Result<()> {
        let call = Call::patch(operation).path(self.path(None)).json(&json!({"state": state}));
        match self.client.send(call.safety(Safety::Idempotent)).await {
            Ok(_) => Ok(()),
            // The same word twice is refused, and the first may have gone through without an answer.
            Err(error) if error.status() == Some(StatusCode::BAD_REQUEST) => match self.info().await {
                Ok(info) if state == "Aborted" && info.state.is_over() => Ok(()),
                Ok(info) if state == "UploadComplete" && !matches!(info.state, JobState::Open | JobState::Aborted) => {
                    Ok(())
                }
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Deletes the job and its results, not the records. It must be over.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if it is not over.
    pub async fn delete(&self) -> Result<()> {
        self.client.send(Call::delete("bulk.delete").path(self.path(None))).await.map(drop)
    }

    /// Gives the job its data, whole: a job takes one upload.
    pub(crate) async fn upload(&self, csv: Bytes) -> Result<()> {
        let call = Call::put("bulk.upload").path(self.path(Some("batches"))).body("text/csv; charset=UTF-8", csv);
        let call = call.accept(Accept::Any).safety(Safety::Unsafe).timeout(UPLOAD_TIME);
        self.client.send(call).await.map(drop)
    }

    /// Every row of an ingest job that is over: written ones, refused ones, and those that were never reached. Reads
    /// them as they come; holds little of them at a time. To know which row of the input each one is, look at the cells
    /// of a column that is different in every row.
    pub fn results(&self) -> BoxStream<'static, Result<JobRow>> {
        let with = |resource, read: fn(Cells<'_>) -> Result<Saved<Any>>| {
            results::ingest(self, resource, move |cells| JobRow { record: cells.to_record(), result: read(cells) })
        };
        let written = with("successfulResults", |cells| written("bulk.results", cells));
        let refused = with("failedResults", |cells| Err(refused("bulk.results", cells)));
        let missed = with("unprocessedrecords", |_| Err(unprocessed("bulk.results", None)));
        written.chain(refused).chain(missed).boxed()
    }

    /// The rows of a query job that is complete, each decoded on its own: a row that cannot be read is an `Err`, and the
    /// stream goes on. An error of a call ends it.
    pub fn rows<T: DeserializeOwned + Send + 'static>(&self) -> BoxStream<'static, Result<T>> {
        results::query(self, None, decoded::<T>).map(|row| row.and_then(|row| row)).boxed()
    }

    /// The rows of a query job that is complete, as lines of cells.
    pub fn records(&self) -> BoxStream<'static, Result<Record>> {
        results::query(self, None, record).boxed()
    }

    /// Ends the job when the guard goes away before it was [disarmed](AbortGuard::disarm).
    pub(crate) fn guard(&self) -> AbortGuard {
        AbortGuard { job: Some(self.clone()) }
    }
}

/// Ends a job when it is dropped.
pub(crate) struct AbortGuard {
    job: Option<BulkJob>,
}

impl AbortGuard {
    pub(crate) fn disarm(mut self) {
        self.job = None;
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let (Some(job), Ok(runtime)) = (self.job.take(), tokio::runtime::Handle::try_current()) {
            // Nobody is left to be told if it fails; the pipeline traces it like any call.
            runtime.spawn(async move { job.abort().await.ok() });
        }
    }
}

/// What a new ingest job is told.
pub(crate) async fn create(
    client: &Salesforce,
    object: &str,
    operation: &Operation,
    (delimiter, line_ending): (ColumnDelimiter, LineEnding),
    assignment_rule: Option<&str>,
) -> Result<BulkJob> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Description<'a> {
        object: &'a str,
        operation: &'a str,
        content_type: &'a str,
        line_ending: LineEnding,
        column_delimiter: ColumnDelimiter,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_id_field_name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        assignment_rule_id: Option<&'a str>,
    }
    let description = Description {
        object,
        operation: operation.name(),
        content_type: "CSV",
        line_ending,
        column_delimiter: delimiter,
        external_id_field_name: match operation {
            Operation::Upsert(field) => Some(field),
            _ => None,
        },
        assignment_rule_id: assignment_rule,
    };
    // Safe to repeat: a job that nobody fills does nothing.
    let call = Call::post("bulk.create").path(client.version().path(["jobs", "ingest"]));
    let info: JobInfo = client.send(call.json(&description).safety(Safety::Idempotent)).await?.json()?;
    let handle =
        JobHandle { version: client.version().number(), delimiter, ..JobHandle::new(JobKind::Ingest, info.id) };
    Ok(BulkJob::new(client.clone(), handle))
}

/// The handle with the number of its rows.
impl BulkJob {
    pub(crate) fn with_rows(mut self, rows: u64) -> Self {
        self.handle.rows = rows;
        self
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        self.handle.id.as_str().into()
    }
}

/// What a line of `successfulResults` says.
pub(crate) fn written(operation: &'static str, cells: Cells<'_>) -> Result<Saved<Any>> {
    let id = cells.cell(0).parse().map_err(|_| {
        Error::new(ErrorKind::Unknown, operation)
            .with_vendor(VENDOR)
            .with_message("the record was saved, and the answer does not say under which id")
    })?;
    Ok(Saved { id, created: Some(cells.cell(1) == "true") })
}

/// What a line of `failedResults` says.
pub(crate) fn refused(operation: &'static str, cells: Cells<'_>) -> Error {
    record_error(operation, &row_errors(cells.cell(1)))
}

/// A row that its job did not reach: it was not written, and may be sent again.
pub(crate) fn unprocessed(operation: &'static str, why: Option<&str>) -> Error {
    let why = why.unwrap_or("the job ended before it came to this row");
    Error::new(ErrorKind::Precondition, operation)
        .with_vendor(VENDOR)
        .with_message(format!("not processed: {why}"))
        .with_hint("nothing was written for this row; send it again")
        .with_retryable(true)
}

/// Reads `CODE:message:fields --`, several of which are joined by `;`.
fn row_errors(text: &str) -> Vec<ApiError> {
    let mut errors = Vec::new();
    for part in text.split(" --;").flat_map(|part| part.split("--;")) {
        let part = part.trim().trim_end_matches("--").trim_end();
        let is_code = |code: &str| {
            !code.is_empty()
                && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        };
        match part.split_once(':').filter(|(code, _)| is_code(code)) {
            Some((code, rest)) => {
                let (message, fields) = rest.rsplit_once(':').unwrap_or((rest, ""));
                let fields = fields.split(',').map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned);
                errors.push(ApiError::new(code, message, fields.collect()));
            }
            None => errors.push(ApiError::new("", part, Vec::new())),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_rows_keep_code_message_and_fields() {
        let error = record_error(
            "bulk.insert",
            &row_errors("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"),
        );
        assert_eq!(error.vendor_code(), Some("REQUIRED_FIELD_MISSING"));
        assert_eq!(error.vendor_message(), "Required fields are missing: [Name]");
        assert_eq!(error.fields()[0].field, "Name");
        let locked = record_error(
            "x",
            &row_errors(
                "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: 001000000000001AAA:--",
            ),
        );
        assert!(locked.is_retryable() && locked.kind() == ErrorKind::Conflict);
        assert!(locked.vendor_message().ends_with("1 records: 001000000000001AAA"));
        let several = row_errors(
            "STRING_TOO_LONG:City: data value too large:City --;INVALID_EMAIL_ADDRESS:Email: invalid email address: a:Email --",
        );
        assert_eq!(
            several.iter().map(|error| error.code.as_str()).collect::<Vec<_>>(),
            ["STRING_TOO_LONG", "INVALID_EMAIL_ADDRESS"]
        );
        let odd = record_error("x", &row_errors("Something else entirely"));
        assert_eq!((odd.kind(), odd.vendor_message()), (ErrorKind::Invalid, "Something else entirely"));
    }

    #[test]
    fn pauses_grow_up_to_their_limit() {
        let polling = Polling::default();
        let mut pause = polling.first;
        let mut all = Duration::ZERO;
        for _ in 0..20 {
            pause = polling.after(pause);
            all += pause;
        }
        assert_eq!(pause, polling.longest);
        assert!(all < Duration::from_secs(20 * 30));
    }

    #[test]
    fn a_handle_survives_a_restart() {
        let handle = JobHandle {
            delimiter: ColumnDelimiter::Pipe,
            rows: 7,
            ..JobHandle::new(JobKind::Query, "750000000000001AAA")
        };
        let kept = serde_json::to_string(&handle).unwrap();
        assert_eq!(serde_json::from_str::<JobHandle>(&kept).unwrap(), handle);
    }
}
