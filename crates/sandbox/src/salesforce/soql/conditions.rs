//! Binding conditions: every literal must be of the type of its field.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{Field, FieldType};
use crate::salesforce::value::{Key, fold};

use super::SoqlError;
use super::ast::{Condition, Expression, Item, Literal, LiteralValue, Operator, Query};
use super::bind::{Binder, Scope, Typed};
use super::bind_groups::Groups;
use super::eval::Evaluation;
use super::filter::{Filter, Pattern, Test};
use super::plan::{Output, Plan};

impl<'a> Binder<'a> {
    /// Binds a condition on rows.
    pub(super) fn condition(&self, scope: Scope<'a, '_>, condition: &Condition) -> Result<Filter, SoqlError> {
        check_joins(condition)?;
        self.any_condition(condition, &mut |expression| {
            let typed = self.expression(scope, expression)?;
            if typed.field.is_some_and(|field| !field.filterable) {
                let message = format!("field '{}' can not be filtered in a query call", typed.shown);
                return Err(SoqlError::field(message, expression.at()));
            }
            Ok(typed)
        })
    }

    /// Binds a condition on groups.
    pub(super) fn group_condition(
        &self,
        scope: Scope<'a, '_>,
        groups: &mut Groups<'a>,
        condition: &Condition,
    ) -> Result<Filter, SoqlError> {
        let mut joins = 0;
        count_joins(condition, &mut joins);
        if joins > 0 {
            let message = "Semi join sub-selects are not allowed in the HAVING clause";
            return Err(SoqlError::new("MALFORMED_QUERY", message, None));
        }
        self.any_condition(condition, &mut |expression| self.group_expression(scope, groups, expression))
    }

    fn any_condition(
        &self,
        condition: &Condition,
        left_side: &mut dyn FnMut(&Expression) -> Result<Typed<'a>, SoqlError>,
    ) -> Result<Filter, SoqlError> {
        let (left, test) = match condition {
            Condition::All(parts) => {
                let parts = parts.iter().map(|part| self.any_condition(part, left_side));
                return parts.collect::<Result<_, _>>().map(Filter::All);
            }
            Condition::Any(parts) => {
                let parts = parts.iter().map(|part| self.any_condition(part, left_side));
                return parts.collect::<Result<_, _>>().map(Filter::Any);
            }
            Condition::Not(part) => {
                return self.any_condition(part, left_side).map(|part| Filter::Not(Box::new(part)));
            }
            Condition::Compare { left, operator, right } => {
                let left = left_side(left)?;
                let test = self.compare(&left, *operator, right)?;
                (left, test)
            }
            Condition::In { left, negated, values } => {
                let left = left_side(left)?;
                return self.in_list(&left, *negated, values);
            }
            Condition::InQuery { left, negated, query } => {
                let at = left.at();
                let left = left_side(left)?;
                if !matches!(left.kind, FieldType::Id | FieldType::Reference) {
                    let message = format!(
                        "The left operand field in the where expression for outer query should be an id field, cannot \
                         use: '{}'",
                        left.shown
                    );
                    return Err(SoqlError::malformed(message, at));
                }
                let keys = self.semi_join(query)?;
                (left, Test::In { keys, negated: *negated })
            }
            Condition::Includes { left, negated, values } => {
                let at = left.at();
                let left = left_side(left)?;
                if left.kind != FieldType::Multipicklist {
                    let message = "includes and excludes operators are only valid on multi-select picklists";
                    return Err(SoqlError::new("INVALID_QUERY_FILTER_OPERATOR", message, Some(at)));
                }
                let groups = values.iter().map(|value| multi_values(&left, value)).collect::<Result<_, _>>()?;
                (left, Test::Includes { groups, negated: *negated })
            }
        };
        Ok(Filter::Test { expr: left.expr, test })
    }

