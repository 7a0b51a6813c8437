//! Writing an event for publishing: a JSON object in the schema's binary form.

use serde_json::{Map, Value};

use super::AvroError;
use super::schema::{Schema, Type, TypeId};

/// Writes `fields` as a payload. Fields that are left out are null where the schema allows that; names that the schema
/// does not have are refused.
pub(in crate::events) fn write(schema: &Schema, fields: &Map<String, Value>) -> Result<Vec<u8>, AvroError> {
    let mut out = Vec::new();
    record(schema, schema.root(), fields, &mut out)?;
    Ok(out)
}

fn record(schema: &Schema, id: TypeId, fields: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let Type::Record(record) = schema.get(id) else {
        return Err(AvroError::new("not a record"));
    };
    if let Some(unknown) = fields.keys().find(|name| record.fields.iter().all(|field| field.name != **name)) {
        return Err(AvroError(format!("{} has no field {unknown}", record.name)));
    }
    for field in &record.fields {
        let value = fields.get(&field.name).unwrap_or(&Value::Null);
        put(schema, field.kind, value, out).map_err(|AvroError(why)| AvroError(format!("{}: {why}", field.name)))?;
    }
    Ok(())
}

fn put(schema: &Schema, id: TypeId, value: &Value, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let wrong = || Err(AvroError(format!("the schema does not take {}", kind_of(value))));
    match (schema.get(id), value) {
        (Type::Null, Value::Null) => {}
        (Type::Boolean, Value::Bool(flag)) => out.push(u8::from(*flag)),
        (Type::Int, Value::Number(number)) => match number.as_i64().filter(|number| i32::try_from(*number).is_ok()) {
            Some(number) => long(number, out),
            None => return wrong(),
        },
        (Type::Long, Value::Number(number)) => match number.as_i64() {
            Some(number) => long(number, out),
            None => return wrong(),
        },
        (Type::Float, Value::Number(number)) => {
            out.extend((number.as_f64().unwrap_or_default() as f32).to_le_bytes());
        }
        (Type::Double, Value::Number(number)) => out.extend(number.as_f64().unwrap_or_default().to_le_bytes()),
        (Type::String | Type::Bytes, Value::String(text)) => sized(text.as_bytes(), out),
        (Type::Enum(symbols), Value::String(text)) => match symbols.iter().position(|symbol| symbol == text) {
            Some(place) => long(place as i64, out),
            None => return wrong(),
        },
        (Type::Union(members), value) => return union(schema, members, value, out),
        (Type::Array(items), Value::Array(list)) => {
            if !list.is_empty() {
                long(list.len() as i64, out);
            }
            for value in list {
                put(schema, *items, value, out)?;
            }
            long(0, out);
        }
        (Type::Map(values), Value::Object(map)) => {
            if !map.is_empty() {
                long(map.len() as i64, out);
            }
            for (key, value) in map {
                sized(key.as_bytes(), out);
                put(schema, *values, value, out)?;
            }
            long(0, out);
        }
        (Type::Record(_), Value::Object(fields)) => return record(schema, id, fields, out),
        _ => return wrong(),
    }
    Ok(())
}

/// The first member that takes the value.
fn union(schema: &Schema, members: &[TypeId], value: &Value, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let mut refusal = AvroError(format!("the schema does not take {}", kind_of(value)));
    for (place, member) in members.iter().enumerate() {
        let start = out.len();
        long(place as i64, out);
        match put(schema, *member, value, out) {
            Ok(()) => return Ok(()),
            Err(why) => {
                out.truncate(start);
                // Of a record it is worth knowing which part did not fit.
                if matches!(schema.get(*member), Type::Record(_)) && value.is_object() {
                    refusal = why;
                }
            }
        }
    }
    Err(refusal)
}

fn long(number: i64, out: &mut Vec<u8>) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push((rest as u8) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    long(bytes.len() as i64, out);
    out.extend(bytes);
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "an empty value",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "such a number",
        Value::String(_) => "such a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FieldValue, read, write_json};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const EVENT: &str = r#"{"type":"record","name":"Low_Ink__e","namespace":"com.sforce.eventbus","fields":[
        {"name":"CreatedDate","type":"long","doc":"CreatedDate:DateTime"},
        {"name":"CreatedById","type":"string","doc":"CreatedBy:EntityId"},
        {"name":"Model__c","type":["null","string"],"default":null},
        {"name":"Ink__c","type":["null","double"],"default":null},
        {"name":"Flag__c","type":["null","boolean"],"default":null},
        {"name":"Count__c","type":["null","int"],"default":null},
        {"name":"List__c","type":["null",{"type":"array","items":"string"}],"default":null},
        {"name":"Part__c","type":["null",{"type":"record","name":"P","fields":[{"name":"x","type":"long"}]}],"default":null}]}"#;

    fn through(fields: &Value) -> Result<Value, AvroError> {
        let schema = Schema::parse(EVENT)?;
        let payload = write(&schema, fields.as_object().unwrap())?;
        let mut out = String::new();
        write_json(&mut out, &FieldValue::Parts(read(&schema, &payload)?));
        Ok(serde_json::from_str(&out).unwrap())
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_field() {
        let refuse = |mut fields: Value, name: &str, value: Value| {
            fields[name] = value;
            through(&fields).unwrap_err().0
        };
        let good = json!({"CreatedDate": 1, "CreatedById": "005"});
        through(&good).unwrap();
        assert!(refuse(good.clone(), "Nope__c", json!(1)).contains("Nope__c"));
        assert!(refuse(good.clone(), "CreatedDate", json!(null)).starts_with("CreatedDate"));
        assert!(refuse(good.clone(), "Ink__c", json!("much")).starts_with("Ink__c"));
        assert!(refuse(good.clone(), "Count__c", json!(3_000_000_000_u64)).starts_with("Count__c"));
        let part = refuse(good, "Part__c", json!({"x": "y"}));
        assert!(part.starts_with("Part__c: x"), "{part}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            date in any::<i64>(), by in ".{0,9}", model in proptest::option::of(".{0,200}"),
            ink in proptest::option::of(any::<i32>().prop_map(|eighths| f64::from(eighths) / 8.0)), flag in proptest::option::of(any::<bool>()),
            count in proptest::option::of(any::<i32>()),
            list in proptest::option::of(proptest::collection::vec(".{0,5}", 0..4)),
            part in proptest::option::of(any::<i64>()),
        ) {
            let fields = json!({"CreatedDate": date, "CreatedById": by, "Model__c": model, "Ink__c": ink, "Flag__c": flag,
                "Count__c": count, "List__c": list, "Part__c": part.map(|x| json!({"x": x}))});
            prop_assert_eq!(through(&fields).unwrap(), fields);
        }
    }
}
