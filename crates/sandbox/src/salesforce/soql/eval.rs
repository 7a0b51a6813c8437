//! Answering a bound query: rows are found and frozen when the query runs, and written as JSON page by page.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{Object, ObjectIndex, Schema};
use crate::salesforce::store::{Row, Store};
use crate::salesforce::value::{Value, fold};

use super::access::Access;
use super::filter::Filter;
use super::plan::{Column, DatePart, Expr, Leaf, Output, Plan, SortKey};
use super::show::{ChildSet, Frozen, Related};

/// The surroundings of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluation<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) store: &'a Store,
    /// Deleted rows too, as `queryAll` wants.
    pub(crate) all_rows: bool,
    pub(crate) null_is_different: bool,
}

/// What a query found.
#[derive(Debug)]
pub(crate) enum Results {
    /// `COUNT()`: how many.
    Count(usize),
    /// Rows as they were when the query ran.
    Rows(Vec<Frozen>),
    /// One entry per group: its keys, how each was rolled up, and its aggregates.
    Groups(Vec<Vec<Value>>),
}

impl<'a> Evaluation<'a> {
    /// Runs a query.
    pub(crate) fn run(&self, plan: &Plan) -> Results {
        let object = self.schema.object(plan.object);
        if let (Output::Count, None, false) = (&plan.output, &plan.filter, self.all_rows) {
            let (_, live) = self.store.counts(plan.object);
            return Results::Count(live.min(plan.limit.unwrap_or(usize::MAX)));
        }
        let access = Access::choose(self, plan);
        let rows = access.rows(self.store, plan.object);
        let rows = rows.filter(|row| self.admits(plan.filter.as_ref(), object, row));
        match &plan.output {
            Output::Count => Results::Count(rows.take(plan.limit.unwrap_or(usize::MAX)).count()),
            Output::Groups(grouping) => Results::Groups(self.groups(plan, grouping, object, rows.map(|row| &**row))),
            Output::Rows(_) => Results::Rows(self.frozen(plan, object, rows, access.in_order())),
        }
    }

    /// The values of one expression over the rows of a query, for a semi-join.
    pub(super) fn column(&self, plan: &Plan, expr: &Expr) -> Vec<Value> {
        let object = self.schema.object(plan.object);
        let access = Access::choose(self, plan);
        let rows = access.rows(self.store, plan.object);
        rows.filter(|row| self.admits(plan.filter.as_ref(), object, row))
            .map(|row| self.value(object, row, expr).into_owned())
            .collect()
    }

    fn admits(&self, filter: Option<&Filter>, object: &'a Object, row: &'a Row) -> bool {
        let visible = self.all_rows || !row.is_deleted();
        let decided =
            |filter: &Filter| filter.decide(self.null_is_different, &mut |expr| self.value(object, row, expr));
        visible && filter.is_none_or(|filter| decided(filter) == Some(true))
    }

    /// The wanted rows in their order, with what they show of others.
    fn frozen(
        &self,
        plan: &Plan,
        object: &'a Object,
        rows: impl Iterator<Item = &'a Arc<Row>>,
        in_order: bool,
    ) -> Vec<Frozen> {
        let limit = plan.limit.unwrap_or(usize::MAX);
        let columns = plan.columns();
        let freeze = |row: &'a Arc<Row>| self.freeze(object, row, columns);
        if plan.order.is_empty() || in_order {
            return rows.skip(plan.offset).take(limit).map(freeze).collect();
        }
        let sorted = self.sort(&plan.order, object, rows, limit.saturating_add(plan.offset));
        sorted.into_iter().skip(plan.offset).take(limit).map(freeze).collect()
    }

