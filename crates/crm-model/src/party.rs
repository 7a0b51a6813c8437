use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AnyRef, FieldValue, PartyRole, Value, ValueKind};

/// Somebody who takes part in an engagement: by address, by record, or by both.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// In which role.
    pub role: PartyRole,
    /// The e-mail address or phone number, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The contact, lead or user behind it, where the vendor knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<AnyRef>,
}

impl Party {
    /// Somebody who is known by address only.
    pub fn at(role: PartyRole, address: impl Into<String>) -> Self {
        Self { role, address: Some(address.into()), record: None }
    }

    /// Somebody who is a record of the CRM.
    #[must_use]
    pub fn record(role: PartyRole, record: AnyRef) -> Self {
        Self { role, address: None, record: Some(record) }
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({})", self.role)
    }
}

impl fmt::Display for Party {
    /// As a person would write it. This is customer data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, &self.record) {
            (Some(address), _) => write!(f, "{address} ({})", self.role),
            (None, Some(record)) => write!(f, "{} {} ({})", record.object, record.id, self.role),
            (None, None) => write!(f, "({})", self.role),
        }
    }
}

impl FieldValue for Party {
    const KIND: ValueKind = ValueKind::Party;

    fn into_value(self) -> Value {
        Value::Party(Box::new(self))
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Party(party) => Some(*party),
            _ => None,
        }
    }
}
