//! `query`, `queryAll` and their further pages.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use super::SHOWN_VERSION;
use super::call::{Answer, Call};
use super::cursors::Snapshot;
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::schema::{FieldIndex, FieldType, ObjectIndex};
use super::soql::{
    Binder, Column, Evaluation, Form, Frozen, Leaf, Output, Plan, Query, Results, Shown, Usage, column_metadata, parse,
};
use super::value::Value;

/// Rows per page, unless the caller asks for fewer.
const PAGE: usize = 2_000;
/// The smallest page that a caller can ask for.
const SMALLEST_PAGE: usize = 200;
/// Groups that one answer can hold: grouped results have no further pages.
const MAX_GROUPS: usize = 2_000;
/// Two custom fields with more characters than this make pages small.
const LONG_TEXT: u32 = 255;

impl Org {
    /// `GET query?q=…`.
    pub(crate) fn query(&mut self, call: &Call, all_rows: bool) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let Some(text) = call.param("q") else {
            return match call.param("explain") {
                Some(text) => Ok(Answer::ok(self.explain(call, text)?)),
                None => Err(ApiError::request("MALFORMED_QUERY", "A query string has to be specified").into()),
            };
        };
        let (query, plan) = self.planned(text, call.major, all_rows)?;
        if call.flag("columns") {
            return Ok(Answer::ok(column_metadata(&self.schema, &plan)));
        }
        let shown = Shown { schema: &self.schema, version: &call.version };
        match self.evaluation(all_rows).run(&plan) {
            Results::Count(total) => Ok(Answer::ok(shown.page(Vec::new(), total, None))),
            Results::Groups(groups) if !query.group_by.is_empty() && groups.len() > MAX_GROUPS => {
                let message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
                    single batch";
                Err(ApiError::request("EXCEEDED_ID_LIMIT", message).into())
            }
            Results::Groups(groups) => {
                let Output::Groups(grouping) = &plan.output else {
                    return Ok(Answer::ok(shown.page(Vec::new(), 0, None)));
                };
                let rows: Vec<Json> = groups.iter().map(|values| Shown::group(grouping, values)).collect();
                let total = rows.len();
                Ok(Answer::ok(shown.page(rows, total, None)))
            }
            Results::Rows(rows) => {
                if let Some(usage) = query.usage {
                    self.note_usage(&plan, &rows, usage);
                }
                Ok(Answer::ok(self.first_page(call, plan, rows)))
            }
        }
    }

    /// Parses a query and binds it to the schema; errors show their place in the text.
    pub(crate) fn planned(&self, text: &str, major: u32, all_rows: bool) -> Result<(Query, Plan), ApiError> {
        let binder = self.binder_of(major, all_rows);
        let bound = parse(text).and_then(|query| Ok((binder.bind(&query)?, query)));
        bound.map(|(plan, query)| (query, plan)).map_err(|error| error.in_query(text))
    }

    /// Runs a query and gives the cells of each row, parents' fields beside the row's own, without nested columns.
    pub(crate) fn flat_rows<T>(&self, plan: &Plan, all_rows: bool, mut each: impl FnMut(&[Json]) -> T) -> Vec<T> {
        let Results::Rows(rows) = self.evaluation(all_rows).run(plan) else {
            return Vec::new();
        };
        let shown = Shown { schema: &self.schema, version: SHOWN_VERSION };
        let mut cells = Vec::new();
        let rows = rows.iter().map(|row| {
            cells.clear();
            shown.cells(plan.object, row, plan.columns(), &mut cells);
            each(&cells)
        });
        rows.collect()
    }

    pub(crate) fn binder_of(&self, major: u32, all_rows: bool) -> Binder<'_> {
        Binder {
            schema: &self.schema,
            store: &self.store,
            now: self.now,
            zone: TimeDelta::minutes(self.quirks.user_zone_minutes.into()),
            user: self.sessions.user,
            version: major,
            all_rows,
            null_is_different: self.quirks.null_is_different,
        }
    }

    pub(crate) fn evaluation(&self, all_rows: bool) -> Evaluation<'_> {
        Evaluation {
            schema: &self.schema,
            store: &self.store,
            all_rows,
            null_is_different: self.quirks.null_is_different,
        }
    }

    /// `GET query?explain=…`: whether an index would lead.
    fn explain(&self, call: &Call, text: &str) -> Result<Json, ApiError> {
        let (_, plan) = self.planned(text, call.major, false)?;
        let object = self.schema.object(plan.object);
        let explained = self.evaluation(false).explain(&plan);
        let plan_json = |field: Option<usize>, cardinality: usize| {
            let cost = match field {
                Some(_) => cardinality as f64 / explained.all.max(1) as f64,
                None => 1.0,
            };
            let fields: Vec<&str> = field.map(|field| object.field(field).name).into_iter().collect();
            let note = json!({
                "description": "Not considering filter for optimization because unindexed",
                "fields": ["IsDeleted"],
                "tableEnumOrId": object.name,
            });
            json!({
                "cardinality": cardinality,
                "fields": fields,
                "leadingOperationType": if field.is_some() { "Index" } else { "TableScan" },
                "notes": [note],
                "relativeCost": cost,
                "sobjectCardinality": explained.all,
                "sobjectType": object.name,
            })
        };
        // The cheapest first; the scan is always possible.
        let mut plans = vec![plan_json(None, explained.all)];
        if explained.field.is_some() {
            plans.insert(0, plan_json(explained.field, explained.cardinality));
        }
        Ok(json!({ "plans": plans }))
    }

    /// The first page of records with some of their fields, as a query for them would answer.
    pub(crate) fn page_of(&mut self, call: &Call, object: ObjectIndex, ids: &[SfId], fields: &[FieldIndex]) -> Json {
        let definition = self.schema.object(object);
        let column = |field: &FieldIndex| {
            let name = definition.field(*field).name.to_owned();
            Column::Field { name, leaf: Leaf::Field(*field), form: Form::Plain }
        };
        let plan = Plan { object, output: Output::Rows(fields.iter().map(column).collect()), ..Plan::default() };
        let rows = ids.iter().filter_map(|id| self.store.shared(object, *id));
        let rows = rows.map(|row| Frozen { row: Arc::clone(row), related: Box::default() }).collect();
        self.first_page(call, plan, rows)
    }

    fn first_page(&mut self, call: &Call, plan: Plan, mut rows: Vec<Frozen>) -> Json {
        let size = self.page_size(call, &plan);
        let query = self.cursors.next_query();
        let now = self.now;
        let (cursors, quirks) = (&mut self.cursors, &self.quirks);
        let has_children = |column: &Column| matches!(column, Column::Children { .. });
        if plan.columns().iter().any(has_children) {
            let mut open = |rows: Arc<Vec<Frozen>>, plan: &Arc<Plan>| {
                let snapshot = Snapshot::new(rows, Arc::clone(plan), size);
                let second = snapshot.second()?;
                Some((cursors.open(query, snapshot, now, quirks), second))
            };
            rows.iter_mut().for_each(|row| row.cut_children(plan.columns(), size, &mut open));
        }
        let snapshot = Arc::new(Snapshot::new(Arc::new(rows), Arc::new(plan), size));
        let cursor = snapshot.second().map(|_| cursors.open(query, Arc::clone(&snapshot), now, quirks));
        let shown = Shown { schema: &self.schema, version: &call.version };
        snapshot.page(0, cursor, shown).unwrap_or_else(|| shown.page(Vec::new(), 0, None))
    }

    /// `Sforce-Query-Options: batchSize=500`, within its bounds. Wide rows come in small pages whatever is asked for.
    fn page_size(&self, call: &Call, plan: &Plan) -> usize {
        let object = self.schema.object(plan.object);
        let long = |column: &&Column| {
            let field = object.find(column.name()).map(|field| object.field(field));
            field.is_some_and(|field| field.custom() && field.kind == FieldType::Textarea && field.length > LONG_TEXT)
        };
        if plan.columns().iter().filter(long).count() >= 2 {
            return SMALLEST_PAGE;
        }
        let options = call.header("sforce-query-options").unwrap_or_default();
        let named = options.split([',', ';']).filter_map(|option| option.split_once('='));
        let wanted = named
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))
            .find_map(|(_, size)| size.trim().parse::<usize>().ok());
        wanted.unwrap_or(PAGE).clamp(SMALLEST_PAGE, PAGE)
    }

    /// `FOR VIEW` and `FOR REFERENCE` leave a mark on the records, which is no change of them.
    fn note_usage(&mut self, plan: &Plan, rows: &[Frozen], usage: Usage) {
        let schema = Arc::clone(&self.schema);
        let object = schema.object(plan.object);
        let stamp = match usage {
            Usage::Viewed => "LastViewedDate",
            Usage::Referenced => "LastReferencedDate",
        };
        for frozen in rows {
            let mut row = (*frozen.row).clone();
            row.set(object, stamp, Value::DateTime(self.now));
            self.store.put(plan.object, row);
        }
    }

    /// `GET query/01g…-2000`.
    pub(crate) fn next_page(&mut self, call: &Call, locator: &str) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let shown = Shown { schema: &self.schema, version: &call.version };
        let found = self.cursors.find(locator, self.now, &self.quirks);
        let page = found.and_then(|(cursor, snapshot, offset)| snapshot.page(offset, Some(cursor), shown));
        match page {
            Some(page) => Ok(Answer::ok(page)),
            None => Err(ApiError::request("INVALID_QUERY_LOCATOR", "invalid query locator").into()),
        }
    }

    /// `GET tooling/query?q=…`: the organisation has none of the objects that are asked about there, and says so.
    pub(crate) fn tooling_query(&mut self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let Some(text) = call.param("q") else {
            return Err(ApiError::request("MALFORMED_QUERY", "A query string has to be specified").into());
        };
        let query = parse(text).map_err(|error| error.in_query(text))?;
        Err(query.unsupported().in_query(text).into())
    }
}
