//! crm-model
