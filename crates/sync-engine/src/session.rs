//! One run at work: the lease under which it commits, and what it has done so far.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crm_model::ObjectKind;
use sync_core::Side;
use sync_store::{Batch, Lease, Run, RunId, RunState};

use crate::SyncError;
use crate::config::{Parts, Ready};
use crate::report::RunReport;
use crate::state::encode;

/// Long enough for the slowest request with its retries; a worker that is gone for longer has lost its run.
const LEASE: Duration = Duration::from_secs(600);

/// A run at work. Dropping it at any point is safe: everything it knows is in the store.
pub(crate) struct Session<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) ready: &'a Ready,
    pub(crate) run: RunId,
    pub(crate) report: RunReport,
    lease: Lease,
}

impl<'a> Session<'a> {
    pub(crate) async fn begin(parts: &'a Parts, kind: &str) -> Result<Self, SyncError> {
        let now = parts.clock.now();
        let lease = parts.store.acquire(&parts.worker, LEASE, now).await?;
        let ready = match parts.ready().await {
            Ok(ready) => ready,
            Err(error) => {
                // The cause is worth more than a lease that could not be given back; it runs out by itself.
                let _ = parts.store.release(&lease).await;
                return Err(error);
            }
        };
        let run = RunId(parts.store.next_ids(1).await?.start);
        let mut batch = Batch::new();
        batch.put_run(Run::new(run, kind, now));
        parts.store.commit(&lease, batch).await?;
        let calls = Side::BOTH.map(|side| parts.crm(side).usage().total().calls);
        let report =
            RunReport::begin(run.0, kind, now, [parts.crm(Side::A).vendor(), parts.crm(Side::B).vendor()], calls);
        Ok(Self { parts, ready, run, report, lease })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    /// Commits under the lease, which is renewed when half of it is used up.
    pub(crate) async fn commit(&mut self, batch: Batch) -> Result<(), SyncError> {
        let now = self.now();
        if self.lease.until - now < chrono::TimeDelta::seconds(LEASE.as_secs() as i64 / 2) {
            self.lease = self.parts.store.renew(&self.lease, LEASE, now).await?;
        }
        Ok(self.parts.store.commit(&self.lease, batch).await?)
    }

    pub(crate) fn record_error(&mut self, batch: &mut Batch, trouble: &Trouble<'_>) {
        let Trouble { object, side, record, link, code, message } = *trouble;
        let mut error = sync_store::RecordError::new(
            self.run,
            object.as_str(),
            crate::state::store_side(side),
            code,
            message,
            self.now(),
        );
        error.record = record.map(str::to_owned);
        error.link = link;
        batch.add_error(error);
        self.report.error(trouble);
    }

    /// Closes the run, with what it did so far even where it failed, and gives the lease back.
    pub(crate) async fn conclude<T>(mut self, outcome: Result<T, SyncError>) -> Result<(T, RunReport), SyncError> {
        let closed = self.close_run(outcome.as_ref().err()).await;
        let value = outcome?;
        closed?;
        Ok((value, self.report))
    }

    async fn close_run(&mut self, failure: Option<&SyncError>) -> Result<(), SyncError> {
        let now = self.now();
        let calls = Side::BOTH.map(|side| self.parts.crm(side).usage().total().calls);
        self.report.finish(now, calls, failure.map(ToString::to_string));
        let mut run = Run::new(self.run, self.report.kind.clone(), self.report.started);
        run.state = if failure.is_some() { RunState::Failed } else { RunState::Finished };
        run.finished = Some(now);
        run.report = Some(encode(&self.report));
        let mut batch = Batch::new();
        batch.put_run(run);
        self.commit(batch).await?;
        Ok(self.parts.store.release(&self.lease).await?)
    }
}

/// Something that kept one record from being synced.
#[derive(Clone, Copy)]
pub(crate) struct Trouble<'t> {
    pub(crate) object: ObjectKind,
    pub(crate) side: Side,
    pub(crate) record: Option<&'t str>,
    pub(crate) link: Option<sync_store::LinkId>,
    pub(crate) code: &'t str,
    pub(crate) message: &'t str,
}
