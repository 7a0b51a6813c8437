//! Queries as values: literals are escaped, names are checked, long lists of ids are split.
//!
//! [`soql!`](crate::soql!) fills values into a query text, [`Select`] builds one from parts. Neither lets a value become
//! a part of the query.

use std::fmt::{self, Write as _};

use chrono::{DateTime, NaiveDate, Utc};
use rest_core::{Error, Result};
use rust_decimal::Decimal;

use crate::ids::Id;
use crate::models::SObject;
use crate::time::format_instant;

/// The longest statement that the API takes, in characters.
pub const LONGEST_STATEMENT: usize = 100_000;
/// The longest `WHERE` clause that the API takes, in characters.
pub const LONGEST_CONDITION: usize = 4_000;

/// A query, ready to be sent. Made by [`soql!`](crate::soql!), by [`Select`], or from a text that is part of the program.
/// `Debug` does not show it: a query holds the values it looks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Soql(String);

impl Soql {
    /// Takes a text as it is. Values in it must have been escaped with [`Literal`]: what comes from outside the program
    /// can change what the query reads.
    pub fn unchecked(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Soql {
    fn from(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Soql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Soql({} characters)", self.0.chars().count())
    }
}

/// Fills values into a query. Each value is written as a [`Literal`]; the text must be a string literal whose
/// placeholders are all `{}`.
///
/// ```
/// let name = "O'Neill";
/// let query = salesforce::soql!("SELECT Id FROM Contact WHERE LastName = {} LIMIT {}", name, 10);
/// assert_eq!(query.as_str(), r"SELECT Id FROM Contact WHERE LastName = 'O\'Neill' LIMIT 10");
/// ```
///
/// A placeholder that would put a variable into the text without escaping does not compile:
/// ```compile_fail
/// let name = "x' OR Name != '";
/// salesforce::soql!("SELECT Id FROM Contact WHERE LastName = '{name}'");
/// ```
#[macro_export]
macro_rules! soql {
    ($text:literal $(, $value:expr)* $(,)?) => {{
        const _: () = assert!($crate::soql::only_bare_placeholders($text), "write every value as an empty placeholder and pass it after the text");
        $crate::soql::Soql::unchecked(::std::format!($text $(, $crate::soql::Literal::from($value))*))
    }};
}

/// Whether every placeholder of a format string is `{}`.
#[doc(hidden)]
#[must_use]
pub const fn only_bare_placeholders(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' {
            if at + 1 >= bytes.len() || (bytes[at + 1] != b'}' && bytes[at + 1] != b'{') {
                return false;
            }
            at += 1;
        }
        at += 1;
    }
    true
}

