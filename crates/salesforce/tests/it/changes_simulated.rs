//! Incremental sync loses no row: a simulated organisation whose rows are edited, deleted, restored, merged and purged
//! while they are being read, within the same second, and in transactions that commit minutes after their stamp.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use futures::TryStreamExt as _;
use http::{Request, Response};
use rest_core::{ByteStream, Clock, Transport, TransportError};
use salesforce::{ChangeCursor, Changed, Contact, Id, Salesforce, Session, format_instant, parse_instant};
use serde_json::{Value, json};

/// One state of a row, seen by others from `visible_at` on.
#[derive(Debug, Clone)]
struct Version {
    stamp: DateTime<Utc>,
    visible_at: DateTime<Utc>,
    title: u64,
    deleted: bool,
    purged: bool,
    master: Option<usize>,
}

/// The organisation. Every request takes time, and things happen meanwhile.
#[derive(Debug)]
struct World {
    rng: fastrand::Rng,
    now: DateTime<Utc>,
    rows: Vec<Vec<Version>>,
    titles: u64,
    /// The longest that a transaction takes to commit.
    longest: i64,
    busy: bool,
    cursors: BTreeMap<String, Vec<Value>>,
    opened: usize,
}

fn id(row: usize) -> Id<Contact> {
    format!("003{row:012}").parse().unwrap()
}

impl World {
    fn new(seed: u64, longest: i64) -> Self {
        let mut world = Self {
            rng: fastrand::Rng::with_seed(seed),
            now: "2025-06-02T09:00:00Z".parse().unwrap(),
            rows: Vec::new(),
            titles: 0,
            longest,
            busy: true,
            cursors: BTreeMap::new(),
            opened: 0,
        };
        (0..8).for_each(|_| world.create());
        world
    }

    fn second(&self) -> DateTime<Utc> {
        self.now.duration_trunc(TimeDelta::seconds(1)).unwrap()
    }

    /// The state of a row that others see.
    fn visible(&self, row: usize) -> Option<&Version> {
        self.rows[row].iter().rev().find(|version| version.visible_at <= self.now)
    }

    /// A row that no open transaction holds.
    fn free(&mut self) -> Option<usize> {
        let row = self.rng.usize(..self.rows.len());
        let free = self.rows[row].last().is_some_and(|last| last.visible_at <= self.now && !last.purged);
        free.then_some(row)
    }

    fn write(&mut self, row: usize, change: impl FnOnce(&mut Version)) {
        self.titles += 1;
        let late = if self.rng.u8(..4) == 0 { self.rng.i64(0..=self.longest) } else { 0 };
        let stamp = self.second();
        let mut next = self.rows[row].last().unwrap().clone();
        (next.stamp, next.visible_at, next.title) = (stamp, self.now + TimeDelta::seconds(late), self.titles);
        change(&mut next);
        self.rows[row].push(next);
    }

    fn create(&mut self) {
        self.titles += 1;
        let late = if self.rng.u8(..4) == 0 { self.rng.i64(0..=self.longest) } else { 0 };
        let (stamp, visible_at) = (self.second(), self.now + TimeDelta::seconds(late));
        let first = Version { stamp, visible_at, title: self.titles, deleted: false, purged: false, master: None };
        self.rows.push(vec![first]);
    }

    fn something(&mut self) {
        if self.rng.u8(..6) == 0 {
            return self.create();
        }
        let Some(row) = self.free() else { return };
        let deleted = self.rows[row].last().unwrap().deleted;
        match (self.rng.u8(..8), deleted) {
            (0, false) => self.write(row, |version| version.deleted = true),
            (1, false) => {
                let Some(master) =
                    self.free().filter(|master| *master != row && !self.rows[*master].last().unwrap().deleted)
                else {
                    return;
                };
                self.write(row, |version| (version.deleted, version.master) = (true, Some(master)));
                self.write(master, |_| {});
            }
            (0..=2, true) if self.rows[row].last().unwrap().master.is_none() => {
                self.write(row, |version| version.deleted = false);
            }
            (3, true) => {
                // The recycle bin is emptied: the row's stamp stays as it was.
                let now = self.now;
                let mut last = self.rows[row].last().unwrap().clone();
                (last.purged, last.visible_at) = (true, now);
                self.rows[row].push(last);
            }
            (_, false) => self.write(row, |_| {}),
            _ => {}
        }
    }

