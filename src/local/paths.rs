//! Who may reach the data of the stack.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, fchown};
use std::path::Path;

use nix::unistd::{User, geteuid};

use crate::error::{Context as _, Error, Result};

/// The accounts that PostgreSQL may run as in root's place, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account that PostgreSQL runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// `None`: the account that runs cruddur. PostgreSQL refuses to run as root,
    /// so root gets an unprivileged one.
    pub(super) fn for_postgres() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        for name in UNPRIVILEGED {
            let user = User::from_name(name).or_failed(|| format!("cannot look up the account {name:?}"))?;
            if let Some(user) = user {
                return Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
            }
        }
        Err(Error::config(
            "PostgreSQL refuses to run as root, and there is no account \"postgres\" or \"nobody\"",
        )
        .hint("run cruddur as another user"))
    }

    /// Makes `folder` this account's own, and makes sure that it can get there.
    pub(super) fn own(self, folder: &Path) -> Result<()> {
        for ancestor in folder.ancestors().skip(1) {
            let metadata =
                fs::metadata(ancestor).or_failed(|| format!("cannot look at {}", ancestor.display()))?;
            let may_enter =
                metadata.mode() & 0o001 != 0 || (metadata.uid() == self.uid && metadata.mode() & 0o100 != 0);
            if !may_enter {
                return Err(Error::config(format!(
                    "PostgreSQL cannot run as root, and the account it runs as cannot enter {}",
                    ancestor.display()
                ))
                .hint("choose another place with --data-dir or CRUDDUR_DATA_DIR (TMPDIR for an ephemeral stack)"));
            }
        }
        chown(folder, Some(self.uid), Some(self.gid))
            .or_failed(|| format!("cannot give {} to the account of PostgreSQL", folder.display()))
    }

    /// Makes an open file this account's own.
    pub(super) fn own_file(self, file: &fs::File) -> Result<()> {
        fchown(file, Some(self.uid), Some(self.gid))
            .or_failed(|| "cannot give a temporary file to the account of PostgreSQL".to_owned())
    }
}

/// Lets others pass through `folder`, no more: an unprivileged PostgreSQL has its
/// own folder inside. Nobody needs to when it runs as the same account.
pub(super) fn open_passage(folder: &Path) -> Result<()> {
    let what = || format!("cannot set the permissions of {}", folder.display());
    fs::set_permissions(folder, fs::Permissions::from_mode(if geteuid().is_root() { 0o711 } else { 0o700 }))
        .or_failed(what)
}
