//! One trait over every CRM: what each can do is data, what it cannot do is an error before anything is sent.
//!
//! [`Crm`] is a connected system; its accessors give a [`Collection`] per object. Batches go in and per-item results
//! come out; single records are the special case, in [`CollectionExt`]. What is no record has a method of its own: users,
//! pipelines, field groups, views, [`Lists`], search, and the [conversion](ConvertLead) of leads.
//! [`MemoryCrm`] is a full implementation
//! without a vendor, for tests and for trying things out; the vendors' adapters stand behind one feature each.
//!
//! ```
//! use crm_model::{Label, Labelled, NewContact};
//! use unified_crm::{CollectionExt, Crm, MemoryCrm};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let crm = MemoryCrm::new("acme");
//! let contacts = crm.contacts()?;
//! let new = NewContact {
//!     last_name: Some("Lovelace".into()),
//!     emails: vec![Labelled::new("ada@example.com", Label::Work).primary()],
//!     ..NewContact::default()
//! };
//! let id = contacts.create(new).await?;
//!
//! let found = contacts.find_by_email("ADA@example.com").await?.expect("it was just created");
//! assert_eq!(found.last_name.get().map(String::as_str), Some("Lovelace"));
//! assert_eq!(found.meta.id.as_ref(), id.as_str());
//! # Ok::<(), unified_crm::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adapter;
mod capability;
mod change;
mod collection;
mod connect;
mod convert;
mod crm;
mod ext;
mod lists;
mod memory;
mod records;
mod search;
mod write;

#[cfg(feature = "freshsales")]
pub use adapter::freshsales::{FreshsalesCrm, FreshsalesOptions};
#[cfg(feature = "salesforce")]
pub use adapter::salesforce::{SalesforceCrm, SalesforceOptions};
pub use capability::{Capabilities, ChangeSupport, CollectionCapabilities, DeleteEvidence, FindBy};
pub use change::{Change, Cursor};
pub use collection::{Collection, Fetched, FindKey, ListQuery};
#[cfg(feature = "reqwest")]
pub use connect::connect;
pub use connect::{ConnectError, ConnectUrl};
pub use convert::{ConvertLead, Merge};
pub use crm::{Crm, Identity, ProxyRequest, ProxyResponse};
pub use ext::CollectionExt;
pub use lists::Lists;
pub use memory::MemoryCrm;
pub use records::{RecordWrite, Records};
pub use rest_core::LedgerSnapshot;
pub use rest_core::{Clock, ManualClock, SystemClock};
pub use rest_core::{Error, ErrorKind};
pub use search::SearchQuery;
pub use write::{Create, Outcome, Update, Write, Written};

/// The result of a call on a CRM.
pub type Result<T> = std::result::Result<T, Error>;
