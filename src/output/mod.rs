//! The only code that prints: data on stdout, everything else on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the one place that prints")]

mod checklist;
pub mod consumed;
mod layout;
mod progress;
mod prompt;
mod records;
mod table;
pub mod text;

use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use crate::config::{Color, Flags, Standing};
use crate::error::{Error, Hint, Kind, Result};
use crate::trace::Trace;

pub use layout::Layout;
pub use progress::Progress;
pub use records::{Record, Records};
pub use table::Column;
use table::TableWriter;
use text::safe;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Human-readable
    Table,
    /// One JSON document
    Json,
    /// One JSON value per line, as they arrive
    Ndjson,
}

/// Prints messages for the user.
pub struct Ui {
    stderr: AutoStream<io::Stderr>,
    quiet: bool,
    verbose: bool,
    /// Whether bars are allowed: nothing else may write to stderr while one is drawn.
    bars: bool,
    /// The current bar.
    bar: progress::Drawn,
}

/// Sets the use of colour for everything that this process prints, including clap's help and
/// errors. `auto` means colour on terminals; `NO_COLOR` and `CLICOLOR_FORCE` are respected.
pub fn set_color(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// White on red.
const ALARM: &str = "\u{1b}[1;97;41m";
const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[1;32m";
const YELLOW: &str = "\u{1b}[1;33m";
const CYAN: &str = "\u{1b}[1;36m";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

impl Ui {
    /// Sets up verbosity and colour from `flags`.
    pub fn new(flags: &Flags) -> Self {
        set_color(flags.color);
        let verbose = flags.verbose > 0;
        let bars = !flags.quiet && !verbose;
        Self {
            stderr: AutoStream::auto(io::stderr()),
            quiet: flags.quiet,
            verbose,
            bars,
            bar: progress::Drawn::default(),
        }
    }

    /// Traces requests with `-v` and `-vv`, and long waits unless `--quiet`.
    pub fn trace(&self, flags: &Flags) -> Trace {
        let tell = |text: &str| {
            let mut stderr = AutoStream::auto(io::stderr()).lock();
            // If stderr is closed, there is nobody to tell.
            let _ = writeln!(stderr, "{DIM}{}{PLAIN}", safe(text));
        };
        let trace = match flags.verbose {
            0 => Trace::default(),
            verbose => Trace::default().of_requests(verbose > 1, tell),
        };
        if flags.quiet {
            return trace;
        }
        let bar = self.bar.clone();
        trace.of_waits(move |text| progress::aside(&bar, || tell(text)))
    }

    /// Prints a line about progress; not with `--quiet`.
    pub fn status(&mut self, text: impl AsRef<str>) {
        if !self.quiet {
            self.notice(text);
        }
    }

    /// Prints a detail, only with `--verbose` and not with `--quiet`.
    pub fn detail(&mut self, text: impl AsRef<str>) {
        if self.verbose && !self.quiet {
            self.line(format_args!("{DIM}{}{PLAIN}", safe(text.as_ref())));
        }
    }

    /// Prints a line that users must see, even with `--quiet`.
    pub fn notice(&mut self, text: impl AsRef<str>) {
        self.line(format_args!("{}", safe(text.as_ref())));
    }

    /// Prints what is about to be written to. A target that is not local stands out, with or
    /// without colour, and is printed even with `--quiet`.
    pub fn target(&mut self, standing: &Standing, place: impl AsRef<str>) {
        let (name, place) = (standing.name(), safe(place.as_ref()));
        match standing {
            Standing::Local if self.quiet => {}
            Standing::Local => self.line(format_args!("{name} {place}")),
            Standing::Remote(_) | Standing::Production(_) => {
                self.line(format_args!("{ALARM}*** {name} ***{PLAIN} {place}"));
            }
        }
    }

    /// Prints a warning.
    pub fn warn(&mut self, text: impl AsRef<str>) {
        self.line(format_args!("{YELLOW}Warning:{PLAIN} {}", safe(text.as_ref())));
    }

    /// Prints a hint; not with `--quiet`.
    pub fn hint(&mut self, text: impl AsRef<str>) {
        if !self.quiet {
            self.help(text.as_ref());
        }
    }

    /// Prints what failed, why, and what helps.
    pub fn error(&mut self, error: &Error, hints: &[Hint]) {
        self.line(format_args!("{RED}Error:{PLAIN} {}", safe(error.message())));
        for cause in error.causes() {
            self.line(format_args!("Caused by: {}", safe(&cause)));
        }
        for hint in hints {
            self.help(&hint.to_string());
        }
    }

    fn help(&mut self, text: &str) {
        self.line(format_args!("{CYAN}Hint:{PLAIN} {}", safe(text)));
    }

    /// Prints a table on stderr, as part of the progress; not with `--quiet`.
    pub fn table<R: Record>(&mut self, records: &[R]) {
        if !self.quiet {
            self.notice_table(records);
        }
    }

    /// Prints a table on stderr that users must see, as part of an error.
    pub fn notice_table<R: Record>(&mut self, records: &[R]) {
        let mut table = TableWriter::new(R::COLUMNS, table::width(&io::stderr()));
        // If stderr is closed, there is nobody to tell.
        let _ = records
            .iter()
            .try_for_each(|record| table.push(record.cells(), &mut self.stderr))
            .and_then(|()| table.finish(&mut self.stderr));
    }

    /// Prints raw text on stdout, for data that is not a record.
    pub fn data(&mut self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(write_error)
    }

    /// Prints one JSON document on stdout, for a command whose data is a single object.
    pub fn document(&mut self, document: &impl serde::Serialize) -> Result<()> {
        self.json(&serde_json::to_string(document).map_err(not_json)?)
    }

    /// Prints a serialized JSON document on stdout, followed by a newline.
    pub fn json(&mut self, text: &str) -> Result<()> {
        self.data(&(text::json(text) + "\n"))
    }

    /// The width of text on stdout: that of the terminal, or 80.
    pub fn columns(&self) -> usize {
        table::width(&io::stdout()).map_or(80, usize::from)
    }

    /// Whether questions can be asked.
    pub fn is_interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks on stderr and reads a line; `None` at the end of input, or on Ctrl-C.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>> {
        self.ask_by(question, true)
    }

    /// The same, without showing what is typed.
    pub fn ask_secret(&mut self, question: &str) -> Result<Option<String>> {
        self.ask_by(question, false)
    }

    fn ask_by(&mut self, question: &str, shows: bool) -> Result<Option<String>> {
        // Set up first, so that Ctrl-C works as soon as the question is shown.
        let keyboard = prompt::Keyboard::without_interrupt(shows);
        let _ = write!(self.stderr, "{question} ");
        let _ = self.stderr.flush();
        let answer = prompt::read_line(&keyboard)
            .map_err(|cause| Error::failed("cannot read the answer").because(cause))?;
        if answer.is_none() || !shows {
            // Nobody pressed Enter, or it was not shown.
            self.line(format_args!(""));
        }
        Ok(answer)
    }

    /// Prints a line. Indents each further line of `text`, so that none can look like one of ours.
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let text = text.to_string();
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        let rest =
            lines.map(|line| if line.starts_with(' ') { line.to_owned() } else { format!("  {line}") });
        let text = std::iter::once(first.to_owned()).chain(rest).collect::<Vec<_>>().join("\n");
        // If stderr is closed, there is nobody to tell.
        let _ = writeln!(self.stderr, "{text}");
    }
}

fn not_json(cause: serde_json::Error) -> Error {
    Error::failed("cannot write JSON").because(cause)
}

/// The error for a failed write to stdout.
pub fn write_error(cause: io::Error) -> Error {
    if cause.kind() == io::ErrorKind::BrokenPipe {
        Error::new(Kind::ClosedPipe, "the reader of stdout is gone")
    } else {
        Error::failed("cannot write to stdout").because(cause)
    }
}
