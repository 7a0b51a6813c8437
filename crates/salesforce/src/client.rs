use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use rest_core::{Allowance, BaseUrl, Call, Ledger, Reply, RestClient, Result, StreamReply};

use crate::api::{DescribeCache, Query, Records};
use crate::config::{ApiVersion, SalesforceBuilder};
use crate::models::{
    Account, Contact, Note, Opportunity, OpportunityContactRole, OpportunityStage, SObject, Task, User,
};
use crate::options::CallOptions;
use crate::soql::Soql;
use crate::usage::{ApiUsage, UsageBoard};

/// A connection to one organisation. Cheap to clone; clones share the session, the limits and the ledger.
#[derive(Clone)]
pub struct Salesforce {
    rest: RestClient,
    version: ApiVersion,
    /// What the caller says about every call, and the headers that say it.
    options: CallOptions,
    headers: HeaderMap,
    usage: Arc<UsageBoard>,
    describes: Arc<DescribeCache>,
}

impl Salesforce {
    /// Starts building a client.
    pub fn builder() -> SalesforceBuilder {
        SalesforceBuilder::default()
    }

    pub(crate) fn new(
        rest: RestClient,
        version: ApiVersion,
        options: CallOptions,
        usage: Arc<UsageBoard>,
        describes: DescribeCache,
    ) -> Result<Self> {
        let headers = options.headers()?;
        Ok(Self { rest, version, options, headers, usage, describes: Arc::new(describes) })
    }

    /// A client for calls with other headers. It shares everything else with this one: the session, the limits, the ledger.
    ///
    /// ```
    /// # use salesforce::{CallOptions, DuplicateRules, NewContact, Result, Salesforce};
    /// # async fn f(client: Salesforce, twin: NewContact) -> Result<()> {
    /// let allow = CallOptions::new().duplicates(DuplicateRules::new().allow_save(true));
    /// client.with(allow)?.contacts().create(&twin).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a name that cannot be sent.
    pub fn with(&self, options: CallOptions) -> Result<Self> {
        let options = self.options.clone().overlaid(options);
        let headers = options.headers()?;
        Ok(Self { options, headers, ..self.clone() })
    }

    /// The records of an object; of custom objects too, see [`SObject`].
    #[must_use]
    pub fn records<T: SObject>(&self) -> Records<T> {
        Records::new(self.clone())
    }

    /// Accounts.
    #[must_use]
    pub fn accounts(&self) -> Records<Account> {
        self.records()
    }

    /// Contacts.
    #[must_use]
    pub fn contacts(&self) -> Records<Contact> {
        self.records()
    }

    /// Opportunities.
    #[must_use]
    pub fn opportunities(&self) -> Records<Opportunity> {
        self.records()
    }

    /// The people involved in opportunities.
    #[must_use]
    pub fn opportunity_contact_roles(&self) -> Records<OpportunityContactRole> {
        self.records()
    }

    /// The stages of opportunities.
    #[must_use]
    pub fn opportunity_stages(&self) -> Records<OpportunityStage> {
        self.records()
    }

    /// Tasks.
    #[must_use]
    pub fn tasks(&self) -> Records<Task> {
        self.records()
    }

    /// Notes.
    #[must_use]
    pub fn notes(&self) -> Records<Note> {
        self.records()
    }

    /// Users.
    #[must_use]
    pub fn users(&self) -> Records<User> {
        self.records()
    }

    /// A query whose rows decode as `T`. Nothing is sent until the handle is read.
    pub fn query<T>(&self, soql: impl Into<Soql>) -> Query<T> {
        Query::new(self.clone(), soql.into(), false)
    }

    /// A query that also sees deleted and archived rows.
    pub fn query_all<T>(&self, soql: impl Into<Soql>) -> Query<T> {
        Query::new(self.clone(), soql.into(), true)
    }

    /// Sends a call as it is, with this client's authentication, limits and errors: nothing that is missing here blocks
    /// a user. Its path begins below the instance's address: `.path(["services", "data", "v62.0", "limits"])`.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn raw(&self, call: Call) -> Result<Reply> {
        self.send(call).await
    }

    /// The present instant by the client's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.rest.clock().now()
    }

    pub(crate) fn describes(&self) -> &DescribeCache {
        &self.describes
    }

    pub(crate) async fn send(&self, mut call: Call) -> Result<Reply> {
        for (name, value) in &self.headers {
            call.headers.entry(name).or_insert_with(|| value.clone());
        }
        self.rest.send(&call).await
    }

    /// As [`send`](Self::send), with the answer's body as it arrives.
    pub(crate) async fn open(&self, mut call: Call) -> Result<StreamReply> {
        for (name, value) in &self.headers {
            call.headers.entry(name).or_insert_with(|| value.clone());
        }
        self.rest.stream(&call).await
    }

    /// Logs in, if that has not happened yet, and gives the instance's address.
    ///
    /// # Errors
    /// What the login host answers.
    pub async fn connect(&self) -> Result<BaseUrl> {
        self.rest.connect().await
    }

    /// The session in use, for the protocols beside REST; another one if it was `refused`.
    pub(crate) async fn access(&self, refused: Option<&rest_core::Access>) -> Result<rest_core::Access> {
        self.rest.access(refused).await
    }

    #[cfg(any(feature = "pubsub", feature = "soap"))]
    pub(crate) fn renewable(&self) -> bool {
        self.rest.renewable()
    }

    /// The configured address, used where the session names none.
    #[cfg(feature = "pubsub")]
    pub(crate) fn base(&self) -> &BaseUrl {
        self.rest.base()
    }

    /// The API version in use.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The calls made so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.rest.ledger()
    }

    /// What the last answer told about the calls used: of the organisation, and of this app if it has an allotment of its
    /// own. `None` before the first answer.
    #[must_use]
    pub fn usage(&self) -> Option<ApiUsage> {
        self.usage.last()
    }

    /// Whether headers of this client's calls shape what writes do.
    pub(crate) fn shapes_writes(&self) -> bool {
        self.options.shapes_writes()
    }

    /// How many calls may still be made today, by the client's own budget and reserve and by what the server last said;
    /// `None` if neither limits.
    #[must_use]
    pub fn calls_left(&self) -> Option<u64> {
        self.rest.calls_left()
    }

    /// A random part of `bound`.
    pub(crate) fn jitter(&self, bound: std::time::Duration) -> std::time::Duration {
        self.rest.jitter(bound)
    }

    /// What the server last said about the calls left of the organisation's 24 hours.
    #[must_use]
    pub fn daily_allowance(&self) -> Option<Allowance> {
        self.rest.daily_allowance()
    }
}

impl fmt::Debug for Salesforce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salesforce")
            .field("base", self.rest.base())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
