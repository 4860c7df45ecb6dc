//! The schema of the messages table: its one definition, in what a table differs from it, and
//! the changes that bring a table up to it.

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
