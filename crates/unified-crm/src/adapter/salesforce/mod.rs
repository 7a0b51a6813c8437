//! Salesforce as a [`Crm`].
//!
//! | file | subject |
//! | --- | --- |
//! | `table` | which field of the model is which field of the vendor |
//! | `shape` | how one value is written and read |
//! | `layout` | an object as one organisation shows it, and its schema |
//! | `read`, `body` | rows to records, patches to fields |
//! | `objects`, `changes`, `write`, `people` | the calls |
//! | `engagements`, `happened` | calls, meetings and messages: three objects of the vendor as one |
//! | `unite` | records that become others: conversion of leads, merges |
//! | `users`, `views`, `campaigns`, `search` | what is no record of a collection |

mod body;
mod campaigns;
mod changes;
mod engagements;
mod happened;
mod layout;
mod objects;
mod people;
mod read;
mod search;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod unite;
mod users;
mod views;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use crm_model::{
    Account, Choice, Contact, Conversion, Deal, Engagement, FieldGroup, Lead, Meta, Note, Object, ObjectKind, Pipeline,
    RemoteId, SearchHit, Stage, Task, Ticket, User, View,
};
use futures::TryStreamExt;
use rest_core::{Accept, Call, LedgerSnapshot, Result, Row, Safety};
use salesforce::soql::Select;
use salesforce::{OpportunityStage, Salesforce, UserInfo, Writable};

use crate::crm::cannot;
use crate::{
    Capabilities, Collection, CollectionCapabilities, ConvertLead, Crm, Identity, Lists, Merge, ProxyRequest,
    ProxyResponse, SearchQuery,
};
use campaigns::Campaigns;
use engagements::Engagements;
use objects::Objects;
use read::PIPELINE;

/// The vendor's name.
pub(crate) const VENDOR: &str = "salesforce";

/// How Salesforce is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SalesforceOptions {
    /// The unique external id text field in which a create's key is kept, so that the create happens once. An object
    /// that does not have it cannot create once. Default: `Crmkit_Key__c`.
    pub key_field: String,
    /// Whether records keep their row as the vendor sent it ([`Meta::raw`]). Costs memory. Default: no.
    pub keep_raw: bool,
}

impl Default for SalesforceOptions {
    fn default() -> Self {
        Self { key_field: "Crmkit_Key__c".to_owned(), keep_raw: false }
    }
}

impl SalesforceOptions {
    /// Names the field in which a create's key is kept.
    #[must_use]
    pub fn key_field(mut self, name: impl Into<String>) -> Self {
        self.key_field = name.into();
        self
    }

    /// Keeps each record's row as the vendor sent it.
    #[must_use]
    pub fn keep_raw(mut self, keep: bool) -> Self {
        self.keep_raw = keep;
        self
    }
}

/// A Salesforce organisation as a [`Crm`].
///
/// Each object is described by one call before it is first used. Until then its capabilities are assumed to be those of
/// an organisation that grants everything and has the [key field](SalesforceOptions::key_field) on accounts, contacts,
/// opportunities and tasks; after [`schema`](Collection::schema), or [`prepare`](Self::prepare), they are exact.
pub struct SalesforceCrm {
    client: Salesforce,
    accounts: Objects<Account, salesforce::Account>,
    contacts: Objects<Contact, salesforce::Contact>,
    leads: Objects<Lead, salesforce::Lead>,
    deals: Objects<Deal, salesforce::Opportunity>,
    tickets: Objects<Ticket, salesforce::Case>,
    tasks: Objects<Task, salesforce::Task>,
    notes: Objects<Note, salesforce::Note>,
    engagements: Engagements,
    campaigns: Campaigns,
    assumed: Capabilities,
    exact: OnceLock<Capabilities>,
    identity: tokio::sync::OnceCell<UserInfo>,
}

impl SalesforceCrm {
    /// The organisation that a client is connected to.
    #[must_use]
    pub fn new(client: Salesforce) -> Self {
        Self::with_options(client, SalesforceOptions::default())
    }

