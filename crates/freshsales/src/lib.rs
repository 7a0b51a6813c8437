//! A typed client of the Freshsales (Freshworks CRM) API: contacts, sales accounts, deals, tasks, notes, views,
//! selectors, field settings and search.
//!
//! A [`Freshsales`] is built once and cloned freely; clones share limits and the account of calls. Each kind of record
//! has a handle ([`Freshsales::contacts`] and so on); what is not modelled goes through [`Freshsales::raw`]. Lists go
//! through views, which the handles find by name; a record that cannot be read never fails its page.
//!
//! ```
//! use freshsales::models::{ContactWrite, EmailWrite, Set};
//! use freshsales::{Freshsales, Listing};
//! use futures::TryStreamExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! // The sandbox stands in for an account; for a real one the address is its bundle alias, such as `acme`.
//! let account = sandbox::Sandbox::builder().data(sandbox::Data::Empty).build().serve(0).await?;
//! let access: serde_json::Value = serde_json::from_str(account.ready_line())?;
//! let access = &access["freshsales"];
//! let (address, key) = (access["base_url"].as_str().unwrap(), access["api_key"].as_str().unwrap());
//!
//! let client = Freshsales::builder(address, key.to_owned()).build()?;
//! let ada = ContactWrite {
//!     last_name: "Lovelace".into(),
//!     emails: vec![EmailWrite { value: "ada@example.com".into(), ..EmailWrite::default() }],
//!     ..ContactWrite::default()
//! };
//! let ada = client.contacts().create(&ada, &[]).await?;
//! assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
//!
//! client.contacts().update(ada.id, &ContactWrite { job_title: Set::To("Analyst".into()), ..ContactWrite::default() }, &[]).await?;
//! let all: Vec<_> = client.contacts().list_all(Listing::new()).try_collect().await?;
//! assert_eq!(all.len(), 1);
//! assert_eq!(all[0].job_title.as_deref(), Some("Analyst"));
//!
//! let refused = client.contacts().create(&ContactWrite { email: "ada@example.com".into(), ..ContactWrite::default() }, &[]).await;
//! assert_eq!(refused.unwrap_err().vendor_message(), "Email is not unique");
//! # account.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod auth;
mod client;
mod config;
mod error;
mod ids;
pub mod models;

pub use api::{
    Entity, FieldSettings, Listing, Loaded, Notes, Operations, PageQuery, RecordPage, Records, Search, Selectors,
    SideLoads, SortOrder, TaskFilter, TaskPage, Tasks, UniqueIdentifier, Upserted,
};
pub use client::Freshsales;
pub use config::{FreshsalesBuilder, Plan};
pub use ids::{
    ChoiceId, ContactId, ContactStatusId, CurrencyId, DealId, DealPipelineId, DealStageId, LifecycleStageId, NotAnId,
    NoteId, SalesAccountId, TaskId, UserId, ViewId,
};
pub use rest_core::{Call, Error, ErrorKind, Reply, Result};
