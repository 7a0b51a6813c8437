//! How a reference to a record of one side becomes a reference to its partner.

use crm_model::AnyRef;

use crate::Side;

/// What a reference is on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolved {
    /// The record has a partner: this one.
    Linked(AnyRef),
    /// The record has no partner yet: the field waits.
    NotLinked,
    /// The record has no partner and will not get one: the value cannot be carried, and that is an error.
    Never,
    /// The record has no partner, and that is well (a user who works in one system only): both sides keep their own.
    Stays,
}

/// Knows which records are linked, and which users and stages are each other's.
pub trait Refs {
    /// The partner of a record of `from`.
    fn translate(&self, from: Side, target: &AnyRef) -> Resolved;

    /// One text for the same entity on both sides, such as the id of its link; `None` where it is not linked. Two
    /// records that refer to the same entity can be matched by it.
    fn identity(&self, side: Side, target: &AnyRef) -> Option<String>;
}

/// Nothing is linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoRefs;

impl Refs for NoRefs {
    fn translate(&self, _: Side, _: &AnyRef) -> Resolved {
        Resolved::NotLinked
    }

    fn identity(&self, _: Side, _: &AnyRef) -> Option<String> {
        None
    }
}