    /// The organisation that a client is connected to, seen in another way.
    #[must_use]
    pub fn with_options(client: Salesforce, options: SalesforceOptions) -> Self {
        let options = Arc::new(options);
        let mut crm = Self {
            accounts: Objects::new(client.clone(), options.clone(), &table::ACCOUNTS),
            contacts: Objects::new(client.clone(), options.clone(), &table::CONTACTS),
            leads: Objects::new(client.clone(), options.clone(), &table::LEADS),
            deals: Objects::new(client.clone(), options.clone(), &table::DEALS),
            tickets: Objects::new(client.clone(), options.clone(), &table::TICKETS),
            tasks: Objects::new(client.clone(), options.clone(), &table::TASKS),
            notes: Objects::new(client.clone(), options.clone(), &table::NOTES),
            engagements: Engagements::new(&client, &options),
            campaigns: Campaigns::new(client.clone()),
            assumed: Capabilities::default(),
            exact: OnceLock::new(),
            identity: tokio::sync::OnceCell::new(),
            client,
        };
        crm.assumed = crm.gather();
        crm
    }

    /// Describes every object now, in ten calls, so that the capabilities are exact.
    ///
    /// # Errors
    /// Whatever the vendor answers.
    pub async fn prepare(&self) -> Result<()> {
        self.accounts.layout().await?;
        self.contacts.layout().await?;
        self.leads.layout().await?;
        self.tickets.layout().await?;
        self.engagements.prepare().await?;
        self.deals.layout().await?;
        self.tasks.layout().await?;
        self.notes.layout().await.map(drop)
    }

    /// The client, for everything that the model does not name.
    #[must_use]
    pub fn client(&self) -> &Salesforce {
        &self.client
    }

    fn gather(&self) -> Capabilities {
        fn of<T: Object, R: Writable>(objects: &Objects<T, R>) -> (ObjectKind, CollectionCapabilities) {
            (T::KIND, objects.capabilities().clone())
        }
        let objects = [
            of(&self.accounts),
            of(&self.contacts),
            of(&self.leads),
            of(&self.deals),
            of(&self.tickets),
            of(&self.tasks),
            of(&self.notes),
            (ObjectKind::Engagement, self.engagements.capabilities().clone()),
        ];
        Capabilities {
            objects: BTreeMap::from(objects),
            users: true,
            pipelines: true,
            proxy: true,
            field_groups: BTreeSet::from(views::LAID_OUT),
            views: BTreeSet::from(views::VIEWED),
            search: BTreeSet::from(search::SEARCHED),
            lists: true,
            convert_leads: true,
            merge: BTreeSet::from([ObjectKind::Account, ObjectKind::Contact, ObjectKind::Lead]),
            ..Capabilities::default()
        }
    }

    fn is_described(&self) -> bool {
        let described = [self.accounts.is_described(), self.contacts.is_described(), self.deals.is_described()];
        let others = [self.leads.is_described(), self.tickets.is_described(), self.engagements.is_described()];
        described.into_iter().chain(others).all(|described| described)
            && self.tasks.is_described()
            && self.notes.is_described()
    }

    async fn userinfo(&self) -> Result<&UserInfo> {
        self.identity.get_or_try_init(|| self.client.userinfo()).await
    }
}

impl fmt::Debug for SalesforceCrm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SalesforceCrm").field("client", &self.client).finish_non_exhaustive()
    }
}

#[async_trait]
impl Crm for SalesforceCrm {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn capabilities(&self) -> &Capabilities {
        if self.is_described() { self.exact.get_or_init(|| self.gather()) } else { &self.assumed }
    }

    async fn identity(&self) -> Result<Identity> {
        let info = self.userinfo().await?;
        let mut identity = Identity::new(VENDOR, info.organization_id.as_str());
        identity.user = Some(RemoteId::new(info.user_id.as_str()));
        Ok(identity)
    }

    fn accounts(&self) -> Result<&dyn Collection<Account>> {
        Ok(&self.accounts)
    }

    fn contacts(&self) -> Result<&dyn Collection<Contact>> {
        Ok(&self.contacts)
    }

    fn deals(&self) -> Result<&dyn Collection<Deal>> {
        Ok(&self.deals)
    }

    fn leads(&self) -> Result<&dyn Collection<Lead>> {
        Ok(&self.leads)
    }

    fn tickets(&self) -> Result<&dyn Collection<Ticket>> {
        Ok(&self.tickets)
    }

    fn engagements(&self) -> Result<&dyn Collection<Engagement>> {
        Ok(&self.engagements)
    }

    fn lists(&self) -> Result<&dyn Lists> {
        Ok(&self.campaigns)
    }

    fn tasks(&self) -> Result<&dyn Collection<Task>> {
        Ok(&self.tasks)
    }

    fn notes(&self) -> Result<&dyn Collection<Note>> {
        Ok(&self.notes)
    }

