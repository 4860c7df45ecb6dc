//! Files in the hands of others.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

/// Gives `file`, which is in `folder`, into the hands of others in each way there is; `refused` is
/// called in each, with why it is not to be trusted. It stays in their hands.
pub fn in_others_hands(folder: &Path, file: &Path, refused: impl Fn(&str)) {
    let allow = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    allow(file, 0o666);
    refused("any user can write it");
    allow(file, 0o664);
    allow(folder, 0o777);
    refused("any user can write its folder");
    allow(folder, 0o755);
    // Only root can make a file somebody else's.
    if chown(file, Some(65_534), None).is_ok() {
        refused("it belongs to another user (uid 65534)");
        chown(file, Some(0), None).unwrap();
        chown(folder, Some(65_534), None).unwrap();
        let folder = folder.canonicalize().unwrap();
        refused(&format!("its folder {} belongs to another user (uid 65534)", folder.display()));
    } else {
        allow(file, 0o666);
    }
}
