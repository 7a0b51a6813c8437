//! Values across the sides: choices by table, days and instants, numbers and amounts.

use crm_model::{Choice, Date, DateOrTime, FieldKey, FieldType, Money, ObjectKind, Value};
use sync_core::{Compiled, Mapping, MergeInput, NoRefs, PairId, ProblemKind, Side, ValueTable};

use crate::support::{choice, compiled_between, field, line, state, text};

const A: &str = "custom.a";
const B: &str = "custom.b";
const PAIR: &str = "custom.a=custom.b";

fn between(a: crm_model::Field, b: crm_model::Field, set: impl FnOnce(Mapping) -> Mapping) -> Compiled {
    let mapping = set(Mapping::empty(ObjectKind::Contact).both(A, B));
    compiled_between(&mapping, vec![a], vec![b])
}

fn a_field(field_type: FieldType) -> crm_model::Field {
    field(FieldKey::custom("a"), field_type)
}

fn b_field(field_type: FieldType) -> crm_model::Field {
    field(FieldKey::custom("b"), field_type)
}

/// What a value of a side becomes on the other, or the problem.
fn carried(compiled: &Compiled, from: Side, value: &Value) -> Result<Option<Value>, ProblemKind> {
    let (given, empty) = (state(&[(PAIR, value.clone())]), state(&[(PAIR, Value::Null)]));
    let input = match from {
        Side::A => MergeInput::new(&given, &empty, &NoRefs),
        Side::B => MergeInput::new(&empty, &given, &NoRefs),
    };
    let merged = compiled.merge(&input);
    match merged.problems.into_iter().next() {
        Some(problem) => Err(problem.kind),
        None => Ok(merged.writes[from.other().index()].wish.get(&PAIR.into()).cloned()),
    }
}

fn pick(key: &str, label: &str) -> Value {
    Value::Choice(Choice::new(key).labelled(label))
}

fn tiers() -> Compiled {
    let a = choice("a", &[("1", "Hot"), ("2", "Warm"), ("3", "Cold"), ("4", "Bronze")]);
    let b = choice("b", &[("G", "Gold"), ("S", "Silver"), ("Z", "bronze"), ("X", "Lost")]);
    let table = ValueTable::new()
        .pair("hot", "GOLD")
        .a_to_b("2", "G")
        .b_to_a("Warm", "Silver")
        .leave(Side::A, "Cold")
        .leave(Side::B, "Lost");
    between(a, b, |mapping| mapping.values(PAIR, table))
}

#[test]
fn choices_travel_by_table_both_ways() {
    let compiled = tiers();
    for (from, value, becomes) in [
        (Side::A, pick("1", "Hot"), Some("G")),
        (Side::A, pick("2", "Warm"), Some("G")),
        // The same label on both sides needs no row.
        (Side::A, pick("4", "Bronze"), Some("Z")),
        (Side::A, pick("3", "Cold"), None),
        (Side::B, pick("G", "Gold"), Some("1")),
        (Side::B, pick("S", "Silver"), Some("2")),
        (Side::B, pick("Z", "bronze"), Some("4")),
        (Side::B, pick("X", "Lost"), None),
        // A label will do where the key is not known.
        (Side::A, Value::Choice(Choice::new("hot")), Some("G")),
        (Side::A, pick("renumbered", "Hot"), Some("G")),
    ] {
        let got = carried(&compiled, from, &value).unwrap();
        let key = got.as_ref().map(|value| match value {
            Value::Choice(choice) => choice.key.as_str(),
            _ => panic!(),
        });
        assert_eq!(key, becomes, "{from} {}", value.reveal());
    }
    assert_eq!(
        carried(&compiled, Side::A, &pick("9", "Lukewarm")),
        Err(ProblemKind::NotCovered { choice: Some("Lukewarm".into()) })
    );
}

#[test]
fn many_to_one_is_equal_in_both_readings_and_does_not_ping_pong() {
    let compiled = tiers();
    let pair = PairId::from(PAIR);
    for (a, b, same) in
        [("1", "G", true), ("2", "G", true), ("2", "S", true), ("1", "S", false), ("4", "Z", true), ("3", "G", false)]
    {
        let (a, b) = (Value::Choice(Choice::new(a)), Value::Choice(Choice::new(b)));
        assert_eq!(compiled.same(&pair, &a, &b, &NoRefs), same, "{} {}", a.reveal(), b.reveal());
    }
    // Warm is Gold there; that Gold comes back as Hot must not change Warm.
    let (a, b) = (state(&[(PAIR, pick("2", "Warm"))]), state(&[(PAIR, pick("G", "Gold"))]));
    for base in [None, Some([&a, &b])] {
        let mut input = MergeInput::new(&a, &b, &NoRefs);
        input.base = base;
        assert!(!compiled.merge(&input).has_writes());
    }
}

