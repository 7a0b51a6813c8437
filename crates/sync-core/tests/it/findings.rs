//! Each finding by one mapping that causes it, word for word.

use crm_model::{Contact, Field, FieldKey, FieldType, ObjectKind, Value};
use sync_core::{Mapping, Severity, Side, ValueTable, compile};

use crate::support::{choice, computed, contacts, field, line, required};

fn custom(name: &str, field_type: FieldType) -> Field {
    field(FieldKey::custom(name), field_type)
}

/// The findings of a mapping between two vendors, warnings included.
fn findings(mapping: &Mapping, a: Vec<Field>, b: Vec<Field>) -> Vec<String> {
    let mapping = mapping.clone().named("Freshsales", "Salesforce");
    let found = match compile(&mapping, &contacts(a), &contacts(b)) {
        Ok(compiled) => {
            assert!(compiled.warnings().iter().all(|finding| finding.severity == Severity::Warning));
            compiled.warnings().to_vec()
        }
        Err(findings) => {
            assert!(findings.iter().any(|finding| finding.severity == Severity::Error));
            findings
        }
    };
    found.iter().map(ToString::to_string).collect()
}

fn one() -> Mapping {
    Mapping::empty(ObjectKind::Contact).both("last_name", "last_name")
}

const X: &str = "custom.x=custom.X__c";

fn x(a: FieldType, b: FieldType) -> (Vec<Field>, Vec<Field>) {
    (vec![custom("x", a)], vec![custom("X__c", b)])
}

#[test]
fn m001_unreadable_path() {
    assert_eq!(
        findings(&one().both("emails[", "emails[primary]"), Vec::new(), Vec::new()),
        [
            "M001 error: contact: `emails[` is not a field path: the bracket must hold one entry name and close at the end \
             (write `job_title`, `emails[primary]` or `custom.cf_tier`)"
        ]
    );
}

#[test]
fn m002_no_such_field() {
    assert_eq!(
        findings(&one().both("custom.x", "custom.Tier"), vec![custom("x", line())], vec![custom("Tier__c", line())]),
        [
            "M002 error: contact `custom.x=custom.Tier`: Salesforce has no field `custom.Tier`; did you mean `custom.Tier__c`?"
        ]
    );
    assert_eq!(
        findings(&one().both("custom.quite_else", "last_name"), Vec::new(), Vec::new())[0],
        "M002 error: contact `custom.quite_else=last_name`: Freshsales has no field `custom.quite_else`"
    );
}

#[test]
fn m003_entries() {
    assert_eq!(
        findings(&one().both("emails", "emails").both("job_title[work]", "job_title"), Vec::new(), Vec::new()),
        [
            "M003 error: contact `emails`: `emails` is a list; name one entry, such as `emails[primary]`",
            "M003 error: contact `emails`: `emails` is a list; name one entry, such as `emails[primary]`",
            "M003 error: contact `job_title[work]=job_title`: `job_title[work]` names an entry, but `job_title` is not a list",
        ]
    );
}

#[test]
fn m004_not_writable() {
    let (a, b) = (vec![custom("x", line())], vec![computed(custom("X__c", line()))]);
    assert_eq!(
        findings(&one().both("custom.x", "custom.X__c"), a.clone(), b.clone()),
        [
            "M004 error: contact `custom.x=custom.X__c`: Salesforce computes `custom.X__c`, it cannot be written; map it \
             with `b_to_a`"
        ]
    );
    assert!(findings(&one().b_to_a("custom.x", "custom.X__c"), a, b).is_empty());
}

#[test]
fn m005_types() {
    let (a, b) = x(FieldType::LongText, FieldType::Date);
    assert_eq!(
        findings(&one().a_to_b("custom.x", "custom.X__c"), a.clone(), b.clone()),
        [
            "M005 error: contact `custom.x=custom.X__c`: `custom.x` of Freshsales is text and `custom.X__c` of Salesforce \
             takes a day; map it to a field that takes text, or the other way only"
        ]
    );
    assert!(findings(&one().b_to_a("custom.x", "custom.X__c"), a, b).is_empty());
    // A drop-down takes a drop-down, or what a table translates.
    let (a, b) = (vec![custom("x", line())], vec![choice("X__c", &[("1", "One")])]);
    let mapping = one().a_to_b("custom.x", "custom.X__c");
    assert!(findings(&mapping, a.clone(), b.clone())[0].starts_with("M005 error"));
    assert!(findings(&mapping.values(X, ValueTable::new().pair("one", "One")), a, b).is_empty());
}

