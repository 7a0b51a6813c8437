//! A schema, parsed from its JSON.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::AvroError;

/// Schemas nest no deeper than this.
const DEEPEST: usize = 32;
/// More types than this are no event's.
const MOST_TYPES: usize = 20_000;

/// Index of a type in its schema.
pub(in crate::events) type TypeId = usize;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::events) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record(Record),
}

/// A record type.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::events) struct Record {
    /// Without its namespace.
    pub(in crate::events) name: String,
    pub(in crate::events) fields: Vec<Field>,
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::events) struct Field {
    pub(in crate::events) name: String,
    /// What the vendor says about it, such as `Data:DateTime`.
    pub(in crate::events) doc: String,
    pub(in crate::events) kind: TypeId,
    /// Whether an event may be published without it.
    pub(in crate::events) has_default: bool,
}

/// A schema whose root is a record.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::events) struct Schema {
    types: Vec<Type>,
    root: TypeId,
}

impl Schema {
    /// Reads a schema.
    pub(in crate::events) fn parse(json: &str) -> Result<Self, AvroError> {
        let value: Value = serde_json::from_str(json).map_err(|error| AvroError(format!("no JSON: {error}")))?;
        let mut parser = Parser { types: Vec::new(), named: HashMap::new() };
        let root = parser.read(&value, "", 0)?;
        let schema = Self { types: parser.types, root };
        match schema.get(root) {
            Type::Record(_) => Ok(schema),
            _ => Err(AvroError::new("the schema of an event is not a record")),
        }
    }

    pub(in crate::events) fn get(&self, id: TypeId) -> &Type {
        self.types.get(id).unwrap_or(&Type::Null)
    }

    /// The type of a whole event.
    pub(in crate::events) fn root(&self) -> TypeId {
        self.root
    }

    /// The record that a whole event is.
    pub(in crate::events) fn record(&self) -> &Record {
        const NONE: &Record = &Record { name: String::new(), fields: Vec::new() };
        match self.get(self.root) {
            Type::Record(record) => record,
            _ => NONE,
        }
    }

    /// The record type that a field holds, itself or as a member of a union.
    pub(in crate::events) fn nested(&self, id: TypeId) -> Option<&Record> {
        match self.get(id) {
            Type::Record(record) => Some(record),
            Type::Union(members) => members.iter().find_map(|member| match self.get(*member) {
                Type::Record(record) => Some(record),
                _ => None,
            }),
            _ => None,
        }
    }
}

struct Parser {
    types: Vec<Type>,
    /// By full name.
    named: HashMap<String, TypeId>,
}

impl Parser {
    fn read(&mut self, value: &Value, namespace: &str, depth: usize) -> Result<TypeId, AvroError> {
        if depth > DEEPEST || self.types.len() > MOST_TYPES {
            return Err(AvroError::new("the schema is too large"));
        }
        match value {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(members) => {
                let members = members.iter().map(|member| self.read(member, namespace, depth + 1));
                let members = members.collect::<Result<Vec<_>, _>>()?;
                Ok(self.add(Type::Union(members)))
            }
            Value::Object(object) => self.complex(object, namespace, depth),
            _ => Err(AvroError::new("a type is a name, a list or an object")),
        }
    }

