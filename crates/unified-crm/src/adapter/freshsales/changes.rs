//! Change feeds over views that are read newest change first: where a reading ended, and where the next one begins.
//!
//! The vendor names no upper bound, so the newest stamp of the first page is taken as one: it is the vendor's own time,
//! whatever the clocks here say. Rows may become visible after rows with later stamps; therefore the next reading goes
//! back five minutes before that stamp, until one reading has begun five minutes after the stamp was first seen. By
//! then everything up to it was visible, and the reading after that tells only what is newer.

use std::sync::Arc;

use chrono::TimeDelta;
use crm_model::{Deleted, Instant, RemoteId};
use freshsales::{Entity, Listing, RecordPage, ViewId};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::mapped::Mapped;
use super::records::{MappedRecords, read_row};
use super::values::json_time;
use super::{Fields, refuse};
use crate::{Change, Cursor, ErrorKind, Result};

const OVERLAP: TimeDelta = TimeDelta::minutes(5);
const VERSION: &str = "v1:";

/// Where a reading of one view ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    /// The newest stamp that was seen, if there was any record at all.
    newest: Option<Newest>,
    /// How many records the recycle bin held.
    bin: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Newest {
    stamp: Instant,
    /// When it was first seen, by our clock.
    seen: Instant,
    /// Whether everything up to it is known to have been read.
    is_settled: bool,
}

impl Position {
    /// The position from which everything since a moment is told.
    pub(super) fn reaching_to(since: Instant) -> Self {
        let stamp = since.checked_add_signed(OVERLAP).unwrap_or(since);
        Self { newest: Some(Newest { stamp, seen: stamp, is_settled: false }), bin: None }
    }

    /// What the feed must reach back to; `None`: everything.
    pub(super) fn since(&self) -> Option<Instant> {
        let newest = self.newest?;
        Some(if newest.is_settled { newest.stamp } else { newest.stamp - OVERLAP })
    }

    /// Whether a record with this stamp is to be told.
    pub(super) fn tells(&self, stamp: Option<Instant>) -> bool {
        match (self.newest, stamp) {
            (Some(newest), Some(stamp)) if newest.is_settled => stamp > newest.stamp,
            (Some(newest), Some(stamp)) => stamp >= newest.stamp - OVERLAP,
            _ => true,
        }
    }

    /// Where a complete reading ended that began at `began` and saw `newest` on its first page.
    pub(super) fn after(&self, newest: Option<Instant>, began: Instant) -> Self {
        let newest = match (self.newest, newest) {
            (None, None) => None,
            (Some(before), now) if now.is_none_or(|now| now <= before.stamp) => {
                let is_settled = before.is_settled || began - before.seen >= OVERLAP;
                Some(Newest { is_settled, ..before })
            }
            (_, Some(stamp)) => Some(Newest { stamp, seen: began, is_settled: false }),
            (Some(before), None) => Some(before),
        };
        Self { newest, bin: self.bin }
    }

    fn write(&self, out: &mut String) {
        match self.newest {
            None => out.push('-'),
            Some(Newest { stamp, seen, is_settled }) => {
                let state = if is_settled { "settled" } else { "open" };
                out.push_str(&format!("{},{},{state}", json_time(stamp), json_time(seen)));
            }
        }
        out.push_str(&self.bin.map_or(",-".to_owned(), |bin| format!(",{bin}")));
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(',').collect();
        let count = |text: &str| {
            if text == "-" { Some(None) } else { text.parse().ok().map(Some) }
        };
        match parts[..] {
            ["-", bin] => Some(Self { newest: None, bin: count(bin)? }),
            [stamp, seen, state, bin] => {
                let is_settled = match state {
                    "settled" => true,
                    "open" => false,
                    _ => return None,
                };
                let newest = Newest { stamp: stamp.parse().ok()?, seen: seen.parse().ok()?, is_settled };
                Some(Self { newest: Some(newest), bin: count(bin)? })
            }
            _ => None,
        }
    }
}

/// The cursor of a feed that reads `positions.len()` views.
pub(super) fn cursor(positions: &[Position]) -> Cursor {
    let mut text = VERSION.to_owned();
    for (index, position) in positions.iter().enumerate() {
        if index > 0 {
            text.push(';');
        }
        position.write(&mut text);
    }
    Cursor::new(text)
}

