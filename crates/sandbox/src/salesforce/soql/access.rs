//! The way into the store: the cheapest that a query's filter and order allow.

use std::ops::Bound;
use std::sync::Arc;

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{FieldIndex, FieldType, ObjectIndex};
use crate::salesforce::store::{Row, Store};
use crate::salesforce::value::Key;

use super::ast::Operator;
use super::eval::Evaluation;
use super::filter::{Filter, Test};
use super::plan::{Expr, Leaf, Plan};

/// Keys that lead to more rows than this are no better than a scan.
const FEW: usize = 20_000;

type Range = (Bound<Key>, Bound<Key>);

/// How the candidates of a query are found. Candidates are a superset of the answer.
#[derive(Debug)]
pub(super) struct Access {
    way: Way,
    backwards: bool,
    /// Whether the candidates come in the order that the query wants.
    in_order: bool,
}

#[derive(Debug)]
enum Way {
    Scan,
    /// These rows, ascending, found through the field.
    Ids(Vec<SfId>, FieldIndex),
    /// The rows whose ids lie in the range.
    IdRange((Bound<SfId>, Bound<SfId>), FieldIndex),
    /// The rows whose indexed field lies in the range, by its value, then their ids.
    Range(FieldIndex, Range),
}

impl Access {
    /// Chooses the way for a plan.
    pub(super) fn choose(evaluation: &Evaluation<'_>, plan: &Plan) -> Access {
        let chooser = Chooser { evaluation, object: plan.object, filter: plan.filter.as_ref() };
        let plain = |way| Access { way, backwards: false, in_order: false };
        if let Some((ids, field)) = plan.filter.as_ref().and_then(|filter| chooser.ids(filter)) {
            return plain(Way::Ids(ids, field));
        }
        let ranges = chooser.ranges();
        for (field, range) in &ranges {
            if let Some(ids) = chooser.few(*field, range) {
                return plain(Way::Ids(ids, *field));
            }
        }
        if let Some((field, backwards)) = chooser.order_of(plan) {
            let bounded = ranges.iter().find(|(bounded, _)| *bounded == field).map(|(_, range)| range.clone());
            if bounded.is_some() || !chooser.field(field).nillable {
                let range = bounded.unwrap_or((Bound::Unbounded, Bound::Unbounded));
                return Access { way: chooser.range_way(field, range), backwards, in_order: true };
            }
        }
        let (all, _) = evaluation.store.counts(plan.object);
        let first_rows = plan.order.is_empty() && plan.limit.is_some();
        let worth = |field: FieldIndex, range: &Range| {
            first_rows || chooser.range_way(field, range.clone()).size(evaluation.store, plan.object) < all / 4
        };
        let range = ranges.into_iter().find(|(field, range)| worth(*field, range));
        plain(range.map_or(Way::Scan, |(field, range)| chooser.range_way(field, range)))
    }

    /// The candidates.
    pub(super) fn rows<'s>(
        &'s self,
        store: &'s Store,
        object: ObjectIndex,
    ) -> Box<dyn Iterator<Item = &'s Arc<Row>> + 's> {
        match &self.way {
            Way::Scan => Box::new(store.rows_in(object, (Bound::Unbounded, Bound::Unbounded))),
            Way::Ids(ids, _) => Box::new(ids.iter().filter_map(move |id| store.shared(object, *id))),
            Way::IdRange(range, _) if self.backwards => Box::new(store.rows_in(object, *range).rev()),
            Way::IdRange(range, _) => Box::new(store.rows_in(object, *range)),
            Way::Range(field, range) => {
                let ids = store.with_keys_in(object, *field, range.clone());
                let row = move |id| store.shared(object, id);
                if self.backwards { Box::new(ids.rev().filter_map(row)) } else { Box::new(ids.filter_map(row)) }
            }
        }
    }

    pub(super) fn in_order(&self) -> bool {
        self.in_order
    }

    /// The field whose index leads.
    pub(super) fn field(&self) -> Option<FieldIndex> {
        match &self.way {
            Way::Scan => None,
            Way::Ids(_, field) | Way::IdRange(_, field) | Way::Range(field, _) => Some(*field),
        }
    }

    /// How many candidates there are.
    pub(super) fn size(&self, store: &Store, object: ObjectIndex) -> usize {
        self.way.size(store, object)
    }
}

