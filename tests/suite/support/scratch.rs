//! Folders for tests: in memory where the machine has such a place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;

/// Linux's file system in memory. A database is some 300 files, and nothing of them is to survive.
const IN_MEMORY: &str = "/dev/shm";

/// The room to ask for, in bytes: a cluster takes 40 MB, a database 8. Containers often have 64 MiB.
const ROOM: u64 = 2 << 30;

/// A folder that is gone when dropped.
pub fn scratch() -> TempDir {
    tempfile::tempdir_in(scratch_root()).unwrap()
}

/// The folder for all of this process. What is in a static is never dropped, so it stays when the tests
/// end, until the next run sees that its process is gone.
pub fn scratch_root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let parent = if has_room(IN_MEMORY) { IN_MEMORY.into() } else { std::env::temp_dir() };
        remove_left_over(&parent);
        let root = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&root).unwrap();
        // PostgreSQL's account, if the tests run as root, goes through.
        fs::set_permissions(&root, Permissions::from_mode(0o711)).unwrap();
        root
    })
}

/// What the name of such a folder begins with, before the number of its process.
const PREFIX: &str = "cruddur-tests-";

fn remove_left_over(parent: &Path) {
    for entry in fs::read_dir(parent).unwrap().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        if pid.is_some_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)) {
            // Another run may be removing it too, or it may be another user's.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
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