/// The positions that a cursor holds; the beginning where there is none.
pub(super) fn positions<const N: usize>(since: Option<&Cursor>) -> Result<[Position; N]> {
    let Some(cursor) = since else {
        return Ok([Position::default(); N]);
    };
    let read = || {
        let parts: Option<Vec<Position>> =
            cursor.as_str().strip_prefix(VERSION)?.split(';').map(Position::read).collect();
        parts?.try_into().ok()
    };
    read().ok_or_else(|| {
        refuse(ErrorKind::Invalid, "changes", "this is not a cursor of this collection; start without one")
    })
}

/// The newest stamp on a page.
pub(super) fn newest<E: Entity>(page: &RecordPage<E>) -> Option<Instant> {
    page.rows.iter().flatten().filter_map(|row| row.updated_at()).map(|stamp| stamp.to_utc()).max()
}

enum Phase<E> {
    Start,
    Bin { pages: BoxStream<'static, Result<RecordPage<E>>>, is_first: bool, reads_all: bool },
    Alive { pages: BoxStream<'static, Result<RecordPage<E>>>, is_first: bool },
    End,
}

struct Feed<T: Mapped> {
    records: MappedRecords<T>,
    is_first_read: bool,
    before: Position,
    began: Instant,
    newest: Option<Instant>,
    bin: Option<u64>,
    fields: Option<Arc<Fields>>,
    phase: Phase<T::Entity>,
}

/// Deletions first, then what is alive: a record that is restored in between is then told as alive last.
pub(super) fn feed<T: Mapped>(
    records: MappedRecords<T>,
    since: Option<&Cursor>,
) -> BoxStream<'static, Result<Change<T>>> {
    let before = match positions::<1>(since) {
        Ok([before]) => before,
        Err(error) => return stream::iter([Err(error)]).boxed(),
    };
    let began = records.shared.client.clock().now();
    let feed = Feed {
        records,
        is_first_read: since.is_none(),
        before,
        began,
        newest: None,
        bin: before.bin,
        fields: None,
        phase: Phase::Start,
    };
    let steps = stream::try_unfold(feed, |mut feed| async move {
        let changes = feed.step().await?;
        Ok::<_, crate::Error>(changes.map(|changes| (changes, feed)))
    });
    steps.map_ok(|changes| stream::iter(changes.into_iter().map(Ok))).try_flatten().boxed()
}

impl<T: Mapped> Feed<T> {
    /// The changes of the next page; `None` at the end.
    async fn step(&mut self) -> Result<Option<Vec<Change<T>>>> {
        match &mut self.phase {
            Phase::Start => self.start().await.map(Some),
            Phase::Bin { pages, is_first, .. } => match pages.next().await.transpose()? {
                Some(page) => {
                    let is_first = std::mem::take(is_first);
                    Ok(Some(self.deletions(&page, is_first)))
                }
                None => {
                    self.phase = self.alive();
                    Ok(Some(Vec::new()))
                }
            },
            Phase::Alive { pages, is_first } => match pages.next().await.transpose()? {
                Some(page) => {
                    let is_first = std::mem::take(is_first);
                    Ok(Some(self.records(page, is_first)))
                }
                None => {
                    self.phase = Phase::End;
                    let after = self.before.after(self.newest, self.began);
                    Ok(Some(vec![Change::Finished(cursor(&[Position { bin: self.bin, ..after }]))]))
                }
            },
            Phase::End => Ok(None),
        }
    }

    async fn start(&mut self) -> Result<Vec<Change<T>>> {
        self.fields = Some(self.records.shared.fields::<T>().await?);
        let bin = match &self.records.shared.options.recycle_bin {
            Some(name) if !self.is_first_read => Some(self.records.api().view(name).await?),
            _ => None,
        };
        self.phase = match bin {
            Some(view) => self.bin(view),
            None => self.alive(),
        };
        Ok(vec![Change::Started { complete: self.is_first_read }])
    }

    fn bin(&self, view: ViewId) -> Phase<T::Entity> {
        let pages = self.records.api().pages(view, Listing::new()).boxed();
        Phase::Bin { pages, is_first: true, reads_all: false }
    }

    fn alive(&self) -> Phase<T::Entity> {
        let listing = self.records.listing(self.before.since());
        Phase::Alive { pages: self.records.api().all_pages(listing).boxed(), is_first: true }
    }

