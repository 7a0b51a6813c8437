//! Why a field was written, or was not.

use std::fmt;

use crm_model::AnyRef;
use serde::{Deserialize, Serialize};

use crate::mapping::CompiledPair;
use crate::{PairId, Side};

/// What was decided about one field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// The pair.
    pub pair: PairId,
    /// The side that is written; `None` if none is.
    pub wrote: Option<Side>,
    /// Why.
    pub reason: Reason,
}

impl Decision {
    pub(crate) fn new(pair: &CompiledPair, wrote: Option<Side>, reason: Reason) -> Self {
        Self { pair: pair.id.clone(), wrote, reason }
    }
}

/// Why a field is written or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// One side changed it.
    Changed {
        /// The side.
        on: Side,
    },
    /// Both sides changed it to the same value.
    Agreed,
    /// It was empty on one side when the records were linked.
    Filled {
        /// The side that had a value.
        from: Side,
    },
    /// Both sides changed it, and one value won.
    Conflict {
        /// The side whose value won.
        winner: Side,
        /// What decided.
        policy: String,
    },
    /// Both sides have a value, and neither replaces the other.
    BothStay,
    /// The mapping carries the field the other way only.
    OneWay {
        /// The side whose change stays where it is.
        stays: Side,
    },
    /// The value table says that the choice stays where it is.
    Left {
        /// The side that has the choice.
        on: Side,
    },
    /// A person has to decide.
    Review,
    /// It refers to a record that is not linked yet.
    Deferred {
        /// That record.
        target: AnyRef,
    },
    /// The value cannot be carried; the problem says why.
    NotCarried {
        /// The side that has the value.
        from: Side,
    },
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(self, ["A", "B"]))
    }
}

/// A decision in plain words, with the sides called by their names.
///
/// ```
/// # use sync_core::{*, explain::in_words};
/// # let decision: Decision = serde_json::from_str(
/// #     r#"{"pair": "job_title", "wrote": "b", "reason": {"changed": {"on": "a"}}}"#).unwrap();
/// assert_eq!(
///     in_words(&decision, ["Freshsales", "Salesforce"]),
///     "job_title: changed on Freshsales only, so Salesforce is written",
/// );
/// ```
#[must_use]
pub fn in_words(decision: &Decision, names: [&str; 2]) -> String {
    let name = |side: Side| names[side.index()];
    let why = match &decision.reason {
        Reason::Changed { on } => format!("changed on {} only, so {} is written", name(*on), name(on.other())),
        Reason::Agreed => "changed on both sides to the same value, so nothing is written".to_owned(),
        Reason::Filled { from } => format!("empty on {}, so it is filled from {}", name(from.other()), name(*from)),
        Reason::Conflict { winner, policy } => {
            let loser = name(winner.other());
            format!(
                "changed on both sides; {} wins ({policy}), the value of {loser} is in the conflict log",
                name(*winner)
            )
        }
        Reason::BothStay => "the sides have different values and each keeps its own".to_owned(),
        Reason::OneWay { stays } => {
            format!("changed on {}, but the mapping carries it from {} only", name(*stays), name(stays.other()))
        }
        Reason::Left { on } => format!("the value table leaves this choice on {}", name(*on)),
        Reason::Review => "changed on both sides, and a person has to decide".to_owned(),
        Reason::Deferred { target } => {
            format!("waits until {} {} is linked, because it refers to it", target.object, target.id)
        }
        Reason::NotCarried { from } => {
            format!("the value of {} cannot be carried to {}", name(*from), name(from.other()))
        }
    };
    format!("{}: {why}", decision.pair)
}
