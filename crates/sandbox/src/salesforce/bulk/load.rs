//! The rows of an upload, written one by one under the same checks as any other write.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::csv::{Dialect, Records};
use crate::salesforce::coerce::{Refusal, coerce};
use crate::salesforce::errors::{ApiError, Failure};
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;
use crate::salesforce::schema::{FieldIndex, FieldType, Object, ObjectIndex};
use crate::salesforce::write::Fields;

/// Records of one batch.
const BATCH: usize = 10_000;
/// Records that are saved together within a batch.
const CHUNK: usize = 200;
/// Fields of a record, and characters of a record and of a field.
const MAX_FIELDS: usize = 5_000;
const MAX_RECORD: usize = 400_000;
const MAX_FIELD: usize = 131_072;

/// What is done with the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
}

/// One row of an upload and what became of it: its id and whether it is new, or its id (if it has one) and why it was
/// refused; nothing while it was not looked at.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) cells: Vec<Box<str>>,
    pub(super) outcome: Option<Result<(SfId, bool), (String, String)>>,
}

/// What became of an upload.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) columns: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) batches: usize,
    /// Why the job failed as a whole.
    pub(super) error: Option<String>,
}

impl Loaded {
    pub(super) fn failed(error: impl Into<String>) -> Loaded {
        Loaded { error: Some(error.into()), ..Loaded::default() }
    }
}

/// What a column of the upload means.
#[derive(Debug)]
enum Column {
    Id,
    Field(FieldIndex),
    /// A parent by a key: the relationship, the object if named, and the key's field.
    Parent {
        relationship: String,
        object: Option<String>,
        field: String,
    },
}

/// How a job's rows are to be written.
struct Plan {
    object: ObjectIndex,
    operation: Operation,
    key: Option<FieldIndex>,
    columns: Vec<Column>,
}

impl Org {
    /// Reads an upload and writes its rows.
    pub(super) fn load(
        &mut self,
        object: &str,
        operation: Operation,
        key: Option<&str>,
        upload: &[u8],
        dialect: Dialect,
    ) -> Loaded {
        let Ok(text) = std::str::from_utf8(upload) else {
            return Loaded::failed("InvalidBatch : Failed to parse CSV. The data is not UTF-8");
        };
        let mut records = Records::new(text, dialect);
        let header = match records.next() {
            None => return Loaded::default(),
            Some(Err(error)) => return Loaded::failed(error),
            Some(Ok(header)) => header,
        };
        let columns: Vec<String> = header.into_iter().map(|name| name.trim().to_owned()).collect();
        let Some(object) = self.schema.find(object) else {
            return Loaded::failed("InvalidBatch : the object is gone");
        };
        let mut lines = Vec::new();
        let mut error = None;
        for record in records {
            match record.and_then(|cells| checked(cells, columns.len())) {
                Ok(Some(cells)) => lines.push(Line { cells, outcome: None }),
                Ok(None) => {}
                Err(broken) => {
                    error = Some(broken);
                    break;
                }
            }
        }
        let plan = match (error, self.plan(object, operation, key, &columns)) {
            (Some(error), _) | (None, Err(error)) => {
                return Loaded { columns, lines, batches: 1, error: Some(error) };
            }
            (None, Ok(plan)) => plan,
        };
        let died = self.write_lines(&plan, &mut lines);
        let batches = lines.len().div_ceil(BATCH).max(1);
        Loaded { columns, lines, batches, error: died }
    }

