//! Reading the answers of parts: which succeeded, which failed, and which failed only because another did.

use std::collections::BTreeMap;

use http::StatusCode;
use rest_core::{Error, ErrorKind, Reply, Result, Row, Safety};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::part::{Draft, Handle, Kind, Segment};
use crate::VENDOR;
use crate::api::Upserted;
use crate::error::{self, is_consequence, multiple_choices, record_error};
use crate::ids::{Any, Id};
use crate::models::{Children, SObject};
use crate::writes::{SaveEntry, SaveResults, Saved, consequence, read_entries};

/// One entry of a `compositeResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartReply {
    #[serde(default)]
    pub(crate) body: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) http_headers: BTreeMap<String, String>,
    pub(crate) http_status_code: u16,
    pub(crate) reference_id: String,
}

/// What became of one part.
pub(crate) struct Outcome {
    pub(crate) name: String,
    what: String,
    operation: &'static str,
    safety: Safety,
    kind: Kind,
    pub(crate) status: StatusCode,
    pub(crate) headers: BTreeMap<String, String>,
    body: Option<Box<RawValue>>,
    /// Why it failed, or was not done, or was undone.
    failure: Option<Error>,
    /// The part whose failure explains this one's, if it is another.
    root: Option<usize>,
    /// Why records of a collection were refused, while the part itself is there to be read.
    refused_record: Option<Error>,
}

/// What became of all parts of a request, or of a graph.
pub(crate) struct Outcomes {
    pub(crate) tag: u64,
    all_or_none: bool,
    pub(crate) parts: Vec<Outcome>,
}

/// How many parts of a request had which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartSummary {
    /// Parts that were done, with every record of their collections.
    pub done: usize,
    /// Parts that failed, or some of whose records were refused.
    pub failed: usize,
    /// Parts that were not done, or were undone, because another failed.
    pub undone: usize,
}

impl Outcomes {
    /// Takes replies in the order of their parts.
    pub(crate) fn judge(
        tag: u64,
        all_or_none: bool,
        drafts: &[Draft],
        names: &[String],
        replies: Vec<PartReply>,
    ) -> Self {
        let mut parts: Vec<Outcome> = Vec::with_capacity(drafts.len());
        for ((draft, name), reply) in drafts.iter().zip(names).zip(replies) {
            let outcome = Outcome::read(draft, name, reply);
            parts.push(outcome);
        }
        let mut outcomes = Self { tag, all_or_none, parts };
        outcomes.explain(drafts);
        outcomes
    }

    /// Gives every part that failed because of another the failure that it is due to.
    fn explain(&mut self, drafts: &[Draft]) {
        // Several records under one external id are no failure to the vendor: nothing is undone because of that.
        let undoes = |part: &Outcome| part.fails_by_itself() && part.status != StatusCode::MULTIPLE_CHOICES;
        // An undone request whose cause is not among its parts is undone all the same.
        let halted = || self.parts.iter().position(|part| self.all_or_none && part.is_consequence());
        let cause = self.parts.iter().position(undoes).or_else(halted);
        for (place, draft) in drafts.iter().enumerate() {
            let root = if self.all_or_none {
                cause.filter(|cause| *cause != place)
            } else {
                let above = draft.references().find_map(|reference| {
                    let part = self.parts.get(reference.part).filter(|part| part.fails())?;
                    Some(part.root.unwrap_or(reference.part))
                });
                above.or(cause.filter(|cause| *cause < place && draft.references().next().is_none()))
            };
            let Some((root, reason)) = root.and_then(|root| Some((root, self.parts.get(root)?.explanation()?))) else {
                continue;
            };
            if let Some(part) = self.parts.get_mut(place) {
                let is_consequence = part.is_consequence();
                if is_consequence || (self.all_or_none && part.failure.is_none()) {
                    let code = part.failure.as_ref().and_then(Error::vendor_code).unwrap_or("PROCESSING_HALTED");
                    part.failure = Some(consequence(part.operation, code, &reason).with_status(part.status));
                    part.root = Some(root);
                }
            }
        }
    }

    /// Reads the answer of one part.
    pub(crate) fn get<R: PartAnswer>(&self, handle: &Handle<R>) -> Result<R> {
        let part = self.parts.get(handle.part).filter(|_| handle.tag == self.tag);
        let Some(part) = part else {
            return Err(
                Error::config(format!("the handle {} belongs to another request", handle.name)).with_vendor(VENDOR)
            );
        };
        if let Some(failure) = &part.failure {
            return Err(failure.clone());
        }
        R::read(&part.answered(self.all_or_none))
    }

