//! The client against scripted answers, against the sandbox over loopback, and against recorded samples.

mod answers;
mod flows;
mod samples;
mod script;
