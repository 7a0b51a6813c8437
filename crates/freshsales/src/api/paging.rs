//! Walking through the pages of a view without losing a record, and without reading more of them than needed.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rest_core::{BadRecord, Row};

use super::body::Meta;
use super::side::SideLoads;

/// The most rows a page may have (documented).
pub(crate) const MAX_PER_PAGE: u32 = 100;

/// In which order a view is read. Without one, rows may move from page to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    Descending,
}

/// Which page of a view to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageQuery {
    /// The page, from 1.
    pub page: u64,
    /// Rows per page, 1 to 100.
    pub per_page: u32,
    /// The column to sort by, and how.
    pub sort: Option<(String, SortOrder)>,
    /// What to load beside the records.
    pub include: Vec<String>,
}

impl PageQuery {
    /// A page of 100 rows, in no order, with nothing beside.
    #[must_use]
    pub fn new(page: u64) -> Self {
        Self { page, per_page: MAX_PER_PAGE, sort: None, include: Vec::new() }
    }
}

/// What to read of a view: by default everything, newest change first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// Only records that changed at or after this moment. Needs the default order: it ends the reading early.
    pub updated_since: Option<DateTime<Utc>>,
    /// What to load beside the records.
    pub include: Vec<String>,
    /// Rows per page, 1 to 100.
    pub per_page: u32,
}

impl Default for Listing {
    fn default() -> Self {
        Self { updated_since: None, include: Vec::new(), per_page: MAX_PER_PAGE }
    }
}

impl Listing {
    /// Everything, 100 rows a page, nothing beside.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only what changed at or after `since`. The vendor's stamps are whole seconds.
    #[must_use]
    pub fn updated_since(mut self, since: DateTime<Utc>) -> Self {
        self.updated_since = Some(since);
        self
    }

    /// Loads these beside the records.
    #[must_use]
    pub fn include(mut self, include: &[&str]) -> Self {
        self.include = include.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Rows per page; the vendor gives at most 100.
    #[must_use]
    pub fn per_page(mut self, rows: u32) -> Self {
        self.per_page = rows.clamp(1, MAX_PER_PAGE);
        self
    }

    /// A page of the listing. Newest change first: an edit during the reading then moves a row to a page that was read
    /// already, where the next reading finds it, and pushes others forward, so that they repeat and none is skipped.
    pub(super) fn page(&self, page: u64) -> PageQuery {
        let sort = Some(("updated_at".to_owned(), SortOrder::Descending));
        PageQuery { page, per_page: self.per_page, sort, include: self.include.clone() }
    }
}

/// One page of a view. Records that an earlier page showed are left out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordPage<E> {
    /// The records, and what could not be read of them.
    pub rows: Vec<Result<Row<E>, BadRecord>>,
    /// What came beside them.
    pub side: Arc<SideLoads>,
    /// How many records the view has, where the vendor says so.
    pub total: Option<u64>,
    /// How many pages the view has, where the vendor says so.
    pub total_pages: Option<u64>,
}

impl<E> RecordPage<E> {
    pub(super) fn new(rows: Vec<Result<Row<E>, BadRecord>>, side: SideLoads, meta: Meta) -> Self {
        let positive = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Self { rows, side: Arc::new(side), total: positive(meta.total), total_pages: positive(meta.total_pages) }
    }
}

/// What a fetched page tells about the way on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Rows on the page, before repeated ones are left out.
    pub(super) rows: usize,
    /// Of these, rows that no earlier page showed.
    pub(super) fresh: usize,
    pub(super) total: Option<u64>,
    pub(super) total_pages: Option<u64>,
    /// The rows that follow are older than what is asked for.
    pub(super) is_past: bool,
}

/// Which page comes next.
///
/// Only an empty page, or the last of `total_pages`, ends a view: a page may be short although more follow. When the
/// total shrinks, rows were deleted and later ones moved to pages that were read already; those are read again.
#[derive(Debug)]
pub(super) struct Walk {
    frontier: u64,
    per_page: u64,
    again: VecDeque<u64>,
    is_over: bool,
    total: Option<u64>,
    total_pages: Option<u64>,
    fresh: u64,
}

impl Walk {
    pub(super) fn new(per_page: u32) -> Self {
        let per_page = u64::from(per_page.max(1));
        Self { frontier: 1, per_page, again: VecDeque::new(), is_over: false, total: None, total_pages: None, fresh: 0 }
    }

    /// The page to fetch now.
    pub(super) fn next(&self) -> Option<u64> {
        self.again.front().copied().or((!self.is_over).then_some(self.frontier))
    }

    /// Takes note of the page that [`next`](Self::next) named.
    pub(super) fn fetched(&mut self, seen: Seen) {
        let at_frontier = self.again.is_empty();
        let page = self.again.pop_front().unwrap_or(self.frontier);
        self.fresh += seen.fresh as u64;
        self.look_back(page, seen);
        if at_frontier {
            self.is_over = self.ends_at(page, seen);
            self.frontier += 1;
        }
        // An empty page says nothing about the view: its totals are 0.
        if seen.rows > 0 {
            (self.total, self.total_pages) = (seen.total, seen.total_pages);
        }
    }

