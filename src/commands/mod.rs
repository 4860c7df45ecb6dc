//! The commands. The file tree is the command tree: one leaf a file, its `Args`
//! and its `run` side by side.

mod cognito;
mod common;
mod db;
mod ddb;
mod doctor;
#[cfg(feature = "local")]
mod local;
mod plan;
mod rds;
mod signals;

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
    /// Sign-in: the Cognito user pool
    #[command(subcommand)]
    Cognito(cognito::Command),
    /// The production database's network: its security group
    #[command(subcommand)]
    Rds(rds::Command),
    /// Check everything that cruddur works with, and say what mends what is broken
    ///
    /// Without --prod: the local stack and databases; of production it says only what is
    /// configured. With --prod: production too. Nothing is written anywhere.
    ///
    /// Exit code 0: all well, or nothing worse than a warning. 1: something is broken. 4: a
    /// setting or credentials are.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// The local stack: DynamoDB and PostgreSQL without Docker
    #[cfg(feature = "local")]
    #[command(subcommand)]
    Local(local::Command),
}

impl Command {
    /// The runtime it needs: serving takes threads, asking does not.
    #[must_use]
    pub fn runtime(&self) -> tokio::runtime::Builder {
        match self {
            #[cfg(feature = "local")]
            Self::Local(_) => tokio::runtime::Builder::new_multi_thread(),
            Self::Ddb(_) | Self::Db(_) | Self::Cognito(_) | Self::Rds(_) | Self::Doctor(_) => {
                tokio::runtime::Builder::new_current_thread()
            }
        }
    }

    /// Runs it.
    pub async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Ddb(command) => command.run(cx, ui).await,
            Self::Db(command) => Box::pin(command.run(cx, ui)).await,
            Self::Cognito(command) => command.run(cx, ui).await,
            Self::Rds(command) => command.run(cx, ui).await,
            Self::Doctor(args) => Box::pin(doctor::run(cx, ui, args)).await,
            #[cfg(feature = "local")]
            Self::Local(command) => command.run(cx, ui).await,
        }
    }
}
