//! Describe against recordings of a real organisation, where a folder of them is given in `CRMKIT_SAMPLES`.

use std::path::PathBuf;

use serde_json::Value;

use crate::salesforce_org::Org;

#[allow(clippy::print_stdout, reason = "a skipped test says so")]
fn recorded(object: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("CRMKIT_SAMPLES") else {
        println!("CRMKIT_SAMPLES is not set: the description of {object} was not compared");
        return None;
    };
    let path = PathBuf::from(folder).join("salesforce/describe").join(format!("{object}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

fn named<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.as_array().unwrap().iter().find(|entry| entry["name"] == name)
}

/// What that organisation had made for its own use, or had no record type to refer to.
const FOREIGN: [&str; 4] = ["Primary_Contact__c", "ns__Description__c", "History__c", "ns__LinkedAccount__c"];

/// Where the emulated organisation differs, and why.
fn excused(object: &str, field: &str, attribute: &str) -> bool {
    match (object, field, attribute) {
        // Eighty objects can be meant there, of which these organisations have different ones.
        (_, "WhatId", "referenceTo") => true,
        // The time zones of the world at the time of the recording.
        (_, "RecurrenceTimeZoneSidKey", "picklistValues") => true,
        // A sixth salutation came with a later release.
        ("Contact", "Salutation", "picklistValues") => true,
        // A name for a relationship that leads nowhere: the field is text.
        (_, "JigsawCompanyId" | "JigsawContactId", "relationshipName") => true,
        _ => false,
    }
}

#[tokio::test]
async fn fields_are_described_as_a_real_organisation_does() {
    let org = Org::empty();
    let mut differences = Vec::new();
    for object in ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Event", "Case"] {
        let Some(recorded) = recorded(object) else { return };
        let ours = org.get(&format!("sobjects/{object}/describe")).await.body;
        for field in recorded["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            if FOREIGN.contains(&name) {
                continue;
            }
            let Some(own) = named(&ours["fields"], name) else {
                differences.push(format!("{object}.{name} is missing"));
                continue;
            };
            for (attribute, expected) in field.as_object().unwrap() {
                if own[attribute] != *expected && !excused(object, name, attribute) {
                    differences.push(format!("{object}.{name} {attribute}: {} instead of {expected}", own[attribute]));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[tokio::test]
async fn objects_and_their_children_are_described_as_a_real_organisation_does() {
    let org = Org::empty();
    let mut differences = Vec::new();
    let served = org.get("sobjects").await.body;
    for object in ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Event", "Case"] {
        let Some(recorded) = recorded(object) else { return };
        let ours = org.get(&format!("sobjects/{object}/describe")).await.body;
        for attribute in [
            "activateable",
            "compactLayoutable",
            "createable",
            "custom",
            "deletable",
            "feedEnabled",
            "keyPrefix",
            "label",
            "labelPlural",
            "layoutable",
            "mergeable",
            "mruEnabled",
            "name",
            "queryable",
            "replicateable",
            "retrieveable",
            "searchLayoutable",
            "searchable",
            "triggerable",
            "undeletable",
            "updateable",
        ] {
            if ours[attribute] != recorded[attribute] {
                differences
                    .push(format!("{object} {attribute}: {} instead of {}", ours[attribute], recorded[attribute]));
            }
        }
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let missing: Vec<_> = keys(&recorded).into_iter().filter(|key| ours.get(key).is_none()).collect();
        assert!(missing.is_empty(), "{object} lacks {missing:?}");
        for child in recorded["childRelationships"].as_array().unwrap() {
            if named(&served["sobjects"], child["childSObject"].as_str().unwrap()).is_none() {
                continue;
            }
            let same = |own: &&Value| own["childSObject"] == child["childSObject"] && own["field"] == child["field"];
            match ours["childRelationships"].as_array().unwrap().iter().find(same) {
                Some(own) if own == child => {}
                own => differences.push(format!("{object} child {child} is {own:?}")),
            }
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}