    /// What the columns mean, or why the upload cannot be run.
    fn plan(
        &self,
        object: ObjectIndex,
        operation: Operation,
        key: Option<&str>,
        header: &[String],
    ) -> Result<Plan, String> {
        let definition = self.schema.object(object);
        if header.len() > MAX_FIELDS {
            return Err(format!("InvalidBatch : Too many fields: {}; {MAX_FIELDS} are allowed", header.len()));
        }
        let deletes = matches!(operation, Operation::Delete | Operation::HardDelete);
        if deletes && !matches!(header, [only] if only.eq_ignore_ascii_case("Id")) {
            return Err("InvalidBatch : The 'delete' batch must contain only ids".to_owned());
        }
        let mut seen = BTreeSet::new();
        let mut columns = Vec::with_capacity(header.len());
        for name in header {
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(format!("InvalidBatch : Duplicate column in the header : {name}"));
            }
            columns
                .push(column(definition, name).ok_or_else(|| format!("InvalidBatch : Field name not found : {name}"))?);
        }
        let key = key.and_then(|key| definition.find(key));
        Ok(Plan { object, operation, key, columns })
    }

    /// Writes the rows in chunks; the reason if the job died on the way.
    fn write_lines(&mut self, plan: &Plan, lines: &mut [Line]) -> Option<String> {
        let every = self.quirks.bulk_lock_every;
        let locks = self.parent_locks(plan, lines);
        let fatal = self.quirks.bulk_fail_after_rows;
        let mut place = 0;
        for chunk in lines.chunks_mut(CHUNK) {
            let repeated = repeated_keys(self, plan, chunk);
            for line in chunk {
                if fatal > 0 && place >= fatal {
                    return Some(
                        "InternalServerError : The batch could not be processed. Please contact support".to_owned(),
                    );
                }
                place += 1;
                let locked = (every > 0 && place % every == 0) || locks.contains(&(place - 1));
                let result = if locked {
                    Err((String::new(), locked_row()))
                } else {
                    self.write_line(plan, &line.cells, &repeated)
                };
                line.outcome = Some(result.map_err(|(id, failure)| (id, describe(&failure))));
            }
        }
        None
    }

    /// With parents that rows of several batches share, a batch that runs beside the first is locked out.
    fn parent_locks(&self, plan: &Plan, lines: &[Line]) -> BTreeSet<usize> {
        let size = self.quirks.bulk_batch_rows;
        let definition = self.schema.object(plan.object);
        let parent = plan.columns.iter().position(
            |column| matches!(column, Column::Field(field) if definition.field(*field).kind == FieldType::Reference),
        );
        let (Some(parent), true) = (parent.filter(|_| self.quirks.bulk_parent_locks), size > 0) else {
            return BTreeSet::new();
        };
        let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
        let mut locked = BTreeSet::new();
        for (place, line) in lines.iter().enumerate() {
            let Some(value) = line.cells.get(parent).filter(|value| !value.is_empty()) else { continue };
            let holder = *holders.entry(value).or_insert(place / size);
            if holder != place / size {
                locked.insert(place);
            }
        }
        locked
    }

    fn write_line(
        &mut self,
        plan: &Plan,
        cells: &[Box<str>],
        repeated: &BTreeSet<String>,
    ) -> Result<(SfId, bool), (String, Failure)> {
        let (id, fields) = match self.fields_of(plan, cells) {
            Ok(read) => read,
            Err(failure) => return Err((String::new(), failure)),
        };
        let author = self.caller();
        let object = plan.object;
        let shown = id.clone().unwrap_or_default();
        let part = self.savepoint();
        let result = match plan.operation {
            Operation::Insert => self.create(object, &fields, author).map(|id| (id, true)),
            Operation::Upsert => self.upsert_line(plan, id, fields, repeated),
            operation => self.id_in(object, id).map_err(Failure::from).and_then(|id| {
                self.known(object, id)?;
                match operation {
                    Operation::Update => self.update(object, id, &fields, author)?,
                    Operation::Delete => self.delete(object, id, author)?,
                    _ => self.purge(object, id, author)?,
                }
                Ok((id, false))
            }),
        };
        match result {
            Ok(done) => {
                self.keep(part);
                Ok(done)
            }
            Err(failure) => {
                self.undo(part);
                Err((shown, failure))
            }
        }
    }

    fn upsert_line(
        &mut self,
        plan: &Plan,
        id: Option<String>,
        mut fields: Fields,
        repeated: &BTreeSet<String>,
    ) -> Result<(SfId, bool), Failure> {
        let Some(key) = plan.key else {
            return Err(ApiError::record("MISSING_ARGUMENT", "no external id field", &[]).into());
        };
        let field = self.schema.object(plan.object).field(key);
        if field.kind == FieldType::Id {
            if let Some(id) = id {
                fields.insert("Id".to_owned(), Json::String(id));
            }
        } else if let Some(value) = fields.get(field.name).and_then(Json::as_str)
            && repeated.contains(&value.trim().to_lowercase())
        {
            let message = format!("Duplicate external id specified: {value}");
            return Err(ApiError::record("DUPLICATE_VALUE", message, &[field.name]).into());
        }
        let outcome = self.upsert_one(plan.object, key, fields);
        outcome.result?;
        match (outcome.id, outcome.created) {
            (Some(id), created) => Ok((id, created == Some(true))),
            (None, _) => Err(ApiError::record("UNKNOWN_EXCEPTION", "the row has no id", &[]).into()),
        }
    }

    /// The fields that a row writes: an empty cell is passed over, `#N/A` is null.
    fn fields_of(&self, plan: &Plan, cells: &[Box<str>]) -> Result<(Option<String>, Fields), Failure> {
        let definition = self.schema.object(plan.object);
        let mut fields = Fields::new();
        let mut id = None;
        let mut refused = Vec::new();
        for (column, cell) in plan.columns.iter().zip(cells) {
            if cell.is_empty() {
                continue;
            }
            let value = if &**cell == "#N/A" { Json::Null } else { Json::from(&**cell) };
            match column {
                Column::Id if plan.operation == Operation::Insert => drop(fields.insert("Id".to_owned(), value)),
                Column::Id => id = Some(cell.to_string()),
                Column::Field(index) => {
                    let field = definition.field(*index);
                    let value = match (field.kind, &**cell) {
                        (FieldType::Boolean, "1") => json!(true),
                        (FieldType::Boolean, "0") => json!(false),
                        _ => value,
                    };
                    if let Err(Refusal::Unreadable(_)) = coerce(field, &value, &self.quirks) {
                        let message = format!("{}: value not of required type: {cell}", field.label);
                        refused.push(ApiError::record("INVALID_TYPE_ON_FIELD_IN_RECORD", message, &[field.name]));
                    }
                    fields.insert(field.name.to_owned(), value);
                }
                Column::Parent { relationship, .. } if value.is_null() => {
                    fields.insert(relationship.clone(), Json::Null);
                }
                Column::Parent { relationship, object, field } => {
                    let mut parent = Fields::new();
                    if let Some(object) = object {
                        parent.insert("attributes".to_owned(), json!({"type": object}));
                    }
                    parent.insert(field.clone(), value);
                    fields.insert(relationship.clone(), Json::Object(parent));
                }
            }
        }
        if refused.is_empty() { Ok((id, fields)) } else { Err(Failure(refused)) }
    }
}

