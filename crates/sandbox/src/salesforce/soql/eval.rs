//! Answering a bound query from the store.

use std::cmp::Ordering;
use std::ops::Bound;

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

use crate::salesforce::ids::SfId;
use crate::salesforce::read::{attributes, field_json};
use crate::salesforce::schema::{FieldType, Object, ObjectIndex, Schema};
use crate::salesforce::store::{Row, Store};
use crate::salesforce::value::{Key, Value};

use super::ast::Operator;
use super::filter::{Filter, Test};
use super::plan::{Column, DatePart, Expr, Form, Leaf, Output, Plan, SortKey};

/// The surroundings of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluation<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) store: &'a Store,
    /// Deleted rows too, as `queryAll` wants.
    pub(crate) all_rows: bool,
    /// `v59.0`, for the URLs of the rows.
    pub(crate) version: &'a str,
    pub(crate) null_is_different: bool,
}

/// What a query found.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) total: usize,
    /// Each row with its weight: itself and its child rows.
    pub(crate) rows: Vec<(Json, usize)>,
}

impl<'a> Evaluation<'a> {
    /// Runs a query.
    pub(crate) fn run(&self, plan: &Plan) -> Results {
        let candidates = self.candidates(plan);
        self.answer(plan, candidates)
    }

    fn answer(&self, plan: &Plan, candidates: Vec<&'a Row>) -> Results {
        let object = self.schema.object(plan.object);
        let kept = candidates.into_iter().filter(|row| self.admits(plan.filter.as_ref(), object, row));
        match &plan.output {
            Output::Count => {
                let total = kept.count().min(plan.limit.unwrap_or(usize::MAX));
                Results { total, rows: Vec::new() }
            }
            Output::Groups(grouping) => self.groups(plan, grouping, object, kept),
            Output::Rows(columns) => {
                let rows: Vec<(Json, usize)> = self
                    .cut(plan, self.sort(&plan.order, object, kept, plan))
                    .map(|row| self.row(object, row, columns))
                    .collect();
                Results { total: rows.len(), rows }
            }
        }
    }

    /// The rows of a filter's subject column, for a semi-join.
    pub(super) fn column(&self, plan: &Plan, expr: &Expr) -> impl Iterator<Item = Value> {
        let object = self.schema.object(plan.object);
        let rows = self.candidates(plan).into_iter();
        let kept: Vec<Value> = rows
            .filter(|row| self.admits(plan.filter.as_ref(), object, row))
            .map(|row| self.value(object, row, expr))
            .collect();
        kept.into_iter()
    }

    fn admits(&self, filter: Option<&Filter>, object: &'a Object, row: &'a Row) -> bool {
        let visible = self.all_rows || !row.is_deleted();
        let decided =
            |filter: &Filter| filter.decide(self.null_is_different, &mut |expr| self.value(object, row, expr));
        visible && filter.is_none_or(|filter| decided(filter) == Some(true))
    }

