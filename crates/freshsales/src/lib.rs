//! freshsales
