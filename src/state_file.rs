//! A small file in which a run keeps how far it is, for the run that goes on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Result};

/// A file that this process alone uses, be it there or not.
pub struct StateFile {
    path: PathBuf,
    /// Beside the file, which is a new one each time. The kernel lets go of the
    /// lock however the process ends.
    _lock: File,
}

impl StateFile {
    /// Keeps others from it; `None` when another process has done so.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let what = || format!("cannot use {}", path.display());
        let path = std::path::absolute(path).or_failed(what)?;
        if path.is_dir() {
            return Err(Error::failed(format!("{}: it is a folder", what())));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.open(beside(&path, ".lock")).or_failed(what)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(Error::failed(what()).because(cause)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds; `None` when it is not there.
    pub fn read(&self) -> Result<Option<String>> {
        read(&self.path)
    }

    /// Writes `text`. After a crash, or a power cut, the file holds this text or the former one,
    /// whole.
    pub fn write(&self, text: &str) -> Result<()> {
        replace(&self.path, text).or_failed(|| format!("cannot write {}", self.path.display()))
    }

    /// Removes it, if it is there.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                Err(Error::failed(format!("cannot remove {}", self.path.display())).because(cause))
            }
            _ => Ok(()),
        }
    }
}

/// What the file holds, which another process may be writing; `None` when it is not there.
pub fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::failed(format!("cannot read {}", path.display())).because(cause)),
    }
}

/// A folder under `state` for each of `parts`, one in the other; created.
pub fn folder<'a>(state: &Path, parts: impl IntoIterator<Item = &'a str>) -> Result<PathBuf> {
    let folder = place(state, parts);
    fs::create_dir_all(&folder).or_failed(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Where [`folder`] is, or would be.
pub fn place<'a>(state: &Path, parts: impl IntoIterator<Item = &'a str>) -> PathBuf {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = |text: &str| -> String {
        let text: String = text.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        if text.chars().all(|c| c == '.') { "-".repeat(text.len().max(1)) } else { text }
    };
    parts.into_iter().fold(state.to_owned(), |folder, part| folder.join(plain(part)))
}

/// Writes `text` in the place of what `path` holds, whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    rename(&new, path)
}

/// Gives a file that is on the disk another name, which, too, survives a power cut.
///
/// # Errors
/// It cannot be renamed.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The name of something that belongs to `path`.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
