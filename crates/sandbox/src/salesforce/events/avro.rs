//! Binary Avro, written and read by the shapes of events.

use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value as Json};

use super::shape::{CHANGES, HEADER, Kind, Shape, Source};
use crate::salesforce::value::Value;

pub(crate) fn long(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number as u64) << 1) ^ ((number >> 63) as u64);
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    long(out, i64::try_from(text.len()).unwrap_or(i64::MAX));
    out.extend_from_slice(text.as_bytes());
}

/// One block of texts, and the end of the list.
pub(crate) fn texts<T: AsRef<str>>(out: &mut Vec<u8>, list: &[T]) {
    if !list.is_empty() {
        long(out, i64::try_from(list.len()).unwrap_or(i64::MAX));
        list.iter().for_each(|item| text(out, item.as_ref()));
    }
    long(out, 0);
}

/// A member of `["null", …]`: which member, then its value.
pub(crate) fn optional(out: &mut Vec<u8>, kind: Kind, value: &Value) {
    if value.is_null() {
        return long(out, 0);
    }
    long(out, 1);
    plain(out, kind, value);
}

/// A value that is always there.
pub(crate) fn required(out: &mut Vec<u8>, kind: Kind, value: &Value) {
    plain(out, kind, value);
}

fn plain(out: &mut Vec<u8>, kind: Kind, value: &Value) {
    match kind {
        Kind::Bool => out.push(u8::from(value.is_true())),
        Kind::Int => long(out, value.as_number().and_then(|number| number.to_i64()).unwrap_or_default()),
        Kind::Double => {
            let number = value.as_number().and_then(|number| number.to_f64()).unwrap_or_default();
            out.extend_from_slice(&number.to_le_bytes());
        }
        Kind::Instant => long(out, value.as_datetime().map_or(0, |at| at.timestamp_millis())),
        Kind::Day => {
            let midnight = value.as_date().and_then(|day| day.and_hms_opt(0, 0, 0));
            long(out, midnight.map_or(0, |at| at.and_utc().timestamp_millis()));
        }
        Kind::Text if value.is_null() => text(out, ""),
        Kind::Text => match value.to_json() {
            Json::String(shown) => text(out, &shown),
            other => text(out, &other.to_string()),
        },
    }
}

/// Reads the payload of a published event; the fields that have a value. The error says what does not fit.
pub(crate) fn read(shape: &Shape, payload: &[u8]) -> Result<Map<String, Json>, String> {
    let mut reader = Reader { rest: payload };
    let mut fields = Map::new();
    for field in &shape.fields {
        let present = field.required || reader.member()?;
        if present {
            let value = reader.value(field.kind).map_err(|why| format!("{}: {why}", field.name))?;
            fields.insert(field.name.clone(), value);
        }
    }
    if reader.rest.is_empty() { Ok(fields) } else { Err("bytes are left over".to_owned()) }
}

/// Reads a change event back: its header by name, and its fields; what is null is left out. `None` for what this sandbox
/// has not written.
pub(crate) fn read_change(shape: &Shape, payload: &[u8]) -> Option<(Map<String, Json>, Map<String, Json>)> {
    let mut reader = Reader { rest: payload };
    let mut header = Map::new();
    for name in HEADER {
        let value = match name {
            "recordIds" | "nulledFields" | "diffFields" | "changedFields" => Json::from(reader.texts().ok()?),
            "changeType" => {
                let symbol = usize::try_from(reader.long().ok()?).ok()?;
                Json::from(*CHANGES.get(symbol)?)
            }
            "sequenceNumber" | "commitTimestamp" | "commitNumber" => Json::from(reader.long().ok()?),
            _ => reader.value(Kind::Text).ok()?,
        };
        header.insert(name.to_owned(), value);
    }
    let mut fields = Map::new();
    for field in &shape.fields {
        if !reader.member().ok()? {
            continue;
        }
        let value = match &field.source {
            Source::Parts(parts) => {
                let mut inner = Map::new();
                for (name, _, kind) in parts {
                    if reader.member().ok()? {
                        inner.insert((*name).to_owned(), reader.value(*kind).ok()?);
                    }
                }
                Json::Object(inner)
            }
            _ => reader.value(field.kind).ok()?,
        };
        fields.insert(field.name.clone(), value);
    }
    Some((header, fields))
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or("the payload is too short")?;
        self.rest = rest;
        Ok(head)
    }

    fn long(&mut self) -> Result<i64, String> {
        let mut bits = 0_u64;
        for place in 0..10 {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            bits |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or_default();
            if byte < 0x80 {
                return Ok(((bits >> 1) as i64) ^ -((bits & 1) as i64));
            }
        }
        Err("a number is too long".to_owned())
    }

    fn texts(&mut self) -> Result<Vec<String>, String> {
        let mut list = Vec::new();
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(list);
            }
            for _ in 0..count.unsigned_abs() {
                list.extend(self.value(Kind::Text)?.as_str().map(str::to_owned));
            }
        }
    }

    /// Which member of `["null", …]` follows.
    fn member(&mut self) -> Result<bool, String> {
        match self.long()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("not a member of the union".to_owned()),
        }
    }

    fn value(&mut self, kind: Kind) -> Result<Json, String> {
        Ok(match kind {
            Kind::Bool => match self.take(1)? {
                [0] => Json::Bool(false),
                [1] => Json::Bool(true),
                _ => return Err("neither true nor false".to_owned()),
            },
            Kind::Int | Kind::Instant | Kind::Day => Json::from(self.long()?),
            Kind::Double => {
                let bytes = self.take(8)?.try_into().map_err(|_| "the payload is too short")?;
                Json::from(f64::from_le_bytes(bytes))
            }
            Kind::Text => {
                let size = usize::try_from(self.long()?).map_err(|_| "a negative length")?;
                let bytes = self.take(size)?;
                Json::from(std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_specified_bytes() {
        for (number, bytes) in [
            (0, &[0x00][..]),
            (-1, &[0x01]),
            (1, &[0x02]),
            (-64, &[0x7f]),
            (64, &[0x80, 0x01]),
            (8192, &[0x80, 0x80, 0x01]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] {
            let mut out = Vec::new();
            long(&mut out, number);
            assert_eq!(out, bytes, "{number}");
            assert_eq!(Reader { rest: bytes }.long().unwrap(), number);
        }
    }

    #[test]
    fn lists_end_with_an_empty_block() {
        let mut out = Vec::new();
        texts(&mut out, &["ab", ""]);
        texts::<&str>(&mut out, &[]);
        assert_eq!(out, [4, 4, b'a', b'b', 0, 0, 0]);
    }
}
