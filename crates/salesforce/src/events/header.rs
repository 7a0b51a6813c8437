//! What a change event says about itself.

use std::fmt;

use chrono::{DateTime, Utc};

use super::avro::{AvroError, FieldValue, Nested, Schema};
use super::bitmap;
use crate::AnyId;

/// The field that a change event's header is in.
pub(super) const HEADER: &str = "ChangeEventHeader";

/// What happened to the records of a change event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeType {
    /// They were created. The event holds every field that has a value.
    Create,
    /// They were changed. The event holds the changed fields.
    Update,
    /// They were deleted. The event holds no fields.
    Delete,
    /// They came back from the bin. The event holds every field that has a value.
    Undelete,
    /// They were created; read them.
    GapCreate,
    /// They were changed; read them.
    GapUpdate,
    /// They were deleted; make sure.
    GapDelete,
    /// They came back from the bin; read them.
    GapUndelete,
    /// More than 100,000 records changed in one transaction: read the object again.
    GapOverflow,
    /// Something this client does not know, in the vendor's word.
    Other(String),
}

impl ChangeType {
    fn read(word: &str) -> Self {
        match word {
            "CREATE" => Self::Create,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "UNDELETE" => Self::Undelete,
            "GAP_CREATE" => Self::GapCreate,
            "GAP_UPDATE" => Self::GapUpdate,
            "GAP_DELETE" => Self::GapDelete,
            "GAP_UNDELETE" => Self::GapUndelete,
            "GAP_OVERFLOW" => Self::GapOverflow,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The vendor's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
            Self::GapCreate => "GAP_CREATE",
            Self::GapUpdate => "GAP_UPDATE",
            Self::GapDelete => "GAP_DELETE",
            Self::GapUndelete => "GAP_UNDELETE",
            Self::GapOverflow => "GAP_OVERFLOW",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for ChangeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a change event says about itself. (Change Data Capture guide, "Change Event Header Fields".)
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeEventHeader {
    /// The object's API name.
    pub entity: String,
    /// The records, as the server wrote them; several if one transaction did the same to each. In an overflow a pattern
    /// such as `001*`: [`ids`](Self::ids) leaves those out.
    pub record_ids: Vec<String>,
    /// What happened.
    pub change: ChangeType,
    /// Through what: `com/salesforce/api/rest/62.0;client=Name` for a call, empty for much of what the platform does itself.
    pub origin: String,
    /// The same for all events of one transaction.
    pub transaction_key: String,
    /// The event's place in its transaction, from 1.
    pub sequence_number: i64,
    /// When the transaction was committed.
    pub commit_time: DateTime<Utc>,
    /// Orders transactions.
    pub commit_number: i64,
    /// Who did it.
    pub commit_user: String,
    /// The fields that an update changed, those it emptied included; parts of compound fields as `Name.FirstName`.
    pub changed_fields: Vec<String>,
    /// The fields that an update emptied.
    pub nulled_fields: Vec<String>,
    /// The fields whose value is sent as a difference to the former one (long texts).
    pub diff_fields: Vec<String>,
}

impl ChangeEventHeader {
    pub(super) fn read(schema: &Schema, fields: &Nested<'_>) -> std::result::Result<Self, AvroError> {
        let header = fields.iter().find(|(name, _)| *name == HEADER).map(|(_, value)| value);
        let part = |name: &str| {
            let part = header.and_then(|header| header.part(name));
            part.ok_or_else(|| AvroError(format!("the header has no {name}")))
        };
        let text = |name: &str| part(name).map(|value| value.as_str().unwrap_or_default().to_owned());
        let number = |name: &str| part(name)?.as_i64().ok_or_else(|| AvroError(format!("{name} is not a number")));
        let list = |name: &str| -> Vec<&str> {
            match header.and_then(|header| header.part(name)) {
                Some(FieldValue::List(list)) => list.iter().filter_map(FieldValue::as_str).collect(),
                _ => Vec::new(),
            }
        };
        let commit_time = DateTime::from_timestamp_millis(number("commitTimestamp")?);
        Ok(Self {
            entity: text("entityName")?,
            record_ids: list("recordIds").into_iter().map(str::to_owned).collect(),
            change: ChangeType::read(&text("changeType")?),
            origin: text("changeOrigin")?,
            transaction_key: text("transactionKey")?,
            sequence_number: number("sequenceNumber")?,
            commit_time: commit_time.ok_or_else(|| AvroError::new("commitTimestamp is no instant"))?,
            commit_number: number("commitNumber")?,
            commit_user: text("commitUser")?,
            changed_fields: bitmap::names(schema, &list("changedFields"))?,
            nulled_fields: bitmap::names(schema, &list("nulledFields"))?,
            diff_fields: bitmap::names(schema, &list("diffFields"))?,
        })
    }

    /// The records' ids.
    #[must_use]
    pub fn ids(&self) -> Vec<AnyId> {
        self.record_ids.iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// The name that the caller had given itself (`client_name` of the builder; `Sforce-Call-Options`), if any.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        let name = self.origin.split(';').find_map(|part| part.trim().strip_prefix("client="));
        name.map(|name| name.trim_end_matches('/'))
    }

    /// Whether a caller of this name made the change: how one's own writes are told from others' in a loop of two systems.
    #[must_use]
    pub fn is_from_client(&self, name: &str) -> bool {
        self.client_name() == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::avro;
    use super::*;

    fn read(change: &str, origin: &str, commit_ms: i64) -> Result<ChangeEventHeader, AvroError> {
        let texts = json!({"type": "array", "items": "string"});
        let text = |name: &str| json!({"name": name, "type": "string"});
        let schema = json!({"type": "record", "name": "ContactChangeEvent", "fields": [
            {"name": HEADER, "type": {"type": "record", "name": HEADER, "fields": [
                text("entityName"), {"name": "recordIds", "type": texts}, text("changeType"), text("changeOrigin"),
                text("transactionKey"), {"name": "sequenceNumber", "type": "int"}, {"name": "commitTimestamp", "type": "long"},
                {"name": "commitNumber", "type": "long"}, text("commitUser")]}}]});
        let header = json!({"entityName": "Contact", "recordIds": ["003000000000001AAA", "003*"], "changeType": change,
            "changeOrigin": origin, "transactionKey": "k", "sequenceNumber": 1, "commitTimestamp": commit_ms,
            "commitNumber": 7, "commitUser": "005000000000001AAA"});
        let schema = Schema::parse(&schema.to_string())?;
        let payload = avro::write(&schema, json!({HEADER: header}).as_object().unwrap())?;
        let fields = avro::read(&schema, &payload)?;
        ChangeEventHeader::read(&schema, &fields)
    }

    #[test]
    fn an_unknown_change_keeps_its_word_and_an_old_header_does_without_lists() {
        let header = read("TELEPORT", "", 1_700_000_000_000).unwrap();
        assert_eq!(header.change, ChangeType::Other("TELEPORT".to_owned()));
        assert_eq!(header.change.to_string(), "TELEPORT");
        assert!(header.changed_fields.is_empty());
        assert_eq!(header.ids().len(), 1, "a pattern is no id");
        for known in [
            "CREATE",
            "UPDATE",
            "DELETE",
            "UNDELETE",
            "GAP_CREATE",
            "GAP_UPDATE",
            "GAP_DELETE",
            "GAP_UNDELETE",
            "GAP_OVERFLOW",
        ] {
            let change = read(known, "", 0).unwrap().change;
            assert!(change.as_str() == known && !matches!(change, ChangeType::Other(_)));
        }
        read("CREATE", "", i64::MAX).unwrap_err();
    }

    #[test]
    fn the_origin_names_the_client() {
        for (origin, name) in [
            ("com/salesforce/api/rest/62.0;client=my-sync", Some("my-sync")),
            ("com/salesforce/api/soap/58.0;client=SfdcInternalAPI/", Some("SfdcInternalAPI")),
            ("com/salesforce/api/rest/62.0", None),
            ("", None),
        ] {
            let header = read("UPDATE", origin, 0).unwrap();
            assert_eq!(header.client_name(), name);
            assert_eq!(header.is_from_client("my-sync"), name == Some("my-sync"));
        }
    }
}
