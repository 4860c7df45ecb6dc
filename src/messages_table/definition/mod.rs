//! The schema of the messages table: its one definition, in what a table differs from it, and
//! the changes that bring a table up to it.

mod apply;
mod change;
mod definition;
mod difference;
mod print;

pub use apply::Comparison;
pub use change::{Backfill, Change};
pub use definition::Definition;
pub use difference::{Difference, Fact};
pub use print::Printed;
