//! What a sync costs, in API calls and time: `cargo run --release -p crmkit-examples --example sync_cost`.
//!
//! Prints the calls of a first sync of the demonstration data per 1,000 records against a stated lower bound, and the
//! calls and the time of a run that finds nothing to do.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::collections::BTreeSet;

use crmkit::model::ObjectKind;
use crmkit::{MemoryStore, Policy, RunReport, Side, Sync};
use crmkit_examples::{Office, Result, stages};
use futures::StreamExt;
use tokio::time::Instant;

/// Records in one call of a Salesforce query, of a Freshsales view, of Salesforce's collections.
const QUERY: u64 = 2_000;
const VIEW: u64 = 100;
const COLLECTION: u64 = 200;

#[tokio::main]
async fn main() -> Result<()> {
    let office = Office::open().await?;
    let sync = Sync::between(office.freshsales.clone(), office.salesforce.clone())
        .everything()
        .stages(stages())
        .on_conflict(Policy::newest())
        .clock(office.clock.clone())
        .state(MemoryStore::new())
        .build()?;
    let parents = parents_with_notes(&office).await?;
    let started = Instant::now();
    let before = [office.freshsales.usage().total().calls, office.salesforce.usage().total().calls];
    let first = sync.run().await?;
    let after = [office.freshsales.usage().total().calls, office.salesforce.usage().total().calls];
    let took = started.elapsed().as_secs_f64();
    println!("first sync of {} records: {} writes in {took:.1} s", records(&first), first.writes());
    for side in Side::BOTH {
        let (name, bound) = (&first.vendors[side.index()], bound(&first, side, parents));
        let calls = after[side.index()] - before[side.index()];
        let per_thousand = |calls: u64| calls as f64 * 1000.0 / records(&first) as f64;
        println!(
            "  {name:<11} {calls:>5} calls, {:>6.1} per 1,000 records; lower bound {bound} ({:.1}); ratio {:.2}",
            per_thousand(calls),
            per_thousand(bound),
            calls as f64 / bound as f64
        );
    }
    // Two more reads find what was just written, and find it again within their overlap; then it is behind them.
    for _ in 0..2 {
        office.sandbox.clock().advance(chrono::TimeDelta::hours(1));
        sync.run().await?;
    }
    office.sandbox.clock().advance(chrono::TimeDelta::hours(1));
    let started = Instant::now();
    let quiet = sync.run().await?;
    let took = started.elapsed().as_secs_f64() * 1000.0;
    let [a, b] = &quiet.vendors;
    println!(
        "nothing to do: {} writes, {a} {} calls, {b} {} calls, {took:.0} ms",
        quiet.writes(),
        quiet.calls[0],
        quiet.calls[1]
    );
    office.running.shutdown().await;
    Ok(())
}

fn records(report: &RunReport) -> u64 {
    Side::BOTH.map(|side| report.total(side).read).iter().sum()
}

/// The least number of calls with the routes that are implemented: reads in the largest pages; Salesforce writes in
/// collections, read back in one call per 2,000; Freshsales writes one by one, and its notes by one call per record
/// that has any. Two calls more for each side's users and stages, and one for the fields of each object.
fn bound(report: &RunReport, side: Side, parents_with_notes: u64) -> u64 {
    let freshsales = side == Side::A;
    let mut calls = 2;
    for (object, sides) in &report.objects {
        let counts = &sides[side.index()];
        let writes = counts.writes();
        calls += match (freshsales, object) {
            (true, ObjectKind::Note) => parents_with_notes + writes,
            (true, _) => 1 + counts.read.div_ceil(VIEW) + writes,
            (false, _) => 1 + counts.read.div_ceil(QUERY) + writes.div_ceil(COLLECTION) + writes.div_ceil(QUERY),
        };
    }
    calls
}

async fn parents_with_notes(office: &Office) -> Result<u64> {
    let mut parents = BTreeSet::new();
    let mut notes = office.freshsales.notes()?.list(crmkit::unified_crm::ListQuery::all());
    while let Some(note) = notes.next().await {
        let targets = note?.targets.into_option().unwrap_or_default();
        parents.extend(targets.into_iter().map(|target| (target.object, target.id)));
    }
    Ok(parents.len() as u64)
}
