//! SOSL: search texts, parameterized searches, and what belongs to them.

mod parameters;
mod term;

use chrono::TimeDelta;
use serde_json::{Map, Value as Json, json};

use super::call::{Answer, Call};
use super::errors::{ApiError, Failure};
use super::org::Org;
use super::schema::{Field, FieldType, Object, ObjectIndex};
use super::soql::{Output, Plan, Query, Results, Returning, Shown, parse_returning};
use super::store::Row;
use super::value::Value;
use term::{Term, words};

/// Rows of one object when neither `WHERE` nor `ORDER BY` is given.
const OF_ONE_OBJECT: usize = 250;
/// Rows in all.
const MOST_ROWS: usize = 2_000;
/// Up to this version the answer is a bare array.
const BARE_UNTIL: u32 = 36;

/// Which fields are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    All,
    Name,
    Email,
    Phone,
    Sidebar,
}

impl Group {
    fn parse(word: &str) -> Option<Group> {
        Some(match word.to_ascii_uppercase().as_str() {
            "ALL" => Group::All,
            "NAME" => Group::Name,
            "EMAIL" => Group::Email,
            "PHONE" => Group::Phone,
            "SIDEBAR" => Group::Sidebar,
            _ => return None,
        })
    }

    fn holds(self, field: &Field) -> bool {
        let name = field.name_field || ["FirstName", "LastName", "Subject", "Title"].contains(&field.name);
        match self {
            Group::All => {
                let listed = matches!(field.kind, FieldType::Picklist | FieldType::Multipicklist);
                field.kind.is_text() && !listed
            }
            Group::Name => name && field.kind.is_text(),
            Group::Email => field.kind == FieldType::Email,
            Group::Phone => field.kind == FieldType::Phone,
            Group::Sidebar => name || matches!(field.kind, FieldType::Email | FieldType::Phone),
        }
    }
}

/// A search, ready to run.
#[derive(Debug)]
struct Search {
    term: Term,
    group: Group,
    /// Objects with what is wanted of them; empty: the ids of whatever is found.
    objects: Vec<Query>,
    limit: Option<usize>,
    /// Rows to leave out at the beginning, over all objects.
    offset: usize,
    labels: bool,
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::request("MALFORMED_SEARCH", message)
}

/// Reads `FIND {term} [IN … FIELDS] [RETURNING …] [WITH …] [LIMIT n]`.
fn parse(text: &str) -> Result<Search, ApiError> {
    let trimmed = text.trim_start();
    let find = trimmed.get(..4).filter(|word| word.eq_ignore_ascii_case("FIND"));
    let Some(after_find) = find.and_then(|_| trimmed.get(4..)) else {
        let word = trimmed.split_whitespace().next().unwrap_or("<EOF>");
        return Err(malformed(format!("unexpected token: {word}")));
    };
    let inside = after_find.trim_start().strip_prefix('{').and_then(|inside| Some((inside, closing(inside)?)));
    let Some((inside, end)) = inside else {
        return Err(malformed("No search term found. The search term must be enclosed in braces."));
    };
    let term = Term::parse(inside.get(..end).unwrap_or_default()).map_err(malformed)?;
    let rest = inside.get(end + 1..).unwrap_or_default();
    let (group, rest) = fields_to_search(rest)?;
    let start = text.len() - rest.len();
    let returning = parse_returning(text, start).map_err(|error| error.in_search(text))?;
    let labels = with(&returning)?;
    let limit = returning.limit.map(|limit| limit.value);
    Ok(Search { term, group, objects: returning.objects, limit, offset: 0, labels })
}

/// Where the brace that closes the term stands.
fn closing(inside: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '}' => return Some(at),
            _ => {}
        }
    }
    None
}

fn fields_to_search(rest: &str) -> Result<(Group, &str), ApiError> {
    let trimmed = rest.trim_start();
    let Some(after_in) =
        trimmed.get(..3).filter(|word| word.eq_ignore_ascii_case("IN ")).and_then(|_| trimmed.get(3..))
    else {
        return Ok((Group::All, rest));
    };
    let mut parts = after_in.trim_start().splitn(2, char::is_whitespace);
    let word = parts.next().unwrap_or_default();
    let group = Group::parse(word).ok_or_else(|| malformed(format!("unexpected token: {word}")))?;
    let tail = parts.next().unwrap_or_default().trim_start();
    match tail.get(..6).filter(|word| word.eq_ignore_ascii_case("FIELDS")).and_then(|_| tail.get(6..)) {
        Some(rest) => Ok((group, rest)),
        None => Err(malformed("unexpected token: FIELDS is missing after IN")),
    }
}

