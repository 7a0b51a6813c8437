//! From a record that serializes to the cells of a line, with what a cell cannot say refused.

use std::borrow::Cow;

use rest_core::{Error, Result};
use serde::ser::{Error as _, Serialize, Serializer};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use crate::ids::Id;

/// What empties a field.
pub(crate) const NULL: &str = "#N/A";

/// A record's fields with the id, or the value of the external id, that says which record is meant: the rows of an
/// update, an upsert and a delete.
///
/// ```
/// # use salesforce::bulk::KeyedRow;
/// # use salesforce::{Contact, ContactUpdate, Change, Id};
/// let id: Id<Contact> = "003000000000001".parse()?;
/// let row = KeyedRow::id(id, ContactUpdate { title: Change::Clear, ..ContactUpdate::default() });
/// assert_eq!(serde_json::to_string(&row)?, r#"{"Id":"003000000000001AAA","Title":null}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KeyedRow<F> {
    field: Cow<'static, str>,
    value: String,
    fields: F,
}

impl<F: Serialize> KeyedRow<F> {
    /// The record with this id.
    pub fn id<T: ?Sized>(id: Id<T>, fields: F) -> Self {
        Self { field: Cow::Borrowed("Id"), value: id.as_str().to_owned(), fields }
    }

    /// The record with this value of an external id field.
    pub fn external_id(field: impl Into<Cow<'static, str>>, value: impl Into<String>, fields: F) -> Self {
        Self { field: field.into(), value: value.into(), fields }
    }
}

impl KeyedRow<crate::Fields> {
    /// The record with this id and nothing else: the row of a delete.
    pub fn bare<T: ?Sized>(id: Id<T>) -> Self {
        Self::id(id, crate::Fields::new())
    }
}

/// Shows the field that says which record is meant, and no content.
impl<F> std::fmt::Debug for KeyedRow<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyedRow").field("field", &self.field).finish_non_exhaustive()
    }
}

impl<F: Serialize> Serialize for KeyedRow<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = serde_json::to_string(&self.fields).map_err(S::Error::custom)?;
        let inner = fields.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let inner = inner.ok_or_else(|| S::Error::custom("a row must be an object"))?;
        let name = serde_json::to_string(&self.field).map_err(S::Error::custom)?;
        let value = serde_json::to_string(&self.value).map_err(S::Error::custom)?;
        let comma = if inner.is_empty() { "" } else { "," };
        RawValue::from_string(format!("{{{name}:{value}{comma}{inner}}}"))
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// Gives each field of a record, as JSON, as the name of a column and a cell. An empty text and a null empty the field:
/// an empty cell would leave it alone.
pub(crate) fn cells(json: &[u8], sink: &mut impl FnMut(&str, &str)) -> Result<()> {
    let text = std::str::from_utf8(json).map_err(|_| refuse("", "the record is not UTF-8"))?;
    let mut problem = Ok(());
    let walked = walk(text, &mut |name, value| {
        if problem.is_ok() && name != "attributes" {
            problem = field(name, value, sink);
        }
    });
    problem?;
    walked.map_err(|_| refuse("", "the record is no object of fields"))
}

fn refuse(field: &str, why: &str) -> Error {
    let at = if field.is_empty() { String::new() } else { format!("the field {field}: ") };
    Error::config(format!("{at}{why}"))
}

fn field(name: &str, value: &str, sink: &mut impl FnMut(&str, &str)) -> Result<()> {
    match value.as_bytes().first() {
        Some(b'{') => parent(name, value, sink),
        Some(b'[') => Err(refuse(name, "a list cannot be written by a bulk job")),
        _ => plain(name, value, sink),
    }
}

fn plain(name: &str, value: &str, sink: &mut impl FnMut(&str, &str)) -> Result<()> {
    if value == "null" {
        sink(name, NULL);
        return Ok(());
    }
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        // A number or a boolean.
        sink(name, value);
        return Ok(());
    };
    let text: Cow<'_, str> = if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(value).map_err(|_| refuse(name, "the text cannot be read"))?)
    } else {
        Cow::Borrowed(inner)
    };
    match &*text {
        "" => sink(name, NULL),
        NULL => {
            return Err(refuse(
                name,
                "a bulk job cannot write the text #N/A: it means an empty field; write it by REST",
            ));
        }
        text if text.contains('\0') => return Err(refuse(name, "a bulk job cannot write a text with a NUL character")),
        text => sink(name, text),
    }
    Ok(())
}

