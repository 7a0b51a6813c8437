//! Which seeds are simulated, and what is said about one that fails.

use std::time::Duration;

use crate::check::Rest;
use crate::drive::{Case, Setting, Violation};

/// API calls that a run with nothing to do takes, for all five objects of both sides: at Freshsales two for each object
/// with a recycle bin, two for tasks, and one for each kind of record that notes hang on; at Salesforce one for each
/// object and one for the people of deals.
pub(crate) const QUIET_CALLS: usize = 17;

/// Simulates `count` seeds of a setting; `CRMKIT_SEEDS` scales the number (200 is all of `cargo test`), and
/// `CRMKIT_SEED` plays one seed and prints what happened.
pub(crate) fn simulate(setting: &Setting, count: u64) {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = variable("CRMKIT_SEED") {
        let (script, result) = play(seed, setting);
        #[allow(clippy::print_stdout, reason = "one seed is played to be looked at")]
        {
            println!("{script}");
        }
        if let Err(violation) = result {
            panic!("{}", told(setting, seed, &violation));
        }
        return;
    }
    let count = variable("CRMKIT_SEEDS").map_or(count, |seeds| (count * seeds).div_ceil(200));
    let mut failures = Vec::new();
    for seed in 0..count {
        if let (_, Err(violation)) = play(seed, setting) {
            failures.push(told(setting, seed, &violation));
        }
    }
    assert!(failures.is_empty(), "{} of {count} seeds failed:\n{}", failures.len(), failures.join("\n"));
}

fn told(setting: &Setting, seed: u64, violation: &Violation) -> String {
    format!(
        "seed {seed} of {name}: {violation}\n  play it with: CRMKIT_SEED={seed} cargo test -p crmkit-tests --test workspace simulation::{name} -- --exact --nocapture",
        name = setting.name
    )
}

/// Plays one seed; the script and the first promise that was not kept.
pub(crate) fn play(seed: u64, setting: &Setting) -> (String, Result<(), Violation>) {
    testkit::paused(async {
        let mut case = Case::new(seed, setting);
        let result = whole(&mut case).await;
        let history: Vec<String> = case.world.history().iter().map(ToString::to_string).collect();
        let links: Vec<String> = case.memory().await.links.iter().map(link_told).collect();
        let (script, history, links) = (case.world.script(), history.join("\n"), links.join("\n"));
        (format!("{script}\n\nWhat the records showed:\n{history}\n\nThe links:\n{links}\n"), result)
    })
}

async fn whole(case: &mut Case) -> Result<(), Violation> {
    case.play().await?;
    Rest::of(case).await.check()?;
    quiescence(case).await
}

/// I2: a run at rest writes nothing, opens nothing, and reads little.
pub(crate) async fn quiescence(case: &mut Case) -> Result<(), Violation> {
    // One run later, what feeds read again for safety is behind them.
    let writes = case.world.count().1;
    case.world.wait(Duration::from_secs(15 * 60)).await;
    case.sound_run().await?;
    let calls = case.world.count().0;
    let report = case.sound_run().await?;
    let (calls_after, writes_after) = case.world.count();
    let open = case.memory().await.intents.len();
    if report.writes() > 0 || writes_after > writes || open > 0 {
        let what = format!("{} writes reported, {} sent, {open} intents open", report.writes(), writes_after - writes);
        return Err(Violation::new("I2 quiescence", what));
    }
    for call in &case.world.calls()[calls..] {
        case.world.note(&format!(
            "call for nothing: {} {} {} {}",
            call.vendor,
            call.method,
            call.path,
            call.query.as_deref().unwrap_or_default()
        ));
    }
    if calls_after - calls > QUIET_CALLS {
        return Err(Violation::new(
            "I2 quiescence",
            format!("{} calls for nothing; {QUIET_CALLS} is the bound", calls_after - calls),
        ));
    }
    Ok(())
}

fn link_told(link: &sync_store::Link) -> String {
    let [a, b] = [&link.a, &link.b].map(|end| end.id.as_deref().unwrap_or("-"));
    let marks: Vec<String> = link.review.iter().map(|mark| format!("{}: {}", mark.field, mark.reason)).collect();
    let parked = link.parked.as_ref().map(|parked| parked.reason.as_str());
    format!(
        "{} {} {:?} {a} {b} {} {marks:?} {parked:?}",
        link.id,
        link.object,
        link.state,
        if link.dirty { "dirty" } else { "" }
    )
}
