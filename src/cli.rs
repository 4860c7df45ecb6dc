//! The whole command line.

use clap::Parser;

/// Cruddur's databases: direct messages in DynamoDB, users in PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "cruddur", version, disable_help_subcommand = false, arg_required_else_help = true)]
pub struct Cli {}
