//! Binding grouped queries.

use crate::salesforce::schema::{Field, FieldType};

use super::SoqlError;
use super::ast::{Expression, Item, Query, RollUp};
use super::bind::{Binder, Scope, Typed, sort_key};
use super::plan::{Aggregate, AggregateFunction, Expr, Form, GroupColumn, Grouping, SortKey};

/// A grouping while it is being bound, with the field behind each key.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    grouping: Grouping,
    fields: Vec<Option<&'a Field>>,
}

impl<'a> Binder<'a> {
    /// Binds a grouped query.
    pub(super) fn grouping(&self, query: &Query, scope: Scope<'a, '_>) -> Result<(Grouping, Vec<SortKey>), SoqlError> {
        if let Some(limit) = query.limit.filter(|_| query.group_by.is_empty()) {
            let message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
            return Err(SoqlError::malformed(message, limit.at));
        }
        let mut groups = Groups { grouping: Grouping::default(), fields: Vec::new() };
        for expression in &query.group_by {
            let typed = self.expression(scope, expression)?;
            if typed.field.is_some_and(|field| !field.groupable()) {
                let message = format!("field '{}' can not be grouped in a query call", typed.shown);
                return Err(SoqlError::malformed(message, expression.at()));
            }
            groups.fields.push(typed.field);
            groups.grouping.keys.push(typed.expr);
        }
        groups.grouping.sets = sets(query, groups.grouping.keys.len())?;
        let mut unnamed = 0;
        for item in &query.select {
            let Item::Expression { expression, alias } = item else {
                let message = "sub-queries and FIELDS() are not allowed in a grouped query";
                return Err(SoqlError::malformed(message, query.from.at));
            };
            let (form, expression) = match expression {
                Expression::Call { function, argument, .. } if function == "FORMAT" => (true, &**argument),
                plain => (false, plain),
            };
            let typed = self.group_expression(scope, &mut groups, expression)?;
            let name = alias.clone().unwrap_or_else(|| match expression {
                Expression::Field(_) => typed.shown.clone(),
                Expression::Call { .. } | Expression::Distance { .. } => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            });
            let Expr::Slot(slot) = typed.expr else {
                continue;
            };
            if groups.grouping.columns.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
                return Err(SoqlError::malformed(format!("duplicate alias: {name}"), expression.at()));
            }
            let form = if form { Form::Text } else { Form::Plain };
            let written = written(expression);
            groups.grouping.columns.push(GroupColumn { name, slot, written, form });
        }
        if let Some(condition) = &query.having {
            let having = self.group_condition(scope, &mut groups, condition)?;
            groups.grouping.having = Some(having);
        }
        let mut order = Vec::new();
        for key in &query.order_by {
            let typed = self.group_expression(scope, &mut groups, &key.expression)?;
            order.push(sort_key(typed.expr, key, typed.field));
        }
        Ok((groups.grouping, order))
    }

    /// An expression on groups: one of the keys, or an aggregate, which is added if it is new.
    pub(super) fn group_expression(
        &self,
        scope: Scope<'a, '_>,
        groups: &mut Groups<'a>,
        expression: &Expression,
    ) -> Result<Typed<'a>, SoqlError> {
        if let Expression::Call { function, argument, at } = expression
            && let Some(function) = AggregateFunction::parse(function)
        {
            return self.aggregate(scope, groups, function, argument, *at);
        }
        if let Expression::Call { function, argument, at } = expression
            && function == "GROUPING"
        {
            let of = self.expression(scope, argument)?;
            let slot = groups.grouping.keys.iter().position(|key| *key == of.expr);
            let Some(slot) = slot.filter(|_| groups.grouping.sets.len() > 1) else {
                let message = "GROUPING takes a field of GROUP BY ROLLUP or GROUP BY CUBE";
                return Err(SoqlError::malformed(message, *at));
            };
            let expr = Expr::Slot(groups.grouping.keys.len() + slot);
            return Ok(Typed { expr, kind: FieldType::Int, field: None, shown: of.shown });
        }
        let typed = self.expression(scope, expression)?;
        let Some(slot) = groups.grouping.keys.iter().position(|key| *key == typed.expr) else {
            let message = format!("Field must be grouped or aggregated: {}", typed.shown);
            return Err(SoqlError::malformed(message, expression.at()));
        };
        let field = groups.fields.get(slot).copied().flatten();
        Ok(Typed { expr: Expr::Slot(slot), field, ..typed })
    }

    fn aggregate(
        &self,
        scope: Scope<'a, '_>,
        groups: &mut Groups<'a>,
        function: AggregateFunction,
        argument: &Expression,
        at: usize,
    ) -> Result<Typed<'a>, SoqlError> {
        use AggregateFunction::{Average, Count, CountDistinct, Maximum, Minimum, Sum};
        let of = self.expression(scope, argument)?;
        let numeric = of.kind.is_decimal() || of.kind == FieldType::Int;
        let fits = of.field.is_none_or(Field::aggregatable) && (numeric || !matches!(function, Sum | Average));
        if !fits {
            let message = format!("field {} does not support aggregate operator", of.shown);
            return Err(SoqlError::malformed(message, at));
        }
        let kind = match function {
            Count | CountDistinct => FieldType::Int,
            Sum | Average => FieldType::Double,
            Minimum | Maximum => of.kind,
        };
        let aggregate = Aggregate { function, of: of.expr };
        let aggregates = &mut groups.grouping.aggregates;
        let place = aggregates.iter().position(|known| *known == aggregate).unwrap_or_else(|| {
            aggregates.push(aggregate);
            aggregates.len() - 1
        });
        Ok(Typed { expr: Expr::Slot(2 * groups.grouping.keys.len() + place), kind, field: None, shown: of.shown })
    }
}

/// Which keys each set of groups keeps.
fn sets(query: &Query, keys: usize) -> Result<Vec<Vec<bool>>, SoqlError> {
    /// `ROLLUP` and `CUBE` take no more fields than this.
    const MOST: usize = 3;
    if query.roll_up != RollUp::Not && keys > MOST {
        let message = format!("GROUP BY ROLLUP and CUBE take at most {MOST} fields");
        let at = query.group_by.get(MOST).map_or(0, Expression::at);
        return Err(SoqlError::malformed(message, at));
    }
    Ok(match query.roll_up {
        RollUp::Not => vec![vec![true; keys]],
        RollUp::Prefixes => (0..=keys).rev().map(|kept| (0..keys).map(|key| key < kept).collect()).collect(),
        RollUp::Subsets => {
            (0..1_usize << keys).rev().map(|set| (0..keys).map(|key| set >> key & 1 == 1).collect()).collect()
        }
    })
}

/// An expression as it stands in a query.
fn written(expression: &Expression) -> String {
    match expression {
        Expression::Field(path) => path.parts.join("."),
        Expression::Call { function, argument, .. } => format!("{function}({})", written(argument)),
        Expression::Distance { .. } => "DISTANCE".to_owned(),
    }
}