    /// The first `wanted` rows in the order. Holds little more than these at any time.
    fn sort(
        &self,
        order: &[SortKey],
        object: &'a Object,
        rows: impl Iterator<Item = &'a Arc<Row>>,
        wanted: usize,
    ) -> Vec<&'a Arc<Row>> {
        type Keyed<'a> = (Vec<Option<SortValue>>, &'a Arc<Row>);
        let backwards = order.last().is_some_and(|key| key.descending);
        let compare = |(left, a): &Keyed<'_>, (right, b): &Keyed<'_>| {
            let ids = if backwards { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) };
            compare(order, left, right).then(ids)
        };
        if wanted == 0 {
            return Vec::new();
        }
        let most = wanted.saturating_mul(2).saturating_add(1_024);
        let mut kept: Vec<Keyed<'a>> = Vec::new();
        for row in rows {
            let keys = order.iter().map(|key| SortValue::of(&self.value(object, row, &key.expr), key)).collect();
            kept.push((keys, row));
            if kept.len() >= most {
                kept.select_nth_unstable_by(wanted - 1, compare);
                kept.truncate(wanted);
            }
        }
        kept.sort_unstable_by(compare);
        kept.into_iter().map(|(_, row)| row).collect()
    }

    /// The value of an expression for a row.
    pub(super) fn value(&self, object: &'a Object, row: &'a Row, expr: &Expr) -> Cow<'a, Value> {
        match expr {
            Expr::Slot(_) => Cow::Owned(Value::Null),
            Expr::Date { part, of, shift } => Cow::Owned(date_part(*part, &self.value(object, row, of), *shift)),
            Expr::Distance { latitude, longitude, from, miles } => {
                let at = [latitude, longitude].map(|part| self.value(object, row, part).as_number());
                Cow::Owned(distance(at, *from, *miles).map_or(Value::Null, Value::Decimal))
            }
            Expr::Field { hops, leaf } => {
                let (mut object, mut row) = (object, row);
                for hop in hops {
                    let Some((index, parent)) = row.values[*hop].as_id().and_then(|id| self.store.lookup(id)) else {
                        return Cow::Owned(Value::Null);
                    };
                    (object, row) = (self.schema.object(index), parent);
                }
                match leaf {
                    Leaf::Field(field) => Cow::Borrowed(&row.values[*field]),
                    Leaf::Named("Type") => Cow::Owned(Value::text(object.name)),
                    Leaf::Named(name) => Cow::Borrowed(row.get(object, name)),
                }
            }
        }
    }

    /// A row with everything that the columns show of other rows, as it is now.
    fn freeze(&self, object: &'a Object, row: &'a Arc<Row>, columns: &[Column]) -> Frozen {
        let related = columns.iter().filter_map(|column| match column {
            Column::Field { .. } => None,
            Column::Parent { hop, .. } | Column::TypeOf { hop, .. } => {
                Some(Related::Parent(self.parent(object, row, *hop, column)))
            }
            Column::Children { link, plan, .. } => {
                let object = self.schema.object(link.child);
                let ids = self.store.with_value(link.child, link.field, &Value::Id(row.id));
                let rows = ids.into_iter().filter_map(|id| self.store.shared(link.child, id));
                let rows = rows.filter(|row| self.admits(plan.filter.as_ref(), object, row));
                Some(Related::Children(ChildSet::new(self.frozen(plan, object, rows, false))))
            }
        });
        Frozen { row: Arc::clone(row), related: related.collect() }
    }

    fn parent(&self, _: &Object, row: &Row, hop: usize, column: &Column) -> Option<Box<(ObjectIndex, Frozen)>> {
        let (index, parent) = row.values[hop].as_id().and_then(|id| self.store.lookup_shared(id))?;
        let columns = column.of_parent(index)?;
        Some(Box::new((index, self.freeze(self.schema.object(index), parent, columns))))
    }

    /// Whether an index leads to the answer, through which field, and to about how many rows.
    pub(crate) fn explain(&self, plan: &Plan) -> Explained {
        let access = Access::choose(self, plan);
        let (all, _) = self.store.counts(plan.object);
        let cardinality = access.size(self.store, plan.object);
        Explained { field: access.field(), cardinality, all }
    }
}

/// How a query would be answered.
#[derive(Debug)]
pub(crate) struct Explained {
    /// The field whose index leads, if one does.
    pub(crate) field: Option<usize>,
    /// How many rows would be looked at.
    pub(crate) cardinality: usize,
    /// How many there are.
    pub(crate) all: usize,
}

/// Great-circle distance on a sphere of the Earth's mean radius.
fn distance(at: [Option<Decimal>; 2], from: (Decimal, Decimal), miles: bool) -> Option<Decimal> {
    let [Some(latitude), Some(longitude)] = at else {
        return None;
    };
    let [a, b, c, d] = [latitude, longitude, from.0, from.1].map(|angle| angle.to_f64().map(f64::to_radians));
    let (lat, lon, from_lat, from_lon) = (a?, b?, c?, d?);
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = half(lat - from_lat) + lat.cos() * from_lat.cos() * half(lon - from_lon);
    let kilometers = 2.0 * 6_371.0 * chord.sqrt().min(1.0).asin();
    Decimal::from_f64(if miles { kilometers / 1.609_344 } else { kilometers })
}