    fn compare(&self, left: &Typed<'a>, operator: Operator, right: &Literal) -> Result<Test, SoqlError> {
        let invalid = |message: String| SoqlError::new("INVALID_QUERY_FILTER_OPERATOR", message, Some(right.at));
        let negated = operator == Operator::NotEqual;
        let equality = negated || operator == Operator::Equal;
        if is_empty(left, right) {
            return if equality {
                Ok(Test::Null { wanted: !negated })
            } else {
                Err(invalid("null can only be compared with = and !=".to_owned()))
            };
        }
        if operator == Operator::Like {
            return match &right.value {
                LiteralValue::Text(text) if left.kind.is_text() => Ok(Test::Like(Pattern::new(text))),
                _ if left.kind.is_text() => Err(mismatch(left, right.at)),
                _ => Err(invalid(format!("invalid operator on {} field", left.kind.name()))),
            };
        }
        if let LiteralValue::Relative { name, count } = &right.value {
            return self.relative(left, operator, name, *count, right.at);
        }
        let key = key(left, right)?;
        if equality {
            return Ok(Test::Equal { key, negated });
        }
        if matches!(left.kind, FieldType::Boolean | FieldType::Multipicklist) {
            return Err(invalid(format!("invalid operator on {} field", left.kind.name())));
        }
        Ok(Test::Order { operator, key })
    }

    fn relative(
        &self,
        left: &Typed<'a>,
        operator: Operator,
        name: &str,
        count: Option<u32>,
        at: usize,
    ) -> Result<Test, SoqlError> {
        if !matches!(left.kind, FieldType::Date | FieldType::DateTime) {
            return Err(mismatch(left, at));
        }
        let Some(days) = super::dates::range(name, count, (self.now + self.zone).date_naive()) else {
            return Err(SoqlError::malformed(format!("{name} leaves the calendar"), at));
        };
        let key = |day: NaiveDate| match left.kind {
            FieldType::Date => Key::Date(day),
            _ => Key::DateTime(day.and_time(NaiveTime::MIN).and_utc() - self.zone),
        };
        Ok(Test::Range { operator, from: key(days.start), to: key(days.end) })
    }

    fn in_list(&self, left: &Typed<'a>, negated: bool, values: &[Literal]) -> Result<Filter, SoqlError> {
        let (empty, full): (Vec<_>, Vec<_>) = values.iter().partition(|value| is_empty(left, value));
        let (relative, plain): (Vec<&Literal>, Vec<_>) =
            full.into_iter().partition(|value| matches!(value.value, LiteralValue::Relative { .. }));
        let keys = plain.into_iter().map(|value| key(left, value)).collect::<Result<BTreeSet<Key>, _>>()?;
        let test = |test| Filter::Test { expr: left.expr.clone(), test };
        if empty.is_empty() && relative.is_empty() {
            return Ok(test(Test::In { keys, negated }));
        }
        let mut any = vec![test(Test::In { keys, negated: false })];
        if !empty.is_empty() {
            any.push(test(Test::Null { wanted: true }));
        }
        for value in relative {
            any.push(test(self.compare(left, Operator::Equal, value)?));
        }
        let any = Filter::Any(any);
        Ok(if negated { Filter::Not(Box::new(any)) } else { any })
    }

    /// The ids that the sub-query of a semi-join finds.
    fn semi_join(&self, query: &Query) -> Result<BTreeSet<Key>, SoqlError> {
        let at = query.from.at;
        let [Item::Expression { expression, .. }] = query.select.as_slice() else {
            return Err(SoqlError::malformed("semi join sub-selects must select exactly one field", at));
        };
        if query.limit.is_some() || query.offset.is_some() || !query.order_by.is_empty() {
            let message = "LIMIT, OFFSET and ORDER BY are not allowed in a semi join sub-select";
            return Err(SoqlError::malformed(message, at));
        }
        let mut nested = 0;
        query.filter.iter().for_each(|filter| count_joins(filter, &mut nested));
        if nested > 0 {
            return Err(SoqlError::malformed("Nesting of semi join sub-selects is not supported", at));
        }
        let plan: Plan = self.bind(query)?;
        let object = self.schema.object(plan.object);
        if NOT_JOINED.contains(&object.name) {
            let message = format!("Entity '{}' is not supported for semi join inner selects", object.name);
            return Err(SoqlError::malformed(message, at));
        }
        let typed = self.expression(Scope::new(object, query), expression)?;
        let joinable = matches!(typed.kind, FieldType::Id | FieldType::Reference);
        if !joinable || !matches!(plan.output, Output::Rows(_)) {
            let message = format!("The inner select field '{}' of a semi join should be an id field", typed.shown);
            return Err(SoqlError::malformed(message, at));
        }
        let evaluation = Evaluation {
            schema: self.schema,
            store: self.store,
            all_rows: self.all_rows,
            null_is_different: self.null_is_different,
        };
        Ok(evaluation.column(&plan, &typed.expr).iter().filter_map(Key::of).collect())
    }
}

