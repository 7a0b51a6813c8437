//! Every cell of the merge table, for every direction and policy.

use std::collections::BTreeMap;

use crm_model::{FieldKey, FieldType, ObjectKind, Value};
use sync_core::{
    Compiled, Direction, Mapping, MergeInput, Merged, NoRefs, PairId, Policy, ProblemKind, Reason, ReviewItem, Side,
};

use crate::support::{
    Links, account_ref, at, compiled, compiled_between, computed, field, line, path, required, state, text, user_ref,
};

const JOB: &str = "job_title";

fn job(direction: Direction, policy: Policy, first_link: Policy) -> Compiled {
    let mapping = Mapping::empty(ObjectKind::Contact).default_policy(policy).first_link(first_link);
    compiled(
        &match direction {
            Direction::Both => mapping.both(JOB, JOB),
            Direction::AToB => mapping.a_to_b(JOB, JOB),
            Direction::BToA => mapping.b_to_a(JOB, JOB),
        },
        Vec::new(),
    )
}

/// What a merge of one text field came to, in short.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    to_a: Option<String>,
    to_b: Option<String>,
    /// The bases once the writes have landed.
    base: Option<[String; 2]>,
    /// The winner of a logged conflict.
    conflict: Option<Option<Side>>,
    review: bool,
}

fn outcome(merged: &Merged, base: Option<[&sync_core::SideState; 2]>) -> Outcome {
    let job = PairId::from(JOB);
    let written = |side: Side| merged.writes[side.index()].patch.get(&path(JOB)).map(Value::reveal);
    let [a, b] = merged.bases(base, [true, true]);
    let shown = |value: &Value| {
        if value.is_empty() { String::new() } else { value.reveal() }
    };
    Outcome {
        to_a: written(Side::A),
        to_b: written(Side::B),
        base: a.get(&job).zip(b.get(&job)).map(|(a, b)| [shown(a), shown(b)]),
        conflict: merged.conflicts.first().map(|conflict| conflict.winner),
        review: matches!(merged.reviews.as_slice(), [ReviewItem::Field { .. }]),
    }
}

fn run(compiled: &Compiled, base: Option<[&str; 2]>, a: &str, b: &str, stamps: [i64; 2]) -> Outcome {
    let states = [a, b].map(|value| state(&[(JOB, text(value))]));
    let bases = base.map(|base| base.map(|value| state(&[(JOB, text(value))])));
    let mut input = MergeInput::new(&states[0], &states[1], &NoRefs);
    input.base = bases.as_ref().map(|[a, b]| [a, b]);
    input.stamps = stamps.map(|stamp| Some(at(stamp)));
    outcome(&compiled.merge(&input), input.base)
}

/// `to B: x` and so on, so that a table can be read.
fn told(outcome: &Outcome) -> String {
    let mut parts = Vec::new();
    if let Some(value) = &outcome.to_a {
        parts.push(format!("A={value}"));
    }
    if let Some(value) = &outcome.to_b {
        parts.push(format!("B={value}"));
    }
    match &outcome.base {
        Some([a, b]) => parts.push(format!("base {a}/{b}")),
        None => parts.push("no base".to_owned()),
    }
    match outcome.conflict {
        Some(Some(winner)) => parts.push(format!("{winner} won")),
        Some(None) => parts.push("both stay".to_owned()),
        None => {}
    }
    if outcome.review {
        parts.push("review".to_owned());
    }
    parts.join(", ")
}

#[test]
fn one_side_or_none_changed() {
    // base A/B, a, b, then the outcome for both, A→B, B→A. Policies have no say here.
    for (base, a, b, both, a_to_b, b_to_a) in [
        (["x", "x"], "x", "x", "base x/x", "base x/x", "base x/x"),
        (["x", "x"], "y", "x", "B=y, base y/y", "B=y, base y/y", "base x/x"),
        (["x", "x"], "x", "y", "A=y, base y/y", "base x/x", "A=y, base y/y"),
        (["x", "x"], "", "x", "B=(empty), base /", "B=(empty), base /", "base x/x"),
        (["", ""], "x", "", "B=x, base x/x", "B=x, base x/x", "base /"),
        // Values that differ by agreement stay so until one is changed.
        (["x", "z"], "x", "z", "base x/z", "base x/z", "base x/z"),
        (["x", "z"], "y", "z", "B=y, base y/y", "B=y, base y/y", "base x/z"),
        // The change makes both equal: nothing to write, whatever the direction.
        (["x", "z"], "z", "z", "base z/z", "base z/z", "base z/z"),
        (["x", "z"], "x", "x", "base x/x", "base x/x", "base x/x"),
        // Both changed to the same.
        (["x", "x"], "y", "y", "base y/y", "base y/y", "base y/y"),
        (["x", "x"], "", "", "base /", "base /", "base /"),
    ] {
        for policy in
            [Policy::newest(), Policy::Prefer(Side::A), Policy::Prefer(Side::B), Policy::FillEmpty, Policy::Review]
        {
            for (direction, expected) in [(Direction::Both, both), (Direction::AToB, a_to_b), (Direction::BToA, b_to_a)]
            {
                let got = run(&job(direction, policy.clone(), Policy::FillEmpty), Some(base), a, b, [0, 100]);
                assert_eq!(told(&got), expected, "{base:?} {a}/{b} {direction:?} {policy}");
            }
        }
    }
}

