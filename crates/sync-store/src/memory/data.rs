//! What is in memory, and how a batch changes it as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Change, ConflictEntry, Cursor, Decision, Intent, IntentId, Lease, Link, LinkId, MatchKey, RecordError, Result,
    Review, ReviewId, Run, RunId, Side, StoreError,
};

#[derive(Default)]
pub(super) struct World {
    pub(super) last_id: i64,
    pub(super) syncs: BTreeMap<String, Sync>,
}

#[derive(Default)]
pub(super) struct Sync {
    pub(super) lease: Option<Lease>,
    pub(super) data: Data,
}

#[derive(Default)]
pub(super) struct Data {
    pub(super) links: BTreeMap<LinkId, Stored>,
    pub(super) by_record: BTreeMap<(String, Side, String), BTreeSet<LinkId>>,
    pub(super) by_key: BTreeMap<(String, Side, String), BTreeSet<LinkId>>,
    pub(super) intents: BTreeMap<IntentId, Intent>,
    pub(super) cursors: BTreeMap<(String, Side), Cursor>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) reviews: BTreeMap<ReviewId, Review>,
    pub(super) conflicts: BTreeMap<i64, ConflictEntry>,
    pub(super) errors: BTreeMap<i64, RecordError>,
}

#[derive(Clone)]
pub(super) struct Stored {
    pub(super) link: Link,
    pub(super) keys: Vec<MatchKey>,
}

/// Takes one change back.
type Undo = Box<dyn FnOnce(&mut Data)>;

