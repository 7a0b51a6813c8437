//! Query results that are still being read: frozen when the query ran, cut into pages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::ids::SfId;
use super::quirks::Quirks;
use super::soql::{Frozen, Plan, Shown};

/// The rows of one query, or of one set of children, as they were when the query ran.
#[derive(Debug)]
pub(crate) struct Snapshot {
    rows: Arc<Vec<Frozen>>,
    plan: Arc<Plan>,
    breaks: Breaks,
}

impl Snapshot {
    /// Cuts `rows` into pages that hold `page_size` in weight (rows and their child rows), and at least one row.
    pub(crate) fn new(rows: Arc<Vec<Frozen>>, plan: Arc<Plan>, page_size: usize) -> Snapshot {
        let breaks = Breaks::new(rows.iter().map(Frozen::weight), page_size);
        Snapshot { rows, plan, breaks }
    }

    /// Where the second page starts, if there is one.
    pub(crate) fn second(&self) -> Option<usize> {
        self.breaks.starts.first().copied()
    }

    /// The page that starts at `offset`, if there is a row; `cursor` names the snapshot in the address of the next.
    pub(crate) fn page(&self, offset: usize, cursor: Option<SfId>, shown: Shown<'_>) -> Option<Json> {
        let (range, next) = self.breaks.page(offset)?;
        let rows = self.rows.get(range)?.iter();
        let rows = rows.map(|row| shown.row(self.plan.object, row, self.plan.columns())).collect();
        Some(shown.page(rows, self.rows.len(), cursor.zip(next)))
    }
}

/// Where pages start.
#[derive(Debug)]
struct Breaks {
    rows: usize,
    /// The starts of all pages but the first.
    starts: Vec<usize>,
}

impl Breaks {
    fn new(weights: impl Iterator<Item = usize>, page_size: usize) -> Breaks {
        let mut breaks = Breaks { rows: 0, starts: Vec::new() };
        let mut weight_of_page = 0;
        for weight in weights {
            if weight_of_page > 0 && weight_of_page + weight > page_size {
                breaks.starts.push(breaks.rows);
                weight_of_page = 0;
            }
            weight_of_page += weight;
            breaks.rows += 1;
        }
        breaks
    }

    /// The rows from `offset` to the end of its page, and where the next page starts.
    fn page(&self, offset: usize) -> Option<(Range<usize>, Option<usize>)> {
        let after = self.starts.partition_point(|start| *start <= offset);
        let next = self.starts.get(after).copied();
        let beyond = offset >= self.rows && offset > 0;
        (!beyond).then_some((offset..next.unwrap_or(self.rows), next))
    }
}

/// The open cursors, by the id in their locators.
#[derive(Debug)]
pub(crate) struct Cursors {
    open: BTreeMap<SfId, Arc<Snapshot>>,
    /// The cursors of each query: its own, and those of its sets of children. They count as one and end together.
    queries: BTreeMap<u64, (DateTime<Utc>, Vec<SfId>)>,
    opened: u64,
}

impl Cursors {
    pub(crate) fn new() -> Cursors {
        Cursors { open: BTreeMap::new(), queries: BTreeMap::new(), opened: 0 }
    }

    /// A number for the cursors of one query.
    pub(crate) fn next_query(&self) -> u64 {
        self.queries.last_key_value().map_or(0, |(last, _)| last + 1)
    }

    /// Keeps a snapshot and returns the id for its locators. Beyond the limit the oldest query is closed.
    pub(crate) fn open(
        &mut self,
        query: u64,
        snapshot: impl Into<Arc<Snapshot>>,
        now: DateTime<Utc>,
        quirks: &Quirks,
    ) -> SfId {
        self.opened += 1;
        let id = SfId::numbered("01g", *b"gK0", self.opened);
        self.open.insert(id, snapshot.into());
        self.queries.entry(query).or_insert((now, Vec::new())).1.push(id);
        while self.queries.len() > quirks.open_cursors.max(1) {
            let Some((_, (_, ids))) = self.queries.pop_first() else {
                break;
            };
            self.close(&ids);
        }
        id
    }

    fn close(&mut self, ids: &[SfId]) {
        for id in ids {
            self.open.remove(id);
        }
    }

    /// The snapshot and the offset that a locator (`01g…-2000`) names; `None` for an unknown, closed or expired cursor.
    pub(crate) fn find(
        &mut self,
        locator: &str,
        now: DateTime<Utc>,
        quirks: &Quirks,
    ) -> Option<(SfId, Arc<Snapshot>, usize)> {
        let oldest = now - TimeDelta::seconds(quirks.cursor_lifetime_seconds.into());
        let expired: Vec<u64> =
            self.queries.iter().filter(|(_, (opened, _))| *opened < oldest).map(|(query, _)| *query).collect();
        for query in expired {
            if let Some((_, ids)) = self.queries.remove(&query) {
                self.close(&ids);
            }
        }
        let (id, offset) = locator.rsplit_once('-')?;
        let id = SfId::parse(id).ok()?;
        Some((id, Arc::clone(self.open.get(&id)?), offset.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_end_by_age_and_by_number() {
        let quirks = Quirks { open_cursors: 2, ..Quirks::default() };
        let mut cursors = Cursors::new();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let empty = || Snapshot::new(Arc::default(), Arc::new(Plan::default()), 2);
        let ids: Vec<[SfId; 2]> = (0..3)
            .map(|_| {
                let query = cursors.next_query();
                [(); 2].map(|()| cursors.open(query, empty(), now, &quirks))
            })
            .collect();
        let locator = |query: usize, which: usize| format!("{}-2", ids[query][which]);
        assert!(cursors.find(&locator(0, 0), now, &quirks).is_none(), "closed for the third");
        assert!(cursors.find(&locator(0, 1), now, &quirks).is_none(), "together with its sets of children");
        assert_eq!(cursors.find(&locator(1, 1), now, &quirks).unwrap().2, 2);
        for bad in ["", "-", "nonsense", "01g-2", &format!("{}-x", ids[1][0]), &format!("{}-", ids[1][0])] {
            assert!(cursors.find(bad, now, &quirks).is_none(), "{bad}");
        }
        assert!(cursors.find(&locator(2, 0), now + TimeDelta::days(3), &quirks).is_none(), "expired");
    }

    proptest::proptest! {
        #[test]
        fn pages_partition_the_rows(weights in proptest::collection::vec(1_usize..50, 0..200), size in 1_usize..60) {
            let breaks = Breaks::new(weights.iter().copied(), size);
            let mut read = Vec::new();
            let mut offset = Some(0);
            while let Some(start) = offset {
                let (range, next) = breaks.page(start).unwrap();
                let weight: usize = weights[range.clone()].iter().sum();
                proptest::prop_assert!(weight <= size || range.len() == 1);
                read.extend(range);
                offset = next;
            }
            proptest::prop_assert_eq!(read, (0..weights.len()).collect::<Vec<_>>());
            proptest::prop_assert!(weights.is_empty() || breaks.page(weights.len()).is_none());
        }
    }
}
