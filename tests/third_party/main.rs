//! Programs that nobody here wrote, run unmodified against the sandbox.
//!
//! Each runs a script of this folder whose lines say what held. A program that is not installed is skipped, and the
//! test says so; where one of the variables below names it, it must be there.
//!
//! - `CRMKIT_PYTHON`: a Python with simple-salesforce (`requirements.txt`), else `python3`
//! - `CRMKIT_NODE_MODULES`: the folder with jsforce and the Salesforce CLI (`package.json`), else neither runs

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::{Clock, Data, Sandbox};

/// This folder.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("third_party")
}

#[allow(clippy::print_stdout, reason = "a skipped test says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// A Python that has the module, if there is one.
fn python_with(module: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CRMKIT_PYTHON").map(PathBuf::from);
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let probe = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    let there = probe.is_ok_and(|output| output.status.success());
    assert!(there || named.is_none(), "CRMKIT_PYTHON is set, but {} cannot import {module}", python.display());
    there.then_some(python)
}

/// The folder of installed packages, if one is named; it must then have this one.
fn node_modules_with(package: &str) -> Option<PathBuf> {
    let modules = PathBuf::from(std::env::var_os("CRMKIT_NODE_MODULES")?);
    assert!(modules.join(package).is_dir(), "CRMKIT_NODE_MODULES is set, but {package} is not in it");
    Some(modules)
}

/// Runs a program against a sandbox of its own; it must end well.
#[allow(clippy::print_stdout, reason = "what each check of the program said")]
fn passes(mut program: Command) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sandbox = Sandbox::builder().data(Data::Demo).clock(Clock::system()).build();
    let running = runtime.block_on(sandbox.serve(0)).unwrap();
    let output = program.env("CRMKIT_READY", running.ready_line()).current_dir(scripts()).output().unwrap();
    runtime.block_on(running.shutdown());
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let failed: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{complained}", failed.join("\n"));
}

#[test]
fn simple_salesforce() {
    let Some(python) = python_with("simple_salesforce") else { return skipped("no Python with simple-salesforce") };
    let mut program = Command::new(python);
    program.env("PYTHONDONTWRITEBYTECODE", "1").arg("simple_salesforce_checks.py");
    passes(program);
}

#[test]
fn jsforce() {
    let Some(modules) = node_modules_with("jsforce") else { return skipped("CRMKIT_NODE_MODULES names no jsforce") };
    let mut program = Command::new("node");
    program.env("CRMKIT_NODE_MODULES", modules).arg("jsforce_checks.mjs");
    passes(program);
}

#[test]
fn salesforce_cli() {
    let Some(modules) = node_modules_with("@salesforce/cli") else {
        return skipped("CRMKIT_NODE_MODULES names no CLI");
    };
    let python = std::env::var_os("CRMKIT_PYTHON").unwrap_or_else(|| "python3".into());
    let mut program = Command::new(python);
    program.env("PYTHONDONTWRITEBYTECODE", "1").env("CRMKIT_SF", modules.join(".bin/sf")).arg("sf_cli_checks.py");
    passes(program);
}
