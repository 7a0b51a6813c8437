//! The fields that a change event's header names, which it names by their places in the schema.
//!
//! A list of texts: `0x…` is a number in hexadecimal whose bit *i* stands for top-level field *i*; `7-0x…` says the same of
//! the parts of the compound field at place 7. Texts of neither form are names already, as the older streaming API
//! sends them. (Pub/Sub API guide, "Event Deserialization Considerations", and the vendor's sample code.)

use super::avro::{AvroError, Record, Schema};

/// The names meant, compound parts as `Name.FirstName`, in the schema's order.
pub(super) fn names(schema: &Schema, entries: &[&str]) -> Result<Vec<String>, AvroError> {
    let mut names = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        if let Some(digits) = entry.strip_prefix("0x") {
            for place in places(digits)? {
                names.push(name(schema.record(), place)?.to_owned());
            }
        } else if let Some((parent, digits)) = entry.split_once("-0x") {
            let unreadable = || AvroError(format!("the field list entry {entry} cannot be read"));
            let parent: usize = parent.parse().map_err(|_| unreadable())?;
            let field = schema.record().fields.get(parent).ok_or_else(unreadable)?;
            let nested = schema.nested(field.kind);
            let nested = nested.ok_or_else(|| AvroError(format!("{} has no parts", field.name)))?;
            for place in places(digits)? {
                names.push(format!("{}.{}", field.name, name(nested, place)?));
            }
        } else {
            names.push((*entry).to_owned());
        }
    }
    Ok(names)
}

fn name(record: &Record, place: usize) -> Result<&str, AvroError> {
    let field = record.fields.get(place);
    field.map(|field| field.name.as_str()).ok_or_else(|| AvroError(format!("{} has no field at {place}", record.name)))
}

/// The places of the bits that are set, lowest first.
fn places(digits: &str) -> Result<Vec<usize>, AvroError> {
    let mut places = Vec::new();
    for (nibble, digit) in digits.chars().rev().enumerate() {
        let bits = digit.to_digit(16).ok_or_else(|| AvroError(format!("{digit:?} is not a hexadecimal digit")))?;
        places.extend((0..4).filter(|bit| bits >> bit & 1 == 1).map(|bit| nibble * 4 + bit));
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let plain = |n: usize| format!(r#"{{"name":"F{n}","type":["null","string"],"default":null}}"#);
        let parts: Vec<_> = (0..11).map(plain).collect();
        let compound = format!(
            r#"{{"name":"Home","type":["null",{{"type":"record","name":"Address","fields":[{}]}}]}}"#,
            parts.join(",")
        );
        let fields: Vec<_> = (0..32).map(|n| if n == 7 { compound.clone() } else { plain(n) }).collect();
        Schema::parse(&format!(r#"{{"type":"record","name":"E","fields":[{}]}}"#, fields.join(","))).unwrap()
    }

    #[test]
    fn the_documented_bitmap_means_what_the_vendors_sample_code_says() {
        // 0x650004E0 = 0110 0101 0000 0000 0000 0100 1110 0000, read from its end.
        let found = names(&schema(), &["0x650004E0", "7-0x06"]).unwrap();
        assert_eq!(found, ["F5", "F6", "Home", "F10", "F24", "F26", "F29", "F30", "Home.F1", "Home.F2"]);
    }

    #[test]
    fn nested_entries_stand_alone_and_names_stay() {
        assert_eq!(names(&schema(), &["7-0x400"]).unwrap(), ["Home.F10"]);
        assert_eq!(names(&schema(), &["0x1", "0x02", "LastModifiedDate"]).unwrap(), ["F0", "F1", "LastModifiedDate"]);
        assert!(names(&schema(), &[]).unwrap().is_empty());
        assert!(names(&schema(), &["0x", "0x00"]).unwrap().is_empty());
    }

    #[test]
    fn a_place_that_the_schema_does_not_have_is_not_passed_over() {
        for bad in ["0x100000000", "7-0x800", "40-0x1", "3-0x1", "0xg", "x-0x1"] {
            names(&schema(), &[bad]).expect_err(bad);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_entry_panics(entry in "[0-9x\\-a-f]{0,12}") {
            let _ = names(&schema(), &[&entry]);
        }
    }
}
