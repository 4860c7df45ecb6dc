//! Finds PostgreSQL's own programs on this machine, and says how to install them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::config::Config;

/// A part of PostgreSQL that package managers offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// The server and `initdb`.
    #[cfg(feature = "local")]
    Server,
    /// psql.
    Client,
}

/// The directories that may hold PostgreSQL's programs, those on the PATH first.
///
/// Only `CRUDDUR_POSTGRES_BINDIR` when that is set.
pub(crate) fn folders(config: &Config) -> Vec<PathBuf> {
    if let Some(folder) = config.environment().path("CRUDDUR_POSTGRES_BINDIR") {
        return vec![folder];
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut add = |folder: PathBuf| {
        // Links such as /usr/local/opt/postgresql may lead to a directory that is already listed.
        if let Ok(folder) = folder.canonicalize()
            && !folders.contains(&folder)
        {
            folders.push(folder);
        }
    };
    let search_path = config.search_path();
    for folder in &search_path {
        // Debian's PATH holds wrappers for the clients, but not the server.
        if folder.join("postgres").is_file() {
            add(folder.clone());
        }
    }
    if let Some(pg_config) = on_path(&search_path, "pg_config")
        && let Ok(output) = Command::new(pg_config).arg("--bindir").output()
    {
        add(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let mut fixed = versioned("/usr/lib/postgresql", "");
    fixed.extend(versioned("/usr", "pgsql-"));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        fixed.extend(versioned(homebrew, "postgresql"));
        fixed.push(Path::new(homebrew).join("libpq/bin"));
    }
    fixed.extend(versioned("/Applications/Postgres.app/Contents/Versions", ""));
    fixed.into_iter().for_each(add);
    folders
}

/// The path of this program in the search path.
pub(crate) fn on_path(search_path: &[PathBuf], program: &str) -> Option<PathBuf> {
    search_path.iter().map(|folder| folder.join(program)).find(|path| is_program(path))
}

/// Whether this is an executable file.
pub(crate) fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}

/// The existing directories `parent/PREFIX*/bin`, in reverse order of their names.
fn versioned(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

/// The command that installs `package` on this system, and what to know about it.
pub(crate) fn install_hints(config: &Config, package: Package) -> Vec<String> {
    let search_path = config.search_path();
    let has = |program| on_path(&search_path, program).is_some();
    let sudo = if is_root() { "" } else { "sudo " };
    let (brew, dnf, apt, what) = match package {
        #[cfg(feature = "local")]
        Package::Server => ("postgresql@17", "postgresql-server postgresql-contrib", "postgresql", "them"),
        Package::Client => ("libpq", "postgresql", "postgresql-client", "it"),
    };
    let install = |command: String| format!("to install {what} run: {command}");
    if cfg!(target_os = "macos") || (has("brew") && !has("apt-get") && !has("dnf")) {
        return vec![install(format!("brew install {brew}"))];
    }
    if has("dnf") && !has("apt-get") {
        return vec![install(format!("{sudo}dnf install {dnf}"))];
    }
    let apt = install(format!("{sudo}apt-get install {apt}"));
    if package == Package::Client {
        return vec![apt];
    }
    vec![
        apt,
        // That server would take the port that ours needs.
        format!("it also starts a server; to switch that off run: {sudo}systemctl disable --now postgresql"),
    ]
}

/// The command that installs the server without root, if there is npm.
#[cfg(feature = "local")]
pub(crate) fn npm_hint(config: &Config) -> Option<String> {
    on_path(&config.search_path(), "npm").filter(|_| !is_root())?;
    Some(format!("without root, in the project's folder, run: npm install --no-save {}", npm_package()?))
}

/// npm's package of PostgreSQL's server for this platform, if there is one.
#[cfg(feature = "local")]
pub(crate) fn npm_package() -> Option<String> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "linux" => "linux",
        _ => return None,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("@embedded-postgres/{system}-{processor}"))
}

/// Whether this process needs no `sudo`.
fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // The owner of /proc/self is the user of this process.
        std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}
