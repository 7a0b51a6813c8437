//! The records that every CRM has in common, and the value types they are made of.
//!
//! Each object is declared once. From that declaration come the struct that is read ([`Contact`]), the struct that
//! creates ([`NewContact`]), the patch that changes ([`ContactPatch`]), the field constants ([`Contact::EMAILS`])
//! and the ordered field map on which a sync works ([`Record`]).
//!
//! ```
//! use crm_model::{Contact, ContactPatch, Label, Labelled, Object, Patch, Presence, Value};
//!
//! let mut ada = Contact::default();
//! ada.first_name = Presence::Known("Ada".into());
//! ada.job_title = Presence::Null;
//! ada.emails = Presence::Known(vec![Labelled::new("ada@example.com", Label::Work).primary()]);
//!
//! let record = ada.to_record();
//! assert_eq!(record.get(&"emails[primary]".parse()?), Presence::Known(Value::text("ada@example.com")));
//! assert_eq!(record.get(&"job_title".parse()?), Presence::Null);          // known to be empty
//! assert_eq!(record.get(&"department".parse()?), Presence::NotLoaded);     // nobody asked
//!
//! // A patch changes what it names and nothing else; only `Clear` writes an empty value.
//! let patch = ContactPatch { job_title: Patch::Set("Analyst".into()), ..ContactPatch::default() };
//! assert_eq!(patch.to_record_patch().len(), 1);
//! # Ok::<(), crm_model::ModelError>(())
//! ```
//!
//! The crate does no I/O, reads no clock and knows no vendor. `Debug` never prints a field's value: records hold
//! personal data, and what is printed ends up in logs. Use [`Value::reveal`] where a person asked to see it.

mod consent;
mod error;
mod ids;
mod labelled;
mod meta;
mod money;
mod named;
mod object;
mod objects;
mod party;
mod path;
mod presence;
mod record;
mod schema;
mod time;
mod value;

pub use consent::{Channel, Consent, ConsentSet, ConsentState, OptOutCause, OptOuts};
pub use error::ModelError;
pub use ids::{AnyRef, ObjectKind, Ref, RemoteId};
pub use labelled::{Address, Label, Labelled};
pub use meta::{Conversion, Deleted, Meta, RawJson};
pub use money::{Currency, Money};
pub use named::{
    DealStatus, Direction, EngagementKind, ListKind, PartyRole, TicketPriority, TicketSource, TicketStatus, UserKind,
    ViewKind, Visibility,
};
pub use object::{FieldDef, Object};
pub use objects::{
    Account, AccountPatch, Contact, ContactPatch, Deal, DealPatch, Engagement, EngagementPatch, Lead, LeadPatch, List,
    ListMember, NewAccount, NewContact, NewDeal, NewEngagement, NewLead, NewMember, NewNote, NewTask, NewTicket, Note,
    NotePatch, Pipeline, SearchHit, Stage, Task, TaskPatch, Ticket, TicketPatch, User,
};
pub use party::Party;
pub use path::{FieldKey, FieldPath, Slot};
pub use presence::{ListPatch, Patch, Presence};
pub use record::{Record, RecordPatch};
pub use schema::{ChoiceOption, Field, FieldGroup, FieldType, ReadOnly, Required, Schema, View};
pub use time::DateOrTime;
pub use value::{Choice, FieldValue, Value, ValueKind};

/// An instant in UTC.
pub type Instant = chrono::DateTime<chrono::Utc>;
/// A civil date without a time zone.
pub type Date = chrono::NaiveDate;
/// The number type of amounts and percentages: exact, never a float.
pub type Decimal = rust_decimal::Decimal;
