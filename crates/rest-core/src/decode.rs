//! Decoding records: typed fields straight from the raw text, the raw text kept for the rest, one bad record at a time.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::secret::mask;

/// A decoded record together with the text it came from. Dereferences to the record.
///
/// Fields that `T` does not name are not decoded until they are asked for with [`Row::extra`]; then the record's top
/// level is indexed once. `Debug` shows no content, because records are people's data.
#[derive(Clone)]
pub struct Row<T> {
    data: T,
    raw: Box<RawValue>,
    index: OnceLock<Vec<(Box<str>, Range<usize>)>>,
}

impl<T> Row<T> {
    /// The record as the server wrote it.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.raw
    }

    /// Gives the typed record and lets go of the text.
    #[must_use]
    pub fn into_data(self) -> T {
        self.data
    }

    /// Gives both.
    #[must_use]
    pub fn into_parts(self) -> (T, Box<RawValue>) {
        (self.data, self.raw)
    }

    /// The raw value of one top-level field, whether `T` names it or not.
    #[must_use]
    pub fn extra(&self, name: &str) -> Option<&RawValue> {
        let (_, range) = self.index().iter().rev().find(|(key, _)| **key == *name)?;
        self.slice(range)
    }

    /// Every top-level field in the server's order, those that `T` names included.
    pub fn extras(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.index().iter().filter_map(|(key, range)| Some((&**key, self.slice(range)?)))
    }

    fn slice(&self, range: &Range<usize>) -> Option<&RawValue> {
        serde_json::from_str(self.raw.get().get(range.clone())?).ok()
    }

    fn index(&self) -> &[(Box<str>, Range<usize>)] {
        self.index.get_or_init(|| {
            let text = self.raw.get();
            let Ok(Fields(fields)) = serde_json::from_str(text) else {
                return Vec::new();
            };
            let start = text.as_ptr() as usize;
            let range = |value: &RawValue| {
                let from = (value.get().as_ptr() as usize).wrapping_sub(start);
                from..from.wrapping_add(value.get().len())
            };
            fields.into_iter().map(|(key, value)| (key.into(), range(value))).collect()
        })
    }
}

impl<T> Deref for Row<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> fmt::Debug for Row<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} bytes)", self.raw.get().len())
    }
}

/// A record that could not be decoded. The rest of its page is not affected.
#[derive(Clone)]
#[non_exhaustive]
pub struct BadRecord {
    /// The record's id, if it could be read.
    pub id: Option<String>,
    /// Where in the record, such as `emails[0].value`.
    pub path: String,
    /// What was wrong there. Values are taken out.
    pub message: String,
    /// The record as the server wrote it: personal data, so not part of `Debug` or `Display`.
    pub raw: Box<RawValue>,
}

impl BadRecord {
    /// The same as an [`ErrorKind::Decode`] error of `operation`.
    #[must_use]
    pub fn into_error(self, operation: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Decode, operation)
            .with_message(self.to_string())
            .with_hint("the other records of the page are fine; report the field's shape")
            .with_source(self)
    }
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("without an id");
        write!(f, "record {} cannot be read at {}: {}", mask(id), self.path, self.message)
    }
}

impl fmt::Debug for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadRecord")
            .field("id", &self.id.as_deref().map(mask))
            .field("path", &self.path)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for BadRecord {}

/// Decodes one record. `id_key` names the field that holds its id (text or number), for the error if there is one.
///
/// # Errors
/// [`BadRecord`], which says which record and which field.
pub fn row<T: DeserializeOwned>(raw: Box<RawValue>, id_key: &str) -> Result<Row<T>, BadRecord> {
    match serde_json::from_str(raw.get()) {
        Ok(data) => Ok(Row { data, raw, index: OnceLock::new() }),
        Err(error) => Err(explain::<T>(raw, id_key, &error)),
    }
}

/// Decodes the records of a page, each on its own.
#[must_use]
pub fn rows<T: DeserializeOwned>(page: Vec<Box<RawValue>>, id_key: &str) -> Vec<Result<Row<T>, BadRecord>> {
    page.into_iter().map(|raw| row(raw, id_key)).collect()
}

/// The slow path: decodes once more to learn the place.
#[cold]
fn explain<T: DeserializeOwned>(raw: Box<RawValue>, id_key: &str, error: &serde_json::Error) -> BadRecord {
    let (path, message) =
        locate::<T>(raw.get().as_bytes()).unwrap_or_else(|| (".".to_owned(), without_values(&error.to_string())));
    BadRecord { id: id_of(raw.get(), id_key), path, message, raw }
}

/// Where decoding `text` as `T` fails, and why, without the values.
pub(crate) fn locate<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<(String, String)> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let error = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err()?;
    Some((mask(&error.path().to_string()), without_values(&error.inner().to_string())))
}

