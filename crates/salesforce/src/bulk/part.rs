//! One job's worth of rows: written as CSV, and found again in the results.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use bytes::Bytes;
use rest_core::{Error, Result};

use super::csv::{ColumnDelimiter, LineEnding, push_cell, push_quoted};
use super::row;

/// How parts are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub(crate) delimiter: ColumnDelimiter,
    pub(crate) line_ending: LineEnding,
    /// The columns, if they are given beforehand; otherwise those that the rows have.
    pub(crate) columns: Option<Vec<String>>,
    /// Rows of a part are sorted by this column.
    pub(crate) sort_by: Option<String>,
    /// Results are told apart by this column alone.
    pub(crate) correlate_by: Option<String>,
    pub(crate) most_bytes: usize,
    pub(crate) most_rows: usize,
}

/// A row in a part.
struct Placed {
    position: u64,
    mark: u128,
    end: usize,
    width: usize,
    sort: Box<str>,
}

/// Rows on their way into a job.
pub(crate) struct Part {
    layout: Layout,
    columns: Vec<Box<str>>,
    by_name: HashMap<Box<str>, usize>,
    data: Vec<u8>,
    rows: Vec<Placed>,
    /// Bytes of the header, and of the delimiters that earlier rows still lack.
    extra: usize,
    cells: Scratch,
}

/// The cells of the row in hand.
#[derive(Default)]
struct Scratch {
    text: String,
    /// For each column the place of its cell; the last of several counts.
    spans: Vec<Option<(usize, usize)>>,
}

/// Whether a row went in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Yes,
    /// The part is full; the row belongs into the next one.
    Full,
}

impl Part {
    pub(crate) fn new(layout: &Layout) -> Self {
        let mut part = Self {
            layout: layout.clone(),
            columns: Vec::new(),
            by_name: HashMap::new(),
            data: Vec::new(),
            rows: Vec::new(),
            extra: 0,
            cells: Scratch::default(),
        };
        for name in layout.columns.iter().flatten() {
            part.column(name);
        }
        part
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a record that is JSON already.
    pub(crate) fn add(&mut self, position: u64, json: &[u8]) -> Result<Added> {
        self.try_add(position, |part| {
            let mut unknown = None;
            row::cells(json, &mut |name, cell| {
                if !part.set(name, cell) {
                    unknown.get_or_insert_with(|| name.to_owned());
                }
            })?;
            match unknown {
                None => Ok(()),
                Some(name) => Err(Error::config(format!("the field {name} is not among the columns that were given"))),
            }
        })
    }

    /// Adds a row as a result showed it.
    pub(crate) fn add_cells<'a>(
        &mut self,
        position: u64,
        cells: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Added> {
        self.try_add(position, |part| {
            for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
                part.set(name, cell);
            }
            Ok(())
        })
    }

    fn try_add(&mut self, position: u64, fill: impl FnOnce(&mut Self) -> Result<()>) -> Result<Added> {
        self.cells.text.clear();
        self.cells.spans.clear();
        let (columns, length, extra) = (self.columns.len(), self.data.len(), self.extra);
        let filled = fill(self);
        let added = filled.and_then(|()| {
            if self.cells.spans.is_empty() {
                return Err(Error::config("the record has no field to write"));
            }
            let (mark, sort) = self.write();
            let size = self.data.len() + self.extra;
            let fits = size <= self.layout.most_bytes && self.rows.len() < self.layout.most_rows;
            if fits {
                let (end, width) = (self.data.len(), self.columns.len());
                self.rows.push(Placed { position, mark, end, width, sort });
                return Ok(Added::Yes);
            }
            if self.rows.is_empty() {
                let most = self.layout.most_bytes;
                return Err(Error::config(format!("the record takes {size} bytes, and a job may take {most}")));
            }
            Ok(Added::Full)
        });
        if !matches!(added, Ok(Added::Yes)) {
            self.data.truncate(length);
            self.extra = extra;
            for name in self.columns.drain(columns..) {
                self.by_name.remove(&name);
            }
        }
        added
    }

    /// The column of this name; a new one if columns may be added.
    fn column(&mut self, name: &str) -> usize {
        if let Some(column) = self.by_name.get(name) {
            return *column;
        }
        let column = self.columns.len();
        self.columns.push(name.into());
        self.by_name.insert(name.into(), column);
        self.extra += name.len() + 3 + self.rows.len();
        column
    }

    fn set(&mut self, name: &str, cell: &str) -> bool {
        if self.layout.columns.is_some() && !self.by_name.contains_key(name) {
            return false;
        }
        let column = self.column(name);
        let start = self.cells.text.len();
        self.cells.text.push_str(cell);
        if self.cells.spans.len() <= column {
            self.cells.spans.resize(column + 1, None);
        }
        if let Some(span) = self.cells.spans.get_mut(column) {
            *span = Some((start, self.cells.text.len()));
        }
        true
    }

