//! Writing records by the hundred: the calls, the results, and what is sent again.

mod mixed;
mod options;
mod plan;
mod rows;
mod run;
mod saves;
mod write_many;

pub use mixed::{ChangedRecord, NewRecord};
pub use options::WriteOptions;
pub use plan::{WriteKind, WritePlan, WritePolicy, WriteStep, WriteWay};
pub use rows::MOST_WRITTEN;
pub use saves::{SaveResults, SaveSummary, Saved};
pub use write_many::{Write, WriteReport};

pub(crate) use options::wait;
pub(crate) use rows::{Line, Verb, object_json, tagged};
pub(crate) use run::{Job, Travel, unanswered};
pub(crate) use saves::{SaveEntry, consequence, read_entries};
