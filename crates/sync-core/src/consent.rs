//! Consent: joined over both sides and what they showed before, and written upwards only.

use crm_model::{Channel, ConsentSet, ConsentState, OptOuts};
use serde::{Deserialize, Serialize};

use crate::{Direction, Side};

/// A side shows an opt-out no longer that it showed before: somebody unticked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowered {
    /// The side on which it happened.
    pub side: Side,
    /// The channel.
    pub channel: Channel,
    /// What the side showed before.
    pub was: ConsentState,
    /// What it shows now.
    pub now: ConsentState,
}

/// What follows from the consent that two linked records show.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsentMerge {
    /// The channels to close on each side. A channel that a side did not show is not written there.
    pub close: [OptOuts; 2],
    /// The new base of each side, where it differs from the old one.
    pub rebase: [Option<ConsentSet>; 2],
    /// Opt-outs that somebody took back. They stay in force until a person decides.
    pub lowered: Vec<Lowered>,
}

/// Merges the consent of two linked records with the two bases.
///
/// A channel that any of the four has closed is closed on every side that the direction reaches. A base only rises: a
/// side that shows less than its base is reported, the opt-out is written again where the direction allows it, and
/// opting in again is left to a person.
///
/// ```
/// use crm_model::{Channel::Email, ConsentSet, ConsentState::{OptedIn, OptedOut}};
/// use sync_core::{Direction, consent};
/// let (a, b) = (ConsentSet::from([(Email, OptedOut)]), ConsentSet::from([(Email, OptedIn)]));
/// let none = ConsentSet::default();
/// let merged = consent::merge([&a, &b], [&none, &none], Direction::Both);
/// assert!(merged.close[0].is_empty() && merged.close[1].contains(Email));
/// ```
#[must_use]
pub fn merge(seen: [&ConsentSet; 2], base: [&ConsentSet; 2], direction: Direction) -> ConsentMerge {
    let mut merged = ConsentMerge::default();
    // Most records are not people, and most people have said nothing new.
    if seen == base && seen[0].opted_out() == seen[1].opted_out() {
        return merged;
    }
    let joined = [seen[1], base[0], base[1]].into_iter().fold(seen[0].clone(), |joined, next| joined.join(next));
    for side in Side::BOTH {
        let (seen, base) = (seen[side.index()], base[side.index()]);
        for (channel, shown) in seen.iter() {
            let now = shown.state;
            let was = base.state(channel);
            if was == ConsentState::OptedOut && now < was {
                merged.lowered.push(Lowered { side, channel, was, now });
            }
            let must_close = joined.state(channel) == ConsentState::OptedOut && now != ConsentState::OptedOut;
            if must_close && direction.allows(side.other()) {
                merged.close[side.index()].close(channel);
            }
        }
        let held = base.join(seen);
        if held != *base {
            merged.rebase[side.index()] = Some(held);
        }
    }
    merged
}
