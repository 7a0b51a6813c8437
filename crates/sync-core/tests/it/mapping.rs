//! Mappings as data, the unified default, and projections.

use crm_model::{
    Account, Address, AnyRef, Contact, FieldKey, FieldType, Label, Labelled, Meta, Money, ObjectKind, Record, Schema,
    Value,
};
use proptest::prelude::*;
use sync_core::{
    Codec, Compiled, Direction, LeftOut, Mapping, Newest, PairId, Policy, Side, SideState, ValueTable, compile,
};

use crate::support::{account_ref, accounts, compiled, contact, contacts, field, line, path, text};

#[test]
fn the_unified_default() {
    let ids = |object| Mapping::unified(object).pairs().iter().map(|pair| pair.id().to_string()).collect::<Vec<_>>();
    assert_eq!(
        ids(ObjectKind::Contact),
        [
            "first_name",
            "last_name",
            "job_title",
            "department",
            "emails[primary]",
            "phones[work]",
            "phones[mobile]",
            "addresses[mailing]",
            "accounts[primary]",
            "owner",
        ]
    );
    assert_eq!(
        ids(ObjectKind::Account),
        [
            "name",
            "website",
            "phones[main]",
            "addresses[billing]",
            "employee_count",
            "annual_revenue",
            "parent",
            "owner"
        ]
    );
    assert_eq!(
        ids(ObjectKind::Deal),
        ["name", "amount", "expected_close", "stage", "account", "contacts[primary]", "owner"]
    );
    assert_eq!(ids(ObjectKind::Task), ["title", "description", "due", "done", "owner", "targets[primary]"]);
    assert_eq!(ids(ObjectKind::Note), ["body", "targets[primary]"]);
    assert!(ids(ObjectKind::User).is_empty());
}

#[test]
fn an_explicit_pair_replaces_the_default_that_writes_the_same_field() {
    let ids = |mapping: Mapping| mapping.pairs().iter().map(|pair| pair.id().to_string()).collect::<Vec<_>>();
    let title = |ids: Vec<String>| ids.into_iter().filter(|id| id.contains("job_title")).collect::<Vec<_>>();
    let unified = || Mapping::unified(ObjectKind::Contact);
    assert_eq!(title(ids(unified().both("job_title", "custom.Role__c"))), ["job_title=custom.Role__c"]);
    // A second target takes nothing away from the first.
    assert_eq!(title(ids(unified().a_to_b("job_title", "custom.Role__c"))), ["job_title", "job_title=custom.Role__c"]);
    assert_eq!(title(ids(unified().a_to_b("job_title", "job_title"))), ["job_title"]);
    assert_eq!(unified().a_to_b("job_title", "job_title").pairs().last().unwrap().direction, Direction::AToB);
    assert!(title(ids(unified().drop("job_title"))).is_empty());
}

