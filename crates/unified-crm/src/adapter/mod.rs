//! One adapter per vendor, each behind a feature: the only code that knows a vendor and the model both.

#[cfg(feature = "freshsales")]
pub(crate) mod freshsales;
#[cfg(feature = "salesforce")]
pub(crate) mod salesforce;
