//! What changed since a cursor. One query in the order of `SystemModstamp, Id`, deleted rows included.
//!
//! A cursor is a moment by the vendor's clock, taken before the first page was made. The next reading begins ten minutes
//! before it, because a transaction that runs that long commits with older stamps. Nothing is left out at the upper end:
//! a row that changes while it is read comes again with the next reading.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use chrono::TimeDelta;
use crm_model::{Instant, Object, ObjectKind, RemoteId};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use rest_core::{BadRecord, Error, ErrorKind, Result, Row};
use salesforce::soql::{Condition, Op, Select};
use salesforce::{AnyId, Id, Opportunity, OpportunityContactRole, QueryPage, Writable};

use super::VENDOR;
use super::layout::Layout;
use super::objects::{Objects, Read};
use super::read::{Base, Fields, cursor_instant, cursor_text};
use crate::{Change, Collection, Cursor, Fetched};

/// The longest that a transaction may take to become visible.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How far a reading has come.
enum Phase {
    Begin,
    Rows(BoxStream<'static, Result<QueryPage<Base>>>),
    /// Deals whose people changed, which leaves no stamp on the deal.
    People,
    End,
    Over,
}

struct Feed<'a, T: Object, R: Writable> {
    objects: &'a Objects<T, R>,
    since: Option<Cursor>,
    layout: Option<Arc<Layout>>,
    /// Rows from here on; `None` reads everything that is alive.
    from: Option<Instant>,
    /// Where the next reading begins, less the overlap.
    upper: Option<Instant>,
    /// The newest stamp that was read, in case that the vendor does not tell the time.
    newest: Option<Instant>,
    /// The last row that was read: where a query that the vendor gave up is taken up again.
    last: Option<(Instant, AnyId)>,
    resumed_at: Option<(Instant, AnyId)>,
    told: HashSet<AnyId>,
    phase: Phase,
    events: VecDeque<Change<T>>,
}

/// The feed of an object.
pub(crate) fn feed<T: Object, R: Writable>(
    objects: &Objects<T, R>,
    since: Option<Cursor>,
) -> BoxStream<'_, Result<Change<T>>> {
    let feed = Feed {
        objects,
        since,
        layout: None,
        from: None,
        upper: None,
        newest: None,
        last: None,
        resumed_at: None,
        told: HashSet::new(),
        phase: Phase::Begin,
        events: VecDeque::new(),
    };
    stream::unfold(feed, next).boxed()
}

async fn next<T: Object, R: Writable>(mut feed: Feed<'_, T, R>) -> Option<(Result<Change<T>>, Feed<'_, T, R>)> {
    loop {
        if let Some(event) = feed.events.pop_front() {
            return Some((Ok(event), feed));
        }
        if matches!(feed.phase, Phase::Over) {
            return None;
        }
        if let Err(error) = feed.advance().await {
            feed.phase = Phase::Over;
            return Some((Err(error), feed));
        }
    }
}

