//! Cruddur's databases in one binary: direct messages in DynamoDB, users in PostgreSQL, sign-in in
//! Cognito, and a local stack with all three.
//!
//! Dependencies between modules point one way: docs/architecture.md.

pub mod archive;
mod aws;
pub mod cli;
pub mod cognito;
pub mod commands;
pub mod config;
pub mod context;
pub mod dynamodb;
pub mod error;
pub mod external_sort;
#[cfg(feature = "local")]
pub mod local;
pub mod messages_table;
pub mod messaging;
pub mod nearest;
pub mod output;
pub mod postgres;
pub mod remembered;
pub mod secrets;
pub mod security_group;
pub mod state_file;
mod target;
pub mod trace;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::Cli;
use crate::commands::Command;
use crate::config::{Color, Config, Flags};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::output::Ui;

/// Parses `args`, runs the command, and reports its failure once.
///
/// Must be called before any thread starts: parts of a `.env` file are put into the process's
/// environment, where the AWS SDK looks for its variables.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let color = Color::in_words(&args);
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(error) => {
            output::set_color(color);
            // Help goes to stdout, a usage error to stderr. If the pipe is closed, there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut ui = Ui::new(&cli.flags);
    if let Command::Complete(args) = &cli.command {
        // Completion must never interrupt the user's typing, whatever is wrong.
        let _ = commands::complete::run(&mut ui, args);
        return ExitCode::SUCCESS;
    }
    match run_command(&cli, &mut ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.kind().is_silent() {
                ui.error(&error, &commands::hints::of(&error));
            }
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn run_command(cli: &Cli, ui: &mut Ui) -> Result<()> {
    let flags = Flags { timeout: cli.flags.timeout.or(cli.command.timeout()), ..cli.flags.clone() };
    let config = Config::load(&flags)?.traced(ui.trace(&flags));
    let runtime = cli
        .command
        .runtime()
        .enable_all()
        .build()
        .map_err(|cause| Error::failed("cannot start the async runtime").because(cause))?;
    let context = Context::new(config, move |warning| Ui::new(&flags).warn(warning));
    let result = runtime.block_on(cli.command.run(&context, ui));
    // A background lookup or a stuck connection must not delay the exit.
    runtime.shutdown_background();
    result
}
