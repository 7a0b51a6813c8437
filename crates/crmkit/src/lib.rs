//! crmkit
