//! A small file in which a run stores its progress, for a later run to resume.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Context as _, Error, Result};

/// A file that only this process uses, whether it exists or not.
pub struct StateFile {
    path: PathBuf,
    _lock: Option<Lock>,
}

/// A lock next to the file, because the file itself is replaced at each write. The kernel releases
/// it however the process ends.
struct Lock {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Locks the file; `None` when another process holds it. Its folder must exist.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let file = Self::peek(path)?;
        let lock = Lock::take(&file.path).or_failed(|| format!("cannot use {}", path.display()))?;
        Ok(lock.map(|lock| Self { _lock: Some(lock), ..file }))
    }

    /// Locks the file, and creates its folder.
    pub fn open_in_state(path: &Path) -> Result<Option<Self>> {
        if let Some(folder) = path.parent() {
            create(folder).or_failed(|| format!("cannot create {}", folder.display()))?;
        }
        Self::open(path)
    }

    /// Opens the file for a dry run to read: locks and creates nothing.
    pub fn peek(path: &Path) -> Result<Self> {
        let what = || format!("cannot use {}", path.display());
        let path = std::path::absolute(path).or_failed(what)?;
        if path.is_dir() {
            return Err(Error::failed(format!("{}: it is a folder", what())));
        }
        Ok(Self { path, _lock: None })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its contents; `None` when it does not exist.
    pub fn read(&self) -> Result<Option<String>> {
        read(&self.path)
    }

    /// The JSON in it, which is `what`; `None` when it does not exist.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn load<T: DeserializeOwned>(&self, what: &str) -> Result<Option<T>> {
        let Some(text) = self.read()? else { return Ok(None) };
        let path = self.path.display();
        serde_json::from_str(&text).map(Some).map_err(|cause| {
            Error::failed(format!("{path}:{}: not a valid {what}", cause.line()))
                .because(cause)
                .hint(format!("to start over, delete it: rm {path}"))
        })
    }

    /// Writes `content` as JSON, atomically.
    pub fn save<T: Serialize>(&self, content: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(content)
            .or_failed(|| format!("cannot write {} as JSON", self.path.display()))?;
        self.write(&(text + "\n"))
    }

    /// Writes `text` atomically: after a crash or a power failure, the file holds either this text
    /// or the previous one.
    pub fn write(&self, text: &str) -> Result<()> {
        replace(&self.path, text).or_failed(|| format!("cannot write {}", self.path.display()))
    }

    /// Removes the file, if it exists.
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
    /// Takes the lock; `None` when another process holds it.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        let path = beside(path, ".lock");
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                // The previous holder may have removed the lock file after we opened it.
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
        // Removed while locked, so it is nobody else's.
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

/// Always true: an open file cannot be removed here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The contents of a file that another process may be writing; `None` when it does not exist.
pub fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::failed(format!("cannot read {}", path.display())).because(cause)),
    }
}

/// Creates `folder` and its missing parents, so that they survive a power failure.
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

/// The path of the nested folders `parts` under `state`, whether or not they exist.
pub fn place<'a>(state: &Path, parts: impl IntoIterator<Item = &'a str>) -> PathBuf {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = |text: &str| -> String {
        let text: String = text.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        if text.chars().all(|c| c == '.') { "-".repeat(text.len().max(1)) } else { text }
    };
    parts.into_iter().fold(state.to_owned(), |folder, part| folder.join(plain(part)))
}

/// Replaces the contents of `path` with `text`, atomically.
///
/// # Errors
/// The file cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    rename(&new, path)
}

/// Renames a file that is already on disk, so that the new name survives a power failure.
///
/// # Errors
/// The file cannot be renamed.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path of a companion file: `path` with `ending` appended.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
