//! The one place that reads and writes the CSV of bulk jobs.

use std::fmt;
use std::sync::Arc;

use rest_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::de;
use crate::VENDOR;

/// The largest record that is read: 5,000 fields of ordinary length, or some of the longest.
const LARGEST_RECORD: usize = 16 << 20;

/// What parts the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum ColumnDelimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`
    Semicolon,
    /// A tab character.
    Tab,
    /// `|`
    Pipe,
    /// `^`
    Caret,
    /// `` ` ``
    Backquote,
}

impl ColumnDelimiter {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
            Self::Caret => b'^',
            Self::Backquote => b'`',
        }
    }
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum LineEnding {
    /// A line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    Crlf,
}

impl LineEnding {
    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

/// Appends a cell, in quotes where it needs them: also around blanks at its ends, which some readers cut off.
pub(crate) fn push_cell(out: &mut Vec<u8>, cell: &str, delimiter: u8) {
    let bytes = cell.as_bytes();
    let special = |byte: &u8| *byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r');
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    if !bytes.iter().any(special) && !edge(bytes.first()) && !edge(bytes.last()) {
        out.extend_from_slice(bytes);
        return;
    }
    push_quoted(out, bytes);
}

/// Appends a cell in quotes.
pub(crate) fn push_quoted(out: &mut Vec<u8>, mut bytes: &[u8]) {
    out.push(b'"');
    while let Some(at) = bytes.iter().position(|byte| *byte == b'"') {
        let (before, rest) = bytes.split_at(at + 1);
        out.extend_from_slice(before);
        out.push(b'"');
        bytes = rest;
    }
    out.extend_from_slice(bytes);
    out.push(b'"');
}

/// The names of the columns of an answer.
#[derive(Debug)]
pub(crate) struct Header {
    names: Vec<Box<str>>,
    pub(crate) tree: Vec<Node>,
}

/// A column, or a parent with the columns of its fields.
#[derive(Debug)]
pub(crate) enum Node {
    Cell { name: Box<str>, column: usize },
    Parent { name: Box<str>, nodes: Vec<Node> },
}

impl Node {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Cell { name, .. } | Self::Parent { name, .. } => name,
        }
    }
}

impl Header {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<Box<str>> = names.map(Into::into).collect();
        let mut tree = Vec::new();
        for (column, name) in names.iter().enumerate() {
            plant(&mut tree, name, column, DEEPEST_PARENT);
        }
        Self { names, tree }
    }
}

/// Queries reach five parents up; what has more dots is no path, and is kept as one name.
const DEEPEST_PARENT: usize = 16;

fn plant(nodes: &mut Vec<Node>, path: &str, column: usize, deeper: usize) {
    let Some((parent, rest)) = path.split_once('.').filter(|_| deeper > 0) else {
        nodes.push(Node::Cell { name: path.into(), column });
        return;
    };
    let known = nodes.iter_mut().find_map(|node| match node {
        Node::Parent { name, nodes } if **name == *parent => Some(nodes),
        _ => None,
    });
    match known {
        Some(nodes) => plant(nodes, rest, column, deeper - 1),
        None => {
            let mut inner = Vec::new();
            plant(&mut inner, rest, column, deeper - 1);
            nodes.push(Node::Parent { name: parent.into(), nodes: inner });
        }
    }
}

/// A record in the reader's own memory.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) header: &'a Arc<Header>,
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    pub(crate) fn cell(&self, column: usize) -> &'a str {
        let start = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(column).copied().unwrap_or(start);
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.header.names.iter().enumerate().map(move |(column, name)| (&**name, self.cell(column)))
    }

    pub(crate) fn to_record(self) -> Record {
        Record { header: Arc::clone(self.header), text: self.text.into(), ends: self.ends.into() }
    }

    pub(crate) fn decode<T: DeserializeOwned>(self) -> Result<T> {
        de::from_cells(self).map_err(|error| broken(format!("a record cannot be read: {error}")))
    }
}

/// [`Cells::to_record`] for any lifetime, which is what downloads take.
pub(crate) fn record(cells: Cells<'_>) -> Record {
    cells.to_record()
}

