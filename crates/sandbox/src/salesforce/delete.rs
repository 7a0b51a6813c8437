//! Deleting with its cascades, the recycle bin, and merging.

use std::sync::Arc;

use super::derive;
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::{Author, Org};
use super::schema::{Object, ObjectIndex};
use super::value::Value;
use super::write::{Fields, converted_lead};
use crate::Action;

impl Org {
    /// Moves a live record into the recycle bin, with everything that belongs to it.
    pub(crate) fn delete(&mut self, object: ObjectIndex, id: SfId, author: Author) -> Result<(), Failure> {
        self.live_row(object, id)?;
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        if !definition.can.deletable {
            let message = format!("entity type {} does not support delete", definition.name);
            return Err(ApiError::record("DELETE_FAILED", message, &[]).into());
        }
        if self.quirks.protect_accounts_with_won_deals && definition.name == "Account" {
            self.refuse_won_deals(definition, id)?;
        }
        self.refuse_restricted(definition, id)?;
        self.check_lock(id)?;
        self.delete_tree(object, id, id, author);
        Ok(())
    }

    fn refuse_won_deals(&self, account: &Object, id: SfId) -> Result<(), ApiError> {
        let Some(link) = account.find_children("Opportunities") else {
            return Ok(());
        };
        let deals = self.schema.object(link.child);
        let won = self
            .store
            .live_with_value(link.child, link.field, &Value::Id(id))
            .into_iter()
            .find(|deal| self.store.get(link.child, *deal).is_some_and(|row| row.get(deals, "IsWon").is_true()));
        match won {
            None => Ok(()),
            Some(deal) => {
                let message = format!(
                    "Your attempt to delete the account could not be completed because it is associated with the \
                     closed won opportunity {deal}."
                );
                Err(ApiError::record("DELETE_FAILED", message, &[]))
            }
        }
    }

    /// Some children keep their parent from being deleted.
    fn refuse_restricted(&self, definition: &Object, id: SfId) -> Result<(), ApiError> {
        for link in definition.children.iter().filter(|link| link.restricted_delete) {
            let children = self.store.live_with_value(link.child, link.field, &Value::Id(id));
            if children.is_empty() {
                continue;
            }
            let child = self.schema.object(link.child);
            let listed = children.iter().take(5).filter_map(|id| {
                let row = self.store.get(link.child, *id)?;
                child.name_field().and_then(|name| row.values[name].as_text()).map(str::to_owned)
            });
            let message = format!(
                "Your attempt to delete the {} could not be completed because it is associated with the following {}: {}",
                definition.label.to_lowercase(),
                child.label_plural.to_lowercase(),
                listed.collect::<Vec<_>>().join(", ")
            );
            return Err(ApiError::record("DELETE_FAILED", message, &[]));
        }
        Ok(())
    }

    pub(crate) fn delete_tree(&mut self, object: ObjectIndex, id: SfId, root: SfId, author: Author) {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let Some(row) = self.store.get(object, id).filter(|row| !row.is_deleted()) else {
            return;
        };
        let mut row = row.clone();
        row.set_deleted(definition, Some(root));
        self.stamp(definition, &mut row, author);
        self.store.put(object, row);
        self.note(Action::Deleted, definition, id, Vec::new());
        for link in &definition.children {
            if !self.store.is_indexed(link.child, link.field) {
                continue;
            }
            for child in self.store.live_with_value(link.child, link.field, &Value::Id(id)) {
                if link.cascade_delete {
                    self.delete_tree(link.child, child, root, author);
                } else {
                    self.relink(link.child, child, link.field, Value::Null, author);
                }
            }
        }
        derive::after_delete(self, definition, id, author);
    }

    /// Points a reference elsewhere, as the platform does on its own account.
    fn relink(&mut self, object: ObjectIndex, id: SfId, field: usize, target: Value, author: Author) {
        let schema = Arc::clone(&self.schema);
        let Some(row) = self.store.get(object, id) else {
            return;
        };
        let mut row = row.clone();
        row.values[field] = target;
        self.stamp(schema.object(object), &mut row, Author { automation: true, ..author });
        self.store.put(object, row);
    }

