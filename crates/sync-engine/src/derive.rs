//! Deciding: from observations and bases to what should happen, link by link. Reads the store, writes nothing.
//!
//! Nothing that is pending is ever trusted: a plan is derived for people to look at, and derived again, by the same
//! code, right before it is applied.

use std::collections::{BTreeSet, HashMap};

use crm_model::{AnyRef, Deleted};
use sync_core::deletes::{self, DeleteAction};
use sync_core::{Creation, Fingerprint, MatchDecision, MergeInput, Merged, PairId, Side, SideState};
use sync_store::{Link, LinkFilter, LinkId, LinkState, Page};

use crate::SyncError;
use crate::config::{Parts, ReadyObject};
use crate::observe::as_record;
use crate::refs::{Intended, LinkRefs};
use crate::session::Session;
use crate::state::{Counters, Effect, base, bases, current, decode, encode, set_base, store_side};

/// Links that are looked at together.
const PAGE: u32 = 1000;

/// What should happen to one link.
pub(crate) struct Derived {
    pub(crate) link: Link,
    /// The link of the partner's side, which this one takes over.
    pub(crate) absorbed: Option<LinkId>,
    pub(crate) outcome: Outcome,
}

impl Derived {
    /// Whether it, or a field of it, waits for a record that is not linked yet.
    pub(crate) fn awaits(&self) -> bool {
        match &self.outcome {
            Outcome::Wait { .. } => true,
            Outcome::Merge(outcome) => !outcome.merged.deferred.is_empty(),
            Outcome::Create { creation, .. } => !creation.deferred.is_empty(),
            _ => false,
        }
    }

    /// The side on which something waits to be written.
    pub(crate) fn waiting_side(&self) -> Side {
        match &self.outcome {
            Outcome::Wait { side, .. } | Outcome::Create { to: side, .. } => *side,
            _ => Side::A,
        }
    }
}

pub(crate) enum Outcome {
    /// Both sides are known: write what differs and move the bases.
    Merge(Box<MergeOutcome>),
    /// One side is known: create the record on the other.
    Create { to: Side, creation: Box<Creation> },
    /// A person must choose.
    Review { why: String },
    /// It cannot be done until somebody changes something.
    Blocked { side: Side, why: String },
    /// Something else has to happen first.
    Wait { side: Side, why: String },
    /// The link ends and both records stay as they are.
    Unlink,
    /// The partner of a deleted record is deleted too.
    Delete { side: Side },
    /// Nothing to do.
    Nothing,
}

pub(crate) struct MergeOutcome {
    pub(crate) base: Option<[SideState; 2]>,
    pub(crate) states: [SideState; 2],
    pub(crate) merged: Merged,
    /// Fields that went round in circles and are left to a person.
    pub(crate) circles: Vec<PairId>,
    pub(crate) counters: Counters,
}

impl<'a> Session<'a> {
    /// What should happen to every dirty link of an object, in the order of the links.
    pub(crate) async fn derive(
        &self,
        object: &ReadyObject,
        intended: &mut Intended,
    ) -> Result<Vec<Derived>, SyncError> {
        let dirty = scan(self.parts, object, LinkFilter::Dirty).await?;
        let (alone, known): (Vec<Link>, Vec<Link>) = dirty.into_iter().partition(is_alone);
        let mut derived = self.derive_alone(object, alone, intended).await?;
        derived.extend(self.derive_known(object, known, intended).await?);
        derived.sort_by_key(|derived| derived.link.id);
        Ok(derived)
    }

