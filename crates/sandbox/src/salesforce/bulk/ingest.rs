//! `jobs/ingest`: creating jobs, taking their data, running them, and their results.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::csv::{Dialect, push_record};
use super::load::{Line, Operation};
use super::{Job, Shown, State, Work, invalid_job, multipart, only_members, word};
use crate::salesforce::call::{Answer, Call, Payload};
use crate::salesforce::errors::{ApiError, Failure};
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;

/// 150 MB after base64, which adds a third.
const MAX_UPLOAD: usize = 150 * 1_000_000 / 4 * 3;
/// Characters of data in a multipart request.
const MAX_MULTIPART: usize = 100_000;

/// An ingest job's own part.
#[derive(Debug)]
pub(super) struct Ingest {
    operation: Operation,
    pub(super) external_id: Option<String>,
    pub(super) assignment_rule: Option<String>,
    uploads: Vec<Bytes>,
    columns: Vec<String>,
    lines: Vec<Line>,
}

const MEMBERS: [&str; 8] = [
    "object",
    "operation",
    "externalIdFieldName",
    "contentType",
    "lineEnding",
    "columnDelimiter",
    "assignmentRuleId",
    "concurrencyMode",
];

const OPERATIONS: [(&str, Operation); 5] = [
    ("insert", Operation::Insert),
    ("update", Operation::Update),
    ("upsert", Operation::Upsert),
    ("delete", Operation::Delete),
    ("hardDelete", Operation::HardDelete),
];

impl Org {
    pub(super) fn create_ingest_job(&mut self, call: &Call) -> Result<Answer, Failure> {
        let content_type = call.header("content-type").unwrap_or_default();
        if !content_type.starts_with("multipart/form-data") {
            let job = self.ingest_job(call, &call.fields()?)?;
            return Ok(self.add_job(job));
        }
        let Payload::Bytes(body) = &call.payload else {
            return Err(ApiError::parser("a part of a composite request cannot be multipart").into());
        };
        let text = std::str::from_utf8(body).map_err(|_| invalid_job("The request is not UTF-8"))?;
        let (description, content) = multipart::parts(content_type, text)
            .ok_or_else(|| invalid_job("The multipart request needs the parts job and content"))?;
        if content.chars().count() > MAX_MULTIPART {
            let message = format!("The content of a multipart request must not exceed {MAX_MULTIPART} characters");
            return Err(ApiError::request("EXCEEDED_MAX_SIZE_REQUEST", message).into());
        }
        let description: Map<String, Json> = serde_json::from_str(description)
            .map_err(|error| ApiError::parser(format!("{error} at [line:1, column:1]")))?;
        let mut job = self.ingest_job(call, &description)?;
        job.state = State::UploadComplete;
        job.complete = Some((self.now, 0));
        if let Work::Ingest(ingest) = &mut job.work {
            ingest.uploads.push(Bytes::copy_from_slice(content.as_bytes()));
        }
        let id = job.id;
        let answer = self.add_job(job);
        self.run_if_due(id);
        Ok(answer)
    }

    fn add_job(&mut self, job: Job) -> Answer {
        let answer = Answer::ok(job.show(Shown::Created, self.sessions.user));
        self.bulk.jobs.insert(job.id, job);
        answer
    }

    /// A job from its description.
    fn ingest_job(&mut self, call: &Call, body: &Map<String, Json>) -> Result<Job, Failure> {
        only_members(body, &MEMBERS)?;
        let text = |name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
        let Some(object) = text("object") else {
            return Err(invalid_job("object is required to create a job").into());
        };
        let names: Vec<(&str, &str)> = OPERATIONS.iter().map(|(name, _)| (*name, *name)).collect();
        let name = word(body, "operation", &names, "")?;
        let Some((operation_name, operation)) = OPERATIONS.into_iter().find(|(known, _)| *known == name) else {
            return Err(invalid_job("operation is required to create a job").into());
        };
        word(body, "contentType", &[("CSV", ())], ())?;
        word(body, "concurrencyMode", &[("Parallel", ()), ("Serial", ())], ())?;
        let dialect = Dialect::of(body)?;
        let index = self
            .schema
            .find(&object)
            .ok_or_else(|| ApiError::request("INVALIDENTITY", format!("Unable to find object: {object}")))?;
        let definition = self.schema.object(index);
        let can = definition.can;
        let allowed = match operation {
            Operation::Insert => can.createable,
            Operation::Update => can.updateable,
            Operation::Upsert => can.createable && can.updateable,
            Operation::Delete | Operation::HardDelete => can.deletable,
        };
        if !allowed {
            let message = format!("Entity '{}' is not supported by the Bulk API.", definition.name);
            return Err(ApiError::request("INVALIDENTITY", message).into());
        }
        if operation == Operation::HardDelete && !self.quirks.bulk_hard_delete {
            let message = "hardDelete operation requires special user profile permission, please contact your system administrator";
            return Err(ApiError::request("FEATURENOTENABLED", message).into());
        }
        let name = definition.name;
        let external_id = match (operation, text("externalIdFieldName").filter(|name| !name.is_empty())) {
            (Operation::Upsert, None) => {
                let message = format!("External ID was blank for {name}. An External ID must be specified for upsert.");
                return Err(invalid_job(message).into());
            }
            (Operation::Upsert, Some(field)) => match self.upsert_field(index, &field) {
                Ok(found) => Some(self.schema.object(index).field(found).name.to_owned()),
                Err(_) => {
                    let message = format!("Field name provided, {field} does not match an External ID for {name}");
                    return Err(invalid_job(message).into());
                }
            },
            _ => None,
        };
        let assignment_rule = text("assignmentRuleId");
        let ingest = Ingest {
            operation,
            external_id,
            assignment_rule,
            uploads: Vec::new(),
            columns: Vec::new(),
            lines: Vec::new(),
        };
        Ok(Job {
            id: self.bulk.next_id(),
            work: Work::Ingest(ingest),
            operation: operation_name,
            object: name,
            version: call.major,
            created: self.now,
            modified: self.now,
            state: State::Open,
            dialect,
            complete: None,
            processed: 0,
            failed: 0,
            error: None,
        })
    }

