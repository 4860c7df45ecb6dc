//! Finds PostgreSQL's server binaries on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::postgres::programs::{self, Package};

/// A directory with `postgres`, `initdb` and `pg_ctl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The directory.
    pub(super) folder: PathBuf,
    /// The major and minor version, such as 15 and 18; a pre-release has minor version 0.
    pub(super) version: (u32, u32),
}

impl Binaries {
    /// The newest PostgreSQL on this machine, or the newest of version `major`.
    ///
    /// Looks only in `CRUDDUR_POSTGRES_BINDIR` when that is set.
    pub(super) fn find(config: &Config, major: Option<u32>) -> Result<Self> {
        let mut found: Vec<Self> =
            programs::folders(config).into_iter().filter_map(|folder| Self::at(&folder)).collect();
        // A stable sort: of equal versions, the one on the PATH stays first.
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.version));
        let suitable = found.iter().find(|binaries| major.is_none_or(|major| binaries.version.0 == major));
        match (suitable, found.first()) {
            (Some(binaries), _) => Ok(binaries.clone()),
            (None, None) => Err(programs::install_hints(config, Package::Server).into_iter().fold(
                Error::config("PostgreSQL's server binaries (postgres, initdb) are not on this machine"),
                Error::hint,
            )),
            (None, Some(newest)) => Err(Error::config(format!(
                "the local database was created by PostgreSQL {}, but only {} is on this machine",
                major.unwrap_or_default(),
                newest.version.0
            ))
            .hint("install that version again, or set CRUDDUR_POSTGRES_BINDIR to its folder")),
        }
    }

    /// The path of the program `name`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn at(folder: &Path) -> Option<Self> {
        // Some systems link only a few of the programs into a directory on the PATH.
        if !["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()) {
            return None;
        }
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        Some(Self {
            folder: folder.to_owned(),
            version: parse_version(&String::from_utf8_lossy(&output.stdout))?,
        })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15, 18.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits =
        |part: &str| part.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let mut parts = number.split('.');
    Some((digits(parts.next()?)?, parts.next().and_then(digits).unwrap_or(0)))
}
