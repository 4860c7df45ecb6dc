//! What the command line is like to live with.

mod completions;
mod harmless;
mod help;
mod lines;
mod man;
mod tables;
mod talk;
mod verbose;
