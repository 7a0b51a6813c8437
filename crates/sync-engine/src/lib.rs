//! Keeps two CRM systems in agreement: plans, applies, explains, and survives being killed at any instant.
//!
//! A [`Sync`] joins two [`Crm`](unified_crm::Crm)s and a [`StateStore`](sync_store::StateStore). [`Sync::plan`] reads both sides and says what would be
//! done; [`Plan::apply`] does it; [`Sync::run`] does both. What was observed and what was agreed is stored, pending
//! work never is: after any interruption the plan is derived anew, and a write whose outcome is unknown is looked up
//! before it is repeated.
//!
//! ```
//! use std::sync::Arc;
//! use crm_model::{Label, Labelled, NewContact, ObjectKind};
//! use sync_engine::{Sync, SyncError};
//! use sync_store::MemoryStore;
//! use unified_crm::{CollectionExt, Crm, MemoryCrm};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (left, right) = (MemoryCrm::new("left"), MemoryCrm::new("right"));
//! let ada = NewContact {
//!     last_name: Some("Lovelace".into()),
//!     emails: vec![Labelled::new("ada@example.com", Label::Work).primary()],
//!     ..NewContact::default()
//! };
//! left.contacts()?.create(ada).await?;
//!
//! let sync = Sync::between(Arc::new(left), Arc::new(right.clone()))
//!     .object(ObjectKind::Contact)
//!     .state(MemoryStore::new())
//!     .build()?;
//! assert_eq!(sync.plan().await?.data.writes(), 1);
//! assert_eq!(sync.run().await?.writes(), 1);
//! assert!(right.contacts()?.find_by_email("ada@example.com").await?.is_some());
//! assert_eq!(sync.run().await?.writes(), 0); // and now there is nothing to do
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod config;
mod derive;
mod directory;
mod error;
mod observe;
mod plan;
mod recover;
mod refs;
mod report;
mod run;
mod session;
mod state;
mod verify;

pub use config::{ObjectSync, Sync, SyncBuilder};
pub use directory::StageTable;
pub use error::SyncError;
pub use plan::{Action, FieldChange, ObjectPlan, Plan, PlanCounts, PlanData, PlanItem};
pub use report::{Counts, ErrorLine, RunReport};
pub use run::Progress;
pub use verify::{Comparison, Difference, ObjectComparison};
