//! What a caller may say about its calls in headers: duplicate rules, assignment rules, usage lists, packages, its name.

use http::{HeaderMap, HeaderName, HeaderValue};
use rest_core::{Error, Result};

use crate::VENDOR;
use crate::ids::AnyId;

/// How writes meet the organisation's duplicate rules (`Sforce-Duplicate-Rule-Header`). Default: what a rule matches is
/// refused with [`Conflict`](crate::ErrorKind::Conflict), and the error names the matched records by id
/// ([`ErrorDetails::duplicates`](crate::ErrorDetails::duplicates)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct DuplicateRules {
    allow_save: bool,
    include_record_details: bool,
    run_as_current_user: bool,
}

impl DuplicateRules {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Saves the record all the same where the rule only alerts. A rule that blocks still refuses.
    pub fn allow_save(mut self, allow: bool) -> Self {
        self.allow_save = allow;
        self
    }

    /// Asks for the fields of the matched records, not only their ids.
    pub fn include_record_details(mut self, include: bool) -> Self {
        self.include_record_details = include;
        self
    }

    /// Lets the rules see only what this user may see. The vendor's default is the rule's own setting.
    pub fn run_as_current_user(mut self, current: bool) -> Self {
        self.run_as_current_user = current;
        self
    }

    fn value(self) -> String {
        let parts = [
            ("allowSave", self.allow_save),
            ("includeRecordDetails", self.include_record_details),
            ("runAsCurrentUser", self.run_as_current_user),
        ];
        let parts: Vec<String> = parts.iter().filter(|(_, on)| *on).map(|(name, _)| format!("{name}=true")).collect();
        if parts.is_empty() { "allowSave=false".to_owned() } else { parts.join("; ") }
    }
}

/// Whether writes of accounts, cases and leads run assignment rules (`Sforce-Auto-Assign`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assignment {
    /// The active rules of the organisation run. The vendor's default.
    Active,
    /// None runs.
    Off,
    /// This rule runs, active or not.
    Rule(AnyId),
}

/// Headers for the calls of a client ([`SalesforceBuilder::options`](crate::SalesforceBuilder::options)) or of a
/// part of it ([`Salesforce::with`](crate::Salesforce::with)). What is not named is left as it is.
///
/// ```
/// use salesforce::{Assignment, CallOptions, DuplicateRules};
/// let quiet = CallOptions::new()
///     .duplicates(DuplicateRules::new().allow_save(true))
///     .assignment(Assignment::Off)
///     .update_mru(false);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct CallOptions {
    duplicates: Option<DuplicateRules>,
    assignment: Option<Assignment>,
    update_mru: Option<bool>,
    client_name: Option<String>,
    default_namespace: Option<String>,
    packages: Vec<(String, u16, u16)>,
}

impl CallOptions {
    /// Nothing named.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether writes do something else because of these.
    pub(crate) fn shapes_writes(&self) -> bool {
        self.duplicates.is_some() || self.assignment.is_some()
    }

    /// How writes meet duplicate rules. From API version 52.0 on; earlier ones know `allow_save` only.
    pub fn duplicates(mut self, rules: DuplicateRules) -> Self {
        self.duplicates = Some(rules);
        self
    }

    /// Whether writes run assignment rules.
    pub fn assignment(mut self, assignment: Assignment) -> Self {
        self.assignment = Some(assignment);
        self
    }

    /// Whether records that are read or written move to the top of the user's recently used ones (`Sforce-Mru`, from
    /// 60.0 on). The vendor's default is no.
    pub fn update_mru(mut self, update: bool) -> Self {
        self.update_mru = Some(update);
        self
    }

