//! Notes. The vendor lists them under the record they are attached to and has no other way to read one, so the id of a
//! note here names that record, too: `contact-70042006456-7`. Writing a note moves the record's time of change, which is
//! how a feed finds what is new.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use crm_model::{
    FieldType, Instant, ListPatch, Meta, Note, NotePatch, Object, ObjectKind, Presence, RawJson, RemoteId, Schema,
};
use freshsales::models::{self as fs, NoteWrite, Set, Target};
use freshsales::{Entity, Listing, NoteId};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use rest_core::{BadRecord, Row};

use super::changes::{Position, cursor, newest, positions};
use super::fields::{ModelField, check_mapped, mapped_schema};
use super::records::{check_keys, limited};
use super::tasks::write_target;
use super::values::{instant, reference, set_text, targets, text};
use super::{Shared, VENDOR, refuse};
use crate::{
    Change, ChangeSupport, Collection, CollectionCapabilities, Create, Cursor, Error, ErrorKind, Fetched, FindKey,
    ListQuery, Outcome, Result, Update, Write, Written,
};

/// The kinds of record that notes are read under, in the order of a feed.
const PARENTS: [ObjectKind; 3] = [ObjectKind::Account, ObjectKind::Contact, ObjectKind::Deal];

#[derive(Clone)]
pub(crate) struct NoteRecords {
    shared: Arc<Shared>,
    capabilities: Arc<CollectionCapabilities>,
}

impl fmt::Debug for NoteRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteRecords").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// The record that a note is read under.
type Parent = (ObjectKind, i64);
type NoteRow = std::result::Result<Row<fs::Note>, BadRecord>;

/// An id of a note, taken apart. Without a parent it can be written, but not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address {
    parent: Option<Parent>,
    note: NoteId,
}

impl Address {
    fn parse(id: &str) -> Option<Self> {
        let number = |text: &str| text.parse::<i64>().ok();
        let parts: Vec<&str> = id.split('-').collect();
        match parts[..] {
            [note] => Some(Self { parent: None, note: number(note)?.into() }),
            [kind, parent, note] => {
                let kind = PARENTS.into_iter().find(|known| known.as_str() == kind)?;
                Some(Self { parent: Some((kind, number(parent)?)), note: number(note)?.into() })
            }
            _ => None,
        }
    }

    fn id(self) -> String {
        match self.parent {
            Some((kind, parent)) => format!("{kind}-{parent}-{}", self.note),
            None => self.note.to_string(),
        }
    }
}

