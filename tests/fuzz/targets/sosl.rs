//! Searches.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::fuzzing;

fuzz_target!(|search: &str| {
    let _ = fuzzing::sosl(search);
});
