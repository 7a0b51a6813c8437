//! Bulk jobs: `jobs/ingest` and `jobs/query` with their states, data and results.
//!
//! A job runs at once when it is complete, or as many seconds or polls later as the quirks say; rows go through the
//! same checks as any other write.

mod csv;
mod ingest;
mod load;
mod multipart;
mod query;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::usage::Usage;
use super::value::format_datetime;
use csv::Dialect;
use load::Loaded;

/// Jobs and their results are kept for so long.
const KEPT: TimeDelta = TimeDelta::days(7);
/// Jobs of one page of a list.
const LIST_PAGE: usize = 1_000;

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    UploadComplete,
    InProgress,
    Aborted,
    JobComplete,
    Failed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Open => "Open",
            State::UploadComplete => "UploadComplete",
            State::InProgress => "InProgress",
            State::Aborted => "Aborted",
            State::JobComplete => "JobComplete",
            State::Failed => "Failed",
        }
    }

    fn is_over(self) -> bool {
        matches!(self, State::Aborted | State::JobComplete | State::Failed)
    }

    fn waits(self) -> bool {
        matches!(self, State::UploadComplete | State::InProgress)
    }
}

/// What a job does.
#[derive(Debug)]
enum Work {
    Ingest(ingest::Ingest),
    Query(query::Extract),
}

/// One job.
#[derive(Debug)]
struct Job {
    id: SfId,
    work: Work,
    operation: &'static str,
    object: &'static str,
    /// The API version of the request that made it.
    version: u32,
    created: DateTime<Utc>,
    modified: DateTime<Utc>,
    state: State,
    dialect: Dialect,
    /// When its data was complete, and how often it was looked at since.
    complete: Option<(DateTime<Utc>, u32)>,
    processed: usize,
    failed: usize,
    error: Option<String>,
}

/// Which members an answer about a job has: they differ by call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// To its creation.
    Created,
    /// To a change of its state.
    Changed,
    /// In a list.
    Listed,
    /// To a look at it.
    Full,
}

impl Job {
    fn is_query(&self) -> bool {
        matches!(self.work, Work::Query(_))
    }

    fn kind(&self) -> &'static str {
        if self.is_query() { "V2Query" } else { "V2Ingest" }
    }

    fn show(&self, shown: Shown, user: SfId) -> Json {
        let mut body = Map::new();
        let mut set = |name: &str, value: Json| drop(body.insert(name.to_owned(), value));
        set("id", json!(self.id.to_string()));
        set("operation", json!(self.operation));
        set("object", json!(self.object));
        if let Work::Ingest(ingest) = &self.work {
            if let Some(field) = &ingest.external_id {
                set("externalIdFieldName", json!(field));
            }
            if let Some(rule) = &ingest.assignment_rule {
                set("assignmentRuleId", json!(rule));
            }
        }
        set("createdById", json!(user.to_string()));
        set("createdDate", json!(format_datetime(self.created)));
        set("systemModstamp", json!(format_datetime(self.modified)));
        set("state", json!(self.state.name()));
        set("concurrencyMode", json!("Parallel"));
        set("contentType", json!("CSV"));
        set("apiVersion", json!(f64::from(self.version)));
        if matches!(shown, Shown::Full | Shown::Listed) {
            set("jobType", json!(self.kind()));
        }
        if !self.is_query() && self.state == State::Open && shown != Shown::Changed {
            set("contentUrl", json!(format!("services/data/v{}.0/jobs/ingest/{}/batches", self.version, self.id)));
        }
        if shown != Shown::Changed {
            set("lineEnding", json!(self.dialect.line_ending_name()));
            set("columnDelimiter", json!(self.dialect.delimiter_name()));
        }
        if shown == Shown::Full {
            self.show_progress(&mut set);
        }
        Json::Object(body)
    }

    fn show_progress(&self, set: &mut impl FnMut(&str, Json)) {
        if self.state != State::Open {
            set("numberRecordsProcessed", json!(self.processed));
            if !self.is_query() {
                set("numberRecordsFailed", json!(self.failed));
            }
        }
        set("retries", json!(0));
        // Times are made up from the number of records: the sandbox does not read the machine's clock.
        set("totalProcessingTime", json!(self.processed / 4 + 1));
        if self.is_query() {
            set(
                "isPkChunkingSupported",
                json!(["Account", "Contact", "Lead", "Opportunity", "Task", "User", "Case"].contains(&self.object)),
            );
        } else {
            set("apiActiveProcessingTime", json!(self.processed / 5));
            set("apexProcessingTime", json!(0));
        }
        if let Some(error) = &self.error {
            set("errorMessage", json!(error));
        }
    }
}

