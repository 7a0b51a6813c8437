//! The invariants, checked from outside: the vendors' records and their history on one side, the sync's memory on the
//! other. Nothing here shares code with the sync.

use std::collections::{BTreeMap, BTreeSet};

use crm_model::ObjectKind;
use sandbox::Vendor;
use sync_store::{Link, LinkState, Side};
use testkit::sim::{Event, RecordKey, Shown, What, Who, fields, is_reference};

use crate::drive::{Case, Memory, SIDES, Violation, own_id};

/// What is known when everything is at rest.
pub(crate) struct Rest<'a> {
    case: &'a Case,
    memory: Memory,
    history: Vec<Event>,
    /// The records that were ever linked with a record.
    partners: BTreeMap<RecordKey, BTreeSet<RecordKey>>,
    /// The record with which a record is linked now.
    partner: BTreeMap<RecordKey, RecordKey>,
}

pub(crate) fn ends(link: &Link) -> [Option<RecordKey>; 2] {
    let object: ObjectKind = link.object.parse().expect("an object");
    [Side::A, Side::B].map(|side| {
        let vendor = SIDES[usize::from(side == Side::B)];
        link.record(side).map(|id| (vendor, object, own_id(vendor, object, id)))
    })
}

fn is_record_in_review(link: &Link) -> bool {
    link.review.iter().any(|mark| mark.field == "record" || mark.field.is_empty())
}