    /// The bin is read as far as the feed reaches back. If it then holds another number of records than it should, a
    /// deletion left no stamp, and all of it is told.
    fn deletions(&mut self, page: &RecordPage<T::Entity>, is_first: bool) -> Vec<Change<T>> {
        let stamps: Vec<Option<Instant>> =
            page.rows.iter().map(|row| row.as_ref().ok()?.updated_at().map(|stamp| stamp.to_utc())).collect();
        let Phase::Bin { reads_all, .. } = &mut self.phase else {
            return Vec::new();
        };
        if is_first {
            self.newest = newest(page);
            let is_later =
                |stamp: &&Option<Instant>| self.before.newest.is_some_and(|newest| **stamp > Some(newest.stamp));
            let later = stamps.iter().filter(is_later).count() as u64;
            let expected = self.before.bin.map(|bin| bin + later);
            let total = page.total.or((page.rows.is_empty()).then_some(0));
            *reads_all = matches!((expected, total), (Some(expected), Some(total)) if expected != total);
            self.bin = total.or(self.bin);
        }
        let reads_all = *reads_all;
        let is_past = matches!((stamps.last(), self.before.since()), (Some(Some(last)), Some(since)) if *last < since);
        if is_past && !reads_all {
            self.phase = self.alive();
        }
        let rows = page.rows.iter().flatten();
        let told = rows.filter(|row| {
            let stamp = row.updated_at().map(|stamp| stamp.to_utc());
            row.is_deleted() && (reads_all || self.before.tells(stamp))
        });
        let deleted = |row: &rest_core::Row<T::Entity>| {
            let id: i64 = row.id().into();
            let at = row.updated_at().map(|stamp| stamp.to_utc());
            Change::Deleted { id: RemoteId::new(id.to_string()), deleted: Deleted::Soft { at } }
        };
        told.map(deleted).collect()
    }

    fn records(&mut self, page: RecordPage<T::Entity>, is_first: bool) -> Vec<Change<T>> {
        if is_first {
            self.newest = self.newest.max(newest(&page));
        }
        let Some(fields) = self.fields.clone() else {
            return Vec::new();
        };
        let mut changes = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            match row {
                Ok(row) if row.is_deleted() => {}
                Ok(row) if !self.before.tells(row.updated_at().map(|stamp| stamp.to_utc())) => {}
                Ok(row) => changes.push(Change::Record(read_row::<T>(row, &page.side, &fields))),
                Err(bad) => {
                    let id = bad.id.clone().map(RemoteId::new);
                    changes.push(Change::Bad { id, error: bad.into_error(<T::Entity as Entity>::OPERATIONS.list) });
                }
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::UNIX_EPOCH + TimeDelta::minutes(1_000_000 + minute)
    }

    #[test]
    fn a_reading_overlaps_until_everything_up_to_it_must_be_visible() {
        let start = Position::default();
        assert_eq!((start.since(), start.tells(Some(at(0)))), (None, true));

        // Seen at minute 10: stamp 9. What comes up late, down to minute 4, is told once more.
        let open = start.after(Some(at(9)), at(10));
        assert_eq!(open.since(), Some(at(4)));
        assert!(open.tells(Some(at(4))) && !open.tells(Some(at(3))));

        // A reading at minute 12 settles nothing, one at minute 15 does.
        assert_eq!(open.after(Some(at(9)), at(12)).since(), Some(at(4)));
        let settled = open.after(Some(at(9)), at(15));
        assert_eq!(settled.since(), Some(at(9)));
        assert!(!settled.tells(Some(at(9))) && settled.tells(Some(at(10))));

        // A newer stamp opens it again; a clock that is set back never settles.
        assert_eq!(settled.after(Some(at(20)), at(21)).since(), Some(at(15)));
        assert_eq!(open.after(Some(at(9)), at(-100)).since(), Some(at(4)));
        // A view that is empty now was not read to an earlier point.
        assert_eq!(settled.after(None, at(30)).since(), Some(at(9)));
        assert_eq!(start.after(None, at(30)).since(), None);
    }

    #[test]
    fn a_cursor_survives_being_text_and_nothing_else_is_one() {
        let open = Position { newest: Some(Newest { stamp: at(1), seen: at(2), is_settled: false }), bin: Some(7) };
        let settled = Position { newest: Some(Newest { stamp: at(1), seen: at(2), is_settled: true }), bin: None };
        for position in [Position::default(), open, settled] {
            assert_eq!(positions::<1>(Some(&cursor(&[position]))).unwrap(), [position]);
        }
        assert_eq!(positions::<2>(Some(&cursor(&[open, settled]))).unwrap(), [open, settled]);
        assert_eq!(positions::<1>(None).unwrap(), [Position::default()]);
        for text in [
            "",
            "v1:",
            "v2:-,-",
            "v1:soon,-",
            "v1:-",
            "v1:-,-;-,-",
            "v1:2025-01-01T00:00:00Z,2025-01-01T00:00:00Z,maybe,1",
            "v1:-,x",
        ] {
            let error = positions::<1>(Some(&Cursor::new(text))).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
    }
}