fn id_of(text: &str, id_key: &str) -> Option<String> {
    let Fields(fields) = serde_json::from_str(text).ok()?;
    let (_, raw) = fields.into_iter().find(|(key, _)| key == id_key)?;
    crate::ids::opt::deserialize(raw).ok().flatten()
}

/// The top-level fields of an object, undecoded.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some((Key(key), value)) = map.next_entry()? {
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Serde's messages quote values ("invalid type: string \"ada@…\""). The values are people's data, so they go.
pub(crate) fn without_values(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        let quote = quoted.chars().next().unwrap_or('"');
        out.push_str(before);
        // A field's name stays; what follows these words is a value. A string value may itself hold quotes: then
        // everything up to the last one goes.
        let holds_value = ["string ", "integer ", "floating point ", "boolean ", "character ", "variant "]
            .iter()
            .any(|word| before.ends_with(word));
        let inner = quoted.get(1..).unwrap_or_default();
        let end = if holds_value {
            inner.rfind(&format!("{quote}, expected")).or_else(|| inner.rfind(quote))
        } else {
            inner.find(quote)
        };
        let end = end.unwrap_or(inner.len());
        out.push(quote);
        out.push_str(if holds_value { "…" } else { inner.get(..end).unwrap_or_default() });
        out.push(quote);
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    mask(&out)
}

/// How a JSON text looks from outside, without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Every bracket and quote is closed.
    Closed,
    /// It ends inside a string, an array or an object: cut short.
    Open,
    /// It nests deeper than allowed.
    Deep,
}

/// Whether `bytes` nests at most `max` deep. A scan that decodes nothing; it does not say that the JSON is valid.
#[must_use]
pub fn depth_ok(bytes: &[u8], max: usize) -> bool {
    shape(bytes, max) != Shape::Deep
}

pub(crate) fn shape(bytes: &[u8], max: usize) -> Shape {
    let mut depth = 0usize;
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => match after_string(tail) {
                Some(after) => rest = after,
                None => return Shape::Open,
            },
            b'{' | b'[' if depth == max => return Shape::Deep,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if depth == 0 { Shape::Closed } else { Shape::Open }
}

/// What follows the string that `text` is in; `None` if the string does not end.
fn after_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        // Most text is plain: eight bytes at a time.
        while let Some((word, tail)) = text.split_first_chunk::<8>() {
            if holds_quote_or_backslash(u64::from_le_bytes(*word)) {
                break;
            }
            text = tail;
        }
        let at = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let (_, found) = text.split_at(at);
        match found {
            [b'"', after @ ..] => return Some(after),
            [_, _, after @ ..] => text = after,
            _ => return None,
        }
    }
}

/// Whether one of the eight bytes is `"` or `\`: a byte equal to the pattern becomes zero under xor, and only a zero
/// byte (or one above a zero byte) borrows into its high bit.
fn holds_quote_or_backslash(word: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |x: u64| x.wrapping_sub(LOW) & !x & HIGH;
    let quote = zero_byte(word ^ (LOW * b'"' as u64));
    let backslash = zero_byte(word ^ (LOW * b'\\' as u64));
    quote | backslash != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, one byte at a time.
    fn plain_shape(bytes: &[u8], max: usize) -> Shape {
        let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
        for byte in bytes {
            match (in_string, byte) {
                (true, _) if escaped => escaped = false,
                (true, b'\\') => escaped = true,
                (_, b'"') => in_string = !in_string,
                (false, b'{' | b'[') => depth += 1,
                (false, b'}' | b']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > max {
                return Shape::Deep;
            }
        }
        if depth == 0 && !in_string { Shape::Closed } else { Shape::Open }
    }

    proptest! {
        #[test]
        fn the_fast_scan_sees_what_the_plain_one_sees(text in "([\\[\\]{}\"\\\\]|[a-z!#\u{a3}]{0,12}){0,60}", max in 0usize..6) {
            prop_assert_eq!(shape(text.as_bytes(), max), plain_shape(text.as_bytes(), max));
        }

        #[test]
        fn any_byte_is_found_exactly(word in any::<[u8; 8]>()) {
            let holds = word.iter().any(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(holds_quote_or_backslash(u64::from_le_bytes(word)), holds);
        }

        #[test]
        fn every_cut_of_a_document_is_open(json in proptest::collection::vec("[a-z\"\\\\{\\[]{0,9}", 1..6), cut in 1usize..40) {
            let text = serde_json::to_string(&json).unwrap();
            prop_assert_eq!(shape(text.as_bytes(), 64), Shape::Closed);
            let cut = cut.min(text.len() - 1);
            prop_assert_eq!(shape(&text.as_bytes()[..text.len() - cut], 64), Shape::Open);
        }
    }
}