fn tiers() -> (Vec<Field>, Vec<Field>) {
    let a = choice("x", &[("1", "Gold"), ("2", "Silver"), ("3", "Bronze")]);
    let b = choice("X__c", &[("G", "Gold"), ("P", "Platinum")]);
    (vec![a], vec![b])
}

#[test]
fn m006_choices_without_a_counterpart() {
    let (a, b) = tiers();
    let mapping = one().both("custom.x", "custom.X__c");
    assert_eq!(
        findings(&mapping, a.clone(), b.clone()),
        [
            "M006 error: contact `custom.x=custom.X__c`: choices of Freshsales without a counterpart in `custom.X__c` of \
             Salesforce: `Silver`, `Bronze`; add each to the value table with `pair` or `a_to_b`, or say with `leave` that it \
             stays where it is",
            "M006 error: contact `custom.x=custom.X__c`: choices of Salesforce without a counterpart in `custom.x` of \
             Freshsales: `Platinum`; add each to the value table with `pair` or `b_to_a`, or say with `leave` that it stays \
             where it is",
        ]
    );
    let table = ValueTable::new().pair("Silver", "Platinum").leave(Side::A, "Bronze");
    assert!(findings(&mapping.values(X, table), a.clone(), b.clone()).is_empty());
    // One way, the other side's choices do not matter; choices that are retired never do.
    let (mut a, b) = (a, b);
    a[0].options[1].active = false;
    a[0].options[2].active = false;
    assert!(findings(&one().a_to_b("custom.x", "custom.X__c"), a, b).is_empty());
}

#[test]
fn m007_no_such_choice() {
    let (a, b) = tiers();
    let table = ValueTable::new().pair("Sliver", "Platinum").leave(Side::A, "Bronze").leave(Side::A, "Silver");
    assert_eq!(
        findings(&one().both("custom.x", "custom.X__c").values(X, table), a, b),
        ["M007 error: contact `custom.x=custom.X__c`: `custom.x` of Freshsales has no choice `Sliver`; did you mean \
             `Silver`?"]
    );
}

#[test]
fn m008_ambiguous_table() {
    let (a, b) = tiers();
    let table = ValueTable::new().pair("Silver", "Platinum").pair("Bronze", "Platinum");
    assert_eq!(
        findings(&one().both("custom.x", "custom.X__c").values(X, table), a, b)[1],
        "M008 error: contact `custom.x=custom.X__c`: `Platinum` of Salesforce would become both `Silver` and `Bronze`; keep \
         one with `pair` and state the other for its way only"
    );
}

#[test]
fn m009_required_field_without_a_value() {
    let b = vec![required(custom("Code__c", line()))];
    assert_eq!(
        findings(&one(), Vec::new(), b.clone()),
        [
            "M009 error: contact: Salesforce refuses a contact without `custom.Code__c` (custom.Code__c), and nothing gives \
             it a value; map it or give it a `constant`"
        ]
    );
    assert!(findings(&one().constant(Side::B, "custom.Code__c", "n/a"), Vec::new(), b.clone()).is_empty());
    assert!(findings(&one().a_to_b("job_title", "custom.Code__c"), Vec::new(), b.clone()).is_empty());
    // Nothing is created where nothing arrives.
    let one_way = Mapping::empty(ObjectKind::Contact).b_to_a("last_name", "last_name");
    assert!(findings(&one_way, Vec::new(), b).is_empty());
}

#[test]
fn m010_two_writers() {
    assert_eq!(
        findings(&one().a_to_b("job_title", "department").a_to_b("first_name", "department"), Vec::new(), Vec::new()),
        ["M010 error: contact `first_name=department`: `department` of Salesforce is already written by \
             `job_title=department`; let one of the two go the other way only, or drop one"]
    );
}

#[test]
fn m011_the_same_pair_twice() {
    assert_eq!(
        findings(&one().both("last_name", "last_name"), Vec::new(), Vec::new()),
        ["M011 error: contact `last_name`: the pair is given more than once; keep one of them"]
    );
}

