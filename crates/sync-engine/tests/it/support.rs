//! Two systems, a store that survives, and a clock that the test moves.

use std::sync::Arc;

use chrono::{TimeDelta, TimeZone, Utc};
use crm_model::{
    Account, Contact, ContactPatch, Label, Labelled, NewAccount, NewContact, Object, ObjectKind, Patch, Presence,
    RemoteId,
};
use futures::StreamExt;
use sync_core::{Mapping, Policy};
use sync_engine::{ObjectSync, RunReport, Sync};
use sync_store::MemoryStore;
use unified_crm::{Collection, CollectionExt, Crm, ListQuery, ManualClock, MemoryCrm};

pub(crate) struct Pair {
    pub(crate) a: MemoryCrm,
    pub(crate) b: MemoryCrm,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: MemoryStore,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(Utc.with_ymd_and_hms(2025, 6, 2, 9, 0, 0).unwrap()));
        let (a, b) = (MemoryCrm::with_clock("left", clock.clone()), MemoryCrm::with_clock("right", clock.clone()));
        Self { a, b, clock, store: MemoryStore::new() }
    }

    pub(crate) fn sync(&self, objects: impl IntoIterator<Item = ObjectSync>) -> Sync {
        self.sync_with(objects, Policy::newest())
    }

    pub(crate) fn sync_with(&self, objects: impl IntoIterator<Item = ObjectSync>, policy: Policy) -> Sync {
        let builder = Sync::between(Arc::new(self.a.clone()), Arc::new(self.b.clone())).on_conflict(policy);
        let builder = objects.into_iter().fold(builder, sync_engine::SyncBuilder::object);
        builder.state(self.store.clone()).clock(self.clock.clone()).build().unwrap()
    }

    pub(crate) fn contacts(&self) -> Sync {
        self.sync([ObjectSync::new(Mapping::unified(ObjectKind::Contact))])
    }

    /// Lets enough time pass that two edits are not within the same uncertainty.
    pub(crate) fn later(&self) {
        self.clock.shift(TimeDelta::minutes(1));
    }
}

pub(crate) fn person(first: &str, last: &str, email: &str) -> NewContact {
    NewContact {
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        emails: vec![Labelled::new(email, Label::Work).primary()],
        ..NewContact::default()
    }
}

pub(crate) fn company(name: &str) -> NewAccount {
    NewAccount { name: Some(name.to_owned()), ..NewAccount::default() }
}

pub(crate) async fn add(crm: &MemoryCrm, new: NewContact) -> RemoteId<Contact> {
    crm.contacts().unwrap().create(new).await.unwrap()
}

pub(crate) async fn add_account(crm: &MemoryCrm, new: NewAccount) -> RemoteId<Account> {
    crm.accounts().unwrap().create(new).await.unwrap()
}

pub(crate) async fn set_title(crm: &MemoryCrm, id: &RemoteId<Contact>, title: &str) {
    let patch = ContactPatch { job_title: Patch::Set(title.to_owned()), ..ContactPatch::default() };
    crm.contacts().unwrap().update(id, patch).await.unwrap();
}

pub(crate) async fn all<T: Object>(collection: &dyn Collection<T>) -> Vec<T> {
    collection.list(ListQuery::all()).map(Result::unwrap).collect().await
}

pub(crate) async fn titles(crm: &MemoryCrm) -> Vec<Option<String>> {
    all(crm.contacts().unwrap()).await.into_iter().map(|contact| contact.job_title.into_option()).collect()
}

pub(crate) async fn by_email(crm: &MemoryCrm, email: &str) -> Contact {
    crm.contacts().unwrap().find_by_email(email).await.unwrap().expect("a contact with this address")
}

pub(crate) fn text(presence: &Presence<String>) -> Option<&str> {
    presence.get().map(String::as_str)
}

/// A run with nothing to do writes nothing and has nothing to say.
pub(crate) async fn assert_quiet(sync: &Sync) {
    let report: RunReport = sync.run().await.unwrap();
    assert_eq!(report.writes(), 0, "{report}");
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(sync.verify().await.unwrap().unexplained().count(), 0);
}
