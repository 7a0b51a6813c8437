//! The contract suite itself under test: a CRM that breaks a promise fails the case that states it.

mod flaws;
