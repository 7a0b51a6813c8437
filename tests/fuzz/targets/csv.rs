//! The results of bulk jobs; the first byte chooses the delimiter.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use salesforce::bulk::{ColumnDelimiter, parse_results};

fuzz_target!(|body: &[u8]| {
    let Some((first, rest)) = body.split_first() else { return };
    let delimiter = if first & 1 == 1 { ColumnDelimiter::Tab } else { ColumnDelimiter::Comma };
    for record in parse_results(rest, delimiter).unwrap_or_default() {
        let named = record.iter().all(|(name, cell)| !cell.is_empty() || record.get(name).is_some());
        assert!(named, "a column is not found by its name");
        let _ = record.decode::<BTreeMap<String, Option<String>>>();
    }
});
