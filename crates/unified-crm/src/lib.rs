//! unified-crm