    fn by_name(&mut self, name: &str, namespace: &str) -> Result<TypeId, AvroError> {
        let primitive = match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::String,
            _ => {
                let known = self.named.get(&full_name(name, namespace)).or_else(|| self.named.get(name));
                return known.copied().ok_or_else(|| AvroError(format!("unknown type {name}")));
            }
        };
        Ok(self.add(primitive))
    }

    fn complex(&mut self, object: &Map<String, Value>, namespace: &str, depth: usize) -> Result<TypeId, AvroError> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            // A type in parentheses, as it were: `{"type": {…}, "logicalType": …}`.
            Some(inner) => return self.read(inner, namespace, depth + 1),
            None => return Err(AvroError::new("an object without a type")),
        };
        let part = |name: &str| object.get(name).ok_or_else(|| AvroError(format!("{kind} without {name}")));
        match kind {
            "array" => {
                let items = self.read(part("items")?, namespace, depth + 1)?;
                Ok(self.add(Type::Array(items)))
            }
            "map" => {
                let values = self.read(part("values")?, namespace, depth + 1)?;
                Ok(self.add(Type::Map(values)))
            }
            "enum" => {
                let symbols = part("symbols")?.as_array().into_iter().flatten();
                let symbols = symbols.filter_map(Value::as_str).map(str::to_owned).collect();
                let id = self.add(Type::Enum(symbols));
                self.name(object, namespace, id)?;
                Ok(id)
            }
            "fixed" => {
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                let id = self.add(Type::Fixed(size.ok_or_else(|| AvroError::new("fixed without a size"))?));
                self.name(object, namespace, id)?;
                Ok(id)
            }
            "record" | "error" => self.record(object, namespace, depth),
            primitive => self.by_name(primitive, namespace),
        }
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str, depth: usize) -> Result<TypeId, AvroError> {
        // Known by name before its fields are read: they may refer to it.
        let id = self.add(Type::Null);
        let full = self.name(object, namespace, id)?;
        let (inner, name) = full.rsplit_once('.').unwrap_or(("", &full));
        let list = object.get("fields").and_then(Value::as_array);
        let list = list.ok_or_else(|| AvroError(format!("record {name} without fields")))?;
        let mut fields = Vec::with_capacity(list.len());
        for field in list {
            let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let kind = field.get("type").ok_or_else(|| AvroError(format!("a field of {name} without a type")))?;
            let kind = self.read(kind, inner, depth + 1)?;
            let has_default = field.get("default").is_some();
            fields.push(Field { name: text("name"), doc: text("doc"), kind, has_default });
        }
        let record = Type::Record(Record { name: name.to_owned(), fields });
        if let Some(slot) = self.types.get_mut(id) {
            *slot = record;
        }
        Ok(id)
    }

    fn name(&mut self, object: &Map<String, Value>, namespace: &str, id: TypeId) -> Result<String, AvroError> {
        let name = object.get("name").and_then(Value::as_str).ok_or_else(|| AvroError::new("a type without a name"))?;
        let namespace = object.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
        let full = full_name(name, namespace);
        self.named.insert(full.clone(), id);
        Ok(full)
    }

    fn add(&mut self, kind: Type) -> TypeId {
        self.types.push(kind);
        self.types.len() - 1
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_type_is_read() {
        let schema = Schema::parse(
            r#"{"type":"record","name":"E","namespace":"com.x","fields":[
                {"name":"a","type":["null","string"],"doc":"Data:Text","default":null},
                {"name":"b","type":{"type":"array","items":"long"}},
                {"name":"c","type":{"type":"map","values":"double"}},
                {"name":"d","type":{"type":"enum","name":"Kind","symbols":["X","Y"]}},
                {"name":"e","type":{"type":"fixed","name":"Four","size":4}},
                {"name":"f","type":["null",{"type":"record","name":"Part","fields":[{"name":"k","type":"Kind"}]}]},
                {"name":"g","type":["null","com.x.Part"]},
                {"name":"h","type":{"type":"bytes","logicalType":"decimal"}},
                {"name":"i","type":["null","E"]}]}"#,
        )
        .unwrap();
        let fields = &schema.record().fields;
        assert_eq!(schema.record().name, "E");
        assert_eq!((fields[0].doc.as_str(), fields[0].has_default), ("Data:Text", true));
        assert!(!fields[1].has_default);
        assert_eq!(schema.nested(fields[5].kind).unwrap().name, "Part");
        assert_eq!(schema.nested(fields[6].kind), schema.nested(fields[5].kind));
        assert_eq!(schema.get(fields[7].kind), &Type::Bytes);
        assert_eq!(schema.nested(fields[8].kind).unwrap().fields.len(), 9, "a type may refer to itself");
        assert_eq!(schema.nested(fields[0].kind), None);
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for bad in [
            "",
            "7",
            r#""string""#,
            r#"{"type":"record"}"#,
            r#"{"type":"record","name":"E"}"#,
            r#"{"type":"record","name":"E","fields":[{"name":"a"}]}"#,
            r#"{"type":"record","name":"E","fields":[{"name":"a","type":"Nope"}]}"#,
            r#"{"type":"record","name":"E","fields":[{"name":"a","type":{"type":"array"}}]}"#,
        ] {
            Schema::parse(bad).expect_err(bad);
        }
        let deep = format!("{}\"long\"{}", r#"{"type":"array","items":"#.repeat(100), "}".repeat(100));
        Schema::parse(&format!(r#"{{"type":"record","name":"E","fields":[{{"name":"a","type":{deep}}}]}}"#))
            .unwrap_err();
    }
}