impl Way {
    fn size(&self, store: &Store, object: ObjectIndex) -> usize {
        match self {
            Way::Scan => store.counts(object).0,
            Way::Ids(ids, _) => ids.len(),
            Way::IdRange(range, _) => store.rows_in(object, *range).count(),
            Way::Range(field, range) => store.with_keys_in(object, *field, range.clone()).count(),
        }
    }
}

struct Chooser<'e, 'a> {
    evaluation: &'e Evaluation<'a>,
    object: ObjectIndex,
    filter: Option<&'e Filter>,
}

impl<'a> Chooser<'_, 'a> {
    fn field(&self, field: FieldIndex) -> &'a crate::salesforce::schema::Field {
        self.evaluation.schema.object(self.object).field(field)
    }

    fn is_id(&self, field: FieldIndex) -> bool {
        self.field(field).kind == FieldType::Id
    }

    fn has_index(&self, field: FieldIndex) -> bool {
        self.is_id(field) || self.evaluation.store.is_indexed(self.object, field)
    }

    fn range_way(&self, field: FieldIndex, range: Range) -> Way {
        if !self.is_id(field) {
            return Way::Range(field, range);
        }
        let id = |bound: Bound<Key>| match bound {
            Bound::Included(Key::Id(id)) => Bound::Included(id),
            Bound::Excluded(Key::Id(id)) => Bound::Excluded(id),
            _ => Bound::Unbounded,
        };
        Way::IdRange((id(range.0), id(range.1)), field)
    }

    /// The rows of a range, ascending by id, if they are few.
    fn few(&self, field: FieldIndex, range: &Range) -> Option<Vec<SfId>> {
        let store = self.evaluation.store;
        let mut ids: Vec<SfId> = match self.range_way(field, range.clone()) {
            Way::IdRange(range, _) => store.rows_in(self.object, range).take(FEW + 1).map(|row| row.id).collect(),
            _ => store.with_keys_in(self.object, field, range.clone()).take(FEW + 1).collect(),
        };
        ids.sort_unstable();
        (ids.len() <= FEW).then_some(ids)
    }

    /// The few rows among which those are that pass the filter, ascending, if keys lead to them.
    fn ids(&self, filter: &Filter) -> Option<(Vec<SfId>, FieldIndex)> {
        match filter {
            Filter::Not(_) => None,
            Filter::All(parts) => parts.iter().filter_map(|part| self.ids(part)).min_by_key(|(ids, _)| ids.len()),
            Filter::Any(parts) => {
                let found = parts.iter().map(|part| self.ids(part)).collect::<Option<Vec<_>>>()?;
                let field = found.first()?.1;
                let mut ids: Vec<SfId> = found.into_iter().flat_map(|(ids, _)| ids).collect();
                ids.sort_unstable();
                ids.dedup();
                (ids.len() <= FEW).then_some((ids, field))
            }
            Filter::Test { expr, test } => {
                let field = own_field(expr).filter(|field| self.has_index(*field))?;
                let keys: Vec<&Key> = match test {
                    Test::Equal { key, negated: false } => vec![key],
                    Test::In { keys, negated: false } => keys.iter().collect(),
                    _ => return None,
                };
                let mut ids = Vec::new();
                for key in keys {
                    match key {
                        Key::Id(id) if self.is_id(field) => ids.push(*id),
                        key => {
                            let range = (Bound::Included(key.clone()), Bound::Included(key.clone()));
                            let room = FEW + 1 - ids.len();
                            ids.extend(self.evaluation.store.with_keys_in(self.object, field, range).take(room));
                        }
                    }
                    if ids.len() > FEW && !self.is_id(field) {
                        return None;
                    }
                }
                ids.sort_unstable();
                ids.dedup();
                Some((ids, field))
            }
        }
    }

    /// The ranges to which the filter confines indexed fields.
    fn ranges(&self) -> Vec<(FieldIndex, Range)> {
        let Some(filter) = self.filter else {
            return Vec::new();
        };
        let mut fields = Vec::new();
        mentioned(filter, &mut fields);
        fields.sort_unstable();
        fields.dedup();
        fields.retain(|field| self.has_index(*field));
        let range = |field: FieldIndex| Some((field, range_of(filter, field)?));
        fields.into_iter().filter_map(range).collect()
    }

    /// The field whose index gives the order of the plan, and whether backwards.
    fn order_of(&self, plan: &Plan) -> Option<(FieldIndex, bool)> {
        let (first, rest) = plan.order.split_first()?;
        let field = own_field(&first.expr).filter(|field| self.has_index(*field) && first.picklist.is_empty())?;
        let fits = match rest {
            [] => true,
            // Rows of one key come by their ids.
            [second] => {
                own_field(&second.expr).is_some_and(|field| self.is_id(field)) && second.descending == first.descending
            }
            _ => self.is_id(field),
        };
        fits.then_some((field, first.descending))
    }
}