/// [`Cells::decode`] for any lifetime.
pub(crate) fn decoded<T: DeserializeOwned>(cells: Cells<'_>) -> Result<T> {
    cells.decode()
}

/// One line of an answer. `Debug` shows the names of the columns only.
#[derive(Clone)]
pub struct Record {
    header: Arc<Header>,
    text: Box<str>,
    ends: Box<[usize]>,
}

impl Record {
    fn cells(&self) -> Cells<'_> {
        Cells { header: &self.header, text: &self.text, ends: &self.ends }
    }

    /// The cell under a column's name. An empty cell is empty or null: the API does not tell them apart.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let column = self.header.names.iter().position(|known| **known == *name)?;
        Some(self.cells().cell(column))
    }

    /// Names and cells, in the order of the answer.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells().iter()
    }

    /// The record as a type: columns by name, `Account.Name` as the field `Name` of `Account`, an empty cell as `None`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the column's name.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        self.cells().decode()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Record").field(&self.header.names).finish()
    }
}

fn broken(message: String) -> Error {
    Error::new(ErrorKind::Decode, "bulk.results").with_vendor(VENDOR).with_message(message)
}

/// Reads an answer as its bytes come in, however they are cut.
pub(crate) struct Reader {
    core: csv_core::Reader,
    header: Option<Arc<Header>>,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    ended: usize,
    /// An answer that ends within quotes was cut off.
    in_quotes: bool,
    records: u64,
}

impl Reader {
    pub(crate) fn new(delimiter: ColumnDelimiter) -> Self {
        Self {
            core: csv_core::ReaderBuilder::new().delimiter(delimiter.byte()).build(),
            header: None,
            text: vec![0; 4096],
            ends: vec![0; 64],
            filled: 0,
            ended: 0,
            in_quotes: false,
            records: 0,
        }
    }

    /// How many records came so far, without the header.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Cells<'_>)) -> Result<()> {
        self.in_quotes ^= bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        while !bytes.is_empty() {
            bytes = self.step(bytes, each)?.0;
        }
        Ok(())
    }

    /// Ends the answer; the last line may lack its end.
    pub(crate) fn finish(&mut self, each: &mut impl FnMut(Cells<'_>)) -> Result<()> {
        if self.in_quotes {
            return Err(broken("the answer ends in the middle of a cell".to_owned()));
        }
        while !self.step(&[], each)?.1 {}
        Ok(())
    }

    /// One step: the bytes that are left, and whether the input is over.
    fn step<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Cells<'_>)) -> Result<(&'b [u8], bool)> {
        use csv_core::ReadRecordResult::{End, InputEmpty, OutputEndsFull, OutputFull, Record};
        let text = self.text.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
        let (result, read, written, ended) = self.core.read_record(bytes, text, ends);
        self.filled += written;
        self.ended += ended;
        match result {
            OutputFull if self.text.len() >= LARGEST_RECORD => {
                let message = format!("a record is larger than {LARGEST_RECORD} bytes");
                return Err(broken(message).with_kind(ErrorKind::TooLarge));
            }
            OutputFull => self.text.resize(self.text.len() * 2, 0),
            OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            Record => self.emit(each)?,
            InputEmpty | End => {}
        }
        Ok((bytes.get(read..).unwrap_or_default(), matches!(result, End)))
    }

    fn emit(&mut self, each: &mut impl FnMut(Cells<'_>)) -> Result<()> {
        let text = self.text.get(..self.filled).unwrap_or_default();
        let ends = self.ends.get(..self.ended).unwrap_or_default();
        (self.filled, self.ended) = (0, 0);
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(broken(format!("record {} is not UTF-8", self.records + 1)));
        };
        let Some(header) = &self.header else {
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let names = starts.zip(ends).map(|(start, end)| text.get(start..*end).unwrap_or_default());
            self.header = Some(Arc::new(Header::new(names)));
            return Ok(());
        };
        self.records += 1;
        if ends.len() != header.names.len() || !ends.iter().all(|end| text.is_char_boundary(*end)) {
            let (got, wanted) = (ends.len(), header.names.len());
            return Err(broken(format!("record {} has {got} cells, and the header has {wanted}", self.records)));
        }
        each(Cells { header, text, ends });
        Ok(())
    }
}

