//! Single promises, each in a world made for it: resuming, determinism, isolation, watermarks, leases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crm_model::ObjectKind::{self, Contact};
use sandbox::{Action, FaultKind, Matcher, Rate, Vendor};
use sync_engine::SyncError;
use sync_store::StoreError;
use testkit::sim::{Crash, FaultClass, OBJECTS, Setup, Shown, fields, is_reference};

use crate::check::Rest;
use crate::drive::{Case, End, SIDES, Setting};
use crate::seeds::{play, quiescence};

fn contacts_only() -> Setup {
    Setup { objects: vec![Contact], ..Setup::default() }
}

/// What both vendors show, ids aside: each record with its references as names.
fn content(case: &Case) -> Vec<String> {
    let world = &case.world;
    let name = |vendor, object, id: &str| {
        let shown = world.record(vendor, object, id).unwrap_or_default();
        ["name", "emails[primary]"].map(|field| shown.get(field).to_owned()).concat()
    };
    let tell = |vendor, object: ObjectKind, shown: &Shown| {
        let told = fields(object).iter().map(|field| match shown.get(field) {
            value if is_reference(field) => match value.split_once(':') {
                Some((kind, id)) => name(vendor, kind.parse().expect("an object"), id),
                None => name(vendor, ObjectKind::Account, value),
            },
            value => value.to_owned(),
        });
        format!("{vendor} {object} {}", told.collect::<Vec<_>>().join("; "))
    };
    let mut all = Vec::new();
    for vendor in SIDES {
        for object in OBJECTS {
            all.extend(world.records(vendor, object).values().map(|shown| tell(vendor, object, shown)));
        }
    }
    all.sort();
    all
}

/// A world in which a sync is half way through its life: linked once, edited since.
async fn edited(seed: u64) -> Case {
    let mut case = Case::new(seed, &Setting::new("resume"));
    case.world.populate().await;
    case.sound_run().await.expect("a run");
    case.world.wait(Duration::from_secs(30)).await;
    case.world.people_edit(12).await;
    case
}

/// I9: wherever a process dies, what comes out in the end is what would have come out anyway.
#[test]
fn a_death_leaves_no_trace() {
    for (seed, first_run) in [(1, true), (2, true), (3, false), (4, false), (5, false)] {
        let begin = async || {
            if first_run {
                let case = Case::new(seed, &Setting::new("resume"));
                case.world.populate().await;
                case
            } else {
                edited(seed).await
            }
        };
        let (expected, points) = testkit::paused(async {
            let mut case = begin().await;
            let life = Crash::never();
            let sync = case.start(&life);
            assert!(matches!(case.run_in(&sync, &life).await, End::Done(_)));
            case.rest().await.expect("rest");
            (content(&case), life.passed())
        });
        // Every seventh point of this seed; other seeds take others.
        for point in (1 + seed % 7..points).step_by(7) {
            testkit::paused(async {
                let mut case = begin().await;
                let crash = Crash::at(point);
                let sync = case.start(&crash);
                assert!(matches!(case.run_in(&sync, &crash).await, End::Died));
                drop(sync);
                case.rest().await.unwrap_or_else(|violation| {
                    panic!("seed {seed}, point {point}: {violation}\n{}", case.world.script())
                });
                let got = content(&case);
                let only = |one: &[String], two: &[String]| {
                    one.iter().filter(|line| !two.contains(line)).cloned().collect::<Vec<_>>().join("\n")
                };
                assert!(
                    got == expected,
                    "seed {seed}, killed at point {point} of {points}:\nmissing:\n{}\ntoo much:\n{}",
                    only(&expected, &got),
                    only(&got, &expected)
                );
                Rest::of(&case)
                    .await
                    .check()
                    .unwrap_or_else(|violation| panic!("seed {seed}, point {point}: {violation}"));
            });
        }
    }
}

/// I11: the same seed gives the same world to the byte, faults, deaths and all.
#[test]
fn the_same_seed_is_the_same_world() {
    let setting = Setting {
        setup: Setup { deletes: true, misfits: true, ..Setup::default() },
        crashes: true,
        unrest: 0.05,
        trouble: Some((FaultClass::Everything, 0.05)),
        ..Setting::new("the_same_seed_is_the_same_world")
    };
    for seed in 0..4 {
        let once = || {
            testkit::paused(async {
                let mut case = Case::new(seed, &setting);
                case.play().await.expect("a play");
                let memory = case.memory().await;
                (case.world.state(), case.world.script(), format!("{:?} {:?}", memory.links, memory.conflicts))
            })
        };
        let (one, two) = (once(), once());
        assert!(one.0 == two.0 && one.1 == two.1 && one.2 == two.2, "seed {seed}:\n{}\n\n{}", one.1, two.1);
    }
}

