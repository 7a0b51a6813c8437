use std::collections::BTreeMap;
use std::fmt;

use crate::Slot;

/// What is known about a field that was read.
///
/// A list view that leaves a field out says nothing about it: that is [`NotLoaded`](Self::NotLoaded), never an empty
/// value.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Presence<T> {
    /// The field has this value.
    Known(T),
    /// The field was read and is empty.
    Null,
    /// The field was not read.
    #[default]
    NotLoaded,
}

impl<T> Presence<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::NotLoaded => None,
        }
    }

    /// The value, if there is one.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::NotLoaded => None,
        }
    }

    /// Whether the field was read at all.
    pub fn is_loaded(&self) -> bool {
        !matches!(self, Self::NotLoaded)
    }

    /// A value that was read: `None` means that it is empty.
    pub fn loaded(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }

    /// Applies a function to the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Presence<U> {
        match self {
            Self::Known(value) => Presence::Known(f(value)),
            Self::Null => Presence::Null,
            Self::NotLoaded => Presence::NotLoaded,
        }
    }
}

impl<T> fmt::Debug for Presence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Known(…)",
            Self::Null => "Null",
            Self::NotLoaded => "NotLoaded",
        })
    }
}

/// What a write does to one field. [`Clear`](Self::Clear) is the only way to write an empty value.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leave the field alone.
    #[default]
    Keep,
    /// Empty the field.
    Clear,
    /// Give the field this value.
    Set(T),
}

impl<T> From<Option<T>> for Patch<T> {
    /// `None` empties the field: `patch.job_title = None.into()`.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T> fmt::Debug for Patch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Clear => "Clear",
            Self::Set(_) => "Set(…)",
        })
    }
}

/// What a write does to a list: nothing, all of it, or single entries by their [`Slot`].
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ListPatch<T> {
    /// Leave the list alone.
    #[default]
    Keep,
    /// Make the list exactly this; an empty list empties it.
    Replace(Vec<T>),
    /// Set (`Some`) or remove (`None`) single entries and leave the others alone.
    Slots(BTreeMap<Slot, Option<T>>),
}

impl<T> ListPatch<T> {
    /// A patch of one entry.
    #[must_use]
    pub fn slot(slot: Slot, value: Option<T>) -> Self {
        Self::Slots(BTreeMap::from([(slot, value)]))
    }
}

impl<T> fmt::Debug for ListPatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Replace(list) => write!(f, "Replace({} entries)", list.len()),
            Self::Slots(slots) => f.debug_set().entries(slots.keys()).finish(),
        }
    }
}
