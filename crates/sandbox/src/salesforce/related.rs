//! Relationship paths: `sobjects/X/ID/PARENT[/PARENT…]`, and `sobjects/X/ID/CHILDREN`.

use axum::http::{Method, StatusCode};
use serde_json::Value as Json;

use super::call::{Answer, Call};
use super::cursors::Snapshot;
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::query::{page_json, page_size};
use super::records::named_fields;
use super::schema::{ChildRelationship, ObjectIndex};
use super::store::Row;
use super::value::Value;

/// Where a path ends.
enum End {
    Parent(ObjectIndex, SfId),
    Children(ChildRelationship, SfId),
}

impl Org {
    /// `sobjects/X/ID/RELATIONSHIP…`.
    pub(crate) fn related(
        &mut self,
        call: &Call,
        object: ObjectIndex,
        id: &str,
        steps: &[&str],
    ) -> Result<Answer, Failure> {
        let id = self.row_id(object, id)?;
        match self.follow(object, id, steps)? {
            End::Parent(object, id) => self.parent(call, object, id),
            End::Children(link, id) => self.children(call, link, id),
        }
    }

    fn follow(&self, object: ObjectIndex, id: SfId, steps: &[&str]) -> Result<End, ApiError> {
        let (mut object, mut id) = (object, id);
        let mut steps = steps.iter().peekable();
        while let Some(step) = steps.next() {
            let definition = self.schema.object(object);
            let row = self.live_row(object, id).map_err(|_| ApiError::not_found())?;
            if let Some(hop) = definition.find_relationship(step) {
                let parent = row.values[hop].as_id().and_then(|id| self.store.lookup(id));
                let Some((index, parent)) = parent.filter(|(_, row)| !row.is_deleted()) else {
                    let message = "Provided relationship traversal has no record: the parent is null";
                    return Err(ApiError::request("NOT_FOUND", message).with_status(StatusCode::NOT_FOUND));
                };
                (object, id) = (index, parent.id);
                continue;
            }
            return match (definition.find_children(step), steps.peek()) {
                (Some(link), None) => Ok(End::Children(*link, id)),
                _ => Err(ApiError::not_found()),
            };
        }
        Ok(End::Parent(object, id))
    }

    fn parent(&mut self, call: &Call, object: ObjectIndex, id: SfId) -> Result<Answer, Failure> {
        call.only("HEAD,GET,PATCH,DELETE")?;
        match call.method {
            Method::GET => {
                let row = self.live_row(object, id)?;
                Ok(Answer::ok(self.shown(call, object, row)?))
            }
            _ => self.row(call, object, id),
        }
    }

    fn children(&mut self, call: &Call, link: ChildRelationship, parent: SfId) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let ids = self.store.live_with_value(link.child, link.field, &Value::Id(parent));
        let rows = ids.iter().filter_map(|id| self.store.get(link.child, *id));
        let rows = rows.map(|row| Ok((self.shown(call, link.child, row)?, 1))).collect::<Result<Vec<_>, ApiError>>()?;
        let total = rows.len();
        let snapshot = Snapshot::new(rows, page_size(call), self.now);
        let Some(page) = snapshot.page(0) else {
            return Ok(Answer::ok(serde_json::json!({"totalSize": total, "done": true, "records": []})));
        };
        let cursor = (!snapshot.fits_one_page()).then(|| self.cursors.open(snapshot, &self.quirks));
        Ok(Answer::ok(page_json(call, page, cursor)))
    }

    fn shown(&self, call: &Call, object: ObjectIndex, row: &Row) -> Result<Json, ApiError> {
        match call.param("fields") {
            None => Ok(self.full_json(object, row, &call.version)),
            Some(list) => {
                let fields = named_fields(self.schema.object(object), list)?;
                Ok(self.some_json(object, row, &fields, &call.version))
            }
        }
    }
}
