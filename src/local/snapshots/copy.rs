//! Copies of a cluster's files. On Linux they share their blocks with the original where the file system
//! can do that (btrfs, XFS).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _, copy};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, lchown};
use std::path::Path;

use nix::fcntl::OFlag;

use crate::error::{Context as _, Error, Result};
use crate::local::paths::Account;
use crate::local::private;

/// Copies the folder `from` to `to`, which must not exist, with owners and modes; returns the bytes of
/// its files. Leaves out those for which `skips` is true, given their path below `from`, and those that
/// disappear meanwhile.
pub(super) fn tree(from: &Path, to: &Path, skips: &dyn Fn(&Path) -> bool) -> Result<u64> {
    let copying = Copying { root: from, owner: Account::for_postgres()?, skips };
    copying.folder(from, to)
}

/// Copies those files of one folder of a cluster to another for which `takes` is true, given their names.
pub(super) fn files(from: &Path, to: &Path, takes: &dyn Fn(&Path) -> bool) -> Result<u64> {
    let copying = Copying { root: from, owner: Account::for_postgres()?, skips: &|_| false };
    let what = || format!("cannot read {}", from.display());
    let mut bytes = 0;
    for entry in fs::read_dir(from).or_failed(what)? {
        let name = entry.or_failed(what)?.file_name();
        if takes(Path::new(&name)) {
            bytes += copying.file(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(bytes)
}

/// Creates a file in a cluster.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let what = || format!("cannot write {}", path.display());
    let mut file = private::create(path)?;
    file.write_all(text.as_bytes()).or_failed(what)?;
    Account::for_postgres()?.map_or(Ok(()), |account| account.own_file(&file))
}

struct Copying<'a> {
    root: &'a Path,
    /// PostgreSQL's account, where that is not ours.
    owner: Option<Account>,
    skips: &'a dyn Fn(&Path) -> bool,
}

impl Copying<'_> {
    fn folder(&self, from: &Path, to: &Path) -> Result<u64> {
        let what = || format!("cannot copy {}", from.display());
        // Ours until it is complete, so that nobody else can change what is in it.
        DirBuilder::new().mode(0o700).create(to).or_failed(what)?;
        let mut bytes = 0;
        for entry in fs::read_dir(from).or_failed(what)? {
            let path = entry.or_failed(what)?.path();
            let below = path.strip_prefix(self.root).unwrap_or(&path);
            if (self.skips)(below) {
                continue;
            }
            let target = to.join(path.file_name().unwrap_or_default());
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            bytes +=
                if metadata.is_dir() { self.folder(&path, &target)? } else { self.file(&path, &target)? };
        }
        if let Some(account) = self.owner {
            lchown(to, Some(account.uid), Some(account.gid)).or_failed(what)?;
        }
        Ok(bytes)
    }

    /// For root this is a file of another account, which could put a link in its place. So what counts is
    /// whose file was opened.
    fn file(&self, from: &Path, to: &Path) -> Result<u64> {
        let what = || format!("cannot copy {}", from.display());
        let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
        let mut source = match OpenOptions::new().read(true).custom_flags(flags).open(from) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            opened => opened.or_failed(what)?,
        };
        let metadata = source.metadata().or_failed(what)?;
        let owner = self.owner.map_or_else(|| nix::unistd::geteuid().as_raw(), |account| account.uid);
        if !metadata.is_file() || metadata.uid() != owner {
            return Err(
                Error::failed(what()).because(anyhow::Error::msg("it is no file of PostgreSQL's account"))
            );
        }
        let mut target = private::create(to)?;
        let bytes = copy(&mut source, &mut target).or_failed(what)?;
        self.owner.map_or(Ok(()), |account| account.own_file(&target))?;
        Ok(bytes)
    }
}
