//! Records reached over a relationship of another: its parent, or its children.

use futures::stream::BoxStream;
use rest_core::{Call, ErrorKind, Result, Row, Safety};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::query::{PAGE_BYTES, rows_of};
use super::sobjects::{Records, row};
use crate::ids::Id;
use crate::models::SObject;

impl<T: SObject> Records<T> {
    /// Reads the record that a lookup of this one points to (`Account` of a contact; `Parent__r` for custom fields). With
    /// `fields` empty, all that the user may see. `None` if the lookup is empty. Several steps are joined by slashes in the
    /// vendor's notation (`Account/Owner`).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if this record does not exist or the relationship is unknown; [`ErrorKind::Invalid`] for an
    /// unknown field.
    pub async fn parent<P: SObject>(&self, id: Id<T>, relationship: &str, fields: &[&str]) -> Result<Option<Row<P>>> {
        let call = self.over(Call::get("sobjects.parent"), id, relationship);
        let call = call.query_opt("fields", (!fields.is_empty()).then(|| fields.join(",")));
        match self.client.send(call).await {
            Ok(reply) => row(&reply).map(Some),
            // An empty lookup and an unknown relationship are both 404. One cheap read tells them apart.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.lookup_is_empty(id, relationship).await? {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the first empty step of a chain of lookups is one that exists.
    async fn lookup_is_empty(&self, id: Id<T>, relationship: &str) -> Result<bool> {
        let chain = relationship.replace('/', ".");
        let soql = format!("SELECT {chain}.Id FROM {} WHERE Id = '{id}'", T::NAME);
        let well_formed = chain
            .split('.')
            .all(|step| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        if !well_formed {
            return Ok(false);
        }
        let found = self.client.query::<serde::de::IgnoredAny>(crate::soql::Soql::unchecked(soql)).first().await;
        match found {
            Ok(row) => Ok(row.is_some()),
            Err(error) if error.kind() == ErrorKind::Invalid => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Changes the record that a lookup of this one points to.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none; else as [`update`](Self::update).
    pub async fn update_parent(&self, id: Id<T>, relationship: &str, update: &(impl Serialize + Sync)) -> Result<()> {
        let call = self.over(Call::patch("sobjects.update_parent"), id, relationship);
        self.client.send(call.safety(Safety::Idempotent).json(update)).await.map(drop)
    }

    /// Deletes the record that a lookup of this one points to. Not repeated when the outcome is not known: the lookup may
    /// point elsewhere by then.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none; else as [`delete`](Self::delete).
    pub async fn delete_parent(&self, id: Id<T>, relationship: &str) -> Result<()> {
        let call = self.over(Call::delete("sobjects.delete_parent"), id, relationship);
        self.client.send(call.safety(Safety::Unsafe)).await.map(drop)
    }

    /// Streams the children of a record by the relationship's name (`Contacts` of an account), all pages of them. With
    /// `fields` empty, all that the user may see.
    ///
    /// # Errors
    /// In the stream: [`ErrorKind::NotFound`] if the record does not exist or the relationship is unknown.
    pub fn children<C: DeserializeOwned + Send + 'static>(
        &self,
        id: Id<T>,
        relationship: &str,
        fields: &[&str],
    ) -> BoxStream<'static, Result<Row<C>>> {
        let call = self.over(Call::get("sobjects.children"), id, relationship).body_limit(PAGE_BYTES);
        let call = call.query_opt("fields", (!fields.is_empty()).then(|| fields.join(",")));
        rows_of(self.client.clone(), call)
    }

    fn over(&self, call: Call, id: Id<T>, relationship: &str) -> Call {
        let steps = relationship.split('/');
        call.path(self.client.version().path(["sobjects", T::NAME, id.as_str()].into_iter().chain(steps)))
    }
}
