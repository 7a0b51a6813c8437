use serde::Deserialize;

use crate::ids::{UserId, ViewId};

/// A view: the only way to list contacts, accounts and deals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct View {
    /// The id; differs from account to account.
    pub id: ViewId,
    /// The name, in the account's language: `All Contacts`, `Recycle Bin`.
    pub name: String,
    /// The kind of record: `Contact`, `SalesAccount`, `Deal`.
    pub model_class_name: Option<String>,
    /// Whose view it is; none for the vendor's own.
    pub user_id: Option<UserId>,
    /// Whether it is shown first.
    pub is_default: Option<bool>,
}
