//! How processes agree on who serves a directory, and who stops it.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::private;
use crate::error::{Context as _, Error, Result};

/// The lock file, which stays empty.
const NAME: &str = "lock";

/// Why the data cannot be used now.
pub(super) const COPYING: &str = "another cruddur is copying the stack's data";

/// A directory's lock, in three parts, each held by at most one process. The kernel releases it
/// however the process ends, and knows which process holds it. Nothing on disk can say that
/// reliably.
///
/// A process loses all its locks when it closes the file anywhere, so each process opens it once.
pub(super) struct Lock {
    file: File,
}

/// The parts of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Serving, or cleaning up after a process that served.
    Stack = 0,
    /// Stopping the process that serves. Nobody starts meanwhile.
    Down = 1,
    /// Copying the data of a stack that does not run, beside [`Self::Stack`]: is waited for, and not stopped.
    Copy = 2,
}

impl Lock {
    /// Opens the lock of `folder` without taking it.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        Ok(Self { file: private::open(&folder.join(NAME), options)? })
    }

    /// Takes a part. Returns false when another process holds it.
    pub(super) fn take(&self, part: Part) -> Result<bool> {
        match fcntl(&self.file, FcntlArg::F_SETLK(&exclusive(part))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(cause) => Err(Error::failed(what()).because(cause)),
        }
    }

    /// The other process that holds a part, if any.
    pub(super) fn holder(&self, part: Part) -> Result<Option<i32>> {
        let mut lock = exclusive(part);
        fcntl(&self.file, FcntlArg::F_GETLK(&mut lock)).or_failed(what)?;
        match i32::from(lock.l_type) {
            libc::F_UNLCK => Ok(None),
            // Only a stack takes a write lock, and a lock from another machine has no process id.
            libc::F_WRLCK if lock.l_pid > 1 => Ok(Some(lock.l_pid)),
            _ => Err(Error::failed("a process that is not a stack on this machine holds its lock")),
        }
    }
}

/// The process that serves the stack on `data_dir`, or is starting it.
pub(super) fn holder(data_dir: &Path) -> Result<Option<i32>> {
    if !data_dir.exists() {
        return Ok(None);
    }
    private::check_folder(data_dir)?;
    Lock::open(data_dir)?.holder(Part::Stack)
}

fn what() -> String {
    "cannot lock the data directory".to_owned()
}

#[allow(clippy::cast_possible_truncation, reason = "small constants, of another type on each system")]
fn exclusive(part: Part) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: part as libc::off_t,
        l_len: 1,
        l_pid: 0,
    }
}