    /// The results of the records of a collection.
    pub(crate) fn rows(&self, place: usize) -> Result<Vec<Result<Saved<Any>>>> {
        let missing = || Error::config("there is no such part");
        let part = self.parts.get(place).ok_or_else(missing)?;
        if let Some(failure) = &part.failure {
            return Err(failure.clone());
        }
        let entries: Vec<SaveEntry> = decode(&part.answered(self.all_or_none))?;
        Ok(read_entries(part.operation, &entries, self.all_or_none, None))
    }

    /// The failures that are not due to others, in order: the part's reference id and the error.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        let real = self.parts.iter().filter(|part| part.root.is_none());
        real.filter_map(|part| Some((part.name.as_str(), part.failure.as_ref().or(part.refused_record.as_ref())?)))
    }

    pub(crate) fn summary(&self) -> PartSummary {
        let mut summary = PartSummary::default();
        for part in &self.parts {
            match (part.fails(), part.root) {
                (false, _) => summary.done += 1,
                (true, None) => summary.failed += 1,
                (true, Some(_)) => summary.undone += 1,
            }
        }
        summary
    }

    /// The error that stands for the whole: the first real failure, with the part it happened in.
    pub(crate) fn error(&self) -> Option<Error> {
        let (name, failure) = self.failures().next()?;
        let PartSummary { done, failed, undone } = self.summary();
        let total = done + failed + undone;
        let words = format!(
            "{done} of {total} parts done, {failed} failed, {undone} undone; {name}: {}",
            failure.vendor_message()
        );
        Some(failure.clone().with_message(words))
    }

    /// Whether everything failed for a reason that passes, and nothing was kept, so that all of it can be sent again.
    pub(crate) fn may_be_sent_again(&self) -> bool {
        let mut failures = self.failures().peekable();
        self.all_or_none && failures.peek().is_some() && failures.all(|(_, error)| passes(error))
    }
}

/// Whether a refusal is one for the moment: the same again may succeed, and nothing was done.
pub(crate) fn passes(error: &Error) -> bool {
    error.is_retryable()
        && error.kind() != ErrorKind::Unknown
        && error.status().is_none_or(|status| status.is_client_error())
}

impl Outcome {
    fn read(draft: &Draft, name: &str, reply: PartReply) -> Self {
        let status = StatusCode::from_u16(reply.http_status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut part = Self {
            name: name.to_owned(),
            what: draft.what.clone(),
            operation: draft.operation,
            safety: draft.safety,
            kind: draft.kind,
            status,
            headers: reply.http_headers,
            body: reply.body,
            failure: None,
            root: None,
            refused_record: None,
        };
        if status == StatusCode::MULTIPLE_CHOICES {
            part.failure = Some(part.several(draft));
        } else if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            part.failure = Some(part.refusal());
        } else if part.kind == Kind::Collection {
            part.read_records();
        }
        part
    }

    fn refusal(&self) -> Error {
        let body = self.body.as_ref().map_or("", |body| body.get());
        let error = record_error(self.operation, &error::parse(body.as_bytes())).with_status(self.status);
        // After a failure of the server nobody knows what a create has done.
        let is_unknown = self.safety == Safety::Unsafe && self.status.is_server_error();
        if is_unknown { error.with_kind(ErrorKind::Unknown).with_retryable(false) } else { error }
    }

    /// 300 is answered with the paths of the records that carry an external id.
    fn several(&self, draft: &Draft) -> Error {
        let field = match draft.path.get(2) {
            Some(Segment::Text(field)) => field.as_str(),
            _ => "the external id",
        };
        multiple_choices(self.operation, field, self.body.as_ref().map_or("", |body| body.get()).as_bytes())
    }

    fn read_records(&mut self) {
        let entries = self.body.as_ref().map(|body| serde_json::from_str::<Vec<SaveEntry>>(body.get()));
        match entries {
            Some(Ok(entries)) => {
                let rows = SaveResults::new(read_entries(self.operation, &entries, false, None));
                self.refused_record = rows.first_failure().map(|(place, error)| {
                    error.clone().with_message(format!("the record at {place}: {}", error.vendor_message()))
                });
            }
            _ => self.failure = Some(unreadable(self.operation, self.safety, "it is no list of results")),
        }
    }

