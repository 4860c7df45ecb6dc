//! What a running stack leaves on the disk about itself.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::{paths, private};
use crate::error::{Context as _, Result};

/// The services' names in a report.
pub(super) const DYNAMODB: &str = "dynamodb";
pub(super) const POSTGRESQL: &str = "postgresql";

/// Begins the names of temporary folders.
const SCRATCH_PREFIX: &str = "cruddur-";
/// Held in such a folder for as long as it is in use.
const LOCK: &str = "lock";

/// A temporary folder that goes with this value, and with the next run if this
/// one is killed.
pub(super) struct Scratch {
    folder: PathBuf,
    /// The kernel lets go of it however the process ends.
    _lock: File,
}

impl Scratch {
    /// A new, empty folder.
    pub(super) fn new() -> Result<Self> {
        let what = || "cannot create a temporary folder".to_owned();
        let folder = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir().or_failed(what)?;
        paths::close(folder.path())?;
        private::check_folder(folder.path())?;
        // Locked before it has its name: nobody takes it for an abandoned one.
        let unnamed = folder.path().join("lock.new");
        let lock = private::open(&unnamed, OpenOptions::new().write(true).create_new(true))?;
        lock.lock().and_then(|()| fs::rename(&unnamed, folder.path().join(LOCK))).or_failed(what)?;
        Ok(Self { folder: folder.keep(), _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// The folders of killed runs of this user, each with its lock, taken.
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

    /// Whether it is such a folder, and this user's.
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

/// Removes a folder. A server that is just ending may still write into it.
pub(super) fn remove(folder: &Path) {
    for _ in 0..50 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// A stack, as `status` shows it and as it is kept while it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The process that serves it, if any.
    pub pid: Option<i32>,
    /// Whether its data goes when it does.
    pub ephemeral: bool,
    /// Where its data is.
    pub data_dir: PathBuf,
    /// The version of the PostgreSQL that this stack runs.
    pub postgres_version: Option<String>,
    /// Who may use its DynamoDB, besides programs on this machine.
    #[serde(default)]
    pub access: Access,
    /// DynamoDB and PostgreSQL, in this order.
    pub services: Vec<Service>,
}

/// One service of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Service {
    /// `dynamodb` or `postgresql`.
    pub service: String,
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
    /// This stack.
    Running,
    /// Somebody else; `down` leaves it alone.
    External,
    /// Nobody any more: a stack that was killed has left it running. The next
    /// `up` or `down` stops it.
    Leftover,
    /// Nobody.
    Stopped,
}

impl ServiceState {
    /// The word for it.
    #[must_use]
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
        Self { pid: None, ephemeral, data_dir: data_dir.to_owned(), postgres_version: None, access, services }
    }

    /// Whether this stack ran such a service itself, on the same port.
    pub(super) fn ran(&self, service: &Service) -> bool {
        self.services.iter().any(|mine| {
            mine.state == ServiceState::Running
                && mine.service == service.service
                && mine.port == service.port
        })
    }

    fn file(data_dir: &Path) -> PathBuf {
        data_dir.join("stack.json")
    }

    /// What the process `holder`, which holds the lock on `data_dir`, has said about
    /// itself; `None` while it is still coming up.
    pub(super) fn of_holder(data_dir: &Path, holder: i32) -> Option<Self> {
        Self::load(data_dir).filter(|report| report.pid == Some(holder))
    }

    /// What the last stack on `data_dir` has said about itself.
    pub(super) fn load(data_dir: &Path) -> Option<Self> {
        let mut text = String::new();
        let mut file = private::open(&Self::file(data_dir), OpenOptions::new().read(true)).ok()?;
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Leaves it for `status` and `down`.
    pub(super) fn save(&self, data_dir: &Path) -> Result<()> {
        let what = || format!("cannot write {}", Self::file(data_dir).display());
        let mut file = tempfile::NamedTempFile::new_in(data_dir).or_failed(what)?;
        serde_json::to_writer_pretty(&mut file, self).or_failed(what)?;
        file.rewind().or_failed(what)?;
        file.persist(Self::file(data_dir)).or_failed(what)?;
        Ok(())
    }

    /// The stack is down.
    pub(super) fn forget(data_dir: &Path) {
        let _ = fs::remove_file(Self::file(data_dir));
    }
}
