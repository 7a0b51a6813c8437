//! Contacts. Includes: `sales_accounts, owner, creater, updater, source, campaign, territory, contact_status,
//! lifecycle_stage, tasks, appointments, notes, deals`.

use super::entity::entity;
use crate::ids::ContactId;
use crate::models::{Contact, ContactWrite};

entity!(Contact, ContactId, ContactWrite, "contact", "contacts", &[&["All Contacts"]]);
