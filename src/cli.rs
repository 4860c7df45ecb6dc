//! The whole command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::commands::Command;
use crate::config::Flags;
use crate::output::text::safe_word;

/// Cruddur's databases: direct messages in DynamoDB, users in PostgreSQL.
///
/// Everything runs against the local stack unless --prod is given.
#[derive(Debug, Parser)]
#[command(name = "cruddur", version = env!("CRUDDUR_VERSION"), disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    /// Flags that every command takes, before or after its name.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The whole command line as clap has it: for help, completions, man pages, tests.
pub fn command() -> clap::Command {
    Cli::command()
}

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// clap's: what is wrong with it, or the help that it asks for.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        Self::parse_words(&words).map_err(|error| {
            // clap repeats a word as it is, whatever that does to the terminal.
            let safe: Vec<OsString> =
                words.iter().map(|word| safe_word(&word.to_string_lossy()).into_owned().into()).collect();
            if safe == words {
                error
            } else {
                Self::parse_words(&safe).err().unwrap_or_else(|| plain(&error))
            }
        })
    }

    fn parse_words(words: &[OsString]) -> Result<Self, clap::Error> {
        refuse_prod(words)?;
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

/// The same for words that are wrong only as they were written.
fn plain(error: &clap::Error) -> clap::Error {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    command().error(error.kind(), safe_word(text.lines().next().unwrap_or_default()))
}

/// Refuses a bare `prod` as the last word, which chose production in the scripts that
/// cruddur replaces: taken for a value, it would have the command work on the local stack.
fn refuse_prod(words: &[OsString]) -> Result<(), clap::Error> {
    let Some((last, before)) = words.split_last() else { return Ok(()) };
    if last != "prod" || before.iter().any(|word| word == "--") {
        return Ok(());
    }
    let mut root = command();
    root.build();
    let mut leaf = &root;
    for word in before.iter().filter_map(|word| word.to_str()) {
        leaf = leaf.find_subcommand(word).unwrap_or(leaf);
    }
    match root.clone().try_get_matches_from(before) {
        // The words of another program.
        Ok(_) if leaf.get_positionals().any(clap::Arg::is_trailing_var_arg_set) => return Ok(()),
        // The value of an option.
        Err(error) if error.get(ContextKind::InvalidValue) == Some(&ContextValue::String(String::new())) => {
            return Ok(());
        }
        _ => {}
    }
    let mut tips = vec!["to work on production, use --prod".into()];
    if leaf.get_positionals().next().is_some() {
        tips.push("to pass 'prod' as a value, use '-- prod'".into());
    }
    let mut leaf = leaf.clone();
    let mut error = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(&leaf);
    error.insert(ContextKind::InvalidArg, ContextValue::String("prod".to_owned()));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(leaf.render_usage()));
    Err(error)
}

/// Adds where a command is that was looked for in the wrong group.
fn suggest(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let mut root = command();
    root.build();
    let mut paths = Vec::new();
    places(&root, word, &mut paths);
    if !paths.is_empty() {
        let tips = paths.iter().map(|path| format!("try: {path}").into()).collect();
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
