//! What was spent: calls, repetitions, throttling and bytes, per operation, readable at any time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Counters of one operation, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Requests sent, repetitions included: what the vendor counts.
    pub calls: u64,
    /// Of these, repetitions.
    pub retried: u64,
    /// Answers that said "too many calls" (429 or a spent quota).
    pub throttled: u64,
    /// Calls that ended in an error for the caller, whether they were sent or not.
    pub failed: u64,
    /// Body bytes received, as they came over the wire.
    pub bytes_in: u64,
    /// Body bytes sent.
    pub bytes_out: u64,
}

impl Usage {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.retried += other.retried;
        self.throttled += other.throttled;
        self.failed += other.failed;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

/// The running account of a client and all its clones.
#[derive(Debug)]
pub struct Ledger {
    vendor: &'static str,
    operations: Mutex<BTreeMap<&'static str, Usage>>,
}

impl Ledger {
    pub(crate) fn new(vendor: &'static str) -> Self {
        Self { vendor, operations: Mutex::default() }
    }

    pub(crate) fn sent(&self, operation: &'static str, bytes: usize, again: bool) {
        self.note(operation, |usage| {
            usage.calls += 1;
            usage.retried += u64::from(again);
            usage.bytes_out += bytes as u64;
        });
        metrics::counter!("rest_calls_total", "vendor" => self.vendor, "operation" => operation).increment(1);
        if again {
            metrics::counter!("rest_retries_total", "vendor" => self.vendor, "operation" => operation).increment(1);
        }
    }

    pub(crate) fn received(&self, operation: &'static str, bytes: u64) {
        self.note(operation, |usage| usage.bytes_in += bytes);
        metrics::counter!("rest_bytes_in_total", "vendor" => self.vendor, "operation" => operation).increment(bytes);
    }

    pub(crate) fn throttled(&self, operation: &'static str) {
        self.note(operation, |usage| usage.throttled += 1);
        metrics::counter!("rest_throttled_total", "vendor" => self.vendor, "operation" => operation).increment(1);
    }

    pub(crate) fn failed(&self, operation: &'static str) {
        self.note(operation, |usage| usage.failed += 1);
        metrics::counter!("rest_failures_total", "vendor" => self.vendor, "operation" => operation).increment(1);
    }

    fn note(&self, operation: &'static str, change: impl FnOnce(&mut Usage)) {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        change(operations.entry(operation).or_default());
    }

    /// The account as it stands.
    #[must_use]
    pub fn snapshot(&self) -> LedgerSnapshot {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        let operations: BTreeMap<_, _> = operations.iter().map(|(name, usage)| ((*name).to_owned(), *usage)).collect();
        LedgerSnapshot { vendor: self.vendor.to_owned(), operations }
    }
}

/// A copy of a [`Ledger`] at one moment. `Display` is a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LedgerSnapshot {
    /// The vendor's name.
    pub vendor: String,
    /// Usage per operation.
    pub operations: BTreeMap<String, Usage>,
}

impl LedgerSnapshot {
    /// The sum over all operations.
    #[must_use]
    pub fn total(&self) -> Usage {
        let mut total = Usage::default();
        self.operations.values().for_each(|usage| total.add(usage));
        total
    }

    /// Usage of one operation; zeros if it never ran.
    #[must_use]
    pub fn operation(&self, name: &str) -> Usage {
        self.operations.get(name).copied().unwrap_or_default()
    }
}

impl fmt::Display for LedgerSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.operations.keys().map(String::len).chain([self.vendor.len(), 5]).max().unwrap_or(5);
        let titles = ["calls", "retried", "throttled", "failed", "bytes in", "bytes out"];
        write!(f, "{:width$}", self.vendor)?;
        titles.iter().try_for_each(|title| write!(f, " {title:>10}"))?;
        let total = self.total();
        let rows = self.operations.iter().map(|(name, usage)| (name.as_str(), usage)).chain([("total", &total)]);
        for (name, Usage { calls, retried, throttled, failed, bytes_in, bytes_out }) in rows {
            write!(f, "\n{name:width$}")?;
            [calls, retried, throttled, failed, bytes_in, bytes_out]
                .iter()
                .try_for_each(|count| write!(f, " {count:>10}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_print_as_a_table() {
        let ledger = Ledger::new("acme");
        ledger.sent("contacts.get", 0, false);
        ledger.throttled("contacts.get");
        ledger.sent("contacts.get", 0, true);
        ledger.received("contacts.get", 120);
        ledger.sent("deals.create", 33, false);
        ledger.failed("deals.create");
        let snapshot = ledger.snapshot();
        let total = Usage { calls: 3, retried: 1, throttled: 1, failed: 1, bytes_in: 120, bytes_out: 33 };
        assert_eq!(snapshot.total(), total);
        assert_eq!(snapshot.operation("deals.create").failed, 1);
        assert_eq!(snapshot.operation("never"), Usage::default());
        let table = snapshot.to_string();
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(table.lines().all(|line| line.len() == table.lines().next().unwrap().len()), "{table}");
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<LedgerSnapshot>(&json).unwrap(), snapshot);
    }
}
