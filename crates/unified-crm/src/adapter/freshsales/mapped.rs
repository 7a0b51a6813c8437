//! What a module must say about its object, so that one collection serves contacts, accounts and deals.

use crm_model::{Deleted, Meta, Object, RawJson};
use freshsales::{Entity, Loaded};

use super::VENDOR;
use super::fields::{Fields, ModelField};
use super::values::instant;
use crate::{FindBy, Result};

/// An object of the model that is one kind of record at Freshsales.
pub(crate) trait Mapped: Object {
    /// The kind of record.
    type Entity: Entity<Write: Default + Clone + PartialEq>;

    /// What every read and write asks for beside the record, so that all answers show the same fields.
    const INCLUDE: &'static [&'static str];
    /// Further fields of the vendor's that go into `custom` by their names: texts.
    const EXTRAS: &'static [&'static str];
    /// The path of the record's pages.
    const PATH: &'static str;
    /// By which keys a record is found.
    const FIND: &'static [FindBy];

    /// The fields of the model that have a place.
    fn fields() -> Vec<ModelField>;

    /// The record as the model sees it.
    fn read(record: &Loaded<Self::Entity>, fields: &Fields) -> Self;

    /// Whether a patch changes an entry of a list, which can only be written with its neighbours or by its own id.
    fn needs_current(patch: &Self::Patch) -> bool;

    /// The body of a write. Without a current record it is one of a create.
    ///
    /// # Errors
    /// `Invalid` for a value that has no place, `Unsupported` for an opt-out that has none.
    fn write(
        patch: &Self::Patch,
        current: Option<&Loaded<Self::Entity>>,
        fields: &Fields,
    ) -> Result<<Self::Entity as Entity>::Write>;

    /// Puts the key of a create into the body; gives the field that it went to, if there is one.
    ///
    /// # Errors
    /// `Invalid` where the field holds something else already.
    fn put_key(write: &mut <Self::Entity as Entity>::Write, key: &str, fields: &Fields) -> Result<Option<String>>;

    /// The field that holds the key of a create.
    fn key_field(fields: &Fields) -> Option<&str> {
        fields.key_field.as_deref()
    }

    /// Whether a record carries a name or an e-mail address exactly.
    fn carries(&self, by: FindBy, text: &str) -> bool;
}

/// What every record carries beside its fields.
pub(crate) fn meta<E: Entity>(
    record: &Loaded<E>,
    fields: &Fields,
    created: Option<chrono::DateTime<chrono::FixedOffset>>,
    updated_by: Option<freshsales::UserId>,
) -> Meta {
    let id: i64 = record.id().into();
    let mut meta = Meta::new(VENDOR, id.to_string());
    meta.created_at = instant(created);
    meta.updated_at = instant(record.updated_at());
    meta.updated_by = updated_by.map(|user| user.to_string().into());
    meta.deleted = if record.is_deleted() { Deleted::Soft { at: meta.updated_at } } else { Deleted::No };
    meta.url = Some(format!("{}{id}", fields.page));
    meta.raw = fields.keep_raw.then(|| RawJson::new(record.raw().get()));
    meta
}
