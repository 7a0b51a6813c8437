//! Queries built from parts.

use std::fmt::{self, Write as _};

use rest_core::{Error, Result};

use super::names::{expression, name};
use super::{Condition, LONGEST_STATEMENT, Literal, Soql};
use crate::models::SObject;

/// Without ids in the condition, `FIELDS(ALL)` and `FIELDS(CUSTOM)` take no more rows than this.
const MOST_WITH_ALL_FIELDS: u64 = 200;

/// One key of the order of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    field: String,
    descending: bool,
    nulls_last: bool,
}

impl Order {
    /// The smallest first.
    #[must_use]
    pub fn ascending(field: impl Into<String>) -> Self {
        Self { field: field.into(), descending: false, nulls_last: false }
    }

    /// The greatest first.
    #[must_use]
    pub fn descending(field: impl Into<String>) -> Self {
        Self { descending: true, ..Self::ascending(field) }
    }

    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        expression(&self.field)
    }

    /// Rows without a value at the end. They come first by default, in both directions.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        Self { nulls_last: true, ..self }
    }
}

impl From<&str> for Order {
    fn from(field: &str) -> Self {
        Self::ascending(field)
    }
}

impl From<String> for Order {
    fn from(field: String) -> Self {
        Self::ascending(field)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.descending { " DESC" } else { "" };
        let nulls = if self.nulls_last { " NULLS LAST" } else { "" };
        write!(f, "{}{direction}{nulls}", self.field)
    }
}

/// What is computed over the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aggregate {
    /// How many rows have a value.
    Count,
    /// How many different values there are.
    CountDistinct,
    /// The sum of numbers.
    Sum,
    /// The mean of numbers.
    Average,
    /// The smallest value.
    Min,
    /// The greatest value.
    Max,
}

impl Aggregate {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
    }
}

/// The fields that `FIELDS()` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllFields {
    /// All; takes 200 rows at most.
    All,
    /// The vendor's own.
    Standard,
    /// The organisation's own; takes 200 rows at most.
    Custom,
}

/// A query built from parts.
///
/// ```
/// use salesforce::soql::{Condition, Op, Order, Select};
/// let query = Select::from("Contact")
///     .fields(["Id", "Email", "Account.Name"])
///     .filter(Condition::all([Condition::eq("LastName", "O'Neill"), Condition::compare("DoNotCall", Op::Eq, false)]))
///     .order_by([Order::descending("SystemModstamp"), Order::ascending("Id")])
///     .limit(10)
///     .build()?;
/// assert_eq!(
///     query.as_str(),
///     r"SELECT Id,Email,Account.Name FROM Contact WHERE LastName = 'O\'Neill' AND DoNotCall = FALSE ORDER BY SystemModstamp DESC,Id LIMIT 10",
/// );
/// # Ok::<(), salesforce::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Select {
    object: String,
    items: Vec<String>,
    /// Items that are no names: aggregates, `FIELDS()`, `TYPEOF`.
    others: Vec<std::result::Result<String, String>>,
    all_fields: Option<AllFields>,
    children: Vec<Select>,
    mine: bool,
    condition: Option<Condition>,
    groups: Vec<String>,
    having: Option<Condition>,
    order: Vec<Order>,
    limit: Option<u64>,
    offset: Option<u64>,
}

