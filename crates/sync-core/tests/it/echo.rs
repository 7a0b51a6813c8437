//! What a vendor makes of a value is an echo; what a person makes of it is a change.

use crm_model::{Address, Channel, ConsentSet, ConsentState, DateOrTime, FieldKey, FieldType, ObjectKind, Value};
use sync_core::{Codec, Compiled, Mapping, MergeInput, NoRefs, Side, SideState, echo};

use crate::support::{compiled_between, field, line, state, text};

const JOB: &str = "job_title";

fn compiled() -> Compiled {
    let custom = |name: &str, field_type| field(FieldKey::custom(name), field_type);
    let fields = || {
        vec![
            custom("size", FieldType::Decimal { scale: None }),
            custom("due", FieldType::DateTime),
            custom("short", FieldType::Text { max: Some(5) }),
            custom("address", FieldType::Address),
            custom("note", line()),
        ]
    };
    let mapping = Mapping::empty(ObjectKind::Contact)
        .both(JOB, JOB)
        .both("department", "department")
        .both("emails[primary]", "emails[primary]")
        .codec("emails[primary]", Codec::Email)
        .both("custom.size", "custom.size")
        .both("custom.due", "custom.due")
        .both("custom.short", "custom.short")
        .both("custom.address", "custom.address")
        .both("custom.note", "custom.note");
    compiled_between(&mapping, fields(), fields())
}

fn instant(text: &str) -> Value {
    Value::DateOrTime(DateOrTime::Time(text.parse().unwrap()))
}

fn number(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn address(city: &str) -> Value {
    Value::Address(Address { street: "1 Main St".into(), city: city.into(), ..Address::default() })
}

/// The base that B gets when `wish` was written over `before` and `seen` is read back.
fn absorbed(pair: &str, before: &Value, wish: &Value, seen: &Value, ours: bool) -> Value {
    let one = |value: &Value| state(&[(pair, value.clone())]);
    let base = echo::absorb(&compiled(), Side::B, &one(wish), &one(before), &one(seen), ours);
    base.get(&pair.into()).unwrap().clone()
}

#[test]
fn echoes_are_absorbed_whoever_changed_the_record_last() {
    let long = "The quick brown fox jumps over the lazy dog";
    for (pair, wish, seen) in [
        (JOB, text("Analyst"), text("Analyst")),
        (JOB, text("Analyst"), text("ANALYST")),
        (JOB, text("Chief  Analyst"), text("Chief Analyst")),
        (JOB, text(long), text("The quick brown fox jumps")),
        ("custom.short", text("abcdefgh"), text("abcde")),
        ("emails[primary]", text("Ada@Example.com"), text("ada@example.com")),
        ("custom.size", number("1.005"), number("1.01")),
        ("custom.size", number("1.005"), number("1")),
        ("custom.size", number("2.567"), number("2.5")),
        ("custom.due", instant("2026-03-01T10:00:00.750Z"), instant("2026-03-01T10:00:00Z")),
        ("custom.address", address("BONN"), address("Bonn")),
    ] {
        for ours in [true, false] {
            let base = absorbed(pair, &Value::Null, &wish, &seen, ours);
            assert_eq!(base.reveal(), seen.reveal(), "{pair} {} {ours}", wish.reveal());
        }
    }
}

#[test]
fn an_edit_after_our_write_survives_as_a_change() {
    for (pair, before, wish, seen) in [
        (JOB, text("Clerk"), text("Analyst"), text("Director")),
        // Taken back at once: that too is an edit.
        (JOB, text("Clerk"), text("Analyst"), text("Clerk")),
        (JOB, text("Clerk"), text("Analyst"), Value::Null),
        (JOB, text("Clerk"), text("Analyst of Data"), text("Analyst")),
        ("custom.short", text("a"), text("abcde"), text("abc")),
        ("custom.size", number("1"), number("2"), number("3")),
        ("custom.due", Value::Null, instant("2026-03-01T10:00:00Z"), instant("2026-03-01T10:00:05Z")),
        ("custom.address", Value::Null, address("Bonn"), address("Berlin")),
    ] {
        let base = absorbed(pair, &before, &wish, &seen, false);
        assert_eq!(base.reveal(), wish.reveal(), "{pair}");
        // The same record last changed by us: whatever it shows is what the vendor made of it.
        assert_eq!(absorbed(pair, &before, &wish, &seen, true).reveal(), seen.reveal(), "{pair}");
    }
}

#[test]
fn the_edit_travels_and_the_echo_does_not() {
    let compiled = compiled();
    let a = state(&[(JOB, text("Analyst"))]);
    let before = state(&[(JOB, text("Clerk"))]);
    for (seen, travels) in [("ANALYST", false), ("Director", true)] {
        let seen = state(&[(JOB, text(seen))]);
        let base_b = echo::absorb(&compiled, Side::B, &a, &before, &seen, false);
        let mut input = MergeInput::new(&a, &seen, &NoRefs);
        input.base = Some([&a, &base_b]);
        let merged = compiled.merge(&input);
        assert_eq!(merged.has_writes(), travels);
        if travels {
            assert_eq!(merged.writes[0].wish, seen);
        }
    }
}

#[test]
fn fields_that_were_not_written_keep_their_base() {
    let compiled = compiled();
    let wish = state(&[(JOB, text("Analyst"))]);
    let before = state(&[(JOB, text("Clerk")), ("department", text("R&D"))]);
    let seen = state(&[(JOB, text("Analyst")), ("department", text("Sales")), ("custom.note", text("new"))]);
    for ours in [true, false] {
        // A workflow that runs under our name changes other fields: a change like any other.
        let base = echo::absorb(&compiled, Side::B, &wish, &before, &seen, ours);
        assert_eq!(base.get(&"department".into()).unwrap(), &text("R&D"));
        // What had no base was not agreed on, and still is not.
        assert_eq!(base.get(&"custom.note".into()), None);
        // In a new record, it was filled in by the vendor if the record is ours, else it is somebody's.
        let base = echo::absorb_new(&compiled, Side::B, &wish, &before, &seen, ours);
        assert_eq!(base.get(&"department".into()).unwrap(), &text("R&D"));
        assert_eq!(base.get(&"custom.note".into()).is_some(), ours);
    }
    // What the read-back did not load says nothing.
    let base = echo::absorb(&compiled, Side::B, &wish, &before, &SideState::default(), true);
    assert_eq!(base, state(&[(JOB, text("Analyst")), ("department", text("R&D"))]));
}

#[test]
fn an_opt_out_that_was_written_stays_in_the_base() {
    let with = |state| SideState { consent: ConsentSet::from([(Channel::Email, state)]), ..SideState::default() };
    let (out, open) = (with(ConsentState::OptedOut), with(ConsentState::OptedIn));
    let base = echo::absorb(&compiled(), Side::B, &out, &open, &open, true);
    assert_eq!(base.consent.state(Channel::Email), ConsentState::OptedOut);
}