impl NoteRecords {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut able = CollectionCapabilities::none();
        able.list = true;
        able.get_batch = 1;
        able.changes = ChangeSupport::Incremental;
        able.create = true;
        able.update = true;
        able.delete = true;
        able.returns_record = true;
        Self { shared: shared.clone(), capabilities: Arc::new(able) }
    }

    pub(crate) fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    /// The notes of one record; none where it is gone.
    async fn notes_of(&self, (kind, id): Parent) -> Result<Vec<NoteRow>> {
        let client = &self.shared.client;
        let notes = match kind {
            ObjectKind::Account => client.sales_accounts().notes(id.into()).await,
            ObjectKind::Contact => client.contacts().notes(id.into()).await,
            _ => client.deals().notes(id.into()).await,
        };
        match notes {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            notes => notes,
        }
    }

    fn read(&self, row: &Row<fs::Note>, parent: Option<Parent>) -> Note {
        read(row, parent, self.shared.options.keep_raw)
    }

    fn fetched(&self, address: Address, notes: &[NoteRow]) -> Fetched<Note> {
        let number = address.note.to_string();
        let found = notes.iter().find_map(|row| match row {
            Ok(row) if row.id == address.note => Some(Fetched::Found(self.read(row, address.parent))),
            Err(bad) if bad.id.as_deref() == Some(&number) => Some(Fetched::Bad(bad.to_string())),
            _ => None,
        });
        found.unwrap_or(Fetched::Missing)
    }

    async fn write_one(&self, write: Write<Note>) -> Result<Written<Note>> {
        match write {
            Write::Create(Create { key: Some(_), .. }) => {
                Err(refuse(ErrorKind::Unsupported, "notes.create", "a note has no place for the key of a create"))
            }
            Write::Create(Create { new, key: None }) => {
                let patch = Note::new_to_patch(&new);
                check_mapped::<Note>(&fields(), &patch)?;
                let patch = Note::patch_from_record(patch)
                    .map_err(|error| refuse(ErrorKind::Invalid, "notes.create", error.to_string()))?;
                let body = NoteWrite { description: set_text(&patch.body), target: write_target(&patch.targets)? };
                let row = self.shared.client.notes().create(&body).await?;
                let written_under = body.target.value().and_then(parent_of);
                Ok(written(self.read(&row, written_under), Outcome::Created))
            }
            Write::Update(Update { id, patch }) => self.update(id, &patch).await,
            Write::Delete(id) => {
                let Some(address) = Address::parse(id.as_str()) else {
                    return Ok(Written::new(id, Outcome::Deleted));
                };
                match self.shared.client.notes().delete(address.note).await {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                    Ok(()) | Err(_) => Ok(Written::new(id, Outcome::Deleted)),
                }
            }
        }
    }

    async fn update(&self, id: RemoteId<Note>, patch: &NotePatch) -> Result<Written<Note>> {
        check_mapped::<Note>(&fields(), &Note::patch_to_record(patch))?;
        let gone = || refuse(ErrorKind::NotFound, "notes.update", format!("there is no note {id}"));
        let address = Address::parse(id.as_str()).ok_or_else(gone)?;
        if patch.targets != ListPatch::Keep {
            let why = "targets: a note stays with the record it was written for";
            return Err(refuse(ErrorKind::Unsupported, "notes.update", why)
                .with_hint("write the note anew and delete this one"));
        }
        let body = NoteWrite { description: set_text(&patch.body), target: Set::Keep };
        if body == NoteWrite::default() {
            // Nothing to write; the answer is owed all the same.
            return match self.get(std::slice::from_ref(&id)).await?.pop() {
                Some(Fetched::Found(note)) => Ok(written(note, Outcome::Updated)),
                _ => Err(gone()),
            };
        }
        let row = self.shared.client.notes().update(address.note, &body).await?;
        Ok(written(self.read(&row, address.parent), Outcome::Updated))
    }

    fn walk(&self, bounds: [Position; 3]) -> Walk {
        Walk {
            records: self.clone(),
            bounds,
            newest: [None; 3],
            kind: 0,
            pages: None,
            is_first: true,
            pending: VecDeque::new(),
            told: HashSet::new(),
        }
    }
}

fn fields() -> Vec<ModelField> {
    vec![
        ModelField::new(Note::BODY, &["description"], FieldType::LongText).required(),
        ModelField::new(Note::AUTHOR, &["creater_id"], FieldType::Ref { target: Some(ObjectKind::User) }).read_only(),
        ModelField::new(Note::TARGETS, &["targetable_type", "targetable_id"], FieldType::List).required(),
    ]
}

fn written(note: Note, outcome: Outcome) -> Written<Note> {
    let mut written = Written::new(note.id(), outcome);
    written.record = Some(note);
    written
}

fn parent_of(target: &Target) -> Option<Parent> {
    Some((super::values::object_of(&target.kind)?, target.id.parse().ok()?))
}

/// A note that is attached to several records is one note: its id names the first of them.
fn read(row: &Row<fs::Note>, read_under: Option<Parent>, keep_raw: bool) -> Note {
    let named: Vec<Target> =
        row.targetables.clone().or_else(|| row.targetable.clone().map(|target| vec![target])).unwrap_or_default();
    let parent = named.iter().find_map(parent_of).or(read_under);
    let mut note = Note::default();
    let mut meta = Meta::new(VENDOR, Address { parent, note: row.id }.id());
    meta.created_at = instant(row.created_at);
    meta.updated_at = instant(row.updated_at);
    meta.raw = keep_raw.then(|| RawJson::new(row.raw().get()));
    note.meta = meta;
    note.body = text(row, "description", row.description.as_ref());
    note.author = reference(row, "creater_id", row.creater_id);
    let known = targets(&named);
    note.targets = match parent {
        Some((kind, id)) if known.is_empty() => {
            Presence::Known(vec![crm_model::AnyRef::new(kind, id.to_string()).primary()])
        }
        _ => Presence::Known(known),
    };
    note
}

