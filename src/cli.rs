//! The whole command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::Command;
use crate::config::Flags;

/// Cruddur's databases: direct messages in DynamoDB, users in PostgreSQL.
///
/// Everything runs against the local stack unless --prod is given.
#[derive(Debug, Parser)]
#[command(name = "cruddur", version, disable_help_subcommand = true, arg_required_else_help = true)]
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
        let mut matches = command().try_get_matches_from(words).map_err(suggest)?;
        let cli = Self::from_arg_matches_mut(&mut matches)?;
        let Command::Help(help) = &cli.command else { return Ok(cli) };
        match help.command(&command()) {
            // What the command itself shows.
            Some(words) => {
                let words = words.iter().map(String::as_str);
                Err(command()
                    .try_get_matches_from(["cruddur"].into_iter().chain(words).chain(["--help"]))
                    .err()
                    .unwrap_or_else(|| command().error(ErrorKind::DisplayHelp, "")))
            }
            None => Ok(cli),
        }
    }
}

/// Adds where a command is that was looked for in the wrong group.
fn suggest(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let mut root = command();
    root.build();
    let mut paths = Vec::new();
    places(&root, word, &mut paths);
    if !paths.is_empty() {
        let tips = paths.iter().map(|path| format!("there is: {path}").into()).collect();
        // What only looks alike is beside the point.
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// The commands below `command` that are called `word`, as one types them.
fn places(command: &clap::Command, word: &str, found: &mut Vec<String>) {
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        if subcommand.get_name() == word {
            found.extend(subcommand.get_bin_name().map(ToOwned::to_owned));
        }
        places(subcommand, word, found);
    }
}