impl<T: Object, R: Writable> Feed<'_, T, R> {
    /// Takes one step, which may give events.
    async fn advance(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Begin => self.begin().await,
            Phase::Rows(mut pages) => match pages.next().await {
                Some(Ok(page)) => {
                    self.phase = Phase::Rows(pages);
                    self.page(page).await
                }
                Some(Err(error)) => self.resume(error),
                None => {
                    self.phase = if self.has_people() { Phase::People } else { Phase::End };
                    Ok(())
                }
            },
            Phase::People => {
                self.people().await?;
                self.phase = Phase::End;
                Ok(())
            }
            Phase::End => {
                // A cursor never goes back, and never past what was read.
                let seen = self.upper.or(self.newest);
                let before = self.from.map(|from| from + OVERLAP);
                let cursor = seen.max(before).unwrap_or(Instant::UNIX_EPOCH);
                self.events.push_back(Change::Finished(Cursor::new(cursor_text(cursor))));
                Ok(())
            }
            Phase::Over => Ok(()),
        }
    }

    async fn begin(&mut self) -> Result<()> {
        if let Some(cursor) = &self.since {
            let moment = cursor_instant(cursor.as_str()).and_then(|moment| moment.checked_sub_signed(OVERLAP));
            self.from = Some(moment.ok_or_else(|| {
                Error::new(ErrorKind::Invalid, "changes")
                    .with_vendor(VENDOR)
                    .with_message("this is not a cursor of this collection")
                    .with_hint("read the feed without a cursor once")
            })?);
        }
        self.layout = Some(self.objects.layout().await?);
        self.events.push_back(Change::Started { complete: self.from.is_none() });
        self.phase = Phase::Rows(self.query()?);
        Ok(())
    }

    /// The query from where the reading stands.
    fn query(&self) -> Result<BoxStream<'static, Result<QueryPage<Base>>>> {
        let layout = self.layout()?;
        let mut select = self.objects.select(&layout);
        // A first reading has no use for what was ended before it.
        if self.from.is_none() {
            select = self.objects.living(&layout, select);
        }
        let mut select = select.order_by(["SystemModstamp", "Id"]);
        if let Some(from) = self.from {
            select = select.filter(Condition::compare("SystemModstamp", Op::Ge, from));
        }
        if let Some((stamp, id)) = self.last {
            select = select.filter(Condition::after(stamp, id));
        }
        let soql = select.build()?;
        let client = self.objects.client();
        // A first reading has no use for records that were deleted before it.
        Ok(if self.from.is_some() { client.query_all(soql) } else { client.query(soql) }.pages())
    }

    fn layout(&self) -> Result<Arc<Layout>> {
        self.layout
            .clone()
            .ok_or_else(|| Error::new(ErrorKind::Cancelled, "changes").with_message("the feed has not begun"))
    }

    async fn page(&mut self, page: QueryPage<Base>) -> Result<()> {
        let layout = self.layout()?;
        // Of the first page only: later ones are newer than rows that were read before.
        self.upper = self.upper.or(page.as_of.filter(|_| self.last.is_none()));
        let there: Vec<_> = page.records.iter().flatten().collect();
        let shadows = self.objects.shadows(&there).await?;
        for row in page.records {
            self.note(&row);
            if row.as_ref().is_ok_and(|row| shadows.contains(&row.id)) {
                continue;
            }
            let read = self.objects.read(&layout, row).await?;
            self.events.push_back(read.into_change());
        }
        Ok(())
    }

    fn note(&mut self, row: &std::result::Result<Row<Base>, BadRecord>) {
        let Ok(row) = row else { return };
        if let Some(stamp) = Fields::of(row).stamp() {
            self.newest = self.newest.max(Some(stamp));
            self.last = Some((stamp, row.id));
        }
        if self.has_people() {
            self.told.insert(row.id);
        }
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

    fn has_people(&self) -> bool {
        T::KIND == ObjectKind::Deal && self.from.is_some()
    }

    /// Tells the deals whose people changed and that were not told yet.
    async fn people(&mut self) -> Result<()> {
        let Some(from) = self.from else { return Ok(()) };
        let soql = Select::from("OpportunityContactRole")
            .fields(["Id", "OpportunityId"])
            .filter(Condition::compare("SystemModstamp", Op::Ge, from))
            .order_by(["OpportunityId"])
            .build()?;
        let mut rows = self.objects.client().query_all::<OpportunityContactRole>(soql).stream();
        let mut deals: Vec<Id<Opportunity>> = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let deal = row.opportunity_id.filter(|deal| !self.told.contains(&deal.any()));
            deals.extend(deal.filter(|deal| deals.last() != Some(deal)));
        }
        if deals.is_empty() {
            return Ok(());
        }
        let ids: Vec<RemoteId<T>> = deals.iter().map(|id| RemoteId::new(id.as_str())).collect();
        let fetched = self.objects.get(&ids).await?;
        for (id, fetched) in ids.into_iter().zip(fetched) {
            match fetched {
                Fetched::Found(record) => self.events.push_back(Change::Record(record)),
                // A deletion stamps the deal itself, so it was told above.
                Fetched::Deleted(_) | Fetched::Missing => {}
                Fetched::Bad(why) => {
                    let bad = Read::<T>::Bad { id: Some(id.as_str().to_owned()), why };
                    self.events.push_back(bad.into_change());
                }
            }
        }
        Ok(())
    }
}
