//! From committed transactions to change events.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::avro;
use super::bus::{Event, Subject};
use super::shape::{CHANGES, Shape, Source};
use crate::Request;
use crate::salesforce::ids::SfId;
use crate::salesforce::org::Org;
use crate::salesforce::schema::{FieldIndex, Object, ObjectIndex};
use crate::salesforce::store::{Committed, Row};
use crate::salesforce::value::Value;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Create,
    Update,
    Delete,
    Undelete,
}

impl Change {
    /// What a committed change was, if it is told at all. One event for each record of a transaction: a record that came
    /// and went within it leaves none.
    fn of(committed: &Committed) -> Option<Change> {
        let live = |row: &Option<Arc<Row>>| row.as_ref().is_some_and(|row| !row.is_deleted());
        match (&committed.before, live(&committed.before), live(&committed.after)) {
            (None, _, true) => Some(Change::Create),
            (Some(_), true, true) if committed.quiet => None,
            (Some(_), true, true) => Some(Change::Update),
            (_, true, false) => Some(Change::Delete),
            (Some(_), false, true) => Some(Change::Undelete),
            // Out of the bin for good, or never seen outside.
            (_, false, false) => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Change::Create => "CREATE",
            Change::Update => "UPDATE",
            Change::Delete => "DELETE",
            Change::Undelete => "UNDELETE",
        }
    }
}

/// Who did it, as the header tells.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// `com/salesforce/api/rest/62.0;client=Name`.
    pub(crate) origin: String,
    pub(crate) user: SfId,
}

impl Cause {
    /// A call over the API: its version, and the name that the caller gives itself.
    pub(crate) fn of_call(request: &Request, user: SfId) -> Cause {
        let segments = request.segments();
        let version = segments
            .iter()
            .find_map(|segment| segment.strip_prefix('v').or(segment.split_once('.').map(|_| segment.as_str())));
        let api = match segments.get(1).map(String::as_str) {
            Some("Soap") => "soap",
            Some("async") => "bulk",
            _ => "rest",
        };
        let mut origin = format!("com/salesforce/api/{api}/{}", version.unwrap_or("62.0"));
        let options = request.header("sforce-call-options").into_iter().flat_map(|options| options.split(','));
        for (name, value) in options.filter_map(|option| option.trim().split_once('=')) {
            if name.trim().eq_ignore_ascii_case("client") {
                origin.push_str(";client=");
                origin.push_str(value.trim());
            }
        }
        // SOAP names the caller in its envelope: `<CallOptions><client>Name</client></CallOptions>`.
        if api == "soap" {
            let body = String::from_utf8_lossy(&request.body);
            let head = body.split_once("Body").map_or(&*body, |(head, _)| head);
            let named = head.split_once("CallOptions").and_then(|(_, rest)| rest.split_once("client>"));
            if let Some((name, _)) = named.and_then(|(_, rest)| rest.split_once('<')) {
                origin.push_str(";client=");
                origin.push_str(name.trim());
            }
        }
        Cause { origin, user }
    }

    /// A bulk job that runs on its own.
    pub(crate) fn of_job(user: SfId) -> Cause {
        Cause { origin: "com/salesforce/api/bulk/62.0".to_owned(), user }
    }

    /// What a person does in the user interface, which itself is a caller of the platform.
    pub(crate) fn of_human(user: SfId) -> Cause {
        Cause { origin: "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/".to_owned(), user }
    }
}

/// The header of an event.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) entity: &'static str,
    pub(crate) ids: Vec<String>,
    pub(crate) change: &'static str,
    pub(crate) cause: Cause,
    pub(crate) transaction: String,
    pub(crate) sequence: i64,
    pub(crate) commit_ms: i64,
    pub(crate) commit_number: i64,
    pub(crate) nulled: Vec<String>,
    pub(crate) changed: Vec<String>,
}

