//! Doors for tests that throw arbitrary bytes at what reads the vendor's answers. Not part of the API.
//!
//! Each function reads the bytes as one kind of answer, shows what came of it, and must not panic whatever they hold.

use http::{HeaderMap, StatusCode};
use rest_core::{Profile as _, Row};
use serde_json::value::RawValue;

use crate::composite::{CompositeReply, Outcomes, Parts};
use crate::error::{SalesforceProfile, parse, record_error};
use crate::writes::{SaveEntry, SaveResults, Saved, read_entries};
use crate::{Account, Any, Children, Contact, Describe, GlobalDescribe, Id, part};

/// An error body under a status.
pub fn error_body(status: u16, body: &[u8]) {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let _ = format!("{:?}", SalesforceProfile::default().classify(status, &HeaderMap::new(), body).kind);
    let error = record_error("fuzzing", &parse(body));
    let _ = format!("{error} {error:?} {:?}", error.fields());
}

/// The description of an object, or of all.
pub fn describe(body: &[u8]) {
    if let Ok(described) = serde_json::from_slice::<Describe>(body) {
        let required = described.fields.iter().filter(|field| field.is_required()).count();
        let _ = format!("{required} {:?} {:?}", described.field("Id").map(|field| &field.kind), described.field(""));
    }
    if let Ok(all) = serde_json::from_slice::<GlobalDescribe>(body) {
        let _ = format!("{}", all.sobjects.len());
    }
}

/// A page of rows, and rows with children.
pub fn rows(body: &[u8]) {
    if let Ok(children) = serde_json::from_slice::<Children<Contact>>(body) {
        let _ = format!("{children:?} {}", children.is_complete());
    }
    if let Ok(raw) = serde_json::from_slice::<Box<RawValue>>(body) {
        let row: Result<Row<Account>, _> = rest_core::row(raw, "Id");
        let _ = format!("{row:?}");
    }
}

/// The answer of a collection: how many records it says were saved, if it can be read.
#[must_use]
pub fn collection(body: &[u8], all_or_none: bool) -> Option<usize> {
    let entries: Vec<SaveEntry> = serde_json::from_slice(body).ok()?;
    let results: SaveResults<Any> = SaveResults::new(read_entries("fuzzing", &entries, all_or_none, None));
    let summary = results.summary();
    let _ = format!("{summary} {results:?}");
    let saved = summary.saved;
    let _ = results.into_result().map(|saved: Vec<Saved<Any>>| saved.len());
    Some(saved)
}

/// The answer of a composite request of three parts: how many parts it says were done, if it can be read.
#[must_use]
pub fn composite(body: &[u8], all_or_none: bool) -> Option<usize> {
    let mut parts = Parts::new();
    let account = parts.add(part::create_fields::<Account>(
        &[("Name", "x")].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    ));
    let contact = parts.add(
        part::create_fields::<Contact>(&std::collections::BTreeMap::<&str, &str>::new())
            .link("AccountId", account.id()),
    );
    let deleted = parts.add(part::delete_many::<Contact>(&["003000000000001".parse::<Id<Contact>>().ok()?]));
    let replies = serde_json::from_slice::<CompositeReply>(body).ok()?.composite_response;
    let outcomes = Outcomes::judge(parts.tag, all_or_none, &parts.drafts, &parts.names, replies);
    let summary = outcomes.summary();
    let _ = format!(
        "{summary:?} {:?} {:?} {:?} {:?}",
        outcomes.get(&account).map(Id::any),
        outcomes.get(&contact).map(Id::any),
        outcomes.get(&deleted),
        outcomes.error(),
    );
    Some(summary.done)
}
