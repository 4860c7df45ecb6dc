//! Finding PostgreSQL's server binaries on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::config::Config;
use crate::error::{Error, Result};

/// A folder with `postgres`, `initdb` and `pg_ctl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The folder.
    pub(super) folder: PathBuf,
    /// Major and minor version, such as 15 and 18; a pre-release has no minor one.
    pub(super) version: (u32, u32),
}

impl Binaries {
    /// The newest PostgreSQL on this machine, or the newest of `major`.
    ///
    /// Looks in `CRUDDUR_POSTGRES_BINDIR` alone when that is set.
    pub(super) fn find(config: &Config, major: Option<u32>) -> Result<Self> {
        let mut found: Vec<Self> =
            candidates(config).into_iter().filter_map(|folder| Self::at(&folder)).collect();
        // Stable: of equal versions, the one on the PATH.
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.version));
        let suitable = found.iter().find(|binaries| major.is_none_or(|major| binaries.version.0 == major));
        match (suitable, found.first()) {
            (Some(binaries), _) => Ok(binaries.clone()),
            (None, None) => Err(install_hints(config).into_iter().fold(
                Error::config("PostgreSQL's server binaries (postgres, initdb) are not on this machine"),
                Error::hint,
            )),
            (None, Some(newest)) => Err(Error::config(format!(
                "the local database was made by PostgreSQL {}, and only {} is on this machine",
                major.unwrap_or_default(),
                newest.version.0
            ))
            .hint("install that version again, or set CRUDDUR_POSTGRES_BINDIR to its folder")),
        }
    }

    /// `name` in this folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn at(folder: &Path) -> Option<Self> {
        // Some systems link only a few of them into a folder on the PATH.
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

fn candidates(config: &Config) -> Vec<PathBuf> {
    if let Some(folder) = config.environment().get("CRUDDUR_POSTGRES_BINDIR") {
        return vec![folder.value.into()];
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut add = |folder: PathBuf| {
        // Links such as /usr/local/opt/postgresql lead to a folder seen already.
        if let Ok(folder) = folder.canonicalize()
            && !folders.contains(&folder)
        {
            folders.push(folder);
        }
    };
    let search_path = config.search_path();
    for folder in &search_path {
        // Debian's PATH holds wrappers of the clients, not the server.
        if folder.join("postgres").is_file() {
            add(folder.clone());
        }
    }
    if has(&search_path, "pg_config")
        && let Ok(output) = Command::new("pg_config").arg("--bindir").output()
    {
        add(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    for folder in versioned("/usr/lib/postgresql", "", "bin")
        .chain(versioned("/usr", "pgsql-", "bin"))
        .chain(versioned("/opt/homebrew/opt", "postgresql", "bin"))
        .chain(versioned("/usr/local/opt", "postgresql", "bin"))
        .chain(versioned("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"))
        .chain(versioned("/Applications/Postgres.app/Contents/Versions", "", "bin"))
    {
        add(folder);
    }
    folders
}

/// Whether a command of this name can be run.
fn has(search_path: &[PathBuf], program: &str) -> bool {
    search_path.iter().any(|folder| folder.join(program).is_file())
}

/// `parent/PREFIX*/leaf`, for every folder there is.
fn versioned(parent: &str, prefix: &'static str, leaf: &'static str) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(move |entry| entry.path().join(leaf))
}

/// The one command that installs the server on this system, and what to know of it.
fn install_hints(config: &Config) -> Vec<String> {
    let search_path = config.search_path();
    let has = |program| has(&search_path, program);
    let sudo = if nix::unistd::geteuid().is_root() { "" } else { "sudo " };
    let install = |command: String| format!("to install them run: {command}");
    if cfg!(target_os = "macos") || (has("brew") && !has("apt-get") && !has("dnf")) {
        return vec![install("brew install postgresql@17".to_owned())];
    }
    if has("dnf") && !has("apt-get") {
        return vec![install(format!("{sudo}dnf install postgresql-server postgresql-contrib"))];
    }
    vec![
        install(format!("{sudo}apt-get install postgresql")),
        // It would hold the port that the private one is to have.
        format!(
            "it starts a server of its own; to switch that off: {sudo}systemctl disable --now postgresql"
        ),
    ]
}
