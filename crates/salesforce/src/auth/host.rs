//! Where to log in.

use rest_core::{BaseUrl, Error, Result};

/// Where to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginHost {
    /// The organisation's own host, `https://NAME.my.salesforce.com`. The client credentials flow works only here.
    MyDomain(BaseUrl),
    /// `login.salesforce.com`: production and Developer Edition organisations, for flows that name a user.
    Production,
    /// `test.salesforce.com`: sandboxes, for flows that name a user.
    Test,
    /// Any other host: a government cloud, a proxy, or an emulator on a loopback address.
    Custom(BaseUrl),
}

impl LoginHost {
    /// The organisation's My Domain, by its name (`acme`, `acme--uat.sandbox`, `acme-dev-ed.develop`), its host or its
    /// address.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the text is no such name.
    pub fn my_domain(name: &str) -> Result<Self> {
        let name = name.trim().trim_end_matches('/');
        let host = name.strip_prefix("https://").unwrap_or(name);
        let plain = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !host.split('.').all(plain) {
            return Err(Error::config("this is not the name of a My Domain")
                .with_hint("write the part before `.my.salesforce.com`, as Setup shows it under My Domain"));
        }
        let known = [".salesforce.com", ".salesforce.mil", ".crmforce.mil", ".sfcrmproducts.cn", ".cloudforce.com"];
        let host = host.to_ascii_lowercase();
        let host =
            if known.iter().any(|suffix| host.ends_with(suffix)) { host } else { format!("{host}.my.salesforce.com") };
        match host.as_str() {
            "login.salesforce.com" => Ok(Self::Production),
            "test.salesforce.com" => Ok(Self::Test),
            host => Ok(Self::MyDomain(BaseUrl::parse(&format!("https://{host}"))?)),
        }
    }

    /// Any other host by its address; `http` is accepted for loopback addresses only.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the text is no acceptable address.
    pub fn custom(url: &str) -> Result<Self> {
        BaseUrl::parse(url.trim()).map(Self::Custom)
    }

    /// The host's address.
    ///
    /// # Errors
    /// None for the hosts that exist today.
    pub fn base(&self) -> Result<BaseUrl> {
        match self {
            Self::MyDomain(base) | Self::Custom(base) => Ok(base.clone()),
            Self::Production => BaseUrl::parse("https://login.salesforce.com"),
            Self::Test => BaseUrl::parse("https://test.salesforce.com"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_my_domain_is_known_by_its_name_host_or_address() {
        let origin = |name: &str| LoginHost::my_domain(name).unwrap().base().unwrap().origin().to_owned();
        for name in ["acme", "ACME", "acme.my.salesforce.com", "https://acme.my.salesforce.com/", " acme "] {
            assert_eq!(origin(name), "https://acme.my.salesforce.com");
        }
        assert_eq!(origin("acme--uat.sandbox"), "https://acme--uat.sandbox.my.salesforce.com");
        assert_eq!(origin("acme.my.salesforce.mil"), "https://acme.my.salesforce.mil");
        assert_eq!(LoginHost::my_domain("login.salesforce.com").unwrap(), LoginHost::Production);
        for bad in ["", "a b", "acme/x", "acme:80", "a@b", "..", "http://acme"] {
            LoginHost::my_domain(bad).expect_err(bad);
        }
    }

    #[test]
    fn custom_hosts_need_https_but_on_loopback() {
        LoginHost::custom("http://127.0.0.1:4001").unwrap();
        LoginHost::custom("https://proxy.example.com").unwrap();
        LoginHost::custom("http://proxy.example.com").unwrap_err();
    }
}
