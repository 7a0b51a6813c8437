//! Who is who, with the mess that real address books are.

use crm_model::{
    Account, AnyRef, Contact, Deal, FieldType, Label, Labelled, Meta, Note, Object as _, ObjectKind, Record, Schema,
    Task, Value,
};
use proptest::prelude::*;
use sync_core::{Compiled, Fingerprint, Key, Mapping, MatchDecision, NoRefs, Refs, Side, compile, decide_match};

use crate::support::{Links, accounts, compiled, field, line, text};

fn contacts() -> Compiled {
    compiled(&Mapping::unified(ObjectKind::Contact).region("DE"), Vec::new())
}

struct Person<'a> {
    id: &'a str,
    given: &'a str,
    family: &'a str,
    emails: &'a [&'a str],
    phone: &'a str,
    company: &'a str,
}

const NOBODY: Person<'_> = Person { id: "", given: "", family: "", emails: &[], phone: "", company: "" };

impl Person<'_> {
    fn record(&self) -> Record {
        let mut record = Record::new(ObjectKind::Contact, Meta::new("test", self.id));
        record.set(Contact::FIRST_NAME, text(self.given));
        record.set(Contact::LAST_NAME, text(self.family));
        let email = |(index, email): (usize, &&str)| {
            let entry = Labelled::new(text(email), Label::Work);
            Value::Labelled(Box::new(if index == 0 { entry.primary() } else { entry }))
        };
        record.set(Contact::EMAILS, Value::List(self.emails.iter().enumerate().map(email).collect()));
        if !self.phone.is_empty() {
            let entry = Labelled::new(text(self.phone), Label::Mobile);
            record.set(Contact::PHONES, Value::List(vec![Value::Labelled(Box::new(entry))]));
        }
        if !self.company.is_empty() {
            let company = AnyRef::new(ObjectKind::Account, self.company).primary();
            record.set(Contact::ACCOUNTS, Value::List(vec![Value::Ref(company)]));
        }
        record
    }

    fn on(&self, side: Side) -> Fingerprint {
        let keys = [Key::email(), Key::name_and_company(), Key::phone()];
        contacts().fingerprint(side, &self.record(), &Links::of(&[("a1", "b1"), ("a2", "b2")]), &keys)
    }
}

fn person<'a>(id: &'a str, given: &'a str, family: &'a str, emails: &'a [&'a str]) -> Person<'a> {
    Person { id, given, family, emails, ..NOBODY }
}

