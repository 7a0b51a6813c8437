//! What people do: from small alphabets, so that they collide.

use std::time::Duration;

use crm_model::ObjectKind;
use sandbox::{HumanEdit, Vendor};
use serde_json::Value;

use super::view::{fields, object_name};
use super::world::Inner;

const COMPANIES: [&str; 5] = ["Acme", "Globex", "Initech", "Umbrella", "Hooli"];
const FIRST: [&str; 4] = ["Ada", "Alan", "Grace", "Linus"];
const LAST: [&str; 5] = ["Lovelace", "Turing", "Hopper", "Noether", "Ng"];
const TITLES: [&str; 4] = ["Engineer", "Director", "Head of Sales", ""];
const PHONES: [&str; 4] = ["+442071234567", "+14155550100", "+4930123456", ""];
const PLACES: [&str; 3] = ["1 Rue de Lille|Paris||75007|France", "9 High St|London||N1|", ""];
const SITES: [&str; 3] = ["https://acme.example", "globex.example", ""];
const DEALS: [&str; 4] = ["Renewal", "Pilot", "Expansion", "Big one"];
const AMOUNTS: [&str; 4] = ["1000", "1250.5", "99", ""];
const DAYS: [&str; 3] = ["2025-07-01", "2025-08-15", "2025-12-31"];
const OPEN_STAGES: [&str; 6] = ["New", "Qualification", "Discovery", "Demo", "Negotiation", "Won"];
const TODO: [&str; 4] = ["Call back", "Send offer", "Visit", "Check in"];
const TEXTS: [&str; 4] = ["Called.", "Wants a discount.", "On holiday until May.", "Met at the fair."];

/// One thing that a person does.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// What passes before.
    pub(super) pause: Duration,
    pub(super) vendor: Vendor,
    pub(super) edit: HumanEdit,
}

impl Deed {
    /// In a line.
    pub(super) fn told(&self) -> String {
        match &self.edit {
            HumanEdit::Create { object, fields } => format!("create {object} {fields}"),
            HumanEdit::Edit { object, id, fields } => format!("edit {object} {id} {fields}"),
            HumanEdit::Delete { object, id } => format!("delete {object} {id}"),
            HumanEdit::Restore { object, id } => format!("restore {object} {id}"),
            other => format!("{other:?}"),
        }
    }
}

