//! `cargo xtask bench`: runs every benchmark and leaves the numbers on the screen. What they mean stands in
//! docs/PERFORMANCE.md.

use std::path::Path;
use std::process::Command;

/// What is run, in this order: a sentence for people, and the arguments to cargo.
const BENCHMARKS: [(&str, &[&str]); 4] = [
    (
        "Streaming a Salesforce query of 100,000 rows against bare serde_json",
        &["bench", "--quiet", "-p", "salesforce", "--bench", "query_stream"],
    ),
    (
        "Queries of the Salesforce sandbox over a million records against a scan, and its requests per second",
        &["bench", "--quiet", "-p", "sandbox", "--bench", "salesforce_speed"],
    ),
    (
        "Calls and time of a first sync, and of one with nothing to do",
        &["run", "--quiet", "--release", "-p", "crmkit-examples", "--example", "sync_cost"],
    ),
    (
        "Links written to SQLite against bare inserts of the same bytes",
        &["run", "--quiet", "--release", "-p", "sync-store", "--example", "store_speed"],
    ),
];

/// Runs all benchmarks, one after the other.
#[allow(clippy::print_stdout, reason = "a program for people: its output is its purpose")]
pub(crate) fn run(root: &Path) -> Result<String, String> {
    for (title, arguments) in BENCHMARKS {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        println!("\n== {title}\n   cargo {}", arguments.join(" "));
        let status = Command::new(cargo)
            .args(arguments)
            .current_dir(root)
            .status()
            .map_err(|error| format!("cargo could not be started: {error}"))?;
        if !status.success() {
            return Err(format!("this benchmark failed: cargo {}", arguments.join(" ")));
        }
    }
    Ok("\nall benchmarks ran".to_owned())
}
