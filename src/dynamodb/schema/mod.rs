//! Tables: what they are like, listing, dropping and creating them again.

mod billing;
mod key;
mod recreate;
mod saved;
mod status;
mod table;
mod tables;
mod validate;

pub use billing::{Billing, Units};
pub use key::{KeyAttribute, KeyKind, KeyShape};
pub use recreate::Emptying;
pub use saved::{KeptState, KeptTable};
pub use status::Busy;
pub use table::{IndexShape, TableShape};