/// Whether labels are wanted beside the records; other `WITH` clauses are not emulated.
fn with(returning: &Returning) -> Result<bool, ApiError> {
    let mut labels = false;
    for (name, value) in &returning.with {
        match name.as_str() {
            "METADATA" if value.eq_ignore_ascii_case("LABELS") => labels = true,
            // Neither changes what is found here: nothing is corrected, and there is one network and one division.
            "SPELL_CORRECTION" | "SECURITY_ENFORCED" | "USER_MODE" | "DIVISION" => {}
            other => return Err(malformed(format!("WITH {other} is not supported in this organization"))),
        }
    }
    Ok(labels)
}

impl Org {
    /// `GET search?q=FIND {…}`.
    pub(crate) fn search(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let Some(text) = call.param("q") else {
            return Err(malformed("No search term found. The search term must be enclosed in braces.").into());
        };
        let (records, labels) = self.found(call, &parse(text)?, |error| error.in_search(text))?;
        if call.major <= BARE_UNTIL {
            return Ok(Answer::ok(Json::Array(records)));
        }
        Ok(Answer::ok(found_json(records, labels)))
    }

    /// Runs a search: the records, and the labels of their fields if they are wanted.
    fn found(
        &self,
        call: &Call,
        search: &Search,
        refuse: impl Fn(super::soql::SoqlError) -> ApiError,
    ) -> Result<(Vec<Json>, Option<Json>), ApiError> {
        let limit = search.limit.unwrap_or(MOST_ROWS);
        if limit > MOST_ROWS {
            return Err(malformed(format!("LIMIT must be at most {MOST_ROWS}, and is {limit}")));
        }
        let binder = self.binder_of(call.major, false);
        let mut plans: Vec<Plan> = Vec::new();
        if search.objects.is_empty() {
            let searchable = self.schema.objects.iter().enumerate().filter(|(_, object)| object.can.searchable);
            plans.extend(searchable.map(|(index, _)| Plan::of_ids(index)));
        }
        for query in &search.objects {
            let mut plan = binder.bind_search(query).map_err(&refuse)?;
            let object = self.schema.object(plan.object);
            if !object.can.searchable {
                let message = format!("entity type {} does not support search", object.name);
                return Err(ApiError::request("INVALID_TYPE", message));
            }
            let ordered = plan.filter.is_some() || !plan.order.is_empty();
            let most = if ordered && search.objects.len() == 1 {
                MOST_ROWS
            } else {
                OF_ONE_OBJECT.min(MOST_ROWS / search.objects.len().max(1))
            };
            match plan.limit {
                Some(given) if given > MOST_ROWS => {
                    return Err(malformed(format!("LIMIT must be at most {MOST_ROWS}, and is {given}")));
                }
                Some(_) => {}
                None => plan.limit = Some(most),
            }
            plans.push(plan);
        }
        let labels = search.labels.then(|| self.labels(&plans));
        let shown = Shown { schema: &self.schema, version: &call.version };
        let mut records = Vec::new();
        for plan in plans {
            let wanted = limit.saturating_add(search.offset) - records.len();
            let plan = self.among_matches(plan, search, wanted);
            if let Results::Rows(rows) = self.evaluation(false).run(&plan) {
                records.extend(rows.iter().map(|row| shown.row(plan.object, row, plan.columns())).take(wanted));
            }
        }
        Ok((records.into_iter().skip(search.offset).collect(), labels))
    }

    /// The plan, confined to the records that the index finds.
    fn among_matches(&self, mut plan: Plan, search: &Search, wanted: usize) -> Plan {
        let object = self.schema.object(plan.object);
        let searched: Vec<usize> =
            object.fields.iter().enumerate().filter(|(_, field)| search.group.holds(field)).map(|(at, _)| at).collect();
        let indexed_until = self.now - TimeDelta::seconds(self.quirks.search_delay_seconds.into());
        let indexed = |row: &Row| row.get(object, "SystemModstamp").as_datetime().is_none_or(|at| at <= indexed_until);
        let fits = |row: &&Row| {
            let fields: Vec<Vec<Vec<char>>> =
                searched.iter().map(|field| searched_words(object, *field, &row.values[*field])).collect();
            search.term.fits(&fields)
        };
        let rows = self.store.rows(plan.object).filter(|row| !row.is_deleted() && indexed(row)).filter(fits);
        // Without conditions of its own the first matches are as good as any.
        let enough = if plan.filter.is_none() && plan.order.is_empty() {
            wanted.min(plan.limit.unwrap_or(usize::MAX)).saturating_add(plan.offset)
        } else {
            usize::MAX
        };
        plan.confine(rows.take(enough).map(|row| row.id).collect());
        plan
    }

