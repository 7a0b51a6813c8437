//! What decides when both sides changed the same field.

use std::fmt;

use crm_model::{Instant, Value};
use serde::{Deserialize, Serialize};

use crate::Side;

/// How far two vendors' stamps must lie apart before they say anything: clock skew, whole-second stamps and lag.
const UNCERTAINTY_SECONDS: u32 = 5;

/// Decides a conflict: a field that both sides changed to different values, or that differs when two records are
/// linked for the first time. Every policy is total and depends on nothing but its input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Policy {
    /// This side is the system of record.
    Prefer(Side),
    /// The record that changed last wins, if the vendors' stamps differ by more than the uncertainty.
    Newest {
        /// Seconds within which two stamps count as equal.
        uncertainty_seconds: u32,
        /// What decides within the uncertainty, or where a stamp is missing.
        fallback: Box<Policy>,
    },
    /// A value fills an empty field and never replaces one: where both have a value, both stay as they are.
    FillEmpty,
    /// A person decides.
    Review,
}

impl Policy {
    /// The record that changed last wins; within 5 seconds a person decides.
    #[must_use]
    pub fn newest() -> Self {
        Self::newest_or(Self::Review)
    }

    /// The record that changed last wins; within 5 seconds the other policy decides.
    #[must_use]
    pub fn newest_or(fallback: Self) -> Self {
        Self::Newest { uncertainty_seconds: UNCERTAINTY_SECONDS, fallback: Box::new(fallback) }
    }

    /// The same policy with the sides exchanged.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        match self {
            Self::Prefer(side) => Self::Prefer(side.other()),
            Self::Newest { uncertainty_seconds, fallback } => {
                Self::Newest { uncertainty_seconds: *uncertainty_seconds, fallback: Box::new(fallback.mirrored()) }
            }
            other => other.clone(),
        }
    }

    pub(crate) fn decide(&self, values: [&Value; 2], stamps: [Option<Instant>; 2]) -> Verdict {
        match self {
            Self::Prefer(side) => Verdict::Wins(*side),
            Self::Newest { uncertainty_seconds, fallback } => match newer(stamps, *uncertainty_seconds) {
                Some(side) => Verdict::Wins(side),
                None => fallback.decide(values, stamps),
            },
            Self::FillEmpty => match values.map(Value::is_empty) {
                [false, true] => Verdict::Wins(Side::A),
                [true, false] => Verdict::Wins(Side::B),
                _ => Verdict::BothStay,
            },
            Self::Review => Verdict::Review,
        }
    }
}

/// [`Policy::newest`], for reading aloud: `default_policy(Newest)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest;

impl From<Newest> for Policy {
    fn from(Newest: Newest) -> Self {
        Self::newest()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefer(side) => write!(f, "prefer {side}"),
            Self::Newest { fallback, .. } => write!(f, "newest, else {fallback}"),
            Self::FillEmpty => f.write_str("fill empty"),
            Self::Review => f.write_str("review"),
        }
    }
}

/// What a policy says about one conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wins(Side),
    BothStay,
    Review,
}

fn newer(stamps: [Option<Instant>; 2], uncertainty_seconds: u32) -> Option<Side> {
    let [Some(a), Some(b)] = stamps else {
        return None;
    };
    let uncertainty = chrono::TimeDelta::seconds(uncertainty_seconds.into());
    let lead = a.signed_duration_since(b);
    if lead > uncertainty {
        Some(Side::A)
    } else if -lead > uncertainty {
        Some(Side::B)
    } else {
        None
    }
}
