//! Drives a sync through a simulated world: processes that start, run and die, and a state that survives them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crm_model::ObjectKind;
use sandbox::Vendor;
use sync_core::deletes::DeletePolicy;
use sync_core::{Mapping, Policy};
use sync_engine::{ObjectSync, RunReport, StageTable, Sync, SyncError};
use sync_store::{ConflictEntry, Intent, Link, LinkFilter, MemoryStore, Page, Review, Scope, Side, StateStore};
use testkit::sim::{Crash, CrashStore, FaultClass, RecordKey, STAGES, Setup, World};

/// Side A and side B.
pub(crate) const SIDES: [Vendor; 2] = [Vendor::Freshsales, Vendor::Salesforce];

const SIDE_NAMES: [sync_core::Side; 2] = sync_core::Side::BOTH;

/// What is simulated.
#[derive(Clone)]
pub(crate) struct Setting {
    /// The name of the test.
    pub(crate) name: &'static str,
    pub(crate) setup: Setup,
    /// How often people edit and the sync runs.
    pub(crate) rounds: usize,
    /// How many things people do before each run.
    pub(crate) edits: usize,
    /// The chance that somebody edits before and after each request.
    pub(crate) unrest: f64,
    /// Faults, and the chance that a call meets one.
    pub(crate) trouble: Option<(FaultClass, f64)>,
    /// Whether processes die.
    pub(crate) crashes: bool,
    pub(crate) conflict: Policy,
    pub(crate) deletes: DeletePolicy,
}

impl Setting {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            setup: Setup::default(),
            rounds: 3,
            edits: 6,
            unrest: 0.0,
            trouble: None,
            crashes: false,
            conflict: Policy::newest(),
            deletes: DeletePolicy::Unlink,
        }
    }
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    Done(Box<RunReport>),
    Failed(SyncError),
    Died,
}

/// One simulation.
pub(crate) struct Case {
    pub(crate) setting: Setting,
    pub(crate) world: World,
    pub(crate) store: Arc<dyn StateStore>,
    dice: fastrand::Rng,
    process: Option<(Sync, Crash)>,
    /// Which records were linked, and how long the history was when the run had ended in which they were.
    pub(crate) linked_at: BTreeMap<[RecordKey; 2], usize>,
    /// How long the history was at the end of each run that was done.
    pub(crate) done_at: Vec<usize>,
    /// What every error and report showed in logs.
    pub(crate) logged: String,
}

impl Case {
    pub(crate) fn new(seed: u64, setting: &Setting) -> Self {
        let world = World::new(seed, setting.setup.clone());
        Self {
            setting: setting.clone(),
            world,
            store: Arc::new(MemoryStore::new()),
            dice: fastrand::Rng::with_seed(seed ^ 0xd1ce),
            process: None,
            linked_at: BTreeMap::new(),
            done_at: Vec::new(),
            logged: String::new(),
        }
    }

    /// A process that has just started.
    pub(crate) fn start(&self, crash: &Crash) -> Sync {
        self.start_as("simulated", crash)
    }

    /// A process that has just started, as a worker of this name.
    pub(crate) fn start_as(&self, worker: &str, crash: &Crash) -> Sync {
        let [a, b] = SIDES.map(|vendor| self.world.connect(vendor, crash));
        let mut builder = Sync::between(a, b)
            .state(CrashStore::new(self.store.clone(), crash))
            .clock(self.world.clock())
            .stages(StageTable::new(STAGES))
            .worker(worker);
        for object in &self.setting.setup.objects {
            builder = builder.object(ObjectSync::new(Mapping::unified(*object)).on_delete(self.setting.deletes));
        }
        builder.on_conflict(self.setting.conflict.clone()).build().expect("a complete sync")
    }

    /// Runs the sync in a process that dies with `crash`.
    pub(crate) async fn run_in(&mut self, sync: &Sync, crash: &Crash) -> End {
        let end = tokio::select! {
            biased;
            () = crash.dead() => End::Died,
            result = sync.run() => match result {
                Ok(report) => End::Done(Box::new(report)),
                Err(error) => End::Failed(error),
            },
        };
        let line = match &end {
            End::Done(report) => {
                self.done_at.push(self.world.history().len());
                self.logged.push_str(&format!("{report}\n{report:?}\n"));
                let linked: u64 = SIDE_NAMES.map(|side| report.total(side).linked).iter().sum();
                let mut line = format!("run: {} writes, {linked} linked", report.writes());
                for error in &report.errors {
                    line.push_str(&format!(
                        "\n    error: {} {:?} {}: {}",
                        error.object, error.record, error.code, error.message
                    ));
                }
                line
            }
            End::Failed(error) => {
                self.logged.push_str(&format!("{error}\n{error:?}\n"));
                format!("run failed: {error}")
            }
            End::Died => format!("run died at point {}", crash.passed()),
        };
        self.world.note(&line);
        self.note_links().await;
        end
    }

    async fn note_links(&mut self) {
        let now = self.world.history().len();
        for link in self.memory().await.links {
            if let [Some(a), Some(b)] = ends(&link) {
                self.linked_at.entry([a, b]).or_insert(now);
            }
        }
    }

