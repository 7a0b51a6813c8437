//! The sandbox, from outside.
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail the test, and take bodies as they are written at the call"
)]

mod admin;
mod data;
mod frame;
mod freshsales_account;
mod freshsales_contacts;
mod freshsales_deals;
mod freshsales_door;
mod freshsales_lists;
mod freshsales_tasks;
mod freshsales_upsert;
mod serving;
