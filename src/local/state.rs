//! What a running stack leaves on the disk about itself.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::paths;
use crate::error::{Context as _, Error, Result};

/// The services' names in a report.
pub(super) const DYNAMODB: &str = "dynamodb";
pub(super) const POSTGRESQL: &str = "postgresql";

/// Begins the names of temporary folders.
const SCRATCH_PREFIX: &str = "cruddur-";

/// Held for as long as a stack runs; the kernel lets go of it however the
/// process ends. The file says which process.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock; `None` when a running stack holds it.
    pub(super) fn take(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join("lock");
        let what = || format!("cannot lock {}", path.display());
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).or_failed(what)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(Error::failed(what()).because(cause)),
        }
        file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).or_failed(what)?;
        Ok(Some(Self { file }))
    }

    /// The process that holds the lock.
    pub(super) fn holder(folder: &Path) -> Option<i32> {
        fs::read_to_string(folder.join("lock")).ok()?.trim().parse().ok()
    }

    fn new_unlinked(folder: &Path) -> Result<Self> {
        // Locked before it has its name: nobody takes it for an abandoned one.
        let what = || format!("cannot lock {}", folder.display());
        let unnamed = folder.join("lock.new");
        let file = File::create(&unnamed).or_failed(what)?;
        file.lock().or_failed(what)?;
        fs::rename(&unnamed, folder.join("lock")).or_failed(what)?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file lets go of it in any case.
        let _ = self.file.unlock();
    }
}

/// A temporary folder that goes with this value, and with the next run if this
/// one is killed.
pub(super) struct Scratch {
    folder: PathBuf,
    _lock: Lock,
}

impl Scratch {
    /// A new, empty folder.
    pub(super) fn new() -> Result<Self> {
        let what = || "cannot create a temporary folder".to_owned();
        let folder = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir().or_failed(what)?;
        paths::open_passage(folder.path())?;
        let lock = Lock::new_unlinked(folder.path())?;
        Ok(Self { folder: folder.keep(), _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// The folders of killed runs of this user.
    pub(super) fn abandoned() -> Vec<PathBuf> {
        let me = nix::unistd::geteuid().as_raw();
        let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return Vec::new() };
        entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(SCRATCH_PREFIX))
            .filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == me))
            .map(|entry| entry.path())
            .filter(|folder| {
                let lock = OpenOptions::new().read(true).write(true).open(folder.join("lock"));
                lock.is_ok_and(|file| file.try_lock().is_ok())
            })
            .collect()
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

    /// What the stack that holds the lock on `data_dir` has said about itself;
    /// `None` while it is still coming up.
    pub(super) fn of_holder(data_dir: &Path) -> Option<Self> {
        Self::load(data_dir).filter(|report| report.pid.is_some() && report.pid == Lock::holder(data_dir))
    }

    /// What the last stack on `data_dir` has said about itself.
    pub(super) fn load(data_dir: &Path) -> Option<Self> {
        let mut text = String::new();
        File::open(Self::file(data_dir)).ok()?.read_to_string(&mut text).ok()?;
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
