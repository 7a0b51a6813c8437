//! What the crate promises, tried from outside.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod algebra;
mod consent;
mod create;
mod deletes;
mod echo;
mod findings;
mod mapping;
mod matching;
mod merge_table;
mod support;
mod values;
