//! The engine between two in-memory systems: what travels, what does not, and what is remembered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod conflicts;
mod consent;
mod deletes;
mod first_sync;
mod references;
mod support;
