//! What REST clients share, so that a vendor crate holds only what is particular to its vendor: requests as data, one
//! pipeline with credentials, limits and safe retries, paging, decoding, and errors that say what to do.
//!
//! A vendor crate describes its vendor in a [`Profile`], builds [`Call`]s in pure functions, and sends them with a
//! [`RestClient`]. Nothing here knows a vendor.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use http::{HeaderMap, Request, Response, StatusCode};
//! use rest_core::{BaseUrl, ByteStream, Call, Classified, ErrorKind, Profile, RestClient, Transport, TransportError};
//!
//! #[derive(Debug)]
//! struct Acme;
//! impl Profile for Acme {
//!     fn vendor(&self) -> &'static str { "acme" }
//!     fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Classified {
//!         let mut class = Classified::from_status(status, headers);
//!         class.message = String::from_utf8_lossy(body).into_owned();
//!         class
//!     }
//! }
//!
//! /// A server in memory that knows one contact.
//! #[derive(Debug)]
//! struct Memory;
//! #[async_trait::async_trait]
//! impl Transport for Memory {
//!     async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError> {
//!         let (status, body) = match request.uri().path() {
//!             "/api/contacts/7" => (200, r#"{"id":7,"name":"Ada"}"#),
//!             _ => (404, "no such contact"),
//!         };
//!         let mut response = Response::new(rest_core::whole(Bytes::from_static(body.as_bytes())));
//!         *response.status_mut() = StatusCode::from_u16(status).unwrap();
//!         Ok(response)
//!     }
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Contact {
//!     #[serde(with = "rest_core::ids::text")]
//!     id: String,
//!     name: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> rest_core::Result<()> {
//! let client = RestClient::builder(BaseUrl::parse("https://acme.example/api")?, Arc::new(Acme))
//!     .transport(Arc::new(Memory))
//!     .build()?;
//! let reply = client.send(&Call::get("contacts.get").path(["contacts", "7"])).await?;
//! let contact: Contact = reply.json()?;
//! assert_eq!((contact.id.as_str(), contact.name.as_str()), ("7", "Ada"));
//!
//! let error = client.send(&Call::get("contacts.get").path(["contacts", "8"])).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! assert!(error.to_string().starts_with("acme contacts.get: 404 NotFound: no such contact (1 attempt"));
//! assert_eq!(client.ledger().snapshot().total().calls, 2);
//! # Ok(())
//! # }
//! ```

mod answer;
mod auth;
mod body;
mod call;
mod client;
mod clock;
mod decode;
mod error;
mod failure;
pub mod ids;
mod ledger;
mod limit;
mod limiter;
pub mod money;
mod page;
mod pipeline;
mod profile;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
mod retry;
pub mod secret;
mod stream;
mod transport;
mod url;

pub use crate::url::{BaseUrl, UrlPolicy, percent_encode};
pub use auth::{Access, AuthContext, Authenticator, Credentials, StaticHeader};
pub use body::BodyLimits;
pub use call::{Accept, Call, Payload, Safety, Target};
pub use client::{Reply, RestClient, RestClientBuilder, StreamReply};
pub use clock::{Clock, ManualClock, SystemClock};
pub use decode::{BadRecord, Row, depth_ok, row, rows};
pub use error::{Error, ErrorKind, FieldError, Result};
pub use ledger::{Ledger, LedgerSnapshot, Usage};
pub use limit::{Allowance, DailyBudget, LimitFeedback, Limits, Quota};
pub use page::{Page, pages, whole_pages};
pub use profile::{Acted, Classified, Profile, is_json};
#[cfg(feature = "reqwest")]
pub use reqwest_transport::{ReqwestOptions, ReqwestTransport};
pub use retry::{LONGEST_PAUSE, RetryBudget, RetryPolicy, retry_after, seconds};
pub use secret::{ExposeSecret, SecretString};
pub use transport::{ByteStream, Transport, TransportError, TransportErrorKind, whole};