    /// References that these links hold on either side, fetched together.
    pub(crate) async fn refs_of<'l>(
        &self,
        object: &ReadyObject,
        links: impl IntoIterator<Item = &'l Link>,
    ) -> Result<LinkRefs<'a>, SyncError> {
        let mut states = Vec::new();
        for link in links {
            for side in Side::BOTH {
                states.extend(current(link, side)?.map(|state| (side, state)));
            }
        }
        self.refs(object, states.iter().map(|(side, state)| (*side, state)), &Intended::nothing()).await
    }

    /// References that these states hold, fetched together.
    async fn refs<'l>(
        &self,
        object: &ReadyObject,
        states: impl Iterator<Item = (Side, &'l SideState)>,
        intended: &Intended,
    ) -> Result<LinkRefs<'a>, SyncError> {
        let targets: Vec<(Side, AnyRef)> = states
            .flat_map(|(side, state)| object.compiled.refs(side, state).map(move |target| (side, target.clone())))
            .collect();
        LinkRefs::fetch(self.parts, &self.ready.directory, intended, targets).await
    }

    // Records with a partner -----------------------------------------------------------------------------------

    async fn derive_known(
        &self,
        object: &ReadyObject,
        links: Vec<Link>,
        intended: &Intended,
    ) -> Result<Vec<Derived>, SyncError> {
        let mut pairs = Vec::with_capacity(links.len());
        for link in links {
            let states = current(&link, Side::A)?.zip(current(&link, Side::B)?).map(|(a, b)| [a, b]);
            pairs.push((link, states));
        }
        let states = pairs.iter().filter_map(|(_, states)| states.as_ref()).flatten();
        let refs =
            self.refs(object, states.enumerate().map(|(at, state)| (Side::BOTH[at % 2], state)), intended).await?;
        let derive = |(link, states)| self.derive_pair(object, link, states, &refs);
        pairs.into_iter().map(derive).collect()
    }

    fn derive_pair(
        &self,
        object: &ReadyObject,
        link: Link,
        states: Option<[SideState; 2]>,
        refs: &LinkRefs<'_>,
    ) -> Result<Derived, SyncError> {
        let outcome = match (link.state, states) {
            (LinkState::Tombstoned, _) => self.derive_tombstoned(object, &link)?,
            (LinkState::Unlinked, _) | (_, None) => Outcome::Nothing,
            (_, Some(_)) if self.is_parked(&link) => Outcome::Nothing,
            (_, Some(states)) => merge(object, &link, states, refs, self.now().timestamp())?,
        };
        Ok(Derived { link, absorbed: None, outcome })
    }

    /// A parked link is not tried again before its time.
    fn is_parked(&self, link: &Link) -> bool {
        link.parked.as_ref().is_some_and(|parked| parked.next_at.is_none_or(|next| next > self.now()))
    }

    fn derive_tombstoned(&self, object: &ReadyObject, link: &Link) -> Result<Outcome, SyncError> {
        let Some(tombstone) = &link.tombstone else {
            return Ok(Outcome::Nothing);
        };
        let deleted: Deleted = serde_json::from_str(&tombstone.evidence).map_err(|error| SyncError::State {
            link: link.id.0,
            what: "delete evidence",
            why: error.to_string(),
        })?;
        let survivor = if tombstone.side == sync_store::Side::A { Side::B } else { Side::A };
        if link.record(store_side(survivor)).is_none() {
            return Ok(Outcome::Unlink);
        }
        let edited = match (current(link, survivor)?, base(link, survivor)?) {
            (Some(now), Some(was)) => is_edited(object, &was, &now),
            _ => false,
        };
        Ok(match deletes::decide(&deleted, edited, object.deletes) {
            DeleteAction::Nothing => Outcome::Nothing,
            DeleteAction::Unlink => Outcome::Unlink,
            DeleteAction::Delete => Outcome::Delete { side: survivor },
            DeleteAction::Repoint(winner) => Outcome::Review {
                why: format!("it was merged into {winner} on side {}; its partner is still here", survivor.other()),
            },
            _ => Outcome::Review {
                why: format!("it was deleted on side {}, and its partner was changed since", survivor.other()),
            },
        })
    }

    // Records without a partner --------------------------------------------------------------------------------

    async fn derive_alone(
        &self,
        object: &ReadyObject,
        alone: Vec<Link>,
        intended: &mut Intended,
    ) -> Result<Vec<Derived>, SyncError> {
        let mut lonely = Vec::with_capacity(alone.len());
        for link in alone {
            let side = if link.a.id.is_some() { Side::A } else { Side::B };
            let Some(state) = current(&link, side)? else {
                continue;
            };
            let sent = self.sent(&link).await?;
            lonely.push(Lonely { link, side, state, sent });
        }
        let states = lonely.iter().flat_map(|one| {
            let sent = one.sent.as_ref().map(|sent| (one.side.other(), &sent.wish));
            std::iter::once((one.side, &one.state)).chain(sent)
        });
        let refs = self.refs(object, states, intended).await?;
        let matches = self.match_up(object, &lonely, &refs, intended).await?;
        let mut by_link: HashMap<LinkId, Lonely> = lonely.into_iter().map(|one| (one.link.id, one)).collect();
        let mut derived = Vec::with_capacity(matches.len());
        let mut created = CreatedKeys::default();
        for (id, found) in matches {
            let Some(one) = by_link.remove(&id) else {
                continue;
            };
            derived.push(match found {
                Found::Partner(other) => match by_link.remove(&other) {
                    Some(partner) => self.join(object, one, partner, &refs, intended)?,
                    None => Derived { link: one.link, absorbed: None, outcome: Outcome::Nothing },
                },
                Found::Unsure(why) => Derived { link: one.link, absorbed: None, outcome: Outcome::Review { why } },
                Found::Nobody(print) => self.creation(object, one, &print, &refs, &mut created, intended),
            });
        }
        Ok(derived)
    }

    /// The creation under way for a link, if there is one.
    async fn sent(&self, link: &Link) -> Result<Option<Effect>, SyncError> {
        if link.state != LinkState::Creating {
            return Ok(None);
        }
        let scope = sync_store::Scope::Link(link.id);
        let intents = self.parts.store.intents(scope, Page::first(PAGE)).await?;
        let open = intents.iter().rfind(|intent| intent.state.is_open());
        let wish = open.and_then(|intent| intent.wish.as_ref());
        wish.map(|wish| decode(link.id.0, "an intended write", wish)).transpose()
    }

    /// Looks for the partner of each record among the records of the other side that have none.
    async fn match_up(
        &self,
        object: &ReadyObject,
        lonely: &[Lonely],
        refs: &LinkRefs<'_>,
        intended: &Intended,
    ) -> Result<Vec<(LinkId, Found)>, SyncError> {
        let prints: Vec<Fingerprint> = lonely.iter().map(|one| one.fingerprint(object, refs)).collect();
        let mut index: HashMap<(Side, &str), Vec<usize>> = HashMap::new();
        for (place, (one, print)) in lonely.iter().zip(&prints).enumerate() {
            for key in &print.keys {
                index.entry((one.side, key.text.as_str())).or_default().push(place);
            }
        }
        let taken = self.taken(object, lonely, &prints, intended).await?;
        let none = Vec::new();
        let mut partners: BTreeSet<LinkId> = BTreeSet::new();
        let mut found = Vec::with_capacity(lonely.len());
        // A record that shows all that was sent is what was created, whatever its keys say.
        let mut creating = BTreeSet::new();
        for (one, sent) in lonely.iter().filter_map(|one| Some((one, one.sent.as_ref()?))) {
            let is_it = |other: &&Lonely| {
                let is_new = other.side != one.side && other.link.state == LinkState::Seen;
                is_new && !partners.contains(&other.link.id) && sent.has_landed(object, &other.state)
            };
            if let Some(created) = lonely.iter().find(is_it) {
                partners.insert(created.link.id);
                creating.insert(one.link.id);
                found.push((one.link.id, Found::Partner(created.link.id)));
            }
        }
        for (one, print) in lonely.iter().zip(&prints) {
            if partners.contains(&one.link.id) || creating.contains(&one.link.id) {
                continue;
            }
            let sharing = |side: Side| -> Vec<Fingerprint> {
                let keys = print.keys.iter();
                let places: BTreeSet<usize> =
                    keys.flat_map(|key| index.get(&(side, key.text.as_str())).unwrap_or(&none)).copied().collect();
                let others = places.into_iter().filter(|place| lonely[*place].link.id != one.link.id);
                let mark = |place: usize| Fingerprint {
                    taken: partners.contains(&lonely[place].link.id),
                    ..prints[place].clone()
                };
                let mut sharing: Vec<Fingerprint> = others.map(mark).collect();
                let elsewhere =
                    print.keys.iter().flat_map(|key| taken.get(&(side, key.text.clone())).into_iter().flatten());
                let mut known: BTreeSet<&str> = BTreeSet::new();
                sharing.extend(elsewhere.filter(|other| known.insert(&other.id)).cloned());
                sharing
            };
            let decision = sync_core::decide_match(print, &sharing(one.side.other()), &sharing(one.side));
            found.push((
                one.link.id,
                match decision {
                    MatchDecision::Match { id, .. } => {
                        let partner = LinkId(id.parse().unwrap_or_default());
                        partners.insert(partner);
                        Found::Partner(partner)
                    }
                    MatchDecision::Review { why, .. } => Found::Unsure(why),
                    MatchDecision::None => Found::Nobody(print.clone()),
                },
            ));
        }
        // A partner found by a later record was decided on its own before; the match takes its place.
        found.retain(|(id, _)| !partners.contains(id));
        Ok(found)
    }

    /// Records that already have a partner and share a key with one that has none, by side and key.
    async fn taken(
        &self,
        object: &ReadyObject,
        lonely: &[Lonely],
        prints: &[Fingerprint],
        intended: &Intended,
    ) -> Result<HashMap<(Side, String), Vec<Fingerprint>>, SyncError> {
        let store = &self.parts.store;
        let own: BTreeSet<LinkId> = lonely.iter().map(|one| one.link.id).collect();
        let texts: BTreeSet<&str> = prints.iter().flat_map(|print| &print.keys).map(|key| key.text.as_str()).collect();
        let texts: Vec<&str> = texts.into_iter().collect();
        let mut known = Vec::new();
        for side in Side::BOTH {
            let found = store.find_by_keys(object.kind.as_str(), store_side(side), &texts).await?;
            let ids: BTreeSet<LinkId> = found.into_iter().flatten().filter(|id| !own.contains(id)).collect();
            for id in ids {
                let link = store.link(id).await?.filter(|link| link.state.is_live());
                let state = link.as_ref().map(|link| current(link, side)).transpose()?.flatten();
                known.extend(link.zip(state).map(|(link, state)| Lonely { link, side, state, sent: None }));
            }
        }
        let refs = self.refs(object, known.iter().map(|one| (one.side, &one.state)), intended).await?;
        let mut taken: HashMap<(Side, String), Vec<Fingerprint>> = HashMap::new();
        for other in known {
            let print = Fingerprint { taken: true, ..other.fingerprint(object, &refs) };
            for key in &print.keys {
                taken.entry((other.side, key.text.clone())).or_default().push(print.clone());
            }
        }
        Ok(taken)
    }

    fn join(
        &self,
        object: &ReadyObject,
        one: Lonely,
        partner: Lonely,
        refs: &LinkRefs<'_>,
        intended: &mut Intended,
    ) -> Result<Derived, SyncError> {
        let (a, b) = if one.side == Side::A { (one, partner) } else { (partner, one) };
        let mut link = a.link.clone();
        link.b = b.link.b.clone();
        link.tombstone = a.link.tombstone.clone().or_else(|| b.link.tombstone.clone());
        link.state = LinkState::Linked;
        link.parked = None;
        link.review.clear();
        for (creating, created) in [(&a, &b), (&b, &a)] {
            let sent = creating.sent.as_ref().filter(|sent| sent.has_landed(object, &created.state));
            if let Some(sent) = sent {
                set_base(&mut link, created.side, &sent.wish);
                set_base(&mut link, creating.side, &sent.source);
            }
        }
        let ids = [link.a.id.as_deref(), link.b.id.as_deref()].map(Option::unwrap_or_default);
        let absorbed = Some(b.link.id);
        if link.tombstone.is_some() {
            link.state = LinkState::Tombstoned;
            let outcome = self.derive_tombstoned(object, &link)?;
            return Ok(Derived { link, absorbed, outcome });
        }
        intended.link(object.kind, link.id, ids[0], ids[1]);
        let outcome = merge(object, &link, [a.state, b.state], refs, self.now().timestamp())?;
        Ok(Derived { link, absorbed, outcome })
    }

    fn creation(
        &self,
        object: &ReadyObject,
        one: Lonely,
        print: &Fingerprint,
        refs: &LinkRefs<'_>,
        created: &mut CreatedKeys,
        intended: &mut Intended,
    ) -> Derived {
        let Lonely { link, side, state, .. } = one;
        let to = side.other();
        let done = |outcome| Derived { link: link.clone(), absorbed: None, outcome };
        if link.state == LinkState::Creating {
            created.note(side, print, link.record(store_side(side)).unwrap_or_default());
            return done(Outcome::Wait { side: to, why: "the outcome of its creation is not known yet".into() });
        }
        let allowed = object.creates.is_some_and(|direction| direction.allows(side));
        if !allowed || !object.capabilities[to.index()].create {
            return done(Outcome::Nothing);
        }
        if self.is_parked(&link) {
            // It will be tried again, so a record that looks the same must not take its place meanwhile.
            created.note(side, print, link.record(store_side(side)).unwrap_or_default());
            return done(Outcome::Nothing);
        }
        if let Some(twin) = created.twin(side, print) {
            let why = format!(
                "record {twin} of the same side looks like the same one; only one of them is created on the other"
            );
            return done(Outcome::Review { why });
        }
        let creation = object.compiled.create(side, &state, refs);
        let wait = |pair: &PairId| Outcome::Wait {
            side: to,
            why: format!("{pair} refers to a record that is not linked yet"),
        };
        let awaited = creation.deferred.iter().find(|(_, target)| refs.is_expected(side, target));
        if let Some((pair, _)) = awaited.filter(|_| !intended.is_planning()) {
            return done(wait(pair));
        }
        // A required reference that is not linked yet is late, not missing.
        let late = creation
            .deferred
            .iter()
            .find(|(pair, _)| object.compiled.path(pair, to).is_some_and(|path| creation.missing.contains(path)));
        let missing: Vec<String> = creation
            .missing
            .iter()
            .filter(|path| late.is_none_or(|(pair, _)| object.compiled.path(pair, to) != Some(path)))
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            let vendor = self.parts.crm(to).vendor();
            let why = format!(
                "{vendor} needs {}, which is empty here; fill it in, or give the mapping a constant for it",
                missing.join(", ")
            );
            return done(Outcome::Blocked { side: to, why });
        }
        let is_coming = |target: &AnyRef| refs.is_intended(side, target) || refs.is_expected(side, target);
        if let Some((pair, _)) = late.filter(|(_, target)| !(intended.is_planning() && is_coming(target))) {
            return done(wait(pair));
        }
        created.note(side, print, link.record(store_side(side)).unwrap_or_default());
        intended.create(link.id);
        Derived { outcome: Outcome::Create { to, creation: Box::new(creation) }, link, absorbed: None }
    }
}

