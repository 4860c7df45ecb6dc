//! Folders for tests: in memory where the machine has such a place.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Linux's file system in memory. A database is some 300 files, and nothing of them is to survive.
const IN_MEMORY: &str = "/dev/shm";

/// The room to ask for, in bytes: a cluster takes 40 MB, a database 8. Containers often have 64 MiB.
const ROOM: u64 = 2 << 30;

/// A folder that is gone when dropped.
pub fn scratch() -> TempDir {
    tempfile::tempdir_in(scratch_root()).unwrap()
}

/// Where the folders for tests are.
pub fn scratch_root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| if has_room(IN_MEMORY) { IN_MEMORY.into() } else { std::env::temp_dir() })
}

/// Whether there is room, and programs may run there.
#[cfg(target_os = "linux")]
fn has_room(folder: &str) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    statvfs(folder).is_ok_and(|found| {
        let free = found.blocks_available() * found.fragment_size();
        free >= ROOM && !found.flags().contains(FsFlags::ST_NOEXEC)
    })
}

#[cfg(not(target_os = "linux"))]
fn has_room(_: &str) -> bool {
    false
}
