//! The contract of the trait on every backend.

mod memory;
