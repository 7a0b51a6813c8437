//! From the text of a query to its tokens.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::SoqlError;
use super::ast::Text;
use crate::salesforce::value::{parse_date, parse_datetime};

/// One token and where it starts, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word(String),
    Text(Text),
    Number(Decimal),
    Date(NaiveDate),
    DateTime(DateTime<Utc>),
    Symbol(&'static str),
}

impl Kind {
    /// The token as error texts show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Kind::Word(word) => word.clone(),
            Kind::Text(text) => text.value.clone(),
            Kind::Number(number) => number.to_string(),
            Kind::Date(date) => date.to_string(),
            Kind::DateTime(at) => at.to_rfc3339(),
            Kind::Symbol(symbol) => (*symbol).to_owned(),
        }
    }
}

/// Longer symbols come before their beginnings.
const SYMBOLS: [&str; 12] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ".", ":"];

/// A longer string is refused, in characters.
const LONGEST_STRING: usize = 4_000;

/// Splits a query into tokens.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, SoqlError> {
    tokens_from(query, 0)
}

/// Splits the part of a text that begins at byte `at`; places count from the beginning of the text.
pub(super) fn tokens_from(query: &str, mut at: usize) -> Result<Vec<Token>, SoqlError> {
    let mut tokens = Vec::new();
    while let Some(first) = query.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = query.get(at..).unwrap_or_default();
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '\'' {
            string(rest, at)?
        } else if first.is_ascii_digit() || "+-".contains(first) {
            number_or_date(rest, at)?
        } else if first.is_alphabetic() || first == '_' {
            let length = length_while(rest, |c| c.is_alphanumeric() || c == '_');
            (Kind::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Kind::Symbol(if symbol == "<>" { "!=" } else { symbol }), symbol.len())
        } else {
            return Err(SoqlError::malformed(format!("unexpected token: '{first}'"), at));
        };
        tokens.push(Token { kind, at });
        at += length;
    }
    Ok(tokens)
}

fn length_while(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|c| !accept(c)).unwrap_or(text.len())
}

/// A string in single quotes, its escapes undone.
fn string(rest: &str, at: usize) -> Result<(Kind, usize), SoqlError> {
    let mut text = Text::default();
    let mut length = 0;
    let mut characters = rest.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        match character {
            '\'' if length > LONGEST_STRING => {
                let message = format!("string literal is longer than {LONGEST_STRING} characters");
                return Err(SoqlError::malformed(message, at));
            }
            '\'' => return Ok((Kind::Text(text), index + 1)),
            '\\' => {
                let escaped = characters.next().map(|(_, escaped)| escaped);
                if let Some('%' | '_') = escaped {
                    text.literal.push(length);
                }
                let plain = match escaped {
                    Some('n' | 'N') => Some('\n'),
                    Some('r' | 'R') => Some('\r'),
                    Some('t' | 'T') => Some('\t'),
                    Some('b' | 'B') => Some('\u{8}'),
                    Some('f' | 'F') => Some('\u{c}'),
                    Some(same @ ('"' | '\'' | '\\' | '%' | '_')) => Some(same),
                    Some('u') => {
                        let code: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        let all_hex = code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
                        u32::from_str_radix(&code, 16).ok().filter(|_| all_hex).and_then(char::from_u32)
                    }
                    _ => None,
                };
                let Some(plain) = plain else {
                    let shown = escaped.map(String::from).unwrap_or_default();
                    let message =
                        format!("Invalid string literal '\\{shown}'. Illegal character sequence in string literal.");
                    return Err(SoqlError::malformed(message, at + index));
                };
                text.value.push(plain);
                length += 1;
            }
            plain => {
                text.value.push(plain);
                length += 1;
            }
        }
    }
    Err(SoqlError::malformed("unexpected token: <EOF>", at))
}

/// A number, a date or a date-time: they all start with a digit or a sign.
fn number_or_date(rest: &str, at: usize) -> Result<(Kind, usize), SoqlError> {
    let date = |length: usize| rest.get(..length).filter(|text| text.as_bytes().get(4) == Some(&b'-'));
    if let Some(day) = date(10) {
        let tail = rest.get(10..).unwrap_or_default();
        let length = 10 + length_while(tail, |c| c.is_ascii_alphanumeric() || "+-:.".contains(c));
        let text = rest.get(..length).unwrap_or_default();
        let kind = if length == 10 {
            parse_date(day).map(Kind::Date)
        } else {
            // A '+' that was not percent-encoded in the URL has become a blank: nothing can be made of the rest.
            parse_datetime(text).map(Kind::DateTime)
        };
        let kind = kind.ok_or_else(|| SoqlError::malformed(format!("Invalid date or datetime: {text}"), at))?;
        return Ok((kind, length));
    }
    let sign = length_while(rest, |c| "+-".contains(c)).min(1);
    let length = sign + length_while(rest.get(sign..).unwrap_or_default(), |c| c.is_ascii_alphanumeric() || c == '.');
    let text = rest.get(..length).unwrap_or_default();
    let number = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text));
    match number {
        Ok(number) => Ok((Kind::Number(number), length)),
        Err(_) => Err(SoqlError::malformed(format!("unexpected token: '{text}'"), at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(query: &str) -> Vec<Kind> {
        tokens(query).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn escapes_are_undone_and_wildcards_remembered() {
        let kinds = kinds(r"'O\'Neil \u00e9\t50\%_'");
        let [Kind::Text(text)] = kinds.as_slice() else { panic!("{kinds:?}") };
        assert_eq!(text.value, "O'Neil é\t50%_");
        assert_eq!(text.literal, [11]);
        for bad in [r"'\d'", r"'\u12'", "'open", r"'\", "#", "12abc", "2024-13-01"] {
            assert_eq!(tokens(bad).unwrap_err().code, "MALFORMED_QUERY", "{bad}");
        }
    }

    #[test]
    fn literals_are_told_apart() {
        let date = parse_date("2011-04-26").unwrap();
        let at = parse_datetime("2011-04-26T18:00:00Z").unwrap();
        assert_eq!(
            kinds("2011-04-26 2011-04-26T10:00:00-08:00 2011-04-26T18:00:00.000Z -12.5 a<>b_c"),
            [
                Kind::Date(date),
                Kind::DateTime(at),
                Kind::DateTime(at),
                Kind::Number("-12.5".parse().unwrap()),
                Kind::Word("a".into()),
                Kind::Symbol("!="),
                Kind::Word("b_c".into()),
            ]
        );
    }
}
