//! Where the stack keeps its data, and who has access to it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};

use super::private;
use crate::config::Config;
use crate::error::{Context as _, Error, Reason, Result};

/// The accounts that PostgreSQL may run as instead of root, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The folder of a stack: `flag`, or else that of the project's stack.
pub fn data_dir(config: &Config, flag: Option<&Path>) -> Result<PathBuf> {
    match flag {
        Some(folder) => std::path::absolute(folder).or_failed(|| format!("cannot use {}", folder.display())),
        None => config.stack_folder(),
    }
}

/// The account that PostgreSQL runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// The account to switch to; `None` for the one that runs cruddur. PostgreSQL refuses to run as
    /// root, so for root this is an unprivileged one.
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

    /// Checks that this account can enter a folder and all those above it.
    pub(super) fn check_entry(self, folder: &Path) -> Result<()> {
        for folder in folder.ancestors() {
            let metadata =
                fs::metadata(folder).or_failed(|| format!("cannot access {}", folder.display()))?;
            let may_enter = metadata.mode() & 0o001 != 0
                || (metadata.uid() == self.uid && metadata.mode() & 0o100 != 0)
                || (metadata.gid() == self.gid && metadata.mode() & 0o010 != 0);
            if !may_enter {
                return Err(Error::config(format!(
                    "PostgreSQL cannot run as root, and the account it runs as cannot enter {}",
                    folder.display()
                )));
            }
        }
        Ok(())
    }

    /// Gives `folder` to this account, and checks that the account can reach it.
    pub(super) fn own(self, folder: &Path) -> Result<()> {
        if let Some(parent) = folder.parent() {
            self.check_entry(parent).map_err(|error| error.hint(Reason::ClosedFolder))?;
        }
        lchown(folder, Some(self.uid), Some(self.gid))
            .or_failed(|| format!("cannot give {} to PostgreSQL's account", folder.display()))
    }

    /// Gives an open file to this account.
    pub(super) fn own_file(self, file: &fs::File) -> Result<()> {
        fchown(file, Some(self.uid), Some(self.gid))
            .or_failed(|| "cannot give a temporary file to PostgreSQL's account".to_owned())
    }
}

/// Makes `folder` ready for a stack's data: it exists, is ours, and is closed to others.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    private::create_folder(folder)?;
    close(folder)
}

/// Closes `folder` to others. Under root, the account that PostgreSQL runs as may still pass
/// through to its own folder inside.
pub(super) fn close(folder: &Path) -> Result<()> {
    let what = || format!("cannot set the permissions of {}", folder.display());
    let mode = match Account::for_postgres() {
        Ok(Some(account)) => {
            lchown(folder, None, Some(account.gid)).or_failed(what)?;
            0o710
        }
        // Without such an account no PostgreSQL runs here.
        Ok(None) | Err(_) => 0o700,
    };
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).or_failed(what)
}
