use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Date, Instant};

/// A due date that one vendor keeps as a day and another as an instant.
///
/// Turning one into the other needs a time zone, so nothing here does it silently.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrTime {
    /// A day, wherever one is.
    Date(Date),
    /// A moment.
    Time(Instant),
}

impl DateOrTime {
    /// The day, read in the given offset where this is a moment.
    #[must_use]
    pub fn date_in(self, offset: chrono::FixedOffset) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Time(instant) => instant.with_timezone(&offset).date_naive(),
        }
    }
}

impl fmt::Debug for DateOrTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date(_) => "Date(…)",
            Self::Time(_) => "Time(…)",
        })
    }
}
