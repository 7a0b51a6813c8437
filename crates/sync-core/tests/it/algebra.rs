//! Laws that every merge obeys, on correlated random records: one record, perturbed twice.

use crm_model::{Channel, Choice, ConsentSet, ConsentState, FieldKey, FieldType, ObjectKind, Value};
use proptest::prelude::*;
use sync_core::{Compiled, Direction, Mapping, MergeInput, Merged, PairId, Policy, Refs, Side, SideState, ValueTable};

use crate::support::{Links, account_ref, at, choice, compiled_between, field, text};

const TIER: &str = "custom.tier=custom.Tier__c";
const PAIRS: [&str; 6] = ["job_title", "emails[primary]", "accounts[primary]", "department", "custom.size", TIER];

fn direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(vec![Direction::Both, Direction::Both, Direction::AToB, Direction::BToA])
}

fn policy() -> impl Strategy<Value = Policy> {
    let plain =
        prop::sample::select(vec![Policy::Prefer(Side::A), Policy::Prefer(Side::B), Policy::FillEmpty, Policy::Review]);
    prop_oneof![plain.clone(), plain.prop_map(Policy::newest_or)]
}

/// A mapping with a direction and a policy for each pair, as data that can be mirrored.
#[derive(Debug, Clone)]
struct Plan {
    pairs: Vec<(Direction, Policy)>,
    first_link: Policy,
    consent: Direction,
}

fn plan() -> impl Strategy<Value = Plan> {
    (prop::collection::vec((direction(), policy()), PAIRS.len()), policy(), direction())
        .prop_map(|(pairs, first_link, consent)| Plan { pairs, first_link, consent })
}

fn mirrored(direction: Direction) -> Direction {
    match direction {
        Direction::Both => Direction::Both,
        Direction::AToB => Direction::BToA,
        Direction::BToA => Direction::AToB,
    }
}

const OPTIONS_A: [(&str, &str); 3] = [("1", "Hot"), ("2", "Warm"), ("3", "Cold")];
const OPTIONS_B: [(&str, &str); 2] = [("G", "Gold"), ("S", "Silver")];

impl Plan {
    /// The mapping; `order` says in which order its pairs are added, `mirror` exchanges the sides.
    fn compile(&self, order: &[usize], mirror: bool) -> Compiled {
        let turn = |policy: &Policy| {
            if mirror { policy.mirrored() } else { policy.clone() }
        };
        let turned = |direction| {
            if mirror { mirrored(direction) } else { direction }
        };
        let mut mapping =
            Mapping::empty(ObjectKind::Contact).first_link(turn(&self.first_link)).consent(turned(self.consent));
        for index in order {
            let (direction, policy) = &self.pairs[*index];
            let (a, b) = PAIRS[*index].split_once('=').unwrap_or((PAIRS[*index], PAIRS[*index]));
            let (a, b) = if mirror { (b, a) } else { (a, b) };
            mapping = match turned(*direction) {
                Direction::Both => mapping.both(a, b),
                Direction::AToB => mapping.a_to_b(a, b),
                Direction::BToA => mapping.b_to_a(a, b),
            };
            let id = if a == b { a.to_owned() } else { format!("{a}={b}") };
            mapping = mapping.policy(id.as_str(), turn(policy));
            mapping = match PAIRS[*index] {
                "emails[primary]" => mapping.codec(id.as_str(), sync_core::Codec::Email),
                "accounts[primary]" => mapping.codec(id.as_str(), sync_core::Codec::Ref),
                TIER if mirror => mapping.values(
                    id.as_str(),
                    ValueTable::new().pair("Gold", "Hot").b_to_a("Gold", "Warm").pair("Silver", "Cold"),
                ),
                TIER => mapping.values(
                    id.as_str(),
                    ValueTable::new().pair("Hot", "Gold").a_to_b("Warm", "Gold").pair("Cold", "Silver"),
                ),
                _ => mapping,
            };
        }
        let size = || field(FieldKey::custom("size"), FieldType::Decimal { scale: None });
        let (a, b) = (vec![size(), choice("tier", &OPTIONS_A)], vec![size(), choice("Tier__c", &OPTIONS_B)]);
        if mirror { compiled_between(&mapping, b, a) } else { compiled_between(&mapping, a, b) }
    }
}

