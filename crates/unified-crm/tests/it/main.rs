//! The contract of the trait on every backend, and what an adapter tells when things fail.

#[cfg(any(feature = "freshsales", feature = "salesforce"))]
mod faults;
#[cfg(feature = "freshsales")]
mod freshsales;
mod memory;
mod records;
#[cfg(feature = "salesforce")]
mod salesforce;
