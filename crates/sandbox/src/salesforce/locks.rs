//! Records that a transaction of somebody else holds for a while.

use std::collections::BTreeMap;

use super::derive::Written;
use super::errors::ApiError;
use super::ids::SfId;
use super::org::Org;
use super::schema::{FieldType, ObjectIndex};
use super::value::Value;

/// The held records, each with the number of writes that it will refuse.
#[derive(Debug, Default)]
pub(crate) struct Locks(BTreeMap<SfId, u32>);

impl Locks {
    /// Holds a record until that many writes were refused.
    pub(crate) fn hold(&mut self, id: SfId, writes: u32) {
        if writes > 0 {
            self.0.insert(id, writes);
        } else {
            self.0.remove(&id);
        }
    }

    /// The first of these records that is held; it will refuse one write fewer.
    fn meet(&mut self, ids: impl IntoIterator<Item = SfId>) -> Option<SfId> {
        if self.0.is_empty() {
            return None;
        }
        let id = ids.into_iter().find(|id| self.0.contains_key(id))?;
        let left = self.0.get(&id).map_or(0, |writes| writes.saturating_sub(1));
        self.hold(id, left);
        Some(id)
    }
}

impl Org {
    /// Refuses a write of a held record, and one that makes a record belong to a held one: the platform locks the
    /// parent of what it writes.
    pub(crate) fn check_locks(&mut self, object: ObjectIndex, id: SfId, written: &Written) -> Result<(), ApiError> {
        let definition = self.schema.object(object);
        let parents = written.iter().filter_map(|(index, value)| match value {
            Value::Id(parent) if definition.field(index).kind == FieldType::Reference => Some(*parent),
            _ => None,
        });
        locked(self.locks.meet(std::iter::once(id).chain(parents)))
    }

    /// Refuses a delete of a held record.
    pub(crate) fn check_lock(&mut self, id: SfId) -> Result<(), ApiError> {
        locked(self.locks.meet([id]))
    }
}

fn locked(held: Option<SfId>) -> Result<(), ApiError> {
    let Some(id) = held else { return Ok(()) };
    let message = format!("unable to obtain exclusive access to this record or 1 records: {id}");
    Err(ApiError::record("UNABLE_TO_LOCK_ROW", message, &[]))
}
