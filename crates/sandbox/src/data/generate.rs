//! Makes the world.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use fastrand::Rng;
use rust_decimal::Decimal;

use super::countries::{self, Country};
use super::names::{BRANDS, DEAL_SUBJECTS, NOTE_TEXTS, TASK_DETAILS, TASK_TITLES, TITLES};
use super::outreach;
use super::world::{
    Address, Company, CompanyId, Deal, DealId, DealStage, Industry, Lifecycle, Note, NoteId, Person, PersonId, Subject,
    Task, TaskId, Tier, User, UserId, World,
};
use crate::mix;

/// Numbers of records at scale 1.
const COMPANIES: u32 = 440;
const PEOPLE: u32 = 2_400;
const DEALS: u32 = 600;
const TASKS: u32 = 720;
const NOTES: u32 = 560;

const INDUSTRIES: [Industry; 11] = [
    Industry::Construction,
    Industry::Consulting,
    Industry::Education,
    Industry::Energy,
    Industry::Finance,
    Industry::Food,
    Industry::Healthcare,
    Industry::Manufacturing,
    Industry::Retail,
    Industry::Technology,
    Industry::Transportation,
];

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn users_only(seed: u64) -> World {
        World {
            seed,
            users: users(),
            companies: Vec::new(),
            people: Vec::new(),
            deals: Vec::new(),
            tasks: Vec::new(),
            notes: Vec::new(),
            prospects: Vec::new(),
            meetings: Vec::new(),
            tickets: Vec::new(),
            campaigns: Vec::new(),
        }
    }

    /// Makes the world: the same arguments give the same world. `now` is its present; nothing was written later.
    #[must_use]
    pub fn generate(seed: u64, scale: u32, now: DateTime<Utc>) -> World {
        let scale = scale.max(1);
        let mut maker = Maker { now, rng: Rng::with_seed(0), used: BTreeSet::new() };
        let mut world = World::users_only(seed);
        let owners = u32::try_from(world.users.len()).unwrap_or(1);
        maker.turn_to(seed, "companies");
        world.companies = maker.companies(COMPANIES.saturating_mul(scale), owners);
        maker.turn_to(seed, "people");
        world.people = maker.people(PEOPLE.saturating_mul(scale), &world.companies, owners);
        maker.turn_to(seed, "deals");
        world.deals = maker.deals(DEALS.saturating_mul(scale), &world.companies, &world.people, owners);
        maker.turn_to(seed, "tasks");
        world.tasks = maker.tasks(TASKS.saturating_mul(scale), &world, owners);
        maker.turn_to(seed, "notes");
        world.notes = maker.notes(NOTES.saturating_mul(scale), &world, owners);
        outreach::fill(&mut world, &mut maker, seed, scale, owners);
        world
    }
}

fn users() -> Vec<User> {
    let people = [
        ("Ingrid", "Sørensen", true),
        ("Marcus", "Adeyemi", true),
        ("Yolanda", "Castro Peña", true),
        ("Tomáš", "Dvořák", true),
        ("Rebecca", "Stein", false),
        ("Noor", "Haddad", true),
        ("Fergus", "Doyle", true),
    ];
    (0_u32..)
        .zip(people)
        .map(|(id, (first_name, last_name, active))| User {
            id: UserId(id),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            email: format!("{}.{}@meridian-sales.example", slug(first_name, ""), slug(last_name, "")),
            active,
        })
        .collect()
}

pub(super) struct Maker {
    pub(super) now: DateTime<Utc>,
    pub(super) rng: Rng,
    /// Names, addresses and numbers that must not come twice.
    used: BTreeSet<String>,
}

impl Maker {
    /// Gives every part of the world dice of its own, so that one part can grow without changing the others.
    pub(super) fn turn_to(&mut self, seed: u64, part: &str) {
        self.rng = Rng::with_seed(mix(seed, &["world", part]));
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        if list.is_empty() { None } else { list.get(self.rng.usize(..list.len())) }
    }

