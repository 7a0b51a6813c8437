//! References between records, resolved through the link table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crm_model::{AnyRef, ObjectKind};
use sync_core::{Refs, Resolved, Side};
use sync_store::{LinkId, LinkState};

use crate::SyncError;
use crate::config::Parts;
use crate::directory::Directory;
use crate::state::store_side;

type Target = (Side, ObjectKind, Box<str>);

/// What a plan intends for records whose references later objects of the same plan need: partners that were matched
/// but not yet linked, and records that are about to be created.
pub(crate) struct Intended {
    /// A plan for people to look at does not stop at what an earlier part of it will have brought about.
    planning: bool,
    partners: HashMap<Target, (Box<str>, LinkId)>,
    creations: BTreeSet<LinkId>,
}

impl Intended {
    /// For a plan: later objects see what earlier ones intend.
    pub(crate) fn planning() -> Self {
        Self { planning: true, partners: HashMap::new(), creations: BTreeSet::new() }
    }

    /// For applying: only what has happened counts.
    pub(crate) fn nothing() -> Self {
        Self { planning: false, ..Self::planning() }
    }

    pub(crate) fn is_planning(&self) -> bool {
        self.planning
    }

    pub(crate) fn link(&mut self, object: ObjectKind, id: LinkId, a: &str, b: &str) {
        self.partners.insert((Side::A, object, a.into()), (b.into(), id));
        self.partners.insert((Side::B, object, b.into()), (a.into(), id));
    }

    pub(crate) fn create(&mut self, id: LinkId) {
        self.creations.insert(id);
    }
}

#[derive(Clone)]
struct Entry {
    link: LinkId,
    other: Option<Box<str>>,
    /// Whether a partner may still come: nothing stands in its way yet.
    expected: bool,
    /// Whether the plan in the making creates the partner.
    intended: bool,
}

/// The references of a batch of records, fetched from the link table in one go.
pub(crate) struct LinkRefs<'a> {
    entries: HashMap<Target, Entry>,
    directory: &'a Directory,
}

impl<'a> LinkRefs<'a> {
    pub(crate) async fn fetch(
        parts: &Parts,
        directory: &'a Directory,
        intended: &Intended,
        targets: impl IntoIterator<Item = (Side, AnyRef)>,
    ) -> Result<Self, SyncError> {
        let mut wanted: BTreeMap<(ObjectKind, Side), BTreeSet<Box<str>>> = BTreeMap::new();
        for (side, target) in targets {
            if directory.translate(side, &target).is_none() {
                wanted.entry((target.object, side)).or_default().insert(target.id);
            }
        }
        let mut entries = HashMap::new();
        for ((object, side), ids) in wanted {
            let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
            let links = parts.store.links_of(object.as_str(), store_side(side), &ids).await?;
            for (id, link) in ids.into_iter().zip(links) {
                let Some(link) = link else { continue };
                let target = (side, object, Box::from(id));
                let entry = match intended.partners.get(&target) {
                    Some((other, link)) => {
                        Entry { link: *link, other: Some(other.clone()), expected: false, intended: false }
                    }
                    None => Entry {
                        link: link.id,
                        other: link.record(store_side(side.other())).map(Box::from),
                        expected: matches!(link.state, LinkState::Seen | LinkState::Creating)
                            && !intended.creations.contains(&link.id)
                            && link.review.is_empty(),
                        intended: intended.creations.contains(&link.id),
                    },
                };
                // The partner is the same entity: what refers to it on its side is resolved, too.
                if let Some(other) = &entry.other {
                    let back = Entry { other: Some(target.2.clone()), ..entry.clone() };
                    entries.insert((side.other(), object, other.clone()), back);
                }
                entries.insert(target, entry);
            }
        }
        Ok(Self { entries, directory })
    }

    /// Whether a record must wait for this reference: its target has no partner yet, but will get one.
    pub(crate) fn is_expected(&self, from: Side, target: &AnyRef) -> bool {
        self.entry(from, target).is_some_and(|entry| entry.other.is_none() && entry.expected)
    }

    /// Whether the plan in the making creates the partner of this reference's target.
    pub(crate) fn is_intended(&self, from: Side, target: &AnyRef) -> bool {
        self.entry(from, target).is_some_and(|entry| entry.intended)
    }

    fn entry(&self, side: Side, target: &AnyRef) -> Option<&Entry> {
        self.entries.get(&(side, target.object, target.id.clone()))
    }
}

impl Refs for LinkRefs<'_> {
    fn translate(&self, from: Side, target: &AnyRef) -> Resolved {
        if let Some(resolved) = self.directory.translate(from, target) {
            return resolved;
        }
        match self.entry(from, target).and_then(|entry| entry.other.clone()) {
            Some(id) => Resolved::Linked(AnyRef { id, ..target.clone() }),
            None => Resolved::NotLinked,
        }
    }

    fn identity(&self, side: Side, target: &AnyRef) -> Option<String> {
        self.entry(side, target).map(|entry| format!("{} {}", target.object, entry.link.0))
    }
}