/// Reads the text of an answer that is there whole, such as a file of results that was kept.
///
/// # Errors
/// [`ErrorKind::Decode`] if it is cut off, not UTF-8, or a record does not fit the header.
pub fn parse_results(bytes: &[u8], delimiter: ColumnDelimiter) -> Result<Vec<Record>> {
    let mut reader = Reader::new(delimiter);
    let mut records = Vec::new();
    reader.push(bytes, &mut |cells| records.push(cells.to_record()))?;
    reader.finish(&mut |cells| records.push(cells.to_record()))?;
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_of_dots_is_a_name_and_not_an_abyss() {
        let name = "a.".repeat(1_000_000);
        let answer = format!("{name},Id\nx,003\n");
        let records = parse_results(answer.as_bytes(), ColumnDelimiter::Comma).unwrap();
        assert_eq!(records[0].get(&name), Some("x"));
        assert!(records[0].decode::<std::collections::BTreeMap<String, serde::de::IgnoredAny>>().is_ok());
    }

    fn written(rows: &[Vec<String>], delimiter: ColumnDelimiter, ending: LineEnding) -> Vec<u8> {
        let mut out = Vec::new();
        for row in rows {
            for (place, cell) in row.iter().enumerate() {
                if place > 0 {
                    out.push(delimiter.byte());
                }
                if row.len() == 1 {
                    push_quoted(&mut out, cell.as_bytes());
                } else {
                    push_cell(&mut out, cell, delimiter.byte());
                }
            }
            out.extend_from_slice(ending.bytes());
        }
        out
    }

    fn delimiters() -> impl Strategy<Value = ColumnDelimiter> {
        use ColumnDelimiter::{Backquote, Caret, Comma, Pipe, Semicolon, Tab};
        prop::sample::select(vec![Comma, Semicolon, Tab, Pipe, Caret, Backquote])
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_however_it_is_cut(
            width in 1usize..5,
            cells in prop::collection::vec("[a-z \"',;|^`\t\r\n\u{e9}]{0,9}", 0..40),
            delimiter in delimiters(),
            crlf: bool,
            cut in 1usize..17,
        ) {
            let mut rows = vec![(0..width).map(|n| format!("c{n}")).collect::<Vec<_>>()];
            rows.extend(cells.chunks_exact(width).map(<[String]>::to_vec));
            let ending = if crlf { LineEnding::Crlf } else { LineEnding::Lf };
            let bytes = written(&rows, delimiter, ending);
            let mut read = Vec::new();
            let mut reader = Reader::new(delimiter);
            let mut each = |cells: Cells<'_>| read.push(cells.iter().map(|(_, cell)| cell.to_owned()).collect::<Vec<_>>());
            for part in bytes.chunks(cut) {
                reader.push(part, &mut each).unwrap();
            }
            reader.finish(&mut each).unwrap();
            prop_assert_eq!(&read, &rows[1..]);
        }

        #[test]
        fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(records) = parse_results(&bytes, ColumnDelimiter::Comma) {
                for record in records {
                    let _ = record.decode::<std::collections::BTreeMap<String, String>>();
                    let _ = record.iter().count();
                }
            }
        }
    }

    #[test]
    fn a_cut_answer_is_never_taken_for_whole() {
        let text = b"\"Id\",\"Name\"\n\"1\",\"a\"\n\"2\",\"b\"\n";
        assert_eq!(parse_results(text, ColumnDelimiter::Comma).unwrap().len(), 2);
        for cut in [text.len() - 2, text.len() - 3, text.len() - 5, text.len() - 7] {
            parse_results(&text[..cut], ColumnDelimiter::Comma).expect_err(&format!("cut at {cut}"));
        }
        assert!(parse_results(b"", ColumnDelimiter::Comma).unwrap().is_empty(), "an empty answer has no records");
        let one = parse_results(b"\xef\xbb\xbfId,Account.Name\n1,\"A\"\"b\"\r\n", ColumnDelimiter::Comma).unwrap();
        assert_eq!((one[0].get("Id"), one[0].get("Account.Name"), one[0].get("x")), (Some("1"), Some("A\"b"), None));
        assert!(!format!("{:?}", one[0]).contains("A\""));
    }
}
