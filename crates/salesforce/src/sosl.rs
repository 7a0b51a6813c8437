//! Full-text searches: terms are escaped, names are checked.
//!
//! A search looks words up in an index, which lags some seconds behind the records; a query reads the records themselves.
//! Look for a known record with a query, for words that stand anywhere with a search.

use std::fmt::{self, Write as _};

use rest_core::{Error, Result};

use crate::models::SObject;
use crate::soql::{Condition, Order, expression, name};

/// The longest search that the API takes, in characters.
pub const LONGEST_SEARCH: usize = 10_000;
/// The most rows that a search gives, of one object and of all.
pub const MOST_FOUND: u64 = 2_000;

/// What is searched for. Words are whole and ignore case; words beside each other must all be there.
///
/// ```
/// use salesforce::sosl::Term;
/// let term = Term::words("O'Neill (Acme)").or(Term::phrase("ada byron")).and_not(Term::starting_with("test"));
/// assert_eq!(term.to_string(), r#"((O\'Neill \(Acme\)) OR "ada byron") AND NOT test*"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Term {
    text: String,
    simple: bool,
}

impl Term {
    /// Records with all of these words, in any order. Nothing in the text is a wildcard or an operator.
    #[must_use]
    pub fn words(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(escaped_word).collect();
        Self { text: words.join(" "), simple: words.len() <= 1 }
    }

    /// Records with these words one after the other.
    #[must_use]
    pub fn phrase(text: &str) -> Self {
        let mut quoted = String::from("\"");
        for c in text.chars() {
            if matches!(c, '"' | '\\' | '{' | '}' | '*' | '?') {
                quoted.push('\\');
            }
            quoted.push(if c.is_control() { ' ' } else { c });
        }
        quoted.push('"');
        Self { text: quoted, simple: true }
    }

    /// Records with a word that begins like this.
    #[must_use]
    pub fn starting_with(start: &str) -> Self {
        let mut term = Self::words(start);
        term.text.push('*');
        term
    }

    /// Records that this or the other term finds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.joined(" OR ", other)
    }

    /// Records that both terms find.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.joined(" AND ", other)
    }

    /// Records that this term finds and the other does not.
    #[must_use]
    pub fn and_not(self, other: Self) -> Self {
        self.joined(" AND NOT ", other)
    }

    fn joined(self, with: &str, other: Self) -> Self {
        Self { text: format!("{}{with}{}", self.wrapped(), other.wrapped()), simple: false }
    }

    fn wrapped(self) -> String {
        if self.simple { self.text } else { format!("({})", self.text) }
    }
}

/// A word whose reserved characters stand for themselves.
fn escaped_word(word: &str) -> String {
    if ["AND", "OR", "NOT"].iter().any(|operator| operator.eq_ignore_ascii_case(word)) {
        return format!("\"{word}\"");
    }
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if r#"?&|!{}[]()^~*:\"'+-"#.contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A term holds what is looked for: not printed.
impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Term(…)")
    }
}

/// Which fields are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scope {
    /// All that can be searched.
    #[default]
    All,
    /// Names.
    Name,
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// What the user interface's sidebar searches.
    Sidebar,
}

impl Scope {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Name => "NAME",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Sidebar => "SIDEBAR",
        }
    }
}

/// What a search gives of one object.
#[derive(Debug, Clone)]
#[must_use]
pub struct Returning {
    pub(crate) object: String,
    pub(crate) fields: Vec<String>,
    condition: Option<Condition>,
    order: Vec<Order>,
    pub(crate) limit: Option<u64>,
}

impl Returning {
    /// Ids of this object.
    pub fn of(object: impl Into<String>) -> Self {
        Self { object: object.into(), fields: Vec::new(), condition: None, order: Vec::new(), limit: None }
    }

    /// The [`FIELDS`](SObject::FIELDS) of an object.
    pub fn all_of<T: SObject>() -> Self {
        Self::of(T::NAME).fields(T::FIELDS.iter().copied())
    }