#[test]
fn both_sides_changed() {
    let newest_else_b = Policy::newest_or(Policy::Prefer(Side::B));
    for (policy, stamps, a, b, expected) in [
        (Policy::Prefer(Side::A), [0, 100], "y", "z", "B=y, base y/y, A won"),
        (Policy::Prefer(Side::B), [100, 0], "y", "z", "A=z, base z/z, B won"),
        (Policy::newest(), [0, 100], "y", "z", "A=z, base z/z, B won"),
        (Policy::newest(), [100, 0], "y", "z", "B=y, base y/y, A won"),
        // The uncertainty is five seconds, and five are not more than five.
        (Policy::newest(), [0, 5], "y", "z", "base x/x, review"),
        (Policy::newest(), [0, 6], "y", "z", "A=z, base z/z, B won"),
        (Policy::newest(), [6, 0], "y", "z", "B=y, base y/y, A won"),
        (newest_else_b, [3, 0], "y", "z", "A=z, base z/z, B won"),
        (Policy::FillEmpty, [0, 0], "y", "z", "base y/z, both stay"),
        (Policy::FillEmpty, [0, 0], "", "z", "A=z, base z/z, B won"),
        (Policy::FillEmpty, [0, 0], "y", "", "B=y, base y/y, A won"),
        (Policy::Review, [0, 100], "y", "z", "base x/x, review"),
        (Policy::Prefer(Side::A), [0, 0], "", "z", "B=(empty), base /, A won"),
    ] {
        let got = run(&job(Direction::Both, policy.clone(), Policy::FillEmpty), Some(["x", "x"]), a, b, stamps);
        assert_eq!(told(&got), expected, "{policy} {stamps:?} {a}/{b}");
    }
    // One way: the source wins whatever the policy says, and the value that was overwritten is logged.
    for policy in
        [Policy::newest(), Policy::Prefer(Side::A), Policy::Prefer(Side::B), Policy::FillEmpty, Policy::Review]
    {
        let one_way =
            |direction| run(&job(direction, policy.clone(), Policy::FillEmpty), Some(["x", "x"]), "y", "z", [0, 0]);
        assert_eq!(told(&one_way(Direction::AToB)), "B=y, base y/y, A won", "{policy}");
        assert_eq!(told(&one_way(Direction::BToA)), "A=z, base z/z, B won", "{policy}");
    }
}

#[test]
fn without_stamps_the_fallback_decides() {
    let compiled = job(Direction::Both, Policy::newest_or(Policy::Prefer(Side::A)), Policy::FillEmpty);
    let (base, a, b) = (state(&[(JOB, text("x"))]), state(&[(JOB, text("y"))]), state(&[(JOB, text("z"))]));
    for stamps in [[None, None], [Some(at(0)), None], [None, Some(at(99))]] {
        let mut input = MergeInput::new(&a, &b, &NoRefs);
        input.base = Some([&base, &base]);
        input.stamps = stamps;
        let merged = compiled.merge(&input);
        assert_eq!(merged.conflicts[0].winner, Some(Side::A));
        assert_eq!(merged.conflicts[0].loser(), Some(&text("z")));
        assert_eq!(merged.conflicts[0].winning(), Some(&text("y")));
        assert_eq!(merged.conflicts[0].policy, "newest, else prefer A");
        assert_eq!(merged.conflicts[0].stamps, stamps);
    }
}

