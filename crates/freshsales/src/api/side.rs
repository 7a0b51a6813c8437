use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::ids::UserId;
use crate::models::User;

/// What came beside the records: arrays by kind (`users`, `sales_accounts`, `deal_stages`, `contact_status` …), to be
/// joined by the ids in the records.
#[derive(Clone, Default)]
pub struct SideLoads(BTreeMap<Box<str>, Box<RawValue>>);

impl SideLoads {
    pub(super) fn insert(&mut self, kind: &str, value: Box<RawValue>) {
        self.0.insert(kind.into(), value);
    }

    /// The things of one kind. Entries that cannot be read are left out: they are company, not the record asked for.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        let entries: Vec<&RawValue> =
            self.0.get(kind).and_then(|array| serde_json::from_str(array.get()).ok()).unwrap_or_default();
        entries.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect()
    }

    /// Owners, creators and updaters.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.get("users")
    }

    /// One user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<User> {
        self.users().into_iter().find(|user| user.id == id)
    }

    /// The kinds that came.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|kind| &**kind)
    }
}

impl fmt::Debug for SideLoads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
