//! sync-store