#[test]
fn linked_for_the_first_time() {
    for (first_link, a, b, both, a_to_b, b_to_a) in [
        (Policy::FillEmpty, "", "", "base /", "base /", "base /"),
        (Policy::FillEmpty, "y", "y", "base y/y", "base y/y", "base y/y"),
        (Policy::FillEmpty, "y", "", "B=y, base y/y", "B=y, base y/y", "base y/"),
        (Policy::FillEmpty, "", "z", "A=z, base z/z", "base /z", "A=z, base z/z"),
        (Policy::FillEmpty, "y", "z", "base y/z, both stay", "base y/z, both stay", "base y/z, both stay"),
        (Policy::Prefer(Side::A), "y", "z", "B=y, base y/y, A won", "B=y, base y/y, A won", "base y/z, both stay"),
        (Policy::Prefer(Side::B), "y", "z", "A=z, base z/z, B won", "base y/z, both stay", "A=z, base z/z, B won"),
        (Policy::newest(), "y", "z", "A=z, base z/z, B won", "base y/z, both stay", "A=z, base z/z, B won"),
        (Policy::Review, "y", "z", "no base, review", "no base, review", "no base, review"),
        // The policy of the first link does not keep an empty field empty.
        (Policy::Prefer(Side::B), "y", "", "B=y, base y/y", "B=y, base y/y", "base y/"),
    ] {
        for (direction, expected) in [(Direction::Both, both), (Direction::AToB, a_to_b), (Direction::BToA, b_to_a)] {
            let got = run(&job(direction, Policy::Review, first_link.clone()), None, a, b, [0, 100]);
            assert_eq!(told(&got), expected, "{first_link} {a}/{b} {direction:?}");
        }
    }
}

#[test]
fn what_was_not_loaded_takes_no_part() {
    let compiled = job(Direction::Both, Policy::newest(), Policy::FillEmpty);
    let (full, none) = (state(&[(JOB, text("y"))]), state(&[]));
    let base = state(&[(JOB, text("x"))]);
    for (a, b) in [(&full, &none), (&none, &full), (&none, &none)] {
        for base in [None, Some([&base, &base])] {
            let mut input = MergeInput::new(a, b, &NoRefs);
            input.base = base;
            assert!(compiled.merge(&input).is_quiet());
        }
    }
    // A pair that one base lacks is linked for the first time.
    let mut input = MergeInput::new(&full, &full, &NoRefs);
    input.base = Some([&base, &none]);
    let merged = compiled.merge(&input);
    assert!(!merged.has_writes());
    assert_eq!(merged.bases(input.base, [false, false]), [full.clone(), full.clone()]);
}

#[test]
fn a_person_decides_a_conflict() {
    let compiled = job(Direction::Both, Policy::Review, Policy::Review);
    let (base, a, b) = (state(&[(JOB, text("x"))]), state(&[(JOB, text("y"))]), state(&[(JOB, text("z"))]));
    let decided = BTreeMap::from([(PairId::from(JOB), Side::B)]);
    for base in [None, Some([&base, &base])] {
        let mut input = MergeInput::new(&a, &b, &NoRefs);
        input.base = base;
        input.decided = Some(&decided);
        let merged = compiled.merge(&input);
        assert_eq!(merged.writes[0].patch.get(&path(JOB)), Some(&text("z")));
        assert_eq!(merged.conflicts[0].policy, "decided by a person");
        assert!(merged.reviews.is_empty());
    }
}

#[test]
fn a_withheld_pair_is_not_written_and_its_base_stays() {
    let mapping = Mapping::empty(ObjectKind::Contact).both(JOB, JOB).both("department", "department");
    let compiled = compiled(&mapping, Vec::new());
    let base = state(&[(JOB, text("x")), ("department", text("x"))]);
    let a = state(&[(JOB, text("y")), ("department", text("y"))]);
    let mut input = MergeInput::new(&a, &base, &NoRefs);
    input.base = Some([&base, &base]);
    let mut merged = compiled.merge(&input);
    merged.withhold(&JOB.into());
    assert_eq!(merged.writes[1].patch.len(), 1);
    let [base_a, base_b] = merged.bases(input.base, [false, true]);
    assert_eq!(base_a, state(&[(JOB, text("x")), ("department", text("y"))]));
    assert_eq!(base_b, base_a);
}

#[test]
fn writes_that_did_not_land_do_not_move_the_base() {
    let compiled = job(Direction::Both, Policy::newest(), Policy::FillEmpty);
    let (base, a) = (state(&[(JOB, text("x"))]), state(&[(JOB, text("y"))]));
    let mut input = MergeInput::new(&a, &base, &NoRefs);
    input.base = Some([&base, &base]);
    let merged = compiled.merge(&input);
    assert_eq!(merged.bases(input.base, [false, false]), [base.clone(), base.clone()]);
    assert_eq!(merged.bases(input.base, [true, false]), [base.clone(), base.clone()]);
    assert_eq!(merged.bases(input.base, [false, true]), [a.clone(), a.clone()]);
}

fn companies() -> Compiled {
    let mapping = Mapping::empty(ObjectKind::Contact)
        .both("accounts[primary]", "accounts[primary]")
        .codec("accounts[primary]", sync_core::Codec::Ref)
        .both("owner", "owner")
        .default_policy(Policy::Prefer(Side::A));
    compiled(&mapping, Vec::new())
}

