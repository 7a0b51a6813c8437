//! Grouping and aggregates.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::{Key, Value};

use super::eval::{Evaluation, SortValue, compare};
use super::plan::{Aggregate, AggregateFunction, Expr, Grouping, Plan};

/// The running state of one aggregate.
#[derive(Debug, Default)]
struct Tally {
    count: i64,
    distinct: BTreeSet<Key>,
    sum: Decimal,
    least: Option<(Key, Value)>,
    greatest: Option<(Key, Value)>,
}

impl Tally {
    fn add(&mut self, function: AggregateFunction, value: Value) {
        let Some(key) = Key::of(&value) else { return };
        self.count += 1;
        match function {
            AggregateFunction::Count => {}
            AggregateFunction::CountDistinct => {
                self.distinct.insert(key);
            }
            AggregateFunction::Sum | AggregateFunction::Average => {
                self.sum = self.sum.saturating_add(value.as_number().unwrap_or_default());
            }
            AggregateFunction::Minimum if self.least.as_ref().is_none_or(|(least, _)| key < *least) => {
                self.least = Some((key, value));
            }
            AggregateFunction::Maximum if self.greatest.as_ref().is_none_or(|(greatest, _)| key > *greatest) => {
                self.greatest = Some((key, value));
            }
            AggregateFunction::Minimum | AggregateFunction::Maximum => {}
        }
    }

    fn result(self, function: AggregateFunction) -> Value {
        match function {
            AggregateFunction::Count => Value::Int(self.count),
            AggregateFunction::CountDistinct => Value::Int(i64::try_from(self.distinct.len()).unwrap_or(i64::MAX)),
            AggregateFunction::Sum | AggregateFunction::Average if self.count == 0 => Value::Null,
            AggregateFunction::Sum => Value::Decimal(self.sum),
            AggregateFunction::Average => Value::Decimal(self.sum / Decimal::from(self.count)),
            AggregateFunction::Minimum => self.least.map_or(Value::Null, |(_, value)| value),
            AggregateFunction::Maximum => self.greatest.map_or(Value::Null, |(_, value)| value),
        }
    }
}

/// A group: the first row's key values as they are written, and a tally per aggregate.
struct Group {
    keys: Vec<Value>,
    tallies: Vec<Tally>,
}

impl<'a> Evaluation<'a> {
    /// Groups rows: one entry per group, of its keys, how each was rolled up, and its aggregates.
    pub(super) fn groups(
        &self,
        plan: &Plan,
        grouping: &Grouping,
        object: &'a Object,
        rows: impl Iterator<Item = &'a Row>,
    ) -> Vec<Vec<Value>> {
        // By the keys, and for equal keys (rolled up, or null) by the grouping set.
        let mut groups: BTreeMap<(Vec<Option<Key>>, usize), Group> = BTreeMap::new();
        let fresh = || grouping.aggregates.iter().map(|_| Tally::default()).collect::<Vec<_>>();
        if grouping.keys.is_empty() {
            // Aggregates of no rows are still one row.
            groups.insert((Vec::new(), 0), Group { keys: Vec::new(), tallies: fresh() });
        }
        for row in rows {
            let keys: Vec<Value> =
                grouping.keys.iter().map(|expr| self.value(object, row, expr).into_owned()).collect();
            for (set, kept) in grouping.sets.iter().enumerate() {
                let keep = |(key, kept): (&Value, &bool)| if *kept { key.clone() } else { Value::Null };
                let keys: Vec<Value> = keys.iter().zip(kept).map(keep).collect();
                let folded = keys.iter().map(Key::of).collect();
                let group = groups.entry((folded, set)).or_insert_with(|| Group { keys, tallies: fresh() });
                for (Aggregate { function, of }, tally) in grouping.aggregates.iter().zip(&mut group.tallies) {
                    tally.add(*function, self.value(object, row, of).into_owned());
                }
            }
        }
        let finished = groups.into_iter().map(|((_, set), group)| finish(grouping, set, group));
        let mut found: Vec<Vec<Value>> = finished.collect();
        if let Some(having) = &grouping.having {
            let slot = |values: &Vec<Value>, expr: &Expr| Cow::Owned(slot(values, expr));
            found.retain(|values| having.decide(self.null_is_different, &mut |expr| slot(values, expr)) == Some(true));
        }
        let sort_values = |values: &Vec<Value>| -> Vec<Option<SortValue>> {
            plan.order.iter().map(|key| SortValue::of(&slot(values, &key.expr), key)).collect()
        };
        found.sort_by_cached_key(|values| Ordered { order: &plan.order, values: sort_values(values) });
        found.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX)).collect()
    }
}

fn finish(grouping: &Grouping, set: usize, group: Group) -> Vec<Value> {
    let kept = grouping.sets.get(set).map(Vec::as_slice).unwrap_or_default();
    let rolled_up = kept.iter().map(|kept| Value::Int(i64::from(!*kept)));
    let tallies = grouping.aggregates.iter().zip(group.tallies);
    let aggregates = tallies.map(|(aggregate, tally)| tally.result(aggregate.function));
    group.keys.into_iter().chain(rolled_up).chain(aggregates).collect()
}

fn slot(values: &[Value], expr: &Expr) -> Value {
    match expr {
        Expr::Slot(index) => values.get(*index).cloned().unwrap_or_default(),
        Expr::Field { .. } | Expr::Date { .. } | Expr::Distance { .. } => Value::Null,
    }
}

/// Sort values that know their order.
struct Ordered<'a> {
    order: &'a [super::plan::SortKey],
    values: Vec<Option<SortValue>>,
}

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        compare(self.order, &self.values, &other.values)
    }
}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered<'_> {}