    fn ends_at(&self, page: u64, seen: Seen) -> bool {
        let was_last = match (seen.total_pages, seen.total) {
            (Some(pages), _) if pages > 0 => page >= pages,
            (_, Some(total)) => self.fresh >= total && self.total.is_none_or(|before| before == total),
            _ => false,
        };
        seen.rows == 0 || seen.is_past || was_last
    }

    fn look_back(&mut self, page: u64, seen: Seen) {
        let shift = if seen.rows == 0 {
            // A page that should be there is gone.
            u64::from(self.total_pages.is_some_and(|pages| page <= pages))
        } else {
            match (self.total, seen.total) {
                (Some(before), Some(now)) => before.saturating_sub(now).div_ceil(self.per_page),
                _ => 0,
            }
        };
        for earlier in page.saturating_sub(shift).max(1)..page {
            if !self.again.contains(&earlier) {
                self.again.push_back(earlier);
            }
        }
    }
}

/// The ids of the rows that were given lately. Rows that repeat are near: they moved by as many places as records
/// were edited while the list was read.
#[derive(Debug, Default)]
pub(super) struct Recent {
    ids: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Recent {
    const CAPACITY: usize = 20_000;

    /// Whether `id` is new; from now on it is not.
    pub(super) fn is_new(&mut self, id: i64) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > Self::CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rows: usize, total: Option<u64>, total_pages: Option<u64>) -> Seen {
        Seen { rows, fresh: rows, total, total_pages, is_past: false }
    }

    /// The pages that are fetched when the vendor answers so.
    fn walk(answers: &[Seen]) -> Vec<u64> {
        let mut walk = Walk::new(100);
        let mut pages = Vec::new();
        for answer in answers {
            let Some(page) = walk.next() else { break };
            pages.push(page);
            walk.fetched(*answer);
        }
        assert_eq!(walk.next(), None, "the walk goes on after {pages:?}");
        pages
    }

    #[test]
    fn only_an_empty_page_or_the_last_one_ends_a_view() {
        for (answers, pages) in [
            (vec![seen(0, Some(0), Some(0))], vec![1]),
            (vec![seen(100, Some(100), Some(1))], vec![1]),
            (
                vec![seen(97, Some(250), Some(3)), seen(97, Some(250), Some(3)), seen(56, Some(250), Some(3))],
                vec![1, 2, 3],
            ),
            // Short pages without totals: on until an empty one.
            (vec![seen(3, None, None), seen(1, None, None), seen(0, None, None)], vec![1, 2, 3]),
            // Only a total, as tasks have it.
            (vec![seen(100, Some(130), None), seen(30, Some(130), None)], vec![1, 2]),
            (vec![seen(25, Some(30), None), seen(0, Some(0), None)], vec![1, 2]),
            (vec![seen(5, Some(500), Some(0)), seen(0, None, None)], vec![1, 2]),
        ] {
            assert_eq!(walk(&answers), pages);
        }
    }

    #[test]
    fn a_page_that_ends_too_early_in_time_ends_the_view() {
        let past = Seen { is_past: true, ..seen(100, Some(900), Some(9)) };
        assert_eq!(walk(&[seen(100, Some(900), Some(9)), past]), [1, 2]);
    }

    #[test]
    fn rows_that_move_up_because_others_were_deleted_are_read() {
        // One row of page 1 is deleted before page 2 is read: the first row of page 2 is now on page 1.
        let script = [
            seen(100, Some(250), Some(3)),
            seen(100, Some(249), Some(3)),
            seen(100, Some(249), Some(3)),
            seen(49, Some(249), Some(3)),
        ];
        assert_eq!(walk(&script), [1, 2, 1, 3]);
        // 150 rows at once: two pages back.
        let script = [
            seen(100, Some(500), Some(5)),
            seen(100, Some(500), Some(5)),
            seen(100, Some(350), Some(4)),
            seen(100, Some(350), Some(4)),
            seen(100, Some(350), Some(4)),
            seen(50, Some(350), Some(4)),
        ];
        assert_eq!(walk(&script), [1, 2, 3, 1, 2, 4]);
        // The last page is gone altogether.
        let script = [seen(100, Some(101), Some(2)), seen(0, Some(0), Some(0)), seen(100, Some(100), Some(1))];
        assert_eq!(walk(&script), [1, 2, 1]);
    }

    #[test]
    fn repeated_rows_are_noticed_as_far_back_as_they_can_come_from() {
        let mut recent = Recent::default();
        assert!((0..50_000).all(|id| recent.is_new(id)));
        assert!(!recent.is_new(49_999) && !recent.is_new(31_000));
        assert!(recent.order.len() <= Recent::CAPACITY && recent.ids.len() == recent.order.len());
    }
}