#[test]
fn m012_several_choices_become_one() {
    let (a, b) = (choice("x", &[("1", "Hot"), ("2", "Warm")]), choice("X__c", &[("G", "Gold")]));
    let table = ValueTable::new().pair("Hot", "Gold").a_to_b("Warm", "Gold");
    assert_eq!(
        findings(&one().both("custom.x", "custom.X__c").values(X, table), vec![a], vec![b]),
        [
            "M012 warning: contact `custom.x=custom.X__c`: `Hot`, `Warm` of Freshsales all become `Gold` on Salesforce; a \
             change made there comes back as one of them"
        ]
    );
}

#[test]
fn m013_a_default_pair_goes_one_way_only() {
    let (a, mut b) = (contacts(Vec::new()), contacts(Vec::new()));
    b.fields.iter_mut().filter(|field| field.key == Contact::OWNER).for_each(|field| field.writable = false);
    let mapping = Mapping::unified(ObjectKind::Contact).named("Freshsales", "Salesforce");
    let compiled = compile(&mapping, &a, &b).unwrap();
    assert_eq!(
        compiled.warnings()[0].to_string(),
        "M013 warning: contact `owner`: Salesforce computes `owner`, so it is carried from Salesforce to Freshsales only"
    );
}

#[test]
fn m014_values_may_not_fit() {
    let (a, b) = x(FieldType::Text { max: Some(255) }, FieldType::Text { max: Some(80) });
    assert_eq!(
        findings(&one().both("custom.x", "custom.X__c"), a, b),
        ["M014 warning: contact `custom.x=custom.X__c`: `custom.X__c` of Salesforce takes less than `custom.x` of \
             Freshsales can hold; values that do not fit are reported and stay where they are"]
    );
}

#[test]
fn m015_a_setting_for_no_pair() {
    assert_eq!(
        findings(&one().values("lastname", ValueTable::new()), Vec::new(), Vec::new()),
        ["M015 error: contact `lastname`: `values` is given for a pair that is not mapped; did you mean `last_name`?"]
    );
}

#[test]
fn m016_constants() {
    let b = vec![
        computed(custom("Sum__c", line())),
        choice("Tier__c", &[("G", "Gold")]),
        custom("Size__c", FieldType::Int),
    ];
    let mapping = one()
        .constant(Side::B, "custom.Teir__c", "Gold")
        .constant(Side::B, "custom.Sum__c", "1")
        .constant(Side::B, "custom.Tier__c", "Gould")
        .constant(Side::B, "custom.Size__c", Value::Bool(true));
    assert_eq!(
        findings(&mapping, Vec::new(), b),
        [
            "M016 error: contact: the constant of `custom.Size__c` is yes or no and Salesforce takes a whole number",
            "M016 error: contact: a constant is given for `custom.Sum__c`, which Salesforce computes and does not let be \
             written",
            "M016 error: contact: a constant is given for `custom.Teir__c`, which Salesforce does not have; did you mean \
             `custom.Tier__c`?",
            "M016 error: contact: the constant of `custom.Tier__c` is no choice of Salesforce; did you mean `Gold`?",
        ]
    );
}

#[test]
fn m017_nothing_is_mapped() {
    assert_eq!(
        findings(&Mapping::empty(ObjectKind::Contact), Vec::new(), Vec::new()),
        ["M017 error: contact: nothing is mapped; start from `Mapping::unified` or add pairs"]
    );
}

#[test]
fn m018_settings_out_of_range() {
    let mapping = one().region("Germany").utc_offset_minutes(3000);
    assert_eq!(
        findings(&mapping, Vec::new(), Vec::new()),
        [
            "M018 error: contact: `Germany` is not a region of phone numbers; write two letters such as `GB`",
            "M018 error: contact: an offset from UTC lies within a day, and 3000 minutes do not",
        ]
    );
    let wrong = compile(&one(), &contacts(Vec::new()), &crate::support::accounts()).unwrap_err();
    assert!(
        wrong
            .iter()
            .any(|one| one.to_string()
                == "M018 error: contact: the fields given for B are those of the object `account`")
    );
}

#[test]
fn everything_wrong_is_found_at_once() {
    let mapping = one().both("x[", "y").both("custom.none", "last_name").drop("nothing");
    let codes: Vec<String> =
        findings(&mapping, Vec::new(), Vec::new()).iter().map(|finding| finding[..4].to_owned()).collect();
    assert_eq!(codes, ["M001", "M015", "M002"]);
}
