//! `composite` and `composite/batch`: several calls in one.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call, Payload};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::write::Fields;

/// Calls in one request.
const MAX_PARTS: usize = 25;
/// Of these, queries and collections.
const MAX_HEAVY_PARTS: usize = 5;

/// One call of a composite request.
struct Part {
    method: Method,
    url: String,
    reference: String,
    body: Json,
    headers: HeaderMap,
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::request("INVALID_INPUT", message)
}

impl Org {
    /// `composite`: calls that may refer to the answers of earlier ones.
    pub(crate) fn composite(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET,POST")?;
        if call.method == Method::GET {
            let base = format!("/services/data/{}/composite", call.version);
            let resources =
                ["tree", "batch", "sobjects"].map(|name| (name.to_owned(), json!(format!("{base}/{name}"))));
            return Ok(Answer::ok(Json::Object(resources.into_iter().collect())));
        }
        let mut body = call.fields()?;
        let all_or_none = body.get("allOrNone").and_then(Json::as_bool).unwrap_or(false);
        let Some(Json::Array(list)) = body.remove("compositeRequest") else {
            return Err(bad_request("compositeRequest must be a list of subrequests").into());
        };
        let parts = list.into_iter().map(read_part).collect::<Result<Vec<Part>, ApiError>>()?;
        check_parts(&parts)?;
        let whole = self.savepoint();
        let mut answers = Map::new();
        let mut responses: Vec<(String, Answer)> = Vec::new();
        let mut failed_at = None;
        for (place, part) in parts.iter().enumerate() {
            let answer = if failed_at.is_some() && all_or_none {
                halted()
            } else {
                self.run_part(call, part, &answers)
                    .unwrap_or_else(|failure| Answer::new(failure.status(), failure.to_json()))
            };
            if failed_at.is_none() && is_failure(&answer) {
                failed_at = Some(place);
            }
            answers.insert(part.reference.clone(), answer.body.clone().unwrap_or(Json::Null));
            responses.push((part.reference.clone(), answer));
        }
        match failed_at.filter(|_| all_or_none) {
            None => self.keep(whole),
            Some(failed) => {
                self.undo(whole);
                for (place, (_, answer)) in responses.iter_mut().enumerate() {
                    // A collection keeps its status: its records say themselves what became of them.
                    let keeps_answer = place == failed || answer.body.as_ref().is_some_and(is_collection_result);
                    if !keeps_answer {
                        *answer = halted();
                    }
                }
            }
        }
        let responses: Vec<Json> =
            responses.into_iter().map(|(reference, answer)| response_json(&reference, answer)).collect();
        Ok(Answer::ok(json!({"compositeResponse": responses})))
    }

    fn run_part(&mut self, outer: &Call, part: &Part, answers: &Fields) -> Result<Answer, Failure> {
        let url = fill_in(&part.url, answers, true)?;
        let body = fill_in_json(&part.body, answers)?;
        let call = sub_call(outer, part.method.clone(), &url, body, part.headers.clone())?;
        if matches!(call.path.as_slice(), [first, second, ..] if first == "composite" && second != "sobjects") {
            return Err(bad_request("composite requests cannot be nested").into());
        }
        self.transact(|org| org.route(&call))
    }

    /// `composite/batch`: independent calls, each of which counts.
    pub(crate) fn batch(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("POST")?;
        let body = call.fields()?;
        let halt = body.get("haltOnError").and_then(Json::as_bool).unwrap_or(false);
        let parts = body.get("batchRequests").and_then(Json::as_array).filter(|parts| parts.len() <= MAX_PARTS);
        let Some(parts) = parts else {
            return Err(bad_request(format!("batchRequests must be a list of at most {MAX_PARTS} subrequests")).into());
        };
        let mut failed = false;
        let mut results = Vec::new();
        for part in parts {
            if failed && halt {
                let errors =
                    [ApiError::request("BATCH_PROCESSING_HALTED", "Batch processing halted by request").to_json()];
                results.push(json!({"statusCode": 412, "result": errors}));
                continue;
            }
            self.usage.add(self.now);
            let text = |name: &str| part.get(name).and_then(Json::as_str);
            let method = Method::from_bytes(text("method").unwrap_or_default().as_bytes()).unwrap_or_default();
            let url = text("url").unwrap_or_default();
            let url = if url.starts_with('/') { url.to_owned() } else { format!("/services/data/{url}") };
            let body = part.get("richInput").cloned().unwrap_or(Json::Null);
            let answer = sub_call(call, method, &url, body, HeaderMap::new())
                .map_err(Failure::from)
                .and_then(|part| self.transact(|org| org.route(&part)))
                .unwrap_or_else(|failure| Answer::new(failure.status(), failure.to_json()));
            failed |= is_failure(&answer);
            results.push(json!({"statusCode": answer.status.as_u16(), "result": answer.body}));
        }
        Ok(Answer::ok(json!({"hasErrors": failed, "results": results})))
    }
}

