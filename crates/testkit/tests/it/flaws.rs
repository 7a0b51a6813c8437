use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use crm_model::{
    Contact, FieldKey, Object, ObjectKind, OptOuts, Patch, RecordPatch, RemoteId, Schema, SearchHit, Value, View,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use testkit::contract::{CASES, Subject};
use unified_crm::{
    Capabilities, Change, Collection, CollectionCapabilities, Create, Crm, Cursor, DeleteEvidence, Error, ErrorKind,
    Fetched, FindKey, Identity, LedgerSnapshot, ListQuery, ManualClock, MemoryCrm, Merge, Outcome, Result, SearchQuery,
    Write, Written,
};

/// How a CRM with contacts breaks its promises.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    LosesTheLastOfAList,
    ListsTwice,
    IgnoresTheLimit,
    GetsInOrderOfIds,
    LeavesOutMissingIds,
    FindsByExactCaseOnly,
    DropsOptOuts,
    DropsCustomFields,
    ClearsItsNeighbour,
    StopsAtTheFirstError,
    ForgetsKeys,
    ReturnsNoRecords,
    CallsAnUpdateCreated,
    FeedHasNoEnd,
    FeedMissesEdits,
    FeedInventsADeletion,
    FeedKeepsDeletionsToItself,
    FeedTakesAnyCursor,
    FeedAlwaysTellsEverything,
    FeedLosesTies,
    HidesAField,
    SchemaForgetsAField,
    IgnoresTheView,
    SearchesInVain,
    MergesWithoutTheFields,
}

struct Flawed {
    inner: MemoryCrm,
    capabilities: Capabilities,
    contacts: FlawedContacts,
}

struct FlawedContacts {
    inner: MemoryCrm,
    capabilities: CollectionCapabilities,
    flaw: Flaw,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        let start = chrono::DateTime::from_timestamp(1_748_854_800, 0).unwrap();
        let inner = MemoryCrm::with_clock("acme", Arc::new(ManualClock::starting_at(start)));
        let own = inner.capabilities().objects[&ObjectKind::Contact].clone();
        let mut capabilities = Capabilities::default();
        capabilities.objects = BTreeMap::from([(ObjectKind::Contact, own.clone())]);
        let contact = BTreeSet::from([ObjectKind::Contact]);
        (capabilities.views, capabilities.search, capabilities.merge) = (contact.clone(), contact.clone(), contact);
        let nobodys = [(FieldKey::custom("cf_nobody").into(), Value::Bool(true))];
        inner.add_view(View::new(ObjectKind::Contact, "nobodys", "Nobody's"), nobodys);
        let contacts = FlawedContacts { inner: inner.clone(), capabilities: own, flaw };
        Self { inner, capabilities, contacts }
    }
}

impl std::fmt::Debug for Flawed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flawed({:?})", self.contacts.flaw)
    }
}

#[async_trait]
impl Crm for Flawed {
    fn vendor(&self) -> &'static str {
        self.inner.vendor()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn identity(&self) -> Result<Identity> {
        self.inner.identity().await
    }

    fn contacts(&self) -> Result<&dyn Collection<Contact>> {
        Ok(&self.contacts)
    }

    async fn views(&self, object: ObjectKind) -> Result<Vec<View>> {
        match object {
            ObjectKind::Contact => self.inner.views(object).await,
            other => Err(no(other)),
        }
    }

    async fn search(&self, query: &SearchQuery) -> Result<Vec<SearchHit>> {
        if let Some(other) = query.objects.iter().find(|object| **object != ObjectKind::Contact) {
            return Err(no(*other));
        }
        let found = self.inner.search(query).await?;
        Ok(if self.contacts.has(Flaw::SearchesInVain) { Vec::new() } else { found })
    }

    async fn merge(&self, mut merge: Merge) -> Result<()> {
        if merge.object != ObjectKind::Contact {
            return Err(no(merge.object));
        }
        if self.contacts.has(Flaw::MergesWithoutTheFields) {
            merge.fields = RecordPatch::new();
        }
        self.inner.merge(merge).await
    }

    fn usage(&self) -> LedgerSnapshot {
        self.inner.usage()
    }
}

