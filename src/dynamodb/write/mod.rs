//! Writing to any table.

pub(crate) mod bulk;
mod conditional;
mod dry_run;
pub(crate) mod measure;
mod single;
pub(crate) mod transaction;

pub use bulk::{BulkOptions, BulkProgress, BulkWriter, BulkWritten, Pace};
pub use conditional::{ConditionalWriter, ConditionalWritten};
pub use measure::IndexOfKey;
pub use single::SingleWrite;