    /// `PUT …/batches`. A second upload is taken, and fails the job later, as on the platform.
    pub(super) fn upload(&mut self, call: &Call, id: SfId) -> Result<Answer, Failure> {
        let Payload::Bytes(body) = &call.payload else {
            return Err(ApiError::not_found().into());
        };
        let content_type = call.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if !content_type.starts_with("text/csv") {
            let message = format!("Content-Type {content_type} is not supported for the content of a job; text/csv is");
            let error = ApiError::request("UNSUPPORTED_MEDIA_TYPE", message);
            return Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
        }
        if body.len() > MAX_UPLOAD {
            let message = "The content of a job must not exceed 150 MB after base64 encoding";
            let error = ApiError::request("EXCEEDED_MAX_SIZE_REQUEST", message);
            return Err(error.with_status(StatusCode::PAYLOAD_TOO_LARGE).into());
        }
        let now = self.now;
        let job = self.job_mut(id)?;
        if job.state != State::Open {
            let message = format!("Content can only be uploaded to an open job, and the job is {}", job.state.name());
            return Err(ApiError::request("INVALIDJOBSTATE", message).into());
        }
        job.modified = now;
        if let Work::Ingest(ingest) = &mut job.work {
            ingest.uploads.push(body.clone());
        }
        Ok(Answer::empty(StatusCode::CREATED))
    }

    pub(super) fn run_ingest_job(&mut self, id: SfId) {
        let Some(Job { work: Work::Ingest(ingest), dialect, object, .. }) = self.bulk.jobs.get_mut(&id) else { return };
        let (uploads, operation, dialect) = (std::mem::take(&mut ingest.uploads), ingest.operation, *dialect);
        let external_id = ingest.external_id.clone();
        let object = *object;
        let loaded = match uploads.as_slice() {
            [] => super::Loaded::default(),
            [upload] => self.load(object, operation, external_id.as_deref(), upload, dialect),
            _ => super::Loaded::failed(format!(
                "ClientInputError : Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the \
                 current Job then create a new Job and make sure you only do 'PUT' once on a given Job."
            )),
        };
        if self.quirks.bulk_shuffle {
            // Batches run in parallel, so results do not keep the order of the upload.
            let mut loaded_lines = loaded.lines;
            self.bulk.rng.shuffle(&mut loaded_lines);
            self.finish(id, super::Loaded { lines: loaded_lines, ..loaded });
        } else {
            self.finish(id, loaded);
        }
    }

    fn finish(&mut self, id: SfId, loaded: super::Loaded) {
        (0..loaded.batches).for_each(|_| self.bulk.batches.add(self.now));
        let now = self.now;
        let Some(job) = self.bulk.jobs.get_mut(&id) else { return };
        job.modified = now;
        job.state = if loaded.error.is_some() { State::Failed } else { State::JobComplete };
        job.error = loaded.error;
        job.failed = loaded.lines.iter().filter(|line| matches!(line.outcome, Some(Err(_)))).count();
        job.processed = loaded.lines.iter().filter(|line| line.outcome.is_some()).count();
        if let Work::Ingest(ingest) = &mut job.work {
            ingest.columns = loaded.columns;
            ingest.lines = loaded.lines;
        }
    }

    /// `successfulResults`, `failedResults` and `unprocessedrecords`.
    pub(super) fn ingest_results(&self, id: SfId, resource: &str) -> Result<Answer, Failure> {
        let job = self.job(id)?;
        let Work::Ingest(ingest) = &job.work else {
            return Err(ApiError::not_found().into());
        };
        let first: &[&str] = match resource {
            "successfulResults" => &["sf__Id", "sf__Created"],
            "failedResults" => &["sf__Id", "sf__Error"],
            "unprocessedrecords" | "unprocessedRecords" => &[],
            _ => return Err(ApiError::not_found().into()),
        };
        if !job.state.is_over() {
            let message = format!("The results can be read when the job has ended, and it is {}", job.state.name());
            return Err(ApiError::request("INVALIDJOBSTATE", message).into());
        }
        let mut out = String::new();
        if !ingest.columns.is_empty() {
            push_record(&mut out, first.iter().copied().chain(ingest.columns.iter().map(String::as_str)), job.dialect);
        }
        for line in &ingest.lines {
            let lead = match (&line.outcome, resource) {
                (Some(Ok((id, created))), "successfulResults") => [id.to_string(), created.to_string()],
                (Some(Err((id, error))), "failedResults") => [id.clone(), error.clone()],
                (None, "unprocessedrecords" | "unprocessedRecords") => {
                    push_record(&mut out, line.cells.iter().map(|cell| &**cell), job.dialect);
                    continue;
                }
                _ => continue,
            };
            let cells = lead.iter().map(String::as_str).chain(line.cells.iter().map(|cell| &**cell));
            push_record(&mut out, cells, job.dialect);
        }
        Ok(Answer::csv(out))
    }
}
