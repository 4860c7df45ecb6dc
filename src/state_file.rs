//! A small file in which a run keeps how far it is, for the run that goes on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Result};

/// A file that this process alone uses, be it there or not.
pub struct StateFile {
    path: PathBuf,
    _lock: Option<Lock>,
}

/// Beside the file, which is a new one each time it is written. The kernel lets go of the lock
/// however the process ends.
struct Lock {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Keeps others from it; `None` when another process has done so. Its folder is there.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let file = Self::peek(path)?;
        let lock = Lock::take(&file.path).or_failed(|| format!("cannot use {}", path.display()))?;
        Ok(lock.map(|lock| Self { _lock: Some(lock), ..file }))
    }

    /// The same, and its folder is created.
    pub fn open_in_state(path: &Path) -> Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            create(folder).or_failed(|| format!("cannot create {}", folder.display()))?;
        }
        Self::open(path)
    }

    /// To be read, by a dry run: nothing is locked or created.
    pub fn peek(path: &Path) -> Result<Self> {
        let what = || format!("cannot use {}", path.display());
        let path = std::path::absolute(path).or_failed(what)?;
        if path.is_dir() {
            return Err(Error::failed(format!("{}: it is a folder", what())));
        }
        Ok(Self { path, _lock: None })
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

impl Lock {
    /// `None` when another process has it.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        let path = beside(path, ".lock");
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                // Whoever had it may have removed the file that we had open by then.
                Ok(()) if is_at(&file, &path)? => return Ok(Some(Self { path, file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(cause)) => return Err(cause),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked: it is nobody else's.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Whether `path` still names `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let file = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((file.dev(), file.ino()) == (named.dev(), named.ino())),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// An open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// What the file holds, which another process may be writing; `None` when it is not there.
pub fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::failed(format!("cannot read {}", path.display())).because(cause)),
    }
}

/// Creates `folder` and those around it that are missing; they survive a power cut.
fn create(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return fs::create_dir_all(folder);
    };
    create(parent)?;
    fs::create_dir_all(folder)?;
    File::open(parent)?.sync_all()
}

/// Where a folder is, or would be, under `state` for each of `parts`, one in the other.
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