impl World {
    /// Applies all changes to the data of `sync_id`, or none.
    pub(super) fn apply(&mut self, sync_id: &str, changes: Vec<Change>) -> Result<()> {
        let Some(mut sync) = self.syncs.remove(sync_id) else {
            return Ok(());
        };
        let last_id = self.last_id;
        let mut undo = Vec::new();
        let mut result = Ok(());
        for change in changes {
            match self.apply_one(&mut sync.data, change) {
                Ok(step) => undo.push(step),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if result.is_err() {
            self.last_id = last_id;
            for step in undo.into_iter().rev() {
                step(&mut sync.data);
            }
        }
        self.syncs.insert(sync_id.to_owned(), sync);
        result
    }

    fn apply_one(&mut self, data: &mut Data, change: Change) -> Result<Undo> {
        change.claim_id(&mut self.last_id)?;
        self.refuse_foreign(&change)?;
        Ok(match change {
            Change::PutLink { link, keys } => data.put_link(*link, keys)?,
            Change::DeleteLink(id) => data.delete_link(id),
            Change::PutIntent(intent) => put(|data| &mut data.intents, data, intent.id, *intent),
            Change::SetCursor { object, side, cursor } => set(|data| &mut data.cursors, data, (object, side), cursor),
            Change::PutRun(run) => put(|data| &mut data.runs, data, run.id, run),
            Change::AddReview(review) => {
                if data.reviews.contains_key(&review.id) {
                    return Err(StoreError::invalid(format!("review {} exists already", review.id)));
                }
                put(|data| &mut data.reviews, data, review.id, review)
            }
            Change::DecideReview { id, decision } => data.decide(id, decision)?,
            Change::AddConflict(mut entry) => {
                entry.seq = self.next_id();
                put(|data| &mut data.conflicts, data, entry.seq, entry)
            }
            Change::AddError(mut error) => {
                error.seq = self.next_id();
                put(|data| &mut data.errors, data, error.seq, error)
            }
            Change::Erase => {
                let before = std::mem::take(data);
                Box::new(move |data| *data = before)
            }
        })
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Refuses a change of something that another sync owns. The data of the sync that is being
    /// changed has been taken out of `self.syncs`.
    fn refuse_foreign(&self, change: &Change) -> Result<()> {
        let mut others = self.syncs.values().map(|sync| &sync.data);
        let foreign = match change {
            Change::PutLink { link, .. } if others.any(|o| o.links.contains_key(&link.id)) => {
                return Err(other_link(link.id));
            }
            Change::PutIntent(intent) => others
                .any(|o| o.intents.contains_key(&intent.id))
                .then(|| format!("intent {} belongs to another sync", intent.id)),
            Change::PutRun(run) => {
                others.any(|o| o.runs.contains_key(&run.id)).then(|| format!("run {} belongs to another sync", run.id))
            }
            Change::AddReview(review) => others
                .any(|o| o.reviews.contains_key(&review.id))
                .then(|| format!("review {} exists already", review.id)),
            _ => None,
        };
        foreign.map_or(Ok(()), |reason| Err(StoreError::Invalid { reason }))
    }
}

fn other_link(id: LinkId) -> StoreError {
    StoreError::invalid(format!("link {id} belongs to another object or sync"))
}

/// Sets or removes an entry of one of the maps.
fn set<K: Ord + Clone + 'static, V: 'static>(
    map: fn(&mut Data) -> &mut BTreeMap<K, V>,
    data: &mut Data,
    key: K,
    value: Option<V>,
) -> Undo {
    let before = match value {
        Some(value) => map(data).insert(key.clone(), value),
        None => map(data).remove(&key),
    };
    Box::new(move |data| {
        match before {
            Some(before) => map(data).insert(key, before),
            None => map(data).remove(&key),
        };
    })
}

fn put<K: Ord + Clone + 'static, V: 'static>(
    map: fn(&mut Data) -> &mut BTreeMap<K, V>,
    data: &mut Data,
    key: K,
    value: V,
) -> Undo {
    set(map, data, key, Some(value))
}

impl Data {
    fn put_link(&mut self, mut link: Link, keys: Option<Vec<MatchKey>>) -> Result<Undo> {
        let before = self.links.get(&link.id);
        if before.is_some_and(|before| before.link.object != link.object) {
            return Err(other_link(link.id));
        }
        self.refuse_taken(&link)?;
        let id = link.id;
        link.version = before.map_or(1, |before| before.link.version + 1);
        let keys = keys.unwrap_or_else(|| before.map(|before| before.keys.clone()).unwrap_or_default());
        let before = self.remove_link(id);
        self.insert_link(Stored { link, keys });
        Ok(Box::new(move |data| {
            data.remove_link(id);
            if let Some(before) = before {
                data.insert_link(before);
            }
        }))
    }

    fn delete_link(&mut self, id: LinkId) -> Undo {
        let before = self.remove_link(id);
        Box::new(move |data| {
            if let Some(before) = before {
                data.insert_link(before);
            }
        })
    }

    fn decide(&mut self, id: ReviewId, decision: Decision) -> Result<Undo> {
        let Some(review) = self.reviews.get_mut(&id) else {
            return Err(StoreError::invalid(format!("there is no review {id}")));
        };
        if let Some(decided) = &review.decided {
            return Err(StoreError::invalid(format!("review {id} was decided by `{}` at {}", decided.by, decided.at)));
        }
        review.decided = Some(decision);
        Ok(Box::new(move |data| {
            if let Some(review) = data.reviews.get_mut(&id) {
                review.decided = None;
            }
        }))
    }

    /// Refuses a live link that claims a record of another live link.
    fn refuse_taken(&self, link: &Link) -> Result<()> {
        if !link.state.is_live() {
            return Ok(());
        }
        for side in Side::BOTH {
            let Some(record) = link.record(side) else {
                continue;
            };
            let holder =
                self.with_record(&link.object, side, record).find(|other| other.state.is_live() && other.id != link.id);
            if let Some(holder) = holder {
                return Err(StoreError::Conflict {
                    object: link.object.clone(),
                    side,
                    record: record.to_owned(),
                    link: link.id,
                    holder: holder.id,
                });
            }
        }
        Ok(())
    }

    fn insert_link(&mut self, stored: Stored) {
        for (index, entry) in index_entries(&stored) {
            let map = match index {
                Index::Record => &mut self.by_record,
                Index::Key => &mut self.by_key,
            };
            map.entry(entry).or_default().insert(stored.link.id);
        }
        self.links.insert(stored.link.id, stored);
    }

    fn remove_link(&mut self, id: LinkId) -> Option<Stored> {
        let stored = self.links.remove(&id)?;
        for (index, entry) in index_entries(&stored) {
            let map = match index {
                Index::Record => &mut self.by_record,
                Index::Key => &mut self.by_key,
            };
            if let Some(ids) = map.get_mut(&entry) {
                ids.remove(&id);
                if ids.is_empty() {
                    map.remove(&entry);
                }
            }
        }
        Some(stored)
    }

    /// Links that have the record on the side, in ascending order.
    pub(super) fn with_record(&self, object: &str, side: Side, record: &str) -> impl DoubleEndedIterator<Item = &Link> {
        self.by_record
            .get(&(object.to_owned(), side, record.to_owned()))
            .into_iter()
            .flatten()
            .filter_map(|id| self.links.get(id).map(|stored| &stored.link))
    }
}

enum Index {
    Record,
    Key,
}

/// Where a link is indexed.
fn index_entries(stored: &Stored) -> Vec<(Index, (String, Side, String))> {
    let object = &stored.link.object;
    let records = Side::BOTH.into_iter().filter_map(|side| {
        let record = stored.link.record(side)?;
        Some((Index::Record, (object.clone(), side, record.to_owned())))
    });
    let keys = stored.keys.iter().map(|key| (Index::Key, (object.clone(), key.side, key.text.clone())));
    records.chain(keys).collect()
}
