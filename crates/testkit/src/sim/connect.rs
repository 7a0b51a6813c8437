//! Connections of a simulated process.

use std::sync::Arc;

use rest_core::Transport;
use sandbox::Vendor;
use serde_json::Value;
use unified_crm::Crm;

use super::transport::SimTransport;
use super::{Crash, World};
use crate::{SandboxClock, SandboxTransport};

impl World {
    /// A new connection to a vendor, as a process that has just started makes it: it knows nothing and it dies with
    /// `crash`.
    ///
    /// # Panics
    /// Where the client refuses the sandbox's credentials, or the vendor's feature is off.
    #[must_use]
    pub fn connect(&self, vendor: Vendor, crash: &Crash) -> Arc<dyn Crm> {
        let credentials = SandboxTransport::new(self.sandbox(), vendor).credentials();
        self.connect_as(vendor, crash, &credentials)
    }

    /// As [`connect`](Self::connect), with credentials of one's own choice in the form of the sandbox's ready line.
    ///
    /// # Panics
    /// Where the client refuses the credentials before anything is sent, or the vendor's feature is off.
    #[must_use]
    pub fn connect_as(&self, vendor: Vendor, crash: &Crash, credentials: &Value) -> Arc<dyn Crm> {
        let inner = SandboxTransport::new(self.sandbox(), vendor);
        let transport = SimTransport { inner, vendor, world: self.clone(), crash: crash.clone() };
        connect(vendor, Arc::new(transport), SandboxClock::of(self.sandbox()), self.sandbox().seed(), credentials)
    }
}

fn connect(
    vendor: Vendor,
    transport: Arc<dyn Transport>,
    clock: SandboxClock,
    seed: u64,
    credentials: &Value,
) -> Arc<dyn Crm> {
    let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
    let _ = (&transport, &clock, seed, &text);
    match vendor {
        #[cfg(feature = "salesforce")]
        Vendor::Salesforce => {
            let host = salesforce::LoginHost::custom(&text("instance_url")).expect("an address");
            let login = salesforce::ClientCredentials::new(host, text("client_id"), text("client_secret"));
            let client = salesforce::Salesforce::builder()
                .login(login)
                .transport(transport)
                .clock(Arc::new(clock))
                .seed(seed)
                .build();
            Arc::new(unified_crm::SalesforceCrm::new(client.expect("credentials")))
        }
        #[cfg(feature = "freshsales")]
        Vendor::Freshsales => {
            let client = freshsales::Freshsales::builder(text("base_url"), text("api_key"));
            let client = client.transport(transport).clock(Arc::new(clock)).seed(seed).build();
            Arc::new(unified_crm::FreshsalesCrm::new(client.expect("credentials")))
        }
        other => panic!("there is no client of {other} without its feature"),
    }
}
