//! Queries: what the parser understands is bound to the standard objects.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sandbox::fuzzing;

fuzz_target!(|query: &str| {
    let _ = fuzzing::soql(query);
});