/// The decision in short: `= b1 by e-mail address`, `? b1 b2`, `none`.
fn decide(source: &Person<'_>, others: &[Person<'_>], siblings: &[Person<'_>]) -> String {
    let on = |people: &[Person<'_>], side| people.iter().map(|person| person.on(side)).collect::<Vec<_>>();
    told(&decide_match(&source.on(Side::A), &on(others, Side::B), &on(siblings, Side::A)))
}

fn told(decision: &MatchDecision) -> String {
    match decision {
        MatchDecision::Match { key, id, .. } => format!("= {id} by {key}"),
        MatchDecision::Review { candidates, .. } => format!("? {}", candidates.join(" ")),
        MatchDecision::None => "none".to_owned(),
    }
}

#[test]
fn one_email_on_each_side() {
    let mail = &["Anna.Kowalska@Firma.example"][..];
    for (given, family, expected) in [
        ("Anna", "Kowalska", "= b1 by e-mail address"),
        ("ANNA", "KOWALSKA", "= b1 by e-mail address"),
        ("Kowalska", "Anna", "= b1 by e-mail address"),
        ("A.", "Kowalska", "= b1 by e-mail address"),
        ("", "", "= b1 by e-mail address"),
        ("", "Kowalska", "= b1 by e-mail address"),
        // Married, or a second surname.
        ("Anna", "Nowak", "= b1 by e-mail address"),
        ("Anna", "Kowalska-Nowak", "= b1 by e-mail address"),
        // A household, or an assistant who was entered under the chief's address.
        ("Piotr", "Kowalska", "? b1"),
        ("Piotr", "Zieliński", "? b1"),
    ] {
        let other = person("b1", "Anna", "Kowalska", &["anna.kowalska@firma.example"]);
        assert_eq!(decide(&person("a1", given, family, mail), &[other], &[]), expected, "{given} {family}");
    }
}

#[test]
fn names_of_many_scripts_meet() {
    for (one, two) in [
        (("José María", "García Márquez"), ("Jose Maria", "Garcia Marquez")),
        (("Jürgen", "Müller"), ("Juergen", "Mueller")),
        (("Søren", "Ångström"), ("Soren", "Angstrom")),
        (("Nguyễn", "Văn An"), ("Nguyen", "Van An")),
        (("Дмитрий", "Шостакович"), ("ДМИТРИЙ", "Шостакович")),
        (("美咲", "佐藤"), ("佐藤", "美咲")),
        (("Dr. Siân", "O’Connor"), ("Sian", "O'Connor")),
        (("Hans-Peter", "Groß"), ("Hans Peter", "Gross")),
        (("Ayşe", "Yılmaz"), ("Ayse", "Yilmaz")),
    ] {
        // The e-mail address is shared by two persons on either side; only the name can tell.
        let shared = &["familie@example.com"][..];
        let others = [person("b1", two.0, two.1, shared), person("b2", "Zacharias", "Unrelated", shared)];
        let siblings = [person("a2", "Zacharias", "Unrelated", shared)];
        assert_eq!(
            decide(&person("a1", one.0, one.1, shared), &others, &siblings),
            "= b1 by e-mail address",
            "{one:?}"
        );
    }
}

#[test]
fn households_and_shared_addresses() {
    let home = &["smiths@example.com"][..];
    let john = || person("a1", "John", "Smith", home);
    let (john_b, mary_b) = (|| person("b1", "John", "Smith", home), || person("b2", "Mary", "Smith", home));
    assert_eq!(decide(&john(), &[john_b(), mary_b()], &[]), "= b1 by e-mail address");
    assert_eq!(decide(&john(), &[mary_b()], &[]), "? b2");
    // The sibling who shares the address is not there yet: she is nobody's match.
    let mary = person("a2", "Mary", "Smith", home);
    assert_eq!(decide(&mary, &[john_b()], &[john()]), "none");
    // An initial fits both brothers.
    let j = person("a1", "J.", "Smith", home);
    assert_eq!(decide(&j, &[john_b(), person("b3", "James", "Smith", home)], &[]), "? b1 b3");
    // Father and son.
    let junior = person("a1", "John", "Smith Jr.", home);
    assert_eq!(
        decide(&junior, &[person("b1", "John", "Smith Sr", home), person("b4", "John", "Smith Jr", home)], &[]),
        "= b4 by e-mail address"
    );
    // Two of one name on the other side, or on ours: a person has to say.
    let twin = |id| person(id, "John", "Smith", home);
    assert_eq!(decide(&john(), &[twin("b1"), twin("b2")], &[]), "? b1 b2");
    assert_eq!(decide(&john(), &[john_b()], &[twin("a9")]), "? b1");
    // Without a name nobody can be told from anybody.
    assert_eq!(decide(&person("a1", "", "", home), &[john_b(), mary_b()], &[]), "? b1 b2");
}

#[test]
fn role_mailboxes_are_no_key_alone() {
    for mail in [
        "info@acme.example",
        "Sales@acme.example",
        "kontakt@acme.example",
        "no-reply@acme.example",
        "ventas2@acme.example",
    ] {
        let mail = &[mail][..];
        let bob = || person("b1", "Bob", "Jones", mail);
        assert_eq!(decide(&person("a1", "Robert", "Jones", mail), &[bob()], &[]), "? b1", "{mail:?}");
        assert_eq!(decide(&person("a1", "Bob", "Jones", mail), &[bob()], &[]), "= b1 by e-mail address");
        assert_eq!(decide(&person("a1", "Eve", "Adams", mail), &[bob()], &[]), "none");
        assert_eq!(decide(&person("a1", "", "", mail), &[bob()], &[]), "? b1");
    }
}

#[test]
fn any_email_of_either_side_counts_and_spelling_does_not() {
    let two = person("a1", "Ada", "Lovelace", &["ada@new.example", "Ada+crm@Old.example"]);
    assert_eq!(decide(&two, &[person("b1", "Ada", "Lovelace", &["ada@old.example"])], &[]), "= b1 by e-mail address");
    let gmail = person("a1", "Ada", "Lovelace", &["a.d.a@googlemail.com"]);
    assert_eq!(decide(&gmail, &[person("b1", "Ada", "Lovelace", &["ada@gmail.com"])], &[]), "= b1 by e-mail address");
    // Addresses of one record lead to two others: the first key that decides, decides.
    let others =
        [person("b1", "Ada", "Lovelace", &["ada@old.example"]), person("b2", "Ada", "Lovelace", &["ada@new.example"])];
    assert_eq!(decide(&two, &others, &[]), "= b2 by e-mail address");
    assert_eq!(decide(&person("a1", "Ada", "Lovelace", &["none", "n/a", ""]), &others, &[]), "none");
}

#[test]
fn name_and_company() {
    let at = |id, given, company| Person { id, given, family: "Lovelace", company, ..NOBODY };
    assert_eq!(decide(&at("a1", "Ada", "a1"), &[at("b1", "Ada", "b1")], &[]), "= b1 by name and company");
    assert_eq!(decide(&at("a1", "Ada", "a1"), &[at("b1", "Ada", "b2")], &[]), "none");
    assert_eq!(decide(&at("a1", "Ada", ""), &[at("b1", "Ada", "")], &[]), "none");
    // A company that is not linked identifies nobody.
    assert_eq!(decide(&at("a1", "Ada", "a9"), &[at("b1", "Ada", "b9")], &[]), "none");
    assert_eq!(decide(&at("a1", "Ada", "a1"), &[at("b1", "Ada", "b1"), at("b2", "Ada", "b1")], &[]), "? b1 b2");
    // A family name alone is not a name.
    assert_eq!(decide(&at("a1", "", "a1"), &[at("b1", "", "b1")], &[]), "none");
    // An address that leaves it open, and a name that settles it.
    let one = Person { emails: &["x@example.com"], ..at("a1", "Ada", "a1") };
    let other = Person { emails: &["x@example.com"], ..person("b2", "Piotr", "Nowak", &[]) };
    assert_eq!(decide(&one, &[other, at("b1", "Ada", "b1")], &[]), "= b1 by name and company");
}

#[test]
fn a_phone_number_needs_the_same_name() {
    let with = |id, given, family, phone| Person { id, given, family, phone, ..NOBODY };
    let ada = with("a1", "Ada", "Lovelace", "030 901820");
    assert_eq!(decide(&ada, &[with("b1", "Ada", "Lovelace", "+49 30 901820")], &[]), "= b1 by phone number");
    assert_eq!(decide(&ada, &[with("b1", "Bob", "Lovelace", "+49 30 901820")], &[]), "none");
    assert_eq!(decide(&ada, &[with("b1", "A.", "Lovelace", "+49 30 901820")], &[]), "none");
    assert_eq!(decide(&with("a1", "Ada", "Lovelace", "123"), &[with("b1", "Ada", "Lovelace", "123")], &[]), "none");
}

#[test]
fn a_record_that_is_taken_is_not_matched_again() {
    let mut other = person("b1", "Ada", "Lovelace", &["ada@example.com"]).on(Side::B);
    other.taken = true;
    let source = person("a1", "Ada", "Lovelace", &["ada@example.com"]).on(Side::A);
    let MatchDecision::Review { why, .. } = decide_match(&source, &[other], &[]) else { panic!() };
    assert_eq!(why, "same e-mail address; the record is already linked to another one");
}

#[test]
fn reasons_hold_no_personal_data() {
    let home = &["smiths@example.com"][..];
    let source = person("a1", "John", "Smith", home).on(Side::A);
    for others in [
        vec![person("b1", "John", "Smith", home)],
        vec![person("b1", "J", "Smith", home), person("b2", "J", "Smith", home)],
    ] {
        let others: Vec<_> = others.iter().map(|person| person.on(Side::B)).collect();
        let shown = format!("{:?} {source:?} {others:?}", decide_match(&source, &others, &[])).to_lowercase();
        assert!(!shown.contains("smith"), "{shown}");
    }
}

fn company(id: &str, name: &str, website: &str) -> Fingerprint {
    let compiled = compile(&Mapping::unified(ObjectKind::Account), &accounts(), &accounts()).unwrap();
    let mut record = Record::new(ObjectKind::Account, Meta::new("test", id));
    record.set(Account::NAME, text(name));
    record.set(Account::WEBSITE, text(website));
    compiled.fingerprint(Side::A, &record, &NoRefs, &Key::defaults(ObjectKind::Account))
}

#[test]
fn companies_by_domain_then_name() {
    let decide = |source: &Fingerprint, others: &[Fingerprint]| told(&decide_match(source, others, &[]));
    let acme = company("a1", "Acme GmbH & Co. KG", "https://www.acme.example/");
    assert_eq!(decide(&acme, &[company("b1", "ACME Deutschland", "acme.example")]), "= b1 by web domain");
    assert_eq!(decide(&acme, &[company("b1", "ACME", "")]), "= b1 by name");
    assert_eq!(decide(&acme, &[company("b1", "Acme Logistics", "acme-logistics.example")]), "none");
    // Branches share a site: the name singles one out, or a person does.
    let branches = [company("b1", "Acme", "acme.example"), company("b2", "Acme Logistics", "acme.example")];
    assert_eq!(decide(&acme, &branches), "= b1 by web domain");
    assert_eq!(decide(&company("a1", "Acme Trading", "acme.example"), &branches), "? b1 b2");
    // A page at a social network is nobody's domain.
    let page = |id, name| company(id, name, "https://www.linkedin.com/company/x");
    assert_eq!(decide(&page("a1", "One AG"), &[page("b1", "Two AG")]), "none");
    assert_eq!(decide(&company("a1", "", ""), &[company("b1", "", "")]), "none");
    assert_eq!(decide(&company("a1", "ООО Ромашка", ""), &[company("b1", "Ромашка", "")]), "= b1 by name");
}

/// A record of an object whose fields are as given.
fn keys(
    object: ObjectKind,
    schema: Vec<crm_model::Field>,
    record: &Record,
    side: Side,
    refs: &dyn Refs,
) -> Vec<String> {
    let schema = Schema::new(object, schema);
    let compiled = compile(&Mapping::unified(object).utc_offset_minutes(120), &schema, &schema).unwrap();
    let keys = compiled.match_keys(side, record, refs, &Key::defaults(object));
    keys.into_iter().map(|key| key.text).collect()
}

#[test]
fn deals_tasks_and_notes_by_what_they_are_about() {
    let links = Links::of(&[("a1", "b1")]);
    let about = |id: &str| Value::Ref(AnyRef::new(ObjectKind::Account, id).primary());
    let deal = |account: &str, name: &str| {
        let mut record = Record::new(ObjectKind::Deal, Meta::default());
        record.set(Deal::NAME, text(name));
        record.set(Deal::ACCOUNT, about(account));
        record
    };
    let fields = || vec![field(Deal::NAME, line()), field(Deal::ACCOUNT, FieldType::Ref { target: None })];
    let one = keys(ObjectKind::Deal, fields(), &deal("a1", "Big  Deal!"), Side::A, &links);
    assert_eq!(one, keys(ObjectKind::Deal, fields(), &deal("b1", "big deal"), Side::B, &links));
    assert_eq!(one, ["name+account:big deal|a1"]);
    assert!(keys(ObjectKind::Deal, fields(), &deal("a9", "Big Deal"), Side::A, &links).is_empty());

    let task = |target: &str, due: Value| {
        let mut record = Record::new(ObjectKind::Task, Meta::default());
        record.set(Task::TITLE, text("Call back"));
        record.set(Task::DUE, due);
        record.set(Task::TARGETS, Value::List(vec![about("other"), about(target)]));
        record.set(Task::TARGETS, Value::List(vec![about(target)]));
        record
    };
    let fields =
        || vec![field(Task::TITLE, line()), field(Task::DUE, FieldType::Date), field(Task::TARGETS, FieldType::List)];
    let night = Value::Instant("2026-03-01T22:30:00Z".parse().unwrap());
    let day = Value::Date("2026-03-02".parse().unwrap());
    let one = keys(ObjectKind::Task, fields(), &task("a1", night), Side::A, &links);
    assert_eq!(one, keys(ObjectKind::Task, fields(), &task("b1", day), Side::B, &links));
    assert_eq!(one, ["title+due+target:call back|2026-03-02|a1"]);
    assert_eq!(
        keys(ObjectKind::Task, fields(), &task("a1", Value::Null), Side::A, &links),
        ["title+due+target:call back|-|a1"]
    );

    let note = |target: &str, body: &str| {
        let mut record = Record::new(ObjectKind::Note, Meta::default());
        record.set(Note::BODY, text(body));
        record.set(Note::TARGETS, Value::List(vec![about(target)]));
        record
    };
    let fields = || vec![field(Note::BODY, FieldType::LongText), field(Note::TARGETS, FieldType::List)];
    let one = keys(ObjectKind::Note, fields(), &note("a1", "Called.\r\nWill call again"), Side::A, &links);
    assert_eq!(one, keys(ObjectKind::Note, fields(), &note("b1", "called.\n will call again "), Side::B, &links));
    assert!(one[0].starts_with("body+target:") && !one[0].contains("call again"));
    assert_ne!(one, keys(ObjectKind::Note, fields(), &note("b1", "something else"), Side::B, &links));
    assert_eq!(Note::KIND, ObjectKind::Note);
}

#[test]
fn a_field_can_be_a_key() {
    let custom = |name: &str| field(crm_model::FieldKey::custom(name), line());
    let mapping = Mapping::unified(ObjectKind::Contact).both("custom.cf_no", "custom.No__c");
    let compiled = crate::support::compiled_between(&mapping, vec![custom("cf_no")], vec![custom("No__c")]);
    let record = |name: &str, value: &str| {
        let mut record = Record::new(ObjectKind::Contact, Meta::default());
        record.set(crm_model::FieldKey::custom(name), text(value));
        record
    };
    // Either path of the pair names the key on both sides.
    for path in ["custom.cf_no", "custom.No__c"] {
        let key = [Key::Field(path.parse().unwrap())];
        let a = compiled.match_keys(Side::A, &record("cf_no", " K-17 "), &NoRefs, &key);
        assert_eq!(a, compiled.match_keys(Side::B, &record("No__c", "k-17"), &NoRefs, &key));
        assert_eq!(a[0].text, format!("{path}:k-17"));
        assert!(compiled.match_keys(Side::A, &record("cf_no", ""), &NoRefs, &key).is_empty());
    }
}

proptest! {
    /// The order in which records are found does not change the decision, and strangers do no harm.
    #[test]
    fn decisions_do_not_depend_on_order(
        people in prop::collection::vec((0_usize..4, 0_usize..3, 0_usize..3), 1..6), split in 0_usize..6, turn in 0_usize..6,
    ) {
        let (given, family) = (["John", "J.", "Mary", ""], ["Smith", "Jones", ""]);
        let emails: [&[&str]; 3] = [&["x@example.com"], &["info@example.com"], &["x@example.com", "y@example.com"]];
        let ids = ["p0", "p1", "p2", "p3", "p4", "p5"];
        let all: Vec<Fingerprint> = people.iter().zip(ids)
            .map(|((one, two, mail), id)| person(id, given[*one], family[*two], emails[*mail]).on(Side::B))
            .collect();
        let source = person("s", "John", "Smith", &["x@example.com", "info@example.com"]).on(Side::A);
        let (others, siblings) = all.split_at(split.min(all.len()));
        let decision = decide_match(&source, others, siblings);
        let (mut others, mut siblings) = (others.to_vec(), siblings.to_vec());
        others.reverse();
        if !others.is_empty() {
            let by = turn % others.len();
            others.rotate_left(by);
        }
        siblings.reverse();
        prop_assert_eq!(&decide_match(&source, &others, &siblings), &decision);
        others.push(person("stranger", "Zoe", "Far", &["zoe@far.example"]).on(Side::B));
        prop_assert_eq!(&decide_match(&source, &others, &siblings), &decision);
        if let MatchDecision::Match { id, .. } = &decision {
            prop_assert!(others.iter().any(|other| other.id == *id));
        }
    }
}
