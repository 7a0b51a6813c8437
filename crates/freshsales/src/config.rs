//! Settings: where the account is, who asks, and how much of its hourly allotment may be used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rest_core::{
    BaseUrl, BodyLimits, Clock, Error, Limits, Quota, RestClient, Result, RetryPolicy, SecretString, Transport,
    UrlPolicy,
};

use crate::Freshsales;
use crate::auth::key_header;
use crate::error::FreshsalesProfile;

/// What an account may call per hour: for the whole account, whoever calls
/// (vendor's article 50000005599 on API limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Plan {
    /// 1000 calls an hour.
    Free,
    /// 1000 calls an hour.
    Growth,
    /// 2000 calls an hour.
    Pro,
    /// 5000 calls an hour.
    Enterprise,
}

impl Plan {
    /// The plan's calls per hour.
    #[must_use]
    pub fn calls_per_hour(self) -> u32 {
        match self {
            Self::Free | Self::Growth => 1000,
            Self::Pro => 2000,
            Self::Enterprise => 5000,
        }
    }

    /// The plan by its name in lower case: `free`, `growth`, `pro`, `enterprise`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "free" => Self::Free,
            "growth" => Self::Growth,
            "pro" => Self::Pro,
            "enterprise" => Self::Enterprise,
            _ => return None,
        })
    }
}

/// Calls per minute that every plan allows.
const CALLS_PER_MINUTE: u32 = 400;

/// Settings of a [`Freshsales`] client; see [`Freshsales::builder`].
#[must_use]
pub struct FreshsalesBuilder {
    address: String,
    key: SecretString,
    any_host: bool,
    plan: Option<Plan>,
    calls_per_hour: Option<u32>,
    concurrency: Option<usize>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryPolicy,
    body_limits: BodyLimits,
    timeout: Duration,
    user_agent: Option<String>,
    seed: Option<u64>,
}