impl FlawedContacts {
    fn inner(&self) -> &dyn Collection<Contact> {
        self.inner.contacts().expect("it has contacts")
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn spoil(&self, mut write: Write<Contact>) -> Write<Contact> {
        match &mut write {
            Write::Create(Create { new, key }) => {
                if self.has(Flaw::DropsOptOuts) {
                    new.opt_outs = OptOuts::none();
                }
                if self.has(Flaw::DropsCustomFields) {
                    new.custom.clear();
                }
                if self.has(Flaw::ForgetsKeys) {
                    *key = None;
                }
            }
            Write::Update(update) => {
                if self.has(Flaw::DropsOptOuts) {
                    update.patch.opt_outs = OptOuts::none();
                }
                if self.has(Flaw::DropsCustomFields) {
                    update.patch.custom.clear();
                }
                if self.has(Flaw::ClearsItsNeighbour) {
                    update.patch.department = Patch::Clear;
                }
            }
            Write::Delete(_) => {}
        }
        write
    }
}

#[async_trait]
impl Collection<Contact> for FlawedContacts {
    fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    async fn schema(&self) -> Result<Schema> {
        let mut schema = self.inner().schema().await?;
        if self.has(Flaw::SchemaForgetsAField) {
            schema.fields.retain(|field| field.key != Contact::JOB_TITLE);
        }
        Ok(schema)
    }

