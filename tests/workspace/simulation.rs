//! Simulations: a sync between both vendors, whole, under edits, faults and deaths, and what must hold at rest.
//!
//! The invariants I1 to I16 are those of the project's contract: convergence, quiescence, no lost update, no invention,
//! no duplicates, no resurrection, no invented delete, consent latch, resume, determinism, isolation, watermark, silence.

use testkit::sim::FaultClass;

use crate::drive::Setting;
use crate::seeds::simulate;

/// People edit between the runs.
#[test]
fn edits() {
    simulate(&Setting::new("edits"), 40);
}

/// People edit while the sync is at work, too.
#[test]
fn edits_in_between() {
    simulate(&Setting { unrest: 0.1, ..Setting::new("edits_in_between") }, 30);
}

/// Processes die.
#[test]
fn deaths() {
    simulate(&Setting { crashes: true, unrest: 0.03, ..Setting::new("deaths") }, 40);
}

/// Calls meet faults.
#[test]
fn faults() {
    simulate(&Setting { trouble: Some((FaultClass::Everything, 0.06)), ..Setting::new("faults") }, 30);
}
