//! The one way to write: a batch of changes that is applied as a whole or not at all.

use crate::{
    ConflictEntry, Cursor, Decision, Intent, Link, LinkId, MatchKey, RecordError, Review, ReviewId, Run, Side,
};

/// One change of a [`Batch`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Change {
    /// Inserts a link, or replaces the one with the same id.
    PutLink {
        /// The link as it shall be.
        link: Box<Link>,
        /// Its match keys from now on; `None` leaves them as they are.
        keys: Option<Vec<MatchKey>>,
    },
    /// Forgets a link and its keys, as after two links turned out to be one entity. The
    /// journal keeps what it says about it. No effect if there is none.
    DeleteLink(LinkId),
    /// Inserts an intent, or replaces the one with the same id.
    PutIntent(Box<Intent>),
    /// Sets the cursor of an object on a side, or removes it, which means a full read.
    SetCursor {
        /// The kind of record.
        object: String,
        /// The side that is read.
        side: Side,
        /// The position.
        cursor: Option<Cursor>,
    },
    /// Inserts a run, or replaces the one with the same id.
    PutRun(Run),
    /// Adds an item to the review queue; its id must be new.
    AddReview(Review),
    /// Answers an item of the review queue that is open.
    DecideReview {
        /// The item.
        id: ReviewId,
        /// The answer.
        decision: Decision,
    },
    /// Adds to the conflict log.
    AddConflict(ConflictEntry),
    /// Adds to the record errors.
    AddError(RecordError),
    /// Forgets everything this sync ever stored, but for the lease.
    Erase,
}

/// Changes that are applied in order, atomically and durably, by
/// [`StateStore::commit`](crate::StateStore::commit).
///
/// The order matters where a record id moves from one link to another: the link that gives it
/// up comes first.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Adds a change.
    pub fn push(&mut self, change: Change) -> &mut Batch {
        self.changes.push(change);
        self
    }

    /// Puts a link and leaves its match keys as they are.
    pub fn put_link(&mut self, link: Link) -> &mut Batch {
        self.push(Change::PutLink { link: Box::new(link), keys: None })
    }

    /// Puts a link and replaces its match keys.
    pub fn put_link_with_keys(&mut self, link: Link, keys: Vec<MatchKey>) -> &mut Batch {
        self.push(Change::PutLink { link: Box::new(link), keys: Some(keys) })
    }

    /// Forgets a link.
    pub fn delete_link(&mut self, id: LinkId) -> &mut Batch {
        self.push(Change::DeleteLink(id))
    }

    /// Puts an intent.
    pub fn put_intent(&mut self, intent: Intent) -> &mut Batch {
        self.push(Change::PutIntent(Box::new(intent)))
    }

    /// Sets a cursor.
    pub fn set_cursor(&mut self, object: impl Into<String>, side: Side, cursor: Cursor) -> &mut Batch {
        self.push(Change::SetCursor { object: object.into(), side, cursor: Some(cursor) })
    }

    /// Puts a run.
    pub fn put_run(&mut self, run: Run) -> &mut Batch {
        self.push(Change::PutRun(run))
    }

    /// Adds an item to the review queue.
    pub fn add_review(&mut self, review: Review) -> &mut Batch {
        self.push(Change::AddReview(review))
    }

    /// Answers an item of the review queue.
    pub fn decide_review(&mut self, id: ReviewId, decision: Decision) -> &mut Batch {
        self.push(Change::DecideReview { id, decision })
    }

    /// Adds to the conflict log.
    pub fn add_conflict(&mut self, entry: ConflictEntry) -> &mut Batch {
        self.push(Change::AddConflict(entry))
    }

    /// Adds to the record errors.
    pub fn add_error(&mut self, error: RecordError) -> &mut Batch {
        self.push(Change::AddError(error))
    }

    /// The changes, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes, in order, by value.
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Number of changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Numbers above this are refused, so that allocating more can never overflow.
const MAX_ID: i64 = i64::MAX / 2;

impl Change {
    /// The number that the change brings along, if it is one that a new thing gets.
    const fn new_id(&self) -> Option<i64> {
        match self {
            Change::PutLink { link, .. } => Some(link.id.0),
            Change::PutIntent(intent) => Some(intent.id.0),
            Change::PutRun(run) => Some(run.id.0),
            Change::AddReview(review) => Some(review.id.0),
            _ => None,
        }
    }

    /// Raises `last_id` to the number that the change brings along.
    ///
    /// # Errors
    /// `Invalid` if the number is out of range.
    pub(crate) fn claim_id(&self, last_id: &mut i64) -> crate::Result<()> {
        let Some(id) = self.new_id() else {
            return Ok(());
        };
        if !(1..=MAX_ID).contains(&id) {
            return Err(crate::StoreError::invalid(format!("{id} is no number that the store gave out")));
        }
        *last_id = (*last_id).max(id);
        Ok(())
    }
}
