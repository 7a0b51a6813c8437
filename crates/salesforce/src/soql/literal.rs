//! Values as they stand in a query.

use std::fmt::{self, Write as _};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::LONGEST_TEXT;
use crate::ids::Id;
use crate::time::format_instant;

/// A value as it stands in a query. `Debug` does not show it; `Display` writes it for the query.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// No value.
    Null,
    /// Text, quoted and escaped.
    Text(String),
    /// A pattern for `LIKE`.
    Pattern(Pattern),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// An exact number.
    Decimal(Decimal),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A span of days that the server counts from its own today, in the user's time zone.
    Relative(Relative),
    /// Several values in parentheses, for `IN`, `INCLUDES` and their opposites. An empty list is refused when the query
    /// is sent: the language has no way to write it.
    List(Vec<Literal>),
}

impl Literal {
    /// What is wrong with the value, if it cannot stand in a query.
    pub(crate) fn defect(&self) -> Option<String> {
        match self {
            Self::Text(text) if text.chars().count() > LONGEST_TEXT => {
                Some("a text is longer than 4,000 characters".to_owned())
            }
            Self::Pattern(Pattern(text)) if text.chars().count() > LONGEST_TEXT => {
                Some("a pattern is longer than 4,000 characters".to_owned())
            }
            Self::List(list) if list.is_empty() => {
                Some("a list is empty; it would match nothing, so do not send the query".to_owned())
            }
            Self::List(list) if list.iter().any(|value| matches!(value, Self::List(_))) => {
                Some("a list stands inside of another".to_owned())
            }
            Self::List(list) => list.iter().find_map(Self::defect),
            _ => None,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Text(text) => write_quoted(f, text),
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Bool(yes) => f.write_str(if *yes { "TRUE" } else { "FALSE" }),
            Self::Int(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Instant(instant) => f.write_str(&format_instant(*instant)),
            Self::Relative(span) => span.fmt(f),
            Self::List(list) => {
                f.write_char('(')?;
                for (at, value) in list.iter().enumerate() {
                    if at > 0 {
                        f.write_char(',')?;
                    }
                    value.fmt(f)?;
                }
                f.write_char(')')
            }
        }
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Literal(…)")
    }
}

/// The escapes that the language knows; any other character stands for itself.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    text.chars().try_for_each(|c| write_escaped(f, c))?;
    f.write_char('\'')
}

fn write_escaped(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        '\'' => out.write_str("\\'"),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{8}' => out.write_str("\\b"),
        '\u{c}' => out.write_str("\\f"),
        c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)),
        c => out.write_char(c),
    }
}

/// A pattern for `LIKE`, put together from texts that stand for themselves and from wildcards. `LIKE` ignores case.
///
/// ```
/// use salesforce::soql::Pattern;
/// let query = salesforce::soql!("SELECT Id FROM Account WHERE Name LIKE {}", Pattern::starting_with("50%_"));
/// assert_eq!(query.as_str(), r"SELECT Id FROM Account WHERE Name LIKE '50\%\_%'");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern of the empty text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with this text, whose `%` and `_` are no wildcards.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for c in text.chars() {
            // Writing to a string does not fail.
            let _ = match c {
                '%' | '_' => write!(self.0, "\\{c}"),
                c => write_escaped(&mut self.0, c),
            };
        }
        self
    }

    /// Goes on with any number of any characters.
    #[must_use]
    pub fn any(mut self) -> Self {
        self.0.push('%');
        self
    }

    /// Goes on with one character, whichever.
    #[must_use]
    pub fn one(mut self) -> Self {
        self.0.push('_');
        self
    }

    /// Texts that begin with this one.
    #[must_use]
    pub fn starting_with(text: &str) -> Self {
        Self::new().text(text).any()
    }

    /// Texts that end with this one.
    #[must_use]
    pub fn ending_with(text: &str) -> Self {
        Self::new().any().text(text)
    }

    /// Texts that have this one in them.
    #[must_use]
    pub fn containing(text: &str) -> Self {
        Self::new().any().text(text).any()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern(…)")
    }
}

