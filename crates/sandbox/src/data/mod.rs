//! Demo data: one fictional world of companies, people, deals, tasks and notes, of which each vendor holds a part,
//! with the disagreements that real systems have.

mod countries;
mod generate;
mod names;
mod outreach;
mod view;
mod world;

pub use outreach::{Campaign, Meeting, Prospect, Ticket};
pub use world::{
    Address, Company, CompanyId, Deal, DealId, DealStage, Industry, Lifecycle, Note, NoteId, Person, PersonId, Subject,
    Task, TaskId, Tier, User, UserId, World,
};
