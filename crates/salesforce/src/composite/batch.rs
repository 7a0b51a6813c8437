//! `composite/batch`: up to 25 independent calls in one request.

use std::fmt;

use rest_core::{Call, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::outcome::{Outcomes, PartAnswer, PartReply, PartSummary};
use super::part::{Handle, Kind, Part};
use super::request::{MOST_PARTS, Parts};
use crate::api::PAGE_BYTES;
use crate::{Salesforce, VENDOR};

/// Up to [`MOST_PARTS`] independent calls in one request. It saves round trips, but not calls: each part counts as one.
#[must_use = "a request does nothing before it is sent"]
#[derive(Clone)]
pub struct BatchRequest {
    client: Salesforce,
    parts: Parts,
    halt_on_error: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    halt_on_error: bool,
    batch_requests: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    method: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rich_input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct BatchReply {
    results: Vec<BatchResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchResult {
    status_code: u16,
    #[serde(default)]
    result: Option<Box<RawValue>>,
}

impl Salesforce {
    /// A request of several independent calls.
    pub fn batch(&self) -> BatchRequest {
        BatchRequest { client: self.clone(), parts: Parts::new(), halt_on_error: false }
    }
}

impl BatchRequest {
    /// Does not begin further parts once one has failed. What was done before stays done.
    pub fn halt_on_error(mut self) -> Self {
        self.halt_on_error = true;
        self
    }

    /// Adds a call.
    pub fn add<R>(&mut self, part: Part<R>) -> Handle<R> {
        self.parts.add(part)
    }

    fn call(&self) -> Result<Call> {
        let drafts = &self.parts.drafts;
        if !(1..=MOST_PARTS).contains(&drafts.len()) {
            return Err(Error::config(format!("a batch holds 1 to {MOST_PARTS} parts, this one {}", drafts.len())));
        }
        if let Some(draft) =
            drafts.iter().find(|draft| draft.references().next().is_some() || !draft.headers.is_empty())
        {
            let message = format!(
                "{}: the parts of a batch cannot refer to each other or have headers; use a composite",
                draft.what
            );
            return Err(Error::config(message));
        }
        if let Some(draft) = drafts.iter().find(|draft| draft.kind == Kind::Collection) {
            return Err(Error::config(format!("{}: a batch holds no collections; use a composite", draft.what)));
        }
        self.parts.check()?;
        let version = self.client.version();
        let entry = |draft: &super::part::Draft| -> Result<Entry> {
            let url = draft.url(version)?;
            let url = url.strip_prefix("/services/data/").unwrap_or(&url).to_owned();
            Ok(Entry { method: draft.method.as_str().to_owned(), url, rich_input: draft.plain_json()? })
        };
        let batch_requests = drafts.iter().map(entry).collect::<Result<_>>()?;
        let body = Body { halt_on_error: self.halt_on_error, batch_requests };
        let mut call = Call::post("composite.batch").path(version.path(["composite", "batch"])).json(&body);
        call.weight = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
        Ok(call.safety(self.parts.safety()).body_limit(PAGE_BYTES))
    }

    /// Sends the request. It counts as many calls as it has parts.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if the request breaks a limit or a part is
    /// unusable; whatever befalls the call as a whole. Failures of parts are in the answer.
    pub async fn send(self) -> Result<BatchAnswer> {
        let call = self.call().map_err(|error| error.with_operation("composite.batch").with_vendor(VENDOR))?;
        let reply = self.client.send(call).await?;
        let results = reply.json::<BatchReply>()?.results;
        let Parts { tag, drafts, names } = &self.parts;
        if results.len() != names.len() {
            return Err(reply.decode_error(format!(
                "the answer has {} results for {} parts",
                results.len(),
                names.len()
            )));
        }
        let replies = results.into_iter().zip(names).map(|(result, name)| PartReply {
            body: result.result,
            http_headers: std::collections::BTreeMap::new(),
            http_status_code: result.status_code,
            reference_id: name.clone(),
        });
        Ok(BatchAnswer { outcomes: Outcomes::judge(*tag, false, drafts, names, replies.collect()) })
    }
}

impl fmt::Debug for BatchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchRequest").field("parts", &self.parts.names).finish_non_exhaustive()
    }
}

/// The answers of a batch, part by part.
#[must_use = "parts can fail inside an answer that says 200"]
pub struct BatchAnswer {
    outcomes: Outcomes,
}

impl BatchAnswer {
    /// The answer of one part.
    ///
    /// # Errors
    /// Why the part failed, or was not begun.
    pub fn get<R: PartAnswer>(&self, handle: &Handle<R>) -> Result<R> {
        self.outcomes.get(handle)
    }

    /// The failures: each part's name (as in [`Handle::name`]) and its error.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.outcomes.failures()
    }

    /// The counts.
    #[must_use]
    pub fn summary(&self) -> PartSummary {
        self.outcomes.summary()
    }

    /// The answer, if every part was done.
    ///
    /// # Errors
    /// The first failure; its message begins with the counts and the part.
    pub fn into_result(self) -> Result<Self> {
        match self.outcomes.error() {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }
}

impl fmt::Debug for BatchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BatchAnswer").field(&self.summary()).finish()
    }
}
