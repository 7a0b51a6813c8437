//! The laws of the model: what is equal to what, what round-trips, and what never shows.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod consent;
mod named;
mod patches;
mod paths;
mod records;
mod redaction;
mod serialising;
mod strategy;
