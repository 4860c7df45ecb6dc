//! Items: their JSON, their size, and expressions about them.

pub mod expression;
pub mod json;
pub mod size;
