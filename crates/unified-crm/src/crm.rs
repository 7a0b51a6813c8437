use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use crm_model::{
    Account, Contact, Conversion, Deal, Engagement, FieldGroup, Lead, Note, ObjectKind, Pipeline, RemoteId, Schema,
    SearchHit, Task, Ticket, User, View,
};
use rest_core::LedgerSnapshot;

use crate::records::{Erased, Records};
use crate::{Capabilities, Collection, ConvertLead, Error, ErrorKind, Lists, Merge, Result, SearchQuery};

/// Who and where a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The vendor: `salesforce`, `freshsales`.
    pub vendor: &'static str,
    /// The account, organisation or bundle: stable, and different for different customers' data.
    pub account: String,
    /// The user under whom this connection writes, where the vendor tells.
    pub user: Option<RemoteId<User>>,
}

impl Identity {
    /// An identity whose user is not known.
    pub fn new(vendor: &'static str, account: impl Into<String>) -> Self {
        Self { vendor, account: account.into(), user: None }
    }
}

/// A request to pass to the vendor as it is, with this connection's authentication, limits and errors.
#[derive(Clone)]
pub struct ProxyRequest {
    /// The method; anything but GET and HEAD is treated as a write that must not be repeated.
    pub method: http::Method,
    /// The path below the vendor's base address, with its query: `/services/data/v62.0/limits`.
    pub path: String,
    /// A JSON body.
    pub body: Option<Bytes>,
}

impl fmt::Debug for ProxyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "ProxyRequest({} {path})", self.method)
    }
}

/// The vendor's answer to a [`ProxyRequest`]; only successes get here.
#[derive(Clone)]
pub struct ProxyResponse {
    /// The status, 2xx.
    pub status: u16,
    /// The body as the vendor sent it.
    pub body: Bytes,
}

impl fmt::Debug for ProxyResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// A connected CRM.
///
/// Each object has an accessor. A vendor that does not have the object answers
/// [`Unsupported`](ErrorKind::Unsupported), and [`capabilities`](Self::capabilities) says so beforehand.
#[async_trait]
pub trait Crm: Send + Sync + fmt::Debug {
    /// The vendor's name in lower case. For people to read: code that branches on it is wrong.
    fn vendor(&self) -> &'static str;

    /// What this CRM can do.
    fn capabilities(&self) -> &Capabilities;

    /// Who and where this connection is. Costs at most one call, once.
    ///
    /// # Errors
    /// Whatever the vendor answers; this is the cheapest way to test a connection.
    async fn identity(&self) -> Result<Identity>;

