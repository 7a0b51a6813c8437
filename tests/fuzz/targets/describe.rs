//! The description of an object, as any server might send it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce::{Describe, GlobalDescribe};

fuzz_target!(|body: &[u8]| {
    if let Ok(described) = serde_json::from_slice::<Describe>(body) {
        for field in &described.fields {
            let _ = described.field(&field.name);
        }
    }
    let _ = serde_json::from_slice::<GlobalDescribe>(body);
});
