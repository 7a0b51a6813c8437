//! What the crate promises, tried from outside.

mod algebra;
mod consent;
mod create;
mod deletes;
mod echo;
mod findings;
mod mapping;
mod matching;
mod merge_table;
mod speed;
mod support;
mod values;