/// A pattern for `LIKE` that matches texts which begin with `text`: the wildcards in it stand for themselves.
///
/// It is already quoted, so it goes into a query text as it is. [`Pattern`] is the same as a value.
#[must_use]
pub fn like_prefix(text: &str) -> String {
    Pattern::starting_with(text).to_string()
}

/// A unit of the calendar in a [`Relative`] span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Days.
    Day,
    /// Weeks, which begin where the user's locale says.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
    /// Quarters of the organisation's fiscal year.
    FiscalQuarter,
    /// The organisation's fiscal years.
    FiscalYear,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
            Self::FiscalQuarter => "FISCAL_QUARTER",
            Self::FiscalYear => "FISCAL_YEAR",
        }
    }
}

/// A span of days that the server counts from its own today, in the user's time zone. `=` is inside of the span, `<`
/// before it, `>` after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relative {
    /// The unit before the present one (`YESTERDAY`, `LAST_WEEK`).
    Last(Unit),
    /// The present unit (`TODAY`, `THIS_WEEK`).
    This(Unit),
    /// The unit after the present one (`TOMORROW`, `NEXT_WEEK`).
    Next(Unit),
    /// So many units up to now. Of days, today is one more; of longer units the present one is left out.
    LastN(Unit, u32),
    /// So many units after the present one.
    NextN(Unit, u32),
    /// The one unit so many units ago.
    Ago(Unit, u32),
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Last(Unit::Day) => f.write_str("YESTERDAY"),
            Self::This(Unit::Day) => f.write_str("TODAY"),
            Self::Next(Unit::Day) => f.write_str("TOMORROW"),
            Self::Last(unit) => write!(f, "LAST_{}", unit.name()),
            Self::This(unit) => write!(f, "THIS_{}", unit.name()),
            Self::Next(unit) => write!(f, "NEXT_{}", unit.name()),
            Self::LastN(unit, count) => write!(f, "LAST_N_{}S:{count}", unit.name()),
            Self::NextN(unit, count) => write!(f, "NEXT_N_{}S:{count}", unit.name()),
            Self::Ago(unit, count) => write!(f, "N_{}S_AGO:{count}", unit.name()),
        }
    }
}

macro_rules! literal {
    ($($type:ty => |$value:ident| $literal:expr;)*) => {$(
        impl From<$type> for Literal {
            fn from($value: $type) -> Self {
                $literal
            }
        }
    )*};
}
literal! {
    &str => |text| Self::Text(text.to_owned());
    &String => |text| Self::Text(text.clone());
    String => |text| Self::Text(text);
    Pattern => |pattern| Self::Pattern(pattern);
    bool => |yes| Self::Bool(yes);
    i16 => |number| Self::Int(number.into());
    i32 => |number| Self::Int(number.into());
    u8 => |number| Self::Int(number.into());
    u16 => |number| Self::Int(number.into());
    u32 => |number| Self::Int(number.into());
    i64 => |number| Self::Int(number);
    u64 => |number| Self::Decimal(number.into());
    usize => |number| Self::Decimal(number.into());
    Decimal => |number| Self::Decimal(number);
    NaiveDate => |date| Self::Date(date);
    DateTime<Utc> => |instant| Self::Instant(instant);
    Relative => |span| Self::Relative(span);
}

impl<O: ?Sized> From<Id<O>> for Literal {
    fn from(id: Id<O>) -> Self {
        Self::Text(id.as_str().to_owned())
    }
}

impl<O: ?Sized> From<&Id<O>> for Literal {
    fn from(id: &Id<O>) -> Self {
        Self::from(*id)
    }
}

impl<T: Into<Literal>> From<Option<T>> for Literal {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Literal>> From<Vec<T>> for Literal {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Literal> + Clone> From<&[T]> for Literal {
    fn from(values: &[T]) -> Self {
        Self::List(values.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Literal> + Clone> From<&Vec<T>> for Literal {
    fn from(values: &Vec<T>) -> Self {
        Self::from(values.as_slice())
    }
}

impl<T: Into<Literal>, const N: usize> From<[T; N]> for Literal {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
