//! `jobs/query`: queries that run as jobs, and their results in pages.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::csv::{Dialect, push_record};
use super::{Job, Shown, State, Work, invalid_job, only_members, word};
use crate::salesforce::call::{Answer, Call};
use crate::salesforce::errors::{ApiError, Failure};
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;
use crate::salesforce::schema::{FieldType, Object, Schema};
use crate::salesforce::soql::{Column, Leaf, Output, Plan, parse};

/// Rows of a page for callers who do not say how many they want.
const PAGE: usize = 50_000;
/// Pages that one answer of `resultPages` lists.
const LISTED_PAGES: usize = 5;

/// A query job's own part.
#[derive(Debug)]
pub(super) struct Extract {
    query: String,
    all_rows: bool,
    header: String,
    rows: Vec<Box<str>>,
}

const MEMBERS: [&str; 5] = ["operation", "query", "contentType", "lineEnding", "columnDelimiter"];

impl Org {
    pub(super) fn create_query_job(&mut self, call: &Call) -> Result<Answer, Failure> {
        let body = call.fields()?;
        only_members(&body, &MEMBERS)?;
        let operation = word(&body, "operation", &[("query", "query"), ("queryAll", "queryAll")], "")?;
        if operation.is_empty() {
            return Err(invalid_job("operation is required to create a job").into());
        }
        word(&body, "contentType", &[("CSV", ())], ())?;
        let dialect = Dialect::of(&body)?;
        let Some(query) = body.get("query").and_then(Json::as_str) else {
            return Err(invalid_job("query is required to create a job").into());
        };
        let all_rows = operation == "queryAll";
        let plan = self.bulk_plan(call.major, query, all_rows)?;
        let job = Job {
            id: self.bulk.next_id(),
            object: self.schema.object(plan.object).name,
            work: Work::Query(Extract { query: query.to_owned(), all_rows, header: String::new(), rows: Vec::new() }),
            operation,
            version: call.major,
            created: self.now,
            modified: self.now,
            state: State::UploadComplete,
            dialect,
            complete: Some((self.now, 0)),
            processed: 0,
            failed: 0,
            error: None,
        };
        self.bulk.query_jobs.add(self.now);
        let (id, answer) = (job.id, Answer::ok(job.show(Shown::Created, self.sessions.user)));
        self.bulk.jobs.insert(id, job);
        self.run_if_due(id);
        Ok(answer)
    }

    /// The query, if jobs can run it.
    fn bulk_plan(&self, version: u32, text: &str, all_rows: bool) -> Result<Plan, ApiError> {
        let refuse = |what: &str| {
            let message = format!("{what} not supported in Bulk V2 Query");
            Err(ApiError::request("FUNCTIONALITY_NOT_ENABLED", message))
        };
        let query = parse(text).map_err(|error| error.in_query(text))?;
        if query.offset.is_some() {
            return refuse("OFFSET");
        }
        let binder = self.binder_of(version, all_rows);
        let plan = binder.bind(&query).map_err(|error| error.in_query(text))?;
        let columns = match &plan.output {
            Output::Rows(columns) => columns,
            Output::Count | Output::Groups(_) => return refuse("Aggregate Relationships"),
        };
        if has_children(columns) {
            return refuse("Nested queries and TYPEOF");
        }
        if has_compound(&self.schema, self.schema.object(plan.object), columns) {
            return refuse("Selecting compound data");
        }
        Ok(plan)
    }

    pub(super) fn run_query_job(&mut self, id: SfId) {
        let Some(Job { work: Work::Query(extract), version, dialect, .. }) = self.bulk.jobs.get(&id) else { return };
        let (text, all_rows, version, dialect) = (extract.query.clone(), extract.all_rows, *version, *dialect);
        let result = self.bulk_plan(version, &text, all_rows).map(|plan| {
            let mut names = Vec::new();
            if let Output::Rows(columns) = &plan.output {
                header("", columns, &mut names);
            }
            let line = |cells: &[Json]| {
                let mut out = String::new();
                push_record(&mut out, cells.iter().map(cell), dialect);
                out.into_boxed_str()
            };
            let mut head = String::new();
            push_record(&mut head, &names, dialect);
            let rows: Vec<Box<str>> = self.flat_rows(&plan, all_rows, line);
            (head, rows)
        });
        let now = self.now;
        let Some(job) = self.bulk.jobs.get_mut(&id) else { return };
        job.modified = now;
        match (result, &mut job.work) {
            (Ok((head, rows)), Work::Query(extract)) => {
                job.state = State::JobComplete;
                job.processed = rows.len();
                let bytes: usize = rows.iter().map(|row| row.len()).sum();
                self.bulk.query_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
                (extract.header, extract.rows) = (head, rows);
            }
            (Err(error), _) => {
                job.state = State::Failed;
                job.error = Some(format!("{} : {}", error.code, error.message));
            }
            (Ok(_), Work::Ingest(_)) => {}
        }
    }

