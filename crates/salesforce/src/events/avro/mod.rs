//! As much of Avro as events need: a schema from its JSON, one record from and to binary, no container.

mod read;
mod schema;
mod write;

pub(super) use read::{Nested, read, write_json, write_text};
pub(super) use schema::{Record, Schema};
pub(super) use write::write;

pub use read::FieldValue;

/// What is wrong with a schema or a payload. Quotes no values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct AvroError(pub(super) String);

impl AvroError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