fn own_field(expr: &Expr) -> Option<FieldIndex> {
    match expr {
        Expr::Field { hops, leaf: Leaf::Field(field) } if hops.is_empty() => Some(*field),
        _ => None,
    }
}

fn mentioned(filter: &Filter, fields: &mut Vec<FieldIndex>) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(|part| mentioned(part, fields)),
        Filter::Not(_) => {}
        Filter::Test { expr, .. } => fields.extend(own_field(expr)),
    }
}

/// The range outside of which no row passes the filter.
fn range_of(filter: &Filter, field: FieldIndex) -> Option<Range> {
    match filter {
        Filter::Not(_) => None,
        Filter::All(parts) => parts.iter().filter_map(|part| range_of(part, field)).reduce(both),
        Filter::Any(parts) => {
            let ranges = parts.iter().map(|part| range_of(part, field)).collect::<Option<Vec<_>>>()?;
            ranges.into_iter().reduce(hull)
        }
        Filter::Test { expr, test } if own_field(expr) == Some(field) => range_of_test(test),
        Filter::Test { .. } => None,
    }
}

fn range_of_test(test: &Test) -> Option<Range> {
    use Bound::{Excluded, Included, Unbounded};
    Some(match test {
        Test::Equal { key, negated: false } => (Included(key.clone()), Included(key.clone())),
        Test::In { keys, negated: false } => (Included(keys.first()?.clone()), Included(keys.last()?.clone())),
        Test::Order { operator, key } => match operator {
            Operator::Less => (Unbounded, Excluded(key.clone())),
            Operator::LessOrEqual => (Unbounded, Included(key.clone())),
            Operator::Greater => (Excluded(key.clone()), Unbounded),
            Operator::GreaterOrEqual => (Included(key.clone()), Unbounded),
            Operator::Equal | Operator::NotEqual | Operator::Like => return None,
        },
        Test::Range { operator, from, to } => match operator {
            Operator::Equal => (Included(from.clone()), Excluded(to.clone())),
            Operator::Less => (Unbounded, Excluded(from.clone())),
            Operator::LessOrEqual => (Unbounded, Excluded(to.clone())),
            Operator::Greater => (Included(to.clone()), Unbounded),
            Operator::GreaterOrEqual => (Included(from.clone()), Unbounded),
            Operator::NotEqual | Operator::Like => return None,
        },
        Test::Like(pattern) => {
            let start = pattern.start();
            let end = format!("{start}{}", char::MAX);
            if start.is_empty() {
                return None;
            }
            (Included(Key::Text(start)), Included(Key::Text(end)))
        }
        Test::Null { .. } | Test::Equal { .. } | Test::In { .. } | Test::Includes { .. } => return None,
    })
}

/// What lies in both ranges.
fn both(left: Range, right: Range) -> Range {
    (stricter(left.0, right.0, std::cmp::Ordering::Greater), stricter(left.1, right.1, std::cmp::Ordering::Less))
}

/// The smallest range that holds both.
fn hull(left: Range, right: Range) -> Range {
    (wider(left.0, right.0, std::cmp::Ordering::Less), wider(left.1, right.1, std::cmp::Ordering::Greater))
}

/// Of two bounds on one side the stricter: the one whose key compares as `stricter` to the other's.
fn stricter(left: Bound<Key>, right: Bound<Key>, stricter: std::cmp::Ordering) -> Bound<Key> {
    match (&left, &right) {
        (Bound::Unbounded, _) => right,
        (_, Bound::Unbounded) => left,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            // Of equal keys, the one that excludes it is the stricter.
            let left_wins = a.cmp(b) == stricter || (a == b && matches!(left, Bound::Excluded(_)));
            if left_wins { left } else { right }
        }
    }
}

/// Of two bounds on one side the wider: the one whose key compares as `wider` to the other's.
fn wider(left: Bound<Key>, right: Bound<Key>, wider: std::cmp::Ordering) -> Bound<Key> {
    match (&left, &right) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => Bound::Unbounded,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => {
            let left_wins = a.cmp(b) == wider || (a == b && matches!(left, Bound::Included(_)));
            if left_wins { left } else { right }
        }
    }
}