    /// `results` and `resultPages`.
    pub(super) fn query_results(&self, call: &Call, id: SfId, resource: &str) -> Result<Answer, Failure> {
        let job = self.job(id)?;
        let Work::Query(extract) = &job.work else {
            return Err(ApiError::not_found().into());
        };
        let known = resource == "results" || (resource == "resultPages" && call.major >= 58);
        if !known {
            return Err(ApiError::not_found().into());
        }
        if call.major != job.version {
            let message = format!(
                "The results must be read with the API version of the job, {}.0, and the request has {}.0",
                job.version, call.major
            );
            return Err(ApiError::request("API_ERROR", message).with_status(StatusCode::CONFLICT).into());
        }
        if job.state != State::JobComplete {
            let message = format!("The results can be read when the job is complete, and it is {}", job.state.name());
            return Err(ApiError::request("INVALIDJOBSTATE", message).into());
        }
        let start = match call.param("locator").filter(|locator| *locator != "null") {
            None => 0,
            Some(locator) => read_locator(locator)
                .filter(|start| *start > 0 && *start < extract.rows.len())
                .ok_or_else(|| ApiError::request("INVALID_QUERY_LOCATOR", "invalid query locator"))?,
        };
        let size = match call.param("maxRecords") {
            None => PAGE,
            Some(text) => text.parse().ok().filter(|size| *size > 0).ok_or_else(|| {
                ApiError::request("INVALID_REQUEST", format!("maxRecords must be a positive number, and is {text}"))
            })?,
        };
        if resource == "resultPages" {
            return Ok(pages(call, job, extract, start, size));
        }
        let rows = extract.rows.iter().skip(start).take(size);
        let mut out = extract.header.clone();
        rows.clone().for_each(|row| out.push_str(row));
        let next = start.saturating_add(size);
        let locator = if next < extract.rows.len() { locator(next) } else { "null".to_owned() };
        let answer = Answer::csv(out).header("sforce-locator", locator);
        Ok(answer.header("sforce-numberofrecords", rows.count().to_string()))
    }
}

fn pages(call: &Call, job: &Job, extract: &Extract, start: usize, size: usize) -> Answer {
    let base = format!("/services/data/{}/jobs/query/{}", call.version, job.id);
    let starts: Vec<usize> = (start..extract.rows.len().max(start + 1)).step_by(size).collect();
    let link = |start: usize| {
        let place = if start == 0 { String::new() } else { format!("&locator={}", locator(start)) };
        json!({"resultLink": format!("{base}/results?maxRecords={size}{place}")})
    };
    let shown: Vec<Json> = starts.iter().take(LISTED_PAGES).map(|start| link(*start)).collect();
    let next = starts
        .get(LISTED_PAGES)
        .map(|start| format!("{base}/resultPages?maxRecords={size}&locator={}", locator(*start)));
    Answer::ok(json!({"resultPages": shown, "nextRecordsUrl": next, "done": next.is_none()}))
}

/// Locators are opaque to callers.
fn locator(start: usize) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("row:{start}"))
}

fn read_locator(text: &str) -> Option<usize> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("row:")?.parse().ok()
}

fn has_children(columns: &[Column]) -> bool {
    columns.iter().any(|column| match column {
        Column::Field { .. } => false,
        Column::Parent { columns, .. } => has_children(columns),
        _ => true,
    })
}

fn has_compound(schema: &Schema, object: &Object, columns: &[Column]) -> bool {
    columns.iter().any(|column| match column {
        Column::Field { leaf: Leaf::Field(field), .. } => object.field(*field).kind == FieldType::Address,
        Column::Parent { hop, columns, .. } => match object.field(*hop).reference_to {
            [parent] => schema.find(parent).is_some_and(|parent| has_compound(schema, schema.object(parent), columns)),
            _ => false,
        },
        _ => false,
    })
}

/// The names of the columns: parents' fields with their path.
fn header(path: &str, columns: &[Column], out: &mut Vec<String>) {
    for column in columns {
        let name = format!("{path}{}", column.name());
        match column {
            Column::Parent { columns, .. } => header(&format!("{name}."), columns, out),
            _ => out.push(name),
        }
    }
}

/// A value as CSV shows it: null is empty, and instants end in `Z`.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => match text.strip_suffix("+0000") {
            Some(instant) if instant.len() == 23 && instant.as_bytes().get(10) == Some(&b'T') => format!("{instant}Z"),
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}
