//! What a stack leaves on the disk.

use std::fs;
use std::path::Path;

/// Removes a folder. A server that is just ending may still write into it.
pub(super) fn remove(folder: &Path) {
    for _ in 0..50 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
