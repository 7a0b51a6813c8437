//! Reading a value from binary, and showing it as JSON.

use std::fmt;

use chrono::{DateTime, Utc};

use super::AvroError;
use super::schema::{Schema, Type, TypeId};

/// Values nest no deeper than this.
const DEEPEST: usize = 64;

/// The value of a field of an event, borrowed from the event. `Debug` shows its kind only: values are people's data.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// Empty; in a change event of an update also: not changed. [`ChangeEvent::changes`](super::super::ChangeEvent::changes) tells the two apart.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number; days and instants come as milliseconds since 1970.
    Int(i64),
    /// A number.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text, ids and picklist values.
    Text(&'a str),
    /// A list.
    List(Vec<FieldValue<'a>>),
    /// A compound field, such as a name or an address, or a map: its parts by name.
    Parts(Vec<(&'a str, FieldValue<'a>)>),
}

/// Shorter inside.
pub(in crate::events) type Nested<'a> = Vec<(&'a str, FieldValue<'a>)>;

impl<'a> FieldValue<'a> {
    /// Whether the value is empty.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The instant that a date-time field's milliseconds mean.
    #[must_use]
    pub fn as_instant(&self) -> Option<DateTime<Utc>> {
        self.as_i64().and_then(DateTime::from_timestamp_millis)
    }

    /// One part of a compound field.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Parts(parts) => parts.iter().find(|(known, _)| *known == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool",
            Self::Int(_) => "Int",
            Self::Double(_) => "Double",
            Self::Bytes(_) => "Bytes",
            Self::Text(_) => "Text",
            Self::List(_) => "List",
            Self::Parts(_) => "Parts",
        })
    }
}

/// Reads a whole payload: the fields of the event's record in their order.
pub(in crate::events) fn read<'a>(schema: &'a Schema, payload: &'a [u8]) -> Result<Nested<'a>, AvroError> {
    // A value without a byte of its own (a null in a list) must not multiply for free.
    let mut reader = Reader { schema, rest: payload, budget: payload.len().saturating_mul(4) + 4096 };
    match reader.value(schema.root(), 0)? {
        FieldValue::Parts(_) if !reader.rest.is_empty() => {
            Err(AvroError(format!("{} bytes are left over: the payload has another schema", reader.rest.len())))
        }
        FieldValue::Parts(fields) => Ok(fields),
        _ => Err(AvroError::new("an event is a record")),
    }
}

struct Reader<'a> {
    schema: &'a Schema,
    rest: &'a [u8],
    budget: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, id: TypeId, depth: usize) -> Result<FieldValue<'a>, AvroError> {
        if depth > DEEPEST {
            return Err(AvroError::new("the payload nests too deeply"));
        }
        self.budget = self.budget.checked_sub(1).ok_or_else(|| AvroError::new("the payload holds too many values"))?;
        let schema = self.schema;
        Ok(match schema.get(id) {
            Type::Null => FieldValue::Null,
            Type::Boolean => match self.take(1)? {
                [0] => FieldValue::Bool(false),
                [1] => FieldValue::Bool(true),
                _ => return Err(AvroError::new("a boolean that is neither true nor false")),
            },
            Type::Int => {
                let number = self.long()?;
                i32::try_from(number).map_err(|_| AvroError::new("an int that does not fit"))?;
                FieldValue::Int(number)
            }
            Type::Long => FieldValue::Int(self.long()?),
            Type::Float => FieldValue::Double(f64::from(f32::from_le_bytes(self.array()?))),
            Type::Double => FieldValue::Double(f64::from_le_bytes(self.array()?)),
            Type::Bytes => FieldValue::Bytes(self.sized()?),
            Type::String => FieldValue::Text(self.text()?),
            Type::Fixed(size) => FieldValue::Bytes(self.take(*size)?),
            Type::Enum(symbols) => {
                let symbol = self.index()?;
                let symbol = symbols.get(symbol).ok_or_else(|| AvroError::new("an enum value beyond its symbols"))?;
                FieldValue::Text(symbol)
            }
            Type::Union(members) => {
                let member = self.index()?;
                let member = members.get(member).ok_or_else(|| AvroError::new("a union value beyond its members"))?;
                self.value(*member, depth + 1)?
            }
            Type::Array(items) => {
                let mut list = Vec::new();
                self.blocks(|reader| {
                    list.push(reader.value(*items, depth + 1)?);
                    Ok(())
                })?;
                FieldValue::List(list)
            }
            Type::Map(values) => {
                let mut parts = Vec::new();
                self.blocks(|reader| {
                    let key = reader.text()?;
                    parts.push((key, reader.value(*values, depth + 1)?));
                    Ok(())
                })?;
                FieldValue::Parts(parts)
            }
            Type::Record(record) => {
                let mut parts = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let value = self.value(field.kind, depth + 1);
                    let value = value.map_err(|AvroError(why)| AvroError(format!("{}: {why}", field.name)))?;
                    parts.push((field.name.as_str(), value));
                }
                FieldValue::Parts(parts)
            }
        })
    }

    /// Blocks of items, each after its count; a negative count is followed by the block's size in bytes.
    fn blocks(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), AvroError>) -> Result<(), AvroError> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.long()?;
            }
            // Ends by itself: each item costs budget.
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], AvroError> {
        let parts = self.rest.split_at_checked(count);
        let (head, rest) = parts.ok_or_else(|| AvroError::new("the payload ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AvroError> {
        self.take(N)?.try_into().map_err(|_| AvroError::new("the payload ends too early"))
    }

    /// A zigzag number of variable length.
    fn long(&mut self) -> Result<i64, AvroError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((number >> 1) as i64 ^ -((number & 1) as i64));
            }
        }
        Err(AvroError::new("a number that is too long"))
    }

    fn index(&mut self) -> Result<usize, AvroError> {
        usize::try_from(self.long()?).map_err(|_| AvroError::new("a negative place"))
    }

    fn sized(&mut self) -> Result<&'a [u8], AvroError> {
        let size = self.index()?;
        self.take(size)
    }

    fn text(&mut self) -> Result<&'a str, AvroError> {
        std::str::from_utf8(self.sized()?).map_err(|_| AvroError::new("a text that is not UTF-8"))
    }
}

