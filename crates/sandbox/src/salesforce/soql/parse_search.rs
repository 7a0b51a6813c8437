//! The part of a search text that is written as in a query: what to return of which object.

use super::SoqlError;
use super::ast::{Number, Query};
use super::lex::{Kind, tokens_from};
use super::parse::Parser;

/// The end of a search, after its term: `RETURNING Contact(Id WHERE … LIMIT 5), Lead LIMIT 20`.
#[derive(Debug, Default)]
pub(crate) struct Returning {
    pub(crate) objects: Vec<Query>,
    /// Names and values of the `WITH` clauses.
    pub(crate) with: Vec<(String, String)>,
    pub(crate) limit: Option<Number>,
}

/// Parses what follows the fields to search in a search text, from byte `start` on.
pub(crate) fn parse_returning(text: &str, start: usize) -> Result<Returning, SoqlError> {
    let tokens = tokens_from(text, start)?;
    let mut parser = Parser::new(&tokens);
    let returning = parser.returning()?;
    parser.end()?;
    Ok(returning)
}

impl Parser<'_> {
    fn returning(&mut self) -> Result<Returning, SoqlError> {
        let mut returning = Returning::default();
        if self.take_word("RETURNING") {
            returning.objects = self.list(Self::returned)?;
        }
        while self.take_word("WITH") {
            let name = self.path()?.parts.join(".").to_ascii_uppercase();
            let value = if self.take_symbol("=") {
                let value = self.peek().map(Kind::shown).ok_or_else(|| self.unexpected())?;
                self.next += 1;
                value
            } else {
                String::new()
            };
            returning.with.push((name, value));
        }
        if self.take_word("LIMIT") {
            returning.limit = Some(self.whole_number()?);
        }
        if self.take_word("UPDATE") {
            self.list(Self::word)?;
        }
        Ok(returning)
    }

    /// An object of a search with what is wanted of it.
    fn returned(&mut self) -> Result<Query, SoqlError> {
        let from = self.path()?;
        let mut query = Query::new(Vec::new(), from);
        if !self.take_symbol("(") {
            return Ok(query);
        }
        query.select = self.list(Self::item)?;
        if self.take_words("USING", "ListView") {
            self.next -= 1;
            return Err(self.unexpected());
        }
        if self.take_word("WHERE") {
            query.filter = Some(self.nested(Self::condition)?);
        }
        if self.take_words("ORDER", "BY") {
            query.order_by = self.list(Self::order)?;
        }
        if self.take_word("LIMIT") {
            query.limit = Some(self.whole_number()?);
        }
        if self.take_word("OFFSET") {
            query.offset = Some(self.whole_number()?);
        }
        self.expect_symbol(")")?;
        Ok(query)
    }
}
