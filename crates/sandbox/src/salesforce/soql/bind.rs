//! Binding a parsed query to the schema.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::salesforce::ids::SfId;
use crate::salesforce::schema::{Field, FieldIndex, FieldType, Object, ObjectIndex, Schema};
use crate::salesforce::store::Store;
use crate::salesforce::value::Key;

use super::SoqlError;
use super::ast::{Condition, Expression, FieldSet, Item, Number, Operator, Order, Path, Query};
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
/// The first version that knows `FIELDS()`, and the first whose sub-queries nest.
const FIELDS_SINCE: u32 = 51;
const NESTING_SINCE: u32 = 58;

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
    /// From UTC to the time of the user's zone.
    pub(crate) zone: TimeDelta,
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
    pub(super) joined: &'q [(Path, String)],
}

impl<'a, 'q> Scope<'a, 'q> {
    pub(super) fn new(object: &'a Object, query: &'q Query) -> Scope<'a, 'q> {
        Scope { object, alias: query.alias.as_deref(), joined: &query.joined }
    }
}

impl Query {
    /// The refusal of an object that is not there.
    pub(crate) fn unsupported(&self) -> SoqlError {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the \
             '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
            self.from.parts.join(".")
        );
        SoqlError::new("INVALID_TYPE", message, Some(self.from.at))
    }
}

impl<'a> Binder<'a> {
    /// Binds a whole query.
    pub(crate) fn bind(&self, query: &Query) -> Result<Plan, SoqlError> {
        let Some(index) = self.schema.find(&query.from.parts.join(".")) else {
            return Err(query.unsupported());
        };
        let object = self.schema.object(index);
        if super::super::events::is_platform(object) {
            let message = format!("entity type {} does not support query", object.name);
            return Err(SoqlError::new("INVALID_TYPE_FOR_OPERATION", message, Some(query.from.at)));
        }
        self.bind_on(query, index, 0)
    }

    /// Binds what a search wants of an object; ids where it does not say.
    pub(crate) fn bind_search(&self, query: &Query) -> Result<Plan, SoqlError> {
        if !query.select.is_empty() {
            return self.bind(query);
        }
        let id = Path { parts: vec!["Id".to_owned()], at: query.from.at };
        let select = vec![Item::Expression { expression: Expression::Field(id), alias: None }];
        self.bind(&Query { select, ..query.clone() })
    }

