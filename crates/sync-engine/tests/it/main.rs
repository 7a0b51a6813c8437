//! The engine between two in-memory systems: what travels, what does not, and what is remembered.

mod conflicts;
mod consent;
mod deletes;
mod first_sync;
mod references;
mod support;
