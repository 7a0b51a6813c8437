//! Reading: what changed on each side becomes observations in the link table, durable before anything is decided.

use std::collections::HashMap;

use crm_model::{Deleted, Record, RecordPatch, RemoteId};
use futures::StreamExt;
use sync_core::{NoRefs, Refs, Side, SideState};
use sync_store::{Batch, Link, LinkId, LinkState, MatchKey, Tombstone};
use unified_crm::{Change, Cursor};

use crate::SyncError;
use crate::config::ReadyObject;
use crate::session::{Session, Trouble};
use crate::state::{Stamp, current, refresh_dirty, set_seen, store_side};

/// Observations that are committed together.
const CHUNK: usize = 500;

enum Seen {
    Alive(Box<Record>),
    Gone(String, Deleted),
}

impl Seen {
    fn id(&self) -> &str {
        match self {
            Self::Alive(record) => &record.meta.id,
            Self::Gone(id, _) => id,
        }
    }
}

impl Session<'_> {
    /// Reads what changed on both sides of every object. The cursor moves with the last observation below it, so an
    /// interrupted read is repeated and never skipped.
    pub(crate) async fn observe(&mut self) -> Result<(), SyncError> {
        for object in &self.ready.objects {
            for side in Side::BOTH {
                self.observe_side(object, side).await?;
            }
        }
        Ok(())
    }

    async fn observe_side(&mut self, object: &ReadyObject, side: Side) -> Result<(), SyncError> {
        let parts = self.parts;
        let crm = parts.crm(side);
        let name = object.kind.as_str();
        let since = parts.store.cursor(name, store_side(side)).await?.map(|cursor| Cursor::new(cursor.text));
        let records = crm.records(object.kind).map_err(parts.fail(side))?;
        let mut changes = records.changes(since);
        let mut chunk = Vec::new();
        while let Some(change) = changes.next().await {
            match change.map_err(parts.fail(side))? {
                Change::Record(record) => chunk.push(Seen::Alive(Box::new(record))),
                Change::Deleted { id, deleted } => chunk.push(Seen::Gone(id.as_str().to_owned(), deleted)),
                Change::Bad { id, error } => {
                    let record = id.as_ref().map(RemoteId::as_str);
                    let message = error.to_string();
                    let mut batch = Batch::new();
                    let code = error.vendor_code().unwrap_or("unreadable");
                    self.record_error(
                        &mut batch,
                        &Trouble { object: object.kind, side, record, link: None, code, message: &message },
                    );
                    self.commit(batch).await?;
                }
                Change::Finished(cursor) => {
                    let mut batch = Batch::new();
                    self.observations(object, side, &mut chunk, &mut batch).await?;
                    let saved = sync_store::Cursor { text: cursor.as_str().to_owned(), saved_at: self.now() };
                    batch.set_cursor(name, store_side(side), saved);
                    return self.commit(batch).await;
                }
                _ => {}
            }
            if chunk.len() >= CHUNK {
                let mut batch = Batch::new();
                self.observations(object, side, &mut chunk, &mut batch).await?;
                self.commit(batch).await?;
            }
        }
        // The feed broke off without saying so: what was seen is kept, the cursor stays where it was.
        let mut batch = Batch::new();
        self.observations(object, side, &mut chunk, &mut batch).await?;
        self.commit(batch).await
    }

    async fn observations(
        &mut self,
        object: &ReadyObject,
        side: Side,
        chunk: &mut Vec<Seen>,
        batch: &mut Batch,
    ) -> Result<(), SyncError> {
        let parts = self.parts;
        // Of several observations of one record in a chunk the last one counts.
        let mut latest: Vec<Seen> = Vec::with_capacity(chunk.len());
        let mut places = HashMap::<String, usize>::new();
        for seen in chunk.drain(..) {
            match places.get(seen.id()) {
                Some(place) => latest[*place] = seen,
                None => {
                    places.insert(seen.id().to_owned(), latest.len());
                    latest.push(seen);
                }
            }
        }
        let ids: Vec<&str> = latest.iter().map(Seen::id).collect();
        let links = parts.store.links_of(object.kind.as_str(), store_side(side), &ids).await?;
        let unknown = links.iter().filter(|link| link.is_none()).count();
        let mut fresh = parts.store.next_ids(u32::try_from(unknown).unwrap_or(u32::MAX)).await?;
        self.report.at(object.kind, side).read += latest.len() as u64;
        for (seen, link) in latest.into_iter().zip(links) {
            match (seen, link) {
                (Seen::Alive(record), Some(link)) => self.seen_again(object, side, &record, link, batch)?,
                (Seen::Alive(record), None) => {
                    let Some(id) = fresh.next() else { break };
                    let link =
                        Link::seen(LinkId(id), object.kind.as_str(), store_side(side), record.meta.id.to_string());
                    self.seen_again(object, side, &record, link, batch)?;
                }
                (Seen::Gone(_, deleted), Some(link)) => self.gone(side, &deleted, link, batch),
                // Never known, so there is nothing to undo on the other side.
                (Seen::Gone(..), None) => {}
            }
        }
        Ok(())
    }

    /// Stores an observation, unless it says what is known already.
    fn seen_again(
        &mut self,
        object: &ReadyObject,
        side: Side,
        record: &Record,
        mut link: Link,
        batch: &mut Batch,
    ) -> Result<(), SyncError> {
        let before = current(&link, side)?;
        let now = object.compiled.project(side, record);
        // A field that was not loaded this time keeps what is known of it.
        let state = before.as_ref().map_or_else(|| now.clone(), |before| refresh(before, &now));
        let back = link.tombstone.as_ref().is_some_and(|tombstone| tombstone.side == store_side(side));
        if before.as_ref() == Some(&state) && !back {
            return Ok(());
        }
        // A record that reappears under its id was restored by a person; one that ended its link stays ended.
        if link.state == LinkState::Unlinked {
            return Ok(());
        }
        if back {
            link.tombstone = None;
        }
        set_seen(&mut link, side, &state, Stamp { record: record.meta.updated_at, seen_at: self.now() });
        link.parked = None;
        link.state = resting(&link);
        refresh_dirty(&mut link);
        if link.a.id.is_some() && link.b.id.is_some() {
            // Its keys were made with the references resolved, and are made again when it is merged.
            batch.put_link(link);
        } else {
            let keys = match_keys(object, &link, &NoRefs)?;
            batch.put_link_with_keys(link, keys);
        }
        Ok(())
    }

    fn gone(&self, side: Side, deleted: &Deleted, mut link: Link, batch: &mut Batch) {
        let here = link.tombstone.as_ref().is_some_and(|tombstone| tombstone.side == store_side(side));
        if link.state == LinkState::Unlinked || here {
            return;
        }
        let evidence = serde_json::to_string(deleted).unwrap_or_default();
        link.tombstone = Some(Tombstone { side: store_side(side), evidence, at: self.now() });
        // While its partner may still turn up, the link waits for it; else the partner would be taken for a new record.
        link.state = resting(&link);
        link.dirty = true;
        batch.put_link(link);
    }
}

