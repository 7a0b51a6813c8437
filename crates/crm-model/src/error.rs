use crate::{FieldPath, ObjectKind};

/// Why a text is not what it should be, or a value does not fit the field it was given for.
///
/// Never holds the value itself: values are personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A field path that cannot be read.
    #[error("`{text}` is not a field path: {why} (write `job_title`, `emails[primary]` or `custom.cf_tier`)")]
    Path {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A name that belongs to no object.
    #[error(
        "`{0}` is not an object (one of: contact, account, lead, deal, ticket, task, note, engagement, user, pipeline, stage, list)"
    )]
    ObjectKind(String),
    /// A value of the wrong type for a field.
    #[error("{object} field `{path}` takes {expected}, not {found}")]
    Type {
        /// The object whose field it is.
        object: ObjectKind,
        /// The field.
        path: FieldPath,
        /// What the field takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// A field that the object does not have; custom fields are written `custom.<api name>`.
    #[error("{object} has no field `{path}`; a vendor's own field is written `custom.<api name>`")]
    UnknownField {
        /// The object.
        object: ObjectKind,
        /// The field that does not exist.
        path: FieldPath,
    },
    /// A record of another object than the one asked for.
    #[error("this is a {found} record, not a {expected} record")]
    WrongObject {
        /// The object asked for.
        expected: ObjectKind,
        /// The object of the record.
        found: ObjectKind,
    },
    /// A text that is no ISO 4217 currency code.
    #[error("`{0}` is not a currency code of three letters (ISO 4217)")]
    Currency(String),
}
