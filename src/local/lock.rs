//! How processes agree on who serves a folder, and who stops that.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::private;
use crate::error::{Context as _, Error, Result};

/// The file that is locked; nothing is in it.
const NAME: &str = "lock";

/// A folder's lock, in two parts, each held by one process at most. The kernel lets go of
/// it however the process ends, and knows which process it is: nothing else that is
/// written down says so for sure.
///
/// All locks of a process go when it closes the file anywhere, so each process opens it
/// once.
pub(super) struct Lock {
    file: File,
}

/// What a lock is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Serving, or clearing up what somebody who served has left.
    Stack = 0,
    /// Stopping whoever serves. Nobody starts meanwhile.
    Down = 1,
}

impl Lock {
    /// The lock of `folder`, not taken yet.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        Ok(Self { file: private::open(&folder.join(NAME), options)? })
    }

    /// Takes a part; false when another process holds it.
    pub(super) fn take(&self, part: Part) -> Result<bool> {
        match fcntl(&self.file, FcntlArg::F_SETLK(&exclusive(part))) {
            Ok(_) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(cause) => Err(Error::failed(what()).because(cause)),
        }
    }

    /// The other process that holds a part.
    pub(super) fn holder(&self, part: Part) -> Result<Option<i32>> {
        let mut lock = exclusive(part);
        fcntl(&self.file, FcntlArg::F_GETLK(&mut lock)).or_failed(what)?;
        match i32::from(lock.l_type) {
            libc::F_UNLCK => Ok(None),
            // Only a stack takes it for writing; and what is on another machine has no number.
            libc::F_WRLCK if lock.l_pid > 1 => Ok(Some(lock.l_pid)),
            _ => Err(Error::failed("a process that is no stack of this machine holds its lock")),
        }
    }
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
