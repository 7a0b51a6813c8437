use std::collections::BTreeSet;

use super::fold;

/// Words before a name that are no part of it, folded.
const TITLES: &[&str] = &[
    "dipl",
    "doctor",
    "dott",
    "dr",
    "eng",
    "frau",
    "herr",
    "ing",
    "mag",
    "mevr",
    "miss",
    "mme",
    "mr",
    "mrs",
    "ms",
    "mx",
    "prof",
    "professor",
    "rev",
    "senor",
    "senora",
    "sig",
    "sir",
    "sra",
];

/// Words after a name that are no part of it, folded.
const DEGREES: &[&str] = &["ba", "bsc", "cpa", "dds", "esq", "llb", "llm", "ma", "mba", "md", "msc", "phd", "rn"];

/// Words that tell generations apart.
const GENERATIONS: &[&str] = &["ii", "iii", "iv", "jr", "jun", "junior", "senior", "sen", "sr"];

/// Given names and what people are called instead, folded; any two of a line are one name.
const NICKNAMES: &[&[&str]] = &[
    &["alexander", "alex", "sasha", "xander", "aleksandr", "alexandre"],
    &["andrew", "andy", "drew"],
    &["anthony", "tony", "antonio", "anton"],
    &["benjamin", "ben", "benny"],
    &["catherine", "katherine", "kathryn", "kate", "katie", "kathy", "cathy"],
    &["charles", "charlie", "chuck"],
    &["christina", "christine", "tina", "chris"],
    &["christopher", "chris", "kit"],
    &["daniel", "dan", "danny"],
    &["david", "dave"],
    &["edward", "ed", "eddie", "ted"],
    &["elizabeth", "beth", "betty", "eliza", "liz", "lisa"],
    &["francisco", "paco", "pancho", "curro"],
    &["giuseppe", "beppe", "peppe"],
    &["james", "jim", "jimmy", "jamie"],
    &["jose", "pepe"],
    &["johannes", "hannes", "hans", "johann"],
    &["john", "jack", "johnny", "jon"],
    &["joseph", "joe", "jo", "joey"],
    &["katarzyna", "kasia"],
    &["margaret", "maggie", "meg", "peggy"],
    &["matthew", "matt"],
    &["maria", "mary", "marie"],
    &["michael", "mike", "mick", "mikey", "michal"],
    &["nicholas", "nick", "nico", "nikolaus", "klaus"],
    &["patricia", "pat", "patty", "trish"],
    &["patrick", "pat", "paddy"],
    &["peter", "pete"],
    &["rebecca", "becky"],
    &["richard", "dick", "rich", "rick", "ricky"],
    &["robert", "bob", "bobby", "rob", "robbie"],
    &["samuel", "samantha", "sam"],
    &["stephen", "steven", "steve", "stefan", "stephan"],
    &["susan", "sue", "susanna"],
    &["theodore", "ted", "theo"],
    &["thomas", "tom", "tommy"],
    &["timothy", "tim"],
    &["vladimir", "vova", "volodya"],
    &["william", "bill", "billy", "will", "liam"],
];

/// How two names relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameRelation {
    /// The same name, whatever the order, case, accents and titles.
    Same,
    /// Two ways to call one person: an initial, a nickname, a part left out, one of two surnames.
    Compatible,
    /// At least one of the two is missing.
    Unknown,
    /// Two persons.
    Different,
}

/// A person's name in a form that can be compared. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    given: Vec<String>,
    family: Vec<String>,
    generation: Option<String>,
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonName(…)")
    }
}

impl PersonName {
    /// A name from its two parts, either of which may be empty or hold the whole name (`Lovelace, Ada`).
    #[must_use]
    pub fn new(given: &str, family: &str) -> Self {
        let (given, family) = match (given.trim().is_empty(), family.trim().is_empty()) {
            (true, false) => split(family),
            (false, true) => split(given),
            _ => (given, family),
        };
        let mut generation = None;
        let mut words = |text: &str| -> Vec<String> {
            let folded = fold(text);
            let mut kept = Vec::new();
            for word in folded.split(' ').filter(|word| !word.is_empty()) {
                if GENERATIONS.contains(&word) {
                    generation = Some(canonical_generation(word).to_owned());
                } else {
                    kept.push(umlauts(word));
                }
            }
            kept
        };
        let (mut given, mut family) = (words(given), words(family));
        drop_titles(&mut given, &mut family);
        Self { given, family, generation }
    }

