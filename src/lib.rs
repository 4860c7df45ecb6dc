//! Cruddur's databases from one binary: direct messages in DynamoDB, users in
//! PostgreSQL.

pub mod cli;
pub mod error;
pub mod output;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

/// Parses `args` and does what they say.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Cli::try_parse_from(args) {
        Ok(Cli {}) => ExitCode::SUCCESS,
        Err(error) => {
            // Help goes to stdout, a usage error to stderr; neither can be told
            // about a closed pipe.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}
