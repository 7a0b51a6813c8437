//! What one vendor holds of the world, and how it got it wrong.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::countries;
use super::generate::{bare_domain, fold};
use super::names::{NICKNAMES, TITLES};
use super::world::{Company, Person, Subject, UserId, World};
use crate::{Vendor, mix};

impl World {
    /// The part of the world that one vendor holds, with that vendor's mistakes: about three fifths of the records
    /// are known to both, the rest to one; the same person is spelled, abbreviated, formatted and kept up to date
    /// differently.
    ///
    /// Freshsales refuses a second contact with the same e-mail address, and one with neither address nor mobile
    /// number; its view respects that.
    #[must_use]
    pub fn view(&self, vendor: Vendor) -> World {
        let spoiler = Spoiler { seed: self.seed, vendor };
        let mut view = self.clone();
        // The first five users work with both systems, each of the last two with one.
        let foreign = match vendor {
            Vendor::Salesforce => UserId(6),
            Vendor::Freshsales => UserId(5),
        };
        view.users.retain(|user| user.id != foreign);
        let owner = |owner: UserId| if owner == foreign { UserId(0) } else { owner };

        view.companies.retain(|company| spoiler.holds("company", company.id.0));
        let companies: BTreeSet<_> = view.companies.iter().map(|company| company.id).collect();
        for company in &mut view.companies {
            company.owner = owner(company.owner);
            company.parent = company.parent.filter(|parent| companies.contains(parent));
            spoiler.company(company);
        }

        view.people.retain(|person| spoiler.holds("person", person.id.0));
        for person in &mut view.people {
            person.owner = owner(person.owner);
            person.company = person.company.filter(|company| companies.contains(company));
            spoiler.person(person);
        }
        if vendor == Vendor::Freshsales {
            make_emails_unique(&mut view.people);
            view.people.retain(|person| person.email.is_some() || person.mobile.is_some());
        }
        let people: BTreeSet<_> = view.people.iter().map(|person| person.id).collect();

        view.deals.retain(|deal| spoiler.holds("deal", deal.id.0));
        for deal in &mut view.deals {
            deal.owner = owner(deal.owner);
            deal.company = deal.company.filter(|company| companies.contains(company));
            deal.people.retain(|person| people.contains(person));
            spoiler.deal(deal);
        }
        let deals: BTreeSet<_> = view.deals.iter().map(|deal| deal.id).collect();

        let known = |subject: &Subject| match subject {
            Subject::Person(id) => people.contains(id),
            Subject::Company(id) => companies.contains(id),
            Subject::Deal(id) => deals.contains(id),
        };
        view.tasks.retain(|task| spoiler.holds("task", task.id.0));
        for task in &mut view.tasks {
            task.owner = owner(task.owner);
            task.about = task.about.filter(known);
        }
        view.notes.retain(|note| spoiler.holds("note", note.id.0) && known(&note.about));
        for note in &mut view.notes {
            note.author = owner(note.author);
        }
        view.keep_outreach(vendor == Vendor::Salesforce, owner, known);
        view
    }
}

/// The first holder of an address keeps it.
fn make_emails_unique(people: &mut [Person]) {
    let mut taken = BTreeSet::new();
    for person in people {
        person.email = person.email.take().filter(|email| taken.insert(email.to_lowercase()));
        person.other_emails.retain(|email| taken.insert(email.to_lowercase()));
    }
}

struct Spoiler {
    seed: u64,
    vendor: Vendor,
}

impl Spoiler {
    /// Three fifths of the records are at both vendors, one fifth at each alone.
    fn holds(&self, kind: &str, id: u32) -> bool {
        let draw = mix(self.seed, &["presence", kind, &id.to_string()]) % 100;
        match self.vendor {
            Vendor::Salesforce => draw < 80,
            Vendor::Freshsales => !(60..80).contains(&draw),
        }
    }

    fn dice(&self, kind: &str, id: u32) -> Rng {
        Rng::with_seed(mix(self.seed, &["spoil", self.vendor.name(), kind, &id.to_string()]))
    }

    fn company(&self, company: &mut Company) {
        let mut dice = self.dice("company", company.id.0);
        let mut chance = |percent: u32| dice.u32(..100) < percent;
        if chance(25) {
            company.name = without_legal_form(&company.name);
        }
        if chance(12) {
            company.name = fold(&company.name);
        }
        if chance(20) {
            company.website = company.website.as_deref().map(bare_domain);
        }
        lose(&mut company.website, chance(10));
        lose(&mut company.phone, chance(25));
        lose(&mut company.industry, chance(15));
        lose(&mut company.employees, chance(30));
        lose(&mut company.annual_revenue, chance(30));
        lose(&mut company.address, chance(15));
        lose(&mut company.customer_code, chance(35));
        if chance(20) {
            company.employees = company.employees.map(|count| count / 10 * 10 + 10);
        }
        let style = dice.u32(..5);
        company.phone = company.phone.as_deref().map(|number| spell_phone(number, style));
    }

