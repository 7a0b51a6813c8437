//! `composite/batch`: independent calls in one request, each of which counts.

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value as Json, json};

use super::api::quota_exhausted;
use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::subrequest::{bad_request, flag, is_failure, method_named, sub_call};

/// Calls in one request.
const MAX_PARTS: usize = 25;
/// The oldest version that a part may ask for.
const OLDEST_PART: u32 = 34;

impl Org {
    /// `POST composite/batch`.
    pub(crate) fn batch(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("POST")?;
        let mut body = call.fields()?;
        let halt = flag(&body, "haltOnError")?;
        let parts = match body.remove("batchRequests") {
            Some(Json::Array(parts)) if (1..=MAX_PARTS).contains(&parts.len()) => parts,
            _ => {
                let message = format!("batchRequests must be a list of 1 to {MAX_PARTS} subrequests");
                return Err(bad_request(message).into());
            }
        };
        let mut failed = false;
        let mut results = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let answer = if failed && halt {
                let error = ApiError::request("BATCH_PROCESSING_HALTED", "Batch processing halted by request");
                Err(error.with_status(StatusCode::PRECONDITION_FAILED).into())
            } else {
                self.count_part(place).map_err(Failure::from).and_then(|()| self.run_batch_part(call, part))
            };
            let answer = answer.unwrap_or_else(|failure| Answer::new(failure.status(), failure.to_json()));
            failed |= is_failure(&answer);
            results.push(json!({"statusCode": answer.status.as_u16(), "result": answer.body}));
        }
        Ok(Answer::ok(json!({"hasErrors": failed, "results": results})))
    }

    /// Counts a part. The first is what the request itself was counted for.
    fn count_part(&mut self, place: usize) -> Result<(), ApiError> {
        if place == 0 {
            return Ok(());
        }
        if self.usage.count(self.now) >= u64::from(self.quirks.daily_api_requests) {
            return Err(quota_exhausted());
        }
        self.usage.add(self.now);
        Ok(())
    }

    fn run_batch_part(&mut self, outer: &Call, part: &Json) -> Result<Answer, Failure> {
        let text = |name: &str| part.get(name).and_then(Json::as_str);
        let method = method_named(text("method").unwrap_or_default())?;
        let url = text("url").ok_or_else(|| bad_request("a subrequest must have a url"))?;
        let url = if url.starts_with('/') { url.to_owned() } else { format!("/services/data/{url}") };
        let body = part.get("richInput").cloned().unwrap_or(Json::Null);
        let call = sub_call(outer, method, &url, body, HeaderMap::new())?;
        if call.major > outer.major || call.major < OLDEST_PART {
            let message = format!(
                "The version of a subrequest must be v{OLDEST_PART}.0 to {}, the version of the request, and not {}",
                outer.version, call.version
            );
            return Err(bad_request(message).into());
        }
        if call.path.first().is_some_and(|first| first == "composite") {
            return Err(bad_request("composite resources cannot be parts of a batch").into());
        }
        self.transact(|org| org.route(&call))
    }
}
