//! The API's resources, one file each. Requests are built by pure functions and sent by the handles.

mod actions;
mod apex;
mod changes;
mod check;
mod children;
mod collections;
mod conditional;
mod describe;
mod described;
mod explain;
mod external;
mod feeds;
mod files;
mod objects;
mod org;
mod query;
mod related;
mod search;
mod sobjects;

pub(crate) use query::PAGE_BYTES;

pub use actions::{ActionDescribe, ActionName, ActionParameter, ActionSummary, MOST_INPUTS};
pub use apex::ApexCall;
pub use changes::{ChangeCursor, Changed, Changes, Gap, Tombstone};
pub use check::{Finding, Problem};
pub use collections::{AllOrNone, MOST_RETRIEVED, Retrieved};
pub use conditional::{Conditional, Fresh, Precondition, Versioned};
pub use describe::{
    ChildRelationship, Describe, DescribedField, FieldKind, GlobalDescribe, ObjectSummary, PicklistValue,
    RecordTypeInfo,
};
pub(crate) use described::DescribeCache;
pub use explain::{LeadingOperation, PlanNote, QueryPlan};
pub use external::Upserted;
pub use feeds::{DeletedRecord, DeletedRecords, UpdatedRecords};
pub use files::{Blob, MOST_INLINE, note_html};
pub use org::{Identity, Limit, RecentItem, Release, UserInfo};
pub use query::{Locator, Query, QueryPage};
pub(crate) use query::{query_body, query_call, query_link};
pub use search::SearchResults;
pub use sobjects::Records;
