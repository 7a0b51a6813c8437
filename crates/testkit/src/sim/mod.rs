//! A world to simulate a sync in: two vendors, people who edit, faults, and deaths of the process.
//!
//! A [`World`] holds both emulated vendors in one process under tokio's paused time. It makes correlated records on
//! both sides from a seed, edits them as people would, from small alphabets so that ties and collisions happen, and
//! keeps the [history](World::history) of every field as the records themselves show it. It knows no sync: what it
//! gives are connections ([`World::connect`]), and what it tells is what happened. A [`Crash`] ends a process at a
//! chosen await; [`CrashStore`] lets that be a commit, too.
//!
//! ```
//! use crm_model::ObjectKind;
//! use sandbox::Vendor;
//! use testkit::sim::{Setup, World};
//!
//! testkit::paused(async {
//!     let world = World::new(7, Setup::default());
//!     world.populate().await;
//!     world.people_edit(20).await;
//!     let people = world.records(Vendor::Salesforce, ObjectKind::Contact);
//!     assert!(!people.is_empty());
//!     assert!(world.history().len() > people.len());
//!
//!     let again = World::new(7, Setup::default());
//!     again.populate().await;
//!     again.people_edit(20).await;
//!     assert_eq!(again.history(), world.history()); // the same seed, the same world
//! });
//! ```

mod connect;
mod crash;
mod edits;
mod faults;
mod history;
mod store;
mod transport;
mod view;
mod world;

pub use crash::Crash;
pub use faults::FaultClass;
pub use history::{Event, RecordKey, What, Who};
pub use store::CrashStore;
pub use view::{OBJECTS, STAGES, Shown, fields, is_reference, object_name};
pub use world::{Setup, World};
