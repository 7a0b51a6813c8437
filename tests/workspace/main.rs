//! Tests that cross crates: whole syncs between the emulated vendors, in process and in simulated time.

mod bad_input;
mod check;
mod drive;
mod found;
mod promises;
mod seeds;
mod simulation;
