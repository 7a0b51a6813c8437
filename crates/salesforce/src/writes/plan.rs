//! Which way a write of many records takes, and what it costs: decided from numbers alone.

use std::fmt;

use rest_core::{Error, Result};

use super::rows::MOST_WRITTEN;
use crate::bulk::USUAL_ROWS;
use crate::composite::MOST_HEAVY_PARTS;

/// Records that one composite request writes at most.
const MOST_PACKED: usize = MOST_WRITTEN * MOST_HEAVY_PARTS;
/// Calls of a bulk job however small: it is made, filled, closed and watched, and its results are read.
const BULK_CALLS: usize = 10;
/// Records for which a bulk job is looked at once more.
const RECORDS_PER_LOOK: usize = 20_000;

/// What a write does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WriteKind {
    /// Creates it.
    Create,
    /// Changes it by id.
    Update,
    /// Creates or changes it by external id.
    Upsert,
    /// Deletes it.
    Delete,
}

/// The way a write takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteWay {
    /// One call for one record; its errors hold the most detail.
    Single,
    /// One collections call, for up to 200 records of one kind.
    Collection,
    /// Composite requests of up to five collections, so up to 1,000 records a call.
    Composite,
    /// Bulk jobs. The server works through them in its own time.
    Bulk,
}

/// Limits and wishes for [`Records::write_many`](crate::Records::write_many).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WritePolicy {
    /// Whether all records are saved or none. Holds for up to 1,000 records (five collections of 200) that differ.
    pub all_or_none: bool,
    /// From how many records of one kind on bulk jobs are used. Default: from where they take fewer calls, which is some
    /// ten thousand; and never while the client's [`CallOptions`](crate::CallOptions) shape writes (duplicate rules,
    /// assignment rules), which bulk jobs do not heed.
    pub bulk_from: Option<usize>,
    /// How many calls may be spent. Default: what the client's daily budget and the server's last word leave.
    pub max_calls: Option<u64>,
}

impl WritePolicy {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Saves all records or none.
    #[must_use]
    pub fn all_or_none(mut self) -> Self {
        self.all_or_none = true;
        self
    }

    /// Uses bulk jobs from so many records of one kind on.
    #[must_use]
    pub fn bulk_from(mut self, records: usize) -> Self {
        self.bulk_from = Some(records);
        self
    }

    /// Never uses bulk jobs.
    #[must_use]
    pub fn never_bulk(self) -> Self {
        self.bulk_from(usize::MAX)
    }

    /// Spends at most so many calls.
    #[must_use]
    pub fn max_calls(mut self, calls: u64) -> Self {
        self.max_calls = Some(calls);
        self
    }
}

/// One step of a [`WritePlan`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteStep {
    /// The way.
    pub way: WriteWay,
    /// What is written, and how many records of each kind.
    pub writes: Vec<(WriteKind, usize)>,
    /// The calls it takes, repetitions not included. For a bulk job an estimate.
    pub calls: u64,
    /// Why this way.
    pub why: String,
}

/// How records are going to be written, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WritePlan {
    /// The steps, one after the other. A record that is written twice is written in two steps.
    pub steps: Vec<WriteStep>,
}

impl WritePlan {
    /// The calls of all steps, repetitions not included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.steps.iter().map(|step| step.calls).sum()
    }
}

impl fmt::Display for WritePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls", self.calls())?;
        for (place, step) in self.steps.iter().enumerate() {
            f.write_str(if place == 0 { ": " } else { "; " })?;
            for (kind, count) in &step.writes {
                write!(f, "{kind:?} {count}, ")?;
            }
            write!(f, "{}", step.why)?;
        }
        Ok(())
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Composite calls for collections.
fn packed_calls(collections: usize) -> usize {
    collections.div_ceil(MOST_HEAVY_PARTS)
}

/// The calls of bulk jobs, estimated.
fn bulk_calls(records: usize) -> usize {
    BULK_CALLS * records.div_ceil(USUAL_ROWS) + records.div_ceil(RECORDS_PER_LOOK)
}

/// Whether records of one kind go by a bulk job.
pub(crate) fn is_bulk(records: usize, policy: &WritePolicy, headers_matter: bool) -> bool {
    !policy.all_or_none
        && match policy.bulk_from {
            Some(from) => records >= from.max(1),
            None => !headers_matter && bulk_calls(records) < packed_calls(records.div_ceil(MOST_WRITTEN)),
        }
}

