//! What people get wrong, and what the network and the disk do: a clear error that says what to do, nothing lost, and
//! the next run works.

use std::path::PathBuf;
use std::sync::Arc;

use crm_model::ObjectKind::{Account, Contact};
use crmkit::SqliteStore;
use sandbox::{Fault, FaultKind, Matcher, Vendor};
use sync_core::{Mapping, Side, ValueTable};
use sync_engine::{ObjectSync, Sync, SyncError};
use sync_store::{LinkFilter, MemoryStore, Page, StateStore, StoreError};
use testkit::sim::{Crash, Setup, World};

use crate::drive::SIDES;

/// A world with one person on each side.
fn world() -> World {
    let world = World::new(1, Setup::default());
    let person = |last, email| [("last_name", last), ("first_name", "Ada"), ("emails[primary]", email)];
    world.create(SIDES[0], Contact, &person("Lovelace", "ada@acme.example")).expect("a person");
    world.create(SIDES[1], Contact, &person("Hopper", "hopper@acme.example")).expect("a person");
    world
}

fn sync(world: &World, store: &Arc<dyn StateStore>, object: impl Into<ObjectSync>) -> Sync {
    let [a, b] = SIDES.map(|vendor| world.connect(vendor, &Crash::never()));
    Sync::between(a, b)
        .object(object)
        .shared_state(store.clone())
        .clock(world.clock())
        .build()
        .expect("a complete sync")
}

fn memory() -> Arc<dyn StateStore> {
    Arc::new(MemoryStore::new())
}

/// Both ways of starting fail with the same words, nothing is written anywhere, and what they are.
async fn refused(world: &World, store: &Arc<dyn StateStore>, sync: &Sync) -> String {
    let before = world.state();
    let error = sync.plan().await.expect_err("a plan");
    let again = sync.run().await.expect_err("a run");
    assert_eq!(world.state(), before, "something was written");
    let links = store.scan_links("contact", LinkFilter::All, Page::first(10)).await.expect("links");
    assert!(links.is_empty(), "something was remembered");
    let words = |error: &SyncError| error.to_string().split(" (").take(2).collect::<Vec<_>>().join(" (");
    assert_eq!(words(&error), words(&again), "attempts and times may differ");
    error.to_string()
}

/// A sync that is set up right finds everything as it was.
async fn works(world: &World, store: &Arc<dyn StateStore>) {
    let report = sync(world, store, Contact).run().await.expect("a run");
    assert_eq!(report.writes(), 2, "{report}");
    for vendor in SIDES {
        assert_eq!(world.records(vendor, Contact).len(), 2);
    }
    assert_eq!(sync(world, store, Contact).run().await.expect("a run").writes(), 0);
}

#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn a_mapping_that_names_a_field_that_is_not_there() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let mapping = Mapping::unified(Contact).both("custom.cf_teir", "custom.Tier__c");
        let message = refused(&world, &store, &sync(&world, &store, mapping)).await;
        says(&message, &["the mapping cannot be used", "M002", "cf_teir", "freshsales", "did you mean", "cf_tier"]);
        works(&world, &store).await;
    });
}

#[test]
fn a_required_field_that_nothing_fills() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let mapping = || Mapping::unified(Contact).drop("last_name");
        let message = refused(&world, &store, &sync(&world, &store, mapping())).await;
        says(&message, &["M009", "last_name", "salesforce", "constant"]);
        // The message says what to do, and that helps.
        let mapping = mapping().constant(Side::B, "last_name", "(unknown)");
        let report = sync(&world, &store, mapping).run().await.expect("a run");
        assert_eq!(report.total(Side::B).created, 1, "{report}");
        let names: Vec<String> =
            world.records(SIDES[1], Contact).values().map(|shown| shown.get("last_name").to_owned()).collect();
        assert!(names.contains(&"(unknown)".to_owned()), "{names:?}");
    });
}

