//! The demo world and its views.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeZone as _, Utc};
use sandbox::data::{PersonId, Subject, World};
use sandbox::{Sandbox, Vendor};

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 6, 2, 9, 0, 0).unwrap()
}

fn worlds() -> impl Iterator<Item = World> {
    (1..=6).map(|seed| World::generate(seed, 1, now()))
}

#[test]
fn the_world_repeats_with_its_seed() {
    assert!(World::generate(3, 1, now()) == World::generate(3, 1, now()));
    assert!(World::generate(3, 1, now()).people != World::generate(4, 1, now()).people);
    let view = |seed| World::generate(seed, 1, now()).view(Vendor::Freshsales);
    assert!(view(3) == view(3));
}

#[test]
fn there_is_enough_of_everything_on_both_sides() {
    for world in worlds() {
        let (salesforce, freshsales) = (world.view(Vendor::Salesforce), world.view(Vendor::Freshsales));
        for view in [&salesforce, &freshsales] {
            let counts =
                [view.people.len(), view.companies.len(), view.deals.len(), view.tasks.len(), view.notes.len()];
            let wanted = [1_600, 300, 400, 500, 300];
            assert!(counts.iter().zip(wanted).all(|(count, wanted)| *count >= wanted), "{counts:?}");
        }
        let ids = |view: &World| view.people.iter().map(|person| person.id).collect::<BTreeSet<_>>();
        let (a, b) = (ids(&salesforce), ids(&freshsales));
        let (both, union) = (a.intersection(&b).count(), a.union(&b).count());
        assert!(union >= 2_000, "{union}");
        assert!((52..=68).contains(&(both * 100 / union)), "{both} of {union} are shared");
    }
    let large = World::generate(1, 3, now());
    assert_eq!(large.people.len(), 7_200);
}

#[test]
fn views_are_closed_and_respect_the_vendors_rules() {
    for world in worlds() {
        for vendor in Vendor::ALL {
            let view = world.view(vendor);
            let users: BTreeSet<_> = view.users.iter().map(|user| user.id).collect();
            let companies: BTreeSet<_> = view.companies.iter().map(|company| company.id).collect();
            let people: BTreeSet<_> = view.people.iter().map(|person| person.id).collect();
            let deals: BTreeSet<_> = view.deals.iter().map(|deal| deal.id).collect();
            let known = |subject: &Subject| match subject {
                Subject::Person(id) => people.contains(id),
                Subject::Company(id) => companies.contains(id),
                Subject::Deal(id) => deals.contains(id),
                _ => false,
            };
            assert_eq!(users.len(), 6);
            assert!(
                view.companies
                    .iter()
                    .all(|c| users.contains(&c.owner) && c.parent.is_none_or(|p| companies.contains(&p) && p < c.id))
            );
            assert!(
                view.people
                    .iter()
                    .all(|p| users.contains(&p.owner) && p.company.is_none_or(|c| companies.contains(&c)))
            );
            assert!(view.deals.iter().all(|d| users.contains(&d.owner) && d.people.iter().all(|p| people.contains(p))));
            assert!(view.tasks.iter().all(|t| users.contains(&t.owner) && t.about.as_ref().is_none_or(known)));
            assert!(view.notes.iter().all(|n| users.contains(&n.author) && known(&n.about)));
            let times = view
                .people
                .iter()
                .map(|p| (p.created, p.updated))
                .chain(view.deals.iter().map(|d| (d.created, d.updated)));
            for (created, updated) in times {
                assert!(created <= updated && updated <= now());
            }
            let names: BTreeSet<String> = view.companies.iter().map(|company| company.name.to_lowercase()).collect();
            assert_eq!(names.len(), view.companies.len(), "company names are unique");
            assert!(view.people.iter().all(|person| !person.last_name.is_empty()));
        }
        let freshsales = world.view(Vendor::Freshsales);
        assert!(freshsales.people.iter().all(|person| person.email.is_some() || person.mobile.is_some()));
        let emails: Vec<String> = freshsales
            .people
            .iter()
            .flat_map(|p| p.email.iter().chain(&p.other_emails))
            .map(|e| e.to_lowercase())
            .collect();
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len());
    }
}

#[test]
fn the_two_sides_disagree_in_the_ways_that_real_ones_do() {
    let world = World::generate(1, 1, now());
    let by_id =
        |view: World| view.people.into_iter().map(|person| (person.id, person)).collect::<BTreeMap<PersonId, _>>();
    let (salesforce, freshsales) = (by_id(world.view(Vendor::Salesforce)), by_id(world.view(Vendor::Freshsales)));
    let pairs: Vec<_> = salesforce.iter().filter_map(|(id, a)| Some((a, freshsales.get(id)?))).collect();
    let mut seen = BTreeMap::new();
    for (a, b) in &pairs {
        let mut note = |what: &'static str, happens: bool| {
            *seen.entry(what).or_insert(0_u32) += u32::from(happens);
        };
        note("first names differ", a.first_name.is_some() && b.first_name.is_some() && a.first_name != b.first_name);
        note("family names differ", a.last_name != b.last_name);
        note(
            "addresses differ in case only",
            matches!((&a.email, &b.email), (Some(a), Some(b)) if a != b && a.eq_ignore_ascii_case(b)),
        );
        note("an address is on one side only", a.email.is_some() != b.email.is_some());
        note("phones are spelled differently", matches!((&a.mobile, &b.mobile), (Some(a), Some(b)) if a != b));
        note("titles differ", matches!((&a.job_title, &b.job_title), (Some(a), Some(b)) if a != b));
        note("an opt-out is on one side only", a.email_opt_out != b.email_opt_out);
        note("a tier is on one side only", a.tier.is_some() != b.tier.is_some());
    }
    for (what, times) in seen {
        assert!(times >= 10, "{what}: only {times} of {}", pairs.len());
    }
    let mut shared = BTreeMap::new();
    for person in salesforce.values().filter_map(|person| person.email.as_deref()) {
        *shared.entry(person.to_lowercase()).or_insert(0) += 1;
    }
    assert!(shared.values().filter(|times| **times > 1).count() >= 3, "role addresses are shared");
    assert!(salesforce.values().any(|person| !person.last_name.is_ascii()));
}

#[test]
fn the_emulators_hold_their_views() {
    let sandbox = Sandbox::builder().seed(2).build();
    let world = World::generate(2, 1, now());
    let view = world.view(Vendor::Freshsales);
    let state = sandbox.state(Vendor::Freshsales);
    let count = |kind: &str| state[kind].as_array().unwrap().len();
    assert_eq!(
        [count("contacts"), count("sales_accounts"), count("deals"), count("tasks"), count("notes")],
        [view.people.len(), view.companies.len(), view.deals.len(), view.tasks.len(), view.notes.len()]
    );
}