    /// Rows in their order, as far as they are wanted.
    fn sort(
        &self,
        order: &[SortKey],
        object: &'a Object,
        rows: impl Iterator<Item = &'a Row>,
        plan: &Plan,
    ) -> Vec<&'a Row> {
        if order.is_empty() {
            let wanted = plan.limit.map_or(usize::MAX, |limit| limit.saturating_add(plan.offset));
            return rows.take(wanted).collect();
        }
        let mut keyed: Vec<(Vec<Option<SortValue>>, &Row)> = rows
            .map(|row| (order.iter().map(|key| SortValue::of(&self.value(object, row, &key.expr), key)).collect(), row))
            .collect();
        keyed.sort_by(|(left, _), (right, _)| compare(order, left, right));
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    fn cut<T>(&self, plan: &Plan, rows: Vec<T>) -> impl Iterator<Item = T> + use<T> {
        rows.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX))
    }

    /// The value of an expression for a row.
    pub(super) fn value(&self, object: &'a Object, row: &'a Row, expr: &Expr) -> Value {
        match expr {
            Expr::Slot(_) => Value::Null,
            Expr::Date { part, of } => date_part(*part, &self.value(object, row, of)),
            Expr::Field { hops, leaf } => {
                let (mut object, mut row) = (object, row);
                for hop in hops {
                    let Some((index, parent)) = row.values[*hop].as_id().and_then(|id| self.store.lookup(id)) else {
                        return Value::Null;
                    };
                    (object, row) = (self.schema.object(index), parent);
                }
                match leaf {
                    Leaf::Field(field) => row.values[*field].clone(),
                    Leaf::Named("Type") => Value::text(object.name),
                    Leaf::Named(name) => row.get(object, name).clone(),
                }
            }
        }
    }

    fn row(&self, object: &'a Object, row: &'a Row, columns: &[Column]) -> (Json, usize) {
        let mut record = Map::with_capacity(columns.len() + 1);
        record.insert("attributes".to_owned(), attributes(object, row.id, self.version));
        let mut weight = 1;
        for column in columns {
            let value = match column {
                Column::Field { leaf, form, .. } => leaf_json(object, row, leaf, *form),
                Column::Parent { hop, columns, .. } => {
                    let parent = row.values[*hop].as_id().and_then(|id| self.store.lookup(id));
                    parent.map_or(Json::Null, |(index, parent)| self.row(self.schema.object(index), parent, columns).0)
                }
                Column::Children { link, plan, .. } => {
                    let ids = self.store.with_value(link.child, link.field, &Value::Id(row.id));
                    let children = self.answer(plan, self.rows_of(link.child, &ids));
                    weight += children.rows.len();
                    children_json(children)
                }
            };
            record.insert(column.name().to_owned(), value);
        }
        (Json::Object(record), weight)
    }

    fn rows_of(&self, object: ObjectIndex, ids: &[SfId]) -> Vec<&'a Row> {
        ids.iter().filter_map(|id| self.store.get(object, *id)).collect()
    }

    /// Whether an index leads to the answer, and to how many rows.
    pub(crate) fn access(&self, plan: &Plan) -> (bool, usize) {
        let found = self.indexed(plan);
        (found.is_some(), found.map_or_else(|| self.store.rows(plan.object).count(), |ids| ids.len()))
    }

    /// The rows among which the answer is, in the order of their ids.
    fn candidates(&self, plan: &Plan) -> Vec<&'a Row> {
        match self.indexed(plan) {
            None => self.store.rows(plan.object).collect(),
            Some(ids) => self.rows_of(plan.object, &ids),
        }
    }

    /// The ids among which the answer is, in order, if the filter allows the use of an index.
    fn indexed(&self, plan: &Plan) -> Option<Vec<SfId>> {
        let parts = match &plan.filter {
            Some(Filter::All(parts)) => parts.as_slice(),
            Some(other) => std::slice::from_ref(other),
            None => &[],
        };
        let object = self.schema.object(plan.object);
        let direct = parts.iter().filter_map(|part| match part {
            Filter::Test { expr: Expr::Field { hops, leaf: Leaf::Field(field) }, test } if hops.is_empty() => {
                Some((*field, test))
            }
            _ => None,
        });
        let tests: Vec<_> = direct.collect();
        let by_key = tests.iter().find_map(|(field, test)| {
            let one;
            let keys: Box<dyn Iterator<Item = &Key>> = match test {
                Test::Equal { key, negated: false } => {
                    one = [key];
                    Box::new(one.into_iter())
                }
                Test::In { keys, negated: false } => Box::new(keys.iter()),
                _ => return None,
            };
            if object.field(*field).kind == FieldType::Id {
                let ids = keys.filter_map(|key| if let Key::Id(id) = key { Some(*id) } else { None });
                return Some(ids.collect::<Vec<_>>());
            }
            let indexed = self.store.is_indexed(plan.object, *field);
            indexed.then(|| keys.flat_map(|key| self.store.with_key(plan.object, *field, key)).collect())
        });
        let mut ids = by_key.or_else(|| self.by_time(plan.object, &tests))?;
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }

    /// The ids within the bounds that the tests put on an indexed date-time.
    fn by_time(&self, object: ObjectIndex, tests: &[(usize, &Test)]) -> Option<Vec<SfId>> {
        let is_time = |field: usize| {
            self.schema.object(object).field(field).kind == FieldType::DateTime && self.store.is_indexed(object, field)
        };
        let (field, _) = tests.iter().find(|(field, test)| is_time(*field) && bounds(test).is_some())?;
        let (mut low, mut high) = (Bound::Unbounded, Bound::Unbounded);
        for (from, to) in tests.iter().filter(|(other, _)| other == field).filter_map(|(_, test)| bounds(test)) {
            low = tighter(low, from, Ordering::Greater);
            high = tighter(high, to, Ordering::Less);
        }
        Some(self.store.in_time(object, *field, low, high))
    }
}

