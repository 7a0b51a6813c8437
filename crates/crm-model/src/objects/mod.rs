//! The objects, each declared once.

mod account;
mod contact;
mod deal;
mod directory;
mod engagement;
mod lead;
mod note;
mod task;
mod ticket;

pub use account::{Account, AccountPatch, NewAccount};
pub use contact::{Contact, ContactPatch, NewContact};
pub use deal::{Deal, DealPatch, NewDeal};
pub use directory::{List, ListMember, NewMember, Pipeline, SearchHit, Stage, User};
pub use engagement::{Engagement, EngagementPatch, NewEngagement};
pub use lead::{Lead, LeadPatch, NewLead};
pub use note::{NewNote, Note, NotePatch};
pub use task::{NewTask, Task, TaskPatch};
pub use ticket::{NewTicket, Ticket, TicketPatch};
