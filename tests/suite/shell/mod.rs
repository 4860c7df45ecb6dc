//! What the command line is like to live with.

mod completions;
mod man;
mod talk;
mod verbose;