    /// Companies.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn accounts(&self) -> Result<&dyn Collection<Account>> {
        Err(unsupported(self.vendor(), ObjectKind::Account))
    }

    /// People.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn contacts(&self) -> Result<&dyn Collection<Contact>> {
        Err(unsupported(self.vendor(), ObjectKind::Contact))
    }

    /// Sales.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn deals(&self) -> Result<&dyn Collection<Deal>> {
        Err(unsupported(self.vendor(), ObjectKind::Deal))
    }

    /// Things to be done.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn tasks(&self) -> Result<&dyn Collection<Task>> {
        Err(unsupported(self.vendor(), ObjectKind::Task))
    }

    /// Texts attached to other records.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn notes(&self) -> Result<&dyn Collection<Note>> {
        Err(unsupported(self.vendor(), ObjectKind::Note))
    }

    /// People who may become customers, on vendors that keep them apart from contacts.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn leads(&self) -> Result<&dyn Collection<Lead>> {
        Err(unsupported(self.vendor(), ObjectKind::Lead))
    }

    /// Questions and complaints of customers.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn tickets(&self) -> Result<&dyn Collection<Ticket>> {
        Err(unsupported(self.vendor(), ObjectKind::Ticket))
    }

    /// Calls, e-mails, meetings and messages. What is an engagement is no [task](Self::tasks), even where the vendor
    /// keeps the two in one place.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn engagements(&self) -> Result<&dyn Collection<Engagement>> {
        Err(unsupported(self.vendor(), ObjectKind::Engagement))
    }

    /// Campaigns, mailing lists and segments, and who is on them.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    fn lists(&self) -> Result<&dyn Lists> {
        Err(unsupported(self.vendor(), ObjectKind::List))
    }

    /// The people who work in this CRM and the queues that wait for them, inactive ones included.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    async fn users(&self) -> Result<Vec<User>> {
        Err(unsupported(self.vendor(), ObjectKind::User))
    }

    /// The pipelines that deals move through, with their stages.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    async fn pipelines(&self) -> Result<Vec<Pipeline>> {
        Err(unsupported(self.vendor(), ObjectKind::Pipeline))
    }

    /// The groups in which people see the fields of an object, in their order.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor does not tell.
    async fn field_groups(&self, object: ObjectKind) -> Result<Vec<FieldGroup>> {
        Err(cannot(self.vendor(), "field_groups", &format!("tells no field groups of {object} records")))
    }

    /// The saved views of an object that this user can see. Records are listed through one by
    /// [`ListQuery::view`](crate::ListQuery::view).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has none.
    async fn views(&self, object: ObjectKind) -> Result<Vec<View>> {
        Err(cannot(self.vendor(), "views", &format!("has no views of {object} records")))
    }

    /// Searches for words across objects, the best hits first. An index may lag behind writes by some seconds.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor cannot search, or not in one of the objects;
    /// [`Invalid`](ErrorKind::Invalid) where the words are too few to search by.
    async fn search(&self, query: &SearchQuery) -> Result<Vec<SearchHit>> {
        let _ = query;
        Err(cannot(self.vendor(), "search", "cannot search"))
    }

    /// Converts leads: one result per lead, in the same order. What the lead refused, the contact has refused afterwards.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor has no leads to convert, else what befell the call as a
    /// whole.
    async fn convert_leads(&self, leads: &[ConvertLead]) -> Result<Vec<Result<Conversion>>> {
        let _ = leads;
        Err(cannot(self.vendor(), "convert_leads", "does not convert leads"))
    }

    /// Makes several records one; see [`Merge`].
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor cannot merge records of this object, else what it answers.
    async fn merge(&self, merge: Merge) -> Result<()> {
        Err(cannot(self.vendor(), "merge", &format!("does not merge {} records", merge.object)))
    }

    /// Passes a request to the vendor as it is: nothing the model lacks blocks a user.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where there is no vendor behind this CRM, else what the vendor answers.
    async fn proxy(&self, request: ProxyRequest) -> Result<ProxyResponse> {
        let what = format!("{} has no vendor to pass {} {} on to", self.vendor(), request.method, request.path);
        Err(Error::new(ErrorKind::Unsupported, "proxy").with_message(what))
    }

    /// The calls that this connection has made so far.
    fn usage(&self) -> LedgerSnapshot;
}

pub(crate) fn unsupported(vendor: &'static str, object: ObjectKind) -> Error {
    Error::new(ErrorKind::Unsupported, "collection")
        .with_vendor(vendor)
        .with_message(format!("{vendor} has no {object} records"))
}

pub(crate) fn cannot(vendor: &'static str, operation: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, operation).with_vendor(vendor).with_message(format!("{vendor} {what}"))
}

impl dyn Crm + '_ {
    /// The fields of an object that is named at run time: [`Collection::schema`] of its collection.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor does not have the object, else what it answers.
    pub async fn fields(&self, object: ObjectKind) -> Result<Schema> {
        self.records(object)?.schema().await
    }

    /// The records of an object as field maps: the form on which a sync works.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) where the vendor does not have the object.
    pub fn records(&self, object: ObjectKind) -> Result<Box<dyn Records + '_>> {
        Ok(match object {
            ObjectKind::Account => Box::new(Erased(self.accounts()?)),
            ObjectKind::Contact => Box::new(Erased(self.contacts()?)),
            ObjectKind::Deal => Box::new(Erased(self.deals()?)),
            ObjectKind::Task => Box::new(Erased(self.tasks()?)),
            ObjectKind::Note => Box::new(Erased(self.notes()?)),
            ObjectKind::Lead => Box::new(Erased(self.leads()?)),
            ObjectKind::Ticket => Box::new(Erased(self.tickets()?)),
            ObjectKind::Engagement => Box::new(Erased(self.engagements()?)),
            other => return Err(unsupported(self.vendor(), other)),
        })
    }
}
