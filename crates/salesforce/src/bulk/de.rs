//! From a line of CSV to a type: columns by name, parents by path, an empty cell as nothing.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::csv::{Cells, Node};

/// The name by which serde_json asks for a value's raw text; amounts are read that way.
const RAW: &str = "$serde_json::private::RawValue";

/// Why a record cannot be read. Values are left out.
#[derive(Debug)]
pub(crate) struct CellError {
    column: String,
    message: String,
}

impl fmt::Display for CellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.column.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.column, self.message) }
    }
}

impl std::error::Error for CellError {}

impl de::Error for CellError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // What stands in quotes may be a value, and values are people's data.
        let text = message.to_string();
        let mut parts = text.split('"');
        let mut message = parts.next().unwrap_or_default().to_owned();
        while parts.next().is_some() {
            message.push_str("\"…\"");
            message.push_str(parts.next().unwrap_or_default());
        }
        Self { column: String::new(), message }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { column: field.to_owned(), message: "the column is missing".to_owned() }
    }
}

pub(crate) fn from_cells<T: DeserializeOwned>(cells: Cells<'_>) -> Result<T, CellError> {
    T::deserialize(Fields { cells, nodes: &cells.header.tree })
}

/// A record, or a parent within it.
#[derive(Clone, Copy)]
struct Fields<'a> {
    cells: Cells<'a>,
    nodes: &'a [Node],
}

impl Fields<'_> {
    fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| match node {
            Node::Cell { column, .. } => self.cells.cell(*column).is_empty(),
            Node::Parent { nodes, .. } => Fields { cells: self.cells, nodes }.is_empty(),
        })
    }
}

impl<'de> Deserializer<'de> for Fields<'de> {
    type Error = CellError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        visitor.visit_map(Walk { fields: self, next: 0 })
    }

    /// A parent that is not there has no field with a value.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        if self.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, CellError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

struct Walk<'a> {
    fields: Fields<'a>,
    next: usize,
}

impl<'a> MapAccess<'a> for Walk<'a> {
    type Error = CellError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, CellError> {
        let Some(node) = self.fields.nodes.get(self.next) else {
            return Ok(None);
        };
        seed.deserialize(BorrowedStrDeserializer::new(node.name())).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, CellError> {
        let Some(node) = self.fields.nodes.get(self.next) else {
            return Err(de::Error::custom("a value without a column"));
        };
        self.next += 1;
        let cells = self.fields.cells;
        let value = match node {
            Node::Cell { column, .. } => seed.deserialize(Cell(cells.cell(*column))),
            Node::Parent { nodes, .. } => seed.deserialize(Fields { cells, nodes }),
        };
        value.map_err(|mut error| {
            error.column = match error.column.as_str() {
                "" => node.name().to_owned(),
                inner => format!("{}.{inner}", node.name()),
            };
            error
        })
    }
}

/// One cell.
struct Cell<'a>(&'a str);

impl Cell<'_> {
    /// The text as a whole number; some columns write `23.0`.
    fn whole(&self) -> &str {
        self.0.trim().strip_suffix(".0").unwrap_or(self.0.trim())
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
            match self.whole().parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(de::Error::custom("not a whole number of the expected size")),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = CellError;

    numbers! {
        deserialize_i8 visit_i8 i8; deserialize_i16 visit_i16 i16; deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64; deserialize_i128 visit_i128 i128; deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16; deserialize_u32 visit_u32 u32; deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        match self.0.trim().parse() {
            Ok(number) => visitor.visit_f64(number),
            Err(_) => Err(de::Error::custom("not a number")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        match self.0 {
            "true" | "1" | "TRUE" => visitor.visit_bool(true),
            "false" | "0" | "FALSE" | "" => visitor.visit_bool(false),
            _ => Err(de::Error::custom("neither true nor false")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        if self.0.is_empty() { visitor.visit_unit() } else { visitor.visit_borrowed_str(self.0) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CellError> {
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        let json = if self.0.is_empty() {
            "null".to_owned()
        } else {
            serde_json::to_string(self.0).map_err(de::Error::custom)?
        };
        visitor.visit_map(MapDeserializer::new(std::iter::once((RAW, json))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CellError> {
        visitor.visit_enum(BorrowedStrDeserializer::<CellError>::new(self.0))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CellError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use crate::bulk::{ColumnDelimiter, parse_results};
    use crate::{Contact, Opportunity};

    #[test]
    fn a_record_becomes_a_type_with_parents_and_amounts() {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Parent {
            name: String,
            owner: Option<Box<Parent>>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Person {
            last_name: String,
            title: Option<String>,
            number: Option<i64>,
            ratio: Option<f64>,
            do_not_call: bool,
            account: Option<Parent>,
        }
        let csv = "\"LastName\",\"Account.Name\",\"Title\",\"Number\",\"Ratio\",\"DoNotCall\",\"Account.Owner.Name\"\n\
                   \"A\",\"Acme\",\"\",\"23.0\",\"1.5\",\"true\",\"Ada\"\n\"B\",\"\",\"t\",\"\",\"\",\"false\",\"\"\n";
        let rows = parse_results(csv.as_bytes(), ColumnDelimiter::Comma).unwrap();
        let a: Person = rows[0].decode().unwrap();
        assert_eq!(
            (a.last_name.as_str(), a.title, a.number, a.ratio, a.do_not_call),
            ("A", None, Some(23), Some(1.5), true)
        );
        let account = a.account.unwrap();
        assert_eq!((account.name.as_str(), account.owner.unwrap().name.as_str()), ("Acme", "Ada"));
        let b: Person = rows[1].decode().unwrap();
        assert!(b.account.is_none() && b.title.as_deref() == Some("t"));
    }

    #[test]
    fn the_models_read_bulk_rows_too() {
        let csv = "Id,Amount,CloseDate,IsClosed,CreatedDate\n006000000000001AAA,1234567890123456.78,2024-05-06,true,2024-05-06T07:08:09.000Z\n";
        let rows = parse_results(csv.as_bytes(), ColumnDelimiter::Comma).unwrap();
        let deal: Opportunity = rows[0].decode().unwrap();
        assert_eq!(deal.amount.unwrap().to_string(), "1234567890123456.78");
        assert_eq!(deal.close_date.unwrap().to_string(), "2024-05-06");
        let wrong =
            parse_results(b"Id,CreatedDate\n003000000000001AAA,secret-value\n", ColumnDelimiter::Comma).unwrap();
        let error = wrong[0].decode::<Contact>().unwrap_err().to_string();
        assert!(error.contains("CreatedDate") && !error.contains("secret-value"), "{error}");
    }
}