#[test]
fn references_are_translated_deferred_or_left_alone() {
    let compiled = companies();
    let links = Links::of(&[("a1", "b1"), ("a2", "b2"), ("u1", "v1")]);
    let company = |id: &str| state(&[("accounts[primary]", account_ref(id))]);
    let owner = |id: &str| state(&[("owner", user_ref(id))]);
    let empty = state(&[("accounts[primary]", Value::Null)]);

    let merge = |base: Option<[&sync_core::SideState; 2]>, a: &sync_core::SideState, b: &sync_core::SideState| {
        let mut input = MergeInput::new(a, b, &links);
        input.base = base;
        compiled.merge(&input)
    };
    // Linked: the partner is written, marked as primary where the path says so.
    let (a1, b1, a2, b2) = (company("a1"), company("b1"), company("a2"), company("b2"));
    let merged = merge(Some([&a1, &b1]), &a2, &b1);
    let Some(Value::Ref(written)) = merged.writes[1].patch.get(&path("accounts[primary]")) else { panic!() };
    assert_eq!((&*written.id, written.is_primary), ("b2", true));
    assert_eq!(merged.writes[1].wish, b2);
    // The same partner on both sides is agreement.
    assert!(!merge(None, &a1, &b1).has_writes());
    assert_eq!(merge(Some([&a1, &b1]), &a2, &b2).decisions[0].reason, Reason::Agreed);
    // Not linked yet: it waits, and no base moves.
    let a9 = company("a9");
    let merged = merge(Some([&a1, &b1]), &a9, &b1);
    assert_eq!(merged.deferred.len(), 1);
    assert!(!merged.has_writes() && merged.rebase[0].is_empty());
    let merged = merge(None, &a9, &company("b9"));
    assert_eq!((merged.deferred.len(), merged.conflicts.len()), (1, 0));
    let merged = merge(None, &a9, &empty);
    assert_eq!(&*merged.deferred[0].1.id, "a9");
    // Unknown there for good: the field is left alone, and somebody is told.
    let merged = merge(Some([&owner("u1"), &owner("v1")]), &owner("u7"), &owner("v1"));
    assert!(!merged.has_writes());
    assert_eq!(
        merged.problems[0].to_string(),
        "`owner` was not carried from A to B: user u7 is unknown there and the field was left alone; add the user there, \
         or change the field"
    );
    assert_eq!(merged.problems[0].code(), "no_counterpart");
    // Every reference of a state can be asked for.
    assert_eq!(compiled.refs(Side::A, &a2).map(|target| &*target.id).collect::<Vec<_>>(), ["a2"]);
}

#[test]
fn a_required_field_is_not_emptied() {
    let mapping = Mapping::empty(ObjectKind::Contact).both("custom.code", "custom.Code__c");
    let a = vec![field(FieldKey::custom("code"), line())];
    let b = vec![required(field(FieldKey::custom("Code__c"), line()))];
    let compiled = compiled_between(&mapping, a, b);
    let pair = "custom.code=custom.Code__c";
    let (base, now) = (state(&[(pair, text("x"))]), state(&[(pair, Value::Null)]));
    let mut input = MergeInput::new(&now, &base, &NoRefs);
    input.base = Some([&base, &base]);
    let merged = compiled.merge(&input);
    assert!(!merged.has_writes());
    assert_eq!(merged.problems[0].kind, ProblemKind::Required);
    // The other way the field may be emptied.
    let mut input = MergeInput::new(&base, &now, &NoRefs);
    input.base = Some([&base, &base]);
    assert_eq!(compiled.merge(&input).writes[0].patch.get(&path("custom.code")), Some(&Value::Null));
}

#[test]
fn texts_are_never_cut() {
    let mapping = Mapping::empty(ObjectKind::Contact).a_to_b("job_title", "custom.Short__c");
    let b = vec![field(FieldKey::custom("Short__c"), FieldType::Text { max: Some(4) })];
    let compiled = compiled_between(&mapping, Vec::new(), b);
    let pair = "job_title=custom.Short__c";
    let empty = state(&[(pair, Value::Null)]);
    for (value, fits) in [("abcd", true), ("äöüß", true), ("abcde", false)] {
        let a = state(&[(pair, text(value))]);
        let merged = compiled.merge(&MergeInput::new(&a, &empty, &NoRefs));
        assert_eq!(merged.has_writes(), fits, "{value}");
        assert_eq!(merged.problems.is_empty(), fits, "{value}");
    }
}

#[test]
fn a_computed_field_sends_and_never_receives() {
    let mapping = Mapping::unified(ObjectKind::Contact);
    let schema_a = crate::support::contacts(Vec::new());
    let mut schema_b = crate::support::contacts(Vec::new());
    schema_b.fields[2] = computed(schema_b.fields[2].clone());
    let compiled = sync_core::compile(&mapping, &schema_a, &schema_b).unwrap();
    assert_eq!(compiled.direction(&JOB.into()), Some(Direction::BToA));
    assert_eq!(compiled.warnings()[0].code, "M013");
}