    /// Takes a record out of the recycle bin, with everything that went there along with it.
    pub(crate) fn undelete(&mut self, object: ObjectIndex, id: SfId, author: Author) -> Result<(), Failure> {
        let not_in_bin = || ApiError::record("UNDELETE_FAILED", "Entity is not in the recycle bin", &[]);
        let row = self.store.get(object, id).ok_or_else(ApiError::not_found)?;
        let schema = Arc::clone(&self.schema);
        if !schema.object(object).can.undeletable {
            let message = "Entity type is not undeletable";
            return Err(ApiError::record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, &[]).into());
        }
        if row.deleted_with != Some(id) {
            return Err(not_in_bin().into());
        }
        let merged = row.get(schema.object(object), "MasterRecordId");
        if !merged.is_null() {
            return Err(not_in_bin().into());
        }
        for (object, definition) in schema.objects.iter().enumerate() {
            let rows = self.store.rows(object).filter(|row| row.deleted_with == Some(id));
            let ids: Vec<SfId> = rows.map(|row| row.id).collect();
            for id in ids {
                let Some(mut row) = self.store.get(object, id).cloned() else {
                    continue;
                };
                for (field, _) in definition.fields.iter().enumerate().filter(|(_, field)| field.unique) {
                    self.check_unique(object, id, field, &row.values[field])?;
                }
                row.set_deleted(definition, None);
                self.stamp(definition, &mut row, Author { automation: true, ..author });
                self.store.put(object, row);
                self.note(Action::Restored, definition, id, Vec::new());
                derive::roll_up(self, definition, None, id, author);
            }
        }
        Ok(())
    }

    /// Removes a record for good that was itself put into the bin.
    pub(crate) fn purge_from_bin(&mut self, object: ObjectIndex, id: SfId, author: Author) -> Result<(), Failure> {
        let row = self.store.get(object, id).ok_or_else(ApiError::not_found)?;
        if row.deleted_with != Some(id) {
            return Err(ApiError::record("DELETE_FAILED", "Entity is not in the recycle bin", &[]).into());
        }
        self.purge(object, id, author)
    }

    /// Removes a record for good, from the bin or at once.
    pub(crate) fn purge(&mut self, object: ObjectIndex, id: SfId, author: Author) -> Result<(), Failure> {
        let row = self.store.get(object, id).ok_or_else(ApiError::not_found)?;
        if !row.is_deleted() {
            self.delete(object, id, author)?;
        }
        let schema = Arc::clone(&self.schema);
        for (object, definition) in schema.objects.iter().enumerate() {
            let rows = self.store.rows(object).filter(|row| row.deleted_with == Some(id));
            let ids: Vec<SfId> = rows.map(|row| row.id).collect();
            for id in ids {
                self.store.purge(object, id);
                self.note(Action::Purged, definition, id, Vec::new());
            }
        }
        Ok(())
    }

    /// Merges up to two losers into a winner: their children move to it, they go to the bin with `MasterRecordId`
    /// set, and `fields` are written to the winner. The children that moved.
    pub(crate) fn merge(
        &mut self,
        object: ObjectIndex,
        winner: SfId,
        losers: &[SfId],
        fields: &Fields,
        author: Author,
    ) -> Result<Vec<SfId>, Failure> {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let sensible = definition.can.mergeable && (1..=2).contains(&losers.len()) && !losers.contains(&winner);
        if !sensible {
            let message = "One or two other records of an object that supports merge must be given";
            return Err(ApiError::record("INVALID_OPERATION", message, &[]).into());
        }
        let mut moved = Vec::new();
        for &id in losers.iter().chain([&winner]) {
            let row = self.live_row(object, id)?;
            if definition.name == "Lead" && row.get(definition, "IsConverted").is_true() {
                return Err(converted_lead(&[]).into());
            }
        }
        for &loser in losers {
            let mut row = self.live_row(object, loser)?.clone();
            // Children that move to the winner are not told of.
            self.store.quiet = true;
            for link in &definition.children {
                if !self.store.is_indexed(link.child, link.field) {
                    continue;
                }
                for child in self.store.live_with_value(link.child, link.field, &Value::Id(loser)) {
                    // The winner must not become its own parent.
                    let target = if child == winner { Value::Null } else { Value::Id(winner) };
                    self.relink(link.child, child, link.field, target, author);
                    derive::roll_up(self, schema.object(link.child), None, child, author);
                    moved.push(child);
                }
            }
            self.store.quiet = false;
            row.set_deleted(definition, Some(loser));
            row.set(definition, "MasterRecordId", Value::Id(winner));
            self.stamp(definition, &mut row, author);
            self.store.put(object, row);
            self.note(Action::Deleted, definition, loser, Vec::new());
            derive::after_delete(self, definition, loser, author);
        }
        self.update(object, winner, fields, author)?;
        Ok(moved)
    }
}
