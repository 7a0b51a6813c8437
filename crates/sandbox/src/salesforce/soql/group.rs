//! Grouping and aggregates.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};

use crate::salesforce::schema::Object;
use crate::salesforce::store::Row;
use crate::salesforce::value::{Key, Value};

use super::eval::{Evaluation, Results, SortValue, compare};
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
    /// Groups rows and answers with one row per group.
    pub(super) fn groups(
        &self,
        plan: &Plan,
        grouping: &Grouping,
        object: &'a Object,
        rows: impl Iterator<Item = &'a Row>,
    ) -> Results {
        let mut groups: BTreeMap<Vec<Option<Key>>, Group> = BTreeMap::new();
        let fresh = || grouping.aggregates.iter().map(|_| Tally::default()).collect::<Vec<_>>();
        if grouping.keys.is_empty() {
            // Aggregates of no rows are still one row.
            groups.insert(Vec::new(), Group { keys: Vec::new(), tallies: fresh() });
        }
        for row in rows {
            let keys: Vec<Value> = grouping.keys.iter().map(|expr| self.value(object, row, expr)).collect();
            let folded = keys.iter().map(Key::of).collect();
            let group = groups.entry(folded).or_insert_with(|| Group { keys, tallies: fresh() });
            for (Aggregate { function, of }, tally) in grouping.aggregates.iter().zip(&mut group.tallies) {
                tally.add(*function, self.value(object, row, of));
            }
        }
        let mut found: Vec<Vec<Value>> = groups.into_values().map(|group| finish(grouping, group)).collect();
        if let Some(having) = &grouping.having {
            found.retain(|values| having.decide(self.null_is_different, &mut |expr| slot(values, expr)) == Some(true));
        }
        let sort_values = |values: &Vec<Value>| -> Vec<Option<SortValue>> {
            plan.order.iter().map(|key| SortValue::of(&slot(values, &key.expr), key)).collect()
        };
        found.sort_by_cached_key(|values| Ordered { order: &plan.order, values: sort_values(values) });
        let kept = found.into_iter().skip(plan.offset).take(plan.limit.unwrap_or(usize::MAX));
        let rows: Vec<(Json, usize)> = kept.map(|values| (group_json(grouping, &values), 1)).collect();
        Results { total: rows.len(), rows }
    }
}

fn finish(grouping: &Grouping, group: Group) -> Vec<Value> {
    let tallies = grouping.aggregates.iter().zip(group.tallies);
    let aggregates = tallies.map(|(aggregate, tally)| tally.result(aggregate.function));
    group.keys.into_iter().chain(aggregates).collect()
}

fn slot(values: &[Value], expr: &Expr) -> Value {
    match expr {
        Expr::Slot(index) => values.get(*index).cloned().unwrap_or_default(),
        Expr::Field { .. } | Expr::Date { .. } => Value::Null,
    }
}

fn group_json(grouping: &Grouping, values: &[Value]) -> Json {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), json!({"type": "AggregateResult"}));
    for (name, slot) in &grouping.columns {
        record.insert(name.clone(), values.get(*slot).map_or(Json::Null, Value::to_json));
    }
    Json::Object(record)
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