    /// Binds a query or sub-query on the object at `index`, `depth` levels below the outermost.
    pub(super) fn bind_on(&self, query: &Query, index: ObjectIndex, depth: usize) -> Result<Plan, SoqlError> {
        let scope = Scope::new(self.schema.object(index), query);
        for (path, _) in &query.joined {
            // Looked up for its errors: the last part must be a relationship.
            let parts = path.parts.iter().cloned().chain(["Id".to_owned()]).collect();
            self.path(scope, &Path { parts, at: path.at })?;
        }
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
                    if let Some(offset) = sub_query.offset.filter(|_| query.limit.is_none_or(|limit| limit.value != 1))
                    {
                        let message = "OFFSET in a sub-query is only allowed where the outer query has LIMIT 1";
                        return Err(SoqlError::malformed(message, offset.at));
                    }
                    let column = self.children(sub_query, scope.object, depth)?;
                    add(&mut columns, column, sub_query.from.at)?;
                }
                Item::TypeOf { path, when, otherwise } => {
                    let column = self.type_of(scope, path, when, otherwise.as_deref())?;
                    add(&mut columns, column, path.at)?;
                }
                Item::Expression { alias: Some(_), expression: Expression::Field(path) } => {
                    return Err(SoqlError::malformed("only aggregate expressions use field aliasing", path.at));
                }
                Item::Expression { expression, alias } => {
                    let (path, form_of): (&Path, fn(&Field) -> Form) = match expression {
                        Expression::Field(path) => (path, |_| Form::Plain),
                        Expression::Distance { at, .. } => {
                            let message = "DISTANCE can only be used in WHERE and ORDER BY here";
                            return Err(SoqlError::malformed(message, *at));
                        }
                        Expression::Call { function, argument, at } => match (function.as_str(), &**argument) {
                            ("TOLABEL", Expression::Field(path)) => (path, |field| Form::Label(field.picklist)),
                            ("FORMAT", Expression::Field(path)) => (path, |_| Form::Text),
                            ("CONVERTCURRENCY", _) => {
                                let message = "convertCurrency is not supported: the organization has one currency";
                                return Err(SoqlError::malformed(message, *at));
                            }
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
        if self.version < FIELDS_SINCE {
            return Err(SoqlError::malformed("unexpected token: 'FIELDS'", at));
        }
        let few_ids = query.filter.as_ref().is_some_and(names_few_ids);
        let bounded = few_ids || query.limit.is_some_and(|limit| limit.value <= MAX_FIELDS_LIMIT);
        if which != FieldSet::Standard && !bounded {
            let message = format!("The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}");
            return Err(SoqlError::malformed(message, at));
        }
        let wanted = |field: &Field| match which {
            FieldSet::All => true,
            FieldSet::Standard => !field.custom(),
            FieldSet::Custom => field.custom(),
        };
        for (index, field) in object.visible().filter(|(_, field)| wanted(field)) {
            let column = Column::Field { name: field.name.to_owned(), leaf: Leaf::Field(index), form: Form::Plain };
            add(columns, column, at)?;
        }
        Ok(())
    }

    fn children(&self, query: &Query, parent: &Object, depth: usize) -> Result<Column, SoqlError> {
        let deepest = if self.version >= NESTING_SINCE { 5 } else { 1 };
        let name = query.from.parts.last().map(String::as_str).unwrap_or_default();
        let link = parent.find_children(name).filter(|_| depth < deepest);
        let Some((link, name)) = link.and_then(|link| Some((*link, link.name?))) else {
            let message = format!("Didn't understand relationship '{name}' in FROM part of query call. {APPEND_R}");
            return Err(SoqlError::new("INVALID_TYPE", message, Some(query.from.at)));
        };
        let plan = self.bind_on(query, link.child, depth + 1)?;
        match plan.output {
            Output::Rows(_) => Ok(Column::Children { name, link, plan: Arc::new(plan) }),
            Output::Count | Output::Groups(_) => {
                Err(SoqlError::malformed("aggregates are not allowed in a sub-query", query.from.at))
            }
        }
    }

    /// `TYPEOF`: columns for each object that a polymorphic reference can point to.
    fn type_of(
        &self,
        scope: Scope<'a, '_>,
        path: &Path,
        when: &[(Path, Vec<Path>)],
        otherwise: Option<&[Path]>,
    ) -> Result<Column, SoqlError> {
        let name = path.parts.join(".");
        let hop = scope.object.find_relationship(&name);
        let Some((hop, reference)) = hop.map(|hop| (hop, scope.object.field(hop))) else {
            let message = format!("Didn't understand relationship '{name}' in field path. {APPEND_R}");
            return Err(SoqlError::field(message, path.at));
        };
        if !reference.polymorphic() {
            let message = format!("TYPEOF is only allowed on polymorphic relationships, and {name} is none");
            return Err(SoqlError::malformed(message, path.at));
        }
        let mut branches: Vec<(ObjectIndex, Vec<Column>)> = Vec::new();
        for (object, fields) in when {
            let name = object.parts.join(".");
            let index = self
                .schema
                .find(&name)
                .filter(|index| reference.reference_to.contains(&self.schema.object(*index).name));
            let Some(index) = index.filter(|index| branches.iter().all(|(known, _)| known != index)) else {
                let message = format!("{name} is no object of the relationship in TYPEOF, or is there twice");
                return Err(SoqlError::new("INVALID_TYPE", message, Some(object.at)));
            };
            let target = self.schema.object(index);
            let mut columns = Vec::new();
            for field in fields {
                let resolved = self.path(Scope { object: target, alias: None, joined: &[] }, field)?;
                self.add_path(&mut columns, target, &resolved, Form::Plain, None, field.at)?;
            }
            branches.push((index, columns));
        }
        let named = |path: &Path| {
            let resolved = self.name_field(vec![hop], reference.reference_to, &path.parts.join("."), path.at)?;
            Ok(Column::Field { name: resolved.name.to_owned(), leaf: resolved.leaf, form: Form::Plain })
        };
        let otherwise = otherwise.map(|fields| fields.iter().map(named).collect::<Result<Vec<_>, _>>()).transpose()?;
        Ok(Column::TypeOf { name: reference.relationship.unwrap_or(reference.name), hop, when: branches, otherwise })
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
        let joined = match path.parts.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => scope
                .joined
                .iter()
                .find(|(_, alias)| alias.eq_ignore_ascii_case(first))
                .map(|(stands_for, _)| stands_for.parts.iter().chain(rest).cloned().collect::<Vec<_>>()),
            _ => None,
        };
        let mut parts = joined.as_deref().unwrap_or(&path.parts);
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
            Expression::Call { function, argument, at } => self.date_function(scope, function, argument, *at),
            Expression::Distance { field, from, miles, at } => self.distance(scope, field, *from, *miles, *at),
        }
    }

