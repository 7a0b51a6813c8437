//! The calls of the API: what to send (pure functions that make [`Call`](rest_core::Call)s) and how to read the answer.

mod body;
mod calls;
mod contacts;
mod deals;
mod entity;
mod fields;
mod notes;
mod paging;
mod records;
mod sales_accounts;
mod search;
mod selectors;
mod side;
mod tasks;

pub use entity::{Entity, Operations};
pub use fields::FieldSettings;
pub use notes::Notes;
pub use paging::{Listing, PageQuery, RecordPage, SortOrder};
pub use records::{Loaded, Records, UniqueIdentifier, Upserted};
pub use search::Search;
pub use selectors::Selectors;
pub use side::SideLoads;
pub use tasks::{TaskFilter, TaskPage, Tasks};