impl Header {
    fn write(&self, out: &mut Vec<u8>) {
        avro::text(out, self.entity);
        avro::texts(out, &self.ids);
        let symbol = CHANGES.iter().position(|known| *known == self.change).unwrap_or_default();
        avro::long(out, i64::try_from(symbol).unwrap_or_default());
        avro::text(out, &self.cause.origin);
        avro::text(out, &self.transaction);
        avro::long(out, self.sequence);
        avro::long(out, self.commit_ms);
        avro::long(out, self.commit_number);
        avro::text(out, &self.cause.user.to_string());
        avro::texts(out, &self.nulled);
        avro::texts::<&str>(out, &[]);
        avro::texts(out, &self.changed);
    }
}

/// A change whose header is known but for its place in the transaction.
struct Draft {
    object: ObjectIndex,
    header: Header,
    fields: Bytes,
}

impl Org {
    /// Tells what the request has changed and published.
    pub(crate) fn tell(&mut self, cause: &Cause) {
        self.publish_held();
        for transaction in self.store.take_committed() {
            self.messages.note(&self.schema, &self.store, &transaction, self.now);
            self.tell_transaction(&transaction, cause);
        }
    }

    fn tell_transaction(&mut self, transaction: &[Committed], cause: &Cause) {
        let schema = Arc::clone(&self.schema);
        let mut number = None;
        let mut sequence = 0;
        let mut told: std::collections::BTreeMap<ObjectIndex, u32> = std::collections::BTreeMap::new();
        let mut waiting: Option<Draft> = None;
        for committed in transaction {
            let Some(change) = Change::of(committed).filter(|_| self.bus.enabled(&schema, committed.object)) else {
                continue;
            };
            let shape = self.bus.shape(&schema, committed.object);
            let definition = schema.object(committed.object);
            let told = told.entry(committed.object).or_default();
            *told += 1;
            let ceiling = self.quirks.change_event_overflow;
            let overflow = *told > ceiling;
            if overflow && *told > ceiling + 1 {
                continue;
            }
            let Some(mut draft) = self.draft(definition, &shape, committed, change, cause) else {
                continue;
            };
            if overflow {
                draft.header.change = "GAP_OVERFLOW";
                draft.header.ids = vec![format!("{}*", definition.prefix)];
                (draft.header.nulled, draft.header.changed) = (Vec::new(), Vec::new());
                draft.fields = shape.encode(definition, None, |_| false);
            }
            let (commit_number, key) = number.get_or_insert_with(|| self.bus.next_transaction()).clone();
            (draft.header.commit_number, draft.header.transaction) = (commit_number, key);
            match &mut waiting {
                Some(former) if self.quirks.group_change_events && former.takes(&draft) => {
                    former.header.ids.append(&mut draft.header.ids);
                }
                _ => {
                    if let Some(former) = waiting.replace(draft) {
                        sequence += 1;
                        self.publish_change(former, sequence);
                    }
                }
            }
        }
        if let Some(last) = waiting {
            self.publish_change(last, sequence + 1);
        }
    }

    /// What one record's change says. `None` if nothing that is told has changed.
    fn draft(
        &self,
        definition: &Object,
        shape: &Shape,
        committed: &Committed,
        change: Change,
        cause: &Cause,
    ) -> Option<Draft> {
        let after = committed.after.as_deref();
        let (mut changed, mut nulled) = (Vec::new(), Vec::new());
        let fields = match change {
            Change::Create | Change::Undelete => {
                shape.encode(definition, after, |index| after.is_some_and(|row| !row.values[index].is_null()))
            }
            Change::Delete => shape.encode(definition, None, |_| false),
            Change::Update => {
                let (before, after) = (committed.before.as_deref()?, after?);
                let mut differ: BTreeSet<FieldIndex> = (0..definition.fields.len())
                    .filter(|index| before.values[*index] != after.values[*index])
                    .collect();
                // A user's save touches the stamp, if only within the same second.
                let stamp = definition.find("LastModifiedDate");
                differ.extend(stamp.filter(|stamp| after.values[*stamp] == Value::DateTime(self.now)));
                changed = shape.bitmaps(|index| differ.contains(&index));
                nulled = shape.bitmaps(|index| differ.contains(&index) && after.values[index].is_null());
                if changed.is_empty() {
                    return None;
                }
                shape.encode(definition, Some(after), |index| differ.contains(&index))
            }
        };
        let header = Header {
            entity: definition.name,
            ids: vec![committed.id.to_string()],
            change: change.word(),
            cause: cause.clone(),
            transaction: String::new(),
            sequence: 0,
            commit_ms: self.now.timestamp_millis(),
            commit_number: 0,
            nulled,
            changed,
        };
        Some(Draft { object: committed.object, header, fields })
    }

