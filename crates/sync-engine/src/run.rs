//! The verbs: plan, apply, sync.

use sync_core::Side;

use crate::SyncError;
use crate::config::Sync;
use crate::plan::{Plan, PlanData};
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
        session.recover().await?;
        session.observe().await?;
        let mut intended = Intended::default();
        let mut objects = Vec::new();
        let mut warnings = Vec::new();
        for object in &session.ready.objects {
            let derived = session.derive(object, &mut intended).await?;
            objects.push(session.object_plan(object, &derived)?);
            warnings.extend(object.compiled.warnings().iter().map(ToString::to_string));
        }
        let made_at = session.now();
        let report = session.finish().await?;
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
    pub async fn run_with(&self, progress: impl Fn(Progress) + Send + std::marker::Sync) -> Result<RunReport, SyncError> {
        let mut session = Session::begin(&self.0, "sync").await?;
        session.recover().await?;
        session.observe().await?;
        for object in &session.ready.objects {
            let derived = session.derive(object, &mut Intended::default()).await?;
            session.execute(object, derived, &progress).await?;
        }
        session.finish().await
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
    pub async fn apply_with(&self, progress: impl Fn(Progress) + Send + std::marker::Sync) -> Result<RunReport, SyncError> {
        let mut session = Session::begin(&self.sync.0, "apply").await?;
        session.recover().await?;
        // The world may have moved since the plan was made: what changed is read once more, right before writing.
        session.observe().await?;
        let basis = self.data.basis();
        for object in &session.ready.objects {
            let derived = session.derive(object, &mut Intended::default()).await?;
            let mut approved = Vec::with_capacity(derived.len());
            for one in derived {
                let now = crate::plan::basis(&one)?;
                let planned = basis.get(&one.link.id.0).or_else(|| basis.get(&one.absorbed?.0));
                if planned.is_some_and(|planned| Side::BOTH.iter().all(|side| planned[side.index()] == now[side.index()])) {
                    approved.push(one);
                }
            }
            session.execute(object, approved, &progress).await?;
        }
        session.finish().await
    }
}
