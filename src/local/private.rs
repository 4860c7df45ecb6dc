//! Files and directories of this user alone. Root runs the stack too, and a link in a directory
//! that others may write could lead root anywhere.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::error::{Context as _, Error, Hint, Result};

const OTHERS_WRITE: u32 = 0o002;
const NOT_OWNER_WRITES: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Opens a file of our own, with no access for others. Follows no link.
///
/// # Errors
/// It is not a regular file, belongs to somebody else, or others may write it.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    let what = || format!("cannot open {}", path.display());
    // Opening a pipe would block until its other end is open.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match options.mode(0o600).custom_flags(flags.bits()).open(path) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(not_ours(path, "is a symbolic link"));
        }
        opened => opened.or_failed(what)?,
    };
    let metadata = file.metadata().or_failed(what)?;
    if !metadata.is_file() || metadata.nlink() > 1 {
        return Err(not_ours(path, "is not a regular file, or has other links"));
    }
    check_owner(path, &metadata, OTHERS_WRITE)?;
    if metadata.mode() & 0o177 != 0 {
        file.set_permissions(Permissions::from_mode(0o600)).or_failed(what)?;
    }
    Ok(file)
}

/// Creates a file of our own that is not there yet.
pub(super) fn create(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Creates the file of an SQLite database if it does not exist, and closes it and SQLite's files
/// beside it to others. SQLite gives those the permissions of the first.
pub(super) fn prepare_sqlite(file: &Path) -> Result<()> {
    open(file, OpenOptions::new().read(true).append(true).create(true))?;
    for ending in ["-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(ending);
        tighten(Path::new(&beside))?;
    }
    Ok(())
}

/// Removes the access of others to a file, if it exists. Whoever closes the database may remove it meanwhile.
fn tighten(path: &Path) -> Result<()> {
    match open(path, OpenOptions::new().read(true)) {
        Err(_) if fs::symlink_metadata(path).is_err() => Ok(()),
        opened => opened.map(drop),
    }
}

/// Creates `folder` and its parents, with no access for others. If it exists, checks that it is ours.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    let what = || format!("cannot create {}", folder.display());
    // Root's PostgreSQL runs as another account, which must reach its own folder inside.
    let passage = if geteuid().is_root() { 0o711 } else { 0o700 };
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(passage);
    folder.parent().map_or(Ok(()), |parent| builder.create(parent)).or_failed(what)?;
    builder.mode(0o700).create(folder).or_failed(what)?;
    check_folder(folder)
}

/// Checks that a folder is ours, and that nobody else may write or replace it.
pub(super) fn check_folder(folder: &Path) -> Result<()> {
    let what = |path: &Path| format!("cannot access {}", path.display());
    let metadata = fs::symlink_metadata(folder).or_failed(|| what(folder))?;
    if metadata.is_symlink() {
        return Err(not_ours(folder, "is a symbolic link"));
    }
    if !metadata.is_dir() {
        return Err(not_ours(folder, "is not a folder"));
    }
    check_owner(folder, &metadata, NOT_OWNER_WRITES)?;
    let real = folder.canonicalize().or_failed(|| what(folder))?;
    for parent in folder.ancestors().skip(1).chain(real.ancestors().skip(1)) {
        let metadata = fs::symlink_metadata(parent).or_failed(|| what(parent))?;
        check_parent(parent, &metadata)?;
    }
    Ok(())
}

fn check_owner(path: &Path, metadata: &Metadata, forbidden: u32) -> Result<()> {
    if metadata.uid() != geteuid().as_raw() {
        return Err(not_ours(path, &format!("belongs to another user (uid {})", metadata.uid())));
    }
    if metadata.mode() & forbidden != 0 {
        return Err(Error::config(format!("{} can be written by other users", path.display()))
            .hint(Hint::Run(format!("chmod go-w {}", path.display()))));
    }
    Ok(())
}

/// Checks a parent directory: whoever may write it can replace what is in it, unless it is sticky
/// like `/tmp`. A link is as safe as the directory that holds it.
fn check_parent(parent: &Path, metadata: &Metadata) -> Result<()> {
    // In a container, `/` may belong to an unknown user.
    let machine = fs::symlink_metadata("/").map_or(0, |root| root.uid());
    if ![0, machine, geteuid().as_raw()].contains(&metadata.uid()) {
        return Err(not_ours(parent, &format!("belongs to another user (uid {})", metadata.uid())));
    }
    let open = metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0;
    if open && !metadata.is_symlink() {
        return Err(not_ours(parent, "can be written by other users"));
    }
    Ok(())
}

fn not_ours(path: &Path, why: &str) -> Error {
    Error::config(format!("{} {why}", path.display()))
        .hint("the local stack needs its own folder: choose another data directory")
}
