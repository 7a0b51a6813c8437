//! Freshsales as a [`Crm`].
//!
//! Contacts, accounts and deals are listed through views, newest change first, and change feeds stop at the time they
//! were last read to; their deletions come from the recycle bin. Tasks have no order of change: each feed reads them
//! all. Notes are read under the records they are attached to, so a note's id here names its record, too
//! (`contact-70042006456-7`), and a feed of notes looks at the records that changed.
//!
//! Writes go one by one: the vendor's bulk calls give no answer per record.

mod accounts;
mod changes;
mod consent;
mod contacts;
mod deals;
mod fields;
mod mapped;
mod notes;
mod records;
mod tasks;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::FixedOffset;
use crm_model::{Account, Contact, Deal, Decimal, Meta, Note, ObjectKind, Pipeline, Stage, Task, User};
use freshsales::models::{DealStage, FieldSetting};
use freshsales::{Call, CurrencyId, Freshsales};
use rest_core::{LedgerSnapshot, Safety};
use tokio::sync::OnceCell;

use self::fields::Fields;
use self::mapped::Mapped;
use self::notes::NoteRecords;
use self::records::MappedRecords;
use self::tasks::TaskRecords;
use crate::{Capabilities, Collection, Crm, Error, ErrorKind, Identity, ProxyRequest, ProxyResponse, Result};

pub(crate) const VENDOR: &str = "freshsales";

/// Freshsales behind the [`Crm`] trait. Cheap to clone; clones share the client and what was looked up once.
#[derive(Clone)]
pub struct FreshsalesCrm {
    shared: Arc<Shared>,
    capabilities: Arc<Capabilities>,
    accounts: MappedRecords<Account>,
    contacts: MappedRecords<Contact>,
    deals: MappedRecords<Deal>,
    tasks: TaskRecords,
    notes: NoteRecords,
}

/// How [`FreshsalesCrm`] works, where the defaults do not fit. See [`FreshsalesCrm::with_options`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FreshsalesOptions {
    /// The unique custom field that holds the key of a create. Accounts and deals need it for creates with a key;
    /// contacts without it use `external_id`. Default `cf_crmkit_key`.
    pub key_field: String,
    /// The check box on contacts that says "do not call". It is where an opt-out of the phone channel is written, and
    /// no longer an ordinary custom field. Default `cf_do_not_call`; without such a field the channel has no place.
    pub do_not_call_field: String,
    /// The view of deleted records, by its name in the account's language. `None`: deletions are not told by change
    /// feeds. Default `Recycle Bin`.
    pub recycle_bin: Option<String>,
    /// The time zone in which a due date without a time is read; it becomes noon of that day. Default UTC.
    pub zone: FixedOffset,
    /// Keeps the vendor's text of every record in its meta. Default: no.
    pub keep_raw: bool,
}

impl Default for FreshsalesOptions {
    fn default() -> Self {
        Self {
            key_field: "cf_crmkit_key".to_owned(),
            do_not_call_field: "cf_do_not_call".to_owned(),
            recycle_bin: Some("Recycle Bin".to_owned()),
            zone: chrono::Offset::fix(&chrono::Utc),
            keep_raw: false,
        }
    }
}

/// What all collections of a connection share.
pub(crate) struct Shared {
    pub(crate) client: Freshsales,
    pub(crate) options: FreshsalesOptions,
    accounts: OnceCell<Arc<Fields>>,
    contacts: OnceCell<Arc<Fields>>,
    deals: OnceCell<Arc<Fields>>,
}

impl Shared {
    /// The fields of an object; looked up once per connection.
    pub(crate) async fn fields<T: Mapped>(&self) -> Result<Arc<Fields>> {
        let cell = match T::KIND {
            ObjectKind::Account => &self.accounts,
            ObjectKind::Contact => &self.contacts,
            _ => &self.deals,
        };
        let fields = cell.get_or_try_init(|| async {
            let settings: Vec<FieldSetting> = self.client.records::<T::Entity>().fields().await?;
            let currencies = match T::KIND {
                ObjectKind::Deal => self.client.selectors().currencies().await?,
                _ => Vec::new(),
            };
            Ok::<_, Error>(Arc::new(Fields::new::<T>(&settings, &currencies, &self.options, self.client.base())))
        });
        fields.await.cloned()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("client", &self.client).field("options", &self.options).finish_non_exhaustive()
    }
}

impl FreshsalesCrm {
    /// A connection with the default options. Nothing is sent.
    #[must_use]
    pub fn new(client: Freshsales) -> Self {
        Self::with_options(client, FreshsalesOptions::default())
    }

    /// A connection with options of one's own. Nothing is sent.
    #[must_use]
    pub fn with_options(client: Freshsales, options: FreshsalesOptions) -> Self {
        let cells = || (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (accounts, contacts, deals) = cells();
        let shared = Arc::new(Shared { client, options, accounts, contacts, deals });
        let accounts = MappedRecords::new(&shared);
        let contacts = MappedRecords::new(&shared);
        let deals = MappedRecords::new(&shared);
        let (tasks, notes) = (TaskRecords::new(&shared), NoteRecords::new(&shared));
        let objects = BTreeMap::from([
            (ObjectKind::Account, accounts.capabilities().clone()),
            (ObjectKind::Contact, contacts.capabilities().clone()),
            (ObjectKind::Deal, deals.capabilities().clone()),
            (ObjectKind::Task, tasks.capabilities().clone()),
            (ObjectKind::Note, notes.capabilities().clone()),
        ]);
        let capabilities =
            Capabilities { objects, users: true, pipelines: true, proxy: true, ..Capabilities::default() };
        let capabilities = Arc::new(capabilities);
        Self { shared, capabilities, accounts, contacts, deals, tasks, notes }
    }

    /// The client behind the connection, for what the vendor can do beyond the model.
    #[must_use]
    pub fn client(&self) -> &Freshsales {
        &self.shared.client
    }
}

impl fmt::Debug for FreshsalesCrm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshsalesCrm").field("client", &self.shared.client).finish_non_exhaustive()
    }
}

