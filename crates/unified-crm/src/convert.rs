use crm_model::{Account, Contact, Lead, ObjectKind, RecordPatch, RemoteId, User};

/// A lead to convert: into a contact of an account, and a deal where one is named.
///
/// What is not given is made from the lead. A conversion cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvertLead {
    /// Which lead.
    pub lead: RemoteId<Lead>,
    /// The company to use; `None` makes one of the lead's company name.
    pub account: Option<RemoteId<Account>>,
    /// The person to fold the lead into: only what is empty there is filled. `None` makes one. On most vendors this needs
    /// the account that the person belongs to.
    pub contact: Option<RemoteId<Contact>>,
    /// The name of a deal to begin; `None` begins none.
    pub deal: Option<String>,
    /// Whose the new records are to be; `None` leaves them to the lead's owner. Needed where that is a queue.
    pub owner: Option<RemoteId<User>>,
    /// The status that the lead ends with, by the vendor's key; `None` takes the vendor's first for converted leads.
    pub status: Option<String>,
}

impl ConvertLead {
    /// A conversion that makes a contact and an account, and no deal.
    pub fn new(lead: impl Into<RemoteId<Lead>>) -> Self {
        Self { lead: lead.into(), account: None, contact: None, deal: None, owner: None, status: None }
    }

    /// Uses a company that is there.
    #[must_use]
    pub fn into_account(mut self, account: impl Into<RemoteId<Account>>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Folds the lead into a person who is there.
    #[must_use]
    pub fn into_contact(mut self, contact: impl Into<RemoteId<Contact>>) -> Self {
        self.contact = Some(contact.into());
        self
    }

    /// Begins a deal of this name.
    #[must_use]
    pub fn with_deal(mut self, name: impl Into<String>) -> Self {
        self.deal = Some(name.into());
        self
    }

    /// Gives the new records to a user.
    #[must_use]
    pub fn owned_by(mut self, owner: impl Into<RemoteId<User>>) -> Self {
        self.owner = Some(owner.into());
        self
    }
}

/// Records that are one and the same, to be made one. What refers to a loser refers to the survivor afterwards; a loser
/// is [`MergedInto`](crm_model::Deleted::MergedInto) the survivor. A refusal of any of them is one of the survivor.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Merge {
    /// The object.
    pub object: ObjectKind,
    /// The record that lives on.
    pub survivor: Box<str>,
    /// The records that are merged into it; many vendors take two at once, no more.
    pub losers: Vec<Box<str>>,
    /// What the survivor is to hold afterwards; fields that are not named keep the survivor's value.
    pub fields: RecordPatch,
}

impl Merge {
    /// A merge that keeps every value of the survivor.
    pub fn new(object: ObjectKind, survivor: impl Into<Box<str>>, loser: impl Into<Box<str>>) -> Self {
        Self { object, survivor: survivor.into(), losers: vec![loser.into()], fields: RecordPatch::new() }
    }

    /// Merges another record in, too.
    #[must_use]
    pub fn and(mut self, loser: impl Into<Box<str>>) -> Self {
        self.losers.push(loser.into());
        self
    }

    /// Gives the survivor these values.
    #[must_use]
    pub fn with(mut self, fields: RecordPatch) -> Self {
        self.fields = fields;
        self
    }
}
