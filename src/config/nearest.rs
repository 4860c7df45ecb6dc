//! Finds files in the working directory or the nearest directory above it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Kind, Result};

/// The nearest file `name` for which `is_there` holds, from the working directory up to the root.
pub(super) fn nearest(name: &str, is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(name)).find(|file| is_there(file))
}

/// The nearest file `name`, a relative path such as `db/schema.sql`. The result is relative to the
/// working directory.
///
/// # Errors
/// [`Kind::Refused`] for a file that other users control: its contents will be run.
pub fn project_file(name: &str) -> Result<Option<PathBuf>> {
    // An unreachable file must fail when it is read, and not be skipped.
    let is_there = |path: &Path| match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    };
    let Some(path) = nearest(name, is_there) else { return Ok(None) };
    let shown = relative(&path, name);
    match controlled_by_others(&path) {
        None => Ok(Some(shown)),
        Some(why) => Err(Error::new(
            Kind::Refused,
            format!("{} is not trusted: {why}; nothing was done", shown.display()),
        )
        .hint("if you trust it, name it on the command line; for the built-in one add: --built-in")),
    }
}

/// The nearest folder `name` that has the file `program`, with all links resolved. Its programs will be run.
///
/// # Errors
/// [`Kind::Refused`] if other users control it, a folder above it, or anything in it.
pub fn project_programs(name: &str, program: &str) -> Result<Option<PathBuf>> {
    let Some(folder) = nearest(name, |folder| folder.join(program).is_file()) else { return Ok(None) };
    let real = folder.canonicalize().or_failed(|| format!("cannot access {}", folder.display()))?;
    match real.ancestors().find_map(untrusted).or_else(|| untrusted_below(&real)) {
        None => Ok(Some(real)),
        Some(why) => Err(Error::new(Kind::Refused, format!("{why}; none of the programs there is run"))),
    }
}

/// Why a path is not trusted, with its name.
fn untrusted(path: &Path) -> Option<String> {
    Some(format!("{} is not trusted: {}", path.display(), controlled_by_others(path)?))
}

/// The same for everything in `folder`.
fn untrusted_below(folder: &Path) -> Option<String> {
    let Ok(entries) = folder.read_dir() else { return Some(format!("{} cannot be read", folder.display())) };
    entries.flatten().find_map(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        untrusted(&entry.path()).or_else(|| if is_folder { untrusted_below(&entry.path()) } else { None })
    })
}

/// The path relative to the working directory: `db/schema.sql`, `../db/schema.sql` and so on.
fn relative(path: &Path, name: &str) -> PathBuf {
    let above = |here: PathBuf| here.ancestors().position(|folder| folder.join(name) == path);
    let above = std::env::current_dir().ok().and_then(above).unwrap_or_default();
    std::iter::repeat_n("..", above).chain([name]).collect()
}

/// How another user may control `path`, if one may. Trusts the members of a group: the owner chose
/// to let them write the file.
#[cfg(unix)]
pub(super) fn controlled_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let me = rustix::process::geteuid().as_raw();
    for place in [Some(path), path.parent()].into_iter().flatten() {
        let what = if place == path { "it".to_owned() } else { format!("its folder {}", place.display()) };
        // For a link, check both ends.
        let both = [place.symlink_metadata(), place.metadata()];
        for metadata in both.into_iter().flatten() {
            let owner = metadata.uid();
            if owner != me && owner != 0 {
                return Some(format!("{what} belongs to another user (uid {owner})"));
            }
            let is_sticky = metadata.mode() & 0o1000 != 0;
            if metadata.mode() & 0o002 != 0 && !metadata.is_symlink() && !(metadata.is_dir() && is_sticky) {
                return Some(format!("any user can write {what}"));
            }
        }
    }
    None
}

#[cfg(not(unix))]
pub(super) const fn controlled_by_others(_: &Path) -> Option<String> {
    None
}
