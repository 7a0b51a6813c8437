//! SOQL: parsed, bound to the schema, evaluated over the store.

mod access;
mod ast;
mod bind;
mod bind_groups;
mod columns;
mod conditions;
mod dates;
mod eval;
mod filter;
mod group;
mod lex;
mod parse;
mod parse_search;
mod plan;
mod show;

use super::errors::ApiError;

pub(crate) use ast::{LiteralValue, Query, Usage, literals};
pub(crate) use bind::Binder;
pub(crate) use columns::column_metadata;
pub(crate) use eval::{Evaluation, Results};
pub(crate) use parse::parse;
pub(crate) use parse_search::{Returning, parse_returning};

pub(crate) use plan::{Column, Form, Leaf, Output, Plan};
pub(crate) use show::{Frozen, Shown};

/// Why a query is refused, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SoqlError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Byte offset of the offending part.
    pub(crate) at: Option<usize>,
}

impl SoqlError {
    fn new(code: &'static str, message: impl Into<String>, at: Option<usize>) -> SoqlError {
        SoqlError { code, message: message.into(), at }
    }

    fn malformed(message: impl Into<String>, at: usize) -> SoqlError {
        SoqlError::new("MALFORMED_QUERY", message, Some(at))
    }

    fn field(message: impl Into<String>, at: usize) -> SoqlError {
        SoqlError::new("INVALID_FIELD", message, Some(at))
    }

    /// The error of a search text. What is no search is called so.
    pub(crate) fn in_search(self, text: &str) -> ApiError {
        let code = if self.code == "MALFORMED_QUERY" { "MALFORMED_SEARCH" } else { self.code };
        SoqlError { code, ..self }.in_query(text)
    }

    /// The error as the API shows it: the line, a caret under the place, row and column, then the message.
    pub(crate) fn in_query(&self, query: &str) -> ApiError {
        let place = self.at.and_then(|at| query.get(..at));
        let message = match place {
            None => self.message.clone(),
            Some(before) => {
                let row = before.matches('\n').count() + 1;
                let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
                let line = query.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
                let caret = " ".repeat(column - 1);
                format!("\n{line}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{}", self.message)
            }
        };
        ApiError::request(self.code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_shown() {
        let query = "select Id\nfrom Foo";
        let error = SoqlError::new("INVALID_TYPE", "no", Some(15)).in_query(query);
        assert_eq!(error.message, "\nfrom Foo\n     ^\nERROR at Row:2:Column:6\nno");
        let error = SoqlError::new("MALFORMED_QUERY", "no", None).in_query(query);
        assert_eq!(error.message, "no");
    }
}