/// Records that changed and have notes.
struct Parents {
    ids: Vec<i64>,
    newest: Option<Instant>,
    bad: Vec<Error>,
}

/// Walks through the notes of all records within bounds.
struct Walk {
    records: NoteRecords,
    bounds: [Position; 3],
    newest: [Option<Instant>; 3],
    kind: usize,
    pages: Option<BoxStream<'static, Result<Parents>>>,
    is_first: bool,
    pending: VecDeque<i64>,
    told: HashSet<NoteId>,
}

/// A note, or what could not be read.
type Told = std::result::Result<Note, (Option<RemoteId<Note>>, Error)>;

impl Walk {
    /// The notes of the next record; `None` at the end.
    async fn step(&mut self) -> Result<Option<Vec<Told>>> {
        loop {
            let (Some(kind), Some(bound)) = (PARENTS.get(self.kind).copied(), self.bounds.get(self.kind).copied())
            else {
                return Ok(None);
            };
            if let Some(id) = self.pending.pop_front() {
                return Ok(Some(self.notes((kind, id), bound).await?));
            }
            let records = &self.records;
            let pages = self.pages.get_or_insert_with(|| match kind {
                ObjectKind::Account => parents::<fs::SalesAccount>(records, bound),
                ObjectKind::Contact => parents::<fs::Contact>(records, bound),
                _ => parents::<fs::Deal>(records, bound),
            });
            match pages.next().await.transpose()? {
                Some(page) => {
                    if std::mem::take(&mut self.is_first)
                        && let Some(newest) = self.newest.get_mut(self.kind)
                    {
                        *newest = page.newest;
                    }
                    self.pending.extend(page.ids);
                    if !page.bad.is_empty() {
                        return Ok(Some(page.bad.into_iter().map(|error| Err((None, error))).collect()));
                    }
                }
                None => {
                    self.kind += 1;
                    (self.pages, self.is_first) = (None, true);
                }
            }
        }
    }

    async fn notes(&mut self, parent: Parent, bound: Position) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        for row in self.records.notes_of(parent).await? {
            match row {
                Ok(row) if !bound.tells(instant(row.updated_at)) => {}
                Ok(row) => {
                    if self.told.insert(row.id) {
                        told.push(Ok(self.records.read(&row, Some(parent))));
                    }
                }
                Err(bad) => {
                    let note = bad.id.as_deref().and_then(|id| id.parse().ok());
                    let id = note.map(|note| RemoteId::new(Address { parent: Some(parent), note }.id()));
                    told.push(Err((id, bad.into_error("notes.list"))));
                }
            }
        }
        Ok(told)
    }

    fn cursor(&self, began: Instant) -> Cursor {
        let mut ends = self.bounds;
        for (end, newest) in ends.iter_mut().zip(self.newest) {
            *end = end.after(newest, began);
        }
        cursor(&ends)
    }
}

fn parents<E: Entity>(records: &NoteRecords, bound: Position) -> BoxStream<'static, Result<Parents>> {
    let listing = match bound.since() {
        Some(since) => Listing::new().updated_since(since),
        None => Listing::new(),
    };
    let pages = records.shared.client.records::<E>().all_pages(listing);
    let convert = move |page: freshsales::RecordPage<E>| {
        let newest = newest(&page);
        let (mut ids, mut bad) = (Vec::new(), Vec::new());
        for row in page.rows {
            match row {
                Ok(row) if row.recent_note().is_some() && bound.tells(instant(row.updated_at())) => {
                    ids.push(row.id().into());
                }
                Ok(_) => {}
                Err(record) => bad.push(record.into_error(E::OPERATIONS.list)),
            }
        }
        Parents { ids, newest, bad }
    };
    pages.map_ok(convert).boxed()
}

