//! Tests that cross crates live in workspace/.