#[test]
fn a_mapping_survives_being_stored() {
    let mapping = Mapping::unified(ObjectKind::Contact)
        .both("custom.cf_tier", "custom.Tier__c")
        .values("custom.cf_tier=custom.Tier__c", ValueTable::new().pair("A", "B").a_to_b("C", "B").leave(Side::B, "D"))
        .a_to_b("custom.x", "custom.y")
        .b_to_a("custom.v", "custom.w")
        .codec("custom.v=custom.w", Codec::CaseInsensitive)
        .policy("owner", Policy::newest_or(Policy::Prefer(Side::B)))
        .default_policy(Newest)
        .first_link(Policy::Review)
        .direction(Direction::AToB)
        .consent(Direction::Both)
        .constant(Side::B, "last_name", "?")
        .constant(Side::A, "custom.n", Value::Int(1))
        .region("DE")
        .utc_offset_minutes(60)
        .named("one", "two");
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    // What a person writes by hand may be short.
    let short: Mapping =
        serde_json::from_str(r#"{"object": "contact", "pairs": [{"a": "job_title", "b": "job_title"}]}"#).unwrap();
    assert_eq!(short, Mapping::empty(ObjectKind::Contact).both("job_title", "job_title"));
    let wrong = serde_json::from_str::<Mapping>(r#"{"object": "contact", "pairs": [{"a": "x[", "b": "x"}]}"#);
    assert!(wrong.unwrap_err().to_string().contains("is not a field path"));
}

#[test]
fn pair_names() {
    let id = |a: &str, b: &str| PairId::of(&path(a), &path(b));
    assert_eq!(id("job_title", "job_title").as_str(), "job_title");
    assert_eq!(id("custom.cf_tier", "custom.Tier__c").as_str(), "custom.cf_tier=custom.Tier__c");
    assert_eq!(serde_json::to_string(&id("a", "b")).unwrap(), r#""a=b""#);
    assert_eq!(serde_json::from_str::<PairId>(r#""a=b""#).unwrap(), id("a", "b"));
}

#[test]
fn what_one_side_lacks_is_left_out() {
    let lean = Schema::new(
        ObjectKind::Contact,
        vec![field(Contact::LAST_NAME, line()), field(Contact::EMAILS, FieldType::List)],
    );
    let compiled = compile(&Mapping::unified(ObjectKind::Contact), &contacts(Vec::new()), &lean).unwrap();
    assert_eq!(compiled.pairs().map(PairId::as_str).collect::<Vec<_>>(), ["emails[primary]", "last_name"]);
    assert!(compiled.left_out().contains(&LeftOut { pair: "job_title".into(), side: Side::B }));
    assert_eq!(compiled.left_out().len(), 8);
    assert!(compiled.warnings().is_empty());
    assert_eq!(compiled.field_keys(Side::B), [Contact::EMAILS, Contact::LAST_NAME]);
    assert_eq!(compiled.path(&"last_name".into(), Side::A), Some(&path("last_name")));
}

/// Vendors describe one field of the model in their own ways; what it holds is what the model says.
#[test]
fn the_model_says_what_its_fields_hold() {
    use crm_model::Deal;
    let deals = |stage, amount| {
        Schema::new(
            ObjectKind::Deal,
            vec![field(Deal::NAME, line()), field(Deal::STAGE, stage), field(Deal::AMOUNT, amount)],
        )
    };
    let a = deals(FieldType::Ref { target: Some(ObjectKind::Stage) }, FieldType::Decimal { scale: None });
    let b = deals(FieldType::Choice, FieldType::Money);
    assert!(compile(&Mapping::unified(ObjectKind::Deal), &a, &b).is_ok());

    let entry = |field_type| {
        Schema::new(ObjectKind::Contact, vec![field(Contact::LAST_NAME, line()), field(Contact::EMAILS, field_type)])
    };
    let mut spare = entry(FieldType::List);
    spare.fields.push(field(FieldKey::custom("Spare__c"), FieldType::Email));
    let mapping = Mapping::unified(ObjectKind::Contact).a_to_b("emails[home]", "custom.Spare__c");
    let compiled = compile(&mapping, &entry(FieldType::Email), &spare).unwrap();
    let pair = PairId::from("emails[home]=custom.Spare__c");
    assert!(compiled.unchanged(&pair, &text("A@x.example"), &text("a@x.example")));
}

fn full() -> Compiled {
    compiled(&Mapping::unified(ObjectKind::Contact).both("tags", "tags"), vec![field(Contact::TAGS, FieldType::List)])
}

#[test]
fn a_projection_is_canonical() {
    let entry = |value: &str, label| Value::Labelled(Box::new(Labelled::new(text(value), label)));
    let main = Labelled::new(text(" ada@example.com "), Label::Work).primary();
    let record = contact(
        "1",
        &[
            (Contact::FIRST_NAME, text("  Zoe\u{308}\u{200b}")),
            (Contact::LAST_NAME, Value::text("")),
            (
                Contact::EMAILS,
                Value::List(vec![entry("second@example.com", Label::Home), Value::Labelled(Box::new(main))]),
            ),
            (Contact::PHONES, Value::List(vec![entry("+1 2", Label::Mobile)])),
            (
                Contact::ACCOUNTS,
                Value::List(vec![account_ref("9"), Value::Ref(AnyRef::new(ObjectKind::Account, "7").primary())]),
            ),
            (Contact::TAGS, Value::List(vec![text("vip"), text(" ")])),
        ],
    );
    let state = full().project(Side::A, &record);
    let shown = |pair: &str| state.get(&pair.into()).cloned();
    assert_eq!(shown("first_name"), Some(text("Zoë")));
    assert_eq!(shown("last_name"), Some(Value::Null));
    assert_eq!(shown("emails[primary]"), Some(text("ada@example.com")));
    assert_eq!(shown("phones[mobile]"), Some(text("+1 2")));
    assert_eq!(shown("phones[work]"), Some(Value::Null));
    assert_eq!(shown("accounts[primary]"), Some(account_ref("7")));
    assert_eq!(shown("tags"), Some(Value::List(vec![text("vip")])));
    assert_eq!(shown("job_title"), None);
    assert_eq!(state.digest().len(), 32);
}

#[test]
fn a_state_shows_no_value_in_debug() {
    let record = contact("1", &[(Contact::FIRST_NAME, text("Ada"))]);
    let debug = format!("{:?}", full().project(Side::A, &record));
    assert!(debug.contains("first_name") && !debug.contains("Ada"), "{debug}");
}

#[test]
fn equal_numbers_have_equal_digests() {
    let compiled = compile(&Mapping::unified(ObjectKind::Account), &accounts(), &accounts()).unwrap();
    let with = |amount: &str| {
        let mut record = Record::new(ObjectKind::Account, Meta::default());
        record.set(Account::ANNUAL_REVENUE, Value::Money(Money::new(amount.parse::<crm_model::Decimal>().unwrap())));
        compiled.project(Side::A, &record).digest()
    };
    assert_eq!(with("1.50"), with("1.5"));
    assert_ne!(with("1.50"), with("1.51"));
}

/// A record that shows a state: what a vendor would answer after the state was written.
fn record_of(compiled: &Compiled, state: &SideState) -> Record {
    let mut record = Record::new(ObjectKind::Contact, Meta::default());
    for (pair, value) in &state.fields {
        let path = compiled.path(pair, Side::A).unwrap();
        if path.slot.is_some() && !record.is_loaded(&path.key) {
            record.set(path.key.clone(), Value::List(Vec::new()));
        }
        let patch = [(path.clone(), value.clone())].into_iter().collect();
        record.apply(&patch);
    }
    record
}

fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![" ", "\r", "\n", "\u{200b}", "\u{feff}", "e", "\u{301}", "\u{327}", "\0"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Projecting what a projection shows changes nothing.
    #[test]
    fn projecting_twice_changes_nothing(
        texts in prop::collection::vec(prop::option::of(hostile_text()), 4), mail in hostile_text(), city in hostile_text(),
    ) {
        let compiled = full();
        let mut record = Record::new(ObjectKind::Contact, Meta::default());
        let keys = [Contact::FIRST_NAME, Contact::LAST_NAME, Contact::JOB_TITLE, Contact::DEPARTMENT];
        for (key, text) in keys.into_iter().zip(texts) {
            if let Some(text) = text {
                record.set(key, Value::Text(text));
            }
        }
        record.set(Contact::EMAILS, Value::List(vec![Value::Labelled(Box::new(Labelled::new(Value::Text(mail), Label::Home)))]));
        let address = Address { city, ..Address::default() };
        let entry = Labelled::new(Value::Address(address), Label::Mailing);
        record.set(Contact::ADDRESSES, Value::List(vec![Value::Labelled(Box::new(entry))]));
        let once = compiled.project(Side::A, &record);
        let twice = compiled.project(Side::A, &record_of(&compiled, &once));
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(once.digest(), twice.digest());
    }

    /// No path a person can type breaks the fluent calls or the check.
    #[test]
    fn any_text_can_be_given_as_a_path(a in hostile_text(), b in "[a-z_.\\[\\]]{0,12}", pair in hostile_text()) {
        let mapping = Mapping::unified(ObjectKind::Contact)
            .both(&a, &b)
            .policy(pair.as_str(), Newest)
            .drop(pair.as_str())
            .constant(Side::A, &b, a.as_str())
            .region(&a);
        let findings = compile(&mapping, &contacts(Vec::new()), &contacts(Vec::new())).unwrap_err();
        prop_assert!(findings.iter().all(|finding| finding.to_string().starts_with('M')));
    }

    /// Pair names of any paths survive being stored.
    #[test]
    fn any_pair_name_survives(a in hostile_text(), b in hostile_text()) {
        let path = |name: &str| crm_model::FieldPath::from(FieldKey::custom(name));
        let id = PairId::of(&path(&a), &path(&b));
        prop_assert_eq!(serde_json::from_str::<PairId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }
}