impl Select {
    /// Selects from an object, or, in a sub-select, from a child relationship.
    pub fn from(object: impl Into<String>) -> Self {
        Self {
            object: object.into(),
            items: Vec::new(),
            others: Vec::new(),
            all_fields: None,
            children: Vec::new(),
            mine: false,
            condition: None,
            groups: Vec::new(),
            having: None,
            order: Vec::new(),
            limit: None,
            offset: None,
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

    /// Adds all fields of a kind without naming them.
    pub fn fields_of(mut self, which: AllFields) -> Self {
        let word = match which {
            AllFields::All => "ALL",
            AllFields::Standard => "STANDARD",
            AllFields::Custom => "CUSTOM",
        };
        self.all_fields = Some(which);
        self.others.push(Ok(format!("FIELDS({word})")));
        self
    }

    /// Adds an aggregate, which the rows carry under the name `alias`. Such rows have no id.
    pub fn aggregate(mut self, what: Aggregate, field: &str, alias: &str) -> Self {
        let text = name(field).and_then(|()| name(alias)).map(|()| format!("{}({field}) {alias}", what.name()));
        self.others.push(text);
        self
    }

    /// Adds fields of a polymorphic parent that depend on its object; with `otherwise` empty, a parent of another object
    /// is null.
    pub fn type_of(mut self, relationship: &str, when: &[(&str, &[&str])], otherwise: &[&str]) -> Self {
        let list = |fields: &[&str]| -> std::result::Result<String, String> {
            fields.iter().try_for_each(|field| name(field))?;
            Ok(fields.join(","))
        };
        let text = || {
            name(relationship)?;
            let mut text = format!("TYPEOF {relationship}");
            for (object, fields) in when {
                name(object)?;
                let _ = write!(text, " WHEN {object} THEN {}", list(fields)?);
            }
            if !otherwise.is_empty() {
                let _ = write!(text, " ELSE {}", list(otherwise)?);
            }
            match when.is_empty() || when.iter().any(|(_, fields)| fields.is_empty()) {
                true => Err(format!("a branch of TYPEOF {relationship} shows nothing")),
                false => Ok(text + " END"),
            }
        };
        self.others.push(text());
        self
    }

    /// Adds a sub-select on a child relationship.
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Only records that the user owns.
    pub fn mine(mut self) -> Self {
        self.mine = true;
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

    /// Groups rows by fields or date functions of fields.
    pub fn group_by<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.groups.extend(fields.into_iter().map(Into::into));
        self
    }

    /// Keeps only groups that meet the condition.
    pub fn having(mut self, condition: Condition) -> Self {
        self.having = Some(condition);
        self
    }

    /// Orders by these fields: names ascending, or [`Order`]s.
    pub fn order_by<O: Into<Order>>(mut self, fields: impl IntoIterator<Item = O>) -> Self {
        self.order.extend(fields.into_iter().map(Into::into));
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Leaves out so many rows at the beginning; the API allows 2,000.
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = Some(rows);
        self
    }

    /// The query.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): a name that is none, nothing selected, or a text that is longer
    /// than the API takes.
    pub fn build(self) -> Result<Soql> {
        let text = self.text().map_err(unbuilt)?;
        if text.chars().count() > LONGEST_STATEMENT {
            return Err(Error::config("the query is longer than 100,000 characters")
                .with_hint("select fewer fields, or read it with Salesforce::select, which splits long lists"));
        }
        Ok(Soql::unchecked(text))
    }

    /// The query that counts what this one would find.
    pub(crate) fn counting(mut self) -> Self {
        self.items.clear();
        self.children.clear();
        self.order.clear();
        self.others = vec![Ok("COUNT()".to_owned())];
        self.all_fields = None;
        self
    }

    /// The queries that together find what this one would find: one, unless it is too long.
    pub(crate) fn parts(self) -> Result<Parts> {
        let text = self.text().map_err(unbuilt)?;
        let length = text.chars().count();
        if length <= LONGEST_STATEMENT {
            return Ok(Parts { queries: vec![Soql::unchecked(text)], limit: None, same_twice: false });
        }
        let hint = "select fewer fields, or split the list yourself with soql::chunks";
        let refuse = |why: &str| {
            Err(Error::config(format!("the query is longer than 100,000 characters, and {why}")).with_hint(hint))
        };
        let Some(condition) = &self.condition else {
            return refuse("has no condition to split");
        };
        let Some(list) = condition.longest_list() else {
            return refuse("has no list at the top of its condition to split");
        };
        if !self.order.is_empty() || self.offset.is_some() {
            return refuse("its parts would not come in the order that is wanted");
        }
        let counts = matches!(self.others.as_slice(), [Ok(item)] if item == "COUNT()");
        if !self.groups.is_empty()
            || (!counts
                && self
                    .others
                    .iter()
                    .any(|item| matches!(item, Ok(item) if !item.starts_with("FIELDS") && !item.starts_with("TYPEOF"))))
        {
            return refuse("aggregates over its parts are not aggregates over the whole");
        }
        let values = distinct(list);
        let cost = |value: &Literal| value.to_string().chars().count() + 1;
        let rest = length - list.iter().map(cost).sum::<usize>();
        let ambiguous = ambiguous(&values);
        let same_twice = !counts && ambiguous;
        if counts && ambiguous {
            return refuse("its parts cannot be counted, because a row may match the lists of several");
        }
        if same_twice && !self.items.iter().any(|item| item.eq_ignore_ascii_case("Id")) {
            return refuse("without Id, rows that several parts find cannot be told");
        }
        let room = LONGEST_LIST.min(LONGEST_STATEMENT.saturating_sub(rest + 2));
        let mut queries = Vec::new();
        for chunk in chunks_within(&values, room, cost) {
            let condition = condition.with_list(list, chunk.to_vec());
            queries.push(Self { condition: Some(condition), ..self.clone() }.build()?);
        }
        Ok(Parts { queries, limit: self.limit, same_twice })
    }

    pub(super) fn into_semi_join(self) -> std::result::Result<String, String> {
        if self.items.len() != 1 || !self.others.is_empty() || !self.children.is_empty() {
            return Err("the query of a semi-join selects one field".to_owned());
        }
        if !self.order.is_empty() || self.limit.is_some() || self.offset.is_some() {
            return Err("the query of a semi-join has no order and no limit".to_owned());
        }
        self.text()
    }

    fn text(&self) -> std::result::Result<String, String> {
        name(&self.object)?;
        self.items.iter().chain(&self.groups).try_for_each(|field| expression(field))?;
        self.order.iter().try_for_each(Order::check)?;
        let mut items = self.items.clone();
        for item in &self.others {
            items.push(item.clone()?);
        }
        for child in &self.children {
            items.push(format!("({})", child.text()?));
        }
        if items.is_empty() {
            return Err(format!("nothing is selected from {}", self.object));
        }
        let wide = matches!(self.all_fields, Some(AllFields::All | AllFields::Custom));
        if wide && self.condition.is_none() && self.limit.is_none_or(|limit| limit > MOST_WITH_ALL_FIELDS) {
            return Err(format!("all fields of {} are only given of at most 200 rows; set a limit", self.object));
        }
        let mut text = format!("SELECT {} FROM {}", items.join(","), self.object);
        if self.mine {
            text.push_str(" USING SCOPE mine");
        }
        if let Some(condition) = &self.condition {
            let _ = write!(text, " WHERE {}", condition.text()?);
        }
        if !self.groups.is_empty() {
            let _ = write!(text, " GROUP BY {}", self.groups.join(","));
        }
        if let Some(condition) = &self.having {
            let _ = write!(text, " HAVING {}", condition.text()?);
        }
        for (at, order) in self.order.iter().enumerate() {
            let _ = write!(text, "{}{order}", if at == 0 { " ORDER BY " } else { "," });
        }
        if let Some(limit) = self.limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        if let Some(offset) = self.offset {
            let _ = write!(text, " OFFSET {offset}");
        }
        Ok(text)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the end of the defect's way")]
fn unbuilt(why: String) -> Error {
    Error::config(format!("the query cannot be built: {why}"))
}

/// Queries that together stand for one.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) queries: Vec<Soql>,
    /// How many rows are wanted of all together.
    pub(crate) limit: Option<u64>,
    /// Whether a row may be found by several of them.
    pub(crate) same_twice: bool,
}

/// The list that one query holds at most, in characters: about as many ids as a page has rows.
const LONGEST_LIST: usize = 40_000;

/// The values of a list, each once. Only what is surely equal for the server counts as the same: ids in both their
/// lengths, and texts of ASCII letters in whichever case.
fn distinct(list: &[Literal]) -> Vec<Literal> {
    let mut seen = std::collections::BTreeSet::new();
    let key = |value: &Literal| match value {
        Literal::Text(text) => match text.parse::<crate::ids::AnyId>() {
            Ok(id) => id.as_str().to_owned(),
            Err(_) if text.is_ascii() => text.to_ascii_lowercase(),
            Err(_) => text.clone(),
        },
        other => other.to_string(),
    };
    list.iter().filter(|value| seen.insert(key(value))).cloned().collect()
}

/// Whether values may be equal for the server in ways that are not known here, so that a row can be found by several:
/// letters beyond ASCII, and texts that look like ids but differ in case only.
fn ambiguous(values: &[Literal]) -> bool {
    let mut folded = std::collections::BTreeSet::new();
    values.iter().any(|value| match value {
        Literal::Text(text) => !text.is_ascii() || !folded.insert(text.to_ascii_lowercase()),
        _ => false,
    })
}

/// Splits values for `IN` lists, in order, such that a query with one of the lists and `reserve` further characters can
/// be sent, and finds about a page of rows when each value finds one. A value too long for any list gets one of its own
/// and is refused when the query is built.
#[must_use]
pub fn chunks<T, L>(values: &[T], reserve: usize, literal: L) -> Vec<&[T]>
where
    L: Fn(&T) -> Literal,
{
    let room = LONGEST_LIST.min(LONGEST_STATEMENT.saturating_sub(reserve));
    chunks_within(values, room, |value| literal(value).to_string().chars().count() + 1)
}

fn chunks_within<T>(values: &[T], room: usize, cost: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        let cost = cost(value);
        if used + cost > room && at > start {
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