    /// Adds fields, also of parents.
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.fields.extend(fields.into_iter().map(Into::into));
        self
    }

    /// Only records that meet the condition, too.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(match self.condition.take() {
            Some(before) => Condition::all([before, condition]),
            None => condition,
        });
        self
    }

    /// In this order; by how well they fit, otherwise.
    pub fn order_by<O: Into<Order>>(mut self, fields: impl IntoIterator<Item = O>) -> Self {
        self.order.extend(fields.into_iter().map(Into::into));
        self
    }

    /// At most so many rows of this object, up to [`MOST_FOUND`].
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    fn check(&self) -> std::result::Result<(), String> {
        name(&self.object)?;
        self.fields.iter().try_for_each(|field| expression(field))?;
        if self.fields.is_empty() && (self.condition.is_some() || !self.order.is_empty() || self.limit.is_some()) {
            return Err(format!(
                "fields of {} must be named where there is a condition, an order or a limit",
                self.object
            ));
        }
        self.order.iter().try_for_each(Order::check)
    }

    pub(crate) fn condition_text(&self) -> std::result::Result<Option<String>, String> {
        self.condition.as_ref().map(Condition::text).transpose()
    }

    pub(crate) fn order_text(&self) -> Option<String> {
        let keys: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        (!keys.is_empty()).then(|| keys.join(","))
    }

    fn text(&self) -> std::result::Result<String, String> {
        self.check()?;
        let mut text = self.object.clone();
        if self.fields.is_empty() {
            return Ok(text);
        }
        let _ = write!(text, "({}", self.fields.join(","));
        if let Some(condition) = self.condition_text()? {
            let _ = write!(text, " WHERE {condition}");
        }
        if let Some(order) = self.order_text() {
            let _ = write!(text, " ORDER BY {order}");
        }
        if let Some(limit) = self.limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        text.push(')');
        Ok(text)
    }
}

/// A full-text search.
///
/// ```
/// use salesforce::soql::Condition;
/// use salesforce::sosl::{Find, Returning, Scope, Term};
/// let find = Find::new(Term::starting_with("acme"))
///     .in_fields(Scope::Name)
///     .returning(Returning::of("Account").fields(["Id", "Name"]).filter(Condition::eq("Industry", "Energy")))
///     .limit(20);
/// assert_eq!(
///     find.text()?,
///     "FIND {acme*} IN NAME FIELDS RETURNING Account(Id,Name WHERE Industry = 'Energy') LIMIT 20",
/// );
/// # Ok::<(), salesforce::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Find {
    pub(crate) term: Term,
    pub(crate) scope: Scope,
    pub(crate) objects: Vec<Returning>,
    pub(crate) limit: Option<u64>,
}

impl Find {
    /// Searches for a term; without [`returning`](Self::returning), in all objects, and gives ids.
    pub fn new(term: Term) -> Self {
        Self { term, scope: Scope::default(), objects: Vec::new(), limit: None }
    }

    /// Which fields are searched.
    pub fn in_fields(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Adds an object.
    pub fn returning(mut self, object: Returning) -> Self {
        self.objects.push(object);
        self
    }

    /// At most so many rows of all objects together, up to [`MOST_FOUND`].
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The search as the language writes it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): no word to search for, a name that is none, or more than the API
    /// takes.
    pub fn text(&self) -> Result<String> {
        let wrong = |why: String| Error::config(format!("the search cannot be built: {why}"));
        self.check().map_err(wrong)?;
        let mut text = format!("FIND {{{}}}", self.term);
        if self.scope != Scope::All {
            let _ = write!(text, " IN {} FIELDS", self.scope.word());
        }
        for (at, object) in self.objects.iter().enumerate() {
            let object = object.text().map_err(wrong)?;
            let _ = write!(text, "{}{object}", if at == 0 { " RETURNING " } else { ", " });
        }
        if let Some(limit) = self.limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        Ok(text)
    }

    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        if !self.term.text.chars().any(char::is_alphanumeric) {
            return Err("there is no word to search for".to_owned());
        }
        if self.term.text.chars().count() > LONGEST_SEARCH {
            return Err("the term is longer than 10,000 characters".to_owned());
        }
        let limits = self.objects.iter().filter_map(|object| object.limit).chain(self.limit);
        if limits.into_iter().any(|limit| limit > MOST_FOUND) {
            return Err("a search gives 2,000 rows at most".to_owned());
        }
        self.objects.iter().try_for_each(Returning::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_checked_before_they_are_sent() {
        let find = || Find::new(Term::words("acme"));
        assert_eq!(find().text().unwrap(), "FIND {acme}");
        assert_eq!(Find::new(Term::words("and {x}")).text().unwrap(), r#"FIND {"and" \{x\}}"#);
        for bad in [
            Find::new(Term::words(" ")),
            Find::new(Term::words("?!")),
            Find::new(Term::words(&"x".repeat(10_001))),
            find().limit(2_001),
            find().returning(Returning::of("Account), Lead(Id")),
            find().returning(Returning::of("Account").fields(["Id) LIMIT 1"])),
            find().returning(Returning::of("Account").limit(5)),
            find().returning(Returning::of("Account").fields(["Id"]).order_by(["x y"])),
        ] {
            assert!(bad.text().is_err(), "{bad:?}");
        }
    }

    proptest::proptest! {
        /// Whatever is searched for, the braces that end the term are the builder's own.
        #[test]
        fn no_term_leaves_its_braces(text in proptest::prelude::any::<String>()) {
            for term in [Term::words(&text), Term::phrase(&text), Term::starting_with(&text)] {
                let mut escaped = false;
                for c in term.to_string().chars() {
                    match c {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        c => proptest::prop_assert!(c != '{' && c != '}', "{term}"),
                    }
                }
                proptest::prop_assert!(!escaped);
            }
        }
    }
}