#[test]
fn a_choice_that_the_other_side_does_not_have() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        // A text that anybody may type, into a list of three choices.
        let mapping = || Mapping::unified(Contact).both("custom.cf_region", "custom.Tier__c");
        let [(ada, _)] = &world.records(SIDES[0], Contact).into_iter().collect::<Vec<_>>()[..] else {
            panic!("one person")
        };
        let region = |value: &str| {
            let fields = serde_json::json!({"custom_field": {"cf_region": value}});
            world.sandbox().edit(SIDES[0], "contact", ada, fields).expect("an edit");
        };
        region("Platinum");
        let planned = match sync(&world, &store, mapping()).plan().await {
            Ok(plan) => plan,
            Err(error) => {
                says(&error.to_string(), &["cf_region", "Tier__c"]);
                return;
            }
        };
        let report = planned.apply().await.expect("an apply");
        // The value stays where it is, the person is told, and everybody else is synced.
        let errors = report.errors_csv();
        says(&errors, &["freshsales", ada.as_str(), "cf_region"]);
        assert_eq!(report.total(Side::A).created, 1, "{report}");
        region("Gold");
        sync(&world, &store, mapping()).run().await.expect("a run");
        let tiers = world.sandbox().state(SIDES[1])["Contact"].to_string();
        says(&tiers, &["\"Tier__c\":\"Gold\""]);
    });
}

#[test]
fn a_table_that_forgets_a_choice() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let (tier, source) = ("custom.cf_tier", "lead_source");
        let table = ValueTable::new().pair("Gold", "Web").a_to_b("Silver", "Web");
        let mapping = || Mapping::unified(Contact).a_to_b(tier, source);
        let id = sync_core::PairId::of(&tier.parse().expect("a path"), &source.parse().expect("a path"));
        let message = refused(&world, &store, &sync(&world, &store, mapping().values(id.clone(), table.clone()))).await;
        says(&message, &["M006", "Bronze"]);
        let whole = mapping().values(id, table.leave(Side::A, "Bronze"));
        assert_eq!(sync(&world, &store, whole).run().await.expect("a run").writes(), 2);
    });
}

#[test]
fn stages_that_nobody_told_apart() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let message = refused(&world, &store, &sync(&world, &store, crm_model::ObjectKind::Deal)).await;
        says(&message, &["deal stages without a counterpart", "stage table", "New, Discovery, Demo, Negotiation;"]);
        works(&world, &store).await;
    });
}

#[test]
fn a_wrong_key() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let mut wrong = testkit::SandboxTransport::new(world.sandbox(), SIDES[0]).credentials();
        wrong["api_key"] = "canary-key-that-is-wrong".into();
        let a = world.connect_as(SIDES[0], &Crash::never(), &wrong);
        let b = world.connect(SIDES[1], &Crash::never());
        let broken = Sync::between(a, b)
            .object(Contact)
            .shared_state(store.clone())
            .clock(world.clock())
            .build()
            .expect("a sync");
        let message = refused(&world, &store, &broken).await;
        says(&message, &["freshsales (side A)", "401", "API Settings"]);
        assert!(!message.contains("canary"), "{message}");
        assert!(!format!("{broken:?}").contains("canary"));
        works(&world, &store).await;
    });
}

#[test]
fn a_wrong_secret() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let mut wrong = testkit::SandboxTransport::new(world.sandbox(), SIDES[1]).credentials();
        wrong["client_secret"] = "canary-secret-that-is-wrong".into();
        let a = world.connect(SIDES[0], &Crash::never());
        let b = world.connect_as(SIDES[1], &Crash::never(), &wrong);
        let broken = Sync::between(a, b)
            .object(Contact)
            .shared_state(store.clone())
            .clock(world.clock())
            .build()
            .expect("a sync");
        let message = refused(&world, &store, &broken).await;
        says(&message, &["salesforce (side B)", "invalid_client"]);
        assert!(!message.contains("canary"), "{message}");
        works(&world, &store).await;
    });
}

