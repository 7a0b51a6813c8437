use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize, Serializer};

use super::task::{WireId, target_parts};
use super::{Set, Target, TargetKind, wire};
use crate::ids::{NoteId, UserId};

/// A text attached to a record. There is no call to read one by its id: notes are listed under their records.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Note {
    /// The id.
    pub id: NoteId,
    /// The text, plain.
    pub description: Option<String>,
    /// The text, as HTML.
    pub html_content: Option<String>,
    /// Who wrote it.
    pub creater_id: Option<UserId>,
    /// What it is attached to; missing in some answers.
    pub targetables: Option<Vec<Target>>,
    /// What it is attached to, in older answers.
    pub targetable: Option<Target>,
    /// When it was created.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "wire::time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// What a write does to a note. To create one, a text and a target are needed.
#[derive(Clone, Default, PartialEq)]
pub struct NoteWrite {
    /// The text.
    pub description: Set<String>,
    /// The record it is attached to: one.
    pub target: Set<Target>,
}

impl Serialize for NoteWrite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Set::is_keep")]
            description: &'a Set<String>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            targetable_type: Set<&'a TargetKind>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            targetable_id: Set<WireId<'a>>,
        }
        let (targetable_type, targetable_id) = target_parts(&self.target);
        Wire { description: &self.description, targetable_type, targetable_id }.serialize(serializer)
    }
}

wire::hide_content!(Note, id);
wire::hide_content!(NoteWrite);
