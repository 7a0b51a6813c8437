//! The contract suite itself under test: a CRM that breaks a promise fails the case that states it.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod flaws;