    async fn users(&self) -> Result<Vec<User>> {
        users::all(&self.client).await
    }

    async fn convert_leads(&self, leads: &[ConvertLead]) -> Result<Vec<Result<Conversion>>> {
        unite::convert(self, leads).await
    }

    async fn merge(&self, merge: Merge) -> Result<()> {
        match merge.object {
            ObjectKind::Account => {
                let update = |custom| salesforce::AccountUpdate { custom, ..salesforce::AccountUpdate::default() };
                unite::merge(self, &self.accounts, &merge, update).await
            }
            ObjectKind::Contact => {
                let update = |custom| salesforce::ContactUpdate { custom, ..salesforce::ContactUpdate::default() };
                unite::merge(self, &self.contacts, &merge, update).await
            }
            ObjectKind::Lead => {
                let update = |custom| salesforce::LeadUpdate { custom, ..salesforce::LeadUpdate::default() };
                unite::merge(self, &self.leads, &merge, update).await
            }
            other => Err(cannot(VENDOR, "merge", &format!("does not merge {other} records"))),
        }
    }

    async fn field_groups(&self, object: ObjectKind) -> Result<Vec<FieldGroup>> {
        match object {
            ObjectKind::Account => self.accounts.groups().await,
            ObjectKind::Contact => self.contacts.groups().await,
            ObjectKind::Lead => self.leads.groups().await,
            ObjectKind::Deal => self.deals.groups().await,
            ObjectKind::Ticket => self.tickets.groups().await,
            ObjectKind::Task => self.tasks.groups().await,
            other => Err(cannot(VENDOR, "field_groups", &format!("tells no pages of {other} records"))),
        }
    }

    async fn views(&self, object: ObjectKind) -> Result<Vec<View>> {
        match object {
            ObjectKind::Account => self.accounts.views().await,
            ObjectKind::Contact => self.contacts.views().await,
            ObjectKind::Lead => self.leads.views().await,
            ObjectKind::Deal => self.deals.views().await,
            ObjectKind::Ticket => self.tickets.views().await,
            other => Err(cannot(VENDOR, "views", &format!("has no list views of {other} records"))),
        }
    }

    async fn search(&self, query: &SearchQuery) -> Result<Vec<SearchHit>> {
        search::search(&self.client, query).await
    }

    async fn pipelines(&self) -> Result<Vec<Pipeline>> {
        let soql = Select::all_of::<OpportunityStage>().order_by(["SortOrder"]).build()?;
        let rows: Vec<Row<OpportunityStage>> = self.client.query(soql).stream().try_collect().await?;
        let mut pipeline = Pipeline::new(Meta::new(VENDOR, PIPELINE));
        pipeline.name = "Opportunities".to_owned();
        pipeline.is_default = true;
        // Retired stages are kept: deals may still be in them.
        let (active, retired): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.is_active != Some(false));
        pipeline.stages =
            (0..).zip(active.into_iter().chain(retired)).filter_map(|(order, row)| stage(order, row)).collect();
        Ok(vec![pipeline])
    }

    async fn proxy(&self, request: ProxyRequest) -> Result<ProxyResponse> {
        let is_read = matches!(request.method, http::Method::GET | http::Method::HEAD);
        let mut call = Call::new(request.method, "proxy")
            .raw_path(request.path)
            .accept(Accept::Any)
            .safety(if is_read { Safety::Read } else { Safety::Unsafe });
        if let Some(body) = request.body {
            call = call.body("application/json", body);
        }
        let reply = self.client.raw(call).await?;
        Ok(ProxyResponse { status: reply.status.as_u16(), body: reply.body })
    }

    fn usage(&self) -> LedgerSnapshot {
        self.client.ledger().snapshot()
    }
}

/// A deal's stage field holds the stage's API name, so that is what a stage goes by.
fn stage(order: u32, row: &OpportunityStage) -> Option<Stage> {
    let id = row.api_name.clone().or_else(|| row.master_label.clone())?;
    let mut stage = Stage::new(Meta { updated_at: row.system_modstamp, ..Meta::new(VENDOR, id.clone()) });
    stage.name = row.master_label.clone().unwrap_or(id);
    stage.order = order;
    stage.probability = row.default_probability;
    stage.is_closed = row.is_closed == Some(true);
    stage.is_won = row.is_won == Some(true);
    stage.is_active = row.is_active != Some(false);
    stage.forecast_category = row.forecast_category_name.clone().map(Choice::new);
    Some(stage)
}
