//! What happened to the records of both vendors, told by looking at the records themselves.

use std::fmt;

use chrono::{DateTime, Utc};
use crm_model::ObjectKind;
use sandbox::Vendor;

/// A record of one vendor.
pub type RecordKey = (Vendor, ObjectKind, String);

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A person, in the vendor's user interface.
    Person,
    /// The sync, through the vendor's API.
    Sync,
    /// The vendor itself, in consequence of a deletion by the sync.
    Vendor,
}

/// What happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is new. Its fields follow as changes.
    Created,
    /// It is gone: to the recycle bin, or for good.
    Deleted,
    /// It is back under its id.
    Restored,
    /// A field shows something else.
    Changed {
        /// The field, by the name of the mapping's pair.
        field: &'static str,
        /// What it showed; empty if nothing.
        from: String,
        /// What it shows now.
        to: String,
    },
}

/// One entry of the history. Its place in the history is its time: stamps tie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// By the sandbox's clock.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub who: Who,
    /// To which record.
    pub record: RecordKey,
    /// What happened.
    pub what: What,
    /// How long the history was when the sync had last read the record; what came between was unknown to it.
    pub read_at: Option<usize>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (vendor, object, id) = &self.record;
        let who = match self.who {
            Who::Person => "person",
            Who::Sync => "sync  ",
            Who::Vendor => "vendor",
        };
        write!(f, "{} {who} {vendor} {object} {id} ", self.at.format("%d %H:%M:%S"))?;
        match &self.what {
            What::Created => f.write_str("created"),
            What::Deleted => f.write_str("deleted"),
            What::Restored => f.write_str("restored"),
            What::Changed { field, from, to } => write!(f, "{field}: {from:?} -> {to:?}"),
        }
    }
}
