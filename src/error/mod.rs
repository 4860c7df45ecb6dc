//! The only error type: what failed, why, and what helps.

mod reason;

use std::fmt;
use std::time::Duration;

pub use self::reason::{Hint, Reason};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of a failure. Decides the exit code, and whether the error is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The service or the data caused the failure.
    Failed,
    /// The command line cannot be executed as written.
    Usage,
    /// Refused, or cancelled at a confirmation; nothing was done.
    Refused,
    /// A setting, a URL or credentials are missing or wrong.
    Config,
    /// Some of the work was done and some was not.
    Partial,
    /// Stopped by Ctrl-C or a signal.
    Interrupted,
    /// A command that `local exec` ran, or a signal, set this exit code. The reason has been
    /// printed or is known.
    Child(u8),
    /// A failure with an exit code set by another process, or by the shell's convention.
    Exit(u8),
    /// The reader of stdout is gone (`| head`): a normal end, not a failure.
    ClosedPipe,
}

impl Kind {
    /// The process's exit code, as listed in the README.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Config => 4,
            Self::Partial => 5,
            Self::Interrupted => 130,
            Self::Child(code) | Self::Exit(code) => code,
        }
    }

    /// Whether the failure has been reported already, or needs no report.
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Child(_) | Self::ClosedPipe | Self::Interrupted)
    }
}

/// An error as it reaches the user: a message, its causes, and hints.
///
/// The message says what failed and on which target. No part of it may hold a
/// connection URL or a password.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    cause: Option<anyhow::Error>,
    hints: Vec<Hint>,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, hints: Vec::new() }
    }

    /// The service or the data caused the failure (exit code 1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The command line cannot be executed as written (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Refused or cancelled; nothing was done (exit code 3).
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// A setting or credentials are missing or wrong (exit code 4).
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Done in part (exit code 5).
    pub fn partial(message: impl Into<String>) -> Self {
        Self::new(Kind::Partial, message)
    }

    /// Adds a cause. Its own chain of causes is shown too.
    #[must_use]
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds what helps: words, or the reason from which it follows.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Why it failed, as far as code or a hint depends on it.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.hints.iter().filter_map(|hint| match hint {
            Hint::For(reason) => Some(reason),
            Hint::Run(_) | Hint::Text(_) => None,
        })
    }

    /// Replaces each reason for which `words` has some.
    #[must_use]
    pub fn replace_reasons(mut self, words: impl Fn(&Reason) -> Option<Vec<Hint>>) -> Self {
        let known = |hint: Hint| match &hint {
            Hint::For(reason) => words(reason).unwrap_or_else(|| vec![hint]),
            _ => vec![hint],
        };
        self.hints = self.hints.into_iter().flat_map(known).collect();
        self
    }

    /// The missing table that caused it, if any.
    pub fn missing_table(&self) -> Option<&str> {
        self.reasons().find_map(|reason| match reason {
            Reason::MissingTable(table, _) => Some(table.as_str()),
            _ => None,
        })
    }

    /// Whether it failed for `reason`.
    pub fn is(&self, reason: &Reason) -> bool {
        self.reasons().any(|found| found == reason)
    }

    /// The time limit that was exceeded, if any.
    pub fn time_limit(&self) -> Option<Duration> {
        self.reasons().find_map(|reason| match reason {
            Reason::Timeout(limit) => Some(*limit),
            _ => None,
        })
    }

    /// The same causes and hints, with another kind and message.
    #[must_use]
    pub fn with(self, kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), ..self }
    }

    /// The kind of failure.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What helps.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The causes, outermost first, without repetition.
    pub fn causes(&self) -> impl Iterator<Item = String> + '_ {
        let mut last = self.message.clone();
        self.cause.iter().flat_map(anyhow::Error::chain).map(ToString::to_string).filter(move |text| {
            // Many libraries repeat their source's text in their own message.
            let new = !last.contains(text.as_str());
            last.clone_from(text);
            new
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}

/// Adds a message to a foreign error.
pub trait Context<T> {
    /// Converts a failure to an [`Error`] of kind [`Kind::Failed`] with this `message`.
    fn or_failed(self, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> Context<T> for std::result::Result<T, E> {
    fn or_failed(self, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error::failed(message()).because(cause))
    }
}

/// Formats a duration for messages: `1.5 s`, `30 s`, `5 min`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 120 && seconds.is_multiple_of(60) && time.subsec_nanos() == 0 {
        return format!("{} min", seconds / 60);
    }
    format!("{} s", time.as_secs_f64())
}
