//! The event bus: what was published, in order, for 72 hours; and who may read from where.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::shape::Shape;
use crate::Context;
use crate::salesforce::schema::{Object, ObjectIndex, Schema};

/// How long events are kept.
pub(crate) const RETENTION: TimeDelta = TimeDelta::hours(72);
/// More events than this are not kept, so that a long run does not eat the memory; the oldest go as if they had expired.
const MOST_EVENTS: usize = 500_000;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Changes of an object.
    Change(ObjectIndex),
    /// A platform event.
    Platform(ObjectIndex),
}

/// What a subscription reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// `/data/ChangeEvents`.
    AllChanges,
    /// `/data/ContactChangeEvent`, `/event/Low_Ink__e`.
    One(Subject),
}

/// One event on the bus.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) schema_id: String,
    pub(crate) payload: Bytes,
    pub(crate) subject: Subject,
}

/// A place on the bus, with the event that was published there; without one it is only a place to resume from.
#[derive(Debug)]
struct Entry {
    place: u64,
    at: DateTime<Utc>,
    event: Option<Arc<Event>>,
}

/// After how many events a subscription is cut off, drawn anew for each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// The dice.
    pub seed: u64,
    /// At least so many events are delivered; 0 cuts before the first.
    pub least: u32,
    /// At most so many.
    pub most: u32,
}

/// What subscriptions are told besides new events. Each number counts up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signals {
    /// Something was published.
    pub(crate) news: u64,
    /// A sign of life is due, although nothing happened.
    pub(crate) keep_alive: u64,
    /// All connections are to be dropped.
    pub(crate) disconnect: u64,
}

/// The bus of one organisation.
#[derive(Debug)]
pub(crate) struct Bus {
    entries: VecDeque<Entry>,
    last: u64,
    rng: fastrand::Rng,
    commits: i64,
    /// The present shapes, each with the number of the object's fields it was made from.
    shapes: HashMap<ObjectIndex, (usize, Arc<Shape>)>,
    /// Every schema that an event was published with.
    schemas: BTreeMap<String, Arc<Shape>>,
    /// How many fields were added to the events of an object.
    added: BTreeMap<ObjectIndex, u32>,
    disabled: BTreeSet<ObjectIndex>,
    signals: watch::Sender<Signals>,
    pub(crate) cuts: Option<(Cuts, fastrand::Rng)>,
}

impl Bus {
    pub(crate) fn new(context: &Context) -> Bus {
        let mut rng = context.rng("salesforce events");
        Bus {
            entries: VecDeque::new(),
            last: rng.u64(1_000_000..50_000_000),
            commits: rng.i64(1_000_000_000..2_000_000_000),
            rng,
            shapes: HashMap::new(),
            schemas: BTreeMap::new(),
            added: BTreeMap::new(),
            disabled: BTreeSet::new(),
            signals: watch::Sender::new(Signals::default()),
            cuts: None,
        }
    }

    pub(crate) fn listen(&self) -> watch::Receiver<Signals> {
        self.signals.subscribe()
    }

    pub(crate) fn signal(&self, change: impl FnOnce(&mut Signals)) {
        self.signals.send_modify(change);
    }

    /// Whether an object's changes are told. By default those of every object that has an owner's or administrator's
    /// data; platform events have none.
    pub(crate) fn enabled(&self, schema: &Schema, object: ObjectIndex) -> bool {
        let definition = schema.object(object);
        !self.disabled.contains(&object) && definition.can.replicateable && !is_platform(definition)
    }

    pub(crate) fn enable(&mut self, object: ObjectIndex, on: bool) {
        if on {
            self.disabled.remove(&object);
        } else {
            self.disabled.insert(object);
        }
    }

    /// The present shape of an object's events.
    pub(crate) fn shape(&mut self, schema: &Schema, object: ObjectIndex) -> Arc<Shape> {
        let added = self.added.get(&object).copied().unwrap_or_default();
        let definition = schema.object(object);
        // An object only ever gains fields.
        let size = definition.fields.len();
        if self.shapes.get(&object).is_some_and(|(known, _)| *known != size) {
            self.shapes.remove(&object);
        }
        let (_, shape) = self.shapes.entry(object).or_insert_with(|| {
            let shape =
                if is_platform(definition) { Shape::platform(definition) } else { Shape::change(definition, added) };
            (size, Arc::new(shape))
        });
        self.schemas.entry(shape.id.clone()).or_insert_with(|| Arc::clone(shape));
        Arc::clone(shape)
    }

    /// Adds a field to the events of an object, as an administrator would; the schema's id changes with it.
    pub(crate) fn add_field(&mut self, object: ObjectIndex) -> u32 {
        self.shapes.remove(&object);
        let added = self.added.entry(object).or_default();
        *added += 1;
        *added
    }

    /// A schema that was current at some time.
    pub(crate) fn schema(&self, id: &str) -> Option<&Arc<Shape>> {
        self.schemas.get(id)
    }

    /// The number of the next transaction, and the key of all its events.
    pub(crate) fn next_transaction(&mut self) -> (i64, String) {
        self.commits += self.rng.i64(1..40);
        (self.commits, self.uuid())
    }