    fn person(&self, person: &mut Person) {
        let mut dice = self.dice("person", person.id.0);
        let mut chance = |percent: u32| dice.u32(..100) < percent;
        if chance(10) {
            person.first_name = person.first_name.take().map(|name| nickname(&name));
        } else if chance(4) {
            person.first_name = person.first_name.take().map(|name| initial(&name));
        }
        lose(&mut person.first_name, chance(2));
        if chance(10) {
            person.first_name = person.first_name.as_deref().map(fold);
            person.last_name = fold(&person.last_name);
        }
        if chance(12) {
            person.last_name = one_surname(&person.last_name);
        }
        if chance(3) {
            person.last_name = person.last_name.to_uppercase();
        }
        if chance(12) {
            person.email = person.email.as_deref().map(capitalised);
        }
        if chance(7) {
            person.job_title = person.job_title.as_deref().map(earlier_title);
        }
        lose(&mut person.email, chance(3));
        lose(&mut person.job_title, chance(15));
        lose(&mut person.work_phone, chance(20));
        lose(&mut person.mobile, chance(15));
        lose(&mut person.address, chance(20));
        lose(&mut person.tier, chance(20));
        lose(&mut person.sales_region, chance(25));
        lose(&mut person.lead_source, chance(20));
        // Some people told only one of the two systems that they want no mail.
        person.email_opt_out = (person.email_opt_out && !chance(20)) || chance(2);
        person.do_not_call = person.do_not_call && !chance(30);
        let (work_style, mobile_style) = (dice.u32(..5), dice.u32(..5));
        person.work_phone = person.work_phone.as_deref().map(|number| spell_phone(number, work_style));
        person.mobile = person.mobile.as_deref().map(|number| spell_phone(number, mobile_style));
    }

    fn deal(&self, deal: &mut super::world::Deal) {
        let mut dice = self.dice("deal", deal.id.0);
        let mut chance = |percent: u32| dice.u32(..100) < percent;
        if chance(8) {
            deal.name = deal.name.replace(" – ", " - ");
        }
        lose(&mut deal.margin, chance(30));
        lose(&mut deal.amount, chance(4));
    }
}

fn lose<T>(field: &mut Option<T>, lost: bool) {
    if lost {
        *field = None;
    }
}

fn nickname(name: &str) -> String {
    let short = NICKNAMES.iter().find(|(long, _)| *long == name).map(|(_, short)| *short);
    short.unwrap_or(name).to_owned()
}

fn initial(name: &str) -> String {
    name.chars().next().map(|first| format!("{first}.")).unwrap_or_default()
}

/// The first of two family names; a single name stays (particles such as `van den` belong to it).
fn one_surname(name: &str) -> String {
    let starts_upper = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let proper = name.split(' ').filter(starts_upper).count();
    match name.rsplit_once(' ') {
        Some((first, _)) if proper > 1 => first.trim_end_matches(" del").trim_end_matches(" dos").to_owned(),
        _ => name.to_owned(),
    }
}

/// `Ada.Lovelace@acme.example` for `ada.lovelace@acme.example`.
fn capitalised(email: &str) -> String {
    let Some((local, domain)) = email.split_once('@') else {
        return email.to_owned();
    };
    let words = local.split('.').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    });
    format!("{}@{domain}", words.collect::<Vec<_>>().join("."))
}

fn earlier_title(title: &str) -> String {
    TITLES.iter().find(|(now, _)| *now == title).map_or(title, |(_, before)| *before).to_owned()
}

fn without_legal_form(name: &str) -> String {
    let forms = countries::all().flat_map(|country| country.legal_forms);
    let longest = forms.filter(|form| name.ends_with(*form)).max_by_key(|form| form.len());
    longest.and_then(|form| name.strip_suffix(form)).map_or(name, str::trim_end).to_owned()
}

/// Spells an E.164 number in one of five usual ways.
fn spell_phone(e164: &str, style: u32) -> String {
    let digits = e164.trim_start_matches('+');
    let country = countries::all().find(|country| digits.starts_with(country.calling));
    let Some((country, national)) = country.and_then(|c| Some((c, digits.strip_prefix(c.calling)?))) else {
        return e164.to_owned();
    };
    match style {
        0 => e164.to_owned(),
        1 => format!("+{} {}", country.calling, grouped(national, " ")),
        2 if country.trunk.is_empty() => grouped(national, "-"),
        2 => format!("{}{}", country.trunk, grouped(national, " ")),
        3 => format!("00{}{national}", country.calling),
        _ => format!(
            "+{} ({}) {}",
            country.calling,
            national.get(..3).unwrap_or(national),
            grouped(national.get(3..).unwrap_or_default(), "-")
        ),
    }
}

/// Digits in groups of three, the last group of three or four.
fn grouped(digits: &str, separator: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 3 == 0 && digits.len() - index > 1 {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_spelled_in_five_ways() {
        let spell = |number| (0..5).map(|style| spell_phone(number, style)).collect::<Vec<_>>();
        assert_eq!(
            spell("+493023125001"),
            ["+493023125001", "+49 302 312 5001", "0302 312 5001", "00493023125001", "+49 (302) 312-5001"]
        );
        assert_eq!(spell("+12125550123")[2], "212-555-0123");
        assert_eq!(spell_phone("+99912", 3), "+99912");
    }

    #[test]
    fn names_are_shortened_the_way_people_do_it() {
        assert_eq!(without_legal_form("Krüger Bau GmbH & Co. KG"), "Krüger Bau");
        assert_eq!(without_legal_form("Iyer Agro Pvt. Ltd."), "Iyer Agro");
        assert_eq!(one_surname("García Núñez"), "García");
        assert_eq!(one_surname("van den Berg"), "van den Berg");
        assert_eq!(capitalised("ada.lovelace@acme.example"), "Ada.Lovelace@acme.example");
        assert_eq!(nickname("Małgorzata"), "Gosia");
    }
}
