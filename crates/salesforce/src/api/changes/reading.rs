//! One reading, step by step: the deletions, then the rows, then the cursor.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;
use rest_core::{BadRecord, Error, ErrorKind, Result, Row};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::cursor::Seen;
use super::{ChangeCursor, Changed, Changes, Gap, Tombstone};
use crate::VENDOR;
use crate::api::describe::Describe;
use crate::api::feeds::{DeletedRecords, feed};
use crate::api::query::{Query, QueryPage, server_time};
use crate::ids::{AnyId, Id};
use crate::models::SObject;
use crate::soql::{Condition, Op, Select};
use crate::time;

const OPERATION: &str = "sobjects.changes";
/// The `deleted` feed takes windows that begin at most so long ago.
const KNOWN_DELETIONS: TimeDelta = TimeDelta::days(15);
/// Its window is given by the client's clock, which may differ from the server's.
const MARGIN: TimeDelta = TimeDelta::minutes(10);
/// The shortest window it takes.
const SHORTEST_WINDOW: TimeDelta = TimeDelta::minutes(2);

enum Phase<T> {
    Begin,
    Rows(BoxStream<'static, Result<QueryPage<T>>>),
    Purged,
    End,
    Over,
}

pub(super) struct Reading<T> {
    changes: Changes<T>,
    described: Option<Arc<Describe>>,
    /// Rows from here on; `None` reads everything that is alive.
    from: Option<DateTime<Utc>>,
    /// Everything up to here will have been read: where the next reading begins, less the overlap.
    upper: Option<DateTime<Utc>>,
    /// The newest stamp that was read, in case that the server does not tell the time.
    newest: Option<DateTime<Utc>>,
    /// Deletions that the feed told and no row has shown yet.
    deletions: BTreeMap<Id<T>, DateTime<Utc>>,
    /// Rows that this reading has shown.
    shown: HashSet<AnyId>,
    seen: BTreeMap<AnyId, Seen>,
    /// The last row that was read: where a query that the vendor gave up is taken up again.
    last: Option<(DateTime<Utc>, AnyId)>,
    resumed_at: Option<(DateTime<Utc>, AnyId)>,
    phase: Phase<T>,
    events: VecDeque<Changed<T>>,
}

/// What every row says about itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Marks {
    id: AnyId,
    #[serde(deserialize_with = "time::required_instant")]
    system_modstamp: DateTime<Utc>,
    #[serde(default)]
    is_deleted: bool,
    #[serde(default)]
    master_record_id: Option<AnyId>,
}

impl<T: SObject> Reading<T> {
    pub(super) fn new(changes: Changes<T>) -> Self {
        Self {
            changes,
            described: None,
            from: None,
            upper: None,
            newest: None,
            deletions: BTreeMap::new(),
            shown: HashSet::new(),
            seen: BTreeMap::new(),
            last: None,
            resumed_at: None,
            phase: Phase::Begin,
            events: VecDeque::new(),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Changed<T>>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            if matches!(self.phase, Phase::Over) {
                return None;
            }
            if let Err(error) = self.advance().await {
                self.phase = Phase::Over;
                return Some(Err(error));
            }
        }
    }

