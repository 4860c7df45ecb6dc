//! Arguments that several commands share, and how they are resolved.

pub(in crate::commands) mod attributes;
pub(in crate::commands) mod people;
pub(in crate::commands) mod usage;
