//! The verbs: plan, apply, sync.

use std::collections::{BTreeMap, BTreeSet};

use crm_model::Instant;
use sync_core::Side;
use sync_store::LinkId;

use crate::SyncError;
use crate::config::{ReadyObject, Sync};
use crate::derive::Derived;
use crate::plan::{Basis, ObjectPlan, Plan, PlanData, basis};
use crate::refs::Intended;
use crate::report::RunReport;
use crate::session::Session;

/// How far an apply has come: told after each batch of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The object that is being written.
    pub object: crm_model::ObjectKind,
    /// Writes that are done, refused ones included.
    pub done: u64,
    /// Writes that this object needs in all.
    pub of: u64,
}

impl Sync {
    /// Reads both sides and says what a sync would do. Writes to neither; what was observed is kept in the state, so
    /// that the next read is short. Records whose write was interrupted before are looked up first.
    ///
    /// # Errors
    /// [`SyncError`]; nothing that was observed or agreed is lost.
    pub async fn plan(&self) -> Result<Plan, SyncError> {
        let mut session = Session::begin(&self.0, "plan").await?;
        let outcome = session.plan().await;
        let ((objects, warnings, made_at), report) = session.conclude(outcome).await?;
        let data = PlanData { made_at, vendors: report.vendors, objects, warnings, calls_spent: report.calls };
        Ok(Plan { sync: self.clone(), data })
    }

    /// Plans and applies in one go. May be dropped or killed at any instant; the next run picks up.
    ///
    /// # Errors
    /// [`SyncError`]; what befell single records is in the report.
    pub async fn run(&self) -> Result<RunReport, SyncError> {
        self.run_with(|_| {}).await
    }

    /// As [`run`](Self::run), telling how far it has come.
    ///
    /// # Errors
    /// As there.
    pub async fn run_with(
        &self,
        progress: impl Fn(Progress) + Send + std::marker::Sync,
    ) -> Result<RunReport, SyncError> {
        let mut session = Session::begin(&self.0, "sync").await?;
        let outcome = session.apply(None, &progress).await;
        Ok(session.conclude(outcome).await?.1)
    }
}

impl Plan {
    /// Does what the plan says, except where a record has changed since: that waits for the next plan. May be dropped
    /// or killed at any instant; the next run picks up.
    ///
    /// # Errors
    /// [`SyncError`]; what befell single records is in the report.
    pub async fn apply(&self) -> Result<RunReport, SyncError> {
        self.apply_with(|_| {}).await
    }

    /// As [`apply`](Self::apply), telling how far it has come.
    ///
    /// # Errors
    /// As there.
    pub async fn apply_with(
        &self,
        progress: impl Fn(Progress) + Send + std::marker::Sync,
    ) -> Result<RunReport, SyncError> {
        let mut session = Session::begin(&self.sync.0, "apply").await?;
        let outcome = session.apply(Some(&self.data), &progress).await;
        Ok(session.conclude(outcome).await?.1)
    }
}

impl Session<'_> {
    async fn plan(&mut self) -> Result<(Vec<ObjectPlan>, Vec<String>, Instant), SyncError> {
        self.recover().await?;
        self.observe().await?;
        let mut intended = Intended::planning();
        let mut objects = Vec::new();
        let mut warnings = Vec::new();
        for object in &self.ready.objects {
            let derived = self.derive(object, &mut intended).await?;
            objects.push(self.object_plan(object, &derived)?);
            warnings.extend(object.compiled.warnings().iter().map(ToString::to_string));
        }
        Ok((objects, warnings, self.now()))
    }

    /// Reads, derives and executes; of a given plan only what still shows what it showed then. What changed since the
    /// plan was made is read once more, right before writing.
    async fn apply(
        &mut self,
        plan: Option<&PlanData>,
        progress: &(impl Fn(Progress) + Send + std::marker::Sync),
    ) -> Result<(), SyncError> {
        self.recover().await?;
        self.observe().await?;
        let approved = plan.map(PlanData::basis);
        for object in &self.ready.objects {
            self.apply_object(object, approved.as_ref(), progress).await?;
        }
        Ok(())
    }

    /// A record that refers to another of its own object, a company to its parent, waits until that one is there: what
    /// waits is derived again as long as there is something new to refer to.
    async fn apply_object(
        &mut self,
        object: &ReadyObject,
        approved: Option<&BTreeMap<i64, Basis>>,
        progress: &(impl Fn(Progress) + Send + std::marker::Sync),
    ) -> Result<(), SyncError> {
        let mut waiting: Option<BTreeSet<LinkId>> = None;
        loop {
            let mut derived = self.derive(object, &mut Intended::nothing()).await?;
            derived.retain(|one| waiting.as_ref().is_none_or(|waiting| waiting.contains(&one.link.id)));
            // What waits was approved before it began to wait.
            if let Some(approved) = approved.filter(|_| waiting.is_none()) {
                let shows_the_same =
                    |one: &Derived| Ok::<_, SyncError>(approved.get(&one.link.id.0) == Some(&basis(one)?));
                let mut kept = Vec::with_capacity(derived.len());
                for one in derived {
                    if shows_the_same(&one)? {
                        kept.push(one);
                    }
                }
                derived = kept;
            }
            let still: BTreeSet<LinkId> = derived.iter().filter(|one| one.awaits()).map(|one| one.link.id).collect();
            let progressed = waiting.as_ref().is_none_or(|before| still.len() < before.len());
            let waits: Vec<Side> = derived.iter().filter(|one| one.awaits()).map(Derived::waiting_side).collect();
            if progressed {
                self.execute(object, derived, progress).await?;
            }
            if still.is_empty() || !progressed {
                for side in waits {
                    self.report.at(object.kind, side).deferred += 1;
                }
                return Ok(());
            }
            waiting = Some(still);
        }
    }
}
