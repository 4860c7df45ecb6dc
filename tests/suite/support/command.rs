//! Running the built `cruddur`, and what it said.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use super::stack::PASSWORD;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Run {
    /// Runs `command` to its end. Whatever it says, the password is not in it.
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("cruddur runs");
        Self::from(output)
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stderr holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not said: {text:?}\nstderr:\n{}", self.stderr);
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let run = Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            code: output.status.code().expect("it ends by itself"),
        };
        for secret in [PASSWORD, "s3cr%40t", "s3cr@t"] {
            assert!(!run.stdout.contains(secret), "the password is on stdout:\n{}", run.stdout);
            assert!(!run.stderr.contains(secret), "the password is on stderr:\n{}", run.stderr);
        }
        run
    }
}

/// A `cruddur` that knows nothing of the machine's own settings.
pub fn bare_cruddur<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    bare(env!("CARGO_BIN_EXE_cruddur"), arguments)
}

/// A program in next to no environment.
pub fn bare<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(program: &str, arguments: I) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("TZ", "UTC");
    for name in ["PATH", "TMPDIR", "CRUDDUR_POSTGRES_BINDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
