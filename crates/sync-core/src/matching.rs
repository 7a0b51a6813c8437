//! Which record of one side is which of the other: exact keys in order, and caution where a key is shared.

use std::collections::BTreeSet;
use std::fmt;

use crm_model::{AnyRef, FieldPath, Label, ObjectKind, Record, Value};
use serde::{Deserialize, Serialize};

use crate::codec::{as_moment, as_ref, as_text, canonical};
use crate::normalize::{self, NameRelation, PersonName};
use crate::{Codec, Compiled, Refs, Side, digest};

/// A way to recognise a record, from strongest to weakest as a caller orders them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Key {
    /// Any of a person's e-mail addresses. A role mailbox (`info@`) is no key alone.
    Email,
    /// A person's full name and a company they belong to.
    NameAndCompany,
    /// Any phone number. For persons only together with the same name.
    Phone,
    /// The domain of a company's own web site.
    Domain,
    /// A company's name without its legal form; the full name of a person, the name of a deal.
    Name,
    /// A deal's name and its account.
    NameAndAccount,
    /// A task's title, the day it is due, and the record it is about.
    TitleDueTarget,
    /// A note's text and the record it is about.
    BodyAndTarget,
    /// A field that identifies a record, such as a customer number: the path on either side of a mapped pair.
    Field(FieldPath),
}

impl Key {
    /// [`Key::Email`].
    #[must_use]
    pub fn email() -> Self {
        Self::Email
    }

    /// [`Key::NameAndCompany`].
    #[must_use]
    pub fn name_and_company() -> Self {
        Self::NameAndCompany
    }

    /// [`Key::Phone`].
    #[must_use]
    pub fn phone() -> Self {
        Self::Phone
    }

    /// [`Key::Domain`].
    #[must_use]
    pub fn domain() -> Self {
        Self::Domain
    }

    /// [`Key::Name`].
    #[must_use]
    pub fn name() -> Self {
        Self::Name
    }

    /// The keys of an object, unless a caller says otherwise.
    #[must_use]
    pub fn defaults(object: ObjectKind) -> Vec<Self> {
        match object {
            ObjectKind::Contact | ObjectKind::Lead => vec![Self::Email, Self::NameAndCompany],
            ObjectKind::Account => vec![Self::Domain, Self::Name],
            ObjectKind::Deal => vec![Self::NameAndAccount],
            ObjectKind::Task => vec![Self::TitleDueTarget],
            ObjectKind::Note => vec![Self::BodyAndTarget],
            _ => Vec::new(),
        }
    }

    fn prefix(&self) -> String {
        match self {
            Self::Email => "email".to_owned(),
            Self::NameAndCompany => "name+company".to_owned(),
            Self::Phone => "phone".to_owned(),
            Self::Domain => "domain".to_owned(),
            Self::Name => "name".to_owned(),
            Self::NameAndAccount => "name+account".to_owned(),
            Self::TitleDueTarget => "title+due+target".to_owned(),
            Self::BodyAndTarget => "body+target".to_owned(),
            Self::Field(path) => path.to_string(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email => f.write_str("e-mail address"),
            Self::NameAndCompany => f.write_str("name and company"),
            Self::Phone => f.write_str("phone number"),
            Self::Domain => f.write_str("web domain"),
            Self::Name => f.write_str("name"),
            Self::NameAndAccount => f.write_str("name and account"),
            Self::TitleDueTarget => f.write_str("title, due day and subject"),
            Self::BodyAndTarget => f.write_str("text and subject"),
            Self::Field(path) => write!(f, "{path}"),
        }
    }
}

/// One key of one record, in a form that is equal on both sides. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// Which key it is.
    pub key: Key,
    /// The normalised text, with the kind of key in front: fit for an index.
    pub text: String,
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchKey({})", self.key.prefix())
    }
}

/// What is known of a record when it is matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The record's id.
    pub id: Box<str>,
    /// Its keys, strongest first.
    pub keys: Vec<MatchKey>,
    /// A person's name; `None` for what is no person.
    pub name: Option<PersonName>,
    /// Whether the record is already linked to another one than the one to be matched. Set it before deciding.
    pub taken: bool,
}