    async fn get(&self, ids: &[RemoteId<Contact>]) -> Result<Vec<Fetched<Contact>>> {
        let mut ids = ids.to_vec();
        if self.has(Flaw::GetsInOrderOfIds) {
            ids.sort();
        }
        let mut fetched = self.inner().get(&ids).await?;
        if self.has(Flaw::LeavesOutMissingIds) && ids.len() > 1 {
            fetched.retain(|fetched| !matches!(fetched, Fetched::Missing));
        }
        Ok(fetched)
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<Contact>> {
        let mut query = if self.has(Flaw::IgnoresTheLimit) { ListQuery::all() } else { query };
        if self.has(Flaw::IgnoresTheView) {
            query.view = None;
        }
        let inner = self.inner().list(query);
        if self.has(Flaw::LosesTheLastOfAList) {
            return inner.take(200).boxed();
        }
        if self.has(Flaw::ListsTwice) {
            return inner.flat_map(|record| stream::iter([record.clone(), record])).boxed();
        }
        if self.has(Flaw::HidesAField) {
            return inner
                .map(|record| {
                    let mut record = record?;
                    record.description = crm_model::Presence::NotLoaded;
                    Ok(record)
                })
                .boxed();
        }
        inner
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Contact>>> {
        let mut found = self.inner().find(keys).await?;
        if self.has(Flaw::FindsByExactCaseOnly) {
            for (key, records) in keys.iter().zip(&mut found) {
                records.retain(|record| {
                    let emails = record.emails.get().into_iter().flatten();
                    !matches!(key, FindKey::Email(_)) || emails.clone().any(|email| email.value == key.text())
                });
            }
        }
        Ok(found)
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Contact>>> {
        let is_first = since.is_none();
        let since = match self.flaw {
            Flaw::FeedTakesAnyCursor => since.filter(|cursor| cursor.as_str().parse::<u64>().is_ok()),
            Flaw::FeedAlwaysTellsEverything if !is_first => Some(Cursor::new("0")),
            _ => since,
        };
        let inner = self.inner().changes(since);
        match self.flaw {
            Flaw::FeedHasNoEnd => inner.filter(|event| keep(!matches!(event, Ok(Change::Finished(_))))).boxed(),
            Flaw::FeedMissesEdits if !is_first => inner
                .filter(|event| {
                    let is_edit = |record: &Contact| record.meta.updated_at != record.meta.created_at;
                    keep(!matches!(event, Ok(Change::Record(record)) if is_edit(record)))
                })
                .boxed(),
            Flaw::FeedInventsADeletion => inner
                .flat_map(|event| {
                    let invented = match &event {
                        Ok(Change::Record(record)) => {
                            Some(Ok(Change::Deleted { id: record.id(), deleted: crm_model::Deleted::Hard }))
                        }
                        _ => None,
                    };
                    stream::iter([Some(event), invented].into_iter().flatten())
                })
                .boxed(),
            Flaw::FeedKeepsDeletionsToItself => {
                inner.filter(|event| keep(!matches!(event, Ok(Change::Deleted { .. })))).boxed()
            }
            Flaw::FeedLosesTies => {
                let mut told = 0;
                inner
                    .filter(move |event| {
                        told += usize::from(matches!(event, Ok(Change::Record(_))));
                        keep(told <= 100 || !matches!(event, Ok(Change::Record(_))))
                    })
                    .boxed()
            }
            _ => inner,
        }
    }

    async fn write(&self, writes: Vec<Write<Contact>>) -> Vec<std::result::Result<Written<Contact>, Error>> {
        let writes = writes.into_iter().map(|write| self.spoil(write)).collect();
        let mut results = self.inner().write(writes).await;
        if self.has(Flaw::StopsAtTheFirstError)
            && let Some(at) = results.iter().position(Result::is_err)
        {
            results.truncate(at + 1);
        }
        for written in results.iter_mut().flatten() {
            if self.has(Flaw::ReturnsNoRecords) {
                written.record = None;
            }
            if self.has(Flaw::CallsAnUpdateCreated) && written.outcome == Outcome::Existed {
                written.outcome = Outcome::Created;
            }
        }
        results
    }
}

fn no(object: ObjectKind) -> Error {
    Error::new(ErrorKind::Unsupported, "flawed").with_message(format!("no {object} records here"))
}

fn keep(yes: bool) -> futures::future::Ready<bool> {
    futures::future::ready(yes)
}

/// The names of the cases that fail on a CRM with this flaw.
fn failing(flaw: Flaw) -> Vec<&'static str> {
    let broken = |case: &&testkit::contract::Case| {
        let run = async || (case.run)(Subject::new(Arc::new(Flawed::new(flaw)))).await;
        std::panic::catch_unwind(AssertUnwindSafe(|| testkit::paused(run()))).is_err()
    };
    CASES.iter().filter(broken).map(|case| case.name).collect()
}

#[test]
fn a_crm_that_keeps_its_promises_passes() {
    assert_eq!(failing(Flaw::None), [""; 0]);
    assert_eq!(DeleteEvidence::Feed, Flawed::new(Flaw::None).contacts.capabilities.deletes);
}

#[test]
fn every_broken_promise_fails_the_case_that_states_it() {
    let expected = [
        (Flaw::LosesTheLastOfAList, "list_passes_page_boundaries"),
        (Flaw::ListsTwice, "list_passes_page_boundaries"),
        (Flaw::IgnoresTheLimit, "list_honours_its_query"),
        (Flaw::GetsInOrderOfIds, "get_keeps_the_order_and_tells_what_is_missing"),
        (Flaw::LeavesOutMissingIds, "get_keeps_the_order_and_tells_what_is_missing"),
        (Flaw::FindsByExactCaseOnly, "records_are_found_by_email_whatever_its_case"),
        (Flaw::DropsOptOuts, "an_opt_out_travels_up_and_stays"),
        (Flaw::DropsOptOuts, "an_opt_out_is_never_dropped"),
        (Flaw::DropsCustomFields, "an_unknown_custom_field_is_never_dropped"),
        (Flaw::ClearsItsNeighbour, "a_patch_touches_only_what_it_names"),
        (Flaw::StopsAtTheFirstError, "a_bad_write_does_not_stop_the_others"),
        (Flaw::ForgetsKeys, "a_create_with_a_key_happens_once"),
        (Flaw::ForgetsKeys, "records_are_found_by_key"),
        (Flaw::ReturnsNoRecords, "writes_return_records_as_claimed"),
        (Flaw::CallsAnUpdateCreated, "a_create_with_a_key_happens_once"),
        (Flaw::FeedHasNoEnd, "the_first_read_tells_everything"),
        (Flaw::FeedMissesEdits, "edits_between_two_reads_are_seen"),
        (Flaw::FeedMissesEdits, "changes_that_share_a_moment_are_all_seen"),
        (Flaw::FeedInventsADeletion, "deletions_are_told_as_claimed"),
        (Flaw::FeedKeepsDeletionsToItself, "deletions_are_told_as_claimed"),
        (Flaw::FeedTakesAnyCursor, "a_foreign_cursor_is_refused"),
        (Flaw::FeedAlwaysTellsEverything, "nothing_changed_tells_nothing"),
        (Flaw::FeedLosesTies, "changes_that_share_a_moment_are_all_seen"),
        (Flaw::HidesAField, "all_reads_agree"),
        (Flaw::SchemaForgetsAField, "the_schema_names_what_reads_return"),
        (Flaw::IgnoresTheView, "views_list_what_they_show"),
        (Flaw::SearchesInVain, "a_search_finds_what_was_written"),
        (Flaw::MergesWithoutTheFields, "merged_records_are_told_with_their_survivor"),
    ];
    for (flaw, case) in expected {
        let failing = failing(flaw);
        assert!(failing.contains(&case), "{flaw:?} passes {case}; it fails only {failing:?}");
    }
}
