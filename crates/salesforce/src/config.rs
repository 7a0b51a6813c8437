//! Settings of the client.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rest_core::{BodyLimits, Clock, DailyBudget, Error, Limits, RestClient, Result, RetryPolicy, Transport};

use crate::Salesforce;
use crate::api::DescribeCache;
use crate::auth::Login;
use crate::error::SalesforceProfile;
use crate::options::{Assignment, CallOptions, DuplicateRules};
use crate::usage::UsageBoard;

/// A version of the API, such as 62.0 (Winter '25). Three come out each year; each is kept for years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The version this client was written against: 62.0.
    pub const DEFAULT: Self = Self(62);
    /// The oldest version with everything this client uses: 46.0.
    pub const OLDEST: Self = Self(46);

    /// The version with this number.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) below [46](Self::OLDEST): those lack calls that are used here.
    pub fn new(number: u16) -> Result<Self> {
        let version = Self(number);
        if version < Self::OLDEST {
            return Err(Error::config(format!(
                "API version {number}.0 is older than 46.0, the oldest that this client can use"
            )));
        }
        Ok(version)
    }

    /// The number before the point.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The path of a resource of this version: `services`, `data`, `v62.0`, and what follows.
    pub(crate) fn path<'a>(self, rest: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut path = vec!["services".to_owned(), "data".to_owned(), format!("v{self}")];
        path.extend(rest.into_iter().map(str::to_owned));
        path
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    /// Reads `62`, `62.0` or `v62.0`.
    fn from_str(text: &str) -> Result<Self> {
        let number = text.trim().trim_start_matches(['v', 'V']);
        let number = number.strip_suffix(".0").unwrap_or(number);
        let number = number.parse().map_err(|_| Error::config("an API version is written like 62.0"))?;
        Self::new(number)
    }
}

/// Builds a [`Salesforce`] client. Only [`login`](Self::login) is needed.
#[derive(Debug, Default)]
#[must_use]
pub struct SalesforceBuilder {
    login: Option<Login>,
    version: ApiVersion,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryPolicy,
    body_limits: BodyLimits,
    timeout: Option<Duration>,
    seed: Option<u64>,
    daily_calls: Option<u64>,
    daily_floor: u64,
    daily_floor_percent: u8,
    concurrency: Option<usize>,
    user_agent: Option<String>,
    options: CallOptions,
    describe_max_age: Option<Duration>,
}

impl SalesforceBuilder {
    /// How to log in: one of the flows, a [`Session`](crate::Session), or a [`Login::provider`]. Required.
    pub fn login(mut self, login: impl Into<Login>) -> Self {
        self.login = Some(login.into());
        self
    }

    /// The API version. Default: 62.0.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// How bytes reach the server. Default: `ReqwestTransport`, with the feature `reqwest`.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Where wall time comes from. Default: the system's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// When calls are repeated. Default: up to 4 attempts within 180 s, and only what is safe to repeat.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How much of an answer is accepted. Default: 16 MiB, 64 MiB for pages of records.
    pub fn body_limits(mut self, limits: BodyLimits) -> Self {
        self.body_limits = limits;
        self
    }

    /// Time for one attempt. Default 120 s: the vendor lets a query run for two minutes, and a write for ten.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the jitter of retries repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// At most so many calls between two UTC midnights. Default: no limit of ours.
    pub fn daily_calls(mut self, calls: u64) -> Self {
        self.daily_calls = Some(calls);
        self
    }

    /// Calls of the organisation's allotment of 24 hours that must be left for others, by the server's own count in
    /// `Sforce-Limit-Info`. Once fewer are left, calls are refused with
    /// [`ErrorKind::QuotaExhausted`](crate::ErrorKind::QuotaExhausted) before anything is sent. Default 0.
    pub fn keep_daily_calls(mut self, calls: u64) -> Self {
        self.daily_floor = calls;
        self
    }

    /// As [`keep_daily_calls`](Self::keep_daily_calls), as a share of the allotment in percent (at most 100). If both are
    /// set the larger counts. An app with an allotment of its own keeps the same share of that, too.
    pub fn keep_daily_percent(mut self, percent: u8) -> Self {
        self.daily_floor_percent = percent.min(100);
        self
    }

