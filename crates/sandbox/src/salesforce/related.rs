//! Relationship paths: `sobjects/X/ID/PARENT[/PARENT…]`, and `sobjects/X/ID/CHILDREN`.

use axum::http::{Method, StatusCode};
use serde_json::Value as Json;

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::records::named_fields;
use super::schema::{ChildRelationship, FieldIndex, ObjectIndex};
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
        let object = self.schema.object(link.child);
        let mut fields: Vec<FieldIndex> = match call.param("fields") {
            None => object.visible().map(|(index, _)| index).collect(),
            Some(list) => named_fields(object, list)?,
        };
        // The id is the first field, and shown last where it was not asked for.
        if !fields.contains(&0) {
            fields.push(0);
        }
        Ok(Answer::ok(self.page_of(call, link.child, &ids, &fields)))
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
