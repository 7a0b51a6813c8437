//! The objects, each declared once.

mod account;
mod contact;
mod deal;
mod directory;
mod note;
mod task;

pub use account::{Account, AccountPatch, NewAccount};
pub use contact::{Contact, ContactPatch, NewContact};
pub use deal::{Deal, DealPatch, NewDeal};
pub use directory::{Pipeline, Stage, User};
pub use note::{NewNote, Note, NotePatch};
pub use task::{NewTask, Task, TaskPatch};