/// The keys that occur more than once among rows that are saved together.
fn repeated_keys(org: &Org, plan: &Plan, chunk: &[Line]) -> BTreeSet<String> {
    let Some(key) = plan.key.filter(|_| plan.operation == Operation::Upsert) else {
        return BTreeSet::new();
    };
    let place = plan.columns.iter().position(|column| matches!(column, Column::Field(field) if *field == key));
    let Some(place) = place.filter(|_| org.schema.object(plan.object).field(key).kind != FieldType::Id) else {
        return BTreeSet::new();
    };
    let mut seen = BTreeSet::new();
    let keys = chunk.iter().filter_map(|line| line.cells.get(place)).map(|key| key.trim().to_lowercase());
    keys.filter(|key| !key.is_empty()).filter(|key| !seen.insert(key.clone())).collect()
}

/// A record that fits the header and the limits; `None` for an empty line.
fn checked(cells: Vec<Cow<'_, str>>, columns: usize) -> Result<Option<Vec<Box<str>>>, String> {
    if columns > 1 && matches!(cells.as_slice(), [only] if only.is_empty()) {
        return Ok(None);
    }
    if cells.len() != columns {
        return Err(format!(
            "InvalidBatch : Failed to parse CSV. A record has {} fields, and the header has {columns}",
            cells.len()
        ));
    }
    let length: usize = cells.iter().map(|cell| cell.chars().count()).sum();
    if length > MAX_RECORD || cells.iter().any(|cell| cell.chars().count() > MAX_FIELD) {
        return Err(
            "InvalidBatch : Failed to parse CSV. A record or field exceeds the maximum number of characters".to_owned()
        );
    }
    Ok(Some(cells.into_iter().map(|cell| cell.into_owned().into_boxed_str()).collect()))
}

/// `Name`, `Account.Ext__c`, and `User:Owner.Username` where the relationship can lead to several objects. The parts
/// around the colon are taken in either order.
fn column(object: &Object, name: &str) -> Option<Column> {
    if name.eq_ignore_ascii_case("Id") {
        return Some(Column::Id);
    }
    let Some((path, field)) = name.rsplit_once('.') else {
        let index = object.find(name)?;
        return (object.field(index).kind != FieldType::Address).then_some(Column::Field(index));
    };
    let parent = |relationship: &str, target: Option<&str>| {
        object.find_relationship(relationship)?;
        Some(Column::Parent {
            relationship: relationship.to_owned(),
            object: target.map(str::to_owned),
            field: field.to_owned(),
        })
    };
    match path.split_once(':') {
        Some((left, right)) => parent(right, Some(left)).or_else(|| parent(left, Some(right))),
        None => parent(path, None),
    }
}

fn locked_row() -> Failure {
    ApiError::record("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", &[]).into()
}

/// `CODE:message:fields --`, several joined by `;`.
fn describe(failure: &Failure) -> String {
    let one = |error: &ApiError| {
        let fields = error.fields.as_deref().unwrap_or_default().join(", ");
        format!("{}:{}:{fields} --", error.code, error.message)
    };
    failure.0.iter().map(one).collect::<Vec<_>>().join(";")
}
