//! Typed CRM clients, one trait over them, and two-way sync that can be trusted with customer data.
//!
//! This crate re-exports the parts, one feature each; every part can be used alone.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`salesforce`], [`freshsales`] | a vendor, natively: everything its API can do |
//! | [`Crm`], [`Collection`], [`connect`] | any vendor, unified: what every CRM has in common |
//! | [`model`] | contacts, accounts, deals, tasks, notes, and what they are made of |
//! | [`Sync`], [`Mapping`], [`Policy`] | two systems kept in agreement |
//! | [`SqliteStore`], [`MemoryStore`] | where a sync remembers |
//!
//! ```
//! use std::sync::Arc;
//! use crmkit::model::{Label, Labelled, NewContact, ObjectKind};
//! use crmkit::{CollectionExt, Crm, Mapping, MemoryCrm, MemoryStore, Policy, Sync};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (left, right) = (MemoryCrm::new("left"), MemoryCrm::new("right"));
//! let email = |text: &str| vec![Labelled::new(text, Label::Work).primary()];
//! let ada = NewContact { last_name: Some("Lovelace".into()), emails: email("ada@example.com"), ..Default::default() };
//! let grace = NewContact { last_name: Some("Hopper".into()), emails: email("grace@example.com"), ..Default::default() };
//! left.contacts()?.create(ada).await?;
//! right.contacts()?.create(grace).await?;
//!
//! let sync = Sync::between(Arc::new(left), Arc::new(right))
//!     .object(Mapping::unified(ObjectKind::Contact))
//!     .on_conflict(Policy::newest())
//!     .state(MemoryStore::new())
//!     .build()?;
//! let plan = sync.plan().await?; // reads, never writes
//! assert_eq!(plan.data.writes(), 2);
//! let report = plan.apply().await?;
//! assert_eq!(report.writes(), 2);
//! assert_eq!(sync.verify().await?.unexplained().count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crm_model as model;
#[cfg(feature = "freshsales")]
pub use freshsales;
#[cfg(feature = "salesforce")]
pub use salesforce;
pub use sync_core::{self, Direction, Key, Mapping, Policy, Side, ValueTable};
pub use sync_engine::{self, ObjectSync, Plan, Progress, RunReport, StageTable, Sync, SyncError};
pub use sync_store::{self, MemoryStore, SqliteStore};
#[cfg(feature = "freshsales")]
pub use unified_crm::FreshsalesCrm;
#[cfg(feature = "salesforce")]
pub use unified_crm::SalesforceCrm;
pub use unified_crm::{self, Collection, CollectionExt, Crm, MemoryCrm, connect};
