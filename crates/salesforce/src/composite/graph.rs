//! `composite/graph`: up to 500 calls in graphs, each of which is done as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rest_core::{Call, Error, ErrorKind, Reply, Result, Safety};
use serde::{Deserialize, Serialize};

use super::outcome::{Outcomes, PartAnswer, PartReply, PartSummary, in_order};
use super::part::{Handle, Kind, Part};
use super::request::{Entry, Parts};
use crate::api::PAGE_BYTES;
use crate::config::ApiVersion;
use crate::writes::{WriteOptions, wait};
use crate::{Salesforce, VENDOR};

/// Graphs in one request.
pub const MOST_GRAPHS: usize = 75;
/// Nodes of all graphs of one request together.
pub const MOST_NODES: usize = 500;
/// Nodes of one graph that refer to each other in a row.
const MOST_DEPTH: usize = 15;
/// Different nodes (method and object) in one request.
const MOST_KINDS: usize = 15;
/// A graph's id has fewer characters than this.
const ID_LENGTH: usize = 40;
/// Graphs came with this version.
const SINCE: u16 = 50;

/// Calls on single records that are done as a whole or not at all. Later nodes can refer to the answers of earlier ones.
#[must_use = "a graph is sent with the request that it is added to"]
#[derive(Clone)]
pub struct Graph {
    id: String,
    parts: Parts,
}