/// Decides. `waves` holds, for each round in which no record is written twice, the records of each kind (and external id
/// field); `headers_matter` says that the client's headers shape writes, so that bulk jobs are used only if wished for.
pub(crate) fn plan(waves: &[Vec<(WriteKind, usize)>], policy: &WritePolicy, headers_matter: bool) -> Result<WritePlan> {
    let mut steps = Vec::new();
    for wave in waves {
        let (bulk, rest): (Vec<_>, Vec<_>) = wave
            .iter()
            .copied()
            .filter(|(_, records)| *records > 0)
            .partition(|(_, records)| is_bulk(*records, policy, headers_matter));
        for (kind, records) in bulk {
            let why = match policy.bulk_from {
                Some(from) => format!("by a bulk job, as wished from {from} on"),
                None => format!(
                    "by a bulk job of some {} calls, where composite requests would take {}",
                    bulk_calls(records),
                    packed_calls(records.div_ceil(MOST_WRITTEN))
                ),
            };
            let calls = count(bulk_calls(records));
            steps.push(WriteStep { way: WriteWay::Bulk, writes: vec![(kind, records)], calls, why });
        }
        let collections: usize = rest.iter().map(|(_, records)| records.div_ceil(MOST_WRITTEN)).sum();
        let records: usize = rest.iter().map(|(_, records)| *records).sum();
        let (way, calls, why) = match (records, collections) {
            (0, _) => continue,
            (1, _) => (WriteWay::Single, 1, "by a call of its own".to_owned()),
            (_, 1) => (WriteWay::Collection, 1, format!("by a collection, which takes {MOST_WRITTEN}")),
            _ => {
                let why = format!("by composite requests of {MOST_HEAVY_PARTS} collections, which take {MOST_PACKED}");
                (WriteWay::Composite, packed_calls(collections), why)
            }
        };
        steps.push(WriteStep { way, writes: rest, calls: count(calls), why });
    }
    let plan = WritePlan { steps };
    if policy.all_or_none && plan.calls() > 1 {
        let reason = if waves.len() > 1 {
            "a record is written twice, which takes two".to_owned()
        } else {
            format!(
                "these take {}, as one takes {MOST_HEAVY_PARTS} collections of {MOST_WRITTEN} records of one kind",
                plan.calls()
            )
        };
        return Err(Error::config(format!("all-or-none holds within one call, and {reason}")));
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use WriteKind::{Create, Delete, Update, Upsert};
    use proptest::prelude::*;

    fn ways(wave: &[(WriteKind, usize)], policy: &WritePolicy) -> Vec<(WriteWay, u64)> {
        let plan = plan(&[wave.to_vec()], policy, false).unwrap();
        plan.steps.iter().map(|step| (step.way, step.calls)).collect()
    }

    #[test]
    fn the_cheapest_way_is_taken() {
        let default = WritePolicy::new();
        for (wave, expected) in [
            (vec![], vec![]),
            (vec![(Create, 1)], vec![(WriteWay::Single, 1)]),
            (vec![(Create, 2)], vec![(WriteWay::Collection, 1)]),
            (vec![(Delete, 200)], vec![(WriteWay::Collection, 1)]),
            (vec![(Create, 1), (Update, 1)], vec![(WriteWay::Composite, 1)]),
            (vec![(Create, 201)], vec![(WriteWay::Composite, 1)]),
            (vec![(Create, 1_000)], vec![(WriteWay::Composite, 1)]),
            (vec![(Create, 1_001)], vec![(WriteWay::Composite, 2)]),
            (vec![(Create, 300), (Upsert, 300), (Delete, 10)], vec![(WriteWay::Composite, 1)]),
            (vec![(Create, 11_000)], vec![(WriteWay::Composite, 11)]),
            (vec![(Create, 11_001)], vec![(WriteWay::Bulk, 11)]),
            (vec![(Upsert, 1_000_000), (Create, 5)], vec![(WriteWay::Bulk, 150), (WriteWay::Collection, 1)]),
        ] {
            assert_eq!(ways(&wave, &default), expected, "{wave:?}");
        }
        assert_eq!(ways(&[(Create, 50)], &WritePolicy::new().bulk_from(50)), [(WriteWay::Bulk, 11)]);
        assert_eq!(ways(&[(Create, 50_000)], &WritePolicy::new().never_bulk()), [(WriteWay::Composite, 50)]);
        let shaped = plan(&[vec![(Create, 50_000)]], &default, true).unwrap();
        assert_eq!(shaped.steps[0].way, WriteWay::Composite);
    }

    #[test]
    fn a_plan_says_what_and_why() {
        let plan = plan(&[vec![(Create, 350), (Delete, 3)], vec![(Update, 1)]], &WritePolicy::new(), false).unwrap();
        assert_eq!(
            plan.to_string(),
            "2 calls: Create 350, Delete 3, by composite requests of 5 collections, which take 1000; Update 1, by a call of \
             its own"
        );
    }

    #[test]
    fn all_or_none_holds_within_one_call() {
        let policy = WritePolicy::new().all_or_none().bulk_from(1);
        assert_eq!(ways(&[(Create, 600), (Update, 400)], &policy), [(WriteWay::Composite, 1)]);
        let refuse = |waves: &[Vec<(WriteKind, usize)>]| plan(waves, &policy, false).unwrap_err();
        assert!(refuse(&[vec![(Create, 1_001)]]).vendor_message().contains("these take 2"));
        assert!(refuse(&[vec![(Update, 1)], vec![(Update, 1)]]).vendor_message().contains("written twice"));
        assert!(plan(&[vec![(Create, 801), (Update, 200)]], &policy, false).is_err(), "six collections");
    }

    proptest! {
        #[test]
        fn every_record_is_planned_once(wave in prop::collection::vec((0usize..4, 0usize..30_000), 0..5), bulk_from in prop::option::of(0usize..20_000)) {
            let wave: Vec<(WriteKind, usize)> =
                wave.into_iter().map(|(kind, records)| ([Create, Update, Upsert, Delete][kind], records)).collect();
            let policy = WritePolicy { bulk_from, ..WritePolicy::new() };
            let plan = plan(std::slice::from_ref(&wave), &policy, false).unwrap();
            let planned: usize = plan.steps.iter().flat_map(|step| &step.writes).map(|(_, records)| records).sum();
            prop_assert_eq!(planned, wave.iter().map(|(_, records)| records).sum::<usize>());
            let alone: usize = wave.iter().map(|(_, records)| packed_calls(records.div_ceil(MOST_WRITTEN))).sum();
            prop_assert!(bulk_from.is_some() || plan.calls() <= alone as u64, "never dearer than the plain way");
        }
    }
}
