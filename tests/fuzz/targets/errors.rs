//! The bodies of refusals; the first byte chooses the status.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Some((first, rest)) = body.split_first() {
        salesforce::fuzzing::error_body(400 + u16::from(*first % 120), rest);
    }
});
