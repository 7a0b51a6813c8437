//! Events as they happen: Change Data Capture and platform events over the Pub/Sub API. Feature `pubsub`.
//!
//! A [`Subscription`] is a stream that survives: it renews the session, resumes behind the last event after a broken
//! connection, and asks for more events as the reader takes them. What cannot be survived is told: events that could
//! not carry their data ([`Incoming::Gap`]), transactions too large to tell ([`Incoming::Overflow`]), and a stored place
//! that is older than the 72 hours for which the vendor keeps events ([`position_lost`]).
//!
//! ```no_run
//! use futures::TryStreamExt;
//! use salesforce::events::{Incoming, Start};
//! use salesforce::{Contact, Salesforce};
//!
//! # async fn example(client: Salesforce, stored: Option<String>) -> salesforce::Result<()> {
//! let start = match stored {
//!     Some(place) => Start::After(place.parse()?),
//!     None => Start::Latest,
//! };
//! let mut events = client.pubsub().subscribe("/data/ContactChangeEvent", start);
//! while let Some(incoming) = events.try_next().await? {
//!     match &incoming {
//!         Incoming::Change(event) if event.header().is_from_client("my-sync") => {} // our own write
//!         Incoming::Change(event) => {
//!             for row in event.records::<Contact>()? {
//!                 println!("{} {}: e-mail told: {}", event.header().change, row.id, row.extra("Email").is_some());
//!             }
//!         }
//!         Incoming::Gap(gap) => println!("read again: {:?}", gap.header.ids()),
//!         Incoming::Overflow(gap) => println!("read all of {} again", gap.header.entity),
//!         _ => {}
//!     }
//!     let place = incoming.replay_id().to_string(); // store it
//! #   drop(place);
//! }
//! # Ok(())
//! # }
//! ```

mod avro;
mod bitmap;
mod connection;
mod event;
mod header;
mod publish;
mod status;
mod subscription;

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, dead_code, reason = "generated")]
mod proto;

pub use avro::FieldValue;
pub use connection::PubSub;
pub use event::{ChangeEvent, Gap, Incoming, PlatformEvent, ReplayId, Undecodable};
pub use header::{ChangeEventHeader, ChangeType};
pub use publish::Published;
pub use status::position_lost;
pub use subscription::{Start, Subscription};