#[async_trait]
impl Collection<Note> for NoteRecords {
    fn capabilities(&self) -> &CollectionCapabilities {
        &self.capabilities
    }

    async fn schema(&self) -> Result<Schema> {
        Ok(mapped_schema::<Note>(fields()))
    }

    /// One call per record that the notes are attached to.
    async fn get(&self, ids: &[RemoteId<Note>]) -> Result<Vec<Fetched<Note>>> {
        let mut read: BTreeMap<Parent, Vec<NoteRow>> = BTreeMap::new();
        let mut results = Vec::with_capacity(ids.len());
        for id in ids {
            results.push(match Address::parse(id.as_str()) {
                None => Fetched::Missing,
                Some(Address { parent: None, .. }) => {
                    Fetched::Bad("a note can be read under its record only: write its id as contact-7-9".to_owned())
                }
                Some(address @ Address { parent: Some(parent), .. }) => {
                    let notes = match read.entry(parent) {
                        Entry::Occupied(notes) => notes.into_mut(),
                        Entry::Vacant(place) => place.insert(self.notes_of(parent).await?),
                    };
                    self.fetched(address, notes)
                }
            });
        }
        Ok(results)
    }

    fn list(&self, query: ListQuery) -> BoxStream<'_, Result<Note>> {
        if query.view.is_some() {
            return stream::iter([Err(crate::crm::cannot(VENDOR, "list", "lists no records through a view here"))])
                .boxed();
        }
        let bound = query.updated_since.map_or_else(Position::default, Position::reaching_to);
        let steps = stream::try_unfold(self.walk([bound; 3]), |mut walk| async move {
            let notes = walk.step().await?;
            Ok::<_, Error>(notes.map(|notes| (notes, walk)))
        });
        let notes = steps
            .map_ok(|notes| stream::iter(notes.into_iter().map(|note| note.map_err(|(_, error)| error))))
            .try_flatten();
        limited(notes.boxed(), query.limit)
    }

    async fn find(&self, keys: &[FindKey]) -> Result<Vec<Vec<Note>>> {
        check_keys::<Note>(&self.capabilities, keys)?;
        Ok(Vec::new())
    }

    fn changes(&self, since: Option<Cursor>) -> BoxStream<'_, Result<Change<Note>>> {
        let bounds = match positions::<3>(since.as_ref()) {
            Ok(bounds) => bounds,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let began = self.shared.client.clock().now();
        let started = Change::Started { complete: since.is_none() };
        let steps = stream::try_unfold((Some(self.walk(bounds)), Some(started)), move |(walk, started)| async move {
            if let Some(started) = started {
                return Ok::<_, Error>(Some((vec![started], (walk, None))));
            }
            let Some(mut walk) = walk else {
                return Ok(None);
            };
            match walk.step().await? {
                Some(notes) => Ok(Some((notes.into_iter().map(change).collect(), (Some(walk), None)))),
                None => Ok(Some((vec![Change::Finished(walk.cursor(began))], (None, None)))),
            }
        });
        steps.map_ok(|changes| stream::iter(changes.into_iter().map(Ok))).try_flatten().boxed()
    }

    async fn write(&self, writes: Vec<Write<Note>>) -> Vec<Result<Written<Note>>> {
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.write_one(write).await);
        }
        results
    }
}

fn change(told: Told) -> Change<Note> {
    match told {
        Ok(note) => Change::Record(note),
        Err((id, error)) => Change::Bad { id, error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_addressed_under_its_record() {
        let address = Address { parent: Some((ObjectKind::Contact, 70_042_006_456)), note: NoteId::new(7) };
        assert_eq!(address.id(), "contact-70042006456-7");
        assert_eq!(Address::parse("contact-70042006456-7"), Some(address));
        assert_eq!(Address::parse("7"), Some(Address { parent: None, note: NoteId::new(7) }));
        for bad in ["", "nobody", "contact-7", "task-1-2", "contact-x-2", "contact-1-x", "contact-1-2-3"] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }
}
