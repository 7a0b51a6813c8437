//! The description of an object, or of all objects, as any server might send it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| salesforce::fuzzing::describe(body));
