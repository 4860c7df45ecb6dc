//! Arguments that several commands take, and what comes of them.

pub(in crate::commands) mod attributes;
pub(in crate::commands) mod people;
pub(in crate::commands) mod usage;
