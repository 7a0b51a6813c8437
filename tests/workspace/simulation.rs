//! Simulations: a sync between both vendors, whole, under edits, faults and deaths, and what must hold at rest.
//!
//! The invariants I1 to I16 are those of the project's contract: convergence, quiescence, no lost update, no invention,
//! no duplicates, no resurrection, no invented delete, consent latch, resume, determinism, isolation, watermark, silence.

use sync_core::deletes::DeletePolicy;
use sync_core::{Policy, Side};
use testkit::sim::{FaultClass, Setup};

use crate::drive::Setting;
use crate::seeds::simulate;

fn misfits() -> Setup {
    Setup { misfits: true, ..Setup::default() }
}

fn deletes() -> Setup {
    Setup { deletes: true, ..Setup::default() }
}

/// People edit between the runs.
#[test]
fn edits() {
    simulate(&Setting { setup: misfits(), ..Setting::new("edits") }, 30);
}

/// One side is the system of record.
#[test]
fn one_side_wins() {
    let side = |name, side| Setting { conflict: Policy::Prefer(side), ..Setting::new(name) };
    simulate(&side("one_side_wins", Side::A), 8);
    simulate(&side("one_side_wins", Side::B), 8);
}

/// People edit while the sync is at work, too.
#[test]
fn edits_in_between() {
    simulate(&Setting { unrest: 0.1, ..Setting::new("edits_in_between") }, 24);
}

/// People delete, restore and merge; partners stay.
#[test]
fn deletions() {
    simulate(&Setting { setup: deletes(), edits: 10, ..Setting::new("deletions") }, 24);
}

/// People delete, and partners are deleted, too; also while the sync is at work.
#[test]
fn deletions_that_travel() {
    let setting = Setting {
        setup: deletes(),
        edits: 10,
        unrest: 0.03,
        deletes: DeletePolicy::Delete,
        ..Setting::new("deletions_that_travel")
    };
    simulate(&setting, 20);
}

/// Processes die.
#[test]
fn deaths() {
    simulate(&Setting { crashes: true, unrest: 0.03, ..Setting::new("deaths") }, 40);
}

/// Calls meet faults of one class.
#[test]
fn faults_of_one_class() {
    for (number, class) in FaultClass::ALL.into_iter().enumerate() {
        let setting = Setting { trouble: Some((class, 0.08)), ..Setting::new("faults_of_one_class") };
        simulate(&setting, 4 + number as u64 % 2);
    }
}

/// Everything at once.
#[test]
fn everything_at_once() {
    let setup = Setup { misfits: true, ..deletes() };
    let setting = Setting {
        setup,
        crashes: true,
        unrest: 0.05,
        trouble: Some((FaultClass::Everything, 0.05)),
        ..Setting::new("everything_at_once")
    };
    simulate(&setting, 30);
}