#[test]
fn a_problem_says_what_to_do() {
    let compiled = tiers();
    let (a, b) = (state(&[(PAIR, pick("9", "Lukewarm"))]), state(&[(PAIR, Value::Null)]));
    let merged = compiled.merge(&MergeInput::new(&a, &b, &NoRefs));
    assert_eq!(
        merged.problems[0].to_string(),
        "`custom.a=custom.b` was not carried from A to B: the choice `Lukewarm` has no counterpart there; add it to the \
         value table of the pair"
    );
}

#[test]
fn choices_become_text_and_text_becomes_choices_where_a_table_says_so() {
    let options = [("1", "Hot"), ("2", "Warm")];
    let to_text = between(choice("a", &options), b_field(line()), |mapping| mapping.drop(PAIR).a_to_b(A, B));
    assert_eq!(carried(&to_text, Side::A, &pick("1", "Hot")), Ok(Some(text("Hot"))));
    let table = ValueTable::new().pair("Hot", "on fire");
    let both = between(choice("a", &options), b_field(line()), |mapping| mapping.values(PAIR, table));
    assert_eq!(carried(&both, Side::A, &pick("1", "Hot")), Ok(Some(text("on fire"))));
    assert_eq!(carried(&both, Side::A, &pick("2", "Warm")), Ok(Some(text("Warm"))));
    assert_eq!(carried(&both, Side::B, &text("On Fire")), Ok(Some(pick("1", "Hot"))));
    assert_eq!(carried(&both, Side::B, &text("warm")), Ok(Some(pick("2", "Warm"))));
    assert_eq!(carried(&both, Side::B, &text("tepid")), Err(ProblemKind::NotCovered { choice: None }));
}

#[test]
fn several_choices_are_translated_one_by_one() {
    let mut a = choice("a", &[("1", "Red"), ("2", "Green"), ("3", "Blue")]);
    let mut b = choice("b", &[("r", "Rot"), ("g", "Grün")]);
    a.field_type = FieldType::MultiChoice;
    b.field_type = FieldType::MultiChoice;
    let table = ValueTable::new().pair("Red", "Rot").pair("Green", "Grün").leave(Side::A, "Blue");
    let compiled = between(a, b, |mapping| mapping.values(PAIR, table));
    let several = |keys: &[&str]| Value::Choices(keys.iter().map(|key| Choice::new(*key)).collect());
    assert_eq!(carried(&compiled, Side::A, &several(&["1", "2", "3"])), Ok(Some(several(&["r", "g"]))));
    assert_eq!(carried(&compiled, Side::B, &several(&["g"])), Ok(Some(several(&["2"]))));
    assert_eq!(carried(&compiled, Side::A, &several(&["3"])), Ok(None));
    assert!(compiled.same(&PAIR.into(), &several(&["2", "1"]), &several(&["r", "g"]), &NoRefs));
    assert!(!compiled.same(&PAIR.into(), &several(&["2"]), &several(&["r", "g"]), &NoRefs));
}

fn day(day: &str) -> Value {
    Value::Date(day.parse().unwrap())
}

fn instant(instant: &str) -> Value {
    Value::Instant(instant.parse().unwrap())
}

#[test]
fn days_and_instants_meet_in_the_declared_offset() {
    let compiled =
        between(a_field(FieldType::Date), b_field(FieldType::DateTime), |mapping| mapping.utc_offset_minutes(120));
    // The begin of the day there is ten in the evening in UTC.
    assert_eq!(carried(&compiled, Side::A, &day("2026-03-02")), Ok(Some(instant("2026-03-01T22:00:00Z"))));
    assert_eq!(carried(&compiled, Side::B, &instant("2026-03-01T22:30:00Z")), Ok(Some(day("2026-03-02"))));
    // Moving the day keeps the time of day of the side that has one.
    let (base_a, base_b) = (state(&[(PAIR, day("2026-03-02"))]), state(&[(PAIR, instant("2026-03-02T13:15:00Z"))]));
    let a = state(&[(PAIR, day("2026-03-09"))]);
    let mut input = MergeInput::new(&a, &base_b, &NoRefs);
    input.base = Some([&base_a, &base_b]);
    let merged = compiled.merge(&input);
    assert_eq!(merged.writes[1].wish, state(&[(PAIR, instant("2026-03-09T13:15:00Z"))]));
    // Another time on the same day is no news for the side that holds days.
    let b = state(&[(PAIR, instant("2026-03-02T15:00:00Z"))]);
    let mut input = MergeInput::new(&base_a, &b, &NoRefs);
    input.base = Some([&base_a, &base_b]);
    assert!(!compiled.merge(&input).has_writes());
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for minutes in [-720, 0, 840] {
        let compiled = between(a_field(FieldType::Date), b_field(FieldType::DateTime), |mapping| {
            mapping.utc_offset_minutes(minutes)
        });
        for value in [Date::MIN, Date::MAX] {
            let _ = carried(&compiled, Side::A, &Value::Date(value));
        }
        for value in [crm_model::Instant::MIN_UTC, crm_model::Instant::MAX_UTC] {
            let _ = carried(&compiled, Side::B, &Value::Instant(value));
            let _ = compiled.same(&PAIR.into(), &Value::Date(Date::MAX), &Value::Instant(value), &NoRefs);
        }
    }
}