    /// `WITH METADATA='LABELS'`: the member's name is misspelt by the vendor.
    fn labels(&self, plans: &[Plan]) -> Json {
        let entities = plans.iter().map(|plan| {
            let object = self.schema.object(plan.object);
            let fields = plan.columns().iter().filter_map(|column| object.find(column.name()));
            let fields =
                fields.map(|field| object.field(field)).map(|field| json!({"name": field.name, "label": field.label}));
            json!({"entityName": object.name, "fieldMetadata": fields.collect::<Vec<_>>()})
        });
        json!({"entityetadata": entities.collect::<Vec<_>>()})
    }

    /// `GET search/scopeOrder`: the objects that are searched, most used first.
    pub(crate) fn scope_order(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let searchable = self.schema.objects.iter().filter(|object| object.can.searchable);
        let entry = |object: &Object| {
            let url = format!("/services/data/{}/sobjects/{}/describe", call.version, object.name);
            json!({"type": object.name, "url": url})
        };
        Ok(Answer::ok(searchable.map(entry).collect()))
    }

    /// `GET search/layout?q=Account,Contact`: the columns of the results.
    pub(crate) fn search_layout(&self, call: &Call) -> Result<Answer, Failure> {
        call.only("HEAD,GET")?;
        let names = call.param("q").unwrap_or_default();
        let layout = |name: &str| {
            let index = self.schema.find(name.trim()).filter(|index| self.schema.object(*index).can.searchable);
            let object = self.schema.object(index.ok_or_else(|| super::no_such_object(name.trim()))?);
            let columns = object.fields.iter().filter(|field| Group::Sidebar.holds(field)).map(|field| {
                let full = format!("{}.{}", object.name, field.name);
                json!({"field": full, "format": null, "label": field.label, "name": field.name})
            });
            let columns: Vec<Json> = columns.collect();
            Ok(json!({"label": "Search Results", "limitRows": 25, "objectType": object.name, "searchColumns": columns}))
        };
        Ok(Answer::ok(names.split(',').map(layout).collect::<Result<Json, Failure>>()?))
    }

    /// `GET search/suggestions?q=ac&sobject=Account`: records whose names begin with these letters.
    pub(crate) fn suggestions(&self, call: &Call) -> Result<Answer, Failure> {
        const MOST: usize = 5;
        call.only("HEAD,GET")?;
        let (Some(start), Some(names)) = (call.param("q"), call.param("sobject")) else {
            return Err(ApiError::request("MISSING_ARGUMENT", "q and sobject are required").into());
        };
        if start.chars().count() < 2 {
            return Err(malformed(format!("search term must be longer than one character: {start}")).into());
        }
        let limit = call.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(MOST);
        let start = super::value::fold(start);
        let mut found = Vec::new();
        for name in names.split(',') {
            let index = self.find(name.trim())?;
            let object = self.schema.object(index);
            let Some(field) = object.name_field() else { continue };
            let begins = |row: &&Row| {
                row.values[field].as_text().is_some_and(|text| super::value::fold(text).starts_with(&start))
            };
            let rows = self.store.rows(index).filter(|row| !row.is_deleted()).filter(begins);
            found.extend(rows.take(limit + 1).map(|row| self.some_json(index, row, &[0, field], &call.version)));
        }
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(Answer::ok(json!({"autoSuggestResults": found, "hasMoreResults": more})))
    }
}

fn found_json(records: Vec<Json>, labels: Option<Json>) -> Json {
    let mut body = Map::new();
    body.insert("searchRecords".to_owned(), Json::Array(records));
    if let Some(labels) = labels {
        body.insert("metadata".to_owned(), labels);
    }
    Json::Object(body)
}

/// The words of a field. A phone number is found by its digits alone, too.
fn searched_words(object: &Object, field: usize, value: &Value) -> Vec<Vec<char>> {
    let Some(text) = value.as_text() else {
        return Vec::new();
    };
    let mut all = words(text);
    if object.field(field).kind == FieldType::Phone {
        let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        all.push(digits);
    }
    all
}

/// For tests that feed the parser whatever there is.
pub(super) fn understands(text: &str) -> Result<(), String> {
    parse(text).map(drop).map_err(|error| error.message)
}

impl Plan {
    /// All records of an object, by their ids.
    fn of_ids(object: ObjectIndex) -> Plan {
        use super::soql::{Column, Form, Leaf};
        let id = Column::Field { name: "Id".to_owned(), leaf: Leaf::Field(0), form: Form::Plain };
        Plan { object, output: Output::Rows(vec![id]), limit: Some(OF_ONE_OBJECT), ..Plan::default() }
    }
}
