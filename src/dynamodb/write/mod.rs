//! Writing to any table.

pub(crate) mod bulk;
mod conditional;
pub(crate) mod dry_run;
mod single;
pub(crate) mod transaction;

pub use bulk::{BulkOptions, BulkProgress, BulkWriter, BulkWritten, Pace, Writers};
pub use conditional::{ConditionalWriter, ConditionalWritten};
pub use dry_run::IndexOfKey;
pub use single::SingleWrite;
