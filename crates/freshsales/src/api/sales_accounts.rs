//! Sales accounts. Includes: `owner, creater, updater, territory, business_type, industry_type, child_sales_accounts,
//! tasks, appointments, contacts, deals, notes`.

use super::entity::entity;
use crate::ids::SalesAccountId;
use crate::models::{SalesAccount, SalesAccountWrite};

entity!(
    SalesAccount,
    SalesAccountId,
    SalesAccountWrite,
    "sales_account",
    "sales_accounts",
    &[&["All Accounts"], &["All Sales Accounts"]]
);
