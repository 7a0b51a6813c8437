//! What only a CRM with marketing and service holds: prospects, meetings, tickets and campaigns.

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike as _, Utc};
use serde::Serialize;

use super::generate::{Maker, bare_domain, slug};
use super::names::TITLES;
use super::world::{Address, PersonId, Subject, UserId, World};

/// Numbers of records at scale 1.
const PROSPECTS: u32 = 240;
const MEETINGS: u32 = 180;
const TICKETS: u32 = 140;
const CAMPAIGNS: u32 = 8;

/// Somebody not yet known to be a customer: a lead.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Prospect {
    /// Place in the list.
    pub id: u32,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Employer's name; no company of the world.
    pub company: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number in E.164.
    pub phone: Option<String>,
    /// Position.
    pub job_title: Option<String>,
    /// Postal address.
    pub address: Option<Address>,
    /// How far the sales people have come: 0 is untouched, 1 worked on, 2 given up.
    pub progress: u8,
    /// Whether nobody but a queue owns it.
    pub queued: bool,
    /// The user in charge.
    pub owner: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// A meeting or a call in the calendar.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Meeting {
    /// What it is about, in a line.
    pub title: String,
    /// Where it takes place.
    pub place: Option<&'static str>,
    /// When it starts; midnight for one of whole days.
    pub start: DateTime<Utc>,
    /// How many minutes it lasts.
    pub minutes: u32,
    /// Whether it takes whole days.
    pub all_day: bool,
    /// Whom or what it is about.
    pub about: Option<Subject>,
    /// Whose calendar it is in.
    pub owner: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// A customer's complaint or question.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ticket {
    /// What is wrong, in a line.
    pub subject: &'static str,
    /// The customer's words.
    pub text: &'static str,
    /// Who asks.
    pub person: PersonId,
    /// How far it is: 0 is new, 1 worked on, 2 escalated, 3 closed.
    pub progress: u8,
    /// Whether it waits in a queue.
    pub queued: bool,
    /// The user in charge.
    pub owner: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

/// A campaign and whom it reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Campaign {
    /// Name.
    pub name: String,
    /// `Webinar`, `Trade Show`, `Email` or `Conference`.
    pub kind: &'static str,
    /// First day.
    pub start: NaiveDate,
    /// Customers reached, and whether they answered.
    pub people: Vec<(PersonId, bool)>,
    /// Prospects reached (places in the list of all), and whether they answered.
    pub prospects: Vec<(u32, bool)>,
    /// The user in charge.
    pub owner: UserId,
    /// When the record was made.
    pub created: DateTime<Utc>,
    /// When the record was last written.
    pub updated: DateTime<Utc>,
}

const COMPLAINTS: [(&str, &str); 8] = [
    ("Login fails after the update", "Since this morning the portal only shows an empty page."),
    ("Invoice with the wrong address", "Please send the invoice again, with our new address."),
    ("Device does not start", "We unplugged it twice. The light stays red."),
    ("Export lacks the last column", "The file ends at column N, although O is selected."),
    ("Delivery is incomplete", "Two of the five boxes have not arrived."),
    ("How do we add a second user?", "A colleague is to work with the same account."),
    ("Noise from the fan", "It is louder than the old one, above all in the morning."),
    ("Feedback on the new screens", "The search is faster, thank you. The font is too small."),
];

/// Makes what the marketing and service people work with; call it when all else of the world is there.
pub(super) fn fill(world: &mut World, maker: &mut Maker, seed: u64, scale: u32, owners: u32) {
    maker.turn_to(seed, "prospects");
    world.prospects = (0..PROSPECTS.saturating_mul(scale)).map(|id| maker.prospect(id, owners)).collect();
    maker.turn_to(seed, "meetings");
    world.meetings = (0..MEETINGS.saturating_mul(scale)).filter_map(|_| maker.meeting(world, owners)).collect();
    maker.turn_to(seed, "tickets");
    world.tickets = (0..TICKETS.saturating_mul(scale)).filter_map(|_| maker.ticket(world, owners)).collect();
    maker.turn_to(seed, "campaigns");
    world.campaigns = (0..CAMPAIGNS.saturating_mul(scale)).map(|id| maker.campaign(id, world, owners)).collect();
}

