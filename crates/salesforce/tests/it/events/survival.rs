//! Subscriptions that survive: broken connections, ended sessions, quiet hours, slow readers.

use std::time::Duration;

use futures::StreamExt as _;
use salesforce::events::{Incoming, ReplayId, Start, position_lost};
use salesforce::{ErrorKind, Salesforce};
use sandbox::salesforce::Cuts;
use sandbox::{Clock, Data, Sandbox, Vendor};

use super::{Bus, change, failure, next};
use crate::{credentials, text};

/// Whatever breaks whenever, each event comes once and in order; also when the reader itself stops and starts again from
/// the place it has stored.
#[tokio::test(start_paused = true)]
async fn no_event_is_lost_or_repeated_across_broken_connections() {
    for seed in 0..40 {
        let bus = Bus::new();
        let control = bus.sandbox.salesforce_events();
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut stream = bus.contacts(Start::Latest);
        control.keep_alive();
        let first = next(&mut stream).await;
        control.cut(Some(Cuts { seed, least: 0, most: 7 }));
        let mut stored: ReplayId = first.replay_id().clone();
        let (mut sent, mut seen) = (Vec::new(), Vec::new());
        while seen.len() < 120 {
            if sent.len() < 120 {
                for _ in 0..dice.usize(0..6).min(120 - sent.len()) {
                    sent.push(bus.person("x"));
                }
            }
            match dice.u8(0..10) {
                0 => control.disconnect(),
                1 => control.keep_alive(),
                2 => stream = bus.contacts(Start::After(stored.clone())),
                _ => {}
            }
            for _ in 0..dice.usize(0..9) {
                let Ok(item) = tokio::time::timeout(Duration::from_secs(5), stream.next()).await else { break };
                let item = item
                    .unwrap_or_else(|| panic!("seed {seed}: ended"))
                    .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                stored = item.replay_id().clone();
                if let Incoming::Change(event) = item {
                    seen.extend(event.header().record_ids.clone());
                }
            }
        }
        assert_eq!(seen, sent, "seed {seed}");
        assert!(bus.rpcs("Subscribe") > 5, "seed {seed}: connections did break");
    }
}

/// A reader is never sent more than it asked for, however fast events come, and never waits although there are some.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_sets_the_pace() {
    let bus = Bus::new();
    let events = bus.events.clone().batch(4).unwrap();
    let ids: Vec<String> = (0..50).map(|_| bus.person("x")).collect();
    let mut stream = events.subscribe("/data/ContactChangeEvent", Start::Earliest);
    for id in &ids {
        assert_eq!(change(&mut stream).await.header().record_ids, std::slice::from_ref(id));
        // Much longer than the service lets a subscriber idle who has asked for nothing.
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(bus.rpcs("Subscribe"), 1, "asked for more in time");
}

/// A quiet topic: the place moves with the signs of life, so that what was stored does not expire.
#[tokio::test(start_paused = true)]
async fn a_quiet_topic_moves_its_place() {
    let start = "2025-06-02T09:00:00Z".parse().unwrap();
    let sandbox = Sandbox::builder().data(Data::Empty).clock(Clock::follow_tokio(start)).build();
    let bus = Bus::of(sandbox);
    bus.person("A");
    let mut stream = bus.contacts(Start::Earliest);
    let old = change(&mut stream).await.replay_id().clone();
    let begun = tokio::time::Instant::now();
    let mut place = old.clone();
    while begun.elapsed() < Duration::from_secs(100 * 3600) {
        let Incoming::Position(moved) = next(&mut stream).await else { panic!("not quiet") };
        place = moved;
    }
    assert_eq!(bus.rpcs("Subscribe"), 1);
    drop(stream);
    let id = bus.person("B");
    let mut resumed = bus.contacts(Start::After(place));
    assert_eq!(change(&mut resumed).await.header().record_ids, [id]);
    let error = failure(&mut bus.contacts(Start::After(old))).await;
    assert!(position_lost(&error), "{error}");
}

/// A place that is too old, or none at all, is no reason to guess: the error says that events were lost and what to do.
#[tokio::test(start_paused = true)]
async fn a_lost_place_is_told_as_such() {
    let bus = Bus::new();
    bus.person("A");
    let mut stream = bus.contacts(Start::Earliest);
    let place = change(&mut stream).await.replay_id().clone();
    bus.sandbox.clock().advance(chrono::TimeDelta::hours(73));
    let mut next_place = place.as_bytes().to_vec();
    *next_place.last_mut().unwrap() ^= 0x55;
    for lost in [place, ReplayId::new(next_place), ReplayId::new(vec![1]), ReplayId::new(vec![])] {
        let error = failure(&mut bus.contacts(Start::After(lost))).await;
        assert!(position_lost(&error), "{error}");
        assert_eq!(error.kind(), ErrorKind::Gone);
        assert!(!error.is_retryable() && error.hint().contains("read the objects again"), "{error}");
    }
    // Every stored event has expired, which is no error for one who starts with what there is.
    bus.person("B");
    change(&mut bus.contacts(Start::Earliest)).await;
}

/// The session ends in the middle of the stream: it is renewed and nobody notices. One that cannot be renewed ends it.
#[tokio::test]
async fn the_session_is_renewed_in_the_stream() {
    let sandbox = Sandbox::builder().data(Data::Empty).build();
    let running = sandbox.serve(0).await.unwrap();
    let client = Salesforce::builder().login(credentials(&running)).seed(1).build().unwrap();
    let events = client.pubsub().endpoint(&text(&running, "pubsub_url")).unwrap().seed(1);
    let person = || sandbox.create(Vendor::Salesforce, "Contact", serde_json::json!({"LastName": "x"})).unwrap().id;
    let mut stream = events.subscribe("/data/ContactChangeEvent", Start::Earliest);
    for round in 0..3 {
        let id = person();
        assert_eq!(change(&mut stream).await.header().record_ids, [id], "round {round}");
        // Past the two hours that a session lives without use.
        sandbox.clock().advance(chrono::TimeDelta::hours(3));
    }
    let log = sandbox.log().of(Vendor::Salesforce);
    assert_eq!(log.iter().filter(|entry| entry.path == "/services/oauth2/token").count(), 3);
    drop(stream);

    let fixed = salesforce::Session::new(&text(&running, "instance_url"), "00D000000000001!stale".to_owned()).unwrap();
    let stranger = Salesforce::builder().login(fixed).seed(1).build().unwrap();
    let events = stranger.pubsub().endpoint(&text(&running, "pubsub_url")).unwrap();
    let error = failure(&mut events.subscribe("/data/ContactChangeEvent", Start::Latest)).await;
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(!format!("{error} {error:?}").contains("stale"));
    running.shutdown().await;
}

/// A service that is away for a while is waited for; one that stays away is told.
#[tokio::test(start_paused = true)]
async fn a_service_that_stays_away_is_given_up() {
    let bus = Bus::new();
    bus.person("A");
    bus.sandbox.salesforce_events().cut(Some(Cuts { seed: 3, least: 0, most: 0 }));
    let events = bus.events.clone().retries(4);
    let mut stream = events.subscribe("/data/ContactChangeEvent", Start::Earliest);
    let begun = tokio::time::Instant::now();
    let error = failure(&mut stream).await;
    assert!(error.is_retryable(), "{error}");
    assert_eq!(bus.rpcs("Subscribe"), 5);
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(3_750) && waited <= Duration::from_millis(7_500), "{waited:?}");
    bus.sandbox.salesforce_events().cut(None);
    change(&mut bus.contacts(Start::Earliest)).await;
}
