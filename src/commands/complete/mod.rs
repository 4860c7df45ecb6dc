//! `cruddur __complete`: completes a command line, for the shells' completion scripts. Prints
//! nothing when it does not know.

mod line;
mod values;

use std::ffi::OsString;
use std::path::Path;

use clap::Args;

use self::values::Target;
use super::completions::Shell;
use crate::error::Result;
use crate::output::Ui;

#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// Whose script asks
    shell: Shell,
    /// The word to complete is a new one, after those that are given
    #[arg(long)]
    next_word: bool,
    /// bash: the text that is going to be replaced, and the line up to the cursor.
    /// The others: the words up to the cursor
    #[arg(last = true)]
    words: Vec<OsString>,
}

/// Prints one candidate per line. Except for bash, a tab and a description follow.
///
/// # Errors
/// Fails if stdout is closed.
pub(crate) fn run(ui: &mut Ui, args: &CompleteArgs) -> Result<()> {
    let lines: Vec<String> = match (args.shell, args.words.as_slice()) {
        (Shell::Bash, [replaced, line]) => {
            let (Some(replaced), Some(text)) = (replaced.to_str(), line.to_str()) else { return Ok(()) };
            let line = line::Line::read(text);
            candidates(line.words.clone())
                .into_iter()
                .filter_map(|candidate| line.replacement(&candidate.value, replaced))
                .collect()
        }
        (Shell::Bash, _) => Vec::new(),
        (_, words) => {
            let mut words = words.to_vec();
            if args.next_word {
                words.push(OsString::new());
            }
            candidates(words).iter().map(|found| format!("{}\t{}", found.value, found.help)).collect()
        }
    };
    ui.data(&lines.into_iter().fold(String::new(), |text, line| text + &line + "\n"))
}

/// A possible completion of the last word.
struct Candidate {
    value: String,
    /// One line, possibly empty.
    help: String,
}

/// All completions of the last of `words`, which may be empty.
fn candidates(words: Vec<OsString>) -> Vec<Candidate> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    if before.is_empty() {
        return Vec::new();
    }
    let is_option = last.to_str().is_some_and(|last| last.starts_with('-'));
    let mut command = values::attach(crate::cli::command(), &Target::of(before));
    let index = words.len() - 1;
    let found =
        clap_complete::engine::complete(&mut command, words, index, Some(Path::new("."))).unwrap_or_default();
    let mut found: Vec<Candidate> = found
        .into_iter()
        .filter(|candidate| !candidate.is_hide_set())
        .filter_map(|candidate| {
            let value = candidate.get_value().to_str()?.to_owned();
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            // Control characters would break the line protocol.
            let is_plain = !value.chars().any(char::is_control);
            let help = help.lines().next().unwrap_or_default().replace(|c: char| c.is_control(), " ");
            is_plain.then_some(Candidate { value, help })
        })
        .collect();
    // There are many options, so they are offered only after a dash or when there is nothing else.
    if !is_option && found.iter().any(|candidate| !candidate.value.starts_with('-')) {
        found.retain(|candidate| !candidate.value.starts_with('-'));
    }
    found
}
