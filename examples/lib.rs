//! What the examples share: an emulated pair of CRMs with people in them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use crmkit::freshsales::Freshsales;
use crmkit::salesforce::{ClientCredentials, LoginHost, Salesforce};
use crmkit::unified_crm::Clock;
use crmkit::{Crm, FreshsalesCrm, SalesforceCrm, StageTable};
use sandbox::{Data, Running, Sandbox, Vendor};

/// The result of an example.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The time of the emulated world, in which hours pass at a word, for everybody who takes part.
#[derive(Debug, Clone)]
struct OfficeClock(sandbox::Clock);

impl Clock for OfficeClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

/// Two emulated CRMs on loopback, and a connection to each.
pub struct Office {
    /// The emulator: the door through which people edit.
    pub sandbox: Sandbox,
    /// Its servers.
    pub running: Running,
    /// The Freshsales account.
    pub freshsales: Arc<dyn Crm>,
    /// The Salesforce organisation.
    pub salesforce: Arc<dyn Crm>,
    /// The time by which all of them go.
    pub clock: Arc<dyn Clock>,
}

impl Office {
    /// Starts both vendors with the demonstration data and connects to them over HTTP.
    ///
    /// # Errors
    /// Where no port is free or a client refuses its configuration.
    pub async fn open() -> Result<Self> {
        let sandbox = Sandbox::builder().seed(7).data(Data::Demo).build();
        let running = sandbox.serve(0).await?;
        let clock: Arc<dyn Clock> = Arc::new(OfficeClock(sandbox.clock().clone()));
        let origin = |vendor| {
            running.address(vendor).map(|address| format!("http://{address}")).ok_or("the vendor is not served")
        };
        let given = sandbox.credentials_at(Vendor::Salesforce, &origin(Vendor::Salesforce)?);
        let text =
            |value: &serde_json::Value, name: &str| value[name].as_str().map(str::to_owned).ok_or(format!("no {name}"));
        let login = ClientCredentials::new(
            LoginHost::custom(&text(&given, "instance_url")?)?,
            text(&given, "client_id")?,
            text(&given, "client_secret")?,
        );
        let salesforce = Salesforce::builder().login(login).clock(clock.clone()).build()?;
        let given = sandbox.credentials_at(Vendor::Freshsales, &origin(Vendor::Freshsales)?);
        let freshsales =
            Freshsales::builder(text(&given, "base_url")?, text(&given, "api_key")?).clock(clock.clone()).build()?;
        let freshsales = Arc::new(FreshsalesCrm::new(freshsales));
        Ok(Self { sandbox, running, freshsales, salesforce: Arc::new(SalesforceCrm::new(salesforce)), clock })
    }
}

/// Which deal stage of Freshsales is which stage of Salesforce. Where one goes to several, the first is the way back.
#[must_use]
pub fn stages() -> StageTable {
    StageTable::new([
        ("New", "Prospecting"),
        ("Qualification", "Qualification"),
        ("Discovery", "Needs Analysis"),
        ("Demo", "Value Proposition"),
        ("Demo", "Id. Decision Makers"),
        ("Demo", "Perception Analysis"),
        ("Negotiation", "Proposal/Price Quote"),
        ("Negotiation", "Negotiation/Review"),
        ("Won", "Closed Won"),
        ("Lost", "Closed Lost"),
    ])
}
