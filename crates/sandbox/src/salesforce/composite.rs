//! `composite`: calls that may refer to the answers of earlier ones, as one call.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::references::Answers;
use super::subrequest::{Part, bad_request, flag, halted, is_failure, read_parts, resource, response_json, sub_call};

/// Calls in one request.
const MAX_PARTS: usize = 25;
/// Of these, queries and collections.
const MAX_HEAVY_PARTS: usize = 5;
/// From this version on neighbouring parts are collated unless the request says otherwise.
const COLLATED_FROM: u32 = 49;
/// Objects of parts that are collated together.
const MAX_COLLATED_OBJECTS: usize = 5;
/// Graphs came with this version.
pub(crate) const GRAPHS_FROM: u32 = 50;

/// What became of parts that were run in order.
pub(crate) struct Outcome {
    /// One entry per part, as the vendor prints it.
    pub(crate) responses: Vec<Json>,
    /// Whether every part, and every record of its collections, succeeded.
    pub(crate) succeeded: bool,
}

impl Org {
    /// `composite`: `GET` lists its resources, `POST` runs subrequests.
    pub(crate) fn composite(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET,POST")?;
        if call.method == Method::GET {
            let base = format!("/services/data/{}/composite", call.version);
            let names = ["tree", "batch", "sobjects"].into_iter().chain((call.major >= GRAPHS_FROM).then_some("graph"));
            let resources = names.map(|name| (name.to_owned(), json!(format!("{base}/{name}"))));
            return Ok(Answer::ok(Json::Object(resources.collect())));
        }
        let mut body = call.fields()?;
        let all_or_none = flag(&body, "allOrNone")?;
        let given = body.contains_key("collateSubrequests");
        let collated = flag(&body, "collateSubrequests")? || (!given && call.major >= COLLATED_FROM);
        let parts = read_parts(body.remove("compositeRequest"), call.major, MAX_PARTS)?;
        if parts.iter().filter(|part| is_heavy(part)).count() > MAX_HEAVY_PARTS {
            let message =
                format!("A composite request holds at most {MAX_HEAVY_PARTS} query and sObject Collections operations");
            return Err(bad_request(message).into());
        }
        let order = order(&parts, collated && self.quirks.collated_parts_run_in_reverse);
        let outcome = self.run_parts(call, &parts, &order, all_or_none);
        Ok(Answer::ok(json!({"compositeResponse": outcome.responses})))
    }

    /// Runs parts in the given order; with `all_or_none`, the first failure undoes all and ends the run.
    pub(crate) fn run_parts(&mut self, call: &Call, parts: &[Part], order: &[usize], all_or_none: bool) -> Outcome {
        let whole = self.savepoint();
        let mut answers = Answers::new(call.major);
        let mut done: Vec<Option<Answer>> = parts.iter().map(|_| None).collect();
        let mut failed_at = None;
        for &place in order {
            let Some(part) = parts.get(place) else { continue };
            let answer = self
                .run_part(call, part, &answers)
                .unwrap_or_else(|failure| Answer::new(failure.status(), failure.to_json()));
            let failed = is_failure(&answer) || answer.body.as_ref().is_some_and(holds_refused_record);
            if !is_failure(&answer) {
                answers.insert(&part.reference, answer.body.clone().unwrap_or(Json::Null));
            }
            done[place] = Some(answer);
            if failed {
                failed_at.get_or_insert(place);
                if all_or_none {
                    break;
                }
            }
        }
        match failed_at.filter(|_| all_or_none) {
            None => self.keep(whole),
            Some(failed) => {
                self.undo(whole);
                // The part that failed keeps its answer. If it is a collection, its records do not all show that
                // they were undone.
                let others = done.iter_mut().enumerate().filter(|(place, _)| *place != failed);
                others.for_each(|(_, answer)| *answer = None);
            }
        }
        let answered = parts.iter().zip(done);
        let responses =
            answered.map(|(part, answer)| response_json(&part.reference, answer.unwrap_or_else(halted))).collect();
        Outcome { responses, succeeded: failed_at.is_none() }
    }

    fn run_part(&mut self, outer: &Call, part: &Part, answers: &Answers) -> Result<Answer, Failure> {
        if let Some(error) = &part.refused {
            return Err(error.clone().into());
        }
        let url = answers.fill_in(&part.url, true)?;
        let body = answers.fill_in_json(&part.body)?;
        let call = sub_call(outer, part.method.clone(), &url, body, part.headers.clone())?;
        refuse_nesting(&call)?;
        self.transact(|org| org.route(&call))
    }
}

/// Composite resources hold no others, but for collections.
fn refuse_nesting(call: &Call) -> Result<(), ApiError> {
    let mut path = call.path.iter().map(String::as_str);
    match (path.next(), path.next()) {
        (Some("composite"), Some("sobjects")) => Ok(()),
        (Some("composite"), _) => Err(bad_request("composite requests cannot be nested")),
        _ => Ok(()),
    }
}

/// The places of the parts in the order in which they are run. What may be collated is run in no promised order: neighbours
/// with the same method on records, without headers, that do not refer to each other.
fn order(parts: &[Part], in_reverse: bool) -> Vec<usize> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let joins = |run: &&mut Vec<usize>| {
            let of_run = || run.iter().filter_map(|place| parts.get(*place));
            let objects: BTreeSet<_> =
                of_run().chain([part]).map(|part| resource(&part.url).get(1).map(|name| name.to_lowercase())).collect();
            let named = part.references();
            in_reverse
                && of_run().chain([part]).all(|other| {
                    other.method == part.method
                        && other.headers.is_empty()
                        && resource(&other.url).first() == Some(&"sobjects")
                })
                && objects.len() <= MAX_COLLATED_OBJECTS
                && !of_run().any(|other| named.contains(&other.reference))
        };
        match runs.last_mut().filter(joins) {
            Some(run) => run.push(place),
            None => runs.push(vec![place]),
        }
    }
    runs.into_iter().flat_map(|run| run.into_iter().rev()).collect()
}

fn is_heavy(part: &Part) -> bool {
    matches!(resource(&part.url).as_slice(), ["query" | "queryAll", ..] | ["composite", "sobjects", ..])
}

/// Whether this is the answer of a collection some of whose records were refused.
fn holds_refused_record(body: &Json) -> bool {
    let refused = |entry: &Json| entry.get("success") == Some(&Json::Bool(false));
    body.as_array().is_some_and(|list| list.iter().any(refused))
}