impl Graph {
    /// An empty graph. The id tells it apart in one request: fewer than 40 characters and no period.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), parts: Parts::new() }
    }

    /// Adds a call on a single record.
    pub fn add<R>(&mut self, part: Part<R>) -> Handle<R> {
        self.parts.add(part)
    }

    fn check(&self) -> Result<()> {
        let id = &self.id;
        let refuse = |why: String| Err(Error::config(format!("the graph {id:?} {why}")));
        if id.is_empty() || id.contains('.') || id.chars().count() >= ID_LENGTH {
            return refuse(format!("needs an id of 1 to {} characters without a period", ID_LENGTH - 1));
        }
        if self.parts.drafts.is_empty() {
            return refuse("has no nodes".to_owned());
        }
        if let Some(draft) = self.parts.drafts.iter().find(|draft| draft.kind != Kind::Record) {
            return refuse(format!("holds calls on single records only, not: {}", draft.what));
        }
        let depth = self.depth();
        if depth > MOST_DEPTH {
            return refuse(format!("has {depth} nodes that refer to each other in a row; {MOST_DEPTH} are allowed"));
        }
        self.parts.check()
    }

    fn depth(&self) -> usize {
        let mut depths: Vec<usize> = Vec::with_capacity(self.parts.drafts.len());
        for draft in &self.parts.drafts {
            let above = draft.references().filter_map(|reference| depths.get(reference.part)).max();
            depths.push(above.copied().unwrap_or(0) + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("id", &self.id).field("nodes", &self.parts.names).finish_non_exhaustive()
    }
}

/// Up to [`MOST_GRAPHS`] graphs of up to [`MOST_NODES`] nodes together, as one call that counts as one. Graphs do not
/// depend on each other.
#[must_use = "a request does nothing before it is sent"]
#[derive(Clone)]
pub struct GraphRequest {
    client: Salesforce,
    graphs: Vec<Graph>,
    resends: u32,
}

#[derive(Serialize)]
struct Body<'a> {
    graphs: Vec<GraphBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GraphBody<'a> {
    graph_id: &'a str,
    composite_request: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct GraphsReply {
    graphs: Vec<GraphReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphReply {
    graph_id: String,
    graph_response: GraphResponse,
    is_successful: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphResponse {
    composite_response: Vec<PartReply>,
}

impl Salesforce {
    /// A request of graphs.
    pub fn graphs(&self) -> GraphRequest {
        GraphRequest { client: self.clone(), graphs: Vec::new(), resends: WriteOptions::default().resends }
    }
}

impl GraphRequest {
    /// How often graphs whose failures pass (a locked row), and graphs that were not begun, are sent again. Default 4.
    pub fn resends(mut self, times: u32) -> Self {
        self.resends = times;
        self
    }

    /// Adds a graph.
    pub fn add(&mut self, graph: Graph) {
        self.graphs.push(graph);
    }

    fn check(&self) -> Result<()> {
        if self.client.version().number() < SINCE {
            return Err(Error::config(format!("graphs need API version {SINCE}.0 or newer")));
        }
        let count = self.graphs.len();
        if !(1..=MOST_GRAPHS).contains(&count) {
            return Err(Error::config(format!("a request holds 1 to {MOST_GRAPHS} graphs, this one {count}")));
        }
        let mut ids = BTreeSet::new();
        for graph in &self.graphs {
            if !ids.insert(&graph.id) {
                return Err(Error::config(format!("two graphs have the id {:?}", graph.id)));
            }
            graph.check()?;
        }
        let drafts = || self.graphs.iter().flat_map(|graph| &graph.parts.drafts);
        let nodes = drafts().count();
        if nodes > MOST_NODES {
            let message = format!("the graphs of a request hold at most {MOST_NODES} nodes together, these {nodes}");
            return Err(Error::config(message));
        }
        let kinds: BTreeSet<(&str, &str)> =
            drafts().map(|draft| (draft.method.as_str(), draft.stem.as_str())).collect();
        if kinds.len() > MOST_KINDS {
            let message =
                format!("the graphs of a request hold at most {MOST_KINDS} different nodes, these {}", kinds.len());
            return Err(Error::config(message));
        }
        Ok(())
    }

    /// The call for these graphs.
    fn call(&self, pending: &[&Graph]) -> Result<Call> {
        let version: ApiVersion = self.client.version();
        let mut graphs = Vec::with_capacity(pending.len());
        for graph in pending {
            graphs.push(GraphBody { graph_id: &graph.id, composite_request: graph.parts.entries(version)? });
        }
        let is = |safety| pending.iter().all(|graph| graph.parts.safety() == safety);
        let safety = match () {
            () if is(Safety::Read) => Safety::Read,
            () if pending.iter().any(|graph| graph.parts.safety() == Safety::Unsafe) => Safety::Unsafe,
            () => Safety::Idempotent,
        };
        let call = Call::post("composite.graph").path(version.path(["composite", "graph"]));
        Ok(call.json(&Body { graphs }).safety(safety).body_limit(PAGE_BYTES))
    }

    /// Sends the graphs. Those that failed for a reason that passes, and those that the server did not begin because many
    /// others had failed, are sent again, only they.
    ///
    /// # Errors
    /// [`ErrorKind::Config`], with nothing sent, if the request breaks a limit or a node is unusable; whatever befalls
    /// the first call as a whole. Failures of graphs are in the answer, and so is what befalls a later call.
    pub async fn send(self) -> Result<GraphAnswers> {
        let named = |error: Error| error.with_operation("composite.graph").with_vendor(VENDOR);
        self.check().map_err(named)?;
        let mut answers: BTreeMap<usize, GraphAnswer> = BTreeMap::new();
        let mut pending: Vec<usize> = (0..self.graphs.len()).collect();
        let mut resend = 0;
        loop {
            let graphs: Vec<&Graph> = pending.iter().filter_map(|place| self.graphs.get(*place)).collect();
            let call = self.call(&graphs).map_err(named)?;
            let judged = match self.client.send(call).await.and_then(|reply| judge(&reply, &graphs)) {
                Ok(judged) => judged,
                Err(error) if answers.is_empty() => return Err(error),
                // What was sent again is not known to be done; the earlier refusal would hide that.
                Err(error) => {
                    pending.iter().for_each(|place| {
                        if let Some(answer) = answers.get_mut(place) {
                            answer.lost = Some(error.clone());
                        }
                    });
                    break;
                }
            };
            let again: Vec<usize> = pending
                .iter()
                .zip(&judged)
                .filter(|(_, answer)| answer.may_be_sent_again())
                .map(|(place, _)| *place)
                .collect();
            answers.extend(pending.iter().copied().zip(judged));
            if again.is_empty() || resend >= self.resends {
                break;
            }
            wait(&self.client, resend).await;
            resend += 1;
            pending = again;
        }
        Ok(GraphAnswers { graphs: answers.into_values().collect() })
    }
}

fn judge(reply: &Reply, graphs: &[&Graph]) -> Result<Vec<GraphAnswer>> {
    let replies = reply.json::<GraphsReply>()?.graphs;
    let given = replies.len();
    let mut by_id: BTreeMap<String, GraphReply> =
        replies.into_iter().map(|graph| (graph.graph_id.clone(), graph)).collect();
    let mut answers = Vec::with_capacity(graphs.len());
    for graph in graphs {
        let Some(answer) = by_id.remove(&graph.id).filter(|_| given == graphs.len()) else {
            return Err(reply
                .decode_error(format!("the answer has {given} graphs that do not match the {} sent", graphs.len())));
        };
        let Parts { tag, drafts, names } = &graph.parts;
        let parts = in_order(reply, names, answer.graph_response.composite_response)?;
        let outcomes = Outcomes::judge(*tag, true, drafts, names, parts);
        answers.push(GraphAnswer { id: graph.id.clone(), is_successful: answer.is_successful, outcomes, lost: None });
    }
    Ok(answers)
}

/// What became of one graph.
pub struct GraphAnswer {
    id: String,
    is_successful: bool,
    outcomes: Outcomes,
    /// What befell the call when the graph was sent again.
    lost: Option<Error>,
}

impl GraphAnswer {
    /// The graph's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether every node was done. Otherwise none was.
    #[must_use]
    pub fn is_successful(&self) -> bool {
        self.error().is_none()
    }

    /// The counts of its nodes.
    #[must_use]
    pub fn summary(&self) -> PartSummary {
        self.outcomes.summary()
    }

    /// Why the graph was not done: the failure of the node that undid the others.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let failed = || {
            self.outcomes.error().or_else(|| {
                (!self.is_successful).then(|| {
                    Error::new(ErrorKind::Unknown, "composite.graph")
                        .with_vendor(VENDOR)
                        .with_message("the graph is said to have failed, and none of its nodes says why")
                })
            })
        };
        let error = self.lost.clone().or_else(failed)?;
        let words = format!("graph {}: {}", self.id, error.vendor_message());
        Some(error.with_message(words))
    }

    fn get<R: PartAnswer>(&self, handle: &Handle<R>) -> Result<R> {
        match &self.lost {
            Some(lost) => Err(lost.clone()),
            None if self.is_successful => self.outcomes.get(handle),
            // No node of a failed graph was done, whatever its entry says.
            None => match (self.outcomes.get(handle), self.error()) {
                (Ok(_), Some(error)) => Err(error),
                (result, _) => result,
            },
        }
    }

    /// Whether its failures pass, or it was not begun at all.
    fn may_be_sent_again(&self) -> bool {
        let not_begun = !self.is_successful && self.outcomes.failures().all(|(_, error)| is_halted(error));
        not_begun || self.outcomes.may_be_sent_again()
    }
}

fn is_halted(error: &Error) -> bool {
    error.vendor_code() == Some("PROCESSING_HALTED") && !error.vendor_message().contains("Invalid reference")
}

impl fmt::Debug for GraphAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphAnswer").field("id", &self.id).field("nodes", &self.summary()).finish_non_exhaustive()
    }
}

