use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use url::Url;

/// Why an address of a CRM cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is not an address at all.
    #[error("not an address ({0}); write one like freshsales://acme?key_env=FRESHSALES_KEY")]
    Malformed(String),
    /// No adapter answers to the scheme, or its feature is off.
    #[error("`{0}` is not a vendor that this build knows (salesforce, freshsales)")]
    UnknownVendor(String),
    /// A setting that the vendor needs is missing.
    #[error(
        "{vendor} needs the setting `{setting}`: add `{setting}=…`, or `{setting}_env=NAME` to read it from the environment"
    )]
    Missing {
        /// The vendor.
        vendor: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A setting that the vendor does not know.
    #[error("{vendor} has no setting `{setting}` (it knows: {known})")]
    UnknownSetting {
        /// The vendor.
        vendor: &'static str,
        /// The setting as written.
        setting: String,
        /// What could have been meant.
        known: String,
    },
    /// A setting names an environment variable that is not set.
    #[error("the setting `{setting}` reads the environment variable `{variable}`, which is not set")]
    Environment {
        /// The setting.
        setting: String,
        /// The variable.
        variable: String,
    },
    /// The vendor's client refused its configuration.
    #[error("{0}")]
    Refused(String),
}

/// An address of a CRM, taken apart: `freshsales://acme?key_env=FRESHSALES_KEY`.
///
/// The scheme names the vendor, the host the account. A setting that ends in `_env` is read from the environment
/// variable it names, so that no secret needs to stand in a file or on a command line.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectUrl {
    /// The vendor.
    pub vendor: String,
    /// The account: a bundle alias, a My Domain, or `host:port` of a loopback server.
    pub account: String,
    settings: BTreeMap<String, String>,
}

impl fmt::Debug for ConnectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.settings.keys().collect();
        f.debug_struct("ConnectUrl")
            .field("vendor", &self.vendor)
            .field("account", &self.account)
            .field("settings", &settings)
            .finish()
    }
}

impl FromStr for ConnectUrl {
    type Err = ConnectError;

    /// Never repeats the text in an error: it may hold a secret.
    fn from_str(text: &str) -> Result<Self, ConnectError> {
        let url = Url::parse(text).map_err(|error| ConnectError::Malformed(error.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| ConnectError::Malformed("it names no account".to_owned()))?;
        let account = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConnectError::Malformed("it holds a user name or password; use settings".to_owned()));
        }
        let settings = url.query_pairs().into_owned().collect();
        Ok(Self { vendor: url.scheme().to_owned(), account, settings })
    }
}

impl ConnectUrl {
    /// Replaces every `x_env=NAME` by `x=<value of NAME>`.
    ///
    /// # Errors
    /// [`ConnectError::Environment`] where a variable is not set.
    pub fn resolve(mut self, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectError> {
        let mut settings = BTreeMap::new();
        for (name, value) in std::mem::take(&mut self.settings) {
            match name.strip_suffix("_env") {
                None => settings.insert(name, value),
                Some(setting) => {
                    let setting = setting.to_owned();
                    let missing = || ConnectError::Environment { setting: setting.clone(), variable: value.clone() };
                    let found = environment(&value).ok_or_else(missing)?;
                    settings.insert(setting, found)
                }
            };
        }
        Ok(Self { settings, ..self })
    }

    /// Checks that only these settings are given.
    ///
    /// # Errors
    /// [`ConnectError::UnknownSetting`] for the first that is not among them.
    pub fn only(&self, vendor: &'static str, known: &[&str]) -> Result<(), ConnectError> {
        let unknown = self.settings.keys().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |setting| {
            Err(ConnectError::UnknownSetting { vendor, setting: setting.clone(), known: known.join(", ") })
        })
    }

    /// The origin of a server on this machine, where the account is one.
    #[cfg(feature = "reqwest")]
    fn loopback(&self) -> Option<String> {
        let host = self.account.rsplit_once(':').map_or(self.account.as_str(), |(host, _)| host);
        let local = host == "localhost"
            || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        local.then(|| format!("http://{}", self.account))
    }

    /// An optional setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A setting without which nothing works.
    ///
    /// # Errors
    /// [`ConnectError::Missing`] where it is not given.
    pub fn required(&self, vendor: &'static str, setting: &'static str) -> Result<&str, ConnectError> {
        self.setting(setting).ok_or(ConnectError::Missing { vendor, setting })
    }
}