#[async_trait]
impl Crm for FreshsalesCrm {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The account is the host with the path below which its pages are. The vendor does not say whose key it is.
    async fn identity(&self) -> Result<Identity> {
        self.shared.client.contacts().views().await?;
        let base = self.shared.client.base();
        let host = base.origin().split_once("://").map_or(base.origin(), |(_, host)| host);
        Ok(Identity::new(VENDOR, format!("{host}{}", base.prefix().trim_end_matches("/api"))))
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

    fn tasks(&self) -> Result<&dyn Collection<Task>> {
        Ok(&self.tasks)
    }

    fn notes(&self) -> Result<&dyn Collection<Note>> {
        Ok(&self.notes)
    }

    async fn users(&self) -> Result<Vec<User>> {
        let users = self.shared.client.selectors().owners().await?;
        let convert = |user: freshsales::models::User| {
            let mut converted = User::new(Meta::new(VENDOR, user.id.to_string()));
            converted.name = user.display_name.or_else(|| user.email.clone()).unwrap_or_default();
            converted.email = user.email.filter(|email| !email.is_empty());
            converted.is_active = user.is_active.unwrap_or(true);
            converted
        };
        Ok(users.into_iter().map(convert).collect())
    }

    async fn pipelines(&self) -> Result<Vec<Pipeline>> {
        let selectors = self.shared.client.selectors();
        let mut pipelines = selectors.deal_pipelines().await?;
        let has_no_default = !pipelines.iter().any(|pipeline| pipeline.is_default == Some(true));
        // Stages inside pipelines are cut down at times; the list of stages is not.
        let stages = selectors.deal_stages().await?;
        pipelines.sort_by_key(|pipeline| pipeline.position);
        let convert = |(index, pipeline): (usize, freshsales::models::DealPipeline)| {
            let mut converted = Pipeline::new(Meta::new(VENDOR, pipeline.id.to_string()));
            converted.is_default = pipeline.is_default.unwrap_or(false) || (has_no_default && index == 0);
            let mut own: Vec<&DealStage> =
                stages.iter().filter(|stage| stage.deal_pipeline_id == Some(pipeline.id)).collect();
            own.sort_by_key(|stage| stage.position);
            converted.stages = (0..).zip(own).map(|(order, stage)| convert_stage(order, stage)).collect();
            converted.name = pipeline.name.unwrap_or_default();
            converted
        };
        Ok(pipelines.into_iter().enumerate().map(convert).collect())
    }

    async fn proxy(&self, request: ProxyRequest) -> Result<ProxyResponse> {
        let is_read = matches!(request.method, http::Method::GET | http::Method::HEAD);
        let mut call = Call::new(request.method, "proxy")
            .raw_path(request.path)
            .accept(rest_core::Accept::Any)
            .safety(if is_read { Safety::Read } else { Safety::Unsafe })
            .header("accept", "application/json");
        if let Some(body) = request.body {
            call = call.body("application/json", body);
        }
        let reply = self.shared.client.raw(call).await?;
        Ok(ProxyResponse { status: reply.status.as_u16(), body: reply.body })
    }

    fn usage(&self) -> LedgerSnapshot {
        self.shared.client.usage()
    }
}

fn convert_stage(order: u32, stage: &DealStage) -> Stage {
    let mut converted = Stage::new(Meta::new(VENDOR, stage.id.to_string()));
    let forecast = stage.forecast_type.as_deref().unwrap_or_default();
    converted.name = stage.name.clone().unwrap_or_default();
    converted.order = order;
    converted.probability =
        stage.probability.filter(|percent| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(percent));
    converted.is_won = forecast == "Closed Won";
    converted.is_closed = forecast.starts_with("Closed");
    converted
}

/// A refusal of the adapter's own: nothing was sent.
pub(crate) fn refuse(kind: ErrorKind, operation: &'static str, why: impl Into<String>) -> Error {
    Error::new(kind, operation).with_vendor(VENDOR).with_message(why)
}

/// The currencies of deals, as far as they matter: which is the account's own, and what the others are called.
#[derive(Debug, Default)]
pub(crate) struct Currencies {
    own: Option<CurrencyId>,
    codes: Vec<(CurrencyId, crm_model::Currency)>,
}

impl Currencies {
    pub(crate) fn new(currencies: &[freshsales::models::Currency]) -> Self {
        let is_own = |currency: &&freshsales::models::Currency| currency.exchange_rate == Some(Decimal::ONE);
        let code = |currency: &freshsales::models::Currency| {
            Some((currency.id, currency.currency_code.as_deref()?.parse().ok()?))
        };
        Self {
            own: currencies.iter().find(is_own).map(|own| own.id),
            codes: currencies.iter().filter_map(code).collect(),
        }
    }

    /// The code of a currency that is not the account's own.
    pub(crate) fn foreign(&self, id: CurrencyId) -> Option<crm_model::Currency> {
        let (_, code) = self.codes.iter().find(|(known, _)| *known == id && self.own != Some(id))?;
        Some(*code)
    }

    pub(crate) fn id(&self, code: crm_model::Currency) -> Option<CurrencyId> {
        self.codes.iter().find(|(_, known)| *known == code).map(|(id, _)| *id)
    }
}
