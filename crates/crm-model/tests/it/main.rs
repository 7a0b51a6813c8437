//! The laws of the model: what is equal to what, what round-trips, and what never shows.

mod consent;
mod patches;
mod paths;
mod records;
mod redaction;
mod serialising;
mod strategy;
