//! What is searched for: words, phrases and how they are joined.

use crate::salesforce::value::fold_char;

/// Longer search texts are refused, in characters.
const LONGEST: usize = 10_000;
/// In longer ones operators are plain words.
const LONGEST_WITH_OPERATORS: usize = 4_000;
/// Deeper parentheses are refused; the platform's own limit is not documented.
const DEEPEST: usize = 60;

/// A condition on the words of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// These words, one after the other in one field.
    Phrase(Vec<Word>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
}

/// A word with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    One(char),
    AnyOne,
    AnyRun,
}

impl Word {
    fn fits(&self, word: &[char]) -> bool {
        let (mut at, mut part) = (0, 0);
        // Where to go on when the present attempt fails: let the latest run take one character more.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(character) = word.get(at) {
            match self.0.get(part) {
                Some(Part::AnyRun) => {
                    retry = Some((at, part + 1));
                    part += 1;
                }
                Some(Part::AnyOne) => (at, part) = (at + 1, part + 1),
                Some(Part::One(wanted)) if wanted == character => (at, part) = (at + 1, part + 1),
                _ => {
                    let Some((start, after)) = retry else {
                        return false;
                    };
                    retry = Some((start + 1, after));
                    (at, part) = (start + 1, after);
                }
            }
        }
        self.0.get(part..).is_some_and(|rest| rest.iter().all(|part| *part == Part::AnyRun))
    }
}

/// The words of a text, folded: runs of letters and digits.
pub(crate) fn words(text: &str) -> Vec<Vec<char>> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(|word| word.chars().map(fold_char).collect()).collect()
}

impl Term {
    /// Whether a record fits; `fields` are the words of each of its fields.
    pub(crate) fn fits(&self, fields: &[Vec<Vec<char>>]) -> bool {
        match self {
            Term::All(terms) => terms.iter().all(|term| term.fits(fields)),
            Term::Any(terms) => terms.iter().any(|term| term.fits(fields)),
            Term::Not(term) => !term.fits(fields),
            Term::Phrase(phrase) => fields.iter().any(|words| {
                let fits = |window: &[Vec<char>]| phrase.iter().zip(window).all(|(wanted, word)| wanted.fits(word));
                words.windows(phrase.len().max(1)).any(fits)
            }),
        }
    }

    /// Reads what stands between the braces of a search, or in `q` of a parameterized one.
    ///
    /// # Errors
    /// Why it cannot be searched for, in the vendor's words.
    pub(crate) fn parse(text: &str) -> Result<Term, String> {
        let length = text.chars().count();
        if length > LONGEST {
            return Err(format!("search term is too long: {length} characters, and the maximum is {LONGEST}"));
        }
        let pieces = pieces(text, length <= LONGEST_WITH_OPERATORS)?;
        let mut reader = Reader { pieces: &pieces, next: 0, depth: 0 };
        let term = reader.any()?;
        match reader.pieces.get(reader.next) {
            None => Ok(term),
            Some(piece) => Err(format!("unexpected token: {}", piece.shown())),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Phrase(Vec<Word>),
    And,
    Or,
    Not,
    Open,
    Close,
}

impl Piece {
    fn shown(&self) -> &'static str {
        match self {
            Piece::Phrase(_) => "a term",
            Piece::And => "AND",
            Piece::Or => "OR",
            Piece::Not => "NOT",
            Piece::Open => "(",
            Piece::Close => ")",
        }
    }
}

/// Splits a search text. Escaped characters stand for themselves, which in a word is a boundary.
fn pieces(text: &str, operators: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            blank if blank.is_whitespace() => {}
            '(' => pieces.push(Piece::Open),
            ')' => pieces.push(Piece::Close),
            '"' => {
                let mut phrase = String::new();
                loop {
                    match characters.next() {
                        None => return Err("unexpected end of a phrase: a quotation mark is missing".to_owned()),
                        Some('"') => break,
                        Some('\\') => phrase.extend(characters.next().filter(|escaped| escaped.is_alphanumeric())),
                        Some(plain) => phrase.push(plain),
                    }
                }
                pieces.extend(phrase_of(&phrase, true)?.map(Piece::Phrase));
            }
            first => {
                let mut word = String::new();
                let mut next = Some(first);
                while let Some(character) = next {
                    if character == '\\' {
                        characters.next();
                        word.push(' ');
                    } else {
                        word.push(character);
                    }
                    next = characters.next_if(|next| !next.is_whitespace() && !"()\"".contains(*next));
                }
                match word.as_str() {
                    "AND" if operators => pieces.push(Piece::And),
                    "OR" if operators => pieces.push(Piece::Or),
                    "NOT" if operators => pieces.push(Piece::Not),
                    word => pieces.extend(phrase_of(word, false)?.map(Piece::Phrase)),
                }
            }
        }
    }
    Ok(pieces)
}

