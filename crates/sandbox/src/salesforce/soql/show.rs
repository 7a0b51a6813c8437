//! Rows as a query saw them, and as JSON.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::salesforce::ids::SfId;
use crate::salesforce::read::{attributes, field_json};
use crate::salesforce::schema::{Object, ObjectIndex, Schema};
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

use super::plan::{Column, Form, Grouping, Leaf, Plan};

/// A row with what it shows of its parents and children, as all of them were when the query ran.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    pub(crate) row: Arc<Row>,
    /// One entry per column that shows other rows, in the order of the columns.
    pub(crate) related: Box<[Related]>,
}

/// Other rows that a row shows.
#[derive(Debug, Clone)]
pub(crate) enum Related {
    /// `None`: there is no parent, or nothing of it is shown.
    Parent(Option<Box<(ObjectIndex, Frozen)>>),
    Children(ChildSet),
}

/// The child rows of one row.
#[derive(Debug, Clone)]
pub(crate) struct ChildSet {
    pub(crate) rows: Arc<Vec<Frozen>>,
    /// Where the rows are read on that do not fit the page: the cursor, and where its second page starts.
    pub(crate) rest: Option<(SfId, usize)>,
}

impl ChildSet {
    pub(super) fn new(rows: Vec<Frozen>) -> ChildSet {
        ChildSet { rows: Arc::new(rows), rest: None }
    }

    fn shown(&self) -> &[Frozen] {
        let end = self.rest.map_or(self.rows.len(), |(_, next)| next);
        self.rows.get(..end).unwrap_or_default()
    }
}

/// Opens a cursor over child rows: its id, and where its second page starts.
pub(crate) type OpenCursor<'o> = &'o mut dyn FnMut(Arc<Vec<Frozen>>, &Arc<Plan>) -> Option<(SfId, usize)>;

impl Frozen {
    /// How much the row counts in a page: itself and the child rows that come with it.
    pub(crate) fn weight(&self) -> usize {
        let children = self.related.iter().map(|related| match related {
            Related::Parent(_) => 0,
            Related::Children(set) => set.shown().iter().map(Frozen::weight).sum(),
        });
        1 + children.sum::<usize>()
    }

    /// Gives every set of children that has more rows than a page its own cursor, by `open`.
    pub(crate) fn cut_children(&mut self, columns: &[Column], page: usize, open: OpenCursor<'_>) {
        let showing = columns.iter().filter(|column| !matches!(column, Column::Field { .. }));
        for (column, related) in showing.zip(&mut self.related) {
            let (Column::Children { plan, .. }, Related::Children(set)) = (column, related) else {
                continue;
            };
            if let Some(rows) = Arc::get_mut(&mut set.rows) {
                rows.iter_mut().for_each(|row| row.cut_children(plan.columns(), page, open));
            }
            if set.rows.len() > page {
                set.rest = open(Arc::clone(&set.rows), plan);
            }
        }
    }
}

/// Writes what was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) schema: &'a Schema,
    /// `v59.0`, for the URLs of rows and further pages.
    pub(crate) version: &'a str,
}

