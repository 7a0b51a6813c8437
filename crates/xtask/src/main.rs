//! The workspace's own checks: `cargo xtask tidy` proves what a compiler cannot see (which crate may depend on which,
//! what every crate must have, what must not stand in the tree).

mod bench;
mod fuzz;
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
    /// Run every fuzz target on a bounded number of inputs
    Fuzz {
        /// How many inputs each target gets
        #[arg(long, default_value_t = 100_000)]
        runs: u64,
    },
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people: its output is its purpose")]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let done = match Arguments::parse().task {
        Task::Tidy => tidy::run(root),
        Task::Bench => bench::run(root),
        Task::Fuzz { runs } => fuzz::run(root, runs),
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