/// Writes a value as JSON: bytes as hexadecimal text; numbers that JSON does not have as null.
pub(in crate::events) fn write_json(out: &mut String, value: &FieldValue<'_>) {
    use fmt::Write as _;
    match value {
        FieldValue::Null => out.push_str("null"),
        FieldValue::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        FieldValue::Int(number) => {
            let _ = write!(out, "{number}");
        }
        FieldValue::Double(number) if number.is_finite() => {
            let _ = write!(out, "{number:?}");
        }
        FieldValue::Double(_) => out.push_str("null"),
        FieldValue::Bytes(bytes) => {
            out.push('"');
            for byte in *bytes {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('"');
        }
        FieldValue::Text(text) => write_text(out, text),
        FieldValue::List(list) => {
            out.push('[');
            for (place, value) in list.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_json(out, value);
            }
            out.push(']');
        }
        FieldValue::Parts(parts) => {
            out.push('{');
            for (place, (name, value)) in parts.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_text(out, name);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}

pub(in crate::events) fn write_text(out: &mut String, text: &str) {
    // A text always serialises.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: &str = r#"{"type":"record","name":"E","fields":[
        {"name":"no","type":"null"},{"name":"flag","type":"boolean"},{"name":"int","type":"int"},
        {"name":"long","type":"long"},{"name":"float","type":"float"},{"name":"double","type":"double"},
        {"name":"bytes","type":"bytes"},{"name":"text","type":"string"},
        {"name":"fixed","type":{"type":"fixed","name":"Two","size":2}},
        {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["X","Y"]}},
        {"name":"list","type":{"type":"array","items":["null","string"]}},
        {"name":"map","type":{"type":"map","values":"int"}},
        {"name":"name","type":["null","string",{"type":"record","name":"Name","fields":[{"name":"First","type":["null","string"]}]}]}]}"#;

    #[test]
    fn a_value_of_every_type_is_read() {
        let schema = Schema::parse(EVERYTHING).unwrap();
        // Written down by hand from the Avro specification: zigzag varints, little-endian floats, blocks with counts.
        let payload = [
            &[1][..],                        // flag
            &[0x01],                         // int -1
            &[0x80, 0x80, 0x01],             // long 8192
            &1.5_f32.to_le_bytes(),          // float
            &(-2.25_f64).to_le_bytes(),      // double
            &[4, 0xca, 0xfe],                // bytes
            &[6, b'A', b'd', b'a'],          // text
            &[1, 2],                         // fixed
            &[2],                            // kind Y
            &[3, 8, 0, 2, 2, b'x', 2, 0, 0], // list: a block of -2 with its size, one of 1, the end
            &[2, 2, b'k', 14, 0],            // map
            &[4, 2, 2, b'A'],                // name: third member, its part the second
        ]
        .concat();
        let fields = read(&schema, &payload).unwrap();
        let mut json = String::new();
        write_json(&mut json, &FieldValue::Parts(fields.clone()));
        assert_eq!(
            json,
            r#"{"no":null,"flag":true,"int":-1,"long":8192,"float":1.5,"double":-2.25,"bytes":"cafe","text":"Ada","fixed":"0102","kind":"Y","list":[null,"x",null],"map":{"k":7},"name":{"First":"A"}}"#
        );
        assert_eq!(fields[12].1.part("First").and_then(FieldValue::as_str), Some("A"));
        assert!(!format!("{fields:?}").contains("Ada"), "values are not shown");
        for cut in 0..payload.len() {
            read(&schema, &payload[..cut]).unwrap_err();
        }
        read(&schema, &[payload.clone(), vec![0]].concat()).unwrap_err();
    }

    #[test]
    fn a_small_payload_cannot_claim_a_huge_list() {
        let schema = Schema::parse(
            r#"{"type":"record","name":"E","fields":[{"name":"l","type":{"type":"array","items":"null"}}]}"#,
        )
        .unwrap();
        let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0];
        assert!(read(&schema, &huge).unwrap_err().0.contains("too many"));
    }

    proptest::proptest! {
        #[test]
        fn no_payload_panics(payload in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let schema = Schema::parse(EVERYTHING).unwrap();
            let _ = read(&schema, &payload);
        }
    }
}