#[test]
fn a_task_is_due_in_the_form_of_each_side() {
    use crm_model::{Schema, Task};
    let due = |field_type| {
        Schema::new(
            ObjectKind::Task,
            vec![field(Task::TITLE, line()), field(Task::DUE, field_type), field(Task::DONE, FieldType::Bool)],
        )
    };
    let mapping = Mapping::unified(ObjectKind::Task);
    let compiled = sync_core::compile(&mapping, &due(FieldType::DateTime), &due(FieldType::Date)).unwrap();
    let a = state(&[("due", instant("2026-03-01T22:30:00Z")), ("done", Value::Null)]);
    let b = state(&[("due", Value::Null), ("done", Value::Bool(false))]);
    let merged = compiled.merge(&MergeInput::new(&a, &b, &NoRefs));
    let expected = Value::DateOrTime(DateOrTime::Date("2026-03-01".parse().unwrap()));
    assert_eq!(merged.writes[1].patch.get(&"due".parse().unwrap()), Some(&expected));
    // Not done and never asked are the same.
    assert_eq!(merged.writes[1].patch.len(), 1);
}

#[test]
fn numbers_amounts_and_texts() {
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let money = |amount: i64| Value::Money(Money::new(amount));
    for (a, b, value, expected) in [
        (FieldType::Int, FieldType::Decimal { scale: None }, Value::Int(7), Ok(decimal("7"))),
        (FieldType::Decimal { scale: None }, FieldType::Int, decimal("7.0"), Ok(Value::Int(7))),
        (
            FieldType::Decimal { scale: None },
            FieldType::Int,
            decimal("7.5"),
            Err(ProblemKind::NotConvertible { is: crm_model::ValueKind::Decimal, takes: crm_model::ValueKind::Int }),
        ),
        (FieldType::Money, FieldType::Decimal { scale: None }, money(7), Ok(decimal("7"))),
        (FieldType::Decimal { scale: None }, FieldType::Money, decimal("7"), Ok(money(7))),
        (FieldType::Email, line(), text("Ada@Example.com"), Ok(text("Ada@Example.com"))),
    ] {
        let compiled = between(a_field(a), b_field(b), |mapping| mapping);
        assert_eq!(carried(&compiled, Side::A, &value), expected.map(Some));
    }
    let one_way = between(a_field(FieldType::Date), b_field(line()), |mapping| mapping.drop(PAIR).a_to_b(A, B));
    assert_eq!(carried(&one_way, Side::A, &day("2026-03-01")), Ok(Some(text("2026-03-01"))));
    let yes = between(a_field(FieldType::Bool), b_field(line()), |mapping| mapping.drop(PAIR).a_to_b(A, B));
    assert_eq!(carried(&yes, Side::A, &Value::Bool(true)), Ok(Some(text("true"))));
}

#[test]
fn what_people_typed_is_not_repeated_in_a_problem() {
    let table = ValueTable::new().pair("Hot", "on fire");
    let compiled = between(choice("a", &[("1", "Hot")]), b_field(line()), |mapping| mapping.values(PAIR, table));
    let (a, b) = (state(&[(PAIR, Value::Null)]), state(&[(PAIR, text("Ada Lovelace"))]));
    let merged = compiled.merge(&MergeInput::new(&a, &b, &NoRefs));
    assert_eq!(
        merged.problems[0].in_words(["Freshsales", "Salesforce"]),
        "`custom.a=custom.b` was not carried from Salesforce to Freshsales: the text has no counterpart there; add it to \
         the value table of the pair"
    );
}

#[test]
fn a_checkbox_is_never_emptied() {
    let compiled = between(a_field(FieldType::Bool), b_field(FieldType::Bool), |mapping| mapping);
    let (on, off) = (state(&[(PAIR, Value::Bool(true))]), state(&[(PAIR, Value::Null)]));
    let mut input = MergeInput::new(&off, &on, &NoRefs);
    input.base = Some([&on, &on]);
    assert_eq!(compiled.merge(&input).writes[1].wish, state(&[(PAIR, Value::Bool(false))]));
}