type TimeBound = Bound<DateTime<Utc>>;

/// The bounds that a test puts on a date-time.
fn bounds(test: &Test) -> Option<(TimeBound, TimeBound)> {
    use Bound::{Excluded, Included, Unbounded};
    match test {
        Test::Equal { key: Key::DateTime(at), negated: false } => Some((Included(*at), Included(*at))),
        Test::Order { operator, key: Key::DateTime(at) } => match operator {
            Operator::Less => Some((Unbounded, Excluded(*at))),
            Operator::LessOrEqual => Some((Unbounded, Included(*at))),
            Operator::Greater => Some((Excluded(*at), Unbounded)),
            Operator::GreaterOrEqual => Some((Included(*at), Unbounded)),
            Operator::Equal | Operator::NotEqual | Operator::Like => None,
        },
        Test::Range { operator, from: Key::DateTime(from), to: Key::DateTime(to) } => match operator {
            Operator::Equal => Some((Included(*from), Excluded(*to))),
            Operator::Less => Some((Unbounded, Excluded(*from))),
            Operator::LessOrEqual => Some((Unbounded, Excluded(*to))),
            Operator::Greater => Some((Included(*to), Unbounded)),
            Operator::GreaterOrEqual => Some((Included(*from), Unbounded)),
            Operator::NotEqual | Operator::Like => None,
        },
        _ => None,
    }
}

/// The stricter of two bounds on the same side; `stricter` is how its time compares to the other's.
fn tighter(left: TimeBound, right: TimeBound, stricter: Ordering) -> TimeBound {
    match (left, right) {
        (Bound::Unbounded, other) | (other, Bound::Unbounded) => other,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            // Of equal times, the one that excludes it is the stricter.
            let left_wins = a.cmp(&b) == stricter || (a == b && matches!(left, Bound::Excluded(_)));
            if left_wins { left } else { right }
        }
    }
}

/// Child rows as a result of their own; no rows are null.
fn children_json(children: Results) -> Json {
    if children.rows.is_empty() {
        return Json::Null;
    }
    let records: Vec<Json> = children.rows.into_iter().map(|(row, _)| row).collect();
    json!({"totalSize": children.total, "done": true, "records": records})
}

fn leaf_json(object: &Object, row: &Row, leaf: &Leaf, form: Form) -> Json {
    let plain = match leaf {
        Leaf::Field(field) => field_json(object, row, *field),
        Leaf::Named("Type") => Json::from(object.name),
        Leaf::Named(name) => object.find(name).map_or(Json::Null, |field| field_json(object, row, field)),
    };
    match (form, plain) {
        (Form::Plain, plain) => plain,
        (Form::Label(values), Json::String(text)) => {
            let label = values.iter().find(|entry| entry.value == text).map(|entry| entry.label);
            label.map_or(Json::String(text), Json::from)
        }
        (Form::Text, Json::Number(number)) => Json::String(number.to_string()),
        (_, plain) => plain,
    }
}

fn date_part(part: DatePart, value: &Value) -> Value {
    let Some(date) = value.as_date() else {
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
        DatePart::HourInDay => value.as_datetime().map_or(0, |at| at.hour()),
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
                Some(place.map_or_else(|| SortValue::Text(text.to_uppercase()), SortValue::Listed))
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
