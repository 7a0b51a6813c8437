//! Writing records by the hundred: the calls, the results, and what is sent again.

mod mixed;
mod options;
mod rows;
mod run;
mod saves;

pub use mixed::{ChangedRecord, NewRecord};
pub use options::WriteOptions;
pub use rows::MOST_WRITTEN;
pub use saves::{SaveResults, SaveSummary, Saved};

pub(crate) use options::wait;
pub(crate) use rows::{Line, Verb, object_json, tagged};
pub(crate) use run::{Job, Travel, unanswered};
pub(crate) use saves::{SaveEntry, consequence, read_entries};
