use std::collections::BTreeMap;
use std::fmt;

use crm_model::{Instant, ObjectKind};
use serde::{Deserialize, Serialize};
use sync_core::Side;

use crate::session::Trouble;

/// What happened to the records of one object on one side. Each record counts once per thing that happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Records that were read.
    pub read: u64,
    /// Records that were created on this side.
    pub created: u64,
    /// Records that were changed on this side.
    pub updated: u64,
    /// Records that were deleted on this side.
    pub deleted: u64,
    /// Records of this side that were matched with one of the other.
    pub linked: u64,
    /// Records of this side whose partner's deletion ended their link.
    pub unlinked: u64,
    /// Fields of this side that lost a conflict or stay different by policy; the values are in the conflict log.
    pub conflicts: u64,
    /// Records of this side that wait for a person's decision.
    pub in_review: u64,
    /// Writes to this side that wait for something else: a reference that is not there yet, an unknown outcome.
    pub deferred: u64,
    /// Writes to this side that were refused, and records of this side that could not be read.
    pub failed: u64,
}

impl Counts {
    /// Writes that took effect on this side.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.created + self.updated + self.deleted
    }
}

/// One record that could not be synced, in words for the person who must act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLine {
    /// Its object.
    pub object: ObjectKind,
    /// The side that refused it, or on which it could not be read.
    pub side: Side,
    /// Its id, where it has one.
    pub record: Option<String>,
    /// The vendor's code, or ours.
    pub code: String,
    /// What was said, and what to do.
    pub message: String,
}

/// Everything a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunReport {
    /// The run's number in the state.
    pub run: i64,
    /// What kind of run it was: `plan`, `apply` or `sync`.
    pub kind: String,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Option<Instant>,
    /// The vendors of the two sides.
    pub vendors: [String; 2],
    /// What happened, by object, for side A and side B.
    pub objects: BTreeMap<ObjectKind, [Counts; 2]>,
    /// API calls spent on side A and side B.
    pub calls: [u64; 2],
    /// What ended the run before its end; what it did until then is counted here all the same.
    pub failure: Option<String>,
    /// Records that could not be synced. What is listed here is in the state's error log too.
    pub errors: Vec<ErrorLine>,
}

impl RunReport {
    pub(crate) fn begin(run: i64, kind: &str, started: Instant, vendors: [&str; 2], calls: [u64; 2]) -> Self {
        Self {
            run,
            kind: kind.to_owned(),
            started,
            finished: None,
            vendors: vendors.map(str::to_owned),
            objects: BTreeMap::new(),
            calls,
            failure: None,
            errors: Vec::new(),
        }
    }

    pub(crate) fn finish(&mut self, now: Instant, calls: [u64; 2], failure: Option<String>) {
        self.finished = Some(now);
        self.failure = failure;
        self.calls = [calls[0] - self.calls[0], calls[1] - self.calls[1]];
    }

    pub(crate) fn at(&mut self, object: ObjectKind, side: Side) -> &mut Counts {
        &mut self.objects.entry(object).or_default()[side.index()]
    }

    pub(crate) fn error(&mut self, trouble: &Trouble<'_>) {
        self.at(trouble.object, trouble.side).failed += 1;
        self.errors.push(ErrorLine {
            object: trouble.object,
            side: trouble.side,
            record: trouble.record.map(str::to_owned),
            code: trouble.code.to_owned(),
            message: trouble.message.to_owned(),
        });
    }

    /// The sum over all objects of one side.
    #[must_use]
    pub fn total(&self, side: Side) -> Counts {
        let mut sum = Counts::default();
        for counts in self.objects.values().map(|sides| &sides[side.index()]) {
            sum.read += counts.read;
            sum.created += counts.created;
            sum.updated += counts.updated;
            sum.deleted += counts.deleted;
            sum.linked += counts.linked;
            sum.unlinked += counts.unlinked;
            sum.conflicts += counts.conflicts;
            sum.in_review += counts.in_review;
            sum.deferred += counts.deferred;
            sum.failed += counts.failed;
        }
        sum
    }

    /// Writes that took effect on both sides together.
    #[must_use]
    pub fn writes(&self) -> u64 {
        Side::BOTH.map(|side| self.total(side).writes()).iter().sum()
    }

    /// The errors as CSV with a header: object, system, record, code, message. Cells that a spreadsheet would take
    /// for a formula begin with an apostrophe.
    #[must_use]
    pub fn errors_csv(&self) -> String {
        let cell = |text: &str| {
            let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
            format!("\"{guard}{}\"", text.replace('"', "\"\""))
        };
        let mut csv = "object,system,record,code,message\n".to_owned();
        for line in &self.errors {
            let system = &self.vendors[line.side.index()];
            let record = line.record.as_deref().unwrap_or_default();
            let cells = [line.object.as_str(), system, record, &line.code, &line.message].map(cell);
            csv.push_str(&cells.join(","));
            csv.push('\n');
        }
        csv
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = ["read", "created", "updated", "linked", "conflicts", "review", "deferred", "failed"];
        write!(f, "{:<8} {:<11}", "object", "system")?;
        for column in columns {
            write!(f, " {column:>9}")?;
        }
        writeln!(f)?;
        for (object, sides) in &self.objects {
            for side in Side::BOTH {
                let counts = &sides[side.index()];
                write!(f, "{:<8} {:<11}", object.as_str(), self.vendors[side.index()])?;
                let Counts { read, created, updated, linked, conflicts, in_review, deferred, failed, .. } = *counts;
                for number in [read, created, updated, linked, conflicts, in_review, deferred, failed] {
                    write!(f, " {number:>9}")?;
                }
                writeln!(f)?;
            }
        }
        let [a, b] = &self.vendors;
        write!(f, "{} writes; API calls: {a} {}, {b} {}", self.writes(), self.calls[0], self.calls[1])
    }
}
