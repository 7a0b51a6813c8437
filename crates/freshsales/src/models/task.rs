use std::fmt;

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Set, wire};
use crate::ids::{ChoiceId, ContactId, DealId, SalesAccountId, TaskId, UserId};

/// Something to be done.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// The id.
    pub id: TaskId,
    /// Whether it is done.
    pub status: Option<TaskStatus>,
    /// What is to be done, in a line.
    pub title: Option<String>,
    /// What is to be done, at length.
    pub description: Option<String>,
    /// When it is due.
    #[serde(default, deserialize_with = "wire::time")]
    pub due_date: Option<DateTime<FixedOffset>>,
    /// When it was done.
    #[serde(default, deserialize_with = "wire::time")]
    pub completed_date: Option<DateTime<FixedOffset>>,
    /// Who is to do it.
    pub owner_id: Option<UserId>,
    /// Who created it.
    pub creater_id: Option<UserId>,
    /// Who changed it last.
    pub updater_id: Option<UserId>,
    /// What kind of task it is: a sales activity type.
    pub task_type_id: Option<ChoiceId>,
    /// What came of it: a sales activity outcome.
    pub outcome_id: Option<ChoiceId>,
    /// What it is about.
    pub targetables: Option<Vec<Target>>,
    /// When it was created.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<FixedOffset>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "wire::time")]
    pub updated_at: Option<DateTime<FixedOffset>>,
}

/// Whether a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskStatus {
    /// Status 0.
    Open,
    /// Status 1.
    Done,
    /// A number that is not documented.
    Other(i64),
}

impl<'de> Deserialize<'de> for TaskStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match wire::int(deserializer)? {
            Some(1) => Self::Done,
            None | Some(0) => Self::Open,
            Some(other) => Self::Other(other),
        })
    }
}

impl Serialize for TaskStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(match self {
            Self::Open => 0,
            Self::Done => 1,
            Self::Other(other) => *other,
        })
    }
}

/// A record that a task or a note is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Target {
    /// What kind of record it is.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// Its id, as text: kinds outside this crate may have other ids.
    #[serde(with = "rest_core::ids::text")]
    pub id: String,
}

/// Kinds of record that a task or a note can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetKind {
    /// A contact.
    Contact,
    /// A company.
    SalesAccount,
    /// A deal.
    Deal,
    /// Another kind, by the vendor's name: `Lead` on older accounts, the entity of a custom module.
    Other(String),
}

impl TargetKind {
    /// The vendor's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Contact => "Contact",
            Self::SalesAccount => "SalesAccount",
            Self::Deal => "Deal",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TargetKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.as_str() {
            "Contact" | "contact" => Self::Contact,
            "SalesAccount" | "sales_account" => Self::SalesAccount,
            "Deal" | "deal" => Self::Deal,
            _ => Self::Other(name),
        })
    }
}

impl Serialize for TargetKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<ContactId> for Target {
    fn from(id: ContactId) -> Self {
        Self { kind: TargetKind::Contact, id: id.to_string() }
    }
}

impl From<SalesAccountId> for Target {
    fn from(id: SalesAccountId) -> Self {
        Self { kind: TargetKind::SalesAccount, id: id.to_string() }
    }
}

impl From<DealId> for Target {
    fn from(id: DealId) -> Self {
        Self { kind: TargetKind::Deal, id: id.to_string() }
    }
}

/// What a write does to a task. To create one, a title and a due date are needed.
#[derive(Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of `Task`, which documents them")]
pub struct TaskWrite {
    pub title: Set<String>,
    pub description: Set<String>,
    pub due_date: Set<DateTime<Utc>>,
    pub status: Set<TaskStatus>,
    pub owner_id: Set<UserId>,
    pub task_type_id: Set<ChoiceId>,
    pub outcome_id: Set<ChoiceId>,
    /// The record it is about: one.
    pub target: Set<Target>,
}

impl Serialize for TaskWrite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(skip_serializing_if = "Set::is_keep")]
            title: &'a Set<String>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            description: &'a Set<String>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            due_date: &'a Set<DateTime<Utc>>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            status: &'a Set<TaskStatus>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            owner_id: &'a Set<UserId>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            task_type_id: &'a Set<ChoiceId>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            outcome_id: &'a Set<ChoiceId>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            targetable_type: Set<&'a TargetKind>,
            #[serde(skip_serializing_if = "Set::is_keep")]
            targetable_id: Set<WireId<'a>>,
        }
        let (targetable_type, targetable_id) = target_parts(&self.target);
        let Self { title, description, due_date, status, owner_id, task_type_id, outcome_id, target: _ } = self;
        Wire {
            title,
            description,
            due_date,
            status,
            owner_id,
            task_type_id,
            outcome_id,
            targetable_type,
            targetable_id,
        }
        .serialize(serializer)
    }
}

/// An id that goes out as a number if it is one.
pub(super) struct WireId<'a>(&'a str);

impl Serialize for WireId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<i64>() {
            Ok(number) => serializer.serialize_i64(number),
            Err(_) => serializer.serialize_str(self.0),
        }
    }
}

/// A target as the two keys that travel.
pub(super) fn target_parts(target: &Set<Target>) -> (Set<&TargetKind>, Set<WireId<'_>>) {
    match target {
        Set::Keep => (Set::Keep, Set::Keep),
        Set::Null => (Set::Null, Set::Null),
        Set::To(target) => (Set::To(&target.kind), Set::To(WireId(&target.id))),
    }
}

wire::hide_content!(Task, id);
wire::hide_content!(TaskWrite);
