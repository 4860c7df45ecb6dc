//! Tables: describing, listing, dropping and recreating them.

mod billing;
mod key;
mod recreate;
mod saved;
mod status;
mod table;
mod tables;
mod validate;

pub use billing::{Billing, Units};
pub use key::{KeyAttribute, KeyKind, KeySchema};
pub use recreate::Truncation;
pub use saved::{SavedState, SavedTable};
pub use status::Busy;
pub use table::{IndexSchema, TableSchema};