    /// Whether nothing of the name is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.family.is_empty()
    }

    /// Given and family name as one text, for an index. `None` unless both are known.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        if self.given.is_empty() || self.family.is_empty() {
            return None;
        }
        let mut key = format!("{} {}", self.given.join(" "), self.family.join(" "));
        if let Some(generation) = &self.generation {
            key.push(' ');
            key.push_str(generation);
        }
        Some(key)
    }

    /// How two names relate; the order of the two does not matter.
    ///
    /// ```
    /// use sync_core::normalize::{NameRelation, PersonName};
    /// let bob = PersonName::new("Bob", "Müller");
    /// assert_eq!(bob.relation(&PersonName::new("Robert", "Mueller")), NameRelation::Compatible);
    /// assert_eq!(bob.relation(&PersonName::new("Carla", "Müller")), NameRelation::Different);
    /// ```
    #[must_use]
    pub fn relation(&self, other: &Self) -> NameRelation {
        if self.is_empty() || other.is_empty() {
            return NameRelation::Unknown;
        }
        if self.generation.is_some() && other.generation.is_some() && self.generation != other.generation {
            return NameRelation::Different;
        }
        let (mine, theirs) = (self.words(), other.words());
        if mine == theirs && self.generation == other.generation {
            return NameRelation::Same;
        }
        let part_of_the_other = mine.is_subset(&theirs) || theirs.is_subset(&mine);
        let parts_agree = given_agree(&self.given, &other.given) && family_agree(&self.family, &other.family);
        let swapped =
            |one: &Self, two: &Self| given_agree(&one.given, &two.family) && family_agree(&one.family, &two.given);
        let transposed = swapped(self, other) || swapped(other, self);
        let married =
            !self.given.is_empty() && self.given == other.given && self.given.iter().all(|word| !is_initial(word));
        if part_of_the_other || parts_agree || transposed || married {
            NameRelation::Compatible
        } else {
            NameRelation::Different
        }
    }

    fn words(&self) -> BTreeSet<&str> {
        self.given.iter().chain(&self.family).map(String::as_str).collect()
    }
}

/// Given and family name of a full name: `Lovelace, Ada`, else the last word is the family name.
fn split(full: &str) -> (&str, &str) {
    if let Some((family, given)) = full.split_once(',') {
        // What follows the comma may be a degree only.
        let degree = fold(given);
        if !DEGREES.contains(&degree.as_str()) && !GENERATIONS.contains(&degree.as_str()) {
            return (given, family);
        }
    }
    let full = full.trim();
    full.rsplit_once(char::is_whitespace).unwrap_or(("", full))
}

/// Titles in front and degrees behind, unless the name would be nothing without them.
fn drop_titles(given: &mut Vec<String>, family: &mut Vec<String>) {
    let total = given.len() + family.len();
    let titles = given.iter().take_while(|word| TITLES.contains(&word.as_str())).count();
    let degrees = family.iter().rev().take_while(|word| DEGREES.contains(&word.as_str())).count();
    if titles < total {
        given.drain(..titles);
    }
    if degrees < family.len() {
        family.truncate(family.len() - degrees);
    }
}

fn canonical_generation(word: &str) -> &str {
    match word {
        "jun" | "junior" => "jr",
        "sen" | "senior" => "sr",
        other => other,
    }
}

/// `Mueller` and `Müller`, whose accent is gone, become one.
fn umlauts(word: &str) -> String {
    word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
}

fn is_initial(word: &str) -> bool {
    word.chars().count() == 1
}

fn is_nickname(one: &str, two: &str) -> bool {
    let both =
        |line: &&&[&str]| line.iter().any(|name| umlauts(name) == one) && line.iter().any(|name| umlauts(name) == two);
    NICKNAMES.iter().find(both).is_some()
}

