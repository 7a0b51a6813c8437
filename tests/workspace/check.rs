//! The invariants, checked from outside: the vendors' records and their history on one side, the sync's memory on the
//! other. Nothing here shares code with the sync.

use std::collections::{BTreeMap, BTreeSet};

use crm_model::ObjectKind;
use sandbox::Vendor;
use sync_store::{Link, LinkState};
use testkit::sim::{Event, RecordKey, Shown, What, Who, fields, is_reference};

use crate::drive::{Case, Memory, SIDES, Violation, ends};

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
    fn field_history<'h>(
        &'h self,
        key: &'h RecordKey,
        wanted: &'h str,
    ) -> impl Iterator<Item = (usize, &'h Event, &'h str)> {
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

    /// Whether both values of a field were left as they are on purpose, and both are still the same.
    fn both_stay(&self, link: &Link, field: &str, ends: [&RecordKey; 2]) -> bool {
        let entries = self
            .memory
            .conflicts
            .iter()
            .filter(|entry| entry.link == link.id && entry.field == field && entry.winner.is_none());
        let Some(left) = entries.map(|entry| entry.at).max() else { return false };
        ends.into_iter().all(|end| {
            // What happened in the same second may have come before the sync looked, or after it.
            let record = self.shown(end);
            let shown = record.get(field);
            let before = self.field_history(end, field).take_while(|(_, event, _)| event.at < left).last();
            before.map_or("", |(_, _, value)| value) == shown
                || self.field_history(end, field).any(|(_, event, value)| event.at == left && value == shown)
        })
    }

    /// I1: both sides of every link show the same.
    pub(crate) fn convergence(&self) -> Result<(), Violation> {
        for link in self.memory.links.iter().filter(|link| link.state == LinkState::Linked && link.parked.is_none()) {
            let [Some(a), Some(b)] = ends(link) else { continue };
            let (on_a, on_b) = (self.shown(&a), self.shown(&b));
            if !on_a.alive || !on_b.alive || self.is_hidden(&a) {
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
                        link.id,
                        link.object,
                        on_a.get(field),
                        a.0,
                        a.2,
                        on_b.get(field),
                        b.0,
                        b.2
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
            let link =
                self.memory.links.iter().find(|link| link.state.is_live() && ends(link).contains(&Some(key.clone())));
            let Some(link) = link.filter(|link| link.state == LinkState::Linked && link.parked.is_none()) else {
                continue;
            };
            let (here, there) = (self.shown(key), self.shown(other));
            let is_hidden = self.is_hidden(key) || self.is_hidden(other);
            if !here.alive || !there.alive || is_hidden || self.is_asked(link, field) {
                continue;
            }
            let waits = self.translated(other.0, field, there.get(field)).is_none();
            let Some(carried) = self.translated(key.0, field, to).filter(|_| !waits) else { continue };
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
            let agreed = self.last_agreed(at, field, key, other);
            if self.is_back(at, event, field, to) || agreed.as_ref() == Some(to) {
                continue;
            }
            if self.is_under_way(at, other, field, &carried) {
                continue;
            }
            if to.is_empty() && (agreed.is_none() || self.is_older_than_link(at, key, other)) {
                // As long as two records have not agreed on a field, an empty one is filled, whoever emptied it.
                continue;
            }
            let what = format!(
                "link {} {}: `{field}` was set to {to:?} at {} {} ({}), which now shows {:?}; its partner {} shows {:?}, and no log has it",
                link.id,
                link.object,
                key.0,
                key.2,
                event.at.format("%d %H:%M:%S"),
                here.get(field),
                other.2,
                there.get(field)
            );
            return Err(Violation::new("I3 no lost update", what));
        }
        Ok(())
    }

    /// Changed and changed back: to a sync that looks at values, nothing happened. What it compares with is what it
    /// read last, or what it read in the last run that lived to its end.
    fn is_back(&self, at: usize, event: &Event, field: &str, value: &str) -> bool {
        let was = |known: usize| {
            let before = self.field_history(&event.record, field).take_while(|(earlier, ..)| *earlier < known);
            before.last().map_or("", |(_, _, value)| value)
        };
        let done = self.case.done_at.iter().rev().find(|done| **done <= at).copied();
        [event.read_at, done].into_iter().flatten().any(|known| was(known) == value)
    }

    /// A person entered what the partner had shown since the last run that was done, and what may have been on its way
    /// here: nobody can tell the two apart.
    fn is_under_way(&self, at: usize, from: &RecordKey, field: &str, value: &str) -> bool {
        let done = self.case.done_at.iter().rev().find(|done| **done <= at).copied().unwrap_or_default();
        let then = self.field_history(from, field).take_while(|(when, ..)| *when < done).last();
        let since = self.field_history(from, field).filter(|(when, ..)| (done..at).contains(when));
        then.into_iter().chain(since).any(|(_, _, shown)| shown == value)
    }

    /// What a record showed of a field when, before an event, it and its partner last showed the same.
    fn last_agreed(&self, at: usize, field: &str, here: &RecordKey, there: &RecordKey) -> Option<String> {
        let mut now = [String::new(), String::new()];
        let mut agreed = None;
        for event in &self.history[..at] {
            let What::Changed { field: changed, to, .. } = &event.what else { continue };
            let Some(end) = [here, there].into_iter().position(|end| event.record == *end && *changed == field) else {
                continue;
            };
            now[end].clone_from(to);
            if self.translated(here.0, field, &now[0]).as_ref() == Some(&now[1]) {
                agreed = Some(now[0].clone());
            }
        }
        agreed
    }

    fn is_older_than_link(&self, at: usize, one: &RecordKey, other: &RecordKey) -> bool {
        let [a, b] = if one.0 == SIDES[0] { [one, other] } else { [other, one] };
        self.case.linked_at.get(&[a.clone(), b.clone()]).is_none_or(|linked| at < *linked)
    }

    /// A person changed the field later, on either side.
    fn is_superseded(&self, at: usize, field: &str, ends: [&RecordKey; 2]) -> bool {
        ends.into_iter()
            .any(|end| self.field_history(end, field).any(|(later, event, _)| later > at && event.who == Who::Person))
    }

    /// The value is in the conflict log or in an open question. References, addresses and numbers have another form
    /// there, so for those the entry alone counts.
    fn is_on_record(&self, link: &Link, field: &str, value: &str) -> bool {
        let is_text = matches!(
            field,
            "first_name" | "last_name" | "job_title" | "name" | "title" | "description" | "body" | "emails[primary]"
        );
        let logged = self.memory.conflicts.iter().filter(|entry| entry.link == link.id && entry.field == field);
        let asked = self
            .memory
            .reviews
            .iter()
            .any(|review| review.link == link.id && review.fields.iter().any(|asked| asked == field));
        asked
            || logged
                .into_iter()
                .any(|entry| !is_text || value.is_empty() || entry.loser.to_lowercase().contains(&value.to_lowercase()))
    }

    /// The sync wrote over the edit, and had not been shown it: it came after the last read of the record. No vendor
    /// lets anybody see that.
    fn fell_into_the_window(&self, at: usize, key: &RecordKey, field: &str) -> bool {
        let next = self.field_history(key, field).find(|(later, ..)| *later > at);
        next.is_some_and(|(_, event, _)| event.who == Who::Sync && event.read_at.is_none_or(|read| read <= at))
    }

    /// Whether nobody can know that the sync made a record: neither vendor has a place for a key in notes, nor
    /// Freshsales in tasks, the answer was lost, and somebody changed the record before the sync was shown it.
    fn is_unknowable(&self, record: &RecordKey) -> bool {
        let has_no_key =
            record.1 == ObjectKind::Note || (record.1 == ObjectKind::Task && record.0 == Vendor::Freshsales);
        let mut of_record = self.history.iter().filter(|event| event.record == *record);
        has_no_key && of_record.any(|event| event.who == Who::Person && event.read_at.is_none())
    }

    /// A note on a deleted record is shown by no list at Freshsales.
    fn is_hidden(&self, record: &RecordKey) -> bool {
        let target = self.shown(record).get("targets[primary]").to_owned();
        let target =
            target.split_once(':').and_then(|(object, id)| Some((record.0, object.parse().ok()?, id.to_owned())));
        record.0 == Vendor::Freshsales
            && record.1 == ObjectKind::Note
            && target.is_none_or(|target| !self.shown(&target).alive)
    }

    /// I4: what the sync wrote is what the partner showed at some time.
    fn no_invention(&self) -> Result<(), Violation> {
        for event in self.history.iter().filter(|event| event.who == Who::Sync) {
            let What::Changed { field, to, .. } = &event.what else { continue };
            let known = self.partners.get(&event.record);
            let (Some(known), false) =
                (known, to.is_empty() || is_reference(field) || self.is_unknowable(&event.record))
            else {
                continue;
            };
            let shown = known.iter().any(|partner| self.field_history(partner, field).any(|(_, _, value)| value == to));
            let held = *field == "consent.email"
                && self
                    .field_history(&event.record, field)
                    .any(|(_, event, value)| value == to && event.who == Who::Person);
            if !shown && !held {
                return Err(Violation::new(
                    "I4 no invention",
                    format!("no partner ever showed what was written: {event}"),
                ));
            }
        }
        Ok(())
    }

    /// I5: every record that the sync made has a partner of its own that somebody else made.
    fn no_duplicates(&self) -> Result<(), Violation> {
        let made = self.created_by(Who::Sync).map(|(_, event)| &event.record);
        let made: BTreeSet<&RecordKey> =
            made.filter(|record| !self.is_unknowable(record) && !self.is_hidden(record)).collect();
        let mut sources = BTreeMap::new();
        for record in made.iter().filter(|record| self.shown(record).alive) {
            let Some(partners) = self.partners.get(*record) else {
                let asked = self
                    .memory
                    .links
                    .iter()
                    .any(|link| ends(link).contains(&Some((*record).clone())) && is_record_in_review(link));
                if asked {
                    continue;
                }
                return Err(Violation::new(
                    "I5 no duplicates",
                    format!("the sync made {record:?}, and it belongs to nothing"),
                ));
            };
            for source in partners {
                let others = sources.insert((record.0, source), record);
                if let Some(other) = others {
                    return Err(Violation::new(
                        "I5 no duplicates",
                        format!("the sync made both {other:?} and {record:?} for {source:?}"),
                    ));
                }
                if made.contains(source) {
                    return Err(Violation::new(
                        "I5 no duplicates",
                        format!("the sync made both {record:?} and {source:?}"),
                    ));
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
                for former in self.partners.get(source).into_iter().flatten().filter(|former| **former != event.record)
                {
                    let gone = self.history[..at].iter().rev().find(|earlier| {
                        earlier.record == *former && matches!(earlier.what, What::Deleted | What::Restored)
                    });
                    if former.0 == event.record.0 && gone.is_some_and(|gone| gone.what == What::Deleted) {
                        return Err(Violation::new(
                            "I6 no resurrection",
                            format!("{former:?} was deleted, and for its partner the sync made {:?}", event.record),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// I7: the sync deletes nothing whose partner was not deleted.
    fn no_invented_delete(&self) -> Result<(), Violation> {
        let deletes =
            self.history.iter().enumerate().filter(|(_, event)| event.who == Who::Sync && event.what == What::Deleted);
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
                return Err(Violation::new(
                    "I8 consent latch",
                    format!("link {}: opted out at one side only: {a:?} {}, {b:?} {}", link.id, out[0], out[1]),
                ));
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
            if let What::Changed { field: "emails[primary]" | "phones[work]" | "phones[mobile]" | "body", to, .. } =
                &event.what
            {
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
