//! `columns=true`: the columns of a query instead of its rows, as command-line tools ask for them.

use serde_json::{Value as Json, json};

use crate::salesforce::schema::{Field, FieldType, Object, Schema};

use super::plan::{Column, Leaf, Output, Plan};

/// The answer about a bound query.
pub(crate) fn column_metadata(schema: &Schema, plan: &Plan) -> Json {
    let object = schema.object(plan.object);
    let columns: Vec<Json> = match &plan.output {
        Output::Count => Vec::new(),
        Output::Rows(columns) => columns.iter().map(|column| describe(schema, object, column)).collect(),
        Output::Groups(grouping) => grouping
            .columns
            .iter()
            .map(|column| {
                let aggregate = column.slot >= grouping.keys.len() || column.written.ends_with(')');
                let field = object.find(&column.written).map(|field| object.field(field));
                entry(&column.name, if aggregate { &column.written } else { &column.name }, aggregate, &[], field)
            })
            .collect(),
    };
    json!({
        "columnMetadata": columns,
        "entityName": object.name,
        "groupBy": matches!(plan.output, Output::Groups(_)),
        "idSelected": plan.columns().iter().any(|column| column.name() == "Id"),
        "keyPrefix": object.prefix,
    })
}

fn describe(schema: &Schema, object: &Object, column: &Column) -> Json {
    let all = |object: &Object, columns: &[Column]| -> Vec<Json> {
        columns.iter().map(|column| describe(schema, object, column)).collect()
    };
    match column {
        Column::Field { name, leaf, .. } => {
            let field = match leaf {
                Leaf::Field(field) => Some(object.field(*field)),
                Leaf::Named(_) => None,
            };
            entry(name, name, false, &[], field)
        }
        Column::Parent { name, hop, columns } => {
            let target = match object.field(*hop).reference_to {
                [target] => schema.find(target).map(|index| schema.object(index)),
                _ => None,
            };
            // Behind a polymorphic reference no field is known for certain, so that the object does not matter.
            entry(name, name, false, &all(target.unwrap_or(object), columns), None)
        }
        Column::TypeOf { name, when, .. } => {
            let columns = when.iter().flat_map(|(index, columns)| all(schema.object(*index), columns));
            entry(name, name, false, &columns.collect::<Vec<_>>(), None)
        }
        Column::Children { name, plan, .. } => {
            entry(name, name, true, &all(schema.object(plan.object), plan.columns()), None)
        }
    }
}

fn entry(name: &str, shown: &str, aggregate: bool, join_columns: &[Json], field: Option<&Field>) -> Json {
    let kind = field.map(|field| field.kind);
    json!({
        "aggregate": aggregate,
        "apexType": kind.map(FieldType::name),
        "booleanType": kind == Some(FieldType::Boolean),
        "columnName": name,
        "custom": field.is_some_and(Field::custom),
        "displayName": shown,
        "foreignKeyName": field.and_then(|field| field.relationship),
        "insertable": field.is_some_and(|field| field.createable),
        "joinColumns": join_columns,
        "numberType": kind.is_some_and(|kind| kind.is_decimal() || kind == FieldType::Int),
        "textType": kind.is_some_and(FieldType::is_text),
        "updatable": field.is_some_and(|field| field.updateable),
    })
}
