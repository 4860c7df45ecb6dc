//! Child processes that never outlive their use.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::error::{Context as _, Error, Result};

/// How long a child may take to end by itself after an interrupted start.
const QUIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the children of a child that has ended may keep running.
const ORPHAN_TIMEOUT: Duration = Duration::from_secs(1);
/// How often to check for an end that is not announced.
const POLL: Duration = Duration::from_millis(2);

/// A child in a process group of its own. Ctrl-C at the terminal does not reach it, and killing the
/// group also kills its children.
pub(super) struct Group {
    child: Child,
    pid: Pid,
}

impl Group {
    /// Starts `command`.
    pub(super) fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().or_failed(|| format!("cannot run {program}"))?;
        // A signal to process 0 would go to our own group.
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).filter(|pid| *pid > 0);
        let pid = pid.ok_or_else(|| Error::failed(format!("{program} has no process id")))?;
        Ok(Self { child, pid: Pid::from_raw(pid) })
    }

    /// Its process id.
    pub(super) const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(super) async fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().await.or_failed(|| "cannot wait for a child process".to_owned())
    }

    /// Sends `signal` to the child alone.
    pub(super) fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            // It may have ended meanwhile, which is fine.
            let _ = kill(self.pid, signal);
        }
    }

    /// Sends `signal` and waits. Kills the group if that takes longer than `request_timeout`.
    pub(super) async fn stop(&mut self, signal: Signal, request_timeout: Duration) {
        self.signal(signal);
        if tokio::time::timeout(request_timeout, self.child.wait()).await.is_err() {
            let _ = killpg(self.pid, Signal::SIGKILL);
            let _ = self.child.wait().await;
        }
    }
}

/// Whether the process is a PostgreSQL on the cluster in `data`; `None` when that is unknown, or
/// when there is no such process.
pub(super) fn serves(pid: i32, data: &Path) -> Option<bool> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    if process.exists() {
        return match std::fs::read_link(process.join("cwd")) {
            // The server's working directory is its data directory.
            Ok(folder) => Some(folder == data.canonicalize().ok()?),
            // A zombie: it has ended, but nobody has collected its exit code.
            Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
            Err(_) => None,
        };
    }
    let mut ps = std::process::Command::new("ps");
    let output = ps.args(["-p", &pid.to_string(), "-o", "command="]).stderr(Stdio::null()).output().ok()?;
    let command = String::from_utf8_lossy(&output.stdout);
    (!command.trim().is_empty()).then(|| command.contains("postgres"))
}

impl Drop for Group {
    /// Ends the child: an interrupted start must not leave it behind. All of PostgreSQL's programs
    /// end at once on SIGQUIT; on SIGKILL they would leave their shared memory behind.
    fn drop(&mut self) {
        self.signal(Signal::SIGQUIT);
        let start = Instant::now();
        // Reaped here, so that its files can be removed afterwards.
        while !self.has_ended() {
            if start.elapsed() > QUIT_TIMEOUT {
                let _ = killpg(self.pid, Signal::SIGKILL);
            }
            std::thread::sleep(POLL);
        }
        // `initdb` runs other programs through a shell, and they outlive it briefly.
        let start = Instant::now();
        while killpg(self.pid, None).is_ok() && start.elapsed() < 2 * ORPHAN_TIMEOUT {
            if start.elapsed() > ORPHAN_TIMEOUT {
                let _ = killpg(self.pid, Signal::SIGKILL);
            }
            std::thread::sleep(POLL);
        }
    }
}
