//! Conditions, joined so that no part changes the meaning of another.

use std::fmt;

use chrono::{DateTime, Utc};

use super::names::expression;
use super::{Literal, Pattern, Select};
use crate::ids::Id;

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

/// A condition of a `WHERE` or `HAVING` clause.
///
/// Where a field is wanted, a path (`Account.Owner.Name`), a date function of one (`CALENDAR_YEAR(CreatedDate)`) and, in
/// `HAVING`, an aggregate of one (`COUNT(Id)`) will do, too.
#[derive(Clone, PartialEq)]
pub struct Condition(Node);

#[derive(Clone, PartialEq)]
enum Node {
    /// One comparison, written out.
    One(String),
    In {
        field: String,
        negated: bool,
        values: Vec<Literal>,
    },
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// What is wrong with it. Kept until the query is built, so that building reads as one chain.
    Defect(String),
}

/// A condition holds the values it looks for: not printed.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition(…)")
    }
}

impl Condition {
    /// `field op value`.
    #[must_use]
    pub fn compare(field: &str, op: Op, value: impl Into<Literal>) -> Self {
        Self::one(field, op.as_str(), &value.into(), |value| !matches!(value, Literal::List(_) | Literal::Pattern(_)))
    }

    /// `field = value`.
    #[must_use]
    pub fn eq(field: &str, value: impl Into<Literal>) -> Self {
        Self::compare(field, Op::Eq, value)
    }

    /// `field = NULL`.
    #[must_use]
    pub fn is_null(field: &str) -> Self {
        Self::compare(field, Op::Eq, Literal::Null)
    }

    /// `field != NULL`.
    #[must_use]
    pub fn is_set(field: &str) -> Self {
        Self::compare(field, Op::Ne, Literal::Null)
    }

    /// `field LIKE pattern`.
    #[must_use]
    pub fn like(field: &str, pattern: Pattern) -> Self {
        Self::one(field, "LIKE", &pattern.into(), |_| true)
    }

