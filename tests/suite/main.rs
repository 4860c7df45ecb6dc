//! Everything is tried from outside: through the library.
#![allow(unreachable_pub, missing_docs, reason = "nobody else uses a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod sql;
mod timestamp;
mod transcript;
mod url;