fn word_agrees(one: &str, two: &str) -> bool {
    let initial = (is_initial(one) || is_initial(two)) && one.chars().next() == two.chars().next();
    one == two || initial
}

fn given_agree(one: &[String], two: &[String]) -> bool {
    let (Some(first), Some(second)) = (one.first(), two.first()) else {
        return true;
    };
    // `Alex` for `Alexandra`, but not `An` for `Anton`.
    let shortened = |short: &str, long: &str| short.chars().count() >= 3 && long.starts_with(short);
    word_agrees(first, second)
        || shortened(first, second)
        || shortened(second, first)
        || is_nickname(first, second)
        || one.concat() == two.concat()
}

fn family_agree(one: &[String], two: &[String]) -> bool {
    if one.is_empty() || two.is_empty() {
        return true;
    }
    // One of two surnames is enough; particles such as `de` and `van` are not.
    one.iter().any(|mine| {
        two.iter().any(|theirs| {
            mine == theirs && mine.chars().count() > 3
                || word_agrees(mine, theirs) && (one.len() == 1 && two.len() == 1)
        })
    }) || one.concat() == two.concat()
}

#[cfg(test)]
mod tests {
    use NameRelation::{Compatible, Different, Same, Unknown};

    use super::*;

    #[test]
    fn names_of_many_countries() {
        for (one, two, expected) in [
            (("Ada", "Lovelace"), ("ADA", "lovelace "), Same),
            (("Ada", "Lovelace"), ("Lovelace", "Ada"), Same),
            (("", "Lovelace, Ada"), ("Ada", "Lovelace"), Same),
            (("Dr. Ada", "Lovelace, PhD"), ("Ada", "Lovelace"), Same),
            (("José", "García"), ("Jose", "Garcia"), Same),
            (("Jürgen", "Groß"), ("Juergen", "Gross"), Same),
            (("Søren", "Ødegård"), ("Soren", "Odegard"), Same),
            (("Łukasz", "Wójcik"), ("Lukasz", "Wojcik"), Same),
            (("Иван", "Петров"), ("ИВАН", "ПЕТРОВ"), Same),
            (("太郎", "山田"), ("山田", "太郎"), Same),
            (("Sean", "O'Brien"), ("Sean", "OBrien"), Same),
            (("Anne-Marie", "Roux"), ("Anne Marie", "Roux"), Same),
            (("A.", "Lovelace"), ("Ada", "Lovelace"), Compatible),
            (("Bob", "Smith"), ("Robert", "Smith"), Compatible),
            (("Alex", "Smith"), ("Alexandra", "Smith"), Compatible),
            (("María", "García Márquez"), ("Maria", "Garcia"), Compatible),
            (("Ada", "Byron"), ("Ada", "Lovelace"), Compatible),
            (("", "Smith"), ("John", "Smith"), Compatible),
            (("John", "Smith Jr."), ("John", "Smith"), Compatible),
            (("John", "Smith Jr"), ("John", "Smith Sr"), Different),
            (("John", "Smith"), ("Mary", "Smith"), Different),
            (("John", "Smith"), ("John Paul", "Jones"), Different),
            (("Jan", "van der Berg"), ("Piet", "van der Meer"), Different),
            (("Mohammed", "Ali"), ("Omar", "Ali"), Different),
            (("", ""), ("John", "Smith"), Unknown),
            (("", "..."), ("John", "Smith"), Unknown),
        ] {
            let (left, right) = (PersonName::new(one.0, one.1), PersonName::new(two.0, two.1));
            assert_eq!(left.relation(&right), expected, "{one:?} and {two:?}");
            assert_eq!(right.relation(&left), expected, "{two:?} and {one:?}");
        }
    }

    #[test]
    fn a_key_needs_both_parts() {
        assert_eq!(PersonName::new("Dr. Zoë", "Müller").key().as_deref(), Some("zo muller"));
        assert_eq!(PersonName::new("", "Prince").key(), None);
        assert_eq!(PersonName::new("", "").key(), None);
    }

    #[test]
    fn a_name_is_not_printed() {
        assert_eq!(format!("{:?}", PersonName::new("Ada", "Lovelace")), "PersonName(…)");
    }
}
