//! What simulations have found, each made small.

use std::time::Duration;

use crm_model::ObjectKind::{Account, Contact, Deal, Note, Task};
use sandbox::{Fault, FaultKind, HumanEdit, Matcher, Rate, Vendor};
use sync_core::deletes::DeletePolicy;
use testkit::sim::{Setup, object_name};

use crate::check::Rest;
use crate::drive::{Case, End, SIDES, Setting};

const FRESHSALES: Vendor = SIDES[0];
const SALESFORCE: Vendor = SIDES[1];

fn case(setting: Setting) -> Case {
    Case::new(1, &Setting { setup: Setup { people: 0, ..setting.setup.clone() }, ..setting })
}

async fn ended(case: &mut Case) {
    case.rest().await.unwrap_or_else(|violation| panic!("{violation}\n{}", case.world.script()));
    Rest::of(case).await.check().unwrap_or_else(|violation| panic!("{violation}\n{}", case.world.script()));
}

fn delete(case: &Case, vendor: Vendor, object: crm_model::ObjectKind, id: &str) {
    let edit = HumanEdit::Delete { object: object_name(vendor, object).to_owned(), id: id.to_owned() };
    case.world.person(vendor, &edit).expect("a deletion");
}

/// An opt-out reaches the other side, whenever in a run somebody clicks.
#[test]
fn an_opt_out_at_any_moment_of_a_run_travels() {
    for vendor in SIDES {
        for second in 0..24 {
            testkit::paused(async {
                let mut case = case(Setting {
                    setup: Setup { objects: vec![Contact], ..Setup::default() },
                    ..Setting::new("opt-out")
                });
                let world = case.world.clone();
                world
                    .create(FRESHSALES, Contact, &[("last_name", "Ng"), ("emails[primary]", "ng@acme.example")])
                    .expect("a person");
                case.sound_run().await.expect("a run");
                world.wait(Duration::from_secs(60)).await;
                let [here, there] = [vendor, if vendor == FRESHSALES { SALESFORCE } else { FRESHSALES }]
                    .map(|vendor| (vendor, world.records(vendor, Contact).into_keys().next().expect("a person")));
                // Something is to be written to the very record.
                world.edit(there.0, Contact, &there.1, "job_title", "Director").expect("an edit");
                for vendor in SIDES {
                    let slow = Rate { kind: FaultKind::Latency { millis: 1000 }, on: Matcher::any(), chance: 1.0 };
                    world.sandbox().faults().rate(vendor, slow);
                }
                let click = async {
                    world.wait(Duration::from_millis(500 + 1000 * second)).await;
                    world.edit(here.0, Contact, &here.1, "consent.email", "out").expect("an opt-out");
                };
                let ((), report) = tokio::join!(click, case.sound_run());
                report.expect("a run");
                ended(&mut case).await;
                for (vendor, id) in [here, there] {
                    let shown = world.record(vendor, Contact, &id).expect("a person");
                    assert_eq!(shown.get("consent.email"), "out", "{vendor}, second {second}");
                }
            });
        }
    }
}

/// The answer to a create without a key is lost, the source is edited before anybody looks: still one record.
#[test]
fn a_lost_answer_makes_no_second_record_where_there_is_no_key() {
    for (from, to, object, path) in [
        (FRESHSALES, SALESFORCE, Note, "/sobjects"),
        (SALESFORCE, FRESHSALES, Note, "/notes"),
        (SALESFORCE, FRESHSALES, Task, "/tasks"),
    ] {
        for kind in [FaultKind::ResetAfter, FaultKind::Server5xx { status: 504, after: true }, FaultKind::TruncatedBody]
        {
            testkit::paused(async {
                let mut case = case(Setting {
                    trouble: Some((testkit::sim::FaultClass::LostConnections, 0.0)),
                    ..Setting::new("no key")
                });
                let world = case.world.clone();
                let account = world.create(from, Account, &[("name", "Acme")]).expect("an account");
                case.sound_run().await.expect("a run");
                let about = format!("account:{account}");
                let (text, fields) = match object {
                    Note => ("body", vec![("body", "Called."), ("targets[primary]", about.as_str())]),
                    _ => (
                        "title",
                        vec![("title", "Call back"), ("due", "2025-07-01"), ("targets[primary]", about.as_str())],
                    ),
                };
                let id = world.create(from, object, &fields).expect("a record");
                world.sandbox().faults().inject(to, Fault::on(kind.clone(), Matcher::on("POST", path)));
                case.sound_run().await.expect("a run");
                assert_eq!(world.sandbox().faults().pending(to), [], "the answer was lost");
                world.wait(Duration::from_secs(20)).await;
                world.edit(from, object, &id, text, "Met at the fair.").expect("an edit");
                case.sound_run().await.expect("a run");
                ended(&mut case).await;
                for vendor in SIDES {
                    let shown: Vec<_> = world.records(vendor, object).into_values().collect();
                    assert_eq!(shown.len(), 1, "{vendor} {object} {kind:?}");
                    assert_eq!(shown[0].get(text), "Met at the fair.", "{vendor} {object} {kind:?}");
                }
            });
        }
    }
}

