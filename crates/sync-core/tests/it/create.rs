//! A record of one side becomes a new record of the other.

use crm_model::{Channel, ConsentSet, ConsentState, Contact, NewContact, Object as _, ObjectKind, Value};
use sync_core::digest::create_key;
use sync_core::{Compiled, Direction, Mapping, MergeInput, Policy, Side, SideState, ValueTable, compile, echo};

use crate::support::{Links, account_ref, choice, contacts, path, required, state, text, user_ref};

fn compiled(mapping: &Mapping) -> Compiled {
    let mut a = contacts(vec![choice("tier", &[("1", "Hot"), ("3", "Cold")])]);
    let mut b = contacts(vec![choice("Tier__c", &[("G", "Gold"), ("S", "Silver")])]);
    a.fields[0].required = crm_model::Required::No;
    b.fields[1] = required(b.fields[1].clone());
    compile(mapping, &a, &b).unwrap()
}

const TIER: &str = "custom.tier=custom.Tier__c";

fn mapping() -> Mapping {
    Mapping::unified(ObjectKind::Contact)
        .both("custom.tier", "custom.Tier__c")
        .values(TIER, ValueTable::new().pair("Hot", "Gold").leave(Side::A, "Cold").leave(Side::B, "Silver"))
}

fn ada() -> SideState {
    let mut ada = state(&[
        ("first_name", text("Ada")),
        ("last_name", text("Lovelace")),
        ("job_title", Value::Null),
        ("emails[primary]", text("ada@example.com")),
        ("accounts[primary]", account_ref("a1")),
        ("owner", user_ref("u7")),
        (TIER, Value::Choice(crm_model::Choice::new("1").labelled("Hot"))),
    ]);
    ada.consent = ConsentSet::from([(Channel::Email, ConsentState::OptedOut), (Channel::Sms, ConsentState::OptedIn)]);
    ada
}

#[test]
fn what_travels_is_translated_and_the_rest_is_told() {
    let compiled = compiled(&mapping());
    let made = compiled.create(Side::A, &ada(), &Links::of(&[("a1", "b1")]));
    let field = |name: &str| made.patch.get(&path(name)).map(Value::reveal);
    assert_eq!(field("first_name").as_deref(), Some("Ada"));
    assert_eq!(field("emails[primary]").as_deref(), Some("ada@example.com"));
    assert_eq!(field("accounts[primary]").as_deref(), Some("account b1"));
    assert_eq!(field("custom.Tier__c").as_deref(), Some("Gold"));
    assert_eq!(field("job_title"), None);
    assert_eq!(made.patch.opt_outs.iter().collect::<Vec<_>>(), [Channel::Email]);
    assert_eq!(made.problems.len(), 1);
    assert_eq!(made.problems[0].code(), "no_counterpart");
    assert!(made.missing.is_empty() && made.deferred.is_empty());
    // The patch is one that the model takes.
    let new: NewContact = Contact::new_from_patch(made.patch.clone()).unwrap();
    assert_eq!(new.emails.len(), 1);
    assert!(new.emails[0].is_primary && new.accounts[0].is_primary);
    assert!(new.opt_outs.contains(Channel::Email));
}

#[test]
fn once_it_exists_there_is_nothing_left_to_do() {
    let compiled = compiled(&mapping().drop("owner"));
    let links = Links::of(&[("a1", "b1")]);
    let made = compiled.create(Side::A, &ada(), &links);
    // The vendor fills in a department of its own and lower-cases nothing.
    let mut seen = made.wish.clone();
    seen.fields.insert("job_title".into(), Value::Null);
    seen.fields.insert("department".into(), text("Default"));
    let [base_a, base_b] = &made.base;
    let base_b = echo::absorb_new(&compiled, Side::B, &made.wish, base_b, &seen, true);
    let a = ada();
    let mut input = MergeInput::new(&a, &seen, &links);
    input.base = Some([base_a, &base_b]);
    let merged = compiled.merge(&input);
    assert!(!merged.has_writes(), "{:?}", merged.decisions);
    assert!(merged.conflicts.is_empty() && merged.reviews.is_empty());
}