impl Maker {
    fn prospect(&mut self, id: u32, owners: u32) -> Prospect {
        let country = self.country();
        let (first_name, last_name) = (self.word(country.given).to_owned(), self.word(country.family).to_owned());
        let company =
            format!("{} {} {}", self.word(country.family), self.word(country.trades), self.word(country.legal_forms));
        let domain = format!("{}.example", slug(&company, "-"));
        let email = format!("{}.{}@{}", slug(&first_name, ""), slug(&last_name, ""), bare_domain(&domain));
        let (created, updated) = self.lifetime(400);
        let progress = match self.rng.u32(..10) {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        Prospect {
            id,
            first_name,
            last_name,
            company,
            email: (!self.chance(10)).then_some(email),
            phone: if self.chance(60) { self.phone(country, country.desk) } else { None },
            job_title: self.pick(TITLES).map(|(title, _)| (*title).to_owned()),
            address: if self.chance(50) { self.address(country) } else { None },
            progress,
            queued: progress == 0 && self.chance(25),
            owner: self.owner(owners),
            created,
            updated,
        }
    }

    fn meeting(&mut self, world: &World, owners: u32) -> Option<Meeting> {
        let (about, label) = self.subject(world)?;
        let all_day = self.chance(10);
        let (created, updated) = self.lifetime(120);
        let day = self.now + TimeDelta::days(self.rng.i64(-40..40));
        let hour = if all_day { 0 } else { self.rng.u32(7..17) };
        let start = day
            .with_hour(hour)
            .and_then(|at| at.with_minute(0))
            .and_then(|at| at.with_second(0))?
            .with_nanosecond(0)?;
        let title = self.word(&["Meeting with {}", "Call with {}", "Demonstration for {}", "Lunch with {}"]);
        let minutes = if all_day { 24 * 60 * self.rng.u32(1..3) } else { 30 * self.rng.u32(1..5) };
        Some(Meeting {
            title: title.replace("{}", &label),
            place: self.pick(&["Room 2", "Video call", "At the customer's"]).copied(),
            start,
            minutes,
            all_day,
            about: (!self.chance(10)).then_some(about),
            owner: self.owner(owners),
            created,
            updated,
        })
    }

    fn ticket(&mut self, world: &World, owners: u32) -> Option<Ticket> {
        let person = self.pick(&world.people)?.id;
        let (subject, text) = self.pick(&COMPLAINTS).copied()?;
        let (created, updated) = self.lifetime(200);
        let progress = [0, 1, 1, 2, 3, 3, 3].get(self.rng.usize(..7)).copied()?;
        Some(Ticket {
            subject,
            text,
            person,
            progress,
            queued: progress == 0 && self.chance(50),
            owner: self.owner(owners),
            created,
            updated,
        })
    }

    fn campaign(&mut self, id: u32, world: &World, owners: u32) -> Campaign {
        let (created, updated) = self.lifetime(300);
        let kind = self.word(&["Webinar", "Trade Show", "Email", "Conference"]);
        let mut people: Vec<(PersonId, bool)> =
            (0..40).filter_map(|_| Some((self.pick(&world.people)?.id, self.chance(30)))).collect();
        people.sort_unstable();
        people.dedup_by_key(|(id, _)| *id);
        let mut prospects: Vec<(u32, bool)> =
            (0..20).filter_map(|_| Some((self.pick(&world.prospects)?.id, self.chance(20)))).collect();
        prospects.sort_unstable();
        prospects.dedup_by_key(|(id, _)| *id);
        let start = created.date_naive();
        let name = format!("{kind} {} {}", start.format("%Y-%m"), id + 1);
        Campaign { name, kind, start, people, prospects, owner: self.owner(owners), created, updated }
    }
}

impl World {
    /// Keeps what one vendor holds: all of it, or nothing.
    pub(super) fn keep_outreach(
        &mut self,
        kept: bool,
        owner: impl Fn(UserId) -> UserId,
        knows: impl Fn(&Subject) -> bool,
    ) {
        if !kept {
            (self.prospects, self.meetings, self.tickets, self.campaigns) = Default::default();
            return;
        }
        self.prospects.iter_mut().for_each(|prospect| prospect.owner = owner(prospect.owner));
        for meeting in &mut self.meetings {
            meeting.owner = owner(meeting.owner);
            meeting.about = meeting.about.filter(&knows);
        }
        self.tickets.retain(|ticket| knows(&Subject::Person(ticket.person)));
        self.tickets.iter_mut().for_each(|ticket| ticket.owner = owner(ticket.owner));
        for campaign in &mut self.campaigns {
            campaign.owner = owner(campaign.owner);
            campaign.people.retain(|(id, _)| knows(&Subject::Person(*id)));
        }
    }
}
