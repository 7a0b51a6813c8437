//! The contract on every store, what is special about files, and both stores side by side.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and tells its own other process what it found"
)]

mod contract;
mod privacy;
#[cfg(feature = "sqlite")]
mod same;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_process;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "most of it is for files"))]
mod support;
