//! `query`, `queryAll` and their further pages.

use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call};
use super::cursors::{Page, Snapshot};
use super::errors::{ApiError, Failure};
use super::ids::SfId;
use super::org::Org;
use super::soql::{Binder, Evaluation, Results, column_metadata, parse};

/// Rows per page, unless the caller asks for fewer.
const PAGE: usize = 2_000;
/// The smallest page that a caller can ask for.
const SMALLEST_PAGE: usize = 200;
/// Groups that one answer can hold: grouped results have no further pages.
const MAX_GROUPS: usize = 2_000;

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
        let binder = self.binder(call, all_rows);
        let bound = parse(text).and_then(|query| Ok((binder.bind(&query)?, query)));
        let (plan, query) = bound.map_err(|error| error.in_query(text))?;
        if call.flag("columns") {
            return Ok(Answer::ok(column_metadata(&self.schema, &plan)));
        }
        let evaluation = Evaluation {
            schema: &self.schema,
            store: &self.store,
            all_rows,
            version: &call.version,
            null_is_different: self.quirks.null_is_different,
        };
        let results = evaluation.run(&plan);
        if !query.group_by.is_empty() && results.rows.len() > MAX_GROUPS {
            let message =
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
            return Err(ApiError::request("EXCEEDED_ID_LIMIT", message).into());
        }
        Ok(Answer::ok(self.first_page(call, results)))
    }

    fn binder(&self, call: &Call, all_rows: bool) -> Binder<'_> {
        self.binder_of(call.major, all_rows)
    }

    /// A binder for callers of this version.
    pub(crate) fn binder_of(&self, version: u32, all_rows: bool) -> Binder<'_> {
        Binder {
            schema: &self.schema,
            store: &self.store,
            now: self.now,
            user: self.sessions.user,
            version,
            all_rows,
            null_is_different: self.quirks.null_is_different,
        }
    }

    /// `GET query?explain=…`: whether an index would lead.
    fn explain(&self, call: &Call, text: &str) -> Result<Json, ApiError> {
        let binder = self.binder(call, false);
        let plan = parse(text).and_then(|query| binder.bind(&query)).map_err(|error| error.in_query(text))?;
        let evaluation = Evaluation {
            schema: &self.schema,
            store: &self.store,
            all_rows: false,
            version: &call.version,
            null_is_different: self.quirks.null_is_different,
        };
        let object = self.schema.object(plan.object);
        let (indexed, cardinality) = evaluation.access(&plan);
        let all = self.store.rows(plan.object).count();
        let leading = if indexed { "Index" } else { "TableScan" };
        let cost = if indexed { cardinality as f64 / all.max(1) as f64 } else { 1.0 };
        Ok(json!({"plans": [{
            "cardinality": cardinality,
            "fields": [],
            "leadingOperationType": leading,
            "notes": [],
            "relativeCost": cost,
            "sobjectCardinality": all,
            "sobjectType": object.name,
        }]}))
    }

    fn first_page(&mut self, call: &Call, mut results: Results) -> Json {
        let size = page_size(call);
        for (row, _) in &mut results.rows {
            self.cut_children(call, row, size);
        }
        let total = results.total;
        let snapshot = Snapshot::new(results.rows, size, self.now);
        let page = snapshot.page(0);
        let cursor = (!snapshot.fits_one_page()).then(|| self.cursors.open(snapshot, &self.quirks));
        let page = page.map(|page| Page { total, ..page });
        page.map_or_else(
            || json!({"totalSize": total, "done": true, "records": []}),
            |page| page_json(call, page, cursor),
        )
    }

    /// Cuts child results that are larger than a page, and opens a cursor of their own for the rest.
    fn cut_children(&mut self, call: &Call, row: &mut Json, size: usize) {
        let Some(members) = row.as_object_mut() else {
            return;
        };
        for value in members.values_mut() {
            let Some(records) = value.get_mut("records").and_then(Json::as_array_mut) else {
                continue;
            };
            for record in records.iter_mut() {
                self.cut_children(call, record, size);
            }
            if records.len() <= size {
                continue;
            }
            let rows = std::mem::take(records).into_iter().map(|record| (record, 1)).collect();
            let snapshot = Snapshot::new(rows, size, self.now);
            let Some(page) = snapshot.page(0) else {
                continue;
            };
            let cursor = self.cursors.open(snapshot, &self.quirks);
            *value = page_json(call, page, Some(cursor));
        }
    }

    /// `GET query/01g…-2000`.
    pub(crate) fn next_page(&mut self, call: &Call, locator: &str) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        match self.cursors.page(locator, self.now, &self.quirks) {
            Some((cursor, page)) => Ok(Answer::ok(page_json(call, page, Some(cursor)))),
            None => Err(ApiError::request("INVALID_QUERY_LOCATOR", "invalid query locator").into()),
        }
    }
}

/// `Sforce-Query-Options: batchSize=500`, within its bounds.
pub(super) fn page_size(call: &Call) -> usize {
    let options = call.header("sforce-query-options").unwrap_or_default();
    let named = options.split([',', ';']).filter_map(|option| option.split_once('='));
    let wanted = named
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))
        .find_map(|(_, size)| size.trim().parse::<usize>().ok());
    wanted.unwrap_or(PAGE).clamp(SMALLEST_PAGE, PAGE)
}

pub(super) fn page_json(call: &Call, page: Page, cursor: Option<SfId>) -> Json {
    let mut body = Map::new();
    body.insert("totalSize".to_owned(), json!(page.total));
    body.insert("done".to_owned(), json!(page.next.is_none()));
    if let (Some(next), Some(cursor)) = (page.next, cursor) {
        let url = format!("/services/data/{}/query/{cursor}-{next}", call.version);
        body.insert("nextRecordsUrl".to_owned(), Json::String(url));
    }
    body.insert("records".to_owned(), Json::Array(page.rows));
    Json::Object(body)
}
