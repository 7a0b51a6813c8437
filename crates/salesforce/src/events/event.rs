//! What a subscription delivers: change events with their header, platform events, and the notices that data is missing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use rest_core::{Error, ErrorKind, Result, Row};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::avro::{self, AvroError, FieldValue, Nested, Schema};
use super::header::{ChangeEventHeader, ChangeType, HEADER};
use crate::{SObject, VENDOR};

/// The place of an event in its stream. Opaque: keep it, give it back, and do not calculate with it. `Display` and
/// [`FromStr`] are hexadecimal, for places that store text.
///
/// ```
/// use salesforce::events::ReplayId;
/// let place = ReplayId::new(vec![0, 0, 0, 0, 0, 12, 0xab, 0xcd]);
/// assert_eq!(place.to_string(), "00000000000cabcd");
/// assert_eq!("00000000000cabcd".parse::<ReplayId>()?, place);
/// # Ok::<(), salesforce::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplayId(Bytes);

impl ReplayId {
    /// The id that the server gave.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The id as the server gave it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl fmt::Display for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayId({self})")
    }
}

impl FromStr for ReplayId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2));
        let digits = digits.ok_or_else(|| Error::config("a replay id is written as pairs of hexadecimal digits"))?;
        Ok(Self(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect()))
    }
}

/// One thing that a subscription delivers, each at a place in the stream. Storing the place of what was dealt with, and
/// starting from it the next time, neither loses nor repeats anything while the vendor keeps events (72 hours).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Incoming {
    /// Records were created, changed, deleted or taken out of the bin.
    Change(ChangeEvent),
    /// A platform event.
    Platform(PlatformEvent),
    /// Records changed, and the event could not carry how: read them again.
    Gap(Gap),
    /// A transaction changed too much to be told: read the whole object again.
    Overflow(Gap),
    /// Nothing happened up to this place. Worth storing: a place that is never moved expires.
    Position(ReplayId),
    /// An event that cannot be read. The stream goes on behind it.
    Undecodable(Undecodable),
}

impl Incoming {
    /// The place to store once this was dealt with.
    #[must_use]
    pub fn replay_id(&self) -> &ReplayId {
        match self {
            Self::Change(event) => event.replay_id(),
            Self::Platform(event) => event.replay_id(),
            Self::Gap(gap) | Self::Overflow(gap) => &gap.replay_id,
            Self::Position(place) => place,
            Self::Undecodable(event) => &event.replay_id,
        }
    }

    /// Reads what came: the schema says whether it is a change event.
    pub(super) fn read(schema: Arc<Schema>, event_id: String, payload: Bytes, replay_id: ReplayId) -> Self {
        let data = EventData { schema, payload, event_id, replay_id };
        let headed = data.schema.record().fields.iter().any(|field| field.name == HEADER);
        if !headed {
            return match data.read() {
                Ok(_) => Self::Platform(PlatformEvent { data }),
                Err(error) => Self::Undecodable(data.undecodable(error)),
            };
        }
        let header = data.read().and_then(|fields| ChangeEventHeader::read(&data.schema, &fields));
        match header {
            Err(error) => Self::Undecodable(data.undecodable(error)),
            Ok(header) => match header.change {
                ChangeType::GapOverflow => Self::Overflow(Gap { header, replay_id: data.replay_id }),
                ChangeType::GapCreate | ChangeType::GapUpdate | ChangeType::GapDelete | ChangeType::GapUndelete => {
                    Self::Gap(Gap { header, replay_id: data.replay_id })
                }
                _ => Self::Change(ChangeEvent { header, data }),
            },
        }
    }
}

/// Records changed, and how could not be told: see [`Incoming::Gap`] and [`Incoming::Overflow`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Gap {
    /// Which object, which records, and what happened to them.
    pub header: ChangeEventHeader,
    /// The place to store once the records were read.
    pub replay_id: ReplayId,
}

/// An event that cannot be read.
#[derive(Clone)]
#[non_exhaustive]
pub struct Undecodable {
    /// Its place.
    pub replay_id: ReplayId,
    /// What is wrong.
    pub error: Error,
    /// What came: personal data, so not shown by `Debug`.
    pub payload: Bytes,
}

impl fmt::Debug for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undecodable")
            .field("replay_id", &self.replay_id)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Undecodable {
    pub(super) fn new(replay_id: ReplayId, payload: Bytes, error: Error) -> Self {
        Self { replay_id, error, payload }
    }
}

/// What every event consists of. Decoded when asked.
#[derive(Clone)]
struct EventData {
    schema: Arc<Schema>,
    payload: Bytes,
    event_id: String,
    replay_id: ReplayId,
}

