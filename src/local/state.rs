//! What a running stack stores on disk about itself.

use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::http::Access;
use super::{paths, private};
use crate::config::{STARTED, StackService};
use crate::error::{Context as _, Result};
use crate::postgres::ConnectionUrl;

/// The files of two services; PostgreSQL's folder is `Installation`'s.
pub(super) const DYNAMODB_FILE: &str = "dynamodb.sqlite";
pub(super) const USER_POOL_FILE: &str = "user-pool.sqlite";

/// The name prefix of temporary folders.
const SCRATCH_PREFIX: &str = "cruddur-";
/// The file in such a folder that is locked while the folder is in use.
const LOCK: &str = "lock";

/// A temporary folder that is removed with this value, or by the next run if this one is killed.
pub(super) struct Scratch {
    folder: PathBuf,
    /// The kernel releases it however the process ends.
    _lock: File,
}

impl Scratch {
    /// A new, empty folder.
    pub(super) fn new() -> Result<Self> {
        let what = || "cannot create a temporary folder".to_owned();
        let folder = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir().or_failed(what)?;
        paths::close(folder.path())?;
        private::check_folder(folder.path())?;
        // Locked before it gets its name, so that nobody takes the folder for an abandoned one.
        let unnamed = folder.path().join("lock.new");
        let lock = private::open(&unnamed, OpenOptions::new().write(true).create_new(true))?;
        lock.lock().and_then(|()| fs::rename(&unnamed, folder.path().join(LOCK))).or_failed(what)?;
        Ok(Self { folder: folder.keep(), _lock: lock })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// The folders of this user's killed runs, each with its lock taken.
    pub(super) fn abandoned() -> Vec<(PathBuf, File)> {
        let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return Vec::new() };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|folder| Self::is_ours(folder))
            .filter_map(|folder| {
                let lock = private::open(&folder.join(LOCK), OpenOptions::new().read(true).write(true));
                lock.ok().map(|lock| (folder, lock))
            })
            .filter(|(_, lock)| lock.try_lock().is_ok())
            .collect()
    }

    /// Whether `folder` is a temporary folder of this user.
    pub(super) fn is_ours(folder: &Path) -> bool {
        let me = nix::unistd::geteuid().as_raw();
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH_PREFIX))
            && fs::symlink_metadata(folder)
                .is_ok_and(|found| found.is_dir() && found.uid() == me && found.mode() & 0o022 == 0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Removes a folder. Retries, because a server that is ending may still write into it.
pub(super) fn remove(folder: &Path) {
    for _ in 0..50 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Removes what is in `folder` under a name that begins with `prefix`: a killed run did not finish it.
pub(super) fn remove_unfinished(folder: &Path, prefix: &str) -> Result<()> {
    let entries = fs::read_dir(folder).or_failed(|| format!("cannot read {}", folder.display()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            remove(&entry.path());
        }
    }
    Ok(())
}

/// Where programs find the services of a stack.
pub(super) struct Addresses {
    pub(super) dynamodb: String,
    pub(super) cognito: String,
    pub(super) postgres: ConnectionUrl,
}

/// Writes a file as JSON, whole or not at all.
pub(super) fn save(value: &impl Serialize, path: &Path) -> Result<()> {
    let what = || format!("cannot write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path)).or_failed(what)?;
    serde_json::to_writer_pretty(&mut file, value).or_failed(what)?;
    file.persist(path).or_failed(what)?;
    Ok(())
}

/// A stack, as `status` shows it and as it is stored while it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The process that serves it, if any.
    pub pid: Option<i32>,
    /// Whether its data is deleted when it stops.
    pub ephemeral: bool,
    /// Where its data is.
    pub data_dir: PathBuf,
    /// The version of the PostgreSQL that this stack runs.
    pub postgres_version: Option<String>,
    /// Who may use its DynamoDB and its user pool, besides programs on this machine.
    #[serde(default)]
    pub access: Access,
    /// DynamoDB, PostgreSQL and Cognito, in this order.
    pub services: Vec<Service>,
    /// The ports that were changed when it started, because two stacks would have had them.
    #[serde(default)]
    pub moved: Vec<Moved>,
}

/// A service that has another port than its settings name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    /// The stack that it belongs to, in words; `None` for the one of the report.
    pub stack: Option<String>,
    /// The port that the settings name.
    pub asked: u16,
    /// The port that it has.
    pub port: u16,
    /// The stack that has the other port, in words; `None` for the one of the report.
    pub owner: Option<String>,
}

/// One service of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Service {
    /// Which one.
    pub service: StackService,
    /// Who runs it, if anybody.
    pub state: ServiceState,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Where to reach it, without a password.
    pub address: String,
}

/// Who runs a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// Run by this stack.
    Running,
    /// Run by another program; `down` leaves it alone.
    External,
    /// Left running by a stack that was killed. The next `up` or `down` stops it.
    Leftover,
    /// Not running.
    Stopped,
}

impl ServiceState {
    /// Its name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::External => "external",
            Self::Leftover => "leftover",
            Self::Stopped => "stopped",
        }
    }
}

impl Report {
    pub(super) fn new(data_dir: &Path, ephemeral: bool, access: Access, services: Vec<Service>) -> Self {
        Self {
            pid: None,
            ephemeral,
            data_dir: data_dir.to_owned(),
            postgres_version: None,
            access,
            services,
            moved: Vec::new(),
        }
    }

    /// Whether this stack ran the service itself, on the same port.
    pub(super) fn ran(&self, service: &Service) -> bool {
        self.services.iter().any(|mine| {
            mine.state == ServiceState::Running
                && mine.service == service.service
                && mine.port == service.port
        })
    }

    fn file(data_dir: &Path) -> PathBuf {
        data_dir.join(STARTED)
    }

    /// The report of the process `holder`, which holds the lock on `data_dir`; `None` while it is
    /// still starting.
    pub(super) fn of_holder(data_dir: &Path, holder: i32) -> Option<Self> {
        Self::load(data_dir).filter(|report| report.pid == Some(holder))
    }

    /// The report of the last stack on `data_dir`.
    pub(super) fn load(data_dir: &Path) -> Option<Self> {
        let mut text = String::new();
        let mut file = private::open(&Self::file(data_dir), OpenOptions::new().read(true)).ok()?;
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Stores the report for `status` and `down`.
    pub(super) fn save(&self, data_dir: &Path) -> Result<()> {
        save(self, &Self::file(data_dir))
    }

    /// Removes the report of a stopped stack.
    pub(super) fn forget(data_dir: &Path) {
        let _ = fs::remove_file(Self::file(data_dir));
    }
}