/// All links of an object that pass a filter, in the order of their ids.
pub(crate) async fn scan(parts: &Parts, object: &ReadyObject, filter: LinkFilter) -> Result<Vec<Link>, SyncError> {
    let mut links: Vec<Link> = Vec::new();
    let mut page = Page::first(PAGE);
    loop {
        let found = parts.store.scan_links(object.kind.as_str(), filter, page).await?;
        let full = found.len() >= PAGE as usize;
        links.extend(found);
        match links.last() {
            Some(last) if full => page = Page::after(last.id.0, PAGE),
            _ => return Ok(links),
        }
    }
}

/// A record without a partner.
struct Lonely {
    link: Link,
    side: Side,
    state: SideState,
    /// The creation of its partner that was sent, and whose outcome is not known.
    sent: Option<Effect>,
}

impl Lonely {
    fn fingerprint(&self, object: &ReadyObject, refs: &LinkRefs<'_>) -> Fingerprint {
        // What may turn up on the other side is what was sent, whatever happened here since.
        let (side, state) = match &self.sent {
            Some(sent) => (self.side.other(), &sent.wish),
            None => (self.side, &self.state),
        };
        let record = as_record(object, side, state);
        let mut print = object.compiled.fingerprint(side, &record, refs, &object.keys);
        print.id = self.link.id.0.to_string().into();
        print
    }
}

