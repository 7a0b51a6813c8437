use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Account, Contact, DateOrTime, Deal, Instant, ObjectKind, RemoteId};

/// A record exactly as the vendor sent it, so that nothing is lost that the model does not name.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(Arc<str>);

impl RawJson {
    /// Keeps a JSON text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

/// What is known about a record's deletion. Only positive evidence counts: a record that a read did not return is
/// not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deleted {
    /// The record is alive.
    #[default]
    No,
    /// In the vendor's recycle bin; it can come back under the same id.
    Soft {
        /// When, where the vendor says so.
        at: Option<Instant>,
    },
    /// Gone for good.
    Hard,
    /// Merged into another record, which lives on under this id.
    MergedInto(Box<str>),
    /// A lead that became a contact. The vendor keeps the lead; nothing can be done with it any more.
    ConvertedTo(Conversion),
}

/// What a lead became.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Conversion {
    /// When, as precisely as the vendor says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateOrTime>,
    /// The person, new or known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<RemoteId<Contact>>,
    /// The company, new or known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<RemoteId<Account>>,
    /// The sale that was begun with it, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<RemoteId<Deal>>,
}

impl Deleted {
    /// Whether the record is alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::No)
    }
}

/// What every record carries beside its fields.
#[derive(Clone, PartialEq, Default)]
pub struct Meta {
    /// The vendor whose record this is: `salesforce`, `freshsales`.
    pub vendor: &'static str,
    /// The vendor's id; empty only for a record that was built by hand.
    pub id: Box<str>,
    /// When it was created.
    pub created_at: Option<Instant>,
    /// When it last changed, by anybody or anything the vendor stamps (on Salesforce `SystemModstamp`).
    pub updated_at: Option<Instant>,
    /// The user who changed it last, where the vendor says so.
    pub updated_by: Option<Box<str>>,
    /// Whether it is deleted.
    pub deleted: Deleted,
    /// Where a person can look at it.
    pub url: Option<String>,
    /// The record as the vendor sent it, where it was read from one.
    pub raw: Option<RawJson>,
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("vendor", &self.vendor)
            .field("id", &self.id)
            .field("updated_at", &self.updated_at)
            .field("deleted", &self.deleted)
            .finish_non_exhaustive()
    }
}

impl Meta {
    /// Meta of a live record that is known by its id only.
    pub fn new(vendor: &'static str, id: impl Into<Box<str>>) -> Self {
        Self { vendor, id: id.into(), ..Self::default() }
    }

    /// The record's address for messages: `salesforce contact 003…`.
    #[must_use]
    pub fn address(&self, object: ObjectKind) -> String {
        format!("{} {object} {}", self.vendor, self.id)
    }
}
