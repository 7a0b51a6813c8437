use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ModelError;

/// The kinds of record that the unified model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectKind {
    /// Somebody who works at or sells for the company that owns the CRM.
    User,
    /// A company.
    Account,
    /// A person.
    Contact,
    /// A sale in progress or closed.
    Deal,
    /// Something to be done.
    Task,
    /// A text attached to other records.
    Note,
    /// An ordered set of stages.
    Pipeline,
    /// One step of a pipeline.
    Stage,
    /// A person who may become a customer and is no contact yet.
    Lead,
    /// A call, an e-mail, a meeting, a chat, a message.
    Engagement,
    /// A question or a complaint of a customer.
    Ticket,
    /// Records that belong together: a campaign, a list, a segment.
    List,
}

impl ObjectKind {
    const ALL: [(Self, &'static str); 12] = [
        (Self::User, "user"),
        (Self::Account, "account"),
        (Self::Contact, "contact"),
        (Self::Deal, "deal"),
        (Self::Task, "task"),
        (Self::Note, "note"),
        (Self::Pipeline, "pipeline"),
        (Self::Stage, "stage"),
        (Self::Lead, "lead"),
        (Self::Engagement, "engagement"),
        (Self::Ticket, "ticket"),
        (Self::List, "list"),
    ];

    /// The five objects that a sync carries unless it is told otherwise, in the order in which references among them can be resolved.
    pub const SYNCED: [Self; 5] = [Self::Account, Self::Contact, Self::Deal, Self::Task, Self::Note];

    /// Every object whose records can be read and written as field maps, in the order in which references among them
    /// can be resolved.
    pub const RECORDS: [Self; 8] =
        [Self::Account, Self::Contact, Self::Lead, Self::Deal, Self::Ticket, Self::Task, Self::Note, Self::Engagement];

    /// The name in lower case, singular: `contact`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("object", |(_, name)| name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ObjectKind {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| ModelError::ObjectKind(text.to_owned()))
    }
}

/// A record's id in its vendor's system: always text, tagged with the object it belongs to.
///
/// Vendors use numbers above 2^53, snowflakes in strings and case-sensitive text; none of them survives a number type.
pub struct RemoteId<O: ?Sized>(Box<str>, PhantomData<fn() -> Box<O>>);

impl<O: ?Sized> RemoteId<O> {
    /// Wraps an id as the vendor wrote it.
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self(id.into(), PhantomData)
    }

    /// The id as the vendor wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<O: ?Sized> Clone for RemoteId<O> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}
impl<O: ?Sized> PartialEq for RemoteId<O> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<O: ?Sized> Eq for RemoteId<O> {}
impl<O: ?Sized> PartialOrd for RemoteId<O> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<O: ?Sized> Ord for RemoteId<O> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<O: ?Sized> Hash for RemoteId<O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<O: ?Sized> fmt::Debug for RemoteId<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl<O: ?Sized> fmt::Display for RemoteId<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<O: ?Sized> From<&str> for RemoteId<O> {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}
impl<O: ?Sized> From<String> for RemoteId<O> {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}
impl<O: ?Sized> Serialize for RemoteId<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
impl<'de, O: ?Sized> Deserialize<'de> for RemoteId<O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// A reference to another record of a known object: a deal's owner, a contact's account.
///
/// Two references are equal when they point at the same record in the same role; the label is for people and does
/// not count.
pub struct Ref<O: ?Sized> {
    /// The record that is meant.
    pub id: RemoteId<O>,
    /// What the vendor calls that record, where it said so.
    pub label: Option<String>,
    /// The role in which it is attached (`Decision Maker`), where the vendor knows roles.
    pub role: Option<String>,
    /// Whether it is the main one of a list.
    pub is_primary: bool,
}

impl<O: ?Sized> Ref<O> {
    /// A reference without label or role, not marked as primary.
    pub fn new(id: impl Into<RemoteId<O>>) -> Self {
        Self { id: id.into(), label: None, role: None, is_primary: false }
    }

    /// The same reference, marked as the main one.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.is_primary = true;
        self
    }
}

impl<O: ?Sized> Clone for Ref<O> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), label: self.label.clone(), role: self.role.clone(), is_primary: self.is_primary }
    }
}
impl<O: ?Sized> PartialEq for Ref<O> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.role == other.role && self.is_primary == other.is_primary
    }
}
impl<O: ?Sized> Eq for Ref<O> {}
impl<O: ?Sized> fmt::Debug for Ref<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("id", &self.id).field("is_primary", &self.is_primary).finish_non_exhaustive()
    }
}

/// A reference whose object is only known at run time: what a task or a note is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AnyRef {
    /// The object of the record that is meant.
    pub object: ObjectKind,
    /// Its id.
    pub id: Box<str>,
    /// Whether it is the main one of a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_primary: bool,
}

impl AnyRef {
    /// A reference that is not marked as primary.
    pub fn new(object: ObjectKind, id: impl Into<Box<str>>) -> Self {
        Self { object, id: id.into(), is_primary: false }
    }

    /// The same reference, marked as the main one.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.is_primary = true;
        self
    }
}
