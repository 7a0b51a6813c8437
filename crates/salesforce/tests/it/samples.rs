//! Recorded and documented bodies of the vendor, where a folder of them is given in `CRMKIT_SAMPLES`.

use std::path::PathBuf;

use salesforce::{Account, Contact, DeletedRecords, Describe, GlobalDescribe, Limit, Row, UpdatedRecords};
use serde::de::DeserializeOwned;

/// The sample as a type, or `None` where no samples are given.
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
fn sample<T: DeserializeOwned>(name: &str) -> Option<T> {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: {name} was not read");
        return None;
    };
    let path = PathBuf::from(folder).join("salesforce").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn describes_of_a_real_organisation_are_read() {
    for object in ["Account", "Contact", "Opportunity", "OpportunityContactRole", "Lead", "Event", "Case"] {
        let Some(described) = sample::<Describe>(&format!("describe/{object}.json")) else { return };
        assert_eq!(described.name, object);
        assert!(described.fields.len() > 10 && described.field("Id").is_some(), "{object}");
        assert!(
            described.fields.iter().all(|field| !matches!(field.kind, salesforce::FieldKind::Other(_))),
            "{object}: a kind is unknown"
        );
    }
    if let Some(all) = sample::<GlobalDescribe>("describe/global_subset.json") {
        assert!(all.sobjects.len() > 5 && all.max_batch_size == 200);
    }
}

#[test]
fn required_fields_of_a_real_organisation_are_the_known_ones() {
    for (object, expected) in [
        ("Contact", vec!["LastName"]),
        ("Account", vec!["Name"]),
        ("Opportunity", vec!["CloseDate", "Name", "StageName"]),
    ] {
        let Some(described) = sample::<Describe>(&format!("describe/{object}.json")) else { return };
        let mut required: Vec<_> = described
            .fields
            .iter()
            .filter(|field| field.is_required() && !field.custom)
            .map(|f| f.name.as_str())
            .collect();
        required.sort_unstable();
        assert_eq!(required, expected, "{object}");
    }
}

#[test]
fn the_feeds_are_read() {
    if let Some(updated) = sample::<UpdatedRecords<Contact>>("doc_examples/updated.json") {
        assert!(!updated.ids.is_empty());
    }
    if let Some(deleted) = sample::<DeletedRecords<Contact>>("doc_examples/deleted.json") {
        assert!(!deleted.deleted_records.is_empty() && deleted.earliest_date_available <= deleted.latest_date_covered);
    }
}

#[test]
fn rows_and_limits_are_read() {
    if let Some(raw) = sample::<Box<serde_json::value::RawValue>>("swiftly/MockAccount.json") {
        let row: Row<Account> = rest_core::row(raw, "Id").unwrap();
        assert!(row.name.is_some() && row.extra("attributes").is_some());
    }
    if let Some(limits) = sample::<std::collections::BTreeMap<String, Limit>>("swiftly/MockLimits.json") {
        assert!(limits.contains_key("DailyApiRequests"));
    }
}
