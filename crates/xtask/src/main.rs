//! The workspace's own checks: `cargo xtask tidy` proves what a compiler cannot see (which crate may depend on which,
//! what every crate must have, what must not stand in the tree).

mod bench;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The workspace's own checks and benchmarks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the dependency graph, the manifests, the sources and the documents
    Tidy,
    /// Run every benchmark and print its numbers
    Bench,
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people: its output is its purpose")]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let done = match Arguments::parse().task {
        Task::Tidy => tidy::run(root),
        Task::Bench => bench::run(root),
    };
    match done {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