impl EventData {
    fn read(&self) -> std::result::Result<Nested<'_>, AvroError> {
        avro::read(&self.schema, &self.payload)
    }

    fn undecodable(self, AvroError(why): AvroError) -> Undecodable {
        let message = format!("an event of {} cannot be read: {why}", self.schema.record().name);
        Undecodable::new(self.replay_id, self.payload, decode_error(message))
    }

    /// The fields beside the header. What was read once is read again in the same way.
    fn fields(&self) -> Nested<'_> {
        let mut fields = self.read().unwrap_or_default();
        fields.retain(|(name, _)| *name != HEADER);
        fields
    }

    fn doc(&self, name: &str) -> &str {
        let field = self.schema.record().fields.iter().find(|field| field.name == name);
        field.map_or("", |field| field.doc.as_str())
    }

    fn nested_name(&self, name: &str) -> &str {
        let field = self.schema.record().fields.iter().find(|field| field.name == name);
        field.and_then(|field| self.schema.nested(field.kind)).map_or("", |record| record.name.as_str())
    }

    /// A value as the REST API would write it: instants and days are texts there.
    fn write_rest(&self, out: &mut String, name: &str, value: &FieldValue<'_>) {
        let doc = self.doc(name);
        let kind = doc.split(':').nth(1).unwrap_or_default();
        let instant = value.as_instant();
        match (kind, instant) {
            ("DateTime", Some(at)) => avro::write_text(out, &at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()),
            ("DateOnly" | "Date", Some(at)) => avro::write_text(out, &at.format("%Y-%m-%d").to_string()),
            ("TimeOnly" | "Time", Some(at)) => avro::write_text(out, &at.format("%H:%M:%S%.3fZ").to_string()),
            _ => avro::write_json(out, value),
        }
    }
}

impl avro::FieldValue<'_> {
    /// Whether nothing is in it, nor in any of its parts.
    fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Parts(parts) => parts.iter().all(|(_, value)| value.is_blank()),
            _ => false,
        }
    }
}

pub(super) fn decode_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Decode, "events").with_vendor(VENDOR).with_message(message)
}

/// Records were created, changed, deleted or taken out of the bin. `Debug` shows the header, not the fields.
#[derive(Clone)]
pub struct ChangeEvent {
    header: ChangeEventHeader,
    data: EventData,
}

/// A field that a change event tells about: its API name as REST knows it, and its new value.
struct Told<'a> {
    /// The field of the event that it came in.
    source: &'a str,
    name: String,
    value: FieldValue<'a>,
}

impl ChangeEvent {
    /// What happened to which records, by whom and when.
    #[must_use]
    pub fn header(&self) -> &ChangeEventHeader {
        &self.header
    }

    /// The event's place in the stream.
    #[must_use]
    pub fn replay_id(&self) -> &ReplayId {
        &self.data.replay_id
    }

    /// All fields of the event as it came, in the schema's order: of an update, what was not changed is null.
    #[must_use]
    pub fn fields(&self) -> Vec<(&str, FieldValue<'_>)> {
        self.data.fields()
    }

