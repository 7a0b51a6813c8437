//! The client: where the handles of the API start.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rest_core::{BaseUrl, Call, Clock, LedgerSnapshot, Reply, RestClient, Result, SecretString};

use crate::api::{Entity, FieldSettings, Notes, Records, Search, Selectors, Tasks};
use crate::config::FreshsalesBuilder;
use crate::models::{Contact, Deal, SalesAccount, View};

/// One Freshsales account, as one user's key sees it. Cheap to clone; clones share limits and the account of calls.
#[derive(Clone)]
pub struct Freshsales {
    rest: RestClient,
    views: Arc<Mutex<KnownViews>>,
}

/// The views that were asked for, by kind of record.
type KnownViews = BTreeMap<&'static str, Arc<[View]>>;

impl Freshsales {
    /// Starts building a client. `address` is the bundle alias of Profile → Settings → API Settings
    /// (`acme.myfreshworks.com/crm/sales`), the bundle's name alone (`acme`), the API's base, an address copied from the
    /// browser, or `host:port` of a loopback server. `key` is the API key from the same page.
    pub fn builder(address: impl Into<String>, key: impl Into<SecretString>) -> FreshsalesBuilder {
        FreshsalesBuilder::new(address.into(), key.into())
    }

    pub(crate) fn from_rest(rest: RestClient) -> Self {
        Self { rest, views: Arc::default() }
    }

    /// People.
    #[must_use]
    pub fn contacts(&self) -> Records<Contact> {
        self.records()
    }

    /// Companies.
    #[must_use]
    pub fn sales_accounts(&self) -> Records<SalesAccount> {
        self.records()
    }

    /// Sales.
    #[must_use]
    pub fn deals(&self) -> Records<Deal> {
        self.records()
    }

    /// The records of a kind that is chosen by type.
    #[must_use]
    pub fn records<E: Entity>(&self) -> Records<E> {
        Records::new(self.clone())
    }

    /// Things to be done.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self.clone())
    }

    /// Texts attached to records.
    #[must_use]
    pub fn notes(&self) -> Notes {
        Notes::new(self.clone())
    }

    /// Users, pipelines and the lists of choices.
    #[must_use]
    pub fn selectors(&self) -> Selectors {
        Selectors::new(self.clone())
    }

    /// What administrators have set up about the fields.
    #[must_use]
    pub fn field_settings(&self) -> FieldSettings {
        FieldSettings::new(self.clone())
    }

    /// Search across kinds of records.
    #[must_use]
    pub fn search(&self) -> Search {
        Search::new(self.clone())
    }

    /// Sends any call, with this client's key, limits, retries and errors.
    ///
    /// # Errors
    /// Whatever the pipeline or the vendor says.
    pub async fn raw(&self, call: Call) -> Result<Reply> {
        self.send(&call).await
    }

    /// The cheapest way to test address and key: one call, which also tells the contact views.
    ///
    /// # Errors
    /// `Unauthorized` for a wrong key, `Config` for an address without an account, `Connect` for an unknown host.
    pub async fn verify(&self) -> Result<()> {
        self.contacts().refresh_views().await.map(drop)
    }

    /// The calls made so far, by this client and its clones.
    #[must_use]
    pub fn usage(&self) -> LedgerSnapshot {
        self.rest.ledger().snapshot()
    }

    /// The API's base URL.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        self.rest.base()
    }

    /// The clock in use.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.rest.clock()
    }

    pub(crate) async fn send(&self, call: &Call) -> Result<Reply> {
        self.rest.send(call).await
    }

    pub(crate) fn known_views(&self, kind: &'static str) -> Option<Arc<[View]>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    pub(crate) fn remember_views(&self, kind: &'static str, views: Arc<[View]>) {
        self.views.lock().unwrap_or_else(PoisonError::into_inner).insert(kind, views);
    }
}

impl fmt::Debug for Freshsales {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freshsales").field("base", self.base()).finish_non_exhaustive()
    }
}