/// The words of a piece; `None` where nothing but punctuation is in it. Wildcards that begin a word are dropped.
fn phrase_of(text: &str, quoted: bool) -> Result<Option<Vec<Word>>, String> {
    let wild = |character: char| "*?".contains(character);
    let mut phrase = Vec::new();
    for word in text.split(|character: char| !character.is_alphanumeric() && !wild(character)) {
        let word = word.trim_start_matches(wild);
        let parts = word.chars().map(|character| match character {
            '*' => Part::AnyRun,
            '?' => Part::AnyOne,
            plain => Part::One(fold_char(plain)),
        });
        let parts: Vec<Part> = parts.collect();
        if !parts.is_empty() {
            phrase.push(Word(parts));
        }
    }
    let alone = match phrase.as_slice() {
        [Word(parts)] => {
            matches!(parts.as_slice(), [Part::One(letter)] | [Part::One(letter), Part::AnyRun] if letter.is_ascii())
        }
        _ => false,
    };
    if alone && !quoted || (phrase.is_empty() && text.contains(wild)) {
        return Err(format!("search term must be longer than one character: {}", text.trim()));
    }
    Ok((!phrase.is_empty()).then_some(phrase))
}

struct Reader<'p> {
    pieces: &'p [Piece],
    next: usize,
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, piece: &Piece) -> bool {
        let found = self.pieces.get(self.next) == Some(piece);
        self.next += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.all()?];
        while self.take(&Piece::Or) {
            terms.push(self.all()?);
        }
        Ok(single_or(terms, Term::Any))
    }

    /// Terms beside each other are joined by `AND`.
    fn all(&mut self) -> Result<Term, String> {
        let mut terms = vec![self.one()?];
        loop {
            let joined = self.take(&Piece::And);
            if self.take(&Piece::Not) {
                terms.push(Term::Not(Box::new(self.one()?)));
            } else if joined || matches!(self.pieces.get(self.next), Some(Piece::Phrase(_) | Piece::Open)) {
                terms.push(self.one()?);
            } else {
                return Ok(single_or(terms, Term::All));
            }
        }
    }

    fn one(&mut self) -> Result<Term, String> {
        match self.pieces.get(self.next) {
            Some(Piece::Phrase(words)) => {
                self.next += 1;
                Ok(Term::Phrase(words.clone()))
            }
            Some(Piece::Open) if self.depth < DEEPEST => {
                self.next += 1;
                self.depth += 1;
                let term = self.any()?;
                self.depth -= 1;
                if self.take(&Piece::Close) { Ok(term) } else { Err("a closing parenthesis is missing".to_owned()) }
            }
            Some(piece) => Err(format!("unexpected token: {}", piece.shown())),
            None => Err("No search term found.".to_owned()),
        }
    }
}

fn single_or(mut terms: Vec<Term>, join: fn(Vec<Term>) -> Term) -> Term {
    match (terms.pop(), terms.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            terms.extend(last);
            join(terms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(term: &str, text: &str) -> bool {
        Term::parse(term).unwrap_or_else(|message| panic!("{term}: {message}")).fits(&[words(text)])
    }

    #[test]
    fn terms_are_whole_words_joined_by_and() {
        for (term, text, found) in [
            ("acme", "The ACME Corp.", true),
            ("acm", "Acme", false),
            ("acm*", "Acme", true),
            ("ac?e", "Acme", true),
            ("a?e", "Acme", false),
            ("corp acme", "Acme Corp", true),
            ("corp other", "Acme Corp", false),
            ("other OR corp", "Acme Corp", true),
            ("acme AND NOT corp", "Acme Corp", false),
            ("acme AND NOT inc", "Acme Corp", true),
            ("(inc OR corp) AND acme", "Acme Corp", true),
            ("\"acme corp\"", "Acme Corp", true),
            ("\"corp acme\"", "Acme Corp", false),
            ("ada@x.test", "ada@x.test", true),
            ("ada@x.test", "ada@y.test", false),
            (r"50\% off\!", "now 50% off", true),
            ("émile", "ÉMILE", true),
            ("*corp", "corp", true),
        ] {
            assert_eq!(finds(term, text), found, "{term} in {text}");
        }
        for bad in ["", "a", "*", "a*", "AND x", "(xx", "xx)", "\"xx", "xx OR", &"x".repeat(10_001), &"(".repeat(99)] {
            Term::parse(bad).expect_err(bad);
        }
        assert_eq!(Term::parse("a").unwrap_err(), "search term must be longer than one character: a");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c\"()*?\\\\ {}-]{0,40}|.{0,40}") {
            let _ = Term::parse(&text).map(|term| term.fits(&[words(&text)]));
        }
    }
}