    pub(super) fn word(&mut self, list: &[&'static str]) -> &'static str {
        self.pick(list).copied().unwrap_or_default()
    }

    pub(super) fn country(&mut self) -> &'static Country {
        let total: u32 = countries::all().map(|country| country.weight).sum();
        countries::drawn(self.rng.u32(..total.max(1)))
    }

    fn digits(&mut self, pattern: &str) -> String {
        pattern.chars().map(|c| if c == '#' { self.rng.digit(10) } else { c }).collect()
    }

    /// An unused number in E.164, or none when the range is used up.
    pub(super) fn phone(&mut self, country: &Country, patterns: &[&'static str]) -> Option<String> {
        for _ in 0..24 {
            let pattern = self.word(patterns);
            let number = format!("+{}{}", country.calling, self.digits(pattern));
            if self.used.insert(number.clone()) {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn owner(&mut self, owners: u32) -> UserId {
        UserId(self.rng.u32(..owners.max(1)))
    }

    /// When a record was made and last written, whole seconds, in the `days` before now.
    pub(super) fn lifetime(&mut self, days: i64) -> (DateTime<Utc>, DateTime<Utc>) {
        let age = self.rng.i64(3_600..days * 86_400);
        let since_update = if self.chance(25) { age } else { self.rng.i64(1_800..=age.max(1_800)) };
        let now = self.now.with_nanosecond(0).unwrap_or(self.now);
        (now - TimeDelta::seconds(age), now - TimeDelta::seconds(since_update.min(age)))
    }

    pub(super) fn address(&mut self, country: &Country) -> Option<Address> {
        let (city, region, postal) = *self.pick(country.cities)?;
        let street = self.word(country.streets);
        let number = self.rng.u32(1..180);
        Some(Address {
            street: if country.number_first { format!("{number} {street}") } else { format!("{street} {number}") },
            city: city.to_owned(),
            region: (!region.is_empty()).then(|| region.to_owned()),
            postal_code: self.digits(postal),
            country: country.name.to_owned(),
        })
    }

    fn companies(&mut self, count: u32, owners: u32) -> Vec<Company> {
        let mut list: Vec<Company> = Vec::new();
        for id in 0..count {
            let country = self.country();
            let Some((name, domain)) = self.company_name(country, id) else {
                continue;
            };
            let (created, updated) = self.lifetime(1_400);
            let spelled = match self.rng.u32(..3) {
                0 => domain.clone(),
                1 => format!("https://www.{domain}"),
                _ => format!("http://{domain}/"),
            };
            let parent = if self.chance(6) {
                self.pick(&list).filter(|parent| parent.parent.is_none()).map(|parent| parent.id)
            } else {
                None
            };
            list.push(Company {
                id: CompanyId(id),
                name,
                website: self.chance(90).then_some(spelled),
                phone: self.phone(country, country.desk),
                industry: self.pick(&INDUSTRIES).copied(),
                employees: Some(self.rng.u32(2..4_000)),
                annual_revenue: Some(u64::from(self.rng.u32(1..900)) * 100_000),
                address: self.address(country),
                parent,
                owner: self.owner(owners),
                customer_code: Some(format!("C-{:05}", 10_000 + id * 7)),
                created,
                updated,
            });
        }
        list
    }

    /// A name that stays unique when its legal form and accents are dropped, and the domain made from it.
    fn company_name(&mut self, country: &Country, id: u32) -> Option<(String, String)> {
        for attempt in 0..40 {
            let first = if self.chance(45) { self.word(country.family) } else { self.word(BRANDS) };
            let trade = self.word(country.trades);
            let mut core = format!("{first} {trade}");
            if attempt > 20 {
                core = format!("{first} {trade} {}", id + 1);
            }
            let domain = format!("{}.example", slug(&core, "-"));
            if self.used.insert(domain.clone()) {
                return Some((format!("{core} {}", self.word(country.legal_forms)), domain));
            }
        }
        None
    }

    fn people(&mut self, count: u32, companies: &[Company], owners: u32) -> Vec<Person> {
        (0..count).map(|id| self.person(PersonId(id), companies, owners)).collect()
    }

    fn person(&mut self, id: PersonId, companies: &[Company], owners: u32) -> Person {
        let company = if self.chance(86) { self.pick(companies) } else { None };
        let seat = company.and_then(|company| company.address.as_ref()).map(|address| address.country.as_str());
        let country = countries::all().find(|country| Some(country.name) == seat);
        // One in ten comes from elsewhere.
        let country = country.filter(|_| !self.chance(10)).unwrap_or_else(|| self.country());
        let first_name = self.word(country.given).to_owned();
        let mut last_name = self.word(country.family).to_owned();
        if country.double_surname {
            last_name = format!("{last_name} {}", self.word(country.family));
        }
        let domain = company.and_then(|company| company.website.as_deref()).map(bare_domain);
        let email = self.email(&first_name, &last_name, domain.as_deref(), id);
        let second = if self.chance(8) { self.email(&first_name, &last_name, None, id) } else { None };
        let (created, updated) = self.lifetime(1_100);
        let lifecycle = match self.rng.u32(..10) {
            0..=3 => Lifecycle::Lead,
            4..=6 => Lifecycle::Qualified,
            _ => Lifecycle::Customer,
        };
        let tier = match self.rng.u32(..10) {
            0 => Some(Tier::Gold),
            1..=3 => Some(Tier::Silver),
            4..=6 => Some(Tier::Bronze),
            _ => None,
        };
        let has_mobile = email.is_none() || self.chance(70);
        Person {
            id,
            first_name: Some(first_name),
            last_name,
            other_emails: second.into_iter().filter(|second| Some(second) != email.as_ref()).collect(),
            email,
            work_phone: if self.chance(55) { self.phone(country, country.desk) } else { None },
            mobile: if has_mobile { self.phone(country, country.mobile) } else { None },
            job_title: self.pick(TITLES).map(|(title, _)| (*title).to_owned()),
            company: company.map(|company| company.id),
            address: if self.chance(75) { self.address(country) } else { None },
            owner: self.owner(owners),
            lead_source: self
                .pick(&["Web", "Phone Inquiry", "Partner Referral", "Trade Show", "Other"])
                .copied()
                .filter(|_| !id.0.is_multiple_of(6)),
            tier,
            sales_region: Some(country.sales_region),
            lifecycle,
            email_opt_out: self.chance(8),
            do_not_call: self.chance(4),
            created,
            updated,
        }
    }

    /// Mostly a personal address; sometimes the company's shared one; sometimes none.
    fn email(&mut self, first: &str, last: &str, domain: Option<&str>, id: PersonId) -> Option<String> {
        let (first, last) = (slug(first, ""), slug(last, ""));
        match (domain, self.rng.u32(..100)) {
            (_, 0..=3) => return None,
            (Some(domain), 4..=11) => {
                return Some(format!("{}@{domain}", self.word(&["info", "info", "info", "office", "sales"])));
            }
            _ => {}
        }
        let initial = first.chars().next().unwrap_or('x');
        let domain = domain.unwrap_or("mailbox.example");
        let candidates = [
            format!("{first}.{last}@{domain}"),
            format!("{initial}.{last}@{domain}"),
            format!("{first}@{domain}"),
            format!("{first}.{last}{}@{domain}", id.0),
        ];
        let start = if domain == "mailbox.example" || self.chance(80) { 0 } else { 1 };
        candidates.into_iter().skip(start).find(|address| self.used.insert(address.clone()))
    }

    fn deals(&mut self, count: u32, companies: &[Company], people: &[Person], owners: u32) -> Vec<Deal> {
        let mut staffs: BTreeMap<CompanyId, Vec<PersonId>> = BTreeMap::new();
        for person in people {
            if let Some(company) = person.company {
                staffs.entry(company).or_default().push(person.id);
            }
        }
        let mut list = Vec::new();
        for id in 0..count {
            let Some(company) = self.pick(companies) else {
                break;
            };
            let staff = staffs.get(&company.id).map_or(&[][..], Vec::as_slice);
            let involved = self.rng.usize(0..3).min(staff.len());
            let from = if staff.is_empty() { 0 } else { self.rng.usize(..staff.len()) };
            let people = staff.iter().cycle().skip(from).take(involved).copied().collect();
            let (created, updated) = self.lifetime(500);
            let stage = match self.rng.u32(..20) {
                0..=2 => DealStage::New,
                3..=5 => DealStage::Qualification,
                6..=7 => DealStage::Discovery,
                8..=9 => DealStage::Demo,
                10..=12 => DealStage::Negotiation,
                13..=16 => DealStage::Won,
                _ => DealStage::Lost,
            };
            let closed = matches!(stage, DealStage::Won | DealStage::Lost);
            let close = if closed { updated } else { self.now + TimeDelta::days(self.rng.i64(-10..120)) };
            let cents = i64::from(self.rng.u32(5..4_000)) * 10_000 + if self.chance(20) { 4_950 } else { 0 };
            let short = company.name.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            list.push(Deal {
                id: DealId(id),
                name: format!("{short} – {}", self.word(DEAL_SUBJECTS)),
                company: Some(company.id),
                people,
                amount: (!self.chance(5)).then(|| Decimal::new(cents, 2)),
                stage,
                close_date: close.date_naive(),
                margin: self.chance(60).then(|| Decimal::new(i64::from(self.rng.u32(20..600)), 1)),
                owner: self.owner(owners),
                created,
                updated,
            });
        }
        list
    }

    pub(super) fn subject(&mut self, world: &World) -> Option<(Subject, String)> {
        match self.rng.u32(..10) {
            0..=4 => self.pick(&world.people).map(|person| {
                let first = person.first_name.as_deref().unwrap_or_default();
                (Subject::Person(person.id), format!("{first} {}", person.last_name).trim().to_owned())
            }),
            5..=6 => self.pick(&world.companies).map(|company| (Subject::Company(company.id), company.name.clone())),
            _ => self.pick(&world.deals).map(|deal| (Subject::Deal(deal.id), deal.name.clone())),
        }
    }

    fn tasks(&mut self, count: u32, world: &World, owners: u32) -> Vec<Task> {
        let mut list = Vec::new();
        for id in 0..count {
            let Some((subject, label)) = self.subject(world) else {
                break;
            };
            let (created, updated) = self.lifetime(200);
            // Tasks are due on the half hour.
            let due = self.now + TimeDelta::minutes(self.rng.i64(-40 * 48..60 * 48) * 30);
            let due = due.with_second(0).and_then(|due| due.with_minute(due.minute() / 30 * 30)).unwrap_or(due);
            list.push(Task {
                id: TaskId(id),
                title: self.word(TASK_TITLES).replace("{}", &label),
                description: self.chance(45).then(|| self.word(TASK_DETAILS).to_owned()),
                due: due.with_nanosecond(0).unwrap_or(due),
                done: self.chance(40),
                owner: self.owner(owners),
                about: (!self.chance(6)).then_some(subject),
                created,
                updated,
            });
        }
        list
    }

    fn notes(&mut self, count: u32, world: &World, owners: u32) -> Vec<Note> {
        let mut list = Vec::new();
        for id in 0..count {
            let Some((about, _)) = self.subject(world) else {
                break;
            };
            let (created, updated) = self.lifetime(300);
            let text = format!("{} (no. {})", self.word(NOTE_TEXTS), id + 1);
            list.push(Note { id: NoteId(id), text, about, author: self.owner(owners), created, updated });
        }
        list
    }
}

/// The domain in a web site's spelling.
pub(super) fn bare_domain(website: &str) -> String {
    let host = website.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    host.trim_start_matches("www.").to_owned()
}

/// Lower-case ASCII letters and digits of `text`; runs of anything else become `separator`.
pub(super) fn slug(text: &str, separator: &str) -> String {
    let folded = fold(text).to_lowercase();
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(separator)
}

/// `text` without accents, as people type it on a foreign keyboard.
pub(super) fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ä' | 'á' | 'à' | 'â' | 'ã' | 'å' | 'ą' => plain.push('a'),
            'Å' | 'Á' | 'À' | 'Â' => plain.push('A'),
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => plain.push('e'),
            'É' | 'È' | 'Ê' => plain.push('E'),
            'í' | 'ì' | 'î' | 'ï' => plain.push('i'),
            'Í' | 'Î' => plain.push('I'),
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ō' => plain.push('o'),
            'Ö' | 'Ó' | 'Ō' | 'Ø' => plain.push('O'),
            'ü' | 'ú' | 'ù' | 'û' | 'ů' => plain.push('u'),
            'Ü' | 'Ú' => plain.push('U'),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'ñ' | 'ń' => plain.push('n'),
            'ł' => plain.push('l'),
            'Ł' => plain.push('L'),
            'ś' | 'š' | 'ş' => plain.push('s'),
            'Ś' | 'Š' => plain.push('S'),
            'ź' | 'ż' | 'ž' => plain.push('z'),
            'Ź' | 'Ż' | 'Ž' => plain.push('Z'),
            'ř' => plain.push('r'),
            'ß' => plain.push_str("ss"),
            other => plain.push(other),
        }
    }
    plain
}