    /// Calls under way at once. Default 20; an organisation allows 25 that take longer than 20 s (5 in trials).
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// What the client calls itself in `User-Agent`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// The name that change events show as the origin of writes (`Sforce-Call-Options: client=…`): a way to know one's
    /// own writes. Letters, digits, `-`, `_` and `.` only.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.options = self.options.client_name(name);
        self
    }

    /// Whether writes of accounts, cases and leads run the organisation's active assignment rules. Default: the vendor's
    /// own, which is yes.
    pub fn assignment_rules(mut self, run: bool) -> Self {
        self.options = self.options.assignment(if run { Assignment::Active } else { Assignment::Off });
        self
    }

    /// Saves records that a duplicate rule matches, where the rule allows it. Default: they are refused with
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict).
    pub fn allow_duplicates(mut self, allow: bool) -> Self {
        self.options = self.options.duplicates(DuplicateRules::new().allow_save(allow));
        self
    }

    /// How old a kept description may be before it is asked for again (see
    /// [`Salesforce::described`]). Default 5 minutes.
    pub fn describe_max_age(mut self, age: Duration) -> Self {
        self.describe_max_age = Some(age);
        self
    }

    /// The headers that go with every call; [`Salesforce::with`] has others for some. What they name replaces what was
    /// said before.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = self.options.overlaid(options);
        self
    }

    /// Builds the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): no login, client credentials for a host where they cannot work,
    /// or a name that cannot be sent.
    pub fn build(self) -> Result<Salesforce> {
        self.options.headers()?;
        let login = self.login.ok_or_else(|| {
            Error::config("the client has no login")
                .with_hint("call .login(ClientCredentials::new(…)) or .login(Session::new(…)?)")
        })?;
        let usage = Arc::new(UsageBoard::default());
        let profile = Arc::new(SalesforceProfile { usage: Arc::clone(&usage) });
        let builder = RestClient::builder(login.base()?, profile).auth(login.authenticator());
        let mut limits = Limits::new().concurrency(self.concurrency.unwrap_or(20));
        if self.daily_calls.is_some() || self.daily_floor > 0 || self.daily_floor_percent > 0 {
            let budget = self.daily_calls.map_or_else(DailyBudget::default, DailyBudget::calls);
            limits = limits.daily(budget.reserve(self.daily_floor).reserve_percent(self.daily_floor_percent));
        }
        let mut builder = builder
            .retry(self.retry)
            .limits(limits)
            .body_limits(self.body_limits)
            .timeout(self.timeout.unwrap_or(Duration::from_secs(120)))
            .user_agent(
                self.user_agent.unwrap_or_else(|| concat!("salesforce-rs/", env!("CARGO_PKG_VERSION")).to_owned()),
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
        let describes = DescribeCache::new(self.describe_max_age.unwrap_or(Duration::from_secs(300)));
        Salesforce::new(builder.build()?, self.version, self.options, usage, describes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientCredentials, LoginHost, Session};

    #[test]
    fn versions_are_read_and_old_ones_refused() {
        for text in ["62", "62.0", "v62.0", " V62.0 "] {
            assert_eq!(text.parse::<ApiVersion>().unwrap(), ApiVersion::DEFAULT);
        }
        for bad in ["", "v", "62.5", "45.0", "latest", "-1"] {
            bad.parse::<ApiVersion>().expect_err(bad);
        }
        assert_eq!(
            ApiVersion::DEFAULT.path(["sobjects", "Contact"]),
            ["services", "data", "v62.0", "sobjects", "Contact"]
        );
    }

    #[test]
    fn a_client_that_cannot_work_is_not_built() {
        let error = Salesforce::builder().build().unwrap_err();
        assert!(error.to_string().contains("no login"), "{error}");
        let login = ClientCredentials::new(LoginHost::Production, "id", "secret".to_owned());
        Salesforce::builder().login(login).build().unwrap_err();
        let session = Session::new("https://acme.my.salesforce.com", "00Dx!y".to_owned()).unwrap();
        Salesforce::builder().login(session).client_name("a;b\n").build().unwrap_err();
    }

    #[test]
    fn a_builder_shows_no_secret() {
        let session = Session::new("https://acme.my.salesforce.com", "canary".to_owned()).unwrap();
        assert!(!format!("{:?}", Salesforce::builder().login(session)).contains("canary"));
    }
}