    fn publish_change(&mut self, draft: Draft, sequence: i64) {
        let header = Header { sequence, ..draft.header };
        self.publish_headed(draft.object, &header, &draft.fields);
    }

    /// Puts a change event on the bus.
    pub(crate) fn publish_headed(&mut self, object: ObjectIndex, header: &Header, fields: &[u8]) -> u64 {
        let shape = self.bus.shape(&self.schema, object);
        let mut payload = Vec::with_capacity(256 + fields.len());
        header.write(&mut payload);
        payload.extend_from_slice(fields);
        let event = Event {
            id: self.bus.uuid(),
            schema_id: shape.id.clone(),
            payload: payload.into(),
            subject: Subject::Change(object),
        };
        self.bus.publish(self.now, event)
    }

    /// An event that says that something happened, but not what: GAP_CREATE, GAP_UPDATE, GAP_DELETE, GAP_UNDELETE with the
    /// records' ids, GAP_OVERFLOW with a pattern.
    pub(crate) fn publish_gap(&mut self, object: ObjectIndex, change: &'static str, ids: Vec<String>) -> u64 {
        let schema = Arc::clone(&self.schema);
        let definition = schema.object(object);
        let shape = self.bus.shape(&schema, object);
        let (commit_number, transaction) = self.bus.next_transaction();
        let ids = if change == "GAP_OVERFLOW" { vec![format!("{}*", definition.prefix)] } else { ids };
        let header = Header {
            entity: definition.name,
            ids,
            change,
            cause: Cause { origin: String::new(), user: self.fixtures.human_user },
            transaction,
            sequence: 1,
            commit_ms: self.now.timestamp_millis(),
            commit_number,
            nulled: Vec::new(),
            changed: Vec::new(),
        };
        let fields = shape.encode(definition, None, |_| false);
        self.publish_headed(object, &header, &fields)
    }
}

impl Draft {
    /// Whether the next event says the same of another record.
    fn takes(&self, next: &Draft) -> bool {
        self.object == next.object
            && self.header.change == next.header.change
            && self.header.changed == next.header.changed
            && self.header.nulled == next.header.nulled
            && self.fields == next.fields
    }
}

impl Shape {
    /// The fields of an event behind its header: those of `row` that are `told`, the others null.
    pub(crate) fn encode(&self, object: &Object, row: Option<&Row>, told: impl Fn(FieldIndex) -> bool) -> Bytes {
        let mut out = Vec::with_capacity(self.fields.len() + 64);
        let value = |index: FieldIndex| row.filter(|_| told(index)).map_or(&Value::Null, |row| &row.values[index]);
        debug_assert!(row.is_none_or(|row| row.values.len() == object.fields.len()));
        for field in &self.fields {
            match &field.source {
                Source::Nothing => avro::long(&mut out, 0),
                Source::Field(index) => avro::optional(&mut out, field.kind, value(*index)),
                Source::Parts(parts) if row.is_some() && parts.iter().any(|(_, index, _)| index.is_some_and(&told)) => {
                    avro::long(&mut out, 1);
                    for (_, index, kind) in parts {
                        avro::optional(&mut out, *kind, index.map_or(&Value::Null, value));
                    }
                }
                Source::Parts(_) => avro::long(&mut out, 0),
            }
        }
        out.into()
    }
}