/// Connects to the CRM at an address: `freshsales://acme?key_env=FRESHSALES_KEY&plan=pro`, or
/// `salesforce://acme?client_id_env=SF_ID&client_secret_env=SF_SECRET`.
///
/// The account is a Freshsales bundle alias or a Salesforce My Domain; `127.0.0.1:4002` and other loopback addresses reach
/// the sandbox. Nothing is sent before the first call: [`Crm::identity`](crate::Crm::identity) is the cheapest test of a connection.
///
/// | vendor | settings |
/// | --- | --- |
/// | `freshsales` | `key`, and optionally `plan` (`free`, `growth`, `pro`, `enterprise`), by which calls are paced |
/// | `salesforce` | `client_id` and `client_secret` of a connected app, or the `token` of an open session |
///
/// # Errors
/// [`ConnectError`], which names the setting that is missing, unknown or refused.
#[cfg(feature = "reqwest")]
pub fn connect(address: &str) -> Result<std::sync::Arc<dyn crate::Crm>, ConnectError> {
    let url = address.parse::<ConnectUrl>()?.resolve(|name| std::env::var(name).ok())?;
    match url.vendor.as_str() {
        #[cfg(feature = "freshsales")]
        "freshsales" => connect_freshsales(&url),
        #[cfg(feature = "salesforce")]
        "salesforce" => connect_salesforce(&url),
        other => Err(ConnectError::UnknownVendor(other.to_owned())),
    }
}

#[cfg(feature = "reqwest")]
fn refused(error: impl fmt::Display) -> ConnectError {
    ConnectError::Refused(error.to_string())
}

#[cfg(all(feature = "reqwest", feature = "freshsales"))]
fn connect_freshsales(url: &ConnectUrl) -> Result<std::sync::Arc<dyn crate::Crm>, ConnectError> {
    url.only("freshsales", &["key", "plan"])?;
    let address = url.loopback().map_or_else(|| url.account.clone(), |origin| format!("{origin}/crm/sales"));
    let mut builder = freshsales::Freshsales::builder(address, url.required("freshsales", "key")?.to_owned());
    if let Some(name) = url.setting("plan") {
        let unknown = || ConnectError::Refused(format!("`{name}` is not a plan (free, growth, pro, enterprise)"));
        builder = builder.plan(freshsales::Plan::from_name(name).ok_or_else(unknown)?);
    }
    Ok(std::sync::Arc::new(crate::FreshsalesCrm::new(builder.build().map_err(refused)?)))
}

#[cfg(all(feature = "reqwest", feature = "salesforce"))]
fn connect_salesforce(url: &ConnectUrl) -> Result<std::sync::Arc<dyn crate::Crm>, ConnectError> {
    use salesforce::{ClientCredentials, Login, LoginHost, Salesforce, Session};
    url.only("salesforce", &["client_id", "client_secret", "token"])?;
    let host = match url.loopback() {
        Some(origin) => LoginHost::custom(&origin),
        None => LoginHost::my_domain(&url.account),
    };
    let host = host.map_err(refused)?;
    let login: Login = match url.setting("token") {
        Some(token) => Session::new(host.base().map_err(refused)?.origin(), token.to_owned()).map_err(refused)?.into(),
        None => {
            let id = url.required("salesforce", "client_id")?;
            ClientCredentials::new(host, id, url.required("salesforce", "client_secret")?.to_owned()).into()
        }
    };
    let client = Salesforce::builder().login(login).build().map_err(refused)?;
    Ok(std::sync::Arc::new(crate::SalesforceCrm::new(client)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_its_secrets_come_from_the_environment() {
        let url: ConnectUrl = "freshsales://acme?key_env=KEY&plan=pro".parse().unwrap();
        let url = url.resolve(|name| (name == "KEY").then(|| "secret".to_owned())).unwrap();
        assert_eq!((url.vendor.as_str(), url.account.as_str()), ("freshsales", "acme"));
        assert_eq!((url.setting("key"), url.setting("plan")), (Some("secret"), Some("pro")));
        assert!(!format!("{url:?}").contains("secret"));
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        let parse = |text: &str| text.parse::<ConnectUrl>().unwrap_err().to_string();
        assert!(parse("acme").contains("not an address"));
        assert!(
            parse("freshsales://?key=x").contains("names no account") || parse("freshsales://?key=x").contains("host")
        );
        assert!(parse("salesforce://user:pw@acme").contains("use settings"));

        let url: ConnectUrl = "freshsales://acme?key_env=NOPE".parse().unwrap();
        let unset = url.clone().resolve(|_| None).unwrap_err().to_string();
        assert_eq!(unset, "the setting `key` reads the environment variable `NOPE`, which is not set");
        let missing = url.required("freshsales", "key").unwrap_err().to_string();
        assert!(missing.contains("needs the setting `key`"), "{missing}");
        let unknown = url.only("freshsales", &["key", "plan"]).unwrap_err().to_string();
        assert_eq!(unknown, "freshsales has no setting `key_env` (it knows: key, plan)");
    }
}
