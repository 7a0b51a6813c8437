use std::fmt::{Debug, Display};

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of record that has views, upsert, search and a recycle bin: contacts, sales accounts and deals.
///
/// It is implemented by this crate only.
pub trait Entity: DeserializeOwned + Debug + Send + Sync + sealed::Sealed + 'static {
    /// Its id.
    type Id: Copy + Debug + Display + PartialEq + Into<i64> + From<i64> + Send + Sync + 'static;
    /// What a write does to it.
    type Write: Serialize + Send + Sync;

    /// The envelope of one record: `contact`.
    const SINGULAR: &'static str;
    /// The path, and the envelope of many: `contacts`.
    const PLURAL: &'static str;
    /// Views that together show every record that is alive, by the vendor's English names; the first set whose views
    /// all exist is used.
    const ALL_VIEWS: &'static [&'static [&'static str]];
    /// The names of the operations in errors, spans and the account of calls.
    const OPERATIONS: Operations;

    /// The record's id.
    fn id(&self) -> Self::Id;

    /// When it last changed.
    fn updated_at(&self) -> Option<DateTime<FixedOffset>>;

    /// Whether it is in the recycle bin.
    fn is_deleted(&self) -> bool;

    /// The text of its newest note; none: it has no note.
    fn recent_note(&self) -> Option<&str>;
}

/// The names of the operations on one kind of record.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the name of the operation that the field is named after")]
pub struct Operations {
    pub get: &'static str,
    pub views: &'static str,
    pub list: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub upsert: &'static str,
    pub delete: &'static str,
    pub forget: &'static str,
    pub notes: &'static str,
    pub fields: &'static str,
    pub find: &'static str,
    pub lookup: &'static str,
}

pub(super) mod sealed {
    /// Keeps the trait to this crate.
    pub trait Sealed {}
}

/// Implements [`Entity`] for a record with `id` and `updated_at`.
macro_rules! entity {
    ($name:ty, $id:ty, $write:ty, $singular:literal, $plural:literal, $views:expr) => {
        impl $crate::api::entity::sealed::Sealed for $name {}

        impl $crate::api::Entity for $name {
            type Id = $id;
            type Write = $write;

            const SINGULAR: &'static str = $singular;
            const PLURAL: &'static str = $plural;
            const ALL_VIEWS: &'static [&'static [&'static str]] = $views;
            const OPERATIONS: $crate::api::Operations = $crate::api::Operations {
                get: concat!($plural, ".get"),
                views: concat!($plural, ".views"),
                list: concat!($plural, ".list"),
                create: concat!($plural, ".create"),
                update: concat!($plural, ".update"),
                upsert: concat!($plural, ".upsert"),
                delete: concat!($plural, ".delete"),
                forget: concat!($plural, ".forget"),
                notes: concat!($plural, ".notes"),
                fields: concat!($plural, ".fields"),
                find: concat!($plural, ".find"),
                lookup: concat!($plural, ".lookup"),
            };

            fn id(&self) -> $id {
                self.id
            }

            fn updated_at(&self) -> Option<chrono::DateTime<chrono::FixedOffset>> {
                self.updated_at
            }

            fn is_deleted(&self) -> bool {
                self.is_deleted == Some(true)
            }

            fn recent_note(&self) -> Option<&str> {
                self.recent_note.as_deref().filter(|text| !text.is_empty())
            }
        }
    };
}
pub(super) use entity;
