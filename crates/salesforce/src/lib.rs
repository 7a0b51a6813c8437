//! A typed client of the Salesforce API: records one by one and by the hundred, queries as streams, describe, the feeds
//! of changed and deleted records, limits. Each record decodes straight into its type, unknown fields stay readable,
//! and one bad record never fails a page.
//!
//! ```
//! use futures::TryStreamExt;
//! use salesforce::{Change, Contact, ContactUpdate, NewContact, Salesforce, Session, soql};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // An emulated organisation; against a real one, log in with `ClientCredentials`.
//! let sandbox = sandbox::Sandbox::builder().data(sandbox::Data::Empty).build();
//! let running = sandbox.serve(0).await?;
//! let ready: serde_json::Value = serde_json::from_str(running.ready_line())?;
//! let given = |name: &str| ready["salesforce"][name].as_str().unwrap().to_owned();
//! let session = Session::new(&given("instance_url"), given("access_token"))?;
//! let client = Salesforce::builder().login(session).build()?;
//!
//! let ada = NewContact {
//!     last_name: Some("O'Lovelace".into()),
//!     email: Some("ada@example.com".into()),
//!     ..NewContact::default()
//! };
//! let id = client.contacts().create(&ada).await?;
//! client.contacts().update(id, &ContactUpdate { title: Change::Set("Analyst".into()), ..ContactUpdate::default() }).await?;
//!
//! let query = soql!("SELECT Id, Title, LeadSource FROM Contact WHERE LastName = {}", "O'Lovelace");
//! let rows: Vec<_> = client.query::<Contact>(query).stream().try_collect().await?;
//! assert_eq!(rows[0].title.as_deref(), Some("Analyst"));
//! assert_eq!(rows[0].extra("LeadSource").map(|raw| raw.get()), Some("null"));   // selected, and empty
//! assert!(rows[0].extra("Email").is_none());                                    // not selected
//! # running.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod api;
mod auth;
pub mod bulk;
mod client;
mod composite;
mod config;
mod error;
#[cfg(feature = "pubsub")]
pub mod events;
mod export;
#[doc(hidden)]
pub mod fuzzing;
mod ids;
mod models;
mod options;
#[cfg(feature = "soap")]
mod soap;
pub mod soql;
pub mod sosl;
mod time;
mod usage;
pub mod webhook;
mod writes;

pub use api::{
    ActionDescribe, ActionName, ActionParameter, ActionSummary, ApexCall, Blob, MOST_INLINE, MOST_INPUTS, RecentItem,
    note_html,
};
pub use api::{
    AllOrNone, ChildRelationship, Conditional, DeletedRecord, DeletedRecords, Describe, DescribedField, FieldKind,
    Fresh, GlobalDescribe, Identity, LeadingOperation, Limit, Locator, MOST_RETRIEVED, ObjectSummary, PicklistValue,
    PlanNote, Precondition, Query, QueryPage, QueryPlan, RecordTypeInfo, Records, Release, Retrieved, SearchResults,
    UpdatedRecords, Upserted, UserInfo, Versioned,
};
pub use api::{ChangeCursor, Changed, Changes, Finding, Gap, Problem, Tombstone};
#[cfg(feature = "soap")]
pub use auth::SoapLogin;
pub use auth::{
    AuthorizationCode, AuthorizationRequest, ClientCredentials, ConnectedApp, Login, LoginHost, RefreshToken,
    RefreshTokenStore, Session, SessionProvider, SubjectTokenType, TokenExchange, UsernamePassword,
};
#[cfg(feature = "jwt")]
pub use auth::{JwtBearer, PrivateKey};
pub use client::Salesforce;
pub use composite::{
    BatchAnswer, BatchRequest, CompositeAnswer, CompositeRequest, Graph, GraphAnswer, GraphAnswers, GraphRequest,
    Handle, MOST_GRAPHS, MOST_HEAVY_PARTS, MOST_NODES, MOST_PARTS, Part, PartAnswer, PartSummary, Ref, Target, Tree,
    TreeAnswer, TreeHandle, part,
};
pub use config::{ApiVersion, SalesforceBuilder};
pub use error::{ApiError, Duplicates, ErrorDetails, MatchRecord, MatchResult};
pub use export::CsvExport;
pub use ids::{Any, AnyId, Id, IdError, Keyed};
pub use models::*;
pub use options::{Assignment, CallOptions, DuplicateRules};
pub use rest_core::{BadRecord, Error, ErrorKind, Result, Row, SecretString};
#[cfg(feature = "derive")]
pub use salesforce_derive::SObject;
#[cfg(feature = "soap")]
pub use soap::{ConvertedLead, LeadConversion, Mergeable, Merged};
pub use time::{format_instant, parse_instant};
pub use usage::{ApiUsage, Used};
pub use writes::{
    ChangedRecord, MOST_WRITTEN, NewRecord, SaveResults, SaveSummary, Saved, Write, WriteKind, WriteOptions, WritePlan,
    WritePolicy, WriteReport, WriteStep, WriteWay,
};

/// The vendor's name in errors, spans, metrics and the ledger.
pub(crate) const VENDOR: &str = "salesforce";

/// What the code of `#[derive(SObject)]` and `picklist!` refers to. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use serde;

    pub use crate::models::{Written, read};

    /// Adds the fields that a struct does not name to a record being written.
    ///
    /// # Errors
    /// When one of them cannot be written as JSON.
    pub fn put<M: serde::ser::SerializeMap>(fields: &crate::Fields, record: &mut M) -> Result<(), M::Error> {
        fields.put(record)
    }
}

/// Mistakes in a derived object that do not compile, each beside what does.
///
/// ```
/// #[derive(salesforce::SObject)]
/// #[salesforce(object = "Van__c")]
/// struct Van { id: salesforce::Id<Van>, name: Option<String> }
/// ```
/// No object is named:
/// ```compile_fail
/// #[derive(salesforce::SObject)]
/// struct Van { id: salesforce::Id<Van>, name: Option<String> }
/// ```
/// A field that may be absent is no `Option`:
/// ```compile_fail
/// #[derive(salesforce::SObject)]
/// #[salesforce(object = "Van__c")]
/// struct Van { id: salesforce::Id<Van>, name: String }
/// ```
/// A type that no field has:
/// ```compile_fail
/// #[derive(salesforce::SObject)]
/// #[salesforce(object = "Van__c")]
/// struct Van { id: salesforce::Id<Van>, doors: Option<u8> }
/// ```
/// An attribute misspelt:
/// ```compile_fail
/// #[derive(salesforce::SObject)]
/// #[salesforce(object = "Van__c")]
/// struct Van { id: salesforce::Id<Van>, #[salesforce(readonly)] name: Option<String> }
/// ```
/// A field that only create takes, in an update:
/// ```compile_fail
/// #[derive(salesforce::SObject)]
/// #[salesforce(object = "Van__c", new = NewVan, update = VanUpdate)]
/// struct Van { id: salesforce::Id<Van>, #[salesforce(create_only)] name: Option<String> }
/// let update = VanUpdate { name: "x".into(), ..VanUpdate::default() };
/// ```
#[cfg(all(doctest, feature = "derive"))]
mod derived_mistakes {}
