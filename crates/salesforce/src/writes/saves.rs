//! What became of the records of a write, one result per record.

use std::fmt;
use std::ops::Deref;

use rest_core::{Error, ErrorKind, Result};
use serde::Deserialize;

use crate::VENDOR;
use crate::error::{ApiError, is_consequence, record_error};
use crate::ids::{Any, Id};

/// A record that a collections call wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved<T> {
    /// Its id.
    pub id: Id<T>,
    /// Whether it is new; only upserts say so.
    pub created: Option<bool>,
}

impl<T> Saved<T> {
    pub(crate) fn any(self) -> Saved<Any> {
        Saved { id: self.id.any(), created: self.created }
    }
}

impl Saved<Any> {
    /// The same of an object that is known otherwise.
    pub(crate) fn of<T>(self) -> Saved<T> {
        Saved { id: self.id.assume(), created: self.created }
    }
}

/// One result per record, in the order in which the records were given.
///
/// A write of many records succeeds and fails record by record, inside an answer that says 200: look at each result, at
/// the [`summary`](Self::summary), or ask [`into_result`](Self::into_result) for all or an error. Dereferences to a slice
/// of results, and iterates over them.
#[must_use = "records can be refused inside an answer that says 200"]
pub struct SaveResults<T> {
    rows: Vec<Result<Saved<T>>>,
}

/// How many records had which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveSummary {
    /// Records that were saved or deleted.
    pub saved: usize,
    /// Of these, new ones, as far as the calls said so (upserts do).
    pub created: usize,
    /// Records that were refused, or not sent because they could not be.
    pub refused: usize,
    /// Records that were not saved only because another of the same request failed.
    pub undone: usize,
    /// Records of which nobody knows whether they were saved: look before they are sent again.
    pub unknown: usize,
}

impl SaveSummary {
    /// All records.
    #[must_use]
    pub fn total(&self) -> usize {
        self.saved + self.refused + self.undone + self.unknown
    }

    /// Whether every record was saved.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.saved == self.total()
    }
}

impl fmt::Display for SaveSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} saved", self.saved, self.total())?;
        for (count, what) in [(self.refused, "refused"), (self.undone, "undone"), (self.unknown, "unknown")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

impl<T> SaveResults<T> {
    pub(crate) fn new(rows: Vec<Result<Saved<T>>>) -> Self {
        Self { rows }
    }

    /// The counts.
    #[must_use]
    pub fn summary(&self) -> SaveSummary {
        let mut summary = SaveSummary::default();
        for row in &self.rows {
            match row {
                Ok(saved) => {
                    summary.saved += 1;
                    summary.created += usize::from(saved.created == Some(true));
                }
                Err(error) if error.kind() == ErrorKind::Unknown => summary.unknown += 1,
                Err(error) if error.vendor_code().is_some_and(is_consequence) => summary.undone += 1,
                Err(_) => summary.refused += 1,
            }
        }
        summary
    }

    /// The records that were not saved: their places in what was given, and why.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Error)> {
        self.rows.iter().enumerate().filter_map(|(place, row)| row.as_ref().err().map(|error| (place, error)))
    }

    /// The failure that explains the others, if there is one: the first that is not merely a consequence.
    #[must_use]
    pub fn first_failure(&self) -> Option<(usize, &Error)> {
        let real = |(_, error): &(usize, &Error)| !error.vendor_code().is_some_and(is_consequence);
        self.failures().find(real).or_else(|| self.failures().next())
    }

    /// Every record, if all were saved.
    ///
    /// # Errors
    /// The first failure that is not a consequence of another; its message begins with the counts and the record's place.
    pub fn into_result(self) -> Result<Vec<Saved<T>>> {
        if let Some((place, error)) = self.first_failure() {
            let words = format!("{}; the record at {place}: {}", self.summary(), error.vendor_message());
            return Err(error.clone().with_message(words));
        }
        self.rows.into_iter().collect()
    }

    /// The results as a plain list.
    #[must_use]
    pub fn into_vec(self) -> Vec<Result<Saved<T>>> {
        self.rows
    }
}

impl<T> fmt::Debug for SaveResults<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaveResults({})", self.summary())
    }
}