/// A value as it stands in a query. `Debug` does not show it; `Display` writes it for the query.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// No value.
    Null,
    /// Text, quoted and escaped.
    Text(String),
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
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Text(text) => write_quoted(f, text),
            Self::Bool(yes) => f.write_str(if *yes { "TRUE" } else { "FALSE" }),
            Self::Int(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Date(date) => write!(f, "{date}"),
            Self::Instant(instant) => f.write_str(&format_instant(*instant)),
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
    for c in text.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

/// A pattern for `LIKE` that matches texts which begin with `text`: the wildcards in it stand for themselves.
///
/// It is already quoted, so it goes into a query text as it is.
#[must_use]
pub fn like_prefix(text: &str) -> String {
    let quoted = Literal::from(text).to_string();
    let inner = quoted.trim_start_matches('\'');
    let inner = inner.strip_suffix('\'').unwrap_or(inner);
    format!("'{}%'", inner.replace('%', "\\%").replace('_', "\\_"))
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
    bool => |yes| Self::Bool(yes);
    i32 => |number| Self::Int(number.into());
    u32 => |number| Self::Int(number.into());
    i64 => |number| Self::Int(number);
    Decimal => |number| Self::Decimal(number);
    NaiveDate => |date| Self::Date(date);
    DateTime<Utc> => |instant| Self::Instant(instant);
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

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// Equal; text ignores case unless the field says otherwise.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
}

impl Op {
    fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// A condition of a `WHERE` clause.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: Built,
    /// Whether it is one comparison, which needs no parentheses inside another condition.
    simple: bool,
}

/// A text, or what is wrong with it. Kept until the query is built, so that building reads as one chain.
type Built = std::result::Result<Secret, String>;

/// Text that may hold values: not printed.
#[derive(Clone, PartialEq, Default)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Condition {
    /// `field op value`.
    #[must_use]
    pub fn compare(field: &str, op: Op, value: impl Into<Literal>) -> Self {
        let text = name(field).map(|()| Secret(format!("{field} {} {}", op.as_str(), value.into())));
        Self { text, simple: true }
    }

    /// `field = value`.
    #[must_use]
    pub fn eq(field: &str, value: impl Into<Literal>) -> Self {
        Self::compare(field, Op::Eq, value)
    }

    /// `field IN (values)`. An empty list is refused: it would match nothing, which is never worth a call.
    #[must_use]
    pub fn is_in<V: Into<Literal>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let list: Vec<String> = values.into_iter().map(|value| value.into().to_string()).collect();
        let text = name(field).and_then(|()| match list.is_empty() {
            true => Err(format!("the list for {field} is empty")),
            false => Ok(Secret(format!("{field} IN ({})", list.join(",")))),
        });
        Self { text, simple: true }
    }

    /// All of these.
    #[must_use]
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(conditions, " AND ")
    }

    /// Any of these.
    #[must_use]
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(conditions, " OR ")
    }

    /// Rows that come after the row with this stamp and id, in the order `SystemModstamp, Id`: where a reading by that
    /// order is taken up again. Rows that share a stamp are neither lost nor read twice.
    #[must_use]
    pub fn after<O: ?Sized>(stamp: DateTime<Utc>, id: Id<O>) -> Self {
        Self::any([
            Self::compare("SystemModstamp", Op::Gt, stamp),
            Self::all([Self::eq("SystemModstamp", stamp), Self::compare("Id", Op::Gt, id)]),
        ])
    }

    fn join(conditions: impl IntoIterator<Item = Self>, with: &str) -> Self {
        let mut parts: Vec<Self> = conditions.into_iter().collect();
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        // AND and OR may not be mixed without parentheses.
        let wrap = |part: Self| part.text.map(|Secret(text)| if part.simple { text } else { format!("({text})") });
        let texts: std::result::Result<Vec<_>, _> = parts.into_iter().map(wrap).collect();
        let text = texts.and_then(|texts| match texts.is_empty() {
            true => Err("a condition without parts".to_owned()),
            false => Ok(Secret(texts.join(with))),
        });
        Self { text, simple: false }
    }
}

/// A query built from parts.
///
/// ```
/// use salesforce::soql::{Condition, Op, Select};
/// let query = Select::from("Contact")
///     .fields(["Id", "Email", "Account.Name"])
///     .filter(Condition::all([Condition::eq("LastName", "O'Neill"), Condition::compare("DoNotCall", Op::Eq, false)]))
///     .order_by(["SystemModstamp", "Id"])
///     .limit(10)
///     .build()?;
/// assert_eq!(
///     query.as_str(),
///     r"SELECT Id,Email,Account.Name FROM Contact WHERE LastName = 'O\'Neill' AND DoNotCall = FALSE ORDER BY SystemModstamp,Id LIMIT 10",
/// );
/// # Ok::<(), salesforce::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Select {
    object: String,
    items: Vec<String>,
    children: Vec<Select>,
    condition: Option<Condition>,
    order: Vec<String>,
    limit: Option<u64>,
}

impl Select {
    /// Selects from an object, or, in a sub-select, from a child relationship.
    pub fn from(object: impl Into<String>) -> Self {
        Self {
            object: object.into(),
            items: Vec::new(),
            children: Vec::new(),
            condition: None,
            order: Vec::new(),
            limit: None,
        }
    }

    /// Selects the [`FIELDS`](SObject::FIELDS) of an object.
    pub fn all_of<T: SObject>() -> Self {
        Self::from(T::NAME).fields(T::FIELDS.iter().copied())
    }