/// All jobs, and what they took out of the day's allowances.
#[derive(Debug)]
pub(crate) struct Bulk {
    jobs: BTreeMap<SfId, Job>,
    made: u64,
    rng: fastrand::Rng,
    pub(crate) batches: Usage,
    pub(crate) query_jobs: Usage,
    pub(crate) query_bytes: u64,
}

impl Bulk {
    pub(crate) fn new(rng: fastrand::Rng) -> Bulk {
        let (batches, query_jobs) = (Usage::default(), Usage::default());
        Bulk { jobs: BTreeMap::new(), made: 0, rng, batches, query_jobs, query_bytes: 0 }
    }

    fn next_id(&mut self) -> SfId {
        self.made += 1;
        SfId::numbered("750", *b"gK0", self.made)
    }
}

impl Org {
    /// `jobs/ingest/…` and `jobs/query/…`.
    pub(crate) fn bulk_resource(&mut self, call: &Call, family: &str, rest: &[&str]) -> Result<Answer, Failure> {
        let is_query = match family {
            "ingest" => false,
            "query" if call.major >= 47 => true,
            _ => return Err(ApiError::not_found().into()),
        };
        match rest {
            [] => match call.method.as_str() {
                "POST" if is_query => self.create_query_job(call),
                "POST" => self.create_ingest_job(call),
                "GET" => self.list_jobs(call, is_query),
                _ => Err(ApiError::method_not_allowed(&call.method, "HEAD,GET,POST").into()),
            },
            [id] => {
                let id = self.job_id(id, is_query)?;
                match call.method.as_str() {
                    "GET" => Ok(self.look_at(id)?),
                    "PATCH" => self.change_state(call, id),
                    "DELETE" => self.delete_job(id),
                    _ => Err(ApiError::method_not_allowed(&call.method, "HEAD,GET,PATCH,DELETE").into()),
                }
            }
            [id, "batches"] if !is_query => {
                let id = self.job_id(id, false)?;
                call.only("PUT")?;
                self.upload(call, id)
            }
            [id, resource] => {
                let id = self.job_id(id, is_query)?;
                call.only("HEAD,GET")?;
                if is_query { self.query_results(call, id, resource) } else { self.ingest_results(id, resource) }
            }
            _ => Err(ApiError::not_found().into()),
        }
    }

    fn job_id(&self, text: &str, is_query: bool) -> Result<SfId, ApiError> {
        let id = SfId::parse(text).map_err(|_| ApiError::not_found())?;
        match self.bulk.jobs.get(&id) {
            Some(job) if job.is_query() == is_query => Ok(id),
            _ => Err(ApiError::not_found()),
        }
    }

    fn job(&self, id: SfId) -> Result<&Job, ApiError> {
        self.bulk.jobs.get(&id).ok_or_else(ApiError::not_found)
    }

    fn job_mut(&mut self, id: SfId) -> Result<&mut Job, ApiError> {
        self.bulk.jobs.get_mut(&id).ok_or_else(ApiError::not_found)
    }

    fn look_at(&mut self, id: SfId) -> Result<Answer, ApiError> {
        let wanted = self.quirks.bulk_polls;
        let now = self.now;
        let job = self.job_mut(id)?;
        if let (Some((_, looks)), true) = (&mut job.complete, job.state.waits()) {
            *looks += 1;
            if *looks > 1 || wanted == 1 {
                job.state = State::InProgress;
                job.modified = now;
            }
        }
        self.run_if_due(id);
        Ok(Answer::ok(self.job(id)?.show(Shown::Full, self.sessions.user)))
    }

    fn change_state(&mut self, call: &Call, id: SfId) -> Result<Answer, Failure> {
        let body = call.fields()?;
        let wanted = body.get("state").and_then(Json::as_str).unwrap_or_default().to_owned();
        let (now, user) = (self.now, self.sessions.user);
        let job = self.job_mut(id)?;
        let next = match wanted.as_str() {
            "UploadComplete" if !job.is_query() && job.state == State::Open => State::UploadComplete,
            "Aborted" if !job.state.is_over() => State::Aborted,
            "UploadComplete" | "Aborted" => {
                let message = format!("Invalid job state transition from {} to {wanted}", job.state.name());
                return Err(ApiError::request("INVALIDJOBSTATE", message).into());
            }
            other => {
                let message = format!("Cannot deserialize value of type JobStateEnum from String {other:?}");
                return Err(ApiError::parser(format!("{message} at [line:1, column:1]")).into());
            }
        };
        job.state = next;
        job.modified = now;
        if next == State::UploadComplete {
            job.complete = Some((now, 0));
        }
        let answer = Answer::ok(job.show(Shown::Changed, user));
        self.run_if_due(id);
        Ok(answer)
    }

