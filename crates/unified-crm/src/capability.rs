use std::collections::{BTreeMap, BTreeSet};

use crm_model::ObjectKind;
use serde::Serialize;

/// What one CRM can do, object by object. An object that is missing is not supported at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// Per object.
    pub objects: BTreeMap<ObjectKind, CollectionCapabilities>,
    /// Whether [`Crm::users`](crate::Crm::users) answers.
    pub users: bool,
    /// Whether [`Crm::pipelines`](crate::Crm::pipelines) answers.
    pub pipelines: bool,
    /// Whether [`Crm::proxy`](crate::Crm::proxy) passes requests on.
    pub proxy: bool,
    /// The objects of which [`Crm::field_groups`](crate::Crm::field_groups) tells the pages.
    pub field_groups: BTreeSet<ObjectKind>,
    /// The objects of which [`Crm::views`](crate::Crm::views) tells the views, and which can be listed through them.
    pub views: BTreeSet<ObjectKind>,
    /// The objects that [`Crm::search`](crate::Crm::search) finds.
    pub search: BTreeSet<ObjectKind>,
    /// Whether there are [lists](crate::Crm::lists).
    pub lists: bool,
    /// Whether [`Crm::convert_leads`](crate::Crm::convert_leads) converts.
    pub convert_leads: bool,
    /// The objects that [`Crm::merge`](crate::Crm::merge) merges records of.
    pub merge: BTreeSet<ObjectKind>,
}

/// How a collection tells what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum ChangeSupport {
    /// It cannot tell.
    None,
    /// Every call reads everything; the vendor has no order by time for this object.
    FullScan,
    /// A call reads what changed since the cursor, with an overlap.
    Incremental,
}

/// What a collection can know about deletions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum DeleteEvidence {
    /// Nothing: a deletion is only found by asking for the id.
    ByIdOnly,
    /// The change feed names deleted records.
    Feed,
}

/// What a record can be found by, beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum FindBy {
    /// An e-mail address.
    Email,
    /// The key it was created under ([`Create::key`](crate::Create::key)).
    CreateKey,
    /// Its exact name.
    Name,
}

/// What can be done with one object of one CRM. Derived from what is implemented; the contract suite fails when the
/// two disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CollectionCapabilities {
    /// Records can be listed.
    pub list: bool,
    /// Records can be fetched by id, this many in one call (0: not at all).
    pub get_batch: usize,
    /// Records can be found by these.
    pub find: Vec<FindBy>,
    /// How changes are told.
    pub changes: ChangeSupport,
    /// How deletions are told.
    pub deletes: DeleteEvidence,
    /// Records can be created.
    pub create: bool,
    /// Records can be updated.
    pub update: bool,
    /// Records can be deleted.
    pub delete: bool,
    /// A create may carry a key under which it happens at most once, and by which it can be found again.
    pub create_once: bool,
    /// This many writes travel in one call.
    pub write_batch: usize,
    /// A write answers with the record as it is afterwards.
    pub returns_record: bool,
    /// A record says who changed it last.
    pub tells_author: bool,
}

impl CollectionCapabilities {
    /// A collection that can do nothing yet; adapters switch on what they implement.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            list: false,
            get_batch: 0,
            find: Vec::new(),
            changes: ChangeSupport::None,
            deletes: DeleteEvidence::ByIdOnly,
            create: false,
            update: false,
            delete: false,
            create_once: false,
            write_batch: 1,
            returns_record: false,
            tells_author: false,
        }
    }

    /// How many calls this many writes take, the reading back that follows them included.
    #[must_use]
    pub fn write_calls(&self, writes: usize) -> usize {
        let read_back = if self.returns_record || self.get_batch == 0 { 0 } else { writes.div_ceil(self.get_batch) };
        writes.div_ceil(self.write_batch.max(1)) + read_back
    }
}
