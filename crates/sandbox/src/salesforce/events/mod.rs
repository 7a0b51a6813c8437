//! Events: what the organisation tells others about changes, and what others publish.
//!
//! Every committed change becomes a change event on the [bus](bus), in binary Avro; platform events come from the REST API
//! and from publishers. Subscribers read the bus over the Pub/Sub API (`rpc`, feature `pubsub`) or over
//! the older [Streaming API](cometd). Outbound messages wait
//! in a [queue](messages) of their own.

mod avro;
mod bus;
mod capture;
mod cometd;
mod control;
mod messages;
mod platform;
#[cfg(feature = "pubsub")]
pub(crate) mod rpc;
mod shape;

pub use bus::Cuts;
pub(crate) use bus::{Bus, is_platform};
pub(crate) use capture::Cause;
pub(crate) use cometd::Cometd;
pub use control::Events;
pub(crate) use messages::Messages;
pub use messages::{Answered, Delivery};
pub(crate) use platform::Held;
