//! A parsed query, with the places of its parts for error texts.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

/// A `SELECT` statement, or a sub-query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) select: Vec<Item>,
    /// The object, or the child relationship of a sub-query.
    pub(crate) from: Path,
    pub(crate) alias: Option<String>,
    /// Further names after `FROM`: `FROM Contact c, c.Account a`.
    pub(crate) joined: Vec<(Path, String)>,
    /// `USING SCOPE mine`.
    pub(crate) only_mine: bool,
    pub(crate) filter: Option<Condition>,
    pub(crate) group_by: Vec<Expression>,
    pub(crate) roll_up: RollUp,
    pub(crate) having: Option<Condition>,
    pub(crate) order_by: Vec<Order>,
    pub(crate) limit: Option<Number>,
    pub(crate) offset: Option<Number>,
    /// `FOR VIEW` or `FOR REFERENCE`.
    pub(crate) usage: Option<Usage>,
}

impl Query {
    /// `SELECT select FROM from`, and no more.
    pub(crate) fn new(select: Vec<Item>, from: Path) -> Query {
        Query {
            select,
            from,
            alias: None,
            joined: Vec::new(),
            only_mine: false,
            filter: None,
            group_by: Vec::new(),
            roll_up: RollUp::Not,
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            usage: None,
        }
    }
}

/// How a grouped query subtotals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RollUp {
    Not,
    /// `GROUP BY ROLLUP(…)`.
    Prefixes,
    /// `GROUP BY CUBE(…)`.
    Subsets,
}

/// What a query says about the use of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Viewed,
    Referenced,
}

/// A whole number and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) value: usize,
    pub(crate) at: usize,
}

/// One entry of the select list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Expression {
        expression: Expression,
        alias: Option<String>,
    },
    Children(Box<Query>),
    /// `TYPEOF path WHEN object THEN fields … ELSE fields END`.
    TypeOf {
        path: Path,
        when: Vec<(Path, Vec<Path>)>,
        otherwise: Option<Vec<Path>>,
    },
    /// `FIELDS(ALL | STANDARD | CUSTOM)`.
    Fields {
        which: FieldSet,
        at: usize,
    },
    /// `COUNT()`.
    CountAll {
        at: usize,
    },
}

/// Which fields `FIELDS()` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldSet {
    All,
    Standard,
    Custom,
}

/// Names joined by dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<String>,
    pub(crate) at: usize,
}

/// A field, or a function of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Field(Path),
    Call { function: String, argument: Box<Expression>, at: usize },
    Distance { field: Path, from: (Decimal, Decimal), miles: bool, at: usize },
}

impl Expression {
    pub(crate) fn at(&self) -> usize {
        match self {
            Expression::Field(path) => path.at,
            Expression::Call { at, .. } | Expression::Distance { at, .. } => *at,
        }
    }
}

/// A condition of `WHERE` or `HAVING`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare { left: Expression, operator: Operator, right: Literal },
    In { left: Expression, negated: bool, values: Vec<Literal> },
    InQuery { left: Expression, negated: bool, query: Box<Query> },
    Includes { left: Expression, negated: bool, values: Vec<Literal> },
}

/// All literals in the condition of a query, in their order.
pub(crate) fn literals(query: &Query) -> Vec<&Literal> {
    fn collect<'q>(condition: &'q Condition, found: &mut Vec<&'q Literal>) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| collect(part, found)),
            Condition::Not(part) => collect(part, found),
            Condition::Compare { right, .. } => found.push(right),
            Condition::In { values, .. } | Condition::Includes { values, .. } => found.extend(values),
            Condition::InQuery { query, .. } => found.extend(literals(query)),
        }
    }
    let mut found = Vec::new();
    query.filter.iter().for_each(|filter| collect(filter, &mut found));
    found
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// A literal and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    pub(crate) value: LiteralValue,
    pub(crate) at: usize,
}

/// The value of a literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LiteralValue {
    Null,
    Bool(bool),
    Text(Text),
    Number(Decimal),
    Date(NaiveDate),
    DateTime(DateTime<Utc>),
    /// `TODAY`, `LAST_N_DAYS:7`.
    Relative {
        name: String,
        count: Option<u32>,
    },
}

/// A string literal without its escapes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// Positions, in characters, of `%` and `_` that were escaped and so are no wildcards.
    pub(crate) literal: Vec<usize>,
}

/// One key of `ORDER BY`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) expression: Expression,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}
