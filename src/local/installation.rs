//! PostgreSQL's programs, run on one directory as the right account.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::binaries::Binaries;
use super::paths::Account;
use super::private;
use super::process::{Group, serves};
use crate::config::Config;
use crate::error::{Context as _, Error, Result};

/// The folder of the cluster.
pub(super) const CLUSTER: &str = "postgres";
/// How many lines of a log an error shows.
const LOG_LINES: usize = 8;
/// How long the processes of a killed run may take to end.
const LEFTOVER_TIMEOUT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// The binaries, the account, and the directory of the cluster and its log.
pub(super) struct Installation {
    binaries: Binaries,
    pub(super) account: Option<Account>,
    pub(super) home: PathBuf,
}

impl Installation {
    /// Finds the binaries of the major version that created the cluster in `home`, or else the newest.
    pub(super) fn new(config: &Config, home: &Path) -> Result<Self> {
        let made_by = fs::read_to_string(Self::version_file_in(home)).ok();
        let major = made_by.and_then(|text| text.trim().parse().ok());
        let (binaries, account) = (Binaries::find(config, major)?, Account::for_postgres()?);
        if let Some(account) = account {
            account.check_entry(&binaries.folder).map_err(|error| {
                error.hint("its programs are there; move them, or run this as another user")
            })?;
        }
        Ok(Self { binaries, account, home: home.to_owned() })
    }

    /// The directory of the cluster in `home`.
    fn data_in(home: &Path) -> PathBuf {
        home.join(CLUSTER)
    }

    /// The server's log for the cluster in `home`.
    pub(super) fn log_in(home: &Path) -> PathBuf {
        home.join("postgres.log")
    }

    /// The file that exists while a server runs on the cluster in `home`.
    pub(super) fn pid_file_in(home: &Path) -> PathBuf {
        Self::data_in(home).join("postmaster.pid")
    }

    pub(super) fn data(&self) -> PathBuf {
        Self::data_in(&self.home)
    }

    pub(super) fn log(&self) -> PathBuf {
        Self::log_in(&self.home)
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        Self::pid_file_in(&self.home)
    }

    /// Whether the cluster exists.
    pub(super) fn has_cluster(&self) -> bool {
        Self::version_file_in(&self.home).is_file()
    }

    /// The file with the major version that created the cluster.
    fn version_file_in(home: &Path) -> PathBuf {
        Self::data_in(home).join("PG_VERSION")
    }

    /// Stops a server that a killed parent left running on this cluster. Waits until all its
    /// processes are gone.
    pub(super) async fn stop_leftover(&self, ephemeral: bool) -> Result<()> {
        let what = "cannot stop the PostgreSQL left behind by an earlier run";
        let start = Instant::now();
        while is_held(&self.log())? {
            if start.elapsed() > LEFTOVER_TIMEOUT {
                return Err(Error::failed(what).because(anyhow::Error::msg("its processes do not exit")));
            }
            // A server that has just started has not written the file yet.
            if !self.pid_file().exists() || self.stop_running(ephemeral).await.is_err() {
                tokio::time::sleep(POLL).await;
            }
        }
        let pid_file = self.pid_file();
        let Ok(text) = fs::read_to_string(&pid_file) else { return Ok(()) };
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        if pid.and_then(|pid| serves(pid, &self.data())) == Some(false) {
            // After a reboot, the number may belong to any process. pg_ctl would kill that one, and
            // the server would refuse to start because of it.
            return fs::remove_file(&pid_file)
                .or_failed(|| format!("cannot remove the outdated {}", pid_file.display()));
        }
        let running = self.command("pg_ctl").arg("status").arg("-D").arg(self.data()).status().await;
        if !running.or_failed(|| "cannot run pg_ctl".to_owned())?.success() {
            return Ok(());
        }
        self.stop_running(ephemeral).await.or_failed(|| what.to_owned())
    }

    async fn stop_running(&self, ephemeral: bool) -> Result<()> {
        let mode = if ephemeral { "immediate" } else { "fast" };
        let mut command = self.command("pg_ctl");
        command.args(["stop", "-w", "-m", mode, "-D"]).arg(self.data());
        self.run(&mut command, "pg_ctl failed").await
    }

    /// Empties the log and locks it for the next server. Every process of that server holds the
    /// lock, so whoever finds it free is alone with the cluster.
    pub(super) async fn new_log(&self) -> Result<File> {
        let what = || format!("cannot empty {}", self.log().display());
        let log = private::open(&self.log(), OpenOptions::new().create(true).append(true))?;
        let start = Instant::now();
        while log.try_lock().is_err() {
            if start.elapsed() > LEFTOVER_TIMEOUT {
                return Err(Error::failed("an earlier PostgreSQL on the same cluster does not exit"));
            }
            tokio::time::sleep(POLL).await;
        }
        // An earlier version of cruddur may have logged secrets.
        log.set_len(0).or_failed(what)?;
        Ok(log)
    }

    /// The command for one of PostgreSQL's programs: run as its account, with an environment of its own.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.path(program));
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").env("PATH", &self.binaries.folder);
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    /// Runs a program and waits for it; an error shows its output.
    pub(super) async fn run(&self, command: &mut Command, what: &str) -> Result<()> {
        // A file without a name: nothing is left when this process is killed.
        let mut output = tempfile::tempfile().or_failed(|| what.to_owned())?;
        let handle = || output.try_clone().or_failed(|| what.to_owned());
        command.stdout(handle()?).stderr(handle()?);
        let status = Group::spawn(command)?.wait().await?;
        if status.success() {
            return Ok(());
        }
        let mut said = Vec::new();
        let _ = output.rewind().and_then(|()| output.read_to_end(&mut said));
        Err(Error::failed(format!("{what} ({status})")).because(anyhow::Error::msg(last_lines(&said))))
    }
}

/// The PostgreSQL that the stack with the data in `home` runs, or would run: the version, such as `15.18`,
/// and the folder of the programs.
///
/// # Errors
/// [`crate::error::Kind::Config`] when there is none, or when it cannot be used.
pub fn postgres_programs(config: &Config, home: &Path) -> Result<(String, PathBuf)> {
    let Binaries { version: (major, minor), folder } = Installation::new(config, home)?.binaries;
    // A folder on the PATH may hold links alone.
    let real = folder.join("postgres").canonicalize().ok();
    let folder = real.as_deref().and_then(Path::parent).unwrap_or(&folder).to_owned();
    Ok((format!("{major}.{minor}"), folder))
}

/// Whether any process of a server with this log is alive.
fn is_held(log: &Path) -> Result<bool> {
    if fs::symlink_metadata(log).is_err() {
        return Ok(false);
    }
    Ok(private::open(log, OpenOptions::new().read(true))?.try_lock().is_err())
}

/// Whether a killed run may have left a server on the cluster in `home`.
pub(super) fn may_be_left_in(home: &Path) -> Result<bool> {
    Ok(Installation::pid_file_in(home).exists() || is_held(&Installation::log_in(home))?)
}

/// A file without a name that holds `text`: input for a program that no other can find on disk.
pub(super) fn nameless(text: &str) -> Result<File> {
    let what = || "cannot write a temporary file".to_owned();
    let mut file = tempfile::tempfile().or_failed(what)?;
    file.write_all(text.as_bytes()).and_then(|()| file.rewind()).or_failed(what)?;
    Ok(file)
}

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> String {
    last_lines(&fs::read(log).unwrap_or_default())
}

fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