enum Found {
    Partner(LinkId),
    Unsure(String),
    Nobody(Fingerprint),
}

/// What is about to be created, so that two records of one person do not become two on the other side.
#[derive(Default)]
struct CreatedKeys(HashMap<(Side, String), Vec<(Fingerprint, String)>>);

impl CreatedKeys {
    /// A record of the same side that is being created and that the matcher takes for the same one.
    fn twin(&self, side: Side, print: &Fingerprint) -> Option<&str> {
        let sharing = print.keys.iter().flat_map(|key| self.0.get(&(side, key.text.clone())).into_iter().flatten());
        let is_twin = |other: &Fingerprint| {
            sync_core::decide_match(print, std::slice::from_ref(other), &[]) != MatchDecision::None
        };
        sharing.into_iter().find(|(other, _)| is_twin(other)).map(|(_, record)| record.as_str())
    }

    fn note(&mut self, side: Side, print: &Fingerprint, record: &str) {
        for key in &print.keys {
            self.0.entry((side, key.text.clone())).or_default().push((print.clone(), record.to_owned()));
        }
    }
}

/// One side is known. A record whose creation was sent and not answered counts: what was created may turn up as a
/// record of its own, and must be known as the partner.
fn is_alone(link: &Link) -> bool {
    (link.a.id.is_some() != link.b.id.is_some())
        && matches!(link.state, LinkState::Seen | LinkState::Creating | LinkState::Parked | LinkState::Review)
}

