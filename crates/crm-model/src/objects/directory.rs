//! Records that a sync reads to resolve references and never writes.

use std::fmt;

use crate::value::RefTarget;
use crate::{Decimal, Meta, ObjectKind, RemoteId};

/// Somebody who works in the CRM.
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
    /// Its stages in their order.
    pub stages: Vec<Stage>,
}

/// One step of a pipeline.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Stage {
    /// Where the record comes from. Its id is what a deal's stage refers to.
    pub meta: Meta,
    /// Display name.
    pub name: String,
    /// Position in the pipeline, from 0.
    pub order: u32,
    /// How likely a deal in this stage is to be won, 0 to 100.
    pub probability: Option<Decimal>,
    /// Whether a deal in this stage is closed.
    pub is_closed: bool,
    /// Whether a deal in this stage is won.
    pub is_won: bool,
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

macro_rules! directory {
    ($($name:ident),*) => {$(
        impl $name {
            /// The record with this meta and everything else at its default, to be filled in.
            #[must_use]
            pub fn new(meta: Meta) -> Self {
                Self { meta, ..Self::default() }
            }

            /// The record's id.
            #[must_use]
            pub fn id(&self) -> RemoteId<Self> {
                RemoteId::new(self.meta.id.clone())
            }
        }
    )*};
}
directory!(User, Pipeline, Stage);