impl fmt::Debug for FreshsalesBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshsalesBuilder")
            .field("plan", &self.plan)
            .field("calls_per_hour", &self.calls_per_hour)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl FreshsalesBuilder {
    pub(crate) fn new(address: String, key: SecretString) -> Self {
        Self {
            address,
            key,
            any_host: false,
            plan: None,
            calls_per_hour: None,
            concurrency: None,
            transport: None,
            clock: None,
            retry: RetryPolicy::default(),
            body_limits: BodyLimits::default(),
            timeout: Duration::from_secs(60),
            user_agent: None,
            seed: None,
        }
    }

    /// The account's plan: calls are paced so that its hourly limit is never exceeded by this client. Default: none;
    /// then the vendor's refusals (429) do the pacing.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Uses at most this many calls an hour and leaves the rest of the account's allotment to others.
    pub fn calls_per_hour(mut self, calls: u32) -> Self {
        self.calls_per_hour = Some(calls);
        self
    }

    /// How many calls may be under way at once. Default: no limit of ours.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// Accepts hosts outside `myfreshworks.com`, `freshworks.com` and `freshsales.io`, for an account under a domain
    /// of its own. The key is sent there.
    pub fn any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// How bytes reach the server. Default: HTTP, if the feature `reqwest` is on.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Where the wall time comes from. Default: the system.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// When calls are repeated. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How much of an answer is accepted. Default: [`BodyLimits::default`].
    pub fn body_limits(mut self, limits: BodyLimits) -> Self {
        self.body_limits = limits;
        self
    }

    /// Time for one attempt. Default 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What the client calls itself.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Makes the jitter of retries repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// `Config`: an address or a key that cannot be used, or no transport.
    pub fn build(self) -> Result<Freshsales> {
        let base = base_url(&self.address, self.any_host)?;
        let auth = key_header(&self.key)?;
        let limits = self.limits();
        let mut builder = RestClient::builder(base, Arc::new(FreshsalesProfile))
            .auth(Arc::new(auth))
            .limits(limits)
            .retry(self.retry)
            .body_limits(self.body_limits)
            .timeout(self.timeout)
            .user_agent(
                self.user_agent.unwrap_or_else(|| concat!("crmkit-freshsales/", env!("CARGO_PKG_VERSION")).to_owned()),
            );
        if let Some(transport) = self.transport {
            builder = builder.transport(transport);
        }
        if let Some(clock) = self.clock {
            builder = builder.clock(clock);
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        Ok(Freshsales::from_rest(builder.build()?))
    }

    fn limits(&self) -> Limits {
        let hourly = [self.plan.map(Plan::calls_per_hour), self.calls_per_hour].into_iter().flatten().min();
        let mut limits = Limits::new();
        if let Some(calls) = hourly {
            limits = limits.window(Quota::per_hour(calls)).window(Quota::per_minute(CALLS_PER_MINUTE));
        }
        if let Some(calls) = self.concurrency {
            limits = limits.concurrency(calls);
        }
        limits
    }
}

/// The API's base URL from whatever a person has at hand: a bundle name (`acme`), the bundle alias of the API settings
/// (`acme.myfreshworks.com/crm/sales`), the API's base, an address copied from the browser, or `host:port` of a
/// loopback server (http there, https elsewhere).
pub(crate) fn base_url(address: &str, any_host: bool) -> Result<BaseUrl> {
    const HINT: &str =
        "write the bundle alias of Profile → Settings → API Settings, such as acme.myfreshworks.com/crm/sales";
    let address = address.trim();
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None if is_loopback(authority_of(address)) => ("http", address),
        None => ("https", address),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let authority = authority_of(rest);
    let path = rest.get(authority.len()..).unwrap_or_default();
    if authority.is_empty() {
        return Err(Error::config("the Freshsales address names no account").with_hint(HINT));
    }
    let is_bundle_name =
        authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !is_loopback(authority);
    let host = if is_bundle_name { format!("{authority}.myfreshworks.com") } else { authority.to_owned() };
    let path = api_path(path, host.ends_with(".freshsales.io"));
    let policy = UrlPolicy::new();
    let policy =
        if any_host { policy } else { policy.hosts([".myfreshworks.com", ".freshworks.com", ".freshsales.io"]) };
    BaseUrl::parse_with(&format!("{scheme}://{host}{path}"), &policy).map_err(|error| error.with_hint(HINT))
}

fn authority_of(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}

fn is_loopback(authority: &str) -> bool {
    let host = authority.split(':').next().unwrap_or_default();
    host == "localhost" || host.starts_with("127.") || authority.starts_with("[::1]")
}

/// The path of the API: what stands before `crm/sales` or `api` is kept (a proxy's prefix), what follows is a page.
fn api_path(path: &str, is_classic: bool) -> String {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let suite = segments.windows(2).position(|pair| pair == ["crm", "sales"]);
    let api = segments.iter().position(|segment| *segment == "api");
    let (kept, tail) = match (suite, api) {
        (Some(at), _) => (at, "/crm/sales/api"),
        (None, Some(at)) => (at, "/api"),
        (None, None) if is_classic => (0, "/api"),
        (None, None) => (0, "/crm/sales/api"),
    };
    let prefix: String = segments.iter().take(kept).map(|segment| format!("/{segment}")).collect();
    prefix + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use rest_core::ErrorKind;

    #[test]
    fn every_way_to_name_an_account_leads_to_its_api() {
        for (address, base) in [
            ("acme", "https://acme.myfreshworks.com/crm/sales/api"),
            (" acme ", "https://acme.myfreshworks.com/crm/sales/api"),
            ("acme.myfreshworks.com", "https://acme.myfreshworks.com/crm/sales/api"),
            ("acme.myfreshworks.com/crm/sales", "https://acme.myfreshworks.com/crm/sales/api"),
            ("https://acme.myfreshworks.com/crm/sales/", "https://acme.myfreshworks.com/crm/sales/api"),
            ("https://acme.myfreshworks.com/crm/sales/api", "https://acme.myfreshworks.com/crm/sales/api"),
            (
                "https://acme.myfreshworks.com/crm/sales/contacts/view/7?page=2#x",
                "https://acme.myfreshworks.com/crm/sales/api",
            ),
            ("acme.freshsales.io", "https://acme.freshsales.io/api"),
            ("https://acme.freshsales.io/contacts/5", "https://acme.freshsales.io/api"),
            ("http://127.0.0.1:4002/crm/sales", "http://127.0.0.1:4002/crm/sales/api"),
            ("http://127.0.0.1:4002/api", "http://127.0.0.1:4002/api"),
            ("127.0.0.1:4002", "http://127.0.0.1:4002/crm/sales/api"),
            ("localhost:4002", "http://localhost:4002/crm/sales/api"),
            ("http://localhost/proxy/crm/sales/api", "http://localhost/proxy/crm/sales/api"),
        ] {
            assert_eq!(base_url(address, false).unwrap().to_string(), base, "{address}");
        }
        assert_eq!(
            base_url("https://crm.acme.example", true).unwrap().to_string(),
            "https://crm.acme.example/crm/sales/api"
        );
    }

    #[test]
    fn an_address_that_would_leak_the_key_is_refused() {
        for address in [
            "",
            "https://",
            "http://acme.myfreshworks.com",
            "https://evil.example/crm/sales",
            "acme.myfreshworks.com.evil.example",
            "https://user:pw@acme.myfreshworks.com",
            "https://acme.myfreshworks.com@evil.example",
            "ac me",
            "https://169.254.169.254",
        ] {
            let error = base_url(address, false).expect_err(address);
            assert_eq!(error.kind(), ErrorKind::Config, "{address}");
            assert!(error.hint().contains("bundle alias"), "{error}");
        }
    }

    #[test]
    fn the_smaller_of_plan_and_share_counts() {
        let limits = |builder: FreshsalesBuilder| builder.limits().windows.first().copied();
        let builder = || FreshsalesBuilder::new("acme".into(), "k".to_owned().into());
        assert_eq!(limits(builder()), None);
        assert_eq!(limits(builder().plan(Plan::Pro)), Some(Quota::per_hour(2000)));
        assert_eq!(limits(builder().plan(Plan::Pro).calls_per_hour(300)), Some(Quota::per_hour(300)));
        assert_eq!(limits(builder().plan(Plan::Free).calls_per_hour(9000)), Some(Quota::per_hour(1000)));
    }

    #[test]
    fn the_key_is_not_shown() {
        let builder = FreshsalesBuilder::new("acme".into(), "canary".to_owned().into());
        let shown = format!("{builder:?}");
        assert!(!format!("{shown} {:?}", builder.build().unwrap()).contains("canary"));
    }
}
