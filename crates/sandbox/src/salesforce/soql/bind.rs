//! Binding a parsed query to the schema.

use chrono::{DateTime, Utc};

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{Field, FieldIndex, FieldType, Object, ObjectIndex, Schema};
use crate::salesforce::store::Store;
use crate::salesforce::value::Key;

use super::SoqlError;
use super::ast::{Expression, FieldSet, Item, Number, Order, Path, Query};
use super::filter::{Filter, Test};
use super::plan::{AggregateFunction, Column, DatePart, Expr, Form, Leaf, Output, Plan, SortKey};

/// Further rows cannot be skipped.
const MAX_OFFSET: usize = 2_000;
/// References that a path may follow.
const MAX_HOPS: usize = 5;
/// Sub-queries of one query.
const MAX_CHILDREN: usize = 20;
/// `FIELDS(ALL)` wants a limit of at most this.
const MAX_FIELDS_LIMIT: usize = 200;

/// What can be asked of whatever a polymorphic reference points to.
const NAME_FIELDS: [&str; 13] = [
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "Type",
    "Username",
    "Email",
    "Title",
    "Phone",
    "Alias",
    "IsActive",
    "ProfileId",
    "RecordTypeId",
];

const APPEND_C: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the custom \
    field name. Please reference your WSDL or the describe call for the appropriate names.";
const APPEND_R: &str = "If you are attempting to use a custom relationship, be sure to append the '__r' after the \
    custom relationship name. Please reference your WSDL or the describe call for the appropriate names.";

/// The surroundings in which a query is bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binder<'a> {
    pub(crate) schema: &'a Schema,
    /// For the sub-queries of semi-joins, which are answered while binding.
    pub(crate) store: &'a Store,
    pub(crate) now: DateTime<Utc>,
    /// The user whose records `USING SCOPE mine` means.
    pub(crate) user: SfId,
    /// The major version of the API: from 58 on, sub-queries nest.
    pub(crate) version: u32,
    pub(crate) all_rows: bool,
    pub(crate) null_is_different: bool,
}

/// An expression with its type.
#[derive(Debug, Clone)]
pub(super) struct Typed<'a> {
    pub(super) expr: Expr,
    pub(super) kind: FieldType,
    /// The field it is, unless it is computed.
    pub(super) field: Option<&'a Field>,
    /// The name for error texts.
    pub(super) shown: String,
}

/// Where names are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a, 'q> {
    pub(super) object: &'a Object,
    pub(super) alias: Option<&'q str>,
}