/// Whether a side shows something else than what was agreed on. What was never agreed on does not count.
fn is_edited(object: &ReadyObject, was: &SideState, now: &SideState) -> bool {
    let changed = |(pair, was)| now.get(pair).is_some_and(|now| !object.compiled.unchanged(pair, was, now));
    was.fields.iter().any(changed) || was.consent.opted_out() != now.consent.opted_out()
}

impl Effect {
    /// Whether a record shows everything that was written.
    fn has_landed(&self, object: &ReadyObject, shown: &SideState) -> bool {
        self.wish
            .fields
            .iter()
            .all(|(pair, wished)| shown.get(pair).is_some_and(|shown| object.compiled.unchanged(pair, wished, shown)))
    }
}

fn merge(
    object: &ReadyObject,
    link: &Link,
    states: [SideState; 2],
    refs: &LinkRefs<'_>,
    now: i64,
) -> Result<Outcome, SyncError> {
    let base = bases(link)?;
    let mut input = MergeInput::new(&states[0], &states[1], refs);
    input.base = base.as_ref().map(|[a, b]| [a, b]);
    let stamp = |side: Side| link.end(store_side(side)).seen.as_ref().and_then(|seen| seen.stamp);
    input.stamps = [stamp(Side::A), stamp(Side::B)];
    let mut merged = object.compiled.merge(&input);
    let mut counters: Counters = match &link.counters {
        Some(blob) => decode(link.id.0, "write counters", blob)?,
        None => Counters::default(),
    };
    let mut circles = Vec::new();
    for side in Side::BOTH {
        let wish = merged.writes[side.index()].wish.clone();
        circles.extend(wish.fields.keys().filter(|pair| counters.count(side, pair, &wish, now)).cloned());
    }
    for pair in &circles {
        merged.withhold(pair);
    }
    Ok(Outcome::Merge(Box::new(MergeOutcome { base, states, merged, circles, counters })))
}

impl MergeOutcome {
    pub(crate) fn base(&self) -> Option<[&SideState; 2]> {
        self.base.as_ref().map(|[a, b]| [a, b])
    }

    /// The counters to store with the writes.
    pub(crate) fn counters(&self) -> sync_store::Blob {
        encode(&self.counters)
    }
}
