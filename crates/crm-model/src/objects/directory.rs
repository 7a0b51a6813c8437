//! Records that are read to resolve references and to find one's way, beside those that a sync carries.

use std::fmt;

use crate::value::RefTarget;
use crate::{AnyRef, Choice, Date, Decimal, Instant, ListKind, Meta, ObjectKind, Presence, Ref, RemoteId, UserKind};

/// Somebody who works in the CRM, or a queue: whatever can own records.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct User {
    /// Where the record comes from.
    pub meta: Meta,
    /// Display name.
    pub name: String,
    /// E-mail address: what two systems' users are matched by.
    pub email: Option<String>,
    /// Whether records can be given to the user.
    pub is_active: bool,
    /// A person, a queue, a program.
    pub kind: UserKind,
    /// The time zone, as the vendor names it.
    pub time_zone: Option<String>,
    /// The role in the company's order, by its name.
    pub role: Option<String>,
    /// Teams, groups and queues that the user is in, by their ids.
    pub groups: Vec<RemoteId<User>>,
    /// The objects whose records a queue can own; empty for users, who can own any.
    pub owns: Vec<ObjectKind>,
}

/// An ordered set of stages that deals move through.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Pipeline {
    /// Where the record comes from. A vendor without pipelines has one that is made up.
    pub meta: Meta,
    /// Display name.
    pub name: String,
    /// Whether new deals land here.
    pub is_default: bool,
    /// Whether new deals can land here at all.
    pub is_active: bool,
    /// Position among the pipelines, from 0.
    pub order: u32,
    /// Its stages in their order.
    pub stages: Vec<Stage>,
}

/// One step of a pipeline. Two pipelines may share a stage, which then has one id.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Stage {
    /// Where the record comes from. Its id is what a deal's stage refers to.
    pub meta: Meta,
    /// Display name.
    pub name: String,
    /// What the vendor calls it in its API, where that is not the id.
    pub api_name: Option<String>,
    /// Position in the pipeline, from 0.
    pub order: u32,
    /// Whether deals can be moved into it; deals may still be in one that is retired.
    pub is_active: bool,
    /// How likely a deal in this stage is to be won, 0 to 100.
    pub probability: Option<Decimal>,
    /// Whether a deal in this stage is closed.
    pub is_closed: bool,
    /// Whether a deal in this stage is won.
    pub is_won: bool,
    /// How a deal in this stage counts in the forecast.
    pub forecast_category: Option<Choice>,
}

/// Records that belong together: a campaign, a mailing list, a segment.
#[derive(Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct List {
    /// Where the record comes from.
    pub meta: Meta,
    /// Display name.
    pub name: String,
    /// What it is for.
    pub kind: ListKind,
    /// The objects whose records can be members.
    pub holds: Vec<ObjectKind>,
    /// What the vendor calls its type: `Webinar`.
    pub list_type: Option<Choice>,
    /// Where a campaign stands: `Planned`.
    pub status: Option<Choice>,
    /// Whether it is in use.
    pub is_active: bool,
    /// Free text about it.
    pub description: Option<String>,
    /// Who looks after it.
    pub owner: Option<Ref<User>>,
    /// The list that it is part of.
    pub parent: Option<RemoteId<List>>,
    /// The first day of a campaign.
    pub starts: Option<Date>,
    /// The last day of a campaign.
    pub ends: Option<Date>,
    /// How many members it has, where the vendor counts them.
    pub size: Option<u64>,
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("meta", &self.meta).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A record as a member of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListMember {
    /// The id of the membership, where the vendor keeps one.
    pub id: Option<Box<str>>,
    /// Which record.
    pub record: AnyRef,
    /// How far it has come in the list: `Sent`, `Responded`.
    pub status: Option<Choice>,
    /// Whether it has answered, where the list is a campaign.
    pub has_responded: Presence<bool>,
    /// Since when it is a member, where the vendor says.
    pub added_at: Option<Instant>,
}

impl ListMember {
    /// A member about which nothing else is known.
    #[must_use]
    pub fn new(record: AnyRef) -> Self {
        Self { id: None, record, status: None, has_responded: Presence::NotLoaded, added_at: None }
    }
}

/// A record to be put on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Which record.
    pub record: AnyRef,
    /// How far it has come; `None` leaves it to the list's own default.
    pub status: Option<Choice>,
}

impl From<AnyRef> for NewMember {
    fn from(record: AnyRef) -> Self {
        Self { record, status: None }
    }
}

/// A record that a search found.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchHit {
    /// Which record.
    pub record: AnyRef,
    /// What people call it, where the vendor says.
    pub title: Option<String>,
}

impl SearchHit {
    /// A hit of which only the record is known.
    #[must_use]
    pub fn new(record: AnyRef) -> Self {
        Self { record, title: None }
    }
}

impl fmt::Debug for SearchHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchHit").field("record", &self.record).finish_non_exhaustive()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("meta", &self.meta).field("is_active", &self.is_active).finish_non_exhaustive()
    }
}

impl RefTarget for User {
    const KIND: ObjectKind = ObjectKind::User;
}
impl RefTarget for Pipeline {
    const KIND: ObjectKind = ObjectKind::Pipeline;
}
impl RefTarget for Stage {
    const KIND: ObjectKind = ObjectKind::Stage;
}
impl RefTarget for List {
    const KIND: ObjectKind = ObjectKind::List;
}

macro_rules! directory {
    ($($name:ident { $($active:ident)? }),*) => {$(
        impl $name {
            /// The record with this meta and everything else at its default, to be filled in.
            #[must_use]
            pub fn new(meta: Meta) -> Self {
                Self { meta, $($active: true,)? ..Self::default() }
            }

            /// The record's id.
            #[must_use]
            pub fn id(&self) -> RemoteId<Self> {
                RemoteId::new(self.meta.id.clone())
            }
        }
    )*};
}
directory!(User {}, Pipeline { is_active }, Stage { is_active }, List { is_active });
