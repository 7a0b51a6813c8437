//! `composite/graph`: several graphs of single-record calls, each of which is done as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::call::{Answer, Call};
use super::composite::GRAPHS_FROM;
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::subrequest::{Part, bad_request, halted, read_parts, resource, response_json};

/// Graphs of one request.
const MAX_GRAPHS: usize = 75;
/// Nodes of all graphs of one request together.
const MAX_NODES: usize = 500;
/// Nodes of one graph that refer to each other in a row.
const MAX_DEPTH: usize = 15;
/// Kinds of nodes in one request: the same method on the same object is one kind.
const MAX_KINDS: usize = 15;
/// After so many failed graphs the others are not begun.
const MAX_FAILED: usize = 14;
/// Graph ids are shorter than this.
const ID_LENGTH: usize = 40;

struct Graph {
    id: String,
    parts: Vec<Part>,
}

impl Org {
    /// `POST composite/graph`.
    pub(crate) fn graph(&mut self, call: &Call) -> Result<Answer, Failure> {
        if call.major < GRAPHS_FROM {
            return Err(ApiError::not_found().into());
        }
        call.only("POST")?;
        let graphs = read_graphs(call)?;
        let mut failed = 0;
        let mut answers = Vec::with_capacity(graphs.len());
        for Graph { id, parts } in graphs {
            let (responses, succeeded) = if failed < MAX_FAILED {
                let outcome = self.run_parts(call, &parts, &(0..parts.len()).collect::<Vec<_>>(), true);
                (outcome.responses, outcome.succeeded)
            } else {
                (parts.iter().map(|part| response_json(&part.reference, halted())).collect(), false)
            };
            failed += usize::from(!succeeded);
            let response = json!({"compositeResponse": responses});
            answers.push(json!({"graphId": id, "graphResponse": response, "isSuccessful": succeeded}));
        }
        Ok(Answer::ok(json!({"graphs": answers})))
    }
}

fn read_graphs(call: &Call) -> Result<Vec<Graph>, ApiError> {
    let Some(Json::Array(list)) = call.fields()?.remove("graphs") else {
        return Err(bad_request("graphs must be a list of graphs"));
    };
    if list.is_empty() || list.len() > MAX_GRAPHS {
        return Err(bad_request(format!("A request holds 1 to {MAX_GRAPHS} graphs, this one {}", list.len())));
    }
    let graphs = list.into_iter().map(|graph| read_graph(graph, call.major)).collect::<Result<Vec<Graph>, _>>()?;
    let mut ids = BTreeSet::new();
    if let Some(twice) = graphs.iter().find(|graph| !ids.insert(graph.id.as_str())) {
        return Err(bad_request(format!("Duplicate graphId: {}", twice.id)));
    }
    let nodes: usize = graphs.iter().map(|graph| graph.parts.len()).sum();
    if nodes > MAX_NODES {
        return Err(bad_request(format!("The graphs of a request hold at most {MAX_NODES} nodes, these {nodes}")));
    }
    let kinds: BTreeSet<(&str, String)> =
        graphs.iter().flat_map(|graph| &graph.parts).map(|part| (part.method.as_str(), object(part))).collect();
    if kinds.len() > MAX_KINDS {
        let message =
            format!("The graphs of a request hold at most {MAX_KINDS} different nodes, these {}", kinds.len());
        return Err(bad_request(message));
    }
    Ok(graphs)
}

fn read_graph(graph: Json, major: u32) -> Result<Graph, ApiError> {
    let Json::Object(mut graph) = graph else {
        return Err(bad_request("a graph must be an object"));
    };
    let id = graph.get("graphId").and_then(Json::as_str).unwrap_or_default().to_owned();
    if id.is_empty() || id.contains('.') || id.chars().count() >= ID_LENGTH {
        let message = format!(
            "Provided graphId ('{id}') must have fewer than {ID_LENGTH} characters and must not contain a period"
        );
        return Err(bad_request(message));
    }
    let parts = read_parts(graph.remove("compositeRequest"), major, MAX_NODES)?;
    if let Some(part) = parts.iter().find(|part| !is_single_record(part)) {
        let message = format!("{} {} is not supported in a composite graph", part.method, part.url);
        return Err(bad_request(message));
    }
    let deepest = depth(&parts);
    if deepest > MAX_DEPTH {
        return Err(bad_request(format!("A graph is at most {MAX_DEPTH} nodes deep, {id} is {deepest}")));
    }
    Ok(Graph { id, parts })
}

fn is_single_record(part: &Part) -> bool {
    let row = matches!(part.method, Method::GET | Method::PATCH | Method::DELETE);
    match resource(&part.url).as_slice() {
        ["sobjects", _] => part.method == Method::POST,
        ["sobjects", _, _] => row,
        ["sobjects", _, _, _] => row || part.method == Method::POST,
        _ => false,
    }
}

fn object(part: &Part) -> String {
    resource(&part.url).get(1).copied().unwrap_or_default().to_lowercase()
}

/// The longest row of nodes each of which refers to the one before.
fn depth(parts: &[Part]) -> usize {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts {
        let above =
            part.references().into_iter().filter_map(|name| depths.get(name.as_str()).copied()).max().unwrap_or(0);
        depths.insert(&part.reference, above + 1);
    }
    depths.values().copied().max().unwrap_or(0)
}
