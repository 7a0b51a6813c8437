//! Pure functions that make the records of two CRMs agree: map, match, merge, consent, explain.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the same input gives the same result, so a plan can be
//! derived again after any interruption. A field is decided by its value against a stored *base* (what each side showed
//! when they last agreed), never by a time stamp alone.
//!
//! ```
//! use crm_model::{Contact, Field, FieldType, Meta, ObjectKind, Record, Schema, Value};
//! use sync_core::{Mapping, MergeInput, NoRefs, Side, compile};
//!
//! // A mapping is checked against both sides' fields before anything is carried.
//! let text = |key| Field::new(key, "", FieldType::Text { max: Some(80) });
//! let schema = Schema::new(ObjectKind::Contact, vec![text(Contact::LAST_NAME), text(Contact::JOB_TITLE)]);
//! let mapping = Mapping::unified(ObjectKind::Contact).named("Freshsales", "Salesforce");
//! let compiled = compile(&mapping, &schema, &schema).expect("the mapping fits");
//!
//! // When the two last agreed, both showed this.
//! let show = |job: &str| {
//!     let mut record = Record::new(ObjectKind::Contact, Meta::default());
//!     record.set(Contact::LAST_NAME, Value::text("Lovelace"));
//!     record.set(Contact::JOB_TITLE, Value::text(job));
//!     compiled.project(Side::A, &record)
//! };
//! let base = show("Analyst");
//!
//! // Since then somebody changed the job title on A.
//! let (a, b) = (show("Countess"), show("Analyst"));
//! let mut input = MergeInput::new(&a, &b, &NoRefs);
//! input.base = Some([&base, &base]);
//! let merged = compiled.merge(&input);
//!
//! let [to_a, to_b] = &merged.writes;
//! assert!(to_a.is_empty());
//! assert_eq!(to_b.patch.get(&Contact::JOB_TITLE.into()), Some(&Value::text("Countess")));
//! assert_eq!(to_b.patch.len(), 1);
//! assert_eq!(
//!     sync_core::explain::in_words(&merged.decisions[0], compiled.names()),
//!     "job_title: changed on Freshsales only, so Salesforce is written",
//! );
//!
//! // Once the write has landed, both sides have a new base, and there is nothing left to do.
//! let [base_a, base_b] = merged.bases(input.base, [false, true]);
//! let mut input = MergeInput::new(&a, &base_b, &NoRefs);
//! input.base = Some([&base_a, &base_b]);
//! assert!(compiled.merge(&input).is_quiet());
//! ```

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
pub use mapping::{Compiled, ConstantValue, Finding, LeftOut, Mapping, Pair, Severity, ValueTable, compile};
pub use matching::{Fingerprint, Key, MatchDecision, MatchKey, decide_match};
pub use merge::{Conflict, MergeInput, Merged, ReviewItem, SideWrite};
pub use policy::{Newest, Policy};
pub use refs::{NoRefs, Refs, Resolved};
pub use side::{Direction, Side};
pub use state::{PairId, SideState};
pub use translate::{FieldProblem, ProblemKind};