impl Shown<'_> {
    /// A page of rows.
    pub(crate) fn page(&self, rows: Vec<Json>, total: usize, next: Option<(SfId, usize)>) -> Json {
        let mut body = Map::new();
        body.insert("totalSize".to_owned(), json!(total));
        body.insert("done".to_owned(), json!(next.is_none()));
        if let Some((cursor, next)) = next {
            let url = format!("/services/data/{}/query/{cursor}-{next}", self.version);
            body.insert("nextRecordsUrl".to_owned(), Json::String(url));
        }
        body.insert("records".to_owned(), Json::Array(rows));
        Json::Object(body)
    }

    /// A row of `object` with the columns of a plan.
    pub(crate) fn row(&self, object: ObjectIndex, frozen: &Frozen, columns: &[Column]) -> Json {
        let definition = self.schema.object(object);
        let mut record = Map::with_capacity(columns.len() + 1);
        record.insert("attributes".to_owned(), attributes(definition, frozen.row.id, self.version));
        let mut related = frozen.related.iter();
        for column in columns {
            let value = match column {
                Column::Field { leaf, form, .. } => leaf_json(definition, &frozen.row, leaf, *form, self.version),
                Column::Parent { .. } | Column::TypeOf { .. } | Column::Children { .. } => {
                    related.next().map_or(Json::Null, |related| self.related(column, related))
                }
            };
            record.insert(column.name().to_owned(), value);
        }
        Json::Object(record)
    }

    fn related(&self, column: &Column, related: &Related) -> Json {
        match (column, related) {
            (_, Related::Parent(None)) => Json::Null,
            (_, Related::Parent(Some(parent))) => {
                let (index, row) = &**parent;
                self.row(*index, row, column.of_parent(*index).unwrap_or_default())
            }
            (Column::Children { plan, .. }, Related::Children(set)) if !set.rows.is_empty() => {
                let rows = set.shown().iter().map(|row| self.row(plan.object, row, plan.columns()));
                self.page(rows.collect(), set.rows.len(), set.rest)
            }
            (_, Related::Children(_)) => Json::Null,
        }
    }

    /// A group of rows.
    pub(crate) fn group(grouping: &Grouping, values: &[Value]) -> Json {
        let mut record = Map::new();
        record.insert("attributes".to_owned(), json!({"type": "AggregateResult"}));
        for column in &grouping.columns {
            let value = values.get(column.slot).map_or(Json::Null, Value::to_json);
            record.insert(column.name.clone(), labelled(value, column.form));
        }
        Json::Object(record)
    }

    /// The cells of a row without nested columns: parents' fields stand beside the row's own.
    pub(crate) fn cells(&self, object: ObjectIndex, frozen: &Frozen, columns: &[Column], cells: &mut Vec<Json>) {
        let definition = self.schema.object(object);
        let mut related = frozen.related.iter();
        for column in columns {
            match column {
                Column::Field { leaf, form, .. } => {
                    cells.push(leaf_json(definition, &frozen.row, leaf, *form, self.version));
                }
                Column::TypeOf { .. } | Column::Children { .. } => drop(related.next()),
                Column::Parent { columns, .. } => match related.next() {
                    Some(Related::Parent(Some(parent))) => self.cells(parent.0, &parent.1, columns, cells),
                    _ => cells.extend(std::iter::repeat_n(Json::Null, leaves(columns))),
                },
            }
        }
    }
}

/// How many cells columns have.
fn leaves(columns: &[Column]) -> usize {
    let cells = columns.iter().map(|column| match column {
        Column::Field { .. } => 1,
        Column::Parent { columns, .. } => leaves(columns),
        Column::TypeOf { .. } | Column::Children { .. } => 0,
    });
    cells.sum()
}

fn leaf_json(object: &Object, row: &Row, leaf: &Leaf, form: Form, version: &str) -> Json {
    let plain = match leaf {
        Leaf::Field(field) => field_json(object, row, *field, version),
        Leaf::Named("Type") => Json::from(object.name),
        Leaf::Named(name) => object.find(name).map_or(Json::Null, |field| field_json(object, row, field, version)),
    };
    labelled(plain, form)
}

fn labelled(plain: Json, form: Form) -> Json {
    match (form, plain) {
        (Form::Plain, plain) => plain,
        (Form::Label(values), Json::String(text)) => {
            // A multi-select picklist holds several values.
            let label = |text: &str| {
                values.iter().find(|entry| entry.value == text).map_or(text, |entry| entry.label).to_owned()
            };
            Json::String(text.split(';').map(label).collect::<Vec<_>>().join(";"))
        }
        (Form::Text, Json::Number(number)) => Json::String(number.to_string()),
        (_, plain) => plain,
    }
}
