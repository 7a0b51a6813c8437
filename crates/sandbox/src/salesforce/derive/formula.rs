//! Formula fields: computed whenever their record is written.
//!
//! The part of the vendor's formula language that one record can answer: fields, texts in double quotes, numbers,
//! `+ - * /`, `&`, comparisons, `IF`, `ISBLANK`, `BLANKVALUE`, `TEXT`, `UPPER`, `LOWER`, `NOT`, `AND`, `OR`.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::salesforce::schema::{FieldType, Object};
use crate::salesforce::store::Row;
use crate::salesforce::value::Value;

/// Fills in the formula fields of a row.
pub(super) fn compute(object: &Object, row: &mut Row) {
    for (index, field) in object.fields.iter().enumerate() {
        let Some(formula) = field.formula else {
            continue;
        };
        let value = Formula::parse(formula).map_or(Value::Null, |formula| formula.evaluate(object, row));
        row.values[index] = match value {
            Value::Decimal(number) => Value::Decimal(
                number.round_dp_with_strategy(field.scale, RoundingStrategy::MidpointAwayFromZero).normalize(),
            ),
            Value::Bool(flag) if field.kind != FieldType::Boolean => Value::text(&flag.to_string()),
            value => value,
        };
    }
}

/// Whether a formula can be read; a sentence about what is wrong with it otherwise.
pub(crate) fn check(formula: &str) -> Result<(), String> {
    Formula::parse(formula).map(drop)
}

/// A formula read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    Text(String),
    Number(Decimal),
    Bool(bool),
    Field(String),
    Call(String, Vec<Formula>),
    Binary(char, Box<Formula>, Box<Formula>),
}

impl Formula {
    /// Reads a formula; a sentence about what is wrong with it otherwise.
    pub(crate) fn parse(text: &str) -> Result<Formula, String> {
        let mut reader = Reader { rest: text };
        let formula = reader.level(0)?;
        if reader.peek().is_some() {
            return Err(format!("Syntax error near '{}'", reader.rest.trim()));
        }
        Ok(formula)
    }

    fn evaluate(&self, object: &Object, row: &Row) -> Value {
        match self {
            Formula::Text(text) => Value::text(text),
            Formula::Number(number) => Value::Decimal(*number),
            Formula::Bool(flag) => Value::Bool(*flag),
            Formula::Field(name) => row.get(object, name).clone(),
            Formula::Binary(operator, left, right) => {
                binary(*operator, &left.evaluate(object, row), &right.evaluate(object, row))
            }
            Formula::Call(name, arguments) => {
                let mut values = arguments.iter().map(|argument| argument.evaluate(object, row));
                let mut next = || values.next().unwrap_or_default();
                match name.as_str() {
                    "IF" => {
                        let (condition, yes, no) = (next(), next(), next());
                        if condition.is_true() { yes } else { no }
                    }
                    "ISBLANK" => Value::Bool(next().is_null()),
                    "BLANKVALUE" => {
                        let (value, instead) = (next(), next());
                        if value.is_null() { instead } else { value }
                    }
                    "TEXT" => Value::text(&text(&next())),
                    "UPPER" => Value::text(&text(&next()).to_uppercase()),
                    "LOWER" => Value::text(&text(&next()).to_lowercase()),
                    "NOT" => Value::Bool(!next().is_true()),
                    "AND" => Value::Bool(values.all(|value| value.is_true())),
                    "OR" => Value::Bool(values.any(|value| value.is_true())),
                    _ => Value::Null,
                }
            }
        }
    }
}

