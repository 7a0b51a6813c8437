//! Deals. Includes: `sales_account, owner, creater, updater, source, campaign, contacts, deal_stage, deal_pipeline,
//! deal_type, deal_reason, deal_payment_status, deal_product, currency, probability, territory, tasks, appointments,
//! notes, products, sales_activities`.

use super::entity::entity;
use crate::ids::DealId;
use crate::models::{Deal, DealWrite};

// Some accounts have no view of all deals.
entity!(Deal, DealId, DealWrite, "deal", "deals", &[&["All Deals"], &["Open Deals", "Won Deals", "Lost Deals"]]);