/// What matching says about one record. The reasons hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchDecision {
    /// It is this record.
    Match {
        /// The key that says so.
        key: Key,
        /// The other side's record.
        id: Box<str>,
        /// In plain words.
        why: String,
    },
    /// It may be one of these; a person has to say.
    Review {
        /// The strongest key that says so.
        key: Key,
        /// The other side's records, in the order of their ids.
        candidates: Vec<Box<str>>,
        /// In plain words.
        why: String,
    },
    /// It is none of them.
    None,
}

impl Compiled {
    /// The keys of a record, strongest first, each once.
    #[must_use]
    pub fn match_keys(&self, side: Side, record: &Record, refs: &dyn Refs, keys: &[Key]) -> Vec<MatchKey> {
        let mut found = Vec::new();
        let mut known = BTreeSet::new();
        for key in keys {
            for text in self.texts(key, side, record, refs) {
                let text = format!("{}:{text}", key.prefix());
                if known.insert(text.clone()) {
                    found.push(MatchKey { key: key.clone(), text });
                }
            }
        }
        found
    }

    /// What matching needs to know of a record.
    #[must_use]
    pub fn fingerprint(&self, side: Side, record: &Record, refs: &dyn Refs, keys: &[Key]) -> Fingerprint {
        let is_person = matches!(self.object, ObjectKind::Contact | ObjectKind::Lead);
        let name = is_person.then(|| person(record));
        let keys = self.match_keys(side, record, refs, keys);
        Fingerprint { id: record.meta.id.clone(), keys, name, taken: false }
    }

    fn texts(&self, key: &Key, side: Side, record: &Record, refs: &dyn Refs) -> Vec<String> {
        let region = self.context.region.as_deref();
        match key {
            Key::Email => entries(record, "emails").iter().filter_map(|text| normalize::mailbox(text)).collect(),
            Key::Phone => {
                let numbers = entries(record, "phones");
                let long_enough = |number: &String| number.len() >= SHORTEST_PHONE;
                numbers.iter().filter_map(|text| normalize::phone(text, region)).filter(long_enough).collect()
            }
            Key::NameAndCompany => {
                let Some(name) = person(record).key() else {
                    return Vec::new();
                };
                // A lead's company is a name, no record.
                if self.object == ObjectKind::Lead {
                    let company = text(record, "company_name").map(|company| normalize::company(&company));
                    let company = company.filter(|company| !company.is_empty());
                    return company.map(|company| format!("{name}|{company}")).into_iter().collect();
                }
                let companies = references(record, "accounts");
                let known = companies.iter().filter_map(|company| refs.identity(side, company));
                known.map(|company| format!("{name}|{company}")).collect()
            }
            Key::Domain => text(record, "website").and_then(|site| normalize::own_domain(&site)).into_iter().collect(),
            Key::Name => self.name(record).into_iter().collect(),
            Key::NameAndAccount => with_target(self.name(record), &references(record, "account"), side, refs),
            Key::TitleDueTarget => {
                let title =
                    text(record, "title").map(|title| normalize::fold(&title)).filter(|title| !title.is_empty());
                let due = value(record, "due").as_ref().and_then(as_moment).map(|due| self.context.day(due));
                let due = due.map_or_else(|| "-".to_owned(), |day| day.to_string());
                with_target(title.map(|title| format!("{title}|{due}")), &references(record, "targets"), side, refs)
            }
            Key::BodyAndTarget => {
                let body = text(record, "body").map(|body| normalize::fold(&body)).filter(|body| !body.is_empty());
                let body = body.map(|body| digest::of_text(&body));
                with_target(body, &references(record, "targets"), side, refs)
            }
            Key::Field(path) => self.field_text(path, side, record).into_iter().collect(),
        }
    }

    fn name(&self, record: &Record) -> Option<String> {
        let name = match self.object {
            ObjectKind::Contact | ObjectKind::Lead => person(record).key()?,
            ObjectKind::Account => normalize::company(&text(record, "name")?),
            _ => normalize::fold(&text(record, "name")?),
        };
        (!name.is_empty()).then_some(name)
    }