    /// One field of the event as it came.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        self.data.fields().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The whole event but its header as JSON, in the vendor's nested form with times in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        avro::write_json(&mut out, &FieldValue::Parts(self.data.fields()));
        out
    }

    /// What the event says about the records, as the REST API would write it: `{"LastName":"Byron","MailingCity":null}`.
    /// Of an update these are the changed fields, emptied ones being null; of a creation and of a return from the bin,
    /// the fields that have a value; of a deletion, none. Parts of compound fields stand under their own names
    /// (`FirstName`, `MailingCity`), as in a row.
    #[must_use]
    pub fn changes(&self) -> Box<RawValue> {
        self.rest(None)
    }

    /// What the event says as a `T`, which must do without an id.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the field that does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        rest_core::row(self.changes(), "Id")
            .map(Row::into_data)
            .map_err(|bad| bad.into_error("events.decode").with_vendor(VENDOR))
    }

    /// One row for each record, with its id and what the event says: fields that it does not tell are absent
    /// (`row.extra("Email").is_none()`), emptied ones null, as in the rows of a query.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the field that does not fit, also if the records are not of the object `T`.
    pub fn records<T: SObject>(&self) -> Result<Vec<Row<T>>> {
        if self.header.entity != T::NAME {
            return Err(decode_error(format!("an event about {} is not one about {}", self.header.entity, T::NAME)));
        }
        let rows = self.header.record_ids.iter().map(|id| {
            rest_core::row(self.rest(Some(id)), "Id").map_err(|bad| bad.into_error("events.decode").with_vendor(VENDOR))
        });
        rows.collect()
    }

    fn rest(&self, id: Option<&str>) -> Box<RawValue> {
        let mut out = String::from("{");
        let entry = |out: &mut String, name: &str, write: &dyn Fn(&mut String)| {
            if out.len() > 1 {
                out.push(',');
            }
            avro::write_text(out, name);
            out.push(':');
            write(out);
        };
        if let Some(id) = id {
            entry(&mut out, "attributes", &|out| {
                out.push_str("{\"type\":");
                avro::write_text(out, &self.header.entity);
                out.push('}');
            });
            entry(&mut out, "Id", &|out| avro::write_text(out, id));
        }
        for told in self.told() {
            entry(&mut out, &told.name, &|out| self.data.write_rest(out, told.source, &told.value));
        }
        out.push('}');
        // What was just written is JSON; should it not be, an empty object is no event either.
        RawValue::from_string(out).unwrap_or_default()
    }

    fn told(&self) -> Vec<Told<'_>> {
        let mut told = Vec::new();
        match self.header.change {
            ChangeType::Delete => {}
            ChangeType::Update => {
                let named = |path: &str| self.header.changed_fields.iter().any(|changed| changed == path);
                let nulled = |path: &str| self.header.nulled_fields.iter().any(|nulled| nulled == path);
                for (source, value) in self.data.fields() {
                    let whole = named(source) || nulled(source);
                    self.tell(&mut told, source, value, |part| match part {
                        None => whole,
                        Some(part) => {
                            let path = format!("{source}.{part}");
                            whole || named(&path) || nulled(&path)
                        }
                    });
                }
            }
            _ => {
                for (source, value) in self.data.fields().into_iter().filter(|(_, value)| !value.is_blank()) {
                    self.tell(&mut told, source, value, |_| true);
                }
                told.retain(|told| !told.value.is_null());
            }
        }
        told
    }

    /// Adds a field, or the parts of a compound one, if they are `wanted`.
    fn tell<'a>(
        &'a self,
        told: &mut Vec<Told<'a>>,
        source: &'a str,
        value: FieldValue<'a>,
        wanted: impl Fn(Option<&str>) -> bool,
    ) {
        let compound = self.data.nested_name(source);
        // A name is a text for companies and in parts for people: a text is the field itself.
        if compound.is_empty() || matches!(value, FieldValue::Text(_)) {
            if wanted(None) {
                told.push(Told { source, name: source.to_owned(), value });
            }
            return;
        }
        let parts: Vec<(&str, FieldValue<'_>)> = match value {
            FieldValue::Parts(parts) => parts,
            // Emptied as a whole: so are its parts.
            _ => self.part_names(source).into_iter().map(|name| (name, FieldValue::Null)).collect(),
        };
        for (part, value) in parts.into_iter().filter(|(part, _)| wanted(Some(part))) {
            told.push(Told { source, name: part_name(source, compound, part), value });
        }
    }

    fn part_names(&self, source: &str) -> Vec<&str> {
        let schema = &self.data.schema;
        let field = schema.record().fields.iter().find(|field| field.name == source);
        let nested = field.and_then(|field| schema.nested(field.kind));
        nested.into_iter().flat_map(|record| &record.fields).map(|field| field.name.as_str()).collect()
    }
}

/// The name that REST has for a part of a compound field.
fn part_name(source: &str, compound: &str, part: &str) -> String {
    if compound.ends_with("PersonName") {
        return part.to_owned();
    }
    match (source.strip_suffix("__c"), source.strip_suffix("Address")) {
        (Some(custom), _) => format!("{custom}__{part}__s"),
        (None, Some(block)) => format!("{block}{part}"),
        (None, None) => format!("{source}{part}"),
    }
}

impl fmt::Debug for ChangeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeEvent")
            .field("header", &self.header)
            .field("replay_id", &self.data.replay_id)
            .finish_non_exhaustive()
    }
}

/// An event that someone published. `Debug` shows no content.
#[derive(Clone)]
pub struct PlatformEvent {
    data: EventData,
}

impl PlatformEvent {
    /// The event's API name, such as `Low_Ink__e`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.data.schema.record().name
    }

    /// The id that the publisher gave the event, or the server; the same in the answer to the publisher.
    #[must_use]
    pub fn event_id(&self) -> &str {
        &self.data.event_id
    }

    /// The event's place in the stream.
    #[must_use]
    pub fn replay_id(&self) -> &ReplayId {
        &self.data.replay_id
    }

    /// The fields in the schema's order.
    #[must_use]
    pub fn fields(&self) -> Vec<(&str, FieldValue<'_>)> {
        self.data.fields()
    }

    /// One field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldValue<'_>> {
        self.data.fields().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The event as JSON, with times in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        avro::write_json(&mut out, &FieldValue::Parts(self.data.fields()));
        out
    }

    /// The event as a `T`: every field by its API name, instants and days as the REST API writes them.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] with the field that does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let mut out = String::from("{");
        for (place, (name, value)) in self.data.fields().iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            avro::write_text(&mut out, name);
            out.push(':');
            self.data.write_rest(&mut out, name, value);
        }
        out.push('}');
        let raw = RawValue::from_string(out).unwrap_or_default();
        rest_core::row(raw, "Id").map(Row::into_data).map_err(|bad| bad.into_error("events.decode").with_vendor(VENDOR))
    }
}

impl fmt::Debug for PlatformEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformEvent")
            .field("name", &self.name())
            .field("event_id", &self.data.event_id)
            .field("replay_id", &self.data.replay_id)
            .finish_non_exhaustive()
    }
}