/// I12: a record that the vendor always fails on keeps nobody else waiting.
#[test]
fn a_poisoned_record_is_alone() {
    let run = |poisoned: bool| {
        testkit::paused(async move {
            let mut case = Case::new(3, &Setting { setup: contacts_only(), ..Setting::new("poison") });
            let world = case.world.clone();
            for number in 0..12 {
                let email = format!("p{number}@acme.example");
                world
                    .create(SIDES[1], Contact, &[("last_name", "Noether"), ("emails[primary]", &email)])
                    .expect("a person");
            }
            case.sound_run().await.expect("a run");
            let there = world.records(SIDES[0], Contact);
            let victim = there
                .iter()
                .find(|(_, shown)| shown.get("emails[primary]") == "p5@acme.example")
                .expect("a victim")
                .0
                .clone();
            if poisoned {
                let on = Matcher { method: Some("PUT".to_owned()), contains: Some(victim.clone()), ..Matcher::any() };
                world
                    .sandbox()
                    .faults()
                    .rate(SIDES[0], Rate { kind: FaultKind::Server5xx { status: 500, after: false }, on, chance: 1.0 });
            }
            for id in world.records(SIDES[1], Contact).keys() {
                world.edit(SIDES[1], Contact, id, "job_title", "Director").expect("an edit");
            }
            let calls = world.count().0;
            let report = case.sound_run().await.expect("a run");
            let calls = world.count().0 - calls;
            let titled = |shown: &Shown| shown.get("job_title") == "Director";
            let late: BTreeSet<String> = world
                .records(SIDES[0], Contact)
                .into_iter()
                .filter(|(_, shown)| !titled(shown))
                .map(|(id, _)| id)
                .collect();
            let expected = if poisoned { BTreeSet::from([victim.clone()]) } else { BTreeSet::new() };
            assert_eq!(late, expected, "{report}");
            assert_eq!(report.errors.len(), usize::from(poisoned), "{report}");
            // Cured, it follows.
            case.rest().await.expect("rest");
            assert!(world.records(SIDES[0], Contact).values().all(titled));
            (calls, content(&case))
        })
    };
    let ((healthy, one), (poisoned, other)) = (run(false), run(true));
    assert_eq!(one, other);
    assert!(
        poisoned <= healthy + 3,
        "{poisoned} calls with the poisoned record, {healthy} without: at most its own three repetitions more"
    );
}

/// I13: more records share a second than fit on a page, and edits fall into the second of a read.
#[test]
fn ties_are_not_lost() {
    let mut setup = contacts_only();
    setup.people = 0;
    setup.freshsales.short_pages = true;
    testkit::paused(async {
        let mut case = Case::new(1, &Setting { setup, ..Setting::new("ties") });
        let world = case.world.clone();
        for number in 0..230 {
            let email = format!("p{number}@acme.example");
            world
                .create(SIDES[0], Contact, &[("last_name", "Noether"), ("emails[primary]", &email)])
                .expect("a person");
        }
        case.sound_run().await.expect("a run");
        assert_eq!(world.records(SIDES[1], Contact).len(), 230);
        let ids: Vec<Vec<String>> = SIDES.map(|vendor| world.records(vendor, Contact).into_keys().collect()).into();
        // No time passes at all: every edit has the stamp of the read before and after it.
        for turn in 0..6 {
            let side = turn % 2;
            let id = &ids[side][turn * 37];
            let title = format!("Head of {turn}");
            world.edit(SIDES[side], Contact, id, "job_title", &title).expect("an edit");
            case.sound_run().await.expect("a run");
            let carried = world
                .records(SIDES[1 - side], Contact)
                .values()
                .filter(|shown| shown.get("job_title") == title)
                .count();
            assert_eq!(carried, 1, "turn {turn}");
        }
    });
}

/// I13: what a vendor shows late is seen when it shows, and what it shows late of our own writes is no edit.
#[test]
fn lag_loses_nothing_and_starts_no_ping_pong() {
    let mut setup = contacts_only();
    setup.freshsales.view_delay_seconds = 40;
    setup.freshsales.search_delay_seconds = 40;
    for seed in 0..6 {
        testkit::paused(async {
            let mut case = Case::new(seed, &Setting { setup: setup.clone(), ..Setting::new("lag") });
            case.world.populate().await;
            for _ in 0..4 {
                case.sound_run().await.expect("a run");
                case.world.people_edit(3).await;
                case.world.wait(Duration::from_secs(7)).await;
            }
            case.rest().await.unwrap_or_else(|violation| panic!("seed {seed}: {violation}\n{}", case.world.script()));
            let rest = Rest::of(&case).await;
            rest.convergence().unwrap_or_else(|violation| panic!("seed {seed}: {violation}\n{}", case.world.script()));
            quiescence(&mut case).await.expect("quiet");
        });
    }
}

