//! Which choice of one side is which of the other.

use std::collections::BTreeMap;

use crm_model::{Choice, Field, Value};
use serde::{Deserialize, Serialize};

use crate::Side;

/// A translation of choices. Choices are named by key or label, whatever the case.
///
/// Choices that both sides have under the same label or key need no row. Where several choices become one, the way
/// back is stated: `pair` for the choice it comes back as, `a_to_b` for the others.
///
/// ```
/// use sync_core::{Side, ValueTable};
/// let table = ValueTable::new()
///     .pair("Hot", "Gold")
///     .a_to_b("Warm", "Gold")       // comes back as Hot
///     .leave(Side::A, "Cold");      // stays where it is
/// assert_eq!(table, serde_json::from_str(
///     r#"{"pairs": [["Hot", "Gold"]], "a_to_b": [["Warm", "Gold"]], "leave_a": ["Cold"]}"#,
/// )?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValueTable {
    /// Choices that are each other's: A, B.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<(String, String)>,
    /// Choices of A and what they become on B.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    a_to_b: Vec<(String, String)>,
    /// Choices of A and which of B become them: A, B.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b_to_a: Vec<(String, String)>,
    /// Choices of A that stay where they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leave_a: Vec<String>,
    /// Choices of B that stay where they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leave_b: Vec<String>,
}

impl ValueTable {
    /// A table without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A choice of A and a choice of B that are each other's.
    #[must_use]
    pub fn pair(mut self, a: &str, b: &str) -> Self {
        self.pairs.push((a.to_owned(), b.to_owned()));
        self
    }

    /// A choice of A that becomes this of B, and does not come back.
    #[must_use]
    pub fn a_to_b(mut self, a: &str, b: &str) -> Self {
        self.a_to_b.push((a.to_owned(), b.to_owned()));
        self
    }

    /// A choice of B that becomes this of A, and does not come back. The arguments are A first, as everywhere.
    #[must_use]
    pub fn b_to_a(mut self, a: &str, b: &str) -> Self {
        self.b_to_a.push((a.to_owned(), b.to_owned()));
        self
    }

    /// A choice of one side that is not carried: the other side's field is left alone.
    #[must_use]
    pub fn leave(mut self, side: Side, choice: &str) -> Self {
        match side {
            Side::A => self.leave_a.push(choice.to_owned()),
            Side::B => self.leave_b.push(choice.to_owned()),
        }
        self
    }

    /// The rows that lead away from a side: what is written there, what it becomes.
    fn rows(&self, from: Side) -> impl Iterator<Item = (&str, &str)> {
        let one_way = match from {
            Side::A => &self.a_to_b,
            Side::B => &self.b_to_a,
        };
        let both = self.pairs.iter().chain(one_way);
        both.map(move |(a, b)| match from {
            Side::A => (a.as_str(), b.as_str()),
            Side::B => (b.as_str(), a.as_str()),
        })
    }

    fn left(&self, side: Side) -> &[String] {
        match side {
            Side::A => &self.leave_a,
            Side::B => &self.leave_b,
        }
    }

    /// The choices that a side is said to have.
    pub(super) fn named(&self, side: Side) -> impl Iterator<Item = &str> {
        let own = self.rows(side).map(|(own, _)| own);
        let as_target = self.rows(side.other()).map(|(_, target)| target);
        own.chain(as_target).chain(self.left(side).iter().map(String::as_str))
    }
}

/// What becomes of one choice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Row {
    Becomes(Value),
    Stays,
}

/// One direction of a table, ready to be used.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Lookup {
    rows: BTreeMap<String, Row>,
}

/// Choices that a table sends to two different targets.
pub(super) type Ambiguous<'a> = (&'a str, &'a str, &'a str);

