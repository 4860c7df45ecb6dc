//! The commands. The file tree is the command tree: one leaf a file, its `Args`
//! and its `run` side by side.

mod common;
mod db;
mod ddb;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Result;
use crate::output::Ui;

/// What cruddur can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Direct messages: the DynamoDB table
    #[command(subcommand)]
    Ddb(ddb::Command),
    /// Users and activities: the PostgreSQL database
    #[command(subcommand)]
    Db(db::Command),
}

impl Command {
    /// The runtime it needs: asking takes no threads.
    #[must_use]
    pub fn runtime(&self) -> tokio::runtime::Builder {
        match self {
            Self::Ddb(_) | Self::Db(_) => tokio::runtime::Builder::new_current_thread(),
        }
    }

    /// Runs it.
    pub async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Ddb(command) => command.run(cx, ui).await,
            Self::Db(command) => command.run(cx, ui).await,
        }
    }
}