fn is_failure(answer: &Answer) -> bool {
    answer.status.is_client_error() || answer.status.is_server_error()
}

fn halted() -> Answer {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    Answer::new(StatusCode::BAD_REQUEST, json!([{"errorCode": "PROCESSING_HALTED", "message": message}]))
}

/// A list of results with a `success` each.
fn is_collection_result(body: &Json) -> bool {
    body.as_array().is_some_and(|list| list.first().is_some_and(|entry| entry.get("success").is_some()))
}

fn response_json(reference: &str, answer: Answer) -> Json {
    // Header names are shown as they are written, not folded.
    let shown = |name: &str| match name {
        "etag" => "ETag".to_owned(),
        name => {
            let words = name.split('-').map(|word| {
                let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
                first.to_ascii_uppercase() + rest
            });
            words.collect::<Vec<_>>().join("-")
        }
    };
    let headers: Map<String, Json> =
        answer.headers.into_iter().map(|(name, value)| (shown(name), Json::String(value))).collect();
    json!({
        "body": answer.body,
        "httpHeaders": headers,
        "httpStatusCode": answer.status.as_u16(),
        "referenceId": reference,
    })
}

fn read_part(part: Json) -> Result<Part, ApiError> {
    let Json::Object(mut part) = part else {
        return Err(bad_request("a subrequest must be an object"));
    };
    let text = |name: &str| {
        let text = part.get(name).and_then(Json::as_str).map(str::to_owned);
        text.ok_or_else(|| bad_request(format!("a subrequest must have a {name}")))
    };
    let (method, url, reference) = (text("method")?, text("url")?, text("referenceId")?);
    let legal = reference.starts_with(|c: char| c.is_ascii_alphanumeric())
        && reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !legal {
        return Err(bad_request(format!(
            "Provided referenceId ('{reference}') is not valid: use letters, digits and _"
        )));
    }
    let method = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|known| *known == method)
        .and_then(|known| Method::from_bytes(known.as_bytes()).ok())
        .ok_or_else(|| bad_request(format!("Invalid HTTP method: {method}")))?;
    let mut headers = HeaderMap::new();
    if let Some(Json::Object(given)) = part.remove("httpHeaders") {
        for (name, value) in given {
            if ["accept", "authorization", "content-type"].contains(&name.to_ascii_lowercase().as_str()) {
                return Err(bad_request(format!("The header {name} cannot be set in a subrequest")));
            }
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = value.as_str().map(HeaderValue::from_str);
            if let (Ok(name), Some(Ok(value))) = (name, value) {
                headers.insert(name, value);
            }
        }
    }
    Ok(Part { method, url, reference, body: part.remove("body").unwrap_or(Json::Null), headers })
}

fn check_parts(parts: &[Part]) -> Result<(), ApiError> {
    if parts.is_empty() || parts.len() > MAX_PARTS {
        return Err(bad_request(format!(
            "A composite request holds 1 to {MAX_PARTS} subrequests, this one {}",
            parts.len()
        )));
    }
    let heavy = |part: &&Part| ["/query", "/composite/sobjects"].iter().any(|path| part.url.contains(path));
    if parts.iter().filter(heavy).count() > MAX_HEAVY_PARTS {
        let message =
            format!("A composite request holds at most {MAX_HEAVY_PARTS} query and sObject Collections operations");
        return Err(bad_request(message));
    }
    for (place, part) in parts.iter().enumerate() {
        if parts.iter().skip(place + 1).any(|other| other.reference == part.reference) {
            return Err(bad_request(format!("Duplicate referenceId: {}", part.reference)));
        }
    }
    Ok(())
}

