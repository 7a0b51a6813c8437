//! What a human does in the user interface: the same rules, another user.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::draft::By;
use super::errors::{Failure, Result};
use super::render::Form;
use super::schema::Entity;
use super::state::{State, whole_second};
use crate::{Edited, Effect, HumanEdit, Refused};

/// What can be edited.
enum Object {
    Record(Entity),
    Task,
    Note,
}

impl Object {
    fn named(name: &str) -> Result<Object> {
        match name {
            "task" | "tasks" | "Task" => Ok(Object::Task),
            "note" | "notes" | "Note" => Ok(Object::Note),
            other => Entity::named(other).map(Object::Record).ok_or_else(Failure::not_found),
        }
    }
}

impl State {
    pub(super) fn human(&mut self, edit: &HumanEdit, now: DateTime<Utc>) -> std::result::Result<Edited, Refused> {
        let by = By { now: whole_second(now), user: self.human_user() };
        let (id, effects) = self.do_edit(edit, by).map_err(|failure| Refused::from(failure.into_reply()))?;
        let record = self.shown(edit.object(), id, now).unwrap_or_default();
        Ok(Edited::new(id, record, effects))
    }

    fn do_edit(&mut self, edit: &HumanEdit, by: By) -> Result<(i64, Vec<Effect>)> {
        let object = Object::named(edit.object())?;
        match edit {
            HumanEdit::Create { fields, .. } => match object {
                Object::Record(entity) => self.create(entity, as_object(fields)?, by),
                Object::Task => self.create_task(as_object(fields)?, by),
                Object::Note => self.create_note(as_object(fields)?, by),
            },
            HumanEdit::Edit { id, fields, .. } => {
                let (id, fields) = (numeric(id)?, as_object(fields)?);
                let effects = match object {
                    Object::Record(entity) => self.update(entity, id, fields, by)?,
                    Object::Task => self.update_task(id, fields, by)?,
                    Object::Note => self.update_note(id, fields, by)?,
                };
                Ok((id, effects))
            }
            HumanEdit::Delete { id, .. } => {
                let id = numeric(id)?;
                let effects = match object {
                    Object::Record(entity) => self.delete(entity, id, by)?,
                    Object::Task => self.delete_task(id, by)?,
                    Object::Note => self.delete_note(id, by)?,
                };
                Ok((id, effects))
            }
            HumanEdit::Restore { id, .. } => match object {
                Object::Record(entity) => numeric(id).and_then(|id| Ok((id, self.restore(entity, id, by)?))),
                // Tasks and notes have no recycle bin.
                Object::Task | Object::Note => Err(Failure::not_found()),
            },
            HumanEdit::Purge { id, .. } => {
                let id = numeric(id)?;
                let effects = match object {
                    Object::Record(entity) => self.forget(entity, id)?,
                    Object::Task => self.delete_task(id, by)?,
                    Object::Note => self.delete_note(id, by)?,
                };
                Ok((id, effects))
            }
            // Merging and automation are not emulated for this vendor.
            HumanEdit::Merge { .. } | HumanEdit::Automation { .. } | HumanEdit::Hold { .. } => {
                Err(Failure::not_found())
            }
        }
    }

    /// A record with every id that an include could add.
    pub(super) fn shown(&self, object: &str, id: i64, now: DateTime<Utc>) -> Option<Value> {
        match Object::named(object).ok()? {
            Object::Record(entity) => {
                let record = self.store.get(entity, id)?;
                let mut include: Vec<String> =
                    super::schema::joins(entity).iter().map(|join| join.include.to_owned()).collect();
                include.extend(
                    ["sales_account", "sales_accounts", "contacts", "deals", "tasks", "notes"].map(str::to_owned),
                );
                Some(self.full(record, &include, Form::Detail, now))
            }
            Object::Task => self.store.task(id).map(|task| self.task_json(task)),
            Object::Note => self.store.note(id).map(|note| self.note_json(note)),
        }
    }
}

fn as_object(fields: &Value) -> Result<&Map<String, Value>> {
    fields.as_object().ok_or_else(|| Failure::because("Invalid JSON"))
}

fn numeric(id: &str) -> Result<i64> {
    id.trim().parse().map_err(|_| Failure::not_a_number())
}