    fn field_text(&self, path: &FieldPath, side: Side, record: &Record) -> Option<String> {
        let pair = self.pairs.iter().find(|pair| pair.paths.contains(path));
        let own_path = pair.map_or(path, |pair| &pair.paths[side.index()]);
        let value = canonical(record.peek(own_path)?);
        let text = as_text(&value)?;
        let text = match pair.map(|pair| pair.codec) {
            Some(Codec::Email) => normalize::email(&text)?,
            Some(Codec::Phone) => normalize::phone(&text, self.context.region.as_deref())?,
            Some(Codec::Url) => normalize::url(&text),
            _ => normalize::one_line(&text).to_lowercase(),
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Shorter numbers are extensions.
const SHORTEST_PHONE: usize = 7;

fn field(record: &Record, name: &'static str) -> Option<Value> {
    record.peek(&crm_model::FieldKey::known(name).into()).cloned()
}

fn value(record: &Record, name: &'static str) -> Option<Value> {
    field(record, name).map(|value| canonical(&value)).filter(|value| !value.is_empty())
}

fn text(record: &Record, name: &'static str) -> Option<String> {
    value(record, name).and_then(|value| as_text(&value).map(std::borrow::Cow::into_owned))
}

/// The entries of a list, the primary one first.
fn entries(record: &Record, name: &'static str) -> Vec<String> {
    let Some(value) = field(record, name) else {
        return Vec::new();
    };
    let mut list = match value {
        Value::List(list) => list,
        single => vec![single],
    };
    let is_secondary = |value: &Value| !matches!(value, Value::Labelled(entry) if entry.is_primary);
    // A fax is a machine that a whole company shares.
    list.retain(|value| !matches!(value, Value::Labelled(entry) if entry.label == Label::Fax));
    list.sort_by_key(is_secondary);
    list.iter().filter_map(|value| as_text(&canonical(value)).map(std::borrow::Cow::into_owned)).collect()
}

/// The references of a field, the primary one first.
fn references(record: &Record, name: &'static str) -> Vec<AnyRef> {
    let mut found: Vec<AnyRef> = match field(record, name) {
        Some(Value::List(list)) => list.iter().filter_map(as_ref).cloned().collect(),
        Some(single) => as_ref(&single).cloned().into_iter().collect(),
        None => Vec::new(),
    };
    found.sort_by_key(|reference| !reference.is_primary);
    found
}

fn with_target(text: Option<String>, targets: &[AnyRef], side: Side, refs: &dyn Refs) -> Vec<String> {
    let target = targets.first().and_then(|target| refs.identity(side, target));
    match (text, target) {
        (Some(text), Some(target)) => vec![format!("{text}|{target}")],
        _ => Vec::new(),
    }
}

fn person(record: &Record) -> PersonName {
    let part = |name| text(record, name).unwrap_or_default();
    let (given, family) = (part("first_name"), part("last_name"));
    if given.is_empty() && family.is_empty() {
        return PersonName::new("", &part("full_name"));
    }
    PersonName::new(&given, &family)
}

/// Finds the record of the other side that a record is.
///
/// `candidates` are the records of the other side that share a key with it, `siblings` the other records of its own side
/// that do; others do no harm. Keys are tried in the order of the source's. A key that one record holds on each side
/// matches, except that
/// - an e-mail address does not match two different persons, and a role mailbox needs the name as well;
/// - a phone number matches persons of the same name only;
/// - a record that is already linked is not matched again.
///
/// A key that several records hold is shared: then the name, or a further key, has to single one out. What stays open
/// goes to a person, unless the names say that none of them is meant.
#[must_use]
pub fn decide_match(source: &Fingerprint, candidates: &[Fingerprint], siblings: &[Fingerprint]) -> MatchDecision {
    let mut open: Option<MatchDecision> = None;
    for key in &source.keys {
        let holders = Holders::of(key, source, candidates, siblings);
        match holders.decide() {
            found @ MatchDecision::Match { .. } => return found,
            review @ MatchDecision::Review { .. } => open = open.or(Some(review)),
            MatchDecision::None => {}
        }
    }
    open.unwrap_or(MatchDecision::None)
}

/// Who holds one key.
struct Holders<'a> {
    key: &'a MatchKey,
    source: &'a Fingerprint,
    others: Vec<&'a Fingerprint>,
    siblings: Vec<&'a Fingerprint>,
}

impl<'a> Holders<'a> {
    fn of(
        key: &'a MatchKey,
        source: &'a Fingerprint,
        candidates: &'a [Fingerprint],
        siblings: &'a [Fingerprint],
    ) -> Self {
        let hold = |records: &'a [Fingerprint]| {
            let mut found: Vec<_> = records.iter().filter(|record| record.keys.contains(key)).collect();
            found.sort_by(|one, two| one.id.cmp(&two.id));
            found.dedup_by(|one, two| one.id == two.id);
            found
        };
        let mut own = hold(siblings);
        own.retain(|sibling| sibling.id != source.id);
        Self { key, source, others: hold(candidates), siblings: own }
    }

    fn relation(&self, other: &Fingerprint) -> NameRelation {
        match (&self.source.name, &other.name) {
            (Some(one), Some(two)) => one.relation(two),
            _ => NameRelation::Unknown,
        }
    }

    /// A key that says where a person is to be reached and not who it is.
    fn is_shared_by_nature(&self) -> bool {
        let is_role = || self.key.text.split_once(':').is_some_and(|(_, address)| normalize::is_role_mailbox(address));
        match self.key.key {
            Key::Email => is_role(),
            Key::Phone => self.source.name.is_some(),
            _ => false,
        }
    }

    fn decide(&self) -> MatchDecision {
        match (self.others.as_slice(), self.siblings.is_empty()) {
            ([], _) => MatchDecision::None,
            ([only], true) if !self.is_shared_by_nature() => self.only(only),
            _ => self.shared(),
        }
    }

    fn only(&self, only: &Fingerprint) -> MatchDecision {
        if self.key.key == Key::Email && self.relation(only) == NameRelation::Different {
            return self.review(&[only], "the names are those of two persons");
        }
        self.found(only, "no other record has it")
    }

    /// The key is held by several records, or by its nature shared: the name or a further key has to decide.
    fn shared(&self) -> MatchDecision {
        let named = |records: &[&'a Fingerprint], wanted: &[NameRelation]| -> Vec<&'a Fingerprint> {
            records.iter().filter(|record| wanted.contains(&self.relation(record))).copied().collect()
        };
        if self.source.name.is_some() {
            let same = named(&self.others, &[NameRelation::Same]);
            if let ([only], true) = (same.as_slice(), named(&self.siblings, &[NameRelation::Same]).is_empty()) {
                return self.found(only, "several records may share it, and this one has the same name");
            }
            let possible = named(&self.others, &[NameRelation::Same, NameRelation::Compatible, NameRelation::Unknown]);
            return match (possible.as_slice(), &self.key.key) {
                ([], _) | (_, Key::Phone) if same.is_empty() => MatchDecision::None,
                (possible, _) => {
                    self.review(possible, "several records may share it, and the names do not single one out")
                }
            };
        }
        let further: Vec<&MatchKey> = self.source.keys.iter().filter(|key| key.key != self.key.key).collect();
        let shares = |record: &&&Fingerprint| further.iter().any(|key| record.keys.contains(key));
        let singled: Vec<_> = self.others.iter().filter(shares).copied().collect();
        match (singled.as_slice(), self.siblings.iter().any(|record| shares(&record))) {
            ([only], false) => self.found(only, "several records have it, and this one shares a further key"),
            _ => self.review(&self.others, "several records have it"),
        }
    }

    fn found(&self, record: &Fingerprint, why: &str) -> MatchDecision {
        if record.taken {
            return self.review(&[record], "the record is already linked to another one");
        }
        let key = self.key.key.clone();
        MatchDecision::Match { why: format!("same {key}; {why}"), key, id: record.id.clone() }
    }

    fn review(&self, records: &[&Fingerprint], why: &str) -> MatchDecision {
        let key = self.key.key.clone();
        let candidates = records.iter().map(|record| record.id.clone()).collect();
        MatchDecision::Review { why: format!("same {key}; {why}"), key, candidates }
    }
}