/// I5: a worker that died keeps the others waiting until its lease is over, and then nothing is done twice.
#[test]
fn a_second_worker_takes_over() {
    for (seed, point) in [(1, 40), (2, 60), (3, 80), (4, 100)] {
        testkit::paused(async {
            let mut case = Case::new(seed, &Setting::new("workers"));
            case.world.populate().await;
            let crash = Crash::at(point);
            let first = case.start_as("first", &crash);
            assert!(matches!(case.run_in(&first, &crash).await, End::Died));
            let life = Crash::never();
            let second = case.start_as("second", &life);
            match case.run_in(&second, &life).await {
                End::Failed(SyncError::Store(StoreError::Held { by, .. })) => assert_eq!(by, "first"),
                other => panic!("{other:?}"),
            }
            case.world.wait(Duration::from_secs(601)).await;
            assert!(matches!(case.run_in(&second, &life).await, End::Done(_)));
            case.rest().await.expect("rest");
            Rest::of(&case)
                .await
                .check()
                .unwrap_or_else(|violation| panic!("seed {seed}: {violation}\n{}", case.world.script()));
        });
    }
}

/// A worker that was only slow finds its lease gone, and sends nothing after the request in flight.
#[test]
fn a_worker_that_lost_its_lease_stops() {
    testkit::paused(async {
        let mut case = Case::new(2, &Setting::new("fencing"));
        case.world.populate().await;
        // Calls take so long that the first run outlasts its lease.
        for vendor in SIDES {
            case.world
                .sandbox()
                .faults()
                .rate(vendor, Rate { kind: FaultKind::Latency { millis: 20_000 }, on: Matcher::any(), chance: 1.0 });
        }
        let life = Crash::never();
        let (slow, quick) = (case.start_as("slow", &life), case.start_as("quick", &life));
        let world = case.world.clone();
        let take_over = async {
            // Whoever takes over in spite of the lease, as an operator might force.
            tokio::time::sleep(Duration::from_secs(400)).await;
            let now = world.clock().now() + chrono::TimeDelta::hours(1);
            case.store.acquire("quick", Duration::from_secs(600), now).await.expect("the lease");
            world.count().1
        };
        let (result, writes) = tokio::join!(slow.run(), take_over);
        assert!(matches!(result, Err(SyncError::Store(StoreError::StaleLease { .. }))), "{result:?}");
        assert!(world.count().1 <= writes + 1, "{} writes after the lease was gone", world.count().1 - writes);
        world.calm();
        world.wait(Duration::from_secs(5000)).await;
        assert!(matches!(case.run_in(&quick, &life).await, End::Done(_)));
        case.rest().await.expect("rest");
        Rest::of(&case).await.check().unwrap_or_else(|violation| panic!("{violation}\n{}", case.world.script()));
    });
}

/// I10: a first run takes the calls that its records need, and one run repeats none of another.
#[test]
fn calls_are_bounded() {
    testkit::paused(async {
        let mut case = Case::new(1, &Setting { setup: contacts_only(), ..Setting::new("calls") });
        let world = case.world.clone();
        for number in 0..210 {
            let email = format!("p{number}@acme.example");
            world
                .create(SIDES[0], Contact, &[("last_name", "Noether"), ("emails[primary]", &email)])
                .expect("a person");
        }
        case.sound_run().await.expect("a run");
        let mut calls: BTreeMap<Vendor, usize> = BTreeMap::new();
        let mut created = 0;
        for call in world.calls() {
            *calls.entry(call.vendor).or_default() += 1;
            created += call.effects.iter().filter(|effect| effect.action == Action::Created).count();
        }
        assert_eq!(created, 210);
        // 3 pages and a recycle bin; views, users and field settings once.
        assert!(calls[&SIDES[0]] <= 9, "{calls:?}");
        // 2 batches of 200 and their reading back; a feed; the token, users, the own user and the description once.
        assert!(calls[&SIDES[1]] <= 10, "{calls:?}");
    });
}

/// The message of a failing seed is what one needs to play it, and playing it twice tells the same.
#[test]
fn a_seed_is_replayed_exactly() {
    let setting = Setting { crashes: true, unrest: 0.1, ..Setting::new("replay") };
    let (one, result) = play(11, &setting);
    let (two, again) = play(11, &setting);
    assert_eq!((one, &result), (two, &again));
    result.expect("a seed that holds");
}