/// A value of a pair on a side, from a small alphabet so that values meet.
fn value(pair: usize, side: Side, pick: u8) -> Value {
    let pick = usize::from(pick);
    match PAIRS[pair] {
        "emails[primary]" => text(["", "ada@x.example", "Ada@X.example", "bob@x.example"][pick % 4]),
        "accounts[primary]" => match pick % 4 {
            0 => Value::Null,
            3 => account_ref("lonely"),
            n => account_ref(&format!("{}{n}", if side == Side::A { "a" } else { "b" })),
        },
        "custom.size" => match pick % 4 {
            0 => Value::Null,
            n => Value::Decimal(n.into()),
        },
        TIER => {
            let options: &[(&str, &str)] = if side == Side::A { &OPTIONS_A } else { &OPTIONS_B };
            match pick % (options.len() + 1) {
                0 => Value::Null,
                n => Value::Choice(Choice::new(options[n - 1].0).labelled(options[n - 1].1)),
            }
        }
        _ => text(["", "x", "y", "X"][pick % 4]),
    }
}

fn consent_state(pick: u8) -> ConsentSet {
    let mut set = ConsentSet::default();
    for (channel, pick) in [(Channel::Email, pick % 4), (Channel::Phone, pick / 4 % 4)] {
        let state = match pick {
            0 => continue,
            1 => ConsentState::Unknown,
            2 => ConsentState::OptedIn,
            _ => ConsentState::OptedOut,
        };
        set.observe(channel, state);
    }
    set
}

fn state(side: Side, picks: &[u8], loaded: u8) -> SideState {
    let fields = (0..PAIRS.len()).filter(|pair| loaded & (1 << pair) != 0);
    SideState {
        fields: fields.map(|pair| (PairId::from(PAIRS[pair]), value(pair, side, picks[pair]))).collect(),
        consent: consent_state(picks[PAIRS.len()]),
    }
}

/// Two bases and two observations, perturbed from one record.
#[derive(Debug, Clone)]
struct World {
    base: Option<[SideState; 2]>,
    seen: [SideState; 2],
    stamps: [Option<crm_model::Instant>; 2],
}

fn world() -> impl Strategy<Value = World> {
    let picks = || prop::collection::vec(0_u8..4, PAIRS.len() + 1);
    // A pick of the alphabet, mostly that of the base.
    let edits = || prop::collection::vec(prop_oneof![3 => Just(None), 1 => (0_u8..16).prop_map(Some)], PAIRS.len() + 1);
    let all = 0b11_1111_u8;
    let loaded = || prop_oneof![4 => Just(all), 1 => 0..=all];
    let stamp = || prop::option::weighted(0.8, 0_i64..12);
    (picks(), edits(), edits(), edits(), [loaded(), loaded(), loaded(), loaded()], any::<bool>(), stamp(), stamp())
        .prop_map(|(base, drift, on_a, on_b, loaded, linked, stamp_a, stamp_b)| {
            let apply = |edits: &[Option<u8>], to: &[u8]| -> Vec<u8> {
                edits.iter().zip(to).map(|(edit, was)| edit.unwrap_or(*was)).collect()
            };
            let base_b = apply(&drift, &base);
            World {
                seen: [
                    state(Side::A, &apply(&on_a, &base), loaded[0]),
                    state(Side::B, &apply(&on_b, &base_b), loaded[1]),
                ],
                base: linked.then(|| [state(Side::A, &base, loaded[2]), state(Side::B, &base_b, loaded[3])]),
                stamps: [stamp_a.map(at), stamp_b.map(at)],
            }
        })
}

fn links() -> Links {
    Links::of(&[("a1", "b1"), ("a2", "b2")])
}

impl World {
    fn merge(&self, compiled: &Compiled, refs: &dyn Refs) -> Merged {
        let mut input = MergeInput::new(&self.seen[0], &self.seen[1], refs);
        input.base = self.base.as_ref().map(|[a, b]| [a, b]);
        input.stamps = self.stamps;
        compiled.merge(&input)
    }

    /// The world after both writes landed.
    fn landed(&self, merged: &Merged) -> Self {
        let mut next = self.clone();
        next.base = Some(merged.bases(self.base.as_ref().map(|[a, b]| [a, b]), [true, true]));
        for side in Side::BOTH {
            next.seen[side.index()].overlay(&merged.writes[side.index()].wish);
        }
        next
    }

    fn mirrored(&self) -> Self {
        let swap = |states: &[SideState; 2]| [renamed(&states[1]), renamed(&states[0])];
        Self { base: self.base.as_ref().map(swap), seen: swap(&self.seen), stamps: [self.stamps[1], self.stamps[0]] }
    }
}