    /// Writes the row in hand and gives its mark and what it sorts by.
    fn write(&mut self) -> (u128, Box<str>) {
        let delimiter = self.layout.delimiter.byte();
        let mut mark = Mark::default();
        let mut sort: Box<str> = "".into();
        for (column, name) in self.columns.iter().enumerate() {
            if column > 0 {
                self.data.push(delimiter);
            }
            let span = self.cells.spans.get(column).copied().flatten();
            let cell = span.and_then(|(start, end)| self.cells.text.get(start..end)).unwrap_or_default();
            if self.columns.len() == 1 {
                push_quoted(&mut self.data, cell.as_bytes());
            } else {
                push_cell(&mut self.data, cell, delimiter);
            }
            if self.layout.correlate_by.as_deref().is_none_or(|only| only == &**name) {
                mark.add(name, cell);
            }
            if self.layout.sort_by.as_deref() == Some(name) {
                sort = cell.into();
            }
        }
        self.data.extend_from_slice(self.layout.line_ending.bytes());
        (mark.0, sort)
    }

    /// The CSV, and what its results are found by.
    pub(crate) fn finish(mut self) -> (Bytes, Index) {
        let index = Index::new(&self.rows, self.layout.correlate_by.clone());
        let mut out = Vec::new();
        let delimiter = self.layout.delimiter.byte();
        for (column, name) in self.columns.iter().enumerate() {
            if column > 0 {
                out.push(delimiter);
            }
            push_cell(&mut out, name, delimiter);
        }
        let ending = self.layout.line_ending.bytes();
        out.extend_from_slice(ending);
        let width = self.columns.len();
        let in_place = self.layout.sort_by.is_none() && self.rows.iter().all(|row| row.width == width);
        if in_place {
            // The common case copies nothing but the header.
            self.data.splice(0..0, out);
            return (self.data.into(), index);
        }
        let starts = std::iter::once(0).chain(self.rows.iter().map(|row| row.end));
        let mut order: Vec<(usize, &Placed)> = starts.zip(&self.rows).collect();
        order.sort_by(|(_, left), (_, right)| left.sort.cmp(&right.sort));
        out.reserve(self.data.len() + self.extra);
        for (start, row) in order {
            let line = self.data.get(start..row.end.saturating_sub(ending.len())).unwrap_or_default();
            out.extend_from_slice(line);
            out.extend(std::iter::repeat_n(delimiter, width - row.width));
            out.extend_from_slice(ending);
        }
        (out.into(), index)
    }
}

/// A digest of a row's cells that does not depend on their order, nor on cells that are empty.
#[derive(Default)]
struct Mark(u128);

impl Mark {
    fn add(&mut self, name: &str, cell: &str) {
        if cell.is_empty() {
            return;
        }
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, name, cell).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        self.0 = self.0.wrapping_add(half(1) << 64 | half(2));
    }
}

/// The rows of a job by their marks: results come in any order and show nothing but the cells that were sent.
///
/// Rows that are alike in every cell share a mark; their results are given to them in turn, and since nothing tells
/// such rows apart, that is as right as any other way.
pub(crate) struct Index {
    rows: Vec<(u128, u64)>,
    /// How many of the rows with one mark were found, at the place of the first of them.
    found: HashMap<usize, usize>,
    left: usize,
    only: Option<String>,
}

impl Index {
    fn new(rows: &[Placed], only: Option<String>) -> Self {
        let mut rows: Vec<(u128, u64)> = rows.iter().map(|row| (row.mark, row.position)).collect();
        rows.sort_unstable();
        Self { left: rows.len(), rows, found: HashMap::new(), only }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The position of a row that was sent with these cells and has no result yet.
    pub(crate) fn take<'a>(&mut self, cells: impl Iterator<Item = (&'a str, &'a str)>) -> Option<u64> {
        let mut mark = Mark::default();
        for (name, cell) in cells.filter(|(name, _)| self.only.as_deref().is_none_or(|only| only == *name)) {
            mark.add(name, cell);
        }
        let first = self.rows.partition_point(|(known, _)| *known < mark.0);
        let found = self.found.get(&first).copied().unwrap_or(0);
        let (known, position) = self.rows.get(first + found)?;
        if *known != mark.0 {
            return None;
        }
        self.found.insert(first, found + 1);
        self.left -= 1;
        Some(*position)
    }