    fn pass(&mut self) {
        self.now += TimeDelta::milliseconds(self.rng.i64(0..40_000));
        if self.busy {
            for _ in 0..self.rng.usize(..4) {
                self.something();
                // Often in the same second.
                self.now += TimeDelta::milliseconds(self.rng.i64(0..400));
            }
        }
    }

    fn answer(&mut self, path: &str, query: &BTreeMap<String, String>) -> Value {
        match path.rsplit('/').next().unwrap() {
            "describe" => json!({
                "name": "Contact", "replicateable": true,
                "fields": (["Id", "Title", "SystemModstamp", "IsDeleted", "MasterRecordId"].map(|name| json!({ "name": name }))),
            }),
            "deleted" => {
                let minute =
                    |name: &str| parse_instant(&query[name]).unwrap().duration_trunc(TimeDelta::minutes(1)).unwrap();
                let (start, end) = (minute("start"), minute("end"));
                assert!(start < end && start >= self.now - TimeDelta::days(15), "the vendor would refuse the window");
                let gone = (0..self.rows.len()).filter_map(|row| Some((row, self.visible(row)?)));
                let gone = gone.filter(|(_, version)| version.deleted && (start..end).contains(&version.stamp));
                let gone: Vec<Value> =
                    gone.map(|(row, version)| json!({ "id": id(row), "deletedDate": wire(version.stamp) })).collect();
                let covered = end.min(self.second());
                json!({ "deletedRecords": gone, "earliestDateAvailable": wire(self.now - TimeDelta::days(15)), "latestDateCovered": wire(covered) })
            }
            "query" | "queryAll" => self.first_page(&query["q"], path.ends_with("queryAll")),
            locator => self.next_page(locator),
        }
    }

    fn first_page(&mut self, soql: &str, all: bool) -> Value {
        let from = soql.split("SystemModstamp >= ").nth(1).map(|rest| {
            let end = rest.find([' ', ')']).unwrap_or(rest.len());
            parse_instant(&rest[..end]).unwrap()
        });
        let mut rows: Vec<(DateTime<Utc>, usize)> = (0..self.rows.len())
            .filter_map(|row| Some((self.visible(row)?, row)))
            .filter(|(version, _)| {
                !version.purged && (all || !version.deleted) && from.is_none_or(|from| version.stamp >= from)
            })
            .map(|(version, row)| (version.stamp, row))
            .collect();
        rows.sort_unstable();
        let rows = rows.into_iter().map(|(_, row)| self.show(row)).collect();
        self.opened += 1;
        let cursor = format!("01g{}", self.opened);
        self.cursors.insert(cursor.clone(), rows);
        self.next_page(&format!("{cursor}-0"))
    }

    fn show(&self, row: usize) -> Value {
        let version = self.visible(row).unwrap();
        json!({
            "attributes": { "type": "Contact" }, "Id": id(row), "Title": version.title.to_string(), "SystemModstamp": wire(version.stamp),
            "IsDeleted": version.deleted, "MasterRecordId": version.master.map(id),
        })
    }

    /// Pages of three rows.
    fn next_page(&mut self, locator: &str) -> Value {
        let (cursor, offset) = locator.split_once('-').unwrap();
        let (rows, offset) = (&self.cursors[cursor], offset.parse::<usize>().unwrap());
        let end = (offset + 3).min(rows.len());
        json!({
            "totalSize": rows.len(), "done": end == rows.len(), "records": rows[offset..end],
            "nextRecordsUrl": format!("/services/data/v62.0/query/{cursor}-{end}"),
        })
    }

    /// What a mirror that missed nothing holds.
    fn truth(&self) -> BTreeMap<Id<Contact>, u64> {
        let alive = |row: usize| self.visible(row).filter(|version| !version.deleted && !version.purged);
        (0..self.rows.len()).filter_map(|row| Some((id(row), alive(row)?.title))).collect()
    }
}