/// What became of the graphs of a request, in the order in which they were added.
#[must_use = "graphs can fail inside an answer that says 200"]
#[derive(Debug)]
pub struct GraphAnswers {
    graphs: Vec<GraphAnswer>,
}

impl GraphAnswers {
    /// The graphs.
    #[must_use]
    pub fn graphs(&self) -> &[GraphAnswer] {
        &self.graphs
    }

    /// The answer of one node.
    ///
    /// # Errors
    /// Why its graph was not done: the node's own failure, or that of the node which undid it.
    pub fn get<R: PartAnswer>(&self, handle: &Handle<R>) -> Result<R> {
        let graph = self.graphs.iter().find(|graph| graph.outcomes.tag == handle.tag);
        let foreign =
            || Error::config(format!("the handle {} belongs to another request", handle.name())).with_vendor(VENDOR);
        graph.ok_or_else(foreign)?.get(handle)
    }

    /// The graphs that were not done: their ids, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&str, Error)> {
        self.graphs.iter().filter_map(|graph| Some((graph.id(), graph.error()?)))
    }

    /// The answer, if every graph was done.
    ///
    /// # Errors
    /// The first failure, with how many graphs failed.
    pub fn into_result(self) -> Result<Self> {
        let failed = self.failures().count();
        let Some((_, error)) = self.failures().next() else { return Ok(self) };
        let words = format!("{failed} of {} graphs failed; {}", self.graphs.len(), error.vendor_message());
        Err(error.with_message(words))
    }
}
