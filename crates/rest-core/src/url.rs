//! Addresses: which base URLs are acceptable, and how a call's target is joined to one without ever leaving its origin.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use url::{Host, Url};

use crate::error::{Error, Result};

/// What a base URL may point to, beyond what always holds (https, or http to a loopback address; no user name or
/// password; no query or fragment).
#[derive(Debug, Clone, Default)]
pub struct UrlPolicy {
    hosts: Vec<Cow<'static, str>>,
    allow_metadata: bool,
}

impl UrlPolicy {
    /// Any host but the addresses of cloud metadata services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only these hosts: `.example.com` means every sub-domain of it, `example.com` exactly that. Loopback addresses
    /// are always acceptable.
    #[must_use]
    pub fn hosts<H: Into<Cow<'static, str>>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Accepts link-local and cloud metadata addresses too. They hand out the machine's own credentials, so an
    /// address that a tenant typed must never reach them.
    #[must_use]
    pub fn allow_metadata(mut self) -> Self {
        self.allow_metadata = true;
        self
    }

    fn check(&self, host: &Host<&str>) -> Result<()> {
        if !self.allow_metadata && is_metadata(host) {
            return Err(Error::config("the base URL points to a link-local or cloud metadata address"));
        }
        if self.hosts.is_empty() || is_loopback(host) {
            return Ok(());
        }
        let Host::Domain(name) = host else {
            return Err(self.wrong_host());
        };
        let name = name.trim_end_matches('.');
        let fits = self.hosts.iter().any(|allowed| match allowed.strip_prefix('.') {
            Some(_) => name.len() > allowed.len() && name.ends_with(allowed.as_ref()),
            None => name == allowed,
        });
        if fits { Ok(()) } else { Err(self.wrong_host()) }
    }

    fn wrong_host(&self) -> Error {
        Error::config(format!("the base URL's host is not one of {}", self.hosts.join(", ")))
            .with_hint("check the host, or allow it in code")
    }
}

/// A checked base URL: scheme, host, port and an optional path prefix, without a trailing slash.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    url: Url,
    origin: String,
    prefix: String,
}

