//! Conditional headers on records: dates for every object, tags for accounts.

use axum::http::{Method, StatusCode};
use chrono::{DateTime, Utc};

use super::call::{Answer, Call, http_date};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::schema::ObjectIndex;

/// The objects whose rows have tags.
const TAGGED: [&str; 1] = ["Account"];

/// The tags of a header, `*` included.
fn lists(header: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_end_matches("--gzip").to_owned();
    header.split(',').any(|listed| listed.trim() == "*" || bare(listed) == tag)
}

fn not_met(code: &'static str, message: &str) -> ApiError {
    ApiError::request(code, message).with_status(StatusCode::PRECONDITION_FAILED)
}

impl Org {
    /// When a live row was last modified by somebody.
    fn modified(&self, object: ObjectIndex, id: SfId) -> Option<DateTime<Utc>> {
        let definition = self.schema.object(object);
        let row = self.store.get(object, id)?;
        Some(row.get(definition, "LastModifiedDate").as_datetime().unwrap_or(self.born))
    }

    /// The tag of a row: it changes with any of its values.
    fn tag(&self, object: ObjectIndex, id: SfId) -> Option<String> {
        let name = self.schema.object(object).name;
        let row = self.store.get(object, id).filter(|_| TAGGED.contains(&name))?;
        let content = self.full_json(object, row, "").to_string();
        Some(format!("\"{:08x}\"", crate::mix(0, &[&content]) & 0xffff_ffff))
    }

    /// Whether a call about a row may go on. A read that the caller has already ends with a 304.
    ///
    /// # Errors
    /// 412 when a condition does not hold, 428 when one is demanded and missing.
    pub(crate) fn conditions(&self, call: &Call, object: ObjectIndex, id: SfId) -> Result<Option<Answer>, Failure> {
        let modified = self.modified(object, id).unwrap_or(self.born);
        let tag = self.tag(object, id);
        let reads = call.method == Method::GET;
        let unmodified_since = call.date_header("if-unmodified-since")?;
        let modified_since = call.date_header("if-modified-since")?;
        // Of deletes, only the dates are looked at.
        let tag = tag.filter(|_| call.method != Method::DELETE);
        let (wanted, unwanted) = (call.header("if-match"), call.header("if-none-match"));
        if call.method == Method::PATCH && self.quirks.demand_conditional_updates {
            let none = unmodified_since.is_none() && wanted.is_none();
            if none {
                let message = "The request wasn't conditional: add If-Match or If-Unmodified-Since";
                let error = ApiError::request("PRECONDITION_REQUIRED", message);
                return Err(error.with_status(StatusCode::PRECONDITION_REQUIRED).into());
            }
        }
        if unmodified_since.is_some_and(|since| modified > since) {
            let message = "The record was modified since the time given";
            return Err(not_met("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", message).into());
        }
        if let (Some(tag), Some(wanted)) = (&tag, wanted)
            && !lists(wanted, tag)
        {
            return Err(not_met("PRECONDITION_FAILED", "The record's tag is not among those of If-Match").into());
        }
        let known = match (&tag, unwanted) {
            (Some(tag), Some(unwanted)) => lists(unwanted, tag),
            // A tag condition comes before one on dates.
            _ => reads && modified_since.is_some_and(|since| modified <= since),
        };
        match (known, reads) {
            (false, _) => Ok(None),
            (true, true) => Ok(Some(self.marked(Answer::empty(StatusCode::NOT_MODIFIED), object, id))),
            (true, false) => {
                Err(not_met("PRECONDITION_FAILED", "The record's tag is among those of If-None-Match").into())
            }
        }
    }

    /// Adds what a later condition can refer to.
    pub(crate) fn marked(&self, answer: Answer, object: ObjectIndex, id: SfId) -> Answer {
        let answer = match self.modified(object, id) {
            Some(modified) => answer.header("last-modified", http_date(modified)),
            None => answer,
        };
        match self.tag(object, id) {
            Some(tag) => answer.header("etag", tag),
            None => answer,
        }
    }
}
