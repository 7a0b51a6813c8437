//! What the engine keeps in the store's opaque texts.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sync_core::{PairId, Side, SideState};
use sync_store::{Blob, Link, Seen};

use crate::SyncError;

/// What one write does, stored before it leaves: enough to finish its bookkeeping after a crash.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Effect {
    /// What the written side should then show for the written fields.
    pub(crate) wish: SideState,
    /// What the other side showed for them: its base once the write has landed.
    pub(crate) source: SideState,
}

/// The writes of late to one field of one side: what the oscillation breaker counts.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Counters(BTreeMap<String, Vec<(i64, String)>>);

impl Counters {
    /// Writes within this many seconds count together.
    const WINDOW: i64 = 3600;
    /// So many writes of values that were written before are an oscillation.
    const LIMIT: usize = 3;

    /// Counts a write and says whether the field goes round in circles: the last writes within the window were as
    /// many as the limit and this value is among them.
    pub(crate) fn count(&mut self, side: Side, pair: &PairId, wish: &SideState, now: i64) -> bool {
        let mut one = SideState::default();
        if let Some(value) = wish.get(pair) {
            one.fields.insert(pair.clone(), value.clone());
        }
        let digest = one.digest();
        let writes = self.0.entry(format!("{side}:{pair}")).or_default();
        writes.retain(|(at, _)| now - at < Self::WINDOW);
        let turns = writes.len() >= Self::LIMIT && writes.iter().any(|(_, written)| *written == digest);
        if !turns {
            writes.push((now, digest));
        }
        turns
    }
}

pub(crate) fn encode(value: &impl Serialize) -> Blob {
    // Maps with text keys and plain values always have a JSON form.
    Blob::from(serde_json::to_string(value).unwrap_or_default())
}

pub(crate) fn decode<T: DeserializeOwned>(link: i64, what: &'static str, blob: &Blob) -> Result<T, SyncError> {
    serde_json::from_str(blob).map_err(|error| SyncError::State { link, what, why: error.to_string() })
}

pub(crate) fn store_side(side: Side) -> sync_store::Side {
    match side {
        Side::A => sync_store::Side::A,
        Side::B => sync_store::Side::B,
    }
}

/// What a side shows of a link now: the last observation, else what was agreed.
pub(crate) fn current(link: &Link, side: Side) -> Result<Option<SideState>, SyncError> {
    let end = link.end(store_side(side));
    let blob = end.seen.as_ref().map(|seen| &seen.blob).or(end.base.as_ref());
    blob.map(|blob| decode(link.id.0, "an observation", blob)).transpose()
}

pub(crate) fn base(link: &Link, side: Side) -> Result<Option<SideState>, SyncError> {
    let blob = link.end(store_side(side)).base.as_ref();
    blob.map(|blob| decode(link.id.0, "a base", blob)).transpose()
}

/// Both bases, where the link has been agreed on before.
pub(crate) fn bases(link: &Link) -> Result<Option<[SideState; 2]>, SyncError> {
    Ok(base(link, Side::A)?.zip(base(link, Side::B)?).map(|(a, b)| [a, b]))
}

pub(crate) fn set_base(link: &mut Link, side: Side, state: &SideState) {
    link.end_mut(store_side(side)).base = Some(encode(state));
}

/// Records an observation. One that equals the base costs nothing to keep.
pub(crate) fn set_seen(link: &mut Link, side: Side, state: &SideState, stamp: Stamp) {
    let (blob, digest) = (encode(state), state.digest());
    link.end_mut(store_side(side)).seen = Some(Seen { blob, digest, stamp: stamp.record, seen_at: stamp.seen_at });
}

/// When a record last changed, by its vendor's clock, and when we looked, by ours.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) record: Option<crm_model::Instant>,
    pub(crate) seen_at: crm_model::Instant,
}

/// A link is dirty as long as a side shows something that was not agreed on, or has no partner yet. Consent has no
/// agreement: as long as one side has opted out and the other has not, there is something to do.
pub(crate) fn refresh_dirty(link: &mut Link) {
    let differs = |side: sync_store::Side| {
        let end = link.end(side);
        match (&end.seen, &end.base) {
            (Some(seen), Some(base)) => seen.blob != *base,
            (Some(_), None) => true,
            (None, _) => false,
        }
    };
    link.dirty = differs(sync_store::Side::A)
        || differs(sync_store::Side::B)
        || link.tombstone.is_some()
        || is_consent_apart(link);
}

/// Whether one side has opted out of a channel that the other shows as open.
fn is_consent_apart(link: &Link) -> bool {
    let (Ok(Some(a)), Ok(Some(b))) = (current(link, Side::A), current(link, Side::B)) else { return false };
    let (out_a, out_b) = (a.consent.opted_out(), b.consent.opted_out());
    let is_open = |state: &SideState, channel| {
        state.consent.get(channel).is_some_and(|_| !state.consent.opted_out().contains(channel))
    };
    out_a.iter().any(|channel| is_open(&b, channel)) || out_b.iter().any(|channel| is_open(&a, channel))
}