impl BaseUrl {
    /// Parses a base URL under the default [`UrlPolicy`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), naming the rule that is broken; the text itself is not quoted.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &UrlPolicy::default())
    }

    /// Parses a base URL under `policy`.
    ///
    /// # Errors
    /// As [`BaseUrl::parse`].
    pub fn parse_with(text: &str, policy: &UrlPolicy) -> Result<Self> {
        let refuse = |what: &str| Err(Error::config(format!("the base URL {what}")));
        if !is_plain(text) {
            return refuse("holds a space, a backslash or a control character");
        }
        let url = Url::parse(text)
            .map_err(|error| Error::config("the base URL is not an absolute URL").with_source(error))?;
        let Some(host) = url.host().filter(|host| *host != Host::Domain("")) else {
            return refuse("has no host");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return refuse("must be https (http is for loopback addresses only)"),
            _ => return refuse("must be https"),
        }
        if has_user_info(text, &url) {
            return refuse("must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must not have a query or a fragment");
        }
        policy.check(&host)?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        if prefix.contains("//") {
            return refuse("has an empty path segment");
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { url, origin, prefix })
    }

    /// `https://host` or `https://host:port`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path prefix: empty, or `/a/b` without a trailing slash.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The host without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Joins percent-encoded `segments` below the prefix.
    pub(crate) fn join_segments(&self, segments: &[String]) -> Result<String> {
        let mut out = String::with_capacity(self.origin.len() + self.prefix.len() + 16 * segments.len());
        out.push_str(&self.origin);
        out.push_str(&self.prefix);
        for segment in segments {
            check_segment(segment)?;
            out.push('/');
            percent_encode(&mut out, segment);
        }
        Ok(out)
    }

    /// Joins a path (with an optional query) that begins with `/` and is already encoded, below the prefix.
    pub(crate) fn join_raw(&self, path: &str) -> Result<String> {
        check_raw(path)?;
        Ok(format!("{}{}{path}", self.origin, self.prefix))
    }

    /// Accepts an absolute URL that came from a server, if it stays on this origin.
    pub(crate) fn same_origin(&self, link: &str) -> Result<String> {
        let refuse = |what: &str| Err(Error::config(format!("a link from the server {what}; it was not followed")));
        if !is_plain(link) {
            return refuse("holds a space, a backslash or a control character");
        }
        let Ok(url) = Url::parse(link) else {
            return refuse("is not an absolute URL");
        };
        if has_user_info(link, &url) {
            return refuse("holds user information");
        }
        if url.origin() != self.url.origin() {
            return refuse("leaves the configured origin");
        }
        Ok(url.as_str().split('#').next().unwrap_or_default().to_owned())
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 (a space becomes `%20`, never `+`).
pub fn percent_encode(out: &mut String, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let hex = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
            out.extend(['%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

fn check_segment(segment: &str) -> Result<()> {
    if segment.is_empty() || segment == "." || segment == ".." || segment.chars().any(char::is_control) {
        return Err(Error::config("a path segment is empty, a dot segment, or holds a control character"));
    }
    Ok(())
}

fn check_raw(path: &str) -> Result<()> {
    let refuse = |what: &str| Err(Error::config(format!("a path {what}")));
    if !path.starts_with('/') || path.starts_with("//") {
        return refuse("must begin with exactly one slash");
    }
    if !is_plain(path) || !path.is_ascii() || path.contains('#') {
        return refuse("holds a character that must be encoded");
    }
    let path = path.split('?').next().unwrap_or_default();
    if path.contains("//") {
        return refuse("has an empty segment");
    }
    if path.split('/').any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")) {
        return refuse("has a dot segment");
    }
    Ok(())
}

/// URL parsers silently drop tabs and line breaks and read `\` as `/`; so nothing of that kind gets to one.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\')
}

/// An empty user name (`https://@host`) leaves no trace in the parsed URL, so the text is looked at too.
fn has_user_info(text: &str, url: &Url) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    !url.username().is_empty() || url.password().is_some() || authority.contains('@')
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.trim_end_matches('.') == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

fn is_metadata(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            matches!(name, "metadata" | "metadata.google.internal" | "metadata.goog" | "instance-data")
                || name.ends_with(".metadata.google.internal")
                || name.starts_with("instance-data.")
        }
        Host::Ipv4(ip) => is_metadata_ip(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => is_metadata_ip(IpAddr::V6(*ip)),
    }
}

fn is_metadata_ip(ip: IpAddr) -> bool {
    /// Services outside the link-local block: Alibaba, Azure's wire server, Oracle.
    const V4: [Ipv4Addr; 3] =
        [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
    /// Amazon's, in the unique-local block.
    const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified() || V4.contains(&ip),
        IpAddr::V6(ip) => {
            let embedded = embedded_v4(ip).is_some_and(|ip| is_metadata_ip(IpAddr::V4(ip)));
            embedded || ip.is_unspecified() || ip.is_unicast_link_local() || ip == V6
        }
    }
}

/// The IPv4 address inside an IPv4-mapped or NAT64 address.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => ip.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base_urls_that_are_accepted() {
        for (text, origin, prefix) in [
            ("https://acme.example.com", "https://acme.example.com", ""),
            ("https://acme.example.com/crm/sales/", "https://acme.example.com", "/crm/sales"),
            ("HTTPS://ACME.example.com:443/a", "https://acme.example.com", "/a"),
            ("https://acme.example.com:8443", "https://acme.example.com:8443", ""),
            ("http://127.0.0.1:4001", "http://127.0.0.1:4001", ""),
            ("http://localhost:1/x", "http://localhost:1", "/x"),
            ("http://[::1]:4001/", "http://[::1]:4001", ""),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!((base.origin(), base.prefix()), (origin, prefix), "{text}");
        }
    }

    #[test]
    fn base_urls_that_are_refused() {
        for text in [
            "",
            "acme.example.com",
            "/crm",
            "http://acme.example.com",
            "http://127.0.0.1.evil.example",
            "ftp://acme.example.com",
            "file:///etc/passwd",
            "https://user:canary@acme.example.com",
            "https://user@acme.example.com",
            "https://@acme.example.com",
            "https://acme.example.com?x=1",
            "https://acme.example.com/#f",
            "https://acme.example.com/a//b",
            "https://a b.example.com",
            "https:\\\\acme.example.com",
            "https://acme.example.com\n.evil.example",
            "https://169.254.169.254/latest",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://[fe80::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[fd00:ec2::254]/",
            "https://metadata.google.internal./",
            "https://METADATA.google.internal",
            "https://100.100.100.200",
            "https://0.0.0.0/",
            "http://0.0.0.0/",
        ] {
            let error = BaseUrl::parse(text).expect_err(text);
            assert_eq!(error.kind(), crate::ErrorKind::Config, "{text}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_policy_narrows_hosts_and_can_open_metadata_addresses() {
        let policy = UrlPolicy::new().hosts([".example.com", "exact.test"]);
        for good in ["https://a.example.com", "https://a.b.example.com.", "https://exact.test", "http://127.0.0.1:9"] {
            BaseUrl::parse_with(good, &policy).unwrap();
        }
        for bad in [
            "https://example.com",
            "https://evilexample.com",
            "https://a.exact.test",
            "https://10.0.0.1",
            "https://example.com.evil.test",
            "https://.example.com.evil",
        ] {
            BaseUrl::parse_with(bad, &policy).expect_err(bad);
        }
        BaseUrl::parse_with("https://169.254.169.254", &UrlPolicy::new().allow_metadata()).unwrap();
    }

    #[test]
    fn segments_are_encoded_one_by_one() {
        let base = BaseUrl::parse("https://h.example/crm").unwrap();
        let join =
            |segments: &[&str]| base.join_segments(&segments.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            join(&["contacts", "a/b c?#%+é"]).unwrap(),
            "https://h.example/crm/contacts/a%2Fb%20c%3F%23%25%2B%C3%A9"
        );
        assert_eq!(join(&["v62.0", "..."]).unwrap(), "https://h.example/crm/v62.0/...");
        for bad in [&["a", ""], &["a", "."], &["..", "a"], &["a\n", "b"], &["a", "b\u{7f}"]] {
            join(bad).unwrap_err();
        }
    }

    #[test]
    fn raw_paths_stay_below_the_prefix() {
        let base = BaseUrl::parse("https://h.example/p").unwrap();
        assert_eq!(
            base.join_raw("/data/v1/query/01g-2000?x=a..b").unwrap(),
            "https://h.example/p/data/v1/query/01g-2000?x=a..b"
        );
        assert_eq!(base.join_raw("/sobjects/Contact/").unwrap(), "https://h.example/p/sobjects/Contact/");
        for bad in [
            "",
            "a",
            "//evil.example",
            "/a/../b",
            "/a/%2e%2E/b",
            "/./a",
            "/a//b",
            "/a b",
            "/a\\b",
            "/a#b",
            "/é",
            "/a\r\nX: y",
        ] {
            base.join_raw(bad).expect_err(bad);
        }
    }

    #[test]
    fn links_are_followed_on_the_same_origin_only() {
        let base = BaseUrl::parse("https://api.example.com/p").unwrap();
        for good in
            ["https://api.example.com/next?page=2", "https://API.example.com:443/x", "https://api.example.com/x#frag"]
        {
            base.same_origin(good).unwrap();
        }
        assert_eq!(base.same_origin("https://api.example.com/x?a=b#frag").unwrap(), "https://api.example.com/x?a=b");
        for bad in [
            "https://evil.example/next",
            "http://api.example.com/next",
            "https://api.example.com:8443/next",
            "https://sub.api.example.com/next",
            "https://example.com/next",
            "https://api.example.com.evil.example/next",
            "https://api.example.com@evil.example/next",
            "https://user:pw@api.example.com/next",
            "https://@api.example.com/next",
            "//evil.example/next",
            "\\\\evil.example\\next",
            "https:\\\\evil.example",
            "https://evil.example\\@api.example.com/",
            "https://api.example.com\t.evil.example/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/plain,x",
            "next?page=2",
            "",
        ] {
            base.same_origin(bad).expect_err(bad);
        }
    }

    proptest! {
        #[test]
        fn no_segment_changes_the_host_or_the_depth(segment in any::<String>()) {
            let base = BaseUrl::parse("https://h.example/p").unwrap();
            if let Ok(text) = base.join_segments(&["a".to_owned(), segment]) {
                let url = Url::parse(&text).unwrap();
                prop_assert_eq!(url.host_str(), Some("h.example"));
                prop_assert_eq!(url.path_segments().unwrap().count(), 3);
                prop_assert_eq!(url.query(), None);
            }
        }

        #[test]
        fn no_link_leaves_the_origin(link in "(https?:)?[/\\\\]{0,3}[a-z@:.\\\\]{0,6}api\\.example\\.com[@:.a-z0-9/\\\\?#]{0,12}") {
            let base = BaseUrl::parse("https://api.example.com").unwrap();
            if let Ok(text) = base.same_origin(&link) {
                prop_assert!(text.starts_with("https://api.example.com/"), "{}", text);
            }
            if let Ok(text) = base.join_raw(&link) {
                prop_assert!(text.starts_with("https://api.example.com/"), "{}", text);
            }
        }
    }
}
