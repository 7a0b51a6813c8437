//! Query results that are still being read: frozen when the query ran, cut into pages.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::ids::SfId;
use super::quirks::Quirks;

/// The rows of one query as they were when it ran.
#[derive(Debug)]
pub(crate) struct Snapshot {
    rows: Vec<Json>,
    /// Where each page but the first starts.
    breaks: Vec<usize>,
    opened: DateTime<Utc>,
}

/// One page of a snapshot.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Json>,
    pub(crate) total: usize,
    /// Where the next page starts, unless this is the last.
    pub(crate) next: Option<usize>,
}

impl Snapshot {
    /// Freezes `rows`, each with its weight: itself and its child rows. A page holds `page_size` in weight, and at
    /// least one row.
    pub(crate) fn new(rows: Vec<(Json, usize)>, page_size: usize, opened: DateTime<Utc>) -> Snapshot {
        let mut breaks = Vec::new();
        let mut weight_of_page = 0;
        for (index, (_, weight)) in rows.iter().enumerate() {
            if weight_of_page > 0 && weight_of_page + weight > page_size {
                breaks.push(index);
                weight_of_page = 0;
            }
            weight_of_page += weight;
        }
        Snapshot { rows: rows.into_iter().map(|(row, _)| row).collect(), breaks, opened }
    }

    /// The page that starts at `offset`, if there is a row.
    pub(crate) fn page(&self, offset: usize) -> Option<Page> {
        let next = self.breaks.iter().copied().find(|start| *start > offset);
        let rows = self.rows.get(offset..next.unwrap_or(self.rows.len()))?;
        let beyond = offset > 0 && rows.is_empty();
        (!beyond).then(|| Page { rows: rows.to_vec(), total: self.rows.len(), next })
    }

    pub(crate) fn fits_one_page(&self) -> bool {
        self.breaks.is_empty()
    }
}

/// The open cursors, by the id in their locators.
#[derive(Debug)]
pub(crate) struct Cursors {
    open: BTreeMap<SfId, Snapshot>,
    opened: u64,
}

impl Cursors {
    pub(crate) fn new() -> Cursors {
        Cursors { open: BTreeMap::new(), opened: 0 }
    }

    /// Keeps a snapshot and returns the id for its locators. Beyond the limit the oldest is closed.
    pub(crate) fn open(&mut self, snapshot: Snapshot, quirks: &Quirks) -> SfId {
        self.opened += 1;
        let id = SfId::numbered("01g", *b"gK0", self.opened);
        self.open.insert(id, snapshot);
        while self.open.len() > quirks.open_cursors.max(1) {
            self.open.pop_first();
        }
        id
    }

    /// The page that a locator (`01g…-2000`) names; `None` for an unknown, closed or expired cursor.
    pub(crate) fn page(&mut self, locator: &str, now: DateTime<Utc>, quirks: &Quirks) -> Option<(SfId, Page)> {
        let oldest = now - TimeDelta::seconds(quirks.cursor_lifetime_seconds.into());
        self.open.retain(|_, snapshot| snapshot.opened >= oldest);
        let (id, offset) = locator.rsplit_once('-')?;
        let id = SfId::parse(id).ok()?;
        Some((id, self.open.get(&id)?.page(offset.parse().ok()?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(weights: &[usize], size: usize) -> Snapshot {
        let rows = weights.iter().enumerate().map(|(index, weight)| (Json::from(index), *weight)).collect();
        Snapshot::new(rows, size, DateTime::<Utc>::UNIX_EPOCH)
    }

    #[test]
    fn cursors_end_by_age_and_by_number() {
        let quirks = Quirks { open_cursors: 2, ..Quirks::default() };
        let mut cursors = Cursors::new();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let ids: Vec<SfId> = (0..3).map(|_| cursors.open(snapshot(&[1; 5], 2), &quirks)).collect();
        let locator = |index: usize, offset: &str| format!("{}-{offset}", ids[index]);
        assert!(cursors.page(&locator(0, "2"), now, &quirks).is_none(), "closed for the third");
        let (_, page) = cursors.page(&locator(1, "2"), now, &quirks).unwrap();
        assert_eq!((page.rows, page.total, page.next), (vec![Json::from(2), Json::from(3)], 5, Some(4)));
        for bad in ["", "-", "nonsense", "01g-2", &locator(1, "5"), &locator(1, "x"), &locator(1, "")] {
            assert!(cursors.page(bad, now, &quirks).is_none(), "{bad}");
        }
        assert!(cursors.page(&locator(2, "4"), now + TimeDelta::days(3), &quirks).is_none(), "expired");
    }

    proptest::proptest! {
        #[test]
        fn pages_partition_the_rows(weights in proptest::collection::vec(1_usize..50, 0..200), size in 1_usize..60) {
            let snapshot = snapshot(&weights, size);
            let mut read = Vec::new();
            let mut offset = Some(0);
            while let Some(start) = offset {
                let page = snapshot.page(start).unwrap();
                let weight: usize = weights[start..start + page.rows.len()].iter().sum();
                proptest::prop_assert!(weight <= size || page.rows.len() == 1);
                read.extend(page.rows);
                offset = page.next;
            }
            let all: Vec<Json> = (0..weights.len()).map(Json::from).collect();
            proptest::prop_assert_eq!(read, all);
        }
    }
}