#[test]
fn a_host_that_is_not_there() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let mut wrong = testkit::SandboxTransport::new(world.sandbox(), SIDES[0]).credentials();
        wrong["base_url"] = "http://127.0.0.1:4999/crm/sales".into();
        let a = world.connect_as(SIDES[0], &Crash::never(), &wrong);
        let b = world.connect(SIDES[1], &Crash::never());
        let broken = Sync::between(a, b)
            .object(Contact)
            .shared_state(store.clone())
            .clock(world.clock())
            .build()
            .expect("a sync");
        let message = refused(&world, &store, &broken).await;
        says(&message, &["freshsales (side A)", "not sent", "connection refused", "check the address"]);
        works(&world, &store).await;
    });
}

/// Every call of a vendor meets a fault for as long as one run may try.
async fn under(kind: FaultKind, vendor: Vendor) -> String {
    let (world, store) = (world(), memory());
    let broken = sync(&world, &store, Contact);
    world.sandbox().faults().inject(vendor, Fault::on(kind, Matcher::any()).times(200));
    let message = refused(&world, &store, &broken).await;
    world.calm();
    works(&world, &store).await;
    message
}

#[test]
fn web_pages_and_answers_that_break_off() {
    for vendor in SIDES {
        let html = testkit::paused(under(FaultKind::Html200, vendor));
        says(&html, &[vendor.name(), "200", "text/html", "not what was asked for"]);
        let cut = testkit::paused(under(FaultKind::TruncatedBody, vendor));
        says(&cut, &[vendor.name(), "broke off"]);
        let malformed = testkit::paused(under(FaultKind::MalformedBody, vendor));
        says(&malformed, &[vendor.name()]);
    }
}

#[test]
fn a_feed_that_breaks_off_half_way_is_read_again() {
    testkit::paused(async {
        for vendor in SIDES {
            let (world, store) = (world(), memory());
            let broken = sync(&world, &store, Contact);
            broken.plan().await.expect("a plan");
            world
                .edit(
                    vendor,
                    Contact,
                    world.records(vendor, Contact).keys().next().expect("somebody"),
                    "job_title",
                    "Director",
                )
                .expect("an edit");
            let (_, writes) = world.count();
            let matcher = Matcher { method: Some("GET".to_owned()), ..Matcher::any() };
            world.sandbox().faults().inject(vendor, Fault::on(FaultKind::TruncatedBody, matcher).times(200));
            broken.run().await.expect_err("a run");
            assert_eq!(world.count().1, writes, "a run that could not read wrote something");
            world.calm();
            broken.run().await.expect("a run");
            for other in SIDES {
                let titles =
                    world.records(other, Contact).values().filter(|shown| shown.get("job_title") == "Director").count();
                assert_eq!(titles, 1, "{vendor} to {other}");
            }
        }
    });
}

#[test]
fn one_record_that_cannot_be_read_keeps_nobody_else_from_being_synced() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        for number in 0..4 {
            let email = format!("p{number}@acme.example");
            world
                .create(SIDES[0], Contact, &[("last_name", "Noether"), ("emails[primary]", &email)])
                .expect("a person");
        }
        let sync = sync(&world, &store, Contact);
        // In the page of contacts, the record in the middle has a field of a wrong type.
        let matcher = Matcher::on("GET", "/contacts/view/");
        world.sandbox().faults().inject(SIDES[0], Fault::on(FaultKind::BadRecord, matcher));
        let report = sync.run().await.expect("a run");
        assert_eq!(report.total(Side::B).created, 4, "{report}");
        assert_eq!(report.errors.len(), 1, "{report}");
        says(&report.errors_csv(), &["freshsales", "cannot be read"]);
        // Once it can be read, it is synced like the others.
        sync.run().await.expect("a run");
        assert_eq!(world.records(SIDES[1], Contact).len(), 6);
    });
}

#[test]
fn a_second_worker_waits() {
    testkit::paused(async {
        let (world, store) = (world(), memory());
        let lease = store
            .acquire("night shift", std::time::Duration::from_secs(600), world.clock().now())
            .await
            .expect("a lease");
        let error = sync(&world, &store, Contact).run().await.expect_err("a run");
        assert!(matches!(error, SyncError::Store(StoreError::Held { .. })), "{error}");
        says(&error.to_string(), &["the state of the sync", "night shift", "wait until then"]);
        assert_eq!(world.count().1, 0);
        store.release(&lease).await.expect("a release");
        works(&world, &store).await;
    });
}

