//! The only code that prints: data on stdout, everything else on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

mod layout;
mod progress;
mod records;
mod table;
pub mod text;

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use clap::ValueEnum;

use crate::error::{Error, Kind, Result};

pub use layout::Layout;
pub use progress::Progress;
pub use records::{Record, Records};
pub use table::Column;
use table::TableWriter;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON value a line, as they come
    Ndjson,
}

/// Where a command talks to people.
pub struct Ui {
    stderr: AutoStream<io::Stderr>,
}

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const CYAN: &str = "\u{1b}[1;36m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

impl Ui {
    /// Colour is for terminals; `NO_COLOR` and `CLICOLOR_FORCE` hold.
    #[must_use]
    pub fn new() -> Self {
        Self { stderr: AutoStream::auto(io::stderr()) }
    }

    /// A line about what is going on.
    pub fn status(&mut self, text: impl AsRef<str>) {
        self.line(format_args!("{}", safe(text.as_ref())));
    }

    /// A line that deserves attention and stops nothing.
    pub fn warn(&mut self, text: impl AsRef<str>) {
        self.line(format_args!("{YELLOW}Warning:{PLAIN} {}", safe(text.as_ref())));
    }

    /// What helps next.
    pub fn hint(&mut self, text: impl AsRef<str>) {
        self.line(format_args!("{CYAN}Hint:{PLAIN} {}", safe(text.as_ref())));
    }

    /// What failed, why, and what helps.
    pub fn error(&mut self, error: &Error) {
        self.line(format_args!("{RED}Error:{PLAIN} {}", safe(error.message())));
        for cause in error.causes() {
            self.line(format_args!("Caused by: {}", safe(&cause)));
        }
        for hint in error.hints() {
            self.hint(hint);
        }
    }

    /// A table on stderr: rows that belong to what is going on.
    pub fn table<R: Record>(&mut self, records: &[R]) {
        let mut table = TableWriter::new(R::COLUMNS, table::width(&io::stderr()));
        // With stderr gone there is nobody left to tell.
        let _ = records
            .iter()
            .try_for_each(|record| table.push(record.cells(), &mut self.stderr))
            .and_then(|()| table.finish(&mut self.stderr));
    }

    /// Text on stdout as it is, for data that is no record.
    pub fn data(&mut self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(write_error)
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks on stderr and reads a line; `None` at the end of the input.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>> {
        let _ = write!(self.stderr, "{question} ");
        let _ = self.stderr.flush();
        let mut answer = String::new();
        let read = io::stdin()
            .read_line(&mut answer)
            .map_err(|cause| Error::failed("cannot read the answer").because(cause))?;
        if read == 0 {
            // Nobody has pressed Enter.
            self.line(format_args!(""));
        }
        Ok((read > 0).then(|| answer.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // With stderr gone there is nobody left to tell.
        let _ = writeln!(self.stderr, "{text}");
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// What a write to stdout that failed means.
fn write_error(cause: io::Error) -> Error {
    if cause.kind() == io::ErrorKind::BrokenPipe {
        Error::new(Kind::ClosedPipe, "the reader of stdout is gone")
    } else {
        Error::failed("cannot write to stdout").because(cause)
    }
}

/// `text` with its control characters made visible: what a user typed into a
/// message must not steer the terminal of the one who reads it.
fn safe(text: &str) -> std::borrow::Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(harmless) {
        return text.into();
    }
    text.chars().map(|c| if harmless(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}
