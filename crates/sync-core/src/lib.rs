//! Pure functions that make the records of two CRMs agree: map, match, merge, consent, explain.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the same input gives the same result, so a plan can be
//! derived again after any interruption. A field is decided by its value against a stored *base* (what each side showed
//! when they last agreed), never by a time stamp alone.

mod codec;
pub mod consent;
mod create;
pub mod deletes;
pub mod digest;
pub mod echo;
pub mod explain;
mod mapping;
mod matching;
mod merge;
pub mod normalize;
mod policy;
mod project;
mod refs;
mod side;
mod state;
mod translate;

pub use codec::Codec;
pub use create::Creation;
pub use explain::{Decision, Reason};
pub use mapping::{
    Compiled, ConstantValue, Finding, LeftOut, Mapping, Pair, Severity, ValueTable, compile,
};
pub use matching::{Fingerprint, Key, MatchDecision, MatchKey, decide_match};
pub use merge::{Conflict, MergeInput, Merged, ReviewItem, SideWrite};
pub use policy::{Newest, Policy};
pub use refs::{NoRefs, Refs, Resolved};
pub use side::{Direction, Side};
pub use state::{PairId, SideState};
pub use translate::{FieldProblem, ProblemKind};
