//! The CSV of jobs: what is uploaded is read strictly, what is answered has every cell quoted.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::word;
use crate::salesforce::errors::ApiError;

/// How the cells and lines of a job's data are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: char,
    pub(super) crlf: bool,
}

const DELIMITERS: [(&str, char); 6] =
    [("COMMA", ','), ("SEMICOLON", ';'), ("PIPE", '|'), ("TAB", '\t'), ("CARET", '^'), ("BACKQUOTE", '`')];

impl Dialect {
    /// From a job's description.
    pub(super) fn of(body: &Map<String, Json>) -> Result<Dialect, ApiError> {
        let delimiter = word(body, "columnDelimiter", &DELIMITERS, ',')?;
        let crlf = word(body, "lineEnding", &[("LF", false), ("CRLF", true)], false)?;
        Ok(Dialect { delimiter, crlf })
    }

    pub(super) fn delimiter_name(self) -> &'static str {
        DELIMITERS.iter().find(|(_, delimiter)| *delimiter == self.delimiter).map_or("COMMA", |(name, _)| name)
    }

    pub(super) fn line_ending_name(self) -> &'static str {
        if self.crlf { "CRLF" } else { "LF" }
    }

    pub(super) fn line_ending(self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// Appends a line with every cell in quotes.
pub(super) fn push_record<S: AsRef<str>>(out: &mut String, cells: impl IntoIterator<Item = S>, dialect: Dialect) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(dialect.delimiter);
        }
        out.push('"');
        out.push_str(&cell.as_ref().replace('"', "\"\""));
        out.push('"');
    }
    out.push_str(dialect.line_ending());
}

/// The records of an upload, one by one. Ends after an error, which is the job's.
#[derive(Debug)]
pub(super) struct Records<'a> {
    rest: &'a str,
    dialect: Dialect,
    broken: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Records<'a> {
        Records { rest: text.strip_prefix('\u{feff}').unwrap_or(text), dialect, broken: false }
    }

    /// One cell, and whether the record goes on.
    fn cell(&mut self) -> Result<(Cow<'a, str>, bool), String> {
        let cell = if let Some(quoted) = self.rest.strip_prefix('"') {
            self.quoted(quoted)?
        } else {
            let delimiter = self.dialect.delimiter;
            let end = self.rest.find([delimiter, '\n', '\r']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            if cell.contains('"') {
                return Err("InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote".to_owned());
            }
            self.rest = rest;
            Cow::Borrowed(cell)
        };
        if let Some(rest) = self.rest.strip_prefix(self.dialect.delimiter) {
            self.rest = rest;
            return Ok((cell, true));
        }
        self.rest = match (self.dialect.crlf, self.rest) {
            (_, "") => "",
            (true, rest) if rest.starts_with("\r\n") => &rest[2..],
            (false, rest) if rest.starts_with('\n') => &rest[1..],
            (crlf, rest) if rest.starts_with(['\r', '\n']) => {
                let name = if crlf { "CRLF" } else { "LF" };
                return Err(format!("ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {name}"));
            }
            _ => return Err("InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote".to_owned()),
        };
        Ok((cell, false))
    }

    fn quoted(&mut self, text: &'a str) -> Result<Cow<'a, str>, String> {
        let mut from = 0;
        let mut doubled = false;
        loop {
            let Some(at) = text[from..].find('"').map(|at| from + at) else {
                return Err("InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote".to_owned());
            };
            if text[at + 1..].starts_with('"') {
                doubled = true;
                from = at + 2;
                continue;
            }
            self.rest = &text[at + 1..];
            let cell = &text[..at];
            return Ok(if doubled { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) });
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Vec<Cow<'a, str>>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.broken {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            match self.cell() {
                Ok((cell, more)) => {
                    cells.push(cell);
                    if !more {
                        return Some(Ok(cells));
                    }
                }
                Err(error) => {
                    self.broken = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Dialect = Dialect { delimiter: ',', crlf: false };

    fn read(text: &str, dialect: Dialect) -> Result<Vec<Vec<String>>, String> {
        let owned = |cells: Vec<Cow<'_, str>>| cells.into_iter().map(Cow::into_owned).collect();
        Records::new(text, dialect).map(|record| record.map(owned)).collect()
    }

    #[test]
    fn quotes_newlines_and_marks_are_read() {
        let rows = read("\u{feff}A,B\n\"x\ny\",\"a \"\"b\"\"\"\n,\nlast,", PLAIN).unwrap();
        assert_eq!(rows, [vec!["A", "B"], vec!["x\ny", "a \"b\""], vec!["", ""], vec!["last", ""]]);
        let rows = read("A|B\r\n1|\"2\r\n3\"\r\n", Dialect { delimiter: '|', crlf: true }).unwrap();
        assert_eq!(rows, [vec!["A", "B"], vec!["1", "2\r\n3"]]);
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for (text, crlf, words) in [
            ("A\r\n1\r\n", false, "Current LineEnding setting is LF"),
            ("A\n1\n", true, "Current LineEnding setting is CRLF"),
            ("A\nx\"y\n", false, "unescaped quote"),
            ("A\n\"x\"y\n", false, "unescaped quote"),
            ("A\n\"x\n", false, "before closing an opened quote"),
        ] {
            let error = read(text, Dialect { delimiter: ',', crlf }).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(rows in proptest::collection::vec(proptest::collection::vec(".{0,12}", 1..5), 0..20), crlf: bool) {
            let dialect = Dialect { delimiter: ';', crlf };
            let mut text = String::new();
            rows.iter().for_each(|row| push_record(&mut text, row, dialect));
            proptest::prop_assert_eq!(read(&text, dialect).unwrap(), rows);
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "[a-c\",;\r\n\u{feff}é]{0,60}") {
            let _ = read(&text, PLAIN);
        }
    }
}
