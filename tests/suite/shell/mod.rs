//! What the command line is like to live with.

mod talk;
