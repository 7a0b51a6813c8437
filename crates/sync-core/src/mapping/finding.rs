//! What is wrong with a mapping, in words for the person who wrote it.

use std::fmt;

use crm_model::ObjectKind;
use serde::{Deserialize, Serialize};

use crate::PairId;

/// Whether a finding keeps the mapping from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The mapping cannot be used.
    Error,
    /// The mapping can be used; somebody should know.
    Warning,
}

/// One thing that is wrong with a mapping, or worth knowing about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The number of this kind of finding: `M002`.
    pub code: String,
    /// Whether it stops the mapping.
    pub severity: Severity,
    /// The object whose mapping it is.
    pub object: ObjectKind,
    /// The pair it is about, where it is about one.
    pub pair: Option<PairId>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{} {severity}: {}", self.code, self.object)?;
        if let Some(pair) = &self.pair {
            write!(f, " `{pair}`")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The kinds of finding. The number never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    BadPath,
    NoSuchField,
    BadEntry,
    NotWritable,
    TypesDiffer,
    ChoicesNotCovered,
    NoSuchChoice,
    AmbiguousTable,
    RequiredUnmapped,
    TwoWriters,
    DuplicatePair,
    ChoicesJoined,
    OneWayOnly,
    MayNotFit,
    NoSuchPair,
    BadConstant,
    Empty,
    BadSetting,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::BadPath => "M001",
            Self::NoSuchField => "M002",
            Self::BadEntry => "M003",
            Self::NotWritable => "M004",
            Self::TypesDiffer => "M005",
            Self::ChoicesNotCovered => "M006",
            Self::NoSuchChoice => "M007",
            Self::AmbiguousTable => "M008",
            Self::RequiredUnmapped => "M009",
            Self::TwoWriters => "M010",
            Self::DuplicatePair => "M011",
            Self::ChoicesJoined => "M012",
            Self::OneWayOnly => "M013",
            Self::MayNotFit => "M014",
            Self::NoSuchPair => "M015",
            Self::BadConstant => "M016",
            Self::Empty => "M017",
            Self::BadSetting => "M018",
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::ChoicesJoined | Self::OneWayOnly | Self::MayNotFit => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Collects findings of one mapping.
pub(super) struct Findings {
    object: ObjectKind,
    all: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(object: ObjectKind) -> Self {
        Self { object, all: Vec::new() }
    }

    pub(super) fn add(&mut self, kind: Kind, pair: Option<&PairId>, message: impl Into<String>) {
        self.all.push(Finding {
            code: kind.code().to_owned(),
            severity: kind.severity(),
            object: self.object,
            pair: pair.cloned(),
            message: message.into(),
        });
    }

    /// The warnings, or everything if something is an error.
    pub(super) fn finish(self) -> Result<Vec<Finding>, Vec<Finding>> {
        if self.all.iter().any(|finding| finding.severity == Severity::Error) { Err(self.all) } else { Ok(self.all) }
    }
}

/// `, did you mean …?` with the nearest of the known names; nothing where none is near.
pub(super) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let wanted = bare(name);
    let near = known.map(|candidate| (distance(&wanted, &bare(candidate)), candidate));
    match near.min() {
        Some((distance, candidate)) if distance * 3 <= wanted.chars().count().max(3) => {
            format!("; did you mean `{candidate}`?")
        }
        _ => String::new(),
    }
}

/// A name without what people forget: case, underscores, `custom.` and vendors' marks of custom fields.
fn bare(name: &str) -> String {
    let lower = name.to_lowercase();
    let lower = lower.strip_prefix("custom.").unwrap_or(&lower);
    let lower = lower.strip_prefix("cf_").unwrap_or(lower);
    let lower = lower.strip_suffix("__c").unwrap_or(lower);
    lower.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// How many letters have to be added, left out, replaced or exchanged with their neighbour.
fn distance(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().collect();
    let mut above: Vec<usize> = (0..=two.len()).collect();
    let mut before: Option<(char, Vec<usize>)> = None;
    for (i, c) in one.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in two.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let replaced = cell(&above, j) + usize::from(c != *other);
            let mut least = replaced.min(cell(&above, j + 1) + 1).min(cell(&row, j) + 1);
            let left = j.checked_sub(1).and_then(|left| two.get(left).map(|letter| (left, *letter)));
            if let (Some((previous, two_above)), Some((at, letter))) = (&before, left)
                && (*previous, c) == (*other, letter)
            {
                least = least.min(cell(two_above, at) + 1);
            }
            row.push(least);
        }
        before = Some((c, std::mem::replace(&mut above, row)));
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, two, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("", "abc", 3),
            ("abc", "abd", 1),
            ("kitten", "sitting", 3),
            ("abcd", "abdc", 1),
            ("ab", "ba", 1),
        ] {
            assert_eq!(distance(one, two), expected, "{one} {two}");
        }
    }

    #[test]
    fn suggestions_are_near_or_none() {
        let known = ["job_title", "department", "custom.Tier__c"];
        assert_eq!(did_you_mean("jobtitle", known.into_iter()), "; did you mean `job_title`?");
        assert_eq!(did_you_mean("custom.cf_tier", known.into_iter()), "; did you mean `custom.Tier__c`?");
        assert_eq!(did_you_mean("salutation", known.into_iter()), "");
    }
}
