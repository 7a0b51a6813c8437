//! Rows, and the answers to many writes at once; the first byte chooses which.

#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce::fuzzing;

fuzz_target!(|body: &[u8]| {
    let Some((first, rest)) = body.split_first() else { return };
    let all_or_none = first & 1 == 1;
    match first >> 1 & 3 {
        0 => fuzzing::rows(rest),
        1 => drop(fuzzing::collection(rest, all_or_none)),
        _ => drop(fuzzing::composite(rest, all_or_none)),
    }
});