fn wire(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// The organisation as a transport and as a clock.
#[derive(Debug, Clone)]
struct Simulated(Arc<Mutex<World>>);

#[async_trait]
impl Transport for Simulated {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<ByteStream>, TransportError> {
        let mut world = self.0.lock().unwrap();
        world.pass();
        let query =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
        let body = world.answer(request.uri().path(), &query).to_string();
        let date = world.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        world.pass();
        let response = Response::builder().header("content-type", "application/json").header("date", date);
        Ok(response.body(rest_core::whole(body.into())).unwrap())
    }
}

impl Clock for Simulated {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().now
    }
}

/// What a consumer keeps.
#[derive(Default)]
struct Mirror {
    rows: BTreeMap<Id<Contact>, u64>,
    cursor: Option<ChangeCursor>,
    events: usize,
}

impl Mirror {
    async fn read(&mut self, client: &Salesforce, overlap: i64) {
        let changes = client.contacts().changes(self.cursor.clone()).overlap(TimeDelta::seconds(overlap));
        let mut events = changes.fields(["Title"]).stream();
        while let Some(event) = events.try_next().await.unwrap() {
            self.events += 1;
            match event {
                Changed::Record(row) => drop(self.rows.insert(row.id, row.title.as_deref().unwrap().parse().unwrap())),
                Changed::Deleted(gone) => drop(self.rows.remove(&gone.id)),
                // A cursor is kept as text, as a program does that is started again.
                Changed::Finished(next) => {
                    self.cursor = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Whether the mirror equals the organisation after some readings and a quiet time, and how many events that took.
async fn run(seed: u64, longest: i64, overlap: i64) -> (bool, usize) {
    let world = Simulated(Arc::new(Mutex::new(World::new(seed, longest))));
    let client = Salesforce::builder()
        .login(Session::new("https://simulated.my.salesforce.com", "00Dx!y".to_owned()).unwrap())
        .transport(Arc::new(world.clone()))
        .clock(Arc::new(world.clone()))
        .build()
        .unwrap();
    let mut mirror = Mirror::default();
    for _ in 0..12 {
        mirror.read(&client, overlap).await;
        let mut world = world.0.lock().unwrap();
        let pause = world.rng.i64(0..600);
        world.now += TimeDelta::seconds(pause);
        for _ in 0..world.rng.usize(..6) {
            world.something();
        }
    }
    world.0.lock().unwrap().busy = false;
    for _ in 0..2 {
        world.0.lock().unwrap().now += TimeDelta::minutes(11);
        mirror.read(&client, overlap).await;
    }
    let same = mirror.rows == world.0.lock().unwrap().truth();
    (same, mirror.events)
}

#[tokio::test]
async fn edits_between_pages_same_second_edits_and_late_commits_lose_nothing() {
    for seed in 0..60 {
        let (same, _) = run(seed, 590, 600).await;
        assert!(same, "seed {seed}: the mirror differs from the organisation");
    }
}

#[tokio::test]
async fn the_overlap_is_what_saves_late_commits() {
    let mut lost = 0;
    for seed in 0..20 {
        lost += usize::from(!run(seed, 590, 120).await.0);
    }
    assert!(
        lost > 0,
        "an overlap shorter than the transactions must be seen to lose rows, or this simulation proves nothing"
    );
}

#[tokio::test]
async fn what_the_overlap_reads_again_is_not_told_again() {
    let world = Simulated(Arc::new(Mutex::new(World::new(7, 0))));
    world.0.lock().unwrap().busy = false;
    let client = Salesforce::builder()
        .login(Session::new("https://simulated.my.salesforce.com", "00Dx!y".to_owned()).unwrap())
        .transport(Arc::new(world.clone()))
        .clock(Arc::new(world.clone()))
        .build()
        .unwrap();
    let mut mirror = Mirror::default();
    mirror.read(&client, 600).await;
    assert_eq!(mirror.events, 9, "eight rows and the end");
    assert!(format_instant(mirror.cursor.as_ref().unwrap().at()).starts_with("2025-06-02T09:0"));
    for _ in 0..3 {
        mirror.events = 0;
        mirror.read(&client, 600).await;
        assert_eq!(mirror.events, 1, "nothing changed");
    }
}
