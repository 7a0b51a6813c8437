//! What moves to a new owner along with an account.

use std::sync::Arc;

use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::ObjectIndex;
use super::store::Row;
use super::value::Value;

impl Org {
    /// Gives the former owner's contacts and open opportunities of an account to its new owner. The platform does it on its
    /// own account: `SystemModstamp` moves, `LastModifiedDate` does not.
    pub(crate) fn cascade_owner(&mut self, object: ObjectIndex, id: SfId, before: &Row, author: Author) {
        let schema = Arc::clone(&self.schema);
        let account = schema.object(object);
        if account.name != "Account" || !self.quirks.owner_cascade {
            return;
        }
        let former = before.get(account, "OwnerId").clone();
        let owner = self.store.get(object, id).map(|row| row.get(account, "OwnerId").clone());
        let Some(owner) = owner.filter(|owner| *owner != former) else {
            return;
        };
        for name in ["Contacts", "Opportunities"] {
            let Some(link) = account.find_children(name) else {
                continue;
            };
            let child = schema.object(link.child);
            for id in self.store.live_with_value(link.child, link.field, &Value::Id(id)) {
                let row = self.store.get(link.child, id);
                let moves = |row: &&Row| *row.get(child, "OwnerId") == former && !row.get(child, "IsClosed").is_true();
                let Some(mut row) = row.filter(moves).cloned() else {
                    continue;
                };
                row.set(child, "OwnerId", owner.clone());
                self.stamp(child, &mut row, Author { automation: true, ..author });
                self.store.put(link.child, row);
            }
        }
    }
}
