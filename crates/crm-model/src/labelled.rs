use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a phone number, an e-mail address or a postal address is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// At work; the default where a vendor does not say.
    Work,
    /// At home.
    Home,
    /// A mobile phone.
    Mobile,
    /// The main number of a company.
    Main,
    /// A fax number.
    Fax,
    /// An assistant's number.
    Assistant,
    /// Where invoices go.
    Billing,
    /// Where goods go.
    Shipping,
    /// Where letters go.
    Mailing,
    /// A label of the vendor's or the user's own, kept as written.
    Other(String),
}

impl Label {
    const NAMED: [(Self, &'static str); 9] = [
        (Self::Work, "work"),
        (Self::Home, "home"),
        (Self::Mobile, "mobile"),
        (Self::Main, "main"),
        (Self::Fax, "fax"),
        (Self::Assistant, "assistant"),
        (Self::Billing, "billing"),
        (Self::Shipping, "shipping"),
        (Self::Mailing, "mailing"),
    ];

    /// The name in lower case; an [`Other`](Self::Other) label as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            named => Self::NAMED.iter().find(|(label, _)| label == named).map_or("work", |(_, name)| name),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Label {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::NAMED.iter().find(|(_, name)| text.eq_ignore_ascii_case(name));
        Ok(named.map_or_else(|| Self::Other(text.to_owned()), |(label, _)| label.clone()))
    }
}

impl Serialize for Label {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or(Self::Work))
    }
}

/// One entry of a list of phones, e-mails or addresses. At most one entry of a list is primary.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled<T> {
    /// The number, address or e-mail itself.
    pub value: T,
    /// What it is for.
    pub label: Label,
    /// Whether it is the one to use when only one can be used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_primary: bool,
    /// The vendor's id of the entry, where entries have ids of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<Box<str>>,
}

impl<T> Labelled<T> {
    /// An entry that is not marked as primary.
    pub fn new(value: impl Into<T>, label: Label) -> Self {
        Self { value: value.into(), label, is_primary: false, remote_id: None }
    }

    /// The same entry, marked as primary.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.is_primary = true;
        self
    }
}

impl<T> fmt::Debug for Labelled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Labelled({}{})", self.label, if self.is_primary { ", primary" } else { "" })
    }
}

/// A postal address. Empty parts are empty texts; an address whose parts are all empty is [empty](Self::is_empty).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Street, house number, building; several lines are separated by line feeds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub street: String,
    /// Town.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    /// State, province or county, as the vendor writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Postal code; never a number, leading zeros count.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// Country, as the vendor writes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
}

impl Address {
    /// Whether every part is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The parts in the order street, city, region, postal code, country.
    #[must_use]
    pub fn parts(&self) -> [&str; 5] {
        [&self.street, &self.city, &self.region, &self.postal_code, &self.country]
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Address(empty)" } else { "Address(…)" })
    }
}
