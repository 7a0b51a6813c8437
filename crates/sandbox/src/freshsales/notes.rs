//! Notes. They are listed under what they are about, and cannot be read alone.

use serde_json::{Map, Value, json};

use super::coerce::{is_blank, wire_time, wrong_type};
use super::draft::By;
use super::errors::{Failure, Result};
use super::schema::Entity;
use super::state::{Call, State};
use super::store::{Note, Referrer};
use super::views::Paging;
use crate::{Action, Effect};

impl State {
    /// `GET /{entity}/{id}/notes`.
    pub(super) fn notes_of(&self, call: &Call<'_>, entity: Entity, id: i64) -> Result<Value> {
        self.readable(entity, id)?;
        let ids = self.store.referrers(entity, id, Referrer::Note);
        let mut notes: Vec<&Note> = ids.into_iter().filter_map(|id| self.store.note(id)).collect();
        notes.sort_by_key(|note| (note.created_at, note.id));
        notes.reverse();
        let page = Paging::new(call.request, None).cut(notes, self.quirks.short_pages);
        let mut out = Map::new();
        out.insert("notes".to_owned(), page.rows.iter().map(|note| self.note_json(note)).collect());
        if call.include.iter().any(|name| name == "creater") {
            let mut users: Vec<i64> = page.rows.iter().map(|note| note.creater_id).collect();
            users.sort_unstable();
            users.dedup();
            out.insert(
                "users".to_owned(),
                users.into_iter().filter_map(|id| self.selector_item("owners", id)).collect(),
            );
        }
        out.insert("meta".to_owned(), page.total_only());
        Ok(Value::Object(out))
    }

    pub(super) fn note_json(&self, note: &Note) -> Value {
        json!({
            "id": note.id,
            "description": note.description,
            "html_content": note.description,
            "created_at": wire_time(note.created_at, self.zone()),
            "updated_at": wire_time(note.updated_at, self.zone()),
            "url": null,
            "duration": null,
            "creater_id": note.creater_id,
            "has_access": true,
            "has_mentions": false,
            "collab_context": { "hasSlackViewAccess": false, "messageId": null },
            "targetables": [{ "id": note.target.1, "type": note.target.0.model() }],
        })
    }

    pub(super) fn create_note(&mut self, body: &Map<String, Value>, by: By) -> Result<(i64, Vec<Effect>)> {
        let description = description(body);
        let target = self.target(body, None);
        let (description, target) = both(description.and_then(|text| text.ok_or_else(blank_description)), target)?;
        let note = Note { id: 0, description, target, creater_id: by.user, created_at: by.now, updated_at: by.now };
        Ok(self.save_note(note, body, Action::Created, by))
    }

    pub(super) fn update_note(&mut self, id: i64, body: &Map<String, Value>, by: By) -> Result<Vec<Effect>> {
        let old = self.store.note(id).ok_or_else(Failure::not_found)?.clone();
        let target = match body.contains_key("targetable_id") {
            true => self.target(body, Some(old.target.0)),
            false => Ok(old.target),
        };
        let text = match body.contains_key("description") {
            true => description(body).and_then(|text| text.ok_or_else(blank_description)),
            false => Ok(old.description.clone()),
        };
        let (description, target) = both(text, target)?;
        let note = Note { description, target, ..old.clone() };
        if note == old && self.quirks.no_change_keeps_updated_at {
            return Ok(Vec::new());
        }
        if target != old.target {
            self.touch_note_parent(old.target, by);
        }
        Ok(self.save_note(Note { updated_at: by.now, ..note }, body, Action::Updated, by).1)
    }

    pub(super) fn delete_note(&mut self, id: i64, by: By) -> Result<Vec<Effect>> {
        let note = self.store.remove_note(id).ok_or_else(Failure::not_found)?;
        self.touch_note_parent(note.target, by);
        Ok(vec![Effect::new(Action::Deleted, "note", id, Vec::new())])
    }

    fn save_note(&mut self, note: Note, body: &Map<String, Value>, action: Action, by: By) -> (i64, Vec<Effect>) {
        let known = ["description", "targetable_id", "targetable_type"];
        let written = body.keys().filter(|key| known.contains(&key.as_str())).cloned().collect();
        let target = note.target;
        let id = self.store.put_note(note);
        self.touch_note_parent(target, by);
        (id, vec![Effect::new(action, "note", id, written)])
    }

    fn touch_note_parent(&mut self, target: (Entity, i64), by: By) {
        if self.quirks.note_touches_parent {
            self.touch(target.0, target.1, by.now);
        }
    }
}

fn blank_description() -> String {
    "Description can't be blank".to_owned()
}

fn description(body: &Map<String, Value>) -> std::result::Result<Option<String>, String> {
    match body.get("description") {
        None => Ok(None),
        Some(value) if is_blank(value) => Ok(None),
        Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong_type("description")),
    }
}

/// Both values, or all complaints.
fn both<A, B>(a: std::result::Result<A, String>, b: std::result::Result<B, String>) -> Result<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(Failure::invalid(a.err().into_iter().chain(b.err()))),
    }
}
