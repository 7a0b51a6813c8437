//! The world itself: the vendors, the time, what the records show and showed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use crm_model::ObjectKind;
use sandbox::{Action, Actor, Clock, Data, Entry, HumanEdit, Sandbox, Vendor};
use serde_json::Value;

use super::edits::Deed;
use super::view::{self, StageNames, object_name, object_of};
use super::{Event, FaultClass, RecordKey, Shown, What, Who};
use crate::SandboxClock;

/// What kind of world it is.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The objects that people make and edit.
    pub objects: Vec<ObjectKind>,
    /// How many people there are; companies, deals, tasks and notes in proportion.
    pub people: usize,
    /// Whether people delete, restore and merge records.
    pub deletes: bool,
    /// Whether some records are such that the other vendor must refuse them.
    pub misfits: bool,
    /// Freshsales' switches.
    pub freshsales: sandbox::freshsales::Quirks,
    /// Salesforce's switches.
    pub salesforce: sandbox::salesforce::Quirks,
}

impl Default for Setup {
    /// Some eight people with all objects, no deletions, nothing that must be refused, vendors as they are by default.
    fn default() -> Self {
        Self {
            objects: view::OBJECTS.to_vec(),
            people: 8,
            deletes: false,
            misfits: false,
            freshsales: sandbox::freshsales::Quirks::default(),
            salesforce: sandbox::salesforce::Quirks::default(),
        }
    }
}

/// Two emulated vendors, the people who work there, and the history of everything they hold. Clones are one world.
#[derive(Clone)]
pub struct World {
    sandbox: Sandbox,
    inner: Arc<Mutex<Inner>>,
}

pub(super) struct Inner {
    pub(super) setup: Setup,
    pub(super) dice: fastrand::Rng,
    pub(super) stages: StageNames,
    pub(super) shown: BTreeMap<RecordKey, Shown>,
    history: Vec<Event>,
    read_at: BTreeMap<RecordKey, usize>,
    calls: Vec<Entry>,
    script: Vec<String>,
    /// The chance that somebody edits while a request is under way.
    restlessness: f64,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.sandbox.seed()).finish_non_exhaustive()
    }
}