/// Objects that a semi join cannot select from.
const NOT_JOINED: [&str; 5] = ["Task", "Event", "Note", "Attachment", "ActivityHistory"];
/// Semi joins of one condition.
const MOST_JOINS: usize = 2;

/// Semi joins are few, and stand at the top of the condition.
fn check_joins(condition: &Condition) -> Result<(), SoqlError> {
    let mut all = 0;
    count_joins(condition, &mut all);
    let top = match condition {
        Condition::All(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let join_at = |part: &Condition| if let Condition::InQuery { left, .. } = part { Some(left.at()) } else { None };
    let at_top: Vec<usize> = top.iter().filter_map(join_at).collect();
    if all > at_top.len() {
        let message = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested \
            WHERE expressions.";
        return Err(SoqlError::new("MALFORMED_QUERY", message, None));
    }
    match at_top.get(MOST_JOINS) {
        None => Ok(()),
        Some(at) => Err(SoqlError::malformed(format!("at most {MOST_JOINS} semi join sub-selects are allowed"), *at)),
    }
}

fn count_joins(condition: &Condition, count: &mut usize) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| count_joins(part, count)),
        Condition::Not(part) => count_joins(part, count),
        Condition::InQuery { .. } => *count += 1,
        Condition::Compare { .. } | Condition::In { .. } | Condition::Includes { .. } => {}
    }
}

/// Null, or an empty text, which is the same.
fn is_empty(left: &Typed<'_>, literal: &Literal) -> bool {
    match &literal.value {
        LiteralValue::Null => left.kind != FieldType::Boolean,
        LiteralValue::Text(text) => {
            let textual = left.kind.is_text() || matches!(left.kind, FieldType::Id | FieldType::Reference);
            text.value.is_empty() && textual
        }
        _ => false,
    }
}

/// `value of filter criterion for field '…' must be of type …`.
fn mismatch(left: &Typed<'_>, at: usize) -> SoqlError {
    let quoted = left.kind.is_text() || matches!(left.kind, FieldType::Id | FieldType::Reference);
    let quotes = if quoted { "should be enclosed in quotes" } else { "should not be enclosed in quotes" };
    let message = format!(
        "value of filter criterion for field '{}' must be of type {} and {quotes}",
        left.shown,
        left.kind.error_name()
    );
    SoqlError::field(message, at)
}

/// A literal as a key of the type of its field.
fn key(left: &Typed<'_>, literal: &Literal) -> Result<Key, SoqlError> {
    match (left.kind, &literal.value) {
        (FieldType::Id | FieldType::Reference, LiteralValue::Text(text)) => {
            SfId::parse(&text.value).map(Key::Id).map_err(|_| {
                let message = format!("invalid ID field: {}", text.value);
                SoqlError::new("INVALID_QUERY_FILTER_OPERATOR", message, Some(literal.at))
            })
        }
        (kind, LiteralValue::Text(text)) if kind.is_text() => Ok(Key::Text(stored_form(left.field, &text.value))),
        (FieldType::Boolean, LiteralValue::Bool(flag)) => Ok(Key::Bool(*flag)),
        (FieldType::Boolean, LiteralValue::Null) => Ok(Key::Bool(false)),
        (kind, LiteralValue::Number(number)) if kind.is_decimal() || kind == FieldType::Int => Ok(Key::Number(*number)),
        (FieldType::Date, LiteralValue::Date(date)) => Ok(Key::Date(*date)),
        (FieldType::DateTime, LiteralValue::DateTime(at)) => Ok(Key::DateTime(*at)),
        _ => Err(mismatch(left, literal.at)),
    }
}

/// A text as the field keeps it, folded: a multi-select picklist keeps its values in the order of the list.
fn stored_form(field: Option<&Field>, text: &str) -> String {
    match field.filter(|field| field.kind == FieldType::Multipicklist) {
        None => fold(text),
        Some(field) => {
            let mut values: Vec<&str> = text.split(';').collect();
            let place = |value: &str| field.picklist.iter().position(|entry| entry.value.eq_ignore_ascii_case(value));
            values.sort_by_key(|value| place(value).unwrap_or(usize::MAX));
            fold(&values.join(";"))
        }
    }
}

fn multi_values(left: &Typed<'_>, literal: &Literal) -> Result<Vec<String>, SoqlError> {
    match &literal.value {
        LiteralValue::Text(text) => Ok(text.value.split(';').map(|value| fold(value.trim())).collect()),
        _ => Err(mismatch(left, literal.at)),
    }
}