    /// `field IN (values)`. An empty list is refused: it would match nothing, which is never worth a call. A list that
    /// makes the query too long is split where the query is read by [`Salesforce::select`](crate::Salesforce::select).
    #[must_use]
    pub fn is_in<V: Into<Literal>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::list(field, false, values)
    }

    /// `field NOT IN (values)`. An empty list is refused.
    #[must_use]
    pub fn not_in<V: Into<Literal>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        Self::list(field, true, values)
    }

    /// `field IN (SELECT …)`: the select must have one field, an id or a lookup. At most two in one query.
    #[must_use]
    pub fn is_in_query(field: &str, select: Select) -> Self {
        Self::semi_join(field, "IN", select)
    }

    /// `field NOT IN (SELECT …)`.
    #[must_use]
    pub fn not_in_query(field: &str, select: Select) -> Self {
        Self::semi_join(field, "NOT IN", select)
    }

    /// `field INCLUDES (…)`: the multi-select picklist has all values of one of the sets.
    #[must_use]
    pub fn includes<'v, S: AsRef<[&'v str]>>(field: &str, sets: impl IntoIterator<Item = S>) -> Self {
        Self::multi_select(field, "INCLUDES", sets)
    }

    /// `field EXCLUDES (…)`: the multi-select picklist has all values of none of the sets.
    #[must_use]
    pub fn excludes<'v, S: AsRef<[&'v str]>>(field: &str, sets: impl IntoIterator<Item = S>) -> Self {
        Self::multi_select(field, "EXCLUDES", sets)
    }

    /// All of these.
    #[must_use]
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(conditions, Node::All)
    }

    /// Any of these.
    #[must_use]
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        Self::join(conditions, Node::Any)
    }

    /// The opposite of this.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "reads like `all` and `any`, which are no operators either")]
    pub fn not(condition: Self) -> Self {
        Self(Node::Not(Box::new(condition)))
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

    fn one(field: &str, op: &str, value: &Literal, fits: fn(&Literal) -> bool) -> Self {
        let defect = expression(field).err().or_else(|| value.defect());
        let misfit = || format!("{op} takes no such value for {field}");
        match defect.or_else(|| (!fits(value)).then(misfit)) {
            Some(defect) => Self(Node::Defect(defect)),
            None => Self(Node::One(format!("{field} {op} {value}"))),
        }
    }

    fn list<V: Into<Literal>>(field: &str, negated: bool, values: impl IntoIterator<Item = V>) -> Self {
        let list = Literal::List(values.into_iter().map(Into::into).collect());
        let defect = expression(field).err().or_else(|| Some(format!("{field}: {}", list.defect()?)));
        match (defect, list) {
            (None, Literal::List(values)) => Self(Node::In { field: field.to_owned(), negated, values }),
            (defect, _) => Self(Node::Defect(defect.unwrap_or_default())),
        }
    }

    fn semi_join(field: &str, op: &str, select: Select) -> Self {
        let built = expression(field).and_then(|()| select.into_semi_join());
        Self(built.map_or_else(Node::Defect, |select| Node::One(format!("{field} {op} ({select})"))))
    }

    fn multi_select<'v, S: AsRef<[&'v str]>>(field: &str, op: &str, sets: impl IntoIterator<Item = S>) -> Self {
        let mut list = Vec::new();
        for set in sets {
            let set = set.as_ref();
            if set.iter().any(|value| value.contains(';')) {
                return Self(Node::Defect(format!("a value of {field} has a semicolon, which separates values")));
            }
            list.push(Literal::Text(set.join(";")));
        }
        Self::one(field, op, &Literal::List(list), |_| true)
    }

    fn join(conditions: impl IntoIterator<Item = Self>, node: fn(Vec<Self>) -> Node) -> Self {
        let mut parts: Vec<Self> = conditions.into_iter().collect();
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (0, _) | (_, None) => Self(Node::Defect("a condition without parts".to_owned())),
            (_, Some(last)) => {
                parts.push(last);
                Self(node(parts))
            }
        }
    }

    /// The condition as the language writes it.
    pub(crate) fn text(&self) -> Result<String, String> {
        match &self.0 {
            Node::Defect(defect) => Err(defect.clone()),
            Node::One(text) => Ok(text.clone()),
            Node::In { field, negated, values } => {
                let op = if *negated { "NOT IN" } else { "IN" };
                Ok(format!("{field} {op} {}", Literal::List(values.clone())))
            }
            Node::All(parts) => Self::joined(parts, " AND "),
            Node::Any(parts) => Self::joined(parts, " OR "),
            Node::Not(part) => Ok(format!("NOT ({})", part.text()?)),
        }
    }

    /// AND and OR may not be mixed without parentheses.
    fn joined(parts: &[Self], with: &str) -> Result<String, String> {
        let wrap = |part: &Self| {
            let simple = matches!(part.0, Node::One(_) | Node::In { .. });
            part.text().map(|text| if simple { text } else { format!("({text})") })
        };
        parts.iter().map(wrap).collect::<Result<Vec<_>, _>>().map(|texts| texts.join(with))
    }

    /// The longest list of which a row must have one value, and the rest of the condition around other lists.
    pub(super) fn longest_list(&self) -> Option<&[Literal]> {
        let lists = self.parts().iter().filter_map(|part| match &part.0 {
            Node::In { negated: false, values, .. } => Some(values.as_slice()),
            _ => None,
        });
        lists.max_by_key(|values| values.len())
    }

    /// The same condition with other values in its longest list.
    pub(super) fn with_list(&self, of: &[Literal], list: Vec<Literal>) -> Self {
        let mut list = Some(list);
        let mut replace = |part: &Self| match &part.0 {
            Node::In { field, negated: false, values } if values.as_slice() == of && list.is_some() => {
                let values = list.take().unwrap_or_default();
                Self(Node::In { field: field.clone(), negated: false, values })
            }
            _ => part.clone(),
        };
        match &self.0 {
            Node::All(parts) => Self(Node::All(parts.iter().map(replace).collect())),
            _ => replace(self),
        }
    }

    fn parts(&self) -> &[Self] {
        match &self.0 {
            Node::All(parts) => parts,
            _ => std::slice::from_ref(self),
        }
    }
}
