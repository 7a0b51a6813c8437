//! Opt-outs only ever spread.

use crm_model::{Channel, ConsentSet, ConsentState, ObjectKind};
use proptest::prelude::*;
use sync_core::consent::merge;
use sync_core::{Direction, Mapping, MergeInput, NoRefs, ReviewItem, Side, SideState};

use crate::support::compiled;

const STATES: [Option<ConsentState>; 4] =
    [None, Some(ConsentState::Unknown), Some(ConsentState::OptedIn), Some(ConsentState::OptedOut)];

fn set(state: Option<ConsentState>) -> ConsentSet {
    let mut set = ConsentSet::default();
    if let Some(state) = state {
        set.observe(Channel::Email, state);
    }
    set
}

/// Every combination of two observations, two bases and a direction.
#[test]
fn every_cell() {
    let out = Some(ConsentState::OptedOut);
    for a in STATES {
        for b in STATES {
            for base_a in STATES {
                for base_b in STATES {
                    for direction in [Direction::Both, Direction::AToB, Direction::BToA] {
                        let seen = [a, b];
                        let base = [base_a, base_b];
                        let merged = merge([&set(a), &set(b)], [&set(base_a), &set(base_b)], direction);
                        let anywhere = [a, b, base_a, base_b].contains(&out);
                        for side in Side::BOTH {
                            let (now, was) = (seen[side.index()], base[side.index()]);
                            let must = anywhere && now.is_some() && now != out && direction.allows(side.other());
                            let told = format!("{side}: {seen:?} {base:?} {direction:?}");
                            assert_eq!(merged.close[side.index()].contains(Channel::Email), must, "{told}");
                            let lowered = was == out && now.is_some() && now != out;
                            assert_eq!(merged.lowered.iter().any(|one| one.side == side), lowered, "{told}");
                            let held = merged.rebase[side.index()].clone().unwrap_or_else(|| set(was));
                            assert_eq!(held.state(Channel::Email), now.max(was).unwrap_or_default(), "{told}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_opt_out_taken_back_is_written_again_and_reviewed() {
    let compiled = compiled(&Mapping::unified(ObjectKind::Contact), Vec::new());
    let with = |state| SideState { consent: set(Some(state)), ..SideState::default() };
    let (out, back) = (with(ConsentState::OptedOut), with(ConsentState::OptedIn));
    let mut input = MergeInput::new(&out, &back, &NoRefs);
    input.base = Some([&out, &out]);
    let merged = compiled.merge(&input);
    assert!(merged.writes[0].is_empty());
    assert!(merged.writes[1].patch.opt_outs.contains(Channel::Email));
    let [item @ ReviewItem::Consent(lowered)] = merged.reviews.as_slice() else { panic!() };
    assert_eq!((lowered.side, lowered.was, lowered.now), (Side::B, ConsentState::OptedOut, ConsentState::OptedIn));
    assert_eq!(item.subject(), "consent.email");
    // The base holds.
    assert_eq!(merged.bases(input.base, [false, false])[1], out);
}

proptest! {
    /// The join is associative, commutative and idempotent.
    #[test]
    fn joining(one in any_set(), two in any_set(), three in any_set()) {
        prop_assert_eq!(one.join(&two), two.join(&one));
        prop_assert_eq!(one.join(&two).join(&three), one.join(&two.join(&three)));
        prop_assert_eq!(one.join(&one), one);
    }

    /// Over any history of edits by people and merges by us, no write of ours opens a channel; and once people stop, a
    /// person who is out on any side is out on both.
    #[test]
    fn the_latch_holds_over_histories(
        history in prop::collection::vec((any::<bool>(), 0_usize..4, any::<bool>()), 0..12),
        start in [0_usize..4, 0_usize..4],
    ) {
        let compiled = compiled(&Mapping::unified(ObjectKind::Contact), Vec::new());
        let load = |pick: usize| SideState { consent: set(STATES[pick.max(1)]), ..SideState::default() };
        let mut seen = start.map(load);
        let mut bases: Option<[SideState; 2]> = None;
        let mut ever_out = [false; 2];
        for (on_a, pick, lands) in history.into_iter().chain([(true, 9, true), (true, 9, true)]) {
            if let Some(Some(state)) = STATES.get(pick) {
                seen[usize::from(!on_a)].consent = set(Some(*state));
            }
            let mut input = MergeInput::new(&seen[0], &seen[1], &NoRefs);
            input.base = bases.as_ref().map(|[a, b]| [a, b]);
            let merged = compiled.merge(&input);
            let next = merged.bases(input.base, [lands, lands]);
            for side in Side::BOTH {
                let index = side.index();
                ever_out[index] |= seen[index].consent.state(Channel::Email) == ConsentState::OptedOut;
                let before = bases.as_ref().map_or(ConsentState::Unknown, |bases| bases[index].consent.state(Channel::Email));
                prop_assert!(next[index].consent.state(Channel::Email) >= before);
                if lands && merged.writes[index].patch.opt_outs.contains(Channel::Email) {
                    seen[index].consent.observe(Channel::Email, ConsentState::OptedOut);
                }
            }
            bases = Some(next);
        }
        if ever_out.contains(&true) {
            for state in &seen {
                prop_assert_eq!(state.consent.state(Channel::Email), ConsentState::OptedOut);
            }
        }
    }
}

fn any_set() -> impl Strategy<Value = ConsentSet> {
    prop::collection::vec(0_usize..4, 3).prop_map(|picks| {
        let mut set = ConsentSet::default();
        for (channel, pick) in [Channel::Email, Channel::Sms, Channel::Phone].into_iter().zip(picks) {
            if let Some(state) = STATES[pick] {
                set.observe(channel, state);
            }
        }
        set
    })
}
