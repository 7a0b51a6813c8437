//! What is read from Freshsales and what is written to it.
//!
//! A read record is a [`Row`](rest_core::Row): the typed fields, and the raw text for everything else. `None` stands
//! for null and for a key that was not there; `row.extra("owner_id").is_some()` tells the two apart. A written record
//! has three-way fields: see [`Set`].

mod contact;
mod custom;
mod deal;
mod field;
mod note;
mod sales_account;
mod search;
mod selector;
mod set;
mod task;
mod view;
pub(crate) mod wire;

pub use contact::{
    Contact, ContactWrite, Email, EmailWrite, LinkedAccount, LinkedAccountWrite, PhoneNumber, PhoneNumberWrite,
};
pub use custom::CustomFields;
pub use deal::{Deal, DealWrite};
pub use field::{FieldChoice, FieldSetting};
pub use note::{Note, NoteWrite};
pub use sales_account::{SalesAccount, SalesAccountWrite};
pub use search::{FilterRule, SearchHit};
pub use selector::{ContactStatus, Currency, DealPipeline, DealStage, LifecycleStage, SelectorItem, User};
pub use set::Set;
pub use task::{Target, TargetKind, Task, TaskStatus, TaskWrite};
pub use view::View;