/// A path that no other test uses.
struct StateFile(PathBuf);

impl StateFile {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("crmkit-{}-{name}.db", std::process::id()));
        let file = Self(path);
        file.remove();
        file
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm", "-journal", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The file of a sync that has run.
async fn used(name: &str) -> (World, StateFile) {
    let (world, file) = (world(), StateFile::new(name));
    let store: Arc<dyn StateStore> = Arc::new(SqliteStore::open(&file.0).await.expect("a store"));
    works(&world, &store).await;
    (world, file)
}

/// After whatever was refused: the file still has everything, so nothing is created twice.
async fn still_good(world: &World, file: &StateFile) {
    let store: Arc<dyn StateStore> = Arc::new(SqliteStore::open(&file.0).await.expect("a store"));
    assert_eq!(sync(world, &store, Contact).run().await.expect("a run").writes(), 0);
    assert_eq!(world.records(SIDES[0], Contact).len(), 2);
}

/// Real files have real time.
fn with_files<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(test)
}

#[test]
fn a_state_file_that_is_in_use() {
    with_files(async {
        let (world, file) = used("locked").await;
        let open = SqliteStore::open(&file.0).await.expect("a store");
        let error = SqliteStore::open(&file.0).await.map(drop).expect_err("a second opening");
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        says(&error.to_string(), &["in use", "stop that process", &file.0.display().to_string()]);
        drop(open);
        still_good(&world, &file).await;
    });
}

#[test]
fn a_state_file_that_is_damaged() {
    with_files(async {
        let (world, file) = used("corrupt").await;
        let good = std::fs::read(&file.0).expect("the file");
        std::fs::write(&file.0, b"name,email\nAda,ada@acme.example\n").expect("a write");
        let error = SqliteStore::open(&file.0).await.map(drop).expect_err("no state file");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        says(&error.to_string(), &["cannot be used", "restore the file from a backup", "nothing was changed"]);
        assert_eq!(std::fs::read(&file.0).expect("the file"), b"name,email\nAda,ada@acme.example\n");
        std::fs::write(&file.0, good).expect("a write");
        still_good(&world, &file).await;
    });
}

#[test]
fn a_state_file_of_a_newer_version() {
    /// Where SQLite's file header holds the number that an application gives its format.
    const USER_VERSION: usize = 60;
    with_files(async {
        let (world, file) = used("newer").await;
        let good = std::fs::read(&file.0).expect("the file");
        let mut newer = good.clone();
        newer[USER_VERSION..USER_VERSION + 4].copy_from_slice(&9999_u32.to_be_bytes());
        std::fs::write(&file.0, newer).expect("a write");
        let error = SqliteStore::open(&file.0).await.map(drop).expect_err("a newer file");
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        says(&error.to_string(), &["9999", "upgrade the program", "nothing was changed"]);
        std::fs::write(&file.0, good).expect("a write");
        still_good(&world, &file).await;
    });
}

/// A state that lost its file: records are matched anew, and nobody is created twice.
#[test]
fn a_state_file_that_is_gone() {
    with_files(async {
        let (world, file) = used("gone").await;
        file.remove();
        let store: Arc<dyn StateStore> = Arc::new(SqliteStore::open(&file.0).await.expect("a store"));
        let report = sync(&world, &store, Contact).run().await.expect("a run");
        assert_eq!((report.writes(), report.total(Side::A).linked), (0, 2), "{report}");
    });
}

#[test]
fn a_sync_that_is_not_put_together() {
    testkit::paused(async {
        let world = world();
        let [a, b] = SIDES.map(|vendor| world.connect(vendor, &Crash::never()));
        let error = Sync::between(a.clone(), b.clone()).object(Account).build().expect_err("no state");
        says(&error.to_string(), &["needs a state", ".state("]);
        let error = Sync::between(a, b).state(MemoryStore::new()).build().expect_err("no object");
        says(&error.to_string(), &["at least one object", ".object("]);
    });
}
