use async_trait::async_trait;
use crm_model::{AnyRef, List, ListMember, NewMember, RemoteId};
use futures::stream::BoxStream;

use crate::Result;

/// The lists of one CRM (campaigns, mailing lists, segments) and who is on them.
#[async_trait]
pub trait Lists: Send + Sync {
    /// Streams the lists, those that are not in use any more included.
    fn all(&self) -> BoxStream<'_, Result<List>>;

    /// Streams the members of a list. A member whose record is of an object that the model does not know is left out.
    ///
    /// The stream ends with [`NotFound`](crate::ErrorKind::NotFound) where there is no such list.
    fn members(&self, list: &RemoteId<List>) -> BoxStream<'_, Result<ListMember>>;

    /// Puts records on a list: one result per record, in the same order. A record that is on it already stays as it is,
    /// and counts as put there.
    async fn add(&self, list: &RemoteId<List>, members: &[NewMember]) -> Vec<Result<ListMember>>;

    /// Takes records off a list: one result per record, in the same order. A record that is not on it counts as taken.
    async fn remove(&self, list: &RemoteId<List>, records: &[AnyRef]) -> Vec<Result<()>>;

    /// The lists that a record is on.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    async fn of(&self, record: &AnyRef) -> Result<Vec<RemoteId<List>>>;
}