    fn date_function(
        &self,
        scope: Scope<'a, '_>,
        function: &str,
        argument: &Expression,
        at: usize,
    ) -> Result<Typed<'a>, SoqlError> {
        let Some(part) = DatePart::parse(function) else {
            let message = match function {
                "CONVERTTIMEZONE" => "convertTimezone can only be used inside of a date function".to_owned(),
                _ if AggregateFunction::parse(function).is_some() => {
                    "Aggregate expressions are only allowed in SELECT, HAVING and ORDER BY".to_owned()
                }
                _ => format!("unknown function: {function}"),
            };
            return Err(SoqlError::malformed(message, at));
        };
        let (argument, shift) = match argument {
            Expression::Call { function, argument, .. } if function == "CONVERTTIMEZONE" => (&**argument, self.zone),
            plain => (plain, TimeDelta::zero()),
        };
        let of = self.expression(scope, argument)?;
        let needs_time = matches!(part, DatePart::DayOnly | DatePart::HourInDay) || !shift.is_zero();
        let fits = of.kind == FieldType::DateTime || (of.kind == FieldType::Date && !needs_time);
        if !fits {
            let wanted = if needs_time { "a dateTime" } else { "a date or dateTime" };
            let message = format!("{function} needs {wanted}, but {} is none", of.shown);
            return Err(SoqlError::field(message, argument.at()));
        }
        let expr = Expr::Date { part, of: Box::new(of.expr), shift };
        Ok(Typed { expr, kind: part.kind(), field: None, shown: function.to_owned() })
    }

    fn distance(
        &self,
        scope: Scope<'a, '_>,
        field: &Path,
        from: (Decimal, Decimal),
        miles: bool,
        at: usize,
    ) -> Result<Typed<'a>, SoqlError> {
        let in_range = |angle: Decimal, most: i64| angle.abs() <= Decimal::from(most);
        if !in_range(from.0, 90) || !in_range(from.1, 180) {
            return Err(SoqlError::malformed("GEOLOCATION takes a latitude to 90 and a longitude to 180", at));
        }
        let Resolved { kind, name, .. } = self.path(scope, field)?;
        let prefix = name.strip_suffix("Address").filter(|_| kind == FieldType::Address);
        let Some(prefix) = prefix else {
            let message = format!("DISTANCE needs a location, but {name} is none");
            return Err(SoqlError::field(message, field.at));
        };
        let part = |part: &str| {
            let mut path = field.clone();
            if let Some(last) = path.parts.last_mut() {
                *last = format!("{prefix}{part}");
            }
            self.path(scope, &path).map(|resolved| Box::new(Expr::Field { hops: resolved.hops, leaf: resolved.leaf }))
        };
        let expr = Expr::Distance { latitude: part("Latitude")?, longitude: part("Longitude")?, from, miles };
        Ok(Typed { expr, kind: FieldType::Double, field: None, shown: "DISTANCE".to_owned() })
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

/// Whether a condition is met by few records because it names their ids.
fn names_few_ids(condition: &Condition) -> bool {
    let is_id = |expression: &Expression| matches!(expression, Expression::Field(path) if matches!(path.parts.as_slice(), [name] if name.eq_ignore_ascii_case("Id")));
    match condition {
        Condition::All(parts) => parts.iter().any(names_few_ids),
        Condition::Compare { left, operator: Operator::Equal, .. } => is_id(left),
        Condition::In { left, negated: false, values } => is_id(left) && values.len() <= MAX_FIELDS_LIMIT,
        _ => false,
    }
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