impl World {
    /// An empty world; call it under [paused](crate::paused) time. The same seed and the same calls give the same world.
    #[must_use]
    pub fn new(seed: u64, setup: Setup) -> Self {
        let start = DateTime::from_timestamp(1_748_854_800, 0).unwrap_or_default();
        let sandbox = Sandbox::builder()
            .seed(seed)
            .data(Data::Empty)
            .clock(Clock::follow_tokio(start))
            .freshsales_quirks(setup.freshsales.clone())
            .salesforce_quirks(setup.salesforce.clone())
            .build();
        let stages = sandbox.state(Vendor::Freshsales)["settings"]["deal_stages"].clone();
        let stages = stages
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|stage| Some((stage["id"].to_string(), stage["name"].as_str()?.to_owned())));
        let inner = Inner {
            setup,
            dice: fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed),
            stages: stages.collect(),
            shown: BTreeMap::new(),
            history: Vec::new(),
            read_at: BTreeMap::new(),
            calls: Vec::new(),
            script: Vec::new(),
            restlessness: 0.0,
        };
        Self { sandbox, inner: Arc::new(Mutex::new(inner)) }
    }

    /// The vendors, to look into or to arrange something that no person does.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The world's clock, which follows tokio's.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn unified_crm::Clock> {
        Arc::new(SandboxClock::of(&self.sandbox))
    }

    /// Lets so much time pass.
    pub async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Makes calls meet faults by this chance, until [`calm`](Self::calm).
    pub fn trouble(&self, class: FaultClass, chance: f64) {
        class.apply(&self.sandbox, chance);
    }

    /// Lets people edit while the sync's requests are under way, by this chance before and after each request.
    pub fn unrest(&self, chance: f64) {
        self.lock().restlessness = chance;
    }

    /// At rest: no faults, and nobody edits.
    pub fn calm(&self) {
        self.lock().restlessness = 0.0;
        for vendor in Vendor::ALL {
            self.sandbox.faults().clear(vendor);
        }
    }

    /// Fills both sides with correlated records.
    pub async fn populate(&self) {
        let deeds = self.lock().first_records();
        for deed in deeds {
            self.wait(deed.pause).await;
            self.act(&deed);
        }
        let deeds = self.lock().dependent_records();
        for deed in deeds {
            self.wait(deed.pause).await;
            self.act(&deed);
        }
    }

    /// Lets people do so many things, some seconds apart or within one.
    pub async fn people_edit(&self, times: usize) {
        for _ in 0..times {
            let deeds = self.lock().next_deeds();
            for deed in deeds {
                self.wait(deed.pause).await;
                self.act(&deed);
            }
        }
    }

    /// While a request is under way: somebody may edit.
    pub(super) fn people_work(&self) {
        let deeds = {
            let mut inner = self.lock();
            let chance = inner.restlessness;
            if chance <= 0.0 || inner.dice.f64() >= chance { Vec::new() } else { inner.next_deeds() }
        };
        for deed in &deeds {
            self.act(deed);
        }
    }

    /// Does what a person does, if the vendor lets them.
    fn act(&self, deed: &Deed) {
        let result = self.sandbox.human(deed.vendor, &deed.edit);
        let note = match &result {
            Ok(_) => format!("person at {}: {}", deed.vendor, deed.told()),
            Err(refused) => format!("person at {}: {} (refused: {})", deed.vendor, deed.told(), refused.status),
        };
        self.note(&note);
        self.absorb();
    }

    /// Does one thing as a person would, now.
    ///
    /// # Errors
    /// The vendor's refusal, in words.
    pub fn person(&self, vendor: Vendor, edit: &HumanEdit) -> Result<String, String> {
        let result = self.sandbox.human(vendor, edit);
        self.absorb();
        result.map(|edited| edited.id).map_err(|refused| refused.to_string())
    }

    /// A person creates a record with these fields, by the names of [`fields`](super::fields).
    ///
    /// # Errors
    /// The vendor's refusal, in words.
    pub fn create(&self, vendor: Vendor, object: ObjectKind, fields: &[(&str, &str)]) -> Result<String, String> {
        let fields = self.lock().wire(vendor, object, fields);
        self.person(vendor, &HumanEdit::Create { object: object_name(vendor, object).to_owned(), fields })
    }

    /// A person gives a field a value; an empty one clears it.
    ///
    /// # Errors
    /// The vendor's refusal, in words.
    pub fn edit(&self, vendor: Vendor, object: ObjectKind, id: &str, field: &str, value: &str) -> Result<(), String> {
        let fields = self.lock().wire(vendor, object, &[(field, value)]);
        let object = object_name(vendor, object).to_owned();
        self.person(vendor, &HumanEdit::Edit { object, id: id.to_owned(), fields }).map(drop)
    }

    /// Writes a line into the script.
    pub fn note(&self, line: &str) {
        let at = self.sandbox.clock().now();
        self.lock().script.push(format!("{} {line}", at.format("%d %H:%M:%S")));
    }

    /// Everything that was done, in order, for people to read.
    #[must_use]
    pub fn script(&self) -> String {
        self.lock().script.join("\n")
    }

    /// Everything that happened to the records, in order.
    #[must_use]
    pub fn history(&self) -> Vec<Event> {
        self.lock().history.clone()
    }

    /// The records of an object that are alive, by id.
    #[must_use]
    pub fn records(&self, vendor: Vendor, object: ObjectKind) -> BTreeMap<String, Shown> {
        let inner = self.lock();
        let alive = inner.shown.iter().filter(|(key, shown)| key.0 == vendor && key.1 == object && shown.alive);
        alive.map(|(key, shown)| (key.2.clone(), shown.clone())).collect()
    }

    /// What a record shows; `None` for one that never was.
    #[must_use]
    pub fn record(&self, vendor: Vendor, object: ObjectKind, id: &str) -> Option<Shown> {
        self.lock().shown.get(&(vendor, object, id.to_owned())).cloned()
    }

    /// The API calls so far, of both vendors, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Entry> {
        self.lock().calls.clone()
    }

    /// How many API calls there were, and how many of them changed something.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.calls.len(), inner.calls.iter().filter(|call| !call.effects.is_empty()).count())
    }

    /// Both vendors' states as text: equal worlds are equal to the byte.
    #[must_use]
    pub fn state(&self) -> String {
        Vendor::ALL.map(|vendor| self.sandbox.state(vendor).to_string()).join("\n")
    }

    /// Takes what the call log holds into the history.
    pub(super) fn absorb(&self) {
        let entries = self.sandbox.log().entries();
        if entries.is_empty() {
            return;
        }
        self.sandbox.log().clear();
        let mut inner = self.lock();
        for entry in entries {
            let who = if entry.actor == Actor::Api { Who::Sync } else { Who::Person };
            let asked = format!("{}?{}", entry.path, entry.query.as_deref().unwrap_or_default());
            let mut touched = BTreeSet::new();
            let mut gone = false;
            for effect in &entry.effects {
                let Some(object) = object_of(entry.vendor, &effect.object) else { continue };
                touched.insert((entry.vendor, object, effect.id.clone()));
                gone |= !matches!(effect.action, Action::Created | Action::Updated);
            }
            if gone {
                // What goes takes references along that no effect names.
                touched.extend(inner.shown.keys().filter(|key| key.0 == entry.vendor).cloned());
            }
            for key in touched {
                let (vendor, object, id) = &key;
                let record = self.sandbox.record(*vendor, object_name(*vendor, *object), id);
                // What goes along with a record whose deletion was asked for is the vendor's own doing.
                let asked_for = entry.method != "DELETE" || asked.contains(id.as_str());
                let who = if asked_for { who } else { Who::Vendor };
                inner.look_at(&key, record.as_ref(), who, entry.at);
            }
            if who == Who::Sync {
                inner.calls.push(entry);
            }
        }
    }

    /// Notes which records an answer showed to the sync.
    pub(super) fn was_read(&self, vendor: Vendor, asked: &str, answer: &str) {
        let ids = match vendor {
            // A list without its includes is read for the sake of what hangs on the records.
            Vendor::Freshsales if asked.contains("/view/") && !asked.contains("include=") => return,
            Vendor::Freshsales => records_in(answer),
            // Ids are unique at Salesforce, so they cannot be mistaken.
            _ => BTreeSet::new(),
        };
        let mut inner = self.lock();
        let Inner { shown, read_at, history, .. } = &mut *inner;
        for key in shown.keys().filter(|key| key.0 == vendor) {
            let is_shown = match vendor {
                Vendor::Freshsales => ids.contains(&(key.1, key.2.clone())),
                _ => is_about(key.1, asked) && answer.contains(key.2.as_str()),
            };
            if is_shown {
                read_at.insert(key.clone(), history.len());
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request to Salesforce is about records of an object, by its address.
fn is_about(object: ObjectKind, asked: &str) -> bool {
    let name = object_name(Vendor::Salesforce, object);
    ["sobjects/", "FROM ", "FROM%20", "FROM+"].iter().any(|before| {
        let named = format!("{before}{name}");
        let mut places = asked.match_indices(&named).map(|(at, found)| at + found.len());
        places.any(|end| !asked[end..].starts_with(|c: char| c.is_ascii_alphanumeric()))
    })
}

/// The records that an answer of Freshsales shows in full: one under its singular, many under their plural.
fn records_in(answer: &str) -> BTreeSet<(ObjectKind, String)> {
    let Ok(Value::Object(answer)) = serde_json::from_str(answer) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for (name, value) in &answer {
        let Some(object) = object_of(Vendor::Freshsales, name.strip_suffix('s').unwrap_or(name)) else { continue };
        let rows = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        let whole = rows.iter().filter(|row| row["partial"] != Value::Bool(true));
        found.extend(whole.map(|row| (object, row["id"].to_string())));
    }
    found
}

impl Inner {
    /// Compares what a record shows with what it showed, and writes the difference into the history.
    fn look_at(&mut self, key: &RecordKey, record: Option<&Value>, who: Who, at: DateTime<Utc>) {
        let now = view::read(key.0, key.1, record, &self.stages);
        let before = self.shown.insert(key.clone(), now.clone());
        let read_at = self.read_at.get(key).copied();
        let mut tell = |what| self.history.push(Event { at, who, record: key.clone(), what, read_at });
        match (&before, now.alive) {
            (None, _) => tell(What::Created),
            (Some(before), true) if !before.alive => tell(What::Restored),
            (Some(before), false) => {
                if before.alive {
                    tell(What::Deleted);
                }
                return;
            }
            _ => {}
        }
        let before = before.unwrap_or_default();
        for field in view::fields(key.1) {
            let (from, to) = (before.get(field).to_owned(), now.get(field).to_owned());
            if from != to {
                tell(What::Changed { field, from, to });
            }
        }
    }

    /// Fields by the vendor's names.
    pub(super) fn wire(&self, vendor: Vendor, object: ObjectKind, fields: &[(&str, &str)]) -> Value {
        let parts = fields.iter().map(|(field, value)| view::written(vendor, object, field, value, &self.stages));
        let parts = parts.filter_map(|part| part.as_object().cloned());
        Value::Object(parts.flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_most_of_what_they_want() {
        let setup = Setup { deletes: true, misfits: true, ..Setup::default() };
        let (mut done, mut refused) = (0, 0);
        for seed in 0..10 {
            let script = crate::paused(async {
                let world = World::new(seed, setup.clone());
                world.populate().await;
                world.people_edit(40).await;
                world.script()
            });
            println!("{script}");
            done += script.lines().filter(|line| !line.contains("(refused")).count();
            refused += script.lines().filter(|line| line.contains("(refused")).count();
        }
        assert!(done > 4 * refused, "{done} deeds were done and {refused} refused");
    }

    #[test]
    fn an_address_says_which_records_are_asked_for() {
        let soql = "/services/data/v62.0/query?q=SELECT+Id%2CAccountId+FROM+Contact+WHERE+Id+!%3D+null";
        assert!(is_about(ObjectKind::Contact, soql));
        assert!(!is_about(ObjectKind::Account, soql));
        assert!(is_about(ObjectKind::Task, "/services/data/v62.0/composite/sobjects/Task"));
    }

    #[test]
    fn an_answer_says_which_records_it_shows() {
        let answer =
            r#"{"contacts":[{"id":7},{"id":8}],"sales_accounts":[{"id":9,"partial":true}],"meta":{"total":2}}"#;
        let shown = |ids: [i32; 2]| ids.map(|id| (ObjectKind::Contact, id.to_string())).into();
        assert_eq!(records_in(answer), shown([7, 8]));
        assert_eq!(records_in(r#"{"note":{"id":7}}"#), BTreeSet::from([(ObjectKind::Note, "7".to_owned())]));
    }
}