/// The answer to a create is lost and the source is deleted: what was created does not bring the source back.
#[test]
fn a_lost_answer_raises_nobody_from_the_dead() {
    for (from, to, object) in
        [(FRESHSALES, SALESFORCE, Contact), (SALESFORCE, FRESHSALES, Contact), (SALESFORCE, FRESHSALES, Task)]
    {
        testkit::paused(async {
            let mut case = case(Setting { setup: Setup { deletes: true, ..Setup::default() }, ..Setting::new("dead") });
            let world = case.world.clone();
            world.create(from, Account, &[("name", "Acme")]).expect("an account");
            case.sound_run().await.expect("a run");
            let fields = match object {
                Contact => vec![("last_name", "Ng"), ("emails[primary]", "ng@acme.example")],
                _ => vec![("title", "Call back"), ("due", "2025-07-01")],
            };
            let id = world.create(from, object, &fields).expect("a record");
            world.sandbox().faults().inject(to, Fault::on(FaultKind::ResetAfter, Matcher::on("POST", "/")).times(1));
            world.sandbox().faults().inject(to, Fault::on(FaultKind::ResetAfter, Matcher::on("PATCH", "/")).times(1));
            case.sound_run().await.expect("a run");
            world.calm();
            delete(&case, from, object, &id);
            for _ in 0..3 {
                world.wait(Duration::from_secs(45)).await;
                case.sound_run().await.expect("a run");
            }
            ended(&mut case).await;
            assert_eq!(world.records(from, object).len(), 0, "{from} {object}");
            assert!(world.records(to, object).len() <= 1, "{to} {object}");
        });
    }
}

/// A field that waited for its reference is filled once the reference is there, although the record was written to in
/// between.
#[test]
fn a_field_that_waited_is_not_forgotten() {
    testkit::paused(async {
        let mut case = case(Setting::new("waits"));
        let world = case.world.clone();
        // Two accounts of one name on one side: which one is meant is a question, and the deal's account waits.
        world
            .create(FRESHSALES, Account, &[("name", "Acme"), ("website", "https://acme.example")])
            .expect("an account");
        let one = world
            .create(SALESFORCE, Account, &[("name", "Acme One"), ("website", "https://acme.example")])
            .expect("an account");
        let two = world
            .create(SALESFORCE, Account, &[("name", "Acme Two"), ("website", "https://acme.example")])
            .expect("an account");
        let fields =
            [("name", "Renewal"), ("expected_close", "2025-07-01"), ("stage", "New"), ("account", one.as_str())];
        let deal = world.create(SALESFORCE, Deal, &fields).expect("a deal");
        case.sound_run().await.expect("a run");
        let there = world.records(FRESHSALES, Deal);
        let (there, shown) = there.first_key_value().expect("a deal");
        assert_eq!(shown.get("account"), "");
        // The deal goes on living on both sides.
        world.wait(Duration::from_secs(60)).await;
        world.edit(FRESHSALES, Deal, there, "name", "Pilot").expect("an edit");
        case.sound_run().await.expect("a run");
        world.edit(SALESFORCE, Deal, &deal, "amount", "99").expect("an edit");
        case.sound_run().await.expect("a run");
        // The question goes away.
        delete(&case, SALESFORCE, Account, &two);
        for _ in 0..3 {
            world.wait(Duration::from_secs(60)).await;
            case.sound_run().await.expect("a run");
        }
        let shown = world.record(FRESHSALES, Deal, there).expect("a deal");
        assert!(!shown.get("account").is_empty(), "{}", world.script());
        ended(&mut case).await;
    });
}

/// An owner whom the other side does not know is no edit: a deletion still travels.
#[test]
fn a_deletion_travels_whoever_owns_the_partner() {
    testkit::paused(async {
        let setup = Setup { deletes: true, objects: vec![Contact], ..Setup::default() };
        let mut case = case(Setting { setup, deletes: DeletePolicy::Delete, ..Setting::new("owner") });
        let world = case.world.clone();
        world
            .create(SALESFORCE, Contact, &[("last_name", "Ng"), ("emails[primary]", "ng@acme.example")])
            .expect("a person");
        let report = case.sound_run().await.expect("a run");
        assert_eq!(report.total(sync_core::Side::A).created, 1, "{report}");
        case.sound_run().await.expect("a run");
        let (id, _) = world.records(FRESHSALES, Contact).into_iter().next().expect("a person");
        delete(&case, FRESHSALES, Contact, &id);
        case.sound_run().await.expect("a run");
        assert_eq!(world.records(SALESFORCE, Contact).len(), 0, "{}", world.script());
        ended(&mut case).await;
    });
}

/// A run that dies with an opt-out on its way: the next one brings it there, and asks nobody whether it was taken back.
#[test]
fn an_opt_out_survives_the_death_of_a_run() {
    for point in 1..60 {
        testkit::paused(async {
            let mut case = case(Setting {
                setup: Setup { objects: vec![Contact], ..Setup::default() },
                crashes: true,
                ..Setting::new("opt-out")
            });
            let world = case.world.clone();
            let id = world
                .create(FRESHSALES, Contact, &[("last_name", "Ng"), ("emails[primary]", "ng@acme.example")])
                .expect("a person");
            case.sound_run().await.expect("a run");
            world.wait(Duration::from_secs(60)).await;
            world.edit(FRESHSALES, Contact, &id, "consent.email", "out").expect("an opt-out");
            let crash = testkit::sim::Crash::at(point);
            let sync = case.start(&crash);
            let end = case.run_in(&sync, &crash).await;
            assert!(matches!(end, End::Died | End::Done(_)), "{end:?}");
            ended(&mut case).await;
            let out = world.records(SALESFORCE, Contact).values().all(|shown| shown.get("consent.email") == "out");
            assert!(out, "point {point}");
            assert!(case.memory().await.reviews.is_empty(), "point {point}: somebody is asked");
        });
    }
}
