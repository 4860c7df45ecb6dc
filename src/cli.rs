//! The whole command line.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::Command;
use crate::config::Flags;

/// Cruddur's databases: direct messages in DynamoDB, users in PostgreSQL.
///
/// Everything runs against the local stack unless --prod is given.
#[derive(Debug, Parser)]
#[command(name = "cruddur", version, disable_help_subcommand = false, arg_required_else_help = true)]
pub struct Cli {
    /// Flags that every command takes, before or after its name.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The whole command line as clap has it: for help, completions, man pages, tests.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// clap's: what is wrong with it, or the help that it asks for.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut command().try_get_matches_from(words)?)
    }
}
