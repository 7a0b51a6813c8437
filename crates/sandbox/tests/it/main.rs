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
mod freshsales_any_body;
mod freshsales_contacts;
mod freshsales_deals;
mod freshsales_door;
mod freshsales_lists;
mod freshsales_tasks;
mod freshsales_upsert;
mod salesforce_any_request;
mod salesforce_bulk;
mod salesforce_collections;
mod salesforce_composite;
mod salesforce_describe;
mod salesforce_events;
mod salesforce_fuzz;
mod salesforce_objects;
mod salesforce_org;
mod salesforce_protocol;
mod salesforce_query;
mod salesforce_recorded;
mod salesforce_records;
mod salesforce_rules;
mod salesforce_search;
mod salesforce_service;
mod salesforce_setup;
mod salesforce_soap;
mod salesforce_soql;
mod serving;