    fn answered(&self, all_or_none: bool) -> sealed::Answered<'_> {
        sealed::Answered {
            operation: self.operation,
            safety: self.safety,
            status: self.status,
            all_or_none,
            body: self.body.as_deref(),
        }
    }

    fn is_consequence(&self) -> bool {
        self.failure.as_ref().and_then(Error::vendor_code).is_some_and(is_consequence)
    }

    fn fails(&self) -> bool {
        self.failure.is_some() || self.refused_record.is_some()
    }

    fn fails_by_itself(&self) -> bool {
        // A reference that leads nowhere is worded like a consequence, and is none unless what it refers to failed.
        let leads_nowhere =
            || self.failure.as_ref().is_some_and(|error| error.vendor_message().contains("Invalid reference"));
        self.fails() && (!self.is_consequence() || leads_nowhere())
    }

    /// The failure, with the part it happened in.
    fn explanation(&self) -> Option<Error> {
        let error = self.failure.as_ref().or(self.refused_record.as_ref())?;
        Some(error.clone().with_message(format!("{} ({}): {}", self.name, self.what, error.vendor_message())))
    }
}

fn unreadable(operation: &'static str, safety: Safety, why: impl std::fmt::Display) -> Error {
    let kind = if safety == Safety::Unsafe { ErrorKind::Unknown } else { ErrorKind::Decode };
    Error::new(kind, operation).with_vendor(VENDOR).with_message(format!("the part's answer cannot be read: {why}"))
}

/// Puts replies into the order of their parts, by reference id.
pub(crate) fn in_order(reply: &Reply, names: &[String], replies: Vec<PartReply>) -> Result<Vec<PartReply>> {
    let given = replies.len();
    let mut by_name: BTreeMap<String, PartReply> =
        replies.into_iter().map(|part| (part.reference_id.clone(), part)).collect();
    let ordered: Option<Vec<PartReply>> = names.iter().map(|name| by_name.remove(name)).collect();
    ordered.filter(|ordered| ordered.len() == given).ok_or_else(|| {
        reply.decode_error(format!("the answer has {given} parts that do not match the {} of the request", names.len()))
    })
}

pub(crate) mod sealed {
    use http::StatusCode;
    use rest_core::Safety;
    use serde_json::value::RawValue;

    /// The answer of a part that succeeded.
    #[derive(Debug)]
    pub struct Answered<'a> {
        pub(crate) operation: &'static str,
        pub(crate) safety: Safety,
        pub(crate) status: StatusCode,
        pub(crate) all_or_none: bool,
        pub(crate) body: Option<&'a RawValue>,
    }
}

/// What the answer of a part can be read as. Implemented for the answers of the functions of [`part`](crate::part).
pub trait PartAnswer: Sized {
    #[doc(hidden)]
    fn read(part: &sealed::Answered<'_>) -> Result<Self>;
}

fn decode<R: DeserializeOwned>(part: &sealed::Answered<'_>) -> Result<R> {
    let body = part.body.map_or("null", RawValue::get);
    let refuse = |error: serde_json::Error| {
        // Without the values, which may be personal.
        let place = format!("line {}, column {}", error.line(), error.column());
        unreadable(part.operation, part.safety, format_args!("{:?} error at {place}", error.classify()))
    };
    serde_json::from_str(body).map_err(refuse)
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct SaveAnswer<T> {
    id: Id<T>,
    #[serde(default)]
    created: bool,
}

impl<T> PartAnswer for Id<T> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        decode::<SaveAnswer<T>>(part).map(|answer| answer.id)
    }
}

impl<T> PartAnswer for Upserted<T> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        decode::<SaveAnswer<T>>(part).map(|answer| Upserted { id: answer.id, created: answer.created })
    }
}

impl PartAnswer for () {
    fn read(_: &sealed::Answered<'_>) -> Result<Self> {
        Ok(())
    }
}

impl<T: SObject> PartAnswer for Row<T> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        if part.status == StatusCode::NOT_MODIFIED {
            let error =
                Error::new(ErrorKind::Precondition, part.operation).with_vendor(VENDOR).with_status(part.status);
            return Err(error.with_message("the record was not modified since then"));
        }
        let raw = decode::<Box<RawValue>>(part)?;
        rest_core::row(raw, "Id").map_err(|bad| bad.into_error(part.operation).with_vendor(VENDOR))
    }
}

impl<T: DeserializeOwned> PartAnswer for Children<T> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        decode(part)
    }
}

impl<T> PartAnswer for SaveResults<T> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        let entries: Vec<SaveEntry> = decode(part)?;
        let rows = read_entries(part.operation, &entries, part.all_or_none, None);
        Ok(Self::new(rows.into_iter().map(|row| row.map(Saved::of)).collect()))
    }
}

impl PartAnswer for Box<RawValue> {
    fn read(part: &sealed::Answered<'_>) -> Result<Self> {
        decode(part)
    }
}
