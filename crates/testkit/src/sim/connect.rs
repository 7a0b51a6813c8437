//! Connections of a simulated process.

use std::sync::Arc;

use rest_core::Transport;
use sandbox::Vendor;
use serde_json::Value;
use unified_crm::{Crm, FreshsalesCrm, SalesforceCrm};

use super::transport::SimTransport;
use super::{Crash, World};
use crate::{SandboxClock, SandboxTransport};

impl World {
    /// A new connection to a vendor, as a process that has just started makes it: it knows nothing and it dies with
    /// `crash`.
    ///
    /// # Panics
    /// Where the client refuses the sandbox's credentials.
    #[must_use]
    pub fn connect(&self, vendor: Vendor, crash: &Crash) -> Arc<dyn Crm> {
        let credentials = SandboxTransport::new(self.sandbox(), vendor).credentials();
        self.connect_as(vendor, crash, &credentials)
    }

    /// As [`connect`](Self::connect), with credentials of one's own choice in the form of the sandbox's ready line.
    ///
    /// # Panics
    /// Where the client refuses the credentials before anything is sent.
    #[must_use]
    pub fn connect_as(&self, vendor: Vendor, crash: &Crash, credentials: &Value) -> Arc<dyn Crm> {
        let inner = SandboxTransport::new(self.sandbox(), vendor);
        let transport: Arc<dyn Transport> =
            Arc::new(SimTransport { inner, vendor, world: self.clone(), crash: crash.clone() });
        let clock = Arc::new(SandboxClock::of(self.sandbox()));
        let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        match vendor {
            Vendor::Salesforce => {
                let host = salesforce::LoginHost::custom(&text("instance_url")).expect("an address");
                let client = salesforce::Salesforce::builder()
                    .login(salesforce::ClientCredentials::new(host, text("client_id"), text("client_secret")))
                    .transport(transport)
                    .clock(clock)
                    .seed(self.sandbox().seed())
                    .build();
                Arc::new(SalesforceCrm::new(client.expect("credentials")))
            }
            _ => {
                let client = freshsales::Freshsales::builder(text("base_url"), text("api_key"))
                    .transport(transport)
                    .clock(clock)
                    .seed(self.sandbox().seed())
                    .build();
                Arc::new(FreshsalesCrm::new(client.expect("credentials")))
            }
        }
    }
}
