//! A query bound to the schema: names are resolved, literals have the type of their field.

use std::sync::Arc;

use chrono::TimeDelta;
use rust_decimal::Decimal;

use crate::salesforce::schema::{ChildRelationship, FieldIndex, FieldType, ObjectIndex, PicklistValue};

use crate::salesforce::ids::SfId;
use crate::salesforce::value::Key;

use super::filter::{Filter, Test};

/// How to answer a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) object: ObjectIndex,
    pub(crate) output: Output,
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Vec<SortKey>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

impl Plan {
    /// The columns of its rows; none where it counts or groups.
    pub(crate) fn columns(&self) -> &[Column] {
        match &self.output {
            Output::Rows(columns) => columns,
            Output::Count | Output::Groups(_) => &[],
        }
    }
}

impl Plan {
    /// Confines the plan to these records.
    pub(crate) fn confine(&mut self, ids: Vec<SfId>) {
        let expr = Expr::Field { hops: Vec::new(), leaf: Leaf::Field(0) };
        let test = Test::In { keys: ids.into_iter().map(Key::Id).collect(), negated: false };
        let filters = std::iter::once(Filter::Test { expr, test }).chain(self.filter.take());
        self.filter = Some(Filter::All(filters.collect()));
    }
}

/// What a query answers with.
#[derive(Debug, Clone, Default)]
pub(crate) enum Output {
    /// `COUNT()`: a total without rows.
    #[default]
    Count,
    Rows(Vec<Column>),
    Groups(Grouping),
}

/// One member of an answered row.
#[derive(Debug, Clone)]
pub(crate) enum Column {
    Field {
        name: String,
        leaf: Leaf,
        form: Form,
    },
    Parent {
        name: &'static str,
        hop: FieldIndex,
        columns: Vec<Column>,
    },
    /// `TYPEOF`: what is shown of a parent depends on its object.
    TypeOf {
        name: &'static str,
        hop: FieldIndex,
        when: Vec<(ObjectIndex, Vec<Column>)>,
        otherwise: Option<Vec<Column>>,
    },
    Children {
        name: &'static str,
        link: ChildRelationship,
        plan: Arc<Plan>,
    },
}

impl Column {
    pub(crate) fn name(&self) -> &str {
        match self {
            Column::Field { name, .. } => name,
            Column::Parent { name, .. } | Column::TypeOf { name, .. } | Column::Children { name, .. } => name,
        }
    }

    /// What is shown of a parent of this object; `None` if nothing, not even that it is there.
    pub(crate) fn of_parent(&self, object: ObjectIndex) -> Option<&[Column]> {
        match self {
            Column::Parent { columns, .. } => Some(columns),
            Column::TypeOf { when, otherwise, .. } => {
                let named = when.iter().find(|(named, _)| *named == object).map(|(_, columns)| columns);
                named.or(otherwise.as_ref()).map(Vec::as_slice)
            }
            Column::Field { .. } | Column::Children { .. } => None,
        }
    }
}

/// In which form a field is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// `toLabel()`.
    Label(&'static [PicklistValue]),
    /// `FORMAT()`.
    Text,
}

/// The field at the end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaf {
    Field(FieldIndex),
    /// A field of whatever object a polymorphic reference points to.
    Named(&'static str),
}

/// A value computed from a row, or from a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    Field {
        hops: Vec<FieldIndex>,
        leaf: Leaf,
    },
    Date {
        part: DatePart,
        of: Box<Expr>,
        /// From UTC to the user's time, where `convertTimezone()` asks for it.
        shift: TimeDelta,
    },
    /// `DISTANCE(field, GEOLOCATION(…), unit)`.
    Distance {
        latitude: Box<Expr>,
        longitude: Box<Expr>,
        from: (Decimal, Decimal),
        miles: bool,
    },
    /// A key or aggregate of the group.
    Slot(usize),
}

/// A date function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    CalendarYear,
    CalendarQuarter,
    CalendarMonth,
    DayInMonth,
    DayInWeek,
    DayInYear,
    DayOnly,
    HourInDay,
    WeekInMonth,
    WeekInYear,
}

impl DatePart {
    /// The function called `name`, in upper case. Fiscal years are calendar years here.
    pub(super) fn parse(name: &str) -> Option<DatePart> {
        Some(match name {
            "CALENDAR_YEAR" | "FISCAL_YEAR" => DatePart::CalendarYear,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => DatePart::CalendarQuarter,
            "CALENDAR_MONTH" | "FISCAL_MONTH" => DatePart::CalendarMonth,
            "DAY_IN_MONTH" => DatePart::DayInMonth,
            "DAY_IN_WEEK" => DatePart::DayInWeek,
            "DAY_IN_YEAR" => DatePart::DayInYear,
            "DAY_ONLY" => DatePart::DayOnly,
            "HOUR_IN_DAY" => DatePart::HourInDay,
            "WEEK_IN_MONTH" => DatePart::WeekInMonth,
            "WEEK_IN_YEAR" => DatePart::WeekInYear,
            _ => return None,
        })
    }

    pub(super) fn kind(self) -> FieldType {
        if self == DatePart::DayOnly { FieldType::Date } else { FieldType::Int }
    }
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AggregateFunction {
    Count,
    CountDistinct,
    Sum,
    Average,
    Minimum,
    Maximum,
}

impl AggregateFunction {
    /// The function called `name`, in upper case.
    pub(super) fn parse(name: &str) -> Option<AggregateFunction> {
        Some(match name {
            "COUNT" => AggregateFunction::Count,
            "COUNT_DISTINCT" => AggregateFunction::CountDistinct,
            "SUM" => AggregateFunction::Sum,
            "AVG" => AggregateFunction::Average,
            "MIN" => AggregateFunction::Minimum,
            "MAX" => AggregateFunction::Maximum,
            _ => return None,
        })
    }
}

/// One aggregate of the rows of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) of: Expr,
}

/// How rows are grouped. The values of a group are its keys, then for each key whether it was rolled up (1) or not (0),
/// then its aggregates; slots count through all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grouping {
    pub(crate) keys: Vec<Expr>,
    /// For each set of groups that is made, which keys it keeps: one set with all of them, more with `ROLLUP` or `CUBE`.
    pub(crate) sets: Vec<Vec<bool>>,
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) columns: Vec<GroupColumn>,
    pub(crate) having: Option<Filter>,
}

/// One member of an answered group.
#[derive(Debug, Clone)]
pub(crate) struct GroupColumn {
    pub(crate) name: String,
    pub(crate) slot: usize,
    /// As it stands in the query: `COUNT(Id)`.
    pub(crate) written: String,
    pub(crate) form: Form,
}

/// One key of the order.
#[derive(Debug, Clone)]
pub(crate) struct SortKey {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
    /// Picklists sort in the order of their values.
    pub(crate) picklist: &'static [PicklistValue],
}
