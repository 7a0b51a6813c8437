//! Several calls in one: [composite](CompositeRequest), [batch](BatchRequest), [graph](GraphRequest) and [tree](Tree).

mod batch;
mod graph;
mod outcome;
pub mod part;
mod request;
mod tree;

pub use batch::{BatchAnswer, BatchRequest};
pub use graph::{Graph, GraphAnswer, GraphAnswers, GraphRequest, MOST_GRAPHS, MOST_NODES};
pub use outcome::{PartAnswer, PartSummary};
pub use part::{Handle, Part, Ref, Target};
pub use request::{CompositeAnswer, CompositeRequest, MOST_HEAVY_PARTS, MOST_PARTS};
pub use tree::{Tree, TreeAnswer, TreeHandle};

pub(crate) use outcome::{Outcomes, passes};
pub(crate) use part::{collection_draft, mentions_reference};
pub(crate) use request::{CompositeReply, Parts};