type Fields = Vec<(&'static str, String)>;

impl Inner {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.dice.usize(..from.len())).copied().unwrap_or_default()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.u32(..100) < percent
    }

    fn vendor(&mut self) -> Vendor {
        if self.dice.bool() { Vendor::Freshsales } else { Vendor::Salesforce }
    }

    fn create(&mut self, vendor: Vendor, object: ObjectKind, fields: &Fields) -> Deed {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let fields = self.wire(vendor, object, &fields);
        let pause = Duration::from_secs(self.dice.u64(0..3));
        Deed { pause, vendor, edit: HumanEdit::Create { object: object_name(vendor, object).to_owned(), fields } }
    }

    /// One entity, on one side, the other, or both; then perturbed there.
    fn correlated(&mut self, object: ObjectKind, fields: &Fields, deeds: &mut Vec<Deed>) {
        let sides = match self.dice.u32(..100) {
            0..35 => &[Vendor::Freshsales][..],
            35..70 => &[Vendor::Salesforce],
            _ => &[Vendor::Freshsales, Vendor::Salesforce],
        };
        let mut fields = fields.clone();
        for vendor in sides {
            let deed = self.create(*vendor, object, &fields);
            deeds.push(deed);
            // What identifies the record stays, most of the time.
            let keeps = if self.chance(90) { 2 } else { 0 };
            let place = self.dice.usize(keeps.min(fields.len())..fields.len().max(keeps + 1));
            let value = fields.get(place).map(|(field, _)| *field).map(|field| self.value(*vendor, object, field));
            if let (Some((_, old)), Some(new)) = (fields.get_mut(place), value) {
                *old = new;
            }
        }
    }

    fn wants(&self, object: ObjectKind) -> bool {
        self.setup.objects.contains(&object)
    }

    /// Companies and people.
    pub(super) fn first_records(&mut self) -> Vec<Deed> {
        let mut deeds = Vec::new();
        if self.wants(ObjectKind::Account) {
            for name in COMPANIES.iter().take(1 + self.setup.people / 3) {
                let fields = self.company(name);
                self.correlated(ObjectKind::Account, &fields, &mut deeds);
            }
        }
        if self.wants(ObjectKind::Contact) {
            for number in 0..self.setup.people {
                let fields = self.someone(number);
                self.correlated(ObjectKind::Contact, &fields, &mut deeds);
            }
        }
        deeds
    }

    /// What refers to companies and people: they must be there first.
    pub(super) fn dependent_records(&mut self) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for object in [ObjectKind::Deal, ObjectKind::Task, ObjectKind::Note] {
            for _ in 0..self.setup.people / 2 {
                if self.wants(object) {
                    let vendor = self.vendor();
                    deeds.extend(self.new_record(vendor, object));
                }
            }
        }
        deeds
    }

    fn company(&mut self, name: &str) -> Fields {
        let mut fields = vec![("name", name.to_owned())];
        for field in ["website", "phones[main]", "addresses[billing]", "employee_count"] {
            let value = self.value(Vendor::Salesforce, ObjectKind::Account, field);
            fields.push((field, value));
        }
        fields
    }

    fn someone(&mut self, number: usize) -> Fields {
        let first = FIRST[number % FIRST.len()];
        let last = LAST[number % LAST.len()];
        let email = format!("{}.{}@{}.example", first, last, ["acme", "globex"][number % 2]).to_lowercase();
        let mut fields =
            vec![("last_name", last.to_owned()), ("emails[primary]", email), ("first_name", first.to_owned())];
        for field in ["job_title", "phones[work]", "phones[mobile]", "addresses[mailing]"] {
            let value = self.value(Vendor::Salesforce, ObjectKind::Contact, field);
            fields.push((field, value));
        }
        if self.chance(15) {
            fields.push(("consent.email", "out".to_owned()));
        }
        if self.setup.misfits && self.chance(8) {
            // Nobody can be created at Salesforce without a last name, nor at Freshsales without an address.
            let missing = self.pick(&["last_name", "emails[primary]"]);
            fields.retain(|(field, _)| *field != missing);
        }
        fields
    }

    fn new_record(&mut self, vendor: Vendor, object: ObjectKind) -> Option<Deed> {
        let required: &[&'static str] = match object {
            ObjectKind::Account => {
                let name = self.pick(&COMPANIES);
                let fields = self.company(name);
                return Some(self.create(vendor, object, &fields));
            }
            ObjectKind::Contact => {
                let number = self.dice.usize(..20);
                let mut fields = self.someone(number);
                fields.push(("accounts[primary]", self.value(vendor, object, "accounts[primary]")));
                return Some(self.create(vendor, object, &fields));
            }
            ObjectKind::Deal => &["name", "amount", "expected_close", "stage", "account"],
            ObjectKind::Task => &["title", "description", "due", "targets[primary]"],
            _ => &["body", "targets[primary]"],
        };
        let fields: Fields = required.iter().map(|field| (*field, self.value(vendor, object, field))).collect();
        Some(self.create(vendor, object, &fields))
    }

    /// A value that a person might give a field.
    fn value(&mut self, vendor: Vendor, object: ObjectKind, field: &str) -> String {
        let text = match (object, field) {
            (ObjectKind::Account, "name") => self.pick(&COMPANIES),
            (ObjectKind::Deal, "name") => self.pick(&DEALS),
            (_, "website") => self.pick(&SITES),
            (_, "phones[main]" | "phones[work]" | "phones[mobile]") => self.pick(&PHONES),
            (_, "addresses[billing]" | "addresses[mailing]") => self.pick(&PLACES),
            (_, "employee_count") => self.pick(&["5", "120", ""]),
            (_, "annual_revenue") => self.pick(&["100000", "2500000", ""]),
            (_, "first_name") => self.pick(&FIRST),
            (_, "last_name") => self.pick(&LAST),
            (_, "job_title") => self.pick(&TITLES),
            (_, "emails[primary]") => {
                let number = self.dice.usize(..12);
                let fields = self.someone(number);
                let email = fields.into_iter().find(|(field, _)| *field == "emails[primary]");
                return email.map(|(_, value)| value).unwrap_or_default();
            }
            (_, "amount") => self.pick(&AMOUNTS),
            (_, "expected_close") => self.pick(&DAYS),
            (_, "stage") => self.pick(&OPEN_STAGES),
            (_, "title") => self.pick(&TODO),
            (_, "description") => self.pick(&["", TEXTS[0], TEXTS[1]]),
            (_, "due") => self.pick(&DAYS),
            (_, "done") => self.pick(&["yes", "", ""]),
            (_, "body") => self.pick(&TEXTS),
            (_, "consent.email") => self.pick(&["out", "out", ""]),
            (_, "accounts[primary]" | "account") => {
                return if self.chance(20) {
                    String::new()
                } else {
                    self.someone_of(vendor, ObjectKind::Account).unwrap_or_default()
                };
            }
            (_, "targets[primary]") => {
                let mut kinds = [ObjectKind::Account, ObjectKind::Contact, ObjectKind::Deal];
                self.dice.shuffle(&mut kinds);
                let target =
                    kinds.into_iter().find_map(|object| Some(format!("{object}:{}", self.someone_of(vendor, object)?)));
                return target.unwrap_or_default();
            }
            _ => "",
        };
        text.to_owned()
    }

    /// The id of any live record of an object.
    fn someone_of(&mut self, vendor: Vendor, object: ObjectKind) -> Option<String> {
        let alive: Vec<&String> = self
            .shown
            .iter()
            .filter(|(key, shown)| key.0 == vendor && key.1 == object && shown.alive)
            .map(|(key, _)| &key.2)
            .collect();
        if alive.is_empty() { None } else { Some(alive[self.dice.usize(..alive.len())].clone()) }
    }

    /// What somebody does next; two deeds where two people have the same idea.
    pub(super) fn next_deeds(&mut self) -> Vec<Deed> {
        let object = self.setup.objects[self.dice.usize(..self.setup.objects.len())];
        let vendor = self.vendor();
        let pause = Duration::from_secs(self.dice.u64(0..8));
        let name = || object_name(vendor, object).to_owned();
        match self.dice.u32(..100) {
            0..10 => self.new_record(vendor, object).into_iter().collect(),
            10..16 if self.setup.deletes => {
                let id = self.someone_of(vendor, object);
                id.map(|id| Deed { pause, vendor, edit: HumanEdit::Delete { object: name(), id } })
                    .into_iter()
                    .collect()
            }
            16..20 if self.setup.deletes => {
                let mut gone = self.shown.iter().filter(|(key, shown)| key.0 == vendor && !shown.alive);
                let gone = gone.next().map(|(key, _)| (key.1, key.2.clone()));
                let restore = |(object, id)| HumanEdit::Restore { object: object_name(vendor, object).to_owned(), id };
                gone.map(|gone| Deed { pause, vendor, edit: restore(gone) }).into_iter().collect()
            }
            20..22 if self.setup.deletes && matches!(object, ObjectKind::Account | ObjectKind::Contact) => {
                self.merge(object, pause).into_iter().collect()
            }
            22..55 => self.edit_both(vendor, object, pause),
            _ => self.edit_one(vendor, object, pause).map(|(deed, ..)| deed).into_iter().collect(),
        }
    }

    fn merge(&mut self, object: ObjectKind, pause: Duration) -> Option<Deed> {
        let vendor = Vendor::Salesforce;
        let (id, loser) = (self.someone_of(vendor, object)?, self.someone_of(vendor, object)?);
        let object = object_name(vendor, object).to_owned();
        let edit = HumanEdit::Merge { object, id: id.clone(), losers: vec![loser.clone()], fields: Value::Null };
        (id != loser).then_some(Deed { pause, vendor, edit })
    }

    fn edit_one(
        &mut self,
        vendor: Vendor,
        object: ObjectKind,
        pause: Duration,
    ) -> Option<(Deed, String, &'static str)> {
        let id = self.someone_of(vendor, object)?;
        // Nobody moves a note.
        let all = if object == ObjectKind::Note { &["body"] } else { fields(object) };
        let field = all[self.dice.usize(..all.len())];
        let deed = self.edit(vendor, object, &id, field, pause);
        Some((deed, id, field))
    }

    fn edit(&mut self, vendor: Vendor, object: ObjectKind, id: &str, field: &'static str, pause: Duration) -> Deed {
        let value = self.value(vendor, object, field);
        let fields = self.wire(vendor, object, &[(field, value.as_str())]);
        let object = object_name(vendor, object).to_owned();
        Deed { pause, vendor, edit: HumanEdit::Edit { object, id: id.to_owned(), fields } }
    }

    /// The same field of what looks like the same record, on both sides, at once or soon after.
    fn edit_both(&mut self, vendor: Vendor, object: ObjectKind, pause: Duration) -> Vec<Deed> {
        let Some((deed, id, field)) = self.edit_one(vendor, object, pause) else { return Vec::new() };
        let other = if vendor == Vendor::Freshsales { Vendor::Salesforce } else { Vendor::Freshsales };
        let named = match object {
            ObjectKind::Contact => "emails[primary]",
            ObjectKind::Task => "title",
            ObjectKind::Note => "body",
            _ => "name",
        };
        let name = self.shown.get(&(vendor, object, id)).map(|shown| shown.get(named).to_owned()).unwrap_or_default();
        let mut alive = self.shown.iter().filter(|(key, shown)| key.0 == other && key.1 == object && shown.alive);
        let twin = alive.find(|(_, shown)| shown.get(named) == name).map(|(key, _)| key.2.clone());
        let later = Duration::from_secs(if self.dice.bool() { 0 } else { self.dice.u64(1..20) });
        let second = twin.map(|twin| self.edit(other, object, &twin, field, later));
        std::iter::once(deed).chain(second).collect()
    }
}
