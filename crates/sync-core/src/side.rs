//! The two sides of a sync, and the directions between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two systems that a sync keeps in agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first system of the sync.
    A,
    /// The second system of the sync.
    B,
}

impl Side {
    /// Both sides, A first.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The opposite side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The position of the side in an array of two: 0 for A, 1 for B.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

/// Which way changes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// From A to B only.
    AToB,
    /// From B to A only.
    BToA,
}

impl Direction {
    /// Whether a change made on a side may travel to the other.
    #[must_use]
    pub const fn allows(self, from: Side) -> bool {
        !matches!((self, from), (Self::AToB, Side::B) | (Self::BToA, Side::A))
    }

    /// The direction that leaves a side.
    #[must_use]
    pub const fn from(side: Side) -> Self {
        match side {
            Side::A => Self::AToB,
            Side::B => Self::BToA,
        }
    }

    /// What both directions allow; `None` where they exclude each other.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Both, only) | (only, Self::Both) => Some(only),
            _ => (self == other).then_some(self),
        }
    }

    /// The only side that changes come from; `None` where they come from both.
    #[must_use]
    pub const fn source(self) -> Option<Side> {
        match self {
            Self::Both => None,
            Self::AToB => Some(Side::A),
            Self::BToA => Some(Side::B),
        }
    }
}
