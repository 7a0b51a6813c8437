//! Two CRMs come into agreement: `cargo run --release --example quickstart`.
//!
//! Starts an emulated Freshsales and an emulated Salesforce on loopback, both full of people, plans and applies a first
//! sync over HTTP, lets people edit on both sides, and shows that exactly those edits travel.
#![allow(clippy::print_stdout, reason = "showing is what this program is for")]

use std::collections::BTreeMap;

use chrono::TimeDelta;
use crmkit::model::ObjectKind;
use crmkit::sync_engine::{Action, PlanData, PlanItem};
use crmkit::{Mapping, Plan, Policy, Progress, RunReport, SqliteStore, Sync};
use crmkit_examples::{Office, Result, stages};
use indicatif::{ProgressBar, ProgressStyle};
use sandbox::Vendor;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    heading("1. Two CRMs, each with its own idea of the same customers");
    let office = Office::open().await?;
    println!("Freshsales and Salesforce are emulated on this machine; everything below goes over HTTP.");

    let file = std::env::temp_dir().join(format!("crmkit-quickstart-{}.db", std::process::id()));
    let sync = Sync::between(office.freshsales.clone(), office.salesforce.clone())
        .everything()
        .object(Mapping::unified(ObjectKind::Account).both("custom.cf_customer_code", "custom.Customer_Code__c"))
        .object(
            Mapping::unified(ObjectKind::Contact)
                .both("custom.cf_tier", "custom.Tier__c")
                .both("custom.cf_region", "custom.Region__c"),
        )
        .object(Mapping::unified(ObjectKind::Deal).both("custom.cf_margin", "custom.Margin__c"))
        .stages(stages())
        .on_conflict(Policy::newest())
        .clock(office.clock.clone())
        .state(SqliteStore::open(&file).await?)
        .build()?;

    heading("2. The plan: both sides are read, nothing is written");
    let plan = sync.plan().await?;
    println!("{plan}");
    prove(plan.data.writes() > 0, "the two sides differ, and every difference has a reason");

    heading("3. The first sync");
    let report = apply(&plan).await?;
    println!("{report}");
    let complaints = summary(&report);
    println!("{} records could not be synced, each with the vendor's own words:{complaints}", report.errors.len());

    heading("4. Nothing happened since, so there is nothing to do");
    let report = sync.run().await?;
    println!("{report}");
    prove(report.writes() == 0, "a run with nothing to do writes nothing");

    heading("5. People edit on both sides, one contact on both at once");
    let edits = edit(&office, &plan.data)?;

    heading("6. The second sync carries exactly those edits");
    office.sandbox.clock().advance(TimeDelta::minutes(30));
    let plan = sync.plan().await?;
    println!("{plan}");
    prove(plan.data.writes() == edits, &format!("{edits} edited records, {edits} writes planned"));
    let report = apply(&plan).await?;
    println!("{report}");
    prove(report.writes() == edits, "exactly the edits travelled");

    heading("7. The third sync has nothing to do");
    let report = sync.run().await?;
    println!("{report}");
    prove(report.writes() == 0, "zero writes");

    heading("8. Both sides, read afresh and compared field by field");
    let comparison = sync.verify().await?;
    println!("{comparison}");
    for (object, difference) in comparison.unexplained().take(5) {
        let [a, b] = &difference.values;
        println!("  {object} {:?} {}: {} / {}", difference.records, difference.pair, a.reveal(), b.reveal());
    }
    let fields = comparison.fields();
    prove(
        comparison.unexplained().count() == 0,
        &format!("{fields} fields compared; every one that differs is known, with its reason"),
    );
    drop(sync);
    std::fs::remove_file(&file)?;
    office.running.shutdown().await;
    Ok(())
}

fn heading(text: &str) {
    println!("\n=== {text}");
}

/// Says what was shown; a proof that fails ends the program.
fn prove(holds: bool, what: &str) {
    assert!(holds, "this should hold and does not: {what}");
    println!("proved: {what}");
}

async fn apply(plan: &Plan) -> Result<RunReport> {
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{msg:10} [{bar:40}] {pos}/{len}")?);
    let tell = |progress: Progress| {
        bar.set_length(progress.of);
        bar.set_message(progress.object.as_str());
        bar.set_position(progress.done);
    };
    let report = plan.apply_with(tell).await?;
    bar.finish_and_clear();
    Ok(report)
}

/// The errors of a run, the same words counted together.
fn summary(report: &RunReport) -> String {
    let mut kinds: BTreeMap<(ObjectKind, &str), u64> = BTreeMap::new();
    for line in &report.errors {
        *kinds.entry((line.object, line.message.as_str())).or_default() += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kinds.iter().take(8).map(|((object, message), count)| format!("\n  {count:>4} {object}: {message}")).collect()
}

/// Edits records as people would, and says how many writes that should cause.
fn edit(office: &Office, first: &PlanData) -> Result<u64> {
    let pairs = |object| {
        let matched = |item: &&PlanItem| item.links && matches!(item.action, Action::Agree | Action::Update(_));
        let items = first.objects.iter().filter(move |plan| plan.object == object).flat_map(|plan| &plan.items);
        items
            .filter(matched)
            .filter_map(|item| item.records[0].clone().zip(item.records[1].clone()))
            .collect::<Vec<_>>()
    };
    let (contacts, accounts, deals, tasks) =
        (pairs(ObjectKind::Contact), pairs(ObjectKind::Account), pairs(ObjectKind::Deal), pairs(ObjectKind::Task));
    let sandbox = &office.sandbox;
    let flag = |id: &str| {
        sandbox.record(Vendor::Salesforce, "Contact", id).map(|contact| contact["HasOptedOutOfEmail"] == false)
    };
    let subscribed = contacts.iter().skip(5).find(|(_, id)| flag(id) == Some(true)).map(|(_, id)| id.as_str());
    let subscribed = subscribed.ok_or("everybody has opted out")?;
    let fs = |object: &str, id: &str, fields| {
        sandbox.edit(Vendor::Freshsales, object, id, fields).map_err(|refused| format!("{refused:?}"))
    };
    let sf = |object: &str, id: &str, fields| {
        sandbox.edit(Vendor::Salesforce, object, id, fields).map_err(|refused| format!("{refused:?}"))
    };

    sandbox.clock().advance(TimeDelta::hours(1));
    println!("Freshsales: a new job title, a new phone number, a company's web site, a deal renamed");
    fs("contact", &contacts[0].0, json!({"job_title": "VP Purchasing"}))?;
    fs("contact", &contacts[1].0, json!({"mobile_number": "+49 171 5550123"}))?;
    fs("sales_account", &accounts[0].0, json!({"website": "https://www.example.org"}))?;
    fs("deal", &deals[0].0, json!({"name": "Renewal, three years"}))?;
    sandbox.clock().advance(TimeDelta::minutes(10));
    println!("Salesforce: a job title, an opt-out, a deal's close date, a task done");
    sf("Contact", &contacts[2].1, json!({"Title": "Head of Logistics"}))?;
    sf("Contact", subscribed, json!({"HasOptedOutOfEmail": true}))?;
    sf("Opportunity", &deals[1].1, json!({"CloseDate": "2026-03-31"}))?;
    sf("Task", &tasks[0].1, json!({"Status": "Completed"}))?;
    println!("Both: the same contact gets two different titles, the one at Salesforce ten minutes later");
    fs("contact", &contacts[4].0, json!({"job_title": "Director"}))?;
    sandbox.clock().advance(TimeDelta::minutes(10));
    sf("Contact", &contacts[4].1, json!({"Title": "Managing Director"}))?;
    Ok(9)
}