    /// Adds fields, also of parents (`Account.Name`). A field that is there already is not added again, because the API
    /// refuses it.
    pub fn fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        for field in fields.into_iter().map(Into::into) {
            if !self.items.iter().any(|item| item.eq_ignore_ascii_case(&field)) {
                self.items.push(field);
            }
        }
        self
    }

    /// Adds a sub-select on a child relationship.
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a condition; several are joined by `AND`.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.condition = Some(match self.condition.take() {
            Some(before) => Condition::all([before, condition]),
            None => condition,
        });
        self
    }

    /// Orders by these fields, ascending.
    pub fn order_by<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.order.extend(fields.into_iter().map(Into::into));
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The query.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a name that is none, nothing selected, or a text that is longer
    /// than the API takes.
    pub fn build(self) -> Result<Soql> {
        let text = self.text().map_err(|why| Error::config(format!("the query cannot be built: {why}")))?;
        if text.chars().count() > LONGEST_STATEMENT {
            return Err(Error::config("the query is longer than 100,000 characters").with_hint("select fewer fields"));
        }
        Ok(Soql(text))
    }

    fn text(self) -> std::result::Result<String, String> {
        name(&self.object)?;
        self.items.iter().chain(&self.order).try_for_each(|field| name(field))?;
        let mut items = self.items;
        for child in self.children {
            items.push(format!("({})", child.text()?));
        }
        if items.is_empty() {
            return Err(format!("nothing is selected from {}", self.object));
        }
        let mut text = format!("SELECT {} FROM {}", items.join(","), self.object);
        if let Some(condition) = self.condition {
            let Secret(condition) = condition.text?;
            if condition.chars().count() > LONGEST_CONDITION {
                return Err(
                    "the condition is longer than 4,000 characters; split its list with soql::chunks".to_owned()
                );
            }
            text.push_str(" WHERE ");
            text.push_str(&condition);
        }
        if !self.order.is_empty() {
            text.push_str(" ORDER BY ");
            text.push_str(&self.order.join(","));
        }
        if let Some(limit) = self.limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        Ok(text)
    }
}

/// Splits values for `IN` lists, in order, such that each list fits into a condition that needs `reserve` characters for
/// everything else. A value too long for any list gets one of its own and is refused when the query is built.
#[must_use]
pub fn chunks<T, L>(values: &[T], reserve: usize, literal: L) -> Vec<&[T]>
where
    L: Fn(&T) -> Literal,
{
    let budget = LONGEST_CONDITION.saturating_sub(reserve);
    let mut chunks = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        let cost = literal(value).to_string().chars().count() + 1;
        if used + cost > budget && at > start {
            chunks.extend(values.get(start..at));
            (start, used) = (at, 0);
        }
        used += cost;
    }
    if start < values.len() {
        chunks.extend(values.get(start..));
    }
    chunks
}