    async fn advance(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Begin => self.begin().await?,
            Phase::Rows(mut pages) => match pages.next().await {
                Some(Ok(page)) => {
                    self.phase = Phase::Rows(pages);
                    self.page(page);
                }
                Some(Err(error)) => self.resume(error)?,
                None => self.phase = Phase::Purged,
            },
            Phase::Purged => {
                self.purged();
                self.phase = Phase::End;
            }
            Phase::End => self.end(),
            Phase::Over => {}
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<()> {
        let described = self.changes.client.described(T::NAME).await?;
        if described.field("SystemModstamp").is_none() {
            return Err(Error::new(ErrorKind::Unsupported, OPERATION)
                .with_vendor(VENDOR)
                .with_message(format!("{} has no SystemModstamp that this user may see", T::NAME))
                .with_hint("read all records and compare"));
        }
        let replicateable = described.replicateable;
        self.described = Some(described);
        let since = self.changes.since.take();
        let start = since.as_ref().map(ChangeCursor::at);
        self.from = start.and_then(|at| at.checked_sub_signed(self.changes.overlap));
        self.seen = since.map(ChangeCursor::into_seen).unwrap_or_default();
        if replicateable {
            self.read_deletions(start).await?;
        }
        self.phase = Phase::Rows(self.query()?);
        Ok(())
    }

    /// Reads the `deleted` feed, whose answers also tell up to where the organisation's transactions are all visible.
    async fn read_deletions(&mut self, start: Option<DateTime<Utc>>) -> Result<()> {
        let now = self.changes.client.now();
        // A first reading asks for the answer's dates only.
        let from = self.from.unwrap_or(now - self.changes.overlap);
        let known = now - KNOWN_DELETIONS + MARGIN;
        let mut known_since = from.max(known);
        let end = now.max(known_since + SHORTEST_WINDOW);
        let mut windows = vec![(known_since, end)];
        while let Some((from, to)) = windows.pop() {
            let called = Instant::now();
            let version = self.changes.client.version();
            let call = feed(OPERATION, version, T::NAME, "deleted", from, to);
            let reply = match self.changes.client.send(call).await {
                Ok(reply) => reply,
                // More deletions than one answer holds: two halves, the earlier one first.
                Err(error) if error.kind() == ErrorKind::TooLarge && to - from >= SHORTEST_WINDOW * 2 => {
                    let middle = from + (to - from) / 2;
                    windows.extend([(middle, to), (from, middle)]);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let answer: DeletedRecords<T> = reply.json()?;
            known_since = known_since.max(answer.earliest_date_available);
            // The feed's own word, and never later than the server's clock before it answered.
            let covered = server_time(&reply, called)
                .map_or(answer.latest_date_covered, |now| now.min(answer.latest_date_covered));
            self.upper = Some(self.upper.map_or(covered, |upper| upper.max(covered)));
            // The feed drops the seconds of its window, so it begins a little early.
            let deletions = answer.deleted_records.into_iter().map(|gone| (gone.id, gone.deleted_date));
            let begin = self.from;
            self.deletions.extend(deletions.filter(|(_, at)| begin.is_some_and(|begin| *at >= begin)));
        }
        if let Some(since) = start.filter(|start| known_since > *start) {
            self.events.push_back(Changed::Gap(Gap { since, known_since }));
        }
        Ok(())
    }

    /// The query from where the reading stands.
    fn query(&self) -> Result<BoxStream<'static, Result<QueryPage<T>>>> {
        let mut select = Select::from(T::NAME).fields(self.columns()).order_by(["SystemModstamp", "Id"]);
        if let Some(from) = self.from {
            select = select.filter(Condition::compare("SystemModstamp", Op::Ge, from));
        }
        if let Some((stamp, id)) = self.last {
            select = select.filter(Condition::after(stamp, id));
        }
        // A first reading has no use for records that were deleted before it.
        let query = Query::<T>::from_built(self.changes.client.clone(), select.build(), self.from.is_some());
        let query = match self.changes.page {
            Some(rows) => query.page_size(rows),
            None => query,
        };
        Ok(query.pages())
    }

    /// The fields to read: those that are wanted and visible, and what the reading itself needs.
    fn columns(&self) -> Vec<String> {
        let Some(described) = &self.described else { return Vec::new() };
        let wanted: Vec<&str> = match &self.changes.fields {
            Some(fields) => fields.iter().map(String::as_str).collect(),
            None => T::FIELDS.to_vec(),
        };
        let needed = ["Id", "SystemModstamp", "IsDeleted", "MasterRecordId"];
        let mut columns: Vec<String> = Vec::new();
        for name in needed.into_iter().chain(wanted) {
            // Paths over relationships are the caller's own business; fields are asked for only if they can be seen.
            let column = match name.contains('.') {
                true => Some(name.to_owned()),
                false => described.field(name).map(|field| field.name.clone()),
            };
            columns.extend(column.filter(|column| !columns.contains(column)));
        }
        columns
    }

    fn page(&mut self, page: QueryPage<T>) {
        if self.upper.is_none() && self.last.is_none() {
            // Of the first page only: later ones are newer than rows that were read before.
            self.upper = page.as_of;
        }
        for record in page.records {
            self.record(record);
        }
    }

    fn record(&mut self, record: std::result::Result<Row<T>, BadRecord>) {
        let raw: &RawValue = match &record {
            Ok(row) => row.raw(),
            Err(bad) => &bad.raw,
        };
        let Ok(marks) = serde_json::from_str::<Marks>(raw.get()) else {
            // Nothing is known about it but that it cannot be read.
            let bad = record.map_or_else(Some, |row| rest_core::row::<Marks>(row.raw().to_owned(), "Id").err());
            self.events.extend(bad.map(Changed::Unreadable));
            return;
        };
        self.newest = self.newest.max(Some(marks.system_modstamp));
        self.last = Some((marks.system_modstamp, marks.id));
        self.shown.insert(marks.id);
        if !self.is_news(marks.id, marks.system_modstamp, raw.get()) {
            return;
        }
        self.events.push_back(match record {
            Ok(row) if !marks.is_deleted => Changed::Record(row),
            _ if marks.is_deleted => match marks.id.cast() {
                Some(id) => Changed::Deleted(Tombstone {
                    id,
                    deleted_at: marks.system_modstamp,
                    merged_into: marks.master_record_id.and_then(Id::cast),
                    purged: false,
                }),
                None => return,
            },
            Ok(row) => Changed::Record(row),
            Err(bad) => Changed::Unreadable(bad),
        });
    }

    /// Whether this was not delivered before in just this form.
    fn is_news(&mut self, id: AnyId, stamp: DateTime<Utc>, content: &str) -> bool {
        let now = Seen::new(stamp, content);
        self.seen.insert(id, now) != Some(now)
    }

    /// A query's cursor ends after some days, or when too many are open: the reading goes on behind the last row.
    fn resume(&mut self, error: Error) -> Result<()> {
        let is_lost = error.vendor_code() == Some("INVALID_QUERY_LOCATOR");
        if !is_lost || self.last.is_none() || self.last == self.resumed_at {
            return Err(error);
        }
        self.resumed_at = self.last;
        self.phase = Phase::Rows(self.query()?);
        Ok(())
    }

    /// Deletions that no row showed: those records have left the recycle bin. One that a row showed alive was undeleted.
    fn purged(&mut self) {
        for (id, deleted_at) in std::mem::take(&mut self.deletions) {
            let is_new = !self.shown.contains(&id.any()) && self.is_news(id.any(), deleted_at, "deleted");
            if is_new {
                self.events.push_back(Changed::Deleted(Tombstone { id, deleted_at, merged_into: None, purged: true }));
            }
        }
    }

    fn end(&mut self) {
        // A cursor never goes back, and never past what was read.
        let before = self.from.and_then(|from| from.checked_add_signed(self.changes.overlap));
        let at = self.upper.or(self.newest).max(before).unwrap_or(DateTime::UNIX_EPOCH);
        let overlaps = at.checked_sub_signed(self.changes.overlap).unwrap_or(at);
        let seen = std::mem::take(&mut self.seen);
        self.events.push_back(Changed::Finished(ChangeCursor::new(at, seen, overlaps)));
    }
}