    /// The name that change events show as the origin of writes: a way to know one's own writes. Letters, digits, `-`,
    /// `_` and `.` only.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// The namespace of a managed package whose fields may be named without it.
    pub fn default_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.default_namespace = Some(namespace.into());
        self
    }

    /// Pins a managed package, by namespace, to the behaviour of one of its versions (`x-sfdc-packageversion-…`).
    pub fn package_version(mut self, namespace: impl Into<String>, major: u16, minor: u16) -> Self {
        self.packages.push((namespace.into(), major, minor));
        self
    }

    /// These, with what `other` names put over them.
    pub(crate) fn overlaid(mut self, other: Self) -> Self {
        self.duplicates = other.duplicates.or(self.duplicates);
        self.assignment = other.assignment.or(self.assignment);
        self.update_mru = other.update_mru.or(self.update_mru);
        self.client_name = other.client_name.or(self.client_name);
        self.default_namespace = other.default_namespace.or(self.default_namespace);
        let renewed = |old: &(String, u16, u16)| other.packages.iter().any(|new| new.0 == old.0);
        self.packages.retain(|old| !renewed(old));
        self.packages.extend(other.packages);
        self
    }

    /// The headers that say all this.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a name that cannot be sent.
    pub(crate) fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        let mut call_options = Vec::new();
        if let Some(name) = &self.client_name {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            call_options.push(format!("client={}", checked("client name", name, plain)?));
        }
        if let Some(namespace) = &self.default_namespace {
            call_options.push(format!("defaultNamespace={}", checked("namespace", namespace, is_of_a_name)?));
        }
        if !call_options.is_empty() {
            headers.insert("sforce-call-options", value(&call_options.join(", "))?);
        }
        if let Some(rules) = self.duplicates {
            headers.insert("sforce-duplicate-rule-header", value(&rules.value())?);
        }
        if let Some(assignment) = self.assignment {
            let text = match assignment {
                Assignment::Active => "TRUE".to_owned(),
                Assignment::Off => "FALSE".to_owned(),
                Assignment::Rule(id) => id.to_string(),
            };
            headers.insert("sforce-auto-assign", value(&text)?);
        }
        if let Some(update) = self.update_mru {
            headers.insert("sforce-mru", value(&format!("updateMru={update}"))?);
        }
        for (namespace, major, minor) in &self.packages {
            let namespace = checked("namespace", namespace, is_of_a_name)?.to_ascii_lowercase();
            let name = HeaderName::try_from(format!("x-sfdc-packageversion-{namespace}"))
                .map_err(|error| Error::config("the package's namespace cannot be sent").with_source(error))?;
            headers.insert(name, value(&format!("{major}.{minor}"))?);
        }
        Ok(headers)
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn checked<'a>(what: &str, text: &'a str, allowed: impl Fn(char) -> bool) -> Result<&'a str> {
    if !text.is_empty() && text.chars().all(allowed) {
        return Ok(text);
    }
    let message = format!("the {what} is empty or holds more than ASCII letters, digits, `_` (and `-`, `.` in names)");
    Err(Error::config(message).with_vendor(VENDOR))
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(|error| Error::config("a header cannot be sent").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(options: &CallOptions) -> Vec<String> {
        let headers = options.headers().unwrap();
        let mut lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn every_option_is_a_header() {
        assert!(sent(&CallOptions::new()).is_empty());
        let rules = DuplicateRules::new().allow_save(true).include_record_details(true).run_as_current_user(true);
        let all = CallOptions::new()
            .duplicates(rules)
            .assignment(Assignment::Rule("01QD0000000EqAn".parse().unwrap()))
            .update_mru(true)
            .client_name("crm-sync.1")
            .default_namespace("acme")
            .package_version("Acme", 1, 12);
        assert_eq!(
            sent(&all),
            [
                "sforce-auto-assign: 01QD0000000EqAnMAK",
                "sforce-call-options: client=crm-sync.1, defaultNamespace=acme",
                "sforce-duplicate-rule-header: allowSave=true; includeRecordDetails=true; runAsCurrentUser=true",
                "sforce-mru: updateMru=true",
                "x-sfdc-packageversion-acme: 1.12",
            ]
        );
        assert_eq!(
            sent(&CallOptions::new().duplicates(DuplicateRules::new())),
            ["sforce-duplicate-rule-header: allowSave=false"]
        );
    }

    #[test]
    fn what_is_said_later_counts() {
        let client = CallOptions::new().assignment(Assignment::Off).client_name("a").package_version("p", 1, 0);
        let call = CallOptions::new().assignment(Assignment::Active).package_version("p", 2, 0);
        assert_eq!(
            sent(&client.overlaid(call)),
            ["sforce-auto-assign: TRUE", "sforce-call-options: client=a", "x-sfdc-packageversion-p: 2.0"]
        );
    }

    #[test]
    fn names_that_would_break_out_of_their_header_are_refused() {
        for options in [
            CallOptions::new().client_name("a, defaultNamespace=x"),
            CallOptions::new().client_name(""),
            CallOptions::new().default_namespace("a\r\nx: y"),
            CallOptions::new().package_version("a b", 1, 0),
        ] {
            options.headers().unwrap_err();
        }
    }
}
