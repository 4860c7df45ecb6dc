//! Running the built `cruddur`, and what it said.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::stack::PASSWORD;
use super::wait::eventually;

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// A run that is under way; killed when dropped.
pub struct Spawned(pub Child);

impl Run {
    /// Runs `command` to its end. Whatever it says, the password is not in it.
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().expect("cruddur runs");
        Self::from(output)
    }

    /// Runs `command` with `input` on its stdin.
    pub fn with_input(command: &mut Command, input: impl Into<Vec<u8>>) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.into());
        // It may stop reading before the end.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let run = Self::from(child.wait_with_output().expect("cruddur runs"));
        writer.join().unwrap();
        run
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

impl Spawned {
    pub fn new(command: &mut Command) -> Self {
        Self(command.spawn().expect("cruddur starts"))
    }

    /// The same, with nothing to read and nobody to listen.
    pub fn silent(command: &mut Command) -> Self {
        Self::new(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// The same, with what it says on stderr in the file `log`.
    pub fn logging(command: &mut Command, log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        Self::new(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))
    }

    /// Asks a run that writes in bulk to stop, and waits until it sends no more. What it
    /// says is in the file `log`.
    #[track_caller]
    pub fn stops_writing(&self, signal: &str, log: &Path) {
        self.signal(signal);
        let stops = "stops when the writes on their way are done";
        eventually("it stops", || std::fs::read_to_string(log).unwrap().contains(stops).then_some(()));
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.0.id(), name);
    }

    /// Waits until it has ended; a shell's exit code: 128 and more for a signal.
    #[track_caller]
    pub fn code(&mut self) -> i32 {
        let status = eventually("the end of cruddur", || self.0.try_wait().expect("it can be waited for"));
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).expect("a code or a signal")
    }
}

/// A run whose words can be read while it goes on.
pub struct Talking {
    child: Spawned,
    said: PathBuf,
}

impl Talking {
    /// Starts `command`; what it says goes into the file `said`.
    pub fn new(command: &mut Command, said: PathBuf) -> Self {
        let file = std::fs::File::create(&said).unwrap();
        let child = Spawned::new(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file));
        Self { child, said }
    }

    /// Waits until it has said `text`.
    #[track_caller]
    pub fn says(&self, text: &str) {
        eventually(&format!("it says {text:?}"), || self.said().contains(text).then_some(()));
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }

    /// Waits until it has ended well, and returns what it said.
    #[track_caller]
    pub fn succeeds(mut self) -> String {
        let code = self.child.code();
        assert_eq!(code, 0, "{}", self.said());
        self.said()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
    command.args(arguments).env_clear().env("TZ", "UTC");
    for name in ["PATH", "TMPDIR", "CRUDDUR_POSTGRES_BINDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
