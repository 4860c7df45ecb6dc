//! The whole command line.

use clap::Parser;

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