impl<T> Deref for SaveResults<T> {
    type Target = [Result<Saved<T>>];

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T> IntoIterator for SaveResults<T> {
    type Item = Result<Saved<T>>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a SaveResults<T> {
    type Item = &'a Result<Saved<T>>;
    type IntoIter = std::slice::Iter<'a, Result<Saved<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

impl<T> From<SaveResults<T>> for Vec<Result<Saved<T>>> {
    fn from(results: SaveResults<T>) -> Self {
        results.rows
    }
}

/// One entry of a collections answer.
#[derive(Deserialize)]
pub(crate) struct SaveEntry {
    id: Option<Id<Any>>,
    success: bool,
    #[serde(default)]
    errors: Vec<ApiError>,
    created: Option<bool>,
}

impl SaveEntry {
    /// What the entry says, on its own.
    pub(crate) fn read(&self, operation: &'static str) -> Result<Saved<Any>> {
        match (self.success, self.id) {
            (true, Some(id)) => Ok(Saved { id, created: self.created }),
            (true, None) => Err(Error::new(ErrorKind::Unknown, operation)
                .with_vendor(VENDOR)
                .with_message("the record was saved, and the answer does not say under which id")),
            (false, _) => Err(record_error(operation, &self.errors)),
        }
    }
}

/// The entries of an answer as results. If the request was undone because of one of them, or for the given reason, none
/// of them counts as saved, whatever the entries say.
pub(crate) fn read_entries(
    operation: &'static str,
    entries: &[SaveEntry],
    all_or_none: bool,
    undone: Option<&Error>,
) -> Vec<Result<Saved<Any>>> {
    let mut rows: Vec<Result<Saved<Any>>> = entries.iter().map(|entry| entry.read(operation)).collect();
    let real = |row: &Result<Saved<Any>>| {
        row.as_ref().err().filter(|error| !error.vendor_code().is_some_and(is_consequence)).cloned()
    };
    let cause = rows.iter().find_map(real).map(|error| {
        let place = rows.iter().position(|row| real(row).is_some()).unwrap_or_default();
        error.clone().with_message(format!("the record at {place}: {}", error.vendor_message()))
    });
    let Some(cause) = undone.cloned().or(cause) else { return rows };
    for row in &mut rows {
        let is_undone = match &*row {
            Ok(_) => all_or_none,
            Err(error) => error.vendor_code().is_some_and(is_consequence),
        };
        if is_undone {
            *row = Err(consequence(operation, "ALL_OR_NONE_OPERATION_ROLLED_BACK", &cause));
        }
    }
    rows
}

/// The error of what was not done, or undone, because of another failure. It names that failure.
pub(crate) fn consequence(operation: &'static str, code: &str, cause: &Error) -> Error {
    let reason = cause.vendor_code().unwrap_or("error");
    Error::new(ErrorKind::Precondition, operation)
        .with_vendor(VENDOR)
        .with_code(code)
        .with_message(format!("not done because of {reason}, {}", cause.vendor_message()))
        .with_hint("correct what failed and send the request again")
        .with_source(cause.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, all_or_none: bool) -> SaveResults<Any> {
        let entries: Vec<SaveEntry> = serde_json::from_str(json).unwrap();
        SaveResults::new(read_entries("x", &entries, all_or_none, None))
    }

    const SAVED: &str = r#"{"id":"003000000000001AAA","success":true,"errors":[],"created":true}"#;
    const REFUSED: &str =
        r#"{"success":false,"errors":[{"statusCode":"DUPLICATE_VALUE","message":"dup","fields":[]}]}"#;
    const UNDONE: &str = r#"{"id":"003000000000002AAA","success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"Record rolled back","fields":[]}]}"#;

    #[test]
    fn every_entry_of_an_answer_has_its_meaning() {
        let results = read(
            &format!(r#"[{SAVED},{REFUSED},{{"success":true,"errors":[]}},{{"success":false,"errors":[]}}]"#),
            false,
        );
        assert_eq!(results[0].as_ref().unwrap().id.as_str(), "003000000000001AAA");
        let kinds: Vec<ErrorKind> = results.failures().map(|(_, error)| error.kind()).collect();
        assert_eq!(kinds, [ErrorKind::Conflict, ErrorKind::Unknown, ErrorKind::Invalid]);
        let summary = results.summary();
        assert_eq!((summary.saved, summary.created, summary.refused, summary.unknown), (1, 1, 2, 1));
        assert_eq!(summary.to_string(), "1 of 4 saved, 2 refused, 1 unknown");
        let error = results.into_result().unwrap_err();
        assert_eq!(error.vendor_message(), "1 of 4 saved, 2 refused, 1 unknown; the record at 1: dup");
    }

    #[test]
    fn what_was_rolled_back_names_the_failure_that_undid_it() {
        let results = read(&format!("[{UNDONE},{REFUSED}]"), true);
        let error = results[0].as_ref().unwrap_err();
        assert_eq!(error.vendor_code(), Some("ALL_OR_NONE_OPERATION_ROLLED_BACK"));
        assert_eq!(error.vendor_message(), "not done because of DUPLICATE_VALUE, the record at 1: dup");
        assert_eq!(results.first_failure().unwrap().0, 1);
        assert_eq!(results.summary().to_string(), "0 of 2 saved, 1 refused, 1 undone");
    }

    #[test]
    fn an_entry_that_shows_success_in_a_request_that_was_undone_is_no_success() {
        let results = read(&format!("[{SAVED},{REFUSED}]"), true);
        assert_eq!(results.summary().saved, 0);
        assert!(results.into_result().is_err());
        let all = read(&format!("[{SAVED},{SAVED}]"), true);
        assert_eq!(all.into_result().unwrap().len(), 2);
    }
}