/// The state under the names that the pairs have in the mirrored mapping.
fn renamed(state: &SideState) -> SideState {
    let fields = state.fields.iter().map(|(pair, value)| (mirror_id(pair), value.clone()));
    SideState { fields: fields.collect(), consent: state.consent.clone() }
}

fn mirror_id(pair: &PairId) -> PairId {
    match pair.as_str().split_once('=') {
        Some((a, b)) => PairId::from(format!("{b}={a}")),
        None => pair.clone(),
    }
}

const ORDER: [usize; 6] = [0, 1, 2, 3, 4, 5];

/// What can be compared byte by byte.
fn bytes(merged: &Merged) -> String {
    let parts = (
        serde_json::to_string(&merged.writes).unwrap(),
        serde_json::to_string(&merged.rebase).unwrap(),
        serde_json::to_string(&merged.conflicts).unwrap(),
        serde_json::to_string(&merged.reviews).unwrap(),
        serde_json::to_string(&merged.deferred).unwrap(),
        serde_json::to_string(&merged.problems).unwrap(),
        serde_json::to_string(&merged.decisions).unwrap(),
    );
    format!("{parts:?}")
}

proptest! {
    // More with PROPTEST_CASES.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(512)))]

    /// The same input gives the same bytes, whatever the order in which the mapping was written or the fields arrived.
    #[test]
    fn merging_is_deterministic_and_independent_of_order(
        plan in plan(), world in world(), order in Just(ORDER.to_vec()).prop_shuffle(),
    ) {
        let merged = world.merge(&plan.compile(&ORDER, false), &links());
        let again = world.merge(&plan.compile(&order, false), &links());
        prop_assert_eq!(bytes(&merged), bytes(&again));
        let mut reloaded = world.clone();
        for state in &mut reloaded.seen {
            let backwards: Vec<_> = state.fields.iter().rev().map(|(pair, value)| (pair.clone(), value.clone())).collect();
            state.fields = backwards.into_iter().collect();
            *state = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
        }
        prop_assert_eq!(bytes(&merged), bytes(&reloaded.merge(&plan.compile(&order, false), &links())));
        for (one, two) in world.seen.iter().zip(&reloaded.seen) {
            prop_assert_eq!(one.digest(), two.digest());
        }
    }

    /// Once the writes have landed there is nothing left to write.
    #[test]
    fn merging_twice_writes_nothing(plan in plan(), world in world()) {
        let compiled = plan.compile(&ORDER, false);
        let merged = world.merge(&compiled, &links());
        let next = world.landed(&merged);
        let again = next.merge(&compiled, &links());
        prop_assert!(!again.has_writes(), "{:?} then {:?}", merged.decisions, again.decisions);
        prop_assert!(again.conflicts.is_empty());
    }

    /// Exchanging the sides, directions and policies exchanges the result.
    #[test]
    fn exchanging_the_sides_commutes(plan in plan(), world in world()) {
        let compiled = plan.compile(&ORDER, false);
        let merged = world.merge(&compiled, &links());
        let mirrored = world.mirrored().merge(&plan.compile(&ORDER, true), &links_mirrored());
        for side in Side::BOTH {
            let (one, two) = (&merged.writes[side.index()], &mirrored.writes[side.other().index()]);
            prop_assert_eq!(renamed(&one.wish), two.wish.clone());
            prop_assert_eq!(&one.patch, &two.patch);
            prop_assert_eq!(renamed(&merged.rebase[side.index()]), mirrored.rebase[side.other().index()].clone());
        }
        prop_assert_eq!(merged.conflicts.len(), mirrored.conflicts.len());
        for conflict in &merged.conflicts {
            let id = mirror_id(&conflict.pair);
            let other = mirrored.conflicts.iter().find(|other| other.pair == id).unwrap();
            prop_assert_eq!(conflict.winner.map(Side::other), other.winner);
            prop_assert_eq!(conflict.loser(), other.loser());
        }
    }

    /// Two sides that agree are left alone: merge(p, a, a) = a.
    #[test]
    fn agreement_is_left_alone(plan in plan(), mut world in world()) {
        let compiled = plan.compile(&ORDER, false);
        for pair in &PAIRS[..5] {
            let pair = PairId::from(*pair);
            let partner = match world.seen[0].get(&pair) {
                Some(Value::Ref(target)) => Some(account_ref(&target.id.replace('a', "b"))),
                other => other.cloned(),
            };
            match partner {
                Some(value) => world.seen[1].fields.insert(pair, value),
                None => world.seen[1].fields.remove(&pair),
            };
        }
        world.seen[0].fields.remove(&PairId::from(TIER));
        let merged = world.merge(&compiled, &links());
        prop_assert!(merged.writes.iter().all(|write| write.wish.fields.is_empty()));
        prop_assert!(merged.conflicts.is_empty());
    }

    /// A change on one side alone travels: merge(p, p, b) = b and merge(p, a, p) = a, both ways and one way.
    #[test]
    fn a_change_on_one_side_travels(plan in plan(), world in world(), on_a in any::<bool>()) {
        let compiled = plan.compile(&ORDER, false);
        let mut world = world;
        let Some(base) = world.base.clone() else { return Ok(()) };
        let (changed, still) = if on_a { (Side::A, Side::B) } else { (Side::B, Side::A) };
        world.seen[still.index()] = base[still.index()].clone();
        let merged = world.merge(&compiled, &links());
        let next = world.landed(&merged);
        // What is linked for the first time is no change.
        let is_new = |pair: &PairId| base.iter().any(|base| base.get(pair).is_none());
        let only_new = merged.conflicts.iter().all(|conflict| is_new(&conflict.pair));
        prop_assert!(only_new);
        for pair in compiled.pairs() {
            let values = [&base[0], &base[1], &world.seen[0], &world.seen[1]].map(|state| state.get(pair));
            let [Some(_), Some(_), Some(_), Some(_)] = values else { continue };
            let (was, now) = (base[changed.index()].get(pair).unwrap(), world.seen[changed.index()].get(pair).unwrap());
            let stuck = merged.deferred.iter().any(|(deferred, _)| deferred == pair);
            if compiled.unchanged(pair, was, now) || !compiled.direction(pair).unwrap().allows(changed) || stuck {
                prop_assert_eq!(next.seen[still.index()].get(pair), world.seen[still.index()].get(pair), "{}", pair);
            } else {
                let (a, b) = (next.seen[0].get(pair).unwrap(), next.seen[1].get(pair).unwrap());
                prop_assert!(compiled.same(pair, a, b, &links()), "{}", pair);
                prop_assert_eq!(next.seen[changed.index()].get(pair), world.seen[changed.index()].get(pair));
            }
        }
    }

    /// Nothing is lost: a value that a write replaces was the other side's base, or is in the conflict log.
    #[test]
    fn what_is_overwritten_was_known_or_is_logged(plan in plan(), world in world()) {
        let compiled = plan.compile(&ORDER, false);
        let merged = world.merge(&compiled, &links());
        for side in Side::BOTH {
            for pair in merged.writes[side.index()].wish.fields.keys() {
                let shown = world.seen[side.index()].get(pair).unwrap();
                let base = world.base.as_ref().and_then(|base| base[side.index()].get(pair));
                let known = base.is_some_and(|base| compiled.unchanged(pair, base, shown));
                let logged = merged.conflicts.iter().any(|one| one.pair == *pair && one.loser() == Some(shown));
                prop_assert!(known || logged || shown.is_empty(), "{pair}");
            }
        }
    }

    /// What waits for a person, for a link or for a table stays as it is on both sides.
    #[test]
    fn what_waits_does_not_move(plan in plan(), world in world()) {
        let compiled = plan.compile(&ORDER, false);
        let merged = world.merge(&compiled, &links());
        let fields = merged.reviews.iter().filter_map(|item| match item {
            sync_core::ReviewItem::Field { pair, .. } => Some(pair.clone()),
            _ => None,
        });
        let waiting = fields.chain(merged.deferred.iter().map(|(pair, _)| pair.clone()));
        for pair in waiting.chain(merged.problems.iter().map(|problem| problem.pair.clone())) {
            for side in Side::BOTH {
                prop_assert!(merged.writes[side.index()].wish.get(&pair).is_none());
                prop_assert!(merged.rebase[side.index()].get(&pair).is_none());
            }
        }
    }

    /// States survive being stored.
    #[test]
    fn states_survive_being_stored(world in world()) {
        for state in &world.seen {
            let stored = serde_json::to_string(state).unwrap();
            prop_assert_eq!(&serde_json::from_str::<SideState>(&stored).unwrap(), state);
        }
    }
}

fn links_mirrored() -> Links {
    Links::of(&[("b1", "a1"), ("b2", "a2")])
}