    /// The positions of the rows without a result.
    pub(crate) fn rest(&self) -> Vec<u64> {
        let mut rest = Vec::with_capacity(self.left);
        let mut first = 0;
        while let Some((mark, _)) = self.rows.get(first) {
            let group =
                self.rows.get(first..).unwrap_or_default().iter().take_while(|(known, _)| known == mark).count();
            let found = self.found.get(&first).copied().unwrap_or(0);
            rest.extend(
                self.rows.get(first + found..first + group).unwrap_or_default().iter().map(|(_, position)| *position),
            );
            first += group;
        }
        rest.sort_unstable();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::parse_results;
    use proptest::prelude::*;

    fn layout() -> Layout {
        Layout { most_bytes: 1 << 20, most_rows: 1000, ..Layout::default() }
    }

    fn part(layout: &Layout, rows: &[&str]) -> (String, Index) {
        let mut part = Part::new(layout);
        for (position, row) in (0..).zip(rows) {
            assert_eq!(part.add(position, row.as_bytes()).unwrap(), Added::Yes);
        }
        let (bytes, index) = part.finish();
        (String::from_utf8(bytes.to_vec()).unwrap(), index)
    }

    #[test]
    fn columns_are_those_of_all_rows() {
        let (csv, _) = part(&layout(), &[r#"{"A":"1"}"#, r#"{"B":"2","A":null}"#, r#"{"C":"x,y"}"#]);
        assert_eq!(csv, "A,B,C\n\"1\",,\n#N/A,2,\n,,\"x,y\"\n");
        let (csv, _) = part(&layout(), &[r#"{"A":"1"}"#, r#"{"A":"2"}"#]);
        assert_eq!(csv, "A\n\"1\"\n\"2\"\n");
    }

    #[test]
    fn columns_that_were_given_are_kept_to() {
        let layout = Layout { columns: Some(vec!["B".into(), "A".into()]), line_ending: LineEnding::Crlf, ..layout() };
        let mut part = Part::new(&layout);
        part.add(0, br#"{"A":"1"}"#).unwrap();
        assert!(part.add(1, br#"{"C":"1"}"#).unwrap_err().to_string().contains("field C"));
        assert_eq!(part.finish().0, "B,A\r\n,1\r\n");
    }

    #[test]
    fn rows_sort_by_their_parent() {
        let layout = Layout { sort_by: Some("P".into()), ..layout() };
        let (csv, mut index) = part(&layout, &[r#"{"N":"1","P":"b"}"#, r#"{"N":"2","P":"a"}"#, r#"{"N":"3","P":"b"}"#]);
        assert_eq!(csv, "N,P\n2,a\n1,b\n3,b\n");
        assert_eq!(index.take([("P", "b"), ("N", "3")].into_iter()), Some(2));
    }

    #[test]
    fn a_full_part_takes_no_row_and_no_column_of_it() {
        let layout = Layout { most_rows: 1, ..layout() };
        let mut part = Part::new(&layout);
        assert_eq!(part.add(0, br#"{"A":"1"}"#).unwrap(), Added::Yes);
        assert_eq!(part.add(1, br#"{"B":"1"}"#).unwrap(), Added::Full);
        assert_eq!(part.finish().0, "A\n\"1\"\n");
        let small = Layout { most_bytes: 10, ..self::layout() };
        let error = Part::new(&small).add(0, br#"{"A":"a long text"}"#).unwrap_err();
        assert!(error.to_string().contains("a job may take 10"), "{error}");
    }

    #[test]
    fn alike_rows_each_get_one_result() {
        let (_, mut index) = part(&layout(), &[r#"{"A":"x","B":null}"#, r#"{"A":"y"}"#, r#"{"A":"x","B":null}"#]);
        let x = || [("B", "#N/A"), ("A", "x")].into_iter();
        assert_eq!((index.take(x()), index.take(x()), index.take(x())), (Some(0), Some(2), None));
        assert_eq!(index.take([("A", "x"), ("B", "")].into_iter()), None, "left alone is not emptied");
        assert_eq!((index.left, index.rest()), (1, vec![1]));
        let by_key = Layout { correlate_by: Some("K".into()), ..layout() };
        let (_, mut index) = part(&by_key, &[r#"{"K":"1","A":"x"}"#, r#"{"K":"2","A":"x"}"#]);
        assert_eq!(index.take([("K", "2"), ("A", "changed by the server")].into_iter()), Some(1));
    }

    proptest! {
        #[test]
        fn every_row_is_found_again_in_any_order(
            rows in prop::collection::vec(prop::collection::btree_map("[A-D]", "[a-c,\"\n ]{0,3}", 1..4), 0..40),
            turn in 0usize..40,
        ) {
            let mut part = Part::new(&layout());
            for (position, row) in (0..).zip(&rows) {
                part.add(position, &serde_json::to_vec(row).unwrap()).unwrap();
            }
            let (bytes, mut index) = part.finish();
            let mut records = parse_results(&bytes, ColumnDelimiter::Comma).unwrap();
            if !records.is_empty() {
                let by = turn % records.len();
                records.rotate_left(by);
            }
            let mut found: Vec<u64> = Vec::new();
            for record in &records {
                let position = index.take(record.iter()).unwrap();
                let row = &rows[usize::try_from(position).unwrap()];
                for (name, cell) in record.iter() {
                    let sent = row.get(name).map_or("", |cell| if cell.is_empty() { "#N/A" } else { cell });
                    prop_assert_eq!(cell, sent);
                }
                found.push(position);
            }
            found.extend(index.rest());
            found.sort_unstable();
            prop_assert_eq!(found, (0..u64::try_from(rows.len()).unwrap()).collect::<Vec<_>>());
        }
    }
}