    /// Runs in the process that is there, or in a new one.
    pub(crate) async fn run(&mut self) -> End {
        let wants_new = self.setting.crashes && self.dice.u32(..100) < 60;
        let process = match self.process.take().filter(|_| !wants_new) {
            Some(process) => process,
            None => {
                let crash = if wants_new { Crash::at(self.dice.u64(1..80)) } else { Crash::never() };
                (self.start(&crash), crash)
            }
        };
        let end = self.run_in(&process.0.clone(), &process.1).await;
        if !process.1.is_dead() {
            self.process = Some(process);
        }
        end
    }

    /// A run that must succeed, in a process that lives.
    pub(crate) async fn sound_run(&mut self) -> Result<RunReport, Violation> {
        let (sync, crash) = match self.process.take() {
            Some(process) => process,
            None => {
                let crash = Crash::never();
                (self.start(&crash), crash)
            }
        };
        let end = self.run_in(&sync, &crash).await;
        self.process = Some((sync, crash));
        match end {
            End::Done(report) => Ok(*report),
            End::Failed(error) => Err(Violation::new("run", format!("failed without a cause: {error}"))),
            End::Died => Err(Violation::new("run", "died without a cause")),
        }
    }

    /// Fills the world, lets people, faults and deaths play, and comes to rest.
    pub(crate) async fn play(&mut self) -> Result<(), Violation> {
        self.world.populate().await;
        for round in 0..self.setting.rounds {
            self.world.note(&format!("round {round}"));
            if let Some((class, chance)) = self.setting.trouble {
                self.world.trouble(class, chance);
            }
            self.world.unrest(self.setting.unrest);
            for _ in 0..if self.setting.crashes { 3 } else { 1 } {
                match self.run().await {
                    End::Done(_) => break,
                    End::Died => {}
                    End::Failed(SyncError::Crm { .. }) if self.setting.trouble.is_some() => {}
                    End::Failed(error) => {
                        return Err(Violation::new("run", format!("failed without a cause: {error}")));
                    }
                }
                self.world.wait(Duration::from_secs(self.dice.u64(0..90))).await;
            }
            self.world.calm();
            self.world.people_edit(self.setting.edits).await;
        }
        self.rest().await
    }

    /// No faults, no edits: runs until nothing is open any more.
    pub(crate) async fn rest(&mut self) -> Result<(), Violation> {
        self.world.calm();
        self.world.note("at rest");
        if self.setting.crashes {
            // Whatever process there is was going to die.
            self.process = None;
        }
        let mut runs = 0;
        loop {
            let report = self.sound_run().await?;
            runs += 1;
            let memory = self.memory().await;
            let parked = memory.links.iter().any(|link| link.parked.is_some());
            if report.writes() == 0 && memory.intents.is_empty() && runs >= 2 {
                if !parked || runs > 6 {
                    return Ok(());
                }
                // Long enough for every parked record to be tried again.
                self.world.wait(Duration::from_secs(40 * 3600)).await;
                continue;
            }
            if runs > 12 {
                let open: Vec<String> = memory
                    .intents
                    .iter()
                    .map(|intent| format!("{} {:?} {:?}", intent.link, intent.op, intent.state))
                    .collect();
                return Err(Violation::new(
                    "I1",
                    format!("no rest after {runs} runs: {} writes, open: {open:?}", report.writes()),
                ));
            }
            self.world.wait(Duration::from_secs(61)).await;
        }
    }

    /// What the sync remembers.
    pub(crate) async fn memory(&self) -> Memory {
        let mut links = Vec::new();
        for object in &self.setting.setup.objects {
            links.extend(
                self.store.scan_links(object.as_str(), LinkFilter::All, Page::first(10_000)).await.expect("links"),
            );
        }
        Memory {
            links,
            intents: self.store.open_intents(Page::first(10_000)).await.expect("intents"),
            conflicts: self.store.conflicts(Scope::All, Page::first(10_000)).await.expect("conflicts"),
            reviews: self.store.open_reviews(Page::first(10_000)).await.expect("reviews"),
        }
    }
}

/// What the sync remembers.
pub(crate) struct Memory {
    pub(crate) links: Vec<Link>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) conflicts: Vec<ConflictEntry>,
    pub(crate) reviews: Vec<Review>,
}

/// The records of a link, by the sandbox's ids.
pub(crate) fn ends(link: &Link) -> [Option<RecordKey>; 2] {
    let object: ObjectKind = link.object.parse().expect("an object");
    [Side::A, Side::B].map(|side| {
        let vendor = SIDES[usize::from(side == Side::B)];
        link.record(side).map(|id| (vendor, object, own_id(vendor, object, id)))
    })
}

/// The sandbox's id of a record that a link names: Freshsales' adapter puts the record in front of a note's own id.
fn own_id(vendor: Vendor, object: ObjectKind, id: &str) -> String {
    let is_note = vendor == Vendor::Freshsales && object == ObjectKind::Note;
    let own = if is_note { id.rsplit('-').next().unwrap_or(id) } else { id };
    own.to_owned()
}