/// The functions, with the least number of arguments.
const FUNCTIONS: [(&str, usize); 9] = [
    ("IF", 3),
    ("ISBLANK", 1),
    ("BLANKVALUE", 2),
    ("TEXT", 1),
    ("UPPER", 1),
    ("LOWER", 1),
    ("NOT", 1),
    ("AND", 1),
    ("OR", 1),
];

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Decimal(number) => number.normalize().to_string(),
        value => match value.to_json() {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

fn binary(operator: char, left: &Value, right: &Value) -> Value {
    let numbers = left.as_number().zip(right.as_number());
    let computed = |result: Option<Decimal>| result.map_or(Value::Null, Value::Decimal);
    match operator {
        '&' => Value::text(&(text(left) + &text(right))),
        '+' if numbers.is_none() && (left.as_text().is_some() || right.as_text().is_some()) => {
            Value::text(&(text(left) + &text(right)))
        }
        '+' => computed(numbers.and_then(|(left, right)| left.checked_add(right))),
        '-' => computed(numbers.and_then(|(left, right)| left.checked_sub(right))),
        '*' => computed(numbers.and_then(|(left, right)| left.checked_mul(right))),
        '/' => computed(numbers.and_then(|(left, right)| left.checked_div(right))),
        '=' => Value::Bool(numbers.map_or_else(|| left == right, |(left, right)| left == right)),
        '<' => Value::Bool(numbers.is_some_and(|(left, right)| left < right)),
        '>' => Value::Bool(numbers.is_some_and(|(left, right)| left > right)),
        _ => Value::Null,
    }
}

/// The operators from the loosest to the tightest.
const LEVELS: [&[char]; 3] = [&['=', '<', '>'], &['+', '-', '&'], &['*', '/']];
/// Brackets and calls nest no deeper.
const DEEPEST: usize = 40;

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = self.rest.get(wanted.len_utf8()..).unwrap_or_default();
        }
        found
    }

    fn while_true(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }

    fn level(&mut self, depth: usize) -> Result<Formula, String> {
        self.operators(0, depth)
    }

    fn operators(&mut self, level: usize, depth: usize) -> Result<Formula, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.atom(depth);
        };
        let mut left = self.operators(level + 1, depth)?;
        while let Some(operator) = self.peek().filter(|c| operators.contains(c)) {
            self.take(operator);
            let right = self.operators(level + 1, depth)?;
            left = Formula::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn atom(&mut self, depth: usize) -> Result<Formula, String> {
        if depth > DEEPEST {
            return Err("the formula nests too deeply".to_owned());
        }
        match self.peek() {
            Some('(') => {
                self.take('(');
                let inner = self.level(depth + 1)?;
                if self.take(')') { Ok(inner) } else { Err("Missing ')'".to_owned()) }
            }
            Some('"') => {
                self.take('"');
                let text = self.while_true(|c| c != '"');
                if self.take('"') { Ok(Formula::Text(text)) } else { Err("Missing '\"'".to_owned()) }
            }
            Some(c) if c.is_ascii_digit() => {
                let digits = self.while_true(|c| c.is_ascii_digit() || c == '.');
                digits.parse().map(Formula::Number).map_err(|_| format!("{digits} is no number"))
            }
            Some(c) if c.is_ascii_alphabetic() => {
                let name = self.while_true(|c| c.is_ascii_alphanumeric() || c == '_');
                self.named(name, depth)
            }
            Some(c) => Err(format!("Syntax error near '{c}'")),
            None => Err("Syntax error: the formula ends too early".to_owned()),
        }
    }

    fn named(&mut self, name: String, depth: usize) -> Result<Formula, String> {
        if !self.take('(') {
            return Ok(match name.to_ascii_uppercase().as_str() {
                "TRUE" => Formula::Bool(true),
                "FALSE" => Formula::Bool(false),
                _ => Formula::Field(name),
            });
        }
        let function = name.to_ascii_uppercase();
        let Some((_, least)) = FUNCTIONS.into_iter().find(|(known, _)| *known == function) else {
            return Err(format!("Unknown function {name}"));
        };
        let mut arguments = Vec::new();
        if !self.take(')') {
            loop {
                arguments.push(self.level(depth + 1)?);
                if !self.take(',') {
                    break;
                }
            }
            if !self.take(')') {
                return Err("Missing ')'".to_owned());
            }
        }
        if arguments.len() < least {
            return Err(format!("Incorrect number of parameters for function '{function}'"));
        }
        Ok(Formula::Call(function, arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::ids::SfId;
    use crate::salesforce::schema::Schema;

    fn on_contact(formula: &str) -> Result<serde_json::Value, String> {
        let schema = Schema::standard();
        let contact = schema.object(schema.find("Contact").unwrap());
        let mut row = Row::new(contact, SfId::parse("003000000000001").unwrap());
        row.set(contact, "LastName", Value::text("Lovelace"));
        Formula::parse(formula).map(|formula| formula.evaluate(contact, &row).to_json())
    }

    #[test]
    fn formulas_have_their_precedence_and_functions() {
        for (formula, expected) in [
            ("1 + 2 * 3", serde_json::json!(7.0)),
            ("(1 + 2) * 3 / 0", serde_json::Value::Null),
            ("BLANKVALUE(FirstName, \"?\") & \" \" & upper(LastName)", serde_json::json!("? LOVELACE")),
            ("IF(ISBLANK(FirstName), \"none\", FirstName)", serde_json::json!("none")),
            ("AND(NOT(FALSE), 2 > 1, \"a\" = \"a\")", serde_json::json!(true)),
            ("TEXT(1.50)", serde_json::json!("1.5")),
        ] {
            assert_eq!(on_contact(formula), Ok(expected), "{formula}");
        }
        for broken in ["", "1 +", "IF(1)", "NOPE(1)", "(1", "\"a", "1 1", "~"] {
            assert!(on_contact(broken).is_err(), "{broken}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_formula_is_judged_without_panic(text in "[A-Za-z0-9_ ()\"&+*/<>=,.-]{0,60}") {
            let _ = on_contact(&text);
        }
    }
}