    pub(crate) fn uuid(&mut self) -> String {
        let bits = self.rng.u128(..);
        let part = |from: u32, bits_wide: u32| bits >> from & ((1 << bits_wide) - 1);
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            part(96, 32),
            part(80, 16),
            part(64, 12),
            part(48, 12),
            part(0, 48)
        )
    }

    /// Puts an event on the bus.
    pub(crate) fn publish(&mut self, at: DateTime<Utc>, event: Event) -> u64 {
        let place = self.advance(at, Some(Arc::new(event)));
        self.signal(|signals| signals.news += 1);
        place
    }

    /// Places are not numbered without holes, so that nobody can calculate them.
    fn advance(&mut self, at: DateTime<Utc>, event: Option<Arc<Event>>) -> u64 {
        self.last += self.rng.u64(1..9);
        self.entries.push_back(Entry { place: self.last, at, event });
        if self.entries.len() > MOST_EVENTS {
            self.entries.pop_front();
        }
        self.last
    }

    /// Forgets what is older than 72 hours.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) {
        let limit = now - RETENTION;
        while self.entries.front().is_some_and(|entry| entry.at < limit) {
            self.entries.pop_front();
        }
    }

    /// The end of the bus as a place that can be resumed from for the next 72 hours.
    pub(crate) fn tip(&mut self, now: DateTime<Utc>) -> u64 {
        let fresh = |entry: &&Entry| now - entry.at < TimeDelta::hours(1);
        match self.entries.back().filter(fresh) {
            Some(entry) => entry.place,
            None => self.advance(now, None),
        }
    }

    /// The place before everything that is kept.
    pub(crate) fn earliest(&self) -> u64 {
        self.entries.front().map_or(self.last, |entry| entry.place - 1)
    }

    /// Whether a place was given out and is still known.
    pub(crate) fn knows(&self, place: u64) -> bool {
        self.entries.binary_search_by_key(&place, |entry| entry.place).is_ok()
    }

    /// Up to `most` events of a topic behind `place`, and the place up to which was looked.
    pub(crate) fn read(&self, topic: Topic, place: u64, most: usize) -> (Vec<(u64, Arc<Event>)>, u64) {
        let start = self.entries.partition_point(|entry| entry.place <= place);
        let (mut found, mut seen) = (Vec::new(), place);
        for entry in self.entries.range(start..) {
            if found.len() >= most {
                break;
            }
            seen = entry.place;
            let fits = |event: &&Arc<Event>| match topic {
                Topic::AllChanges => matches!(event.subject, Subject::Change(_)),
                Topic::One(subject) => event.subject == subject,
            };
            found.extend(entry.event.as_ref().filter(fits).map(|event| (entry.place, Arc::clone(event))));
        }
        (found, seen)
    }

    /// One of four ways in which a connection ends.
    pub(crate) fn next_way(&mut self) -> u8 {
        self.cuts.as_mut().map_or(0, |(_, rng)| rng.u8(0..4))
    }

    /// After how many events a new connection is cut off.
    pub(crate) fn next_cut(&mut self) -> Option<u32> {
        self.cuts.as_mut().map(|(cuts, rng)| rng.u32(cuts.least..=cuts.most.max(cuts.least)))
    }
}

/// Whether an object is a platform event.
pub(crate) fn is_platform(object: &Object) -> bool {
    object.name.ends_with("__e")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Vendor};

    fn bus() -> (Bus, DateTime<Utc>) {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        (Bus::new(&Context { vendor: Vendor::Salesforce, clock: Clock::manual(now), seed: 7 }), now)
    }

    fn event(object: ObjectIndex) -> Event {
        let (id, schema_id) = (String::new(), String::new());
        Event { id, schema_id, payload: Bytes::new(), subject: Subject::Change(object) }
    }

    #[test]
    fn events_are_read_in_order_from_behind_a_place() {
        let (mut bus, now) = bus();
        let start = bus.tip(now);
        let places: Vec<u64> = (0..10).map(|n| bus.publish(now, event(n % 2))).collect();
        let topic = Topic::One(Subject::Change(0));
        let (found, seen) = bus.read(topic, start, 100);
        assert_eq!(
            found.iter().map(|(place, _)| *place).collect::<Vec<_>>(),
            [0, 2, 4, 6, 8].map(|n: usize| places[n])
        );
        assert_eq!(seen, places[9]);
        let (first, seen) = bus.read(Topic::AllChanges, start, 3);
        assert_eq!((first.len(), seen), (3, places[2]));
        assert_eq!(bus.read(Topic::AllChanges, seen, 100).0.len(), 7);
        assert!(bus.knows(start) && bus.knows(places[4]) && !bus.knows(places[4] + 1_000));
        assert!((start..=places[9]).any(|place| !bus.knows(place)), "places are not numbered without holes");
    }

    #[test]
    fn what_is_older_than_three_days_is_forgotten() {
        let (mut bus, now) = bus();
        let old = bus.publish(now, event(0));
        let later = now + TimeDelta::hours(71);
        let young = bus.publish(later, event(0));
        bus.expire(now + RETENTION);
        assert!(bus.knows(old));
        bus.expire(now + RETENTION + TimeDelta::seconds(1));
        assert!(!bus.knows(old) && bus.knows(young));
        assert_eq!(bus.read(Topic::AllChanges, bus.earliest(), 9).0.len(), 1);
        let end = now + RETENTION + RETENTION + RETENTION;
        bus.expire(end);
        let tip = bus.tip(end);
        assert!(bus.knows(tip), "a quiet bus has a place to resume from");
    }
}
