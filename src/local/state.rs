//! What a running stack leaves on the disk.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::paths;
use crate::error::{Context as _, Result};

/// Begins the names of temporary folders.
const SCRATCH_PREFIX: &str = "cruddur-";

/// Held for as long as a stack runs; the kernel lets go of it however the
/// process ends.
pub(super) struct Lock {
    file: File,
}

impl Lock {
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
