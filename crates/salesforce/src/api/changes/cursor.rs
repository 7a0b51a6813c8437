//! Where a reading ended, and what it delivered shortly before.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::AnyId;

/// Rows remembered at most. Beyond that, some of those that the next reading sees again are delivered again.
const MOST_REMEMBERED: usize = 20_000;

/// Where a reading of changes ended. Serializable; grows with what was delivered in the time that the next reading overlaps,
/// about 40 bytes a row and at most 20,000 rows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCursor {
    at: DateTime<Utc>,
    /// What was delivered of the rows that the next reading will see again: stamp and content, as a digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<AnyId, Seen>,
}

/// What was delivered of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen(i64, u64);

impl Seen {
    /// A row's stamp and content.
    pub(super) fn new(stamp: DateTime<Utc>, content: &str) -> Self {
        Self(stamp.timestamp(), digest(content))
    }
}

impl ChangeCursor {
    /// A cursor for a caller who knows of another source that everything before `at` was read.
    #[must_use]
    pub fn starting_at(at: DateTime<Utc>) -> Self {
        Self { at, seen: BTreeMap::new() }
    }

    pub(super) fn new(at: DateTime<Utc>, mut seen: BTreeMap<AnyId, Seen>, from: DateTime<Utc>) -> Self {
        seen.retain(|_, row| row.0 >= from.timestamp());
        if seen.len() > MOST_REMEMBERED {
            let mut stamps: Vec<i64> = seen.values().map(|row| row.0).collect();
            stamps.sort_unstable();
            let oldest = stamps.get(stamps.len() - MOST_REMEMBERED).copied().unwrap_or_default();
            seen.retain(|_, row| row.0 > oldest);
        }
        Self { at, seen }
    }

    /// Everything that was visible by then was read.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    pub(super) fn into_seen(self) -> BTreeMap<AnyId, Seen> {
        self.seen
    }
}

impl fmt::Debug for ChangeCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeCursor").field("at", &self.at).field("seen", &self.seen.len()).finish()
    }
}

/// FNV-1a: the same on every machine and in every version, because cursors are kept.
fn digest(content: &str) -> u64 {
    content.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_cursor_is_kept_as_text_and_stays_small() {
        let at: DateTime<Utc> = "2025-06-01T10:00:00Z".parse().unwrap();
        let id = |n: usize| format!("003{n:012}").parse::<AnyId>().unwrap();
        let rows = 25_000;
        let stamp = |n: usize| at - TimeDelta::seconds(i64::try_from(rows - n).unwrap());
        let seen = (0..rows).map(|n| (id(n), Seen::new(stamp(n), "x"))).collect();
        let cursor = ChangeCursor::new(at, seen, at - TimeDelta::days(1));
        assert!(cursor.seen.len() < MOST_REMEMBERED && cursor.seen.len() > MOST_REMEMBERED - 10);
        assert!(cursor.seen.contains_key(&id(rows - 1)) && !cursor.seen.contains_key(&id(0)), "the newest are kept");
        let text = serde_json::to_string(&cursor).unwrap();
        assert!(text.len() < 60 * MOST_REMEMBERED);
        assert_eq!(serde_json::from_str::<ChangeCursor>(&text).unwrap(), cursor);
        let plain: ChangeCursor = serde_json::from_str(r#"{"at":"2025-06-01T10:00:00Z"}"#).unwrap();
        assert_eq!(plain, ChangeCursor::starting_at(at));
        assert!(!format!("{cursor:?}").contains("003"));
    }
}
