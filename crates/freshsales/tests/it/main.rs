//! The client against scripted answers, against the sandbox over loopback, and against recorded samples.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail like tests, and say what they skip"
)]

mod answers;
mod flows;
mod samples;
mod script;