    fn delete_job(&mut self, id: SfId) -> Result<Answer, Failure> {
        let job = self.job(id)?;
        if !job.state.is_over() && (job.is_query() || job.state != State::UploadComplete) {
            let message = "Error encountered when deleting the job because the job is not terminated";
            return Err(ApiError::request("API_ERROR", message).into());
        }
        self.bulk.jobs.remove(&id);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// `GET jobs/ingest`: the newest last, 1,000 to a page. Both families can be listed in either place by `jobType`.
    fn list_jobs(&self, call: &Call, is_query: bool) -> Result<Answer, Failure> {
        let kind = call.param("jobType").unwrap_or(if is_query { "V2Query" } else { "V2Ingest" });
        if !["V2Query", "V2Ingest", "Classic", "BigObjectIngest"].contains(&kind) {
            return Err(ApiError::request("INVALIDJOB", format!("Invalid job type: {kind}")).into());
        }
        let start = match call.param("queryLocator") {
            None => 0,
            Some(locator) => locator
                .strip_prefix("01gJOBS-")
                .and_then(|start| start.parse::<usize>().ok())
                .ok_or_else(|| ApiError::request("INVALID_QUERY_LOCATOR", "invalid query locator"))?,
        };
        let jobs: Vec<&Job> = self.bulk.jobs.values().filter(|job| job.kind() == kind).collect();
        let page = jobs.iter().skip(start).take(LIST_PAGE);
        let records: Vec<Json> = page.map(|job| job.show(Shown::Listed, self.sessions.user)).collect();
        let next = start + LIST_PAGE;
        let more = jobs.len() > next;
        let family = if is_query { "query" } else { "ingest" };
        let url = more.then(|| {
            format!("/services/data/{}/jobs/{family}?jobType={kind}&queryLocator=01gJOBS-{next}", call.version)
        });
        Ok(Answer::ok(json!({"done": !more, "records": records, "nextRecordsUrl": url})))
    }

    /// Runs a job whose data is complete if its time has come.
    fn run_if_due(&mut self, id: SfId) {
        let Some(job) = self.bulk.jobs.get(&id) else { return };
        let Some((since, looks)) = job.complete.filter(|_| job.state.waits()) else { return };
        let seconds = TimeDelta::seconds(self.quirks.bulk_seconds.into());
        if looks < self.quirks.bulk_polls || self.now < since + seconds {
            return;
        }
        if job.is_query() { self.run_query_job(id) } else { self.run_ingest_job(id) }
    }

    /// Runs what is due by now, and forgets what is too old.
    pub(crate) fn tick_bulk(&mut self) {
        let oldest = self.now - KEPT;
        self.bulk.jobs.retain(|_, job| job.created > oldest);
        let waiting: Vec<SfId> = self.bulk.jobs.values().filter(|job| job.state.waits()).map(|job| job.id).collect();
        waiting.into_iter().for_each(|id| self.run_if_due(id));
    }
}

/// A member of a job's description that must be one of some words.
fn word<T: Copy>(body: &Map<String, Json>, name: &str, words: &[(&str, T)], default: T) -> Result<T, ApiError> {
    let given = match body.get(name) {
        None | Some(Json::Null) => return Ok(default),
        Some(Json::String(text)) => text.as_str(),
        Some(other) => return Err(unknown_word(name, &other.to_string())),
    };
    words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value).ok_or_else(|| unknown_word(name, given))
}

fn unknown_word(name: &str, given: &str) -> ApiError {
    ApiError::parser(format!("Unexpected value '{given}' for '{name}' at [line:1, column:1]"))
}

/// Members that a job's description may have.
fn only_members(body: &Map<String, Json>, known: &[&str]) -> Result<(), ApiError> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ApiError::parser(format!("Unrecognized field \"{name}\" at [line:1, column:1]"))),
    }
}

fn invalid_job(message: impl Into<String>) -> ApiError {
    ApiError::request("INVALIDJOB", message)
}