impl Lookup {
    /// Builds the direction that leaves `from`: rows first, then choices that both fields have under one name.
    pub(super) fn build<'a>(
        table: Option<&'a ValueTable>,
        from: Side,
        source: &Field,
        target: &Field,
    ) -> (Self, Vec<Ambiguous<'a>>) {
        let mut lookup = Self::default();
        let mut ambiguous = Vec::new();
        let mut stated: BTreeMap<String, &str> = BTreeMap::new();
        if let Some(table) = table {
            for (choice, becomes) in table.rows(from) {
                match stated.get(&lookup_key(choice)) {
                    Some(first) if lookup_key(first) != lookup_key(becomes) => {
                        ambiguous.push((choice, *first, becomes));
                    }
                    Some(_) => {}
                    None => {
                        stated.insert(lookup_key(choice), becomes);
                        lookup.insert(source, choice, &Row::Becomes(target_value(target, becomes)));
                    }
                }
            }
            for choice in table.left(from) {
                lookup.insert(source, choice, &Row::Stays);
            }
        }
        if !source.field_type.is_choice() {
            // What people typed is a choice if it is the name of one.
            for option in &target.options {
                for name in [&option.key, &option.label] {
                    lookup.insert(source, name, &Row::Becomes(target_value(target, &option.key)));
                }
            }
        }
        for option in &source.options {
            let named = |name: &str| target.options.iter().find(move |other| is_named(&other.key, &other.label, name));
            let same = named(&option.label).or_else(|| named(&option.key));
            if let Some(same) = same {
                lookup.insert(source, &option.key, &Row::Becomes(target_value(target, &same.key)));
            }
        }
        (lookup, ambiguous)
    }

    /// Adds a row under the key and the label of the choice. What was added first stays.
    fn insert(&mut self, source: &Field, choice: &str, row: &Row) {
        let option = source.options.iter().find(|option| is_named(&option.key, &option.label, choice));
        let names = match option {
            Some(option) => vec![lookup_key(&option.key), lookup_key(&option.label)],
            None => vec![lookup_key(choice)],
        };
        for name in names {
            self.rows.entry(name).or_insert_with(|| row.clone());
        }
    }

    /// What becomes of a choice, found by key, then by label.
    pub(crate) fn find(&self, key: &str, label: Option<&str>) -> Option<&Row> {
        let by = |name: &str| self.rows.get(&lookup_key(name));
        by(key).or_else(|| by(label?))
    }

    /// The choices that become the same, as they are named: `Hot, Warm`.
    pub(super) fn joined(&self, source: &Field) -> Vec<(Vec<String>, String)> {
        let mut by_target: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
        for option in source.options.iter().filter(|option| option.active) {
            if let Some(Row::Becomes(value)) = self.find(&option.key, Some(&option.label)) {
                let shown = value.reveal();
                by_target.entry(lookup_key(&shown)).or_insert((shown, Vec::new())).1.push(option.label.clone());
            }
        }
        by_target.into_values().filter(|(_, from)| from.len() > 1).map(|(to, from)| (from, to)).collect()
    }
}

/// The form under which choices are looked up.
pub(crate) fn lookup_key(name: &str) -> String {
    crate::normalize::clean(name).to_lowercase()
}

pub(super) fn is_named(key: &str, label: &str, name: &str) -> bool {
    let name = lookup_key(name);
    lookup_key(key) == name || lookup_key(label) == name
}

/// The value that a name of a table stands for in a field.
fn target_value(field: &Field, name: &str) -> Value {
    use crm_model::FieldType;
    match &field.field_type {
        FieldType::Choice | FieldType::MultiChoice => {
            let option = field.options.iter().find(|option| is_named(&option.key, &option.label, name));
            Value::Choice(match option {
                Some(option) => Choice::new(&option.key).labelled(&option.label),
                None => Choice::new(name),
            })
        }
        FieldType::Bool => Value::Bool(matches!(lookup_key(name).as_str(), "true" | "yes" | "1")),
        FieldType::Int | FieldType::Decimal { .. } | FieldType::Percent | FieldType::Money => {
            name.trim().parse().map_or_else(|_| Value::text(name), Value::Decimal)
        }
        _ => Value::text(name),
    }
}
