//! The schema of the messages table: its definition, how a table differs from it, and the changes that
//! fix the differences.

mod apply;
mod change;
mod difference;
mod print;
mod request;

pub use apply::Comparison;
pub use change::{Backfill, Change};
pub use difference::{Difference, Fact};
pub use print::Printed;
pub use request::Definition;