impl<'a> Binder<'a> {
    /// Binds a whole query.
    pub(crate) fn bind(&self, query: &Query) -> Result<Plan, SoqlError> {
        let name = query.from.parts.join(".");
        let Some(index) = self.schema.find(&name) else {
            let message = format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to \
                 append the '__c' after the entity name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            );
            return Err(SoqlError::new("INVALID_TYPE", message, Some(query.from.at)));
        };
        self.bind_on(query, index, 0)
    }

    /// Binds a query or sub-query on the object at `index`, `depth` levels below the outermost.
    pub(super) fn bind_on(&self, query: &Query, index: ObjectIndex, depth: usize) -> Result<Plan, SoqlError> {
        let scope = Scope { object: self.schema.object(index), alias: query.alias.as_deref() };
        let mut filters = Vec::new();
        if query.only_mine {
            filters.extend(self.mine(scope.object));
        }
        if let Some(condition) = &query.filter {
            filters.push(self.condition(scope, condition)?);
        }
        let filter = match filters.len() {
            0 | 1 => filters.pop(),
            _ => Some(Filter::All(filters)),
        };
        let offset = query.offset.map_or(0, |offset| offset.value);
        if let Some(Number { at, .. }) = query.offset.filter(|_| offset > MAX_OFFSET) {
            let message = format!("Maximum SOQL offset allowed is {MAX_OFFSET}");
            return Err(SoqlError::new("NUMBER_OUTSIDE_VALID_RANGE", message, Some(at)));
        }
        let (output, order) = self.output(query, scope, depth)?;
        Ok(Plan { object: index, output, filter, order, limit: query.limit.map(|limit| limit.value), offset })
    }

    fn mine(&self, object: &Object) -> Option<Filter> {
        let field = object.find("OwnerId")?;
        let expr = Expr::Field { hops: Vec::new(), leaf: Leaf::Field(field) };
        Some(Filter::Test { expr, test: Test::Equal { key: Key::Id(self.user), negated: false } })
    }

    fn output(&self, query: &Query, scope: Scope<'a, '_>, depth: usize) -> Result<(Output, Vec<SortKey>), SoqlError> {
        if let Some(at) =
            query.select.iter().find_map(|item| if let Item::CountAll { at } = item { Some(*at) } else { None })
        {
            if query.select.len() > 1 || !query.group_by.is_empty() {
                return Err(SoqlError::malformed("COUNT() must be the only item of the SELECT list", at));
            }
            if let Some(order) = query.order_by.first() {
                return Err(SoqlError::malformed("COUNT() cannot be ordered", order.expression.at()));
            }
            return Ok((Output::Count, Vec::new()));
        }
        let aggregates = |item: &Item| matches!(item, Item::Expression { expression: Expression::Call { function, .. }, .. } if AggregateFunction::parse(function).is_some());
        if !query.group_by.is_empty() || query.select.iter().any(aggregates) {
            let (grouping, order) = self.grouping(query, scope)?;
            return Ok((Output::Groups(grouping), order));
        }
        let columns = self.columns(query, scope, depth)?;
        let order = query.order_by.iter().map(|order| self.sort_key(scope, order)).collect::<Result<_, _>>()?;
        Ok((Output::Rows(columns), order))
    }

    fn columns(&self, query: &Query, scope: Scope<'a, '_>, depth: usize) -> Result<Vec<Column>, SoqlError> {
        let mut columns = Vec::new();
        let mut children = 0;
        for item in &query.select {
            match item {
                Item::CountAll { at } => {
                    return Err(SoqlError::malformed("unexpected token: 'COUNT'", *at));
                }
                Item::Fields { which, at } => {
                    self.all_fields(query, scope.object, *which, *at, &mut columns)?;
                }
                Item::Children(sub_query) => {
                    children += 1;
                    if children > MAX_CHILDREN {
                        let message = format!("more than {MAX_CHILDREN} sub-queries are not allowed");
                        return Err(SoqlError::malformed(message, sub_query.from.at));
                    }
                    let column = self.children(sub_query, scope.object, depth)?;
                    add(&mut columns, column, sub_query.from.at)?;
                }
                Item::Expression { alias: Some(_), expression: Expression::Field(path) } => {
                    return Err(SoqlError::malformed("only aggregate expressions use field aliasing", path.at));
                }
                Item::Expression { expression, alias } => {
                    let (path, form_of): (&Path, fn(&Field) -> Form) = match expression {
                        Expression::Field(path) => (path, |_| Form::Plain),
                        Expression::Call { function, argument, at } => match (function.as_str(), &**argument) {
                            ("TOLABEL", Expression::Field(path)) => (path, |field| Form::Label(field.picklist)),
                            ("FORMAT", Expression::Field(path)) => (path, |_| Form::Text),
                            _ => {
                                let message = format!("unknown or misplaced function: {function}");
                                return Err(SoqlError::malformed(message, *at));
                            }
                        },
                    };
                    let resolved = self.path(scope, path)?;
                    let form = resolved.field.map_or(Form::Plain, form_of);
                    self.add_path(&mut columns, scope.object, &resolved, form, alias.as_deref(), path.at)?;
                }
            }
        }
        Ok(columns)
    }

    fn all_fields(
        &self,
        query: &Query,
        object: &Object,
        which: FieldSet,
        at: usize,
        columns: &mut Vec<Column>,
    ) -> Result<(), SoqlError> {
        let bounded = query.limit.is_some_and(|limit| limit.value <= MAX_FIELDS_LIMIT);
        if which != FieldSet::Standard && !bounded {
            let message = format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}");
            return Err(SoqlError::malformed(message, at));
        }
        let wanted = |field: &Field| match which {
            FieldSet::All => true,
            FieldSet::Standard => !field.custom(),
            FieldSet::Custom => field.custom(),
        };
        for (index, field) in object.fields.iter().enumerate().filter(|(_, field)| wanted(field)) {
            let column = Column::Field { name: field.name.to_owned(), leaf: Leaf::Field(index), form: Form::Plain };
            add(columns, column, at)?;
        }
        Ok(())
    }

    fn children(&self, query: &Query, parent: &Object, depth: usize) -> Result<Column, SoqlError> {
        let deepest = if self.version >= 58 { 5 } else { 1 };
        let name = query.from.parts.last().map(String::as_str).unwrap_or_default();
        let link = parent.find_children(name).filter(|_| depth < deepest);
        let Some((link, name)) = link.and_then(|link| Some((*link, link.name?))) else {
            let message = format!("Didn't understand relationship '{name}' in FROM part of query call. {APPEND_R}");
            return Err(SoqlError::new("INVALID_TYPE", message, Some(query.from.at)));
        };
        let plan = self.bind_on(query, link.child, depth + 1)?;
        match plan.output {
            Output::Rows(_) => Ok(Column::Children { name, link, plan: Box::new(plan) }),
            Output::Count | Output::Groups(_) => {
                Err(SoqlError::malformed("aggregates are not allowed in a sub-query", query.from.at))
            }
        }
    }

    /// Puts a path into the tree of columns, under its parents.
    fn add_path(
        &self,
        columns: &mut Vec<Column>,
        object: &'a Object,
        path: &Resolved<'a>,
        form: Form,
        alias: Option<&str>,
        at: usize,
    ) -> Result<(), SoqlError> {
        let (mut columns, mut object) = (columns, object);
        for &hop in &path.hops {
            let reference = object.field(hop);
            let name = reference.relationship.unwrap_or(reference.name);
            let known = columns.iter().position(|column| column.name() == name);
            let place = known.unwrap_or(columns.len());
            if known.is_none() {
                columns.push(Column::Parent { name, hop, columns: Vec::new() });
            }
            let Some(Column::Parent { columns: inner, .. }) = columns.get_mut(place) else {
                return Err(duplicate(name, at));
            };
            columns = inner;
            object = self.single_target(reference).unwrap_or(object);
        }
        let name = alias.map_or_else(|| path.name.to_owned(), str::to_owned);
        add(columns, Column::Field { name, leaf: path.leaf.clone(), form }, at)
    }

    fn single_target(&self, reference: &Field) -> Option<&'a Object> {
        let [target] = reference.reference_to else {
            return None;
        };
        self.schema.find(target).map(|index| self.schema.object(index))
    }

    /// Follows a path from the object of the query to a field.
    pub(super) fn path(&self, scope: Scope<'a, '_>, path: &Path) -> Result<Resolved<'a>, SoqlError> {
        let mut parts = path.parts.as_slice();
        if let [first, rest @ ..] = parts
            && !rest.is_empty()
            && (first.eq_ignore_ascii_case(scope.object.name)
                || scope.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(first)))
        {
            parts = rest;
        }
        let (last, relationships) = parts.split_last().ok_or_else(|| SoqlError::malformed("empty path", path.at))?;
        let mut hops = Vec::new();
        let mut object = Some(scope.object);
        let mut targets: &'static [&'static str] = &[];
        for name in relationships {
            let hop = object.and_then(|object| Some((object, object.find_relationship(name)?)));
            let Some((holder, hop)) = hop.filter(|_| hops.len() < MAX_HOPS) else {
                let message = format!("Didn't understand relationship '{name}' in field path. {APPEND_R}");
                return Err(SoqlError::field(message, path.at));
            };
            hops.push(hop);
            let reference = holder.field(hop);
            targets = reference.reference_to;
            object = self.single_target(reference);
        }
        let Some(object) = object else {
            return self.name_field(hops, targets, last, path.at);
        };
        let Some(field) = object.find(last) else {
            let message = format!("No such column '{last}' on entity '{}'. {APPEND_C}", object.name);
            return Err(SoqlError::field(message, path.at));
        };
        let definition = object.field(field);
        Ok(Resolved {
            hops,
            leaf: Leaf::Field(field),
            kind: definition.kind,
            field: Some(definition),
            name: definition.name,
        })
    }

    /// A field behind a polymorphic reference.
    fn name_field(
        &self,
        hops: Vec<FieldIndex>,
        targets: &[&str],
        name: &str,
        at: usize,
    ) -> Result<Resolved<'a>, SoqlError> {
        let Some(known) = NAME_FIELDS.into_iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            let message = format!("No such column '{name}' on entity 'Name'. {APPEND_C}");
            return Err(SoqlError::field(message, at));
        };
        let objects = targets.iter().filter_map(|target| self.schema.find(target));
        let fields = objects.filter_map(|index| {
            let object = self.schema.object(index);
            object.find(known).map(|field| object.field(field))
        });
        let field = fields.into_iter().next().filter(|_| known != "Type");
        let kind = field.map_or(FieldType::String, |field| field.kind);
        Ok(Resolved { hops, leaf: Leaf::Named(known), kind, field, name: known })
    }

    /// An expression on rows, typed.
    pub(super) fn expression(&self, scope: Scope<'a, '_>, expression: &Expression) -> Result<Typed<'a>, SoqlError> {
        match expression {
            Expression::Field(path) => {
                let Resolved { hops, leaf, kind, field, name } = self.path(scope, path)?;
                Ok(Typed { expr: Expr::Field { hops, leaf }, kind, field, shown: name.to_owned() })
            }
            Expression::Call { function, argument, at } => {
                if function == "CONVERTTIMEZONE" {
                    // The users' time zone is UTC.
                    return self.expression(scope, argument);
                }
                let Some(part) = DatePart::parse(function) else {
                    let message = if AggregateFunction::parse(function).is_some() {
                        "Aggregate expressions are only allowed in SELECT, HAVING and ORDER BY".to_owned()
                    } else {
                        format!("unknown function: {function}")
                    };
                    return Err(SoqlError::malformed(message, *at));
                };
                let of = self.expression(scope, argument)?;
                if !matches!(of.kind, FieldType::Date | FieldType::DateTime) {
                    let message = format!("{function} needs a date or dateTime, but {} is none", of.shown);
                    return Err(SoqlError::field(message, argument.at()));
                }
                let expr = Expr::Date { part, of: Box::new(of.expr) };
                Ok(Typed { expr, kind: part.kind(), field: None, shown: function.clone() })
            }
        }
    }

    fn sort_key(&self, scope: Scope<'a, '_>, order: &Order) -> Result<SortKey, SoqlError> {
        let typed = self.expression(scope, &order.expression)?;
        if typed.field.is_some_and(|field| !field.sortable()) {
            let message = format!("field '{}' can not be sorted in a query call", typed.shown);
            return Err(SoqlError::malformed(message, order.expression.at()));
        }
        Ok(sort_key(typed.expr, order, typed.field))
    }
}

/// A path followed to its field.
#[derive(Debug, Clone)]
pub(super) struct Resolved<'a> {
    hops: Vec<FieldIndex>,
    leaf: Leaf,
    kind: FieldType,
    field: Option<&'a Field>,
    name: &'static str,
}

/// A key of the order.
pub(super) fn sort_key(expr: Expr, order: &Order, field: Option<&Field>) -> SortKey {
    let picklist = field.map_or(&[][..], |field| field.picklist);
    SortKey { expr, descending: order.descending, nulls_last: order.nulls_last, picklist }
}

fn duplicate(name: &str, at: usize) -> SoqlError {
    SoqlError::new("INVALID_FIELD", format!("duplicate field selected: {name}"), Some(at))
}

fn add(columns: &mut Vec<Column>, column: Column, at: usize) -> Result<(), SoqlError> {
    if columns.iter().any(|known| known.name().eq_ignore_ascii_case(column.name())) {
        return Err(duplicate(column.name(), at));
    }
    columns.push(column);
    Ok(())
}