fn date_part(part: DatePart, value: &Value, shift: TimeDelta) -> Value {
    let at = value.as_datetime().map(|at| at + shift);
    let Some(date) = at.map(|at| at.date_naive()).or_else(|| value.as_date()) else {
        return Value::Null;
    };
    let week = |day_of_period: u32| (day_of_period - 1) / 7 + 1;
    let number = match part {
        DatePart::DayOnly => return Value::Date(date),
        DatePart::CalendarYear => return Value::Int(date.year().into()),
        DatePart::CalendarQuarter => date.month0() / 3 + 1,
        DatePart::CalendarMonth => date.month(),
        DatePart::DayInMonth => date.day(),
        DatePart::DayInWeek => date.weekday().num_days_from_sunday() + 1,
        DatePart::DayInYear => date.ordinal(),
        DatePart::HourInDay => at.map_or(0, |at| at.hour()),
        DatePart::WeekInMonth => week(date.day()),
        DatePart::WeekInYear => week(date.ordinal()),
    };
    Value::Int(number.into())
}

/// A value as it sorts: texts by their upper case, picklists by their place in the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue {
    Bool(bool),
    Number(Decimal),
    Listed(usize),
    Text(String),
    Id(SfId),
    Date(NaiveDate),
    DateTime(DateTime<Utc>),
}

impl SortValue {
    pub(super) fn of(value: &Value, key: &SortKey) -> Option<SortValue> {
        match value {
            Value::Null => None,
            Value::Bool(flag) => Some(SortValue::Bool(*flag)),
            Value::Int(_) | Value::Decimal(_) => value.as_number().map(SortValue::Number),
            Value::Text(text) => {
                let place = key.picklist.iter().position(|entry| entry.value == &**text);
                Some(place.map_or_else(|| SortValue::Text(fold(text)), SortValue::Listed))
            }
            Value::Id(id) => Some(SortValue::Id(*id)),
            Value::Date(date) => Some(SortValue::Date(*date)),
            Value::DateTime(at) => Some(SortValue::DateTime(*at)),
        }
    }
}

/// Compares two rows by their sort values. Nulls come first in both directions unless they are wanted last.
pub(super) fn compare(order: &[SortKey], left: &[Option<SortValue>], right: &[Option<SortValue>]) -> Ordering {
    for ((key, left), right) in order.iter().zip(left).zip(right) {
        let ordering = match (left, right) {
            (Some(left), Some(right)) if key.descending => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
            (left, right) if key.nulls_last => right.is_some().cmp(&left.is_some()),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::soql::plan::Leaf;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Option<SortValue>> {
        prop_oneof![
            Just(None),
            any::<bool>().prop_map(|flag| Some(SortValue::Bool(flag))),
            (-5_i64..5).prop_map(|number| Some(SortValue::Number(number.into()))),
            (0_usize..4).prop_map(|place| Some(SortValue::Listed(place))),
            "[A-C]{0,2}".prop_map(|text| Some(SortValue::Text(text))),
        ]
    }

    fn key() -> impl Strategy<Value = SortKey> {
        any::<(bool, bool)>().prop_map(|(descending, nulls_last)| SortKey {
            expr: Expr::Field { hops: Vec::new(), leaf: Leaf::Field(0) },
            descending,
            nulls_last,
            picklist: &[],
        })
    }

    proptest! {
        #[test]
        fn every_order_is_total(
            keys in proptest::collection::vec(key(), 1..3),
            rows in proptest::collection::vec(proptest::collection::vec(value(), 2), 3),
        ) {
            let [a, b, c] = [&rows[0], &rows[1], &rows[2]];
            let ordering = |left: &[Option<SortValue>], right: &[Option<SortValue>]| compare(&keys, left, right);
            prop_assert_eq!(ordering(a, a), Ordering::Equal);
            prop_assert_eq!(ordering(a, b), ordering(b, a).reverse());
            if ordering(a, b).is_le() && ordering(b, c).is_le() {
                prop_assert!(ordering(a, c).is_le());
            }
        }

        #[test]
        fn nulls_stand_where_they_are_wanted(keys in proptest::collection::vec(key(), 1..2), value in value()) {
            let wanted = if keys[0].nulls_last { Ordering::Greater } else { Ordering::Less };
            let expected = if value.is_none() { Ordering::Equal } else { wanted };
            prop_assert_eq!(compare(&keys, &[None], &[value]), expected);
        }
    }
}