impl<'a> Rest<'a> {
    pub(crate) async fn of(case: &'a Case) -> Self {
        let memory = case.memory().await;
        let (mut partners, mut partner) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeMap::new());
        for link in &memory.links {
            if let [Some(a), Some(b)] = ends(link) {
                partners.entry(a.clone()).or_default().insert(b.clone());
                partners.entry(b.clone()).or_default().insert(a.clone());
                if link.state.is_live() {
                    partner.insert(a.clone(), b.clone());
                    partner.insert(b, a);
                }
            }
        }
        Self { case, memory, history: case.world.history(), partners, partner }
    }

    /// Everything that holds of one world at rest.
    pub(crate) fn check(&self) -> Result<(), Violation> {
        self.convergence()?;
        self.no_lost_update()?;
        self.no_invention()?;
        self.no_duplicates()?;
        self.no_resurrection()?;
        self.no_invented_delete()?;
        self.consent_latch()?;
        self.silence()
    }

    fn shown(&self, key: &RecordKey) -> Shown {
        self.case.world.record(key.0, key.1, &key.2).unwrap_or_default()
    }

    /// A value in terms of the other vendor: references by what they are linked with; `None` where that is unknown.
    fn translated(&self, vendor: Vendor, field: &str, value: &str) -> Option<String> {
        if value.is_empty() || !is_reference(field) {
            return Some(value.to_owned());
        }
        let (object, id) = match value.split_once(':') {
            Some((object, id)) => (object.parse().ok()?, id),
            None => (ObjectKind::Account, value),
        };
        let (_, _, there) = self.partner.get(&(vendor, object, id.to_owned()))?;
        Some(if value.contains(':') { format!("{object}:{there}") } else { there.clone() })
    }

    /// The history of a field of a record: when it came to show what.
    fn field_history<'h>(&'h self, key: &'h RecordKey, wanted: &'h str) -> impl Iterator<Item = (usize, &'h Event, &'h str)> {
        let events = self.history.iter().enumerate().filter(move |(_, event)| event.record == *key);
        events.filter_map(move |(at, event)| match &event.what {
            What::Changed { field, to, .. } if *field == wanted => Some((at, event, to.as_str())),
            _ => None,
        })
    }

    /// Whether a field of a link waits for a person.
    fn is_asked(&self, link: &Link, field: &str) -> bool {
        is_record_in_review(link) || link.review.iter().any(|mark| mark.field == field)
    }

    /// Whether both values of a field were left as they are on purpose, and nobody changed either since.
    fn both_stay(&self, link: &Link, field: &str, ends: [&RecordKey; 2]) -> bool {
        let entries = self.memory.conflicts.iter().filter(|entry| entry.link == link.id && entry.field == field && entry.winner.is_none());
        let Some(left) = entries.map(|entry| entry.at).max() else { return false };
        ends.into_iter().all(|end| self.field_history(end, field).all(|(_, event, _)| event.at <= left))
    }

    /// I1: both sides of every link show the same.
    fn convergence(&self) -> Result<(), Violation> {
        for link in self.memory.links.iter().filter(|link| link.state == LinkState::Linked && link.parked.is_none()) {
            let [Some(a), Some(b)] = ends(link) else { continue };
            let (on_a, on_b) = (self.shown(&a), self.shown(&b));
            if !on_a.alive || !on_b.alive {
                continue;
            }
            for field in fields(a.1) {
                let expected = self.translated(a.0, field, on_a.get(field));
                let back = self.translated(b.0, field, on_b.get(field));
                let (Some(expected), Some(_)) = (expected, back) else { continue };
                let agree = expected == on_b.get(field);
                if !agree && !self.is_asked(link, field) && !self.both_stay(link, field, [&a, &b]) {
                    let what = format!(
                        "link {} {}: `{field}` shows {:?} at {} {} and {:?} at {} {}",
                        link.id, link.object, on_a.get(field), a.0, a.2, on_b.get(field), b.0, b.2
                    );
                    return Err(Violation::new("I1 convergence", what));
                }
            }
        }
        Ok(())
    }

    /// I3: what a person entered is shown on both sides, was entered anew later, or is on record.
    fn no_lost_update(&self) -> Result<(), Violation> {
        for (at, event) in self.history.iter().enumerate().filter(|(_, event)| event.who == Who::Person) {
            let What::Changed { field, to, .. } = &event.what else { continue };
            let key = &event.record;
            let Some(other) = self.partner.get(key) else { continue };
            let link = self.memory.links.iter().find(|link| link.state.is_live() && ends(link).contains(&Some(key.clone())));
            let Some(link) = link.filter(|link| link.state == LinkState::Linked && link.parked.is_none()) else { continue };
            let (here, there) = (self.shown(key), self.shown(other));
            if !here.alive || !there.alive || self.is_asked(link, field) {
                continue;
            }
            let Some(carried) = self.translated(key.0, field, to) else { continue };
            let is_everywhere = here.get(field) == to && there.get(field) == carried;
            if is_everywhere || self.is_superseded(at, field, [key, other]) || self.is_on_record(link, field, to) {
                continue;
            }
            if *field == "consent.email" && to.is_empty() {
                // An opt-out that is taken back is asked about, and stays meanwhile.
                continue;
            }
            if here.get(field) == to && self.both_stay(link, field, [key, other]) {
                continue;
            }
            if self.fell_into_the_window(at, key, field) {
                continue;
            }
            let what = format!(
                "link {} {}: `{field}` was set to {to:?} at {} {} ({}), which now shows {:?}; its partner {} shows {:?}, and no log has it",
                link.id, link.object, key.0, key.2, event.at.format("%d %H:%M:%S"), here.get(field), other.2, there.get(field)
            );
            return Err(Violation::new("I3 no lost update", what));
        }
        Ok(())
    }

    /// A person changed the field later, on either side.
    fn is_superseded(&self, at: usize, field: &str, ends: [&RecordKey; 2]) -> bool {
        ends.into_iter().any(|end| self.field_history(end, field).any(|(later, event, _)| later > at && event.who == Who::Person))
    }

    /// The value is in the conflict log or in an open question. References, addresses and numbers have another form
    /// there, so for those the entry alone counts.
    fn is_on_record(&self, link: &Link, field: &str, value: &str) -> bool {
        let is_text = matches!(field, "first_name" | "last_name" | "job_title" | "name" | "title" | "description" | "body" | "emails[primary]");
        let logged = self.memory.conflicts.iter().filter(|entry| entry.link == link.id && entry.field == field);
        let asked = self.memory.reviews.iter().any(|review| review.link == link.id && review.fields.iter().any(|asked| asked == field));
        asked || logged.into_iter().any(|entry| !is_text || value.is_empty() || entry.loser.to_lowercase().contains(&value.to_lowercase()))
    }

    /// The sync wrote over the edit, and had not been shown it: it came after the last read of the record. No vendor
    /// lets anybody see that.
    fn fell_into_the_window(&self, at: usize, key: &RecordKey, field: &str) -> bool {
        let next = self.field_history(key, field).find(|(later, ..)| *later > at);
        next.is_some_and(|(_, event, _)| event.who == Who::Sync && event.read_at.is_none_or(|read| read <= at))
    }

    /// I4: what the sync wrote is what the partner showed at some time.
    fn no_invention(&self) -> Result<(), Violation> {
        for event in self.history.iter().filter(|event| event.who == Who::Sync) {
            let What::Changed { field, to, .. } = &event.what else { continue };
            let known = self.partners.get(&event.record);
            let (Some(known), false) = (known, to.is_empty() || is_reference(field)) else { continue };
            let shown = known.iter().any(|partner| self.field_history(partner, field).any(|(_, _, value)| value == to));
            let held = *field == "consent.email" && self.field_history(&event.record, field).any(|(_, event, value)| value == to && event.who == Who::Person);
            if !shown && !held {
                return Err(Violation::new("I4 no invention", format!("no partner ever showed what was written: {event}")));
            }
        }
        Ok(())
    }

    /// I5: every record that the sync made has a partner of its own that somebody else made.
    fn no_duplicates(&self) -> Result<(), Violation> {
        let made: BTreeSet<&RecordKey> = self.created_by(Who::Sync).map(|(_, event)| &event.record).collect();
        let mut sources = BTreeMap::new();
        for record in made.iter().filter(|record| self.shown(record).alive) {
            let Some(partners) = self.partners.get(*record) else {
                let asked = self.memory.links.iter().any(|link| ends(link).contains(&Some((*record).clone())) && is_record_in_review(link));
                if asked {
                    continue;
                }
                return Err(Violation::new("I5 no duplicates", format!("the sync made {record:?}, and it belongs to nothing")));
            };
            for source in partners {
                let others = sources.insert((record.0, source), record);
                if let Some(other) = others {
                    return Err(Violation::new("I5 no duplicates", format!("the sync made both {other:?} and {record:?} for {source:?}")));
                }
                if made.contains(source) {
                    return Err(Violation::new("I5 no duplicates", format!("the sync made both {record:?} and {source:?}")));
                }
            }
        }
        Ok(())
    }

    fn created_by(&self, who: Who) -> impl Iterator<Item = (usize, &Event)> {
        self.history.iter().enumerate().filter(move |(_, event)| event.who == who && event.what == What::Created)
    }

    /// I6: what was deleted on a side is not created there again.
    fn no_resurrection(&self) -> Result<(), Violation> {
        for (at, event) in self.created_by(Who::Sync) {
            for source in self.partners.get(&event.record).into_iter().flatten() {
                for former in self.partners.get(source).into_iter().flatten().filter(|former| **former != event.record) {
                    let gone = self.history[..at].iter().rev().find(|earlier| {
                        earlier.record == *former && matches!(earlier.what, What::Deleted | What::Restored)
                    });
                    if former.0 == event.record.0 && gone.is_some_and(|gone| gone.what == What::Deleted) {
                        return Err(Violation::new("I6 no resurrection", format!("{former:?} was deleted, and for its partner the sync made {:?}", event.record)));
                    }
                }
            }
        }
        Ok(())
    }

    /// I7: the sync deletes nothing whose partner was not deleted.
    fn no_invented_delete(&self) -> Result<(), Violation> {
        let deletes = self.history.iter().enumerate().filter(|(_, event)| event.who == Who::Sync && event.what == What::Deleted);
        for (at, event) in deletes {
            let partners = self.partners.get(&event.record).into_iter().flatten();
            let mut evidence = partners.filter(|partner| {
                self.history[..at].iter().any(|earlier| earlier.record == **partner && earlier.what == What::Deleted)
            });
            let allowed = self.case.setting.deletes == sync_core::deletes::DeletePolicy::Delete;
            if !allowed || evidence.next().is_none() {
                return Err(Violation::new("I7 no invented delete", event.to_string()));
            }
        }
        Ok(())
    }

    /// I8: the sync never takes an opt-out back, and at rest both sides have it.
    fn consent_latch(&self) -> Result<(), Violation> {
        for event in self.history.iter().filter(|event| event.who == Who::Sync) {
            if let What::Changed { field: "consent.email", from, to } = &event.what
                && from == "out"
                && to.is_empty()
            {
                return Err(Violation::new("I8 consent latch", event.to_string()));
            }
        }
        let live = self.memory.links.iter().filter(|link| link.state == LinkState::Linked && link.parked.is_none());
        for link in live.filter(|link| link.object == ObjectKind::Contact.as_str()) {
            let [Some(a), Some(b)] = ends(link) else { continue };
            let shown = [self.shown(&a), self.shown(&b)];
            let out = shown.each_ref().map(|shown| shown.get("consent.email") == "out");
            if shown.iter().all(|shown| shown.alive) && out[0] != out[1] {
                return Err(Violation::new("I8 consent latch", format!("link {}: opted out at one side only: {a:?} {}, {b:?} {}", link.id, out[0], out[1])));
            }
        }
        Ok(())
    }

    /// I16: no secret and nobody's data in what is logged.
    fn silence(&self) -> Result<(), Violation> {
        let mut canaries = BTreeSet::new();
        for vendor in SIDES {
            let credentials = self.case.world.sandbox().credentials(vendor);
            for name in ["api_key", "client_secret", "access_token", "password"] {
                canaries.extend(credentials[name].as_str().map(str::to_owned));
            }
        }
        for event in &self.history {
            if let What::Changed { field: "emails[primary]" | "phones[work]" | "phones[mobile]" | "body", to, .. } = &event.what {
                canaries.insert(to.clone());
            }
        }
        let found = canaries.iter().find(|canary| canary.len() > 4 && self.case.logged.contains(canary.as_str()));
        match found {
            Some(canary) => {
                let line = self.case.logged.lines().find(|line| line.contains(canary.as_str())).unwrap_or_default();
                Err(Violation::new("I16 silence", format!("{canary:?} is in what is logged: {line}")))
            }
            None => Ok(()),
        }
    }
}