/// A parent by an external id: `{"Account": {"Key__c": "A-1"}}` is the column `Account.Key__c`; with a type, which a
/// relationship to several objects needs, `User:Owner.Username`.
fn parent(name: &str, value: &str, sink: &mut impl FnMut(&str, &str)) -> Result<()> {
    let (mut key, mut object, mut count) = (None, None, 0);
    let walked = walk(value, &mut |inner, value| {
        if inner == "attributes" {
            object = serde_json::from_str::<Attributes<'_>>(value).ok().map(|attributes| attributes.kind.into_owned());
        } else {
            count += 1;
            key = Some((inner.to_owned(), value.to_owned()));
        }
    });
    walked.map_err(|_| refuse(name, "the parent cannot be read"))?;
    let compound =
        "a bulk job takes a parent with exactly one external id, and no compound field; write an address by its parts";
    let Some((key, value)) = key.filter(|_| count == 1) else {
        return Err(refuse(name, compound));
    };
    if value.starts_with(['{', '[']) {
        return Err(refuse(name, compound));
    }
    match object {
        Some(object) => plain(&format!("{object}:{name}.{key}"), &value, sink),
        None => plain(&format!("{name}.{key}"), &value, sink),
    }
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// The members of a JSON object with the raw text of their values.
pub(crate) fn walk(json: &str, each: &mut impl FnMut(&str, &str)) -> Result<(), serde_json::Error> {
    struct Members<'f, F>(&'f mut F);
    impl<'de, F: FnMut(&str, &str)> de::Visitor<'de> for Members<'_, F> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            #[derive(Deserialize)]
            struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
            while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                (self.0)(&name, value.get());
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Members(each))?;
    deserializer.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, ContactUpdate, Fields};

    fn of(json: &str) -> Result<Vec<(String, String)>, String> {
        let mut all = Vec::new();
        cells(json.as_bytes(), &mut |name, cell| all.push((name.to_owned(), cell.to_owned())))
            .map_err(|error| error.to_string())?;
        Ok(all)
    }

    fn one(json: &str) -> (String, String) {
        of(json).unwrap().remove(0)
    }

    #[test]
    fn emptying_a_field_and_leaving_it_alone_are_different_cells() {
        let update = ContactUpdate {
            title: Change::Clear,
            phone: Change::Keep,
            department: Change::Set(String::new()),
            ..ContactUpdate::default()
        };
        let mut cells = of(&serde_json::to_string(&update).unwrap()).unwrap();
        cells.sort();
        assert_eq!(cells, [("Department".into(), NULL.into()), ("Title".into(), NULL.into())]);
    }

    #[test]
    fn every_kind_of_value_has_its_cell() {
        for (json, name, cell) in [
            (r#"{"A":1.50}"#, "A", "1.50"),
            (r#"{"A":true}"#, "A", "true"),
            (r#"{"A":"x \"y\"\n"}"#, "A", "x \"y\"\n"),
            (r#"{"Account":{"Key__c":"A-1"}}"#, "Account.Key__c", "A-1"),
            (r#"{"Owner":{"attributes":{"type":"User"},"Username":"u"}}"#, "User:Owner.Username", "u"),
            (r#"{"attributes":{"type":"Contact"},"A":"b"}"#, "A", "b"),
        ] {
            assert_eq!(one(json), (name.to_owned(), cell.to_owned()), "{json}");
        }
    }

    #[test]
    fn what_a_cell_cannot_say_is_refused_by_name() {
        for (json, words) in [
            (r##"{"A":"#N/A"}"##, "the field A: a bulk job cannot write the text #N/A"),
            (r#"{"A":"x\u0000y"}"#, "NUL"),
            (r#"{"A":[1]}"#, "a list"),
            (r#"{"MailingAddress":{"city":"x","street":"y"}}"#, "compound"),
            ("[1]", "no object"),
        ] {
            let error = of(json).unwrap_err();
            assert!(error.contains(words), "{json}: {error}");
        }
        let mut fields = Fields::new();
        fields.set("X__c", 7);
        let id: crate::AnyId = "003000000000001".parse().unwrap();
        assert_eq!(
            serde_json::to_string(&KeyedRow::id(id, &fields)).unwrap(),
            r#"{"Id":"003000000000001AAA","X__c":7}"#
        );
        assert_eq!(serde_json::to_string(&KeyedRow::bare(id)).unwrap(), r#"{"Id":"003000000000001AAA"}"#);
    }
}
