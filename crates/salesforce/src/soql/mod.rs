//! Queries as values: literals are escaped, names are checked, long lists of ids are split.
//!
//! [`soql!`](crate::soql!) fills values into a query text, [`Select`] builds one from parts. Neither lets a value become
//! a part of the query.

mod condition;
mod literal;
mod names;
mod select;

use std::fmt;

pub use condition::{Condition, Op};
pub use literal::{Literal, Pattern, Relative, Unit, like_prefix};
pub(crate) use names::{expression, name};
pub(crate) use select::Parts;
pub use select::{Aggregate, AllFields, Order, Select, chunks};

/// The longest statement that the API takes, in characters.
pub const LONGEST_STATEMENT: usize = 100_000;
/// The longest text that the API compares a field with, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// A query, ready to be sent. Made by [`soql!`](crate::soql!), by [`Select`], or from a text that is part of the program.
/// `Debug` does not show it: a query holds the values it looks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Soql {
    text: String,
    /// Why it cannot be sent.
    defect: Option<String>,
}

impl Soql {
    /// Takes a text as it is. Values in it must have been escaped with [`Literal`]: what comes from outside the program
    /// can change what the query reads.
    pub fn unchecked(text: impl Into<String>) -> Self {
        Self { text: text.into(), defect: None }
    }

    /// Writes values into a text, one for each `{}`; `{{` and `}}` are braces. What [`soql!`](crate::soql!) does, after it
    /// has checked the text.
    #[doc(hidden)]
    #[must_use]
    pub fn filled(text: &str, values: &[Literal]) -> Self {
        let mut filled = String::with_capacity(text.len() + 16 * values.len());
        let mut values = values.iter();
        let mut defect = None;
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (plain, from) = rest.split_at(at);
            filled.push_str(plain);
            if from.starts_with("{}") {
                if let Some(value) = values.next() {
                    defect = defect.or_else(|| value.defect());
                    filled.push_str(&value.to_string());
                }
            } else {
                filled.extend(from.chars().next());
            }
            rest = from.get(2..).unwrap_or_default();
        }
        filled.push_str(rest);
        Self { text: filled, defect }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Why it cannot be sent, if it cannot.
    pub(crate) fn defect(&self) -> Option<&str> {
        self.defect.as_deref()
    }
}

impl From<&'static str> for Soql {
    fn from(text: &'static str) -> Self {
        Self::unchecked(text)
    }
}

impl fmt::Debug for Soql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Soql({} characters)", self.text.chars().count())
    }
}

/// Fills values into a query. Each value is written as a [`Literal`]: texts, numbers, decimals, dates, instants, ids,
/// `None`, [`Pattern`]s for `LIKE`, [`Relative`] dates, and lists of them for `IN`. The text must be a string literal whose
/// placeholders are all `{}`, outside of quotes, and as many as there are values; anything else does not compile.
///
/// ```
/// use salesforce::soql::Pattern;
/// let (name, emails) = ("O'Neill", ["a@x.test", "b@x.test"]);
/// let query = salesforce::soql!(
///     "SELECT Id FROM Contact WHERE LastName = {} AND Email IN {} AND Title LIKE {} LIMIT {}",
///     name, emails, Pattern::containing("100%"), 10
/// );
/// assert_eq!(
///     query.as_str(),
///     r"SELECT Id FROM Contact WHERE LastName = 'O\'Neill' AND Email IN ('a@x.test','b@x.test') AND Title LIKE '%100\%%' LIMIT 10",
/// );
/// ```
///
/// A placeholder that would put a variable into the text without escaping does not compile:
/// ```compile_fail
/// let name = "x' OR Name != '";
/// salesforce::soql!("SELECT Id FROM Contact WHERE LastName = '{name}'");
/// ```
/// Nor does one inside of quotes, which the value brings along itself:
/// ```compile_fail
/// salesforce::soql!("SELECT Id FROM Contact WHERE LastName = '{}'", "x");
/// ```
/// Nor one without a value:
/// ```compile_fail
/// salesforce::soql!("SELECT Id FROM Contact WHERE LastName = {} AND FirstName = {}", "x");
/// ```
#[macro_export]
macro_rules! soql {
    ($text:literal $(, $value:expr)* $(,)?) => {{
        const _: () = assert!(
            $crate::soql::takes($text, <[&str]>::len(&[$(stringify!($value)),*])),
            "write every value as an empty placeholder outside of quotes, and pass it after the text"
        );
        $crate::soql::Soql::filled($text, &[$($crate::soql::Literal::from($value)),*])
    }};
}

/// Whether a text takes so many values.
#[doc(hidden)]
#[must_use]
pub const fn takes(text: &str, values: usize) -> bool {
    match placeholders(text) {
        Some(count) => count == values,
        None => false,
    }
}

/// How many placeholders a text has, if all of them are `{}` and none is inside of quotes.
const fn placeholders(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut count, mut quoted) = (0, 0, false);
    while at < bytes.len() {
        let next = if at + 1 < bytes.len() { bytes[at + 1] } else { 0 };
        match (bytes[at], next) {
            (b'\'', _) => quoted = !quoted,
            (b'\\', _) if quoted => at += 1,
            (b'{', b'{') | (b'}', b'}') => at += 1,
            (b'{', b'}') if !quoted => {
                count += 1;
                at += 1;
            }
            (b'{' | b'}', _) => return None,
            _ => {}
        }
        at += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests;
