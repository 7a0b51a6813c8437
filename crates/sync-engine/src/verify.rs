//! Checking: both sides are read afresh and compared, field by field, without looking at what the sync remembers.

use std::collections::BTreeMap;
use std::fmt;

use crm_model::{ObjectKind, Value};
use futures::StreamExt;
use serde::Serialize;
use sync_core::{PairId, Refs, Resolved, Side, SideState};
use sync_store::{Link, LinkFilter, LinkState};
use unified_crm::Change;

use crate::SyncError;
use crate::config::{ReadyObject, Sync};
use crate::derive::scan;
use crate::refs::{Intended, LinkRefs};
use crate::state::store_side;

/// What comparing both sides found.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The vendors of the two sides.
    pub vendors: [String; 2],
    /// Object by object.
    pub objects: BTreeMap<ObjectKind, ObjectComparison>,
}

/// What comparing one object found.
#[derive(Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct ObjectComparison {
    /// Records on side A and side B.
    pub records: [u64; 2],
    /// Linked pairs of records that were compared.
    pub pairs: u64,
    /// Fields that were compared.
    pub fields: u64,
    /// Fields that differ.
    pub differences: Vec<Difference>,
    /// Records on side A and side B that have no partner.
    pub alone: [u64; 2],
}

/// A field in which two linked records differ.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The link's number in the state.
    pub link: i64,
    /// The two records.
    pub records: [String; 2],
    /// The mapped pair.
    pub pair: PairId,
    /// What side A and side B show.
    pub values: [Value; 2],
    /// Whether a question about it is open, it waits for a record that is not linked, the record is parked, or the two were left to differ by policy.
    pub known: bool,
}

impl Sync {
    /// Reads both sides completely and compares every mapped field of every linked pair. Writes nothing, on either side
    /// or in the state. Holds the mapped fields of one object of both sides in memory at a time.
    ///
    /// # Errors
    /// [`SyncError`] where a side or the state cannot be read.
    pub async fn verify(&self) -> Result<Comparison, SyncError> {
        let ready = self.0.ready().await?;
        let mut objects = BTreeMap::new();
        for object in &ready.objects {
            objects.insert(object.kind, self.verify_object(object).await?);
        }
        Ok(Comparison { vendors: self.vendors().map(str::to_owned), objects })
    }

    async fn verify_object(&self, object: &ReadyObject) -> Result<ObjectComparison, SyncError> {
        let mut shown = [self.read_all(object, Side::A).await?, self.read_all(object, Side::B).await?];
        let mut found =
            ObjectComparison { records: [shown[0].len() as u64, shown[1].len() as u64], ..ObjectComparison::default() };
        let links = scan(&self.0, object, LinkFilter::All).await?;
        let mut pairs = Vec::new();
        for link in links.into_iter().filter(|link| !matches!(link.state, LinkState::Unlinked | LinkState::Tombstoned))
        {
            let ids = Side::BOTH.map(|side| link.record(store_side(side)).map(str::to_owned));
            let [Some(a), Some(b)] = ids else { continue };
            if let Some((state_a, state_b)) = shown[0].remove(&a).zip(shown[1].remove(&b)) {
                pairs.push((link, [a, b], [state_a, state_b]));
            }
        }
        found.alone = [shown[0].len() as u64, shown[1].len() as u64];
        let targets = pairs.iter().flat_map(|(_, _, states)| {
            Side::BOTH.into_iter().flat_map(|side| {
                object.compiled.refs(side, &states[side.index()]).map(move |target| (side, target.clone()))
            })
        });
        let ready = self.0.ready().await?;
        let refs =
            LinkRefs::fetch(&self.0, &ready.directory, &Intended::nothing(), targets.collect::<Vec<_>>()).await?;
        for (link, records, [a, b]) in &pairs {
            found.pairs += 1;
            found.fields += a.fields.keys().filter(|pair| b.fields.contains_key(*pair)).count() as u64;
            for pair in object.compiled.differing(a, b, &refs) {
                let value = |state: &SideState| state.get(&pair).cloned().unwrap_or(Value::Null);
                let (values, known) = ([value(a), value(b)], is_known(object, link, &pair, [a, b], &refs)?);
                found.differences.push(Difference { link: link.id.0, records: records.clone(), pair, values, known });
            }
        }
        Ok(found)
    }

    async fn read_all(&self, object: &ReadyObject, side: Side) -> Result<BTreeMap<String, SideState>, SyncError> {
        let records = self.0.crm(side).records(object.kind).map_err(self.0.fail(side))?;
        let mut changes = records.changes(None);
        let mut states = BTreeMap::new();
        while let Some(change) = changes.next().await {
            if let Change::Record(record) = change.map_err(self.0.fail(side))? {
                states.insert(record.meta.id.to_string(), object.compiled.project(side, &record));
            }
        }
        Ok(states)
    }
}

/// A difference is known where a person was asked, where a reference waits for its target, where the link is parked, or where both sides still show what their
/// bases hold: then they were left to differ by policy, and only a later change travels.
fn is_known(
    object: &ReadyObject,
    link: &Link,
    pair: &PairId,
    shown: [&SideState; 2],
    refs: &LinkRefs<'_>,
) -> Result<bool, SyncError> {
    let waits = Side::BOTH.into_iter().zip(shown).any(|(side, state)| match state.get(pair) {
        Some(Value::Ref(target)) => refs.translate(side, target) == Resolved::NotLinked,
        _ => false,
    });
    let asked = link.review.iter().any(|mark| mark.field == pair.as_str() || mark.field == "record");
    let agreed = crate::state::bases(link)?.is_some_and(|bases| {
        let is_base = |(base, now): (&SideState, &SideState)| match (base.get(pair), now.get(pair)) {
            (Some(base), Some(now)) => object.compiled.unchanged(pair, base, now),
            _ => false,
        };
        bases.iter().zip(shown).all(is_base)
    });
    Ok(asked || waits || link.parked.is_some() || agreed)
}

impl Comparison {
    /// Differences that nobody knows of: a sync at rest has none.
    pub fn unexplained(&self) -> impl Iterator<Item = (ObjectKind, &Difference)> {
        let differences = |(kind, object): (&ObjectKind, _)| (*kind, object);
        self.objects.iter().map(differences).flat_map(|(kind, object): (ObjectKind, &ObjectComparison)| {
            object.differences.iter().filter(|difference| !difference.known).map(move |difference| (kind, difference))
        })
    }

    /// Fields that were compared, over all objects.
    #[must_use]
    pub fn fields(&self) -> u64 {
        self.objects.values().map(|object| object.fields).sum()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = &self.vendors;
        let heads = [a.as_str(), b, "pairs", "fields", "differ", "explained", "alone"];
        write!(f, "{:<8}", "object")?;
        for head in heads {
            write!(f, " {head:>10}")?;
        }
        for (kind, object) in &self.objects {
            let known = object.differences.iter().filter(|difference| difference.known).count() as u64;
            let differ = object.differences.len() as u64;
            let alone = object.alone[0] + object.alone[1];
            write!(f, "\n{:<8}", kind.as_str())?;
            for number in [object.records[0], object.records[1], object.pairs, object.fields, differ, known, alone] {
                write!(f, " {number:>10}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Comparison({} fields)", self.fields())
    }
}