/// What is known after a read: its fields replace those known before. Consent is what the side shows now; whether it
/// may be lower than before is decided later, against the base.
fn refresh(before: &SideState, now: &SideState) -> SideState {
    let mut state = before.clone();
    state.fields.extend(now.fields.iter().map(|(pair, value)| (pair.clone(), value.clone())));
    for (channel, consent) in now.consent.iter() {
        state.consent.observe(channel, consent.clone());
    }
    state
}

/// The state of a link in which nothing is under way.
pub(crate) fn resting(link: &Link) -> LinkState {
    let both = link.a.id.is_some() && link.b.id.is_some();
    match (link.state, &link.tombstone, &link.parked) {
        (LinkState::Unlinked, ..) => LinkState::Unlinked,
        (LinkState::Creating, ..) => LinkState::Creating,
        (_, Some(_), _) => LinkState::Tombstoned,
        (_, None, Some(_)) => LinkState::Parked,
        _ if both => LinkState::Linked,
        _ => LinkState::Seen,
    }
}

/// A record made of what a link knows of a side, for functions that read records.
pub(crate) fn as_record(object: &ReadyObject, side: Side, state: &SideState) -> Record {
    let fields = state
        .fields
        .iter()
        .filter_map(|(pair, value)| Some((object.compiled.path(pair, side)?.clone(), value.clone())));
    let mut record = Record::new(object.kind, crm_model::Meta::default());
    record.apply(&fields.collect::<RecordPatch>());
    record
}

/// The keys under which a link can be found. Keys that need a reference are left out where it cannot be resolved.
pub(crate) fn match_keys(object: &ReadyObject, link: &Link, refs: &dyn Refs) -> Result<Vec<MatchKey>, SyncError> {
    let mut keys = Vec::new();
    for side in Side::BOTH {
        let Some(state) = current(link, side)? else {
            continue;
        };
        let record = as_record(object, side, &state);
        let found = object.compiled.match_keys(side, &record, refs, &object.keys);
        keys.extend(found.into_iter().map(|key| MatchKey::new(store_side(side), key.text)));
    }
    Ok(keys)
}