/// A part as a call of its own.
fn sub_call(outer: &Call, method: Method, url: &str, body: Json, headers: HeaderMap) -> Result<Call, ApiError> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // Parts may hold blanks and other characters that a real URL may not.
    let path = path.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    let decode = |segment: &str| {
        url::form_urlencoded::parse(segment.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
    };
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    let [services, data, version, rest @ ..] = segments.as_slice() else {
        return Err(ApiError::not_found());
    };
    let major = version.strip_prefix('v').and_then(|text| text.split('.').next()?.parse().ok());
    let Some(major) = major.filter(|_| services == "services" && data == "data") else {
        return Err(ApiError::not_found());
    };
    Ok(Call {
        method,
        version: version.clone(),
        major,
        path: rest.to_vec(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers,
        payload: Payload::Json(body),
        origin: outer.origin.clone(),
    })
}

/// Replaces `@{ref.path}` by values of earlier answers.
fn fill_in(text: &str, answers: &Fields, in_url: bool) -> Result<String, ApiError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((path, after)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        match look_up(path, answers)? {
            Json::String(value) if in_url => {
                let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                filled.push_str(&encoded.replace('+', "%20"));
            }
            Json::String(value) => filled.push_str(value),
            Json::Null => {}
            other => filled.push_str(&other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn fill_in_json(value: &Json, answers: &Fields) -> Result<Json, ApiError> {
    Ok(match value {
        Json::String(text) => {
            let whole =
                text.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')).filter(|path| !path.contains('}'));
            match whole {
                // A reference that is the whole text keeps its type.
                Some(path) => look_up(path, answers)?.clone(),
                None => Json::String(fill_in(text, answers, false)?),
            }
        }
        Json::Array(list) => list.iter().map(|entry| fill_in_json(entry, answers)).collect::<Result<_, _>>()?,
        Json::Object(members) => {
            let filled = members.iter().map(|(name, value)| Ok((name.clone(), fill_in_json(value, answers)?)));
            Json::Object(filled.collect::<Result<_, ApiError>>()?)
        }
        other => other.clone(),
    })
}

/// Follows `ref.records[0].Id` into the earlier answers.
fn look_up<'a>(path: &str, answers: &'a Fields) -> Result<&'a Json, ApiError> {
    let (reference, members) = path.split_once('.').unwrap_or((path, ""));
    let (reference, first_index) =
        reference.split_once('[').map_or((reference, None), |(name, rest)| (name, Some(rest)));
    let missing = || {
        let message = format!("Invalid reference specified. No value for {path} found in {reference}");
        ApiError::request("PROCESSING_HALTED", message)
    };
    let mut value = answers.get(reference).ok_or_else(missing)?;
    let members = members.split('.').filter(|member| !member.is_empty());
    let steps = first_index.map(|rest| format!("[{rest}")).into_iter().chain(members.map(str::to_owned));
    for step in steps {
        let (name, indexes) = step.split_once('[').map_or((step.as_str(), ""), |(name, rest)| (name, rest));
        if !name.is_empty() {
            value = value.get(name).ok_or_else(missing)?;
        }
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            let index: usize = index.trim_end_matches(']').parse().map_err(|_| missing())?;
            value = value.get(index).ok_or_else(missing)?;
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_reach_into_earlier_answers() {
        let answers =
            json!({"a": {"id": "001 x"}, "q": {"records": [{"Account": {"Name": "A&B"}, "N": 7}]}, "l": [{"id": "y"}]});
        let answers = answers.as_object().unwrap();
        let fill = |text: &str, in_url| fill_in(text, answers, in_url).map_err(|error| error.message);
        assert_eq!(fill("/x/@{a.id}/@{q.records[0].N}", true), Ok("/x/001%20x/7".to_owned()));
        assert_eq!(fill("<@{q.records[0].Account.Name}>", false), Ok("<A&B>".to_owned()));
        assert_eq!(fill("@{l[0].id}", false), Ok("y".to_owned()));
        assert_eq!(fill_in_json(&json!({"n": "@{q.records[0].N}"}), answers).unwrap(), json!({"n": 7}));
        let missing = "Invalid reference specified. No value for a.Id found in a";
        assert_eq!(fill("@{a.Id}", false), Err(missing.to_owned()));
        for bad in ["@{z.id}", "@{q.records[9].N}", "@{q.records[x]}", "@{}", "@{.}"] {
            assert!(fill(bad, false).is_err(), "{bad}");
        }
    }
}
