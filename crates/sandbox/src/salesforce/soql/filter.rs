//! Conditions, bound and decided.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::salesforce::value::{Key, Value, fold, fold_char};

use super::ast::{Operator, Text};
use super::plan::Expr;

/// A condition on a row or a group.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test { expr: Expr, test: Test },
}

/// A condition on one value.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// `= null`, or `!= null`.
    Null {
        wanted: bool,
    },
    Equal {
        key: Key,
        negated: bool,
    },
    Order {
        operator: Operator,
        key: Key,
    },
    In {
        keys: BTreeSet<Key>,
        negated: bool,
    },
    Like(Pattern),
    /// Comparison with a range of time: the first moment, and the first after it.
    Range {
        operator: Operator,
        from: Key,
        to: Key,
    },
    /// Any of the groups has all its values among the value's.
    Includes {
        groups: Vec<Vec<String>>,
        negated: bool,
    },
}

impl Filter {
    /// Decides the condition. `None` is "unknown", which only arises when null is not different from values.
    pub(crate) fn decide<'v>(
        &self,
        null_is_different: bool,
        value: &mut dyn FnMut(&Expr) -> Cow<'v, Value>,
    ) -> Option<bool> {
        match self {
            Filter::All(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match part.decide(null_is_different, value) {
                        Some(false) => return Some(false),
                        Some(true) => {}
                        None => all = None,
                    }
                }
                all
            }
            Filter::Any(parts) => {
                let mut any = Some(false);
                for part in parts {
                    match part.decide(null_is_different, value) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => any = None,
                    }
                }
                any
            }
            Filter::Not(part) => part.decide(null_is_different, value).map(|decided| !decided),
            Filter::Test { expr, test } => test.decide(&value(expr), null_is_different),
        }
    }
}

impl Test {
    fn decide(&self, value: &Value, null_is_different: bool) -> Option<bool> {
        // A boolean without a value (behind a missing parent) is false.
        let absent_boolean = Value::Bool(false);
        let value = match (self, value) {
            (Test::Equal { key: Key::Bool(_), .. }, Value::Null) => &absent_boolean,
            _ => value,
        };
        if let Test::Null { wanted } = self {
            return Some(value.is_null() == *wanted);
        }
        if value.is_null() {
            return null_is_different.then_some(self.is_negated());
        }
        Some(match self {
            Test::Null { .. } => false,
            Test::Equal { key, negated } => key.is_of(value) != *negated,
            Test::In { keys, negated } => Key::of(value).is_some_and(|key| keys.contains(&key)) != *negated,
            Test::Like(pattern) => value.as_text().is_some_and(|text| pattern.matches(text)),
            Test::Order { operator, key } => Key::of(value).is_some_and(|value| match operator {
                Operator::Less => value < *key,
                Operator::LessOrEqual => value <= *key,
                Operator::Greater => value > *key,
                Operator::GreaterOrEqual => value >= *key,
                Operator::Equal | Operator::NotEqual | Operator::Like => false,
            }),
            Test::Range { operator, from, to } => Key::of(value).is_some_and(|value| match operator {
                Operator::Equal => *from <= value && value < *to,
                Operator::NotEqual => value < *from || *to <= value,
                Operator::Less => value < *from,
                Operator::LessOrEqual => value < *to,
                Operator::Greater => *to <= value,
                Operator::GreaterOrEqual => *from <= value,
                Operator::Like => false,
            }),
            Test::Includes { groups, negated } => {
                let values: Vec<String> = value.as_text().unwrap_or_default().split(';').map(fold).collect();
                groups.iter().any(|group| group.iter().all(|wanted| values.contains(wanted))) != *negated
            }
        })
    }

    fn is_negated(&self) -> bool {
        match self {
            Test::Equal { negated, .. } | Test::In { negated, .. } | Test::Includes { negated, .. } => *negated,
            Test::Range { operator, .. } => *operator == Operator::NotEqual,
            Test::Null { .. } | Test::Order { .. } | Test::Like(_) => false,
        }
    }
}

/// A pattern of `LIKE`, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyRun,
    AnyOne,
    One(char),
}

impl Pattern {
    /// The pattern that a literal stands for.
    pub(super) fn new(text: &Text) -> Pattern {
        let mut parts = Vec::new();
        for (position, character) in text.value.chars().enumerate() {
            match character {
                '%' if !text.literal.contains(&position) => parts.push(Part::AnyRun),
                '_' if !text.literal.contains(&position) => parts.push(Part::AnyOne),
                plain => parts.push(Part::One(fold_char(plain))),
            }
        }
        Pattern(parts)
    }

    /// The folded text with which everything begins that fits.
    pub(super) fn start(&self) -> String {
        let plain =
            self.0.iter().map_while(|part| if let Part::One(character) = part { Some(*character) } else { None });
        plain.collect()
    }

    /// Whether the whole of `text` fits, ignoring case. Takes time in proportion to both lengths multiplied.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().map(fold_char).collect();
        let (mut at, mut part) = (0, 0);
        // Where to go on when the present attempt fails: let the latest run of '%' take one character more.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(character) = text.get(at) {
            match self.0.get(part) {
                Some(Part::AnyRun) => {
                    retry = Some((at, part + 1));
                    part += 1;
                }
                Some(Part::AnyOne) => (at, part) = (at + 1, part + 1),
                Some(Part::One(wanted)) if wanted == character => (at, part) = (at + 1, part + 1),
                _ => {
                    let Some((start, after)) = retry else {
                        return false;
                    };
                    retry = Some((start + 1, after));
                    (at, part) = (start + 1, after);
                }
            }
        }
        self.0.get(part..).is_some_and(|rest| rest.iter().all(|part| *part == Part::AnyRun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(&Text { value: pattern.to_owned(), literal: Vec::new() }).matches(text)
    }

    #[test]
    fn patterns_match_whole_texts_whatever_their_case() {
        for (text, pattern, fits) in [
            ("Acme", "acme", true),
            ("Acme", "ac%", true),
            ("Acme", "%ME", true),
            ("Acme", "a__e", true),
            ("Acme", "a_e", false),
            ("Acme", "acm", false),
            ("Acme", "%", true),
            ("", "%", true),
            ("", "_", false),
            ("mississippi", "m%iss%ip%i", true),
            ("mississippi", "m%issx%", false),
            ("ÄÖÜ", "ä%ü", true),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} like {pattern}");
        }
        let escaped = Pattern::new(&Text { value: "100%".to_owned(), literal: vec![3] });
        assert!(escaped.matches("100%") && !escaped.matches("1000"));
    }

    proptest::proptest! {
        #[test]
        fn a_text_fits_itself_and_its_prefix_with_a_run(text in "[a-zA-Z ]{0,12}", cut in 0_usize..12) {
            let prefix: String = text.chars().take(cut).collect();
            proptest::prop_assert!(like(&text, &text));
            let starting = format!("{prefix}%");
            proptest::prop_assert!(like(&text, &starting));
        }
    }
}