/// Names of objects, fields and relationships are ASCII letters, digits and underscores, joined by points; each begins
/// with a letter.
fn name(text: &str) -> std::result::Result<(), String> {
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if text.split('.').all(fits) { Ok(()) } else { Err(format!("{text:?} is not the name of a field or an object")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyId;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn values_are_written_as_the_language_wants_them() {
        let id: AnyId = "001D000000IRFma".parse().unwrap();
        for (literal, text) in [
            (Literal::from("plain"), "'plain'"),
            (Literal::from("O'Neill \\ \"q\" % _"), r#"'O\'Neill \\ "q" % _'"#),
            (Literal::from("a\n\r\t\u{8}\u{c}\u{1}"), r"'a\n\r\t\b\f\u0001'"),
            (Literal::from("Zoë 北京"), "'Zoë 北京'"),
            (Literal::from(true), "TRUE"),
            (Literal::from(-7), "-7"),
            (Literal::from(Decimal::new(150, 2)), "1.50"),
            (Literal::from(NaiveDate::from_ymd_opt(2025, 1, 31).unwrap()), "2025-01-31"),
            (Literal::from(at(0)), "1970-01-01T00:00:00.000Z"),
            (Literal::from(None::<&str>), "NULL"),
            (Literal::from(id), "'001D000000IRFmaIAH'"),
        ] {
            assert_eq!(literal.to_string(), text);
            assert!(!format!("{literal:?}").contains("plain"));
        }
        assert_eq!(like_prefix("50%_o'"), r"'50\%\_o\'%'");
    }

    #[test]
    fn and_and_or_are_never_mixed_without_parentheses() {
        let id: AnyId = "001D000000IRFma".parse().unwrap();
        let condition = Condition::all([Condition::eq("IsDeleted", false), Condition::after(at(60), id)]);
        let query = Select::from("Account").fields(["Id"]).filter(condition).build().unwrap();
        assert_eq!(
            query.as_str(),
            "SELECT Id FROM Account WHERE IsDeleted = FALSE AND (SystemModstamp > 1970-01-01T00:01:00.000Z OR \
             (SystemModstamp = 1970-01-01T00:01:00.000Z AND Id > '001D000000IRFmaIAH'))"
        );
    }

    #[test]
    fn fields_are_selected_once_and_children_in_parentheses() {
        let query = Select::from("Opportunity")
            .fields(["Id", "Name"])
            .fields(["id"])
            .child(Select::from("OpportunityContactRoles").fields(["ContactId"]).order_by(["Id"]))
            .build()
            .unwrap();
        assert_eq!(
            query.as_str(),
            "SELECT Id,Name,(SELECT ContactId FROM OpportunityContactRoles ORDER BY Id) FROM Opportunity"
        );
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for bad in ["", "Id,Name", "Id FROM User", "1a", "a..b", "a.", "Id--", "Näme", "x'y"] {
            Select::from("Contact").fields([bad]).build().expect_err(bad);
            Select::from(bad).fields(["Id"]).build().expect_err(bad);
            Select::from("Contact").fields(["Id"]).order_by([bad]).build().expect_err(bad);
            Select::from("Contact").fields(["Id"]).filter(Condition::eq(bad, 1)).build().expect_err(bad);
        }
        Select::from("Contact").build().expect_err("nothing selected");
        Select::from("Contact")
            .fields(["Id"])
            .filter(Condition::is_in::<&str>("Id", []))
            .build()
            .expect_err("empty list");
        for good in ["Id", "Account.Owner.Name", "ns__Field__c", "a1_"] {
            Select::from("Contact").fields([good]).build().unwrap();
        }
    }

    #[test]
    fn long_lists_are_split_so_that_every_part_can_be_sent() {
        let ids: Vec<AnyId> = (0..1000).map(|n| format!("003{n:012}").parse().unwrap()).collect();
        let parts = chunks(&ids, 100, |id| Literal::from(*id));
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 1000);
        assert_eq!(parts.concat(), ids);
        for part in &parts {
            Select::from("Contact").fields(["Id"]).filter(Condition::is_in("Id", part.iter())).build().unwrap();
        }
        assert!(parts.len() <= 6, "{} parts", parts.len());
        assert!(chunks(&[] as &[AnyId], 0, |id| Literal::from(*id)).is_empty());
        let long = Select::from("Contact").fields(["Id"]).filter(Condition::is_in("Id", &ids)).build();
        assert!(long.unwrap_err().to_string().contains("4,000"));
    }

    #[test]
    fn only_bare_placeholders_are_let_through() {
        for good in ["", "a", "{}", "a {} b {}", "{{}}", "{{x}}"] {
            assert!(only_bare_placeholders(good), "{good}");
        }
        for bad in ["{x}", "{0}", "{:?}", "{", "a{"] {
            assert!(!only_bare_placeholders(bad), "{bad}");
        }
    }

    proptest::proptest! {
        /// Reads a literal back as a server would and checks that nothing of the value got outside its quotes.
        #[test]
        fn no_text_leaves_its_quotes(text in proptest::prelude::any::<String>()) {
            let literal = Literal::from(text.as_str()).to_string();
            let inner = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap();
            let mut read = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                proptest::prop_assert_ne!(c, '\'', "an open quote");
                if c != '\\' {
                    read.push(c);
                    continue;
                }
                read.push(match chars.next().unwrap() {
                    'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\u{8}', 'f' => '\u{c}',
                    'u' => char::from_u32(u32::from_str_radix(&chars.by_ref().take(4).collect::<String>(), 16).unwrap()).unwrap(),
                    other => other,
                });
            }
            proptest::prop_assert_eq!(read, text);
        }
    }
}
