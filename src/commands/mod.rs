//! The commands. The file tree mirrors the command tree: one file per leaf, with its `Args` and its `run`.

mod cognito;
mod common;
pub(crate) mod complete;
mod completions;
mod config;
mod db;
mod ddb;
mod doctor;
mod help;
pub(crate) mod hints;
#[cfg(feature = "local")]
mod local;
mod local_people;
mod man;
mod plan;
mod project;
mod rds;
mod setup;
mod signals;
mod strangers;
mod target;

use std::time::Duration;

use clap::Subcommand;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;

/// What cruddur can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create whatever is missing: the database, the table, people and a conversation
    ///
    /// Sets up everything needed to work, in the right order: the database, its schema, its people,
    /// the messages table, a conversation, the users' Cognito ids. Run again, it does only what is
    /// missing, and reports the state of each step. It never changes what exists, and leaves out
    /// what is not configured.
    ///
    /// Exit code 0: everything is set up. 1: nothing could be done. 5: a step failed, the others
    /// are done.
    #[command(after_help = setup::EXAMPLES)]
    Setup(setup::SetupArgs),
    /// Direct messages: the DynamoDB table
    #[command(subcommand)]
    Ddb(ddb::Command),
    /// Users and activities: the PostgreSQL database
    #[command(subcommand)]
    Db(db::Command),
    /// Sign-in: the Cognito user pool
    #[command(subcommand)]
    Cognito(cognito::Command),
    /// Network access to the production database: its security group
    #[command(subcommand)]
    Rds(rds::Command),
    /// Check everything cruddur works with, and say how to fix what is broken
    ///
    /// Without --prod, checks the local stack and databases, and only shows how production is
    /// configured. With --prod, checks production too. Writes nothing. Each check ends after
    /// --timeout, by default 5s.
    ///
    /// Exit code 0: nothing worse than a warning. 1: something is broken. 4: a setting or
    /// credentials are missing or wrong.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// Settings: which values apply, and where they come from
    #[command(subcommand)]
    Config(config::Command),
    /// The local stack: DynamoDB, PostgreSQL and Cognito without Docker
    #[cfg(feature = "local")]
    #[command(subcommand)]
    Local(local::Command),
    /// Print the completion script for a shell
    ///
    /// Table names, handles and message groups come from the target that the command line names, if
    /// it answers quickly.
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
    /// List all commands by task, or show the help of a task or command
    #[command(after_help = help::EXAMPLES)]
    Help(help::HelpArgs),
    /// Print a command's man page, or write the pages of all commands
    #[command(after_help = man::EXAMPLES)]
    Man(man::ManArgs),
    /// What may come next, for the scripts of `completions`
    #[command(name = "__complete", hide = true)]
    Complete(complete::CompleteArgs),
}

impl Command {
    /// The runtime it needs. Only serving needs threads.
    pub fn runtime(&self) -> tokio::runtime::Builder {
        match self {
            #[cfg(feature = "local")]
            Self::Local(_) => tokio::runtime::Builder::new_multi_thread(),
            _ => tokio::runtime::Builder::new_current_thread(),
        }
    }

    /// Its default timeout, if it differs from that of the other commands.
    pub const fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Doctor(_) => Some(doctor::TIMEOUT),
            _ => None,
        }
    }

    /// Runs it.
    pub async fn run(&self, cx: &Context, ui: &mut Ui) -> Result<()> {
        match self {
            Self::Setup(args) => Box::pin(setup::run(cx, ui, args)).await,
            Self::Ddb(command) => command.run(cx, ui).await,
            Self::Db(command) => Box::pin(command.run(cx, ui)).await,
            Self::Cognito(command) => command.run(cx, ui).await,
            Self::Rds(command) => command.run(cx, ui).await,
            Self::Config(command) => command.run(cx, ui).await,
            Self::Doctor(args) => Box::pin(doctor::run(cx, ui, args)).await,
            #[cfg(feature = "local")]
            Self::Local(command) => command.run(cx, ui).await,
            Self::Completions(args) => completions::run(cx, ui, args).await,
            Self::Help(args) => help::run(cx, ui, args).await,
            Self::Man(args) => man::run(cx, ui, args).await,
            Self::Complete(args) => complete::run(ui, args),
        }
    }
}

/// Finds the command that `words` name, below `root`.
fn find<'a>(root: &'a clap::Command, words: &[String]) -> Result<&'a clap::Command> {
    words.iter().try_fold(root, |command, word| {
        command.find_subcommand(word).filter(|command| !command.is_hide_set()).ok_or_else(|| {
            Error::usage(format!("{} has no command {word:?}", command.get_bin_name().unwrap_or("cruddur")))
                .hint("to see all commands run: cruddur help")
        })
    })
}
