//! Running the built `cruddur`, and what it said.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::record::{Noted, note};
use super::scratch::scratch_root;
use super::stack::PASSWORD;
use super::wait::eventually;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// The program's name and its arguments, as a shell takes them.
    pub command: String,
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// A run that is under way; killed when dropped.
pub struct Spawned {
    pub child: Child,
    command: String,
    stdout: Log,
    stderr: Log,
    noted: Noted,
}

impl Run {
    /// Runs `command` to its end. Whatever it says, the password is not in it.
    pub fn of(command: &mut Command) -> Self {
        Self::reading(command, Stdio::null())
    }

    /// The same, with a file or another program's output as its stdin.
    pub fn reading(command: &mut Command, stdin: impl Into<Stdio>) -> Self {
        let mut running = Spawned::reading(command, stdin);
        let status = running.child.wait().expect("it can be waited for");
        running.ended(status)
    }

    /// Runs `command` with `input` on its stdin.
    pub fn with_input(command: &mut Command, input: impl Into<Vec<u8>>) -> Self {
        let mut running = Spawned::reading(command, Stdio::piped());
        let (mut stdin, input) = (running.child.stdin.take().unwrap(), input.into());
        // It may stop reading before the end.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let status = running.child.wait().expect("it can be waited for");
        writer.join().unwrap();
        running.ended(status)
    }

    /// Asserts that the password is not in what it has said.
    pub fn without_secrets(self) -> Self {
        for secret in [PASSWORD, "s3cr%40t", "s3cr@t"] {
            assert!(!self.stdout.contains(secret), "the password is on stdout of {}", self.command);
            assert!(!self.stderr.contains(secret), "the password is on stderr of {}", self.command);
        }
        self
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "the exit code of {}", self.command);
        self
    }

    /// Asserts that stderr holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not said by {}: {text:?}", self.command);
        self
    }

    /// Stdout as a JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// Stdout as one JSON value a line.
    #[track_caller]
    pub fn ndjson(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON value")).collect()
    }
}

impl Spawned {
    /// Starts `command` with nothing to read. What it says can be read while it goes on.
    pub fn new(command: &mut Command) -> Self {
        Self::reading(command, Stdio::null())
    }

    /// The same, with its stdin and stdout in the hands of the test.
    pub fn piped(command: &mut Command) -> Self {
        Self::with_stdout(command.stdin(Stdio::piped()).stdout(Stdio::piped()), Log::new())
    }

    fn reading(command: &mut Command, stdin: impl Into<Stdio>) -> Self {
        let stdout = Log::new();
        Self::with_stdout(command.stdin(stdin).stdout(stdout.end()), stdout)
    }

    fn with_stdout(command: &mut Command, stdout: Log) -> Self {
        let stderr = Log::new();
        let child = command.stderr(stderr.end()).spawn().expect("it starts");
        let noted = note(command, child.id(), &stdout, &stderr);
        Self { child, command: command_line(command), stdout, stderr, noted }
    }

    /// What it has said on stderr so far.
    pub fn said(&self) -> String {
        self.stderr.text()
    }

    /// Waits until it has said `text` on stderr.
    #[track_caller]
    pub fn says(&mut self, text: &str) {
        eventually(&format!("it says {text:?}"), || {
            let has_ended = self.child.try_wait().expect("it can be waited for").is_some();
            let said = self.said();
            assert!(said.contains(text) || !has_ended, "{} has ended without {text:?}", self.command);
            said.contains(text).then_some(())
        });
    }

    /// Asks a run that writes in bulk to stop, and waits until it sends no more.
    #[track_caller]
    pub fn stops_writing(&mut self, signal: &str) {
        self.signal(signal);
        self.says("stopping once pending writes are done");
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_none()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits until it has ended; a shell's exit code: 128 and more for a signal.
    #[track_caller]
    pub fn code(&mut self) -> i32 {
        let status = self.end();
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).expect("a code or a signal")
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn ends(mut self) -> Run {
        let status = self.end();
        self.ended(status)
    }

    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.command);
        let status = eventually(&what, || self.child.try_wait().expect("it can be waited for"));
        self.noted.ended(status.to_string(), &self.stdout, &self.stderr);
        status
    }

    #[track_caller]
    fn ended(mut self, status: ExitStatus) -> Run {
        self.noted.ended(status.to_string(), &self.stdout, &self.stderr);
        let command = std::mem::take(&mut self.command);
        let code = status.code().unwrap_or_else(|| panic!("{command} does not end by itself: {status}"));
        let [stdout, stderr] = [&self.stdout, &self.stderr]
            .map(|log| String::from_utf8(log.bytes()).unwrap_or_else(|_| panic!("{command} says UTF-8")));
        Run { command, stdout, stderr, code }.without_secrets()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.child.kill();
        if let Ok(status) = self.child.wait() {
            self.noted.ended(status.to_string(), &self.stdout, &self.stderr);
        }
    }
}

/// A file without a name that a program writes and a test reads.
#[derive(Clone)]
pub struct Log(Arc<File>);

impl Log {
    pub fn new() -> Self {
        Self(Arc::new(tempfile::tempfile_in(scratch_root()).unwrap()))
    }

    /// The end for a program.
    pub fn end(&self) -> File {
        self.0.try_clone().unwrap()
    }

    /// What it holds by now. The place in the file is the program's.
    fn bytes(&self) -> Vec<u8> {
        let length = self.0.metadata().unwrap().len();
        let mut bytes = vec![0; length.try_into().unwrap()];
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

/// The program's name and its arguments, as a shell takes them.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().expect("a program");
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A doctor that waits for what answers, however busy the machine is; its own limit is five seconds.
pub const DOCTOR: [&str; 3] = ["doctor", "--timeout", "5m"];

/// Sends a signal by its name to a process.
pub fn signal(pid: u32, name: &str) {
    let signal: Signal = format!("SIG{name}").parse().expect("a signal's name");
    kill(Pid::from_raw(pid.try_into().unwrap()), signal)
        .unwrap_or_else(|error| panic!("process {pid}: {error}"));
}

/// One of the programs in `tests/emulators`, with the packages that they need.
pub fn python(program: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join("target/moto/bin/python");
    assert!(interpreter.exists(), "the emulators are missing; run: make moto");
    let mut command = Command::new(interpreter);
    command
        .arg(root.join("tests/emulators").join(program))
        .env_remove("PYTHONPATH")
        .env_remove("AWS_PROFILE");
    command
}

/// A `cruddur` that knows nothing of the machine's own settings.
pub fn bare_cruddur<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    bare(env!("CARGO_BIN_EXE_cruddur"), arguments)
}

/// A program in next to no environment.
pub fn bare<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(program: &str, arguments: I) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("TZ", "UTC").env("TMPDIR", scratch_root());
    for name in ["PATH", "CRUDDUR_POSTGRES_BINDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
