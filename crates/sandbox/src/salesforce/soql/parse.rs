//! From tokens to a query, by recursive descent.

use super::SoqlError;
use super::ast::{
    Condition, Expression, FieldSet, Item, Literal, LiteralValue, Number, Operator, Order, Path, Query, RollUp, Usage,
};
use super::lex::{Kind, Token, tokens};
use rust_decimal::Decimal;

/// Longer statements are refused.
const MAX_LENGTH: usize = 100_000;
/// Deeper nesting is refused; the platform's own limit is not documented.
const MAX_DEPTH: usize = 60;

/// Words that cannot be aliases.
const RESERVED: [&str; 21] = [
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT",
    "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
];

/// Parses a whole query.
pub(crate) fn parse(query: &str) -> Result<Query, SoqlError> {
    if query.chars().count() > MAX_LENGTH {
        let message = "SOQL statements can not be longer than 100000 characters";
        return Err(SoqlError::new("MALFORMED_QUERY", message, None));
    }
    let tokens = tokens(query)?;
    let mut parser = Parser::new(&tokens);
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

pub(super) struct Parser<'a> {
    tokens: &'a [Token],
    pub(super) next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: &'a [Token]) -> Parser<'a> {
        Parser { tokens, next: 0, depth: 0 }
    }

    /// Refuses what is left over.
    pub(super) fn end(&self) -> Result<(), SoqlError> {
        if self.peek().is_some() { Err(self.unexpected()) } else { Ok(()) }
    }

    pub(super) fn peek(&self) -> Option<&Kind> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.next + ahead).map(|token| &token.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(0, |token| token.at)
    }

    pub(super) fn unexpected(&self) -> SoqlError {
        match self.tokens.get(self.next) {
            Some(token) => SoqlError::malformed(format!("unexpected token: '{}'", token.kind.shown()), token.at),
            None => SoqlError::new("MALFORMED_QUERY", "unexpected token: <EOF>", None),
        }
    }

    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(Kind::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Kind::Symbol(found)) if *found == symbol)
    }

    /// Takes the word if it is next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    /// Takes the two words if they are next.
    pub(super) fn take_words(&mut self, first: &str, second: &str) -> bool {
        let found = self.is_word(first) && self.is_word_at(1, second);
        self.next += if found { 2 } else { 0 };
        found
    }

    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), SoqlError> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), SoqlError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn word(&mut self) -> Result<String, SoqlError> {
        match self.peek() {
            Some(Kind::Word(word)) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Runs a rule that may contain itself.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, SoqlError>) -> Result<T, SoqlError> {
        if self.depth >= MAX_DEPTH {
            return Err(SoqlError::malformed("the query is nested too deeply", self.at()));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    pub(super) fn list<T>(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Result<T, SoqlError>,
    ) -> Result<Vec<T>, SoqlError> {
        let mut entries = vec![entry(self)?];
        while self.take_symbol(",") {
            entries.push(entry(self)?);
        }
        Ok(entries)
    }

    fn in_parentheses<T>(&mut self, entry: impl FnMut(&mut Self) -> Result<T, SoqlError>) -> Result<Vec<T>, SoqlError> {
        self.expect_symbol("(")?;
        let entries = self.list(entry)?;
        self.expect_symbol(")")?;
        Ok(entries)
    }

    fn query(&mut self) -> Result<Query, SoqlError> {
        self.expect_word("SELECT")?;
        let select = self.list(Self::item)?;
        self.expect_word("FROM")?;
        let from = self.path()?;
        let mut query = Query { alias: self.alias(), ..Query::new(select, from) };
        while self.take_symbol(",") {
            let path = self.path()?;
            let alias = self.alias().ok_or_else(|| self.unexpected())?;
            query.joined.push((path, alias));
        }
        if self.take_words("USING", "SCOPE") {
            query.only_mine = self.scope()?;
        }
        if self.take_word("WHERE") {
            query.filter = Some(self.nested(Self::condition)?);
        }
        // Field-level security is not emulated, so the modes of enforcing it have nothing to do.
        if self.take_word("WITH") {
            let known = ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"].into_iter().any(|mode| self.take_word(mode));
            if !known {
                return Err(self.unexpected());
            }
        }
        if self.take_words("GROUP", "BY") {
            self.group_by(&mut query)?;
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
        if self.take_words("FOR", "VIEW") {
            query.usage = Some(Usage::Viewed);
        } else if self.take_words("FOR", "REFERENCE") {
            query.usage = Some(Usage::Referenced);
        } else if self.take_words("FOR", "UPDATE") {
            // Locks rows in Apex only.
            self.next -= 1;
            return Err(self.unexpected());
        }
        if self.take_word("UPDATE") {
            let tracked = |parser: &mut Self| {
                let known = parser.take_word("TRACKING") || parser.take_word("VIEWSTAT");
                if known { Ok(()) } else { Err(parser.unexpected()) }
            };
            self.list(tracked)?;
        }
        Ok(query)
    }

    /// Whether only the user's own records are meant.
    fn scope(&mut self) -> Result<bool, SoqlError> {
        match self.word()?.to_ascii_lowercase().as_str() {
            "mine" => Ok(true),
            "everything" => Ok(false),
            _ => {
                self.next -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn group_by(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        let called = matches!(self.peek_at(1), Some(Kind::Symbol("(")));
        query.roll_up = match () {
            () if called && self.take_word("ROLLUP") => RollUp::Prefixes,
            () if called && self.take_word("CUBE") => RollUp::Subsets,
            () => RollUp::Not,
        };
        query.group_by = match query.roll_up {
            RollUp::Not => self.list(Self::expression)?,
            RollUp::Prefixes | RollUp::Subsets => self.in_parentheses(Self::expression)?,
        };
        if self.take_word("HAVING") {
            query.having = Some(self.nested(Self::condition)?);
        }
        Ok(())
    }

    /// `TYPEOF What WHEN Account THEN Phone ELSE Name END`, after its first word.
    fn type_of(&mut self) -> Result<Item, SoqlError> {
        let path = self.path()?;
        let mut when = Vec::new();
        while self.take_word("WHEN") {
            let object = self.path()?;
            self.expect_word("THEN")?;
            when.push((object, self.list(Self::path)?));
        }
        if when.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.take_word("ELSE") { Some(self.list(Self::path)?) } else { None };
        self.expect_word("END")?;
        Ok(Item::TypeOf { path, when, otherwise })
    }

    /// `DISTANCE(field, GEOLOCATION(1.5, -2), 'mi')`, after its first word.
    fn distance(&mut self, at: usize) -> Result<Expression, SoqlError> {
        self.expect_symbol("(")?;
        let field = self.path()?;
        self.expect_symbol(",")?;
        self.expect_word("GEOLOCATION")?;
        self.expect_symbol("(")?;
        let latitude = self.number()?;
        self.expect_symbol(",")?;
        let longitude = self.number()?;
        self.expect_symbol(")")?;
        self.expect_symbol(",")?;
        let miles = match self.peek() {
            Some(Kind::Text(unit)) if unit.value.eq_ignore_ascii_case("mi") => true,
            Some(Kind::Text(unit)) if unit.value.eq_ignore_ascii_case("km") => false,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        self.expect_symbol(")")?;
        Ok(Expression::Distance { field, from: (latitude, longitude), miles, at })
    }

    fn number(&mut self) -> Result<Decimal, SoqlError> {
        match self.peek() {
            Some(Kind::Number(number)) => {
                let number = *number;
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn item(&mut self) -> Result<Item, SoqlError> {
        let at = self.at();
        if self.take_symbol("(") {
            let query = self.nested(Self::query)?;
            self.expect_symbol(")")?;
            return Ok(Item::Children(Box::new(query)));
        }
        let called = matches!(self.peek_at(1), Some(Kind::Symbol("(")));
        if called && self.is_word("COUNT") && matches!(self.peek_at(2), Some(Kind::Symbol(")"))) {
            self.next += 3;
            return Ok(Item::CountAll { at });
        }
        if called && self.take_word("FIELDS") {
            self.expect_symbol("(")?;
            let which = match self.word()?.to_ascii_uppercase().as_str() {
                "ALL" => FieldSet::All,
                "STANDARD" => FieldSet::Standard,
                "CUSTOM" => FieldSet::Custom,
                _ => {
                    self.next -= 1;
                    return Err(self.unexpected());
                }
            };
            self.expect_symbol(")")?;
            return Ok(Item::Fields { which, at });
        }
        if !called
            && matches!(self.peek_at(1), Some(Kind::Word(_)))
            && !self.is_word_at(1, "FROM")
            && self.take_word("TYPEOF")
        {
            return self.type_of();
        }
        let expression = self.nested(Self::expression)?;
        // A word after a field is its alias only where the list can go on after it; else it is misplaced.
        let goes_on = matches!(self.peek_at(1), Some(Kind::Symbol(","))) || self.is_word_at(1, "FROM");
        let alias = if goes_on { self.alias() } else { None };
        Ok(Item::Expression { expression, alias })
    }

    /// A word that is no keyword and so names what stands before it.
    fn alias(&mut self) -> Option<String> {
        let Some(Kind::Word(word)) = self.peek() else {
            return None;
        };
        let reserved = RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word));
        let clause = ["ORDER", "OFFSET", "FOR", "UPDATE"].iter().any(|clause| clause.eq_ignore_ascii_case(word));
        if reserved || clause {
            return None;
        }
        let word = word.clone();
        self.next += 1;
        Some(word)
    }

    pub(super) fn path(&mut self) -> Result<Path, SoqlError> {
        let at = self.at();
        let mut parts = vec![self.word()?];
        while self.take_symbol(".") {
            parts.push(self.word()?);
        }
        Ok(Path { parts, at })
    }

    fn expression(&mut self) -> Result<Expression, SoqlError> {
        let at = self.at();
        let path = self.path()?;
        if !self.take_symbol("(") {
            return Ok(Expression::Field(path));
        }
        if path.parts.len() == 1 && path.parts.iter().all(|name| name.eq_ignore_ascii_case("DISTANCE")) {
            self.next -= 1;
            return self.distance(at);
        }
        let argument = Box::new(self.nested(Self::expression)?);
        self.expect_symbol(")")?;
        Ok(Expression::Call { function: path.parts.join(".").to_ascii_uppercase(), argument, at })
    }

    /// Conditions joined by one kind of operator; the two kinds do not mix without parentheses.
    pub(super) fn condition(&mut self) -> Result<Condition, SoqlError> {
        let first = self.negatable()?;
        let joiner = ["AND", "OR"].into_iter().find(|joiner| self.is_word(joiner));
        let Some(joiner) = joiner else {
            return Ok(first);
        };
        let mut parts = vec![first];
        while self.take_word(joiner) {
            parts.push(self.negatable()?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(self.unexpected());
        }
        Ok(if joiner == "AND" { Condition::All(parts) } else { Condition::Any(parts) })
    }

    fn negatable(&mut self) -> Result<Condition, SoqlError> {
        if self.take_word("NOT") {
            let condition = self.nested(Self::negatable)?;
            return Ok(Condition::Not(Box::new(condition)));
        }
        if self.take_symbol("(") {
            let condition = self.nested(Self::condition)?;
            self.expect_symbol(")")?;
            return Ok(condition);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, SoqlError> {
        let left = self.nested(Self::expression)?;
        let negated = self.take_words("NOT", "IN");
        if negated || self.take_word("IN") {
            if self.is_symbol("(")
                && matches!(self.peek_at(1), Some(Kind::Word(word)) if word.eq_ignore_ascii_case("SELECT"))
            {
                self.next += 1;
                let query = Box::new(self.nested(Self::query)?);
                self.expect_symbol(")")?;
                return Ok(Condition::InQuery { left, negated, query });
            }
            let values = self.in_parentheses(Self::literal)?;
            return Ok(Condition::In { left, negated, values });
        }
        let excludes = self.take_word("EXCLUDES");
        if excludes || self.take_word("INCLUDES") {
            let values = self.in_parentheses(Self::literal)?;
            return Ok(Condition::Includes { left, negated: excludes, values });
        }
        let operator = self.operator()?;
        let right = self.literal()?;
        Ok(Condition::Compare { left, operator, right })
    }

    fn operator(&mut self) -> Result<Operator, SoqlError> {
        if self.take_word("LIKE") {
            return Ok(Operator::Like);
        }
        let operator = match self.peek() {
            Some(Kind::Symbol("=")) => Operator::Equal,
            Some(Kind::Symbol("!=")) => Operator::NotEqual,
            Some(Kind::Symbol("<")) => Operator::Less,
            Some(Kind::Symbol("<=")) => Operator::LessOrEqual,
            Some(Kind::Symbol(">")) => Operator::Greater,
            Some(Kind::Symbol(">=")) => Operator::GreaterOrEqual,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(operator)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        let at = self.at();
        let value = match self.peek() {
            Some(Kind::Text(text)) => LiteralValue::Text(text.clone()),
            Some(Kind::Number(number)) => LiteralValue::Number(*number),
            Some(Kind::Date(date)) => LiteralValue::Date(*date),
            Some(Kind::DateTime(at)) => LiteralValue::DateTime(*at),
            Some(Kind::Word(word)) => match word.to_ascii_uppercase().as_str() {
                "NULL" => LiteralValue::Null,
                "TRUE" => LiteralValue::Bool(true),
                "FALSE" => LiteralValue::Bool(false),
                name => match amount(name) {
                    Some(number) => LiteralValue::Number(number),
                    None => return self.relative_date(),
                },
            },
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Literal { value, at })
    }

    fn relative_date(&mut self) -> Result<Literal, SoqlError> {
        let at = self.at();
        let start = self.next;
        let name = self.word()?.to_ascii_uppercase();
        let count = if self.take_symbol(":") { Some(self.whole_number()?) } else { None };
        let count = count.map(|count| u32::try_from(count.value).unwrap_or(u32::MAX));
        if !super::dates::is_literal(&name, count.is_some()) {
            self.next = start;
            return Err(self.unexpected());
        }
        Ok(Literal { value: LiteralValue::Relative { name, count }, at })
    }

    pub(super) fn whole_number(&mut self) -> Result<Number, SoqlError> {
        let at = self.at();
        let number = match self.peek() {
            Some(Kind::Number(number)) if number.fract().is_zero() => usize::try_from(*number).ok(),
            _ => None,
        };
        let value = number.ok_or_else(|| self.unexpected())?;
        self.next += 1;
        Ok(Number { value, at })
    }

    pub(super) fn order(&mut self) -> Result<Order, SoqlError> {
        let expression = self.nested(Self::expression)?;
        let descending = self.take_word("DESC");
        let _ = !descending && self.take_word("ASC");
        let nulls_last = self.take_words("NULLS", "LAST");
        let _ = !nulls_last && self.take_words("NULLS", "FIRST");
        Ok(Order { expression, descending, nulls_last })
    }
}

/// `USD5000`: an amount in a currency. There is only one currency, so its code does not matter.
fn amount(word: &str) -> Option<rust_decimal::Decimal> {
    let (code, digits) = word.split_at_checked(3)?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
    if is_code && is_number { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_understood() {
        for query in [
            "select Id from Contact",
            "SELECT Id, Account.Owner.Name, (SELECT Id FROM Tasks WHERE IsClosed = false LIMIT 3) FROM Contact c",
            "SELECT COUNT() FROM Contact WHERE NOT FirstName LIKE 'A%'",
            "SELECT COUNT(Id) n, LeadSource FROM Contact GROUP BY LeadSource HAVING COUNT(Id) > 3 ORDER BY COUNT(Id) DESC",
            "SELECT Id FROM Contact USING SCOPE mine WHERE (A = 1 AND B != 'x') OR (NOT (C IN ('a', 'b')))",
            "SELECT Id FROM Contact WHERE A NOT IN (SELECT B FROM C WHERE D = TODAY) WITH SECURITY_ENFORCED",
            "SELECT FIELDS(ALL) FROM Contact ORDER BY A ASC NULLS LAST, B DESC NULLS FIRST LIMIT 200 OFFSET 5 FOR VIEW",
            "SELECT Id FROM Contact WHERE A >= LAST_N_DAYS:30 AND B < LAST_N_DAYS: 3 AND C = USD5000",
            "SELECT Id FROM Contact WHERE M INCLUDES ('A;B', 'C') AND N EXCLUDES ('D')",
            "SELECT CALENDAR_YEAR(convertTimezone(CreatedDate)) FROM Contact GROUP BY CALENDAR_YEAR(convertTimezone(CreatedDate))",
        ] {
            parse(query).unwrap_or_else(|error| panic!("{query}: {}", error.message));
        }
    }

    #[test]
    fn what_is_no_query_is_refused_at_the_right_place() {
        for (query, message, at) in [
            ("", "unexpected token: <EOF>", None),
            ("SELECT Id FORM Contact", "unexpected token: 'FORM'", Some(10)),
            ("SELECT Id, FROM Contact", "unexpected token: 'Contact'", Some(16)),
            ("SELECT Id FROM Contact WHERE", "unexpected token: <EOF>", None),
            ("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3", "unexpected token: 'OR'", Some(45)),
            ("SELECT Id FROM Contact WHERE A = foo", "unexpected token: 'foo'", Some(33)),
            ("SELECT Id FROM Contact WHERE A = LAST_N_DAYS", "unexpected token: 'LAST_N_DAYS'", Some(33)),
            ("SELECT Id FROM Contact LIMIT x", "unexpected token: 'x'", Some(29)),
            ("SELECT Id FROM Contact LIMIT -1", "unexpected token: '-1'", Some(29)),
            ("SELECT Id FROM Contact; DROP", "unexpected token: ';'", Some(22)),
        ] {
            let error = parse(query).unwrap_err();
            assert_eq!((error.code, error.message.as_str(), error.at), ("MALFORMED_QUERY", message, at), "{query}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("SELECT Id FROM A WHERE {}B = 1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert_eq!(parse(&deep).unwrap_err().code, "MALFORMED_QUERY");
        let long = format!("SELECT Id FROM A WHERE B = '{}'", "x".repeat(100_000));
        assert!(parse(&long).unwrap_err().message.contains("100000"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_row_of_words_is_parsed_or_refused(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "(", ")", ",", ".", ":", "=", "<>",
                    "Id", "Contact", "COUNT", "FIELDS", "ALL", "'a'", "1", "-2.5", "2024-01-01", "NULL", "TODAY",
                    "LAST_N_DAYS", "ORDER", "BY", "GROUP", "HAVING", "LIMIT", "OFFSET", "NULLS", "LAST", "INCLUDES",
                ]),
                0..40,
            ),
        ) {
            let _ = parse(&words.join(" "));
        }
    }
}