#[test]
fn a_deferred_field_is_filled_when_its_record_is_linked() {
    let compiled = compiled(&mapping().drop("owner"));
    let made = compiled.create(Side::A, &ada(), &Links::default());
    assert_eq!(made.deferred[0].0.as_str(), "accounts[primary]");
    let mut seen = made.wish.clone();
    seen.fields.insert("accounts[primary]".into(), Value::Null);
    let base_b = echo::absorb_new(&compiled, Side::B, &made.wish, &made.base[1], &seen, true);
    let links = Links::of(&[("a1", "b1")]);
    let a = ada();
    let mut input = MergeInput::new(&a, &seen, &links);
    input.base = Some([&made.base[0], &base_b]);
    let merged = compiled.merge(&input);
    assert_eq!(merged.writes[1].patch.len(), 1);
    assert_eq!(merged.writes[1].wish, state(&[("accounts[primary]", account_ref("b1"))]));
}

#[test]
fn what_is_required_and_empty_is_named_unless_a_constant_fills_it() {
    let nameless = state(&[("last_name", Value::Null), ("emails[primary]", text("x@example.com"))]);
    let made = compiled(&mapping()).create(Side::A, &nameless, &Links::default());
    assert_eq!(made.missing, [path("last_name")]);
    let with_constant =
        mapping().constant(Side::B, "last_name", "(unknown)").constant(Side::B, "custom.Tier__c", "silver");
    let compiled = compiled(&with_constant);
    let made = compiled.create(Side::A, &nameless, &Links::default());
    assert!(made.missing.is_empty());
    assert_eq!(made.patch.get(&path("last_name")), Some(&text("(unknown)")));
    assert_eq!(made.patch.get(&path("custom.Tier__c")).map(Value::reveal).as_deref(), Some("Silver"));
    // The constant does not come back: both bases know that the sides differ.
    let mut input = MergeInput::new(&nameless, &made.wish, &sync_core::NoRefs);
    input.base = Some([&made.base[0], &made.base[1]]);
    assert!(!compiled.merge(&input).has_writes());
    // A value of its own takes precedence.
    let named = state(&[("last_name", text("Lovelace"))]);
    let made = compiled.create(Side::A, &named, &Links::default());
    assert_eq!(made.patch.get(&path("last_name")), Some(&text("Lovelace")));
}

#[test]
fn direction_holds_for_creates() {
    let one_way = mapping().policy("job_title", Policy::Review).direction(Direction::BToA);
    let compiled = compiled(&one_way);
    let made = compiled.create(Side::A, &ada(), &Links::default());
    assert!(made.patch.is_empty());
    let back = state(&[("first_name", text("Ada")), (TIER, Value::Choice(crm_model::Choice::new("G")))]);
    let made = compiled.create(Side::B, &back, &Links::default());
    assert_eq!(made.patch.get(&path("custom.tier")).map(Value::reveal).as_deref(), Some("Hot"));
}

#[test]
fn a_choice_that_stays_is_no_problem() {
    let compiled = compiled(&mapping());
    let cold = state(&[("last_name", text("X")), (TIER, Value::Choice(crm_model::Choice::new("3").labelled("Cold")))]);
    let made = compiled.create(Side::A, &cold, &Links::default());
    assert!(made.problems.is_empty());
    assert_eq!(made.patch.len(), 1);
}

#[test]
fn create_keys_are_short_and_apart() {
    let key = |sync, account, object, id| create_key(sync, "freshsales", account, object, id);
    let one = key("s", "acme", ObjectKind::Contact, "1");
    assert_eq!(one, key("s", "acme", ObjectKind::Contact, "1"));
    assert_eq!(one.len(), 32);
    for other in [
        key("t", "acme", ObjectKind::Contact, "1"),
        key("s", "acm", ObjectKind::Contact, "e1"),
        key("s", "acme", ObjectKind::Account, "1"),
        key("s", "acme", ObjectKind::Contact, "2"),
    ] {
        assert_ne!(one, other);
    }
}
