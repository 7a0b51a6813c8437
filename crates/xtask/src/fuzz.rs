//! `cargo xtask fuzz`: a bounded, coverage-guided run of every fuzz target.
//!
//! The packages of the workspace are compiled with coverage counters, everything else as it already is. A run is
//! bounded by its number of inputs, not by time, and starts from a fixed seed.

use std::path::Path;
use std::process::Command;

/// The targets of `tests/fuzz`: each is a binary `fuzz_<name>` and a folder of seeds `corpus/<name>`.
const TARGETS: [&str; 6] = ["answers", "csv", "describe", "errors", "soql", "sosl"];

/// Builds the targets and runs each on `runs` inputs.
#[allow(clippy::print_stdout, reason = "a program for people: its output is its purpose")]
pub(crate) fn run(root: &Path, runs: u64) -> Result<String, String> {
    for target in TARGETS {
        println!("== {target}: {runs} inputs");
        // What the run itself finds goes to a folder of its own; the seeds stay as they are.
        let grown = root.join("target/fuzz").join(target);
        std::fs::create_dir_all(&grown).map_err(|error| format!("{}: {error}", grown.display()))?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .env("RUSTC_WORKSPACE_WRAPPER", root.join("tests/fuzz/instrument"))
            .args(["run", "--quiet", "-p", "crmkit-fuzz", "--bin", &format!("fuzz_{target}"), "--"])
            .args([&format!("-runs={runs}"), "-seed=1", "-max_len=4096", "-timeout=10", "-verbosity=0"])
            .arg(format!("-artifact_prefix={}/found-", grown.display()))
            .args([&grown, &root.join("tests/fuzz/corpus").join(target)])
            .current_dir(root)
            .status()
            .map_err(|error| format!("cargo could not be started: {error}"))?;
        if !status.success() {
            return Err(format!(
                "{target} failed; the input that did it, if there is one, lies in {}",
                grown.display()
            ));
        }
    }
    Ok(format!("{} fuzz targets ran, {runs} inputs each, none failed", TARGETS.len()))
}
